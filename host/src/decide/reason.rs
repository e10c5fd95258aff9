//! The reasons of choices, in words.

use std::time::Duration;

use jiff::Timestamp;
use moodring_mood::{Emotion, Mood};

use super::Fit;
use crate::library::Candidate;

/// Why this track: "nothing here is marked fear, so neutral; liked; not played today". `of`: how many
/// tracks fit as well as it does.
pub(super) fn why(emotion: Emotion, fit: Fit, of: usize, track: &Candidate, now: Timestamp) -> String {
    let fit = match fit {
        Fit::Marked if of == 1 => return format!("the only track for {emotion}"),
        Fit::Marked => String::new(),
        Fit::Neutral => format!("nothing here is marked {emotion}, so neutral; "),
        Fit::Any => format!("nothing here is marked {emotion} or neutral; "),
    };
    let liked = if track.liked { "liked; " } else { "" };
    let rest = match hours_since(track.last_played, now) {
        None => "not played before".to_owned(),
        Some(0) => "played less than an hour ago".to_owned(),
        Some(hours @ 1..24) => format!("last played {hours} h ago"),
        Some(24..48) => "not played today".to_owned(),
        Some(hours) => format!("not played for {} days", hours / 24),
    };
    format!("{fit}{liked}{rest}")
}

/// Whole hours since a track was played; `None` if never. A time in the future counts as now.
pub(super) fn hours_since(played: Option<Timestamp>, now: Timestamp) -> Option<i64> {
    played.map(|at| (now.as_second().saturating_sub(at.as_second()) / 3600).max(0))
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
