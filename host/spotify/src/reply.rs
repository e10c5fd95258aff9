//! What Spotify answers, read with a wide heart.
//!
//! In: JSON. Out: what of it makes sense. Keys that are unknown are left, keys that are missing or
//! null get a plain default, an item of a list that cannot be read is left out: one odd track, a
//! podcast, a file of the user's own disk or a new field never costs the rest. Fails only where the
//! whole is no JSON or not of the kind asked for.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::Value;

/// Takes the default for `null` and for what cannot be read.
fn lenient<'de, D: Deserializer<'de>, T: DeserializeOwned + Default>(from: D) -> Result<T, D::Error> {
    let value = Value::deserialize(from)?;
    Ok(T::deserialize(value).unwrap_or_default())
}

/// The items of a list that can be read.
fn readable<'de, D: Deserializer<'de>, T: DeserializeOwned>(from: D) -> Result<Vec<T>, D::Error> {
    let items = match Value::deserialize(from)? {
        Value::Array(items) => items,
        _ => Vec::new(),
    };
    Ok(items.into_iter().filter_map(|item| T::deserialize(item).ok()).collect())
}

/// Reads an answer; `None` where it is no JSON object.
pub fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.is_object().then(|| T::deserialize(value).ok())?
}

/// Something with a name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Named {
    /// Its name.
    #[serde(deserialize_with = "lenient")]
    pub name: String,
}

/// Another edition of a track, by its address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Linked {
    /// Its `spotify:track:…`.
    #[serde(deserialize_with = "lenient")]
    pub uri: String,
}

/// A track, an episode of a podcast, or whatever else plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Piece {
    /// Its `spotify:track:…`, `spotify:episode:…` or `spotify:local:…`.
    #[serde(deserialize_with = "lenient")]
    pub uri: String,
    /// Its title.
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    /// Who made it.
    #[serde(deserialize_with = "readable")]
    pub artists: Vec<Named>,
    /// What it is on.
    #[serde(deserialize_with = "lenient")]
    pub album: Named,
    /// Its length, milliseconds; 0 where it is not told.
    #[serde(deserialize_with = "lenient")]
    pub duration_ms: u64,
    /// Whether its words are marked as not for children.
    #[serde(deserialize_with = "lenient")]
    pub explicit: bool,
    /// Whether it is a file of the user's own disk.
    #[serde(deserialize_with = "lenient")]
    pub is_local: bool,
    /// Whether it can be played in the user's country; unknown where not told.
    #[serde(deserialize_with = "lenient")]
    pub is_playable: Option<bool>,
    /// What was asked for, where Spotify plays another edition of it.
    #[serde(deserialize_with = "lenient")]
    pub linked_from: Option<Linked>,
}

impl Piece {
    /// Whether this is a track that can be started on a device.
    pub fn is_music(&self) -> bool {
        self.uri.starts_with("spotify:track:") && !self.is_local && self.is_playable != Some(false)
    }

    /// Whether this is, or stands for, the track of this address.
    pub fn is(&self, uri: &str) -> bool {
        self.uri == uri || self.linked_from.as_ref().is_some_and(|from| from.uri == uri)
    }

    /// Its artists in one line.
    pub fn artist(&self) -> String {
        let names: Vec<_> = self.artists.iter().map(|a| a.name.as_str()).filter(|name| !name.is_empty()).collect();
        names.join(", ")
    }

    /// Its length, where told.
    pub fn length(&self) -> Option<Duration> {
        (self.duration_ms > 0).then(|| Duration::from_millis(self.duration_ms))
    }
}

/// One place in a playlist or among the liked tracks. Since 2026 a playlist says `item`; the liked
/// tracks, and older answers, `track`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Place {
    /// As playlists say it.
    #[serde(deserialize_with = "lenient")]
    item: Option<Piece>,
    /// As liked tracks say it.
    #[serde(deserialize_with = "lenient")]
    track: Option<Piece>,
}

impl Place {
    /// What stands there; `None` where it is gone from Spotify.
    pub fn piece(self) -> Option<Piece> {
        self.item.or(self.track)
    }
}

