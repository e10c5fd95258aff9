//! What is taken, on machines with all kinds of cameras.

use super::*;
use crate::camera::ReplaySettings;

fn node(path: &str, access: Access, name: &str) -> Node {
    let identity = Identity { card: name.to_owned(), bus: format!("usb-{name}") };
    Node { path: path.into(), access, identity: Some(identity) }
}

fn camera(path: &str, name: &str) -> Node {
    node(path, Access::Camera, name)
}

fn kept(path: &str, name: &str) -> Kept {
    let Node { path, identity, .. } = camera(path, name);
    Kept::Device(path, identity.unwrap())
}

fn device(path: &str) -> Choice {
    Choice::Device(path.into())
}

fn module(sensor: &str) -> Choice {
    Choice::Module(Some(sensor.to_owned()))
}

fn settings(source: Source, device: &str) -> CameraSettings {
    CameraSettings { device: device.into(), source, ..CameraSettings::default() }
}

fn listed(sensors: &[&str]) -> Modules {
    Modules::Listed(sensors.iter().map(|sensor| (*sensor).to_owned()).collect())
}

fn no_program() -> CameraError {
    CameraError::NoProgram("rpicam-vid".to_owned())
}

#[test]
fn auto_takes_a_module_then_the_wanted_device_then_any_then_the_clip() {
    let forbidden = node("/dev/video1", Access::Forbidden, "locked");
    let nodes = vec![forbidden.clone(), camera("/dev/video2", "a"), camera("/dev/video4", "b")];
    let take = |wanted: &str, modules: Modules, nodes: &[Node]| {
        choose(&settings(Source::Auto, wanted), None, &Around { modules, nodes: nodes.to_vec() })
    };
    assert_eq!(take("/dev/video4", listed(&["imx219"]), &nodes), module("imx219"));
    assert_eq!(take("/dev/video4", listed(&[]), &nodes), device("/dev/video4"));
    assert_eq!(take("/dev/video4", Modules::Trouble(no_program()), &nodes), device("/dev/video4"));
    assert_eq!(take("/dev/video0", Modules::None, &nodes), device("/dev/video2"));
    assert_eq!(take("/dev/video0", Modules::None, &[]), Choice::Replay(Why::NoCamera));
    assert_eq!(take("/dev/video0", listed(&[]), &[forbidden]), Choice::Replay(Why::Forbidden("/dev/video1".into())));
}

#[test]
fn the_other_sources_take_what_they_say() {
    let around = Around { modules: listed(&["imx219"]), nodes: vec![camera("/dev/video0", "a")] };
    assert_eq!(choose(&settings(Source::V4l2, "/dev/video9"), None, &around), device("/dev/video9"));
    assert_eq!(choose(&settings(Source::Rpicam, "/dev/video0"), None, &around), Choice::Module(None));
    assert_eq!(choose(&settings(Source::Replay, "/dev/video0"), None, &around), Choice::Replay(Why::Asked));
}

#[test]
fn a_camera_that_comes_back_under_another_name_is_found() {
    let back = Around { nodes: vec![camera("/dev/video1", "logi")], ..Around::default() };
    let before = kept("/dev/video-gone", "logi");
    for source in [Source::Auto, Source::V4l2] {
        let settings = settings(source, "/dev/video-gone");
        assert_eq!(choose(&settings, Some(&before), &back), device("/dev/video1"), "{source:?}");
        assert_eq!(choose(&settings, Some(&before), &Around::default()), device("/dev/video-gone"), "{source:?}");
    }
    // Somebody named the device: another camera is not taken instead. `auto` does.
    let other = Around { nodes: vec![camera("/dev/video1", "other")], ..Around::default() };
    let named = settings(Source::V4l2, "/dev/video-gone");
    assert_eq!(choose(&named, Some(&before), &other), device("/dev/video-gone"));
    assert_eq!(choose(&settings(Source::Auto, "/dev/video-gone"), Some(&before), &other), device("/dev/video1"));
}

#[test]
fn a_camera_that_was_open_is_kept_and_never_replaced_by_a_clip() {
    let auto = settings(Source::Auto, "/dev/video0");
    let both = Around { modules: listed(&["imx219"]), nodes: vec![camera("/dev/video0", "logi")] };
    assert_eq!(choose(&auto, Some(&kept("/dev/video0", "logi")), &both), device("/dev/video0"));
    assert_eq!(choose(&auto, Some(&Kept::Module), &both), module("imx219"));
    // The module's cable came loose: the webcam, if there is one.
    let webcam = Around { modules: listed(&[]), nodes: both.nodes.clone() };
    assert_eq!(choose(&auto, Some(&Kept::Module), &webcam), device("/dev/video0"));
    let none = Around { modules: listed(&[]), nodes: vec![] };
    assert_eq!(choose(&auto, Some(&Kept::Module), &none), Choice::Module(None));
    assert_eq!(choose(&auto, Some(&kept("/dev/video0", "logi")), &none), device("/dev/video0"));
}

