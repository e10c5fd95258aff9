//! A panel with an ST7789 controller, over spidev and the GPIO character device.
//!
//! Works on every board whose kernel offers both; the GPIO chip is found by its label, because its
//! number differs between a Raspberry Pi's models and kernels. The controller is driven by
//! `mipidsi`; datasheet: Sitronix ST7789VW, version 1.0.

use std::{fs, io, path::Path};

use embedded_graphics::{
    draw_target::DrawTarget,
    geometry::Size,
    pixelcolor::{Rgb565, Rgb888, RgbColor},
    primitives::{PointsIter, Rectangle},
};
use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};
use linux_embedded_hal::{
    CdevPin, Delay, SpidevDevice, gpio_cdev,
    spidev::{SpiModeFlags, Spidev, SpidevOptions},
};
use mipidsi::{
    Builder, Display, NoResetPin, models,
    options::{ColorInversion, ColorOrder, Orientation, Rotation},
};

use super::{Panel, PanelError, wire::Wire};
use crate::screen::settings::{ColourOrder, St7789Settings};

/// The GPIO chips that carry the header's pins on a Raspberry Pi 5, 4, and 3 or older.
const LABELS: [&str; 3] = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"];
/// Who a line of the GPIO chip is said to be in use by.
const CONSUMER: &str = "moodring";
/// What the kernel takes in one transfer unless it is told otherwise, bytes.
const USUAL_BUFSIZ: usize = 4096;

/// What leads to a panel: the bus `S` and pins `P`.
pub struct Wires<S, P> {
    /// The bus, with the panel's chip select.
    pub spi: S,
    /// Tells data from commands.
    pub dc: P,
    /// Resets the controller while low, where it is wired.
    pub reset: Option<P>,
    /// Switches the backlight on while high, where it is wired.
    pub backlight: Option<P>,
}

/// A panel that has been started.
pub struct St7789<S: SpiDevice, P: OutputPin> {
    display: Display<Wire<S, P>, models::ST7789, NoResetPin>,
    size: Size,
    /// Kept after use: a line that is let go may go dark.
    backlight: Option<P>,
    /// The backlight goes on with the first whole picture, so that nobody sees the noise before it.
    lit: bool,
    _reset: Option<P>,
}

/// Opens the bus and the pins that the settings name, and starts the controller.
pub(super) fn open(settings: &St7789Settings, size: Size) -> Result<St7789<SpidevDevice, CdevPin>, PanelError> {
    let spi = open_spi(&settings.spi, settings.speed_hz)?;
    let mut chip = find_chip(settings.gpio_chip.as_deref())?;
    let mut optional = |role, number: Option<u32>| number.map(|n| pin(&mut chip, role, n)).transpose();
    let reset = optional("reset", settings.reset)?;
    let backlight = optional("backlight", settings.backlight)?;
    let dc = pin(&mut chip, "dc", settings.dc)?;
    St7789::start(Wires { spi, dc, reset, backlight }, settings, size, &mut Delay)
}

impl<S: SpiDevice, P: OutputPin> St7789<S, P> {
    /// Resets and starts the controller. The picture memory is left as it is.
    ///
    /// # Errors
    /// The bus or a pin fails.
    pub fn start(
        mut wires: Wires<S, P>,
        settings: &St7789Settings,
        size: Size,
        delay: &mut impl DelayNs,
    ) -> Result<Self, PanelError> {
        if let Some(reset) = &mut wires.reset {
            // Datasheet 7.4.5: low for 10 µs at least, then 120 ms before anything else.
            reset.set_low().map_err(|why| no_answer("the reset pin", &why))?;
            delay.delay_us(50);
            reset.set_high().map_err(|why| no_answer("the reset pin", &why))?;
            delay.delay_ms(120);
        }
        let wire = Wire::new(wires.spi, wires.dc, settings.chunk.unwrap_or_else(bufsiz));
        let turned = !settings.rotation.is_multiple_of(180);
        let (width, height) = if turned { (size.height, size.width) } else { (size.width, size.height) };
        let rotation = Rotation::try_from_degree(settings.rotation.into())
            .map_err(|_| PanelError::Settings(format!("rotation = {} is no right angle", settings.rotation)))?;
        let inversion = if settings.inverted { ColorInversion::Inverted } else { ColorInversion::Normal };
        let order = match settings.colour_order {
            ColourOrder::Rgb => ColorOrder::Rgb,
            ColourOrder::Bgr => ColorOrder::Bgr,
        };
        let display = Builder::new(models::ST7789, wire)
            .display_size(width as u16, height as u16)
            .display_offset(settings.offset[0], settings.offset[1])
            .orientation(Orientation::new().rotate(rotation))
            .invert_colors(inversion)
            .color_order(order)
            .init(delay)
            .map_err(|why| no_answer("starting it failed", &why))?;
        Ok(Self { display, size, backlight: wires.backlight, lit: false, _reset: wires.reset })
    }
}

