//! Wires that lead nowhere and remember what was sent: for counting bytes, and for tests.
//!
//! Enters: what a driver sends. Leaves: the number of bytes and transfers, and the events where they
//! are wanted. It fails only when told to.

use std::{
    convert::Infallible,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use embedded_hal::{
    delay::DelayNs,
    digital::{self, OutputPin},
    spi::{self, Operation, SpiDevice},
};

use super::{PanelError, light::Light, mipi::Wires};

/// What went over the wires, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// One byte with the data/command pin low.
    Command(u8),
    /// Bytes with the data/command pin high, as many as were sent in a row.
    Data(Vec<u8>),
    /// Another pin changed.
    Pin(&'static str, bool),
    /// The light was set to this level.
    Light(u8),
}

#[derive(Default)]
struct Sent {
    data: bool,
    bytes: u64,
    transfers: u64,
    longest: usize,
    keeps: bool,
    events: Vec<Event>,
    broken: bool,
}

/// What was sent.
#[derive(Clone, Default)]
pub struct Record(Arc<Mutex<Sent>>);

impl Record {
    fn sent(&self) -> MutexGuard<'_, Sent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes and transfers since the last call.
    pub fn count(&self) -> (u64, u64) {
        let mut sent = self.sent();
        (mem::take(&mut sent.bytes), mem::take(&mut sent.transfers))
    }
}

#[cfg(test)]
impl Record {
    /// The events since the last call.
    pub fn take(&self) -> Vec<Event> {
        mem::take(&mut self.sent().events)
    }

    /// The longest transfer so far, bytes.
    pub fn longest(&self) -> usize {
        self.sent().longest
    }

    /// From now on every transfer fails, or none.
    pub fn set_broken(&self, broken: bool) {
        self.sent().broken = broken;
    }
}

/// The bus.
pub struct Bus(Record);

/// The bus was told to fail.
#[derive(Debug)]
pub struct Broken;

impl spi::Error for Broken {
    fn kind(&self) -> spi::ErrorKind {
        spi::ErrorKind::Other
    }
}

impl spi::ErrorType for Bus {
    type Error = Broken;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Broken> {
        let mut guard = self.0.sent();
        let sent = &mut *guard;
        if sent.broken {
            return Err(Broken);
        }
        for operation in operations {
            let Operation::Write(bytes) = operation else { return Err(Broken) };
            sent.longest = sent.longest.max(bytes.len());
            sent.bytes += bytes.len() as u64;
            sent.transfers += 1;
            if !sent.keeps {
                continue;
            }
            if !sent.data {
                sent.events.extend(bytes.iter().copied().map(Event::Command));
            } else if let Some(Event::Data(data)) = sent.events.last_mut() {
                data.extend_from_slice(bytes);
            } else if !bytes.is_empty() {
                sent.events.push(Event::Data(bytes.to_vec()));
            }
        }
        Ok(())
    }
}

/// A pin.
pub struct Line(&'static str, Record);

impl digital::ErrorType for Line {
    type Error = Infallible;
}

impl OutputPin for Line {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false)
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true)
    }
}

impl Line {
    fn set(&self, high: bool) -> Result<(), Infallible> {
        let mut sent = self.1.sent();
        if self.0 == "dc" {
            sent.data = high;
        } else if sent.keeps {
            sent.events.push(Event::Pin(self.0, high));
        }
        Ok(())
    }
}

struct Lamp(Record);

impl Light for Lamp {
    fn set(&mut self, percent: u8) -> Result<(), PanelError> {
        let mut sent = self.0.sent();
        if sent.keeps {
            sent.events.push(Event::Light(percent));
        }
        Ok(())
    }
}

/// A clock that does not wait.
pub struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

/// Wires that count.
pub fn counted(chunk: usize) -> (Wires<Bus, Line>, Record) {
    let record = Record::default();
    let line = |name| Line(name, record.clone());
    let light = Box::new(Lamp(record.clone()));
    let wires = Wires { spi: Bus(record.clone()), chunk, dc: line("dc"), reset: Some(line("reset")), light };
    (wires, record)
}

/// Wires that count and keep every event.
#[cfg(test)]
pub fn recorded(chunk: usize) -> (Wires<Bus, Line>, Record) {
    let (wires, record) = counted(chunk);
    record.sent().keeps = true;
    (wires, record)
}

/// The wiring of a preset.
#[cfg(test)]
pub fn wiring(name: &str) -> crate::screen::settings::Wiring {
    use crate::screen::{PanelKind, ScreenSettings, presets::Preset};
    let panel = PanelKind::Wired(Preset::named(name).unwrap());
    ScreenSettings { panel, ..ScreenSettings::default() }.wiring().unwrap()
}
