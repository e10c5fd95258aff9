//! The calls that Moodring makes, by name; all of them are open to new apps in 2026.
//!
//! In: ids, addresses, terms. Out: replies read into types of our own. Fails with a [`Trouble`].

use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use crate::{
    limit::Class,
    queue::{Method, Spotify},
    reply::{Device, Devices, Found, Me, Page, Piece, Place, Playback, Playlist, read},
    trouble::Trouble,
};

/// The most results of a search in one call (since February 2026).
pub const SEARCH_LIMIT: u32 = 10;

/// The most items of a list in one call.
pub const LIST_LIMIT: u32 = 50;

/// The calls; clones stand in the same line.
#[derive(Clone)]
pub struct Calls {
    line: Spotify,
}

impl Calls {
    /// Through this line.
    pub const fn new(line: Spotify) -> Self {
        Self { line }
    }

    /// The line.
    pub const fn line(&self) -> &Spotify {
        &self.line
    }

    /// Who is logged in.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn me(&self) -> Result<Me, Trouble> {
        self.get(Class::Refresh, "me", &[]).await
    }

    /// The account's devices.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn devices(&self) -> Result<Vec<Device>, Trouble> {
        self.get::<Devices>(Class::Play, "me/player/devices", &[]).await.map(|found| found.devices)
    }

    /// What the account plays; `None`: nothing, nowhere.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn playback(&self, class: Class) -> Result<Option<Playback>, Trouble> {
        let path = with("me/player", &[("additional_types", "track,episode")]);
        let text = self.line.ask(class, Method::Get, path, Value::Null).await?;
        if text.trim().is_empty() {
            return Ok(None);
        }
        read(&text).map(Some).ok_or_else(|| Trouble::Unreadable("GET me/player".to_owned()))
    }

    /// Plays this track on this device, from `from_ms` milliseconds on.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn play(&self, device: &str, uri: &str, from_ms: u64) -> Result<(), Trouble> {
        let body = json!({ "uris": [uri], "position_ms": from_ms });
        self.put(with("me/player/play", &[("device_id", device)]), body).await
    }

    /// Goes on after a pause.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn resume(&self, device: &str) -> Result<(), Trouble> {
        self.put(with("me/player/play", &[("device_id", device)]), json!({})).await
    }

    /// Pauses.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn pause(&self, device: &str) -> Result<(), Trouble> {
        self.put(with("me/player/pause", &[("device_id", device)]), Value::Null).await
    }

    /// Goes to the next track in the device's queue.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn skip(&self, device: &str) -> Result<(), Trouble> {
        self.post(with("me/player/next", &[("device_id", device)])).await
    }

    /// Puts a track at the end of the device's queue.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn enqueue(&self, device: &str, uri: &str) -> Result<(), Trouble> {
        self.post(with("me/player/queue", &[("uri", uri), ("device_id", device)])).await
    }

    /// Sets the loudness, 0..=100.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn volume(&self, device: &str, percent: u8) -> Result<(), Trouble> {
        let percent = percent.min(100).to_string();
        self.put(with("me/player/volume", &[("volume_percent", &percent), ("device_id", device)]), Value::Null).await
    }

    /// The user's own playlists and those followed, from the `offset`-th on.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn playlists(&self, offset: u32) -> Result<Page<Playlist>, Trouble> {
        self.get(Class::Refresh, "me/playlists", &list(LIST_LIMIT, offset)).await
    }

    /// A playlist, for its name and its snapshot.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn playlist(&self, id: &str) -> Result<Playlist, Trouble> {
        let fields = [("fields", "id,name,snapshot_id,owner(id)".to_owned())];
        self.get(Class::Refresh, &format!("playlists/{}", segment(id)), &fields).await
    }

    /// What is in a playlist, from the `offset`-th on.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn playlist_items(&self, id: &str, offset: u32) -> Result<Page<Place>, Trouble> {
        self.get(Class::Refresh, &format!("playlists/{}/items", segment(id)), &list(LIST_LIMIT, offset)).await
    }

    /// The user's liked tracks, newest first, from the `offset`-th on.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn liked(&self, offset: u32) -> Result<Page<Place>, Trouble> {
        self.get(Class::Refresh, "me/tracks", &list(LIST_LIMIT, offset)).await
    }

    /// Tracks that a search finds, from the `offset`-th on.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn search(&self, term: &str, offset: u32) -> Result<Page<Piece>, Trouble> {
        let mut query = vec![("q", term.to_owned()), ("type", "track".to_owned())];
        query.extend(list(SEARCH_LIMIT, offset));
        self.get::<Found>(Class::Refresh, "search", &query).await.map(|found| found.tracks)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        class: Class,
        path: &str,
        query: &[(&'static str, String)],
    ) -> Result<T, Trouble> {
        let query: Vec<_> = query.iter().map(|(key, value)| (*key, value.as_str())).collect();
        let text = self.line.ask(class, Method::Get, with(path, &query), Value::Null).await?;
        read(&text).ok_or_else(|| Trouble::Unreadable(format!("GET {path}")))
    }

    async fn put(&self, path: String, body: Value) -> Result<(), Trouble> {
        self.line.ask(Class::Play, Method::Put, path, body).await.map(drop)
    }

    async fn post(&self, path: String) -> Result<(), Trouble> {
        self.line.ask(Class::Play, Method::Post, path, Value::Null).await.map(drop)
    }
}

/// A path with a query.
fn with(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let query = Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{query}")
}

fn list(limit: u32, offset: u32) -> Vec<(&'static str, String)> {
    vec![("limit", limit.to_string()), ("offset", offset.to_string())]
}

/// An id as part of a path: letters and digits are what ids are made of.
fn segment(id: &str) -> String {
    id.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// The id in what people have at hand of a playlist: an id, an address, or `spotify:playlist:…`.
pub fn playlist_id(text: &str) -> Option<String> {
    let text = text.trim();
    let after = text.strip_prefix("spotify:playlist:").or_else(|| text.split_once("/playlist/").map(|(_, rest)| rest));
    let id: String = after.unwrap_or(text).chars().take_while(char::is_ascii_alphanumeric).collect();
    let whole = after.is_some() || id.len() == text.len();
    (id.len() == 22 && whole).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_holds_what_was_said_and_no_more() {
        assert_eq!(with("search", &[("q", "gute laune & \"x\"")]), "search?q=gute+laune+%26+%22x%22");
        assert_eq!(with("me", &[]), "me");
        assert_eq!(segment("37i9/../x?y"), "37i9xy");
    }

    #[test]
    fn a_playlist_is_known_by_id_address_or_uri() {
        let id = "3cEYpjA9oz9GiPac4AsH4n";
        for text in [
            id,
            "spotify:playlist:3cEYpjA9oz9GiPac4AsH4n",
            "https://open.spotify.com/playlist/3cEYpjA9oz9GiPac4AsH4n?si=1",
        ] {
            assert_eq!(playlist_id(text).as_deref(), Some(id), "{text}");
        }
        assert_eq!(playlist_id("Sunny days"), None);
        assert_eq!(playlist_id("3cEYpjA9oz9GiPac4AsH4nX"), None);
    }
}
