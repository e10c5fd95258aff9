//! What is said on the topics, as JSON, version 1.
//!
//! Readers ignore keys they do not know; a change that breaks them means a new topic. A payload is
//! parsed once, where it arrives, and afterwards every value is in range.

use std::collections::BTreeMap;

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::DeserializeOwned};
use thiserror::Error;

use crate::{Confidence, Mood, Scores};

/// The only version of the payloads so far.
pub const VERSION: u32 = 1;

/// The longest JSON payload read, in bytes; a mood message is about 300.
pub const MAX_LEN: usize = 16 * 1024;

/// The most people one message may claim.
pub const MAX_PEOPLE: u32 = 1000;

/// Why a payload was refused.
#[derive(Debug, Error)]
pub enum PayloadError {
    /// More than [`MAX_LEN`] bytes.
    #[error("{0} bytes is too long for a message; at most {MAX_LEN} are read")]
    TooLong(usize),
    /// A version that this program does not know.
    #[error("the message has version {0}, this program reads version {VERSION}: update it")]
    Version(u32),
    /// Not JSON, a key missing, or a value of the wrong type or out of range.
    #[error("the message cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A value that JSON can carry but a room cannot have.
    #[error("the message says {0}")]
    OutOfRange(String),
}

/// `moodring/<id>/mood`: the steady mood of a room, on every change and every 30 s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MoodMessage {
    /// Payload version, 1.
    pub v: u32,
    /// When the frame that decided this was captured, UTC, to the millisecond.
    #[serde(with = "rfc3339_millis")]
    pub at: Timestamp,
    /// Grows by one with each message of a run of the device; starts at 1.
    pub seq: u64,
    /// The steady mood.
    pub mood: Mood,
    /// How sure the device is of it, 0..=1.
    pub confidence: Confidence,
    /// Faces in view, 0..=1000.
    pub people: u32,
    /// The averaged probabilities behind the mood.
    pub scores: Scores,
}

impl MoodMessage {
    /// Reads a message and checks every value.
    ///
    /// # Errors
    /// Too long, not version 1, not JSON, a key missing, or a value out of range.
    pub fn parse(payload: &[u8]) -> Result<Self, PayloadError> {
        let message: Self = parse(payload)?;
        if message.people > MAX_PEOPLE {
            return Err(PayloadError::OutOfRange(format!(
                "{} people; at most {MAX_PEOPLE} are believed",
                message.people
            )));
        }
        Ok(message)
    }
}

/// `moodring/<id>/status`: plain text, retained; `offline` is the last will.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// The device is connected.
    Online,
    /// The device said goodbye, or the broker lost it.
    Offline,
}

impl Status {
    /// The payload.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline => "offline",
        }
    }

    /// Reads the payload; `None` for anything else.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        [Self::Online, Self::Offline].into_iter().find(|s| s.word().as_bytes() == payload)
    }
}

/// `moodring/<id>/paused`: plain text, retained. Paused, the device's camera is closed and stays so
/// until somebody asks for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Paused {
    /// The camera is closed on purpose.
    On,
    /// The device watches.
    Off,
}

impl Paused {
    /// The payload.
    pub const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }

    /// Reads the payload; `None` for anything else.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        [Self::On, Self::Off].into_iter().find(|s| s.word().as_bytes() == payload)
    }
}

impl From<bool> for Paused {
    fn from(paused: bool) -> Self {
        if paused { Self::On } else { Self::Off }
    }
}

/// What somebody at the device wants of the music.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// The next track.
    Skip,
    /// Like what plays; once more takes it back.
    Like,
    /// Pause, or go on where it is paused.
    PauseMusic,
}

/// `moodring/<id>/wish`: a button of the device was pressed. Never retained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WishMessage {
    /// Payload version, 1.
    pub v: u32,
    /// When it was pressed, UTC.
    #[serde(with = "rfc3339_millis")]
    pub at: Timestamp,
    /// What is wanted.
    pub wish: Wish,
}

impl WishMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// As for [`MoodMessage::parse`].
    pub fn parse(payload: &[u8]) -> Result<Self, PayloadError> {
        parse(payload)
    }
}

/// Milliseconds that a stage of the pipeline took, over the last half minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageTime {
    /// Median, milliseconds.
    pub p50: f32,
    /// 95th percentile, milliseconds.
    pub p95: f32,
}

/// `moodring/<id>/health`: how the device is doing, every 30 s.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// Payload version, 1.
    pub v: u32,
    /// When this was measured, UTC.
    #[serde(with = "rfc3339_millis")]
    pub at: Timestamp,
    /// The device program's version.
    pub version: String,
    /// Seconds since the device program started.
    pub uptime_s: u64,
    /// Frames read per second, over the last half minute.
    pub fps: f32,
    /// Frames captured but skipped because a newer one was there, since the start.
    pub frames_dropped: u64,
    /// Mood changes lost because the broker was away for too long, since the start.
    pub changes_dropped: u64,
    /// What is wrong with the camera, if anything.
    pub camera_problem: Option<String>,
    /// Whether it is too dark to read faces, or the lens is covered. The camera itself is well.
    #[serde(default)]
    pub too_dark: bool,
    /// Temperature of the processor, degrees Celsius, where the machine tells.
    #[serde(default)]
    pub temperature_c: Option<f32>,
    /// An arbitrary word, another one in each run of the program: two devices of one name notice each
    /// other by it.
    #[serde(default)]
    pub instance: String,
    /// Milliseconds per stage, by the stage's name.
    pub stages: BTreeMap<String, StageTime>,
}

