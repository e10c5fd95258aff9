//! No panel at all: every picture is accepted and forgotten.

use embedded_graphics::{geometry::Size, pixelcolor::Rgb888, primitives::Rectangle};

use super::{Panel, PanelError};

/// A panel that is not there.
#[derive(Clone, Copy, Debug)]
pub struct None {
    size: Size,
}

impl None {
    /// Nothing, of this size.
    pub const fn new(size: Size) -> Self {
        Self { size }
    }
}

impl Panel for None {
    fn size(&self) -> Size {
        self.size
    }

    fn push(&mut self, _: Rectangle, _: &[Rgb888]) -> Result<(), PanelError> {
        Ok(())
    }

    fn flush(&mut self) -> Result<(), PanelError> {
        Ok(())
    }
}
