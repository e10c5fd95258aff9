//! A rectangle of a picture, or a tilted square → the small grey picture that the emotion network reads.
//!
//! Enters: a view, and what to cut out, which may reach beyond the picture's edge: there the picture
//! goes on mirrored. Leaves: 48×48 luma. Shrinking averages the area under each pixel, enlarging is
//! bilinear, and a picture that already has the size passes unchanged. Nothing here fails.

use crate::pixels::{luma_of, mirrored};
use crate::{Planes, View};

/// A rectangle in pixels of a picture; `x` and `y` are its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub w: f32,
    pub h: f32,
}

impl Rect {
    /// The whole picture.
    pub fn whole(view: &View<'_>) -> Self {
        Self { x: 0.0, y: 0.0, w: view.width() as f32, h: view.height() as f32 }
    }

    /// The middle.
    pub fn centre(&self) -> (f32, f32) {
        (self.x + self.w / 2.0, self.y + self.h / 2.0)
    }

    /// Area in common, over area covered by either; 0 for apart, 1 for the same.
    pub fn overlap(&self, other: &Self) -> f32 {
        let span = |a: f32, a_len: f32, b: f32, b_len: f32| ((a + a_len).min(b + b_len) - a.max(b)).max(0.0);
        let common = span(self.x, self.w, other.x, other.w) * span(self.y, self.h, other.y, other.h);
        let either = self.w * self.h + other.w * other.h - common;
        if either > 0.0 { common / either } else { 0.0 }
    }
}

/// A square of a picture, turned about its middle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tilted {
    /// The middle, in pixels of the picture.
    pub x: f32,
    /// The middle, in pixels of the picture.
    pub y: f32,
    /// Pixels from side to side.
    pub side: f32,
    /// How it is turned: radians, clockwise as one looks at the picture.
    pub roll: f32,
}

impl Tilted {
    /// Whether all of it, and a pixel around it, lies in a picture of this size.
    fn lies_in(&self, width: u32, height: u32) -> bool {
        let reach = self.side * (self.roll.sin().abs() + self.roll.cos().abs()) / 2.0 + 1.0;
        let inside = |at: f32, length: u32| at >= reach && at + reach <= length as f32 - 1.0;
        inside(self.x, width) && inside(self.y, height)
    }
}

/// The most samples across one pixel of the result: enough that neighbours cannot be told from an
/// exact average, and few enough that a face that fills the picture costs no more than a small one.
const MOST_TAPS: u32 = 4;

/// Which samples of a line make one pixel of the result, and with what weight.
#[derive(Clone, Debug, Default)]
struct Taps {
    /// For each pixel, where its taps begin in `taps`.
    starts: Vec<usize>,
    /// Place on the line, and weight; a pixel's weights sum to 1.
    taps: Vec<(u32, f32)>,
}

impl Taps {
    /// Taps for `n` pixels that cover `start..start + length` of a line of `limit` samples.
    fn fit(&mut self, start: f32, length: f32, limit: u32, n: usize) {
        self.starts.clear();
        self.taps.clear();
        let ratio = length / n as f32;
        for i in 0..n {
            self.starts.push(self.taps.len());
            let from = start + i as f32 * ratio;
            if ratio <= 1.0 {
                let at = from + ratio / 2.0 - 0.5;
                let low = at.floor();
                let part = at - low;
                self.taps.push((mirrored(low as i32, limit), 1.0 - part));
                if part > 0.0 {
                    self.taps.push((mirrored(low as i32 + 1, limit), part));
                }
            } else if ratio <= MOST_TAPS as f32 {
                let to = from + ratio;
                let mut at = from.floor();
                while at < to {
                    let covered = (at + 1.0).min(to) - at.max(from);
                    if covered > 1e-4 {
                        self.taps.push((mirrored(at as i32, limit), covered / ratio));
                    }
                    at += 1.0;
                }
            } else {
                for k in 0..MOST_TAPS {
                    let at = from + (k as f32 + 0.5) * ratio / MOST_TAPS as f32;
                    self.taps.push((mirrored(at.floor() as i32, limit), 1.0 / MOST_TAPS as f32));
                }
            }
        }
        self.starts.push(self.taps.len());
    }

