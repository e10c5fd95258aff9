//! What systemd is told: ready, how it goes, and that it is alive.
//!
//! In: how the camera stands, after each turn of the pipeline. Out: messages to the service manager,
//! where there is one (`Type=notify`); elsewhere nothing happens. Nothing here fails: a manager that
//! does not listen is told nothing more.
//!
//! **When the watchdog is fed.** The pipeline feeds it itself, so one that hangs does not. It feeds it
//! - while frames pass: the last is not older than [`FRESH`];
//! - while the camera is closed on purpose: there are no frames to wait for;
//! - while the camera is known to fail, which is shown, published and tried again: a restart would
//!   not plug it in, and each would cost the screen, the mood and a line in the log.
//!
//! It starves when frames stop and nobody says why, which is what hangs look like: a driver that
//! never returns, a camera that is being opened for ever, a deadlock. Then a restart may help.

use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use tracing::warn;

/// Frames pass while the last is not older. A slow webcam gives one a second, a camera module takes
/// some seconds until its first.
pub const FRESH: Duration = Duration::from_secs(10);

/// The shortest time between two lines on how it goes.
const CALM: Duration = Duration::from_secs(1);

/// How the camera stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// It gives frames, or is about to; when it did so last, or when it was last asked for one.
    Watching(Instant),
    /// It is closed on purpose.
    Closed,
    /// It gives none, and it is known why.
    Failing,
}

/// Whether this device may be called alive.
pub fn is_alive(sight: Sight, now: Instant) -> bool {
    match sight {
        Sight::Watching(last) => now.saturating_duration_since(last) <= FRESH,
        Sight::Closed | Sight::Failing => true,
    }
}

/// The service manager, if there is one.
#[derive(Debug)]
pub struct Daemon {
    /// How often the watchdog is fed; `None` where nobody watches.
    feed_every: Option<Duration>,
    fed: Option<Instant>,
    status: String,
    said: Option<Instant>,
    listens: bool,
}

impl Daemon {
    /// Looks whether systemd wants to be told.
    pub fn new() -> Self {
        // More often than the half of what systemd allows, which its manual asks for.
        let feed_every = sd_notify::watchdog_enabled().map(|limit| limit / 3);
        let listens = std::env::var_os("NOTIFY_SOCKET").is_some();
        Self { feed_every, fed: None, status: String::new(), said: None, listens }
    }

    /// All parts have been started. Nobody waits for a broker, a camera or a panel.
    pub fn ready(&mut self) {
        self.tell(&[NotifyState::Ready]);
    }

    /// The configuration is being read again; [`Self::ready`] ends that.
    pub fn reloading(&mut self) {
        let Ok(now) = NotifyState::monotonic_usec_now() else { return };
        self.tell(&[NotifyState::Reloading, now]);
    }

    /// The program is about to end.
    pub fn stopping(&mut self) {
        self.tell(&[NotifyState::Stopping]);
    }

    /// The pipeline made a turn: feeds the watchdog if it is time to and the device is alive, and says
    /// how it goes (as `systemctl status` shows it) if that changed, once a second at most.
    pub fn turn(&mut self, now: Instant, sight: Sight, status: impl FnOnce() -> String) {
        if !self.listens {
            return;
        }
        let status = status();
        let calm = self.said.is_none_or(|said| now.saturating_duration_since(said) >= CALM);
        if calm && self.status != status {
            self.said = Some(now);
            self.tell(&[NotifyState::Status(&status)]);
            self.status = status;
        }
        let hungry = |every| self.fed.is_none_or(|fed| now.saturating_duration_since(fed) >= every);
        if self.feed_every.is_some_and(hungry) && is_alive(sight, now) {
            self.fed = Some(now);
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    fn tell(&mut self, state: &[NotifyState<'_>]) {
        if !self.listens {
            return;
        }
        if let Err(why) = sd_notify::notify(state) {
            warn!("systemd does not listen at $NOTIFY_SOCKET: {why}; it is told nothing more");
            self.listens = false;
        }
    }
}

impl Default for Daemon {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alive_is_who_sees_or_knows_why_not() {
        let now = Instant::now() + Duration::from_secs(60);
        let before = |seconds| Sight::Watching(now - Duration::from_secs(seconds));
        assert!(is_alive(before(0), now) && is_alive(before(10), now));
        assert!(!is_alive(before(11), now), "frames stopped and nobody says why");
        assert!(is_alive(Sight::Closed, now) && is_alive(Sight::Failing, now));
    }
}
