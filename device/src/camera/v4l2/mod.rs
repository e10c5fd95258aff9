//! A V4L2 camera: USB webcams and whatever else gives pictures at /dev/video*.
//!
//! Enters: the device's path and what is wanted of it. Leaves: frames in the camera's own format,
//! or decoded from MJPG to YUV, with the driver's own time. What fails is told apart by
//! [`CameraError`]; nothing here waits longer than [`FIRST_TIMEOUT`] or three frames, whatever is
//! unplugged, and closing waits for none of it. A Pi's camera module is no such camera: its `/dev/video0`
//! gives raw sensor data, and is refused by the name of its driver.

use std::io;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use moodring_vision::Range;
use v4l::io::mmap::Stream;
use v4l::io::traits::{CaptureStream, Stream as _};
use v4l::{Device, Format};

use super::devices::Identity;
use super::{Camera, CameraError, CameraSettings, Closing, clock, jpeg, rate::Rate, trouble};
use crate::frame::{Frame, Picture};

mod agree;

pub(super) use agree::CODINGS;
use agree::{Agreed, Coding};

/// The longest wait for the first frame: many webcams take seconds to wake.
pub const FIRST_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest wait for any other, from cameras with more than two frames a second; from slower ones
/// three frames' time. A webcam that adapts to a dark room may take half a second.
pub const TIMEOUT: Duration = Duration::from_secs(2);

/// How long a wait is cut into, to see whether anybody still wants frames.
const SLICE: Duration = Duration::from_millis(50);

/// Broken MJPG frames in a row after which the camera is opened anew; single ones are normal.
const MOST_BROKEN: u32 = 10;

/// `POLLIN`: a buffer is full, or an error waits.
const POLLIN: i16 = 1;

const ENODEV: i32 = 19;

/// Devices whose stream did not stop: this very program keeps them busy until it ends.
static STUCK: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A camera at work.
pub struct Webcam {
    path: PathBuf,
    stream: ManuallyDrop<Stream<'static>>,
    /// Keeps the device open as long as the stream.
    _device: Device,
    identity: Identity,
    format: Format,
    coding: Coding,
    range: Range,
    what: String,
    rate: Rate,
    /// The longest wait for the first frame, and for any other.
    timeouts: (Duration, Duration),
    /// Whether buffers are queued and the stream runs.
    started: bool,
    /// Whether it has given a frame.
    began: bool,
    broken: u32,
    closing: Closing,
}

impl Webcam {
    /// Opens a device and agrees with it on format, size and rate.
    ///
    /// # Errors
    /// See [`CameraError`]: missing, busy, forbidden, unsupported.
    pub fn open(path: &Path, settings: &CameraSettings, closing: &Closing) -> Result<Self, CameraError> {
        let agreed = trouble::caught(path, || agree::agree(path, settings)).map_err(|error| match error {
            CameraError::Busy(path) if stuck().contains(&path) => {
                let why = "its last stream did not stop; restart moodring-device".to_owned();
                CameraError::Bad { path, why }
            }
            error => error,
        })?;
        let Agreed { device, stream, identity, format, coding, range, interval } = agreed;
        let rate = interval.map_or_else(String::new, |every| format!(" at {:.0} frames/s", 1.0 / every.as_secs_f32()));
        let (width, height, fourcc) = (format.width, format.height, format.fourcc);
        let frames = 3 * interval.unwrap_or_default();
        Ok(Self {
            path: path.to_owned(),
            what: format!("{} ({}), {width}×{height} {fourcc}{rate}", identity.card, path.display()),
            stream: ManuallyDrop::new(stream),
            _device: device,
            identity,
            range,
            format,
            coding,
            rate: Rate::new(settings.fps),
            timeouts: (FIRST_TIMEOUT.max(frames), TIMEOUT.max(frames)),
            started: false,
            began: false,
            broken: 0,
            closing: closing.clone(),
        })
    }

