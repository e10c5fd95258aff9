//! What is still to be written down, in its order: kept here while the database cannot take it.
//!
//! In: entries as things happen. Out: rows in the database, as soon as it takes them. A database that is
//! locked or a disk that is full delays them; nothing is lost until there are [`MOST`] of them, and the music
//! does not wait. What the database refuses for good is dropped and logged.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use moodring_mood::{Confidence, DeviceId, Emotion, Mood};

use super::App;
use crate::{
    decide::Choice,
    library::{Ending, Store, StoreError, TrackId},
    player::PlayId,
    room::Moment,
    taste::Belief,
};

/// At most so many entries wait: days of music. Then the oldest are dropped.
const MOST: usize = 10_000;

/// At most so many moods wait.
const MOODS: usize = 1_000;

/// A mood that its device took back so soon is not written: of a flood, little is.
const PASSED: SignedDuration = SignedDuration::from_secs(1);

/// After a failure the database is left alone for so long, counted from when the attempt began: it may itself
/// have waited five seconds for a lock.
const PAUSE: Duration = Duration::from_secs(10);

/// One thing to write.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Entry {
    /// A play began.
    Began { play: PlayId, choice: Choice, reason: String, at: Timestamp },
    /// A play ended.
    Ended { play: PlayId, ending: Ending, at: Timestamp },
    /// What is known of a track's welcome now.
    Learnt { emotion: Emotion, track: TrackId, belief: Belief },
    /// A value that the room keeps under a name.
    Kept { name: &'static str, value: String },
    /// What was decided, in a sentence.
    Decided { words: String, at: Timestamp },
    /// A device told a new mood.
    Felt { device: DeviceId, mood: Mood, confidence: Confidence, at: Timestamp },
}

impl Entry {
    /// Whether it is a mood of this device.
    fn is_of(&self, device: &DeviceId) -> bool {
        matches!(self, Self::Felt { device: of, .. } if of == device)
    }

    /// Whether it is a mood that held for less than a second, if the next came at this time.
    fn was_passed_by(&self, next: Timestamp) -> bool {
        matches!(self, Self::Felt { at, .. } if next.duration_since(*at).abs() < PASSED)
    }

    async fn write(&self, store: &Store, room: &str) -> Result<(), StoreError> {
        match self {
            Self::Began { play, choice, reason, at } => store.play_began(room, *play, choice, reason, *at).await,
            Self::Ended { play, ending, at } => store.play_ended(*play, *ending, *at).await,
            Self::Learnt { emotion, track, belief } => store.keep_taste(room, *emotion, *track, *belief).await,
            Self::Kept { name, value } => store.keep(room, name, value).await,
            Self::Decided { words, at } => store.decided(room, words, *at).await,
            Self::Felt { device, mood, confidence, at } => store.mood_heard(device, *mood, *confidence, *at).await,
        }
    }
}

/// The entries that wait, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    entries: VecDeque<Entry>,
    moods: VecDeque<Entry>,
    not_before: Option<Instant>,
}

impl Unwritten {
    /// Adds an entry.
    fn push(&mut self, entry: Entry) {
        let (waiting, most) = match &entry {
            Entry::Felt { device, at, .. } => {
                let last = self.moods.iter().rposition(|waits| waits.is_of(device));
                if let Some(last) = last.filter(|last| self.moods[*last].was_passed_by(*at)) {
                    self.moods.remove(last);
                }
                (&mut self.moods, MOODS)
            }
            _ => (&mut self.entries, MOST),
        };
        if waiting.len() >= most {
            waiting.pop_front();
        }
        waiting.push_back(entry);
    }

    fn front(&self) -> Option<&Entry> {
        self.entries.front().or(self.moods.front())
    }

    fn pop(&mut self) {
        if self.entries.pop_front().is_none() {
            self.moods.pop_front();
        }
    }

    /// When the database is to be tried again, if something waits for that.
    pub(super) const fn wake(&self) -> Option<Instant> {
        self.not_before
    }

    /// The database is tried again at once: there is no later.
    pub(super) const fn hurry(&mut self) {
        self.not_before = None;
    }
}

impl App {
    /// Writes this as soon as the database takes it.
    pub(super) fn write(&mut self, entry: Entry) {
        self.unwritten.push(entry);
    }

    /// Writes what waits, in its order, and then the queue; stops where the database cannot take it for now.
    pub(super) async fn write_down(&mut self, now: Moment) {
        if self.unwritten.not_before.is_some_and(|at| now.tick < at) {
            return;
        }
        self.unwritten.not_before = None;
        while let Some(entry) = self.unwritten.front() {
            match entry.write(&self.common.store, &self.seat.name).await {
                Err(why) if why.passes() => return self.rest(&why, now),
                written => {
                    if written.is_err() {
                        tracing::error!("this was not written: {entry:?}");
                    }
                    self.unwritten.pop();
                    self.written(written);
                }
            }
        }
        // After the play that was taken out of it, so that a crash in between loses neither.
        if self.queue_changed {
            match self.common.store.keep_queue(&self.seat.name, self.coming(), self.path.as_ref()).await {
                Err(why) if why.passes() => self.rest(&why, now),
                written => {
                    self.queue_changed = false;
                    self.written(written);
                }
            }
        }
    }

    fn rest(&mut self, why: &StoreError, now: Moment) {
        self.unwritten.not_before = Some(now.tick + PAUSE);
        self.database_failed(why);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn felt(device: &str, mood: Mood, second: f64) -> Entry {
        let at = Timestamp::from_millisecond((second * 1000.0) as i64).unwrap();
        Entry::Felt { device: device.parse().unwrap(), mood, confidence: Confidence::saturating(0.9), at }
    }

    #[test]
    fn of_a_flood_of_moods_only_those_that_held_are_written() {
        let mut unwritten = Unwritten::default();
        unwritten.push(felt("hall", Mood::Sad, 0.0));
        for n in 0..5_000 {
            unwritten.push(felt("mad", if n % 2 == 0 { Mood::Happy } else { Mood::Sad }, 10.0 + f64::from(n) * 1e-4));
        }
        unwritten.push(felt("hall", Mood::Happy, 2.0));
        unwritten.push(felt("mad", Mood::Neutral, 12.0));
        let mut moods = Vec::new();
        while let Some(entry) = unwritten.front() {
            moods.push(entry.clone());
            unwritten.pop();
        }
        let last = felt("mad", Mood::Sad, 10.499_9);
        assert_eq!(
            moods,
            [felt("hall", Mood::Sad, 0.0), last, felt("hall", Mood::Happy, 2.0), felt("mad", Mood::Neutral, 12.0)]
        );
    }

    #[test]
    fn what_waits_keeps_its_order_and_its_bound() {
        let mut unwritten = Unwritten::default();
        let ended = |play| Entry::Ended { play, ending: Ending::Skipped, at: Timestamp::UNIX_EPOCH };
        for play in 0..MOST as i64 + 3 {
            unwritten.push(ended(play));
        }
        assert_eq!((unwritten.front(), unwritten.entries.len()), (Some(&ended(3)), MOST));
        unwritten.pop();
        assert_eq!(unwritten.front(), Some(&ended(4)));
    }
}
