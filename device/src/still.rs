//! An image file → a picture, upright.
//!
//! Enters: the path of a JPEG, PNG, GIF, BMP or WebP file. Leaves: a [`Picture`]; a JPEG keeps the
//! colours it has. What fails is told as one sentence by [`StillError`]: not readable, not an
//! image, no pixels, too many, or broken.

use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use image::metadata::Orientation;
use image::{DynamicImage, GrayImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};
use moodring_vision::Range;
use thiserror::Error;

use crate::camera::jpeg;
use crate::frame::{Picture, PixelFormat};

/// The most pixels that an image may have: more than any phone takes, and 200 MB when decoded.
pub const MAX_PIXELS: u64 = 64_000_000;

/// The longest file that is read, in bytes.
pub const MAX_BYTES: u64 = 256 * 1024 * 1024;

/// Why a file gives no picture.
#[derive(Debug, Error)]
pub enum StillError {
    /// The system does not give the file.
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is something else.
    #[error("is no image of a known kind (JPEG, PNG, GIF, BMP, WebP)")]
    Unknown,
    /// It begins like an image, but cannot be decoded, has no pixels, or has too many.
    #[error("{0}")]
    Bad(String),
}

/// Reads one image file.
///
/// # Errors
/// See [`StillError`].
pub fn load(path: &Path) -> Result<Picture, StillError> {
    let meta = fs::metadata(path)?;
    if !meta.is_file() {
        return Err(StillError::Bad("is not a file".to_owned()));
    }
    if meta.len() > MAX_BYTES {
        let limit = MAX_BYTES / (1024 * 1024);
        return Err(StillError::Bad(format!("is {} bytes long; at most {limit} MiB are read", meta.len())));
    }
    decode(&fs::read(path)?)
}

/// The image files directly in a folder, by the ending of their names, in the order of their names.
///
/// # Errors
/// The folder cannot be read.
pub fn images_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut images = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if is_named_like_an_image(&path) {
            images.push(path);
        }
    }
    images.sort();
    Ok(images)
}

/// Whether a file's name ends like an image's.
pub fn is_named_like_an_image(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("").to_ascii_lowercase();
    ["jpg", "jpeg", "png", "gif", "bmp", "webp"].contains(&extension.as_str())
}

/// Decodes one image file's bytes.
///
/// # Errors
/// See [`StillError`]; never `Read`.
pub fn decode(bytes: &[u8]) -> Result<Picture, StillError> {
    let format = image::guess_format(bytes).map_err(|_| StillError::Unknown)?;
    if format == ImageFormat::Jpeg {
        let (picture, turn) = jpeg::decode(bytes, MAX_PIXELS).map_err(StillError::Bad)?;
        return upright(picture, turn).map_err(StillError::Bad);
    }
    if !matches!(format, ImageFormat::Png | ImageFormat::Gif | ImageFormat::Bmp | ImageFormat::WebP) {
        return Err(StillError::Unknown);
    }
    let bad = |e: image::ImageError| StillError::Bad(format!("broken {format:?}: {e}"));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    // Decoding to 16 bits with alpha takes 8 bytes a pixel.
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(8 * MAX_PIXELS);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(bad)?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if pixels == 0 || pixels > MAX_PIXELS {
        let much = if pixels == 0 { "no pixels" } else { "too many pixels" };
        return Err(StillError::Bad(format!("{width}×{height} is {much}; 1 to {MAX_PIXELS} are read")));
    }
    let turn = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).map_err(bad)?;
    image.apply_orientation(turn);
    from_image(image).map_err(StillError::Bad)
}

fn from_image(image: DynamicImage) -> Result<Picture, String> {
    let (width, height) = (image.width(), image.height());
    let (format, data) = if image.color().has_color() {
        (PixelFormat::Rgb8, image.into_rgb8().into_raw())
    } else {
        (PixelFormat::Grey, image.into_luma8().into_raw())
    };
    Picture::new(format, width, height, 0, Range::Full, data).map_err(|e| e.to_string())
}

