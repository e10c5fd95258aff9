//! The parts of the page that live: written here once, for the whole page and for each change.
//!
//! A state enters, HTML leaves; pure, with the time as a parameter. All text from outside (titles,
//! reasons, problems) is escaped by `maud`.

mod devices;
mod manner;
mod next;
mod pairing;
mod player;
mod signs;

use jiff::Timestamp;
use maud::{Markup, html};
use moodring_mood::{Mood, look::look};

use super::{
    seen::{Seen, in_address},
    words,
};
use crate::{
    app::Handle,
    library::{Ending, Play, StoreError},
    view::{Paused, State},
};
pub use devices::devices;
pub use manner::manner;
pub use next::next;
pub use pairing::pairing;
pub use player::{mini, player};
pub use signs::*;

/// How many plays of the past are shown.
const PLAYS: u32 = 8;

/// The plays of the past that are shown: of this room, where there are several.
///
/// # Errors
/// The database cannot be read.
pub async fn plays(handle: &Handle) -> Result<Vec<Play>, StoreError> {
    let room = (handle.room_names().count() > 1).then(|| handle.room_name());
    handle.plays_before(room, None, PLAYS).await
}

/// Every part by its name: the `id` of its element, or `title` for the title of the window.
pub fn all(seen: Seen, plays: &[Play], now: Timestamp) -> Vec<(&'static str, String)> {
    let state = seen.state;
    vec![
        ("title", title(seen)),
        ("told", told(seen).into_string()),
        ("rooms", rooms(seen).into_string()),
        ("notices", notices(state).into_string()),
        ("devices", devices(seen, now).into_string()),
        ("player", player(seen).into_string()),
        ("mini", mini(seen).into_string()),
        ("next", next(seen).into_string()),
        ("manner", manner(seen, now).into_string()),
        ("shelf", shelf(state).into_string()),
        ("history", history(seen, plays, now).into_string()),
    ]
}

/// The title of the window: what matters first, as tabs are narrow.
pub fn title(seen: Seen) -> String {
    let mood = seen.devices().find(|d| d.online).map(|d| look(d.mood).word);
    let track = seen.playing().map(|p| p.title.as_str());
    let mut words: Vec<_> = mood.into_iter().chain(track).collect();
    words.push("Moodring");
    words.join(" · ")
}

/// What a screen reader is told when it changes: the moods and the track.
pub fn told(seen: Seen) -> Markup {
    html! {
        p #told .sr role="status" aria-live="polite" {
            @for device in seen.devices() {
                (device.id) ": " (if device.online { look(device.mood).word } else { "offline" }) ". "
            }
            @match (seen.playing(), seen.paused()) {
                (None, _) => "Nothing plays.",
                (Some(playing), Paused::No) => { "Now playing: " (playing.title) (by(&playing.artist)) "." }
                (Some(_), _) => "Paused.",
            }
        }
    }
}

/// The rooms, where there are several; each leads to the same page there, whichever it is.
pub fn rooms(seen: Seen) -> Markup {
    if !seen.of_several() {
        return html! { nav #rooms hidden {} };
    }
    html! {
        nav #rooms.rooms aria-label="Rooms" {
            @for (i, room) in seen.state.rooms.iter().enumerate() {
                a.button href={ "?room=" (in_address(&room.name)) } aria-current=[(i == seen.room).then_some("true")] {
                    @if let Some(emotion) = room.mood { (face(emotion.into(), "face")) }
                    (room.name)
                    @if let Some(emotion) = room.mood { span.soft { (look(emotion.into()).word) } }
                }
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
pub fn history(seen: Seen, plays: &[Play], now: Timestamp) -> Markup {
    html! {
        section #history.card aria-labelledby="history-head" {
            header { h2 #history-head { "Played" } a.aside.small href=(seen.to("/history")) { "All of it" } }
            @if plays.is_empty() { p.soft { "Nothing has been played yet." } }
            ol.rows { @for play in plays { li { (one_play(play, now)) } } }
        }
    }
}

/// One play: what, why, when, and how it ended.
pub fn one_play(play: &Play, now: Timestamp) -> Markup {
    html! {
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

const fn ending(ending: Option<Ending>) -> &'static str {
    match ending {
        Some(Ending::Skipped) => " · skipped",
        Some(Ending::Failed) => " · could not be played",
        _ => "",
    }
}

/// " by" who made it, where that is known.
pub fn by(artist: &str) -> String {
    if artist.is_empty() { String::new() } else { format!(" by {artist}") }
}

/// The reason for a choice as a sentence that names the mood.
pub fn why(mood: Mood, reason: &str) -> String {
    let word = look(mood).word;
    match reason.strip_prefix(mood.word()) {
        Some(rest) => format!("{word}{rest}"),
        None if reason.is_empty() => word.to_owned(),
        None => format!("{word}: {reason}"),
    }
}
