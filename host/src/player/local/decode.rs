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
    deck::{Opening, Shortfall, Voice},
    file::FileSound,
    resample::Resample,
};
use crate::player::{Source, pieces};

/// Frames in a block on its way, and blocks that wait: two seconds, 0.7 MB a track.
const BLOCK: usize = 2048;
const BLOCKS: usize = 2 * RATE as usize / BLOCK;

/// Something that can be decoded, block by block.
pub(crate) trait Sound {
    /// Its length, where known.
    fn length(&self) -> Option<Duration>;

    /// Appends the next stereo frames to `out` and gives their rate; `None` at the end.
    fn decode(&mut self, out: &mut Vec<f32>) -> Result<Option<u32>, String>;
}

enum Parcel {
    Opened(Option<Duration>),
    Block(Vec<f32>),
    Ended,
    Failed(String),
}

/// Starts to open and decode this source.
pub(super) fn open(source: Source) -> Box<dyn Voice> {
    let (to, from) = sync_channel(BLOCKS);
    let spare = to.clone();
    let spawned = thread::Builder::new().name("decode".to_owned()).spawn(move || {
        // The last parcel may be a failure; nobody is left to hear when it cannot be delivered.
        let _ = to.send(decode(&source, &to));
    });
    if let Err(why) = spawned {
        let _ = spare.try_send(Parcel::Failed(format!("cannot start a thread to decode it: {why}")));
    }
    Box::new(Ahead { parcels: from, opening: Opening::Pending, block: Vec::new(), used: 0, over: None })
}

/// Decodes to the end, or until nobody listens; gives the last parcel.
fn decode(source: &Source, to: &SyncSender<Parcel>) -> Parcel {
    let result = catch_unwind(AssertUnwindSafe(|| match source {
        Source::File(path) => FileSound::open(path).and_then(|mut sound| deliver(&mut sound, to)),
        Source::BuiltIn(name) => match pieces::by_name(name) {
            Some(piece) => deliver(&mut piece.perform(), to),
            None => Err(format!("there is no built-in piece named {name}")),
        },
    }));
    match result {
        Ok(Ok(())) => Parcel::Ended,
        Ok(Err(why)) => Parcel::Failed(why),
        Err(_) => Parcel::Failed(match source {
            Source::File(path) => format!("{} is damaged so that its decoder failed", path.display()),
            Source::BuiltIn(name) => format!("the built-in piece {name} could not be played"),
        }),
    }
}

fn deliver(sound: &mut dyn Sound, to: &SyncSender<Parcel>) -> Result<(), String> {
    let mut raw = Vec::new();
    let mut ready = Vec::new();
    let mut resample: Option<(u32, Resample)> = None;
    let mut opened = false;
    loop {
        raw.clear();
        let rate = sound.decode(&mut raw)?;
        if rate != resample.as_ref().map(|(from, _)| *from)
            && let Some((_, mut old)) = resample.take()
        {
            old.finish(&mut ready)?;
        }
        match rate {
            Some(RATE) => ready.extend_from_slice(&raw),
            Some(rate) => {
                let (_, to_ours) = match &mut resample {
                    Some(same) => same,
                    empty => empty.insert((rate, Resample::new(rate)?)),
                };
                to_ours.push(&raw, &mut ready)?;
            }
            None => {}
        }
        while ready.len() >= 2 * BLOCK || (rate.is_none() && !ready.is_empty()) {
            if !opened && to.send(Parcel::Opened(sound.length())).is_err() {
                return Ok(());
            }
            opened = true;
            let later = ready.split_off(ready.len().min(2 * BLOCK));
            if to.send(Parcel::Block(std::mem::replace(&mut ready, later))).is_err() {
                return Ok(());
            }
        }
        if rate.is_none() {
            return if opened { Ok(()) } else { Err("it holds no sound".to_owned()) };
        }
    }
}

/// The end of the pipe that the deck reads.
struct Ahead {
    parcels: Receiver<Parcel>,
    opening: Opening,
    block: Vec<f32>,
    used: usize,
    over: Option<Shortfall>,
}

impl Ahead {
    /// Takes one parcel in; false where there is none.
    fn receive(&mut self) -> bool {
        let broke = |ahead: &mut Self, why: String| {
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
            Err(TryRecvError::Disconnected) => broke(self, "its decoder stopped".to_owned()),
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
}
