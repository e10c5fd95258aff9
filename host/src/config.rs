//! The settings: what a key means, its default and its range.
//!
//! In: `moodring-host.toml` and `MOODRING_HOST__SECTION__KEY` variables. Fails with the file, the
//! line and the nearest key, or with the key whose value is out of range. Every key is explained in
//! `moodring-host.toml` beside this crate, which a test holds equal to these defaults.

mod choice;
mod pairing;
mod rooms;
mod spotify;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use moodring_config::ConfigError;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use choice::Choosing;
pub use pairing::{Anonymous, Pairing, Tls};
pub use rooms::{HOME, Hear, Room, room_of};
pub use spotify::{PerMood, Spotify, meant};

use crate::access::{Asks, Rules, origin::Network};
use crate::player::{
    level::EvenOut,
    local::{OnLoss, Output, Settings},
    mpd,
};

/// Where the settings are when nobody says where.
pub const PLACE: &str = "/etc/moodring/host.toml";

/// Begins the names of the environment variables that override keys.
pub const PREFIX: &str = "MOODRING_HOST";

/// All settings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the database lives; empty: see [`Config::state_dir`].
    pub state_dir: PathBuf,
    /// How moods arrive.
    pub mqtt: Mqtt,
    /// How devices are let in.
    pub pairing: Pairing,
    /// How moods are acted upon.
    pub mood: Moods,
    /// What there is to play, and how it is chosen.
    pub music: Music,
    /// What is done about moods, and when.
    pub choice: Choosing,
    /// Where the sound goes.
    pub player: Sound,
    /// Music Player Daemon, where it plays.
    pub mpd: Mpd,
    /// Music from Spotify.
    pub spotify: Spotify,
    /// The page.
    pub web: Web,
    /// The rooms, each with its cameras and its sound; none: see [`Config::rooms`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub room: Vec<Room>,
}

/// How moods arrive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mqtt {
    /// Whose broker.
    pub broker: Broker,
    /// Address to listen on (`embedded`), or host to connect to (`external`).
    pub host: String,
    /// The broker's port.
    pub port: u16,
    /// Name to log in with at an external broker; empty: no login.
    pub username: String,
    /// File that holds the password for the external broker, on its first line.
    pub password_file: PathBuf,
    /// Who comes in at the embedded broker without a name.
    pub anonymous: Anonymous,
    /// Whether the external broker is talked to over TLS, and whom to trust.
    pub tls: Tls,
}

/// Whose broker carries the messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Broker {
    /// The one inside this program.
    #[default]
    Embedded,
    /// One that runs elsewhere, such as Mosquitto.
    External,
}

impl Default for Mqtt {
    fn default() -> Self {
        Self {
            broker: Broker::Embedded,
            host: "127.0.0.1".to_owned(),
            port: 1883,
            username: String::new(),
            password_file: PathBuf::new(),
            anonymous: Anonymous::Loopback,
            tls: Tls::default(),
        }
    }
}

/// How moods are acted upon.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Moods {
    /// What a new mood does to the track that plays.
    pub on_change: OnChange,
    /// How long a fade takes, seconds, 0..=60.
    pub fade_s: f64,
    /// After so many seconds without anybody, playing fades out and pauses; 0: never.
    pub nobody_after_s: u32,
}

/// What a new mood does to the track that plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnChange {
    /// It plays to its end; what comes next fits the new mood.
    #[default]
    Next,
    /// It fades out, and a track that fits the new mood begins.
    Fade,
}

impl Default for Moods {
    fn default() -> Self {
        Self { on_change: OnChange::Next, fade_s: 4.0, nobody_after_s: 180 }
    }
}

/// What there is to play, and how it is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Music {
    /// The folder of music; empty: the built-in pieces.
    pub folder: PathBuf,
    /// The folder is looked through again after so many minutes; 0: only at the start.
    pub rescan_min: u32,
    /// Whether the folder is watched for changes.
    pub watch: bool,
    /// A track is not repeated before so many others were heard, as far as the library allows.
    pub repeat_window: u32,
    /// An artist is not repeated before so many others were heard, as far as the library allows.
    pub artist_gap: u32,
    /// How many tracks the queue holds, 1..=50.
    pub ahead: u32,
    /// Fixes the choices: the same moods on the same library with the same history give the same music.
    /// 0: other music each time.
    pub seed: u64,
}

