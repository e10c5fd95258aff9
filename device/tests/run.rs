//! `moodring-device run` as people meet it: the real clip, the real networks, a real broker.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use common::{
    Broker, Ear, Heard,
    device::{Device, clip, command},
    moods,
};
use moodring_mood::{Health, Leaf, Mood, Topic};
use serde::Deserialize;

/// A stop takes less than two seconds; the rest is for a machine that is busy with other tests.
const PROMPT: Duration = Duration::from_secs(5);

/// A stretch of the clip in which the mood must have settled.
#[derive(Deserialize)]
struct Stretch {
    mood: Mood,
}

fn expected() -> Vec<Mood> {
    let file = common::device::workspace().join("deploy/demo/expected.json");
    let stretches: Vec<Stretch> = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    stretches.into_iter().map(|stretch| stretch.mood).collect()
}

/// The moods in the order in which they were heard, without repetitions.
fn trace(heard: &[Heard]) -> Vec<Mood> {
    let mut trace: Vec<Mood> = moods(heard).into_iter().map(|message| message.mood).collect();
    trace.dedup();
    trace
}

fn healths(heard: &[Heard]) -> Vec<Health> {
    heard.iter().filter(|h| h.leaf == Leaf::Health).map(|h| Health::parse(&h.payload).unwrap()).collect()
}

#[test]
fn the_clip_is_heard_as_the_moods_that_people_see_in_it() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let keys = [
        ("camera.source", "replay"),
        ("camera.replay.path", &clip()),
        ("camera.replay.pace", "fast"),
        ("camera.replay.loop", "false"),
    ];
    let mut device = Device::run(broker.port, &keys);
    let (time, status) = device.wait();
    assert!(status.success(), "{:#?}", device.log());
    ear.wait_for_last(Leaf::Status, "offline");
    let heard = ear.all();
    let mut trace = trace(&heard);
    // On the way from one mood to the next the room may be unsure, and between two people it is empty
    // too briefly to be called so for certain. Before and after them it is.
    let ends = (trace.first().copied(), trace.last().copied());
    assert_eq!(ends, (Some(Mood::Nobody), Some(Mood::Nobody)));
    let seen = |mut trace: Vec<Mood>| {
        trace.retain(|mood| mood.emotion().is_some());
        trace.dedup();
        trace
    };
    trace = seen(trace);
    assert_eq!(trace, seen(expected()), "{:#?}", moods(&heard));
    let log = device.log();
    let changes = log.iter().filter(|line| line.contains(" %, ") || line.contains("nobody is there")).count();
    assert!(changes <= trace.len() + 4 && log.len() < 40, "the log is not calm: {log:#?}");
    println!("the whole clip, as fast as can be: {time:?}");
}

