//! What goes into the deck and comes out of it, and what it remembers of a device and of a track. Plain values.

use std::time::{Duration, Instant};

use crate::{
    limit::Class,
    reply::{Device, Playback},
};

/// Within so much of its end a track counts as having ended by itself.
pub(super) const END: Duration = Duration::from_secs(4);

/// Within so much of its beginning a track that stands still may have gone back to it.
const BEGINNING: Duration = Duration::from_secs(1);

/// Names one play, as whoever ordered it wants to hear of it.
pub type Tag = i64;

/// A track to be played once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Given back in everything said about it.
    pub tag: Tag,
    /// Its `spotify:track:…`.
    pub uri: String,
    /// Its length, where known.
    pub length: Option<Duration>,
}

/// What the deck is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Play this now, in the place of what plays; a pause ends.
    Play(Piece),
    /// Play this when the current track ends; at once, if nothing plays. Replaces an earlier one.
    Next(Piece),
    /// What probably follows the next, soonest first.
    Then(Vec<Piece>),
    /// Nothing follows.
    ClearNext,
    /// Pause at the end of this time.
    Pause(Duration),
    /// Go on.
    Resume,
    /// End the current track and begin the next, if there is one; a pause stays a pause.
    Skip,
    /// Loudness, 0..=1.
    Volume(f32),
    /// The name of the device to play on; empty: whichever is active, or the only one.
    Device(String),
    /// Pause and forget everything.
    Stop,
}

/// Why nothing can be played just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// Nobody is logged in.
    LogIn,
    /// The account is not Premium.
    Premium,
    /// No device.
    Device,
    /// A limit of Spotify's or ours.
    Limit,
    /// Spotify cannot be reached.
    Away,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// It plays; its length, where known.
    Started(Tag, Option<Duration>),
    /// How far it has come.
    Position(Tag, Duration),
    /// It ended: by itself, by an order, or because another took its place.
    Ended(Tag),
    /// Somebody skipped it in Spotify's own app.
    Skipped(Tag),
    /// It cannot be played; in words.
    Failed(Tag, String),
    /// Somebody paused in Spotify's own app.
    Paused,
    /// Somebody went on in Spotify's own app.
    Resumed,
    /// Somebody plays other music: everything ordered is forgotten until the next order. In words.
    GaveWay(String),
    /// Nothing can be played just now; in words, with what to do. It is tried again by itself.
    Silent(Cause, String),
    /// It can be played again.
    Back,
}

/// A call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// See what the account plays; as urgent as what waits for it.
    Look(Class),
    /// See which devices there are.
    Devices,
    /// Play a track from so many milliseconds on.
    Start(String, String, u64),
    /// Pause.
    Pause(String),
    /// Go on.
    Resume(String),
    /// Go to the next in the device's queue.
    Skip(String),
    /// Put a track into the device's queue.
    Enqueue(String, String),
    /// Loudness, per cent.
    Volume(String, u8),
}

/// What a call brought.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::large_enum_variant)] // One at a time, made and used up at once.
pub enum Saw {
    /// It was done.
    Done,
    /// What the account plays.
    Playback(Option<Playback>),
    /// Which devices there are.
    Devices(Vec<Device>),
}

/// The device in use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) volume: bool,
}

/// What is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) piece: Piece,
    pub(super) from: Duration,
}

/// What plays, as last seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Current {
    pub(super) piece: Piece,
    pub(super) progress: Duration,
    pub(super) at: Instant,
    pub(super) runs: bool,
}

impl Current {
    pub(super) fn progress(&self, now: Instant) -> Duration {
        let gone = if self.runs { now.saturating_duration_since(self.at) } else { Duration::ZERO };
        let progress = self.progress + gone;
        self.piece.length.map_or(progress, |length| progress.min(length))
    }

    pub(super) fn ends(&self) -> Option<Instant> {
        let left = self.piece.length?.saturating_sub(self.progress);
        self.runs.then_some(self.at + left)
    }

    /// Whether it is so near its end that it counts as ended by itself.
    pub(super) fn at_its_end(&self, now: Instant) -> bool {
        self.is_end(self.progress(now))
    }

    fn is_end(&self, progress: Duration) -> bool {
        self.piece.length.is_some_and(|length| progress + END.min(length / 4) >= length)
    }

    /// Whether it ended by itself, now that it stands still there: at its end, or back at its beginning.
    pub(super) fn stopped_by_itself(&self, there: Duration, now: Instant) -> bool {
        self.is_end(there) || (there < BEGINNING && self.at_its_end(now))
    }

    /// Whether what has come so far can have begun when this one ended by itself.
    pub(super) fn followed_by(&self, progress: Duration, now: Instant) -> bool {
        let early = self.piece.length.map(|length| END.min(length / 4));
        self.ends().zip(early).is_some_and(|(ends, early)| now + early >= ends + progress)
    }
}

/// A track in the device's queue, put there by us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handed {
    /// Which play it was to be.
    pub piece: Piece,
    /// Whether it is still wanted.
    pub live: bool,
    /// Whether it is known to lie there: of a call that broke off, nobody knows.
    pub sure: bool,
}

impl Handed {
    /// Whether it is wanted, and certain to come.
    pub(super) const fn waits(&self) -> bool {
        self.live && self.sure
    }
}
