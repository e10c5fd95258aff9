//! What went over the panel's wires, as the kernel's tracepoints tell it.
//!
//! In: lines of `trace_pipe` with the events `spi_transfer_start` and `gpio_value`. Out: [`Event`]s in
//! the order in which they happened. What fails: a line that says events were lost, or that a
//! transfer was longer than what a tracepoint keeps of it; a picture decoded from such a trace
//! would be a guess.

use anyhow::{Context, Result, bail};

/// The most bytes of a transfer that a tracepoint tells.
pub const KEPT: usize = 64;

/// One thing that happened on the wires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Bytes to the chip on a bus, as in `spi0.0`.
    Sent {
        /// The bus and chip select.
        bus: String,
        /// The bytes.
        bytes: Vec<u8>,
    },
    /// A pin was set; pins count through all chips of the machine.
    Pin {
        /// The pin.
        line: u32,
        /// Whether it is high now.
        high: bool,
    },
}

/// Reads one line; `None` where it tells of something else.
///
/// # Errors
/// See the module.
pub fn parse(line: &str) -> Result<Option<Event>> {
    if line.contains("[LOST ") {
        bail!("the kernel lost events: {}", line.trim());
    }
    if let Some((_, told)) = line.split_once("spi_transfer_start: ") {
        return sent(told).map(Some).with_context(|| format!("cannot read {line:?}"));
    }
    let Some((_, told)) = line.split_once("gpio_value: ") else { return Ok(None) };
    let words: Vec<&str> = told.split_whitespace().collect();
    match words[..] {
        [line, "set", value] => Ok(Some(Event::Pin { line: line.parse()?, high: value != "0" })),
        [_, "get", _] => Ok(None),
        _ => bail!("cannot read {line:?}"),
    }
}

/// `spi0.0 0000000012345678 len=4 tx=[00-0a-00-0c] rx=[]`.
fn sent(told: &str) -> Result<Event> {
    let (bus, rest) = told.split_once(' ').context("no bus")?;
    let length: usize = after(rest, "len=", ' ')?.parse()?;
    let hex = after(rest, "tx=[", ']')?;
    let bytes: Result<Vec<u8>, _> =
        hex.split('-').filter(|byte| !byte.is_empty()).map(|byte| u8::from_str_radix(byte, 16)).collect();
    let bytes = bytes?;
    if bytes.len() != length {
        bail!("a transfer of {length} bytes, of which {} are told: set `chunk` to {KEPT} or less", bytes.len());
    }
    Ok(Event::Sent { bus: bus.to_owned(), bytes })
}

fn after<'a>(text: &'a str, mark: &str, end: char) -> Result<&'a str> {
    let (_, rest) = text.split_once(mark).with_context(|| format!("no {mark}"))?;
    Ok(rest.split(end).next().unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transfers_and_pins_are_read() {
        let line = "   moodring-dev-88  [002] .....    12.345678: spi_transfer_start: spi0.0 00000000d5a1 len=3 tx=[2a-00-ff] rx=[]";
        let sent = Event::Sent { bus: "spi0.0".to_owned(), bytes: vec![0x2a, 0, 0xff] };
        assert_eq!(parse(line).ok(), Some(Some(sent)));
        let line = "gpio_value: 537 set 1";
        assert_eq!(parse(line).ok(), Some(Some(Event::Pin { line: 537, high: true })));
        for other in ["# tracer: nop", "  x-1 [000] ..... 1.0: gpio_value: 537 get 1", ""] {
            assert_eq!(parse(other).ok(), Some(None), "{other}");
        }
    }

    #[test]
    fn what_is_missing_is_said() {
        let cut = "x-1 [0] .: spi_transfer_start: spi0.0 0 len=65 tx=[00-01] rx=[]";
        assert!(format!("{:#}", parse(cut).err().map_or_else(String::new, |e| format!("{e:#}"))).contains("`chunk`"));
        assert!(parse("CPU:1 [LOST 17 EVENTS]").is_err());
        assert!(parse("x-1 [0] .: gpio_value: what").is_err());
    }
}
