//! `[screen]` in the configuration: a panel by its name, and what is overridden of it.
//!
//! Enters: what stands in the file. Leaves: [`Wiring`], in which nothing is missing. What fails are
//! values that cannot be; the message begins with the key.

use std::path::PathBuf;

use embedded_graphics::geometry::Size;
use serde::{Deserialize, Deserializer, Serialize, de};

use super::{
    backlight::BacklightSettings,
    presets::{Controller, PRESETS, Preset, Signal},
};
use crate::{buttons::Key, pin::Pin};

/// Which panel, and how it is wired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScreenSettings {
    /// What the pictures go to; `sim`.
    pub panel: PanelKind,
    /// Pixels across and down, as one looks at the panel; the panel's own, 240x240 for `sim`.
    pub size: Option<ScreenSize>,
    /// Where the `sim` panel keeps its picture as a PNG file; nowhere by default.
    pub png: Option<PathBuf>,
    /// What differs from the panel's usual wiring.
    pub wiring: WiringSettings,
    /// How bright, and when it is dimmed.
    pub backlight: BacklightSettings,
}

/// What the pictures go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PanelKind {
    /// A simulated panel, shown on the page and as a PNG file.
    #[default]
    Sim,
    /// No panel; nothing is drawn.
    None,
    /// A panel on the SPI bus.
    Wired(&'static Preset),
}

impl PanelKind {
    /// As in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Sim => "sim",
            Self::None => "none",
            Self::Wired(preset) => preset.name,
        }
    }
}

/// The words for [`PanelKind`], as serde wants them.
const PANELS: [&str; PRESETS.len() + 2] = {
    let mut names = ["sim"; PRESETS.len() + 2];
    names[1] = "none";
    let mut place = 0;
    while place < PRESETS.len() {
        names[place + 2] = PRESETS[place].name;
        place += 1;
    }
    names
};

impl<'de> Deserialize<'de> for PanelKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        match word.as_str() {
            "sim" => Ok(Self::Sim),
            "none" => Ok(Self::None),
            name => Preset::named(name).map(Self::Wired).ok_or_else(|| de::Error::unknown_variant(name, &PANELS)),
        }
    }
}

/// The sizes there are layouts for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ScreenSize {
    /// 240 × 240 in colour.
    #[default]
    #[serde(rename = "240x240")]
    Square,
    /// 320 × 240 in colour.
    #[serde(rename = "320x240")]
    Wide,
    /// 128 × 64 in black and white.
    #[serde(rename = "128x64")]
    Mono,
}

impl ScreenSize {
    /// All sizes.
    pub const ALL: [Self; 3] = [Self::Square, Self::Wide, Self::Mono];

    /// Pixels across and down.
    pub const fn pixels(self) -> Size {
        match self {
            Self::Square => Size::new(240, 240),
            Self::Wide => Size::new(320, 240),
            Self::Mono => Size::new(128, 64),
        }
    }

    /// As in the configuration: `240x240`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Square => "240x240",
            Self::Wide => "320x240",
            Self::Mono => "128x64",
        }
    }
}

impl std::fmt::Display for ScreenSize {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

impl std::str::FromStr for ScreenSize {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let all = || Self::ALL.map(Self::word).join(", ");
        Self::ALL
            .into_iter()
            .find(|size| size.word() == word)
            .ok_or_else(|| format!("no layout for a screen of {word}; there are {}", all()))
    }
}

/// `[screen.wiring]`: what differs from the panel's usual wiring. Pins are GPIO numbers, not places on
/// the header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WiringSettings {
    /// The SPI device.
    pub spi: Option<PathBuf>,
    /// SPI clock, hertz.
    pub speed_hz: Option<u32>,
    /// The pin that tells data from commands.
    pub dc: Option<u32>,
    /// The reset pin.
    pub reset: Option<Pin>,
    /// The backlight pin.
    pub backlight: Option<Pin>,
    /// The label of the GPIO chip the pins are on; the Raspberry Pi's own by default.
    pub gpio_chip: Option<String>,
    /// Degrees clockwise by which the picture is turned: 0, 90, 180 or 270.
    pub rotation: Option<u16>,
    /// Whether the picture is mirrored in the controller's memory.
    pub mirrored: Option<bool>,
    /// Whether the controller must invert.
    pub inverted: Option<bool>,
    /// The order of the colours.
    pub colour_order: Option<ColourOrder>,
    /// Where the visible part begins in the controller's memory, unturned.
    pub offset: Option<[u16; 2]>,
    /// The most bytes in one SPI transfer; the kernel's own limit (usually 4096) where it is lower.
    pub chunk: Option<usize>,
}

/// The order in which a panel's colours are wired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColourOrder {
    /// Red first.
    Rgb,
    /// Blue first.
    Bgr,
}

/// How a panel is wired, with nothing missing: its preset and what was overridden.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is explained at `WiringSettings`")]
pub struct Wiring {
    pub preset: &'static Preset,
    pub size: ScreenSize,
    pub spi: PathBuf,
    pub speed_hz: u32,
    pub dc: u32,
    pub reset: Option<u32>,
    pub backlight: Option<u32>,
    pub gpio_chip: Option<String>,
    pub rotation: u16,
    pub mirrored: bool,
    pub inverted: bool,
    pub colour_order: ColourOrder,
    pub offset: [u16; 2],
    pub chunk: Option<usize>,
}

