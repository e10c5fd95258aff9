//! What a mood is, how it looks, and how it travels.
//!
//! Both ends stand on this crate: the device that reads a mood and the host that plays music for
//! it. Nothing here does I/O. What fails is the parsing of what arrived from elsewhere
//! ([`payload`], [`topic`]), and it fails with a message that names the key and what was found.

pub mod emotion;
pub mod look;
pub mod payload;
pub mod topic;

pub use emotion::{Confidence, Emotion, Mood, Scores};
pub use look::{Look, Rgb, look, svg};
pub use payload::{
    Health, MoodMessage, NowPlaying, Paused, PayloadError, Playing, StageTime, Status, Wish, WishMessage,
};
pub use topic::{Command, DeviceId, Leaf, Topic};