impl<S: SpiDevice + Send, P: OutputPin + Send> Panel for St7789<S, P> {
    fn size(&self) -> Size {
        self.size
    }

    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError> {
        let dithered = area.points().zip(pixels).map(|(at, pixel)| to_565(*pixel, at.x as usize, at.y as usize));
        self.display.fill_contiguous(&area, dithered).map_err(|why| no_answer("the bus failed", &why))
    }

    fn flush(&mut self) -> Result<(), PanelError> {
        if let (Some(backlight), false) = (&mut self.backlight, self.lit) {
            backlight.set_high().map_err(|why| no_answer("the backlight pin", &why))?;
        }
        self.lit = true;
        Ok(())
    }
}

fn no_answer(what: &str, why: &dyn std::fmt::Debug) -> PanelError {
    PanelError::Write(format!("{what} ({why:?})"))
}

/// 8 bits a channel to 5, 6 and 5, with an ordered pattern of 4 × 4 pixels, so that soft shades show
/// no bands. It depends on the place alone: a rectangle pushed later joins without a seam.
fn to_565(colour: Rgb888, x: usize, y: usize) -> Rgb565 {
    const BAYER: [[u32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let step = BAYER[y % 4][x % 4] * 255 / 16 + 8;
    let channel = |value: u8, most: u32| ((u32::from(value) * most + step) / 255).min(most) as u8;
    Rgb565::new(channel(colour.r(), 31), channel(colour.g(), 63), channel(colour.b(), 31))
}

/// What the kernel takes in one transfer, bytes.
fn bufsiz() -> usize {
    let told = fs::read_to_string("/sys/module/spidev/parameters/bufsiz").ok();
    told.and_then(|text| text.trim().parse().ok()).filter(|size| *size >= 16).unwrap_or(USUAL_BUFSIZ).min(1 << 16)
}

fn open_spi(path: &Path, speed_hz: u32) -> Result<SpidevDevice, PanelError> {
    let mut spi = Spidev::open(path).map_err(|why| match why.kind() {
        io::ErrorKind::NotFound => PanelError::NoSpi(path.to_owned()),
        io::ErrorKind::PermissionDenied => PanelError::NotAllowed { path: path.to_owned(), group: "spi" },
        _ => PanelError::Spi { path: path.to_owned(), why: why.to_string() },
    })?;
    let options = SpidevOptions::new().bits_per_word(8).max_speed_hz(speed_hz).mode(SpiModeFlags::SPI_MODE_0).build();
    spi.configure(&options).map_err(|why| PanelError::Spi { path: path.to_owned(), why: why.to_string() })?;
    Ok(SpidevDevice(spi))
}

/// The GPIO chip with the wanted label, or the one that a Raspberry Pi's header is on.
fn find_chip(wanted: Option<&str>) -> Result<gpio_cdev::Chip, PanelError> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/dev").into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with("gpiochip") {
            continue;
        }
        match fs::File::open(&path) {
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied => {
                return Err(PanelError::NotAllowed { path, group: "gpio" });
            }
            _ => {}
        }
        let Ok(chip) = gpio_cdev::Chip::new(&path) else { continue };
        if wanted.map_or(LABELS.contains(&chip.label()), |label| chip.label() == label) {
            return Ok(chip);
        }
        found.push(chip.label().to_owned());
    }
    found.sort();
    let wanted = wanted.map_or_else(|| LABELS.join(" or "), str::to_owned);
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(PanelError::NoGpioChip { wanted, found })
}

/// An output pin, low at first.
fn pin(chip: &mut gpio_cdev::Chip, role: &'static str, number: u32) -> Result<CdevPin, PanelError> {
    let last = chip.num_lines().saturating_sub(1);
    if number > last {
        return Err(PanelError::NoPin { role, pin: number, chip: chip.label().to_owned(), last });
    }
    let failed = |why: gpio_cdev::Error| PanelError::Pin { role, pin: number, why: why.to_string() };
    let line = chip.get_line(number).map_err(failed)?;
    let info = line.info().map_err(failed)?;
    if info.is_used() {
        let holder = info.consumer().unwrap_or("the kernel").to_owned();
        return Err(PanelError::PinBusy { role, pin: number, holder });
    }
    let handle = line.request(gpio_cdev::LineRequestFlags::OUTPUT, 0, CONSUMER).map_err(failed)?;
    CdevPin::new(handle).map_err(failed)
}

#[cfg(test)]
#[path = "st7789_tests.rs"]
mod tests;
