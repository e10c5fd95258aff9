//! Cameras: where frames come from.
//!
//! Enters: `[camera]` of the configuration. Leaves: [`Frame`]s, one after the other. What fails is
//! told apart by [`CameraError`], so that the caller knows whether to try again ([`latest`] does).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use thiserror::Error;

use crate::frame::Frame;

mod choose;
pub mod clip;
mod clock;
pub mod devices;
pub mod jpeg;
pub mod latest;
pub mod light;
mod rate;
pub mod replay;
pub mod rpicam;
mod settings;
pub mod standby;
mod trouble;
pub mod v4l2;

pub use choose::opener;
pub use settings::{CameraSettings, Pace, ReplaySettings, Source};

/// Something that gives one frame after the other. It is opened on the thread that reads it.
pub trait Camera {
    /// Waits for the next frame.
    ///
    /// # Errors
    /// See [`CameraError`]. After an error the camera is to be dropped and opened anew.
    fn next(&mut self) -> Result<Frame, CameraError>;

    /// What this is, in words: device, size, format and rate, or the clip.
    fn describe(&self) -> String;

    /// Whether frames pass by whether or not somebody looks at them. A replay that runs as fast as
    /// possible waits instead, so that no frame of it is lost.
    fn is_live(&self) -> bool {
        true
    }
}

/// Tells whoever waits for a frame that nobody wants one any more. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Closing(Arc<AtomicBool>);

impl Closing {
    /// Asks for the camera to be closed.
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    pub fn is_asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Why there is no frame.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CameraError {
    /// There is no such device or file.
    #[error("no camera at {0}: plug one in, or name another in [camera] device")]
    Missing(PathBuf),
    /// Another program has it.
    #[error("the camera {0} is busy: another program uses it")]
    Busy(PathBuf),
    /// The system does not let this user open it.
    #[error("no right to open {0}: sudo usermod -aG video $USER, then log in again")]
    Forbidden(PathBuf),
    /// It is there, but gives no frames.
    #[error("{0} gave no frame for {1:?}")]
    TimedOut(PathBuf, Duration),
    /// It was there, and went away.
    #[error("{path} is gone: {why}")]
    Lost {
        /// The device.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// It gives no pictures in a format that can be read.
    #[error("{path}: {why}")]
    Unsupported {
        /// The device or file.
        path: PathBuf,
        /// What was found and what would do.
        why: String,
    },
    /// A frame or file that cannot be read.
    #[error("{path}: {why}")]
    Bad {
        /// The device or file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// There is no clip to replay.
    #[error("no clip at {path}: {why}; name a folder of images, a .gif or a .y4m in [camera.replay] path")]
    NoClip {
        /// What was named.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The program that reads camera modules is not installed.
    #[error("{0} is not installed, and camera modules are read through it: sudo apt install rpicam-apps")]
    NoProgram(String),
    /// The program that reads camera modules gives no frames.
    #[error("{program}: {why}")]
    Module {
        /// The program's name.
        program: String,
        /// What was found and what to do.
        why: String,
    },
    /// Nobody wants frames any more.
    #[error("the camera is being closed")]
    Closing,
    /// The clip is over, and `loop` is off.
    #[error("the clip {0} is over")]
    End(PathBuf),
}

impl CameraError {
    /// Whether there may be a camera at any moment: plugged in, given to this user (which the system does
    /// a moment after it was plugged in), or its program installed. To look costs next to nothing.
    pub const fn is_absence(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Lost { .. } | Self::Forbidden(_) | Self::NoProgram(_))
    }
}
