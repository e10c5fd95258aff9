//! What a file of music says of itself: title, artist, album, length, moods, loudness.
//!
//! In: a path. Fails in words when the file cannot be read as music; nothing in a file can make
//! this panic.

use std::{
    fs::File,
    io::BufReader,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    time::Duration,
};

use lofty::{
    config::ParseOptions,
    file::{AudioFile, TaggedFileExt},
    probe::Probe,
    tag::{Accessor, ItemKey, Tag},
};

use super::{Emotions, words};
use crate::{
    decide::plane::{self, Point},
    player::level::Tagged,
};

/// Endings of the files that are looked at, in lower case.
pub const ENDINGS: [&str; 7] = ["mp3", "flac", "ogg", "oga", "opus", "wav", "m4a"];

/// Endings of sound that cannot be played, in lower case; such files are only counted.
pub const NOT_PLAYED: [&str; 14] =
    ["aac", "aif", "aiff", "alac", "ape", "dff", "dsf", "m4b", "m4p", "mka", "mpc", "weba", "wma", "wv"];

/// The longest title, artist or album kept, in characters.
const LONGEST: usize = 300;

/// What R128 tags aim at is so much below what ReplayGain tags do, in dB: -23 LUFS against -18.
const R128_BELOW_DB: f32 = 5.0;

/// What is known of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tags {
    /// Its title; the file's name where no tag says it.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// The album; empty when unknown.
    pub album: String,
    /// How long it sounds, where known.
    pub length: Option<Duration>,
    /// What its tags say of moods.
    pub moods: Emotions,
    /// Where it lies on the plane by its tags.
    pub place: Option<Point>,
    /// Whether it is marked explicit; `None`: nothing is said.
    pub explicit: Option<bool>,
    /// Which disc of the album, from 1.
    pub disc: Option<u32>,
    /// Which track of the disc, from 1.
    pub number: Option<u32>,
    /// Its loudness.
    pub track_gain: Option<Tagged>,
    /// The loudness of its album.
    pub album_gain: Option<Tagged>,
    /// Why it cannot be read as music, if so.
    pub problem: Option<String>,
}

/// Looks into a file.
pub fn read(path: &Path) -> Tags {
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    // lofty has panicked on made-up files before; one file must not end the scan.
    let read = catch_unwind(AssertUnwindSafe(|| parse(path)))
        .unwrap_or_else(|_| Err("its tags confuse the reader".to_owned()));
    let mut tags = read.unwrap_or_else(|why| Tags { problem: Some(why), ..Tags::default() });
    if tags.title.is_empty() {
        tags.title = short(&name.replace('_', " "));
    }
    if tags.title.is_empty() {
        tags.title = "?".to_owned();
    }
    tags
}

fn parse(path: &Path) -> Result<Tags, String> {
    let mut options = ParseOptions::new();
    options.read_cover_art(false);
    let file = File::open(path).map_err(|e| e.to_string())?;
    if file.metadata().map_err(|e| e.to_string())?.len() == 0 {
        return Err("it is empty".to_owned());
    }
    let probe = Probe::new(BufReader::new(file)).options(options).guess_file_type().map_err(|e| e.to_string())?;
    if probe.file_type().is_none() {
        return Err("it is not music of a known kind".to_owned());
    }
    let file = probe.read().map_err(|e| e.to_string())?;
    let length = Some(file.properties().duration()).filter(|length| !length.is_zero());
    let Some(tag) = file.primary_tag().or_else(|| file.first_tag()) else {
        return Ok(Tags { length, ..Tags::default() });
    };
    let text = |value: Option<std::borrow::Cow<'_, str>>| value.map(|v| short(&v)).unwrap_or_default();
    let tempo =
        [ItemKey::Bpm, ItemKey::IntegerBpm].into_iter().find_map(|key| tag.get_string(key)?.trim().parse().ok());
    Ok(Tags {
        title: text(tag.title()),
        artist: text(tag.artist()),
        album: text(tag.album()),
        length,
        moods: words::tag_moods(tag.get_string(ItemKey::Mood), tag.comment().as_deref(), tag.genre().as_deref()),
        place: plane::of_tags(tag.get_string(ItemKey::Mood), tag.genre().as_deref(), tempo),
        explicit: tag.get_string(ItemKey::ParentalAdvisory).and_then(advisory),
        disc: tag.disk().filter(|disc| *disc > 0),
        number: tag.track().filter(|number| *number > 0),
        track_gain: tagged(tag, ItemKey::ReplayGainTrackGain, ItemKey::ReplayGainTrackPeak, ItemKey::R128TrackGain),
        album_gain: tagged(tag, ItemKey::ReplayGainAlbumGain, ItemKey::ReplayGainAlbumPeak, ItemKey::R128AlbumGain),
        problem: None,
    })
}

