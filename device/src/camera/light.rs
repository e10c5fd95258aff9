//! Whether there is light enough to read faces.
//!
//! Enters: the luma of each frame, and its time. Leaves: whether moods may be read from that frame,
//! and whether "too dark" is to be said. Nothing fails; time is a parameter.
//!
//! A room at night and a covered lens still give pictures, and networks find something in noise. So a
//! frame in which not even its brightest parts are bright is not read at all, and one that is dim and
//! shows nothing (a cap or a finger on the lens, lifted by the camera's gain) neither. Averages over
//! blocks are judged, because single pixels of a dark picture are mostly noise.

use std::time::Duration;

use moodring_vision::{Range, View};
use serde::{Deserialize, Serialize};

/// `[camera.light]`: when it is too dark.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LightSettings {
    /// It is too dark where the brightest fiftieth of the picture stays below this, 0..=128 of 255;
    /// 30. 0 reads every frame, however dark.
    ///
    /// Measured on the demo's clip, darkened: from 46 on every mood is read as in daylight even under
    /// heavy sensor noise (σ = 8); at 36 five of six are, at 30 two thirds, at 22 fewer than half.
    pub dark_below: u8,
    /// For how long it must be dark before it is said, seconds, 0..=60; 1.5. A webcam that begins
    /// needs about one to set its exposure.
    pub after_s: f32,
}

impl Default for LightSettings {
    fn default() -> Self {
        Self { dark_below: 30, after_s: 1.5 }
    }
}

impl LightSettings {
    /// Refuses values without a meaning.
    ///
    /// # Errors
    /// A sentence that begins with the key.
    pub fn check(&self) -> Result<(), String> {
        if self.dark_below > 128 {
            return Err(format!("dark_below is {}; it must lie within 0 and 128", self.dark_below));
        }
        if !(0.0..=60.0).contains(&self.after_s) {
            return Err(format!("after_s is {}; it must lie within 0 and 60", self.after_s));
        }
        Ok(())
    }
}

/// Blocks across and down whose averages are judged.
const BLOCKS: (u32, u32) = (16, 12);

/// Samples of a block, across and down.
const SAMPLES: u32 = 6;

/// Once too dark, it must be this much brighter before it no longer is.
const BRIGHTER: f32 = 1.2;

/// A picture below this many times the limit may still show a covered lens.
const DIM: f32 = 2.0;

/// A dim picture is flat, and its lens covered, where its blocks span less than this share of the limit.
const FLAT: f32 = 0.25;

/// A face is too dark below this share of the limit: against a window it is darker than its room, and
/// less noisy.
const FACE: f32 = 0.5;

/// For how long it must be bright again before it is said.
const BRIGHT_AFTER: Duration = Duration::from_millis(500);

/// How bright a picture is; all of it on the scale 0..=255, whatever range its luma has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Luma {
    /// The average.
    pub mean: f32,
    /// What a fiftieth of the blocks exceeds.
    pub high: f32,
    /// What a fiftieth of the blocks stays below.
    pub low: f32,
}

impl Luma {
    /// Measures a picture of any size, by about 7,000 of its pixels.
    pub fn of(view: &View<'_>) -> Self {
        let (width, height) = (view.width(), view.height());
        let across = |i: u32, n: u32, side: u32| ((u64::from(2 * i + 1) * u64::from(side)) / u64::from(2 * n)) as u32;
        let columns: [u32; (BLOCKS.0 * SAMPLES) as usize] =
            std::array::from_fn(|column| across(column as u32, BLOCKS.0 * SAMPLES, width));
        let mut sums = [[0_u32; BLOCKS.0 as usize]; BLOCKS.1 as usize];
        for row in 0..BLOCKS.1 * SAMPLES {
            let y = across(row, BLOCKS.1 * SAMPLES, height);
            let sums = &mut sums[(row / SAMPLES) as usize];
            for (sum, columns) in sums.iter_mut().zip(columns.chunks_exact(SAMPLES as usize)) {
                *sum += columns.iter().map(|&x| u32::from(view.luma(x, y))).sum::<u32>();
            }
        }
        let (black, gain) = match view.range() {
            Range::Full => (0.0, 1.0),
            Range::Limited => (16.0, 255.0 / 219.0),
        };
        let mut blocks = [0_f32; (BLOCKS.0 * BLOCKS.1) as usize];
        for (block, sum) in blocks.iter_mut().zip(sums.as_flattened()) {
            *block = (*sum as f32 / (SAMPLES * SAMPLES) as f32 - black) * gain;
        }
        blocks.sort_unstable_by(f32::total_cmp);
        let fiftieth = blocks.len() / 50;
        let mean = blocks.iter().sum::<f32>() / blocks.len() as f32;
        Self { mean, high: blocks[blocks.len() - 1 - fiftieth], low: blocks[fiftieth] }
    }

    /// Whether this is too dark to read, or shows a covered lens, where `below` is the limit.
    pub(crate) fn is_dark(&self, below: f32) -> bool {
        self.high < below || (self.high < DIM * below && self.high - self.low < FLAT * below)
    }
}

/// Whether it is too dark, over time.
#[derive(Clone, Debug)]
pub struct Light {
    settings: LightSettings,
    /// Whether the last frame was too dark.
    dim: bool,
    /// Since when all frames have been as the last one.
    since: Option<Duration>,
    too_dark: bool,
}

impl Light {
    /// Begins with light enough.
    pub const fn new(settings: LightSettings) -> Self {
        Self { settings, dim: false, since: None, too_dark: false }
    }

    /// Takes in a frame captured `at` (time since any fixed moment); whether moods may be read from it.
    pub fn is_enough(&mut self, at: Duration, luma: Luma) -> bool {
        let below = f32::from(self.settings.dark_below);
        let dim = luma.is_dark(if self.dim { below * BRIGHTER } else { below });
        // A clock that was set back begins anew.
        let since = match self.since {
            Some(since) if dim == self.dim && since <= at => since,
            _ => at,
        };
        (self.dim, self.since) = (dim, Some(since));
        let needed = if dim { Duration::from_secs_f32(self.settings.after_s) } else { BRIGHT_AFTER };
        if dim != self.too_dark && at - since >= needed {
            self.too_dark = dim;
        }
        !dim
    }

    /// Whether a face can be read, by the inner half of its box (x, y, width and height in pixels); one
    /// before a bright window may be black in a bright picture, and the corners of its box show the window.
    pub fn shows(&self, picture: &View<'_>, [x, y, width, height]: [f32; 4]) -> bool {
        let (x, y, width, height) = (x + width / 4.0, y + height / 4.0, width / 2.0, height / 2.0);
        // It may lie beyond the picture's edge; `as` keeps coordinates at 0 or above.
        let (width, height) = (width + x.min(0.0), height + y.min(0.0));
        let inner = picture.part(x as u32, y as u32, width as u32, height as u32).0;
        Luma::of(&inner).high >= f32::from(self.settings.dark_below) * FACE
    }

    /// Whether to say that it is too dark.
    pub const fn too_dark(&self) -> bool {
        self.too_dark
    }

    /// Forgets what it saw: a camera that gives no frames says nothing about the light.
    pub fn forget(&mut self) {
        *self = Self::new(self.settings);
    }
}

#[cfg(test)]
#[path = "light_tests.rs"]
mod tests;
