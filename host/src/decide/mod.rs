//! Which music fits: pure functions over moods, the library and what was heard.
//!
//! In: an emotion and where music is to lead from it, the tracks that can be played, what was heard lately, the time, a source of
//! chance. Out: a [`Choice`] with its reason. Nothing here waits, reads a clock or can fail; the
//! same input gives the same output.

pub mod mode;
mod near;
pub mod path;
pub mod plane;
mod reason;
mod widen;

use jiff::Timestamp;
use moodring_mood::{Emotion, Mood};
use rand::{Rng, seq::index};

use path::{Path, Step};
use plane::Point;
use reason::Rest;
pub use reason::{for_how_long, mood_words};

use crate::{
    library::{Candidate, TrackId},
    taste::Taste,
};

/// At most so many tracks that are liked, as many others of which something is known, and as many of which nothing
/// is, are weighed for one choice; of more, so many by chance.
const LOOK: usize = 256;

/// A track chosen for a mood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which track.
    pub track: TrackId,
    /// The mood it was chosen for.
    pub mood: Mood,
    /// Where it stands on a path, if it is on one.
    pub step: Option<Step>,
    /// Why this one, in words, such as "liked; not played today".
    pub why: String,
}

/// Why a track comes that a person put there.
const BY_HAND: &str = "picked by hand";

impl Choice {
    /// A track that a person picked while the mood was this.
    pub fn by_hand(track: TrackId, mood: Mood) -> Self {
        Self { track, mood, step: None, why: BY_HAND.to_owned() }
    }

    /// Whether a person picked it: then no mood takes it out of what comes next.
    pub fn is_by_hand(&self) -> bool {
        self.why == BY_HAND
    }
}

/// What a track is chosen for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// The mood.
    pub emotion: Emotion,
    /// Its step on a path and where on the plane it is to lie; `None`: it is to be marked for the mood.
    pub step: Option<(Step, Point)>,
    /// Whether it may be marked explicit.
    pub explicit: bool,
}

impl From<Emotion> for Aim {
    fn from(emotion: Emotion) -> Self {
        Self { emotion, step: None, explicit: true }
    }
}

impl Aim {
    /// Whether nobody said that the track does not fit, and it may be heard here.
    pub const fn wants(&self, track: &Candidate) -> bool {
        !track.not_for.contains(self.emotion) && (self.explicit || !track.explicit)
    }
}

/// What the tracks to come are chosen for, one after the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Course<'a> {
    /// The mood.
    pub emotion: Emotion,
    /// The path that they are on, and how many of its tracks have begun or are about to.
    pub path: Option<(&'a Path, usize)>,
    /// Whether they may be marked explicit.
    pub explicit: bool,
}

impl From<Emotion> for Course<'_> {
    fn from(emotion: Emotion) -> Self {
        Self { emotion, path: None, explicit: true }
    }
}

impl Course<'_> {
    /// What comes after `step`, or next where there was none.
    pub fn after(&self, step: Option<Step>) -> Aim {
        let step = self.path.map(|(path, taken)| path.step(step.map_or(taken, |step| step.number.into()) + 1));
        Aim { emotion: self.emotion, step, explicit: self.explicit }
    }

    /// Whether a choice is still to come. A track may have been taken out of the queue: what followed it is
    /// not lost.
    pub fn holds(&self, choice: &Choice) -> bool {
        let fits = match (self.path, choice.step) {
            (None, step) => step.is_none(),
            (Some(_), None) => false,
            (Some((path, taken)), Some(step)) => {
                let ahead = usize::from(step.number) > taken.min(path.steps.len().saturating_sub(1));
                ahead && path.step(step.number.into()).0 == step
            }
        };
        fits && choice.mood.emotion() == Some(self.emotion)
    }
}

/// What keeps music varied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// A track is not repeated before so many others, as far as the tracks at hand allow.
    pub repeat_window: usize,
    /// An artist is not repeated before so many tracks of others, as far as the tracks at hand allow.
    pub artist_gap: usize,
}

/// Why `track` is a choice among `tracks`, in words: "liked; not played today".
pub fn why(aim: impl Into<Aim>, track: &Candidate, tracks: &[Candidate], taste: &Taste, now: Timestamp) -> String {
    let aim = aim.into();
    // None, one, or several.
    let own = tracks.iter().filter(|t| aim.step.is_none() && t.fits(aim.emotion) && aim.wants(t)).take(2).count();
    reason::why(&aim, own, track, taste.of(aim.emotion, track.id, now), now)
}

/// The next track for what is aimed at; `None` if every track is unwanted for it or there is none.
///
/// `tracks` is sorted by id. `recent` is what was heard or is to be heard before this one, the
/// latest first. `first`: it is the first after the mood changed. The same track is chosen twice in a
/// row only where no other is wanted.
#[allow(clippy::too_many_arguments, reason = "everything that a choice depends on is a parameter")]
pub fn choose(
    aim: impl Into<Aim>,
    first: bool,
    tracks: &[Candidate],
    recent: &[TrackId],
    rules: Rules,
    taste: &Taste,
    now: Timestamp,
    chance: &mut impl Rng,
) -> Option<Choice> {
    let aim = aim.into();
    let pool = match aim.step {
        None => widen::turn(&aim, first, tracks, recent),
        Some((step, point)) => near::near(&aim, step, point, tracks, recent.first()),
    };
    let rested = rested(pool, recent, rules.repeat_window.max(1));
    let spread = spread(rested, tracks, recent, rules.artist_gap);
    let chosen = draw(&aim, &spread, taste, now, chance)?;
    let step = aim.step.map(|(step, _)| step);
    Some(Choice { track: chosen.id, mood: aim.emotion.into(), step, why: why(aim, chosen, tracks, taste, now) })
}

