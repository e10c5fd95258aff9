//! What a panel shows, from what was sent to its controller.
//!
//! In: the events on the wires, and which pin tells data from commands. Out: the picture in the
//! controller's memory as it stands, and how the controller was set up. The commands are those that
//! ST7789 and ILI9341 share (MIPI DCS; ST7789VW datasheet 1.0, ILI9341 datasheet 1.11, chapter 8).
//! Nothing fails: what a controller ignores is ignored.

use std::collections::BTreeSet;

use image::{Rgb, RgbImage};

use crate::trace::Event;

/// The controller's memory: columns and pages.
const MEMORY: (u16, u16) = (240, 320);

const SLEEP_OUT: u8 = 0x11;
const INVERSION_OFF: u8 = 0x20;
const INVERSION_ON: u8 = 0x21;
const DISPLAY_OFF: u8 = 0x28;
const DISPLAY_ON: u8 = 0x29;
const COLUMNS: u8 = 0x2a;
const PAGES: u8 = 0x2b;
const WRITE: u8 = 0x2c;
const ORDER: u8 = 0x36;
const FORMAT: u8 = 0x3a;
const WRITE_ON: u8 = 0x3c;

/// In [`ORDER`]: pages run backwards, columns run backwards, pages and columns are exchanged.
const PAGES_BACK: u8 = 0x80;
const COLUMNS_BACK: u8 = 0x40;
const EXCHANGED: u8 = 0x20;
/// In [`ORDER`]: blue comes first on the panel's side.
pub const BLUE_FIRST: u8 = 0x08;

/// Where the memory's column and page are that a panel shows at a place, as one looks at it.
pub type View = fn(x: u32, y: u32) -> (u32, u32);

/// How the controller is set up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// It was woken, and shows its memory.
    pub on: bool,
    /// It shows colours inverted, as an IPS panel wants.
    pub inverted: bool,
    /// Its memory access control: mirroring, exchange, colour order.
    pub order: u8,
    /// Its pixel format; 0x55 is 16 bits.
    pub format: u8,
}

/// See the module.
pub struct Glass {
    bus: String,
    data_pin: u32,
    light_pin: u32,
    data: bool,
    /// Whether the backlight is on.
    pub lit: bool,
    /// How the controller is set up.
    pub setup: Setup,
    awake: bool,
    command: u8,
    arguments: Vec<u8>,
    columns: (u16, u16),
    pages: (u16, u16),
    at: (u16, u16),
    odd: Option<u8>,
    memory: RgbImage,
    /// Bytes sent so far, commands among them.
    pub bytes: u64,
    /// Every command seen.
    pub commands: BTreeSet<u8>,
}

impl Glass {
    /// A controller on `bus` with its data/command pin and its backlight on these lines.
    pub fn new(bus: &str, data_pin: u32, light_pin: u32) -> Self {
        Self {
            bus: bus.to_owned(),
            data_pin,
            light_pin,
            data: false,
            lit: false,
            setup: Setup::default(),
            awake: false,
            command: 0,
            arguments: Vec::new(),
            columns: (0, MEMORY.0 - 1),
            pages: (0, MEMORY.1 - 1),
            at: (0, 0),
            odd: None,
            // Magenta, which no picture holds: what was never sent shows.
            memory: RgbImage::from_pixel(MEMORY.0.into(), MEMORY.1.into(), Rgb([255, 0, 255])),
            bytes: 0,
            commands: BTreeSet::new(),
        }
    }

