//! The library: which tracks there are, which emotions they fit, what was played, liked and banned.
//!
//! `types` says what a track is; `store` keeps everything in a database.

pub mod store;
pub mod types;

pub use store::{Store, StoreError};
pub use types::{Candidate, Emotions, Ending, Play, Track, TrackId, TrackPage, TrackQuery};
