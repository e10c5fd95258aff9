//! A frame: one picture from a camera, in the camera's own pixel format, and when it was taken.
//!
//! Enters: a buffer and what the camera says about it. Leaves: a [`View`] that reads luma or RGB at
//! any pixel, without converting or copying the frame. What fails is [`Picture::new`], when the
//! buffer is too short for what is said about it.

use jiff::Timestamp;
use moodring_vision::{PictureError, Plane, Planes, Range, View};

/// One picture and when it was taken.
#[derive(Clone, Debug)]
pub struct Frame {
    /// When it was captured.
    pub at: Timestamp,
    /// Counts the frames of a camera from 0; a gap means that frames were skipped.
    pub seq: u64,
    /// The picture.
    pub picture: Picture,
}

/// How the pixels lie in the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PixelFormat {
    /// 4:2:2, two pixels in four bytes: Y U Y V.
    Yuyv,
    /// 4:2:0, a plane of luma, then one of interleaved U and V.
    Nv12,
    /// 4:2:0, three planes; chroma rows have half the stride, rounded up.
    I420,
    /// 4:2:2, three planes; chroma rows have half the stride, rounded up.
    I422,
    /// 4:4:4, three planes.
    I444,
    /// 4:4:4, interleaved Y U V: what the JPEG decoder gives without a colour conversion.
    Yuv8,
    /// Luma only.
    Grey,
    /// Interleaved red, green, blue.
    Rgb8,
}

/// A picture in a camera's pixel format.
#[derive(Clone)]
pub struct Picture {
    width: u32,
    height: u32,
    stride: usize,
    format: PixelFormat,
    range: Range,
    data: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}×{} {:?}, stride {})", self.width, self.height, self.format, self.stride)
    }
}

impl Picture {
    /// A picture of `width` × `height` pixels, checked against its buffer.
    ///
    /// `stride` is the bytes from one row of the first plane to the next; 0 stands for rows without
    /// gaps. YUV is taken to be of `range`; other formats always span 0..=255.
    ///
    /// # Errors
    /// A side of 0, or a buffer or stride too short.
    pub fn new(
        format: PixelFormat,
        width: u32,
        height: u32,
        stride: usize,
        range: Range,
        data: Vec<u8>,
    ) -> Result<Self, PictureError> {
        let tight = format.row_bytes(width);
        let stride = if stride == 0 { tight } else { stride };
        if stride < tight {
            let rows = height as usize;
            return Err(PictureError::Short {
                width,
                height,
                needed: tight.saturating_mul(rows),
                found: stride.saturating_mul(rows),
            });
        }
        let picture = Self { width, height, stride, format, range, data };
        picture.try_view()?;
        Ok(picture)
    }

    /// Pixels across.
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// Pixels down.
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// How the pixels lie in the buffer.
    pub const fn format(&self) -> PixelFormat {
        self.format
    }

    /// The buffer, to be filled again by whoever made the picture.
    pub fn into_data(self) -> Vec<u8> {
        self.data
    }

    /// The pixels, in place.
    pub fn view(&self) -> View<'_> {
        self.try_view().expect("the buffer was checked when the picture was made, and does not change")
    }

    fn try_view(&self) -> Result<View<'_>, PictureError> {
        let (width, height, stride) = (self.width, self.height, self.stride);
        let data = self.data.as_slice();
        let from = |offset: usize| data.get(offset..).unwrap_or(&[]);
        let packed = |offset: usize, step: usize| Plane::full(from(offset), stride, step);
        let luma_len = stride.saturating_mul(height as usize);
        let luma = Plane::full(&data[..data.len().min(luma_len)], stride, 1);
        let range = self.range;
        let planar = |shift_x: u32, shift_y: u32| {
            let chroma_stride = if shift_x == 1 { stride.div_ceil(2) } else { stride };
            let rows = if shift_y == 1 { (height as usize).div_ceil(2) } else { height as usize };
            let len = chroma_stride.saturating_mul(rows);
            let (u, v) = (from(luma_len), from(luma_len.saturating_add(len)));
            let plane = |data| Plane { data, stride: chroma_stride, step: 1, shift_x, shift_y };
            Planes::Yuv { y: luma, u: plane(&u[..u.len().min(len)]), v: plane(v), range }
        };
        let planes = match self.format {
            PixelFormat::Grey => Planes::Grey(luma),
            PixelFormat::Rgb8 => Planes::Rgb { r: packed(0, 3), g: packed(1, 3), b: packed(2, 3) },
            PixelFormat::Yuv8 => Planes::Yuv { y: packed(0, 3), u: packed(1, 3), v: packed(2, 3), range },
            PixelFormat::Yuyv => {
                let chroma = |offset| Plane { data: from(offset), stride, step: 4, shift_x: 1, shift_y: 0 };
                Planes::Yuv { y: packed(0, 2), u: chroma(1), v: chroma(3), range }
            }
            PixelFormat::Nv12 => {
                let chroma = |offset| Plane {
                    data: from(luma_len.saturating_add(offset)),
                    stride,
                    step: 2,
                    shift_x: 1,
                    shift_y: 1,
                };
                Planes::Yuv { y: luma, u: chroma(0), v: chroma(1), range }
            }
            PixelFormat::I420 => planar(1, 1),
            PixelFormat::I422 => planar(1, 0),
            PixelFormat::I444 => planar(0, 0),
        };
        View::new(width, height, planes)
    }
}

