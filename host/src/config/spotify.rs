//! The settings of `[spotify]`: whose app, where it plays, and what to look for.
//!
//! Fails in words that name the key. There is no secret in it: the log-in is kept in the state directory.

use std::{net::IpAddr, path::Path};

use moodring_mood::Emotion;
use moodring_spotify::{Account, call::playlist_id, schedule, terms};
use serde::{Deserialize, Serialize};

use super::{Config, Unusable};

/// Music from Spotify.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spotify {
    /// The user's own app; empty: no Spotify.
    pub client_id: String,
    /// Spotify sends the browser back to this port of 127.0.0.1.
    pub callback_port: u16,
    /// The room that plays it; empty: the first.
    pub room: String,
    /// The Connect device, by name; empty: whichever is active, or the only one.
    pub device: String,
    /// Whether local music plays while Spotify cannot.
    pub local_instead: bool,
    /// When to look for music: a cron expression.
    pub refresh: String,
    /// At most so many calls in 24 hours.
    pub daily_calls: u32,
    /// Languages of the built-in search terms.
    pub languages: Vec<String>,
    /// Ten tracks each are taken from so many pages of what a search finds.
    pub search_pages: u32,
    /// Whether liked tracks fill gaps.
    pub liked: bool,
    /// The API's address.
    pub api_url: String,
    /// The log-in service's address.
    pub auth_url: String,
    /// The user's playlist for a mood, by name, address or id.
    pub playlists: PerMood<String>,
    /// What to search for, instead of the built-in terms.
    pub search: PerMood<Vec<String>>,
}

/// Something for each mood.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PerMood<T> {
    /// For angry.
    pub angry: T,
    /// For disgust.
    pub disgust: T,
    /// For fear.
    pub fear: T,
    /// For happy.
    pub happy: T,
    /// For sad.
    pub sad: T,
    /// For surprise.
    pub surprise: T,
    /// For neutral.
    pub neutral: T,
}

impl<T> PerMood<T> {
    /// What there is for a mood.
    pub const fn of(&self, emotion: Emotion) -> &T {
        match emotion {
            Emotion::Angry => &self.angry,
            Emotion::Disgust => &self.disgust,
            Emotion::Fear => &self.fear,
            Emotion::Happy => &self.happy,
            Emotion::Sad => &self.sad,
            Emotion::Surprise => &self.surprise,
            Emotion::Neutral => &self.neutral,
        }
    }
}

impl Default for Spotify {
    fn default() -> Self {
        Self {
            client_id: String::new(),
            callback_port: 8898,
            room: String::new(),
            device: String::new(),
            local_instead: true,
            refresh: schedule::WEEKLY.to_owned(),
            daily_calls: 5000,
            languages: vec!["en".to_owned()],
            search_pages: 3,
            liked: true,
            api_url: "https://api.spotify.com/v1/".to_owned(),
            auth_url: "https://accounts.spotify.com/".to_owned(),
            playlists: PerMood::default(),
            search: PerMood::default(),
        }
    }
}

impl Spotify {
    /// Whether Spotify is wanted at all.
    pub const fn is_on(&self) -> bool {
        !self.client_id.is_empty()
    }

    /// The account, with its state in this directory.
    pub fn account(&self, state_dir: &Path) -> Account {
        Account {
            client_id: self.client_id.clone(),
            state_dir: state_dir.to_owned(),
            callback_port: self.callback_port,
            api_url: self.api_url.clone(),
            auth_url: self.auth_url.clone(),
            daily_calls: self.daily_calls,
        }
    }

    /// What to search for, for a mood.
    pub fn terms(&self, emotion: Emotion) -> Vec<String> {
        let own = self.search.of(emotion);
        if own.is_empty() { terms::defaults(emotion.word(), &self.languages) } else { own.clone() }
    }
}

impl Config {
    /// The place of the room that plays Spotify.
    pub fn spotify_room(&self) -> usize {
        self.rooms().iter().position(|room| room.name == self.spotify.room).unwrap_or(0)
    }

