//! How things stand with Spotify, for people and programs.

use std::sync::PoisonError;

use jiff::Timestamp;
use moodring_mood::Emotion;
use moodring_spotify::{LogIn, Standing};
use serde::Serialize;

use super::{Service, refresh::Progress};
use crate::{
    library::{
        StoreError,
        spotify::{List, Stock},
    },
    player::Kind,
};

/// How things stand with Spotify, for people.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// `out`, `in` or `ended`.
    pub log_in: &'static str,
    /// When the log-in ends, if that is near.
    pub ends: Option<Timestamp>,
    /// Where to log in, while a log-in waits for it.
    pub address: Option<String>,
    /// How the last log-in went wrong, in words.
    pub log_in_trouble: Option<String>,
    /// `spotify` or `local`: what the room plays from.
    pub plays_from: &'static str,
    /// Why Spotify cannot play just now, in words with what to do.
    pub why: Option<String>,
    /// The device that is wanted, by name; empty: whichever is active, or the only one.
    pub device: String,
    /// The devices seen last, by name.
    pub devices: Vec<String>,
    /// Calls of the last 24 hours.
    pub spent: u32,
    /// Calls allowed in 24 hours.
    pub budget: u32,
    /// How the refresh goes.
    pub refresh: Progress,
    /// How much of Spotify's music is here.
    pub stock: Stock,
    /// The user's playlists, by name.
    pub lists: Vec<List>,
    /// The playlist picked for each emotion: its word, and the playlist's id and name.
    pub picks: Vec<(Emotion, String, String)>,
}

impl Service {
    /// How things stand, for people.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn view(&self) -> Result<View, StoreError> {
        let Standing { log_in, spent, budget, .. } = self.0.calls.line().standing().borrow().clone();
        let serves = self.0.serves.borrow().clone();
        let (log_in, ends) = match log_in {
            LogIn::Out => ("out", None),
            LogIn::In { ends } => ("in", ends),
            LogIn::Ended(_) => ("ended", None),
        };
        let (address, log_in_trouble) = {
            let entry = self.0.entry.lock().unwrap_or_else(PoisonError::into_inner);
            (entry.attempt.as_ref().map(|attempt| attempt.address.clone()), entry.trouble.clone())
        };
        let devices = self.0.devices.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (device, refresh) = (self.device(), self.0.progress.borrow().clone());
        let stock = *self.0.stock.borrow();
        let (lists, picks) = (self.0.store.lists().await?, self.0.store.picked_lists().await?);
        Ok(View {
            log_in,
            ends,
            address: address.filter(|_| log_in != "in" || ends.is_some()),
            log_in_trouble,
            plays_from: if serves.kind == Kind::Spotify { "spotify" } else { "local" },
            why: serves.why,
            device,
            devices,
            spent,
            budget,
            refresh,
            stock,
            lists,
            picks,
        })
    }
}
