//! Panels with Ilitek's ILI9341: the red boards of 2.2 to 3.2 inches.
//!
//! Enters and leaves: see [`Mipi`]. Datasheet: ILI9341, version 1.11. It promises writes up to
//! 10 MHz (18.3.4) and is driven at 32 MHz and more by everybody.

use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};
use mipidsi::models::ILI9341Rgb565;

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
) -> Result<Mipi<ILI9341Rgb565, S, P>, PanelError> {
    Mipi::start(ILI9341Rgb565, wires, wiring, delay)
}

#[cfg(test)]
mod tests {
    use embedded_graphics::{
        geometry::{Point, Size},
        pixelcolor::{Rgb888, RgbColor},
        primitives::Rectangle,
    };

    use super::super::{
        Panel,
        counted::{Event, NoDelay, recorded, wiring},
    };
    use super::*;

    #[test]
    fn landscape_is_mirrored_with_blue_first_and_not_inverted() {
        let (wires, record) = recorded(4096);
        let mut panel = start(wires, &wiring("ili9341"), &mut NoDelay).unwrap();
        let all = record.take();
        let after = |command| {
            let at = all.iter().position(|event| *event == Event::Command(command)).unwrap();
            all[at + 1].clone()
        };
        assert_eq!(after(0x36), Event::Data(vec![0x28]), "rows and columns swapped, blue first");
        assert_eq!(after(0x3a), Event::Data(vec![0x55]), "16 bits a pixel");
        for (command, what) in [(0x20, "not inverted"), (0x11, "sleep out"), (0x29, "display on")] {
            assert!(all.contains(&Event::Command(command)), "{what} is missing in {all:02x?}");
        }
        let last = Rectangle::new(Point::new(319, 239), Size::new(1, 1));
        panel.push(last, &[Rgb888::WHITE]).unwrap();
        let sent = record.take();
        assert_eq!(
            sent,
            [
                Event::Command(0x2a),
                Event::Data(vec![1, 63, 1, 63]),
                Event::Command(0x2b),
                Event::Data(vec![0, 239, 0, 239]),
                Event::Command(0x2c),
                Event::Data(vec![0xff, 0xff]),
            ]
        );
    }
}
