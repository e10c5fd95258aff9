//! `moodring-device run` with a camera module: the program itself, and one that stands in for
//! `rpicam-vid`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use common::{
    Broker, Ear, Heard, PATIENCE,
    device::{Device, workspace},
    moods,
};
use moodring_mood::{Health, Leaf, Mood};

fn healths(heard: &[Heard]) -> Vec<Health> {
    heard.iter().filter(|h| h.leaf == Leaf::Health).map(|h| Health::parse(&h.payload).unwrap()).collect()
}

/// Keys for a camera module whose program behaves so and notes its process number there.
fn module(behave: &str, note: &Path) -> Vec<(&'static str, String)> {
    let command = workspace().join("device/tests/stand-in/rpicam-vid");
    vec![
        ("camera.source", "rpicam".to_owned()),
        ("camera.rpicam.command", command.to_str().unwrap().to_owned()),
        ("camera.rpicam.options", format!("[\"--behave\", {behave:?}, \"--note\", {note:?}]")),
        ("camera.fps", "20".to_owned()),
        ("health.every_s", "1".to_owned()),
    ]
}

fn run(port: u16, keys: &[(&'static str, String)]) -> Device {
    let keys: Vec<(&str, &str)> = keys.iter().map(|(key, value)| (*key, value.as_str())).collect();
    Device::run(port, &keys)
}

/// The process number in the note, once it is there.
fn noted(note: &Path) -> String {
    let start = Instant::now();
    loop {
        if let Some(pid) = fs::read_to_string(note).ok().and_then(|text| Some(text.split_once('\n')?.0.to_owned())) {
            return pid;
        }
        assert!(start.elapsed() < PATIENCE, "the program was not started");
        thread::sleep(Duration::from_millis(10));
    }
}

fn waits_for_the_end_of(pid: &str) {
    let start = Instant::now();
    while Path::new("/proc").join(pid).exists() {
        assert!(start.elapsed() < PATIENCE, "{pid} outlives the device");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_dark_room_is_called_dark_and_no_mood_is_read_from_it() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let note = tempfile::NamedTempFile::new().unwrap();
    // Its first frames are black, and each is a little brighter.
    let mut device = run(broker.port, &module("well", note.path()));
    ear.wait("the dark", |heard| healths(heard).iter().any(|health| health.too_dark));
    let heard = ear.wait("light", |heard| {
        healths(heard).iter().skip_while(|health| !health.too_dark).any(|health| !health.too_dark)
    });
    assert!(moods(&heard).iter().all(|message| message.mood == Mood::Nobody), "{:#?}", moods(&heard));
    assert!(healths(&heard).iter().all(|health| health.camera_problem.is_none()));
    let health = healths(&heard).pop().unwrap();
    assert!(health.fps > 0.5 && health.stages.contains_key("whole"), "{health:?}");
    device.said("the camera module (rpicam-vid), 640×480 YUV420", 1);
    device.said("too dark to see faces", 1);
    device.said("light enough again", 1);
    let pid = noted(note.path());
    device.signal("TERM");
    let (_, status) = device.wait();
    assert!(status.success(), "{:#?}", device.log());
    waits_for_the_end_of(&pid);
}

#[test]
fn the_program_ends_with_the_device_even_if_that_is_killed() {
    for behave in ["well", "hangs", "deaf"] {
        let note = tempfile::NamedTempFile::new().unwrap();
        let mut device = run(Broker::start().port, &module(behave, note.path()));
        let pid = noted(note.path());
        device.signal("KILL");
        device.wait();
        waits_for_the_end_of(&pid);
    }
}

#[test]
fn a_module_that_is_not_there_is_told_and_tried_again() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let note = tempfile::NamedTempFile::new().unwrap();
    let mut device = run(broker.port, &module("no-camera", note.path()));
    ear.wait("the problem", |heard| {
        healths(heard).iter().any(|h| h.camera_problem.as_ref().is_some_and(|p| p.contains("check the ribbon cable")))
    });
    // Another process each time, and the problem is said once.
    let first = noted(note.path());
    let start = Instant::now();
    while noted(note.path()) == first {
        assert!(start.elapsed() < PATIENCE, "it is not tried again");
        thread::sleep(Duration::from_millis(10));
    }
    device.said("check the ribbon cable", 1);
    device.signal("INT");
    assert!(device.wait().1.success());
}

#[test]
fn without_the_program_it_says_what_to_install() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let nothing = tempfile::tempdir().unwrap();
    let mut device = Device::run_with(broker.port, &[("camera.source", "rpicam")], |command| {
        command.env("PATH", nothing.path());
    });
    ear.wait("the problem", |heard| {
        let says =
            "rpicam-vid or libcamera-vid is not installed, and camera modules are read through it: sudo apt install";
        healths(heard).iter().any(|h| h.camera_problem.as_ref().is_some_and(|p| p.starts_with(says)))
    });
    device.signal("TERM");
    assert!(device.wait().1.success());
}
