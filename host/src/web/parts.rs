//! The parts of the page that live: written here once, for the whole page and for each change.
//!
//! A state enters, HTML leaves; pure, with the time as a parameter. All text from outside (titles,
//! reasons, problems) is escaped by `maud`.

use jiff::Timestamp;
use maud::{Markup, html};
use moodring_mood::{Health, Mood, look::look};

use super::{assets, words};
use crate::{
    library::{Ending, Play, TrackId},
    view::{DeviceView, Paused, PlayingView, QueuedView, State},
};

/// How many plays of the past are shown.
pub const PLAYS: u32 = 12;

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

/// Each device, or how to start one.
pub fn devices(state: &State, now: Timestamp) -> Markup {
    html! {
        section #devices aria-label="Devices" {
            @for device in &state.devices { (one_device(device, now)) }
            @if state.devices.is_empty() {
                div.card.empty {
                    (face(Mood::Nobody, "face"))
                    h2 { "No device yet" }
                    p { "Moodring waits for a device that looks into a room. On the machine with the camera, type:" }
                    pre { code { "moodring-device run" } }
                    p.soft.small { "On another machine, name this host under [mqtt] in moodring-device.toml first." }
                }
            }
        }
    }
}

fn one_device(device: &DeviceView, now: Timestamp) -> Markup {
    let percent = device.confidence.percent();
    let span = words::span(now.duration_since(device.since).as_secs());
    let name = format!("device-{}", device.id);
    html! {
        article class={ "card device mood-" (device.mood) @if !device.online { " offline" } } aria-labelledby=(name) {
            div.ring aria-hidden="true" {
                svg.arc viewBox="0 0 100 100" {
                    circle.track cx="50" cy="50" r="45" fill="none" stroke-width="7" {}
                    @if percent > 0 && device.mood != Mood::Nobody { circle.level cx="50" cy="50" r="45" fill="none" stroke-width="7" stroke-linecap="round"
                        pathLength="100" stroke-dasharray={ (percent) " 100" } {} }
                }
                (face(device.mood, "face"))
            }
            div {
                h2 id=(name) {
                    (device.id)
                    @if device.online { span.badge.on { i {} "online" } } @else { span.badge { i {} "offline" } }
                }
                p.word { (look(device.mood).word) }
                @if device.online {
                    p { (sure(device.mood, percent)) }
                    p.soft { "for " (span) @if device.people > 0 { " · " (people(device.people)) } }
                } @else {
                    p.soft { "its last mood, " (span) " ago" }
                }
            }
            (panel(device))
        }
    }
}

fn sure(mood: Mood, percent: u8) -> String {
    match mood {
        Mood::Nobody => "no face in view".to_owned(),
        Mood::Unsure => "not clear enough to say".to_owned(),
        _ => format!("{percent} % sure"),
    }
}

fn people(n: u32) -> String {
    words::count(n.into(), "person in view", "people in view")
}

fn panel(device: &DeviceView) -> Markup {
    html! {
        figure.panel {
            @if device.screen > 0 {
                img src={ "/api/devices/" (device.id) "/screen.png?n=" (device.screen) }
                    alt={ "The screen of " (device.id) } width="240" height="240";
            }
            figcaption {
                @if let Some(health) = &device.health { (stats(health)) }
                @else if device.screen == 0 { p.soft { "Neither picture nor health of this device has come yet." } }
                @else { p.soft { "Its screen, live." } }
            }
        }
    }
}

fn stats(health: &Health) -> Markup {
    let camera = match &health.camera_problem {
        Some(problem) => problem.clone(),
        None => format!("{:.1} frames/s", health.fps),
    };
    let slowest = health.stages.iter().max_by(|a, b| a.1.p50.total_cmp(&b.1.p50));
    let slowest = slowest.map(|(stage, time)| format!("{stage}, {:.1} ms", time.p50));
    let lost = (health.changes_dropped > 0).then(|| words::count(health.changes_dropped, "mood", "moods"));
    let up = words::span(i64::try_from(health.uptime_s).unwrap_or(i64::MAX));
    html! {
        dl.stats {
            @for (what, said) in [
                ("Camera", Some(camera)),
                ("Slowest step", slowest),
                ("Lost on the way", lost),
                ("Up for", Some(up)),
                ("Version", Some(health.version.clone())),
            ] {
                @if let Some(said) = said { div { dt { (what) } dd.num { (said) } } }
            }
        }
    }
}

