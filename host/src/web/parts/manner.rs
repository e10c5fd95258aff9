//! What music does about the moods of a room: the mode, the way of a lift, the loudness, the sleep timer.

use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};

use super::{
    super::{seen::Seen, words},
    signs::{self, icon},
};
use crate::{
    decide::mode::Mode,
    view::{PathView, PointView, RoomView},
};

/// Minutes that the sleep timer is offered for.
const SLEEP_MIN: [u32; 4] = [15, 30, 60, 90];

/// By so much a press changes the loudness.
const LOUDER: f32 = 0.1;

/// The card of it; nothing where no room is known.
pub fn manner(seen: Seen, now: Timestamp) -> Markup {
    html! {
        section #manner.card aria-labelledby="manner-head" {
            @if let Some(room) = seen.here() {
                header {
                    h2 #manner-head { "Music and mood" }
                    span.aside.soft.small { @if room.mode_by_hand.is_some() { "chosen by hand" } @else { "as the settings say" } }
                }
                (modes(seen, room))
                @if room.quiet {
                    p.reason { (icon(signs::MOON)) span { "Quiet hours: moods start no music." } }
                }
                @if let Some(path) = &room.path { (way(path)) }
                div.settings { (volume(seen, room)) (sleep(seen, room, now)) }
            } @else { h2 #manner-head { "Music and mood" } }
        }
    }
}

fn modes(seen: Seen, room: &RoomView) -> Markup {
    html! {
        form.modes method="post" action=(seen.to("/api/mode")) aria-label="What music does about moods" {
            @for mode in Mode::ALL {
                @let (word, says, sign) = described(mode);
                button.mode id={ "mode-" (mode.word()) } name="mode" value=(mode.word()) aria-pressed=(room.mode == mode) {
                    (icon(sign)) span { b { (word) } small { (says) } }
                }
            }
            @if room.mode_by_hand.is_some() {
                button #mode-auto.tiny name="mode" value="auto" { "As the settings say" }
            }
        }
    }
}

/// A mode's name, what it does and its sign.
const fn described(mode: Mode) -> (&'static str, &'static str, &'static str) {
    match mode {
        Mode::Match => ("Match", "stays with the mood", signs::SAME),
        Mode::Lift => ("Lift", "leads to brighter music", signs::RISE),
        Mode::Calm => ("Calm", "leads to quiet music", signs::WAVE),
        Mode::Off => ("Off", "moods change nothing", signs::POWER),
    }
}

/// The way that the music leads, drawn on the plane of moods and told in words.
fn way(path: &PathView) -> Markup {
    let at = |p: &PointView| (160.0 + 128.0 * p.valence, 92.0 - 68.0 * p.arousal);
    let line = |points: &[PointView]| {
        let places = points.iter().map(|p| format!("{:.0},{:.0}", at(p).0, at(p).1));
        places.collect::<Vec<_>>().join(" ")
    };
    let heard = &path.points[..path.step.min(path.points.len())];
    html! {
        figure.way {
            svg viewBox="0 0 320 184" role="img" aria-label=(path.words) {
                path.axis d="M24 92H296M160 14V170" {}
                text x="26" y="84" { "dark" }
                text x="294" y="84" text-anchor="end" { "bright" }
                text x="166" y="22" { "lively" }
                text x="166" y="176" { "quiet" }
                polyline.ahead points=(line(&path.points)) {}
                polyline.heard points=(line(heard)) {}
                @for (i, point) in path.points.iter().enumerate() {
                    @let (x, y) = at(point);
                    g class=(stage(path, i)) {
                        circle cx=(format!("{x:.0}")) cy=(format!("{y:.0}")) r="11" {}
                        text x=(format!("{x:.0}")) y=(format!("{:.0}", y + 4.5)) text-anchor="middle" { (i + 1) }
                    }
                }
            }
            figcaption {
                p { (words::capital(&path.words)) }
                ol.steps {
                    @for (i, point) in path.points.iter().enumerate() {
                        li class=(stage(path, i)) aria-current=[(i + 1 == path.step).then_some("step")] {
                            b { (point.word) }
                            @if let Some(title) = &point.title { " · " (title) }
                            @if i + 1 == path.step { span.soft { " plays" } }
                        }
                    }
                }
                @if path.over { p.soft.small { "It has arrived, and stays there until the mood changes." } }
                @else { p.soft.small { "It began with " (path.from) "." } }
            }
        }
    }
}

