//! JPEG → picture without a colour conversion: what an MJPG webcam and most clips deliver.
//!
//! Enters: the bytes of one JPEG image. Leaves: a [`Picture`] in the colours the file has (YUV, or
//! luma only), because the networks look at a few thousand pixels and converting all of them would
//! cost more than both networks. What fails: bytes that are no JPEG, broken ones, and more pixels
//! than allowed, which is found out before any are decoded.

use std::borrow::Cow;

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
    let bytes = with_tables(bytes);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(&*bytes), options);
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

/// The image, with a mark that stands for the usual Huffman tables where it has none: many webcams
/// leave them out, and the decoder fills them in only for files marked as Motion JPEG of an AVI.
fn with_tables(bytes: &[u8]) -> Cow<'_, [u8]> {
    const MARK: &[u8] = b"\xff\xe0\0\x07AVI1\0";
    const HUFFMAN_TABLES: u8 = 0xc4;
    const START_OF_SCAN: u8 = 0xda;
    let mut at = 2;
    while let Some(&[0xff, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            HUFFMAN_TABLES => return Cow::Borrowed(bytes),
            START_OF_SCAN => return Cow::Owned([&bytes[..2], MARK, &bytes[2..]].concat()),
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    Cow::Borrowed(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHOTOGRAPH: &[u8] = include_bytes!("../../../models/vision/tests/data/astronaut.jpg");

    /// The same image without its Huffman tables, as many webcams send it.
    fn without_tables(jpeg: &[u8]) -> Vec<u8> {
        let mut out = jpeg[..2].to_vec();
        let mut at = 2;
        while jpeg[at + 1] != 0xda {
            let end = at + 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
            if jpeg[at + 1] != 0xc4 {
                out.extend(&jpeg[at..end]);
            }
            at = end;
        }
        out.extend(&jpeg[at..]);
        out
    }

    #[test]
    fn colours_stay_as_they_are_in_the_file() {
        let (picture, turn) = decode(PHOTOGRAPH, 640 * 480).unwrap();
        assert_eq!((picture.format(), turn), (PixelFormat::Yuv8, Orientation::NoTransforms));
        // Her suit is orange.
        let [r, g, b] = picture.view().rgb(170, 430);
        assert!(r > 180 && g < r - 60 && b < g, "{r} {g} {b}");
        assert!(decode(PHOTOGRAPH, 640 * 480 - 1).unwrap_err().contains("640×480 is too many pixels"));
    }

    #[test]
    fn a_webcam_may_leave_out_the_huffman_tables() {
        let (whole, _) = decode(PHOTOGRAPH, 640 * 480).unwrap();
        let (bare, _) = decode(&without_tables(PHOTOGRAPH), 640 * 480).unwrap();
        assert!(whole.into_data() == bare.into_data());
    }

    #[test]
    fn bytes_from_anywhere_are_no_reason_to_panic() {
        let mut state = 1_u32;
        for round in 0..300 {
            let mut bytes = PHOTOGRAPH[..PHOTOGRAPH.len() * (round % 10 + 1) / 10].to_vec();
            for _ in 0..8 {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let at = state as usize % bytes.len().min(if round % 2 == 0 { 700 } else { usize::MAX });
                bytes[at] = (state >> 24) as u8;
            }
            // Some decode to a damaged picture, some are refused.
            if let Ok((picture, _)) = decode(&bytes, 4_000_000) {
                picture.view().rgb(picture.width() - 1, picture.height() - 1);
            }
        }
    }
}
