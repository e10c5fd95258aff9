//! The instruments: what a note sounds like, as a fundsp graph.
//!
//! Enters: a pitch, a strength and a seed for noise. Leaves: a [`Tone`], its raw sound and how it
//! swells and dies away. Cannot fail.

use fundsp::prelude32::*;

/// An instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Voice {
    /// A plucked string: bright, dies away by itself.
    Pluck,
    /// An electric piano: round, a little bell in the attack.
    Keys,
    /// A small bell with stretched partials.
    Bell,
    /// Soft slow strings.
    Pad,
    /// A round bass.
    Bass,
    /// A wooden bar struck with a mallet.
    Mallet,
    /// A low reed, a little nasal.
    Reed,
    /// Two low tones that beat against each other.
    Drone,
    /// An overdriven low string, filtered dark.
    Growl,
    /// A bass drum.
    Kick,
    /// A snare drum played softly.
    Snare,
    /// A shaker.
    Shaker,
    /// A wooden block.
    Block,
    /// A deep drum.
    Tom,
    /// A wash of wind.
    Wind,
}

/// How one note sounds.
pub(super) struct Tone {
    /// Its raw sound: no input, one channel.
    pub unit: Box<dyn AudioUnit>,
    /// Seconds to full strength.
    pub attack: f32,
    /// Seconds in which it would die away by itself (to -60 dB); infinite while it is held.
    pub decay: f32,
    /// Seconds in which it dies away when let go (to -60 dB).
    pub release: f32,
    /// Its loudness beside the other voices.
    pub gain: f32,
}

impl Voice {
    /// A note of this pitch, Hz, and strength, 0..=1. Voices without pitch ignore it.
    pub fn tone(self, hz: f32, strength: f32) -> Tone {
        let held = f32::INFINITY;
        match self {
            Self::Pluck => {
                let string = zero() >> pluck(hz, 0.65, 0.18) >> lowpass_hz((hz * 4.5).min(5_500.0), 0.5);
                tone(Box::new(string), 0.006, 2.6, 0.5, 1.4)
            }
            Self::Keys => {
                let depth = hz * (0.5 + 1.1 * strength);
                let body = (sine_hz(hz) * lfo(move |t| depth * exp(-2.2 * t)) + hz) >> sine();
                let tine = sine_hz((hz * 7.0).min(9_000.0)) * lfo(move |t| 0.1 * exp(-9.0 * t));
                tone(Box::new(body + tine), 0.004, 5.0 * low_rings_longer(hz), 0.4, 0.5)
            }
            Self::Bell => {
                let partial = move |ratio: f32, level: f32, dies: f32| {
                    sine_hz((hz * ratio).min(15_000.0)) * lfo(move |t| level * exp(-dies * t))
                };
                let bell = partial(1.0, 0.6, 0.9)
                    + partial(2.0, 0.25, 1.8)
                    + partial(2.76, 0.18, 3.0)
                    + partial(5.4, 0.09, 7.0);
                tone(Box::new(bell), 0.002, 5.0, 1.5, 0.5)
            }
            Self::Pad => {
                let two = saw_hz(hz * 0.9985) + saw_hz(hz * 1.0015);
                let soft = two >> lowpass_hz((hz * 3.5).clamp(300.0, 2_400.0), 0.5);
                tone(Box::new(soft), 0.9, held, 1.8, 0.22)
            }
            Self::Bass => {
                let round = (sine_hz(hz) + 0.35 * triangle_hz(hz * 2.0)) >> lowpass_hz(900.0, 0.5);
                tone(Box::new(round), 0.006, 4.0, 0.15, 0.7)
            }
            Self::Mallet => {
                let bar = sine_hz(hz) * lfo(|t| exp(-6.0 * t))
                    + sine_hz((hz * 3.93).min(12_000.0)) * lfo(|t| 0.35 * exp(-22.0 * t))
                    + (noise() >> bandpass_hz(1_800.0, 1.0)) * lfo(|t| 0.5 * exp(-140.0 * t));
                tone(Box::new(bar), 0.001, 1.6, 0.4, 0.8)
            }
            Self::Reed => {
                let air = 1.0 + 0.004 * strength;
                let sway = lfo(move |t| hz * (1.0 + 0.006 * (t * 2.0).min(1.0) * sin_hz(5.0, t)) * air);
                let reed = sway >> square() >> lowpass_hz((hz * 5.0).min(3_000.0), 0.9);
                tone(Box::new(reed), 0.03, held, 0.12, 0.3)
            }
            Self::Drone => {
                let beat = sine_hz(hz) + sine_hz(hz * 1.006) + 0.4 * sine_hz(hz * 1.997) + 0.2 * sine_hz(hz * 3.01);
                tone(Box::new(beat), 2.5, held, 3.5, 0.35)
            }
            Self::Growl => {
                let string = saw_hz(hz) + saw_hz(hz * 1.004) + 0.5 * saw_hz(hz * 0.5);
                let driven =
                    (string * (0.8 + strength)) >> shape(Tanh(1.0)) >> lowpass_hz(500.0 + 1_100.0 * strength, 0.7);
                tone(Box::new(driven), 0.006, 3.0, 0.12, 0.4)
            }
            Self::Kick => {
                let drum = lfo(|t| 48.0 + 90.0 * exp(-28.0 * t)) >> sine();
                tone(Box::new(drum), 0.002, 0.45, 0.45, 1.0)
            }
            Self::Snare => {
                let skin = sine_hz(185.0) * lfo(|t| 0.6 * exp(-30.0 * t));
                let wires = (noise() >> bandpass_hz(2_400.0, 0.6)) * 0.8;
                tone(Box::new(skin + wires), 0.001, 0.28, 0.28, 2.0)
            }
            Self::Shaker => {
                let beads = noise() >> highpass_hz(5_500.0, 0.7) >> lowpass_hz(11_000.0, 0.7);
                tone(Box::new(beads), 0.012, 0.14, 0.14, 1.1)
            }
            Self::Block => {
                let wood = sine_hz(820.0) + 0.5 * sine_hz(1_310.0) + (noise() >> bandpass_hz(1_500.0, 2.0)) * 0.3;
                tone(Box::new(wood), 0.001, 0.16, 0.16, 0.5)
            }
            Self::Tom => {
                let drum = lfo(|t| 72.0 + 40.0 * exp(-18.0 * t)) >> sine();
                tone(Box::new(drum), 0.003, 0.9, 0.9, 0.9)
            }
            Self::Wind => {
                let air = noise() >> lowpass_hz(700.0, 0.6) >> bandpass_hz(380.0, 0.9);
                tone(Box::new(air), 2.0, held, 3.0, 0.5)
            }
        }
    }
}

fn tone(unit: Box<dyn AudioUnit>, attack: f32, decay: f32, release: f32, gain: f32) -> Tone {
    Tone { unit, attack, decay, release, gain }
}

/// Long strings and bars ring longer: 1 at middle C, more below.
fn low_rings_longer(hz: f32) -> f32 {
    (262.0 / hz).sqrt().clamp(0.4, 1.8)
}