    /// Which camera it is.
    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Waits until a buffer is full, or an error waits.
    ///
    /// The crate waits too, but in one piece, and a wait that timed out there cannot be taken up again:
    /// it would give the driver a buffer that the driver has.
    fn wait(&mut self) -> Result<(), CameraError> {
        let timeout = if self.began { self.timeouts.1 } else { self.timeouts.0 };
        let until = Instant::now() + timeout;
        loop {
            if self.closing.is_asked() {
                return Err(CameraError::Closing);
            }
            let left = until.saturating_duration_since(Instant::now());
            // Never cut to 0 before the time is over.
            let slice = i32::try_from(left.min(SLICE).as_millis()).unwrap_or(i32::MAX).max(1);
            match self.stream.handle().poll(POLLIN, slice) {
                Ok(0) if left.is_zero() => return Err(CameraError::TimedOut(self.path.clone(), timeout)),
                Ok(0) => {}
                Ok(_) => return Ok(()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(trouble::streaming(&self.path, &e, self.began)),
            }
        }
    }

    /// Queues all buffers and starts the stream; its first frame is let go, which is a webcam's darkest.
    fn start(&mut self) -> Result<(), CameraError> {
        let (path, began) = (self.path.clone(), self.began);
        let told = |e: io::Error| trouble::streaming(&path, &e, began);
        for index in 0..agree::MOST_BUFFERS {
            match CaptureStream::queue(&mut *self.stream, index) {
                Ok(()) => {}
                // There are no more.
                Err(_) if index > 0 => break,
                Err(e) => return Err(told(e)),
            }
        }
        trouble::caught(&path, || self.stream.start().map_err(told))?;
        self.started = true;
        self.wait()?;
        trouble::caught(&path, || CaptureStream::dequeue(&mut *self.stream).map(|_| ()).map_err(told))
    }
}

impl Camera for Webcam {
    fn next(&mut self) -> Result<Frame, CameraError> {
        if !self.started {
            self.start()?;
        }
        loop {
            self.wait()?;
            let (path, began) = (&self.path, self.began);
            // What is there already is not waited for; 0 would be for ever.
            self.stream.set_timeout(TIMEOUT);
            let (bytes, meta) = trouble::caught(path, || {
                CaptureStream::next(&mut *self.stream).map_err(|e| match e.kind() {
                    io::ErrorKind::TimedOut => CameraError::TimedOut(path.clone(), TIMEOUT),
                    _ => trouble::streaming(path, &e, began),
                })
            })?;
            self.began = true;
            let at = clock::captured(meta);
            let seq = u64::from(meta.sequence);
            let damaged = meta.flags.contains(v4l::buffer::Flags::ERROR);
            let bytes = bytes.get(..meta.bytesused as usize).unwrap_or(bytes);
            if !self.rate.wants(Instant::now()) {
                continue;
            }
            let (width, height) = (self.format.width, self.format.height);
            let picture = match self.coding {
                _ if damaged || bytes.is_empty() => Err("the driver says it is damaged".to_owned()),
                Coding::Mjpg => mjpg(bytes, width, height),
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

/// A frame in MJPG; some cameras send whole blocks of 16 pixels. One that claims to be larger is damaged.
fn mjpg(bytes: &[u8], width: u32, height: u32) -> Result<Picture, String> {
    let [across, down] = [width, height].map(|side| u64::from(side.next_multiple_of(16)));
    jpeg::decode(bytes, across * down).map(|(picture, _)| picture)
}

fn stuck() -> MutexGuard<'static, Vec<PathBuf>> {
    STUCK.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_camera_says_so() {
        let settings = CameraSettings::default();
        let error =
            |path: &str| Webcam::open(Path::new(path), &settings, &Closing::default()).err().unwrap().to_string();
        assert!(error("/dev/video-none").starts_with("no camera at /dev/video-none: plug one in"));
        assert!(error("/dev/null").contains("/dev/null: is no video camera"), "{}", error("/dev/null"));
    }

    #[test]
    fn an_mjpg_frame_that_claims_to_be_larger_is_broken() {
        let photograph = include_bytes!("../../../../models/vision/tests/data/astronaut.jpg");
        assert!(mjpg(photograph, 640, 480).is_ok());
        assert!(mjpg(photograph, 640, 470).is_ok(), "in whole blocks");
        // Refused before any of it is decoded.
        let mut damaged = photograph.to_vec();
        let header = damaged.windows(2).position(|marker| marker == [0xff, 0xc0]).unwrap();
        damaged[header + 5..header + 9].copy_from_slice(&[0x1f, 0x40, 0x1f, 0x40]);
        let error = mjpg(&damaged, 640, 480).unwrap_err();
        assert_eq!(error, "8000×8000 is too many pixels; at most 307200 are read");
    }
}
