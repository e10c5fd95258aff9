//! The devices: the mood of each in word and picture, its panel and how it is doing.

use jiff::Timestamp;
use maud::{Markup, html};
use moodring_mood::{Health, Mood, look::look};

use super::{
    super::{seen::Seen, words},
    signs::face,
};
use crate::view::DeviceView;

/// Each device, or how to start one.
pub fn devices(seen: Seen, now: Timestamp) -> Markup {
    html! {
        section #devices aria-label="Devices" {
            @for device in seen.devices() { (one_device(device, now)) }
            @if seen.devices().next().is_none() {
                div.card.empty {
                    (face(Mood::Nobody, "face"))
                    h2 { "No device yet" }
                    p { "Moodring waits for a device that looks into a room. For a camera on this very machine, type:" }
                    pre { code { "MOODRING_DEVICE__MQTT__HOST=127.0.0.1 moodring-device run" } }
                    p.soft.small { "A device elsewhere finds this host by itself, and shows a code for “Add a device”. If this page has no such place, set enabled = true under [pairing] in moodring-host.toml." }
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
                @if device.online && device.paused {
                    p { "its camera is closed on purpose; this was its last mood" }
                } @else if device.online {
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
                    alt={ "The screen of " (device.id) ", drawn: " (look(device.mood).word) } width="240" height="240";
            }
            figcaption {
                @if let Some(health) = &device.health { (stats(health)) }
                @else if device.screen == 0 { p.soft { "Neither picture nor health of this device has come yet." } }
                @if device.screen > 0 {
                    p.soft.small { "Its screen, live" @if !device.online { " until it went" } ". What its camera sees never leaves it." }
                }
            }
        }
    }
}

fn stats(health: &Health) -> Markup {
    let camera = match &health.camera_problem {
        Some(problem) => problem.clone(),
        None if health.too_dark => "too dark to see faces".to_owned(),
        None => format!("{:.1} frames/s", health.fps),
    };
    let whole = health.stages.get("whole").map(|time| format!("{:.1} ms", time.p50));
    let lost = (health.changes_dropped > 0).then(|| words::count(health.changes_dropped, "mood", "moods"));
    let up = words::span(i64::try_from(health.uptime_s).unwrap_or(i64::MAX));
    html! {
        dl.stats {
            @for (what, said) in [
                ("Camera", Some(camera)),
                ("Frame to mood", whole),
                ("Lost on the way", lost),
                ("Up for", Some(up)),
                ("Version", Some(health.version.clone())),
            ] {
                @if let Some(said) = said { div { dt { (what) } dd.num { (said) } } }
            }
        }
    }
}