const fn stage(path: &PathView, i: usize) -> &'static str {
    if i + 1 < path.step {
        "done"
    } else if i + 1 == path.step {
        "current"
    } else {
        "ahead"
    }
}

fn volume(seen: Seen, room: &RoomView) -> Markup {
    let step = |by: f32, label: &str, sign: &str, id: &str| {
        let to = (room.volume + by).clamp(0.0, 1.0);
        html! {
            button.tiny.round id=(id) name="volume" value=(format!("{to:.2}")) aria-label=(label)
                aria-disabled=[((to - room.volume).abs() < 0.005).then_some("true")] { (icon(sign)) }
        }
    };
    let percent = |share: f32| (share * 100.0).round();
    html! {
        div.setting {
            h3 { "Loudness" }
            form.steps-of method="post" action=(seen.to("/api/volume")) aria-label="Loudness" {
                (step(-LOUDER, "Quieter", signs::LESS, "quieter"))
                span.num { (percent(room.volume)) " %" }
                (step(LOUDER, "Louder", signs::ADD, "louder"))
            }
            @if room.volume_max < room.volume {
                p.soft.small { "Heard at " (percent(room.volume_max)) " %: no louder at this hour." }
            } @else if room.volume_max < 1.0 {
                p.soft.small { "At most " (percent(room.volume_max)) " % at this hour." }
            }
        }
    }
}

fn sleep(seen: Seen, room: &RoomView, now: Timestamp) -> Markup {
    html! {
        div.setting {
            h3 { "Sleep timer" }
            form.steps-of method="post" action=(seen.to("/api/sleep")) aria-label="Fade out after" {
                @if let Some(at) = room.sleep_at {
                    span.num {
                        "fades out at " (at.to_zoned(TimeZone::system()).strftime("%H:%M"))
                        ", in " (words::span(at.duration_since(now).as_secs()))
                    }
                    button #sleep-0.tiny name="minutes" value="0" { "Stay awake" }
                } @else {
                    @for minutes in SLEEP_MIN {
                        button.tiny id={ "sleep-" (minutes) } name="minutes" value=(minutes) { (minutes) " min" }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use moodring_mood::Emotion;

    use super::*;
    use crate::{decide::path::Goal, view::State};

    fn lift(step: usize) -> PathView {
        let point =
            |(valence, arousal)| PointView { valence, arousal, word: "gentle", title: Some("<Rain>".to_owned()) };
        PathView {
            goal: Goal::Lift,
            from: Emotion::Sad,
            step,
            points: [(-0.6, -0.3), (0.0, 0.0), (0.8, 0.5)].map(point).to_vec(),
            words: "a lift from sad over 3 tracks".to_owned(),
            over: step == 3,
        }
    }

    #[test]
    fn a_way_says_where_it_is_in_words_and_as_a_drawing() {
        let html = way(&lift(2)).into_string();
        assert_eq!(html.matches("<circle").count(), 3);
        assert_eq!(html.matches("aria-current=\"step\"").count(), 1);
        for said in
            ["aria-label=\"a lift from sad over 3 tracks\"", "&lt;Rain&gt;", "It began with sad", "class=\"done\""]
        {
            assert!(html.contains(said), "{said}: {html}");
        }
        assert!(way(&lift(3)).into_string().contains("It has arrived"));
        assert!(!way(&lift(0)).into_string().contains("aria-current"));
    }

    #[test]
    fn loudness_and_timer_say_what_holds_now() {
        let now: Timestamp = "2026-11-23T22:00:00Z".parse().unwrap();
        let room = RoomView {
            volume: 0.9,
            volume_max: 0.4,
            quiet: true,
            sleep_at: Some("2026-11-23T22:28:00Z".parse().unwrap()),
            ..RoomView::default()
        };
        let state = State { rooms: vec![room], ..State::default() };
        let html = manner(Seen { state: &state, room: 0 }, now).into_string();
        for said in
            ["90 %", "Heard at 40 %", "in 28 min", "Stay awake", "Quiet hours", "value=\"0.80\"", "value=\"1.00\""]
        {
            assert!(html.contains(said), "{said}: {html}");
        }
        // Whoever has the focus on it keeps it at the end of the scale.
        let loudest = State { rooms: vec![RoomView { volume: 1.0, ..RoomView::default() }], ..State::default() };
        let html = manner(Seen { state: &loudest, room: 0 }, now).into_string();
        assert!(html.matches("aria-disabled=\"true\"").count() == 1 && !html.contains(" disabled"), "{html}");
    }
}
