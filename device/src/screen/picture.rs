//! A picture in memory, and the few ways of putting anti-aliased shapes on it.
//!
//! What enters: shapes, texts and embedded-graphics drawables in pixels, the origin at the top
//! left. What leaves: the pixels, or a PNG of them. Drawing outside the picture is cut off and
//! cannot fail; only writing a file can.

use std::{io, path::Path};

use embedded_graphics::{
    Pixel,
    draw_target::DrawTarget,
    geometry::{OriginDimensions, Point, Size},
    pixelcolor::{Rgb888, RgbColor},
    primitives::Rectangle,
};
use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

/// Pixels in rows from the top, 8 bits a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    size: Size,
    pixels: Vec<Rgb888>,
}

impl Picture {
    /// A picture of one colour.
    pub fn new(size: Size, colour: Rgb888) -> Self {
        Self { size, pixels: vec![colour; size.width as usize * size.height as usize] }
    }

    /// The colour at a place; `None` outside the picture.
    pub fn pixel(&self, x: u32, y: u32) -> Option<Rgb888> {
        (x < self.size.width && y < self.size.height).then(|| self.pixels[(y * self.size.width + x) as usize])
    }

    /// One row of pixels; empty below the picture.
    pub fn row(&self, y: u32) -> &[Rgb888] {
        let width = self.size.width as usize;
        self.pixels.get(y as usize * width..(y as usize + 1) * width).unwrap_or_default()
    }

    /// The pixels of a rectangle, row by row; it must lie within the picture.
    pub fn cut(&self, area: Rectangle) -> Vec<Rgb888> {
        let mut pixels = Vec::with_capacity(area.size.width as usize * area.size.height as usize);
        for y in area.rows() {
            let row = self.row(y as u32);
            pixels.extend_from_slice(&row[area.top_left.x as usize..][..area.size.width as usize]);
        }
        pixels
    }

    /// Mixes `colour` into the pixel at `x`, `y`: 0 leaves it, 1 replaces it.
    pub fn blend(&mut self, x: i32, y: i32, colour: Rgb888, coverage: f32) {
        let inside = x >= 0 && y >= 0 && (x as u32) < self.size.width && (y as u32) < self.size.height;
        if inside && coverage > 0.0 {
            let pixel = &mut self.pixels[y as usize * self.size.width as usize + x as usize];
            *pixel = mix(*pixel, colour, coverage);
        }
    }

    /// Shades the pixels within `left, top, right, bottom` by a coverage computed at each centre.
    pub fn shade(&mut self, bounds: [f32; 4], colour: Rgb888, coverage: impl Fn(f32, f32) -> f32) {
        let [left, top, right, bottom] = bounds;
        let span =
            |from: f32, to: f32, limit: u32| (from.floor().max(0.0) as i32)..(to.ceil().min(limit as f32) as i32);
        for y in span(top, bottom, self.size.height) {
            for x in span(left, right, self.size.width) {
                self.blend(x, y, colour, coverage(x as f32 + 0.5, y as f32 + 0.5).clamp(0.0, 1.0));
            }
        }
    }

    /// The same picture in black and white: lit where it is lighter than middle grey.
    pub fn to_monochrome(mut self) -> Self {
        for pixel in &mut self.pixels {
            *pixel = if super::is_lit(*pixel) { Rgb888::WHITE } else { Rgb888::BLACK };
        }
        self
    }

    /// The picture as a PNG, packed quickly rather than tightly.
    ///
    /// # Errors
    /// Only when the picture has no pixels.
    pub fn png(&self) -> io::Result<Vec<u8>> {
        let bytes: Vec<u8> = self.pixels.iter().flat_map(|p| [p.r(), p.g(), p.b()]).collect();
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
            .write_image(&bytes, self.size.width, self.size.height, ExtendedColorType::Rgb8)
            .map_err(io::Error::other)?;
        Ok(png)
    }

    /// Writes the picture as a PNG file; whoever reads the file meanwhile sees the old picture or
    /// the new one, never half of it.
    ///
    /// # Errors
    /// The folder is missing or not writable, or the disk is full.
    pub fn save_png(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &self.png()?)
    }
}

/// Writes a file beside `path` and renames it over `path`.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    let beside = path.with_file_name(name);
    std::fs::write(&beside, bytes)
        .and_then(|()| std::fs::rename(&beside, path))
        .inspect_err(|_| drop(std::fs::remove_file(&beside)))
}

/// `share` of `b` and the rest of `a`.
pub fn mix(a: Rgb888, b: Rgb888, share: f32) -> Rgb888 {
    let share = (share.clamp(0.0, 1.0) * 256.0) as i32;
    let channel = |a: u8, b: u8| (i32::from(a) + (((i32::from(b) - i32::from(a)) * share + 128) >> 8)) as u8;
    Rgb888::new(channel(a.r(), b.r()), channel(a.g(), b.g()), channel(a.b(), b.b()))
}

impl OriginDimensions for Picture {
    fn size(&self) -> Size {
        self.size
    }
}

impl DrawTarget for Picture {
    type Color = Rgb888;
    type Error = std::convert::Infallible;

    fn draw_iter<I: IntoIterator<Item = Pixel<Rgb888>>>(&mut self, pixels: I) -> Result<(), Self::Error> {
        for Pixel(Point { x, y }, colour) in pixels {
            self.blend(x, y, colour, 1.0);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawing_outside_is_cut_off() {
        let mut picture = Picture::new(Size::new(4, 3), Rgb888::BLACK);
        picture.shade([-1e9, -5.0, 1e9, 99.0], Rgb888::WHITE, |_, _| 1.0);
        picture.blend(-1, 0, Rgb888::RED, 1.0);
        picture.blend(4, 0, Rgb888::RED, 1.0);
        picture.blend(0, 3, Rgb888::RED, f32::NAN);
        assert_eq!(picture, Picture::new(Size::new(4, 3), Rgb888::WHITE));
        assert_eq!((picture.pixel(4, 0), picture.row(3)), (None, &[][..]));
    }

    #[test]
    fn a_png_reads_back_as_the_same_picture() {
        let mut picture = Picture::new(Size::new(5, 7), Rgb888::new(1, 2, 3));
        picture.blend(3, 4, Rgb888::new(250, 128, 7), 1.0);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("screen.png");
        picture.save_png(&path).unwrap();
        let read = image::open(&path).unwrap().to_rgb8();
        assert_eq!(read.dimensions(), (5, 7));
        assert_eq!(read.get_pixel(3, 4).0, [250, 128, 7]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left behind");
        assert!(picture.save_png(Path::new("/nowhere/at/all.png")).is_err());
    }

    #[test]
    fn mixing_all_or_nothing_is_exact() {
        let (a, b) = (Rgb888::new(0, 255, 17), Rgb888::new(255, 0, 99));
        assert_eq!((mix(a, b, 0.0), mix(a, b, 1.0), mix(a, b, f32::NAN)), (a, b, a));
    }
}
