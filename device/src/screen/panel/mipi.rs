//! What controllers of colour panels have in common: MIPI's display command set, through `mipidsi`.
//!
//! Enters: rectangles in 8 bits a channel. Leaves: for each one window and its pixels of 16 bits,
//! nothing else; the picture memory is never cleared. What can fail: the bus and the pins. The light
//! goes on with the first whole picture, so that nobody sees the noise before it.

use embedded_graphics::{
    draw_target::DrawTarget,
    geometry::{Point, Size},
    pixelcolor::{Rgb565, Rgb888, RgbColor},
    primitives::{PointsIter, Rectangle},
};
use embedded_hal::{delay::DelayNs, digital::OutputPin, spi::SpiDevice};
use mipidsi::{
    Builder, Display, NoResetPin,
    models::Model,
    options::{ColorInversion, ColorOrder, Orientation, Rotation},
};

use super::{
    Panel, PanelError,
    light::Light,
    wire::{Wire, no_answer, reset},
};
use crate::screen::settings::{ColourOrder, Wiring};

/// What leads to a panel: the bus `S`, pins `P`, and what lights it.
pub struct Wires<S, P> {
    /// The bus, with the panel's chip select.
    pub spi: S,
    /// The most bytes in one transfer.
    pub chunk: usize,
    /// Tells data from commands.
    pub dc: P,
    /// Resets the controller while low, where it is wired.
    pub reset: Option<P>,
    /// The light behind the panel.
    pub light: Box<dyn Light>,
}

/// A panel whose controller `M` has been started.
pub struct Mipi<M: Model<ColorFormat = Rgb565>, S: SpiDevice, P: OutputPin> {
    display: Display<Wire<S, P>, M, NoResetPin>,
    size: Size,
    light: Box<dyn Light>,
    /// The level that is wanted, and the one that is set; none before the first picture.
    wanted: u8,
    set: Option<u8>,
    /// Kept: a line that is let go may fall low, which is a reset.
    _reset: Option<P>,
}

impl<M: Model<ColorFormat = Rgb565>, S: SpiDevice, P: OutputPin> Mipi<M, S, P> {
    /// Resets and starts the controller. The picture memory is left as it is.
    ///
    /// # Errors
    /// The bus or a pin fails.
    pub fn start(
        model: M,
        mut wires: Wires<S, P>,
        wiring: &Wiring,
        delay: &mut impl DelayNs,
    ) -> Result<Self, PanelError> {
        wires.light.set(0)?;
        reset(wires.reset.as_mut(), delay)?;
        let size = wiring.size.pixels();
        let wire = Wire::new(wires.spi, wires.dc, wires.chunk);
        let turned = !wiring.rotation.is_multiple_of(180);
        let (width, height) = if turned { (size.height, size.width) } else { (size.width, size.height) };
        let rotation = Rotation::try_from_degree(wiring.rotation.into())
            .map_err(|_| PanelError::Settings(format!("rotation = {} is no right angle", wiring.rotation)))?;
        let inversion = if wiring.inverted { ColorInversion::Inverted } else { ColorInversion::Normal };
        let order = match wiring.colour_order {
            ColourOrder::Rgb => ColorOrder::Rgb,
            ColourOrder::Bgr => ColorOrder::Bgr,
        };
        let display = Builder::new(model, wire)
            .display_size(width as u16, height as u16)
            .display_offset(wiring.offset[0], wiring.offset[1])
            .orientation(Orientation { rotation, mirrored: wiring.mirrored })
            .invert_colors(inversion)
            .color_order(order)
            .init(delay)
            .map_err(|why| no_answer("starting it failed", &why))?;
        Ok(Self { display, size, light: wires.light, wanted: 100, set: None, _reset: wires.reset })
    }
}

impl<M, S, P> Panel for Mipi<M, S, P>
where
    M: Model<ColorFormat = Rgb565> + Send,
    S: SpiDevice + Send,
    P: OutputPin + Send,
{
    fn size(&self) -> Size {
        self.size
    }

    fn push(&mut self, area: Rectangle, pixels: &[Rgb888]) -> Result<(), PanelError> {
        let dithered = area.points().zip(pixels).map(|(at, pixel)| to_565(*pixel, at));
        self.display.fill_contiguous(&area, dithered).map_err(|why| no_answer("the bus failed", &why))
    }

    fn is_same(&self, at: Point, a: Rgb888, b: Rgb888) -> bool {
        to_565(a, at) == to_565(b, at)
    }

    fn flush(&mut self) -> Result<(), PanelError> {
        if self.set.is_none() {
            self.light.set(self.wanted)?;
            self.set = Some(self.wanted);
        }
        Ok(())
    }

    fn light(&mut self, percent: u8) -> Result<(), PanelError> {
        self.wanted = percent;
        if self.set.is_some_and(|set| set != percent) {
            self.light.set(percent)?;
            self.set = Some(percent);
        }
        Ok(())
    }
}

/// 8 bits a channel to 5, 6 and 5, with an ordered pattern of 4 × 4 pixels, so that soft shades show
/// no bands. It depends on the place alone: a rectangle pushed later joins without a seam.
fn to_565(colour: Rgb888, Point { x, y }: Point) -> Rgb565 {
    const BAYER: [[u32; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];
    let step = BAYER[(y & 3) as usize][(x & 3) as usize] * 255 / 16 + 8;
    let channel = |value: u8, most: u32| ((u32::from(value) * most + step) / 255).min(most) as u8;
    Rgb565::new(channel(colour.r(), 31), channel(colour.g(), 63), channel(colour.b(), 31))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pure_colours_stay_pure_and_shades_keep_their_mean() {
        for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
            assert_eq!(to_565(Rgb888::BLACK, Point::new(x, y)), Rgb565::BLACK);
            assert_eq!(to_565(Rgb888::WHITE, Point::new(x, y)), Rgb565::WHITE);
        }
        for value in 0..=255u8 {
            let cells =
                (0..16).map(|i| f32::from(to_565(Rgb888::new(value, value, value), Point::new(i % 4, i / 4)).r()));
            let mean = cells.sum::<f32>() / 16.0 * 255.0 / 31.0;
            assert!((mean - f32::from(value)).abs() < 1.0, "{value} became {mean}");
        }
    }
}
