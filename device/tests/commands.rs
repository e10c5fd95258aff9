//! The other commands, and what is said about each mistake.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead, BufReader, Write},
    os::unix::ffi::OsStrExt,
    process::Stdio,
    sync::mpsc,
    thread,
};

use common::device::{clip, command, end, library, workspace};

/// The one line that a mistake is worth.
fn complaint(keys: &[(&str, &str)], args: &[&str]) -> String {
    let mut command = command(keys);
    command.args(args);
    let (status, output, error) = end(command);
    assert_eq!(status.code(), Some(1), "{args:?}: {error}");
    assert_eq!(output, "");
    let lines: Vec<&str> = error.lines().filter(|line| line.starts_with("moodring-device: ")).collect();
    assert_eq!(lines.len(), 1, "one message: {error}");
    assert!(!error.contains("panicked"), "{error}");
    lines[0].to_owned()
}

#[test]
fn a_good_configuration_is_called_good() {
    let example = workspace().join("device/moodring-device.toml");
    let mut command = command(&[("id", "hall")]);
    command.arg("check-config").arg("--config").arg(&example);
    let (status, output, error) = end(command);
    assert!(status.success(), "{error}");
    assert_eq!(output, format!("{}: good; this device is \"hall\" on the wire\n", example.display()));
}

#[test]
fn mistakes_in_the_configuration_say_where_and_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("device.toml");
    let path = file.to_str().unwrap();
    for (text, says) in [
        ("[camera]\nwidht = 5\n", "device.toml:2: unknown key `widht`; did you mean `width`?"),
        ("[mqtt]\nport = \"x\"\n", "device.toml:2: invalid type: string \"x\""),
        ("[camera]\nfps = 0\n", "device.toml:2: camera.fps is 0; it must lie within 1 and 60"),
        ("[camera\n", "device.toml:1: "),
        ("id = \"a b\"\n", "device.toml:1: \"a b\" cannot name a device"),
        ("[mqtt]\nusername = \"u\"\npassword_file = \"/nowhere/p\"\n", "/nowhere/p (mqtt.password_file)"),
        ("[mqtt.tls]\nenabled = true\nca_file = \"/nowhere/ca.pem\"\n", "/nowhere/ca.pem (mqtt.tls.ca_file)"),
    ] {
        fs::write(&file, text).unwrap();
        for verb in ["check-config", "run"] {
            let complaint = complaint(&[], &["--config", path, verb]);
            assert!(complaint.contains(says), "{complaint}\nshould say {says}");
        }
    }
    let missing = complaint(&[], &["--config", "/nowhere/device.toml", "run"]);
    assert!(missing.contains("cannot read the configuration /nowhere/device.toml"), "{missing}");
    let variable = complaint(&[("camera.fps", "many")], &["run"]);
    assert!(variable.contains("environment variable MOODRING_DEVICE__CAMERA__FPS"), "{variable}");
}

#[test]
fn a_library_or_network_that_will_not_do_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken");
    let path = broken.to_str().unwrap();
    let missing = complaint(&[("vision.library", "/nowhere/lib.so")], &["run"]);
    assert!(missing.contains("/nowhere/lib.so") && missing.contains("deploy/fetch-tflite"), "{missing}");
    let mut bytes = fs::read(library()).unwrap();
    bytes[1000] ^= 1;
    fs::write(&broken, bytes).unwrap();
    let other = complaint(&[("vision.library", path)], &["run"]);
    assert!(other.contains("sha256") && other.contains("deploy/fetch-tflite"), "{other}");
    let model = fs::read(workspace().join("models/emotion.tflite")).unwrap();
    fs::write(&broken, &model[..model.len() / 2]).unwrap();
    let truncated = complaint(&[("vision.emotion_model", path)], &["check-config"]);
    assert!(truncated.contains(path) || truncated.contains("broken"), "{truncated}");
    let face = workspace().join("models/face.tflite");
    let swapped = complaint(&[("vision.emotion_model", face.to_str().unwrap())], &["check-config"]);
    assert!(swapped.contains("does not fit"), "{swapped}");
}

#[test]
fn pictures_are_read_and_bad_ones_named() {
    let folder = tempfile::tempdir().unwrap();
    let bad = folder.path().join("bad.jpg");
    fs::write(&bad, b"no picture").unwrap();
    fs::write(folder.path().join("empty.png"), b"").unwrap();
    let face = workspace().join("models/vision/tests/data/astronaut.jpg");
    let mut command = command(&[]);
    command.arg("read").args([&face, &bad]).arg(folder.path().join("empty.png")).arg("/nowhere.png");
    let (status, output, error) = end(command);
    assert_eq!(status.code(), Some(1), "what could not be read shows in the status");
    let lines: Vec<serde_json::Value> = output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["faces"][0]["mood"], "happy");
    for name in ["bad.jpg", "empty.png", "/nowhere.png"] {
        assert_eq!(error.lines().filter(|line| line.contains(name)).count(), 1, "{error}");
    }
    let mut cropped = common::device::command(&[]);
    cropped.args(["read", "--cropped"]).arg(format!("{}/.", clip()));
    let (status, output, error) = end(cropped);
    assert!(status.success(), "{error}");
    assert_eq!(output.lines().count(), fs::read_dir(clip()).unwrap().count());
}

#[test]
fn a_list_on_standard_input_is_answered_line_by_line() {
    let mut command = command(&[]);
    command.args(["read", "--cropped", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (mut input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let (said, answers) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            said.send(line.unwrap()).unwrap();
        }
    });
    let mut names: Vec<_> = fs::read_dir(clip()).unwrap().map(|entry| entry.unwrap().path()).take(3).collect();
    names.sort();
    for name in names {
        writeln!(input, "{}", name.display()).unwrap();
        let answer = answers.recv_timeout(common::PATIENCE).expect("an answer before the next line");
        assert!(answer.contains(name.to_str().unwrap()), "{answer}");
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

#[test]
fn variables_that_are_not_utf_8_are_refused_by_name_or_passed_over() {
    let bytes = OsStr::from_bytes(b"caf\xe9");
    let mut other = command(&[("id", "hall")]);
    other.env("SOMETHING_ELSE", bytes).arg("check-config");
    let (status, _, error) = end(other);
    assert!(status.success(), "{error}");
    let mut ours = command(&[]);
    ours.env("MOODRING_DEVICE__MQTT__HOST", bytes).arg("check-config");
    let (status, _, error) = end(ours);
    assert_eq!(status.code(), Some(1));
    assert!(error.contains("environment variable MOODRING_DEVICE__MQTT__HOST: is not UTF-8"), "{error}");
}

#[test]
fn a_screen_is_drawn_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("screen.png");
    for (size, width, height) in [("240x240", 240, 240), ("320x240", 320, 240), ("128x64", 128, 64)] {
        let mut command = command(&[]);
        command.args(["screen", "--mood", "happy", "--size", size, "--state", "playing", "--out"]).arg(&out);
        let (status, _, error) = end(command);
        assert!(status.success(), "{error}");
        let picture = image::open(&out).unwrap();
        assert_eq!((picture.width(), picture.height()), (width, height));
    }
    let nowhere = complaint(&[], &["screen", "--mood", "sad", "--out", "/nowhere/x.png"]);
    assert!(nowhere.contains("cannot write /nowhere/x.png"), "{nowhere}");
}
