//! What a track is, and what is known about it. Plain values; nothing here can fail.

use jiff::Timestamp;
use moodring_mood::{Emotion, Mood};
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    decide::plane::Point,
    player::{Level, Place, PlayId, Source},
};

/// Names a track for as long as the database lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TrackId(pub i64);

impl std::fmt::Display for TrackId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A set of emotions; as JSON, a list of their words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Emotions(u8);

impl Emotions {
    /// No emotion.
    pub const NONE: Self = Self(0);

    /// The set with one bit for each class, the first class lowest; other bits are dropped.
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0x7f)
    }

    /// One bit for each class, the first class lowest.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether `emotion` is in the set.
    pub const fn contains(self, emotion: Emotion) -> bool {
        self.0 & 1 << emotion as u8 != 0
    }

    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Puts `emotion` in.
    pub const fn insert(&mut self, emotion: Emotion) {
        self.0 |= 1 << emotion as u8;
    }

    /// Takes `emotion` out.
    pub const fn remove(&mut self, emotion: Emotion) {
        self.0 &= !(1 << emotion as u8);
    }

    /// The emotions in the set, in the network's order.
    pub fn iter(self) -> impl Iterator<Item = Emotion> {
        Emotion::ALL.into_iter().filter(move |e| self.contains(*e))
    }
}

impl FromIterator<Emotion> for Emotions {
    fn from_iter<I: IntoIterator<Item = Emotion>>(emotions: I) -> Self {
        let mut set = Self::NONE;
        emotions.into_iter().for_each(|e| set.insert(e));
        set
    }
}

impl Serialize for Emotions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// One track, with all that is known about it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Track {
    /// Its name in the database.
    pub id: TrackId,
    /// Where its sound comes from; programs are told where a browser opens it, if it is Spotify's.
    #[serde(rename = "address", serialize_with = "address")]
    pub source: Source,
    /// Its title; never empty.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// The album; empty when unknown.
    pub album: String,
    /// Its length in seconds, where known.
    pub length_s: Option<f64>,
    /// The emotions it fits; none means unrated, which counts as neutral.
    pub moods: Emotions,
    /// Whether somebody likes it.
    pub liked: bool,
    /// The emotions for which somebody said that it does not fit.
    pub not_for: Emotions,
    /// Why it cannot be played, if so.
    pub problem: Option<String>,
    /// How loud it is, as far as that is known.
    #[serde(skip)]
    pub level: Level,
    /// Where it stands on its album, where known.
    #[serde(skip)]
    pub place: Option<Place>,
}

fn address<S: Serializer>(source: &Source, to: S) -> Result<S::Ok, S::Error> {
    source.address().serialize(to)
}

/// What deciding needs to know of a track that can be played; many are held in memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Which track.
    pub id: TrackId,
    /// The same number for the same artist; `None` when unknown.
    pub artist: Option<u32>,
    /// The emotions it fits; none means unrated.
    pub moods: Emotions,
    /// The emotions for which somebody said that it does not fit.
    pub not_for: Emotions,
    /// Whether somebody likes it.
    pub liked: bool,
    /// When its last play began, if there was one; by the clock of then.
    pub last_played: Option<Timestamp>,
    /// Where it lies on the plane.
    pub place: Point,
    /// Whether it is marked explicit.
    pub explicit: bool,
}

impl Candidate {
    /// Whether it is marked for `emotion`; an unrated track counts as neutral.
    pub const fn fits(&self, emotion: Emotion) -> bool {
        self.moods.contains(emotion) || (self.moods.is_empty() && matches!(emotion, Emotion::Neutral))
    }
}

/// Which tracks to list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrackQuery {
    /// Words to be found in title, artist or album, each somewhere; empty lists all.
    pub text: String,
    /// Only tracks that fit this emotion.
    pub emotion: Option<Emotion>,
    /// At most so many; 0 stands for 50, more than 500 are never given.
    pub limit: u32,
    /// How many to leave out at the start.
    pub offset: u32,
}

/// Some of the tracks that a query found, by artist, album and title.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TrackPage {
    /// These.
    pub tracks: Vec<Track>,
    /// How many there are in all.
    pub total: u64,
}

/// How a play ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Ending {
    /// At the track's end.
    Finished,
    /// Somebody skipped it.
    Skipped,
    /// Another track took its place.
    Replaced,
    /// The file turned out to be unreadable.
    Failed,
    /// The program was stopped.
    Stopped,
    /// The program or its machine went away without a word.
    Lost,
}

impl Ending {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Finished, Self::Skipped, Self::Replaced, Self::Failed, Self::Stopped, Self::Lost];

    /// The word in the database and as JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Skipped => "skipped",
            Self::Replaced => "replaced",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }
}

/// One play of the past, or the present one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Play {
    /// Its name in the database.
    pub id: PlayId,
    /// In which room.
    pub room: String,
    /// Which track.
    pub track: TrackId,
    /// The track's title.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// The mood it was chosen for.
    pub mood: Mood,
    /// Why it was chosen, in words.
    pub reason: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended; `None` while it plays.
    pub ended: Option<Timestamp>,
    /// How it ended; `None` while it plays.
    pub ending: Option<Ending>,
}

impl std::fmt::Display for Play {
    /// One line for people: when, what, why, and how it ended.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let started = self.started.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S");
        let by = if self.artist.is_empty() { String::new() } else { format!(" by {}", self.artist) };
        let ending = self.ending.map_or("plays now", Ending::word);
        write!(f, "{started}  {}{by}  ({ending})\n    {}", self.title, self.reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_emotions_keeps_what_is_put_in() {
        let mut set: Emotions = [Emotion::Sad, Emotion::Angry].into_iter().collect();
        assert_eq!(set.bits(), 0b1_0001);
        assert_eq!(serde_json::to_string(&set).unwrap(), r#"["angry","sad"]"#);
        set.remove(Emotion::Sad);
        assert!(set.contains(Emotion::Angry) && !set.contains(Emotion::Sad));
        assert!(Emotions::from_bits(0x80).is_empty());
    }

    #[test]
    fn endings_are_written_as_their_words() {
        for ending in Ending::ALL {
            assert_eq!(serde_json::to_value(ending).unwrap(), ending.word());
        }
    }
}