#[test]
fn auto_says_what_it_takes_and_why_in_one_line() {
    let auto = settings(Source::Auto, "/dev/null");
    let trouble = Modules::Trouble(no_program());
    for (choice, modules, says) in [
        (module("imx219"), listed(&["imx219"]), "the module imx219 is on the ribbon cable (source = \"auto\")"),
        (device("/dev/null"), Modules::None, "/dev/null is there (source = \"auto\")"),
        (
            device("/dev/null"),
            trouble,
            "/dev/null is there; a module is on the ribbon cable, but rpicam-vid is not installed, and camera modules \
             are read through it: sudo apt install rpicam-apps (source = \"auto\")",
        ),
        (device("/dev/video-none"), Modules::None, "/dev/video-none is waited for (source = \"auto\")"),
        (
            Choice::Replay(Why::NoCamera),
            listed(&[]),
            "none is plugged in; replaying deploy/demo/clip until one is; no module answers on the ribbon cable \
             (source = \"auto\")",
        ),
    ] {
        assert_eq!(choice.in_words(&auto, &modules, true).as_deref(), Some(says));
    }
    assert_eq!(device("/dev/null").in_words(&settings(Source::V4l2, "/dev/null"), &Modules::None, true), None);
}

#[test]
fn without_a_clip_auto_says_why_there_is_no_camera_and_that_one_is_waited_for() {
    let auto = settings(Source::Auto, "/dev/video0");
    let forbidden = Why::Forbidden("/dev/video1".into());
    for (why, modules, error, waits) in [
        (
            Why::NoCamera,
            Modules::None,
            "no camera at /dev/video0: plug one in",
            "none is plugged in; waiting until one is",
        ),
        (
            Why::NoCamera,
            Modules::Trouble(no_program()),
            "rpicam-vid is not installed, and camera modules are read through it: sudo apt install rpicam-apps",
            "none is plugged in; waiting until one is; a module is on the ribbon cable, but rpicam-vid is not installed",
        ),
        (
            Why::NoCamera,
            listed(&[]),
            "rpicam-vid: finds no camera: switch the Raspberry Pi off, check the ribbon cable at both ends",
            "none is plugged in; waiting until one is; no module answers on the ribbon cable",
        ),
        (
            forbidden,
            Modules::None,
            "no right to open /dev/video1: sudo usermod -aG video $USER, then log in again",
            "no right to open /dev/video1 (sudo usermod -aG video $USER); waiting until a camera is found",
        ),
    ] {
        let found = why.no_camera(&auto, &modules).unwrap();
        // It is looked for again soon, but a program that takes its time is not asked all the time.
        assert_eq!(found.is_absence(), !matches!(found, CameraError::Module { .. }), "{found}");
        let said = found.to_string();
        assert!(said.starts_with(error), "{said}\nshould say {error}");
        let said = Choice::Replay(why).in_words(&auto, &modules, false).unwrap();
        assert!(said.starts_with(waits), "{said}\nshould say {waits}");
    }
    assert_eq!(Why::Asked.no_camera(&auto, &Modules::None), None, "the clip itself is missing then");
}

#[test]
fn a_clip_that_is_not_there_is_blamed_only_where_it_was_asked_for() {
    let opened = |source, command: &str| {
        let settings = CameraSettings {
            replay: ReplaySettings { path: "/nowhere/clip".into(), ..ReplaySettings::default() },
            rpicam: rpicam::RpicamSettings { command: command.to_owned(), ..rpicam::RpicamSettings::default() },
            ..settings(source, "/dev/video-none")
        };
        let mut open = opener(settings);
        open(&Closing::default()).err().unwrap()
    };
    assert!(matches!(opened(Source::Replay, ""), CameraError::NoClip { .. }));
    // On a machine with a camera, that one is taken.
    if devices::present("/dev/video-none".as_ref()).is_empty() && !devices::module_is_connected() {
        for (command, error) in [
            ("", CameraError::Missing("/dev/video-none".into())),
            ("/nowhere/rpicam-vid", CameraError::NoProgram("/nowhere/rpicam-vid".to_owned())),
        ] {
            let found = opened(Source::Auto, command);
            assert_eq!(found, error);
            assert!(found.is_absence(), "it is looked for again soon");
        }
    }
}
