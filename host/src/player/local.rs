//! Plays on this machine: decodes, fades, joins and hands the sound to an output.
//!
//! Enters: [`Command`]s, never waiting. Leaves: sound at an [`Output`] and [`Event`]s. Fails: only
//! at the start, when a `wav:FILE` cannot be written; later trouble is told as an event.

mod crossfade;
mod deck;
mod decode;
mod device;
mod file;
mod measure;
mod opus;
mod outlet;
mod ramp;
mod resample;
mod speaker;
mod wav;

pub(crate) use self::decode::Sound;
pub use self::{
    device::{OutputName, outputs},
    measure::measure,
};

use std::{
    fmt,
    path::PathBuf,
    str::FromStr,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use self::{
    crossfade::Side,
    deck::{Deck, Voice},
    device::System,
    outlet::{Outlet, Pace},
    speaker::{Search, Speakers, Which},
    wav::WavFile,
};
use super::{Command, Event, Item, Player, Source, level::EvenOut};

/// Frames a second inside the player. Most music has this rate, so most is played untouched.
const RATE: u32 = 44_100;
/// How often sound is handed on while something plays, and while nothing does.
const TICK: Duration = Duration::from_millis(20);
const IDLE_TICK: Duration = Duration::from_millis(250);
/// How long the end of the program waits for the last sound to fade.
const LAST_FADE: Duration = Duration::from_millis(300);

/// Where the sound goes; in configuration `default`, `device:NAME`, `null` or `wav:FILE`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Output {
    /// The system's default sound device; while there is none, silence at real speed.
    #[default]
    Default,
    /// A sound device by its name, its id or a part of either; see [`outputs`].
    Device(String),
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
            _ => match word.split_once(':') {
                Some(("wav", "")) => Err("wav: names no file; write wav:FILE, for example wav:heard.wav".to_owned()),
                Some(("wav", file)) => Ok(Self::Wav(PathBuf::from(file))),
                Some(("device", name)) if name.trim().is_empty() => {
                    Err("device: names none; `moodring-host outputs` lists what there is".to_owned())
                }
                Some(("device", name)) => Ok(Self::Device(name.trim().to_owned())),
                _ => Err(format!("{word:?} is no output; known are default, device:NAME, null and wav:FILE")),
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
            Self::Device(name) => write!(f, "device:{name}"),
            Self::Wav(file) => write!(f, "wav:{}", file.display()),
        }
    }
}

/// What happens while the sound device is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnLoss {
    /// The music plays on: on the system's default device if another one was named, else unheard.
    #[default]
    Elsewhere,
    /// The music stands still until the device is back.
    Wait,
}

/// How a player on this machine behaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Where the sound goes.
    pub output: Output,
    /// What happens while the sound device is away.
    pub on_loss: OnLoss,
    /// How long one track fades into the next; zero: they are joined without a gap.
    pub crossfade: Duration,
    /// How loudness is evened out.
    pub even_out: EvenOut,
}

