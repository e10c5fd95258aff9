//! How bright the panel is: full for somebody, dimmed for nobody, off after a while.
//!
//! Enters: for whom the picture is, a brightness, and the time. Leaves: a level, 0..=100 percent.
//! Nothing fails; time is a parameter.

use std::time::{Duration, Instant};

use moodring_mood::Mood;
use serde::Deserialize;

use super::state::Scene;

/// `[screen.backlight]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BacklightSettings {
    /// Percent while somebody is there, 0..=100; 100. It can be changed over MQTT while the device runs.
    pub brightness: u8,
    /// Percent while nobody is there, 0..=100; 15. Never more than `brightness`.
    pub dimmed: u8,
    /// Seconds without anybody until it is dimmed, 0..=86400; 10.
    pub dim_after_s: u64,
    /// Seconds without anybody until it is off, 0..=86400; 300. Zero: never.
    pub off_after_s: u64,
}

impl Default for BacklightSettings {
    fn default() -> Self {
        Self { brightness: 100, dimmed: 15, dim_after_s: 10, off_after_s: 300 }
    }
}

impl BacklightSettings {
    /// Says which setting is out of range, if one is.
    pub(super) fn check(&self) -> Result<(), String> {
        for (key, percent) in [("brightness", self.brightness), ("dimmed", self.dimmed)] {
            if percent > 100 {
                return Err(format!("screen.backlight.{key} is {percent}; it must lie within 0 and 100"));
            }
        }
        for (key, seconds) in [("dim_after_s", self.dim_after_s), ("off_after_s", self.off_after_s)] {
            if seconds > 86_400 {
                return Err(format!("screen.backlight.{key} is {seconds}; it must lie within 0 and 86400"));
            }
        }
        if (1..self.dim_after_s).contains(&self.off_after_s) {
            let Self { dim_after_s, off_after_s, .. } = self;
            return Err(format!(
                "screen.backlight.off_after_s is {off_after_s}, before dim_after_s = {dim_after_s}; 0 is never"
            ));
        }
        Ok(())
    }
}

/// For whom a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Somebody is there.
    Present,
    /// Nobody is there.
    Absent,
    /// Whoever comes must be able to read it: the camera cannot tell whether somebody is there.
    Unknown,
}

impl Audience {
    /// For whom a scene is.
    pub fn of(scene: &Scene) -> Self {
        match scene {
            Scene::Waking | Scene::Goodbye | Scene::Test | Scene::Pairing(_) => Self::Present,
            Scene::Private => Self::Unknown,
            Scene::Live(state) if state.camera_problem.is_some() => Self::Unknown,
            // A dark room is one where people sleep, or where nobody is.
            Scene::Live(state) if state.too_dark || state.mood == Mood::Nobody => Self::Absent,
            Scene::Live(_) => Self::Present,
        }
    }
}

/// What decides how bright the panel is.
#[derive(Clone, Debug)]
pub struct Backlight {
    settings: BacklightSettings,
    brightness: u8,
    /// When somebody was there last.
    last: Option<Instant>,
}

impl Backlight {
    /// As the settings say.
    pub const fn new(settings: BacklightSettings) -> Self {
        Self { settings, brightness: settings.brightness, last: None }
    }

    /// Percent while somebody is there.
    pub const fn brightness(&self) -> u8 {
        self.brightness
    }

    /// Changes the brightness, in percent; more than 100 is 100. Whoever changes it wants to see it.
    pub fn set_brightness(&mut self, percent: u8, now: Instant) {
        self.brightness = percent.min(100);
        self.wake(now);
    }

    /// From now on it is dimmed as these settings say; as bright as they say, if they say another
    /// brightness than before.
    pub fn adjust(&mut self, settings: BacklightSettings) {
        if settings.brightness != self.settings.brightness {
            self.brightness = settings.brightness;
        }
        self.settings = settings;
    }

