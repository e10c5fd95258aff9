//! Which music fits: pure functions over moods, the library and what was heard.
//!
//! In: an emotion, the tracks that can be played, what was heard lately, the time, a source of
//! chance. Out: a [`Choice`] with its reason. Nothing here waits, reads a clock or can fail; the
//! same input gives the same output.

mod reason;
mod widen;

use std::collections::HashSet;

use jiff::Timestamp;
use moodring_mood::{Emotion, Mood};
use rand::{Rng, RngExt};

pub use reason::{for_how_long, mood_words};

use crate::library::{Candidate, TrackId};

/// A track chosen for a mood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which track.
    pub track: TrackId,
    /// The mood it was chosen for.
    pub mood: Mood,
    /// Why this one, in words, such as "liked; not played today".
    pub why: String,
}

/// What keeps music varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A track is not repeated before so many others, as far as the tracks at hand allow.
    pub repeat_window: usize,
    /// An artist is not repeated before so many tracks of others, as far as the tracks at hand allow.
    pub artist_gap: usize,
}

/// Why `track` is a choice for `emotion` among `tracks`, in words: "liked; not played today".
pub fn why(emotion: Emotion, track: &Candidate, tracks: &[Candidate], now: Timestamp) -> String {
    reason::why(emotion, widen::own(emotion, tracks).len(), track, now)
}

/// The next track for `emotion`; `None` if every track is unwanted for it or there is none.
///
/// `tracks` is sorted by id. `recent` is what was heard or is to be heard before this one, the
/// latest first. `first`: it is the first after the mood changed. The same track is chosen twice in a
/// row only where no other is wanted.
pub fn choose(
    emotion: Emotion,
    first: bool,
    tracks: &[Candidate],
    recent: &[TrackId],
    rules: Rules,
    now: Timestamp,
    chance: &mut impl Rng,
) -> Option<Choice> {
    let pool = widen::turn(emotion, first, tracks, recent);
    let rested = rested(&pool, recent, rules.repeat_window.max(1));
    let spread = spread(&rested, tracks, recent, rules.artist_gap);
    let chosen = draw(&spread, now, chance)?;
    Some(Choice { track: chosen.id, mood: emotion.into(), why: why(emotion, chosen, tracks, now) })
}

/// Whether any track but `track` is wanted for `emotion`.
pub fn has_another(emotion: Emotion, track: TrackId, tracks: &[Candidate]) -> bool {
    tracks.iter().any(|t| t.id != track && !t.not_for.contains(emotion))
}

/// Those of `pool`, sorted by id, that were not heard lately; at least one, if there is any.
fn rested<'a>(pool: &[&'a Candidate], recent: &[TrackId], window: usize) -> Vec<&'a Candidate> {
    let most = window.min(pool.len().saturating_sub(1));
    let mut tired = HashSet::new();
    for id in recent.iter().take(window) {
        if tired.len() < most && pool.binary_search_by_key(id, |t| t.id).is_ok() {
            tired.insert(*id);
        }
    }
    pool.iter().copied().filter(|t| !tired.contains(&t.id)).collect()
}

/// Those whose artist was not heard lately; where that leaves none, the gap is made smaller.
fn spread<'a>(pool: &[&'a Candidate], tracks: &[Candidate], recent: &[TrackId], gap: usize) -> Vec<&'a Candidate> {
    let artist = |id: &TrackId| tracks.binary_search_by_key(id, |t| t.id).ok().and_then(|at| tracks[at].artist);
    let heard: Vec<_> = recent.iter().take(gap).map(artist).collect();
    for gap in (1..=heard.len()).rev() {
        let lately: HashSet<u32> = heard[..gap].iter().flatten().copied().collect();
        let others: Vec<_> = pool.iter().copied().filter(|t| t.artist.is_none_or(|a| !lately.contains(&a))).collect();
        if !others.is_empty() {
            return others;
        }
    }
    pool.to_vec()
}

/// One by chance: liked tracks and those not heard for long have more of it.
fn draw<'a>(pool: &[&'a Candidate], now: Timestamp, chance: &mut impl Rng) -> Option<&'a Candidate> {
    let weight = |track: &Candidate| {
        let rest = match reason::hours_since(track.last_played, now) {
            None => 3,
            Some(hours) if hours >= 24 * 7 => 3,
            Some(hours) if hours >= 24 => 2,
            Some(_) => 1,
        };
        rest * if track.liked { 3 } else { 1_u64 }
    };
    let sum: u64 = pool.iter().map(|t| weight(t)).sum();
    if sum == 0 {
        return None;
    }
    let mut left = chance.random_range(0..sum);
    pool.iter().copied().find(|track| {
        let weight = weight(track);
        let here = left < weight;
        left = left.saturating_sub(weight);
        here
    })
}

#[cfg(test)]
mod tests;
