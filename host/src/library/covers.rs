//! The pictures of albums: out of the files themselves or the folder around them, made small.
//!
//! In: a file of music. Out: a JPEG of at most 320 pixels a side, kept in the state directory so that a
//! large picture is read once. Fails never: a picture that cannot be read is none.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    io::{BufReader, Cursor},
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    time::SystemTime,
};

use bytes::Bytes;
use image::{DynamicImage, ImageReader, Limits, codecs::jpeg::JpegEncoder};
use lofty::{config::ParseOptions, file::TaggedFileExt, picture::PictureType, probe::Probe};

/// The longest side of a kept picture, pixels.
const SIDE: u32 = 320;
/// Of a JPEG, 1 to 100.
const QUALITY: u8 = 80;
/// A picture of more bytes than this is left alone, as is one that takes more when it is unpacked.
const LARGEST: u64 = 16 * 1024 * 1024;
const UNPACKED: u64 = 64 * 1024 * 1024;
/// So many pictures are kept, some 20 MB; of more, the oldest go.
const KEPT: usize = 1_000;
/// What pictures in a folder are called.
const NAMES: [&str; 4] = ["cover", "folder", "front", "album"];

/// The picture of a file of music; `None` if it has none.
pub fn cover(file: &Path, kept_in: &Path) -> Option<Bytes> {
    let beside = fs::metadata(file).is_ok().then(|| beside(file)).flatten();
    let kept = kept_in.join(format!("{:016x}.jpg", key(&[Some(file), beside.as_deref()])));
    if let Ok(bytes) = fs::read(&kept) {
        return Some(bytes.into());
    }
    // Made-up files have made readers panic before; no cover is worth the page.
    let found = catch_unwind(AssertUnwindSafe(|| embedded(file).or_else(|| small(&read(&beside?)?))));
    let jpeg = found.ok().flatten()?;
    if let Err(why) = keep(&kept, &jpeg) {
        tracing::debug!("cannot keep a cover in {}: {why}", kept.display());
    }
    Some(jpeg.into())
}

/// A picture's bytes, unless it is too large or no file: a pipe would be waited for.
fn read(picture: &Path) -> Option<Vec<u8>> {
    let about = fs::metadata(picture).ok()?;
    if !about.is_file() || about.len() > LARGEST {
        return None;
    }
    fs::read(picture).ok()
}

/// A name for these files as they are now.
fn key(files: &[Option<&Path>]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        let about = file.and_then(|file| fs::metadata(file).ok());
        (file, about.map(|about| (about.len(), about.modified().ok()))).hash(&mut hasher);
    }
    hasher.finish()
}

fn embedded(file: &Path) -> Option<Vec<u8>> {
    let probe =
        Probe::new(BufReader::new(fs::File::open(file).ok()?)).options(ParseOptions::new().read_properties(false));
    let tagged = probe.guess_file_type().ok()?.read().ok()?;
    let pictures: Vec<_> = tagged.tags().iter().flat_map(|tag| tag.pictures()).collect();
    let front = pictures.iter().find(|picture| picture.pic_type() == PictureType::CoverFront);
    small(front.or(pictures.first())?.data())
}

/// A picture that lies beside the file: `cover.jpg`, `Folder.png`.
fn beside(file: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(file.parent()?).ok()?.flatten().map(|entry| entry.path());
    let rank = |path: &Path| {
        let ending = path.extension()?.to_str()?.to_lowercase();
        let stem = path.file_stem()?.to_str()?.to_lowercase();
        ["jpg", "jpeg", "png", "webp", "gif"].contains(&ending.as_str()).then_some(())?;
        NAMES.iter().position(|name| *name == stem)
    };
    entries.filter_map(|path| rank(&path).map(|rank| (rank, path))).min().map(|(_, path)| path)
}

/// Any picture as a small JPEG.
fn small(picture: &[u8]) -> Option<Vec<u8>> {
    if picture.len() as u64 > LARGEST {
        return None;
    }
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(UNPACKED);
    reader.limits(limits);
    let whole = reader.decode().ok()?;
    let whole = if whole.width().max(whole.height()) > SIDE { whole.thumbnail(SIDE, SIDE) } else { whole };
    let mut jpeg = Vec::new();
    let rgb = DynamicImage::ImageRgb8(whole.to_rgb8());
    rgb.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, QUALITY)).ok()?;
    Some(jpeg)
}

/// Writes a picture whole or not at all, and makes room for it.
fn keep(path: &Path, jpeg: &[u8]) -> std::io::Result<()> {
    let Some(folder) = path.parent() else { return Ok(()) };
    fs::create_dir_all(folder)?;
    let mut kept: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)?
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    if kept.len() >= KEPT {
        kept.sort();
        // A tenth at once, so that this is seldom.
        kept.iter().take(KEPT / 10).for_each(|(_, old)| drop(fs::remove_file(old)));
    }
    let half = path.with_extension("half");
    fs::write(&half, jpeg)?;
    fs::rename(&half, path)
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::*;

    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        let picture = DynamicImage::ImageRgb8(RgbImage::from_pixel(width, height, Rgb([200, 30, 30])));
        picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_beside_the_music_is_made_small_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (music, kept) = (dir.path().join("a.mp3"), dir.path().join("covers"));
        fs::write(&music, "no tags").unwrap();
        assert_eq!(cover(&music, &kept), None);
        fs::write(dir.path().join("Folder.PNG"), png(900, 600)).unwrap();
        let jpeg = cover(&music, &kept).unwrap();
        let picture = image::load_from_memory(&jpeg).unwrap();
        assert_eq!((picture.width(), picture.height()), (320, 213));
        assert_eq!(fs::read_dir(&kept).unwrap().count(), 1);
        assert_eq!(cover(&music, &kept), Some(jpeg));
        fs::write(dir.path().join("cover.jpg"), "not a picture").unwrap();
        assert_eq!(cover(&music, &kept), None, "a better name, but no picture");
        assert_eq!(cover(&dir.path().join("none.mp3"), &kept), None);
    }

    #[test]
    fn an_embedded_picture_counts_first() {
        let dir = tempfile::tempdir().unwrap();
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tone.flac");
        let music = dir.path().join("a.flac");
        fs::copy(data, &music).unwrap();
        fs::write(dir.path().join("cover.png"), png(16, 16)).unwrap();
        let mut tag = lofty::tag::Tag::new(lofty::tag::TagType::VorbisComments);
        let picture = lofty::picture::Picture::unchecked(png(64, 48)).pic_type(PictureType::CoverFront).build();
        tag.push_picture(picture);
        lofty::tag::TagExt::save_to_path(&tag, &music, lofty::config::WriteOptions::default()).unwrap();
        let picture = image::load_from_memory(&cover(&music, &dir.path().join("covers")).unwrap()).unwrap();
        assert_eq!((picture.width(), picture.height()), (64, 48));
    }
}
