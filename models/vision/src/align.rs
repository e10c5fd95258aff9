//! A face → the square of the picture that shows it upright, as the emotion network knows faces.
//!
//! Enters: a face with its eyes. Leaves: a [`Tilted`] square, level with the eyes, whose size and
//! place are stated in `models/input.toml`. This is the one place where that geometry is written.
//! Nothing here fails.

use serde::Deserialize;

use crate::crop::Tilted;
use crate::face::Face;

/// `[crop]` of `models/input.toml`: the square that is cut out around a face.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crop {
    /// Its side, in units of the longer side of the face's rectangle.
    pub scale: f32,
    /// How far below the face's centre it lies, in units of the face's height, along the face.
    pub shift_y: f32,
    /// By which part of its side the detector's rectangle is smaller where a head is tilted by 45°; by less
    /// at other angles. Both of the above are in units of what it would be, were the head upright.
    pub shrinks: f32,
    /// Eyes nearer to each other than this, in units of the longer side of the face's rectangle, do
    /// not say how the head is tilted: it is seen from the side.
    pub least_eyes: f32,
    /// The largest tilt that is levelled, degrees to either side.
    pub most_roll: f32,
}

impl Crop {
    /// The square around a face.
    pub fn around(self, face: &Face) -> Tilted {
        let (x, y) = face.rect.centre();
        let roll = self.roll(face);
        let shrunk = 1.0 - self.shrinks * (2.0 * roll).sin().powi(2);
        let down = self.shift_y * face.rect.h / shrunk;
        Tilted {
            x: x - down * roll.sin(),
            y: y + down * roll.cos(),
            side: self.scale * face.rect.w.max(face.rect.h) / shrunk,
            roll,
        }
    }

    /// How the line through the eyes is tilted: radians, clockwise as one looks at the picture.
    fn roll(self, face: &Face) -> f32 {
        let [(right_x, right_y), (left_x, left_y), ..] = face.points;
        let (x, y) = (left_x - right_x, left_y - right_y);
        let apart = (x * x + y * y).sqrt() / face.rect.w.max(face.rect.h);
        let most = self.most_roll.to_radians();
        if apart >= self.least_eyes { y.atan2(x).clamp(-most, most) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use moodring_mood::Confidence;

    use super::*;
    use crate::Rect;

    const CROP: Crop = Crop { scale: 1.2, shift_y: 0.1, shrinks: 0.19, least_eyes: 0.2, most_roll: 60.0 };

    fn face(right_eye: (f32, f32), left_eye: (f32, f32)) -> Face {
        let rect = Rect { x: 10.0, y: 20.0, w: 40.0, h: 50.0 };
        let mut points = [(0.0, 0.0); 6];
        (points[0], points[1]) = (right_eye, left_eye);
        Face { rect, score: Confidence::ZERO, points }
    }

    fn assert_is(found: Tilted, x: f32, y: f32, side: f32, degrees: f32) {
        let roll = found.roll.to_degrees();
        for (found, expected) in [(found.x, x), (found.y, y), (found.side, side), (roll, degrees)] {
            assert!((found - expected).abs() < 1e-3, "{found} {expected}");
        }
    }

    #[test]
    fn the_square_of_a_level_face_is_moved_down() {
        assert_is(CROP.around(&face((20.0, 35.0), (40.0, 35.0))), 30.0, 50.0, 60.0, 0.0);
    }

    #[test]
    fn a_tilted_head_is_levelled_and_its_square_moved_along_it() {
        // The left eye lies lower: down, for this head, is to the lower left.
        let found = CROP.around(&face((20.0, 30.0), (40.0, 50.0)));
        let step = 5.0 / 0.81 / 2.0_f32.sqrt();
        assert_is(found, 30.0 - step, 45.0 + step, 60.0 / 0.81, 45.0);
        // Upside down is more than is levelled.
        let (down, side) = (5.0 / 0.8575, 60.0 / 0.8575);
        let (x, y) = (30.0 - down * 0.75_f32.sqrt(), 45.0 + down / 2.0);
        assert_is(CROP.around(&face((40.0, 35.0), (20.0, 36.0))), x, y, side, 60.0);
    }

    #[test]
    fn a_tilted_heads_square_is_as_large_as_if_it_were_upright() {
        // What the detector's box was measured to be, as a share of the upright one.
        let measured = [(8.0_f32, 0.99), (15.0, 0.96), (22.0, 0.91), (30.0, 0.86), (45.0, 0.81), (60.0, 0.87)];
        for (degrees, share) in measured {
            for degrees in [degrees, -degrees] {
                let rect = Rect { x: 0.0, y: 0.0, w: 100.0 * share, h: 100.0 * share };
                let (sin, cos) = degrees.to_radians().sin_cos();
                let mut points = [(0.0, 0.0); 6];
                points[1] = (45.0 * cos, 45.0 * sin);
                let side = CROP.around(&Face { rect, score: Confidence::ZERO, points }).side;
                assert!((side / 120.0 - 1.0).abs() < 0.02, "{degrees}°: {side}");
            }
        }
    }

    #[test]
    fn a_head_seen_from_the_side_has_no_tilt() {
        assert_eq!(CROP.around(&face((30.0, 35.0), (33.0, 30.0))).roll, 0.0);
    }
}
