//! Players: what turns a track into sound.
//!
//! A player is told what to do by [`Command`]s and says what happened by [`Event`]s; both sides
//! only hand messages over, so neither waits for the other. [`local`] plays on this machine; the
//! seven built-in [`pieces`] are there when there is no music.

pub mod level;
pub mod local;
pub mod mpd;
pub mod pieces;
pub mod spotify;

use std::{path::PathBuf, time::Duration};

pub use level::Level;

/// Ties the events of a player to the play they belong to; never used twice in a database.
pub type PlayId = i64;

/// Where the sound of a track comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A file of music.
    File(PathBuf),
    /// One of the built-in pieces, by its name.
    BuiltIn(String),
    /// A track of Spotify's, by its `spotify:track:…`; a Connect device plays it.
    Spotify(String),
}

/// What plays a track; a room plays from one of them at a time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// This machine.
    #[default]
    Local,
    /// A Connect device.
    Spotify,
}

impl Source {
    /// What plays it.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::File(_) | Self::BuiltIn(_) => Kind::Local,
            Self::Spotify(_) => Kind::Spotify,
        }
    }

    /// Where a browser opens it elsewhere: a track of Spotify's there.
    pub fn address(&self) -> Option<String> {
        let Self::Spotify(uri) = self else { return None };
        let id = uri.strip_prefix("spotify:track:").filter(|id| id.chars().all(|c| c.is_ascii_alphanumeric()))?;
        Some(format!("https://open.spotify.com/track/{id}"))
    }
}

/// One track to be played once.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Given back in every event about it.
    pub play: PlayId,
    /// Where its sound comes from.
    pub source: Source,
    /// How loud it is.
    pub level: Level,
    /// Where it stands on its album, where known.
    pub place: Option<Place>,
    /// Its length, where known before it plays.
    pub length: Option<Duration>,
}

impl Item {
    /// One of which nothing more is known.
    pub fn plain(play: PlayId, source: Source) -> Self {
        Self { play, source, level: Level::default(), place: None, length: None }
    }
}

/// Where a track stands on its album: tracks that follow one another there are never faded into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The same number: the same album.
    pub album: u64,
    /// Which disc, from 1.
    pub disc: u32,
    /// Which track of the disc, from 1.
    pub number: u32,
}

impl Place {
    /// Whether `next` comes right after this one.
    pub const fn leads_to(&self, next: &Self) -> bool {
        self.album == next.album && self.disc == next.disc && self.number + 1 == next.number
    }
}

/// What a player is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Play this now: what plays is cut as soon as this is open, and a pause ends.
    Play(Item),
    /// Play this when the current track ends, without a gap; at once, if nothing plays. Replaces an
    /// earlier `Next`, of which nothing is told.
    Next(Item),
    /// What probably follows the `Next`, soonest first; only for a player that [looks ahead](Player::looks_ahead).
    /// Replaces an earlier one.
    Then(Vec<Item>),
    /// Forget the `Next` and what follows it.
    ClearNext,
    /// Fade out over this time, then pause. Zero pauses at once.
    Pause(Duration),
    /// Go on after a pause.
    Resume,
    /// End the current track now and begin the `Next`, if there is one; a pause stays a pause.
    Skip,
    /// Loudness, 0..=1, linear in perceived loudness.
    Volume(f32),
    /// End and forget everything and let go of the output, until the next `Play` or `Next`.
    Stop,
}

/// Why a play cannot be heard; in words, with the file's name or a next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The file is what is wrong: damaged, cut short, no music. It stays so until the file changes.
    Broken(String),
    /// The file could not be reached: it is missing, its disk or network share hangs, the system is short of
    /// something. It says nothing about the music in it.
    Away(String),
}

impl Fault {
    /// What the system said of a file: an error of its own says nothing about the file's content.
    pub(crate) fn of(why: &std::io::Error, words: String) -> Self {
        if why.raw_os_error().is_some() { Self::Away(words) } else { Self::Broken(words) }
    }

    /// The words.
    pub fn words(&self) -> &str {
        let (Self::Broken(words) | Self::Away(words)) = self;
        words
    }
}

impl From<String> for Fault {
    fn from(words: String) -> Self {
        Self::Broken(words)
    }
}

/// What a player says.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The sound of this play has begun; its length, where known.
    Started(PlayId, Option<Duration>),
    /// How far this play has come; about once a second.
    Position(PlayId, Duration),
    /// This play ended: at its end, by a skip, or because another took its place.
    Ended(PlayId),
    /// This play cannot be heard, or broke off half-way. Nothing else follows for this play, no [`Event::Ended`] either. The `Next` plays on, if there
    /// is one; a track that was playing when a [`Command::Play`] failed goes on.
    Failed(PlayId, Fault),
    /// This play ended because somebody skipped it at the device itself.
    Skipped(PlayId),
    /// Somebody paused at the device itself.
    PausedThere,
    /// Somebody went on at the device itself.
    ResumedThere,
    /// Somebody plays other music there: all plays are forgotten, until the next command. In words.
    GaveWay(String),
    /// [`Player::plays`] has changed.
    OtherKind,
    /// What is wrong with where the music comes from, in words with what to do; `None`: nothing any more.
    Source(Option<String>),
    /// The output is missing or lost. In words, with what to do.
    Output(String),
    /// The output that was missing or lost is there again. In words.
    OutputBack(String),
}

/// Something that plays.
pub trait Player: Send {
    /// Hands a command over; returns at once.
    fn send(&self, command: Command);

    /// Which tracks are to be chosen for it; a change is told by [`Event::OtherKind`].
    fn plays(&self) -> Kind {
        Kind::Local
    }

    /// Whether it wants to be told [what follows the next](Command::Then).
    fn looks_ahead(&self) -> bool {
        false
    }
}
