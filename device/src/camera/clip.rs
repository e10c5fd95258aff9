//! Recorded pictures, decoded one at a time: a folder of images, an animated GIF, or raw video.
//!
//! Enters: a path. Leaves: picture after picture, with the time each is shown. What fails: a path
//! that leads to none of the three, and a clip that breaks off; a single bad image in a folder is
//! skipped and said once.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::time::Duration;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, Frames, ImageDecoder, Limits};
use moodring_vision::Range;

use super::CameraError;
use crate::frame::{Picture, PixelFormat};
use crate::still;

/// The largest picture of raw video or of an animation, in decoded bytes.
const MAX_FRAME: usize = 64 * 1024 * 1024;

/// A GIF that gives no delay, or nearly none, is shown at this rate, as browsers do.
const GIF_DELAY: Duration = Duration::from_millis(100);

/// Pictures, one after the other.
pub trait Clip {
    /// The next picture and how long it is shown; `None` at the end.
    ///
    /// # Errors
    /// The clip breaks off or cannot be decoded.
    fn next(&mut self) -> Result<Option<(Picture, Duration)>, CameraError>;

    /// Goes back to the beginning.
    ///
    /// # Errors
    /// The file is not there any more.
    fn rewind(&mut self) -> Result<(), CameraError>;
}

/// Opens the clip at `path`; the images of a folder are each shown for `shown`.
///
/// # Errors
/// Nothing there, or none of the three kinds.
pub fn open(path: &Path, shown: Duration) -> Result<Box<dyn Clip>, CameraError> {
    let missing = |why: String| CameraError::NoClip { path: path.to_owned(), why };
    let meta = fs::metadata(path).map_err(|e| missing(e.to_string()))?;
    if meta.is_dir() {
        return Ok(Box::new(Folder::open(path, shown)?));
    }
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    match extension.as_str() {
        "gif" => Ok(Box::new(Gif::open(path)?)),
        "y4m" => Ok(Box::new(Y4m::open(path)?)),
        _ => Err(missing("is neither".to_owned())),
    }
}

fn bad(path: &Path, why: impl ToString) -> CameraError {
    CameraError::Bad { path: path.to_owned(), why: why.to_string() }
}

/// The images of a folder, in the order of their names.
struct Folder {
    path: PathBuf,
    images: Vec<PathBuf>,
    shown: Duration,
    at: usize,
    /// Whether any image of this round could be read.
    good: bool,
    warned: Vec<PathBuf>,
}

impl Folder {
    fn open(path: &Path, shown: Duration) -> Result<Self, CameraError> {
        let images = still::images_in(path).map_err(|e| bad(path, e))?;
        if images.is_empty() {
            let why = "no image in it (.jpg, .png, .gif, .bmp, .webp)".to_owned();
            return Err(CameraError::NoClip { path: path.to_owned(), why });
        }
        Ok(Self { path: path.to_owned(), images, shown, at: 0, good: false, warned: Vec::new() })
    }
}

impl Clip for Folder {
    fn next(&mut self) -> Result<Option<(Picture, Duration)>, CameraError> {
        while let Some(image) = self.images.get(self.at) {
            self.at += 1;
            match still::load(image) {
                Ok(picture) => {
                    self.good = true;
                    return Ok(Some((picture, self.shown)));
                }
                Err(why) if !self.warned.contains(image) => {
                    tracing::warn!("{}: {why}; skipped", image.display());
                    self.warned.push(image.clone());
                }
                Err(_) => {}
            }
        }
        if self.good { Ok(None) } else { Err(bad(&self.path, "none of its images can be read")) }
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        (self.at, self.good) = (0, false);
        Ok(())
    }
}

/// An animated GIF.
struct Gif {
    path: PathBuf,
    frames: Frames<'static>,
}

impl Gif {
    fn open(path: &Path) -> Result<Self, CameraError> {
        Ok(Self { path: path.to_owned(), frames: Self::frames(path)? })
    }

    fn frames(path: &Path) -> Result<Frames<'static>, CameraError> {
        let file = File::open(path).map_err(|e| bad(path, e))?;
        let mut decoder = GifDecoder::new(BufReader::new(file)).map_err(|e| bad(path, e))?;
        let (width, height) = decoder.dimensions();
        // The header may claim anything, and the canvas is set aside before a pixel is read.
        if u64::from(width) * u64::from(height) * 4 > MAX_FRAME as u64 {
            return Err(bad(path, format!("{width}×{height} is too large; at most {} pixels are read", MAX_FRAME / 4)));
        }
        let mut limits = Limits::default();
        // The canvas, the part that a frame changes, and the frame that is given out.
        limits.max_alloc = Some(4 * MAX_FRAME as u64);
        decoder.set_limits(limits).map_err(|e| bad(path, e))?;
        Ok(decoder.into_frames())
    }
}

