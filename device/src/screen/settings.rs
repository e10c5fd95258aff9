//! `[screen]` in the configuration.

use std::path::PathBuf;

use embedded_graphics::geometry::Size;
use serde::{Deserialize, Serialize};

/// Which panel, and how it is wired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ScreenSettings {
    /// What the pictures go to; `sim`.
    pub panel: PanelKind,
    /// Pixels across and down, as one looks at the panel; `240x240`.
    pub size: ScreenSize,
    /// Where the `sim` panel keeps its picture as a PNG file; nowhere by default.
    pub png: Option<PathBuf>,
    /// The wiring of an ST7789 panel.
    pub st7789: St7789Settings,
}

/// What the pictures go to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PanelKind {
    /// A simulated panel, shown on the page and as a PNG file.
    #[default]
    Sim,
    /// A panel with an ST7789 controller on the SPI bus.
    St7789,
    /// No panel; nothing is drawn.
    None,
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

/// How an ST7789 panel is wired. Pins are GPIO numbers, not places on the header.
///
/// Waveshare 1.3" HAT (240x240): `dc = 25, reset = 27, backlight = 24`.
/// Pimoroni Display HAT Mini (320x240): `spi = "/dev/spidev0.1", dc = 9, backlight = 13,
/// rotation = 270`, and `dtoverlay=spi0-2cs,no_miso` in config.txt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct St7789Settings {
    /// The SPI device; `/dev/spidev0.0`.
    pub spi: PathBuf,
    /// SPI clock, hertz; 40,000,000. The controller takes up to 62,500,000.
    pub speed_hz: u32,
    /// The pin that tells data from commands; 25.
    pub dc: u32,
    /// The reset pin, if one is wired; none.
    pub reset: Option<u32>,
    /// The pin that switches the backlight on, if one is wired; none.
    pub backlight: Option<u32>,
    /// The label of the GPIO chip the pins are on; the Raspberry Pi's own by default.
    pub gpio_chip: Option<String>,
    /// Degrees clockwise by which the picture is turned on the panel: 0, 90, 180 or 270; 0.
    pub rotation: u16,
    /// Whether the panel shows colours inverted, as IPS panels do; true.
    pub inverted: bool,
    /// Where the visible part begins in the controller's 240 × 320 memory, unturned; `[0, 0]`.
    pub offset: [u16; 2],
    /// The order of the colours; `rgb`.
    pub colour_order: ColourOrder,
    /// The most bytes in one SPI transfer; the kernel's own limit by default (usually 4096).
    pub chunk: Option<usize>,
}

impl Default for St7789Settings {
    fn default() -> Self {
        Self {
            spi: PathBuf::from("/dev/spidev0.0"),
            speed_hz: 40_000_000,
            dc: 25,
            reset: None,
            backlight: None,
            gpio_chip: None,
            rotation: 0,
            inverted: true,
            offset: [0, 0],
            colour_order: ColourOrder::Rgb,
            chunk: None,
        }
    }
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

impl ScreenSettings {
    /// Says which setting cannot be, if one cannot.
    ///
    /// # Errors
    /// A rotation that is no right angle, a visible part outside the controller's memory, a clock
    /// or transfer size out of range, or an ST7789 panel of one colour.
    pub fn check(&self) -> Result<(), String> {
        let wired = &self.st7789;
        if self.panel != PanelKind::St7789 {
            return Ok(());
        }
        if self.size == ScreenSize::Mono {
            return Err("size = \"128x64\" is for panels of one colour; an st7789 has 240x240 or 320x240".to_owned());
        }
        if ![0, 90, 180, 270].contains(&wired.rotation) {
            return Err(format!("rotation = {} is no right angle; use 0, 90, 180 or 270", wired.rotation));
        }
        if self.size == ScreenSize::Wide && wired.rotation.is_multiple_of(180) {
            return Err(
                "an st7789 is 240 wide and 320 high: for size = \"320x240\" use rotation = 90 or 270".to_owned()
            );
        }
        if !(100_000..=62_500_000).contains(&wired.speed_hz) {
            return Err(format!("speed_hz = {} is out of range; 100000 to 62500000 is possible", wired.speed_hz));
        }
        if wired.chunk.is_some_and(|chunk| !(16..=1 << 20).contains(&chunk)) {
            return Err("chunk is out of range; 16 to 1048576 bytes are possible".to_owned());
        }
        let [x, y] = wired.offset.map(u32::from);
        let free = if self.size == ScreenSize::Wide { (0, 0) } else { (0, 80) };
        if x > free.0 || y > free.1 {
            return Err(format!(
                "offset = [{x}, {y}] leaves the controller's memory; at most [{}, {}]",
                free.0, free.1
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_are_named() {
        assert_eq!(ScreenSettings::default().check(), Ok(()));
        let good = ScreenSettings { panel: PanelKind::St7789, ..ScreenSettings::default() };
        assert_eq!(good.check(), Ok(()));
        let wired = |change: fn(&mut St7789Settings)| {
            let mut settings = good.clone();
            change(&mut settings.st7789);
            settings.check().unwrap_err()
        };
        assert!(wired(|s| s.rotation = 45).contains("rotation = 45"));
        assert!(wired(|s| s.speed_hz = 1).contains("speed_hz = 1"));
        assert!(wired(|s| s.chunk = Some(1)).contains("chunk"));
        assert!(wired(|s| s.offset = [0, 81]).contains("[0, 81]"));
        for size in [ScreenSize::Mono, ScreenSize::Wide] {
            assert!(ScreenSettings { size, ..good.clone() }.check().unwrap_err().contains(size.word()));
        }
    }

    #[test]
    fn sizes_are_words() {
        for size in ScreenSize::ALL {
            assert_eq!(size.word().parse(), Ok(size));
            assert_eq!(serde_json::to_value(size).unwrap(), size.word());
        }
        assert!("1x1".parse::<ScreenSize>().unwrap_err().contains("240x240, 320x240, 128x64"));
    }
}
