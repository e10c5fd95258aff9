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

/// Where the kernel names its video devices, for everybody to read.
const CLASS: &str = "/sys/class/video4linux";

/// Drivers of a Pi that look like cameras, but only convert pictures for other programs.
const CONVERTERS: [&str; 5] = ["bcm2835-isp", "bcm2835-codec", "pispbe", "rpi-hevc-dec", "rpivid"];

/// Drivers of a Pi's camera modules: raw data of the sensor, which libcamera makes pictures of.
const MODULES: [&str; 3] = ["unicam", "bcm2835-unicam", "rp1-cfe"];

/// A device under `/dev`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its path.
    pub path: PathBuf,
    /// Whether it may be used.
    pub access: Access,
    /// Which camera it is; `None` where it could not be asked.
    pub identity: Option<Identity>,
}

/// Which camera it is, whatever its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Its name.
    pub card: String,
    /// Where it is plugged in.
    pub bus: String,
}

/// What is known of a device without using it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It gives pictures, or it is the wanted one, and opening it will say what is wrong.
    Camera,
    /// It may not be opened by this user, so nobody knows.
    Forbidden,
}

/// The devices that are cameras, or may be, by number.
pub fn present(wanted: &Path) -> Vec<Node> {
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
    // Known without opening them: opening a codec sets up a whole conversion.
    nodes.retain(|path| !is_known_as_none(&kernels_name(path)) || path == wanted);
    // The crate panics on names that are no UTF-8.
    let ask = |path: PathBuf| {
        let (access, identity) = catch_unwind(|| access(&path, wanted)).unwrap_or(None)?;
        Some(Node { path, access, identity })
    };
    nodes.into_iter().filter_map(ask).collect()
}

/// The kernel's name of a device; empty where there is none.
fn kernels_name(path: &Path) -> String {
    let node = path.file_name().unwrap_or_default();
    fs::read_to_string(Path::new(CLASS).join(node).join("name")).unwrap_or_default()
}

/// Whether a device of this name is known not to be a webcam: `bcm2835-codec-decode`, `unicam-image`.
fn is_known_as_none(name: &str) -> bool {
    is_receiver(name) || CONVERTERS.iter().any(|converter| name.starts_with(converter))
}

/// Whether the kernel knows of a camera module on the ribbon cable. It makes a device of its receiver
/// only once a sensor has answered.
pub fn module_is_connected() -> bool {
    let Ok(entries) = fs::read_dir(CLASS) else { return false };
    entries.flatten().any(|entry| is_receiver(&kernels_name(&entry.path())))
}

/// Whether a device of this name receives a module's raw data: `unicam-image`, `rp1-cfe-csi2_ch0`.
fn is_receiver(name: &str) -> bool {
    name.starts_with("unicam") || name.starts_with("rp1-cfe")
}

fn access(path: &Path, wanted: &Path) -> Option<(Access, Option<Identity>)> {
    let device = match Device::with_path(path) {
        Ok(device) => device,
        Err(_) if path == wanted && path.exists() => return Some((Access::Camera, None)),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return Some((Access::Forbidden, None)),
        Err(_) => return None,
    };
    let caps = device.query_caps().ok()?;
    let formats = device.enum_formats().ok()?;
    let reads = caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING)
        && no_camera(&caps.driver).is_none()
        && formats.iter().any(|d| CODINGS.iter().any(|(code, _)| d.fourcc == FourCC::new(code)));
    reads.then_some((Access::Camera, Some(Identity { card: caps.card, bus: caps.bus })))
}

/// Why a device of this driver is no camera, if that is known.
pub(super) fn no_camera(driver: &str) -> Option<&'static str> {
    if MODULES.contains(&driver) {
        return Some(
            "is the raw data of a camera module on the ribbon cable: set [camera] source = \"rpicam\" (or \"auto\")",
        );
    }
    CONVERTERS.contains(&driver).then_some(
        "only converts pictures for other programs: set [camera] source = \"auto\", or name a webcam's device",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_camera_module_is_told_from_a_webcam() {
        for module in ["unicam", "bcm2835-unicam", "rp1-cfe"] {
            let why = no_camera(module).unwrap();
            assert!(why.contains("source = \"rpicam\""), "{why}");
        }
        assert!(no_camera("pispbe").unwrap().contains("only converts"));
        assert_eq!(no_camera("uvcvideo"), None);
        assert!(is_receiver("unicam-image\n") && is_receiver("rp1-cfe-csi2_ch0\n"));
        assert!(is_known_as_none("bcm2835-codec-decode\n") && is_known_as_none("unicam-image\n"));
        assert!(!is_known_as_none("vivid-000-vid-cap\n") && !is_known_as_none(""));
        assert!(!is_receiver("HD Webcam: unicam\n") && !is_receiver("bcm2835-isp-output0\n"));
    }

    #[test]
    fn what_cannot_be_asked_is_forgiven_only_when_wanted() {
        let (null, none) = (Path::new("/dev/null"), Path::new("/dev/video-none"));
        assert_eq!(access(null, null), None, "it can be opened, and is no camera");
        assert_eq!(access(none, none), None, "it is not there");
        // A folder cannot be opened like a device.
        assert_eq!(access(Path::new("/dev"), Path::new("/dev")), Some((Access::Camera, None)));
        assert_eq!(access(Path::new("/dev"), null), None);
        assert!(present(null).iter().all(|node| node.path != null));
    }
}
