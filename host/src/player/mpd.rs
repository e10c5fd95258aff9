//! Plays through a Music Player Daemon, for those who have one.
//!
//! Enters: [`Command`]s, never waiting. Leaves: what MPD is told, and [`Event`]s about what it does. Fails: in
//! events. Without MPD what is to be played is remembered and begun where it was once MPD is back; a file
//! outside of MPD's folder fails with a message of its own. Loudness and the output device are MPD's affair.

mod session;
mod track;

use std::{path::PathBuf, thread, time::Duration};

use tokio::sync::mpsc;

use self::session::Session;
use super::{Command, Event, Player, local::StartError};

/// How MPD is reached, and what it is told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Host and port, or the path of a socket.
    pub address: String,
    /// Its password, where it asks for one.
    pub password: Option<String>,
    /// Its `music_directory`, as this machine sees it.
    pub folder: PathBuf,
    /// How long one track fades into the next, whole seconds.
    pub crossfade: Duration,
}

/// A player that drives an MPD. Dropping it stops what it played there.
#[derive(Debug)]
pub struct MpdPlayer {
    commands: mpsc::UnboundedSender<Command>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Starts a player; `events` is called on its thread for each event and must not block.
///
/// # Errors
/// The system gives no thread. That MPD is away is an event.
pub fn start(settings: Settings, events: impl FnMut(Event) + Send + 'static) -> Result<MpdPlayer, StartError> {
    let (commands, received) = mpsc::unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(StartError::Thread)?;
    let thread = thread::Builder::new()
        .name("mpd".to_owned())
        .spawn(move || {
            runtime.block_on(Session::new(settings, events).run(received));
            // A name that is still being looked up is not waited for.
            runtime.shutdown_background();
        })
        .map_err(StartError::Thread)?;
    Ok(MpdPlayer { commands, thread: Some(thread) })
}

impl Player for MpdPlayer {
    fn send(&self, command: Command) {
        // Fails only when the thread has ended, and then there is nobody to obey.
        let _ = self.commands.send(command);
    }
}

impl Drop for MpdPlayer {
    fn drop(&mut self) {
        self.send(Command::Stop);
        let (hang_up, _) = mpsc::unbounded_channel();
        self.commands = hang_up;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
