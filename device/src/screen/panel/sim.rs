//! A simulated panel: keeps the picture, writes it to a PNG file, and hands it to the page.

use std::path::PathBuf;

use embedded_graphics::{
    geometry::{OriginDimensions, Size},
    pixelcolor::{Rgb888, RgbColor},
    primitives::{PointsIter, Rectangle},
};

use super::{OnPicture, Panel, PanelError};
use crate::screen::picture::{Picture, write_whole};

/// A panel in memory.
pub struct Sim {
    picture: Picture,
    file: Option<PathBuf>,
    on_picture: Option<OnPicture>,
}

impl Sim {
    /// A black panel. Each picture goes to `file` and to `on_picture`, where they are given.
    pub fn new(size: Size, file: Option<PathBuf>, on_picture: Option<OnPicture>) -> Self {
        Self { picture: Picture::new(size, Rgb888::BLACK), file, on_picture }
    }
}

impl Panel for Sim {
    fn size(&self) -> Size {
        self.picture.size()
    }

    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError> {
        for (point, pixel) in area.points().zip(pixels) {
            self.picture.blend(point.x, point.y, *pixel, 1.0);
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), PanelError> {
        if self.file.is_none() && self.on_picture.is_none() {
            return Ok(());
        }
        let png = self.picture.png().map_err(|why| PanelError::Write(why.to_string()))?;
        let written = match &self.file {
            Some(path) => write_whole(path, &png).map_err(|why| PanelError::File { path: path.clone(), why }),
            None => Ok(()),
        };
        // The page is served even when the disk is full.
        if let Some(on_picture) = &mut self.on_picture {
            on_picture(png);
        }
        written
    }
}
