//! A camera module on a Raspberry Pi's ribbon cable, through `rpicam-vid`.
//!
//! Enters: size and rate. Leaves: frames in YUV 4:2:0, as they come out of the camera's own processor.
//! What fails: no `rpicam-vid`, no camera, a busy one, one that falls silent ([`CameraError::Module`]).
//!
//! On Raspberry Pi OS since Bookworm a camera module belongs to libcamera, which has no stable interface
//! for programs; `rpicam-vid` (Bookworm's first releases: `libcamera-vid`) ships with the system, fits its
//! libcamera, and writes raw frames into a pipe. Rows are padded to 64 bytes. A frame counts as captured
//! when its first byte arrives, which is when the camera's processor is done with it: the exposure was up
//! to a frame's time earlier.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_vision::Range;
use serde::{Deserialize, Serialize};

use super::{Camera, CameraError, CameraSettings, Closing};
use crate::frame::{Frame, Picture, PixelFormat};

mod program;
mod said;

use program::{Got, Program};

/// The longest wait for the first frame: on a Pi Zero the program itself needs seconds to begin.
pub const FIRST_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest wait for any other; long enough for the program to restart a camera that stumbled.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// How long a list of cameras may take.
const LISTING: Duration = Duration::from_secs(10);

/// The most bytes of a list of cameras.
const LIST: usize = 64 * 1024;

/// To so many bytes rows are padded.
const ROW: u32 = 64;

/// So many frames in a row that break off in the middle are of another size than expected.
const MOST_TORN: u32 = 10;

/// The program, under its name of today and of yesterday.
const PROGRAMS: [&str; 2] = ["rpicam-vid", "libcamera-vid"];

/// Options that are ours to set.
const OURS: [&str; 14] = [
    "--codec",
    "--width",
    "--height",
    "--framerate",
    "--output",
    "-o",
    "--timeout",
    "-t",
    "--flush",
    "--segment",
    "--split",
    "--circular",
    "--frames",
    "--list-cameras",
];

/// `[camera.rpicam]`: a camera module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RpicamSettings {
    /// The program; empty: `rpicam-vid`, else `libcamera-vid`.
    pub command: String,
    /// What else it is told, as `["--rotation", "180"]` or `["--camera", "1"]`.
    pub options: Vec<String>,
}

impl RpicamSettings {
    /// Refuses options that would change what the program delivers.
    ///
    /// # Errors
    /// A sentence that begins with the key.
    pub fn check(&self) -> Result<(), String> {
        match self.options.iter().find(|option| OURS.contains(&without_value(option))) {
            Some(option) => Err(format!("options holds {option:?}, which is set by the program; leave it out")),
            None => Ok(()),
        }
    }

    fn programs(&self) -> Vec<&OsStr> {
        if self.command.is_empty() { PROGRAMS.map(OsStr::new).to_vec() } else { vec![OsStr::new(&self.command)] }
    }

    /// Starts the program; the first that is there.
    fn start(&self, arguments: &[OsString]) -> Result<(Program, String), CameraError> {
        for program in self.programs() {
            let name = name_of(program);
            match Program::start(program, arguments) {
                Ok(started) => return Ok((started, name)),
                Err(e) if e.kind() == io::ErrorKind::NotFound => {}
                Err(e) => {
                    let path = env::var_os("PATH").unwrap_or_default();
                    tracing::debug!("{} in {}: {e}", program.display(), path.display());
                    return Err(CameraError::Module { program: name, why: format!("cannot be started: {e}") });
                }
            }
        }
        let program = self.programs().iter().map(|p| p.to_string_lossy()).collect::<Vec<_>>().join(" or ");
        Err(CameraError::NoProgram(program))
    }
}

/// An option's name: `--width` of `--width=640`.
fn without_value(option: &str) -> &str {
    option.split('=').next().unwrap_or("")
}

/// A program without its folder.
fn name_of(program: &OsStr) -> String {
    Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned()
}

/// What it means that the program could be asked, and knows of no camera module.
pub fn no_module(settings: &RpicamSettings) -> CameraError {
    let program = settings.programs().first().map_or_else(String::new, |program| name_of(program));
    CameraError::Module { program, why: said::NO_CAMERA.to_owned() }
}

/// The camera modules that the program knows, by their sensors' names, as `imx219`.
///
/// # Errors
/// The program is missing, does not answer within 10 s, or nobody waits any more.
pub fn modules(settings: &RpicamSettings, closing: &Closing) -> Result<Vec<String>, CameraError> {
    let (mut program, name) = settings.start(&["--list-cameras".into()])?;
    let (mut list, mut chunk) = (Vec::new(), [0; 4096]);
    let until = Instant::now() + LISTING;
    loop {
        match program.read(&mut chunk, until, closing) {
            Got::Bytes(count) if list.len() < LIST => list.extend_from_slice(&chunk[..count]),
            Got::End => break,
            Got::Closing => return Err(CameraError::Closing),
            Got::Bytes(_) | Got::Ready | Got::Nothing => {
                let why = format!("does not say within {} s which cameras there are", LISTING.as_secs());
                return Err(CameraError::Module { program: name, why });
            }
        }
    }
    Ok(said::modules(&String::from_utf8_lossy(&list)))
}

