//! What controllers of OLED panels have in common: one bit a pixel, eight rows to a byte.
//!
//! Enters: rectangles in 8 bits a channel; a pixel is lit where it is nearer to white. Leaves: for
//! each page of eight rows that a rectangle touches, its address and the bytes of the rectangle's
//! columns, nothing else. What can fail: the bus and the pins. There is no light behind an OLED: its
//! contrast is the brightness. The panel is switched on with the first whole picture, so that nobody
//! sees the noise before it.
//!
//! Written here and not taken from a library: `ssd1306` brings macros that are no longer maintained
//! (RUSTSEC-2024-0370), and `sh1106` stands on the old `embedded-hal` 0.2 and always sends the whole
//! picture.

use embedded_graphics::{
    geometry::{Point, Size},
    pixelcolor::Rgb888,
    primitives::{PointsIter, Rectangle},
};
use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};

use super::{
    Panel, PanelError,
    mipi::Wires,
    wire::{Wire, no_answer, reset},
};
use crate::screen::{is_lit, settings::Wiring};

/// Pixels across and down.
const WIDTH: usize = 128;
const HEIGHT: usize = 64;

/// Commands that both controllers know.
const CONTRAST: u8 = 0x81;
const OFF: u8 = 0xae;
const ON: u8 = 0xaf;
const PAGE: u8 = 0xb0;
const COLUMN_LOW: u8 = 0x00;
const COLUMN_HIGH: u8 = 0x10;

/// A panel whose controller has been started.
pub struct Oled<S, P> {
    wire: Wire<S, P>,
    /// What the panel shows: a byte is eight rows of one column, the topmost in its lowest bit.
    pages: [[u8; WIDTH]; HEIGHT / 8],
    /// The column of the controller's memory where the panel begins.
    offset: u8,
    wanted: u8,
    set: Option<u8>,
    _reset: Option<P>,
}

impl<S: SpiDevice, P: OutputPin> Oled<S, P> {
    /// Resets the controller and sends the commands that start it; it stays dark.
    ///
    /// # Errors
    /// The bus or a pin fails.
    pub fn start(
        commands: &[u8],
        mut wires: Wires<S, P>,
        wiring: &Wiring,
        delay: &mut impl DelayNs,
    ) -> Result<Self, PanelError> {
        reset(wires.reset.as_mut(), delay)?;
        let mut wire = Wire::new(wires.spi, wires.dc, wires.chunk);
        // As the modules are built, columns and rows count backwards when the picture is upright.
        let upright = wiring.rotation == 0;
        let columns = if upright != wiring.mirrored { 0xa1 } else { 0xa0 };
        let rows = if upright { 0xc8 } else { 0xc0 };
        let inversion = if wiring.inverted { 0xa7 } else { 0xa6 };
        let sent = wire.commands(&[OFF]).and_then(|()| wire.commands(commands));
        let sent = sent.and_then(|()| wire.commands(&[columns, rows, inversion]));
        sent.map_err(|why| no_answer("starting it failed", &why))?;
        let offset = u8::try_from(wiring.offset[0]).unwrap_or_default();
        Ok(Self { wire, pages: [[0; WIDTH]; HEIGHT / 8], offset, wanted: 100, set: None, _reset: wires.reset })
    }

    fn send(&mut self, commands: &[u8]) -> Result<(), PanelError> {
        self.wire.commands(commands).map_err(|why| no_answer("the bus failed", &why))
    }

    fn set_level(&mut self, percent: u8) -> Result<(), PanelError> {
        let contrast = (u32::from(percent.min(100)) * 255 / 100) as u8;
        let power = if percent == 0 { OFF } else { ON };
        self.send(&[CONTRAST, contrast, power])?;
        self.set = Some(percent);
        Ok(())
    }
}

impl<S: SpiDevice + Send, P: OutputPin + Send> Panel for Oled<S, P> {
    fn size(&self) -> Size {
        Size::new(WIDTH as u32, HEIGHT as u32)
    }

    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError> {
        for (Point { x, y }, pixel) in area.points().zip(pixels) {
            let byte = usize::try_from(y).ok().and_then(|y| self.pages.get_mut(y / 8));
            let byte = byte.and_then(|page| page.get_mut(usize::try_from(x).ok()?));
            let Some(byte) = byte else { continue };
            let bit = 1 << (y % 8);
            if is_lit(*pixel) { *byte |= bit } else { *byte &= !bit }
        }
        let Some(end) = area.bottom_right() else { return Ok(()) };
        let within = |at: i32, most: usize| usize::try_from(at).unwrap_or_default().min(most - 1);
        let (left, right) = (within(area.top_left.x, WIDTH), within(end.x, WIDTH));
        for page in within(area.top_left.y, HEIGHT) / 8..=within(end.y, HEIGHT) / 8 {
            let column = left as u8 + self.offset;
            self.send(&[PAGE | page as u8, COLUMN_LOW | column & 15, COLUMN_HIGH | column >> 4])?;
            let bytes = &self.pages[page][left..=right];
            self.wire.data(bytes).map_err(|why| no_answer("the bus failed", &why))?;
        }
        Ok(())
    }

    fn is_same(&self, _: Point, a: Rgb888, b: Rgb888) -> bool {
        is_lit(a) == is_lit(b)
    }

    fn flush(&mut self) -> Result<(), PanelError> {
        if self.set.is_none() { self.set_level(self.wanted) } else { Ok(()) }
    }

