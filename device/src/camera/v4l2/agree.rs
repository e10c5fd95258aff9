//! What is agreed with a V4L2 camera: format, size and rate.
//!
//! Enters: an open device, and what is wanted. Leaves: a stream with its buffers. What fails: a device
//! that is no camera, or has nothing that can be read, which says what it has.

use std::io;
use std::path::Path;
use std::time::Duration;

use moodring_vision::Range;
use v4l::buffer::Type;
use v4l::capability::{Capabilities, Flags};
use v4l::format::{Colorspace, Quantization};
use v4l::io::mmap::Stream;
use v4l::video::Capture;
use v4l::video::capture::Parameters;
use v4l::{Device, Format, FourCC};

use crate::camera::devices::{self, Identity};
use crate::camera::{CameraError, CameraSettings, trouble};
use crate::frame::PixelFormat;

/// Buffers that the driver fills in turn: one at work, one being read, two for jitter.
const BUFFERS: u32 = 4;

/// The most buffers that a driver makes of them.
pub(super) const MOST_BUFFERS: usize = 32;

/// What arrives in a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::camera) enum Coding {
    Raw(PixelFormat),
    Mjpg,
}

/// The formats that are read, the cheapest for both ends first.
pub(in crate::camera) const CODINGS: [(&[u8; 4], Coding); 7] = [
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
    /// The time from one frame to the next; `None` where the driver does not say.
    interval: Option<Duration>,
}

/// A camera that is ready to begin.
pub(super) struct Agreed {
    pub(super) device: Device,
    pub(super) stream: Stream<'static>,
    pub(super) identity: Identity,
    pub(super) format: Format,
    pub(super) coding: Coding,
    pub(super) range: Range,
    pub(super) interval: Option<Duration>,
}

/// Opens the device at `path` and agrees with it on format, size and rate.
///
/// # Errors
/// See [`CameraError`]: missing, busy, forbidden, unsupported.
pub(super) fn agree(path: &Path, settings: &CameraSettings) -> Result<Agreed, CameraError> {
    let told = |e: io::Error| trouble::opening(path, &e);
    let device = Device::with_path(path).map_err(told)?;
    let caps = device.query_caps().map_err(told)?;
    if let Some(why) = devices::no_camera(&caps.driver) {
        return Err(unsupported(path, format!("{} {why}", caps.card)));
    }
    if !caps.capabilities.contains(Flags::VIDEO_CAPTURE | Flags::STREAMING) {
        return Err(unsupported(path, no_video(&caps)));
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
                let interval = set_rate(&device, settings.fps);
                offers.push(Offer { coding, width: format.width, height: format.height, interval });
            }
            Ok(format) => tracing::debug!("{}: {fourcc} asked for, {} given", path.display(), format.fourcc),
            Err(error) if trouble::is_final(&error) => return Err(error),
            Err(error) => tracing::debug!("{fourcc} refused: {error}"),
        }
    }
    let Some(offer) = best(&offers, settings) else {
        return Err(unsupported(path, nothing_to_read(&caps.card, &found)));
    };
    let (code, coding) = CODINGS[offer.coding];
    let format = device.set_format(&wanted(settings, FourCC::new(code))).map_err(told)?;
    if format.fourcc != FourCC::new(code) {
        let why = format!("{} promised {}, and gives {}", caps.card, FourCC::new(code), format.fourcc);
        return Err(unsupported(path, why));
    }
    let interval = set_rate(&device, settings.fps);
    let stream = Stream::with_buffers(&device, Type::VideoCapture, BUFFERS).map_err(told)?;
    let identity = Identity { card: caps.card, bus: caps.bus };
    Ok(Agreed { device, stream, identity, range: range(&format), format, coding, interval })
}

/// Why a device of these abilities is no camera.
fn no_video(caps: &Capabilities) -> String {
    let Capabilities { card, capabilities, .. } = caps;
    if capabilities.intersects(Flags::META_CAPTURE | Flags::META_OUTPUT) {
        return format!("{card} gives only data about its pictures here; its pictures have another number");
    }
    if capabilities.contains(Flags::VIDEO_OUTPUT) {
        // A v4l2loopback device with exclusive_caps=1 becomes a camera only then.
        return format!("{card} takes pictures and gives none; a loopback device does once a program feeds it");
    }
    format!("{card} gives no video")
}