/// Turns a picture as its EXIF data asks.
fn upright(picture: Picture, turn: Orientation) -> Result<Picture, String> {
    if turn == Orientation::NoTransforms {
        return Ok(picture);
    }
    let (format, width, height) = (picture.format(), picture.width(), picture.height());
    let data = picture.into_data();
    // Three bytes a pixel are turned the same way, whatever colour they stand for.
    let image = match format {
        PixelFormat::Grey => GrayImage::from_raw(width, height, data).map(DynamicImage::from),
        _ => RgbImage::from_raw(width, height, data).map(DynamicImage::from),
    };
    let mut image = image.ok_or_else(|| "broken JPEG: its size does not match its pixels".to_owned())?;
    image.apply_orientation(turn);
    Picture::new(format, image.width(), image.height(), 0, Range::Full, image.into_bytes()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut out = Cursor::new(Vec::new());
        image.write_to(&mut out, format).unwrap();
        out.into_inner()
    }

    fn gradient() -> DynamicImage {
        RgbImage::from_fn(32, 16, |x, y| image::Rgb([(x * 8) as u8, (y * 16) as u8, 60])).into()
    }

    #[test]
    fn each_kind_of_image_gives_the_same_pixels() {
        for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::Bmp, ImageFormat::WebP, ImageFormat::Gif] {
            let picture = decode(&encoded(&gradient(), format)).unwrap();
            assert_eq!((picture.width(), picture.height()), (32, 16), "{format:?}");
            let [r, g, b] = picture.view().rgb(20, 10).map(i32::from);
            let off = (r - 160).abs().max((g - 160).abs()).max((b - 60).abs());
            assert!(off <= 24, "{format:?}: {r} {g} {b}");
        }
    }

    #[test]
    fn grey_images_stay_grey() {
        let grey = DynamicImage::from(GrayImage::from_pixel(8, 8, image::Luma([77])));
        for format in [ImageFormat::Jpeg, ImageFormat::Png] {
            let picture = decode(&encoded(&grey, format)).unwrap();
            assert_eq!((picture.format(), picture.view().luma(3, 3)), (PixelFormat::Grey, 77));
        }
    }

    /// A JPEG with an EXIF segment that asks for `orientation`, 1 to 8.
    fn turned(orientation: u8) -> Vec<u8> {
        let jpeg = encoded(&gradient(), ImageFormat::Jpeg);
        let mut segment = vec![0xff, 0xe1, 0, 34];
        segment.extend(b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0");
        segment.extend([orientation, 0, 0, 0, 0, 0, 0]);
        [&jpeg[..2], &segment, &jpeg[2..]].concat()
    }

    #[test]
    fn a_photograph_taken_sideways_is_turned_upright() {
        let picture = decode(&turned(1)).unwrap();
        assert_eq!((picture.width(), picture.height()), (32, 16));
        let sideways = decode(&turned(6)).unwrap();
        assert_eq!((sideways.width(), sideways.height()), (16, 32));
        // Turned a quarter clockwise: the left edge becomes the top.
        assert_eq!(sideways.view().luma(15, 0), picture.view().luma(0, 0));
        assert_eq!(sideways.view().luma(0, 31), picture.view().luma(31, 15));
    }

    #[test]
    fn what_is_no_image_says_so() {
        for (bytes, says) in [
            (vec![], "no image of a known kind"),
            (b"hello, world".to_vec(), "no image of a known kind"),
            (encoded(&gradient(), ImageFormat::Png)[..60].to_vec(), "broken Png"),
            (encoded(&gradient(), ImageFormat::Jpeg)[..60].to_vec(), "broken JPEG"),
            (b"\xff\xd8\xff\xe0garbage".to_vec(), "broken JPEG"),
            (huge_png(), "100000×100000"),
            (empty_bmp(), "broken Bmp"),
        ] {
            let error = decode(&bytes).unwrap_err().to_string();
            assert!(error.contains(says), "{error} should say {says}");
        }
        assert!(load(Path::new("/nowhere.png")).unwrap_err().to_string().starts_with("cannot be read: "));
        assert!(load(Path::new("/")).unwrap_err().to_string().contains("not a file"));
    }

    /// A PNG's head that claims ten thousand million pixels.
    fn huge_png() -> Vec<u8> {
        let mut png = encoded(&gradient(), ImageFormat::Png);
        png[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
        // The checksum of the changed header, CRC-32 of its 17 bytes.
        let mut crc = !0u32;
        for &byte in &png[12..29] {
            crc ^= u32::from(byte);
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            }
        }
        png[29..33].copy_from_slice(&(!crc).to_be_bytes());
        png
    }

    fn empty_bmp() -> Vec<u8> {
        let mut bmp = encoded(&gradient(), ImageFormat::Bmp);
        bmp[18..26].fill(0);
        bmp
    }
}