impl PixelFormat {
    /// Bytes of one row of the first plane without gaps.
    const fn row_bytes(self, width: u32) -> usize {
        let width = width as usize;
        match self {
            Self::Yuyv => width.div_ceil(2).saturating_mul(4),
            Self::Nv12 => width.div_ceil(2).saturating_mul(2),
            Self::I420 | Self::I422 | Self::I444 | Self::Grey => width,
            Self::Rgb8 | Self::Yuv8 => width.saturating_mul(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Luma 10 · (x + 1) + y; chroma 100 + x/2 and 200 + x/2.
    fn pixel(x: u32, y: u32) -> (u8, u8, u8) {
        ((10 * (x + 1) + y) as u8, (100 + x / 2) as u8, (200 + x / 2) as u8)
    }

    fn filled(format: PixelFormat, stride: usize) -> Vec<u8> {
        let (w, h) = (4u32, 2u32);
        let mut data = vec![0xee; 64];
        let luma_len = stride * h as usize;
        for y in 0..h {
            for x in 0..w {
                let (luma, u, v) = pixel(x, y);
                let (x, y) = (x as usize, y as usize);
                match format {
                    PixelFormat::Yuyv => {
                        data[y * stride + 2 * x] = luma;
                        data[y * stride + 4 * (x / 2) + 1] = u;
                        data[y * stride + 4 * (x / 2) + 3] = v;
                    }
                    PixelFormat::Nv12 => {
                        data[y * stride + x] = luma;
                        data[luma_len + (y / 2) * stride + (x / 2) * 2] = u;
                        data[luma_len + (y / 2) * stride + (x / 2) * 2 + 1] = v;
                    }
                    PixelFormat::I420 => {
                        data[y * stride + x] = luma;
                        data[luma_len + (y / 2) * stride / 2 + x / 2] = u;
                        data[luma_len + stride / 2 + (y / 2) * stride / 2 + x / 2] = v;
                    }
                    PixelFormat::I422 => {
                        data[y * stride + x] = luma;
                        data[luma_len + y * stride / 2 + x / 2] = u;
                        data[luma_len + stride + y * stride / 2 + x / 2] = v;
                    }
                    PixelFormat::I444 => {
                        data[y * stride + x] = luma;
                        data[luma_len + y * stride + x] = u;
                        data[2 * luma_len + y * stride + x] = v;
                    }
                    PixelFormat::Yuv8 | PixelFormat::Rgb8 => {
                        data[y * stride + 3 * x..][..3].copy_from_slice(&[luma, u, v]);
                    }
                    PixelFormat::Grey => data[y * stride + x] = luma,
                }
            }
        }
        data
    }

    #[test]
    fn each_format_gives_back_what_was_put_in() {
        use PixelFormat::{Grey, I420, I422, I444, Nv12, Rgb8, Yuv8, Yuyv};
        for format in [Yuyv, Nv12, I420, I422, I444, Yuv8, Grey, Rgb8] {
            for extra in [0, 4] {
                let stride = format.row_bytes(4) + extra;
                let data = filled(format, stride);
                let picture = Picture::new(format, 4, 2, stride, Range::Full, data).unwrap();
                let view = picture.view();
                for (x, y) in [(0, 0), (3, 0), (0, 1), (1, 1), (3, 1)] {
                    let (luma, u, v) = pixel(x, y);
                    let expect = match format {
                        Grey => [luma; 3],
                        Rgb8 => [luma, u, v],
                        _ => {
                            Range::Full.rgb(luma.into(), u.into(), v.into()).map(|c| c.round().clamp(0.0, 255.0) as u8)
                        }
                    };
                    assert_eq!(view.rgb(x, y), expect, "{format:?} stride {stride} at {x},{y}");
                    if format != Rgb8 {
                        assert_eq!(view.luma(x, y), luma, "{format:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_buffer_one_byte_short_is_refused() {
        for (format, needed) in [
            (PixelFormat::Yuyv, 640 * 480 * 2),
            (PixelFormat::Nv12, 640 * 480 * 3 / 2),
            (PixelFormat::I420, 640 * 480 * 3 / 2),
            (PixelFormat::I422, 640 * 480 * 2),
            (PixelFormat::I444, 640 * 480 * 3),
            (PixelFormat::Yuv8, 640 * 480 * 3),
            (PixelFormat::Grey, 640 * 480),
            (PixelFormat::Rgb8, 640 * 480 * 3),
        ] {
            let make = |len: usize| Picture::new(format, 640, 480, 0, Range::Full, vec![0; len]);
            assert!(make(needed).is_ok(), "{format:?}");
            let error = make(needed - 1).unwrap_err().to_string();
            assert!(error.contains("640×480"), "{format:?}: {error}");
        }
        assert!(Picture::new(PixelFormat::Grey, 0, 480, 0, Range::Full, vec![]).is_err());
        assert!(Picture::new(PixelFormat::Grey, 640, 480, 600, Range::Full, vec![0; 640 * 480]).is_err());
        assert!(Picture::new(PixelFormat::Nv12, u32::MAX, u32::MAX, 0, Range::Full, vec![0; 8]).is_err());
    }
}
