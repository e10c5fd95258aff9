//! Plays a score: notes become tones, tones are mixed in a room, frame by frame as they are asked for.
//!
//! Enters: a [`Score`] and its tempo. Leaves: stereo frames at 44,100 a second, the same at every
//! performance, and never more of them in memory than were asked for. Cannot fail.

use std::{f32::consts::FRAC_PI_4, time::Duration};

use fundsp::prelude32::{
    AudioUnit, BufferArray, BufferRef, MAX_BUFFER_SIZE, U1, U2, U8, U16, db_amp, dc, dcblock_hz, delay, fdn,
    highpass_hz, lowpole_hz, multisplit, pan, stacki, sumf,
};

use super::{
    score::{Note, Score, read},
    voices::{Tone, Voice},
};
use crate::player::{Fault, local::Sound};

/// Frames a second of everything here.
pub(super) const RATE: u32 = 44_100;
/// Seconds for the last sound and its room to die away, after the last bar.
pub(super) const TAIL_S: f64 = 3.0;
/// Seconds at the very end over which what is left is faded to nothing.
const FADE_S: f64 = 1.0;
/// Frames given at a time.
const CHUNK: usize = 16 * MAX_BUFFER_SIZE;
/// Human hands: how much a note may come early or late, in seconds, and be louder or softer.
const LOOSE_S: f64 = 0.006;
const LOOSE: f32 = 0.08;

/// A note that is still to come.
struct Coming {
    at: u64,
    frames: u64,
    note: Note,
    voice: Voice,
    /// Amplitudes: left, right, and how much of both goes into the room.
    gains: (f32, f32, f32),
}

/// A note that sounds.
struct Sounding {
    tone: Tone,
    begins: u64,
    ends: u64,
    age: u64,
    level: f32,
    gains: (f32, f32, f32),
}

/// See the module.
pub(crate) struct Performance {
    coming: std::iter::Peekable<std::vec::IntoIter<Coming>>,
    sounding: Vec<Sounding>,
    room: Box<dyn AudioUnit>,
    master: Box<dyn AudioUnit>,
    now: u64,
    length: u64,
    level: f32,
}

impl Performance {
    /// From its first note, at this many beats a minute.
    pub(super) fn new(score: &Score, tempo: u32) -> Self {
        let beat = 60.0 / f64::from(tempo);
        let frames = |seconds: f64| (seconds * f64::from(RATE)) as u64;
        let mut coming = Vec::new();
        for (number, part) in score.parts.iter().enumerate() {
            // The tests read every score; a phrase that cannot be read would be silence here.
            let (notes, _) = read(part.music, score.metre).unwrap_or_default();
            let mut dice = Dice(number as u64 + 1);
            for note in notes {
                let late = if (note.at.fract() - 0.5).abs() < 0.01 { score.swing } else { 0.0 };
                let at = (note.at + late) * beat + LOOSE_S * (1.0 + dice.roll());
                let strength = note.strength * note.strength * (1.0 + LOOSE * dice.roll() as f32);
                let gain = strength * db_amp(part.level);
                let angle = FRAC_PI_4 * (1.0 + part.pan);
                coming.push(Coming {
                    at: frames(at),
                    frames: frames(note.beats * beat),
                    voice: part.voice,
                    gains: (gain * angle.cos(), gain * angle.sin(), part.wet),
                    note,
                });
            }
        }
        coming.sort_by_key(|note| note.at);
        let (size, dies) = score.room;
        Self {
            coming: coming.into_iter().peekable(),
            sounding: Vec::new(),
            room: room(size, dies),
            master: Box::new(dcblock_hz(18.0) | dcblock_hz(18.0)),
            now: 0,
            length: length(score, tempo),
            level: db_amp(score.level),
        }
    }

    /// Leaves out what ends before this time, in seconds; what would be sounding begins there.
    #[cfg(test)]
    pub(super) fn begin_at(mut self, seconds: f64) -> Self {
        self.now = ((seconds * f64::from(RATE)) as u64).min(self.length);
        let left: Vec<Coming> = self.coming.filter(|note| note.at + note.frames > self.now).collect();
        self.coming = left.into_iter().peekable();
        self
    }

    /// Appends up to 64 frames.
    fn block(&mut self, frames: usize, out: &mut Vec<f32>) {
        let end = self.now + frames as u64;
        while let Some(note) = self.coming.next_if(|note| note.at < end) {
            self.sounding.push(Sounding {
                tone: note.voice.tone(note.note.hz, note.note.strength),
                begins: note.at,
                ends: note.at + note.frames,
                age: 0,
                level: 1.0,
                gains: note.gains,
            });
        }
        let mut dry = BufferArray::<U2>::new();
        let mut wet = BufferArray::<U2>::new();
        let now = self.now;
        self.sounding.retain_mut(|note| note.play(now, frames, &mut dry, &mut wet));
        let mut room = BufferArray::<U2>::new();
        self.room.process(frames, &wet.buffer_ref(), &mut room.buffer_mut());
        for channel in 0..2 {
            let echoes = room.channel_f32(channel);
            dry.channel_f32_mut(channel).iter_mut().zip(echoes).for_each(|(dry, echo)| *dry += *echo);
        }
        let mut mixed = BufferArray::<U2>::new();
        self.master.process(frames, &dry.buffer_ref(), &mut mixed.buffer_mut());
        let fade_from = self.length.saturating_sub((FADE_S * f64::from(RATE)) as u64);
        for i in 0..frames {
            let left = (self.length - self.now - i as u64) as f32 / (self.length - fade_from) as f32;
            let gain = self.level * left.min(1.0).powi(2);
            out.extend([round_off(gain * mixed.at_f32(0, i)), round_off(gain * mixed.at_f32(1, i))]);
        }
        self.now = end;
    }
}

