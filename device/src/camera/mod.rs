//! Cameras: where frames come from.
//!
//! Enters: `[camera]` of the configuration. Leaves: [`Frame`]s, one after the other. What fails is
//! told apart by [`CameraError`], so that the caller knows whether to try again ([`latest`] does).

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::frame::Frame;
use devices::Access;
use light::LightSettings;

pub mod clip;
pub mod devices;
pub mod jpeg;
pub mod latest;
pub mod light;
mod rate;
pub mod replay;
pub mod standby;
mod trouble;
pub mod v4l2;

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

/// Why there is no frame.
#[derive(Debug, Error)]
pub enum CameraError {
    /// There is no such device or file.
    #[error("no camera at {0}: plug one in, or set [camera] source = \"replay\"")]
    Missing(PathBuf),
    /// Another program has it.
    #[error("the camera {0} is busy: another program uses it")]
    Busy(PathBuf),
    /// The system does not let this user open it.
    #[error("no right to open {0}: add this user to the group \"video\"")]
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
    /// The clip is over, and `loop` is off.
    #[error("the clip {0} is over")]
    End(PathBuf),
}

/// `[camera]`: where frames come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraSettings {
    /// `auto` (default), `v4l2` or `replay`.
    pub source: Source,
    /// The V4L2 device; `/dev/video0`.
    pub device: PathBuf,
    /// Pixels across to ask the camera for; 640. The nearest it has is taken.
    pub width: u32,
    /// Pixels down to ask the camera for; 480.
    pub height: u32,
    /// Frames a second that are looked at, 1..=60; 10. A faster camera's other frames are skipped.
    pub fps: u32,
    /// The clip that stands in for a camera.
    pub replay: ReplaySettings,
    /// When it is too dark to read faces.
    pub light: LightSettings,
}

/// Which kind of camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The device if there is one, else the first other capture device, else the replay.
    #[default]
    Auto,
    /// A V4L2 capture device: USB webcams.
    V4l2,
    /// A recorded clip.
    Replay,
}

/// `[camera.replay]`: a clip instead of a camera.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReplaySettings {
    /// A folder of images (shown in the order of their names), an animated `.gif`, or a `.y4m`.
    pub path: PathBuf,
    /// `real-time` (default), or `fast`: as fast as they are looked at, none skipped.
    pub pace: Pace,
    /// Whether to begin again at the end; true.
    #[serde(rename = "loop")]
    pub repeat: bool,
}

/// How fast a clip runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// At the clip's own rate; a folder of images at `fps`.
    #[default]
    RealTime,
    /// As fast as the frames are looked at; their times are those of the clip at its own rate.
    Fast,
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self {
            source: Source::Auto,
            device: PathBuf::from("/dev/video0"),
            width: 640,
            height: 480,
            fps: 10,
            replay: ReplaySettings::default(),
            light: LightSettings::default(),
        }
    }
}

impl Default for ReplaySettings {
    fn default() -> Self {
        Self { path: PathBuf::from("deploy/demo/clip"), pace: Pace::RealTime, repeat: true }
    }
}

impl CameraSettings {
    /// Refuses values that no camera has.
    ///
    /// # Errors
    /// A sentence that names the key, what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        for (key, value, least, most) in
            [("width", self.width, 32, 8192), ("height", self.height, 32, 8192), ("fps", self.fps, 1, 60)]
        {
            if !(least..=most).contains(&value) {
                return Err(format!("camera.{key} is {value}; it must lie within {least} and {most}"));
            }
        }
        self.light.check().map_err(|why| format!("camera.light.{why}"))
    }
}

/// Opens the camera that the settings name, again and again: what [`latest::Capture`] needs.
///
/// `auto` says in the log what it takes and why. It keeps to a camera that it could open: one that
/// is unplugged is waited for, and never replaced by a clip. A clip gives way to a camera.
pub fn opener(settings: CameraSettings) -> impl FnMut() -> Result<Box<dyn Camera>, CameraError> + Send {
    let kept = Arc::new(Mutex::new(None));
    let mut told = None;
    move || {
        let choice = match &*lock(&kept) {
            Some(path) => Choice::Device(PathBuf::clone(path)),
            None => choose(&settings, &devices::present(&settings.device)),
        };
        if settings.source == Source::Auto && told.as_ref() != Some(&choice) {
            choice.tell(&settings);
            told = Some(choice.clone());
        }
        match choice {
            Choice::Device(path) => {
                let webcam = v4l2::Webcam::open(&path, &settings)?;
                *lock(&kept) = Some(path);
                Ok(Box::new(webcam) as Box<dyn Camera>)
            }
            Choice::Replay(why) => {
                let clip = Box::new(replay::Replay::open(&settings.replay, settings.fps)?);
                if why == Why::Asked {
                    return Ok(clip);
                }
                let look = look(settings.clone(), Arc::clone(&kept));
                Ok(Box::new(standby::Standby::new(clip, standby::EVERY, look)))
            }
        }
    }
}

