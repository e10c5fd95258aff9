//! The panels that people own, by name: plain data that everything else is read from.
//!
//! A name in the configuration picks a row of [`PRESETS`]; `[screen.wiring]` may override every value
//! of it. The README's tables and the hints of messages come from the same rows. Nothing here fails.
//! The values are those of the makers' own programs and pages, named at each row; pins are GPIO
//! numbers, not places on the header, which [`header_place`] tells.

use std::fmt;

use super::settings::{ColourOrder, ScreenSize};
use crate::buttons::{Key, Role};

/// Which chip drives the panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Controller {
    /// Sitronix ST7789: 240 × 320 pixels in colour.
    St7789,
    /// Ilitek ILI9341: 240 × 320 pixels in colour.
    Ili9341,
    /// Solomon SSD1306: 128 × 64 pixels of one colour.
    Ssd1306,
    /// Sino Wealth SH1106: 132 × 64 pixels of one colour, of which panels show 128.
    Sh1106,
}

impl Controller {
    /// Whether it has colours, and a memory of 240 × 320 pixels that can be turned by quarters.
    pub const fn has_colours(self) -> bool {
        matches!(self, Self::St7789 | Self::Ili9341)
    }
}

/// What a wire carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// 3.3 V.
    Supply,
    /// Ground.
    Ground,
    /// The SPI clock, always GPIO 11.
    Clock,
    /// The SPI data towards the panel, always GPIO 10.
    Data,
    /// The SPI chip select: GPIO 8 is `/dev/spidev0.0`, GPIO 7 is `/dev/spidev0.1`.
    ChipSelect,
    /// Tells data from commands.
    DataCommand,
    /// Resets the controller while low.
    Reset,
    /// Lights the panel while high.
    Backlight,
}

/// One wire between a panel and the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wire {
    /// What stands beside the pin on the panel's board.
    pub label: &'static str,
    /// What it carries.
    pub signal: Signal,
    /// Its GPIO; `None` for supply and ground.
    pub gpio: Option<u32>,
}

impl Wire {
    /// The place on the 40-pin header, 1 to 40.
    pub fn place(&self) -> Option<u32> {
        match (self.signal, self.gpio) {
            (Signal::Supply, _) => Some(1),
            (Signal::Ground, _) => Some(6),
            (_, gpio) => gpio.and_then(header_place),
        }
    }
}

/// A panel and how it is wired to a Raspberry Pi.
#[derive(Debug, PartialEq, Eq)]
pub struct Preset {
    /// What it is called in the configuration.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// Which chip drives it.
    pub controller: Controller,
    /// Pixels across and down, as one looks at it.
    pub size: ScreenSize,
    /// Whether it is plugged onto the header as a whole; else wire by wire.
    pub is_hat: bool,
    /// Its wires.
    pub wires: &'static [Wire],
    /// Its buttons and what they do unless the configuration says otherwise.
    pub keys: &'static [Key],
    /// SPI clock, hertz.
    pub speed_hz: u32,
    /// Degrees clockwise by which the picture is turned in the controller's memory.
    pub rotation: u16,
    /// Whether the picture is mirrored in the controller's memory.
    pub mirrored: bool,
    /// Whether the controller must invert.
    pub inverted: bool,
    /// The order of the colours.
    pub colour_order: ColourOrder,
    /// Where the visible part begins in the controller's memory.
    pub offset: [u16; 2],
    /// The lines that must stand in `/boot/firmware/config.txt`.
    pub config_txt: &'static [&'static str],
}

impl Preset {
    /// The preset of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The GPIO that carries a signal.
    pub fn pin(&self, signal: Signal) -> Option<u32> {
        self.wires.iter().find(|wire| wire.signal == signal).and_then(|wire| wire.gpio)
    }

