//! How loud a file is (EBU R 128), and its largest sample, as it is played here.
//!
//! Enters: a path. Leaves: what was measured. Fails as decoding does: in words that name the file.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use ebur128::{EbuR128, Mode};

use super::{RATE, decode::AtOurRate, file::FileSound};
use crate::player::{Fault, level::Measured};

/// Below this there is nothing to even out: silence, or nearly, LUFS.
const SILENCE_LUFS: f64 = -60.0;

/// Decodes the whole file; after each second of its sound `go_on` is asked. `None`: it said no.
///
/// # Errors
/// The file cannot be decoded to its end.
pub fn measure(path: &Path, go_on: impl FnMut() -> bool) -> Result<Option<Measured>, Fault> {
    catch_unwind(AssertUnwindSafe(|| by_ear(path, go_on)))
        .unwrap_or_else(|_| Err(format!("{} is damaged so that its decoder failed", path.display()).into()))
}

fn by_ear(path: &Path, mut go_on: impl FnMut() -> bool) -> Result<Option<Measured>, Fault> {
    let cannot = |why: ebur128::Error| Fault::Broken(format!("cannot measure {}: {why}", path.display()));
    let mut sound = FileSound::open(path)?;
    let mut source = AtOurRate::new(&mut sound);
    let mut meter = EbuR128::new(2, RATE, Mode::I | Mode::SAMPLE_PEAK).map_err(cannot)?;
    let mut frames = Vec::new();
    loop {
        let more = source.more(&mut frames)?;
        if frames.len() >= 2 * RATE as usize || !more {
            meter.add_frames_f32(&frames).map_err(cannot)?;
            frames.clear();
            if !go_on() {
                return Ok(None);
            }
        }
        if !more {
            break;
        }
    }
    let peak = (0..2).filter_map(|side| meter.sample_peak(side).ok()).fold(0.0, f64::max);
    let lufs = meter.loudness_global().map_err(cannot)?.max(SILENCE_LUFS);
    Ok(Some(Measured { lufs: lufs as f32, peak: peak as f32 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_as_loud_as_ebu_says() {
        // 440 Hz at -6.02 dBFS on both sides: EBU Tech 3341 puts a 1 kHz tone at -20 dBFS to -20 LUFS; at 440 Hz the
        // K-weighting takes 0.7 dB.
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        for name in ["tone.flac", "tone.opus"] {
            let measured = measure(&data.join(name), || true).unwrap().unwrap();
            assert!((measured.lufs + 6.7).abs() < 0.5, "{name}: {measured:?}");
            assert!((measured.peak - 0.5).abs() < 0.03, "{name}: {measured:?}");
        }
        assert_eq!(measure(&data.join("tone.flac"), || false), Ok(None), "it can be given up");
        assert!(measure(&data.join("README.md"), || true).is_err());
    }
}
