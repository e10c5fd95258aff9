//! How loud tracks are, and the factor that makes them equally loud.
//!
//! In: what a file's tags say (ReplayGain, or R128 in opus files) and what was measured (EBU R 128).
//! Out: a factor for every sample. Pure; nothing here can fail, and no factor makes a track clip.

use serde::{Deserialize, Serialize};

/// What every track is brought to, in LUFS: the level that ReplayGain 2.0 tags speak of.
pub const TARGET_LUFS: f32 = -18.0;
/// What a track of which nothing is known yet is changed by, in dB: a little less than loud music needs, so that
/// it neither startles nor vanishes between tracks that are known.
const UNKNOWN_DB: f32 = -6.0;
/// No track is made louder or softer by more than this, in dB: what asks for more is speech, noise or a mistake.
const MOST_DB: f32 = 15.0;
const LEAST_DB: f32 = -24.0;

/// How the loudness of tracks is evened out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EvenOut {
    /// Every track is as loud as the others.
    #[default]
    Track,
    /// Every album is as loud as the others, and its tracks keep their differences.
    Album,
    /// Tracks are played as they are.
    Off,
}

/// What a tag says of a track or of its album.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tagged {
    /// What brings it to [`TARGET_LUFS`], in dB.
    pub gain_db: f32,
    /// Its largest sample, 1 being full scale; `None` where no tag says.
    pub peak: Option<f32>,
}

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Loudness of the whole track, LUFS.
    pub lufs: f32,
    /// Its largest sample as it is played here, 1 being full scale.
    pub peak: f32,
}

/// All that is known of a track's loudness.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Level {
    /// Of the track, by its tags.
    pub track: Option<Tagged>,
    /// Of its album, by its tags.
    pub album: Option<Tagged>,
    /// Of the track, measured.
    pub measured: Option<Measured>,
}

impl Level {
    /// The factor for each sample; no sample is made larger than full scale by it.
    pub fn gain(&self, even_out: EvenOut) -> f32 {
        let tagged = match even_out {
            EvenOut::Off => return 1.0,
            EvenOut::Track => self.track.or(self.album),
            EvenOut::Album => self.album.or(self.track),
        };
        let by_tag = tagged.map(|tagged| tagged.gain_db);
        let by_ear = self.measured.map(|measured| TARGET_LUFS - measured.lufs);
        let decibels = by_tag.or(by_ear).filter(|db| db.is_finite()).unwrap_or(UNKNOWN_DB);
        // Where the peak is unknown, nothing is made louder.
        let most = self.peak().map_or(1.0, |peak| if peak > 0.0 { 1.0 / peak } else { 1.0 });
        10_f32.powf(decibels.clamp(LEAST_DB, MOST_DB) / 20.0).min(most)
    }

    /// Its largest sample, 1 being full scale, where known.
    pub fn peak(&self) -> Option<f32> {
        let tagged = self.track.and_then(|tagged| tagged.peak);
        let known = [tagged, self.measured.map(|measured| measured.peak)];
        known.into_iter().flatten().filter(|peak| peak.is_finite() && *peak >= 0.0).reduce(f32::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn db(factor: f32) -> f32 {
        20.0 * factor.log10()
    }

    fn tagged(gain_db: f32, peak: f32) -> Option<Tagged> {
        Some(Tagged { gain_db, peak: Some(peak) })
    }

    #[test]
    fn tags_count_before_what_was_measured_and_the_album_where_it_is_wished() {
        let level = Level {
            track: tagged(-8.0, 0.9),
            album: tagged(-5.0, 1.0),
            measured: Some(Measured { lufs: -12.0, peak: 0.9 }),
        };
        assert!((db(level.gain(EvenOut::Track)) + 8.0).abs() < 1e-3);
        assert!((db(level.gain(EvenOut::Album)) + 5.0).abs() < 1e-3);
        assert_eq!(level.gain(EvenOut::Off), 1.0);
        let measured = Level { track: None, album: None, ..level };
        assert!((db(measured.gain(EvenOut::Track)) + 6.0).abs() < 1e-3);
        assert!((db(measured.gain(EvenOut::Album)) + 6.0).abs() < 1e-3);
    }

    #[test]
    fn no_track_is_made_to_clip() {
        for (gain_db, peak) in [(9.0, 0.8), (9.0, 1.0), (0.0, 1.3), (-1.0, 1.3), (60.0, 0.01), (3.0, 0.0)] {
            let level = Level { track: tagged(gain_db, peak), ..Level::default() };
            let gain = level.gain(EvenOut::Track);
            assert!(gain * peak <= 1.0 + 1e-6 && gain <= 10_f32.powf(MOST_DB / 20.0), "{gain_db} dB, {peak}: {gain}");
        }
        let unknown = Level { track: Some(Tagged { gain_db: 6.0, peak: None }), ..Level::default() };
        assert_eq!(unknown.gain(EvenOut::Track), 1.0, "without a peak nothing is made louder");
        let measured = Level { measured: Some(Measured { lufs: -30.0, peak: 0.2 }), ..unknown };
        assert!((db(measured.gain(EvenOut::Track)) - 6.0).abs() < 1e-3, "with one it is");
    }

    #[test]
    fn what_is_unknown_or_makes_no_sense_is_played_a_little_softer() {
        assert!((db(Level::default().gain(EvenOut::Track)) - UNKNOWN_DB).abs() < 1e-3);
        let silence = Level { measured: Some(Measured { lufs: f32::NEG_INFINITY, peak: 0.0 }), ..Level::default() };
        assert!((db(silence.gain(EvenOut::Track)) - UNKNOWN_DB).abs() < 1e-3);
    }
}
