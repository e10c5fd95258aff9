//! A smiling face in a room, near and far, still and moving.

use image::{RgbImage, imageops};
use moodring_mood::Emotion;
use moodring_vision::Range;

use super::*;
use crate::frame::{Picture, PixelFormat};

/// A 640×480 room with a smiling face, so many times smaller than in the photograph, around
/// `(x, y)`.
fn room(x: u32, y: u32, smaller: f32) -> Frame {
    let photograph = include_bytes!("../../models/vision/tests/data/astronaut.jpg");
    let photograph = image::load_from_memory(photograph).unwrap().into_rgb8();
    let (left, top, side) = (120, 10, 320);
    let head = imageops::crop_imm(&photograph, left, top, side, side).to_image();
    let side = (side as f32 / smaller) as u32;
    let head = imageops::resize(&head, side, side, imageops::FilterType::Triangle);
    let mut scene = RgbImage::from_pixel(640, 480, image::Rgb([120, 120, 120]));
    imageops::overlay(&mut scene, &head, i64::from(x) - i64::from(side) / 2, i64::from(y) - i64::from(side) / 2);
    frame(&scene)
}

fn frame(scene: &RgbImage) -> Frame {
    let (width, height) = scene.dimensions();
    let picture = Picture::new(PixelFormat::Rgb8, width, height, 0, Range::Full, scene.clone().into_raw()).unwrap();
    Frame { at: Timestamp::UNIX_EPOCH, seq: 0, picture }
}

fn seer() -> Seer {
    Seer::open(&VisionSettings::default()).unwrap_or_else(|e| panic!("{e}"))
}

/// Whether one smiling face is read, about there.
fn is_read(faces: &[FaceReading], x: f32, y: f32, off: f32) -> bool {
    let &[FaceReading { rect: [left, top, w, h], scores, .. }] = faces else { return false };
    (left + w / 2.0 - x).abs() < off && (top + h / 2.0 - y).abs() < off && scores.top().0 == Emotion::Happy
}

#[test]
fn a_far_face_anywhere_is_found_within_seven_frames_and_then_read_in_each() {
    // Her face is 120 pixels wide in the photograph, and 60 here.
    for (x, y) in [(90, 100), (550, 90), (320, 240), (100, 380), (540, 390)] {
        let mut seer = seer();
        let far = room(x, y, 2.0);
        let first = (1..20).find(|_| !seer.see(&far).faces.is_empty());
        assert!(first.is_some_and(|frames| frames <= 7), "{x},{y}: {first:?}");
        for _ in 0..30 {
            let faces = seer.see(&far).faces;
            assert!(is_read(&faces, x as f32, y as f32 - 8.0, 20.0), "{x},{y}: {faces:?}");
        }
        assert_eq!(seer.look(&far.picture.view()).len(), 1);
    }
}

#[test]
fn a_near_face_is_read_in_the_first_frame_and_costs_one_look_in_five() {
    let mut seer = seer();
    let room = room(320, 240, 1.0);
    assert!(is_read(&seer.see(&room).faces, 320.0, 230.0, 30.0));
    let stages = seer.timings().stages();
    assert!(stages.iter().all(|(_, took)| !took.is_zero()), "{stages:?}");
    let mut looks = 0;
    for _ in 0..50 {
        assert_eq!(seer.see(&room).faces.len(), 1);
        let timings = seer.timings();
        looks += u32::from(!timings.detect.is_zero());
        let parts: Duration = timings.stages()[..6].iter().map(|(_, took)| *took).sum();
        assert!(parts <= timings.total, "{timings:?}");
    }
    assert_eq!(looks, 10);
}

#[test]
fn a_face_that_moves_is_read_in_each_frame() {
    let mut seer = seer();
    for i in 0..8 {
        seer.see(&room(150, 200, 2.0));
        assert!(i < 7 || seer.see(&room(150, 200, 2.0)).faces.len() == 1);
    }
    for x in (155..500).step_by(15) {
        let faces = seer.see(&room(x, 200, 2.0)).faces;
        assert!(is_read(&faces, x as f32, 192.0, 20.0), "{x}: {faces:?}");
    }
}

#[test]
fn who_left_is_not_read_where_they_were() {
    let mut seer = seer();
    seer.see(&room(320, 240, 1.0));
    let empty = frame(&RgbImage::from_pixel(640, 480, image::Rgb([120, 120, 120])));
    assert!(seer.see(&empty).faces.is_empty());
}

#[test]
fn who_is_forgotten_is_looked_for_again() {
    let mut seer = seer();
    let room = room(320, 240, 1.0);
    seer.see(&room);
    assert_eq!(seer.see(&room).faces.len(), 1);
    assert!(seer.timings().detect.is_zero(), "she is followed");
    seer.forget();
    assert!(seer.tracker.faces().is_empty());
    assert!(is_read(&seer.see(&room).faces, 320.0, 230.0, 30.0));
    assert!(!seer.timings().detect.is_zero());
}

#[test]
fn a_tilted_head_is_levelled_and_read() {
    let upright = room(320, 240, 1.0);
    let view = upright.picture.view();
    let turned = |degrees: f32| {
        let (sin, cos) = degrees.to_radians().sin_cos();
        frame(&RgbImage::from_fn(640, 480, |x, y| {
            let (dx, dy) = (x as f32 - 320.0, y as f32 - 240.0);
            let at = |v: f32, limit: u32| v.round().clamp(0.0, limit as f32 - 1.0) as u32;
            let (x, y) = (320.0 + dx * cos + dy * sin, 240.0 - dx * sin + dy * cos);
            image::Rgb(view.rgb(at(x, 640), at(y, 480)))
        }))
    };
    let happy = |frame: &Frame| {
        let mut seer = seer();
        let faces = (0..10).map(|_| seer.see(frame).faces).last().unwrap();
        assert_eq!(faces.len(), 1, "{faces:?}");
        faces[0].scores.to_array()[Emotion::Happy as usize]
    };
    let level = happy(&upright);
    for degrees in [-30.0, -15.0, 15.0, 30.0] {
        let tilted = happy(&turned(degrees));
        assert!(tilted > level - 0.15, "{degrees}°: {tilted}, upright {level}");
    }
}
