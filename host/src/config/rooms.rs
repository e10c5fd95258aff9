//! The rooms of `[[room]]`: which cameras speak for each, and where its music is heard.
//!
//! Without any `[[room]]` there is one, [`HOME`], which hears every device. Fails in words that name
//! the room.

use std::{collections::BTreeMap, fmt, str::FromStr};

use moodring_mood::DeviceId;
use serde::{Deserialize, Serialize};

use super::{Config, Sound, Unusable};
use crate::{
    decide::mode::{Answers, Hours, Mode},
    player::local::Output,
};

/// The name of the room that there is without any `[[room]]`.
pub const HOME: &str = "home";

/// The longest name of a room, in characters.
const LONGEST: usize = 40;

/// One room: its cameras and its sound. A key left out is as for the whole program.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Room {
    /// Its name, by which history and learnt taste are kept.
    pub name: String,
    /// The devices that see it. The first room also has every device that no room names.
    pub devices: Vec<DeviceId>,
    /// Which of several devices speaks for it.
    pub hear: Hear,
    /// A mood told for more people than so many is not acted upon; 0: however many there are.
    pub people_max: u32,
    /// Where its music is heard; else as in `[player]`.
    pub output: Option<Output>,
    /// Its loudness, 0..=1; else as in `[player]`.
    pub volume: Option<f32>,
    /// What music does about its moods; else as in `[choice]`, and so the following.
    pub mode: Option<Mode>,
    /// What is done about each mood, whatever the mode.
    pub moods: Option<Answers>,
    /// Whether tracks marked explicit may be chosen.
    pub explicit: Option<bool>,
    /// No louder than this, 0..=1.
    pub volume_max: Option<f32>,
    /// Times of day at which something is otherwise.
    pub hours: Option<Vec<Hours>>,
}

/// Which of several devices in a room speaks for it; in the configuration `freshest`, `majority` or
/// `device:ID`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Hear {
    /// The one whose mood changed last.
    #[default]
    Freshest,
    /// The mood of the most people in view; of several such, the one told last.
    Majority,
    /// This one alone. The others only tell that somebody is there.
    Only(DeviceId),
}

impl FromStr for Hear {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        match word {
            "freshest" => Ok(Self::Freshest),
            "majority" => Ok(Self::Majority),
            _ => match word.strip_prefix("device:") {
                Some(id) => id.parse().map(Self::Only).map_err(|e| format!("{e}")),
                None => Err(format!("{word:?} is no way to hear; known are freshest, majority and device:ID")),
            },
        }
    }
}

impl TryFrom<String> for Hear {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        word.parse()
    }
}

impl From<Hear> for String {
    fn from(hear: Hear) -> Self {
        hear.to_string()
    }
}

impl fmt::Display for Hear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Freshest => f.write_str("freshest"),
            Self::Majority => f.write_str("majority"),
            Self::Only(id) => write!(f, "device:{id}"),
        }
    }
}

impl Config {
    /// The rooms, at least one; the first is the one meant where none is named.
    pub fn rooms(&self) -> Vec<Room> {
        if self.room.is_empty() { vec![Room { name: HOME.to_owned(), ..Room::default() }] } else { self.room.clone() }
    }

    /// The sound of a room.
    pub fn sound(&self, room: &Room) -> Sound {
        let common = self.player.clone();
        Sound {
            output: room.output.clone().unwrap_or(common.output),
            volume: room.volume.unwrap_or(common.volume),
            ..common
        }
    }

