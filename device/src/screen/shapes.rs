//! Anti-aliased shapes: faces, icons, rings, and lines drawn with a round pen.
//!
//! Coverage is computed from the distance to the outline, so that an edge is one pixel soft
//! whatever the size. Areas go through `ab_glyph`'s rasteriser, which draws the letters too.

use ab_glyph_rasterizer::{Rasterizer, point};
use embedded_graphics::{geometry::OriginDimensions, pixelcolor::Rgb888};
use moodring_mood::{
    Rgb,
    look::{Look, Paint, Shape, Step},
};

use super::picture::Picture;

/// A point in pixels.
type At = (f32, f32);

/// The colours of a face.
pub trait Palette {
    /// The colour behind a paint.
    fn paint(&self, paint: Paint) -> Rgb888;
}

impl Palette for Look {
    fn paint(&self, paint: Paint) -> Rgb888 {
        rgb(self.paint(paint))
    }
}

/// Two colours: one for [`Paint::Ink`], one for everything else.
#[derive(Clone, Copy, Debug)]
pub struct TwoColours {
    /// What is lit.
    pub light: Rgb888,
    /// What is dark.
    pub ink: Rgb888,
}

impl Palette for TwoColours {
    fn paint(&self, paint: Paint) -> Rgb888 {
        if paint == Paint::Ink { self.ink } else { self.light }
    }
}

/// A colour of the visual language as embedded-graphics has it.
pub const fn rgb(colour: Rgb) -> Rgb888 {
    Rgb888::new(colour.r, colour.g, colour.b)
}

/// Draws a face or an icon into the square with this top left corner and side, in pixels.
pub fn figure(picture: &mut Picture, shapes: &[Shape], palette: &impl Palette, (left, top): At, side: f32) {
    let scale = side / 100.0;
    let place = |(x, y): At| (left + x * scale, top + y * scale);
    for shape in shapes {
        match *shape {
            Shape::Oval(paint, centre, (rx, ry)) => {
                oval(picture, palette.paint(paint), place(centre), (rx * scale, ry * scale));
            }
            Shape::Ring(paint, centre, radius, width) => {
                arc(picture, palette.paint(paint), place(centre), radius * scale, width * scale, 1.0);
            }
            Shape::Area(paint, steps) => area(picture, palette.paint(paint), &flatten(steps, place)),
            Shape::Line(paint, width, steps) => {
                line(picture, palette.paint(paint), &flatten(steps, place), width * scale);
            }
        }
    }
}

/// A filled ellipse.
pub fn oval(picture: &mut Picture, colour: Rgb888, (cx, cy): At, (rx, ry): At) {
    let bounds = [cx - rx - 1.0, cy - ry - 1.0, cx + rx + 1.0, cy + ry + 1.0];
    picture.shade(bounds, colour, |x, y| {
        // Distance to the outline, to first order: the implicit function over its gradient.
        let (ux, uy) = ((x - cx) / rx, (y - cy) / ry);
        let from_centre = length(ux, uy);
        let gradient = length(ux / rx, uy / ry);
        if gradient < 1e-6 { 1.0 } else { 0.5 - (from_centre - 1.0) * from_centre / gradient }
    });
}

/// A circle or, clockwise from the top, `turn` (0..=1) of it, drawn with a round pen.
pub fn arc(picture: &mut Picture, colour: Rgb888, (cx, cy): At, radius: f32, width: f32, turn: f32) {
    use std::f32::consts::TAU;
    let reach = radius + width / 2.0 + 1.0;
    let end = (cx + radius * (turn * TAU).sin(), cy - radius * (turn * TAU).cos());
    picture.shade([cx - reach, cy - reach, cx + reach, cy + reach], colour, |x, y| {
        let (dx, dy) = (x - cx, y - cy);
        let on_circle = 0.5 + width / 2.0 - (length(dx, dy) - radius).abs();
        // Most of the square is far from the line: the angle is only looked at near it.
        if on_circle <= 0.0 || turn >= 1.0 || dx.atan2(-dy).rem_euclid(TAU) <= turn * TAU {
            return on_circle;
        }
        0.5 + width / 2.0 - length(dx, dy + radius).min(length(x - end.0, y - end.1))
    });
}

/// A line through points, drawn with a round pen.
pub fn line(picture: &mut Picture, colour: Rgb888, points: &[At], width: f32) {
    let reach = width / 2.0 + 1.0;
    let [left, top, right, bottom] = bounds(points);
    picture.shade([left - reach, top - reach, right + reach, bottom + reach], colour, |x, y| {
        let nearest = points.windows(2).map(|ends| to_segment((x, y), ends[0], ends[1])).fold(f32::MAX, f32::min);
        0.5 + width / 2.0 - nearest
    });
}

