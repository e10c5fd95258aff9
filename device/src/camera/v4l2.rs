//! A V4L2 camera: USB webcams and whatever else gives pictures at /dev/video*.
//!
//! Enters: the device's path and what is wanted of it. Leaves: frames in the camera's own format,
//! or decoded from MJPG to YUV. What fails is told apart by [`CameraError`]; nothing here waits
//! longer than [`FIRST_TIMEOUT`], whatever is unplugged. A Pi's camera module is no such camera: its
//! `/dev/video0` gives raw sensor data, and is refused by the name of its driver.

use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_vision::Range;
use v4l::buffer::Type;
use v4l::capability::Flags;
use v4l::format::{Colorspace, Quantization};
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC, io::mmap::Stream};

use super::{Camera, CameraError, CameraSettings, devices, jpeg, rate::Rate, trouble};
use crate::frame::{Frame, Picture, PixelFormat};

/// The longest wait for the first frame: many webcams take seconds to wake.
pub const FIRST_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait for any other. A webcam that adapts to a dark room may take half a second.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Buffers that the driver fills in turn: one at work, one being read, two for jitter.
const BUFFERS: u32 = 4;

/// Broken MJPG frames in a row after which the camera is opened anew; single ones are normal.
const MOST_BROKEN: u32 = 10;

/// The largest MJPG frame, in pixels.
const MAX_PIXELS: u64 = 8192 * 8192;

const ENODEV: i32 = 19;

/// Devices whose stream did not stop: this very program keeps them busy until it ends.
static STUCK: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// What arrives in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    Raw(PixelFormat),
    Mjpg,
}

/// The formats that are read, the cheapest for both ends first.
pub(super) const CODINGS: [(&[u8; 4], Coding); 7] = [
    (b"YUYV", Coding::Raw(PixelFormat::Yuyv)),
    (b"NV12", Coding::Raw(PixelFormat::Nv12)),
    (b"YU12", Coding::Raw(PixelFormat::I420)),
    (b"MJPG", Coding::Mjpg),
    (b"JPEG", Coding::Mjpg),
    (b"GREY", Coding::Raw(PixelFormat::Grey)),
    (b"RGB3", Coding::Raw(PixelFormat::Rgb8)),
];

/// What a camera would deliver if asked for one of [`CODINGS`].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Offer {
    /// Place in [`CODINGS`].
    coding: usize,
    width: u32,
    height: u32,
    /// Frames a second; `None` where the driver does not say.
    fps: Option<f32>,
}

/// A camera at work.
pub struct Webcam {
    path: PathBuf,
    stream: ManuallyDrop<Stream<'static>>,
    /// Keeps the device open as long as the stream.
    _device: Device,
    format: Format,
    coding: Coding,
    range: Range,
    what: String,
    rate: Rate,
    /// Whether it has given a frame.
    began: bool,
    broken: u32,
}

impl Webcam {
    /// Opens a device and agrees with it on format, size and rate.
    ///
    /// # Errors
    /// See [`CameraError`]: missing, busy, forbidden, unsupported.
    pub fn open(path: &Path, settings: &CameraSettings) -> Result<Self, CameraError> {
        trouble::caught(path, || Self::agree(path, settings)).map_err(|error| match error {
            CameraError::Busy(path) if stuck().contains(&path) => {
                let why = "its last stream did not stop; restart moodring-device".to_owned();
                CameraError::Bad { path, why }
            }
            error => error,
        })
    }

