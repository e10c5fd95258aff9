//! Camera modules, with a program that stands in for `rpicam-vid` and behaves in all known ways.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::thread;

use super::*;
use crate::camera::latest::{CameraState, Capture, Next};
use crate::camera::{Source, opener};

fn stand_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stand-in/rpicam-vid")
}

fn settings(fps: u32, options: &[&str]) -> CameraSettings {
    let command = stand_in().to_str().unwrap().to_owned();
    let options = options.iter().map(|option| (*option).to_owned()).collect();
    CameraSettings { fps, rpicam: RpicamSettings { command, options }, ..CameraSettings::default() }
}

fn open(fps: u32, options: &[&str]) -> Module {
    Module::open(&settings(fps, options), &Closing::default()).unwrap()
}

/// Frames until one fails; at most 40.
fn until_it_fails(module: &mut Module) -> (usize, String) {
    for frames in 0..40 {
        if let Err(error) = module.next() {
            return (frames, error.to_string());
        }
    }
    panic!("40 frames without an error");
}

/// Whether this process, or a corpse of it, is still there.
fn is_alive(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

#[test]
fn frames_come_whole_in_order_and_with_the_time_at_which_they_came() {
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("note");
    let mut module = open(20, &["--note", note.to_str().unwrap(), "--rotation", "180"]);
    for expect in 1..=5_u8 {
        let before = Timestamp::now();
        let frame = module.next().unwrap();
        let took = frame.at.duration_since(before).as_secs_f64();
        assert!((0.0..10.0).contains(&took), "{took}");
        assert_eq!((frame.seq, frame.picture.format()), (u64::from(expect) - 1, PixelFormat::I420));
        let view = frame.picture.view();
        assert_eq!((view.width(), view.height()), (640, 480));
        for (x, y) in [(0, 0), (639, 0), (0, 479), (639, 479)] {
            assert_eq!((view.luma(x, y), view.rgb(x, y)), (expect, [expect; 3]), "{x},{y}");
        }
    }
    assert_eq!(module.describe(), "the camera module (rpicam-vid), 640×480 YUV420, 20 frames/s");
    let said = fs::read_to_string(&note).unwrap();
    let (pid, arguments) = said.split_once('\n').unwrap();
    for option in [
        "--codec yuv420",
        "--nopreview",
        "--timeout 0",
        "--flush",
        "--width 640 --height 480 --framerate 20",
        "--output -",
        "--exposure sport",
        "--rotation 180",
    ] {
        assert!(arguments.contains(option), "{option} in {arguments}");
    }
    // Closed means closed: no process, and no corpse of one.
    assert!(is_alive(pid));
    drop(module);
    assert!(!is_alive(pid));
}

#[test]
fn an_exposure_of_the_users_own_takes_the_place_of_ours() {
    for own in [&["--exposure", "normal"][..], &["--exposure=normal"]] {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("note");
        let mut module = open(20, &[&["--note", note.to_str().unwrap()][..], own].concat());
        module.next().unwrap();
        let said = fs::read_to_string(&note).unwrap();
        assert!(said.contains(&own.join(" ")) && said.matches("--exposure").count() == 1, "{said}");
    }
}

#[test]
fn rows_are_padded_to_64_bytes_and_the_size_is_the_one_the_camera_settled_on() {
    let mut module = open(20, &["--behave", "adjusts"]);
    for expect in 1..=3 {
        let frame = module.next().unwrap();
        let view = frame.picture.view();
        assert_eq!((view.width(), view.height()), (600, 400));
        assert_eq!((view.luma(599, 399), view.rgb(599, 399)), (expect, [expect; 3]));
    }
}

#[test]
fn the_size_asked_for_needs_no_padding() {
    let wanted = |width, height| {
        let Layout { width, height } = Layout::wanted(&CameraSettings { width, height, ..CameraSettings::default() });
        (width, height)
    };
    assert_eq!(wanted(640, 480), (640, 480));
    assert_eq!(wanted(800, 601), (832, 602));
    assert_eq!(wanted(32, 32), (64, 32));
    assert_eq!(Layout { width: 600, height: 400 }.bytes(), 640 * 600);
    assert_eq!(Layout { width: 640, height: 480 }.bytes(), 640 * 480 * 3 / 2);
}

#[test]
fn each_way_to_fail_says_what_to_do() {
    for (behave, frames, says) in [
        ("no-camera", 0, "rpicam-vid: finds no camera: switch the Raspberry Pi off, check the ribbon cable"),
        ("busy", 0, "rpicam-vid: the camera is busy: another program uses it"),
        ("breaks-off", 2, "rpicam-vid: ended (exit status: 1) and said \"[0:00:52.24]"),
    ] {
        let (got, error) = until_it_fails(&mut open(30, &["--behave", behave]));
        assert!(error.starts_with(says), "{behave}: {error}\nshould say {says}");
        assert_eq!(got, frames, "{behave}");
    }
}

#[test]
fn a_camera_that_falls_silent_is_given_up_in_time() {
    for (behave, frames, says) in [
        ("hangs", 0, "rpicam-vid: gave no picture and said "),
        ("loosens", 2, "rpicam-vid: the camera does not answer: check that its ribbon cable sits firmly"),
    ] {
        let mut module = open(30, &["--behave", behave]);
        module.timeouts = (Duration::from_secs(3), Duration::from_millis(600));
        let (got, error) = until_it_fails(&mut module);
        assert!(error.starts_with(says), "{behave}: {error}\nshould say {says}");
        assert_eq!(got, frames, "{behave}");
    }
}

#[test]
fn frames_of_another_size_are_noticed() {
    // Rows of 600 bytes, and nothing said about it.
    let (frames, error) = until_it_fails(&mut open(10, &["--behave", "silent", "--rows", "600"]));
    assert!(error.contains("its frames are not the 460800 bytes of 640×480"), "{error}");
    assert!(frames >= 9, "{frames}");
}

#[test]
fn closing_waits_for_nobody_and_leaves_nothing_behind() {
    for behave in ["hangs", "deaf"] {
        let folder = tempfile::tempdir().unwrap();
        let note = folder.path().join("note");
        let closing = Closing::default();
        let settings = settings(10, &["--behave", behave, "--note", note.to_str().unwrap()]);
        let mut module = Module::open(&settings, &closing).unwrap();
        let asks = thread::spawn(move || {
            thread::sleep(Duration::from_millis(300));
            closing.ask();
            Instant::now()
        });
        let error = loop {
            if let Err(error) = module.next() {
                break error;
            }
        };
        assert!(matches!(error, CameraError::Closing), "{behave}: {error}");
        drop(module);
        let took = asks.join().unwrap().elapsed();
        assert!(took < Duration::from_secs(3), "{behave}: {took:?}");
        let said = fs::read_to_string(&note).unwrap();
        let pid = said.lines().next().unwrap();
        assert!(!is_alive(pid), "{behave}");
    }
}

#[test]
fn a_program_that_is_not_there_or_cannot_be_started_is_named() {
    let error = |command: &str| {
        let rpicam = RpicamSettings { command: command.to_owned(), ..RpicamSettings::default() };
        let settings = CameraSettings { rpicam, ..CameraSettings::default() };
        Module::open(&settings, &Closing::default()).unwrap_err().to_string()
    };
    let missing = error("/nowhere/rpicam-vid");
    assert!(
        missing.starts_with("/nowhere/rpicam-vid is not installed") && missing.ends_with("apt install rpicam-apps")
    );
    // This file is there, and no program.
    let none = error(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    assert!(none.starts_with("Cargo.toml: cannot be started: Permission denied"), "{none}");
}

#[test]
fn the_modules_that_are_connected_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let list = |name: &str, closing: &Closing| {
        let path = folder.path().join(name);
        symlink(stand_in(), &path).unwrap();
        let command = path.to_str().unwrap().to_owned();
        modules(&RpicamSettings { command, ..RpicamSettings::default() }, closing)
    };
    assert_eq!(list("rpicam-vid", &Closing::default()).unwrap(), ["imx219"]);
    assert_eq!(list("rpicam-none", &Closing::default()).unwrap(), Vec::<String>::new());
    let closing = Closing::default();
    closing.ask();
    assert!(matches!(list("rpicam-hangs", &closing), Err(CameraError::Closing)));
}

#[test]
fn a_program_that_ends_is_started_again_and_the_room_is_watched_on() {
    let settings = CameraSettings { source: Source::Rpicam, ..settings(30, &["--behave", "breaks-off"]) };
    let capture = Capture::start(opener(settings));
    let (start, mut firsts) = (Instant::now(), 0);
    while firsts < 3 {
        if let Next::Frame(frame) = capture.next(Duration::from_millis(100)) {
            firsts += u32::from(frame.seq == 0);
        }
        assert!(start.elapsed() < Duration::from_secs(60), "{firsts} starts; {:?}", capture.state());
    }
    // Twice a pause has grown: a quarter of a second, then a half.
    assert!(start.elapsed() >= Duration::from_millis(750));
    capture.stop();
}

#[test]
fn auto_takes_the_module_that_the_program_knows() {
    let settings = CameraSettings { source: Source::Auto, ..settings(30, &[]) };
    let capture = Capture::start(opener(settings));
    let start = Instant::now();
    while !matches!(capture.next(Duration::from_millis(100)), Next::Frame(_)) {
        assert!(start.elapsed() < Duration::from_secs(30), "{:?}", capture.state());
    }
    assert_eq!(
        capture.state(),
        CameraState::Running("the camera module (rpicam-vid), 640×480 YUV420, 30 frames/s".to_owned())
    );
}
