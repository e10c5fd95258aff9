//! Music files through symphonia: mp3, flac, ogg, opus, wav and m4a.
//!
//! Enters: a path. Leaves: stereo frames at the file's own rate. Fails, in words that name the
//! file: missing, unreadable, empty, in an unknown format, damaged, or ending before it should.
//!
//! Symphonia itself rather than rodio's decoder, which takes a cut-off file for a short one and
//! cuts the end of mp3 files of varying bit rate that do not state their length.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
    sync::LazyLock,
    time::Duration,
};

use symphonia::core::{
    audio::{Channels, SampleBuffer, SignalSpec},
    codecs::{CODEC_TYPE_MP3, CODEC_TYPE_NULL, CodecParameters, CodecRegistry, Decoder, DecoderOptions},
    errors::Error,
    formats::{FormatOptions, FormatReader},
    io::{MediaSourceStream, MediaSourceStreamOptions},
    meta::MetadataOptions,
    probe::Hint,
};

use super::{decode::Sound, opus::OpusDecoder};
use crate::player::Fault;

/// Packets in a row that may be damaged before the file is given up.
const DAMAGED_PACKETS: u32 = 100;
/// A WAV whose header claims this many bytes or more was written to a pipe, its length unknown.
const PIPED_BYTES: u64 = 0x7fff_0000;

/// Symphonia's decoders, and the one that it lacks.
static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
    let mut codecs = CodecRegistry::new();
    symphonia::default::register_enabled_codecs(&mut codecs);
    codecs.register_all::<OpusDecoder>();
    codecs
});

/// See the module.
pub(super) struct FileSound {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn Decoder>,
    track: u32,
    length: Option<Duration>,
    /// Whether the file states its length, rather than symphonia guessing it.
    length_stated: bool,
    samples: Option<(SignalSpec, SampleBuffer<f32>)>,
    /// For each channel, how much of it goes left and right.
    mix: Vec<(f32, f32)>,
    seconds: f64,
    damaged: u32,
}

impl FileSound {
    pub fn open(path: &Path) -> Result<Self, Fault> {
        let mut format = probe(path, true)?;
        let (track, params) = first_sound(path, format.as_ref())?;
        // Without a stated length symphonia guesses one, and its gapless mode would cut the sound there.
        let guessed = params.codec == CODEC_TYPE_MP3 && params.delay.is_none();
        if guessed {
            format = probe(path, false)?;
        }
        let decoder = decoder(path, &params)?;
        let piped = params.sample_rate.zip(params.n_frames).is_some_and(|(_, frames)| {
            let bytes = u64::from(params.bits_per_coded_sample.or(params.bits_per_sample).unwrap_or(0)) / 8;
            bytes * frames * params.channels.map_or(1, |c| c.count() as u64) >= PIPED_BYTES
        });
        let length = params
            .time_base
            .zip(params.n_frames)
            .filter(|_| !piped)
            .map(|(base, frames)| Duration::from(base.calc_time(frames)))
            .filter(|length| !length.is_zero());
        Ok(Self {
            path: path.to_owned(),
            format,
            decoder,
            track,
            length,
            length_stated: !guessed,
            samples: None,
            mix: Vec::new(),
            seconds: 0.0,
            damaged: 0,
        })
    }

    /// What to say when no more packets come: nothing, or that the file is cut short.
    fn over(&self) -> Result<Option<u32>, Fault> {
        let file = self.path.display();
        match self.length {
            Some(length)
                if self.length_stated && self.seconds + 0.5 + 0.01 * length.as_secs_f64() < length.as_secs_f64() =>
            {
                let heard = Duration::from_secs_f64(self.seconds);
                Err(format!(
                    "{file} is cut short: it breaks off at {} of {}; copy it again",
                    clock(heard),
                    clock(length)
                )
                .into())
            }
            _ if self.seconds == 0.0 => Err(format!("{file} holds no sound").into()),
            _ => Ok(None),
        }
    }
}

impl Sound for FileSound {
    fn length(&self) -> Option<Duration> {
        self.length
    }

