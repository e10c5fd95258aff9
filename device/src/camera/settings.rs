//! `[camera]`: where frames come from.
//!
//! Enters: that section. Leaves: values in range. What fails: [`CameraSettings::check`], with a
//! sentence that names the key.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{light::LightSettings, rpicam::RpicamSettings};

/// `[camera]`: where frames come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CameraSettings {
    /// `auto` (default), `rpicam`, `v4l2` or `replay`.
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
    /// A camera module on the ribbon cable.
    pub rpicam: RpicamSettings,
    /// When it is too dark to read faces.
    pub light: LightSettings,
}

/// Which kind of camera.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// A camera module if there is one, else the device, else the first other capture device, else the
    /// replay, where there is a clip.
    #[default]
    Auto,
    /// A camera module on a Raspberry Pi's ribbon cable.
    Rpicam,
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
            rpicam: RpicamSettings::default(),
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
        self.rpicam.check().map_err(|why| format!("camera.rpicam.{why}"))?;
        self.light.check().map_err(|why| format!("camera.light.{why}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_names_its_key() {
        let settings = CameraSettings { fps: 0, ..CameraSettings::default() };
        assert_eq!(settings.check().unwrap_err(), "camera.fps is 0; it must lie within 1 and 60");
        assert!(CameraSettings::default().check().is_ok());
        let options = vec!["--rotation".to_owned(), "180".to_owned(), "--width=5".to_owned()];
        let rpicam = RpicamSettings { options, ..RpicamSettings::default() };
        let error = CameraSettings { rpicam, ..CameraSettings::default() }.check().unwrap_err();
        assert!(error.starts_with("camera.rpicam.options holds \"--width=5\""), "{error}");
    }
}
