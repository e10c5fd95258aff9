//! Panels with Sitronix's ST7789: IPS panels, most of which want inverted colours.
//!
//! Enters and leaves: see [`Mipi`]. Datasheet: ST7789VW, version 1.0; it takes writes up to
//! 62.5 MHz (7.4.3).

use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};
use mipidsi::models::ST7789;

use super::{
    PanelError,
    mipi::{Mipi, Wires},
};
use crate::screen::settings::Wiring;

/// Resets and starts the controller.
///
/// # Errors
/// The bus or a pin fails.
pub fn start<S: SpiDevice, P: OutputPin>(
    wires: Wires<S, P>,
    wiring: &Wiring,
    delay: &mut impl DelayNs,
) -> Result<Mipi<ST7789, S, P>, PanelError> {
    Mipi::start(ST7789, wires, wiring, delay)
}

#[cfg(test)]
#[path = "st7789_tests.rs"]
mod tests;