impl Health {
    /// Reads a message.
    ///
    /// # Errors
    /// As for [`MoodMessage::parse`].
    pub fn parse(payload: &[u8]) -> Result<Self, PayloadError> {
        parse(payload)
    }
}

/// What plays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Playing {
    /// Title of the track.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// The mood it was chosen for.
    pub mood: Mood,
    /// Why it was chosen, in words.
    pub reason: String,
}

/// `moodring/<id>/now_playing`: from the host to the device, retained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NowPlaying {
    /// Payload version, 1.
    pub v: u32,
    /// When this began, UTC.
    #[serde(with = "rfc3339_millis")]
    pub at: Timestamp,
    /// What plays, or nothing.
    pub playing: Option<Playing>,
    /// Whether it is paused.
    #[serde(default)]
    pub paused: bool,
}

impl NowPlaying {
    /// Reads a message.
    ///
    /// # Errors
    /// As for [`MoodMessage::parse`].
    pub fn parse(payload: &[u8]) -> Result<Self, PayloadError> {
        parse(payload)
    }
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, PayloadError> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u32,
    }
    if payload.len() > MAX_LEN {
        return Err(PayloadError::TooLong(payload.len()));
    }
    let Versioned { v } = serde_json::from_slice(payload)?;
    if v != VERSION {
        return Err(PayloadError::Version(v));
    }
    Ok(serde_json::from_slice(payload)?)
}

/// RFC 3339 in UTC with exactly three digits of a second, as in `2026-11-22T20:00:00.123Z`.
mod rfc3339_millis {
    use super::*;

    pub fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        let at = at.round(Unit::Millisecond).unwrap_or(*at);
        serializer.collect_str(&format_args!("{at:.3}"))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        Timestamp::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../contract/mood.json");

    #[test]
    fn the_example_in_the_contract_reads_and_writes_back_the_same() {
        let message = MoodMessage::parse(EXAMPLE.as_bytes()).unwrap();
        assert_eq!((message.mood, message.seq, message.people), (Mood::Happy, 41, 1));
        assert_eq!(message.confidence.percent(), 83);
        let written: serde_json::Value = serde_json::from_str(&serde_json::to_string(&message).unwrap()).unwrap();
        assert_eq!(written["at"], "2026-11-22T20:00:00.123Z");
        assert_eq!(MoodMessage::parse(written.to_string().as_bytes()).unwrap(), message);
    }

    #[test]
    fn unknown_keys_are_ignored() {
        let longer = EXAMPLE.replacen('{', r#"{"colour":"red","#, 1);
        assert!(MoodMessage::parse(longer.as_bytes()).is_ok());
    }

    #[test]
    fn each_bad_message_says_what_is_wrong() {
        let change = |from: &str, to: &str| {
            assert!(EXAMPLE.contains(from), "{from}");
            EXAMPLE.replace(from, to)
        };
        for (payload, word) in [
            (String::new(), "cannot be read"),
            ("[]".into(), "cannot be read"),
            ("\u{0}\u{1}".into(), "cannot be read"),
            ("x".repeat(MAX_LEN + 1), "too long"),
            (change(r#""v":1"#, r#""v":2"#), "version 2"),
            (change(r#""people":1"#, r#""people":4000000"#), "4000000 people"),
            (change(r#""people":1"#, r#""people":-1"#), "-1"),
            (change(r#""confidence":0.83"#, r#""confidence":1.83"#), "probability"),
            (change(r#""mood":"happy""#, r#""mood":"cheerful""#), "cheerful"),
            (change("2026-11-22T20:00:00.123Z", "yesterday"), "year"),
            (change(r#""sad":0.03,"#, ""), "sad"),
        ] {
            let error = MoodMessage::parse(payload.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(word), "{error} should name {word}");
        }
    }

    #[test]
    fn status_and_paused_are_plain_words() {
        assert_eq!(Status::parse(b"online"), Some(Status::Online));
        assert_eq!(Status::parse(b"Online"), None);
        assert_eq!((Paused::parse(b"on"), Paused::parse(b"ON")), (Some(Paused::On), None));
    }

    #[test]
    fn a_wish_reads_back_and_an_unknown_one_is_named() {
        let text = r#"{"v":1,"at":"2026-11-22T20:00:00.123Z","wish":"pause_music"}"#;
        let message = WishMessage::parse(text.as_bytes()).unwrap();
        assert_eq!(message.wish, Wish::PauseMusic);
        assert_eq!(serde_json::to_string(&message).unwrap(), text);
        let error = WishMessage::parse(text.replace("pause_music", "dance").as_bytes()).unwrap_err();
        assert!(error.to_string().contains("dance"), "{error}");
    }
}
