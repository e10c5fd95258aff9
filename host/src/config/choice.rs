//! How music is chosen: `[choice]`, and what a room has otherwise.

use serde::{Deserialize, Serialize};

use super::{Config, Room, Unusable};
use crate::decide::mode::{Answers, Hours, Manner, Mode};

/// How music is chosen, in every room that says nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choosing {
    /// What music does about the moods of a room.
    pub mode: Mode,
    /// Over how many tracks a lift leads to bright music, 4..=6.
    pub lift_over: u32,
    /// Whether tracks marked explicit may be chosen.
    pub explicit: bool,
    /// No louder than this, 0..=1.
    pub volume_max: f32,
    /// Times of day at which something is otherwise.
    pub hours: Vec<Hours>,
    /// What is done about each mood, whatever the mode.
    pub moods: Answers,
}

impl Default for Choosing {
    fn default() -> Self {
        let Manner { mode, answers, explicit, volume_max, hours, .. } = Manner::default();
        Self { mode, lift_over: 5, explicit, volume_max, hours, moods: answers }
    }
}

impl Config {
    /// How music is chosen in a room.
    pub fn manner(&self, room: &Room) -> Manner {
        let common = &self.choice;
        Manner {
            mode: room.mode.unwrap_or(common.mode),
            answers: room.moods.unwrap_or(common.moods),
            lift_over: common.lift_over as usize,
            explicit: room.explicit.unwrap_or(common.explicit),
            volume_max: room.volume_max.unwrap_or(common.volume_max),
            hours: room.hours.clone().unwrap_or_else(|| common.hours.clone()),
        }
    }

    /// Refuses what is out of range.
    pub(super) fn check_choice(&self) -> Result<(), Unusable> {
        let range = |key, found: &dyn std::fmt::Display, wanted, right: bool| {
            if right { Ok(()) } else { Err(Unusable::Range { key, found: found.to_string(), wanted }) }
        };
        let choice = &self.choice;
        range("choice.lift_over", &choice.lift_over, "must lie within 4 and 6", (4..=6).contains(&choice.lift_over))?;
        for (key, hours, own) in std::iter::once(("choice", &choice.hours, Some(choice.volume_max)))
            .chain(self.room.iter().filter_map(|room| Some(("room", room.hours.as_ref()?, None))))
            .chain(self.room.iter().map(|room| ("room", &choice.hours, room.volume_max)))
        {
            let name = if key == "choice" { "choice.hours.volume_max" } else { "room.hours.volume_max" };
            for most in hours.iter().filter_map(|hours| hours.volume_max) {
                range(name, &most, "must lie within 0 and 1", (0.0..=1.0).contains(&most))?;
            }
            let name = if key == "choice" { "choice.volume_max" } else { "room.volume_max" };
            let own = own.unwrap_or(1.0);
            range(name, &own, "must lie within 0 and 1", (0.0..=1.0).contains(&own))?;
        }
        Ok(())
    }
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
    fn a_room_has_the_common_manner_and_what_it_says_itself() {
        let config = read(
            "[choice]\nmode = 'lift'\nvolume_max = 0.8\nmoods = { angry = 'mode' }\n\
             hours = [{ from = '22:00', to = '07:00', quiet = true, days = ['fri', 'sat'] }]\n\
             [[room]]\nname = 'Kitchen'\n[[room]]\nname = 'Nursery'\ndevices = ['cot']\noutput = 'null'\nmode = 'calm'\n\
             explicit = false\nvolume_max = 0.3\nhours = []\n",
        )
        .unwrap();
        let rooms = config.rooms();
        let (kitchen, nursery) = (config.manner(&rooms[0]), config.manner(&rooms[1]));
        assert_eq!((kitchen.mode, kitchen.explicit, kitchen.hours.len()), (Mode::Lift, true, 1));
        assert_eq!((nursery.mode, nursery.explicit, nursery.hours.len()), (Mode::Calm, false, 0));
        assert_eq!((kitchen.volume_max, nursery.volume_max), (0.8, 0.3));
        assert_eq!(Config::default().manner(&Config::default().rooms()[0]), Manner::default());
    }

    #[test]
    fn what_is_out_of_range_is_named() {
        for (text, says) in [
            ("[choice]\nlift_over = 9\n", "choice.lift_over = 9: must lie within 4 and 6"),
            ("[choice]\nvolume_max = 2.0\n", "choice.volume_max = 2: must lie within 0 and 1"),
            ("[choice]\nmode = 'party'\n", "party"),
            ("[choice]\nmoods = { angry = 'shout' }\n", "shout"),
            ("[choice]\nhours = [{ from = '25:00', to = '07:00' }]\n", "25"),
            ("[choice]\nhours = [{ from = '20:00' }]\n", "to"),
            ("[choice]\nhours = [{ from = '20:00', to = '21:00', volume_max = 7.0 }]\n", "choice.hours.volume_max = 7"),
            ("[[room]]\nname = 'a'\nvolume_max = -1.0\n", "room.volume_max = -1"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
    }
}
