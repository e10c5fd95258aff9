//! A rectangle of a picture → the small grey picture that the emotion network reads.
//!
//! Enters: a view and a rectangle, which may reach beyond the picture's edge. Leaves: 48×48 luma.
//! Shrinking averages the area under each pixel, enlarging is bilinear, and a picture that already
//! has the size passes unchanged. Nothing here fails.

use crate::View;

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
        let last = (limit - 1) as f32;
        let ratio = length / n as f32;
        for i in 0..n {
            self.starts.push(self.taps.len());
            let from = start + i as f32 * ratio;
            if ratio <= 1.0 {
                let at = (from + ratio / 2.0 - 0.5).clamp(0.0, last);
                let low = at.floor();
                let part = at - low;
                self.taps.push((low as u32, 1.0 - part));
                if part > 0.0 {
                    self.taps.push((low as u32 + 1, part));
                }
            } else if ratio <= MOST_TAPS as f32 {
                let to = from + ratio;
                let mut at = from.floor();
                while at < to {
                    let covered = (at + 1.0).min(to) - at.max(from);
                    if covered > 1e-4 {
                        self.taps.push((at.clamp(0.0, last) as u32, covered / ratio));
                    }
                    at += 1.0;
                }
            } else {
                for k in 0..MOST_TAPS {
                    let at = from + (k as f32 + 0.5) * ratio / MOST_TAPS as f32;
                    self.taps.push((at.clamp(0.0, last) as u32, 1.0 / MOST_TAPS as f32));
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
    fn beyond_the_edge_the_edge_goes_on() {
        let view = View::grey(2, 2, &[10, 20, 30, 40]).unwrap();
        let out = cut(&view, Rect { x: -2.0, y: -2.0, w: 6.0, h: 6.0 }, 6);
        assert_eq!(out[0], 10);
        assert_eq!(out[5], 20);
        assert_eq!(out[30], 30);
        assert_eq!(out[35], 40);
        assert_eq!(cut(&view, Rect { x: 900.0, y: 900.0, w: 10.0, h: 10.0 }, 2), [40; 4]);
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
