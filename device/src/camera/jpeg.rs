//! JPEG → picture without a colour conversion: what an MJPG webcam and most clips deliver.
//!
//! Enters: the bytes of one JPEG image. Leaves: a [`Picture`] in the colours the file has (YUV, or
//! luma only), because the networks look at a few thousand pixels and converting all of them would
//! cost more than both networks. What fails: bytes that are no JPEG, broken ones, and more pixels
//! than allowed, which is found out before any are decoded.

use image::metadata::Orientation;
use moodring_vision::Range;
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::frame::{Picture, PixelFormat};

/// Decodes one JPEG of at most `max_pixels` pixels, as it lies, and says how to turn it upright.
///
/// # Errors
/// A sentence that says what was found.
pub fn decode(bytes: &[u8], max_pixels: u64) -> Result<(Picture, Orientation), String> {
    let options = DecoderOptions::new_fast().set_max_width(65_535).set_max_height(65_535);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let broken = |e: zune_jpeg::errors::DecodeErrors| format!("broken JPEG: {e}");
    decoder.decode_headers().map_err(broken)?;
    let (width, height) = decoder.dimensions().ok_or_else(|| "broken JPEG: no size".to_owned())?;
    let pixels = width as u64 * height as u64;
    if pixels > max_pixels {
        return Err(format!("{width}×{height} is too many pixels; at most {max_pixels} are read"));
    }
    let (out, format) = match decoder.input_colorspace() {
        Some(ColorSpace::Luma) => (ColorSpace::Luma, PixelFormat::Grey),
        Some(ColorSpace::YCbCr) => (ColorSpace::YCbCr, PixelFormat::Yuv8),
        _ => (ColorSpace::RGB, PixelFormat::Rgb8),
    };
    decoder.set_options(options.jpeg_set_out_colorspace(out));
    let data = decoder.decode().map_err(broken)?;
    let turn =
        decoder.exif().and_then(|chunk| Orientation::from_exif_chunk(chunk)).unwrap_or(Orientation::NoTransforms);
    let picture = Picture::new(format, width as u32, height as u32, 0, Range::Full, data);
    picture.map(|picture| (picture, turn)).map_err(|e| e.to_string())
}