    fn decode(&mut self, out: &mut Vec<f32>) -> Result<Option<u32>, Fault> {
        loop {
            let packet = match self.format.next_packet() {
                Ok(packet) => packet,
                Err(Error::IoError(why)) if why.kind() == io::ErrorKind::UnexpectedEof => return self.over(),
                // A chained stream: the next song of the same file.
                Err(Error::ResetRequired) => {
                    let (track, params) = first_sound(&self.path, self.format.as_ref())?;
                    (self.track, self.decoder) = (track, decoder(&self.path, &params)?);
                    continue;
                }
                Err(Error::IoError(why)) => {
                    return Err(Fault::of(&why, format!("cannot read {} further: {why}", self.path.display())));
                }
                Err(why) => return self.over().and_then(|_| Err(damaged(&self.path, self.seconds, &why).into())),
            };
            if packet.track_id() != self.track {
                continue;
            }
            let decoded = match self.decoder.decode(&packet) {
                Ok(decoded) => decoded,
                Err(Error::DecodeError(_)) if self.damaged < DAMAGED_PACKETS => {
                    self.damaged += 1;
                    continue;
                }
                Err(Error::IoError(why)) if why.kind() == io::ErrorKind::UnexpectedEof => return self.over(),
                Err(why) => return Err(damaged(&self.path, self.seconds, &why).into()),
            };
            if decoded.frames() == 0 {
                continue;
            }
            self.damaged = 0;
            let spec = *decoded.spec();
            let room = decoded.capacity() as u64;
            let fits = self.samples.as_ref().is_some_and(|(of, buffer)| {
                *of == spec && buffer.capacity() >= decoded.capacity() * spec.channels.count()
            });
            if !fits {
                self.mix = mix(spec.channels);
                self.samples = Some((spec, SampleBuffer::new(room, spec)));
            }
            let Some((_, samples)) = &mut self.samples else { continue };
            samples.copy_interleaved_ref(decoded);
            to_stereo(samples.samples(), &self.mix, out);
            let frames = samples.len() / self.mix.len().max(1);
            self.seconds += frames as f64 / f64::from(spec.rate.max(1));
            return Ok(Some(spec.rate));
        }
    }
}

fn probe(path: &Path, gapless: bool) -> Result<Box<dyn FormatReader>, Fault> {
    let file = path.display();
    let cannot = |why: io::Error| {
        let words = match why.kind() {
            io::ErrorKind::NotFound => format!("{file} is missing"),
            _ => format!("cannot read {file}: {why}"),
        };
        Fault::of(&why, words)
    };
    let about = std::fs::metadata(path).map_err(cannot)?;
    if !about.is_file() {
        return Err(format!("{file} is not a file").into());
    }
    if about.len() == 0 {
        return Err(format!("{file} is empty").into());
    }
    let stream =
        MediaSourceStream::new(Box::new(File::open(path).map_err(cannot)?), MediaSourceStreamOptions::default());
    let mut hint = Hint::new();
    if let Some(ending) = path.extension().and_then(|ending| ending.to_str()) {
        hint.with_extension(ending);
    }
    let options = FormatOptions { enable_gapless: gapless, ..FormatOptions::default() };
    symphonia::default::get_probe()
        .format(&hint, stream, &options, &MetadataOptions::default())
        .map(|probed| probed.format)
        .map_err(|why| match why {
            Error::Unsupported(_) => {
                format!("{file} is not in a format known here (mp3, flac, ogg, opus, wav, m4a)").into()
            }
            Error::IoError(why) if why.kind() != io::ErrorKind::UnexpectedEof => {
                Fault::of(&why, format!("cannot read {file}: {why}"))
            }
            Error::IoError(_) => {
                format!("{file} is cut short or in no format known here (mp3, flac, ogg, opus, wav, m4a)").into()
            }
            why => format!("{file} is damaged: {why}").into(),
        })
}

fn first_sound(path: &Path, format: &dyn FormatReader) -> Result<(u32, CodecParameters), String> {
    let tracks = format.tracks();
    let known = |codec| codec != CODEC_TYPE_NULL && CODECS.get_codec(codec).is_some();
    tracks
        .iter()
        .find(|track| known(track.codec_params.codec))
        .map(|track| (track.id, track.codec_params.clone()))
        .ok_or_else(|| {
            format!("{} holds no sound in an encoding known here (mp3, flac, vorbis, opus, aac, pcm)", path.display())
        })
}