/// How the frames lie in the pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    width: u32,
    height: u32,
}

impl Layout {
    /// The size to ask for: the nearest one whose rows need no padding, as 4:2:0 with whole pixels of
    /// colour.
    fn wanted(settings: &CameraSettings) -> Self {
        let width = ((settings.width + ROW / 2) / ROW * ROW).max(ROW);
        Self { width, height: settings.height.next_multiple_of(2) }
    }

    fn stride(self) -> usize {
        self.width.next_multiple_of(ROW) as usize
    }

    /// Bytes of a frame.
    fn bytes(self) -> usize {
        self.stride() * self.height as usize + self.stride() * self.height.div_ceil(2) as usize
    }
}

/// A camera module at work.
#[derive(Debug)]
pub struct Module {
    program: Program,
    name: String,
    layout: Layout,
    /// The time from one frame to the next.
    period: Duration,
    /// The longest wait for the first frame, and for any other.
    timeouts: (Duration, Duration),
    seq: u64,
    torn: u32,
    closing: Closing,
}

impl Module {
    /// Starts the program; that it works shows with the first frame.
    ///
    /// # Errors
    /// The program is missing or cannot be started.
    pub fn open(settings: &CameraSettings, closing: &Closing) -> Result<Self, CameraError> {
        let layout = Layout::wanted(settings);
        // Without --flush the end of each frame waits in the program for the next.
        let fixed = format!(
            "--codec yuv420 --nopreview --timeout 0 --flush --width {} --height {} --framerate {} --output -",
            layout.width, layout.height, settings.fps
        );
        let options = &settings.rpicam.options;
        // At 10 frames a second a dim room would have long exposures otherwise, and blurred faces.
        let named = options.iter().any(|option| without_value(option) == "--exposure");
        let exposure: &[&str] = if named { &[] } else { &["--exposure", "sport"] };
        let fixed = fixed.split(' ').chain(exposure.iter().copied());
        let arguments: Vec<OsString> = fixed.chain(options.iter().map(String::as_str)).map(OsString::from).collect();
        let (program, name) = settings.rpicam.start(&arguments)?;
        let period = Duration::from_secs(1) / settings.fps.max(1);
        let timeouts = (FIRST_TIMEOUT, TIMEOUT.max(3 * period));
        Ok(Self { program, name, layout, period, timeouts, seq: 0, torn: 0, closing: closing.clone() })
    }

    /// What it means that no bytes came.
    fn why(&mut self, got: Got) -> CameraError {
        if got == Got::Closing {
            return CameraError::Closing;
        }
        let status = if got == Got::End { self.program.ended() } else { None };
        self.program.said().why(&self.name, status)
    }

    /// Looks whether frames break off in the middle: the pause between two frames then lies within one.
    fn look_whole(&mut self, longest_pause: Duration) -> Result<(), CameraError> {
        self.torn = if longest_pause > self.period.mul_f32(0.6) { self.torn + 1 } else { 0 };
        if self.torn < MOST_TORN {
            return Ok(());
        }
        let Layout { width, height } = self.layout;
        let why = format!(
            "its frames are not the {} bytes of {width}×{height}: set [camera] width to another multiple of 64",
            self.layout.bytes()
        );
        Err(CameraError::Module { program: self.name.clone(), why })
    }
}

impl Camera for Module {
    fn next(&mut self) -> Result<Frame, CameraError> {
        let timeout = if self.seq == 0 { self.timeouts.0 } else { self.timeouts.1 };
        let until = Instant::now() + timeout;
        match self.program.wait(until, &self.closing) {
            Got::Ready => {}
            other => return Err(self.why(other)),
        }
        let at = Timestamp::now();
        if self.seq == 0
            && let Some((width, height)) = self.program.said().size()
        {
            self.layout = Layout { width, height };
        }
        let mut data = vec![0; self.layout.bytes()];
        let (mut filled, mut longest_pause) = (0, Duration::ZERO);
        while filled < data.len() {
            // Only what it lets us wait counts: not how long we were busy ourselves.
            let waits = (!self.program.is_ready()).then(Instant::now);
            match self.program.read(&mut data[filled..], until, &self.closing) {
                Got::Bytes(count) => filled += count,
                other => return Err(self.why(other)),
            }
            longest_pause = longest_pause.max(waits.map_or(Duration::ZERO, |since| since.elapsed()));
        }
        self.look_whole(longest_pause)?;
        let Layout { width, height } = self.layout;
        let picture = Picture::new(PixelFormat::I420, width, height, self.layout.stride(), Range::Full, data);
        let picture = picture.map_err(|e| CameraError::Module { program: self.name.clone(), why: e.to_string() })?;
        let seq = self.seq;
        self.seq += 1;
        Ok(Frame { at, seq, picture })
    }

    fn describe(&self) -> String {
        let Layout { width, height } = self.layout;
        format!(
            "the camera module ({}), {width}×{height} YUV420, {:.0} frames/s",
            self.name,
            1.0 / self.period.as_secs_f32()
        )
    }
}

#[cfg(test)]
mod tests;
