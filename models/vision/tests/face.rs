//! The detector on a real photograph: one smiling astronaut, and a picture of several of her.
#![allow(clippy::unwrap_used)]

mod common;

use image::{RgbImage, imageops};
use moodring_mood::Emotion;
use moodring_vision::{Classifier, Detector, Face, ModelFile, View, Window};

fn detector() -> Detector {
    Detector::open(common::runtime(), &ModelFile::shipped_face()).unwrap()
}

fn find(view: &View<'_>) -> Vec<Face> {
    detector().detect(view, Window::Whole, Detector::THRESHOLD + Detector::AT_ONE_LOOK)
}

/// Where her face is in the photograph: centre, and the side of a square around it.
const FACE: (f32, f32, f32) = (280.0, 150.0, 120.0);

fn assert_is_at(face: &Face, x: f32, y: f32, side: f32) {
    let (cx, cy) = face.rect.centre();
    let off = (cx - x).abs().max((cy - y).abs());
    assert!(off < side / 5.0, "found at {cx},{cy}, expected about {x},{y}");
    assert!((0.75..1.33).contains(&(face.rect.w / side)), "{:?} should be about {side} wide", face.rect);
}

#[test]
fn one_face_is_found_once_with_eyes_above_its_mouth() {
    let (width, height, data) = common::astronaut();
    let faces = find(&View::rgb8(width, height, &data).unwrap());
    assert_eq!(faces.len(), 1, "{faces:?}");
    let face = &faces[0];
    assert!(face.score.get() > 0.8, "{face:?}");
    assert_is_at(face, FACE.0, FACE.1, FACE.2);
    let [right_eye, left_eye, nose, mouth, right_ear, left_ear] = face.points;
    // Her right is on the picture's left.
    assert!(right_eye.0 < nose.0 && nose.0 < left_eye.0, "{face:?}");
    assert!(right_eye.1 < nose.1 && nose.1 < mouth.1, "{face:?}");
    assert!(right_ear.0 < right_eye.0 && left_eye.0 < left_ear.0, "{face:?}");
}

#[test]
fn she_is_found_in_grey_and_her_smile_is_read() {
    let (width, height, data) = common::astronaut();
    let colour = View::rgb8(width, height, &data).unwrap();
    let luma: Vec<u8> =
        (0..height).flat_map(|y| (0..width).map(move |x| (x, y))).map(|(x, y)| colour.luma(x, y)).collect();
    let mut classifier = Classifier::open(common::runtime(), &ModelFile::shipped_emotion()).unwrap();
    for view in [colour, View::grey(width, height, &luma).unwrap()] {
        let faces = find(&view);
        assert_eq!(faces.len(), 1);
        assert_is_at(&faces[0], FACE.0, FACE.1, FACE.2);
        let (emotion, confidence) = classifier.read(&view, &faces[0]).top();
        assert_eq!(emotion, Emotion::Happy, "{confidence:?}");
    }
}

#[test]
fn several_faces_come_largest_first() {
    let (width, height, data) = common::astronaut();
    let photograph = RgbImage::from_raw(width, height, data).unwrap();
    // Head and shoulders, twice: once as large as she is, once smaller.
    let (left, top, side) = (120, 10, 320);
    let head = imageops::crop_imm(&photograph, left, top, side, side).to_image();
    let mut scene = RgbImage::from_pixel(640, 480, image::Rgb([120, 120, 120]));
    let places = [(10.0, 100.0, 0.8), (300.0, 80.0, 1.0)];
    for (x, y, scale) in places {
        let side = (side as f32 * scale) as u32;
        let small = imageops::resize(&head, side, side, imageops::FilterType::Triangle);
        imageops::overlay(&mut scene, &small, x as i64, y as i64);
    }
    let faces = find(&View::rgb8(640, 480, &scene).unwrap());
    assert_eq!(faces.len(), 2, "{faces:?}");
    for (face, (x, y, scale)) in faces.iter().zip(places.iter().rev()) {
        let (face_x, face_y) = (FACE.0 - left as f32, FACE.1 - top as f32);
        assert_is_at(face, x + scale * face_x, y + scale * face_y, scale * FACE.2);
    }
}

#[test]
fn there_is_no_face_where_there_is_none() {
    for level in [0, 128, 255] {
        let data = vec![level; 640 * 480];
        assert!(find(&View::grey(640, 480, &data).unwrap()).is_empty(), "{level}");
    }
    let stripes: Vec<u8> = (0..640 * 480).map(|i| if i / 16 % 2 == 0 { 40 } else { 200 }).collect();
    assert!(find(&View::grey(640, 480, &stripes).unwrap()).is_empty());
    for (width, height) in [(1, 1), (1, 900), (3000, 2)] {
        let data = vec![90; (width * height) as usize];
        assert!(find(&View::grey(width, height, &data).unwrap()).is_empty(), "{width}×{height}");
    }
}
