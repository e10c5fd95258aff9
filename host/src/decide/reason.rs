//! The reasons of choices, in words.

use std::time::Duration;

use jiff::Timestamp;
use moodring_mood::Mood;

use super::{
    Aim,
    path::{Goal, Step},
    plane::Point,
    widen::stand_in,
};
use crate::{library::Candidate, taste::Sums};

/// From so many plays on, what they say is worth saying.
const FEW_PLAYS: f64 = 2.5;

/// Why this track: "the only track for happy was just played, so surprise; liked; not played today".
/// `own`: how many tracks are marked for the emotion.
pub(super) fn why(aim: &Aim, own: usize, track: &Candidate, taste: Sums, now: Timestamp) -> String {
    let emotion = aim.emotion;
    let fit = match (own, track.fits(emotion), stand_in(emotion, track)) {
        _ if aim.step.is_some() => aim.step.map(on_the_way).unwrap_or_default(),
        (1, true, _) => return format!("the only track for {emotion}"),
        (_, true, _) => String::new(),
        (0, false, Some(near)) => format!("nothing here is marked {emotion}, so {near}; "),
        (0, false, None) => format!("nothing here is marked {emotion} or neutral; "),
        (1, false, Some(near)) => format!("the only track for {emotion} was just played, so {near}; "),
        (_, false, Some(near)) => format!("the few tracks for {emotion} were just played, so {near}; "),
        (1, false, None) => format!("the only track for {emotion} was just played, so another; "),
        (_, false, None) => format!("the few tracks for {emotion} were just played, so another; "),
    };
    let liked = if track.liked { "liked; " } else { "" };
    let taste = match (taste.plays() >= FEW_PLAYS, taste.mean()) {
        (true, 0.75..) => "mostly heard to its end; ",
        (true, ..0.35) => "often skipped, and given another chance; ",
        _ => "",
    };
    let rest = match Rest::of(track.last_played, now) {
        Rest::Never => "not played before".to_owned(),
        Rest::Unknown => "played before".to_owned(),
        Rest::Hours(0) => "played less than an hour ago".to_owned(),
        Rest::Hours(hours @ 1..24) => format!("last played {hours} h ago"),
        Rest::Hours(24..48) => "not played today".to_owned(),
        Rest::Hours(hours) => format!("not played for {} days", hours / 24),
    };
    format!("{fit}{liked}{taste}{rest}")
}

/// "2 of 5 on the way to bright music, here quiet and plain; ".
fn on_the_way((step, point): (Step, Point)) -> String {
    let goal = match step.goal {
        Goal::Lift => "bright",
        Goal::Calm => "calm",
    };
    format!("{} of {} on the way to {goal} music, here {}; ", step.number, step.of, point.word())
}

/// How long a track has not been heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// It never was.
    Never,
    /// It was, at a time that lies ahead: the clock was wrong then, or is now.
    Unknown,
    /// So many whole hours.
    Hours(u64),
}

impl Rest {
    /// How long a track that was last played then has rested. A clock that was put right by less than an hour is
    /// passed over.
    pub(super) fn of(played: Option<Timestamp>, now: Timestamp) -> Self {
        match played.map(|at| now.as_second().saturating_sub(at.as_second()) / 3600) {
            None => Self::Never,
            Some(hours) => hours.try_into().map_or(Self::Unknown, Self::Hours),
        }
    }
}

/// "happy for 40 s".
pub fn mood_words(mood: Mood, held: Duration) -> String {
    format!("{mood} {}", for_how_long(held))
}

/// "for 40 s", "for 5 min", "for 2 h"; "just now" below 2 s.
pub fn for_how_long(held: Duration) -> String {
    match held.as_secs() {
        0..2 => "just now".to_owned(),
        s @ 2..120 => format!("for {s} s"),
        s @ 120..7200 => format!("for {} min", s / 60),
        s => format!("for {} h", s / 3600),
    }
}