    fn of(&self, pixel: usize) -> &[(u32, f32)] {
        &self.taps[self.starts[pixel]..self.starts[pixel + 1]]
    }
}

/// Cuts and resizes; keeps its buffers from one picture to the next.
#[derive(Clone, Debug, Default)]
pub struct Cropper {
    across: Taps,
    down: Taps,
    line: Vec<u8>,
    /// Lines already resized across, by their place in the picture, newest last.
    resized: Vec<(u32, Vec<f32>)>,
}

impl Cropper {
    /// Fills `out`, a square picture of `side` × `side` luma samples, with what `rect` shows.
    ///
    /// # Panics
    /// If `out` does not have `side` × `side` elements.
    pub fn cut(&mut self, view: &View<'_>, rect: Rect, side: usize, out: &mut [u8]) {
        assert_eq!(out.len(), side * side, "the result is a square picture");
        self.across.fit(rect.x, rect.w, view.width(), side);
        self.down.fit(rect.y, rect.h, view.height(), side);
        let columns = self.across.taps.iter().map(|(at, _)| *at);
        let first = columns.clone().min().unwrap_or(0);
        let width = columns.max().unwrap_or(0) - first + 1;
        self.line.resize(width as usize, 0);
        self.resized.resize_with(2, Default::default);
        for entry in &mut self.resized {
            entry.0 = u32::MAX;
        }
        let mut sum = vec![0.0_f32; side];
        for (y, row) in out.chunks_exact_mut(side).enumerate() {
            sum.fill(0.0);
            for k in self.down.starts[y]..self.down.starts[y + 1] {
                let (at, weight) = self.down.taps[k];
                let line = self.line(view, at, first, side);
                for (total, value) in sum.iter_mut().zip(line) {
                    *total += weight * value;
                }
            }
            for (to, total) in row.iter_mut().zip(&sum) {
                *to = total.round() as u8;
            }
        }
    }

    /// Fills `out`, a square picture of `side` × `side` luma samples, with what `square` shows, upright.
    ///
    /// # Panics
    /// If `out` does not have `side` × `side` elements.
    pub fn cut_tilted(&mut self, view: &View<'_>, square: Tilted, side: usize, out: &mut [u8]) {
        if square.roll == 0.0 {
            let Tilted { x, y, side: length, .. } = square;
            let rect = Rect { x: x - length / 2.0, y: y - length / 2.0, w: length, h: length };
            return self.cut(view, rect, side, out);
        }
        assert_eq!(out.len(), side * side, "the result is a square picture");
        let (width, height) = (view.width(), view.height());
        match *view.planes() {
            // Most faces lie inside the picture, where nothing is mirrored.
            Planes::Grey(plane) | Planes::Yuv { y: plane, .. } if square.lies_in(width, height) => {
                turn(square, side, out, |x, y| plane.data[y as usize * plane.stride + x as usize * plane.step]);
            }
            Planes::Grey(plane) | Planes::Yuv { y: plane, .. } => {
                let line = |y: i32| mirrored(y, height) as usize * plane.stride;
                turn(square, side, out, |x, y| plane.data[line(y) + mirrored(x, width) as usize * plane.step]);
            }
            Planes::Rgb { r, g, b } => turn(square, side, out, |x, y| {
                let (x, y) = (mirrored(x, width), mirrored(y, height));
                luma_of(r.at(x, y), g.at(x, y), b.at(x, y))
            }),
        }
    }

    /// Line `at` of the picture, resized across. Two neighbours of the result share at most two.
    fn line(&mut self, view: &View<'_>, at: u32, first: u32, side: usize) -> &[f32] {
        let known = self.resized.iter().position(|(line, _)| *line == at);
        let place = known.unwrap_or_else(|| {
            // The oldest goes.
            self.resized.rotate_left(1);
            let place = self.resized.len() - 1;
            view.luma_row(first, at, &mut self.line);
            let (line, values) = &mut self.resized[place];
            *line = at;
            values.resize(side, 0.0);
            for (pixel, value) in values.iter_mut().enumerate() {
                *value = self
                    .across
                    .of(pixel)
                    .iter()
                    .map(|&(x, weight)| weight * f32::from(self.line[(x - first) as usize]))
                    .sum();
            }
            place
        });
        &self.resized[place].1
    }
}