impl Default for Music {
    fn default() -> Self {
        Self {
            folder: PathBuf::new(),
            rescan_min: 60,
            watch: true,
            repeat_window: 30,
            artist_gap: 3,
            ahead: 3,
            seed: 0,
        }
    }
}

/// Where the sound goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sound {
    /// What plays.
    pub backend: Backend,
    /// `default`, `device:NAME`, `null` or `wav:FILE`.
    pub output: Output,
    /// What happens while the sound device is away.
    pub on_loss: OnLoss,
    /// Loudness, 0..=1, linear in perceived loudness.
    pub volume: f32,
    /// How loudness is evened out.
    pub even_out: EvenOut,
    /// How long one track fades into the next, seconds, 0..=20.
    pub crossfade_s: f64,
}

/// What plays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// This program.
    #[default]
    Local,
    /// A Music Player Daemon.
    Mpd,
}

impl Default for Sound {
    fn default() -> Self {
        Self {
            backend: Backend::Local,
            output: Output::Default,
            on_loss: OnLoss::Elsewhere,
            volume: 0.7,
            even_out: EvenOut::Track,
            crossfade_s: 3.0,
        }
    }
}

impl Sound {
    /// What the player on this machine is told.
    pub fn settings(&self) -> Settings {
        Settings {
            output: self.output.clone(),
            on_loss: self.on_loss,
            crossfade: Duration::from_secs_f64(self.crossfade_s),
            even_out: self.even_out,
        }
    }
}

/// Music Player Daemon, where it plays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mpd {
    /// Its host and port, or the path of its socket.
    pub address: String,
    /// File that holds its password on the first line; empty: it asks for none.
    pub password_file: PathBuf,
    /// Its `music_directory`, as this machine sees it; empty: `music.folder`.
    pub folder: PathBuf,
}

impl Default for Mpd {
    fn default() -> Self {
        Self { address: "127.0.0.1:6600".to_owned(), password_file: PathBuf::new(), folder: PathBuf::new() }
    }
}

/// The page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Web {
    /// Address and port of the page.
    pub listen: SocketAddr,
    /// Host names, beside those of a local network, that the page answers to.
    pub names: Vec<String>,
    /// Who is asked for the password.
    pub password: Asks,
    /// Proxies in front of the page, which may say for whom they ask.
    pub proxies: Vec<Network>,
}

impl Default for Web {
    fn default() -> Self {
        let Rules { asks, proxies } = Rules::default();
        Self { listen: SocketAddr::from(([127, 0, 0, 1], 8080)), names: Vec::new(), password: asks, proxies }
    }
}

