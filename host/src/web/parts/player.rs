//! What plays and why, and the buttons that steer it.

use maud::{Markup, html};

use super::{
    super::{seen::Seen, words},
    by,
    signs::{NOT, PAUSE, PLAY, SKIP, at_spotify, face, icon, like},
    why,
};
use crate::view::{Paused, PlayingView};

/// What plays and why, and what can be done about it.
pub fn player(seen: Seen) -> Markup {
    let mood = seen.playing().map(|p| p.mood);
    html! {
        section #player class={ "card" @if let Some(mood) = mood { " mood-" (mood) } } aria-labelledby="player-head" {
            header {
                h2 #player-head { "Now playing" }
                span.aside.soft.small {
                    @match (seen.playing(), seen.paused()) {
                        (_, Paused::ByHand) => "paused",
                        (_, Paused::NobodyThere) => "paused: nobody is there",
                        (_, Paused::QuietHours) => "quiet hours",
                        (_, Paused::Asleep) => "the sleep timer has ended",
                        _ => "",
                    }
                }
            }
            @match seen.playing() {
                Some(playing) => (track_that_plays(playing)),
                None => div.empty {
                    @match seen.paused() {
                        Paused::ByHand => p { "Paused. Press play to go on." },
                        Paused::NobodyThere => p { "Paused: nobody is there. Music goes on when somebody is back." },
                        Paused::QuietHours => p { "Quiet hours: moods start no music. Press play to hear some all the same." },
                        Paused::Asleep => p { "The sleep timer has ended. Press play to go on." },
                        Paused::No => {
                            p { "Nothing plays yet." }
                            p.soft { "Music begins as soon as a mood is clear. Or choose a track from the library." }
                        }
                    }
                },
            }
            (controls(seen))
        }
    }
}

fn track_that_plays(playing: &PlayingView) -> Markup {
    html! {
        div.what-plays {
            img.cover src={ "/api/tracks/" (playing.track) "/sleeve?mood=" (playing.mood) } alt="" width="320" height="320";
            div {
                p.title { (playing.title) }
                @if !playing.artist.is_empty() { p.soft { (playing.artist) } }
                @if let Some(address) = &playing.address { p { (at_spotify(address, &playing.title, "button tiny")) } }
            }
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

fn controls(seen: Seen) -> Markup {
    html! {
        @if seen.paused() != Paused::No || seen.playing().is_some() { div.controls {
            @if let Some(playing) = seen.playing() {
                (like(seen, playing.track, &playing.title, playing.liked, "like", "round"))
            }
            (play_pause(seen, "play-pause", "round big"))
            @if seen.playing().is_some() { (skip(seen, "skip", "round")) }
        } }
        @if let Some((playing, emotion)) = seen.playing().and_then(|p| Some((p, p.mood.emotion()?))) {
            div.not-for {
                form method="post" action=(seen.to(&format!("/api/tracks/{}/not-for", playing.track)))
                    data-said={ "“" (playing.title) "” will not be chosen for " (emotion) " again. The library can take that back." } {
                    input type="hidden" name="mood" value=(emotion);
                    input type="hidden" name="banned" value="true";
                    button #not-for.tiny { (icon(NOT)) "Not for " (emotion) }
                }
            }
        }
    }
}

fn play_pause(seen: Seen, id: &str, class: &str) -> Markup {
    let paused = seen.paused() != Paused::No;
    html! {
        form method="post" action=(seen.to(if paused { "/api/play" } else { "/api/pause" })) {
            button id=(id) class=(class) aria-label=(if paused { "Play" } else { "Pause" }) {
                (icon(if paused { PLAY } else { PAUSE }))
            }
        }
    }
}

fn skip(seen: Seen, id: &str, class: &str) -> Markup {
    html! {
        form method="post" action=(seen.to("/api/skip")) {
            button id=(id) class=(class) aria-label="Skip" { (icon(SKIP)) }
        }
    }
}

/// The player on the pages beside the first, in one line.
pub fn mini(seen: Seen) -> Markup {
    html! {
        aside #mini aria-label="Player" {
            @if let Some(playing) = seen.playing() {
                div.mini class={ "mood-" (playing.mood) } {
                    (face(playing.mood, "face s"))
                    a.what href=(seen.to("/")) {
                        b { (playing.title) } (by(&playing.artist))
                        p { (why(playing.mood, &playing.reason)) }
                    }
                    (play_pause(seen, "mini-play-pause", "tiny round"))
                    (skip(seen, "mini-skip", "tiny round"))
                }
            }
        }
    }
}