/// Fills `out` with a tilted square of the picture whose luma `at` gives, at any place.
fn turn(square: Tilted, side: usize, out: &mut [u8], at: impl Fn(i32, i32) -> u8) {
    let ratio = square.side / side as f32;
    if ratio > 2.0 {
        return turn_coarse(square, side, out, at);
    }
    // Samples near each other are taken between four pixels.
    let taps = ratio.ceil() as u32;
    let (step_x, step_y) = (ratio * square.roll.cos(), ratio * square.roll.sin());
    let share = 1.0 / (taps * taps) as f32;
    for (j, row) in out.chunks_exact_mut(side).enumerate() {
        for (i, to) in row.iter_mut().enumerate() {
            let mut sum = 0.0;
            for k in 0..taps * taps {
                let part = |k: u32| (k as f32 + 0.5) / taps as f32 - side as f32 / 2.0;
                let (u, v) = (i as f32 + part(k % taps), j as f32 + part(k / taps));
                let x = square.x + u * step_x - v * step_y - 0.5;
                let y = square.y + u * step_y + v * step_x - 0.5;
                let (left, top) = (x.floor(), y.floor());
                let (a, b) = (x - left, y - top);
                let (left, top) = (left as i32, top as i32);
                let line = |y: i32| (1.0 - a) * f32::from(at(left, y)) + a * f32::from(at(left + 1, y));
                sum += (1.0 - b) * line(top) + b * line(top + 1);
            }
            *to = (sum * share).round() as u8;
        }
    }
}

