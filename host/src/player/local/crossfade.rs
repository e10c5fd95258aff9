//! How one track passes into the next.
//!
//! Pure: when a crossfade begins, how long it takes, how loud each side is. And the side that goes
//! out: its voice, until it is silent.

use std::{f32::consts::FRAC_PI_2, time::Duration};

use super::{RATE, deck::Voice};
use crate::player::Place;

/// A fade shorter than this many seconds is not worth it: the tracks are joined instead.
const SHORTEST_S: f64 = 0.2;

/// What a deck must know of a track to fade it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Side {
    /// Its length, where known.
    pub length: Option<Duration>,
    /// Its largest sample as it is played, where known.
    pub peak: Option<f32>,
    /// Where it stands on its album, where known.
    pub place: Option<Place>,
}

/// In how many frames the fade from one track to the next begins, and over how many frames it goes; `None`:
/// they are joined. `heard`: frames of the first that were heard.
pub(super) fn due(wanted: Duration, from: &Side, heard: u64, to: &Side) -> Option<(u64, u64)> {
    let frames = |time: Duration| (time.as_secs_f64() * f64::from(RATE)) as u64;
    if from.place.zip(to.place).is_some_and(|(this, next)| this.leads_to(&next)) {
        return None;
    }
    let length = frames(from.length?);
    let left = length.checked_sub(heard)?;
    // A short track must not be over before it was heard by itself.
    let most = to.length.map_or(length, |next| frames(next).min(length)) / 4;
    let over = frames(wanted).min(most).min(left);
    (over as f64 >= SHORTEST_S * f64::from(RATE)).then_some((left - over, over))
}

/// The track that goes out.
pub(super) struct Outgoing {
    voice: Box<dyn Voice>,
    at: u64,
    over: u64,
    /// Both sides keep the same power together; else the same amplitude, which cannot clip.
    power: bool,
    scratch: Vec<f32>,
}

impl Outgoing {
    /// Fades over so many frames, at least one.
    pub fn new(voice: Box<dyn Voice>, over: u64, from: &Side, to: &Side) -> Self {
        let power = from.peak.zip(to.peak).is_some_and(|(a, b)| a * a + b * b <= 1.0);
        Self { voice, at: 0, over: over.max(1), power, scratch: Vec::new() }
    }

    /// Mixes it into `out`, whole frames of the track that comes in; true once it is silent.
    pub fn mix(&mut self, out: &mut [f32]) -> bool {
        let frames = usize::try_from(self.over - self.at).unwrap_or(usize::MAX).min(out.len() / 2);
        let out = &mut out[..2 * frames];
        self.scratch.resize(2 * frames, 0.0);
        let (filled, _) = self.voice.read(&mut self.scratch);
        self.scratch[filled..].fill(0.0);
        for (frame, gone) in out.chunks_exact_mut(2).zip(self.scratch.chunks_exact(2)) {
            let (falling, rising) = gains(self.at as f32 / self.over as f32, self.power);
            for (sample, old) in frame.iter_mut().zip(gone) {
                *sample = *sample * rising + old * falling;
            }
            self.at += 1;
        }
        self.at >= self.over
    }
}

/// The factors for the track that goes and the one that comes, at this part of the fade, 0..=1.
fn gains(part: f32, power: bool) -> (f32, f32) {
    if power { ((part * FRAC_PI_2).cos(), (part * FRAC_PI_2).sin()) } else { (1.0 - part, part) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(seconds: f64) -> Side {
        Side { length: Some(Duration::from_secs_f64(seconds)), ..Side::default() }
    }

    const SECOND: u64 = RATE as u64;

    #[test]
    fn a_fade_ends_with_the_track_and_takes_a_quarter_of_it_at_most() {
        let wanted = Duration::from_secs(4);
        assert_eq!(due(wanted, &side(60.0), 0, &side(60.0)), Some((56 * SECOND, 4 * SECOND)));
        assert_eq!(due(wanted, &side(60.0), 58 * SECOND, &side(60.0)), Some((0, 2 * SECOND)), "it opened late");
        assert_eq!(due(wanted, &side(8.0), 0, &side(60.0)), Some((6 * SECOND, 2 * SECOND)));
        assert_eq!(due(wanted, &side(60.0), 0, &side(8.0)), Some((58 * SECOND, 2 * SECOND)));
        assert_eq!(due(wanted, &side(60.0), 0, &Side::default()), Some((56 * SECOND, 4 * SECOND)));
        assert_eq!(due(wanted, &Side::default(), 0, &side(60.0)), None, "of unknown length: joined");
        assert_eq!(due(wanted, &side(60.0), 61 * SECOND, &side(60.0)), None, "longer than it says: joined");
        assert_eq!(due(wanted, &side(0.5), 0, &side(60.0)), None);
        assert_eq!(due(Duration::ZERO, &side(60.0), 0, &side(60.0)), None);
    }

    #[test]
    fn tracks_that_follow_on_their_album_are_joined() {
        let at = |album, disc, number| Side { place: Some(Place { album, disc, number }), ..side(60.0) };
        let fades = |from, to| due(Duration::from_secs(4), &from, 0, &to).is_some();
        assert!(!fades(at(7, 1, 3), at(7, 1, 4)));
        assert!(fades(at(7, 1, 3), at(7, 1, 5)));
        assert!(fades(at(7, 1, 4), at(7, 1, 3)));
        assert!(fades(at(7, 1, 3), at(7, 2, 4)));
        assert!(fades(at(7, 1, 3), at(8, 1, 4)));
        assert!(fades(at(7, 1, 3), side(60.0)));
    }

    #[test]
    fn both_sides_together_never_exceed_the_louder_one_unless_there_is_room() {
        for part in (0..=100).map(|n| n as f32 / 100.0) {
            let (falling, rising) = gains(part, false);
            assert!((falling + rising - 1.0).abs() < 1e-6);
            let (falling, rising) = gains(part, true);
            assert!((falling.powi(2) + rising.powi(2) - 1.0).abs() < 1e-5);
        }
    }
}
