//! What there is to see: the state that the page, `GET /api/state` and the devices are shown.
//!
//! `app` publishes a new [`State`] after each change through a `tokio::sync::watch`; everything
//! that shows something only reads it.

use jiff::Timestamp;
use moodring_mood::{Confidence, DeviceId, Emotion, Health, Mood};
use serde::Serialize;

use crate::{
    decide::{mode::Mode, path::Goal},
    library::TrackId,
};

/// Everything that can be shown. `playing`, `paused` and `queue` are the first room's, which is the only one
/// where no `[[room]]` is configured.
#[derive(Clone, Debug, Default, Serialize)]
pub struct State {
    /// Every room, in the order of the configuration.
    pub rooms: Vec<RoomView>,
    /// The devices heard of, in any room, by id.
    pub devices: Vec<DeviceView>,
    /// What plays.
    pub playing: Option<PlayingView>,
    /// Whether playing is paused, and by whom.
    pub paused: Paused,
    /// What comes next, soonest first.
    pub queue: Vec<QueuedView>,
    /// The library and the scan of it.
    pub library: LibraryView,
    /// What is wrong and what to do about it, most urgent first.
    pub notices: Vec<String>,
}

impl State {
    /// What plays in a room, by its place in [`Self::rooms`].
    pub fn playing_in(&self, room: usize) -> Option<&PlayingView> {
        self.rooms.get(room).map_or(self.playing.as_ref(), |room| room.playing.as_ref())
    }

    /// What comes next in a room, by its place in [`Self::rooms`].
    pub fn queue_in(&self, room: usize) -> &[QueuedView] {
        self.rooms.get(room).map_or(&self.queue, |room| &room.queue)
    }

    /// Whether a room is paused, by its place in [`Self::rooms`].
    pub fn paused_in(&self, room: usize) -> Paused {
        self.rooms.get(room).map_or(self.paused, |room| room.paused)
    }
}

/// One room.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RoomView {
    /// Its name, unlike any other's.
    pub name: String,
    /// Its devices, by id.
    pub devices: Vec<DeviceId>,
    /// The mood that music is chosen for, if one is known.
    pub mood: Option<Emotion>,
    /// Since when, if somebody there feels it now.
    pub since: Option<Timestamp>,
    /// What plays.
    pub playing: Option<PlayingView>,
    /// Whether playing is paused, and by whom.
    pub paused: Paused,
    /// What comes next, soonest first.
    pub queue: Vec<QueuedView>,
    /// What music does about moods now.
    pub mode: Mode,
    /// The same, where somebody chose it by hand; `null`: by settings and hours.
    pub mode_by_hand: Option<Mode>,
    /// The way that the music leads, if it does.
    pub path: Option<PathView>,
    /// Whether these are quiet hours: moods start no music.
    pub quiet: bool,
    /// When the sleep timer fades the music out, if it was set.
    pub sleep_at: Option<Timestamp>,
    /// The loudness wished, 0..=1.
    pub volume: f32,
    /// No louder than this now, 0..=1.
    pub volume_max: f32,
    /// Whether tracks marked explicit may be chosen now.
    pub explicit: bool,
    /// What is wrong here and what to do about it, most urgent first.
    pub notices: Vec<String>,
}

/// A lift, or calming: the way on the plane of valence and arousal, a point for each track.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PathView {
    /// Where it leads.
    pub goal: Goal,
    /// The mood that it began with.
    pub from: Emotion,
    /// The point whose track plays, from 1; 0 before the first.
    pub step: usize,
    /// A point for each track.
    pub points: Vec<PointView>,
    /// All of it in a sentence.
    pub words: String,
    /// Whether its last track has begun: the music stays there.
    pub over: bool,
}

/// A point of a path.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PointView {
    /// How pleasant, -1..=1.
    pub valence: f32,
    /// How excited, -1..=1.
    pub arousal: f32,
    /// What music there sounds like, in a word or two.
    pub word: &'static str,
    /// The track that plays or waits for it, if one does.
    pub title: Option<String>,
}

/// One device.
#[derive(Clone, Debug, Serialize)]
pub struct DeviceView {
    /// Its id.
    pub id: DeviceId,
    /// Whether the broker has it connected.
    pub online: bool,
    /// Its last mood.
    pub mood: Mood,
    /// How sure it is.
    pub confidence: Confidence,
    /// Since when it has this mood.
    pub since: Timestamp,
    /// Faces in view.
    pub people: u32,
    /// Whether its camera is closed on purpose; what it said last stands.
    pub paused: bool,
    /// Its last health message.
    pub health: Option<Health>,
    /// Grows with each new picture of its panel; 0 while there is none. The picture itself is
    /// served beside the state.
    pub screen: u64,
}

/// The track that plays.
#[derive(Clone, Debug, Serialize)]
pub struct PlayingView {
    /// Which track.
    pub track: TrackId,
    /// Its title.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// Where a browser opens it in Spotify, if it is from there.
    pub address: Option<String>,
    /// The mood it was chosen for.
    pub mood: Mood,
    /// Why it was chosen, in words.
    pub reason: String,
    /// Whether it is liked.
    pub liked: bool,
    /// When it began.
    pub started: Timestamp,
    /// Its length in seconds, where known.
    pub length_s: Option<f64>,
    /// How much of it has been played, seconds, at the time of this state.
    pub position_s: f64,
}

/// A track that comes next.
#[derive(Clone, Debug, Serialize)]
pub struct QueuedView {
    /// Which track.
    pub track: TrackId,
    /// Its title.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// Where a browser opens it in Spotify, if it is from there.
    pub address: Option<String>,
    /// The mood it was chosen for.
    pub mood: Mood,
    /// Why it was chosen, in words.
    pub reason: String,
}

/// Whether and why there is silence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Paused {
    /// It plays, or would if it had something to play.
    #[default]
    No,
    /// Somebody pressed pause.
    ByHand,
    /// Nobody was there for a while.
    NobodyThere,
    /// These are quiet hours.
    QuietHours,
    /// The sleep timer has ended.
    Asleep,
}

/// The library.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LibraryView {
    /// Tracks known.
    pub tracks: u64,
    /// Tracks that fit each emotion, in the network's order.
    pub by_emotion: [u64; 7],
    /// Whether the built-in pieces stand in for a folder of music.
    pub built_in: bool,
    /// Files seen by a running scan, and how many there are in all.
    pub scan: Option<(u64, u64)>,
}
