//! What is wrong and what to do about it, as people are told.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// What a notice is about; the most urgent first. There is one notice about each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The database.
    Database,
    /// The connection to the broker.
    Broker,
    /// The machine's clock.
    Clock,
    /// The sound output.
    Output,
    /// Where the music comes from.
    Source,
    /// Somebody plays other music on the room's device.
    Elsewhere,
    /// The folder of music.
    Folder,
    /// There is nothing to play.
    NothingToPlay,
    /// Too many devices.
    Devices,
    /// Files in the folder of music.
    Files,
    /// A track that was skipped.
    Track,
}

/// Notices, by what they are about.
#[derive(Debug, Default)]
pub struct Notices {
    by: BTreeMap<About, (String, Option<Instant>)>,
}

impl Notices {
    /// Says something until it is said to be well again.
    pub fn say(&mut self, about: About, words: impl Into<String>) {
        self.by.insert(about, (words.into(), None));
    }

    /// Says something for a while.
    pub fn say_for(&mut self, about: About, words: impl Into<String>, now: Instant, time: Duration) {
        self.by.insert(about, (words.into(), Some(now + time)));
    }

    /// It is well again.
    pub fn well(&mut self, about: About) {
        self.by.remove(&about);
    }

    /// All that still holds, the most urgent first.
    pub fn words(&mut self, now: Instant) -> Vec<String> {
        self.by.retain(|_, (_, until)| until.is_none_or(|until| now < until));
        self.by.values().map(|(words, _)| words.clone()).collect()
    }

    /// When one ends by itself.
    pub fn wake(&self) -> Option<Instant> {
        self.by.values().filter_map(|(_, until)| *until).min()
    }
}
