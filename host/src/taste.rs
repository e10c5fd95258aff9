//! What is liked here for each mood, learnt from what people do: a Bayesian ranking, pure.
//!
//! In: evidence (a track was heard to its end, skipped, picked by hand), the time, a source of
//! chance. Out: how likely it is that a track will be welcome. Nothing here waits or can fail.
//!
//! For each mood and track two sums are kept, of welcome and of unwelcome plays, which halve every
//! [`HALF_LIFE`]; a clock that was ahead when they were written makes them no heavier. An artist has the sums of
//! its tracks. Thompson sampling (Thompson, 1933; Chapelle
//! and Li, 2011) over the two levels: an artist's worth is drawn from the Beta distribution of its
//! sums; a track's is what its own sums make of the artist's worth as the prior. An artist of whom little is
//! known is drawn high now and then, and so gets a chance; one who is known to be liked is drawn high most of
//! the time. Its tracks of which nothing is known are alike, and any of them may come.

use std::{collections::HashMap, time::Duration};

use jiff::Timestamp;
use moodring_mood::Emotion;
use rand::Rng;
use rand_distr::{Beta, Distribution};
use serde::Serialize;

use crate::{
    library::{Candidate, Ending, TrackId},
    room::clock_is_set,
};

/// After so long, what was learnt counts half.
pub const HALF_LIFE: Duration = Duration::from_secs(90 * 24 * 3600);

/// What is believed of an artist nothing is known of.
const PRIOR: Sums = Sums { good: 1.1, bad: 0.9 };

/// How much an artist's worth says of a track: as much as so many plays of the track itself.
const OF_ARTIST: f64 = 8.0;

/// An artist's worth is drawn as if each play had been heard so many times: less is tried out, more is played of
/// what is known to be liked. A household has hundreds of plays, not the millions for which plain
/// Thompson sampling explores; drawn for each track as well, the luckiest of hundreds would always come. These
/// constants are the best of some fifty tried on simulated listeners (`moodring-host regret`).
const SURE: f64 = 15.0;

/// A like counts as so many welcome plays.
const LIKE: f64 = 3.0;

/// A track skipped before so much of it was heard was not wanted at all.
const EARLY: f64 = 0.2;

/// The length assumed where none is known.
const USUAL_LENGTH: Duration = Duration::from_secs(210);

/// What somebody did, as evidence about a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evidence {
    /// It was heard to its end.
    Finished,
    /// It was skipped after this share of it, 0..=1.
    Skipped(f64),
    /// Somebody picked it.
    Picked,
    /// Somebody picked it again within the hour.
    Replayed,
    /// Somebody turned the loudness up while it played.
    Louder,
    /// Somebody began to like it while it played. Beside this, a liked track is liked for every mood.
    Liked,
    /// Somebody said that it does not fit the mood. It is not played for it again; this is for its artist.
    Banned,
}

impl Evidence {
    /// What a play says that ended so; `None`: nothing, as where a mood took its place.
    pub fn of_ending(ending: Ending, heard: Duration, length: Option<Duration>) -> Option<Self> {
        match ending {
            Ending::Finished => Some(Self::Finished),
            Ending::Skipped => {
                let length = length.unwrap_or(USUAL_LENGTH).max(Duration::from_secs(1));
                Some(Self::Skipped((heard.as_secs_f64() / length.as_secs_f64()).min(1.0)))
            }
            Ending::Replaced | Ending::Failed | Ending::Stopped | Ending::Lost => None,
        }
    }

    /// So much it weighs, for and against.
    fn sums(self) -> Sums {
        match self {
            Self::Finished => Sums { good: 1.0, bad: 0.0 },
            Self::Skipped(share) if share < EARLY => Sums { good: 0.0, bad: 1.2 },
            Self::Skipped(share) => Sums { good: 0.0, bad: 1.0 - 0.7 * share },
            Self::Picked => Sums { good: 1.5, bad: 0.0 },
            Self::Replayed => Sums { good: 2.0, bad: 0.0 },
            Self::Louder => Sums { good: 0.5, bad: 0.0 },
            Self::Liked => Sums { good: 1.0, bad: 0.0 },
            Self::Banned => Sums { good: 0.0, bad: 2.0 },
        }
    }
}

