//! Decodes ahead, on a thread of its own for each track, so that a slow disk or a broken decoder
//! never holds up what is playing.
//!
//! Enters: a [`Source`]. Leaves: a [`Voice`] at [`RATE`] that is up to two seconds ahead. Fails: in
//! words, through the voice; a panic of a decoder ends there too.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel},
    thread,
    time::Duration,
};

use super::{
    RATE,
    crossfade::Side,
    deck::{Opening, Shortfall, Voice},
    file::FileSound,
    resample::Resample,
};
use crate::player::{Fault, Source, pieces};

/// Frames in a block on its way, and blocks that wait: two seconds, 0.7 MB a track.
const BLOCK: usize = 2048;
const BLOCKS: usize = 2 * RATE as usize / BLOCK;

/// Something that can be decoded, block by block.
pub(crate) trait Sound {
    /// Its length, where known.
    fn length(&self) -> Option<Duration>;

    /// Appends the next stereo frames to `out` and gives their rate; `None` at the end.
    fn decode(&mut self, out: &mut Vec<f32>) -> Result<Option<u32>, Fault>;
}

enum Parcel {
    Opened(Option<Duration>),
    Block(Vec<f32>),
    Ended,
    Failed(Fault),
}

/// Starts to open and decode this source, each sample multiplied by `gain`.
pub(super) fn open(source: Source, gain: f32, side: Side) -> Box<dyn Voice> {
    let (to, from) = sync_channel(BLOCKS);
    let spare = to.clone();
    let spawned = thread::Builder::new().name("decode".to_owned()).spawn(move || {
        // The last parcel may be a failure; nobody is left to hear when it cannot be delivered.
        let _ = to.send(decode(&source, gain, &to));
    });
    if let Err(why) = spawned {
        let _ = spare.try_send(Parcel::Failed(Fault::Away(format!("cannot start a thread to decode it: {why}"))));
    }
    Box::new(Ahead { parcels: from, side, opening: Opening::Pending, block: Vec::new(), used: 0, over: None })
}

/// Decodes to the end, or until nobody listens; gives the last parcel.
fn decode(source: &Source, gain: f32, to: &SyncSender<Parcel>) -> Parcel {
    let result = catch_unwind(AssertUnwindSafe(|| match source {
        Source::File(path) => FileSound::open(path).and_then(|mut sound| deliver(&mut sound, gain, to)),
        Source::Spotify(_) => Err(Fault::Away("Spotify plays on its own devices".to_owned())),
        Source::BuiltIn(name) => match pieces::by_name(name) {
            Some(piece) => deliver(&mut piece.perform(), gain, to),
            None => Err(format!("there is no built-in piece named {name}").into()),
        },
    }));
    match result {
        Ok(Ok(())) => Parcel::Ended,
        Ok(Err(why)) => Parcel::Failed(why),
        Err(_) => Parcel::Failed(Fault::Broken(match source {
            Source::File(path) => format!("{} is damaged so that its decoder failed", path.display()),
            Source::BuiltIn(name) | Source::Spotify(name) => format!("{name} could not be played"),
        })),
    }
}

/// A sound brought to [`RATE`].
pub(super) struct AtOurRate<'a> {
    sound: &'a mut dyn Sound,
    raw: Vec<f32>,
    resample: Option<(u32, Resample)>,
}

impl<'a> AtOurRate<'a> {
    pub fn new(sound: &'a mut dyn Sound) -> Self {
        Self { sound, raw: Vec::new(), resample: None }
    }

    /// Appends the next frames to `ready`, or none; false at the end.
    pub fn more(&mut self, ready: &mut Vec<f32>) -> Result<bool, Fault> {
        self.raw.clear();
        let rate = self.sound.decode(&mut self.raw)?;
        if rate != self.resample.as_ref().map(|(from, _)| *from)
            && let Some((_, mut old)) = self.resample.take()
        {
            old.finish(ready)?;
        }
        match rate {
            Some(RATE) => ready.extend_from_slice(&self.raw),
            Some(rate) => {
                let (_, to_ours) = match &mut self.resample {
                    Some(same) => same,
                    empty => empty.insert((rate, Resample::new(rate)?)),
                };
                to_ours.push(&self.raw, ready)?;
            }
            None => {}
        }
        Ok(rate.is_some())
    }
}

fn deliver(sound: &mut dyn Sound, gain: f32, to: &SyncSender<Parcel>) -> Result<(), Fault> {
    let length = sound.length();
    let mut source = AtOurRate::new(sound);
    let mut ready = Vec::new();
    let mut opened = false;
    loop {
        let before = ready.len();
        let more = source.more(&mut ready)?;
        if gain != 1.0 {
            ready[before..].iter_mut().for_each(|sample| *sample *= gain);
        }
        while ready.len() >= 2 * BLOCK || (!more && !ready.is_empty()) {
            if !opened && to.send(Parcel::Opened(length)).is_err() {
                return Ok(());
            }
            opened = true;
            let later = ready.split_off(ready.len().min(2 * BLOCK));
            if to.send(Parcel::Block(std::mem::replace(&mut ready, later))).is_err() {
                return Ok(());
            }
        }
        if !more {
            return if opened { Ok(()) } else { Err("it holds no sound".to_owned().into()) };
        }
    }
}

