//! How the device is doing: rates and times over a sliding window.
//!
//! In: for each frame read, when it was done and how long each stage took. Out: a
//! [`Health`] message. Nothing here fails. Time is a parameter.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{Health, StageTime, payload::VERSION};
use serde::Deserialize;

/// How far back rates and times look.
pub const WINDOW: Duration = Duration::from_secs(30);

/// The most frames remembered: half a minute at 60 frames/s, and a bound when replay runs unhindered.
const MOST: usize = 1800;

/// How often the device says how it is doing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HealthSettings {
    /// Seconds between two health messages, 1..=3600. Default 30.
    pub every_s: u64,
}

impl Default for HealthSettings {
    fn default() -> Self {
        Self { every_s: 30 }
    }
}

/// What else a health message says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    /// Frames captured and skipped, since the start.
    pub frames_dropped: u64,
    /// Mood changes lost, since the start.
    pub changes_dropped: u64,
    /// What is wrong with the camera, if anything.
    pub camera_problem: Option<String>,
    /// Whether it is too dark to read faces.
    pub too_dark: bool,
    /// Temperature of the processor, degrees Celsius, where the machine tells.
    pub temperature_c: Option<f32>,
}

/// The times of the last half minute.
#[derive(Debug)]
pub struct Times {
    start: Instant,
    /// When each frame was done, oldest first.
    frames: VecDeque<Instant>,
    stages: BTreeMap<&'static str, VecDeque<(Instant, Duration)>>,
}

impl Times {
    /// Times of a device that started at `start`.
    pub fn new(start: Instant) -> Self {
        Self { start, frames: VecDeque::new(), stages: BTreeMap::new() }
    }

    /// A frame was read completely at `now`.
    pub fn frame(&mut self, now: Instant) {
        self.frames.push_back(now);
        while self.frames.len() > MOST || self.frames.front().is_some_and(|&at| now.duration_since(at) > WINDOW) {
            self.frames.pop_front();
        }
    }

    /// The stage of this name took `time` and was done at `now`.
    pub fn stage(&mut self, stage: &'static str, time: Duration, now: Instant) {
        let times = self.stages.entry(stage).or_default();
        times.push_back((now, time));
        while times.len() > MOST || times.front().is_some_and(|&(at, _)| now.duration_since(at) > WINDOW) {
            times.pop_front();
        }
    }

    /// The health message of this moment.
    pub fn health(&self, now: Instant, at: Timestamp, counts: Counts) -> Health {
        let recent = |&at: &Instant| now.duration_since(at) <= WINDOW;
        let stages = self.stages.iter().filter_map(|(stage, times)| {
            let mut recent: Vec<Duration> = times.iter().filter(|(at, _)| recent(at)).map(|&(_, time)| time).collect();
            recent.sort_unstable();
            let time = StageTime { p50: milliseconds(&recent, 50)?, p95: milliseconds(&recent, 95)? };
            Some(((*stage).to_owned(), time))
        });
        Health {
            v: VERSION,
            at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: now.duration_since(self.start).as_secs(),
            fps: self.fps(now),
            frames_dropped: counts.frames_dropped,
            changes_dropped: counts.changes_dropped,
            camera_problem: counts.camera_problem,
            too_dark: counts.too_dark,
            temperature_c: counts.temperature_c,
            instance: String::new(),
            stages: stages.collect(),
        }
    }

    /// Frames per second over the window, or over the time since the start where that is shorter.
    fn fps(&self, now: Instant) -> f32 {
        let recent = self.frames.iter().filter(|&&at| now.duration_since(at) <= WINDOW).count();
        let mut span = now.duration_since(self.start).min(WINDOW);
        if let (MOST, Some(&oldest)) = (self.frames.len(), self.frames.front()) {
            span = span.min(now.duration_since(oldest));
        }
        let fps = recent as f64 / span.as_secs_f64().max(0.001);
        ((fps * 10.0).round() / 10.0) as f32
    }
}

/// The nearest-rank percentile of sorted times, in milliseconds with two decimals.
fn milliseconds(sorted: &[Duration], percent: usize) -> Option<f32> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let time = sorted.get(rank - 1)?;
    Some(((time.as_secs_f64() * 100_000.0).round() / 100.0) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank_and_rates_by_the_window() {
        let start = Instant::now();
        let mut times = Times::new(start);
        for i in 1..=100_u64 {
            let now = start + Duration::from_millis(i * 100);
            times.frame(now);
            times.stage("detect", Duration::from_micros(i * 10), now);
        }
        let health = times.health(start + Duration::from_secs(10), Timestamp::UNIX_EPOCH, Counts::default());
        assert_eq!((health.fps, health.uptime_s), (10.0, 10));
        assert_eq!(health.stages["detect"], StageTime { p50: 0.5, p95: 0.95 });
        assert_eq!(health.stages.len(), 1, "a stage that never ran is not mentioned");
    }

    #[test]
    fn what_is_older_than_half_a_minute_is_forgotten() {
        let start = Instant::now();
        let mut times = Times::new(start);
        times.frame(start);
        times.stage("detect", Duration::from_secs(1), start);
        let later = start + Duration::from_secs(31);
        let health = times.health(later, Timestamp::UNIX_EPOCH, Counts::default());
        assert!(health.stages.is_empty() && health.fps == 0.0, "{health:?}");
    }

    #[test]
    fn memory_is_bounded_when_replay_runs_unhindered() {
        let start = Instant::now();
        let mut times = Times::new(start);
        for i in 1..=10_000_u64 {
            let now = start + Duration::from_millis(i);
            times.frame(now);
            times.stage("whole", Duration::from_millis(1), now);
        }
        assert_eq!((times.frames.len(), times.stages["whole"].len()), (MOST, MOST));
        let fps = times.health(start + Duration::from_secs(10), Timestamp::UNIX_EPOCH, Counts::default()).fps;
        assert!((fps - 1000.0).abs() < 1.0, "{fps}");
    }
}