/// Looks for a camera that gives a frame; says once why one that is there does not.
fn look(
    settings: CameraSettings,
    kept: Arc<Mutex<Option<PathBuf>>>,
) -> impl FnMut() -> Option<(Box<dyn Camera>, Frame)> {
    let mut told = String::new();
    move || {
        let Choice::Device(path) = choose(&settings, &devices::present(&settings.device)) else { return None };
        let first = v4l2::Webcam::open(&path, &settings).and_then(|mut webcam| Ok((webcam.next()?, webcam)));
        match first {
            Ok((frame, webcam)) => {
                tracing::info!("{} is there now, and takes over from the clip (source = \"auto\")", path.display());
                *lock(&kept) = Some(path);
                Some((Box::new(webcam), frame))
            }
            Err(error) => {
                let problem = error.to_string();
                if problem != told {
                    tracing::warn!("{problem}; the clip goes on (source = \"auto\")");
                    told = problem;
                }
                None
            }
        }
    }
}

fn lock(kept: &Mutex<Option<PathBuf>>) -> MutexGuard<'_, Option<PathBuf>> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Choice {
    Device(PathBuf),
    Replay(Why),
}

/// Why a clip is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Why {
    /// The settings say so.
    Asked,
    /// There is no camera.
    NoCamera,
    /// This device may be a camera, and may not be opened.
    Forbidden(PathBuf),
}

impl Choice {
    fn tell(&self, settings: &CameraSettings) {
        let clip = settings.replay.path.display();
        match self {
            Self::Device(path) => tracing::info!("camera: {} is there (source = \"auto\")", path.display()),
            Self::Replay(Why::Asked) => {}
            Self::Replay(Why::NoCamera) => {
                tracing::info!("no camera is plugged in; replaying {clip} until one is (source = \"auto\")");
            }
            Self::Replay(Why::Forbidden(path)) => tracing::warn!(
                "no right to open {}: add this user to the group \"video\"; replaying {clip} (source = \"auto\")",
                path.display()
            ),
        }
    }
}

/// What the settings mean on a machine with these devices. `auto` takes the wanted device, else the
/// first camera there is, else the clip.
fn choose(settings: &CameraSettings, present: &[(PathBuf, Access)]) -> Choice {
    let first = |wanted: Access| present.iter().find(|(_, access)| *access == wanted).map(|(path, _)| path.clone());
    let wanted = present.iter().find(|(path, access)| *path == settings.device && *access == Access::Camera);
    match settings.source {
        Source::V4l2 => Choice::Device(settings.device.clone()),
        Source::Replay => Choice::Replay(Why::Asked),
        Source::Auto => match wanted.map(|(path, _)| path.clone()).or_else(|| first(Access::Camera)) {
            Some(path) => Choice::Device(path),
            None => Choice::Replay(first(Access::Forbidden).map_or(Why::NoCamera, Why::Forbidden)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_takes_the_wanted_device_then_any_then_the_clip() {
        let path = |p: &str| PathBuf::from(p);
        let device = |p: &str| Choice::Device(path(p));
        let camera = |p: &str| (path(p), Access::Camera);
        let present = [(path("/dev/video1"), Access::Forbidden), camera("/dev/video2"), camera("/dev/video4")];
        let take = |device: &str, source, present: &[(PathBuf, Access)]| {
            choose(&CameraSettings { device: path(device), source, ..CameraSettings::default() }, present)
        };
        assert_eq!(take("/dev/video4", Source::Auto, &present), device("/dev/video4"));
        assert_eq!(take("/dev/video0", Source::Auto, &present), device("/dev/video2"));
        assert_eq!(take("/dev/video0", Source::Auto, &[]), Choice::Replay(Why::NoCamera));
        let forbidden = Choice::Replay(Why::Forbidden(path("/dev/video1")));
        assert_eq!(take("/dev/video0", Source::Auto, &present[..1]), forbidden);
        assert_eq!(take("/dev/video0", Source::V4l2, &[]), device("/dev/video0"));
        assert_eq!(take("/dev/video4", Source::Replay, &present), Choice::Replay(Why::Asked));
    }

    #[test]
    fn a_value_out_of_range_names_its_key() {
        let settings = CameraSettings { fps: 0, ..CameraSettings::default() };
        assert_eq!(settings.check().unwrap_err(), "camera.fps is 0; it must lie within 1 and 60");
        assert!(CameraSettings::default().check().is_ok());
    }
}
