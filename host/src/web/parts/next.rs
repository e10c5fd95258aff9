//! What comes next, each track with its reason and with what can be done about it.

use maud::{Markup, html};

use super::{
    super::{seen::Seen, words},
    by,
    signs::{DOWN, PLAY, REMOVE, UP, at_spotify, face, icon, more},
    why,
};
use crate::view::QueuedView;

/// What comes next.
pub fn next(seen: Seen) -> Markup {
    let queue = seen.queue();
    html! {
        section #next.card aria-labelledby="next-head" {
            header {
                h2 #next-head { "Next" }
                span.aside.soft.small.num { (words::count(queue.len() as u64, "track", "tracks")) }
            }
            @if queue.is_empty() { p.soft { "Nothing waits. The next mood decides." } }
            ol.rows {
                @for (i, track) in queue.iter().enumerate() {
                    @let nth = queue[..i].iter().filter(|other| other.track == track.track).count();
                    @let id = format!("next-{}-{nth}", track.track);
                    li id=(id) {
                        (face(track.mood, "face s"))
                        div.what { b { (track.title) } (by(&track.artist)) p { (why(track.mood, &track.reason)) } }
                        (more(&format!("{id}-more"), &track.title, &deeds(seen, i, queue.len(), track, &id)))
                    }
                }
            }
            p.soft.small { a href=(seen.to("/library")) { "Add music from the library" } }
        }
    }
}

fn deeds(seen: Seen, at: usize, of: usize, track: &QueuedView, id: &str) -> Markup {
    let shift = |to: usize, words: &str, sign: &str, end: &str| {
        html! {
            form method="post" action=(seen.to("/api/queue/move")) {
                input type="hidden" name="track" value=(track.track);
                input type="hidden" name="from" value=(at);
                input type="hidden" name="to" value=(to);
                button.tiny id={ (id) "-" (end) } { (icon(sign)) (words) }
            }
        }
    };
    html! {
        form method="post" action=(seen.to(&format!("/api/tracks/{}/play", track.track))) {
            button.tiny id={ (id) "-play" } { (icon(PLAY)) "Play now" }
        }
        @if let Some(address) = &track.address { (at_spotify(address, &track.title, "button tiny")) }
        @if at > 0 { (shift(at - 1, "Sooner", UP, "up")) }
        @if at + 1 < of { (shift(at + 1, "Later", DOWN, "down")) }
        form method="post" action=(seen.to("/api/queue/remove")) {
            input type="hidden" name="track" value=(track.track);
            input type="hidden" name="at" value=(at);
            button.tiny id={ (id) "-remove" } { (icon(REMOVE)) "Remove" }
        }
    }
}