/// What iTunes' advisory says: 1 and the older 4 stand for explicit, 2 for cleaned, 0 for neither.
fn advisory(text: &str) -> Option<bool> {
    match text.trim() {
        "1" | "4" => Some(true),
        "0" | "2" => Some(false),
        _ => None,
    }
}

/// What a tag says of loudness: R128 as opus files have it (RFC 7845), else ReplayGain.
fn tagged(tag: &Tag, gain: ItemKey, peak: ItemKey, r128: ItemKey) -> Option<Tagged> {
    let number = |key, unit: &str| {
        let text = tag.get_string(key)?.trim().to_lowercase();
        text.trim_end_matches(unit).trim().replace(',', ".").parse().ok().filter(|number: &f32| number.is_finite())
    };
    // A whole number of 256ths of a dB.
    let opus = number(r128, "").map(|n| n / 256.0 + R128_BELOW_DB);
    let gain_db = opus.or_else(|| number(gain, "db")).filter(|db| db.abs() <= 60.0)?;
    Some(Tagged { gain_db, peak: number(peak, "").filter(|peak| (0.0..=100.0).contains(peak)) })
}

/// One line without control characters, of at most [`LONGEST`] characters.
fn short(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    plain.take(LONGEST).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_music_gets_a_reason_and_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in
            [("empty.mp3", &b""[..]), ("my_text.flac", b"hello, this is text"), ("cut.wav", b"RIFF\x24")]
        {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            let tags = read(&path);
            assert!(tags.problem.is_some(), "{name}: {tags:?}");
            assert_eq!(tags.title, name.split('.').next().unwrap().replace('_', " "));
        }
        assert!(read(&dir.path().join("none.mp3")).problem.unwrap().contains("No such file"));
    }

    #[test]
    fn the_length_of_a_wav_is_known() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a tone.wav");
        std::fs::write(&path, wav(16_000)).unwrap();
        let tags = read(&path);
        assert_eq!((tags.title.as_str(), tags.length, tags.problem), ("a tone", Some(Duration::from_secs(2)), None));
    }

    #[test]
    fn loudness_is_read_from_replaygain_and_from_r128() {
        let of = |items: &[(ItemKey, &str)]| {
            let mut tag = Tag::new(lofty::tag::TagType::VorbisComments);
            for (key, text) in items {
                tag.insert_text(*key, (*text).to_owned());
            }
            tagged(&tag, ItemKey::ReplayGainTrackGain, ItemKey::ReplayGainTrackPeak, ItemKey::R128TrackGain)
        };
        let (gain, peak, r128) = (ItemKey::ReplayGainTrackGain, ItemKey::ReplayGainTrackPeak, ItemKey::R128TrackGain);
        assert_eq!(of(&[(gain, "-7.25 dB"), (peak, "0.98")]), Some(Tagged { gain_db: -7.25, peak: Some(0.98) }));
        assert_eq!(of(&[(gain, "+3,5dB")]), Some(Tagged { gain_db: 3.5, peak: None }));
        assert_eq!(of(&[(r128, "-2560"), (gain, "1 dB")]), Some(Tagged { gain_db: -5.0, peak: None }));
        for nonsense in ["", "loud", "NaN dB", "inf", "900 dB"] {
            assert_eq!(of(&[(gain, nonsense)]), None, "{nonsense}");
        }
        assert_eq!(of(&[(gain, "0 dB"), (peak, "-3")]), Some(Tagged { gain_db: 0.0, peak: None }));
    }

    /// 8 kHz, 8 bit, mono silence.
    fn wav(samples: u32) -> Vec<u8> {
        let mut wav = b"RIFF".to_vec();
        wav.extend((36 + samples).to_le_bytes());
        wav.extend(b"WAVEfmt ");
        wav.extend(16_u32.to_le_bytes());
        wav.extend([1, 0, 1, 0]);
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend(8_000_u32.to_le_bytes());
        wav.extend([1, 0, 8, 0]);
        wav.extend(b"data");
        wav.extend(samples.to_le_bytes());
        wav.resize(wav.len() + samples as usize, 128);
        wav
    }
}
