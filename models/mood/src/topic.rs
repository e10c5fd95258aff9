//! The MQTT topics: `moodring/<device id>/<leaf>`.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The first level of every topic.
pub const ROOT: &str = "moodring";

/// A device's name on the wire: 1 to 64 of `A–Z a–z 0–9 _ -`, as Home Assistant's discovery asks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceId(String);

/// Why a word cannot name a device.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} cannot name a device: use 1 to 64 letters, digits, '-' or '_'")]
pub struct DeviceIdError(String);

impl DeviceId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest id to a host name: other characters become `-`; an empty name, `moodring`.
    pub fn from_host_name(name: &str) -> Self {
        let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '_' || c == '-' { c } else { '-' };
        let id: String = name.trim().chars().take(Self::MAX_LEN).map(allowed).collect();
        Self(if id.is_empty() { ROOT.to_owned() } else { id })
    }
}

impl TryFrom<String> for DeviceId {
    type Error = DeviceIdError;

    fn try_from(id: String) -> Result<Self, DeviceIdError> {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
        if id.is_empty() || id.len() > Self::MAX_LEN || !id.bytes().all(allowed) {
            return Err(DeviceIdError(id.chars().take(Self::MAX_LEN + 1).collect()));
        }
        Ok(Self(id))
    }
}

impl std::str::FromStr for DeviceId {
    type Err = DeviceIdError;

    fn from_str(id: &str) -> Result<Self, DeviceIdError> {
        Self::try_from(id.to_owned())
    }
}

impl From<DeviceId> for String {
    fn from(id: DeviceId) -> Self {
        id.0
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The last level of a topic: what is said about a device, or to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// [`Status`](crate::Status), retained, QoS 1, the last will.
    Status,
    /// [`MoodMessage`](crate::MoodMessage), retained, QoS 1.
    Mood,
    /// [`Health`](crate::Health), retained.
    Health,
    /// [`NowPlaying`](crate::NowPlaying), retained, from the host.
    NowPlaying,
    /// The device's panel as a PNG, on every redraw and with every health message; not retained;
    /// never a camera frame.
    Screen,
    /// [`Paused`](crate::Paused), retained, QoS 1: whether the device's camera is closed on purpose.
    Paused,
    /// [`WishMessage`](crate::WishMessage), from the device's buttons to the host, QoS 1, not retained.
    Wish,
    /// The brightness of the panel's backlight, per cent, as plain text; retained, QoS 1.
    Brightness,
}

impl Leaf {
    /// All leaves.
    pub const ALL: [Self; 8] = [
        Self::Status,
        Self::Mood,
        Self::Health,
        Self::NowPlaying,
        Self::Screen,
        Self::Paused,
        Self::Wish,
        Self::Brightness,
    ];

    /// The last level of the topic.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Mood => "mood",
            Self::Health => "health",
            Self::NowPlaying => "now_playing",
            Self::Screen => "screen",
            Self::Paused => "paused",
            Self::Wish => "wish",
            Self::Brightness => "brightness",
        }
    }

    /// The filter that matches this leaf of every device.
    pub fn of_every_device(self) -> String {
        format!("{ROOT}/+/{}", self.word())
    }
}

/// One topic of one device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// Whose topic.
    pub device: DeviceId,
    /// Which of the device's topics.
    pub leaf: Leaf,
}

impl Topic {
    /// The topic `leaf` of `device`.
    pub const fn new(device: DeviceId, leaf: Leaf) -> Self {
        Self { device, leaf }
    }

    /// Reads `moodring/<id>/<leaf>`; `None` for every other topic.
    pub fn parse(topic: &str) -> Option<Self> {
        let (device, leaf) = topic.strip_prefix(ROOT)?.strip_prefix('/')?.split_once('/')?;
        let leaf = Leaf::ALL.into_iter().find(|l| l.word() == leaf)?;
        Some(Self::new(device.parse().ok()?, leaf))
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}/{}/{}", self.device, self.leaf.word())
    }
}

/// What can be asked of a device, on `moodring/<id>/set/<word>`. Plain text, never retained: a broker
/// would ask again on each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// `on` closes the camera, `off` opens it again: [`Paused`](crate::Paused).
    Paused,
    /// The brightness of the panel's backlight: a whole number, 0..=100 per cent.
    Brightness,
    /// `restart` lets the program start again.
    Restart,
}

impl Command {
    /// All commands.
    pub const ALL: [Self; 3] = [Self::Paused, Self::Brightness, Self::Restart];

    /// The last level of the topic.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Brightness => "brightness",
            Self::Restart => "restart",
        }
    }

    /// The topic on which this is asked of `device`.
    pub fn topic(self, device: &DeviceId) -> String {
        format!("{}{}", Self::all_topics(device).trim_end_matches('+'), self.word())
    }

    /// The filter that matches all that is asked of `device`.
    pub fn all_topics(device: &DeviceId) -> String {
        format!("{ROOT}/{device}/set/+")
    }

    /// Whose command it is, and which, on `moodring/<id>/set/<word>`: the inner `None` for a word that
    /// is no command, the outer for every other topic.
    pub fn parse(topic: &str) -> Option<(DeviceId, Option<Self>)> {
        let (device, word) = topic.strip_prefix(ROOT)?.strip_prefix('/')?.split_once("/set/")?;
        Some((device.parse().ok()?, Self::ALL.into_iter().find(|command| command.word() == word)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_round_trip_and_unknown_ones_are_told_apart() {
        let hall: DeviceId = "hall".parse().unwrap();
        for command in Command::ALL {
            assert_eq!(Command::parse(&command.topic(&hall)), Some((hall.clone(), Some(command))));
        }
        assert_eq!(Command::all_topics(&hall), "moodring/hall/set/+");
        assert_eq!(Command::parse("moodring/hall/set/dance"), Some((hall, None)));
        for topic in ["moodring/hall/paused", "moodring/a b/set/paused", "x/hall/set/paused", "moodring/set/paused"] {
            assert_eq!(Command::parse(topic), None, "{topic}");
        }
        // A command is no state: what devices say and what is asked of them are never mistaken.
        assert_eq!(Topic::parse("moodring/hall/set/paused"), None);
    }

    #[test]
    fn topics_round_trip() {
        for leaf in Leaf::ALL {
            let topic = Topic::new("kitchen-1".parse().unwrap(), leaf);
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
        assert_eq!(Leaf::Mood.of_every_device(), "moodring/+/mood");
    }

    #[test]
    fn other_topics_are_not_ours() {
        for topic in [
            "moodring",
            "moodring/a",
            "moodring/a/b/mood",
            "moodring//mood",
            "x/a/mood",
            "moodring/a b/mood",
            "moodring/a/MOOD",
        ] {
            assert_eq!(Topic::parse(topic), None, "{topic}");
        }
    }

    #[test]
    fn a_host_name_always_gives_a_device_id() {
        for (name, id) in [("pi.local", "pi-local"), ("", "moodring"), ("Küche", "K-che"), ("hall_2", "hall_2")] {
            let made = DeviceId::from_host_name(name);
            assert_eq!(made.as_str(), id);
            assert_eq!(id.parse::<DeviceId>().unwrap(), made);
        }
        assert!(DeviceId::try_from("+".to_owned()).is_err());
        assert!(DeviceId::try_from("a".repeat(65)).is_err());
    }
}