    pub(super) fn check_spotify(&self) -> Result<(), Unusable> {
        let spotify = &self.spotify;
        let wrong = |key: &'static str, found: &str, wanted: &'static str| {
            Err(Unusable::Range { key, found: found.to_owned(), wanted })
        };
        if !spotify.client_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
            return wrong("spotify.client_id", &spotify.client_id, "is made of letters and digits");
        }
        if spotify.callback_port == 0 {
            return wrong("spotify.callback_port", "0", "name the port that your Spotify app redirects to");
        }
        if !spotify.room.is_empty() && !self.rooms().iter().any(|room| room.name == spotify.room) {
            return wrong("spotify.room", &spotify.room, "there is no such room; name one of [[room]], or none");
        }
        if !(100..=100_000).contains(&spotify.daily_calls) {
            let found = spotify.daily_calls.to_string();
            return wrong("spotify.daily_calls", &found, "must lie within 100 and 100000");
        }
        if spotify.search_pages > 20 {
            return wrong("spotify.search_pages", &spotify.search_pages.to_string(), "must lie within 0 and 20");
        }
        if let Some(language) = spotify.languages.iter().find(|l| !terms::LANGUAGES.contains(&l.as_str())) {
            return wrong("spotify.languages", language, "known are en, de, fr, es, it, nl");
        }
        if let Err(why) = schedule::Schedule::parse(&spotify.refresh, 0) {
            return Err(Unusable::Schedule { why });
        }
        for (key, address) in [("spotify.api_url", &spotify.api_url), ("spotify.auth_url", &spotify.auth_url)] {
            if !is_safe(address) {
                return wrong(key, address, "https, or http to a loopback address, and ends in a slash");
            }
        }
        Ok(())
    }
}

/// Whether a log-in may be sent there.
fn is_safe(address: &str) -> bool {
    if !address.ends_with('/') {
        return false;
    }
    let Some(rest) = address.strip_prefix("http://") else { return address.starts_with("https://") };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The playlist that is meant by a name, an address or an id, among the user's.
pub fn meant<'a>(text: &str, lists: &'a [crate::library::spotify::List]) -> Option<&'a crate::library::spotify::List> {
    let id = playlist_id(text);
    let named = |list: &&crate::library::spotify::List| list.name.trim().to_lowercase() == text.trim().to_lowercase();
    id.and_then(|id| lists.iter().find(|list| list.id == id))
        .or_else(|| lists.iter().filter(|list| list.own).find(named))
        .or_else(|| lists.iter().find(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Config, String> {
        let config: Config = toml::from_str(text).map_err(|e| e.to_string())?;
        config.check().map_err(|e| e.to_string())?;
        Ok(config)
    }

    #[test]
    fn terms_of_ones_own_take_the_place_of_the_built_in_ones() {
        let config =
            read("[spotify]\nclient_id = 'abc'\nlanguages = ['de']\n[spotify.search]\nhappy = ['schlager']\n").unwrap();
        assert!(config.spotify.is_on());
        assert_eq!(config.spotify.terms(Emotion::Happy), ["schlager"]);
        assert!(config.spotify.terms(Emotion::Sad).contains(&"herzschmerz".to_owned()));
        assert!(!read("").unwrap().spotify.is_on());
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        for (text, says) in [
            ("refresh = 'weekly'", "spotify.refresh: \"weekly\" is no cron expression"),
            ("daily_calls = 5", "spotify.daily_calls = 5: must lie within"),
            ("languages = ['tlh']", "spotify.languages = tlh: known are en"),
            ("room = 'attic'", "spotify.room = attic: there is no such room"),
            ("api_url = 'http://example.org/v1/'", "spotify.api_url = http://example.org/v1/: https"),
            ("auth_url = 'https://example.org'", "ends in a slash"),
            ("callback_port = 0", "spotify.callback_port = 0"),
            ("secret = 'x'", "unknown field `secret`"),
        ] {
            let error = read(&format!("[spotify]\n{text}\n")).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
        assert!(read("[spotify]\napi_url = 'http://127.0.0.1:8899/v1/'\nauth_url = 'http://[::1]:1/'\n").is_ok());
    }
}
