//! Which cameras are plugged in.
//!
//! Enters: the device that is wanted. Leaves: the devices that give pictures in a format that is
//! read, and those that may not be opened. Nothing fails.

use std::fs;
use std::io;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use v4l::Device;
use v4l::FourCC;
use v4l::capability::Flags;
use v4l::video::Capture;

use super::v4l2::CODINGS;

/// Drivers of a Pi that look like cameras, but only convert pictures for other programs.
const CONVERTERS: [&str; 4] = ["bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec"];

/// Drivers of a Pi's camera modules: raw data of the sensor, which libcamera makes pictures of.
const MODULES: [&str; 3] = ["unicam", "bcm2835-unicam", "rp1-cfe"];

/// What is known of a device without using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It gives pictures, or it is the wanted one, and opening it will say what is wrong.
    Camera,
    /// It may not be opened by this user, so nobody knows.
    Forbidden,
}

/// The devices that are cameras, or may be, by number.
pub fn present(wanted: &Path) -> Vec<(PathBuf, Access)> {
    let Ok(entries) = fs::read_dir("/dev") else { return Vec::new() };
    let number = |path: &Path| path.file_name()?.to_str()?.strip_prefix("video")?.parse::<u32>().ok();
    let mut nodes: Vec<(u32, PathBuf)> =
        entries.flatten().map(|e| e.path()).filter_map(|path| Some((number(&path)?, path))).collect();
    nodes.sort();
    let mut nodes: Vec<PathBuf> = nodes.into_iter().map(|(_, path)| path).collect();
    // The wanted one may have another name, as in /dev/v4l/by-id.
    if !nodes.iter().any(|path| path == wanted) && wanted.exists() {
        nodes.insert(0, wanted.to_owned());
    }
    // The crate panics on names that are no UTF-8.
    let access = |path: &Path| catch_unwind(|| access(path, wanted)).unwrap_or(None);
    nodes.into_iter().filter_map(|path| access(&path).map(|access| (path, access))).collect()
}

fn access(path: &Path, wanted: &Path) -> Option<Access> {
    let device = match Device::with_path(path) {
        Ok(device) => device,
        Err(_) if path == wanted && path.exists() => return Some(Access::Camera),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Some(Access::Forbidden),
        Err(_) => return None,
    };
    let caps = device.query_caps().ok()?;
    let formats = device.enum_formats().ok()?;
    let reads = caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING)
        && no_camera(&caps.driver).is_none()
        && formats.iter().any(|d| CODINGS.iter().any(|(code, _)| d.fourcc == FourCC::new(code)));
    reads.then_some(Access::Camera)
}

/// Why a device of this driver is no camera, if that is known.
pub(super) fn no_camera(driver: &str) -> Option<&'static str> {
    if MODULES.contains(&driver) {
        return Some(
            "is a camera module on a ribbon cable, a libcamera device that this version cannot read: use a USB webcam",
        );
    }
    CONVERTERS.contains(&driver).then_some("only converts pictures for other programs: name a USB webcam's device")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_module_is_told_from_a_webcam() {
        for module in ["unicam", "bcm2835-unicam", "rp1-cfe"] {
            let why = no_camera(module).unwrap();
            assert!(why.contains("libcamera") && why.contains("USB webcam"), "{why}");
        }
        assert!(no_camera("pispbe").unwrap().contains("only converts"));
        assert_eq!(no_camera("uvcvideo"), None);
    }

    #[test]
    fn what_cannot_be_asked_is_forgiven_only_when_wanted() {
        let (null, none) = (Path::new("/dev/null"), Path::new("/dev/video-none"));
        assert_eq!(access(null, null), None, "it can be opened, and is no camera");
        assert_eq!(access(none, none), None, "it is not there");
        // A folder cannot be opened like a device.
        assert_eq!(access(Path::new("/dev"), Path::new("/dev")), Some(Access::Camera));
        assert_eq!(access(Path::new("/dev"), null), None);
        assert!(present(null).iter().all(|(path, _)| path != null));
    }
}
