//! `bench`: what a frame costs on this machine, stage by stage.
//!
//! Enters: the photograph in `models/vision/tests/data`, made into 640×480 frames as a webcam
//! delivers them. Leaves: milliseconds for each stage, of frames that the detector looks at and of
//! those between, for the two networks alone through the same library in the same run, for what happens
//! to a frame before and after it is looked at, the ratios that have a goal, and the bytes that each kind
//! of panel costs on its bus. What fails: see [`SeeError`].
//!
//! How MJPG is decoded was chosen by such a measurement, on three 640×480 frames of 47 to 69 kB:
//! zune-jpeg to YCbCr (what ships) takes 1.0 to 1.3 ms, to luma alone 0.7 to 0.9 ms. jpeg-decoder takes
//! 1.7 to 2.3 ms, and 1.2 to 1.7 ms when it decodes to half the size: undoing the Huffman code, which
//! scaling does not spare, is most of the work. Luma alone would do for the emotion network, but the
//! detector needs colour: without it its scores fall by 0.08, and 3 faces of 40 below the threshold.

use std::fmt;
use std::fs;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_mood::StageTime;
use moodring_vision::{Range, View};
use serde::Serialize;

use crate::camera::jpeg;
use crate::camera::light::{Light, LightSettings, Luma};
use crate::frame::{Frame, Picture, PixelFormat};
use crate::mood::{MoodSettings, Steady};
use crate::pipeline::seen;
use crate::publish::{Outbox, Parcel, Statement};
use crate::screen::traffic::{self, Traffic};
use crate::see::{SeeError, Seer, Timings, VisionSettings};
use crate::still;

/// A photograph of one face, half of the picture high: see `CREDITS` beside it.
const PHOTOGRAPH: &[u8] = include_bytes!("../../models/vision/tests/data/astronaut.jpg");

/// Size of the frames, in pixels.
const SIZE: (u32, u32) = (640, 480);

/// One frame only warms up for so many that are measured, and so many at least do.
const WARM_UP: (usize, usize) = (10, 5);

/// Different frames, so that no stage sees the same bytes twice in a row.
const VARIANTS: usize = 4;

/// Goals, at most: the emotion network to the detector; a frame that the detector looks at to the two
/// networks; a frame that it does not look at to one that it does.
pub const GOALS: Ratios = Ratios { emotion_to_detector: 0.6, looked_to_networks: 1.25, followed_to_looked: 0.5 };

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Frames measured.
    pub frames: usize,
    /// Their size in pixels and format.
    pub frame: String,
    /// Milliseconds of each stage of the frames that the detector looked at, in order; `total` is a
    /// frame's whole way to a reading.
    pub looked: Vec<Stage>,
    /// The same of the frames in which a face was followed without the detector.
    pub followed: Vec<Stage>,
    /// Milliseconds of what happens to each frame before and after that: its copy out of the camera's
    /// buffer, whether there is light enough, the steady mood, and the message to the broker, as if the
    /// mood were said with each frame; `total` is all of it.
    pub around: Vec<Stage>,
    /// Milliseconds of the networks alone: the detector and the emotion network.
    pub networks: [StageTime; 2],
    /// The ratios that matter. Medians of pairs measured one after the other, because then a busy
    /// machine slows both alike.
    pub ratios: Ratios,
    /// What the ratios should be at most.
    pub goals: Ratios,
    /// Milliseconds to decode one MJPG frame of the same size.
    pub mjpg: StageTime,
    /// Memory that the program holds, in MiB.
    pub resident_mib: f64,
    /// What each kind of panel costs on its bus.
    pub screens: Vec<Traffic>,
}

/// Times to one another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Ratios {
    /// The emotion network to the detector.
    pub emotion_to_detector: f64,
    /// A frame that the detector looks at to the two networks alone.
    pub looked_to_networks: f64,
    /// A frame in which a face is followed without the detector to one that it looks at.
    pub followed_to_looked: f64,
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

