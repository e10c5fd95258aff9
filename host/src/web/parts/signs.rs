//! Faces, icons and the small buttons that more than one part has.

use maud::{Markup, html};
use moodring_mood::Mood;

use super::super::{assets, seen::Seen};
use crate::library::TrackId;

/// A button that likes a track, or takes the like back.
pub fn like(seen: Seen, track: TrackId, title: &str, liked: bool, id: &str, class: &str) -> Markup {
    html! {
        form method="post" action=(seen.to(&format!("/api/tracks/{track}/like"))) {
            input type="hidden" name="liked" value=(!liked);
            button id=(id) class=(class) aria-label={ "Like “" (title) "”" } aria-pressed=(liked) { (icon(HEART)) }
        }
    }
}

/// A button that plays a track now.
pub fn play_now(seen: Seen, track: TrackId, title: &str, id: &str) -> Markup {
    html! {
        form method="post" action=(seen.to(&format!("/api/tracks/{track}/play"))) {
            button.tiny.round id=(id) aria-label={ "Play “" (title) "” now" } { (icon(PLAY)) }
        }
    }
}

/// The same, on the track's cover.
pub fn play_on_cover(seen: Seen, track: TrackId, title: &str, id: &str) -> Markup {
    html! {
        form method="post" action=(seen.to(&format!("/api/tracks/{track}/play"))) {
            button.sleeve id=(id) aria-label={ "Play “" (title) "” now" } {
                img src={ "/api/tracks/" (track) "/sleeve" } alt="" width="56" height="56" loading="lazy" decoding="async";
                span { (icon(PLAY)) }
            }
        }
    }
}

/// What else can be done about a track, behind three dots; `deeds` are its buttons.
pub fn more(id: &str, title: &str, deeds: &Markup) -> Markup {
    html! {
        details.more id=(id) name="more" {
            summary id={ (id) "-dots" } aria-label={ "More for “" (title) "”" } { (icon(MORE)) }
            div.deeds { p.of { (title) } (deeds) }
        }
    }
}

/// The buttons that put a track into what comes next.
pub fn enqueue(seen: Seen, track: TrackId, title: &str, id: &str) -> Markup {
    let put = |first: bool, words: &str, sign: &str, end: &str| {
        html! {
            form method="post" action=(seen.to("/api/queue")) data-said={ "“" (title) "” " (end) } {
                input type="hidden" name="track" value=(track);
                input type="hidden" name="first" value=(first);
                button.tiny id={ (id) @if first { "-soon" } @else { "-add" } } { (icon(sign)) (words) }
            }
        }
    };
    html! { (put(true, "Play next", SOON, "comes next.")) (put(false, "Add to queue", ADD, "waits in the queue.")) }
}

/// Opens a track of Spotify's there.
pub fn at_spotify(address: &str, title: &str, class: &str) -> Markup {
    html! {
        a class=(class) href=(address) target="_blank" rel="noopener noreferrer" {
            (icon(WAVES)) "Open in Spotify" span.sr { ": " (title) }
        }
    }
}

/// The face of a mood, beside its word.
pub fn face(mood: Mood, class: &str) -> Markup {
    html! { img class=(class) src=(assets::at(&format!("{mood}.svg"))) alt="" width="100" height="100"; }
}

/// Icons: the outline of a path on a square of 24.
pub const WAVES: &str =
    "M4 8.500c5.500-2 11.500-1.500 16 1.500M5.500 13c4.500-1.500 9-1 13 1.500M7 17c3.500-1 6.500-.500 9.500 1.200";
pub const PLAY: &str = "M8 5.5v13a1 1 0 0 0 1.5.9l10.5-6.5a1 1 0 0 0 0-1.8L9.500 4.600A1 1 0 0 0 8 5.500z";
pub const PAUSE: &str = "M8.500 5v14M15.500 5v14";
pub const SKIP: &str =
    "M5 6.200v11.600a.8.8 0 0 0 1.200.7l9-5.800a.8.8 0 0 0 0-1.400l-9-5.800A.8.8 0 0 0 5 6.200zM19 5.500v13";
pub const HEART: &str = "M12 20s-7.500-4.700-9-9.300C2 7.300 4.300 4.800 7.200 4.800c2 0 3.700 1.100 4.800 2.900 1.100-1.800 2.800-2.900 4.800-2.900 2.900 0 5.200 2.500 4.200 5.900C19.500 15.300 12 20 12 20z";
pub const NOT: &str = "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 6l12 12";
pub const MORE: &str = "M5 12h.01M12 12h.01M19 12h.01";
pub const UP: &str = "M12 19V5M6 11l6-6 6 6";
pub const DOWN: &str = "M12 5v14M6 13l6 6 6-6";
pub const REMOVE: &str = "M6 6l12 12M18 6 6 18";
pub const ADD: &str = "M12 5v14M5 12h14";
pub const SOON: &str = "M4 6h10M4 12h7M4 18h7M15 11v9l6.500-4.500z";
pub const LESS: &str = "M5 12h14";
pub const SAME: &str = "M5 9h14M5 15h14";
pub const RISE: &str = "M4 18l6-6 4 4 6-9M15 7h5v5";
pub const WAVE: &str = "M3 14c2.500-4 5-4 7 0s4.500 4 7 0 3.500-3 4-2";
pub const POWER: &str = "M12 4v8M7.500 6.800a7 7 0 1 0 9 0";
pub const MOON: &str = "M19.500 14.500A8 8 0 0 1 9.500 4.500a8 8 0 1 0 10 10z";
/// The pages.
pub const NOW: &str =
    "M9 18V6l10-2v11.500M9 18a2.500 2.500 0 1 1-2.500-2.500H9zM19 15.500a2.500 2.500 0 1 1-2.500-2.500H19z";
pub const SHELF: &str = "M5 4.500v15M10 4.500v15M14.500 5l4.500 14.500";
pub const PAST: &str =
    "M12 7.500V12l3.200 2M4.500 12a7.500 7.500 0 1 0 2.400-5.500L4.500 8.800M4.500 4.500v4.300h4.300";
pub const LEARNT: &str = "M9 18.500h6M10 21h4M12 3.500a6 6 0 0 0-3.500 10.900c.5.400.8 1 .8 1.600h5.400c0-.6.3-1.200.8-1.600A6 6 0 0 0 12 3.500z";
/// Something is wrong.
pub const WARNING: &str = "M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1";

/// One of the icons.
pub fn icon(path: &str) -> Markup {
    html! {
        svg class=(if path == HEART { "heart" } else { "icon" }) viewBox="0 0 24 24" fill="none" stroke="currentColor"
            stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { path d=(path) {} }
    }
}
