//! What the devices say, and what the room feels by that: pure, with time as a parameter.
//!
//! In: messages of devices. Out: one [`Feeling`]. With several devices, the one whose mood changed
//! last speaks for the room, or most of them, or a chosen one ([`Hear`]), as long as somebody is in front
//! of it. A mood told for a crowd may be passed over. A device whose camera is closed on
//! purpose says nothing: what it said last stands until it watches again.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{DeviceId, Emotion, Health, Mood, MoodMessage, Paused, Status};

use crate::{config::Hear, view::DeviceView};

/// A device repeats its mood every 30 s; after this time without a word it is taken for lost, and a
/// retained message that is older is not acted upon.
pub const STALE: Duration = Duration::from_secs(120);

/// At most so many devices are known; further ones are refused.
pub const MAX_DEVICES: usize = 64;

/// 1 January 2026, before the first Moodring: a clock that shows less was never set. Machines without a battery
/// for it begin in 1970, or when their system was made.
const FIRST: Timestamp = Timestamp::constant(1_767_225_600, 0);

/// Whether a clock that shows this can have been set.
pub fn clock_is_set(shows: Timestamp) -> bool {
    shows >= FIRST
}

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
    /// How many people that mood was told for.
    people: u32,
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
    hear: Hear,
    /// A mood told for more people is not acted upon.
    people_max: Option<u32>,
    /// There is no connection to the broker: that a device says nothing means nothing.
    deaf: bool,
}

/// [`MAX_DEVICES`] are known already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{MAX_DEVICES} devices are known already; this one is left out")]
pub struct Full;

impl Room {
    /// A room without devices yet. `people_max`: a mood told for more people is not acted upon.
    pub fn new(hear: Hear, people_max: Option<u32>) -> Self {
        Self { devices: BTreeMap::new(), hear, people_max, deaf: false }
    }

    /// The connection to the broker is lost: what the devices said last stands until there is one again.
    pub const fn lost(&mut self) {
        self.deaf = true;
    }

    /// There is a connection to the broker.
    pub fn connected(&mut self, now: Moment) {
        if std::mem::take(&mut self.deaf) {
            // Each device has as long as ever to say what it sees.
            let heard = self.devices.values_mut().filter_map(|device| device.heard.as_mut());
            heard.for_each(|(at, _)| *at = now);
        }
    }

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
        let (mood, people) = (message.mood, message.people);
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
        device.people = people;
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
        let there: Vec<_> = self.devices.iter().filter(|(_, d)| d.sees_somebody(now, self.deaf)).collect();
        let few = |device: &Device| self.people_max.is_none_or(|most| device.people <= most);
        let heeded = there.iter().filter(|(id, d)| few(d) && self.hear.heeds(id));
        let clear: Vec<_> = heeded.filter_map(|(_, d)| d.emotion.map(|of| (of, d.people.max(1)))).collect();
        let people = |of: Emotion| clear.iter().filter(|((e, _), _)| *e == of).map(|(_, people)| people).sum::<u32>();
        let weight = |of: Emotion| if self.hear == Hear::Majority { people(of) } else { 0 };
        match clear.iter().map(|(of, _)| *of).max_by_key(|(emotion, since)| (weight(*emotion), since.tick)) {
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
        if self.deaf {
            return None;
        }
        let there = self.devices.values().filter(|d| d.sees_somebody(now, false) && !d.paused);
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

impl Hear {
    fn heeds(&self, device: &DeviceId) -> bool {
        !matches!(self, Self::Only(chosen) if chosen != device)
    }
}

impl Device {
    /// `deaf`: it could not be heard, had it said anything.
    fn sees_somebody(&self, now: Moment, deaf: bool) -> bool {
        let silent = deaf || self.paused;
        self.status != Some(Status::Offline)
            && self.heard.is_some_and(|(at, mood)| mood != Mood::Nobody && (silent || now.since(at) <= STALE))
    }

    /// Since when it sees nobody, or has not been heard.
    fn gone_since(&self) -> Option<Moment> {
        self.nobody.or(self.heard.map(|(at, _)| at))
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