/// What plays and why, and what can be done about it.
pub fn player(state: &State) -> Markup {
    let mood = state.playing.as_ref().map(|p| p.mood);
    html! {
        section #player class={ "card" @if let Some(mood) = mood { " mood-" (mood) } } aria-labelledby="player-head" {
            header {
                h2 #player-head { "Now playing" }
                span.aside.soft.small {
                    @match (&state.playing, state.paused) {
                        (_, Paused::ByHand) => "paused",
                        (_, Paused::NobodyThere) => "paused: nobody is there",
                        _ => "",
                    }
                }
            }
            @match &state.playing {
                Some(playing) => (track_that_plays(playing)),
                None => div.empty {
                    p { "Nothing plays yet." }
                    p.soft { "Music begins as soon as a mood is clear. Or choose a track from the library." }
                },
            }
            (controls(state))
        }
    }
}

fn track_that_plays(playing: &PlayingView) -> Markup {
    html! {
        div {
            p.title { (playing.title) }
            @if !playing.artist.is_empty() { p.soft { (playing.artist) } }
        }
        p.reason { (face(playing.mood, "face")) span { (why(playing.mood, &playing.reason)) } }
        div.progress {
            @match playing.length_s {
                Some(length) if length > 0.0 => {
                    progress aria-label="Played" max="1000"
                        value=((playing.position_s / length * 1000.0).clamp(0.0, 1000.0).round()) {}
                    p.times.num { span { (words::clock(playing.position_s)) } span { (words::clock(length)) } }
                }
                _ => p.times.num { span { (words::clock(playing.position_s)) } },
            }
        }
    }
}

fn controls(state: &State) -> Markup {
    let paused = state.paused != Paused::No;
    html! {
        @if paused || state.playing.is_some() { div.controls {
            @if let Some(playing) = &state.playing {
                (like(playing.track, playing.liked, "like", "round"))
            }
            form method="post" action=(if paused { "/api/play" } else { "/api/pause" }) {
                button #play-pause.round.big aria-label=(if paused { "Play" } else { "Pause" }) {
                    (icon(if paused { PLAY } else { PAUSE }))
                }
            }
            @if state.playing.is_some() {
                form method="post" action="/api/skip" { button #skip.round aria-label="Skip" { (icon(SKIP)) } }
            }
        } }
        @if let Some((playing, emotion)) = state.playing.as_ref().and_then(|p| Some((p, p.mood.emotion()?))) {
            div.not-for {
                form method="post" action={ "/api/tracks/" (playing.track) "/not-for" }
                    data-said={ "“" (playing.title) "” will not be chosen for " (emotion) " again. The library can take that back." } {
                    input type="hidden" name="mood" value=(emotion);
                    input type="hidden" name="banned" value="true";
                    button #not-for.tiny { (icon(NOT)) "Not for " (emotion) }
                }
            }
        }
    }
}

/// A button that likes a track, or takes the like back.
pub fn like(track: TrackId, liked: bool, id: &str, class: &str) -> Markup {
    html! {
        form method="post" action={ "/api/tracks/" (track) "/like" } {
            input type="hidden" name="liked" value=(!liked);
            button id=(id) class=(class) aria-label="Like" aria-pressed=(liked) { (icon(HEART)) }
        }
    }
}

/// A button that plays a track now.
pub fn play_now(track: TrackId, title: &str, id: &str) -> Markup {
    html! {
        form method="post" action={ "/api/tracks/" (track) "/play" } {
            button.tiny.round id=(id) aria-label={ "Play “" (title) "” now" } { (icon(PLAY)) }
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

/// The face of a mood, beside its word.
pub fn face(mood: Mood, class: &str) -> Markup {
    html! { img class=(class) src=(assets::at(&format!("{mood}.svg"))) alt="" width="100" height="100"; }
}

/// Icons: the outline of a path on a square of 24.
pub const PLAY: &str = "M8 5.5v13a1 1 0 0 0 1.5.9l10.5-6.5a1 1 0 0 0 0-1.8L9.500 4.600A1 1 0 0 0 8 5.500z";
const PAUSE: &str = "M8.500 5v14M15.500 5v14";
const SKIP: &str =
    "M5 6.200v11.600a.8.8 0 0 0 1.200.7l9-5.800a.8.8 0 0 0 0-1.400l-9-5.800A.8.8 0 0 0 5 6.200zM19 5.500v13";
const HEART: &str = "M12 20s-7.500-4.700-9-9.300C2 7.300 4.300 4.800 7.200 4.800c2 0 3.700 1.100 4.800 2.900 1.100-1.800 2.800-2.900 4.800-2.900 2.900 0 5.200 2.500 4.200 5.900C19.500 15.300 12 20 12 20z";
const NOT: &str = "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 6l12 12";
/// Something is wrong.
pub const WARNING: &str = "M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1";

/// One of the icons.
pub fn icon(path: &str) -> Markup {
    html! {
        svg class=(if path == HEART { "heart" } else { "icon" }) viewBox="0 0 24 24" fill="none" stroke="currentColor"
            stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { path d=(path) {} }
    }
}
