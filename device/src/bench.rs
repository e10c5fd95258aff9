//! `bench`: what a frame costs on this machine, stage by stage.
//!
//! Enters: the photograph in `models/vision/tests/data`, made into 640×480 frames as a webcam
//! delivers them. Leaves: milliseconds for each stage, for the two networks alone through the same
//! library in the same run, and the ratio of the whole to them. What fails: see [`SeeError`].

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use moodring_mood::StageTime;
use moodring_vision::{Range, View};
use serde::Serialize;

use crate::camera::jpeg;
use crate::frame::{Picture, PixelFormat};
use crate::screen::traffic::{self, Traffic};
use crate::see::{SeeError, Seer, VisionSettings};
use crate::still;

/// A photograph of one face, half of the picture high: see `CREDITS` beside it.
const PHOTOGRAPH: &[u8] = include_bytes!("../../models/vision/tests/data/astronaut.jpg");

/// Size of the frames, in pixels.
const SIZE: (u32, u32) = (640, 480);

/// Frames that are measured, and before them frames that only warm up.
const FRAMES: usize = 300;
const WARM_UP: usize = 30;

/// Different frames, so that no stage sees the same bytes twice in a row.
const VARIANTS: usize = 4;

/// The goal for the ratio of a whole frame to its two networks.
pub const GOAL: f64 = 1.35;

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Frames measured.
    pub frames: usize,
    /// Their size in pixels and format.
    pub frame: String,
    /// Milliseconds of each stage, in order; `total` is a frame's whole way to a reading.
    pub stages: Vec<Stage>,
    /// Milliseconds of the two networks alone.
    pub networks: StageTime,
    /// A frame's whole way over the two networks run right after it: the median of all frames. In
    /// pairs, because then a busy machine slows both alike.
    pub ratio: f64,
    /// What the ratio should be at most.
    pub goal: f64,
    /// Milliseconds to decode one MJPG frame of the same size.
    pub mjpg: StageTime,
    /// Memory that the program holds, in MiB.
    pub resident_mib: f64,
    /// What each kind of panel costs on its bus.
    pub screens: Vec<Traffic>,
}

/// One stage's time.
#[derive(Clone, Debug, Serialize)]
pub struct Stage {
    /// Its name.
    pub name: &'static str,
    /// Milliseconds.
    #[serde(flatten)]
    pub ms: StageTime,
}