#[test]
fn lives_with_its_surroundings_and_leaves_politely() {
    let broker = Broker::start();
    let port = broker.port;
    let folder = tempfile::tempdir().unwrap();
    let png = folder.path().join("screen.png");
    let ear = Ear::new(port);
    let keys = [
        ("camera.source", "replay"),
        ("camera.replay.path", &clip()),
        ("screen.png", png.to_str().unwrap()),
        ("health.every_s", "1"),
    ];
    let mut device = Device::run(port, &keys);

    // A mood is heard soon after the frame that decided it.
    let heard = ear.wait("a happy room", |heard| trace(heard).contains(&Mood::Happy));
    let happy = heard.into_iter().rfind(|h| h.leaf == Leaf::Mood).unwrap();
    let latency = happy.clock.duration_since(moods(std::slice::from_ref(&happy))[0].at);
    println!("from the capture of the deciding frame to the subscriber: {latency:?}");
    assert!(latency.as_millis() < 1500, "{latency:?}");

    // The screen is there as a file and as a message, and they are pictures.
    assert_eq!(image::open(&png).unwrap().width(), 240);
    assert_eq!(image::load_from_memory(&ear.wait_for(Leaf::Screen).payload).unwrap().height(), 240);

    // How it does is told, stage by stage.
    let heard = ear.wait("health", |heard| healths(heard).iter().any(|h| h.stages.contains_key("emotion")));
    let health = healths(&heard).pop().unwrap();
    assert!(health.fps > 0.5 && health.camera_problem.is_none(), "{health:?}");
    for stage in ["wait", "letterbox", "detect", "decode", "total", "whole", "screen"] {
        assert!(health.stages.contains_key(stage), "{stage} is missing in {health:?}");
    }

    // Nonsense is refused with one line, a song is shown.
    let topic = Topic::new("hall".parse().unwrap(), Leaf::NowPlaying);
    ear.say(&topic, "{\"v\":1,\"playing\":7}");
    let song =
        r#"{"v":1,"at":"2026-11-22T20:00:00Z","playing":{"title":"T","artist":"A","mood":"happy","reason":"r"}}"#;
    ear.say(&topic, song);
    // The same picture is said again now and then: only other ones count.
    let screens = |heard: &[Heard]| {
        let pictures = heard.iter().filter(|h| h.leaf == Leaf::Screen).map(|h| &h.payload);
        pictures.collect::<std::collections::HashSet<_>>().len()
    };
    let before = screens(&ear.all());
    ear.wait("a screen with the song", |heard| screens(heard) > before);
    device.said("now_playing", 1);

    // The broker dies and comes back with nothing in its memory: all is said again.
    drop(broker);
    thread::sleep(Duration::from_millis(500));
    let broker = Broker::start_on(port);
    let late = Ear::new(port);
    late.wait_for_last(Leaf::Status, "online");
    late.wait_for(Leaf::Mood);
    late.wait_for(Leaf::Screen);
    device.said("no connection to the broker", 1);
    device.said("connected to the broker", 2);

    // Told to stop, it says so and goes.
    let screens_before = screens(&late.all());
    device.signal("TERM");
    let (time, status) = device.wait();
    assert!(status.success() && time < PROMPT, "{status} after {time:?}: {:#?}", device.log());
    late.wait_for_last(Leaf::Status, "offline");
    late.wait("the goodbye picture", |heard| screens(heard) > screens_before);
    println!("from SIGTERM to the end: {time:?}");
    drop(broker);
}

#[test]
fn a_log_that_nobody_reads_any_more_ends_nothing() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let port = broker.port.to_string();
    let clip = clip();
    let keys =
        [("id", "hall"), ("mqtt.port", &port), ("camera.source", "replay"), ("camera.replay.path", clip.as_str())];
    let mut child = command(&keys).args(["run", "-vv"]).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(!line.is_empty());
    ear.wait("a happy room", |heard| trace(heard).contains(&Mood::Happy));
    let status = Command::new("kill").args(["-s", "TERM", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(0), "{status}");
    ear.wait_for_last(Leaf::Status, "offline");
}

#[test]
fn a_device_that_is_killed_is_told_offline_by_its_last_will() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let device = Device::run(broker.port, &[("camera.source", "replay"), ("camera.replay.path", &clip())]);
    ear.wait_for_last(Leaf::Status, "online");
    device.signal("KILL");
    ear.wait_for_last(Leaf::Status, "offline");
}

#[test]
fn without_camera_and_panel_it_says_so_and_goes_on() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let keys = [("camera.source", "v4l2"), ("camera.device", "/dev/video99"), ("screen.png", "/nowhere/at/all.png")];
    let mut device = Device::run(broker.port, &keys);
    let heard = ear.wait("a health message that names the camera", |heard| {
        healths(heard).iter().any(|h| h.camera_problem.as_ref().is_some_and(|p| p.contains("/dev/video99")))
    });
    assert!(!heard.is_empty());
    ear.wait_for(Leaf::Screen);
    ear.wait("nobody in the room", |heard| trace(heard) == [Mood::Nobody]);
    device.said("/dev/video99", 1);
    device.said("/nowhere/at/all.png", 1);
    device.signal("INT");
    let (time, status) = device.wait();
    assert!(status.success() && time < PROMPT, "{status} after {time:?}: {:#?}", device.log());
}

#[test]
fn without_a_broker_it_watches_and_leaves_at_once() {
    let port = Broker::start().port;
    let mut device = Device::run(port, &[("camera.source", "replay"), ("camera.replay.path", &clip())]);
    device.said("happy, ", 1);
    device.said("no connection to the broker", 1);
    // As a terminal's Ctrl-C does it under a script: one signal from each.
    device.signal("INT");
    device.signal("TERM");
    let (time, status) = device.wait();
    assert!(status.success() && time < PROMPT, "{status} after {time:?}: {:#?}", device.log());
}