/// Whether any track but `track` is wanted.
pub fn has_another(aim: &Aim, track: TrackId, tracks: &[Candidate]) -> bool {
    tracks.iter().any(|t| t.id != track && aim.wants(t))
}

/// Whether `tracks` has enough for the mood, so that none stands in for want of them. On a path none does.
pub fn has_enough(aim: &Aim, tracks: &[Candidate]) -> bool {
    aim.step.is_none() && widen::enough(aim, tracks)
}

/// Those of `pool`, sorted by id, that were not heard lately; at least one, if there is any.
fn rested<'a>(mut pool: Vec<&'a Candidate>, recent: &[TrackId], window: usize) -> Vec<&'a Candidate> {
    let most = window.min(pool.len().saturating_sub(1));
    let mut tired = Vec::new();
    for id in recent.iter().take(window) {
        if tired.len() < most
            && let Ok(at) = pool.binary_search_by_key(id, |t| t.id)
            && !tired.contains(&at)
        {
            tired.push(at);
        }
    }
    tired.sort_unstable();
    let (mut tired, mut at) = (tired.into_iter().peekable(), 0..);
    pool.retain(|_| at.next().is_none_or(|at| tired.next_if_eq(&at).is_none()));
    pool
}

/// Those whose artist was not heard lately; where that leaves none, the gap is made smaller.
fn spread<'a>(
    mut pool: Vec<&'a Candidate>,
    tracks: &[Candidate],
    recent: &[TrackId],
    gap: usize,
) -> Vec<&'a Candidate> {
    let artist = |id: &TrackId| tracks.binary_search_by_key(id, |t| t.id).ok().and_then(|at| tracks[at].artist);
    let heard: Vec<_> = recent.iter().take(gap).map(artist).collect();
    for gap in (1..=heard.len()).rev() {
        let lately: Vec<u32> = heard[..gap].iter().flatten().copied().collect();
        let other = |t: &&Candidate| t.artist.is_none_or(|artist| !lately.contains(&artist));
        if pool.iter().any(other) {
            pool.retain(other);
            break;
        }
    }
    pool
}

/// The one that seems most welcome just now, by a draw from what is believed of each; those not heard
/// for long have a little more of it, and those nearer to where a path leads. `pool` is sorted by id.
fn draw<'a>(
    aim: &Aim,
    pool: &[&'a Candidate],
    taste: &Taste,
    now: Timestamp,
    chance: &mut impl Rng,
) -> Option<&'a Candidate> {
    let rest = |track: &Candidate| match Rest::of(track.last_played, now) {
        Rest::Hours(..24) => 0.75,
        Rest::Hours(24..168) | Rest::Unknown => 0.9,
        Rest::Hours(_) | Rest::Never => 1.0,
    };
    let near = |track: &Candidate| aim.step.map_or(1.0, |(_, point)| near::nearness(track, point));
    let mut judge = taste.judge(aim.emotion, now);
    let mut best: Option<(f64, &Candidate)> = None;
    for track in some(aim.emotion, pool, taste, chance) {
        let welcome = rest(track) * near(track) * judge.draw(track, chance);
        if best.is_none_or(|(most, _)| welcome > most) {
            best = Some((welcome, track));
        }
    }
    best.map(|(_, track)| track)
}

/// Some of `pool`, by chance: of those that are liked, of the others of which something is known, and of those of
/// which nothing is, at most [`LOOK`] each. None is missing where there are few.
fn some<'a>(emotion: Emotion, pool: &[&'a Candidate], taste: &Taste, chance: &mut impl Rng) -> Vec<&'a Candidate> {
    let mut some = Vec::new();
    let liked: Vec<_> = pool.iter().filter(|t| t.liked).collect();
    some.extend(index::sample(chance, liked.len(), liked.len().min(LOOK)).into_iter().map(|at| *liked[at]));
    // Of these some are not in the pool: twice as many are looked for.
    let known = taste.known(emotion);
    let known = index::sample(chance, known.len(), known.len().min(2 * LOOK)).into_iter().map(|at| known[at]);
    let known = known.filter_map(|id| pool.binary_search_by_key(&id, |t| t.id).ok()).map(|at| pool[at]);
    some.extend(known.filter(|t| !t.liked).take(LOOK));
    let any = index::sample(chance, pool.len(), pool.len().min(2 * LOOK)).into_iter().map(|at| pool[at]);
    some.extend(any.filter(|t| !t.liked && !taste.knows(emotion, t.id)).take(LOOK));
    some
}

#[cfg(test)]
mod tests;
