//! `doctor` as a newcomer meets it: the clip for a camera, a real broker, and none.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use common::{
    Broker,
    device::{clip, command, end},
};
use serde_json::Value;

fn parts(report: &Value) -> Vec<(&str, &str)> {
    let parts = report["parts"].as_array().unwrap();
    parts.iter().map(|part| (part["part"].as_str().unwrap(), part["verdict"].as_str().unwrap())).collect()
}

#[test]
fn every_part_is_looked_at_in_order_and_told_to_people_and_machines() {
    let broker = Broker::start();
    let (port, clip) = (broker.port.to_string(), clip());
    let keys = [
        ("id", "hall"),
        ("mqtt.port", port.as_str()),
        ("camera.source", "replay"),
        ("camera.replay.path", clip.as_str()),
    ];
    let mut json = command(&keys);
    json.args(["doctor", "--json"]);
    let (status, output, error) = end(json);
    let report: Value = serde_json::from_str(&output).unwrap();
    let names: Vec<&str> = parts(&report).into_iter().map(|(part, _)| part).collect();
    let expected = [
        "machine",
        "clock",
        "disk",
        "temperature",
        "supply",
        "library",
        "networks",
        "camera",
        "light",
        "face",
        "SPI",
        "pins",
        "screen",
        "pairing",
        "broker",
    ];
    assert_eq!(names, expected);
    let verdict = |name: &str| parts(&report).into_iter().find(|(part, _)| *part == name).unwrap().1.to_owned();
    for good in ["library", "networks", "light", "screen", "broker"] {
        assert_eq!(verdict(good), "good", "{report:#}");
    }
    assert_eq!(verdict("camera"), "note", "a clip is no camera");
    assert_eq!(report["healthy"].as_bool().unwrap(), status.success(), "the status says what the report says");
    // The TensorFlow Lite library says a word of its own; findings are all that the program says.
    assert!(error.lines().all(|line| line.starts_with("INFO: ")), "{error}");

    drop(broker);
    let mut text = command(&keys);
    text.arg("doctor");
    let (status, output, error) = end(text);
    assert_eq!(status.code(), Some(1), "{output}{error}");
    assert!(output.contains("WRONG  broker") && output.contains("nobody listens there"), "{output}");
    assert!(output.contains("type:  ping -c 3 127.0.0.1"), "{output}");
    assert!(output.lines().last().unwrap().contains("broker"), "{output}");
    println!("{output}");
}

#[test]
fn a_missing_library_camera_and_certificate_do_not_keep_it_from_the_rest() {
    let keys = [
        ("vision.library", "/nowhere/lib.so"),
        ("camera.source", "v4l2"),
        ("camera.device", "/dev/video99"),
        ("mqtt.tls.enabled", "true"),
        ("mqtt.tls.ca_file", "/nowhere/ca.pem"),
    ];
    let mut json = command(&keys);
    json.args(["doctor", "--json"]);
    let (status, output, error) = end(json);
    assert_eq!(status.code(), Some(1), "{error}");
    let report: Value = serde_json::from_str(&output).unwrap();
    for (part, says) in [("library", "/nowhere/lib.so"), ("camera", "/dev/video99"), ("broker", "mqtt.tls.ca_file")] {
        let found = report["parts"].as_array().unwrap().iter().find(|found| found["part"] == part).unwrap();
        assert_eq!(found["verdict"], "bad");
        assert!(found["problem"].as_str().unwrap().contains(says), "{found}");
    }
    assert!(parts(&report).contains(&("face", "skipped")));
}
