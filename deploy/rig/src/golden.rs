//! What the panel should show in a state.
//!
//! In: a state, and the picture that was decoded from the wires. Out: whether they are the same.
//! The expected picture comes from the drawing that the golden pictures in `device/tests/golden` hold
//! still. A panel with 16 bits a pixel shows a channel within one of its steps.

use anyhow::{Result, bail};
use embedded_graphics::pixelcolor::RgbColor;
use image::RgbImage;
use moodring_device::screen::{self, Scene, ScreenSize, ScreenState};
use moodring_mood::{Confidence, Mood};

/// The largest difference of red, green and blue that 5, 6 and 5 bits may make: one step each.
const STEP: [u8; 3] = [9, 5, 9];

/// In such parts confidence is shown.
const PARTS: u8 = 20;

/// The picture of a scene, as drawn.
pub fn draw(scene: &Scene, size: ScreenSize) -> RgbImage {
    let picture = screen::render(scene, size);
    RgbImage::from_fn(size.pixels().width, size.pixels().height, |x, y| {
        let colour = picture.pixel(x, y).unwrap_or(RgbColor::MAGENTA);
        image::Rgb([colour.r(), colour.g(), colour.b()])
    })
}

/// How many pixels are off.
pub fn off(seen: &RgbImage, drawn: &RgbImage) -> usize {
    if seen.dimensions() != drawn.dimensions() {
        return usize::MAX;
    }
    let differs = |(a, b): (&image::Rgb<u8>, &image::Rgb<u8>)| (0..3).any(|i| a.0[i].abs_diff(b.0[i]) > STEP[i]);
    seen.pixels().zip(drawn.pixels()).filter(|pair| differs(*pair)).count()
}

/// Every picture that a mood can have while nothing else is to be shown, with its per cent.
pub struct Mooded {
    pictures: Vec<(u8, RgbImage)>,
}

impl Mooded {
    /// Draws them; `state` says what else is shown.
    pub fn new(mood: Mood, size: ScreenSize, state: &ScreenState) -> Self {
        let people = u32::from(mood != Mood::Nobody);
        let draw = |part: u8| {
            let confidence = Confidence::saturating(f32::from(part) / f32::from(PARTS));
            let state = ScreenState { mood, confidence, people, ..state.clone() };
            (100 / PARTS * part, draw(&Scene::Live(state), size))
        };
        let parts = if mood == Mood::Nobody { 0..=0 } else { 0..=PARTS };
        Self { pictures: parts.map(draw).collect() }
    }

    /// The per cent whose picture this is.
    ///
    /// # Errors
    /// None: says by how many pixels the nearest is off.
    pub fn find(&self, seen: &RgbImage) -> Result<u8> {
        let mut nearest = (usize::MAX, 0);
        for (percent, drawn) in &self.pictures {
            nearest = nearest.min((off(seen, drawn), *percent));
        }
        match nearest {
            (0, percent) => Ok(percent),
            (off, percent) => bail!("{off} pixels differ from the picture with {percent} %"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_in_16_bits_is_known_and_another_is_not() {
        let size = ScreenSize::Square;
        let state = ScreenState {
            mood: Mood::Sad,
            people: 1,
            confidence: Confidence::saturating(0.65),
            ..ScreenState::default()
        };
        let mut seen = draw(&Scene::Live(state), size);
        for pixel in seen.pixels_mut() {
            let [r, g, b] = pixel.0;
            // As a controller spreads what it got: the top bits again below.
            pixel.0 = [r & 0xf8 | r >> 5, g & 0xfc | g >> 6, b & 0xf8 | b >> 5];
        }
        let sad = Mooded::new(Mood::Sad, size, &ScreenState::default());
        assert_eq!(sad.find(&seen).ok(), Some(65));
        assert!(Mooded::new(Mood::Happy, size, &ScreenState::default()).find(&seen).is_err());
        seen.put_pixel(120, 120, image::Rgb([1, 200, 1]));
        assert!(sad.find(&seen).is_err(), "one wrong pixel");
    }
}