    /// What one sees on a panel of this size that is mounted so.
    pub fn picture(&self, width: u32, height: u32, view: View) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (column, page) = view(x, y);
            *self.memory.get_pixel(column, page)
        })
    }

    /// Something happened on the wires.
    pub fn on(&mut self, event: &Event) {
        match event {
            Event::Pin { line, high } if *line == self.data_pin => self.data = *high,
            Event::Pin { line, high } if *line == self.light_pin => self.lit = *high,
            Event::Sent { bus, bytes } if *bus == self.bus => {
                self.bytes += bytes.len() as u64;
                for byte in bytes {
                    if self.data { self.argument(*byte) } else { self.command(*byte) }
                }
            }
            Event::Pin { .. } | Event::Sent { .. } => {}
        }
    }

    fn command(&mut self, command: u8) {
        self.command = command;
        self.commands.insert(command);
        self.arguments.clear();
        self.odd = None;
        match command {
            SLEEP_OUT => self.awake = true,
            INVERSION_OFF => self.setup.inverted = false,
            INVERSION_ON => self.setup.inverted = true,
            DISPLAY_OFF => self.setup.on = false,
            DISPLAY_ON => self.setup.on = self.awake,
            WRITE => self.at = (self.columns.0, self.pages.0),
            _ => {}
        }
    }

    fn argument(&mut self, byte: u8) {
        if matches!(self.command, WRITE | WRITE_ON) {
            match self.odd.take() {
                None => self.odd = Some(byte),
                Some(first) => self.pixel(u16::from_be_bytes([first, byte])),
            }
            return;
        }
        self.arguments.push(byte);
        match (self.command, &self.arguments[..]) {
            (COLUMNS, &[a, b, c, d]) => self.columns = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            (PAGES, &[a, b, c, d]) => self.pages = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            (ORDER, &[order]) => self.setup.order = order,
            (FORMAT, &[format]) => self.setup.format = format,
            _ => {}
        }
    }

    fn pixel(&mut self, value: u16) {
        let (x, y) = self.at;
        let order = self.setup.order;
        let (mut column, mut page) = if order & EXCHANGED == 0 { (x, y) } else { (y, x) };
        if column < MEMORY.0 && page < MEMORY.1 {
            if order & COLUMNS_BACK != 0 {
                column = MEMORY.0 - 1 - column;
            }
            if order & PAGES_BACK != 0 {
                page = MEMORY.1 - 1 - page;
            }
            let spread =
                |value: u16, most: u16| ((u32::from(value) * 255 + u32::from(most) / 2) / u32::from(most)) as u8;
            let rgb = [spread(value >> 11, 31), spread(value >> 5 & 63, 63), spread(value & 31, 31)];
            self.memory.put_pixel(column.into(), page.into(), Rgb(rgb));
        }
        self.at = if x < self.columns.1 { (x + 1, y) } else { (self.columns.0, y.saturating_add(1)) };
        if self.at.1 > self.pages.1 {
            self.at = (self.columns.0, self.pages.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(glass: &mut Glass, command: u8, data: &[u8]) {
        glass.on(&Event::Pin { line: 537, high: false });
        glass.on(&Event::Sent { bus: "spi0.0".to_owned(), bytes: vec![command] });
        glass.on(&Event::Pin { line: 537, high: true });
        for part in data.chunks(3) {
            glass.on(&Event::Sent { bus: "spi0.0".to_owned(), bytes: part.to_vec() });
        }
    }

    #[test]
    fn a_window_is_filled_row_by_row_and_nothing_else() {
        let mut glass = Glass::new("spi0.0", 537, 536);
        send(&mut glass, COLUMNS, &[0, 1, 0, 2]);
        send(&mut glass, PAGES, &[0, 3, 0, 4]);
        send(&mut glass, WRITE, &[0xf8, 0x00, 0x07, 0xe0, 0x00, 0x1f, 0xff, 0xff]);
        let upright: View = |x, y| (x, y);
        let picture = glass.picture(4, 6, upright);
        let seen = |x, y| picture.get_pixel(x, y).0;
        assert_eq!([seen(1, 3), seen(2, 3), seen(1, 4), seen(2, 4)], [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255; 3]]);
        assert_eq!(picture.pixels().filter(|pixel| pixel.0 == [255, 0, 255]).count(), 20);
        glass.on(&Event::Sent { bus: "spi1.0".to_owned(), bytes: vec![0; 9] });
        assert_eq!(glass.picture(4, 6, upright), picture, "another bus");
    }

    #[test]
    fn a_turned_panel_is_written_across() {
        let mut glass = Glass::new("spi0.0", 537, 536);
        // As the makers of a HAT whose panel is mounted on its side give it.
        send(&mut glass, ORDER, &[COLUMNS_BACK | EXCHANGED]);
        send(&mut glass, COLUMNS, &[0, 5, 0, 5]);
        send(&mut glass, PAGES, &[0, 7, 0, 7]);
        send(&mut glass, WRITE, &[0xff, 0xff]);
        let picture = glass.picture(240, 240, |x, y| (239 - y, x));
        assert_eq!(picture.get_pixel(5, 7).0, [255; 3]);
        assert_eq!(picture.pixels().filter(|pixel| pixel.0 == [255; 3]).count(), 1);
    }

    #[test]
    fn the_setup_is_remembered() {
        let mut glass = Glass::new("spi0.0", 537, 536);
        send(&mut glass, DISPLAY_ON, &[]);
        assert!(!glass.setup.on, "a sleeping controller shows nothing");
        for (command, data) in
            [(SLEEP_OUT, &[][..]), (FORMAT, &[0x55]), (ORDER, &[0x60]), (INVERSION_ON, &[]), (DISPLAY_ON, &[])]
        {
            send(&mut glass, command, data);
        }
        assert_eq!(glass.setup, Setup { on: true, inverted: true, order: 0x60, format: 0x55 });
        assert!(!glass.lit);
        glass.on(&Event::Pin { line: 536, high: true });
        assert!(glass.lit);
    }
}