fn decoder(path: &Path, params: &CodecParameters) -> Result<Box<dyn Decoder>, String> {
    CODECS
        .make(params, &DecoderOptions::default())
        .map_err(|why| format!("{} cannot be decoded: {why}", path.display()))
}

fn damaged(path: &Path, seconds: f64, why: &Error) -> String {
    format!("{} is damaged at {}: {why}", path.display(), clock(Duration::from_secs_f64(seconds)))
}

/// Minutes and seconds, as `3:07`.
fn clock(time: Duration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}

/// How much of each channel goes left and right. Centre and rear are 3 dB softer, the bass channel
/// of a film is left out, and the whole is scaled so that it cannot clip (ITU-R BS.775).
fn mix(channels: Channels) -> Vec<(f32, f32)> {
    if channels.count() == 1 {
        return vec![(1.0, 1.0)];
    }
    let half = std::f32::consts::FRAC_1_SQRT_2;
    let left = Channels::FRONT_LEFT | Channels::FRONT_LEFT_CENTRE | Channels::FRONT_LEFT_WIDE;
    let right = Channels::FRONT_RIGHT | Channels::FRONT_RIGHT_CENTRE | Channels::FRONT_RIGHT_WIDE;
    let rear_left = Channels::REAR_LEFT | Channels::SIDE_LEFT | Channels::REAR_LEFT_CENTRE;
    let rear_right = Channels::REAR_RIGHT | Channels::SIDE_RIGHT | Channels::REAR_RIGHT_CENTRE;
    let bass = Channels::LFE1 | Channels::LFE2;
    let weights = channels.iter().map(|channel| {
        let among = |of: Channels| of.contains(channel);
        match () {
            () if among(left) => (1.0, 0.0),
            () if among(right) => (0.0, 1.0),
            () if among(rear_left) => (half, 0.0),
            () if among(rear_right) => (0.0, half),
            () if among(bass) => (0.0, 0.0),
            () => (half, half),
        }
    });
    let weights: Vec<(f32, f32)> = weights.collect();
    let sum = weights.iter().fold((0.0, 0.0), |sum, w| (sum.0 + w.0, sum.1 + w.1));
    let most = f32::max(sum.0, sum.1).max(1.0);
    weights.into_iter().map(|(l, r)| (l / most, r / most)).collect()
}

fn to_stereo(samples: &[f32], mix: &[(f32, f32)], out: &mut Vec<f32>) {
    match mix {
        [] => {}
        [_] => out.extend(samples.iter().flat_map(|&s| [s, s])),
        [(1.0, 0.0), (0.0, 1.0)] => out.extend_from_slice(samples),
        _ => out.extend(
            samples
                .chunks_exact(mix.len())
                .flat_map(|frame| frame.iter().zip(mix).fold([0.0; 2], |[l, r], (s, w)| [l + s * w.0, r + s * w.1])),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_speakers_and_a_bass_fit_into_two_without_clipping() {
        let surround = Channels::FRONT_LEFT
            | Channels::FRONT_RIGHT
            | Channels::FRONT_CENTRE
            | Channels::LFE1
            | Channels::REAR_LEFT
            | Channels::REAR_RIGHT;
        let mut out = Vec::new();
        to_stereo(&[1.0; 6], &mix(surround), &mut out);
        assert!((out[0] - 1.0).abs() < 1e-6 && out[0] == out[1], "{out:?}");
        out.clear();
        to_stereo(&[0.0, 0.0, 0.0, 1.0, 0.0, 0.0], &mix(surround), &mut out);
        assert_eq!(out, [0.0, 0.0], "the bass channel is left out");
        out.clear();
        to_stereo(&[0.25, -0.5], &mix(Channels::FRONT_LEFT), &mut out);
        assert_eq!(out, [0.25, 0.25, -0.5, -0.5], "one channel is heard on both sides");
        out.clear();
        to_stereo(&[0.25, -0.5], &mix(Channels::FRONT_LEFT | Channels::FRONT_RIGHT), &mut out);
        assert_eq!(out, [0.25, -0.5], "two channels are left as they are");
    }
}
