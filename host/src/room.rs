//! What the devices say, and what the room feels by that: pure, with time as a parameter.
//!
//! In: messages of devices. Out: one [`Feeling`]. With several devices, the one whose mood changed
//! last speaks for the room, as long as somebody is in front of it. A device whose camera is closed on
//! purpose says nothing: what it said last stands until it watches again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{DeviceId, Emotion, Health, Mood, MoodMessage, Paused, Status};

use crate::view::DeviceView;

/// A device repeats its mood every 30 s; after this time without a word it is taken for lost, and a
/// retained message that is older is not acted upon.
pub const STALE: Duration = Duration::from_secs(120);

/// At most so many devices are known; further ones are refused.
pub const MAX_DEVICES: usize = 64;

/// A point in time: what a calendar shows, and a clock that never jumps to measure by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// By the calendar.
    pub at: Timestamp,
    /// By the clock that never jumps.
    pub tick: Instant,
}

impl Moment {
    /// The present.
    pub fn now() -> Self {
        Self { at: Timestamp::now(), tick: Instant::now() }
    }

    /// The time that has gone by since `earlier`; zero if that lies ahead.
    pub fn since(self, earlier: Self) -> Duration {
        self.tick.saturating_duration_since(earlier.tick)
    }
}

/// What the room feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feeling {
    /// No device has said anything lately.
    Unknown,
    /// Somebody feels this, since then.
    Feels(Emotion, Moment),
    /// Somebody is there, and no emotion is or was clear.
    Somebody,
    /// Nobody has been there since then.
    Nobody(Moment),
}

/// One device, as far as heard.
#[derive(Debug, Default)]
struct Device {
    status: Option<Status>,
    shown: Option<Shown>,
    /// When a mood was last heard that can be acted upon, and which.
    heard: Option<(Moment, Mood)>,
    /// The last clear emotion, and since when.
    emotion: Option<(Emotion, Moment)>,
    /// Since when nobody is in front of it.
    nobody: Option<Moment>,
    /// It went offline and has not told a mood since.
    was_offline: bool,
    /// Its camera is closed on purpose.
    paused: bool,
    health: Option<Health>,
    screen: u64,
}

/// What is shown of a device's mood, however old.
#[derive(Debug)]
struct Shown {
    message: MoodMessage,
    since: Timestamp,
}

/// The devices and what they said.
#[derive(Debug, Default)]
pub struct Room {
    devices: BTreeMap<DeviceId, Device>,
}

/// [`MAX_DEVICES`] are known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_DEVICES} devices are known already; this one is left out")]
pub struct Full;

impl Room {
    /// Takes a mood in. `retained`: the broker kept it for us, so it may be old. If the mood shown for
    /// the device changed, gives when: by the device's clock where that is plausible.
    ///
    /// # Errors
    /// Too many devices.
    pub fn mood(
        &mut self,
        id: &DeviceId,
        message: MoodMessage,
        retained: bool,
        now: Moment,
    ) -> Result<Option<Timestamp>, Full> {
        let device = self.device(id)?;
        // A device's clock may be wrong: its time is believed only where it is near ours.
        let apart = message.at.duration_until(now.at);
        let near = apart.unsigned_abs() <= STALE;
        let told = match apart.try_into() {
            Ok(age) if near => Moment { at: message.at, tick: now.tick.checked_sub(age).unwrap_or(now.tick) },
            _ => now,
        };
        let changed = device.shown.as_ref().is_none_or(|shown| shown.message.mood != message.mood);
        let mood = message.mood;
        // A mood from before an absence is over: nobody knows who is there now.
        let was_nobody = device.nobody.is_some();
        let was_away = device.was_offline || device.heard.is_some_and(|(at, _)| now.since(at) > STALE);
        let since = match &device.shown {
            Some(shown) if !changed && !was_away => shown.since,
            _ if retained && !near => message.at,
            _ => told.at,
        };
        let changed = changed.then_some(since);
        device.shown = Some(Shown { message, since });
        if retained && !near {
            return Ok(changed);
        }
        device.was_offline = false;
        if was_nobody || was_away || mood == Mood::Nobody {
            device.emotion = None;
        }
        if let Some(emotion) = mood.emotion() {
            device.emotion = device.emotion.filter(|(same, _)| *same == emotion).or(Some((emotion, told)));
        }
        device.nobody = (mood == Mood::Nobody).then(|| device.nobody.unwrap_or(told));
        device.heard = Some((now, mood));
        Ok(changed)
    }

