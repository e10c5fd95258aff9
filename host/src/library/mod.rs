//! The library: which tracks there are, which emotions they fit, what was played, liked and banned.
//!
//! `types` says what a track is. `store` opens the database, and `damage` is what happens where it is damaged, `older` where an older program wrote it;
//! `running` says that nobody else has it, `swap` puts a restored one in place, `private` keeps it to this user;
//! `shelf` keeps the tracks in it and `diary` what the room did, `tastes` what was learnt from it; `retained` what
//! the broker is to remember, and `users` who may log in there; `spotify` what was found there. `hand` keeps the moods
//! that people gave, `keys` who may use the page. `scan` looks
//! through a folder, with `tags` for the files and `words` for what their names and tags say of moods; `watch`
//! notices changes, `loudness` measures, `covers` shows. `import` takes in lists of other programs, read by
//! `playlists` and found by `matching`.

pub mod covers;
pub mod damage;
pub mod diary;
pub mod hand;
pub mod import;
pub mod keys;
pub mod loudness;
pub mod matching;
mod older;
pub mod playlists;
pub(crate) mod private;
pub mod rescan;
pub mod retained;
pub mod running;
pub mod scan;
pub mod shelf;
pub mod sought;
pub mod spotify;
pub mod store;
pub mod swap;
pub mod tags;
pub mod tastes;
pub mod types;
pub mod users;
pub mod watch;
pub mod words;

pub use store::{Store, StoreError};
pub use types::{Candidate, Emotions, Ending, Play, Track, TrackId, TrackPage, TrackQuery};