impl Web {
    /// Who is let in.
    pub fn rules(&self) -> Rules {
        Rules { asks: self.password, proxies: self.proxies.clone() }
    }
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum Unusable {
    /// The file or a variable cannot be read.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A value is out of its range.
    #[error("{key} = {found}: {wanted}")]
    Range {
        /// The key, with its section.
        key: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// The rooms do not go together.
    #[error("room {name:?}: {why}")]
    Room {
        /// Which one.
        name: String,
        /// What is wrong, and what would do.
        why: String,
    },
    /// A file or folder that is named cannot be read.
    #[error("{key} = {path}: {why}; check that it is there and may be read")]
    Unreadable {
        /// The key, with its section.
        key: &'static str,
        /// What it names.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The rhythm of the refresh is none.
    #[error("spotify.refresh: {why}")]
    Schedule {
        /// What was found, and what would do.
        why: String,
    },
    /// No place for the state could be found.
    #[error("no home directory is known: set state_dir to a folder that can be written")]
    NoHome,
}

impl Config {
    /// Settings from `file` (the defaults where `None`), overridden by `env`, with every value in range.
    ///
    /// # Errors
    /// The file cannot be read, a key is unknown or ill-typed, or a value is out of range.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, Unusable> {
        let config: Self = moodring_config::load(file, PREFIX, env)?;
        config.check()?;
        Ok(config)
    }

    /// The file that settings come from: `named`, else [`PLACE`] if it exists.
    pub fn place(named: Option<&Path>) -> Option<&Path> {
        let place = Path::new(PLACE);
        named.or_else(|| place.exists().then_some(place))
    }

    fn check(&self) -> Result<(), Unusable> {
        let range = |key, found: &dyn std::fmt::Display, wanted, right: bool| {
            if right { Ok(()) } else { Err(Unusable::Range { key, found: found.to_string(), wanted }) }
        };
        let (mqtt, mood, music) = (&self.mqtt, &self.mood, &self.music);
        let embedded = mqtt.broker == Broker::Embedded;
        let address = mqtt.host.parse::<std::net::IpAddr>().is_ok();
        range("mqtt.host", &mqtt.host, "the embedded broker listens on an IP address", !embedded || address)?;
        range("mqtt.host", &mqtt.host, "name the host of the broker", !mqtt.host.is_empty())?;
        self.check_pairing()?;
        range("mqtt.port", &mqtt.port, "an external broker has a port above 0", embedded || mqtt.port > 0)?;
        range("mood.fade_s", &mood.fade_s, "must lie within 0 and 60", (0.0..=60.0).contains(&mood.fade_s))?;
        range("music.ahead", &music.ahead, "must lie within 1 and 50", (1..=50).contains(&music.ahead))?;
        range(
            "music.repeat_window",
            &music.repeat_window,
            "must lie within 0 and 1000",
            (0..=1000).contains(&music.repeat_window),
        )?;
        range("music.artist_gap", &music.artist_gap, "must lie within 0 and 1000", music.artist_gap <= 1000)?;
        let (volume, crossfade) = (self.player.volume, self.player.crossfade_s);
        range("player.crossfade_s", &crossfade, "must lie within 0 and 20", (0.0..=20.0).contains(&crossfade))?;
        let mpd = self.player.backend == Backend::Mpd;
        range(
            "mpd.address",
            &self.mpd.address,
            "name host:port, or the path of a socket",
            !mpd || !self.mpd.address.is_empty(),
        )?;
        range("music.folder", &"\"\"", "MPD plays files: name the folder of music", !mpd || music.folder().is_some())?;
        let alone = self.room.len() < 2;
        range(
            "player.backend",
            &"mpd",
            "one MPD plays for one room; leave the others out, or play locally",
            !mpd || alone,
        )?;
        range("player.volume", &volume, "must lie within 0 and 1", (0.0..=1.0).contains(&volume))?;
        self.check_choice()?;
        self.check_rooms()?;
        self.check_spotify()
    }

    /// Tries whether what the settings name can be read. The program starts without it too: a disk
    /// may come up later.
    ///
    /// # Errors
    /// The folder of music or the password's file cannot be read.
    pub fn try_out(&self) -> Result<(), Unusable> {
        if let Some(folder) = self.music.folder() {
            let path = folder.to_owned();
            std::fs::read_dir(folder).map_err(|why| Unusable::Unreadable { key: "music.folder", path, why })?;
        }
        let mqtt = &self.mqtt;
        let login = mqtt.broker == Broker::External && !mqtt.username.is_empty();
        if login && !mqtt.password_file.as_os_str().is_empty() {
            let path = mqtt.password_file.clone();
            std::fs::File::open(&mqtt.password_file).map_err(|why| Unusable::Unreadable {
                key: "mqtt.password_file",
                path,
                why,
            })?;
        }
        Ok(())
    }

    /// What the player that drives MPD is told; `password`: empty where it asks for none.
    pub fn mpd_settings(&self, password: String) -> mpd::Settings {
        let folder = if self.mpd.folder.as_os_str().is_empty() { &self.music.folder } else { &self.mpd.folder };
        mpd::Settings {
            address: self.mpd.address.clone(),
            password: Some(password).filter(|password| !password.is_empty()),
            // As the library names its files.
            folder: std::fs::canonicalize(folder).unwrap_or_else(|_| folder.clone()),
            crossfade: Duration::from_secs_f64(self.player.crossfade_s.round()),
        }
    }

    /// Where the state lives: `state_dir`, else systemd's `STATE_DIRECTORY`, else
    /// `XDG_STATE_HOME/moodring`, else `~/.local/state/moodring`.
    ///
    /// # Errors
    /// None of them is set.
    pub fn state_dir(&self, env: impl Fn(&str) -> Option<String>) -> Result<PathBuf, Unusable> {
        if !self.state_dir.as_os_str().is_empty() {
            return Ok(self.state_dir.clone());
        }
        let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        set("STATE_DIRECTORY")
            .or_else(|| set("XDG_STATE_HOME").map(|dir| dir.join("moodring")))
            .or_else(|| set("HOME").map(|dir| dir.join(".local/state/moodring")))
            .ok_or(Unusable::NoHome)
    }
}

impl Moods {
    /// How long a fade takes.
    pub fn fade(&self) -> Duration {
        Duration::from_secs_f64(self.fade_s)
    }

    /// How long nobody may be there before playing pauses; `None`: for ever.
    pub fn nobody_after(&self) -> Option<Duration> {
        (self.nobody_after_s > 0).then(|| Duration::from_secs(self.nobody_after_s.into()))
    }
}

impl Music {
    /// The folder of music; `None`: the built-in pieces.
    pub fn folder(&self) -> Option<&Path> {
        Some(self.folder.as_path()).filter(|folder| !folder.as_os_str().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/moodring-host.toml");

    fn with(env: &[(&str, &str)]) -> Result<Config, String> {
        let env = env.iter().map(|(k, v)| (format!("{PREFIX}__{k}"), (*v).to_owned()));
        Config::load(None, env).map_err(|e| e.to_string())
    }

    #[test]
    fn the_example_holds_every_key_with_its_default() {
        let example = Config::load(Some(Path::new(EXAMPLE)), []).unwrap();
        assert_eq!(example, Config::default());
        let text = std::fs::read_to_string(EXAMPLE).unwrap();
        let written: serde_json::Value = toml::from_str(&text).unwrap();
        let keys = |value: &serde_json::Value| -> Vec<String> {
            let mut keys = Vec::new();
            for (section, inner) in value.as_object().unwrap() {
                keys.push(section.clone());
                keys.extend(inner.as_object().into_iter().flat_map(|o| o.keys().map(|k| format!("{section}.{k}"))));
            }
            keys.sort();
            keys
        };
        assert_eq!(keys(&written), keys(&serde_json::to_value(Config::default()).unwrap()));
    }

    #[test]
    fn values_out_of_range_name_the_key_and_the_range() {
        for (key, value, says) in [
            ("PLAYER__VOLUME", "1.5", "player.volume = 1.5: must lie within 0 and 1"),
            ("PLAYER__OUTPUT", "alsa", "known are default, device:NAME, null and wav:FILE"),
            ("PLAYER__CROSSFADE_S", "60", "player.crossfade_s = 60: must lie within 0 and 20"),
            ("PLAYER__BACKEND", "mpd", "music.folder = \"\": MPD plays files"),
            ("PLAYER__ON_LOSS", "wiat", "did you mean `wait`?"),
            ("MOOD__ON_CHANGE", "fadee", "did you mean `fade`?"),
            ("MOOD__FADE_S", "-1", "mood.fade_s = -1: must lie within 0 and 60"),
            ("MUSIC__AHEAD", "0", "music.ahead = 0: must lie within 1 and 50"),
            ("MQTT__HOST", "localhost", "mqtt.host = localhost: the embedded broker listens on an IP address"),
            ("MQTT__PROT", "1", "did you mean `port`?"),
            ("WEB__LISTEN", "8080", "WEB__LISTEN"),
            ("WEB__PASSWORD", "allways", "did you mean `always`?"),
            ("WEB__PROXIES", "[\"caddy\"]", "\"caddy\" is neither an IP address nor a network such as 172.16.0.0/12"),
        ] {
            let error = with(&[(key, value)]).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
        assert!(with(&[("MQTT__BROKER", "external"), ("MQTT__HOST", "localhost")]).is_ok());
    }

    #[test]
    fn the_state_lives_where_the_system_says() {
        let config = Config::default();
        let dir = |set: &'static [(&str, &str)]| {
            config.state_dir(|name| set.iter().find(|(k, _)| *k == name).map(|(_, v)| (*v).to_owned()))
        };
        assert_eq!(dir(&[("HOME", "/h")]).unwrap(), Path::new("/h/.local/state/moodring"));
        assert_eq!(dir(&[("HOME", "/h"), ("XDG_STATE_HOME", "/x")]).unwrap(), Path::new("/x/moodring"));
        assert_eq!(dir(&[("HOME", "/h"), ("STATE_DIRECTORY", "/s")]).unwrap(), Path::new("/s"));
        assert!(matches!(dir(&[("HOME", "")]), Err(Unusable::NoHome)));
        let own = Config { state_dir: "/own".into(), ..Config::default() };
        assert_eq!(own.state_dir(|_| None).unwrap(), Path::new("/own"));
    }
}