/// A filled polygon.
pub fn area(picture: &mut Picture, colour: Rgb888, points: &[At]) {
    let [left, top, right, bottom] = bounds(points);
    if points.len() < 3 || !(left.is_finite() && top.is_finite()) {
        return;
    }
    let (left, top) = (left.floor(), top.floor());
    let size = picture.size();
    let cells = |from: f32, to: f32, limit: u32| ((to - from).ceil() as usize + 2).min(2 * limit as usize);
    let mut raster = Rasterizer::new(cells(left, right, size.width), cells(top, bottom, size.height));
    let closed = points.iter().skip(1).chain(points.first());
    for (&(ax, ay), &(bx, by)) in points.iter().zip(closed) {
        raster.draw_line(point(ax - left, ay - top), point(bx - left, by - top));
    }
    raster.for_each_pixel_2d(|x, y, coverage| {
        picture.blend(left as i32 + x as i32, top as i32 + y as i32, colour, coverage.min(1.0));
    });
}

fn bounds(points: &[At]) -> [f32; 4] {
    let mut all = [f32::MAX, f32::MAX, f32::MIN, f32::MIN];
    for &(x, y) in points {
        all = [all[0].min(x), all[1].min(y), all[2].max(x), all[3].max(y)];
    }
    all
}

fn to_segment((x, y): At, (ax, ay): At, (bx, by): At) -> f32 {
    let (dx, dy) = (bx - ax, by - ay);
    let squared = dx * dx + dy * dy;
    let along = if squared > 0.0 { (((x - ax) * dx + (y - ay) * dy) / squared).clamp(0.0, 1.0) } else { 0.0 };
    length(x - ax - along * dx, y - ay - along * dy)
}

/// As `hypot`, without its care for overflow, which costs several times the rest.
pub fn length(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

/// Steps as a line through points; curves in pieces too short to be seen.
fn flatten(steps: &[Step], place: impl Fn(At) -> At) -> Vec<At> {
    const PIECES: u8 = 14;
    let mut points: Vec<At> = Vec::new();
    for step in steps {
        match *step {
            Step::From(p) | Step::To(p) => points.push(place(p)),
            Step::Close => points.extend(points.first().copied()),
            Step::Curve(b, c, d) => {
                let (b, c, d) = (place(b), place(c), place(d));
                let a = points.last().copied().unwrap_or(b);
                for piece in 1..=PIECES {
                    let t = f32::from(piece) / f32::from(PIECES);
                    let s = 1.0 - t;
                    let at = |a: f32, b: f32, c: f32, d: f32| {
                        s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d
                    };
                    points.push((at(a.0, b.0, c.0, d.0), at(a.1, b.1, c.1, d.1)));
                }
            }
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use embedded_graphics::{geometry::Size, pixelcolor::RgbColor};

    use super::*;

    /// How much of a 40 × 40 picture is covered, in pixels.
    fn covered(draw: impl FnOnce(&mut Picture)) -> f32 {
        let mut picture = Picture::new(Size::new(40, 40), Rgb888::BLACK);
        draw(&mut picture);
        (0..40).flat_map(|y| picture.row(y)).map(|p| f32::from(p.g()) / 255.0).sum()
    }

    #[test]
    fn soft_edges_keep_the_area_of_the_shape() {
        use std::f32::consts::PI;
        let near = |a: f32, b: f32| assert!((a - b).abs() < 0.02 * b, "{a} should be about {b}");
        near(covered(|p| oval(p, Rgb888::WHITE, (20.3, 19.8), (14.0, 9.0))), PI * 14.0 * 9.0);
        near(covered(|p| arc(p, Rgb888::WHITE, (20.3, 19.8), 12.0, 4.0, 1.0)), PI * (14.0 * 14.0 - 10.0 * 10.0));
        let quarter = PI * (14.0 * 14.0 - 10.0 * 10.0) / 4.0 + PI * 2.0 * 2.0;
        near(covered(|p| arc(p, Rgb888::WHITE, (20.3, 19.8), 12.0, 4.0, 0.25)), quarter);
        near(covered(|p| line(p, Rgb888::WHITE, &[(8.0, 20.0), (30.0, 20.0)], 5.0)), 22.0 * 5.0 + PI * 2.5 * 2.5);
        near(covered(|p| area(p, Rgb888::WHITE, &[(5.5, 5.5), (30.5, 5.5), (5.5, 30.5)])), 25.0 * 25.0 / 2.0);
    }

    #[test]
    fn odd_shapes_do_no_harm() {
        let two = TwoColours { light: Rgb888::WHITE, ink: Rgb888::BLACK };
        covered(|p| area(p, Rgb888::WHITE, &[]));
        covered(|p| area(p, Rgb888::WHITE, &[(-1e6, 3.0), (1e6, 3.0), (0.0, 1e6)]));
        covered(|p| line(p, Rgb888::WHITE, &[], 3.0));
        covered(|p| oval(p, Rgb888::WHITE, (5.0, 5.0), (0.0, 0.0)));
        covered(|p| figure(p, &[Shape::Line(Paint::Ink, 3.0, &[Step::Close])], &two, (0.0, 0.0), 40.0));
    }
}
