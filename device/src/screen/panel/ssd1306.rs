//! Panels with Solomon's SSD1306: OLEDs of 0.96 inches, 128 × 64.
//!
//! Enters and leaves: see [`Oled`]. Datasheet: SSD1306, revision 1.5; table 9-1 has the commands. It
//! takes writes up to 10 MHz (table 13-4).

use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};

use super::{PanelError, mipi::Wires, oled::Oled};
use crate::screen::settings::Wiring;

/// What starts it, beside what all OLEDs have in common.
const START: &[u8] = &[
    0xd5, 0x80, // clock as after a reset
    0xa8, 0x3f, // 64 rows
    0xd3, 0x00, // none of them shifted
    0x40, // the first row of the memory on top
    0x8d, 0x14, // the module's own charge pump
    0x20, 0x02, // page by page
    0xda, 0x12, // rows wired alternately
    0xd9, 0xf1, // long pre-charge, as the charge pump wants it
    0xdb, 0x40, // level of unlit pixels
    0xa4, // show the memory
    0x2e, // no scrolling
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