    /// Takes in whether a device is connected.
    ///
    /// # Errors
    /// Too many devices.
    pub fn status(&mut self, id: &DeviceId, status: Status) -> Result<(), Full> {
        let device = self.device(id)?;
        device.status = Some(status);
        if status == Status::Offline {
            device.was_offline = true;
            device.emotion = None;
        }
        Ok(())
    }

    /// Takes a health message in.
    ///
    /// # Errors
    /// Too many devices.
    pub fn health(&mut self, id: &DeviceId, health: Health) -> Result<(), Full> {
        self.device(id)?.health = Some(health);
        Ok(())
    }

    /// Takes in whether a device's camera is closed on purpose.
    ///
    /// # Errors
    /// Too many devices.
    pub fn paused(&mut self, id: &DeviceId, paused: Paused, now: Moment) -> Result<(), Full> {
        let device = self.device(id)?;
        let watches_again = std::mem::replace(&mut device.paused, paused == Paused::On) && !device.paused;
        if let (true, Some((heard, _))) = (watches_again, &mut device.heard) {
            // It has as long as any other to say what it sees.
            *heard = now;
        }
        Ok(())
    }

    /// Counts a new picture of a device's panel; gives its number.
    ///
    /// # Errors
    /// Too many devices.
    pub fn screen(&mut self, id: &DeviceId) -> Result<u64, Full> {
        let device = self.device(id)?;
        device.screen += 1;
        Ok(device.screen)
    }

    /// Forgets a device whose retained status was removed.
    pub fn forget(&mut self, id: &DeviceId) {
        self.devices.remove(id);
    }

    /// The devices, by id.
    pub fn ids(&self) -> impl Iterator<Item = &DeviceId> {
        self.devices.keys()
    }

    fn device(&mut self, id: &DeviceId) -> Result<&mut Device, Full> {
        if !self.devices.contains_key(id) && self.devices.len() >= MAX_DEVICES {
            return Err(Full);
        }
        Ok(self.devices.entry(id.clone()).or_default())
    }

    /// What the room feels.
    pub fn feels(&self, now: Moment) -> Feeling {
        let there: Vec<_> = self.devices.values().filter(|d| d.sees_somebody(now)).collect();
        let clear = there.iter().filter_map(|d| d.emotion).max_by_key(|(_, since)| since.tick);
        match clear {
            Some((emotion, since)) => Feeling::Feels(emotion, since),
            None if !there.is_empty() => Feeling::Somebody,
            None => {
                let gone = self.devices.values().filter_map(Device::gone_since).max_by_key(|gone| gone.tick);
                gone.map_or(Feeling::Unknown, Feeling::Nobody)
            }
        }
    }

    /// When [`Self::feels`] may change without a further message, if ever.
    pub fn wake(&self, now: Moment) -> Option<Instant> {
        let there = self.devices.values().filter(|d| d.sees_somebody(now) && !d.paused);
        there.filter_map(|d| d.heard).map(|(heard, _)| heard.tick + STALE + Duration::from_millis(1)).min()
    }

    /// What is shown of the devices; those without a mood yet are left out.
    pub fn view(&self) -> Vec<DeviceView> {
        let view = |(id, device): (&DeviceId, &Device)| {
            let shown = device.shown.as_ref()?;
            Some(DeviceView {
                id: id.clone(),
                online: device.status == Some(Status::Online),
                mood: shown.message.mood,
                confidence: shown.message.confidence,
                since: shown.since,
                people: shown.message.people,
                paused: device.paused,
                health: device.health.clone(),
                screen: device.screen,
            })
        };
        self.devices.iter().filter_map(view).collect()
    }
}

