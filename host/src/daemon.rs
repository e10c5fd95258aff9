//! What systemd is told: ready, stopping, and that every room works.
//!
//! In: the running program. Out: messages to the service manager, where there is one (`Type=notify`);
//! elsewhere nothing happens. Nothing here fails: a manager that does not listen is told nothing more.
//!
//! **When the watchdog is fed.** Each time that every room has carried out a wish for nothing. So it
//! starves when a room hangs, and when the program's threads do, and a restart may help. It does not
//! when the broker, the sound device, the folder of music or Spotify are away: each of them is known,
//! shown on the page and tried again, and a restart would not bring them back.

use std::{env, time::Duration};

use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app::Handle;

/// The service manager, if there is one.
#[derive(Clone, Copy, Debug)]
pub struct Daemon {
    listens: bool,
    /// How often the watchdog is fed; `None` where nobody watches.
    feed_every: Option<Duration>,
}

impl Daemon {
    /// Looks whether systemd wants to be told.
    pub fn new() -> Self {
        // More often than the half of what systemd allows, which its manual asks for.
        let feed_every = sd_notify::watchdog_enabled().map(|limit| limit / 3);
        Self { listens: env::var_os("NOTIFY_SOCKET").is_some(), feed_every }
    }

    /// The page and the broker answer; `status` is what `systemctl status` shows.
    pub fn ready(self, status: &str) {
        self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
    }

    /// The program is about to end.
    pub fn stopping(self) {
        self.tell(&[NotifyState::Stopping]);
    }

    /// Feeds the watchdog as long as all rooms work, for ever.
    pub async fn keep_fed(self, rooms: Handle) {
        let Some(every) = self.feed_every.filter(|every| self.listens && !every.is_zero()) else {
            return std::future::pending().await;
        };
        let mut meal = interval(every);
        meal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            meal.tick().await;
            match timeout(every, rooms.all_work()).await {
                Ok(Ok(())) => self.tell(&[NotifyState::Watchdog]),
                Ok(Err(why)) => tracing::warn!("a room does not work: {why}"),
                Err(_) => tracing::warn!("a room has not answered for {} s", every.as_secs()),
            }
        }
    }

    fn tell(self, state: &[NotifyState<'_>]) {
        if self.listens
            && let Err(why) = sd_notify::notify(state)
        {
            tracing::warn!("systemd does not listen at $NOTIFY_SOCKET: {why}");
        }
    }
}

impl Default for Daemon {
    fn default() -> Self {
        Self::new()
    }
}
