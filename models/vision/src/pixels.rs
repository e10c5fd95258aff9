//! A picture as the networks look at it: planes of samples inside somebody else's buffer.
//!
//! Every pixel format a camera delivers is three planes with a row stride and a sample step, so a
//! [`View`] describes it without copying a byte. The networks take a few thousand samples out of
//! it; the whole frame is never converted. What fails is [`View::new`], when a buffer is too short
//! for what is said about it; after that every sample inside the picture can be read.

use thiserror::Error;

/// One plane of 8-bit samples.
#[derive(Clone, Copy, Debug)]
pub struct Plane<'a> {
    /// The samples, beginning with the one at the top left.
    pub data: &'a [u8],
    /// Bytes from one row to the next.
    pub stride: usize,
    /// Bytes from one sample to the next in a row.
    pub step: usize,
    /// Pixels that share a sample horizontally, as a power of two: 0 for each its own, 1 for two.
    pub shift_x: u32,
    /// Pixels that share a sample vertically, as a power of two.
    pub shift_y: u32,
}

impl<'a> Plane<'a> {
    /// A plane with a sample for each pixel.
    pub const fn full(data: &'a [u8], stride: usize, step: usize) -> Self {
        Self { data, stride, step, shift_x: 0, shift_y: 0 }
    }

    /// The sample of pixel `(x, y)`.
    #[inline]
    pub fn at(&self, x: u32, y: u32) -> u8 {
        self.data[(y >> self.shift_y) as usize * self.stride + (x >> self.shift_x) as usize * self.step]
    }

    /// Bytes needed for a picture of `width` × `height` pixels; `None` when that overflows.
    fn needed(&self, width: u32, height: u32) -> Option<usize> {
        let last_x = ((width - 1) >> self.shift_x) as usize;
        let last_y = ((height - 1) >> self.shift_y) as usize;
        last_y.checked_mul(self.stride)?.checked_add(last_x.checked_mul(self.step)?)?.checked_add(1)
    }
}

/// How the samples of a [`View`] make a colour.
#[derive(Clone, Copy, Debug)]
pub enum Planes<'a> {
    /// Luma only, 0..=255.
    Grey(Plane<'a>),
    /// Luma and two colour differences after BT.601.
    Yuv {
        /// Luma.
        y: Plane<'a>,
        /// Blue difference, 128 for grey.
        u: Plane<'a>,
        /// Red difference, 128 for grey.
        v: Plane<'a>,
        /// What the numbers span.
        range: Range,
    },
    /// Red, green and blue, 0..=255.
    Rgb {
        /// Red.
        r: Plane<'a>,
        /// Green.
        g: Plane<'a>,
        /// Blue.
        b: Plane<'a>,
    },
}

/// What the numbers of a YUV picture span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Luma and colour 0..=255, as in JPEG.
    Full,
    /// Luma 16..=235, colour 16..=240, as in video.
    Limited,
}

/// A picture in somebody else's buffer.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    width: u32,
    height: u32,
    planes: Planes<'a>,
}

/// Why a buffer is no picture.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PictureError {
    /// No pixels at all.
    #[error("the picture is {0}×{1} pixels; it needs at least 1×1")]
    Empty(u32, u32),
    /// The buffer ends before the picture does.
    #[error("a picture of {width}×{height} needs {needed} bytes in this format; the buffer has {found}")]
    Short {
        /// Pixels across.
        width: u32,
        /// Pixels down.
        height: u32,
        /// Bytes that would do.
        needed: usize,
        /// Bytes there are.
        found: usize,
    },
}