impl Device {
    fn sees_somebody(&self, now: Moment) -> bool {
        self.status != Some(Status::Offline)
            && self.heard.is_some_and(|(at, mood)| mood != Mood::Nobody && (self.paused || now.since(at) <= STALE))
    }

    /// Since when it sees nobody, or has not been heard.
    fn gone_since(&self) -> Option<Moment> {
        self.nobody.or(self.heard.map(|(at, _)| at))
    }
}

#[cfg(test)]
mod tests {
    use moodring_mood::{Confidence, Scores};

    use super::*;

    fn say(mood: Mood, at: Timestamp) -> MoodMessage {
        let confidence = Confidence::saturating(0.8);
        MoodMessage { v: 1, at, seq: 1, mood, confidence, people: 1, scores: Scores::default() }
    }

    fn later(start: Moment, s: u64) -> Moment {
        let gone = Duration::from_secs(s);
        Moment { at: start.at + gone, tick: start.tick + gone }
    }

    fn id(name: &str) -> DeviceId {
        name.parse().unwrap()
    }

    /// What the room feels after one device told these moods at these seconds.
    fn told(moods: &[(u64, Mood)], ask: u64) -> (Feeling, Moment) {
        let start = Moment::now();
        let mut room = Room::default();
        for (s, mood) in moods {
            let now = later(start, *s);
            room.mood(&id("a"), say(*mood, now.at), false, now).unwrap();
        }
        (room.feels(later(start, ask)), start)
    }

