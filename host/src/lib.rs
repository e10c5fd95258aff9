//! Hears the mood of a room and plays music that fits it.
//!
//! Arrows run one way: `main` → `app` → parts → types. `app` is the place to begin reading: it
//! holds a mood's whole way, from the message that is heard to the track that is played.

pub mod access;
pub mod app;
pub mod backup;
pub mod bench;
pub mod broker;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod decide;
pub mod health;
pub mod host;
pub mod library;
pub mod listen;
pub mod pairing;
pub mod playback;
pub mod player;
pub mod queue;
pub mod regret;
pub mod room;
pub mod seats;
pub mod simulate;
pub mod spotify;
pub mod steer;
pub mod taste;
pub mod told;
pub mod trust;
pub mod view;
pub mod web;