/// Measures.
///
/// # Errors
/// The library or a network cannot be opened.
///
/// # Panics
/// If the built-in photograph is broken, or no face is found in it, or counting bytes fails.
pub fn run(settings: &VisionSettings) -> Result<Report, SeeError> {
    let mut seer = Seer::open(settings)?;
    let photograph = still::decode(PHOTOGRAPH).expect("the photograph is built in");
    let frames: Vec<Picture> = (0..VARIANTS).map(|i| yuyv(&photograph.view(), i)).collect();
    let mut stages: Vec<(&'static str, Vec<Duration>)> = Vec::new();
    let mut networks = Vec::new();
    let mut ratios = Vec::new();
    for i in 0..WARM_UP + FRAMES {
        let frame = &frames[i % VARIANTS];
        let faces = seer.look(&frame.view());
        assert_eq!(faces.len(), 1, "one face is in the photograph");
        let timings = seer.timings();
        // Taken in turn with the frames, so that both meet the machine in the same state.
        let start = Instant::now();
        seer.run_networks();
        let alone = start.elapsed();
        if i >= WARM_UP {
            networks.push(alone);
            ratios.push(timings.total.as_secs_f64() / alone.as_secs_f64());
            for (at, (name, took)) in timings.stages().into_iter().enumerate() {
                if stages.len() <= at {
                    stages.push((name, Vec::with_capacity(FRAMES)));
                }
                stages[at].1.push(took);
            }
        }
    }
    let mjpg = (0..FRAMES / 4)
        .map(|_| {
            let start = Instant::now();
            let picture = jpeg::decode(PHOTOGRAPH, still::MAX_PIXELS);
            assert!(picture.is_ok(), "the photograph is built in");
            start.elapsed()
        })
        .collect();
    let stages: Vec<Stage> = stages.into_iter().map(|(name, took)| Stage { name, ms: quantiles(took) }).collect();
    ratios.sort_by(f64::total_cmp);
    Ok(Report {
        frames: FRAMES,
        frame: format!("{}×{} YUYV", SIZE.0, SIZE.1),
        stages,
        networks: quantiles(networks),
        ratio: ratios[ratios.len() / 2],
        goal: GOAL,
        mjpg: quantiles(mjpg),
        resident_mib: resident_mib(),
        screens: traffic::measure().expect("wires that lead nowhere do not fail"),
    })
}

/// A photograph as a webcam would deliver it, shifted by a few pixels.
fn yuyv(view: &View<'_>, variant: usize) -> Picture {
    let (width, height) = SIZE;
    let at = |x: u32, y: u32| {
        let x = (x + 3 * variant as u32).min(width - 1) * view.width() / width;
        let y = (y + 2 * variant as u32).min(height - 1) * view.height() / height;
        let [r, g, b] = view.rgb(x, y).map(f32::from);
        let luma = 0.299 * r + 0.587 * g + 0.114 * b;
        let level = |v: f32, gain: f32, zero: f32| (v * gain / 255.0 + zero).round().clamp(0.0, 255.0) as u8;
        (level(luma, 219.0, 16.0), level((b - luma) / 1.772, 224.0, 128.0), level((r - luma) / 1.402, 224.0, 128.0))
    };
    let mut data = Vec::with_capacity(width as usize * height as usize * 2);
    for y in 0..height {
        for x in (0..width).step_by(2) {
            let ((first, u, v), (second, ..)) = (at(x, y), at(x + 1, y));
            data.extend([first, u, second, v]);
        }
    }
    Picture::new(PixelFormat::Yuyv, width, height, 0, Range::Limited, data).expect("two bytes for each pixel")
}

/// Median and 95th percentile, in milliseconds; zero of nothing.
fn quantiles(mut took: Vec<Duration>) -> StageTime {
    took.sort_unstable();
    let at = |part: f64| {
        let place = (part * took.len().saturating_sub(1) as f64).round() as usize;
        took.get(place).map_or(0.0, |took| took.as_secs_f32() * 1e3)
    };
    StageTime { p50: at(0.5), p95: at(0.95) }
}

/// Memory that this program holds, as Linux tells it; 0 where it does not.
pub fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} frames of {}, one face, one thread", self.frames, self.frame)?;
        writeln!(f, "{:<14}{:>9}{:>9}", "", "p50 ms", "p95 ms")?;
        for Stage { name, ms } in &self.stages {
            writeln!(f, "{name:<14}{:>9.3}{:>9.3}", ms.p50, ms.p95)?;
        }
        writeln!(f, "{:<14}{:>9.3}{:>9.3}", "networks only", self.networks.p50, self.networks.p95)?;
        let word = if self.ratio <= self.goal { "met" } else { "missed" };
        writeln!(f, "whole / networks: {:.3} (goal at most {}: {word})", self.ratio, self.goal)?;
        writeln!(f, "MJPG decode: {:.3} ms (p95 {:.3})", self.mjpg.p50, self.mjpg.p95)?;
        writeln!(f, "resident memory: {:.1} MiB", self.resident_mib)?;
        write!(f, "{}", traffic::heading())?;
        self.screens.iter().try_for_each(|screen| write!(f, "\n{screen}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_a_known_list() {
        let took = (1..=101).rev().map(Duration::from_millis).collect();
        let StageTime { p50, p95 } = quantiles(took);
        assert!((p50 - 51.0).abs() < 1e-3 && (p95 - 96.0).abs() < 1e-3, "{p50} {p95}");
        assert_eq!(quantiles(vec![]), StageTime::default());
    }

    #[test]
    fn this_program_holds_some_memory() {
        assert!(resident_mib() > 1.0);
    }
}
