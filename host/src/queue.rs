//! What comes next: a short list of choices, all for the mood of the moment.
//!
//! Pure: the tracks, what was heard, the time and the chance are parameters.

use std::collections::VecDeque;

use jiff::Timestamp;
use moodring_mood::Emotion;
use rand::Rng;

use crate::{
    decide::{Choice, Rules, choose, why},
    library::{Candidate, TrackId},
};

/// The tracks to come, soonest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    choices: VecDeque<Choice>,
}

impl Queue {
    /// The queue as it was kept.
    pub fn kept(choices: impl IntoIterator<Item = Choice>) -> Self {
        Self { choices: choices.into_iter().collect() }
    }

    /// The next one.
    pub fn front(&self) -> Option<&Choice> {
        self.choices.front()
    }

    /// All, soonest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Choice> {
        self.choices.iter()
    }

    /// Takes out the first choice of `track`, with all before it; false if it is not there.
    pub fn take(&mut self, track: TrackId) -> bool {
        let Some(at) = self.choices.iter().position(|c| c.track == track) else { return false };
        self.choices.drain(..=at);
        true
    }

    /// Drops every choice of `track`; true if there was one.
    pub fn drop_track(&mut self, track: TrackId) -> bool {
        let before = self.choices.len();
        self.choices.retain(|c| c.track != track);
        self.choices.len() < before
    }

    /// Says anew why `track`, which has just begun to play, is to come again. True if it is.
    pub fn retell(&mut self, track: TrackId, tracks: &[Candidate], now: Timestamp) -> bool {
        let Ok(at) = tracks.binary_search_by_key(&track, |t| t.id) else { return false };
        let mut found = false;
        for choice in self.choices.iter_mut().filter(|c| c.track == track) {
            if let Some(emotion) = choice.mood.emotion() {
                choice.why = why(emotion, &tracks[at], tracks, now);
                found = true;
            }
        }
        found
    }

    /// Makes the queue fit `emotion`: drops what was chosen for another and what is no longer in
    /// `tracks` (sorted by id), then adds choices until `ahead` are there. `recent` is what was
    /// heard, the latest first. True if anything changed.
    #[allow(clippy::too_many_arguments)]
    pub fn fit(
        &mut self,
        emotion: Emotion,
        ahead: usize,
        tracks: &[Candidate],
        recent: &[TrackId],
        rules: Rules,
        now: Timestamp,
        chance: &mut impl Rng,
    ) -> bool {
        let there = |id: TrackId| tracks.binary_search_by_key(&id, |t| t.id).is_ok();
        let before = self.choices.len();
        self.choices.retain(|c| c.mood.emotion() == Some(emotion) && there(c.track));
        let mut changed = self.choices.len() < before;
        while self.choices.len() < ahead {
            let mut lately: Vec<TrackId> = self.choices.iter().rev().map(|c| c.track).collect();
            lately.extend(recent);
            let Some(choice) = choose(emotion, tracks, &lately, rules, now, chance) else { break };
            self.choices.push_back(choice);
            changed = true;
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::library::Emotions;

    fn tracks() -> Vec<Candidate> {
        let track = |id| Candidate {
            id: TrackId(id),
            artist: None,
            moods: [if id < 10 { Emotion::Happy } else { Emotion::Sad }].into_iter().collect(),
            not_for: Emotions::NONE,
            liked: false,
            last_played: None,
        };
        (0..20).map(track).collect()
    }

    fn fit(queue: &mut Queue, emotion: Emotion, tracks: &[Candidate]) -> bool {
        let rules = Rules { repeat_window: 30, artist_gap: 0 };
        queue.fit(emotion, 3, tracks, &[TrackId(1)], rules, Timestamp::UNIX_EPOCH, &mut StdRng::seed_from_u64(1))
    }

    #[test]
    fn a_new_mood_replaces_what_comes_next_and_the_same_mood_keeps_it() {
        let tracks = tracks();
        let mut queue = Queue::default();
        assert!(fit(&mut queue, Emotion::Happy, &tracks));
        let happy = queue.clone();
        assert!(!fit(&mut queue, Emotion::Happy, &tracks));
        assert_eq!(queue, happy);
        assert!(fit(&mut queue, Emotion::Sad, &tracks));
        let ids: std::collections::BTreeSet<_> = queue.iter().map(|c| c.track.0).collect();
        assert!(ids.len() == 3 && ids.iter().all(|id| *id >= 10), "{ids:?}");
    }

    #[test]
    fn a_track_that_is_to_come_again_does_not_claim_to_be_fresh() {
        let mut tracks: Vec<_> = tracks().into_iter().take(2).collect();
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Happy, &tracks);
        let track = queue.front().unwrap().track;
        assert_eq!(queue.front().unwrap().why, "not played before");
        tracks[track.0 as usize].last_played = Some(Timestamp::UNIX_EPOCH);
        assert!(queue.retell(track, &tracks, Timestamp::UNIX_EPOCH));
        assert_eq!(queue.front().unwrap().why, "played less than an hour ago");
        assert!(!queue.retell(TrackId(99), &tracks, Timestamp::UNIX_EPOCH));
    }

    #[test]
    fn what_plays_or_vanishes_leaves_the_queue() {
        let mut tracks = tracks();
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Happy, &tracks);
        let ids: Vec<_> = queue.iter().map(|c| c.track).collect();
        assert!(queue.take(ids[0]) && !queue.take(ids[0]));
        tracks.retain(|t| t.id != ids[1]);
        assert!(fit(&mut queue, Emotion::Happy, &tracks));
        assert_eq!(queue.front().unwrap().track, ids[2]);
        assert_eq!(queue.iter().count(), 3);
        assert!(queue.drop_track(ids[2]) && queue.iter().count() == 2);
    }
}
