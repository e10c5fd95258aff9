//! Clips of all three kinds, replayed.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

use image::codecs::gif::GifEncoder;
use image::{Delay, GrayImage, Luma, Rgba, RgbaImage};
use moodring_device::camera::replay::Replay;
use moodring_device::camera::{Camera, CameraError, Closing, Pace, ReplaySettings};
use moodring_device::frame::{Frame, PixelFormat};

fn replay(path: &Path, pace: Pace, repeat: bool) -> Result<Replay, CameraError> {
    Replay::open(&ReplaySettings { path: path.to_owned(), pace, repeat }, 25, &Closing::default())
}

fn real_time(path: &Path, fps: u32, repeat: bool) -> Replay {
    Replay::open(&ReplaySettings { path: path.to_owned(), pace: Pace::RealTime, repeat }, fps, &Closing::default())
        .unwrap()
}

/// All frames of a clip that does not repeat.
fn frames(path: &Path) -> Vec<Frame> {
    let mut replay = replay(path, Pace::Fast, false).unwrap();
    let mut frames = Vec::new();
    loop {
        match replay.next() {
            Ok(frame) => frames.push(frame),
            Err(CameraError::End(_)) => return frames,
            Err(e) => panic!("{e}"),
        }
    }
}

fn lumas(frames: &[Frame]) -> Vec<u8> {
    frames.iter().map(|frame| frame.picture.view().luma(1, 1)).collect()
}

/// Milliseconds of the clip from one frame to the next.
fn gaps(frames: &[Frame]) -> Vec<i64> {
    frames.windows(2).map(|pair| pair[1].at.as_millisecond() - pair[0].at.as_millisecond()).collect()
}

fn folder_of_three() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, level) in [("b.png", 20), ("a.bmp", 10), ("c.webp", 30)] {
        GrayImage::from_pixel(8, 8, Luma([level])).save(folder.path().join(name)).unwrap();
    }
    fs::write(folder.path().join("CREDITS"), "not an image").unwrap();
    folder
}

#[test]
fn a_folder_is_shown_by_name_at_the_rate_asked_for() {
    let folder = folder_of_three();
    let frames = frames(folder.path());
    assert_eq!(lumas(&frames), [10, 20, 30]);
    assert_eq!(gaps(&frames), [40, 40]);
    assert_eq!(frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [0, 1, 2]);
}

#[test]
fn a_bad_image_in_a_folder_is_skipped() {
    let folder = folder_of_three();
    fs::write(folder.path().join("aa.jpg"), "not an image").unwrap();
    assert_eq!(lumas(&frames(folder.path())), [10, 20, 30]);
    let only_bad = tempfile::tempdir().unwrap();
    fs::write(only_bad.path().join("a.jpg"), "not an image").unwrap();
    let error = replay(only_bad.path(), Pace::Fast, true).unwrap().next().unwrap_err().to_string();
    assert!(error.ends_with("none of its images can be read"), "{error}");
}

#[test]
fn a_gif_keeps_its_own_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.gif");
    let mut gif = GifEncoder::new(File::create(&path).unwrap());
    for (level, delay) in [(0, 50), (255, 200), (0, 100)] {
        let image = RgbaImage::from_pixel(8, 8, Rgba([level, level, level, 255]));
        let delay = Delay::from_numer_denom_ms(delay, 1);
        gif.encode_frame(image::Frame::from_parts(image, 0, 0, delay)).unwrap();
    }
    drop(gif);
    let frames = frames(&path);
    assert_eq!(lumas(&frames), [0, 255, 0]);
    assert_eq!(gaps(&frames), [50, 200]);
}

/// Raw video of two frames, 6×4 pixels at 50 frames a second.
fn y4m(folder: &Path, colour: &str, chroma: usize) -> std::path::PathBuf {
    let path = folder.join(format!("{colour}.y4m"));
    let mut bytes = format!("YUV4MPEG2 W6 H4 F50:1 Ip A1:1 C{colour}\n").into_bytes();
    for level in [60, 200] {
        bytes.extend(b"FRAME\n");
        bytes.extend([vec![level; 24], vec![128; 2 * chroma]].concat());
    }
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn raw_video_is_read_in_all_eight_bit_formats() {
    let folder = tempfile::tempdir().unwrap();
    for (colour, chroma, format) in [
        ("420jpeg", 6, PixelFormat::I420),
        ("420", 6, PixelFormat::I420),
        ("422", 12, PixelFormat::I422),
        ("444", 24, PixelFormat::I444),
        ("mono", 0, PixelFormat::Grey),
    ] {
        let frames = frames(&y4m(folder.path(), colour, chroma));
        assert_eq!(lumas(&frames), [60, 200], "{colour}");
        assert_eq!((gaps(&frames)[0], frames[0].picture.format()), (20, format));
    }
    let error = replay(&y4m(folder.path(), "420p10", 12), Pace::Fast, false).err().unwrap().to_string();
    assert!(error.contains("420, 422, 444 and mono"), "{error}");
}

#[test]
fn a_clip_repeats_in_real_time_and_ends_when_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = y4m(folder.path(), "mono", 0);
    let mut clip = real_time(&path, 50, true);
    let start = Instant::now();
    let levels: Vec<u8> = (0..5).map(|_| clip.next().unwrap().picture.view().luma(0, 0)).collect();
    assert_eq!(levels, [60, 200, 60, 200, 60]);
    // The fifth frame is due after four times 20 ms.
    assert!(start.elapsed() >= Duration::from_millis(80), "{:?}", start.elapsed());
    assert!(clip.is_live());
    let mut once = real_time(&path, 50, false);
    assert!(once.next().is_ok() && once.next().is_ok());
    assert!(matches!(once.next(), Err(CameraError::End(_))));
}

#[test]
fn a_clip_faster_than_wanted_keeps_its_time_and_skips_frames() {
    let folder = tempfile::tempdir().unwrap();
    let mut clip = real_time(&y4m(folder.path(), "mono", 0), 25, true);
    let start = Instant::now();
    let levels: Vec<u8> = (0..5).map(|_| clip.next().unwrap().picture.view().luma(0, 0)).collect();
    assert_eq!(levels, [60; 5], "every other frame");
    assert!(start.elapsed() >= Duration::from_millis(160), "{:?}", start.elapsed());
}

#[test]
fn what_is_no_clip_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let says = |path: &Path| replay(path, Pace::Fast, true).and_then(|mut clip| clip.next()).unwrap_err().to_string();
    assert!(says(Path::new("/nowhere")).contains("name a folder of images, a .gif or a .y4m"));
    assert!(says(folder.path()).contains("no image in it"));
    for name in ["a.mp4", "a.gif", "a.y4m"] {
        fs::write(folder.path().join(name), "nothing of the kind").unwrap();
        let error = says(&folder.path().join(name));
        assert!(error.contains(name), "{error}");
    }
    // A video that breaks off gives what is whole.
    let path = y4m(folder.path(), "mono", 0);
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(lumas(&frames(&path)), [60]);
    fs::write(&path, &bytes[..bytes.len() - 31]).unwrap();
    assert!(says(&path).ends_with("mono.y4m: no frame in it"), "{}", says(&path));
}
