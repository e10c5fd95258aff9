//! Plays on this machine: decodes, fades, joins and hands the sound to an output.
//!
//! Enters: [`Command`]s, never waiting. Leaves: sound at an [`Output`] and [`Event`]s. Fails: only
//! at the start, when a `wav:FILE` cannot be written; later trouble is told as an event.

use std::{fmt, path::PathBuf, str::FromStr, sync::mpsc, thread};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{Command, Event, Player};

/// Where the sound goes; in configuration `default`, `null` or `wav:FILE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Output {
    /// The system's default sound device; while there is none, silence at real speed.
    #[default]
    Default,
    /// Silence at real speed.
    Null,
    /// A 16-bit stereo WAV file that holds what would be heard, pauses included.
    Wav(PathBuf),
}

impl FromStr for Output {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "default" => Ok(Self::Default),
            "null" => Ok(Self::Null),
            _ => match word.strip_prefix("wav:") {
                Some("") => Err("wav: names no file; write wav:FILE, for example wav:heard.wav".to_owned()),
                Some(file) => Ok(Self::Wav(PathBuf::from(file))),
                None => Err(format!("{word:?} is no output; known are default, null and wav:FILE")),
            },
        }
    }
}

impl TryFrom<String> for Output {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse()
    }
}

impl From<Output> for String {
    fn from(output: Output) -> Self {
        output.to_string()
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Null => f.write_str("null"),
            Self::Wav(file) => write!(f, "wav:{}", file.display()),
        }
    }
}

/// Why a player could not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The file for the sound cannot be written.
    #[error("cannot write the sound to {}: {why}; give another file in wav:FILE", file.display())]
    Wav {
        /// The file.
        file: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The system gave no thread.
    #[error("cannot start the player's thread: {0}")]
    Thread(std::io::Error),
}

/// A player on this machine. Dropping it fades out, completes a WAV file and lets go of the device.
#[derive(Debug)]
pub struct LocalPlayer {
    commands: mpsc::Sender<Command>,
    thread: Option<thread::JoinHandle<()>>,
}

/// Starts a player; `events` is called on its thread for each event and must not block.
///
/// # Errors
/// The file of [`Output::Wav`] cannot be written, or the system gives no thread.
pub fn start(output: Output, events: impl FnMut(Event) + Send + 'static) -> Result<LocalPlayer, StartError> {
    let (commands, received) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("player".to_owned())
        .spawn(move || drop((output, events, received)))
        .map_err(StartError::Thread)?;
    Ok(LocalPlayer { commands, thread: Some(thread) })
}

impl Player for LocalPlayer {
    fn send(&self, command: Command) {
        // Fails only when the thread has ended, and then there is nobody to obey.
        let _ = self.commands.send(command);
    }
}

impl Drop for LocalPlayer {
    fn drop(&mut self) {
        self.send(Command::Stop);
        let (hang_up, _) = mpsc::channel();
        self.commands = hang_up;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_told_by_words() {
        for (word, output) in [
            ("default", Output::Default),
            ("null", Output::Null),
            ("wav:a b/heard.wav", Output::Wav("a b/heard.wav".into())),
        ] {
            assert_eq!(word.parse(), Ok(output.clone()));
            assert_eq!(serde_json::to_value(&output).unwrap(), word);
            assert_eq!(serde_json::from_value::<Output>(word.into()).unwrap(), output);
        }
        assert!("wav:".parse::<Output>().unwrap_err().contains("names no file"));
        assert!("alsa".parse::<Output>().unwrap_err().contains("known are default, null and wav:FILE"));
    }
}