/// Why none of these formats will do.
fn nothing_to_read(card: &str, found: &[FourCC]) -> String {
    let names = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if found.is_empty() {
        return format!("{card} offers no format; a loopback device does once a program feeds it");
    }
    let hint = if found.iter().all(is_raw) {
        ", which is a sensor's raw data: set [camera] source = \"rpicam\" if it is on a Raspberry Pi's ribbon cable"
    } else {
        "; YUYV, NV12, YU12, MJPG, GREY and RGB3 are read"
    };
    format!("{card} gives only {names}{hint}")
}

/// Whether a format is a sensor's raw data, in 8, 10, 12, 14 or 16 bits, packed or not.
fn is_raw(fourcc: &FourCC) -> bool {
    let name = &fourcc.repr;
    let orders: [&[u8]; 5] = [b"BG", b"GB", b"BA", b"GR", b"RG"];
    let packed = name[0] == b'p' && matches!(name[1], b'B' | b'G' | b'g' | b'R');
    let plain = orders.contains(&&name[..2]) && name[2].is_ascii_digit();
    packed || plain || [b"GBRG", b"GRBG", b"RGGB"].contains(&name)
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

/// Asks for a rate and returns the time from one frame to the next that the driver will give, if it
/// says.
fn set_rate(device: &Device, fps: u32) -> Option<Duration> {
    let interval = device.set_params(&Parameters::with_fps(fps)).ok()?.interval;
    seconds(interval.numerator, interval.denominator)
}

/// A driver's interval; none of five seconds or more, which no camera for people has.
fn seconds(numerator: u32, denominator: u32) -> Option<Duration> {
    let seconds = f64::from(numerator) / f64::from(denominator);
    (seconds > 0.0 && seconds < 5.0).then(|| Duration::from_secs_f64(seconds))
}

/// The offer nearest to what is wanted: first in rate (too slow is bad, faster is not), then in
/// size, then the cheapest format.
fn best(offers: &[Offer], settings: &CameraSettings) -> Option<Offer> {
    let too_slow =
        |offer: &Offer| offer.interval.is_some_and(|every| every.as_secs_f32() * settings.fps as f32 > 1.0 / 0.9);
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
        Offer { coding, width, height, interval: seconds(100, (fps * 100.0) as u32) }
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
    fn a_rate_that_no_camera_has_is_none() {
        assert_eq!(seconds(1, 1), Some(Duration::from_secs(1)));
        assert_eq!(seconds(1, 4), Some(Duration::from_millis(250)));
        for (numerator, denominator) in [(0, 0), (1, 0), (0, 1), (u32::MAX, 1)] {
            assert_eq!(seconds(numerator, denominator), None, "{numerator}/{denominator}");
        }
    }

    #[test]
    fn a_camera_without_a_readable_format_says_what_it_has() {
        let why = |codes: &[&[u8; 4]]| {
            nothing_to_read("Cam", &codes.iter().map(|code| FourCC::new(code)).collect::<Vec<_>>())
        };
        assert_eq!(
            why(&[b"H264", b"UYVY"]),
            "Cam gives only H264, UYVY; YUYV, NV12, YU12, MJPG, GREY and RGB3 are read"
        );
        let raw = why(&[b"pBAA", b"BG10", b"RG12", b"BA81", b"GBRG"]);
        assert!(raw.starts_with("Cam gives only pBAA, BG10") && raw.contains("source = \"rpicam\""), "{raw}");
        assert!(!why(&[b"BGR3", b"BGR4"]).contains("rpicam"));
        assert!(why(&[]).contains("once a program feeds it"));
        for (flags, says) in [
            (Flags::META_CAPTURE | Flags::STREAMING, "its pictures have another number"),
            (Flags::VIDEO_OUTPUT | Flags::STREAMING, "once a program feeds it"),
            (Flags::VIDEO_M2M_MPLANE | Flags::STREAMING, "gives no video"),
        ] {
            let (driver, card, bus) = (String::new(), "Cam".to_owned(), String::new());
            let caps = Capabilities { driver, card, bus, version: (6, 12, 0), capabilities: flags };
            assert!(no_video(&caps).contains(says), "{}", no_video(&caps));
        }
    }
}
