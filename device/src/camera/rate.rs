//! How many frames a second are looked at.
//!
//! Enters: the time of a frame. Leaves: whether it is one of those. Nothing fails.

use std::time::{Duration, Instant};

/// Lets through at most so many frames a second, evenly.
#[derive(Debug)]
pub(super) struct Rate {
    period: Duration,
    due: Option<Instant>,
}

impl Rate {
    pub(super) fn new(fps: u32) -> Self {
        Self { period: Duration::from_secs(1) / fps.max(1), due: None }
    }

    /// Whether a frame that arrives at `now` is let through.
    pub(super) fn wants(&mut self, now: Instant) -> bool {
        // A frame that comes a little early is the one meant: cameras jitter.
        let due = self.due.unwrap_or(now);
        if now + self.period / 5 < due {
            return false;
        }
        let late = now.checked_duration_since(due).is_some_and(|late| late > self.period);
        self.due = Some(if late { now } else { due } + self.period);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fast_camera_is_thinned_evenly() {
        let start = Instant::now();
        for (camera_fps, wanted, expect) in [(30, 10, 10), (30, 30, 30), (15, 10, 10), (5, 10, 5)] {
            let mut rate = Rate::new(wanted);
            let frames = 4 * camera_fps;
            // Frames arrive up to 3 ms early or late.
            let arrives = |i: u32| {
                start + Duration::from_secs(1) + Duration::from_secs_f64(f64::from(i) / f64::from(camera_fps))
                    - Duration::from_millis(u64::from(i * 7 % 6))
            };
            let passed = (0..frames).filter(|&i| rate.wants(arrives(i))).count() as u32;
            assert!(passed.abs_diff(4 * expect) <= 2, "{camera_fps} → {wanted}: {passed}");
        }
    }
}
