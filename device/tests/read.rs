//! `read`: files, folders and lists in; JSON lines and complaints out.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use image::{GrayImage, Luma};
use moodring_device::read::{self, Count, Subject};
use moodring_device::see::{Seer, VisionSettings};
use serde_json::Value;

fn photograph() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/vision/tests/data/astronaut.jpg")
}

struct Said {
    count: Count,
    lines: Vec<Value>,
    complaints: Vec<String>,
}

fn read(subject: Subject, paths: &[&Path], input: &[u8]) -> Said {
    let mut seer = Seer::open(&VisionSettings::default()).unwrap_or_else(|e| panic!("{e}"));
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    let (mut output, mut complaints) = (Vec::new(), Vec::new());
    let count = read::run(&mut seer, subject, &paths, &mut &input[..], &mut output, &mut complaints).unwrap();
    let lines = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect::<Vec<_>>();
    let parsed = lines(output).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    Said { count, lines: parsed, complaints: lines(complaints) }
}

#[test]
fn a_photograph_gives_a_line_with_its_face() {
    let said = read(Subject::Scene, &[&photograph()], b"");
    assert_eq!(said.count, Count { read: 1, failed: 0 });
    let line = &said.lines[0];
    assert_eq!(line["image"], photograph().display().to_string());
    let face = &line["faces"][0];
    assert_eq!(face["mood"], "happy");
    assert_eq!(face["confidence"], face["scores"]["happy"]);
    let numbers: Vec<f64> = face["box"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
    assert!(numbers[0] > 150.0 && numbers[0] + numbers[2] < 400.0, "{numbers:?}");
    let sum: f64 = face["scores"].as_object().unwrap().values().map(|v| v.as_f64().unwrap()).sum();
    assert!((sum - 1.0).abs() < 0.001, "{sum}");
    assert_eq!(face.as_object().unwrap().len(), 4);
}

#[test]
fn a_cropped_face_is_the_whole_image() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("face.png");
    GrayImage::from_fn(48, 48, |x, y| Luma([(x * 5) as u8 ^ y as u8])).save(&path).unwrap();
    let said = read(Subject::Cropped, &[&path], b"");
    assert_eq!(said.lines[0]["faces"][0]["box"], serde_json::json!([0.0, 0.0, 48.0, 48.0]));
}

#[test]
fn folders_are_read_by_name_and_lists_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("b/deep")).unwrap();
    let picture = GrayImage::from_pixel(48, 48, Luma([90]));
    for name in ["c.png", "a.png", "b/deep/z.png", "b/y.png"] {
        picture.save(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("notes.txt"), "no image, and not named like one").unwrap();
    let names = |said: &Said| {
        let root = folder.path().display().to_string();
        let name = |line: &Value| line["image"].as_str().unwrap().replace(&root, "");
        said.lines.iter().map(name).collect::<Vec<_>>()
    };
    let said = read(Subject::Cropped, &[folder.path()], b"");
    assert_eq!(names(&said), ["/a.png", "/b/deep/z.png", "/b/y.png", "/c.png"]);

    let list = format!("{0}/c.png\r\n\n{0}/b\n{0}/gone.png", folder.path().display());
    let said = read(Subject::Cropped, &[Path::new("-")], list.as_bytes());
    assert_eq!(names(&said), ["/c.png", "/b/deep/z.png", "/b/y.png"]);
    assert_eq!(said.count, Count { read: 3, failed: 1 });
    assert!(said.complaints[0].contains("gone.png: cannot be read: "), "{:?}", said.complaints);
}

#[test]
fn each_bad_file_gives_one_line_and_the_others_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    };
    let jpeg = fs::read(photograph()).unwrap();
    let bad = [
        (file("empty.jpg", b""), "no image of a known kind"),
        (file("text.png", b"hello"), "no image of a known kind"),
        (file("head.jpg", &jpeg[..100]), "broken JPEG"),
        (file("line\nbreak.jpg", b"x"), "no image of a known kind"),
        (folder.path().join("gone.jpg"), "cannot be read"),
        (PathBuf::from("/dev/null"), "not a file"),
    ];
    let mut paths: Vec<&Path> = bad.iter().map(|(path, _)| path.as_path()).collect();
    let good = photograph();
    paths.push(&good);
    let said = read(Subject::Scene, &paths, b"");
    assert_eq!(said.count, Count { read: 1, failed: bad.len() as u64 });
    for ((path, says), complaint) in bad.iter().zip(&said.complaints) {
        let name = path.file_name().unwrap().to_str().unwrap().replace('\n', "\u{fffd}");
        assert!(complaint.contains(&name) && complaint.contains(says), "{complaint} should say {says}");
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(read(Subject::Scene, &[empty.path()], b"").complaints[0].ends_with("(.jpg, .png, .gif, .bmp, .webp)"));
}

/// Output that nobody reads any more.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_closed_output_ends_quietly() {
    let mut seer = Seer::open(&VisionSettings::default()).unwrap_or_else(|e| panic!("{e}"));
    let paths = [photograph(), photograph()];
    let done = read::run(&mut seer, Subject::Scene, &paths, &mut io::empty(), &mut Closed, &mut io::sink());
    assert_eq!(done.unwrap().read, 1);
}