impl<'a> View<'a> {
    /// A picture of `width` × `height` pixels, checked against its planes.
    ///
    /// # Errors
    /// A side of 0, or a plane shorter than the picture needs.
    pub fn new(width: u32, height: u32, planes: Planes<'a>) -> Result<Self, PictureError> {
        if width == 0 || height == 0 {
            return Err(PictureError::Empty(width, height));
        }
        let view = Self { width, height, planes };
        let check = |plane: Plane<'a>| {
            let needed = plane.needed(width, height).unwrap_or(usize::MAX);
            let found = plane.data.len();
            if needed > found { Err(PictureError::Short { width, height, needed, found }) } else { Ok(()) }
        };
        match planes {
            Planes::Grey(plane) => check(plane)?,
            Planes::Yuv { y: a, u: b, v: c, .. } | Planes::Rgb { r: a, g: b, b: c } => {
                check(a)?;
                check(b)?;
                check(c)?;
            }
        }
        Ok(view)
    }

    /// Grey pixels, row after row without gaps.
    ///
    /// # Errors
    /// As for [`View::new`].
    pub fn grey(width: u32, height: u32, data: &'a [u8]) -> Result<Self, PictureError> {
        Self::new(width, height, Planes::Grey(Plane::full(data, width as usize, 1)))
    }

    /// Interleaved red, green, blue, row after row without gaps.
    ///
    /// # Errors
    /// As for [`View::new`].
    pub fn rgb8(width: u32, height: u32, data: &'a [u8]) -> Result<Self, PictureError> {
        let plane = |offset: usize| Plane::full(data.get(offset..).unwrap_or(&[]), width as usize * 3, 3);
        Self::new(width, height, Planes::Rgb { r: plane(0), g: plane(1), b: plane(2) })
    }

    /// Pixels across, at least 1.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down, at least 1.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// The planes.
    pub const fn planes(&self) -> &Planes<'a> {
        &self.planes
    }

    /// What the luma spans.
    pub const fn range(&self) -> Range {
        match self.planes {
            Planes::Yuv { range, .. } => range,
            Planes::Grey(_) | Planes::Rgb { .. } => Range::Full,
        }
    }

    /// A part of the picture, in place. It begins at an even column and row at or before `(x, y)`, so
    /// that colour stays with its pixels, and ends at the picture's edge at the latest.
    ///
    /// Also gives where it begins.
    pub fn part(&self, x: u32, y: u32, width: u32, height: u32) -> (Self, (u32, u32)) {
        let (x, y) = (x.min(self.width - 1) & !1, y.min(self.height - 1) & !1);
        let cut = |plane: Plane<'a>| {
            let offset = (y >> plane.shift_y) as usize * plane.stride + (x >> plane.shift_x) as usize * plane.step;
            Plane { data: &plane.data[offset..], ..plane }
        };
        let planes = match self.planes {
            Planes::Grey(plane) => Planes::Grey(cut(plane)),
            Planes::Yuv { y, u, v, range } => Planes::Yuv { y: cut(y), u: cut(u), v: cut(v), range },
            Planes::Rgb { r, g, b } => Planes::Rgb { r: cut(r), g: cut(g), b: cut(b) },
        };
        let (width, height) = (width.clamp(1, self.width - x), height.clamp(1, self.height - y));
        (Self { width, height, planes }, (x, y))
    }

    /// Luma of pixel `(x, y)`, 0..=255, in the range the picture has.
    pub fn luma(&self, x: u32, y: u32) -> u8 {
        match &self.planes {
            Planes::Grey(plane) | Planes::Yuv { y: plane, .. } => plane.at(x, y),
            Planes::Rgb { r, g, b } => luma_of(r.at(x, y), g.at(x, y), b.at(x, y)),
        }
    }

    /// Luma of `out.len()` pixels of row `y`, from column `x` on.
    pub fn luma_row(&self, x: u32, y: u32, out: &mut [u8]) {
        let cut = |plane: &Plane<'a>| &plane.data[y as usize * plane.stride + x as usize * plane.step..];
        match &self.planes {
            Planes::Grey(plane) | Planes::Yuv { y: plane, .. } => {
                let row = cut(plane);
                if plane.step == 1 {
                    out.copy_from_slice(&row[..out.len()]);
                } else {
                    for (to, from) in out.iter_mut().zip(row.chunks(plane.step)) {
                        *to = from[0];
                    }
                }
            }
            Planes::Rgb { r, g, b } => {
                let (reds, greens, blues) = (cut(r), cut(g), cut(b));
                for (i, to) in out.iter_mut().enumerate() {
                    *to = luma_of(reds[i * r.step], greens[i * g.step], blues[i * b.step]);
                }
            }
        }
    }

    /// Red, green and blue of pixel `(x, y)`, 0..=255.
    pub fn rgb(&self, x: u32, y: u32) -> [u8; 3] {
        match &self.planes {
            Planes::Grey(plane) => [plane.at(x, y); 3],
            Planes::Yuv { y: luma, u, v, range } => range
                .rgb(f32::from(luma.at(x, y)), f32::from(u.at(x, y)), f32::from(v.at(x, y)))
                .map(|c| c.round().clamp(0.0, 255.0) as u8),
            Planes::Rgb { r, g, b } => [r.at(x, y), g.at(x, y), b.at(x, y)],
        }
    }
}