    fn agree(path: &Path, settings: &CameraSettings) -> Result<Self, CameraError> {
        let told = |e: io::Error| trouble::opening(path, &e);
        let device = Device::with_path(path).map_err(told)?;
        let caps = device.query_caps().map_err(told)?;
        if let Some(why) = devices::no_camera(&caps.driver) {
            return Err(unsupported(path, format!("{} {why}", caps.card)));
        }
        if !caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING) {
            return Err(unsupported(path, format!("{} gives no video", caps.card)));
        }
        let found: Vec<FourCC> = device.enum_formats().map_err(told)?.into_iter().map(|d| d.fourcc).collect();
        let mut offers = Vec::new();
        for (coding, (code, _)) in CODINGS.iter().enumerate() {
            let fourcc = FourCC::new(code);
            if !found.contains(&fourcc) {
                continue;
            }
            match device.set_format(&wanted(settings, fourcc)).map_err(told) {
                Ok(format) if format.fourcc == fourcc => {
                    let fps = set_rate(&device, settings.fps);
                    offers.push(Offer { coding, width: format.width, height: format.height, fps });
                }
                Ok(format) => tracing::debug!("{}: {fourcc} asked for, {} given", path.display(), format.fourcc),
                Err(error) if trouble::is_final(&error) => return Err(error),
                Err(error) => tracing::debug!("{fourcc} refused: {error}"),
            }
        }
        let Some(offer) = best(&offers, settings) else {
            let found = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let why = format!(
                "{} gives only {found}; YUYV, NV12, YU12, MJPG, GREY and RGB3 are read \
                 (a camera module on a ribbon cable is not read this way: use a USB webcam)",
                caps.card
            );
            return Err(unsupported(path, why));
        };
        let (code, coding) = CODINGS[offer.coding];
        let format = device.set_format(&wanted(settings, FourCC::new(code))).map_err(told)?;
        if format.fourcc != FourCC::new(code) {
            let why = format!("{} promised {}, and gives {}", caps.card, FourCC::new(code), format.fourcc);
            return Err(unsupported(path, why));
        }
        let fps = set_rate(&device, settings.fps);
        let stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(told)?;
        let rate = fps.map_or_else(String::new, |fps| format!(" at {fps:.0} frames/s"));
        Ok(Self {
            path: path.to_owned(),
            what: format!(
                "{} ({}), {}×{} {}{rate}",
                caps.card,
                path.display(),
                format.width,
                format.height,
                format.fourcc
            ),
            stream: ManuallyDrop::new(stream),
            _device: device,
            range: range(&format),
            format,
            coding,
            rate: Rate::new(settings.fps),
            began: false,
            broken: 0,
        })
    }
}

impl Camera for Webcam {
    fn next(&mut self) -> Result<Frame, CameraError> {
        loop {
            let (path, began) = (&self.path, self.began);
            let timeout = if began { TIMEOUT } else { FIRST_TIMEOUT };
            self.stream.set_timeout(timeout);
            let (bytes, meta) = trouble::caught(path, || {
                CaptureStream::next(&mut *self.stream).map_err(|e| match e.kind() {
                    io::ErrorKind::TimedOut => CameraError::TimedOut(path.clone(), timeout),
                    _ => trouble::streaming(path, &e, began),
                })
            })?;
            self.began = true;
            let at = Timestamp::now();
            let seq = u64::from(meta.sequence);
            let damaged = meta.flags.contains(v4l::buffer::Flags::ERROR);
            let bytes = bytes.get(..meta.bytesused as usize).unwrap_or(bytes);
            if !self.rate.wants(Instant::now()) {
                continue;
            }
            let (width, height) = (self.format.width, self.format.height);
            let picture = match self.coding {
                _ if damaged || bytes.is_empty() => Err("the driver says it is damaged".to_owned()),
                Coding::Mjpg => jpeg::decode(bytes, MAX_PIXELS).map(|(picture, _)| picture),
                Coding::Raw(format) => {
                    let stride = self.format.stride as usize;
                    Picture::new(format, width, height, stride, self.range, bytes.to_vec()).map_err(|e| e.to_string())
                }
            };
            match picture {
                Ok(picture) => {
                    self.broken = 0;
                    return Ok(Frame { at, seq, picture });
                }
                Err(why) => {
                    self.broken += 1;
                    tracing::debug!("{}: frame {seq} skipped: {why}", self.path.display());
                    if self.broken >= MOST_BROKEN {
                        let why = format!("{MOST_BROKEN} broken frames in a row; the last: {why}");
                        return Err(CameraError::Bad { path: self.path.clone(), why });
                    }
                }
            }
        }
    }

    fn describe(&self) -> String {
        self.what.clone()
    }
}