/// A part of a long list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, bound = "T: DeserializeOwned")]
pub struct Page<T> {
    /// Those that can be read.
    #[serde(deserialize_with = "readable")]
    pub items: Vec<T>,
    /// How many there are in all, readable or not.
    #[serde(deserialize_with = "lenient")]
    pub total: u32,
    /// Whether there are more after these: then this is an address.
    #[serde(deserialize_with = "lenient")]
    pub next: Option<String>,
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { items: Vec::new(), total: 0, next: None }
    }
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Found {
    /// The tracks.
    #[serde(deserialize_with = "lenient")]
    pub tracks: Page<Piece>,
}

/// A playlist.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Playlist {
    /// Its id.
    #[serde(deserialize_with = "lenient")]
    pub id: String,
    /// Its name.
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    /// Changes whenever the playlist does.
    #[serde(deserialize_with = "lenient")]
    pub snapshot_id: String,
    /// Whose it is.
    #[serde(deserialize_with = "lenient")]
    pub owner: Owner,
}

/// Whose a playlist is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Owner {
    /// The user's id.
    #[serde(deserialize_with = "lenient")]
    pub id: String,
}

/// Who is logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Me {
    /// The user's id.
    #[serde(deserialize_with = "lenient")]
    pub id: String,
    /// What the user is called.
    #[serde(deserialize_with = "lenient")]
    pub display_name: String,
    /// `premium`, `free`, `open`; empty where it is not told.
    #[serde(deserialize_with = "lenient")]
    pub product: String,
}

/// A Connect device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Device {
    /// Its id; some have none and cannot be driven.
    #[serde(deserialize_with = "lenient")]
    pub id: Option<String>,
    /// Its name, as its owner gave it.
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    /// `Speaker`, `Computer`, `Smartphone` and so on.
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub kind: String,
    /// Whether the account plays on it.
    #[serde(deserialize_with = "lenient")]
    pub is_active: bool,
    /// Whether it takes no commands from outside.
    #[serde(deserialize_with = "lenient")]
    pub is_restricted: bool,
    /// Its loudness, 0..=100, where told.
    #[serde(deserialize_with = "lenient")]
    pub volume_percent: Option<u8>,
    /// Whether its loudness can be set; taken for granted where not told.
    #[serde(deserialize_with = "lenient")]
    pub supports_volume: Option<bool>,
}

/// The devices of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Devices {
    /// Those that can be read.
    #[serde(deserialize_with = "readable")]
    pub devices: Vec<Device>,
}

/// What the account plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Playback {
    /// Where.
    #[serde(deserialize_with = "lenient")]
    pub device: Option<Device>,
    /// Whether it runs.
    #[serde(deserialize_with = "lenient")]
    pub is_playing: bool,
    /// How far it has come, milliseconds.
    #[serde(deserialize_with = "lenient")]
    pub progress_ms: u64,
    /// What; `None` in a private session, during advertisements, and between two tracks.
    #[serde(deserialize_with = "lenient")]
    pub item: Option<Piece>,
}

/// The body of a refusal: `{"error": {"status", "message", "reason"}}`, or from the log-in service
/// `{"error": "invalid_grant", "error_description"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    /// A word for programs: `PREMIUM_REQUIRED`, `NO_ACTIVE_DEVICE`, `QUOTA_EXCEEDED`, `invalid_grant`.
    pub reason: String,
    /// A sentence.
    pub message: String,
}

impl Refusal {
    /// Reads a body; what is none gives an empty refusal.
    pub fn read(body: &str) -> Self {
        let body: Value = serde_json::from_str(body).unwrap_or_default();
        let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().chars().take(200).collect();
        match &body["error"] {
            Value::String(word) => Self { reason: word.clone(), message: text(&body, "error_description") },
            // The reason has been seen beside the error, too.
            error => {
                let inner: String = text(error, "reason");
                let reason = if inner.is_empty() { text(&body, "reason") } else { inner };
                Self { reason, message: text(error, "message") }
            }
        }
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