/// The same for a square of many pixels: samples are taken as they are, along lines, in steps of
/// 2⁻¹⁶ of a pixel.
fn turn_coarse(square: Tilted, side: usize, out: &mut [u8], at: impl Fn(i32, i32) -> u8) {
    const ONE: f64 = 65536.0;
    let taps = ((square.side / side as f32).ceil() as usize).clamp(2, MOST_TAPS as usize);
    let lines = side * taps;
    let step = f64::from(square.side) / lines as f64;
    let (sin, cos) = f64::from(square.roll).sin_cos();
    let (across_x, across_y) = ((step * cos * ONE) as i64, (step * sin * ONE) as i64);
    let half = lines as f64 / 2.0 - 0.5;
    let mut sums = vec![0_u32; side];
    for (j, row) in out.chunks_exact_mut(side).enumerate() {
        sums.fill(0);
        for k in 0..taps {
            let v = (j * taps + k) as f64 - half;
            let mut x = ((f64::from(square.x) - step * (half * cos + v * sin)) * ONE) as i64;
            let mut y = ((f64::from(square.y) + step * (v * cos - half * sin)) * ONE) as i64;
            for sum in &mut sums {
                for _ in 0..taps {
                    *sum += u32::from(at((x >> 16) as i32, (y >> 16) as i32));
                    x += across_x;
                    y += across_y;
                }
            }
        }
        let all = (taps * taps) as u32;
        for (to, sum) in row.iter_mut().zip(&sums) {
            *to = ((sum + all / 2) / all) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(view: &View<'_>, rect: Rect, side: usize) -> Vec<u8> {
        let mut out = vec![0; side * side];
        Cropper::default().cut(view, rect, side, &mut out);
        out
    }

    #[test]
    fn a_picture_of_the_right_size_passes_unchanged() {
        let data: Vec<u8> = (0..48 * 48).map(|i| (i * 7919 % 256) as u8).collect();
        let view = View::grey(48, 48, &data).unwrap();
        assert_eq!(cut(&view, Rect::whole(&view), 48), data);
    }

    #[test]
    fn shrinking_averages() {
        let data = [0, 100, 50, 250, 20, 40, 10, 30].repeat(4);
        let view = View::grey(4, 8, &data).unwrap();
        // Blocks of two by four pixels: columns 0+1 and 2+3.
        assert_eq!(cut(&view, Rect::whole(&view), 2), [40, 85, 40, 85]);
    }

    #[test]
    fn enlarging_interpolates() {
        let view = View::grey(2, 1, &[0, 100]).unwrap();
        let row = &cut(&view, Rect { x: 0.0, y: 0.0, w: 2.0, h: 1.0 }, 4)[..4];
        assert_eq!(row, [0, 25, 75, 100]);
    }

    #[test]
    fn beyond_the_edge_the_picture_goes_on_mirrored() {
        let view = View::grey(2, 2, &[10, 20, 30, 40]).unwrap();
        let out = cut(&view, Rect { x: -2.0, y: -2.0, w: 6.0, h: 6.0 }, 6);
        assert_eq!(out[..6], [40, 30, 30, 40, 40, 30]);
        assert_eq!(out[12..18], [20, 10, 10, 20, 20, 10]);
        let far = cut(&view, Rect { x: 900.0, y: 900.0, w: 10.0, h: 10.0 }, 2);
        assert!(far.iter().all(|v| (10..=40).contains(v)), "{far:?}");
    }

    #[test]
    fn a_turned_square_shows_what_is_upright_in_it() {
        // A ramp along the direction (cos 30°, sin 30°): upright, it runs from left to right.
        let (sin, cos) = 30.0_f32.to_radians().sin_cos();
        for (size, side) in [(60_u32, 20.0_f32), (60, 36.0), (400, 200.0)] {
            let middle = size as f32 / 2.0;
            let level = |x: f32, y: f32| 128.0 + 100.0 * (x * cos + y * sin) / middle;
            let ramp = |i: u32| level((i % size) as f32 + 0.5 - middle, (i / size) as f32 + 0.5 - middle);
            let data: Vec<u8> = (0..size * size).map(|i| ramp(i).round() as u8).collect();
            let view = View::grey(size, size, &data).unwrap();
            let mut out = vec![0; 24 * 24];
            let square = Tilted { x: middle, y: middle, side, roll: 30.0_f32.to_radians() };
            Cropper::default().cut_tilted(&view, square, 24, &mut out);
            for (i, &v) in out.iter().enumerate() {
                let expected = 128.0 + 100.0 * ((i % 24) as f32 - 11.5) / 24.0 * side / middle;
                assert!((f32::from(v) - expected).abs() < 2.0, "{size} {side} {i}: {v}, expected {expected}");
            }
        }
    }

    #[test]
    fn hardly_turned_is_hardly_different() {
        let data: Vec<u8> = (0..300 * 300).map(|i| ((i % 300 / 9 * 31) ^ (i / 300 / 7 * 17)) as u8).collect();
        let view = View::grey(300, 300, &data).unwrap();
        for side in [40.0, 70.0, 170.0, 260.0] {
            let square = |roll| Tilted { x: 151.0, y: 148.0, side, roll };
            let (mut level, mut turned) = (vec![0; 48 * 48], vec![0; 48 * 48]);
            Cropper::default().cut_tilted(&view, square(0.0), 48, &mut level);
            Cropper::default().cut_tilted(&view, square(1e-4), 48, &mut turned);
            let off: u64 = level.iter().zip(&turned).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
            let mean = off as f64 / (48.0 * 48.0);
            assert!(mean < 8.0, "{side}: {mean}");
        }
    }

    #[test]
    fn a_large_face_is_averaged_all_over() {
        let data: Vec<u8> = (0..1000 * 1000).map(|i| if (i % 1000 + i / 1000) % 2 == 0 { 90 } else { 110 }).collect();
        let view = View::grey(1000, 1000, &data).unwrap();
        let out = cut(&view, Rect { x: 3.0, y: 5.0, w: 960.0, h: 960.0 }, 48);
        assert!(out.iter().all(|&v| (90..=110).contains(&v)));
        let mean = out.iter().map(|&v| f64::from(v)).sum::<f64>() / out.len() as f64;
        assert!((95.0..105.0).contains(&mean), "{mean}");
    }

    #[test]
    fn overlap_of_rectangles() {
        let a = Rect { x: 0.0, y: 0.0, w: 2.0, h: 2.0 };
        assert_eq!(a.overlap(&a), 1.0);
        assert_eq!(a.overlap(&Rect { x: 1.0, ..a }), 2.0 / 6.0);
        assert_eq!(a.overlap(&Rect { x: 2.0, ..a }), 0.0);
        assert_eq!(Rect::default().overlap(&Rect::default()), 0.0);
    }
}
