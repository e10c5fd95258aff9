//! Faces, icons and the small buttons that more than one part has.

use maud::{Markup, html};
use moodring_mood::Mood;

use super::super::assets;
use crate::library::TrackId;

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

/// The face of a mood, beside its word.
pub fn face(mood: Mood, class: &str) -> Markup {
    html! { img class=(class) src=(assets::at(&format!("{mood}.svg"))) alt="" width="100" height="100"; }
}

/// Icons: the outline of a path on a square of 24.
pub const PLAY: &str = "M8 5.5v13a1 1 0 0 0 1.5.9l10.5-6.5a1 1 0 0 0 0-1.8L9.500 4.600A1 1 0 0 0 8 5.500z";
pub const PAUSE: &str = "M8.500 5v14M15.500 5v14";
pub const SKIP: &str =
    "M5 6.200v11.600a.8.8 0 0 0 1.200.7l9-5.800a.8.8 0 0 0 0-1.400l-9-5.800A.8.8 0 0 0 5 6.200zM19 5.500v13";
pub const HEART: &str = "M12 20s-7.500-4.700-9-9.300C2 7.300 4.300 4.800 7.200 4.800c2 0 3.700 1.100 4.800 2.900 1.100-1.800 2.800-2.900 4.800-2.900 2.900 0 5.200 2.500 4.200 5.900C19.500 15.300 12 20 12 20z";
pub const NOT: &str = "M12 3.500a8.500 8.500 0 1 0 0 17 8.500 8.500 0 0 0 0-17zM6 6l12 12";
/// Something is wrong.
pub const WARNING: &str = "M12 4 2.800 19.500h18.400zM12 10v4.500M12 17.200v.1";

/// One of the icons.
pub fn icon(path: &str) -> Markup {
    html! {
        svg class=(if path == HEART { "heart" } else { "icon" }) viewBox="0 0 24 24" fill="none" stroke="currentColor"
            stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" { path d=(path) {} }
    }
}
