//! Panels with Sino Wealth's SH1106: OLEDs of 1.3 inches, 128 × 64 out of a memory of 132 × 64.
//!
//! Enters and leaves: see [`Oled`]. Datasheet: SH1106, version 2.3; it takes writes up to 4 MHz
//! (the table of 4-wire serial timing).

use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};

use super::{PanelError, mipi::Wires, oled::Oled};
use crate::screen::settings::Wiring;

/// What starts it, beside what all OLEDs have in common.
const START: &[u8] = &[
    0xd5, 0x80, // clock as after a reset
    0xa8, 0x3f, // 64 rows
    0xd3, 0x00, // none of them shifted
    0x40, // the first row of the memory on top
    0xad, 0x8b, // the controller's own voltage converter
    0x32, // which gives 8 V
    0xda, 0x12, // rows wired alternately
    0xd9, 0x1f, // pre-charge
    0xdb, 0x40, // level of unlit pixels
    0xa4, // show the memory
];

/// Resets and starts the controller.
///
/// # Errors
/// The bus or a pin fails.
pub fn start<S: SpiDevice, P: OutputPin>(
    wires: Wires<S, P>,
    wiring: &Wiring,
    delay: &mut impl DelayNs,
) -> Result<Oled<S, P>, PanelError> {
    Oled::start(START, wires, wiring, delay)
}