impl Range {
    /// Red, green and blue of a BT.601 colour; not yet brought into 0..=255.
    #[inline]
    pub fn rgb(self, y: f32, u: f32, v: f32) -> [f32; 3] {
        let (y, gain) = match self {
            Self::Full => (y, 1.0),
            Self::Limited => ((y - 16.0) * (255.0 / 219.0), 255.0 / 224.0),
        };
        let (u, v) = ((u - 128.0) * gain, (v - 128.0) * gain);
        [y + 1.402 * v, y - 0.344_136 * u - 0.714_136 * v, y + 1.772 * u]
    }
}

/// Luma after BT.601, rounded: what `L` is in most imaging libraries.
#[inline]
pub(crate) fn luma_of(r: u8, g: u8, b: u8) -> u8 {
    ((u32::from(r) * 19_595 + u32::from(g) * 38_470 + u32::from(b) * 7_471 + 0x8000) >> 16) as u8
}

/// Place `i` of a line of `length` samples that runs backwards beyond either end; `length` is at
/// least 1.
#[inline]
pub(crate) fn mirrored(i: i32, length: u32) -> u32 {
    if let Ok(i) = u32::try_from(i)
        && i < length
    {
        return i;
    }
    let (i, length) = (i64::from(i), i64::from(length));
    let there = i.rem_euclid(2 * length);
    (if there < length { there } else { 2 * length - 1 - there }) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_buffer_is_refused_with_both_sizes() {
        assert_eq!(View::grey(0, 4, &[]).unwrap_err(), PictureError::Empty(0, 4));
        let error = View::rgb8(4, 2, &[0; 23]).unwrap_err();
        assert!(matches!(error, PictureError::Short { needed: 22, found: 21, .. }), "{error:?}");
        assert!(View::rgb8(4, 2, &[0; 24]).is_ok());
        assert!(View::grey(u32::MAX, u32::MAX, &[0; 8]).is_err());
    }

    #[test]
    fn luma_of_grey_is_grey_and_weights_sum_to_one() {
        for v in 0..=255 {
            assert_eq!(luma_of(v, v, v), v);
        }
        assert_eq!((luma_of(255, 0, 0), luma_of(0, 255, 0), luma_of(0, 0, 255)), (76, 150, 29));
    }

    #[test]
    fn yuv_and_rgb_agree() {
        let data = [81u8, 90, 240];
        let plane = |i: usize| Plane::full(&data[i..], 3, 3);
        let planes = Planes::Yuv { y: plane(0), u: plane(1), v: plane(2), range: Range::Limited };
        let red = View::new(1, 1, planes).unwrap().rgb(0, 0);
        assert!(red[0] >= 253 && red[1] <= 2 && red[2] <= 2, "{red:?}");
    }

    #[test]
    fn beyond_either_end_a_line_runs_backwards() {
        let line: Vec<u32> = (-5..8).map(|i| mirrored(i, 3)).collect();
        assert_eq!(line, [1, 2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0, 1]);
        assert!((-4..4).all(|i| mirrored(i, 1) == 0));
        assert!(mirrored(i32::MIN, 640) < 640 && mirrored(i32::MAX, u32::MAX) < u32::MAX);
    }

    #[test]
    fn a_part_shows_the_same_pixels() {
        let data: Vec<u8> = (0..8 * 6 * 2).map(|i| (i * 37 % 256) as u8).collect();
        let plane =
            |offset: usize, step, shift_x| Plane { data: &data[offset..], stride: 16, step, shift_x, shift_y: 0 };
        let yuyv = Planes::Yuv { y: plane(0, 2, 0), u: plane(1, 4, 1), v: plane(3, 4, 1), range: Range::Full };
        for view in [View::new(8, 6, yuyv).unwrap(), View::rgb8(8, 4, &data).unwrap()] {
            let (part, (x, y)) = view.part(3, 3, 4, 9);
            assert_eq!(((x, y), part.width(), part.height()), ((2, 2), 4, view.height() - 2));
            for (dx, dy) in [(0, 0), (3, 0), (1, 1), (3, 1)] {
                assert_eq!(part.rgb(dx, dy), view.rgb(x + dx, y + dy));
            }
        }
        let (part, at) = View::grey(1, 1, &[7]).unwrap().part(5, 5, 5, 5);
        assert_eq!((part.luma(0, 0), part.width(), at), (7, 1, (0, 0)));
    }

    #[test]
    fn a_row_is_the_same_as_its_pixels() {
        let data: Vec<u8> = (0..60).map(|i| (i * 37 % 256) as u8).collect();
        let view = View::rgb8(5, 4, &data).unwrap();
        let mut row = [0; 3];
        view.luma_row(2, 3, &mut row);
        assert_eq!(row, [view.luma(2, 3), view.luma(3, 3), view.luma(4, 3)]);
    }
}
