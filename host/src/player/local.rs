//! Plays on this machine: decodes, fades, joins and hands the sound to an output.
//!
//! Enters: [`Command`]s, never waiting. Leaves: sound at an [`Output`] and [`Event`]s. Fails: only
//! at the start, when a `wav:FILE` cannot be written; later trouble is told as an event.

mod deck;
mod decode;
mod device;
mod file;
mod outlet;
mod ramp;
mod resample;
mod wav;

pub(crate) use self::decode::Sound;

use std::{
    fmt,
    path::PathBuf,
    str::FromStr,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::{
    deck::Deck,
    device::Device,
    outlet::{Outlet, Pace, Retry},
    wav::WavFile,
};
use super::{Command, Event, Player};

/// Frames a second inside the player. Most music has this rate, so most is played untouched.
const RATE: u32 = 44_100;
/// How often sound is handed on while something plays, and while nothing does.
const TICK: Duration = Duration::from_millis(20);
const IDLE_TICK: Duration = Duration::from_millis(250);
/// How long the end of the program waits for the last sound to fade.
const LAST_FADE: Duration = Duration::from_millis(300);

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
    let outlet = match &output {
        Output::Wav(path) => {
            let file = WavFile::create(path).map_err(|why| StartError::Wav { file: path.clone(), why })?;
            Outlet::Wav(Pace::default(), file)
        }
        // A device is opened on the player's thread, since that may take its time.
        Output::Null | Output::Default => Outlet::Null(Pace::default()),
    };
    let device = output == Output::Default;
    let (commands, received) = mpsc::channel();
    let thread = thread::Builder::new()
        .name("player".to_owned())
        .spawn(move || {
            Session { deck: Deck::new(), outlet, device, retry: None, rest: Rest::No, events }.run(&received);
        })
        .map_err(StartError::Thread)?;
    Ok(LocalPlayer { commands, thread: Some(thread) })
}

/// The player's thread: commands to the deck, sound from the deck to the outlet.
struct Session<E> {
    deck: Deck,
    outlet: Outlet,
    /// Whether the sound should go to a device.
    device: bool,
    /// When to look again, while there is no device although there should be one.
    retry: Option<Retry>,
    rest: Rest,
    events: E,
}

/// What a [`Command::Stop`] has brought about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    No,
    /// The last sound fades out.
    Soon,
    /// The output is let go.
    Yes,
}

impl<E: FnMut(Event)> Session<E> {
    fn run(&mut self, commands: &mpsc::Receiver<Command>) {
        let mut frames = Vec::new();
        loop {
            self.sound(&mut frames);
            let wait = if self.deck.silent() { IDLE_TICK } else { TICK };
            match commands.recv_timeout(wait) {
                Ok(command) => {
                    self.obey(command);
                    commands.try_iter().for_each(|command| self.obey(command));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.obey(Command::Stop);
        let patience = Instant::now() + LAST_FADE;
        while self.rest != Rest::Yes && Instant::now() < patience {
            thread::sleep(TICK / 4);
            self.sound(&mut frames);
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Play(item) => {
                self.rest = Rest::No;
                self.deck.play(item.play, decode::open(item.source));
            }
            Command::Next(item) => {
                self.rest = Rest::No;
                self.deck.next(item.play, decode::open(item.source));
            }
            Command::ClearNext => self.deck.clear_next(),
            Command::Pause(over) => self.deck.pause(over),
            Command::Resume => self.deck.resume(),
            Command::Skip => self.deck.skip(),
            Command::Volume(loudness) => self.deck.volume(loudness),
            Command::Stop => {
                self.deck.stop();
                self.rest = if self.rest == Rest::Yes { Rest::Yes } else { Rest::Soon };
            }
        }
    }

    /// Hands on what has come due, and says what happened in it.
    fn sound(&mut self, frames: &mut Vec<f32>) {
        if self.rest == Rest::Yes {
            return;
        }
        let now = Instant::now();
        self.find_device(now);
        let written = self.outlet.wants(now).and_then(|wanted| {
            frames.resize(2 * wanted, 0.0);
            self.deck.render(frames);
            self.outlet.write(frames)
        });
        self.deck.events().into_iter().for_each(&mut self.events);
        if let Err(why) = written {
            self.lose_outlet(&why);
        }
        if self.rest == Rest::Soon && self.deck.empty() {
            self.rest = Rest::Yes;
            self.outlet.rest();
        }
    }

    /// Opens the device where there should be one and is none, and it is time to look.
    fn find_device(&mut self, now: Instant) {
        let is_due = self.retry.as_mut().is_none_or(|retry| retry.is_due(now));
        if !self.device || matches!(self.outlet, Outlet::Device(_)) || !is_due {
            return;
        }
        match Device::open(now) {
            Ok(device) => {
                self.outlet = Outlet::Device(device);
                if self.retry.take().is_some() {
                    (self.events)(Event::OutputBack("a sound device is there now; playing on it".to_owned()));
                }
            }
            Err(why) if self.retry.is_none() => {
                self.retry = Some(Retry::from(now));
                (self.events)(Event::Output(format!(
                    "no sound device ({why}); playing silently until one is plugged in; \
                     set the output to null or wav:FILE where none is meant to be"
                )));
            }
            Err(_) => {}
        }
    }

    fn lose_outlet(&mut self, why: &str) {
        self.outlet = Outlet::Null(Pace::default());
        if self.device {
            self.retry = Some(Retry::from(Instant::now()));
            let told = format!("the sound device is gone ({why}); playing silently until it is back");
            (self.events)(Event::Output(told));
        } else {
            (self.events)(Event::Output(format!("{why}; playing on silently")));
        }
    }
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