impl Drop for Webcam {
    fn drop(&mut self) {
        // The crate's own Drop panics when the driver refuses to stop, and again when it frees the
        // buffers, and two panics at once end the program. So the stream is stopped here first,
        // where that can be seen; one that will not stop is left to the kernel, which takes
        // everything back when the program ends.
        match self.stream.stop() {
            Err(e) if e.raw_os_error() != Some(ENODEV) => {
                tracing::warn!("{} does not stop: {e}; restart moodring-device", self.path.display());
                stuck().push(self.path.clone());
            }
            _ => {
                // SAFETY: dropped once, here, and never used again.
                let close = || unsafe { ManuallyDrop::drop(&mut self.stream) };
                if catch_unwind(AssertUnwindSafe(close)).is_err() {
                    tracing::warn!("{} did not give back its buffers", self.path.display());
                }
            }
        }
    }
}

fn stuck() -> MutexGuard<'static, Vec<PathBuf>> {
    STUCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the numbers of a YUV format span: what the driver says, else what its colour space implies.
fn range(format: &Format) -> Range {
    match (format.quantization, format.colorspace) {
        (Quantization::FullRange, _) | (Quantization::Default, Colorspace::JPEG) => Range::Full,
        _ => Range::Limited,
    }
}

fn wanted(settings: &CameraSettings, fourcc: FourCC) -> Format {
    Format::new(settings.width, settings.height, fourcc)
}

/// Asks for a rate and returns what the driver will give, if it says.
fn set_rate(device: &Device, fps: u32) -> Option<f32> {
    let interval = device.set_params(&Parameters::with_fps(fps)).ok()?.interval;
    (interval.numerator > 0).then(|| interval.denominator as f32 / interval.numerator as f32)
}

/// The offer nearest to what is wanted: first in rate (too slow is bad, faster is not), then in
/// size, then the cheapest format.
fn best(offers: &[Offer], settings: &CameraSettings) -> Option<Offer> {
    let too_slow = |offer: &Offer| offer.fps.is_some_and(|fps| fps < settings.fps as f32 * 0.9);
    let off = |offer: &Offer| offer.width.abs_diff(settings.width) + offer.height.abs_diff(settings.height);
    offers.iter().min_by_key(|offer| (too_slow(offer), off(offer), offer.coding)).copied()
}

fn unsupported(path: &Path, why: String) -> CameraError {
    CameraError::Unsupported { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(coding: usize, width: u32, height: u32, fps: f32) -> Offer {
        Offer { coding, width, height, fps: Some(fps) }
    }

    #[test]
    fn the_nearest_offer_is_taken() {
        let settings = CameraSettings { width: 1280, height: 720, fps: 10, ..CameraSettings::default() };
        let (yuyv, mjpg) = (0, 3);
        let take = |offers: &[Offer]| best(offers, &settings).map(|o| o.coding);
        assert_eq!(take(&[offer(yuyv, 1280, 720, 10.0), offer(mjpg, 1280, 720, 30.0)]), Some(yuyv));
        assert_eq!(take(&[offer(yuyv, 1280, 720, 5.0), offer(mjpg, 1280, 720, 30.0)]), Some(mjpg));
        assert_eq!(take(&[offer(yuyv, 640, 480, 30.0), offer(mjpg, 1280, 720, 30.0)]), Some(mjpg));
        assert_eq!(take(&[offer(yuyv, 1280, 720, 5.0)]), Some(yuyv));
        assert_eq!(take(&[]), None);
    }

    #[test]
    fn the_range_is_what_the_driver_says_or_its_colour_space_implies() {
        let of = |quantization, colorspace| {
            range(&Format { quantization, colorspace, ..Format::new(640, 480, FourCC::new(b"YUYV")) })
        };
        assert_eq!(of(Quantization::Default, Colorspace::JPEG), Range::Full);
        assert_eq!(of(Quantization::LimitedRange, Colorspace::JPEG), Range::Limited);
        assert_eq!(of(Quantization::Default, Colorspace::SRGB), Range::Limited);
        assert_eq!(of(Quantization::FullRange, Colorspace::SRGB), Range::Full);
    }

    #[test]
    fn what_is_no_camera_says_so() {
        let settings = CameraSettings::default();
        let error = |path: &str| Webcam::open(Path::new(path), &settings).err().unwrap().to_string();
        assert!(error("/dev/video-none").starts_with("no camera at /dev/video-none: plug one in"));
        assert!(error("/dev/null").contains("/dev/null: is no video camera"), "{}", error("/dev/null"));
    }
}