/// Measures so many frames.
///
/// # Errors
/// The library or a network cannot be opened.
///
/// # Panics
/// If the built-in photograph is broken, or no face is found in it, or counting bytes fails.
pub fn run(settings: &VisionSettings, measured: usize) -> Result<Report, SeeError> {
    let mut seer = Seer::open(settings)?;
    let photograph = still::decode(PHOTOGRAPH).expect("the photograph is built in");
    let frames: Vec<Frame> = (0..VARIANTS).map(|i| yuyv(&photograph.view(), i)).collect();
    let mut looked = Vec::new();
    let mut followed = Vec::new();
    let mut networks = [Vec::new(), Vec::new()];
    let (mut emotion_to_detector, mut looked_to_networks, mut followed_to_looked) = (vec![], vec![], vec![]);
    let warm_up = (measured / WARM_UP.0).max(WARM_UP.1);
    let mut way = Way::new();
    let mut around: [Vec<Duration>; Way::STAGES.len()] = Default::default();
    for i in 0..warm_up + measured {
        let took = way.pass(&mut seer, &frames[i % VARIANTS], i as u32);
        let timings = seer.timings();
        // Taken in turn with the frames, so that both meet the machine in the same state.
        let [detector, emotion] = seer.run_networks();
        if i < warm_up {
            continue;
        }
        for (all, took) in around.iter_mut().zip(took) {
            all.push(took);
        }
        let ratio = |a: Duration, b: Duration| a.as_secs_f64() / b.as_secs_f64();
        networks[0].push(detector);
        networks[1].push(emotion);
        emotion_to_detector.push(ratio(emotion, detector));
        if timings.detect.is_zero() {
            let last: Option<&Timings> = looked.last();
            followed_to_looked.extend(last.map(|last| ratio(timings.total, last.total)));
            followed.push(timings);
        } else {
            looked_to_networks.push(ratio(timings.total, detector + emotion));
            looked.push(timings);
        }
    }
    let mjpg = (0..measured.div_ceil(4))
        .map(|_| {
            let start = Instant::now();
            let picture = jpeg::decode(PHOTOGRAPH, still::MAX_PIXELS);
            assert!(picture.is_ok(), "the photograph is built in");
            start.elapsed()
        })
        .collect();
    Ok(Report {
        frames: measured,
        frame: format!("{}×{} YUYV", SIZE.0, SIZE.1),
        looked: stages(&looked),
        followed: stages(&followed),
        around: Way::STAGES.into_iter().zip(around).map(|(name, took)| Stage { name, ms: quantiles(took) }).collect(),
        networks: networks.map(quantiles),
        ratios: Ratios {
            emotion_to_detector: median(emotion_to_detector),
            looked_to_networks: median(looked_to_networks),
            followed_to_looked: median(followed_to_looked),
        },
        goals: GOALS,
        mjpg: quantiles(mjpg),
        resident_mib: resident_mib(),
        screens: traffic::measure().expect("wires that lead nowhere do not fail"),
    })
}

/// A frame's whole way through the parts that the pipeline is made of.
struct Way {
    light: Light,
    steady: Steady,
    outbox: Outbox,
}

impl Way {
    /// What happens to a frame beside being looked at.
    const STAGES: [&str; 5] = ["copy", "light", "mood", "publish", "total"];

    fn new() -> Self {
        let mut outbox = Outbox::new(10, Duration::from_secs(10));
        outbox.connected(Instant::now());
        Self { light: Light::new(LightSettings::default()), steady: Steady::new(MoodSettings::default()), outbox }
    }