/// Plays for and against, each at least 0, fading with time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Sums {
    /// Welcome plays.
    pub good: f64,
    /// Unwelcome ones.
    pub bad: f64,
}

impl Sums {
    fn times(self, factor: f64) -> Self {
        Self { good: self.good * factor, bad: self.bad * factor }
    }

    fn with(self, other: Self) -> Self {
        Self { good: self.good + other.good, bad: self.bad + other.bad }
    }

    /// How many plays it speaks of.
    pub fn plays(self) -> f64 {
        self.good + self.bad
    }

    /// The share that was welcome, 0..=1.
    pub fn mean(self) -> f64 {
        self.good / (self.good + self.bad)
    }

    fn draw(self, chance: &mut impl Rng) -> f64 {
        // Both sums are above nought wherever this is called; should one not be, the mean will do.
        Beta::new(SURE * self.good, SURE * self.bad).map_or_else(|_| self.mean(), |beta| beta.sample(chance))
    }
}

/// Sums, as of a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Belief {
    /// The sums then.
    pub sums: Sums,
    /// When.
    pub at: Timestamp,
}

impl Belief {
    /// Faded to a time; one that lies before [`Self::at`] fades nothing.
    pub fn faded(self, now: Timestamp) -> Sums {
        let age = now.duration_since(self.at).as_secs_f64().max(0.0);
        self.sums.times((-age / HALF_LIFE.as_secs_f64()).exp2())
    }

    /// With the news of `now`: these count in full, even if the clock has gone back since the last ones.
    fn learn(before: Option<Self>, news: Sums, now: Timestamp) -> Self {
        match before {
            Some(before) => Self { sums: before.faded(now).with(news), at: before.at.max(now) },
            None => Self { sums: news, at: now },
        }
    }

    /// Both together, as of the later time.
    fn and(self, other: Self) -> Self {
        let at = self.at.max(other.at);
        Self { sums: self.faded(at).with(other.faded(at)), at }
    }

    /// No later than `now`, unless that is a clock which is not set.
    fn not_after(self, now: Timestamp) -> Self {
        Self { at: if clock_is_set(now) { self.at.min(now) } else { self.at }, ..self }
    }
}

/// Everything learnt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Taste {
    /// By emotion.
    tracks: [HashMap<TrackId, Belief>; 7],
    /// Of each artist's tracks together, by [`Candidate::artist`].
    artists: [HashMap<u32, Belief>; 7],
}

impl Taste {
    /// What was kept of an earlier run; what claims to be of a time after `now` counts as of now. [`Self::seat`]
    /// must follow.
    pub fn kept(beliefs: impl IntoIterator<Item = (Emotion, TrackId, Belief)>, now: Timestamp) -> Self {
        let mut taste = Self::default();
        for (emotion, track, belief) in beliefs {
            taste.tracks[emotion as usize].insert(track, belief.not_after(now));
        }
        taste
    }

    /// Takes over who made which track. `tracks` is sorted by id.
    pub fn seat(&mut self, tracks: &[Candidate]) {
        for (beliefs, artists) in self.tracks.iter().zip(&mut self.artists) {
            artists.clear();
            for (track, belief) in beliefs {
                let known = tracks.binary_search_by_key(track, |t| t.id);
                if let Some(artist) = known.ok().and_then(|at| tracks[at].artist) {
                    artists.entry(artist).and_modify(|all: &mut Belief| *all = all.and(*belief)).or_insert(*belief);
                }
            }
        }
    }

