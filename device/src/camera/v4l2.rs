//! A V4L2 camera: USB webcams and whatever else gives pictures at /dev/video*.
//!
//! Enters: the device's path and what is wanted of it. Leaves: frames in the camera's own format,
//! or decoded from MJPG to YUV. What fails is told apart by [`CameraError`]; nothing here waits
//! longer than [`TIMEOUT`], whatever is unplugged. A Pi's camera module is no such camera: its
//! `/dev/video0` gives raw sensor data, and is refused by name of its format.

use std::fs;
use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_vision::Range;
use v4l::buffer::Type;
use v4l::capability::Flags;
use v4l::format::Quantization;
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC, io::mmap::Stream};

use super::{Camera, CameraError, CameraSettings, jpeg, rate::Rate};
use crate::frame::{Frame, Picture, PixelFormat};

/// The longest wait for a frame. A webcam that adapts to a dark room may take half a second.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// Buffers that the driver fills in turn: one at work, one being read, two for jitter.
const BUFFERS: u32 = 4;

/// Broken MJPG frames in a row after which the camera is opened anew; single ones are normal.
const MOST_BROKEN: u32 = 10;

/// The largest MJPG frame, in pixels.
const MAX_PIXELS: u64 = 8192 * 8192;

/// Drivers of a Pi that look like cameras, but only convert pictures for other programs.
const NO_CAMERAS: [&str; 4] = ["bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec"];

const ENXIO: i32 = 6;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ENOTTY: i32 = 25;

/// What arrives in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Raw(PixelFormat),
    Mjpg,
}

/// The formats that are read, the cheapest for both ends first.
const CODINGS: [(&[u8; 4], Coding); 7] = [
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
    broken: u32,
}

impl Webcam {
    /// Opens a device and agrees with it on format, size and rate.
    ///
    /// # Errors
    /// See [`CameraError`]: missing, busy, forbidden, unsupported.
    pub fn open(path: &Path, settings: &CameraSettings) -> Result<Self, CameraError> {
        let told = |e: io::Error| explain(path, &e);
        let device = Device::with_path(path).map_err(told)?;
        let caps = device.query_caps().map_err(told)?;
        if !caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING) {
            return Err(unsupported(path, format!("{} gives no video", caps.card)));
        }
        let found: Vec<FourCC> = device.enum_formats().map_err(told)?.into_iter().map(|d| d.fourcc).collect();
        let mut offers = Vec::new();
        for (coding, (code, _)) in CODINGS.iter().enumerate() {
            let fourcc = FourCC::new(code);
            if found.contains(&fourcc) {
                let format = device.set_format(&wanted(settings, fourcc)).map_err(told)?;
                if format.fourcc == fourcc {
                    let fps = set_rate(&device, settings.fps);
                    offers.push(Offer { coding, width: format.width, height: format.height, fps });
                }
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
        let fps = set_rate(&device, settings.fps);
        let mut stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(told)?;
        stream.set_timeout(TIMEOUT);
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
            range: if matches!(format.quantization, Quantization::FullRange) { Range::Full } else { Range::Limited },
            format,
            coding,
            rate: Rate::new(settings.fps),
            broken: 0,
        })
    }
}

impl Camera for Webcam {
    fn next(&mut self) -> Result<Frame, CameraError> {
        loop {
            let (bytes, meta) = match CaptureStream::next(&mut *self.stream) {
                Ok(next) => next,
                Err(e) if e.kind() == io::ErrorKind::TimedOut => {
                    return Err(CameraError::TimedOut(self.path.clone(), TIMEOUT));
                }
                Err(e) => return Err(CameraError::Lost { path: self.path.clone(), why: e.to_string() }),
            };
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
                tracing::warn!("{} does not stop: {e}", self.path.display());
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

/// The devices that give pictures in a format that is read, by number.
pub fn capture_devices() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/dev") else { return Vec::new() };
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let mut nodes: Vec<(u32, PathBuf)> =
        entries.flatten().map(|e| e.path()).filter_map(|path| Some((number(&path)?, path))).collect();
    nodes.sort();
    // The crate panics on names that are no UTF-8.
    let reads = |path: &Path| catch_unwind(|| is_camera(path)).unwrap_or(false);
    nodes.into_iter().map(|(_, path)| path).filter(|path| reads(path)).collect()
}

fn is_camera(path: &Path) -> bool {
    let Ok(device) = Device::with_path(path) else {
        // There, but busy or forbidden: opening it will say so.
        return fs::metadata(path).is_ok() && path == Path::new("/dev/video0");
    };
    let Ok(caps) = device.query_caps() else { return false };
    let Ok(formats) = device.enum_formats() else { return false };
    caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING)
        && !NO_CAMERAS.contains(&caps.driver.as_str())
        && formats.iter().any(|d| CODINGS.iter().any(|(code, _)| d.fourcc == FourCC::new(code)))
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

/// What the system's error means for a camera.
fn explain(path: &Path, error: &io::Error) -> CameraError {
    let path = path.to_owned();
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) | (_, Some(ENXIO | ENODEV)) => CameraError::Missing(path),
        (io::ErrorKind::ResourceBusy, _) => CameraError::Busy(path),
        (io::ErrorKind::PermissionDenied, _) => CameraError::Forbidden(path),
        (_, Some(ENOTTY | EINVAL)) => unsupported(&path, format!("is no video camera ({error})")),
        _ => CameraError::Bad { path, why: error.to_string() },
    }
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
    fn what_is_no_camera_says_so() {
        let settings = CameraSettings::default();
        let error = |path: &str| Webcam::open(Path::new(path), &settings).err().unwrap().to_string();
        assert!(error("/dev/video-none").starts_with("no camera at /dev/video-none: plug one in"));
        assert!(error("/dev/null").contains("/dev/null: is no video camera"), "{}", error("/dev/null"));
        assert!(!capture_devices().contains(&PathBuf::from("/dev/null")));
    }
}