    /// Somebody is there whom the camera need not have seen: a button was pressed.
    pub const fn wake(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// The level for a picture, 0..=100 percent.
    pub fn level(&mut self, audience: Audience, now: Instant) -> u8 {
        if audience == Audience::Present {
            self.last = Some(now);
        }
        let alone = now.saturating_duration_since(*self.last.get_or_insert(now));
        let BacklightSettings { dimmed, dim_after_s, off_after_s, .. } = self.settings;
        let (dim_after, off_after) = (Duration::from_secs(dim_after_s), Duration::from_secs(off_after_s));
        if audience == Audience::Present || alone < dim_after {
            self.brightness
        } else if audience == Audience::Unknown || off_after.is_zero() || alone < off_after {
            dimmed.min(self.brightness)
        } else {
            0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::ScreenState;

    #[test]
    fn it_dims_then_goes_dark_and_wakes_when_somebody_comes() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut light = Backlight::new(BacklightSettings { brightness: 80, ..BacklightSettings::default() });
        let told: Vec<u8> =
            [(0, Audience::Present), (1, Audience::Absent), (9, Audience::Absent), (10, Audience::Absent)]
                .into_iter()
                .chain([(299, Audience::Absent), (300, Audience::Absent), (4000, Audience::Absent)])
                .chain([(4001, Audience::Present), (4002, Audience::Absent), (4011, Audience::Absent)])
                .map(|(s, audience)| light.level(audience, at(s)))
                .collect();
        assert_eq!(told, [80, 80, 80, 15, 15, 0, 0, 80, 80, 15]);
    }

    #[test]
    fn what_whoever_comes_must_read_is_never_dark() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut light = Backlight::new(BacklightSettings::default());
        assert_eq!(light.level(Audience::Unknown, at(0)), 100);
        assert_eq!(light.level(Audience::Unknown, at(80_000)), 15);
        assert_eq!(light.level(Audience::Absent, at(80_001)), 0);
        let mut never = Backlight::new(BacklightSettings { off_after_s: 0, ..BacklightSettings::default() });
        never.level(Audience::Present, at(0));
        assert_eq!(never.level(Audience::Absent, at(80_000)), 15);
    }

    #[test]
    fn new_settings_change_what_they_say_and_nothing_else() {
        let mut light = Backlight::new(BacklightSettings { brightness: 80, ..BacklightSettings::default() });
        light.set_brightness(40, Instant::now());
        light.adjust(BacklightSettings { brightness: 80, dimmed: 5, ..BacklightSettings::default() });
        assert_eq!(light.brightness(), 40, "what somebody asked for stays");
        light.adjust(BacklightSettings { brightness: 60, ..BacklightSettings::default() });
        assert_eq!(light.brightness(), 60);
    }

    #[test]
    fn a_button_or_a_new_brightness_wakes_it() {
        let start = Instant::now();
        let at = |s| start + Duration::from_secs(s);
        let mut light = Backlight::new(BacklightSettings::default());
        light.level(Audience::Present, at(0));
        assert_eq!(light.level(Audience::Absent, at(1000)), 0);
        light.wake(at(1001));
        assert_eq!(light.level(Audience::Absent, at(1002)), 100);
        light.set_brightness(40, at(2000));
        assert_eq!((light.level(Audience::Absent, at(2001)), light.brightness()), (40, 40));
        light.set_brightness(5, at(2002));
        assert_eq!(light.level(Audience::Absent, at(2200)), 5, "dimmed is never brighter than bright");
        light.set_brightness(200, at(2201));
        assert_eq!(light.level(Audience::Present, at(2201)), 100);
    }

    #[test]
    fn a_sleeping_room_goes_dark_and_trouble_stays_readable() {
        let live = |change: fn(&mut ScreenState)| {
            let mut state = ScreenState { mood: Mood::Happy, ..ScreenState::default() };
            change(&mut state);
            Audience::of(&Scene::Live(state))
        };
        assert_eq!(live(|_| {}), Audience::Present);
        assert_eq!(live(|s| s.mood = Mood::Nobody), Audience::Absent);
        assert_eq!(live(|s| s.too_dark = true), Audience::Absent);
        assert_eq!(live(|s| s.camera_problem = Some("gone".to_owned())), Audience::Unknown);
        assert_eq!(Audience::of(&Scene::Private), Audience::Unknown);
        assert_eq!(Audience::of(&Scene::Goodbye), Audience::Present);
    }

    #[test]
    fn settings_out_of_range_are_named() {
        let wrong = |settings: BacklightSettings| settings.check().unwrap_err();
        let default = BacklightSettings::default;
        assert_eq!(default().check(), Ok(()));
        assert!(wrong(BacklightSettings { dimmed: 101, ..default() }).starts_with("screen.backlight.dimmed is 101"));
        let error = wrong(BacklightSettings { off_after_s: 5, ..default() });
        assert!(error.starts_with("screen.backlight.off_after_s is 5, before dim_after_s = 10"), "{error}");
        assert!(wrong(BacklightSettings { dim_after_s: 90_000, ..default() }).contains("dim_after_s is 90000"));
    }
}