impl Clip for Gif {
    fn next(&mut self) -> Result<Option<(Picture, Duration)>, CameraError> {
        let Some(frame) = self.frames.next() else { return Ok(None) };
        let frame = frame.map_err(|e| bad(&self.path, e))?;
        let delay = Duration::from(frame.delay());
        let delay = if delay < Duration::from_millis(20) { GIF_DELAY } else { delay };
        let rgba = frame.into_buffer();
        let (width, height) = rgba.dimensions();
        let mut data = Vec::with_capacity(width as usize * height as usize * 3);
        data.extend(rgba.pixels().flat_map(|p| [p[0], p[1], p[2]]));
        let picture = Picture::new(PixelFormat::Rgb8, width, height, 0, Range::Full, data);
        Ok(Some((picture.map_err(|e| bad(&self.path, e))?, delay)))
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.frames = Self::frames(&self.path)?;
        Ok(())
    }
}

/// Raw video: YUV4MPEG2, 8 bits a sample.
struct Y4m {
    path: PathBuf,
    decoder: y4m::Decoder<BufReader<File>>,
    format: PixelFormat,
    range: Range,
    shown: Duration,
}

impl Y4m {
    fn open(path: &Path) -> Result<Self, CameraError> {
        let decoder = Self::decoder(path)?;
        let format = match decoder.get_colorspace() {
            y4m::Colorspace::Cmono => PixelFormat::Grey,
            y4m::Colorspace::C422 => PixelFormat::I422,
            y4m::Colorspace::C444 => PixelFormat::I444,
            y4m::Colorspace::C420
            | y4m::Colorspace::C420jpeg
            | y4m::Colorspace::C420paldv
            | y4m::Colorspace::C420mpeg2 => PixelFormat::I420,
            other => {
                let why = format!("{other:?} is not read; 8-bit 420, 422, 444 and mono are");
                return Err(CameraError::Unsupported { path: path.to_owned(), why });
            }
        };
        let full = String::from_utf8_lossy(decoder.get_raw_params()).contains("COLORRANGE=FULL");
        let rate = decoder.get_framerate();
        let shown = match (rate.num, rate.den) {
            (0, _) | (_, 0) => GIF_DELAY,
            (num, den) => Duration::from_secs_f64((den as f64 / num as f64).clamp(0.001, 60.0)),
        };
        let range = if full { Range::Full } else { Range::Limited };
        Ok(Self { path: path.to_owned(), decoder, format, range, shown })
    }

    fn decoder(path: &Path) -> Result<y4m::Decoder<BufReader<File>>, CameraError> {
        let file = File::open(path).map_err(|e| bad(path, e))?;
        let limits = y4m::Limits { bytes: MAX_FRAME };
        y4m::Decoder::new_with_limits(BufReader::new(file), limits).map_err(|e| bad(path, e))
    }
}

impl Clip for Y4m {
    fn next(&mut self) -> Result<Option<(Picture, Duration)>, CameraError> {
        let frame = match self.decoder.read_frame() {
            Ok(frame) => frame,
            Err(y4m::Error::EOF) => return Ok(None),
            Err(e) => return Err(bad(&self.path, e)),
        };
        let data = [frame.get_y_plane(), frame.get_u_plane(), frame.get_v_plane()].concat();
        let (width, height) = (self.decoder.get_width() as u32, self.decoder.get_height() as u32);
        let picture = Picture::new(self.format, width, height, 0, self.range, data);
        Ok(Some((picture.map_err(|e| bad(&self.path, e))?, self.shown)))
    }

    fn rewind(&mut self) -> Result<(), CameraError> {
        self.decoder = Self::decoder(&self.path)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gif_that_claims_to_be_huge_is_refused_before_memory_is_set_aside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clip.gif");
        let mut gif = Vec::new();
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
        encoder.encode_frame(image::Frame::new(image::RgbaImage::new(8, 4))).unwrap();
        drop(encoder);
        fs::write(&path, &gif).unwrap();
        let picture = open(&path, GIF_DELAY).unwrap().next().unwrap().unwrap().0;
        assert_eq!((picture.width(), picture.height()), (8, 4));
        // The canvas of 65535 × 65535 pixels; then only a frame that reaches so far.
        let mut forged = gif.clone();
        forged[6..10].fill(0xff);
        fs::write(&path, &forged).unwrap();
        let error = open(&path, GIF_DELAY).err().unwrap().to_string();
        assert!(error.ends_with("clip.gif: 65535×65535 is too large; at most 16777216 pixels are read"), "{error}");
        let frame = gif.windows(9).position(|w| w[0] == 0x2c && w[5..9] == [8, 0, 4, 0]).unwrap();
        let mut forged = gif;
        forged[frame + 5..frame + 9].fill(0xff);
        fs::write(&path, &forged).unwrap();
        assert!(open(&path, GIF_DELAY).unwrap().next().is_err());
    }
}
