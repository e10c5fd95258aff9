//! The emotion network gives, bit for bit, what the reference interpreter gave when it was exported.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;

use moodring_vision::emotion::SIDE;
use moodring_vision::{Classifier, ModelFile, Plane, Planes, Range, View};

#[test]
fn input_and_output_are_those_of_the_reference() {
    let folder = common::models().join("golden");
    let file = |name: &str| fs::read(folder.join(name)).unwrap();
    let (luma, input, output) = (file("luma.bin"), file("input.bin"), file("output.bin"));
    let as_steps = |bytes: &[u8]| bytes.iter().map(|&b| b as i8).collect::<Vec<_>>();

    let model = ModelFile::shipped_emotion();
    let golden = fs::read_to_string(folder.join("golden.json")).unwrap();
    assert!(golden.contains(&model.sha256()), "models/golden was made for another emotion.tflite; make it again");

    let mut classifier = Classifier::open(common::runtime(), &model).unwrap();
    let pictures = luma.chunks_exact(SIDE * SIDE);
    assert_eq!((pictures.len(), output.len()), (64, 64 * 7));
    for (i, picture) in pictures.enumerate() {
        let view = View::grey(SIDE as u32, SIDE as u32, picture).unwrap();
        classifier.prepare_cropped(&view);
        let expected = as_steps(&input[i * SIDE * SIDE..][..SIDE * SIDE]);
        assert_eq!(classifier.input_steps(), expected, "input of picture {i}");

        let expected = as_steps(&output[i * 7..][..7]);
        let steps = classifier.infer_steps();
        // The wheel for this machine is the reference; others may round a step apart.
        let apart = steps.iter().zip(&expected).map(|(a, b)| a.abs_diff(*b)).max().unwrap();
        let allowed = u8::from(!cfg!(target_arch = "x86_64"));
        assert!(apart <= allowed, "output of picture {i}: {steps:?}, expected {expected:?}");
    }
}

#[test]
fn a_picture_of_limited_range_becomes_the_same_input() {
    let mut classifier = Classifier::open(common::runtime(), &ModelFile::shipped_emotion()).unwrap();
    // Luma that both ranges have exactly, and little contrast, where the offset counts most.
    let full: Vec<u8> = (0..SIDE * SIDE).map(|i| if i % 10 == 0 { 170 } else { 85 }).collect();
    let limited: Vec<u8> = full.iter().map(|&v| 16 + (u32::from(v) * 219 / 255) as u8).collect();
    let grey = [128_u8; SIDE * SIDE];
    let plane = |data| Plane::full(data, SIDE, 1);
    let planes =
        Planes::Yuv { y: plane(&limited[..]), u: plane(&grey[..]), v: plane(&grey[..]), range: Range::Limited };
    let side = SIDE as u32;
    let [full, limited] = [View::grey(side, side, &full), View::new(side, side, planes)].map(|view| {
        classifier.prepare_cropped(&view.unwrap());
        classifier.input_steps()
    });
    assert_eq!(limited, full);
}
