//! What plays and why, and the buttons that steer it.

use maud::{Markup, html};

use super::{
    super::words,
    signs::{NOT, PAUSE, PLAY, SKIP, face, icon, like},
    why,
};
use crate::view::{Paused, PlayingView, State};

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
                    @match state.paused {
                        Paused::ByHand => p { "Paused. Press play to go on." },
                        Paused::NobodyThere => p { "Paused: nobody is there. Music goes on when somebody is back." },
                        Paused::No => {
                            p { "Nothing plays yet." }
                            p.soft { "Music begins as soon as a mood is clear. Or choose a track from the library." }
                        }
                    }
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