impl Sounding {
    /// Mixes in what falls into these frames; false when it has died away.
    fn play(&mut self, now: u64, frames: usize, dry: &mut BufferArray<U2>, wet: &mut BufferArray<U2>) -> bool {
        let from = self.begins.saturating_sub(now) as usize;
        let size = frames - from;
        let mut raw = BufferArray::<U1>::new();
        self.tone.unit.process(size, &BufferRef::empty(), &mut raw.buffer_mut());
        let rate = RATE as f32;
        let attack = (self.tone.attack * rate).max(1.0);
        let fall = per_frame(self.tone.decay);
        let release = per_frame(self.tone.release);
        let (left, right, room) = self.gains;
        let raw = &mut raw.channel_f32_mut(0)[..size];
        for (i, sample) in raw.iter_mut().enumerate() {
            let age = self.age + i as u64;
            let rise = ((age as f32 + 1.0) / attack).min(1.0);
            *sample *= self.level * rise * rise * (3.0 - 2.0 * rise) * self.tone.gain;
            if age as f32 >= attack {
                self.level *= fall;
            }
            if now + (from + i) as u64 >= self.ends {
                self.level *= release;
            }
        }
        for (channel, side) in [left, right].into_iter().enumerate() {
            let mix = |bus: &mut [f32], gain: f32| {
                bus[from..].iter_mut().zip(&*raw).for_each(|(bus, sample)| *bus += gain * sample);
            };
            mix(dry.channel_f32_mut(channel), side);
            mix(wet.channel_f32_mut(channel), side * room);
        }
        self.age += size as u64;
        self.level > 0.001
    }
}

impl Sound for Performance {
    fn length(&self) -> Option<Duration> {
        Some(Duration::from_secs_f64(self.length as f64 / f64::from(RATE)))
    }

    fn decode(&mut self, out: &mut Vec<f32>) -> Result<Option<u32>, Fault> {
        let end = self.length.min(self.now + CHUNK as u64);
        if self.now == end {
            return Ok(None);
        }
        while self.now < end {
            let frames = (end - self.now).min(MAX_BUFFER_SIZE as u64) as usize;
            self.block(frames, out);
        }
        Ok(Some(RATE))
    }
}

/// Leaves samples up to half of full scale as they are and bends the few beyond it, so that none
/// passes -3 dBFS.
fn round_off(sample: f32) -> f32 {
    const KNEE: f32 = 0.5;
    const CEILING: f32 = 0.708;
    let over = sample.abs() - KNEE;
    if over <= 0.0 {
        return sample;
    }
    let room = CEILING - KNEE;
    (KNEE + room * (over / room).tanh()).copysign(sample)
}

/// Delays of the room's sixteen echoes at a size of 10 m, in seconds; no two share a beat.
const ECHOES: [f32; 16] = [
    0.073_904, 0.052_918, 0.066_238, 0.037_783, 0.080_073, 0.050_961, 0.043_646, 0.056_194, 0.045_961, 0.058_934,
    0.068_016, 0.047_529, 0.036_084, 0.062_715, 0.076_377, 0.082_923,
];

/// A room of this size in metres, in which sound dies away (by 60 dB) in this time: sixteen delays
/// that feed each other, duller with every echo. Half of fundsp's own, at half its cost.
fn room(metres: f32, seconds: f32) -> Box<dyn AudioUnit> {
    let echoes = stacki::<U16, _, _>(|i| {
        let time = ECHOES[i as usize] * metres / 10.0;
        delay(time) >> (lowpole_hz(5_500.0) * dc(0.001_f32.powf(time / seconds)))
    });
    let spread = sumf::<U16, _, _>(|x| pan(1.8 * x - 0.9)) * dc((0.35, 0.35));
    let room = multisplit::<U2, U8>() >> fdn::<U16, _>(echoes) >> spread;
    // Rumble stays out of the room, or it would blur the bass.
    Box::new((highpass_hz(140.0, 0.7) | highpass_hz(140.0, 0.7)) >> room)
}

/// Frames in the whole piece, its tail included.
fn length(score: &Score, tempo: u32) -> u64 {
    let music = f64::from(score.bars) * score.metre * 60.0 / f64::from(tempo);
    ((music + TAIL_S) * f64::from(RATE)) as u64
}

/// What a level is multiplied with in each frame, to fall by 60 dB in this time.
fn per_frame(seconds: f32) -> f32 {
    if seconds.is_finite() { 0.001_f32.powf(1.0 / (seconds * RATE as f32)) } else { 1.0 }
}

/// The same small accidents at every performance.
struct Dice(u64);

impl Dice {
    /// Something within -1..=1.
    fn roll(&mut self) -> f64 {
        // Knuth's MMIX generator; its high bits are good enough for timing.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
    }
}