    /// The SPI device that its chip select belongs to.
    pub fn spi(&self) -> &'static str {
        if self.pin(Signal::ChipSelect) == Some(7) { "/dev/spidev0.1" } else { "/dev/spidev0.0" }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

const SPI_ON: &str = "dtparam=spi=on";

/// Hardware PWM for a backlight; `func` is the pin's number for that function.
const PWM_13: &str = "dtoverlay=pwm,pin=13,func=4";
const PWM_18: &str = "dtoverlay=pwm,pin=18,func=2";

/// GPIO 9 is SPI's data towards the Pi unless this frees it.
pub const NO_MISO: &str = "dtoverlay=spi0-2cs,no_miso";

const fn wire(label: &'static str, signal: Signal, gpio: u32) -> Wire {
    Wire { label, signal, gpio: Some(gpio) }
}

const fn power(label: &'static str, signal: Signal) -> Wire {
    Wire { label, signal, gpio: None }
}

const fn key(label: &'static str, gpio: u32, role: Role) -> Key {
    Key { label, gpio, role }
}

/// All presets. The first of each controller's own name is a bare module, wired as the README draws it.
pub const PRESETS: &[Preset] = &[
    // github.com/pimoroni/displayhatmini-python: CE1, D/C on MISO, 0x70 in MADCTL and half a turn.
    Preset {
        name: "display-hat-mini",
        title: "Pimoroni Display HAT Mini",
        controller: Controller::St7789,
        size: ScreenSize::Wide,
        is_hat: true,
        wires: &[
            wire("SCLK", Signal::Clock, 11),
            wire("MOSI", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 7),
            wire("DC", Signal::DataCommand, 9),
            wire("BL", Signal::Backlight, 13),
        ],
        keys: &[
            key("A", 5, Role::Like),
            key("B", 6, Role::Privacy),
            key("X", 16, Role::Skip),
            key("Y", 24, Role::Pause),
        ],
        speed_hz: 60_000_000,
        rotation: 270,
        mirrored: false,
        inverted: true,
        colour_order: ColourOrder::Rgb,
        offset: [0, 0],
        config_txt: &[SPI_ON, NO_MISO, PWM_13],
    },
    // waveshare.com/wiki/1.3inch_LCD_HAT: 0x70 in MADCTL; the stick's press is GPIO 13.
    Preset {
        name: "waveshare-1.3-lcd",
        title: "Waveshare 1.3\" LCD HAT, 240 × 240",
        controller: Controller::St7789,
        size: ScreenSize::Square,
        is_hat: true,
        wires: &[
            wire("SCLK", Signal::Clock, 11),
            wire("MOSI", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 8),
            wire("DC", Signal::DataCommand, 25),
            wire("RST", Signal::Reset, 27),
            wire("BL", Signal::Backlight, 24),
        ],
        keys: &[
            key("KEY1", 21, Role::Skip),
            key("KEY2", 20, Role::Like),
            key("KEY3", 16, Role::Pause),
            key("stick", 13, Role::Privacy),
        ],
        speed_hz: 40_000_000,
        rotation: 90,
        mirrored: false,
        inverted: true,
        colour_order: ColourOrder::Rgb,
        offset: [0, 0],
        config_txt: &[SPI_ON],
    },
    // waveshare.com/wiki/1.3inch_OLED_HAT: shipped for SPI with four wires; stands on its head.
    Preset {
        name: "waveshare-1.3-oled",
        title: "Waveshare 1.3\" OLED HAT, 128 × 64",
        controller: Controller::Sh1106,
        size: ScreenSize::Mono,
        is_hat: true,
        wires: &[
            wire("CLK", Signal::Clock, 11),
            wire("DIN", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 8),
            wire("DC", Signal::DataCommand, 24),
            wire("RST", Signal::Reset, 25),
        ],
        keys: &[
            key("KEY1", 21, Role::Skip),
            key("KEY2", 20, Role::Like),
            key("KEY3", 16, Role::Pause),
            key("stick", 13, Role::Privacy),
        ],
        speed_hz: 4_000_000,
        rotation: 180,
        mirrored: false,
        inverted: false,
        colour_order: ColourOrder::Rgb,
        offset: [2, 0],
        config_txt: &[SPI_ON],
    },
    Preset {
        name: "st7789",
        title: "ST7789 module, 240 × 240",
        controller: Controller::St7789,
        size: ScreenSize::Square,
        is_hat: false,
        wires: &[
            power("VCC", Signal::Supply),
            power("GND", Signal::Ground),
            wire("SCL", Signal::Clock, 11),
            wire("SDA", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 8),
            wire("DC", Signal::DataCommand, 25),
            wire("RES", Signal::Reset, 27),
            wire("BLK", Signal::Backlight, 18),
        ],
        keys: &[],
        speed_hz: 40_000_000,
        rotation: 0,
        mirrored: false,
        inverted: true,
        colour_order: ColourOrder::Rgb,
        offset: [0, 0],
        config_txt: &[SPI_ON, PWM_18],
    },
    // The red boards of 2.2 to 3.2 inches. In landscape they are mirrored against an ST7789, and blue
    // comes first: 0x28 in MADCTL, as in Adafruit's and TFT_eSPI's libraries.
    Preset {
        name: "ili9341",
        title: "ILI9341 module, 2.4\" or 2.8\", 320 × 240",
        controller: Controller::Ili9341,
        size: ScreenSize::Wide,
        is_hat: false,
        wires: &[
            power("VCC", Signal::Supply),
            power("GND", Signal::Ground),
            wire("SCK", Signal::Clock, 11),
            wire("SDI", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 8),
            wire("DC", Signal::DataCommand, 25),
            wire("RESET", Signal::Reset, 27),
            wire("LED", Signal::Backlight, 18),
        ],
        keys: &[],
        speed_hz: 32_000_000,
        rotation: 90,
        mirrored: true,
        inverted: false,
        colour_order: ColourOrder::Bgr,
        offset: [0, 0],
        config_txt: &[SPI_ON, PWM_18],
    },
    // D/C and reset where luma.oled, the usual Python library, expects them.
    Preset {
        name: "ssd1306",
        title: "SSD1306 OLED module, SPI, 128 × 64",
        controller: Controller::Ssd1306,
        size: ScreenSize::Mono,
        is_hat: false,
        wires: &[
            power("VCC", Signal::Supply),
            power("GND", Signal::Ground),
            wire("D0", Signal::Clock, 11),
            wire("D1", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 8),
            wire("DC", Signal::DataCommand, 24),
            wire("RES", Signal::Reset, 25),
        ],
        keys: &[],
        speed_hz: 8_000_000,
        rotation: 0,
        mirrored: false,
        inverted: false,
        colour_order: ColourOrder::Rgb,
        offset: [0, 0],
        config_txt: &[SPI_ON],
    },
    Preset {
        name: "sh1106",
        title: "SH1106 OLED module, SPI, 128 × 64",
        controller: Controller::Sh1106,
        size: ScreenSize::Mono,
        is_hat: false,
        wires: &[
            power("VCC", Signal::Supply),
            power("GND", Signal::Ground),
            wire("CLK", Signal::Clock, 11),
            wire("MOSI", Signal::Data, 10),
            wire("CS", Signal::ChipSelect, 8),
            wire("DC", Signal::DataCommand, 24),
            wire("RES", Signal::Reset, 25),
        ],
        keys: &[],
        speed_hz: 4_000_000,
        rotation: 0,
        mirrored: false,
        inverted: false,
        colour_order: ColourOrder::Rgb,
        offset: [2, 0],
        config_txt: &[SPI_ON],
    },
];

/// Where a GPIO is on the 40-pin header, 1 to 40; `None` for one that is not there.
pub fn header_place(gpio: u32) -> Option<u32> {
    const PLACES: [u32; 28] =
        [27, 28, 3, 5, 7, 29, 31, 26, 24, 21, 19, 23, 32, 33, 8, 10, 36, 11, 12, 35, 38, 40, 15, 16, 18, 22, 37, 13];
    PLACES.get(usize::try_from(gpio).ok()?).copied()
}

#[cfg(test)]
#[path = "presets_tests.rs"]
mod tests;
