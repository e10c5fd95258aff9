//! Light and darkness: made pictures, and the demo's clip as it would look by night.

use std::path::Path;

use super::*;
use crate::frame::{Picture, PixelFormat};
use crate::still;

/// A grey picture of 320×240 pixels.
fn grey(luma: impl Fn(u32, u32) -> f32) -> Picture {
    let data = (0..240).flat_map(|y| (0..320).map(move |x| (x, y))).map(|(x, y)| luma(x, y).clamp(0.0, 255.0) as u8);
    Picture::new(PixelFormat::Grey, 320, 240, 0, Range::Full, data.collect()).unwrap()
}

/// Noise without an average, the same each time; `sigma` is its deviation.
fn noise(x: u32, y: u32, sigma: f32) -> f32 {
    let mut h = x.wrapping_mul(0x9e37_79b1) ^ y.wrapping_mul(0x85eb_ca77);
    let mut next = || {
        h = (h ^ (h >> 15)).wrapping_mul(0x2c1b_3c6d);
        (h >> 8) as f32 / (1 << 24) as f32 - 0.5
    };
    // The sum of three is nearly normal, with a deviation of one half.
    (next() + next() + next()) * 2.0 * sigma
}

fn dark(picture: &Picture) -> bool {
    !Light::new(LightSettings::default()).is_enough(Duration::ZERO, Luma::of(&picture.view()))
}

#[test]
fn a_dark_room_and_a_covered_lens_are_dark_and_a_blank_wall_is_not() {
    assert!(dark(&grey(|_, _| 0.0)), "no light at all");
    assert!(dark(&grey(|x, y| 10.0 + noise(x, y, 8.0))), "a night's noise");
    assert!(dark(&grey(|x, y| 50.0 + noise(x, y, 8.0))), "a cap on the lens, and the gain at its end");
    assert!(!dark(&grey(|x, y| 190.0 + noise(x, y, 2.0))), "a blank wall by day");
    assert!(!dark(&grey(|x, _| 35.0 + x as f32 / 20.0)), "a dim room that shows something");
    let lamp = |x, y| if x < 80 && y < 60 { 200.0 } else { 5.0 };
    assert!(!dark(&grey(lamp)), "a lamp, and perhaps a face beside it");
}

#[test]
fn luma_of_video_counts_from_its_own_black() {
    let yuyv = |luma: u8, range| {
        let data = [luma, 128].repeat(64 * 48);
        Luma::of(&Picture::new(PixelFormat::Yuyv, 64, 48, 0, range, data).unwrap().view())
    };
    assert_eq!(yuyv(16, Range::Limited).mean, 0.0);
    assert!((yuyv(235, Range::Limited).high - 255.0).abs() < 0.01);
    assert_eq!(yuyv(16, Range::Full).high, 16.0);
    // A single pixel, and a side that is no multiple of anything.
    let pixel = Picture::new(PixelFormat::Grey, 1, 1, 0, Range::Full, vec![7]).unwrap();
    assert_eq!(Luma::of(&pixel.view()), Luma { mean: 7.0, high: 7.0, low: 7.0 });
}

#[test]
fn too_dark_is_said_after_a_while_and_not_in_turns() {
    let mut light = Light::new(LightSettings::default());
    let at = |millis: u64| Duration::from_secs(1_000) + Duration::from_millis(millis);
    let luma = |high: f32| Luma { mean: high / 2.0, high, low: 0.0 };
    assert!(light.is_enough(at(0), luma(80.0)) && !light.too_dark());
    // No mood is read from the first dark frame on; it is said later.
    assert!(!light.is_enough(at(100), luma(10.0)) && !light.too_dark());
    assert!(!light.is_enough(at(1500), luma(10.0)) && !light.too_dark());
    assert!(!light.is_enough(at(1600), luma(10.0)) && light.too_dark());
    // A little brighter than the limit is not enough to leave.
    assert!(!light.is_enough(at(3000), luma(33.0)) && light.too_dark());
    assert!(light.is_enough(at(3100), luma(40.0)) && light.too_dark());
    assert!(!light.is_enough(at(3200), luma(10.0)), "a flash");
    assert!(light.is_enough(at(4000), luma(40.0)) && light.too_dark());
    assert!(light.is_enough(at(4500), luma(33.0)) && !light.too_dark());
    // One dark frame says nothing, nor does a clock that is set back.
    assert!(!light.is_enough(at(4600), luma(10.0)) && !light.too_dark());
    assert!(!light.is_enough(Duration::from_secs(1), luma(10.0)) && !light.too_dark());
    assert!(!light.is_enough(Duration::from_secs(3), luma(10.0)) && light.too_dark());
    light.forget();
    assert!(!light.too_dark());
}