impl From<Output> for Settings {
    /// Tracks are joined, and as loud as their files.
    fn from(output: Output) -> Self {
        Self { output, on_loss: OnLoss::default(), crossfade: Duration::ZERO, even_out: EvenOut::Off }
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
pub fn start(
    settings: impl Into<Settings>,
    events: impl FnMut(Event) + Send + 'static,
) -> Result<LocalPlayer, StartError> {
    start_on(settings.into(), Arc::new(System), events)
}

fn start_on(
    settings: Settings,
    speakers: Arc<dyn Speakers>,
    events: impl FnMut(Event) + Send + 'static,
) -> Result<LocalPlayer, StartError> {
    let Settings { output, on_loss, crossfade, even_out } = settings;
    let search = |which| Some(Search::new(speakers, which, on_loss));
    let (outlet, search) = match output {
        Output::Wav(path) => {
            let file = WavFile::create(&path).map_err(|why| StartError::Wav { file: path, why })?;
            (Outlet::Wav(Pace::default(), file), None)
        }
        Output::Null => (Outlet::Null(Pace::default()), None),
        Output::Default => (Outlet::None, search(Which::Default)),
        Output::Device(name) => (Outlet::None, search(Which::Named(name))),
    };
    let (commands, received) = mpsc::channel();
    let deck = Deck::with_crossfade(crossfade);
    let thread = thread::Builder::new()
        .name("player".to_owned())
        .spawn(move || Session { deck, outlet, search, even_out, rest: Rest::No, events }.run(&received))
        .map_err(StartError::Thread)?;
    Ok(LocalPlayer { commands, thread: Some(thread) })
}

/// The player's thread: commands to the deck, sound from the deck to the outlet.
struct Session<E> {
    deck: Deck,
    outlet: Outlet,
    /// Finds the sound device, where the sound should go to one.
    search: Option<Search>,
    even_out: EvenOut,
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
            let looks = self.search.as_ref().is_some_and(Search::looks);
            let wait = if self.deck.silent() && !looks { IDLE_TICK } else { TICK };
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
                self.deck.play(item.play, self.voice(item));
            }
            Command::Next(item) => {
                self.rest = Rest::No;
                self.deck.next(item.play, self.voice(item));
            }
            Command::Then(_) => {}
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

    /// The sound of an item, as loud as it is to be.
    fn voice(&self, item: Item) -> Box<dyn Voice> {
        // The built-in pieces are as loud as one another.
        let gain = if matches!(item.source, Source::BuiltIn(_)) { 1.0 } else { item.level.gain(self.even_out) };
        let side = Side { length: None, peak: item.level.peak().map(|peak| peak * gain), place: item.place };
        decode::open(item.source, gain, side)
    }

    /// Hands on what has come due, and says what happened in it.
    fn sound(&mut self, frames: &mut Vec<f32>) {
        if self.rest == Rest::Yes {
            return;
        }
        let now = Instant::now();
        if let Some(event) = self.search.as_mut().and_then(|search| search.go_on(&mut self.outlet, now)) {
            (self.events)(event);
        }
        if matches!(self.outlet, Outlet::None) {
            self.deck.stand();
            if self.rest == Rest::Soon {
                self.deck.forget();
            }
        }
        let written = self.outlet.wants(now).and_then(|wanted| {
            frames.resize(2 * wanted, 0.0);
            self.deck.render(frames);
            self.outlet.write(frames)
        });
        self.deck.events().into_iter().for_each(&mut self.events);
        if let Err(why) = written {
            self.lose_outlet(&why, now);
        }
        if self.rest == Rest::Soon && self.deck.empty() {
            self.rest = Rest::Yes;
            self.outlet.rest();
            if let Some(search) = &mut self.search {
                search.let_go();
            }
        }
    }

    fn lose_outlet(&mut self, why: &str, now: Instant) {
        let told = match &mut self.search {
            Some(search) => search.lost(why, &mut self.outlet, now),
            None => {
                self.outlet = Outlet::Null(Pace::default());
                Some(Event::Output(format!("{why}; playing on silently")))
            }
        };
        told.into_iter().for_each(&mut self.events);
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
            ("device:USB Audio", Output::Device("USB Audio".to_owned())),
            ("wav:a b/heard.wav", Output::Wav("a b/heard.wav".into())),
        ] {
            assert_eq!(word.parse(), Ok(output.clone()));
            assert_eq!(serde_json::to_value(&output).unwrap(), word);
            assert_eq!(serde_json::from_value::<Output>(word.into()).unwrap(), output);
        }
        assert!("wav:".parse::<Output>().unwrap_err().contains("names no file"));
        assert!("device: ".parse::<Output>().unwrap_err().contains("moodring-host outputs"));
        assert!("alsa".parse::<Output>().unwrap_err().contains("known are default, device:NAME, null and wav:FILE"));
    }
}