    /// From the camera's buffer to bytes for the broker; how long each of [`STAGES`](Self::STAGES) took.
    fn pass(&mut self, seer: &mut Seer, frame: &Frame, number: u32) -> [Duration; Self::STAGES.len()] {
        let start = Instant::now();
        // As the camera's thread does it.
        let frame = frame.clone();
        let copied = Instant::now();
        let view = frame.picture.view();
        let at = Duration::from_millis(100) * number;
        assert!(self.light.is_enough(at, Luma::of(&view)), "the photograph was taken by daylight");
        let lit = Instant::now();
        let reading = seer.see(&frame);
        let looked = Instant::now();
        let faces = seen(&reading, &view, &self.light);
        let judged = Instant::now();
        assert_eq!(faces.len(), 1, "one face is in the photograph");
        let room = self.steady.observe(at, &faces);
        let steadied = Instant::now();
        let (mood, confidence, people, scores) = (room.mood, room.confidence, room.people, room.scores);
        self.outbox.changed(Statement { at: frame.at, mood, confidence, people, scores }, steadied);
        let mut bytes = 0;
        while let Some(parcel) = self.outbox.next_parcel() {
            if let Parcel::Mood(message) = &parcel {
                bytes += serde_json::to_vec(message).map_or(0, |json| json.len());
            }
            // The client writes at once, and the broker answers at once.
            self.outbox.written(1);
            self.outbox.acknowledged(1);
        }
        let published = Instant::now();
        assert!(bytes > 0, "a mood was said");
        let (copy, light) = (copied - start, (lit - copied) + (judged - looked));
        let (mood, publish) = (steadied - judged, published - steadied);
        [copy, light, mood, publish, copy + light + mood + publish]
    }
}

/// Each stage's time over these frames.
fn stages(frames: &[Timings]) -> Vec<Stage> {
    let names = Timings::default().stages().map(|(name, _)| name);
    let stage = |(i, name): (usize, &'static str)| Stage {
        name,
        ms: quantiles(frames.iter().map(|t| t.stages()[i].1).collect()),
    };
    names.into_iter().enumerate().map(stage).collect()
}

/// The middle one; 0 of nothing.
fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).copied().unwrap_or(0.0)
}

/// A photograph as a webcam would deliver it, shifted by no pixel or a few.
fn yuyv(view: &View<'_>, variant: usize) -> Frame {
    let (width, height) = SIZE;
    let at = |x: u32, y: u32| {
        let x = (x + variant as u32).min(width - 1) * view.width() / width;
        let y = (y + variant as u32 / 2).min(height - 1) * view.height() / height;
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
    let picture = Picture::new(PixelFormat::Yuyv, width, height, 0, Range::Limited, data);
    Frame { at: Timestamp::UNIX_EPOCH, seq: 0, picture: picture.expect("two bytes for each pixel") }
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
        writeln!(f, "{:<18}{:>22}{:>22}", "", "with the detector", "followed without")?;
        writeln!(f, "{:<18}{:>11}{:>11}{:>11}{:>11}", "", "p50 ms", "p95 ms", "p50 ms", "p95 ms")?;
        for (looked, followed) in self.looked.iter().zip(&self.followed) {
            let (name, a, b) = (looked.name, looked.ms, followed.ms);
            writeln!(f, "{name:<18}{:>11.3}{:>11.3}{:>11.3}{:>11.3}", a.p50, a.p95, b.p50, b.p95)?;
        }
        for Stage { name, ms } in &self.around {
            writeln!(f, "{:<18}{:>11.3}{:>11.3}", format!("around: {name}"), ms.p50, ms.p95)?;
        }
        for (name, ms) in ["detector alone", "emotion alone"].into_iter().zip(self.networks) {
            writeln!(f, "{name:<18}{:>11.3}{:>11.3}", ms.p50, ms.p95)?;
        }
        let Ratios { emotion_to_detector, looked_to_networks, followed_to_looked } = self.ratios;
        for (name, found, goal) in [
            ("emotion / detector", emotion_to_detector, self.goals.emotion_to_detector),
            ("with the detector / networks", looked_to_networks, self.goals.looked_to_networks),
            ("followed / with the detector", followed_to_looked, self.goals.followed_to_looked),
        ] {
            let word = if found <= goal { "met" } else { "missed" };
            writeln!(f, "{name}: {found:.3} (goal at most {goal}: {word})")?;
        }
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
