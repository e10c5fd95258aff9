//! A window of a picture → the detector's input, and places in it back to the picture.
//!
//! Enters: a view and a [`Window`], which may reach beyond the picture's edge. Leaves: 128×128×3
//! numbers, −1..=1. Each averages a few samples of the luma (or of red, green and blue); colour
//! differences are read once. Nothing here fails.

use crate::crop::Rect;
use crate::face::Face;
use crate::pixels::mirrored;
use crate::window::{Square, Window};
use crate::{Plane, Planes, View};

/// Side of the network's input, in pixels.
pub(crate) const SIDE: usize = 128;

/// How a window of a picture lies in the network's input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Letterbox {
    /// Pixels of the picture to one of the input.
    ratio: f32,
    /// Where in the picture the input's filled part begins, in pixels of the picture.
    from: (f32, f32),
    /// Empty columns to the left and rows above, in pixels of the input.
    left: usize,
    top: usize,
    /// The filled part's size, in pixels of the input.
    width: usize,
    height: usize,
    /// The picture's size.
    picture: (u32, u32),
}

/// What is read of each row of the picture, kept from one to the next.
#[derive(Debug, Default)]
pub(crate) struct Columns {
    /// Offsets of the samples of the first plane, `taps` for each column of the input.
    first: Vec<usize>,
    /// Offset of the one sample of the second and third plane.
    others: [Vec<usize>; 2],
    sums: [Vec<u32>; 3],
}

impl Letterbox {
    pub fn of(width: u32, height: u32, window: Window) -> Self {
        let picture = (width, height);
        match window {
            Window::Whole => {
                let ratio = width.max(height) as f32 / SIDE as f32;
                let fit = |length: u32| ((length as f32 / ratio).round() as usize).clamp(1, SIDE);
                let (w, h) = (fit(width), fit(height));
                let (left, top) = ((SIDE - w) / 2, (SIDE - h) / 2);
                Self { ratio, from: (0.0, 0.0), left, top, width: w, height: h, picture }
            }
            Window::Part(Square { x, y, side }) => {
                let ratio = side / SIDE as f32;
                Self { ratio, from: (x, y), left: 0, top: 0, width: SIDE, height: SIDE, picture }
            }
        }
    }

    /// Brings a face from the network's 0..=1 to pixels of the picture.
    pub fn to_picture(self, face: &mut Face) {
        let x = |x: f32| (x * SIDE as f32 - self.left as f32) * self.ratio + self.from.0;
        let y = |y: f32| (y * SIDE as f32 - self.top as f32) * self.ratio + self.from.1;
        let size = SIDE as f32 * self.ratio;
        let Rect { x: left, y: top, w, h } = face.rect;
        face.rect = Rect { x: x(left), y: y(top), w: w * size, h: h * size };
        face.points = face.points.map(|(a, b)| (x(a), y(b)));
    }

    /// Whether a face of the picture is one itself, and not the mirror image of one.
    pub fn holds(&self, face: &Face) -> bool {
        let (x, y) = face.rect.centre();
        let (width, height) = self.picture;
        (0.0..=width as f32).contains(&x) && (0.0..=height as f32).contains(&y)
    }

