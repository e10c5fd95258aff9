//! The parts of the page that live: written here once, for the whole page and for each change.
//!
//! A state enters, HTML leaves; pure, with the time as a parameter. All text from outside (titles,
//! reasons, problems) is escaped by `maud`.

mod devices;
mod player;
mod signs;

use jiff::Timestamp;
use maud::{Markup, html};
use moodring_mood::{Mood, look::look};

use super::words;
use crate::{
    library::{Ending, Play},
    view::{Paused, QueuedView, State},
};
pub use devices::devices;
pub use player::player;
pub use signs::{WARNING, face, icon, like, play_now};

/// How many plays of the past are shown.
pub const PLAYS: u32 = 8;

/// Every part by its name: the `id` of its element, or `title` for the title of the window.
pub fn all(state: &State, plays: &[Play], now: Timestamp) -> Vec<(&'static str, String)> {
    vec![
        ("title", title(state)),
        ("told", told(state).into_string()),
        ("notices", notices(state).into_string()),
        ("devices", devices(state, now).into_string()),
        ("player", player(state).into_string()),
        ("next", next(&state.queue).into_string()),
        ("shelf", shelf(state).into_string()),
        ("history", history(plays, now).into_string()),
    ]
}

/// The title of the window: what matters first, as tabs are narrow.
pub fn title(state: &State) -> String {
    let mood = state.devices.iter().find(|d| d.online).map(|d| look(d.mood).word);
    let track = state.playing.as_ref().map(|p| p.title.as_str());
    let mut words: Vec<_> = mood.into_iter().chain(track).collect();
    words.push("Moodring");
    words.join(" · ")
}

/// What a screen reader is told when it changes: the moods and the track.
pub fn told(state: &State) -> Markup {
    html! {
        p #told .sr role="status" aria-live="polite" {
            @for device in &state.devices {
                (device.id) ": " (if device.online { look(device.mood).word } else { "offline" }) ". "
            }
            @match (&state.playing, state.paused) {
                (None, _) => "Nothing plays.",
                (Some(_), Paused::ByHand | Paused::NobodyThere) => "Paused.",
                (Some(playing), Paused::No) => { "Now playing: " (playing.title) (by(&playing.artist)) "." }
            }
        }
    }
}

/// What is wrong and what to do about it.
pub fn notices(state: &State) -> Markup {
    html! {
        ul #notices aria-label="Notices" {
            @for notice in &state.notices {
                li { (icon(WARNING)) span { (notice) } }
            }
        }
    }
}

/// What comes next, each with its reason.
pub fn next(queue: &[QueuedView]) -> Markup {
    html! {
        section #next.card aria-labelledby="next-head" {
            header { h2 #next-head { "Next" } }
            @if queue.is_empty() { p.soft { "Nothing waits. The next mood decides." } }
            ol.rows {
                @for (i, track) in queue.iter().enumerate() {
                    li {
                        (face(track.mood, "face s"))
                        div.what { b { (track.title) } (by(&track.artist)) p { (why(track.mood, &track.reason)) } }
                        (play_now(track.track, &track.title, &format!("next-{i}")))
                    }
                }
            }
        }
    }
}

/// How much music there is, and how far a scan has come.
pub fn shelf(state: &State) -> Markup {
    let library = &state.library;
    html! {
        div #shelf {
            p.soft.small {
                (words::count(library.tracks, "track", "tracks"))
                @if library.built_in {
                    ": the built-in pieces. To hear your own music, name its folder under [music] in moodring-host.toml; "
                    "a folder named happy, or a moods.toml beside the files, says what fits which mood."
                }
            }
            @if let Some((seen, of)) = library.scan {
                p.small { "Reading your music: " span.num { (seen) " of " (of) } " files" }
                progress aria-label="Files read" max=(of.max(1)) value=(seen) {}
            }
        }
    }
}

/// What was played last, and why.
pub fn history(plays: &[Play], now: Timestamp) -> Markup {
    html! {
        section #history.card aria-labelledby="history-head" {
            header { h2 #history-head { "Played" } }
            @if plays.is_empty() { p.soft { "Nothing has been played yet." } }
            ol.rows {
                @for play in plays {
                    li {
                        (face(play.mood, "face s"))
                        div.what {
                            b { (play.title) } (by(&play.artist))
                            p { (why(play.mood, &play.reason)) }
                            p.small {
                                @if play.ended.is_none() { "plays now" }
                                @else { (words::span(now.duration_since(play.started).as_secs())) " ago" (ending(play.ending)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

const fn ending(ending: Option<Ending>) -> &'static str {
    match ending {
        Some(Ending::Skipped) => " · skipped",
        Some(Ending::Failed) => " · could not be played",
        _ => "",
    }
}

fn by(artist: &str) -> String {
    if artist.is_empty() { String::new() } else { format!(" by {artist}") }
}

/// The reason for a choice as a sentence that names the mood.
fn why(mood: Mood, reason: &str) -> String {
    let word = look(mood).word;
    match reason.strip_prefix(mood.word()) {
        Some(rest) => format!("{word}{rest}"),
        None if reason.is_empty() => word.to_owned(),
        None => format!("{word}: {reason}"),
    }
}