    /// The clock was put back to `now`: what was learnt while it was ahead counts as of now, and so fades again.
    pub fn put_back(&mut self, now: Timestamp) {
        let tracks = self.tracks.iter_mut().flat_map(HashMap::values_mut);
        for belief in tracks.chain(self.artists.iter_mut().flat_map(HashMap::values_mut)) {
            *belief = belief.not_after(now);
        }
    }

    /// Learns; gives what is now believed of the track, to be kept.
    pub fn learn(&mut self, emotion: Emotion, track: &Candidate, evidence: Evidence, now: Timestamp) -> Belief {
        let of = emotion as usize;
        let learnt = |before: Option<Belief>| Belief::learn(before, evidence.sums(), now);
        if let Some(artist) = track.artist {
            let belief = learnt(self.artists[of].get(&artist).copied());
            self.artists[of].insert(artist, belief);
        }
        let belief = learnt(self.tracks[of].get(&track.id).copied());
        self.tracks[of].insert(track.id, belief);
        belief
    }

    /// Forgets what was learnt for one mood, or for all.
    pub fn forget(&mut self, emotion: Option<Emotion>) {
        for of in Emotion::ALL.into_iter().filter(|of| emotion.is_none_or(|emotion| emotion == *of)) {
            self.tracks[of as usize].clear();
            self.artists[of as usize].clear();
        }
    }

    /// What is known of a track for a mood.
    pub fn of(&self, emotion: Emotion, track: TrackId, now: Timestamp) -> Sums {
        self.tracks[emotion as usize].get(&track).map_or_else(Sums::default, |belief| belief.faded(now))
    }

    /// Whether anything is known of a track for a mood.
    pub fn knows(&self, emotion: Emotion, track: TrackId) -> bool {
        self.tracks[emotion as usize].contains_key(&track)
    }

    /// The tracks of which anything is known for a mood, sorted.
    pub fn known(&self, emotion: Emotion) -> Vec<TrackId> {
        let mut known: Vec<_> = self.tracks[emotion as usize].keys().copied().collect();
        known.sort_unstable();
        known
    }

    /// Everything that is known.
    pub fn iter(&self, now: Timestamp) -> impl Iterator<Item = (Emotion, TrackId, Sums)> {
        let all = Emotion::ALL.into_iter().zip(&self.tracks);
        all.flat_map(move |(emotion, tracks)| tracks.iter().map(move |(id, belief)| (emotion, *id, belief.faded(now))))
    }

    /// A judge of tracks for one choice.
    pub fn judge(&self, emotion: Emotion, now: Timestamp) -> Judge<'_> {
        let of = emotion as usize;
        Judge { tracks: &self.tracks[of], artists: &self.artists[of], now, drawn: HashMap::new() }
    }
}

/// Draws how welcome tracks may be, for one choice.
#[derive(Debug)]
pub struct Judge<'a> {
    tracks: &'a HashMap<TrackId, Belief>,
    artists: &'a HashMap<u32, Belief>,
    now: Timestamp,
    /// The worth of each artist, drawn once for a choice.
    drawn: HashMap<u32, f64>,
}

impl Judge<'_> {
    /// How likely the track is to be welcome, 0..=1, by a draw from what is believed of its artist.
    pub fn draw(&mut self, track: &Candidate, chance: &mut impl Rng) -> f64 {
        let worth = match track.artist {
            // Its own artist, of whom there is no other track.
            None => PRIOR.draw(chance),
            Some(artist) => {
                let known = self.artists.get(&artist).map_or_else(Sums::default, |belief| belief.faded(self.now));
                *self.drawn.entry(artist).or_insert_with(|| known.with(PRIOR).draw(chance))
            }
        };
        let like = if track.liked { LIKE } else { 0.0 };
        let prior = Sums { good: OF_ARTIST * worth + like, bad: OF_ARTIST * (1.0 - worth) };
        let own = self.tracks.get(&track.id).map_or_else(Sums::default, |belief| belief.faded(self.now));
        prior.with(own).mean()
    }
}

#[cfg(test)]
#[path = "taste_tests.rs"]
mod tests;