    fn light(&mut self, percent: u8) -> Result<(), PanelError> {
        self.wanted = percent;
        if self.set.is_some_and(|set| set != percent) { self.set_level(percent) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use embedded_graphics::pixelcolor::RgbColor;

    use super::super::{
        counted::{Bus, Event, Line, NoDelay, Record, recorded, wiring},
        sh1106, ssd1306,
    };
    use super::*;

    const WHITE: Rgb888 = Rgb888::WHITE;

    fn ssd1306() -> (Oled<Bus, Line>, Record) {
        let (wires, record) = recorded(4096);
        (ssd1306::start(wires, &wiring("ssd1306"), &mut NoDelay).unwrap(), record)
    }

    fn commands(bytes: &[u8]) -> Vec<Event> {
        bytes.iter().copied().map(Event::Command).collect()
    }

    #[test]
    fn a_rectangle_is_its_pages_and_columns_and_nothing_else() {
        let (mut panel, record) = ssd1306();
        record.take();
        panel.push(Rectangle::new(Point::new(20, 6), Size::new(3, 4)), &[WHITE; 12]).unwrap();
        let expected = [
            commands(&[0xb0, 0x04, 0x11]),
            vec![Event::Data(vec![0xc0; 3])],
            commands(&[0xb1, 0x04, 0x11]),
            vec![Event::Data(vec![0x03; 3])],
        ];
        assert_eq!(record.take(), expected.concat());
        // What shares a byte with the next rectangle stays.
        panel.push(Rectangle::new(Point::new(20, 0), Size::new(1, 1)), &[WHITE]).unwrap();
        assert_eq!(record.take().last(), Some(&Event::Data(vec![0xc1])));
        panel.push(Rectangle::new(Point::new(20, 6), Size::new(1, 1)), &[Rgb888::BLACK]).unwrap();
        assert_eq!(record.take().last(), Some(&Event::Data(vec![0x81])));
        panel.push(Rectangle::new(Point::new(127, 63), Size::new(1, 1)), &[WHITE]).unwrap();
        assert_eq!(record.take(), [commands(&[0xb7, 0x0f, 0x17]), vec![Event::Data(vec![0x80])]].concat());
    }

    #[test]
    fn an_sh1106_begins_two_columns_further_on() {
        let (wires, record) = recorded(4096);
        let mut panel = sh1106::start(wires, &wiring("sh1106"), &mut NoDelay).unwrap();
        let start = record.take();
        assert!(start.windows(2).any(|w| w == commands(&[0xad, 0x8b])), "the converter is on: {start:02x?}");
        panel.push(Rectangle::new(Point::new(0, 0), Size::new(1, 1)), &[WHITE]).unwrap();
        assert_eq!(record.take()[..3], commands(&[0xb0, 0x02, 0x10]));
        panel.push(Rectangle::new(Point::new(127, 0), Size::new(1, 1)), &[WHITE]).unwrap();
        assert_eq!(record.take()[..3], commands(&[0xb0, 0x01, 0x18]));
    }

    #[test]
    fn it_is_dark_until_the_first_picture_and_its_contrast_is_the_brightness() {
        let (mut panel, record) = ssd1306();
        let all = record.take();
        assert_eq!(all[..3], [Event::Pin("reset", false), Event::Pin("reset", true), Event::Command(0xae)]);
        assert!(all.windows(2).any(|w| w == commands(&[0x8d, 0x14])), "the charge pump is on: {all:02x?}");
        assert!(!all.contains(&Event::Command(0xaf)));
        panel.light(50).unwrap();
        panel.push(Rectangle::new(Point::zero(), Size::new(128, 64)), &[WHITE; 128 * 64]).unwrap();
        record.take();
        panel.flush().unwrap();
        assert_eq!(record.take(), commands(&[0x81, 127, 0xaf]));
        panel.flush().unwrap();
        panel.light(50).unwrap();
        assert_eq!(record.take(), []);
        panel.light(0).unwrap();
        assert_eq!(record.take(), commands(&[0x81, 0, 0xae]));
    }

    #[test]
    fn it_can_stand_on_its_head_or_be_inverted() {
        let orientation = |wiring: Wiring| {
            let (wires, record) = recorded(4096);
            ssd1306::start(wires, &wiring, &mut NoDelay).unwrap();
            let all = record.take();
            all[all.len() - 3..].to_vec()
        };
        assert_eq!(orientation(wiring("ssd1306")), commands(&[0xa1, 0xc8, 0xa6]));
        assert_eq!(orientation(Wiring { rotation: 180, ..wiring("ssd1306") }), commands(&[0xa0, 0xc0, 0xa6]));
        let odd = Wiring { mirrored: true, inverted: true, ..wiring("ssd1306") };
        assert_eq!(orientation(odd), commands(&[0xa0, 0xc8, 0xa7]));
        assert_eq!(orientation(wiring("waveshare-1.3-oled")), commands(&[0xa0, 0xc0, 0xa6]));
    }

    #[test]
    fn no_transfer_is_longer_than_the_chunk_and_a_broken_bus_is_an_error() {
        let (wires, record) = recorded(64);
        let mut panel = ssd1306::start(wires, &wiring("ssd1306"), &mut NoDelay).unwrap();
        panel.push(Rectangle::new(Point::zero(), Size::new(128, 64)), &[WHITE; 128 * 64]).unwrap();
        assert!(record.longest() <= 64);
        record.set_broken(true);
        let error = panel.light(3).and_then(|()| panel.flush()).unwrap_err().to_string();
        assert!(error.starts_with("the panel does not take the picture: "), "{error}");
    }
}