    #[test]
    fn unsure_keeps_the_last_mood_and_nobody_ends_it() {
        let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Unsure), (30, Mood::Happy)], 40);
        assert_eq!(feeling, Feeling::Feels(Emotion::Happy, start));
        let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Unsure)], 40);
        assert_eq!(feeling, Feeling::Feels(Emotion::Happy, start));
        let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Nobody), (50, Mood::Nobody)], 60);
        assert_eq!(feeling, Feeling::Nobody(later(start, 20)));
        // Back again: the mood counts from now on.
        let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Nobody), (50, Mood::Happy)], 60);
        assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 50)));
        assert_eq!(told(&[(0, Mood::Unsure)], 1).0, Feeling::Somebody);
        assert_eq!(told(&[], 1).0, Feeling::Unknown);
    }

    #[test]
    fn a_device_that_falls_silent_or_offline_sees_nobody() {
        let (feeling, start) = told(&[(0, Mood::Happy), (30, Mood::Happy)], 30 + 121);
        assert_eq!(feeling, Feeling::Nobody(later(start, 30)));
        let now = Moment::now();
        let mut room = Room::default();
        room.mood(&id("a"), say(Mood::Happy, now.at), false, now).unwrap();
        room.status(&id("a"), Status::Offline).unwrap();
        assert_eq!(room.feels(now), Feeling::Nobody(now));
        room.status(&id("a"), Status::Online).unwrap();
        assert_eq!(room.feels(now), Feeling::Somebody, "who is there now has not been told");
    }

    #[test]
    fn a_camera_closed_on_purpose_leaves_the_mood_as_it_was() {
        let (start, mut room) = (Moment::now(), Room::default());
        room.mood(&id("a"), say(Mood::Happy, start.at), false, start).unwrap();
        room.paused(&id("a"), Paused::On, start).unwrap();
        let hours = later(start, 7200);
        assert_eq!(room.feels(hours), Feeling::Feels(Emotion::Happy, start));
        assert_eq!(room.wake(hours), None);
        assert!(room.view()[0].paused);
        room.paused(&id("a"), Paused::Off, hours).unwrap();
        assert_eq!(room.feels(hours), Feeling::Feels(Emotion::Happy, start));
        assert!(matches!(room.feels(later(start, 7200 + 121)), Feeling::Nobody(_)), "it has not said anything since");
    }

    #[test]
    fn after_an_absence_the_old_mood_is_over_and_its_age_too() {
        use Mood::{Happy, Nobody, Unsure};
        let (feeling, _) = told(&[(0, Happy), (20, Nobody), (50, Unsure)], 60);
        assert_eq!(feeling, Feeling::Somebody);
        let (feeling, start) = told(&[(0, Happy), (20, Nobody), (50, Unsure), (70, Happy)], 80);
        assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 70)));
        // Not heard for hours.
        let (feeling, start) = told(&[(0, Happy), (9 * 3600, Happy)], 9 * 3600 + 1);
        assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 9 * 3600)));
        assert_eq!(told(&[(0, Happy), (9 * 3600, Unsure)], 9 * 3600 + 1).0, Feeling::Somebody);
        // Offline for hours: what is shown begins anew, too.
        let (start, mut room) = (Moment::now(), Room::default());
        room.mood(&id("a"), say(Happy, start.at), false, start).unwrap();
        room.status(&id("a"), Status::Offline).unwrap();
        let back = later(start, 60);
        room.status(&id("a"), Status::Online).unwrap();
        room.mood(&id("a"), say(Happy, back.at), false, back).unwrap();
        assert_eq!(room.feels(back), Feeling::Feels(Emotion::Happy, back));
        assert_eq!(room.view()[0].since, back.at);
    }

    #[test]
    fn a_change_is_dated_by_the_device_where_its_clock_is_plausible() {
        let (now, mut room) = (Moment::now(), Room::default());
        let mut tell = |mood, at| room.mood(&id("a"), say(mood, at), false, now).unwrap();
        let early = now.at - Duration::from_secs(3);
        assert_eq!(tell(Mood::Happy, early), Some(early));
        assert_eq!(tell(Mood::Happy, now.at), None, "a repetition is no change");
        assert_eq!(tell(Mood::Sad, now.at - Duration::from_secs(86_400)), Some(now.at));
    }

    #[test]
    fn the_device_whose_mood_changed_last_speaks_for_the_room() {
        let start = Moment::now();
        let mut room = Room::default();
        let mut tell = |name: &str, s, mood| {
            let now = later(start, s);
            room.mood(&id(name), say(mood, now.at), false, now).unwrap();
            room.feels(now)
        };
        tell("kitchen", 0, Mood::Happy);
        assert_eq!(tell("hall", 10, Mood::Sad), Feeling::Feels(Emotion::Sad, later(start, 10)));
        // A mere repetition changes nothing.
        assert_eq!(tell("kitchen", 30, Mood::Happy), Feeling::Feels(Emotion::Sad, later(start, 10)));
        assert_eq!(tell("hall", 35, Mood::Nobody), Feeling::Feels(Emotion::Happy, start));
    }

    #[test]
    fn old_retained_moods_are_shown_and_not_acted_upon() {
        let now = Moment::now();
        for (age, feels) in [(-600, false), (-60, true), (0, true), (60, true), (600, false)] {
            let mut room = Room::default();
            let at = now.at - jiff::SignedDuration::from_secs(age);
            room.mood(&id("a"), say(Mood::Happy, at), true, now).unwrap();
            assert_eq!(room.view()[0].mood, Mood::Happy);
            assert_eq!(room.feels(now) != Feeling::Unknown, feels, "{age} s old");
        }
        // Told just now by a device whose clock is a day off: acted upon, since now.
        let mut room = Room::default();
        let wrong = now.at + Duration::from_secs(86_400);
        room.mood(&id("a"), say(Mood::Happy, wrong), false, now).unwrap();
        assert_eq!(room.feels(now), Feeling::Feels(Emotion::Happy, now));
        assert_eq!(room.view()[0].since, now.at);
    }

    #[test]
    fn a_crowd_of_invented_devices_is_refused() {
        let now = Moment::now();
        let mut room = Room::default();
        for n in 0..MAX_DEVICES {
            room.status(&id(&format!("d{n}")), Status::Online).unwrap();
        }
        assert_eq!(room.mood(&id("one-more"), say(Mood::Sad, now.at), false, now), Err(Full));
        assert!(room.mood(&id("d0"), say(Mood::Sad, now.at), false, now).is_ok());
    }
}
