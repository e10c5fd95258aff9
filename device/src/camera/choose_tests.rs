//! What is taken, on machines with all kinds of cameras.

use super::*;

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

#[test]
fn auto_takes_a_module_then_the_wanted_device_then_any_then_the_clip() {
    let forbidden = node("/dev/video1", Access::Forbidden, "locked");
    let nodes = vec![forbidden.clone(), camera("/dev/video2", "a"), camera("/dev/video4", "b")];
    let take = |wanted: &str, modules: Modules, nodes: &[Node]| {
        choose(&settings(Source::Auto, wanted), None, &Around { modules, nodes: nodes.to_vec() })
    };
    assert_eq!(take("/dev/video4", listed(&["imx219"]), &nodes), module("imx219"));
    assert_eq!(take("/dev/video4", listed(&[]), &nodes), device("/dev/video4"));
    assert_eq!(take("/dev/video4", Modules::Trouble("no".to_owned()), &nodes), device("/dev/video4"));
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
    let trouble = Modules::Trouble("rpicam-vid is not installed".to_owned());
    for (choice, modules, says) in [
        (module("imx219"), listed(&["imx219"]), "the module imx219 is on the ribbon cable (source = \"auto\")"),
        (device("/dev/null"), Modules::None, "/dev/null is there (source = \"auto\")"),
        (
            device("/dev/null"),
            trouble,
            "/dev/null is there; a module is on the ribbon cable, but rpicam-vid is not installed (source = \"auto\")",
        ),
        (device("/dev/video-none"), Modules::None, "/dev/video-none is waited for (source = \"auto\")"),
        (
            Choice::Replay(Why::NoCamera),
            listed(&[]),
            "none is plugged in; replaying deploy/demo/clip until one is; no module answers on the ribbon cable \
             (source = \"auto\")",
        ),
    ] {
        assert_eq!(choice.in_words(&auto, &modules).as_deref(), Some(says));
    }
    assert_eq!(device("/dev/null").in_words(&settings(Source::V4l2, "/dev/null"), &Modules::None), None);
}
