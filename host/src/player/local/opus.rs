//! Opus for symphonia, which has none: its packets through the pure-Rust decoder of `opus-pure`.
//!
//! Enters: packets of an Ogg stream and its `OpusHead` (RFC 7845). Leaves: frames at 48 kHz, without the
//! decoder's lead-in and what was padded at the end, with the header's output gain. Fails: at a
//! damaged packet, or at channels in an order that nobody defined.

use opus_pure::{OpusDecoder as Stream, OpusMSDecoder as Streams};
use symphonia::core::{
    audio::{AsAudioBufferRef, AudioBuffer, AudioBufferRef, Channels, Signal, SignalSpec},
    codecs::{CODEC_TYPE_OPUS, CodecDescriptor, CodecParameters, Decoder, DecoderOptions, FinalizeResult},
    errors::{Result, decode_error, unsupported_error},
    formats::Packet,
    support_codec,
};

/// Frames a second that Opus is decoded to.
const OPUS_RATE: u32 = 48_000;
/// The longest packet, 120 ms, in frames.
const LONGEST: usize = 5_760;
/// Where the header keeps the output gain and the mapping family (RFC 7845, section 5.1).
const GAIN_AT: usize = 16;
const FAMILY_AT: usize = 18;

enum Inner {
    Simple(Box<Stream>),
    Surround(Box<Streams>),
}

/// See the module.
pub(super) struct OpusDecoder {
    params: CodecParameters,
    inner: Inner,
    /// Where each coded channel belongs among the planes of the buffer.
    planes: Vec<usize>,
    /// The header's output gain, as a factor.
    gain: f32,
    /// Frames of lead-in still to drop.
    skip: usize,
    pcm: Vec<f32>,
    buffer: AudioBuffer<f32>,
}

impl Decoder for OpusDecoder {
    fn try_new(params: &CodecParameters, _: &DecoderOptions) -> Result<Self> {
        let (Some(head), Some(channels)) = (params.extra_data.as_deref(), params.channels) else {
            return decode_error("opus: the header is missing");
        };
        let (Some(gain), Some(&family)) = (head.get(GAIN_AT..GAIN_AT + 2), head.get(FAMILY_AT)) else {
            return decode_error("opus: the header is too short");
        };
        let decibels = f32::from(i16::from_le_bytes([gain[0], gain[1]])) / 256.0;
        let count = channels.count();
        let inner = match (family, count) {
            (0 | 1, 1 | 2) => Stream::new(OPUS_RATE as i32, count).map(|stream| Inner::Simple(Box::new(stream))),
            (1, 3..=8) => Streams::new(OPUS_RATE as i32, count, 1).map(|streams| Inner::Surround(Box::new(streams))),
            _ => return unsupported_error("opus: channels in an unknown order"),
        };
        let Ok(inner) = inner else { return unsupported_error("opus: a stream that cannot be decoded") };
        let skip = params.delay.unwrap_or(0) as usize;
        Ok(Self {
            params: params.clone(),
            inner,
            planes: planes(channels),
            gain: 10_f32.powf(decibels / 20.0),
            skip,
            pcm: vec![0.0; LONGEST * count],
            buffer: AudioBuffer::new(LONGEST as u64, SignalSpec::new(OPUS_RATE, channels)),
        })
    }

    fn supported_codecs() -> &'static [CodecDescriptor] {
        &[support_codec!(CODEC_TYPE_OPUS, "opus", "Opus")]
    }

    fn reset(&mut self) {
        self.buffer.clear();
    }

    fn codec_params(&self) -> &CodecParameters {
        &self.params
    }

    fn decode(&mut self, packet: &Packet) -> Result<AudioBufferRef<'_>> {
        self.buffer.clear();
        if packet.buf().is_empty() {
            return decode_error("opus: an empty packet");
        }
        let decoded = match &mut self.inner {
            Inner::Simple(stream) => stream.decode(packet.buf(), LONGEST, &mut self.pcm),
            Inner::Surround(streams) => streams.decode(packet.buf(), LONGEST, &mut self.pcm),
        };
        let Ok(frames) = decoded else { return decode_error("opus: a damaged packet") };
        let frames = frames.min(LONGEST);
        self.buffer.render_reserved(Some(frames));
        let count = self.planes.len();
        for (coded, &plane) in self.planes.iter().enumerate() {
            let samples = self.pcm[..frames * count].iter().skip(coded).step_by(count);
            for (to, from) in self.buffer.chan_mut(plane).iter_mut().zip(samples) {
                *to = from * self.gain;
            }
        }
        let skipped = self.skip.min(frames);
        self.skip -= skipped;
        self.buffer.trim(skipped, (packet.trim_end() as usize).min(frames - skipped));
        Ok(self.buffer.as_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> AudioBufferRef<'_> {
        self.buffer.as_audio_buffer_ref()
    }
}

/// The plane of each coded channel: Opus codes them in Vorbis' order (RFC 7845, section 5.1.1.2), and symphonia
/// keeps them in the order of its own bits.
fn planes(channels: Channels) -> Vec<usize> {
    const L: Channels = Channels::FRONT_LEFT;
    const R: Channels = Channels::FRONT_RIGHT;
    const C: Channels = Channels::FRONT_CENTRE;
    const RL: Channels = Channels::REAR_LEFT;
    const RR: Channels = Channels::REAR_RIGHT;
    const RC: Channels = Channels::REAR_CENTRE;
    const SL: Channels = Channels::SIDE_LEFT;
    const SR: Channels = Channels::SIDE_RIGHT;
    const BASS: Channels = Channels::LFE1;
    let coded: &[Channels] = match channels.count() {
        1 => &[L],
        2 => &[L, R],
        3 => &[L, C, R],
        4 => &[L, R, RL, RR],
        5 => &[L, C, R, RL, RR],
        6 => &[L, C, R, RL, RR, BASS],
        7 => &[L, C, R, SL, SR, RC, BASS],
        _ => &[L, C, R, SL, SR, RL, RR, BASS],
    };
    let plane = |channel: &Channels| channels.iter().position(|kept| kept == *channel);
    coded.iter().enumerate().map(|(at, channel)| plane(channel).unwrap_or(at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coded_channels_find_their_places() {
        let stereo = Channels::FRONT_LEFT | Channels::FRONT_RIGHT;
        assert_eq!(planes(stereo), [0, 1]);
        let rear = Channels::REAR_LEFT | Channels::REAR_RIGHT;
        // symphonia: left, right, centre, bass, rear left, rear right.
        let surround = stereo | Channels::FRONT_CENTRE | rear | Channels::LFE1;
        assert_eq!(planes(surround), [0, 2, 1, 4, 5, 3]);
    }
}