/// The end of the pipe that the deck reads.
struct Ahead {
    parcels: Receiver<Parcel>,
    side: Side,
    opening: Opening,
    block: Vec<f32>,
    used: usize,
    over: Option<Shortfall>,
}

impl Ahead {
    /// Takes one parcel in; false where there is none.
    fn receive(&mut self) -> bool {
        let broke = |ahead: &mut Self, why: Fault| {
            if ahead.opening == Opening::Pending {
                ahead.opening = Opening::Failed(why);
            } else {
                ahead.over = Some(Shortfall::Broke(why));
            }
        };
        match self.parcels.try_recv() {
            Ok(Parcel::Opened(length)) => self.opening = Opening::Ready(length),
            Ok(Parcel::Block(block)) => {
                self.block = block;
                self.used = 0;
            }
            Ok(Parcel::Ended) => self.over = Some(Shortfall::Ended),
            Ok(Parcel::Failed(why)) => broke(self, why),
            Err(TryRecvError::Empty) => return false,
            Err(TryRecvError::Disconnected) => broke(self, Fault::Away("its decoder stopped".to_owned())),
        }
        true
    }
}

impl Voice for Ahead {
    fn opening(&mut self) -> Opening {
        if self.opening == Opening::Pending {
            self.receive();
        }
        self.opening.clone()
    }

    fn read(&mut self, out: &mut [f32]) -> (usize, Shortfall) {
        let mut filled = 0;
        while filled < out.len() {
            let part = (out.len() - filled).min(self.block.len() - self.used);
            out[filled..filled + part].copy_from_slice(&self.block[self.used..self.used + part]);
            self.used += part;
            filled += part;
            if filled == out.len() {
                break;
            }
            if let Some(over) = &self.over {
                return (filled, over.clone());
            }
            if !self.receive() {
                return (filled, Shortfall::NotYet);
            }
        }
        (filled, Shortfall::NotYet)
    }

    fn side(&self) -> Side {
        self.side
    }
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        time::{Duration, Instant},
    };

    use super::*;

    /// Reads to the end; gives the frames and why it ended.
    fn read_all(voice: &mut dyn Voice) -> (usize, Result<(), Fault>) {
        let began = Instant::now();
        let mut block = vec![0.0; 4_096];
        let mut frames = 0;
        loop {
            assert!(began.elapsed() < Duration::from_secs(30), "the decoder hangs");
            match voice.opening() {
                Opening::Failed(why) => return (0, Err(why)),
                Opening::Pending => thread::sleep(Duration::from_millis(1)),
                Opening::Ready(_) => {
                    let (filled, shortfall) = voice.read(&mut block);
                    assert!(block[..filled].iter().all(|sample| sample.is_finite()));
                    frames += filled / 2;
                    match shortfall {
                        _ if filled == block.len() => {}
                        Shortfall::NotYet => thread::sleep(Duration::from_millis(1)),
                        Shortfall::Ended => return (frames, Ok(())),
                        Shortfall::Broke(why) => return (frames, Err(why)),
                    }
                }
            }
        }
    }

    #[test]
    fn damaged_files_neither_hang_nor_bring_anything_down() {
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
        let folder = tempfile::tempdir().unwrap();
        let mut dice = 1_u64;
        let mut roll = |below: usize| {
            dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (dice >> 33) as usize % below
        };
        for name in ["tone.mp3", "unstated.mp3", "tone.flac", "tone.ogg", "tone.m4a", "tone.opus"] {
            let whole = std::fs::read(data.join(name)).unwrap();
            for round in 0..25 {
                let mut bytes = whole.clone();
                // Half of the rounds in the header, where lengths and sizes are.
                let within = if round % 2 == 0 { 256 } else { bytes.len() };
                (0..=roll(8)).for_each(|_| bytes[roll(within)] = roll(256) as u8);
                let path = folder.path().join(format!("{round}-{name}"));
                std::fs::write(&path, bytes).unwrap();
                let (frames, end) = read_all(&mut *open(Source::File(path), 1.0, Side::default()));
                assert!(frames < 60 * RATE as usize, "{name} round {round}: {frames} frames of one second");
                if let Err(why) = end {
                    assert!(why.words().contains(name) && !why.words().contains('\n'), "round {round}: {why:?}");
                }
            }
        }
    }

    #[test]
    fn a_voice_that_is_dropped_ends_its_thread() {
        let (to, from) = sync_channel(1);
        drop(from);
        let began = Instant::now();
        assert!(matches!(decode(&Source::BuiltIn("sad".to_owned()), 1.0, &to), Parcel::Ended));
        assert!(began.elapsed() < Duration::from_secs(20), "it does not play to the end for nobody");
    }
}
