//! Finds the sound device, loses it and finds it again, without ever holding up what plays.
//!
//! Enters: which device is wished, and what to do without it. Leaves: a [`Speaker`], and what people
//! are told. A device is opened on a thread of its own: that may take a second.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, TryRecvError, channel},
    },
    thread,
    time::Instant,
};

use super::{
    OnLoss,
    outlet::{Outlet, Pace, Retry},
};
use crate::player::Event;

/// Which sound device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Which {
    /// The one that the system calls its default.
    Default,
    /// One by its name, or a part of it.
    Named(String),
}

impl Which {
    fn words(&self) -> String {
        match self {
            Self::Default => "a sound device".to_owned(),
            Self::Named(name) => format!("the sound device {name:?}"),
        }
    }
}

/// A device that takes sound.
pub(super) trait Speaker: Send {
    /// Frames that fit, or, in words, that it is gone.
    fn wants(&mut self, now: Instant) -> Result<usize, String>;

    /// Takes whole stereo frames, as many as it wants.
    fn write(&mut self, frames: &[f32]);

    /// Waits for what was written to be heard, a fraction of a second at most.
    fn drain(&self);
}

/// Where devices come from.
pub(super) trait Speakers: Send + Sync {
    /// Opens one; fails in words.
    fn open(&self, which: &Which) -> Result<Box<dyn Speaker>, String>;
}

/// What a look for a device found.
enum Found {
    Wished(Box<dyn Speaker>),
    /// The wished one is not there, and why; the system's default stands in for it.
    Other(Box<dyn Speaker>, String),
    Nothing(String),
}

/// See the module.
pub(super) struct Search {
    speakers: Arc<dyn Speakers>,
    which: Which,
    on_loss: OnLoss,
    looking: Option<Receiver<Found>>,
    /// Whether the sound goes to the wished device.
    there: bool,
    /// When to look again, once it was not there.
    retry: Option<Retry>,
    /// Whether people know that it is not there.
    told: bool,
}

impl Search {
    pub fn new(speakers: Arc<dyn Speakers>, which: Which, on_loss: OnLoss) -> Self {
        Self { speakers, which, on_loss, looking: None, there: false, retry: None, told: false }
    }

    /// Looks for the device where there should be one and is none, and it is time to.
    pub fn go_on(&mut self, outlet: &mut Outlet, now: Instant) -> Option<Event> {
        if let Some(looking) = &self.looking {
            let found = match looking.try_recv() {
                Ok(found) => found,
                Err(TryRecvError::Empty) => return None,
                Err(TryRecvError::Disconnected) => Found::Nothing("the look for it broke off".to_owned()),
            };
            self.looking = None;
            return self.found(found, outlet, now);
        }
        let due = !self.there && self.retry.as_mut().is_none_or(|retry| retry.is_due(now));
        if due {
            let elsewhere = self.on_loss == OnLoss::Elsewhere && !matches!(outlet, Outlet::Device(_));
            self.look(elsewhere);
        }
        None
    }

    /// Whether a look is going on.
    pub const fn looks(&self) -> bool {
        self.looking.is_some()
    }

    fn look(&mut self, elsewhere: bool) {
        let (to, from) = channel();
        self.looking = Some(from);
        let (speakers, which) = (Arc::clone(&self.speakers), self.which.clone());
        // Without a thread there is no sender, which `go_on` takes for nothing found.
        let _ = thread::Builder::new().name("look for sound".to_owned()).spawn(move || {
            let found = match speakers.open(&which) {
                Ok(speaker) => Found::Wished(speaker),
                Err(why) if elsewhere && which != Which::Default => match speakers.open(&Which::Default) {
                    Ok(speaker) => Found::Other(speaker, why),
                    Err(_) => Found::Nothing(why),
                },
                Err(why) => Found::Nothing(why),
            };
            // Nobody waits for it when the program ends.
            let _ = to.send(found);
        });
    }

    fn found(&mut self, found: Found, outlet: &mut Outlet, now: Instant) -> Option<Event> {
        let (words, why) = match found {
            Found::Wished(speaker) => {
                *outlet = Outlet::Device(speaker);
                (self.there, self.retry) = (true, None);
                let back = format!("{} is there now; playing on it", self.which.words());
                return std::mem::take(&mut self.told).then_some(Event::OutputBack(back));
            }
            Found::Other(speaker, why) => {
                *outlet = Outlet::Device(speaker);
                ("playing on the system's own sound device until it is there", why)
            }
            Found::Nothing(why) => {
                if !matches!(outlet, Outlet::Device(_)) {
                    *outlet = self.nowhere();
                }
                match self.on_loss {
                    OnLoss::Elsewhere => ("playing silently until one is plugged in", why),
                    OnLoss::Wait => ("the music waits until one is plugged in", why),
                }
            }
        };
        self.retry.get_or_insert_with(|| Retry::from(now));
        if std::mem::replace(&mut self.told, true) {
            return None;
        }
        let (missing, next) = match &self.which {
            Which::Default => {
                ("no sound device".to_owned(), "set the output to null or wav:FILE where none is meant to be")
            }
            named @ Which::Named(_) => {
                (format!("{} is not there", named.words()), "`moodring-host outputs` lists what there is")
            }
        };
        Some(Event::Output(format!("{missing} ({why}); {words}; {next}")))
    }

    /// Where the sound goes while there is no device.
    fn nowhere(&self) -> Outlet {
        match self.on_loss {
            OnLoss::Elsewhere => Outlet::Null(Pace::default()),
            OnLoss::Wait => Outlet::None,
        }
    }

    /// The device in use is gone.
    pub fn lost(&mut self, why: &str, outlet: &mut Outlet, now: Instant) -> Option<Event> {
        let elsewhere = self.on_loss == OnLoss::Elsewhere && self.which != Which::Default;
        // Another one takes over in a moment; until then the music stands still rather than being missed.
        *outlet = if elsewhere { Outlet::None } else { self.nowhere() };
        let wished = std::mem::replace(&mut self.there, false);
        self.retry = (!elsewhere).then(|| Retry::from(now));
        if elsewhere {
            self.look(true);
        }
        let told = std::mem::replace(&mut self.told, true);
        let device =
            if wished { self.which.words().replacen("a sound", "the sound", 1) } else { "the other one too".into() };
        let next = match self.on_loss {
            OnLoss::Elsewhere if elsewhere => {
                "playing on the system's own sound device, if there is one, until it is back"
            }
            OnLoss::Elsewhere => "playing silently until it is back",
            OnLoss::Wait => "the music waits until it is back",
        };
        (wished || !told).then(|| Event::Output(format!("{device} is gone ({why}); {next}")))
    }

    /// The device was let go; it is looked for when there is something to play again.
    pub const fn let_go(&mut self) {
        self.there = false;
        self.retry = None;
    }
}

#[cfg(test)]
#[path = "speaker_tests.rs"]
mod tests;
