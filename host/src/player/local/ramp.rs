//! A level that moves without clicks: volume, fades, cuts.
//!
//! Enters: where to go and how fast. Leaves: one amplitude a frame. Cannot fail.

use super::RATE;

/// Loudness doubles with every 10 dB (Stevens), so amplitude is loudness to the power of 5/3.
const LOUDNESS_TO_AMPLITUDE: f32 = 5.0 / 3.0;

/// A loudness of 0..=1 on its way to another, in equal steps of perceived loudness.
#[derive(Clone, Debug)]
pub(super) struct Ramp {
    level: f32,
    target: f32,
    /// Change of the level in one frame; not negative.
    step: f32,
}

impl Ramp {
    /// Rests at `level`, 0..=1.
    pub fn at(level: f32) -> Self {
        Self { level, target: level, step: 0.0 }
    }

    /// Sets out for `target`, 0..=1; a whole way from 0 to 1 would take `seconds`.
    pub fn go(&mut self, target: f32, seconds: f32) {
        self.target = target;
        self.step = 1.0 / (seconds * RATE as f32).max(1.0);
    }

    /// Sets out for `target` and arrives there after `seconds`, however far it is.
    pub fn arrive(&mut self, target: f32, seconds: f32) {
        self.target = target;
        self.step = (target - self.level).abs() / (seconds * RATE as f32).max(1.0);
    }

    /// The amplitude for the next frame, 0..=1.
    pub fn next(&mut self) -> f32 {
        if self.level != self.target {
            let way = self.target - self.level;
            self.level = if way.abs() <= self.step { self.target } else { self.level + self.step.copysign(way) };
        }
        if self.level == 1.0 { 1.0 } else { self.level.powf(LOUDNESS_TO_AMPLITUDE) }
    }

    /// The amplitude it will keep, where it rests.
    pub fn resting(&self) -> Option<f32> {
        (self.level == self.target).then(|| self.level.powf(LOUDNESS_TO_AMPLITUDE))
    }

    /// Whether it rests at silence.
    pub fn silent(&self) -> bool {
        self.level == 0.0 && self.target == 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_the_loudness_is_ten_decibels_less() {
        let decibels = 20.0 * Ramp::at(0.5).next().log10();
        assert!((decibels + 10.0).abs() < 0.1, "{decibels} dB");
    }

    #[test]
    fn arrives_on_time_in_small_steps_and_turns_back_midway() {
        let mut ramp = Ramp::at(1.0);
        ramp.go(0.0, 0.02);
        let mut last = 1.0;
        for _ in 0..(RATE / 50) {
            let now = ramp.next();
            assert!(now < last && last - now < 0.002, "a step from {last} to {now}");
            last = now;
        }
        assert!(last < 1e-4);
        ramp.next();
        assert!(ramp.silent());

        ramp.arrive(1.0, 1.0);
        (0..RATE / 2).for_each(|_| assert!(ramp.next() < 1.0));
        ramp.arrive(0.0, 0.1);
        (0..RATE / 10 + 2).for_each(|_| assert!(ramp.next() < 1.0));
        assert_eq!(ramp.resting(), Some(0.0));
    }
}
