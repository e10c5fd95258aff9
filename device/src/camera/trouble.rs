//! What the complaints of the system and of the driver mean for a camera.
//!
//! Enters: the error of a call. Leaves: the [`CameraError`] that says what to do. Nothing fails.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use super::CameraError;

const ENXIO: i32 = 6;
const EBUSY: i32 = 16;
const ENODEV: i32 = 19;
const EINVAL: i32 = 22;
const ENOTTY: i32 = 25;
const ENOSPC: i32 = 28;
const EPIPE: i32 = 32;

/// What an error means while a camera is being opened.
pub(super) fn opening(path: &Path, error: &io::Error) -> CameraError {
    let path = path.to_owned();
    match (error.kind(), error.raw_os_error()) {
        (io::ErrorKind::NotFound, _) | (_, Some(ENXIO | ENODEV)) => CameraError::Missing(path),
        (io::ErrorKind::ResourceBusy, _) => CameraError::Busy(path),
        (io::ErrorKind::PermissionDenied, _) => CameraError::Forbidden(path),
        (_, Some(ENOTTY | EINVAL)) => CameraError::Unsupported { path, why: format!("is no video camera ({error})") },
        _ => CameraError::Bad { path, why: error.to_string() },
    }
}

/// What an error means while frames are being waited for; `began` once there was one.
pub(super) fn streaming(path: &Path, error: &io::Error, began: bool) -> CameraError {
    let path = path.to_owned();
    match error.raw_os_error() {
        Some(ENODEV | ENXIO) => CameraError::Lost { path, why: error.to_string() },
        Some(EBUSY) => CameraError::Busy(path),
        Some(ENOSPC) => {
            let why = "not enough USB bandwidth: lower [camera] width and height, or use another port";
            CameraError::Bad { path, why: why.to_owned() }
        }
        Some(EPIPE | EINVAL) if !began => {
            let why =
                format!("does not begin with this size and format ({error}); set another [camera] width and height");
            CameraError::Unsupported { path, why }
        }
        _ => CameraError::Bad { path, why: error.to_string() },
    }
}

/// Whether an error while formats are tried says something about all of them.
pub(super) fn is_final(error: &CameraError) -> bool {
    matches!(error, CameraError::Missing(_) | CameraError::Busy(_) | CameraError::Forbidden(_))
}

/// What `call` gives; a panic of the V4L2 crate, which meets answers that it does not know with one,
/// becomes an error of this camera.
pub(super) fn caught<T>(path: &Path, call: impl FnOnce() -> Result<T, CameraError>) -> Result<T, CameraError> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| {
        let why = format!("the driver gave an answer that cannot be understood ({})", words(&*panic));
        Err(CameraError::Bad { path: path.to_owned(), why })
    })
}

/// What was said when somebody panicked.
pub(super) fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no more is known")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_error_of_a_stream_says_what_to_do() {
        for (errno, began, says) in [
            (ENODEV, true, "/dev/video7 is gone: "),
            (ENXIO, false, "/dev/video7 is gone: "),
            (EBUSY, false, "the camera /dev/video7 is busy: "),
            (ENOSPC, false, "/dev/video7: not enough USB bandwidth: lower [camera] width and height"),
            (EPIPE, false, "/dev/video7: does not begin with this size"),
            (EINVAL, false, "/dev/video7: does not begin with this size"),
            (EPIPE, true, "/dev/video7: Broken pipe"),
            (EINVAL, true, "/dev/video7: Invalid argument"),
            (5, false, "/dev/video7: Input/output error"),
        ] {
            let error = io::Error::from_raw_os_error(errno);
            let error = streaming(Path::new("/dev/video7"), &error, began).to_string();
            assert!(error.starts_with(says), "{error}\nshould say {says}");
        }
    }

    #[test]
    fn a_format_that_cannot_be_tried_leaves_the_others() {
        let of = |errno| is_final(&opening(Path::new("/dev/video7"), &io::Error::from_raw_os_error(errno)));
        assert_eq!([EBUSY, ENODEV, 2, 13, EINVAL, 5, ENOTTY].map(of), [true, true, true, true, false, false, false]);
    }

    #[test]
    fn a_panic_of_the_driver_names_the_camera() {
        let error = caught::<()>(Path::new("/dev/video7"), || panic!("Invalid field order")).unwrap_err().to_string();
        assert!(error.starts_with("/dev/video7: ") && error.contains("(Invalid field order)"), "{error}");
    }
}