    /// Writes the window, −1..=1, and −1 around it.
    pub fn fill(&self, view: &View<'_>, columns: &mut Columns, input: &mut [f32]) {
        let (first, others, range) = match *view.planes() {
            Planes::Grey(y) => (y, None, None),
            Planes::Yuv { y, u, v, range } => (y, Some([u, v]), Some(range)),
            Planes::Rgb { r, g, b } => (r, Some([g, b]), None),
        };
        // Two samples across suit a webcam; a photograph of many megapixels needs more.
        let taps = ((self.ratio / 4.0).ceil() as usize).clamp(2, 8);
        let at = |i: usize, k: usize, of: usize, from: f32, limit: u32| {
            let place = (i as f32 + (k as f32 + 0.5) / of as f32) * self.ratio + from;
            mirrored(place.floor() as i32, limit)
        };
        let across = |i, k, of| at(i, k, of, self.from.0, view.width());
        let down = |j, k, of| at(j, k, of, self.from.1, view.height());
        let offset = |plane: &Plane<'_>, x: u32| (x >> plane.shift_x) as usize * plane.step;
        columns.first.clear();
        for i in 0..self.width {
            columns.first.extend((0..taps).map(|k| offset(&first, across(i, k, taps))));
        }
        // Red, green and blue are averaged alike; colour differences vary too little to matter.
        let rgb = range.is_none() && others.is_some();
        if let Some(planes) = &others {
            for (plane, offsets) in planes.iter().zip(&mut columns.others) {
                offsets.clear();
                if !rgb {
                    offsets.extend((0..self.width).map(|i| offset(plane, across(i, 0, 1))));
                }
            }
        }
        input[..self.top * SIDE * 3].fill(-1.0);
        input[(self.top + self.height) * SIDE * 3..].fill(-1.0);
        let Columns { first: firsts, others: offsets, sums } = columns;
        for sum in sums.iter_mut() {
            sum.resize(self.width, 0);
        }
        let scale = 1.0 / (taps * taps) as f32;
        let rows = input[self.top * SIDE * 3..(self.top + self.height) * SIDE * 3].chunks_exact_mut(SIDE * 3);
        for (j, row) in rows.enumerate() {
            let add = |plane: &Plane<'_>, sum: &mut [u32]| {
                sum.fill(0);
                for k in 0..taps {
                    let y = down(j, k, taps) >> plane.shift_y;
                    let line = &plane.data[y as usize * plane.stride..];
                    for (total, offsets) in sum.iter_mut().zip(firsts.chunks_exact(taps)) {
                        *total += offsets.iter().map(|&offset| u32::from(line[offset])).sum::<u32>();
                    }
                }
            };
            add(&first, &mut sums[0]);
            if let Some(planes) = &others {
                for (i, plane) in planes.iter().enumerate() {
                    if rgb {
                        add(plane, &mut sums[i + 1]);
                    } else {
                        let y = down(j, 0, 1) >> plane.shift_y;
                        let line = &plane.data[y as usize * plane.stride..];
                        for (to, &offset) in sums[i + 1].iter_mut().zip(&offsets[i]) {
                            *to = u32::from(line[offset]);
                        }
                    }
                }
            }
            row[..self.left * 3].fill(-1.0);
            row[(self.left + self.width) * 3..].fill(-1.0);
            let pixels = row[self.left * 3..(self.left + self.width) * 3].chunks_exact_mut(3);
            let [a, b, c] = &*sums;
            match range {
                Some(range) => {
                    for (pixel, ((&y, &u), &v)) in pixels.zip(a.iter().zip(b).zip(c)) {
                        let rgb = range.rgb(y as f32 * scale, u as f32, v as f32);
                        pixel.copy_from_slice(&rgb.map(|v| (v.clamp(0.0, 255.0) - 127.5) * (1.0 / 127.5)));
                    }
                }
                None => {
                    let (b, c) = if others.is_some() { (b, c) } else { (a, a) };
                    for (pixel, ((&r, &g), &b)) in pixels.zip(a.iter().zip(b).zip(c)) {
                        pixel.copy_from_slice(&[r, g, b].map(|v| (v as f32 * scale - 127.5) * (1.0 / 127.5)));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(view: &View<'_>, window: Window) -> Vec<f32> {
        let mut input = vec![9.0; SIDE * SIDE * 3];
        Letterbox::of(view.width(), view.height(), window).fill(view, &mut Columns::default(), &mut input);
        input
    }

    fn face(rect: Rect) -> Face {
        Face { rect, score: moodring_mood::Confidence::ZERO, points: [(rect.x, rect.y); 6] }
    }

    #[test]
    fn a_wide_picture_has_room_above_and_below() {
        let wide = Letterbox::of(640, 480, Window::Whole);
        assert_eq!((wide.ratio, wide.left, wide.top, wide.width, wide.height), (5.0, 0, 16, 128, 96));
        let mut found = face(Rect { x: 0.5, y: 0.125, w: 0.1, h: 0.1 });
        wide.to_picture(&mut found);
        assert_eq!(found.rect, Rect { x: 320.0, y: 0.0, w: 64.0, h: 64.0 });
        assert_eq!(Letterbox::of(1, 100_000, Window::Whole).width, 1);
    }

    #[test]
    fn a_place_in_a_window_is_a_place_in_the_picture() {
        let window = Letterbox::of(640, 480, Window::Part(Square { x: -32.0, y: 100.0, side: 256.0 }));
        let mut found = face(Rect { x: 0.5, y: 0.25, w: 0.25, h: 0.25 });
        window.to_picture(&mut found);
        assert_eq!(found.rect, Rect { x: 96.0, y: 164.0, w: 64.0, h: 64.0 });
        assert!(window.holds(&found));
        assert!(!window.holds(&face(Rect { x: -60.0, y: 10.0, w: 80.0, h: 80.0 })), "a mirror image");
    }

    #[test]
    fn beyond_the_edge_a_window_shows_the_picture_mirrored() {
        let data: Vec<u8> = (0..64 * 64).map(|i| (i % 64 * 4) as u8).collect();
        let view = View::grey(64, 64, &data).unwrap();
        let input = filled(&view, Window::Part(Square { x: -64.0, y: 0.0, side: 128.0 }));
        for x in 0..64 {
            assert_eq!(input[(64 + x) * 3], input[(63 - x) * 3], "{x}");
        }
        // Farther than the picture is wide, and wider than a few of it.
        let far = filled(&view, Window::Part(Square { x: -900.0, y: 5000.0, side: 2000.0 }));
        assert!(far.iter().all(|v| (-1.0..=1.0).contains(v)));
    }

    #[test]
    fn the_input_spans_minus_one_to_one_in_every_format() {
        let data = [255_u8, 0, 128].repeat(200 * 100);
        for view in [View::rgb8(200, 100, &data).unwrap(), View::grey(200, 100, &data[..20_000]).unwrap()] {
            let input = filled(&view, Window::Whole);
            assert!(input.iter().all(|v| (-1.0..=1.0).contains(v)));
            assert_eq!((input[0], *input.last().unwrap()), (-1.0, -1.0));
        }
        let input = filled(&View::rgb8(200, 100, &data).unwrap(), Window::Whole);
        let middle = &input[(64 * SIDE + 64) * 3..][..3];
        assert!((middle[0] - 1.0).abs() < 1e-5 && (middle[1] + 1.0).abs() < 1e-5, "{middle:?}");
        assert!((middle[2] - 0.5 / 127.5).abs() < 1e-5, "{middle:?}");
    }
}
