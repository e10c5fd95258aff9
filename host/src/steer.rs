//! What people can do: the wishes that the page sends to `app`.

use std::time::Duration;

use moodring_mood::Emotion;
use tokio::sync::oneshot;

use crate::{decide::mode::Mode, library::TrackId};

/// The longest time that the sleep timer is set to.
pub const LONGEST_SLEEP: Duration = Duration::from_secs(12 * 3600);

/// One wish of a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Steer {
    /// Go on playing.
    Play,
    /// Pause.
    Pause,
    /// Go to the next track.
    Skip,
    /// Like the track, or take the like back.
    Like {
        /// Which track.
        track: TrackId,
        /// Liked or not.
        liked: bool,
    },
    /// Never play the track for this emotion again, or take that back.
    NotFor {
        /// Which track.
        track: TrackId,
        /// For which emotion it does not fit.
        emotion: Emotion,
        /// Banned or not.
        banned: bool,
    },
    /// Play this track now.
    PlayTrack(TrackId),
    /// Put this track into what comes next.
    Enqueue {
        /// Which track.
        track: TrackId,
        /// At the very front, or behind what people have put there.
        first: bool,
    },
    /// Take a track out of what comes next.
    Dequeue {
        /// Where it stands; 0 is the next.
        at: usize,
        /// Which track is meant: another there stays.
        track: TrackId,
    },
    /// Let a track of what comes next come sooner or later.
    Shift {
        /// Where it stands; 0 is the next.
        from: usize,
        /// Which track is meant: another there stays.
        track: TrackId,
        /// Where it is to stand; beyond the end is the last.
        to: usize,
    },
    /// Put the track to an emotion, take it out of another, or both.
    Fits {
        /// Which track.
        track: TrackId,
        /// Where it belongs.
        add: Option<Emotion>,
        /// Where it does not.
        remove: Option<Emotion>,
    },
    /// What music does about moods from now on; `None`: as the settings say.
    Mode(Option<Mode>),
    /// The loudness, 0..=1.
    Volume(f32),
    /// Fade out after this time; `None`: not any more.
    Sleep(Option<Duration>),
    /// Forget what was learnt from plays, for one emotion or for all. Likes stay.
    ForgetTaste(Option<Emotion>),
    /// Nothing: that it is carried out shows that the room works.
    Nothing,
}

/// A wish on its way to `app`.
#[derive(Debug)]
pub struct Wish {
    /// What somebody wants.
    pub what: Steer,
    /// Told once it was carried out, or in words why it was not. Nobody need listen.
    pub done: oneshot::Sender<Result<(), String>>,
}
