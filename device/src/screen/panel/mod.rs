//! Panels: one file for each controller.
//!
//! What enters: rectangles of pixels in the picture's own colours; a panel brings them to its own.
//! What can fail: the bus, the pins, or the file a simulated panel is kept in.

mod board;
pub(super) mod counted;
mod ili9341;
mod light;
mod mipi;
mod none;
mod oled;
mod sh1106;
mod sim;
mod ssd1306;
mod st7789;
mod wire;

use std::path::PathBuf;

use embedded_graphics::{
    geometry::{Point, Size},
    pixelcolor::Rgb888,
    primitives::Rectangle,
};
use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};
use linux_embedded_hal::Delay;
use thiserror::Error;

pub use none::None;
pub use sim::Sim;

use self::mipi::Wires;
use super::{
    presets::Controller,
    settings::{PanelKind, ScreenSettings, Wiring},
};

/// Something that shows pixels and keeps them until they are replaced.
pub trait Panel: Send {
    /// Pixels across and down.
    fn size(&self) -> Size;

    /// Replaces the pixels of `area`, which lies within the panel; `pixels` has them row by row.
    ///
    /// # Errors
    /// The panel cannot be reached.
    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError>;

    /// Whether two colours at a place look alike, so that one need not be replaced by the other.
    fn is_same(&self, _at: Point, a: Rgb888, b: Rgb888) -> bool {
        a == b
    }

    /// All rectangles of a picture have been pushed.
    ///
    /// # Errors
    /// The panel cannot be reached.
    fn flush(&mut self) -> Result<(), PanelError>;

    /// Sets how bright the panel is, 0..=100 percent, from the first picture on. A panel without a
    /// light of its own does nothing.
    ///
    /// # Errors
    /// The panel or its light cannot be reached.
    fn light(&mut self, _percent: u8) -> Result<(), PanelError> {
        Ok(())
    }
}

/// Why a panel does not show what it should.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum PanelError {
    /// The SPI device is not there.
    #[error("no {path}: put {lines} into /boot/firmware/config.txt and restart")]
    NoSpi { path: PathBuf, lines: String },
    /// The SPI device or the GPIO chip is not for this user.
    #[error("not allowed to open {path}: `sudo usermod -aG {group} NAME` with the user's name, then log in again")]
    NotAllowed { path: PathBuf, group: &'static str },
    /// The SPI device is there and does not work.
    #[error("{path} does not work: {why}")]
    Spi { path: PathBuf, why: String },
    /// spidev takes too little at a time.
    #[error(
        "spidev takes only {found} bytes in one transfer: put spidev.bufsiz=4096 at the end of the line in \
         /boot/firmware/cmdline.txt and restart"
    )]
    Bufsiz { found: usize },
    /// There is no GPIO chip of the wanted label.
    #[error("no GPIO chip labelled {wanted}; found: {found}. Set `gpio_chip` in [screen.wiring] to the right one")]
    NoGpioChip { wanted: String, found: String },
    /// A pin is not on the chip.
    #[error("`{role} = {pin}` in [screen.wiring]: {chip} has no such pin, its pins are 0 to {last}")]
    NoPin { role: &'static str, pin: u32, chip: String, last: u32 },
    /// Something else holds a pin.
    #[error("`{role} = {pin}` in [screen.wiring]: the pin is in use by {holder}: {remedy}")]
    PinBusy { role: &'static str, pin: u32, holder: String, remedy: String },
    /// A pin does not work.
    #[error("`{role} = {pin}` in [screen.wiring]: {why}")]
    Pin { role: &'static str, pin: u32, why: String },
    /// The panel could be opened and then failed.
    #[error("the panel does not take the picture: {0}")]
    Write(String),
    /// The picture file of a simulated panel cannot be written.
    #[error("cannot write the screen's picture {path}: {why}")]
    File { path: PathBuf, why: std::io::Error },
    /// The settings contradict each other.
    #[error("[screen] {0}")]
    Settings(String),
}

/// What a simulated panel tells of its pictures: each as the bytes of a PNG file.
pub type OnPicture = Box<dyn FnMut(Vec<u8>) + Send>;

/// Opens the panel that the settings name. `on_picture` is called with each new picture of a
/// simulated panel and never for others.
///
/// # Errors
/// The settings contradict each other, or the panel cannot be opened.
pub fn open(settings: &ScreenSettings, on_picture: Option<OnPicture>) -> Result<Box<dyn Panel>, PanelError> {
    settings.check().map_err(PanelError::Settings)?;
    let size = settings.size().pixels();
    match (settings.panel, settings.wiring()) {
        (PanelKind::Sim, _) => Ok(Box::new(Sim::new(size, settings.png.clone(), on_picture))),
        (PanelKind::Wired(_), Some(wiring)) => open_wired(&wiring),
        (PanelKind::None | PanelKind::Wired(_), _) => Ok(Box::new(None::new(size))),
    }
}

/// Opens the bus and the pins of a wired panel, and starts its controller.
fn open_wired(wiring: &Wiring) -> Result<Box<dyn Panel>, PanelError> {
    let mut board = board::open(wiring)?;
    let reset = wiring.reset.map(|pin| board::pin(&mut board.chip, "reset", pin)).transpose()?;
    let dc = board::pin(&mut board.chip, "dc", wiring.dc)?;
    let light = light::open(&mut board.chip, wiring.backlight)?;
    start(Wires { spi: board.spi, chunk: board.chunk, dc, reset, light }, wiring, &mut Delay)
}

/// Starts the controller at the end of the wires.
pub(super) fn start<S, P>(
    wires: Wires<S, P>,
    wiring: &Wiring,
    delay: &mut impl DelayNs,
) -> Result<Box<dyn Panel>, PanelError>
where
    S: SpiDevice + Send + 'static,
    P: OutputPin + Send + 'static,
{
    Ok(match wiring.preset.controller {
        Controller::St7789 => Box::new(st7789::start(wires, wiring, delay)?),
        Controller::Ili9341 => Box::new(ili9341::start(wires, wiring, delay)?),
        Controller::Ssd1306 => Box::new(ssd1306::start(wires, wiring, delay)?),
        Controller::Sh1106 => Box::new(sh1106::start(wires, wiring, delay)?),
    })
}
