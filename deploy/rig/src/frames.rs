//! The faces that the emulated camera sees: a few frames of the demo's clip for each mood.
//!
//! In: `deploy/demo/clip` and its `expected.json`. Out: a file MOOD.yuyv for each mood, 640 × 480
//! YUYV as a webcam gives it. What fails: a clip without one of the moods, a frame that is unreadable.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use image::RgbImage;

/// Frames for each mood: enough that the picture moves, few enough for a memory disk.
const EACH: usize = 5;

/// Between two of them, frames of the clip.
const APART: usize = 4;

/// Of the clip.
const PER_SECOND: f64 = 10.0;

/// Writes the frames of `moods` into `folder`.
pub fn write(root: &Path, folder: &Path, moods: &[&str]) -> Result<()> {
    let clip = root.join("deploy/demo/clip");
    let mut files: Vec<PathBuf> = fs::read_dir(&clip)
        .with_context(|| format!("cannot read {}", clip.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|e| e == "jpg"))
        .collect();
    files.sort();
    let text = fs::read(root.join("deploy/demo/expected.json")).context("cannot read deploy/demo/expected.json")?;
    let spans: serde_json::Value = serde_json::from_slice(&text)?;
    fs::create_dir_all(folder)?;
    for mood in moods {
        let span = spans.as_array().into_iter().flatten().find(|span| span["mood"] == **mood);
        let span = span.with_context(|| format!("the clip shows nobody who is {mood}"))?;
        let at = |key: &str| (span[key].as_f64().unwrap_or(0.0) * PER_SECOND) as usize;
        // From the middle of the span, where the expression is full.
        let reach = (EACH * APART).min(at("to_s") - at("from_s"));
        let first = (at("from_s") + at("to_s") - reach) / 2;
        let mut bytes = Vec::new();
        for i in 0..EACH {
            let place = first + i * reach / EACH;
            let file = files.get(place).with_context(|| format!("the clip ends before frame {place}"))?;
            let picture = image::open(file).with_context(|| format!("cannot read {}", file.display()))?.to_rgb8();
            yuyv(&picture, &mut bytes);
        }
        fs::write(folder.join(format!("{mood}.yuyv")), bytes)?;
    }
    Ok(())
}

/// BT.601, limited range, as webcams give it.
fn yuyv(picture: &RgbImage, bytes: &mut Vec<u8>) {
    let level = |v: f32, gain: f32, zero: f32| (v * gain / 255.0 + zero).round().clamp(0.0, 255.0) as u8;
    let split = |x: u32, y: u32| {
        let [r, g, b] = picture.get_pixel(x, y).0.map(f32::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        (level(luma, 219.0, 16.0), level((b - luma) / 1.772, 224.0, 128.0), level((r - luma) / 1.402, 224.0, 128.0))
    };
    for y in 0..picture.height() {
        for x in (0..picture.width()).step_by(2) {
            let ((first, u, v), (second, ..)) = (split(x, y), split(x + 1, y));
            bytes.extend([first, u, second, v]);
        }
    }
}
