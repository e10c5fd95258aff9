//! Panels: one file for each controller.
//!
//! What enters: rectangles of pixels in the picture's own colours; a panel brings them to its own.
//! What can fail: the bus, the pins, or the file a simulated panel is kept in.

mod none;
mod sim;
mod st7789;
mod wire;

use std::path::PathBuf;

use embedded_graphics::{geometry::Size, pixelcolor::Rgb888, primitives::Rectangle};
use thiserror::Error;

pub use none::None;
pub use sim::Sim;
pub use st7789::St7789;

use super::settings::{PanelKind, ScreenSettings};

/// Something that shows pixels and keeps them until they are replaced.
pub trait Panel: Send {
    /// Pixels across and down.
    fn size(&self) -> Size;

    /// Replaces the pixels of `area`, which lies within the panel; `pixels` has them row by row.
    ///
    /// # Errors
    /// The panel cannot be reached.
    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError>;

    /// All rectangles of a picture have been pushed.
    ///
    /// # Errors
    /// The panel cannot be reached.
    fn flush(&mut self) -> Result<(), PanelError>;
}

/// Why a panel does not show what it should.
#[derive(Debug, Error)]
#[allow(missing_docs)]
pub enum PanelError {
    /// The SPI device is not there.
    #[error("no {0}: switch SPI on with `dtparam=spi=on` in /boot/firmware/config.txt and restart")]
    NoSpi(PathBuf),
    /// The SPI device or the GPIO chip is not for this user.
    #[error("not allowed to open {path}: add the user to the group `{group}` and log in again")]
    NotAllowed { path: PathBuf, group: &'static str },
    /// The SPI device is there and does not work.
    #[error("{path} does not work: {why}")]
    Spi { path: PathBuf, why: String },
    /// There is no GPIO chip of the wanted label.
    #[error("no GPIO chip labelled {wanted}; found: {found}. Set `gpio_chip` in [screen.st7789] to the right one")]
    NoGpioChip { wanted: String, found: String },
    /// A pin is not on the chip.
    #[error("`{role} = {pin}` in [screen.st7789]: {chip} has no such pin, its pins are 0 to {last}")]
    NoPin { role: &'static str, pin: u32, chip: String, last: u32 },
    /// Something else holds a pin.
    #[error("`{role} = {pin}` in [screen.st7789]: the pin is in use by {holder}; stop that, or wire another pin")]
    PinBusy { role: &'static str, pin: u32, holder: String },
    /// A pin does not work.
    #[error("`{role} = {pin}` in [screen.st7789]: {why}")]
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
    let size = settings.size.pixels();
    Ok(match settings.panel {
        PanelKind::Sim => Box::new(Sim::new(size, settings.png.clone(), on_picture)),
        PanelKind::St7789 => Box::new(st7789::open(&settings.st7789, size)?),
        PanelKind::None => Box::new(None::new(size)),
    })
}