    /// Refuses rooms that cannot be told apart, or that would play over one another.
    pub(super) fn check_rooms(&self) -> Result<(), Unusable> {
        let (mut names, mut owners, mut heard) = (Vec::new(), BTreeMap::new(), Vec::new());
        for (n, room) in self.room.iter().enumerate() {
            let wrong = |why: String| Err(Unusable::Room { name: room.name.clone(), why });
            let length = room.name.chars().count();
            if !(1..=LONGEST).contains(&length) || room.name.chars().any(char::is_control) {
                return wrong(format!("name: each room needs one, of 1 to {LONGEST} characters"));
            }
            if names.contains(&&room.name) {
                return wrong("name: another room has it too; give each its own".to_owned());
            }
            names.push(&room.name);
            if n > 0 && room.devices.is_empty() {
                let first = &self.room[0].name;
                return wrong(format!(
                    "devices: name those that see it; only the first room, {first:?}, may have none"
                ));
            }
            for device in &room.devices {
                if let Some(other) = owners.insert(device, &room.name) {
                    return wrong(format!("devices: {device} is in {other:?} too; a device sees one room"));
                }
            }
            if let Hear::Only(device) = &room.hear
                && !(n == 0 && room.devices.is_empty())
                && !room.devices.contains(device)
            {
                return wrong(format!("hear: {device} is none of its devices"));
            }
            if room.volume.is_some_and(|volume| !(0.0..=1.0).contains(&volume)) {
                return wrong("volume: must lie within 0 and 1".to_owned());
            }
            let output = self.sound(room).output;
            if output != Output::Null
                && let Some((other, _)) = heard.iter().find(|(_, at)| *at == output)
            {
                return wrong(format!(
                    "output: {output} is where {other:?} plays already; give one of them another output, or list the \
                     devices of both in one room, which is how several cameras share a speaker"
                ));
            }
            heard.push((&room.name, output));
        }
        Ok(())
    }
}

/// The room that has `device`, by its place in `rooms`.
pub fn room_of(rooms: &[Room], device: &DeviceId) -> usize {
    rooms.iter().position(|room| room.devices.contains(device)).unwrap_or(0)
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
    fn without_rooms_there_is_one_that_hears_every_device() {
        let rooms = read("").unwrap().rooms();
        assert_eq!((rooms.len(), rooms[0].name.as_str()), (1, HOME));
        assert_eq!(room_of(&rooms, &"anywhere".parse().unwrap()), 0);
    }

    #[test]
    fn each_room_has_its_devices_and_the_first_those_that_none_names() {
        let config = read(
            "[player]\noutput = 'null'\nvolume = 0.5\n[[room]]\nname = 'Kitchen'\nhear = 'majority'\n\
             [[room]]\nname = 'Nursery'\ndevices = ['cot', 'door']\nhear = 'device:cot'\nvolume = 0.2\noutput = 'wav:a.wav'\n",
        )
        .unwrap();
        let rooms = config.rooms();
        let of = |device: &str| rooms[room_of(&rooms, &device.parse().unwrap())].name.as_str();
        assert_eq!((of("cot"), of("door"), of("hall")), ("Nursery", "Nursery", "Kitchen"));
        assert_eq!(rooms[1].hear, Hear::Only("cot".parse().unwrap()));
        let (kitchen, nursery) = (config.sound(&rooms[0]), config.sound(&rooms[1]));
        assert_eq!((kitchen.output, kitchen.volume), (Output::Null, 0.5));
        assert_eq!((nursery.output.to_string().as_str(), nursery.volume), ("wav:a.wav", 0.2));
    }

    #[test]
    fn rooms_that_cannot_be_told_apart_are_refused_by_name() {
        let null = "[player]\noutput = 'null'\n";
        for (rooms, says) in [
            ("[[room]]\n", "each room needs one"),
            ("[[room]]\nname = 'a'\n[[room]]\nname = 'a'\ndevices = ['x']\n", "room \"a\": name: another room"),
            ("[[room]]\nname = 'a'\n[[room]]\nname = 'b'\n", "room \"b\": devices: name those that see it"),
            (
                "[[room]]\nname = 'a'\ndevices = ['x']\n[[room]]\nname = 'b'\ndevices = ['x']\n",
                "room \"b\": devices: x is in \"a\" too",
            ),
            ("[[room]]\nname = 'a'\ndevices = ['x']\nhear = 'device:y'\n", "y is none of its devices"),
            ("[[room]]\nname = 'a'\nhear = 'loudest'\n", "known are freshest, majority and device:ID"),
            ("[[room]]\nname = 'a'\nvolume = 2.0\n", "volume: must lie within 0 and 1"),
        ] {
            let error = read(&format!("{null}{rooms}")).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
        let both = "[[room]]\nname = 'a'\n[[room]]\nname = 'b'\ndevices = ['x']\n";
        let error = read(both).unwrap_err();
        assert!(error.contains("room \"b\": output: default is where \"a\" plays already"), "{error}");
    }
}