#[test]
fn with_a_limit_of_nothing_every_frame_is_read() {
    let mut light = Light::new(LightSettings { dark_below: 0, after_s: 0.0 });
    assert!(light.is_enough(Duration::ZERO, Luma { mean: 0.0, high: 0.0, low: 0.0 }) && !light.too_dark());
    assert!(light.shows(&grey(|_, _| 0.0).view(), [0.0, 0.0, 320.0, 240.0]));
}

#[test]
fn values_out_of_range_are_named() {
    let check = |dark_below, after_s| LightSettings { dark_below, after_s }.check();
    assert_eq!(check(129, 1.0).unwrap_err(), "dark_below is 129; it must lie within 0 and 128");
    assert_eq!(check(30, 61.0).unwrap_err(), "after_s is 61; it must lie within 0 and 60");
    assert!(check(30, f32::NAN).is_err());
    assert!(LightSettings::default().check().is_ok());
}

/// Every 24th picture of the demo's clip, with its light turned down to this share, and noise.
fn clip(share: f32, sigma: f32) -> Vec<Picture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/demo/clip");
    let images = still::images_in(&folder).unwrap();
    assert!(images.len() > 100);
    let darkened = |path: &std::path::PathBuf| {
        let picture = still::load(path).unwrap();
        let view = picture.view();
        let (width, height) = (view.width(), view.height());
        let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let data = pixels.map(|(x, y)| {
            // Noise of a sensor spans two pixels: its colours are interpolated.
            let luma = f32::from(view.luma(x, y)) * share + noise(x / 2, y / 2, sigma);
            luma.round().clamp(0.0, 255.0) as u8
        });
        Picture::new(PixelFormat::Grey, width, height, 0, Range::Full, data.collect()).unwrap()
    };
    images.iter().step_by(24).map(darkened).collect()
}

#[test]
fn the_clip_is_read_by_day_and_in_a_dim_room_and_not_at_night() {
    for (share, sigma, expect) in [(1.0, 0.0, false), (0.4, 4.0, false), (0.1, 4.0, true), (0.03, 8.0, true)] {
        let pictures = clip(share, sigma);
        let found = pictures.iter().filter(|picture| dark(picture)).count();
        let all = if expect { pictures.len() } else { 0 };
        assert_eq!(found, all, "of {} pictures at {share} of their light", pictures.len());
    }
}

#[test]
fn a_face_that_is_black_before_a_window_is_not_read() {
    let light = Light::new(LightSettings::default());
    // A round face of this luma; the corners of its box show the window.
    let before_window = |luma: f32, middle: (f32, f32)| {
        grey(move |x, y| {
            let (x, y) = (x as f32 + 0.5 - middle.0, y as f32 + 0.5 - middle.1);
            if x * x + y * y < 40.0 * 40.0 { luma } else { 240.0 }
        })
    };
    // In the middle, and cut by an edge.
    for (x, y) in [(160.0, 120.0), (10.0, 10.0), (315.0, 235.0)] {
        let whole = [x - 40.0, y - 40.0, 80.0, 80.0];
        let black = before_window(9.0, (x, y));
        assert!(!dark(&black) && !light.shows(&black.view(), whole), "{x},{y}");
        assert!(light.shows(&before_window(45.0, (x, y)).view(), whole), "{x},{y}");
    }
    // A box that lies beyond the edge altogether is no reason to panic.
    for (x, y) in [(-90.0, -90.0), (400.0, 300.0)] {
        light.shows(&before_window(9.0, (x, y)).view(), [x, y, 80.0, 80.0]);
    }
}