impl ScreenSettings {
    /// Pixels across and down, as one looks at the panel.
    pub fn size(&self) -> ScreenSize {
        self.size.unwrap_or(match self.panel {
            PanelKind::Wired(preset) => preset.size,
            PanelKind::Sim | PanelKind::None => ScreenSize::default(),
        })
    }

    /// How the panel is wired; `None` for one that is not.
    pub fn wiring(&self) -> Option<Wiring> {
        let PanelKind::Wired(preset) = self.panel else { return None };
        let own = &self.wiring;
        let optional = |set: Option<Pin>, signal| match set {
            Some(Pin::Gpio(pin)) => Some(pin),
            Some(Pin::None) => None,
            None => preset.pin(signal),
        };
        Some(Wiring {
            preset,
            size: self.size(),
            spi: own.spi.clone().unwrap_or_else(|| preset.spi().into()),
            speed_hz: own.speed_hz.unwrap_or(preset.speed_hz),
            // Every preset has this wire; a test sees to it.
            dc: own.dc.or_else(|| preset.pin(Signal::DataCommand)).unwrap_or_default(),
            reset: optional(own.reset, Signal::Reset),
            backlight: optional(own.backlight, Signal::Backlight),
            gpio_chip: own.gpio_chip.clone(),
            rotation: own.rotation.unwrap_or(preset.rotation),
            mirrored: own.mirrored.unwrap_or(preset.mirrored),
            inverted: own.inverted.unwrap_or(preset.inverted),
            colour_order: own.colour_order.unwrap_or(preset.colour_order),
            offset: own.offset.unwrap_or(preset.offset),
            chunk: own.chunk,
        })
    }

    /// The buttons on the panel's own board.
    pub const fn keys(&self) -> &'static [Key] {
        match self.panel {
            PanelKind::Wired(preset) => preset.keys,
            PanelKind::Sim | PanelKind::None => &[],
        }
    }

    /// The GPIOs that the panel uses beside the bus, with the key that sets each.
    pub fn pins(&self) -> Vec<(&'static str, u32)> {
        self.wiring().map_or_else(Vec::new, |wiring| wiring.pins())
    }

    /// Says which setting cannot be, if one cannot.
    ///
    /// # Errors
    /// A rotation that is no right angle, a size that the panel does not have, a visible part outside
    /// the controller's memory, a clock or transfer size out of range, or a pin that does two things.
    pub fn check(&self) -> Result<(), String> {
        self.backlight.check()?;
        self.wiring().map_or(Ok(()), |wiring| wiring.check())
    }
}

impl Wiring {
    fn pins(&self) -> Vec<(&'static str, u32)> {
        let optional = [("reset", self.reset), ("backlight", self.backlight)];
        let optional = optional.into_iter().filter_map(|(key, pin)| Some((key, pin?)));
        [("dc", self.dc)].into_iter().chain(optional).collect()
    }

    fn check(&self) -> Result<(), String> {
        let Self { preset, size, rotation, .. } = self;
        let colours = preset.controller.has_colours();
        if colours != (*size != ScreenSize::Mono) {
            let has = if colours { "240x240 or 320x240" } else { "128x64" };
            return Err(format!("screen.size is {size}; the panel {preset} has {has}"));
        }
        if ![0, 90, 180, 270].contains(rotation) {
            return Err(format!("screen.wiring.rotation is {rotation}, no right angle; use 0, 90, 180 or 270"));
        }
        let upright = rotation.is_multiple_of(180);
        if *size == ScreenSize::Wide && upright {
            return Err(format!(
                "screen.wiring.rotation is {rotation}; the panel is 240 wide and 320 high, so 320x240 needs 90 or 270"
            ));
        }
        if !colours && !upright {
            return Err(format!("screen.wiring.rotation is {rotation}; the panel {preset} can be turned by 0 or 180"));
        }
        if !(100_000..=62_500_000).contains(&self.speed_hz) {
            return Err(format!("screen.wiring.speed_hz is {}; 100000 to 62500000 is possible", self.speed_hz));
        }
        if let Some(chunk) = self.chunk.filter(|chunk| !(16..=1 << 20).contains(chunk)) {
            return Err(format!("screen.wiring.chunk is {chunk}; 16 to 1048576 bytes are possible"));
        }
        let [x, y] = self.offset;
        let free = match (preset.controller, size) {
            (Controller::St7789 | Controller::Ili9341, ScreenSize::Wide) => [0, 0],
            (Controller::St7789 | Controller::Ili9341, _) => [0, 80],
            (Controller::Ssd1306, _) => [0, 0],
            (Controller::Sh1106, _) => [4, 0],
        };
        if x > free[0] || y > free[1] {
            return Err(format!(
                "screen.wiring.offset is {:?}, outside the controller's memory; at most {free:?}",
                [x, y]
            ));
        }
        self.check_pins()
    }

    fn check_pins(&self) -> Result<(), String> {
        let pins = self.pins();
        for (place, (key, pin)) in pins.iter().enumerate() {
            let bus = [(10, "data"), (11, "clock")].into_iter().find(|(used, _)| used == pin);
            if let Some((_, what)) = bus.filter(|_| self.is_on_first_bus()) {
                return Err(format!("screen.wiring.{key} is {pin}, which is SPI's {what}; wire another pin"));
            }
            if let Some((other, _)) = pins[..place].iter().find(|(_, used)| used == pin) {
                return Err(format!("screen.wiring.{key} is {pin}, which is {other} already; wire another pin"));
            }
        }
        Ok(())
    }

    fn is_on_first_bus(&self) -> bool {
        self.spi.to_string_lossy().contains("spidev0.")
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
