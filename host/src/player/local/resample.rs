//! Any sample rate → [`RATE`], without aliasing.
//!
//! Enters: stereo frames at a file's rate. Leaves: the same sound at [`RATE`], as long as before to
//! the frame, so that tracks still join without a gap. Fails: at rates no music has.
//!
//! The sinc filter of rubato, because the converter inside rodio interpolates in a straight line
//! and says itself that this can be heard.

use rubato::{
    Async, FixedAsync, Indexing, Resampler, SincInterpolationParameters, SincInterpolationType, WindowFunction,
    audioadapter_buffers::direct::InterleavedSlice,
};

use super::RATE;

/// Input frames handled at a time.
const CHUNK: usize = 1024;

/// See the module.
pub(super) struct Resample {
    sinc: Async<f32>,
    from: u32,
    /// Input that does not fill a chunk yet.
    rest: Vec<f32>,
    chunk: Vec<f32>,
    /// Output frames still to drop: the filter's delay.
    skip: usize,
    taken: u64,
    given: u64,
}

impl Resample {
    /// From this rate, in frames a second.
    pub fn new(from: u32) -> Result<Self, String> {
        if !(1_000..=800_000).contains(&from) {
            return Err(format!("its rate of {from} frames a second is none that music has"));
        }
        let filter = SincInterpolationParameters::new(192, WindowFunction::BlackmanHarris2)
            .interpolation(SincInterpolationType::Quadratic);
        let ratio = f64::from(RATE) / f64::from(from);
        let sinc = Async::new_sinc(ratio, 1.0, &filter, CHUNK, 2, FixedAsync::Input)
            .map_err(|why| format!("cannot convert {from} to {RATE} frames a second: {why}"))?;
        let chunk = vec![0.0; 2 * sinc.output_frames_max()];
        // Measured: rubato's figure is rounded up.
        let skip = sinc.output_delay().saturating_sub(1);
        Ok(Self { sinc, from, rest: Vec::new(), chunk, skip, taken: 0, given: 0 })
    }

    /// Takes `frames` in and appends what can be told already to `out`.
    pub fn push(&mut self, frames: &[f32], out: &mut Vec<f32>) -> Result<(), String> {
        self.taken += (frames.len() / 2) as u64;
        self.rest.extend_from_slice(frames);
        let whole = self.rest.len() / (2 * CHUNK);
        for i in 0..whole {
            let part = self.rest[2 * CHUNK * i..2 * CHUNK * (i + 1)].to_vec();
            self.chunk(&part, None, u64::MAX, out)?;
        }
        self.rest.drain(..2 * CHUNK * whole);
        Ok(())
    }

    /// Appends what is left, after the last `push`.
    pub fn finish(&mut self, out: &mut Vec<f32>) -> Result<(), String> {
        let due = (u128::from(self.taken) * u128::from(RATE)).div_ceil(u128::from(self.from)) as u64;
        let mut last = std::mem::take(&mut self.rest);
        while self.given < due {
            let left = last.len() / 2;
            last.resize(2 * CHUNK, 0.0);
            self.chunk(&last, Some(left), due, out)?;
            last.clear();
        }
        Ok(())
    }

    fn chunk(&mut self, part: &[f32], left: Option<usize>, due: u64, out: &mut Vec<f32>) -> Result<(), String> {
        let wrong = |why: &dyn std::fmt::Display| format!("cannot change its sample rate: {why}");
        let room = self.chunk.len() / 2;
        let from = InterleavedSlice::new(part, 2, CHUNK).map_err(|e| wrong(&e))?;
        let mut to = InterleavedSlice::new_mut(&mut self.chunk, 2, room).map_err(|e| wrong(&e))?;
        let indexing = left.map(|frames| Indexing::new().partial_len(frames));
        let (_, made) = self.sinc.process_into_buffer(&from, &mut to, indexing.as_ref()).map_err(|e| wrong(&e))?;
        let skipped = self.skip.min(made);
        self.skip -= skipped;
        let wanted = (made - skipped).min(usize::try_from(due - self.given).unwrap_or(usize::MAX));
        out.extend_from_slice(&self.chunk[2 * skipped..2 * (skipped + wanted)]);
        self.given += wanted as u64;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn sine(rate: u32, hz: f64, frames: usize) -> Vec<f32> {
        (0..frames).flat_map(|i| [0.5 * (TAU * hz * i as f64 / f64::from(rate)).sin() as f32; 2]).collect()
    }

    #[test]
    fn keeps_length_phase_and_level() {
        for rate in [8_000, 22_050, 48_000, 96_000] {
            let seconds = 1;
            let mut resample = Resample::new(rate).unwrap();
            let mut out = Vec::new();
            for part in sine(rate, 441.0, (rate * seconds) as usize).chunks(2 * 333) {
                resample.push(part, &mut out).unwrap();
            }
            resample.finish(&mut out).unwrap();
            assert_eq!(out.len(), 2 * (RATE * seconds) as usize, "from {rate}");
            let expected = sine(RATE, 441.0, RATE as usize);
            // The ends ring, as a cut sine does in any filter.
            let middle = 2 * 2_000..2 * (RATE as usize - 2_000);
            let worst =
                out[middle.clone()].iter().zip(&expected[middle]).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
            assert!(worst < 0.01, "from {rate}: {worst}");
        }
    }

    #[test]
    fn what_the_new_rate_cannot_hold_is_filtered_out() {
        let mut resample = Resample::new(96_000).unwrap();
        let mut out = Vec::new();
        resample.push(&sine(96_000, 30_000.0, 96_000), &mut out).unwrap();
        resample.finish(&mut out).unwrap();
        let loudest = out[4_000..out.len() - 4_000].iter().copied().fold(0.0, f32::max);
        assert!(loudest < 0.000_01, "30 kHz came through at {loudest}");
    }

    #[test]
    fn refuses_rates_that_no_music_has() {
        assert!(Resample::new(0).is_err());
        assert!(Resample::new(4_000_000_000).is_err());
    }
}
