//! What comes next: a short list of choices, all for the mood of the moment.
//!
//! Pure: the tracks, what was heard, the time and the chance are parameters.

use std::collections::VecDeque;

use jiff::Timestamp;
use moodring_mood::Emotion;
use rand::Rng;

use crate::{
    decide::{Choice, Course, Rules, choose, has_another, has_enough, why},
    library::{Candidate, TrackId},
    taste::Taste,
};

/// So many tracks fit into the queue.
pub const LONGEST: usize = 200;

/// The tracks to come, soonest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Queue {
    choices: VecDeque<Choice>,
    /// What people picked of the kind that is not played now; at most [`LONGEST`].
    aside: VecDeque<Choice>,
}

impl Queue {
    /// The queue as it was kept; [`Self::turn`] finds out what of it is to be put aside.
    pub fn kept(choices: impl IntoIterator<Item = Choice>) -> Self {
        Self { choices: choices.into_iter().collect(), aside: VecDeque::new() }
    }

    /// The next one.
    pub fn front(&self) -> Option<&Choice> {
        self.choices.front()
    }

    /// All, soonest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Choice> {
        self.choices.iter()
    }

    /// What was put aside until its kind is played again, soonest first.
    pub fn aside(&self) -> impl Iterator<Item = &Choice> {
        self.aside.iter()
    }

    /// Takes out the first choice of `track`, with all before it; false if it is not there.
    pub fn take(&mut self, track: TrackId) -> bool {
        let Some(at) = self.choices.iter().position(|c| c.track == track) else { return false };
        self.choices.drain(..=at);
        true
    }

    /// Takes out the first choice of `track`, and what nobody picked before it; false if it is not there.
    pub fn pass_to(&mut self, track: TrackId) -> bool {
        let Some(at) = self.choices.iter().position(|c| c.track == track) else { return false };
        let picked: Vec<Choice> = self.choices.drain(..=at).take(at).filter(Choice::is_by_hand).collect();
        picked.into_iter().rev().for_each(|choice| self.choices.push_front(choice));
        true
    }

    /// Drops every choice of `track`, those put aside too; true if there was one.
    pub fn drop_track(&mut self, track: TrackId) -> bool {
        let before = self.choices.len() + self.aside.len();
        self.choices.retain(|c| c.track != track);
        self.aside.retain(|c| c.track != track);
        self.choices.len() + self.aside.len() < before
    }

    /// Puts a track that a person picked to the front, or behind the others that people picked. False if
    /// [`LONGEST`] are there.
    pub fn put(&mut self, choice: Choice, first: bool) -> bool {
        if self.choices.len() >= LONGEST {
            return false;
        }
        let behind = self.choices.iter().rposition(Choice::is_by_hand).map_or(0, |last| last + 1);
        self.choices.insert(if first { 0 } else { behind }, choice);
        true
    }

    /// Takes out what stands at `at` (0 is the next) if that is `track`.
    pub fn take_out(&mut self, at: usize, track: TrackId) -> bool {
        let there = self.choices.get(at).is_some_and(|c| c.track == track);
        if there {
            self.choices.remove(at);
        }
        there
    }

    /// Moves what stands at `from` to `to` (0 is the next, beyond the end is the last) if that is `track`.
    pub fn shift(&mut self, from: usize, track: TrackId, to: usize) -> bool {
        match self.choices.get(from).cloned() {
            Some(choice) if choice.track == track => {
                self.choices.remove(from);
                self.choices.insert(to.min(self.choices.len()), choice);
                true
            }
            _ => false,
        }
    }

    /// Drops what was chosen for `emotion` because `track` was thought to fit it. True if there was one.
    pub fn drop_unfit(&mut self, track: TrackId, emotion: Emotion) -> bool {
        let before = self.choices.len();
        self.choices.retain(|c| c.track != track || c.is_by_hand() || c.mood.emotion() != Some(emotion));
        self.choices.len() < before
    }

    /// Says anew why `track`, which has just begun to play, is to come again. True if it is.
    pub fn retell(&mut self, track: TrackId, tracks: &[Candidate], taste: &Taste, now: Timestamp) -> bool {
        let Ok(at) = tracks.binary_search_by_key(&track, |t| t.id) else { return false };
        let mut found = false;
        for choice in self.choices.iter_mut().filter(|c| c.track == track && !c.is_by_hand()) {
            // One on a path keeps the reason of its step.
            if let (Some(emotion), None) = (choice.mood.emotion(), choice.step) {
                choice.why = why(emotion, &tracks[at], tracks, taste, now);
                found = true;
            }
        }
        found
    }

    /// From now on `tracks` can be played; `before` could until now (both sorted by id). Those of another kind have no
    /// track in common: then what people picked of the old ones is put aside, and what was put aside and can be played
    /// again comes back to the front. True if anything changed.
    pub fn turn(&mut self, before: &[Candidate], tracks: &[Candidate]) -> bool {
        let among = |all: &[Candidate], id: TrackId| all.binary_search_by_key(&id, |t| t.id).is_ok();
        if tracks.iter().any(|track| among(before, track.id)) {
            return false;
        }
        let there = |choice: &Choice| among(tracks, choice.track);
        let (back, still): (VecDeque<Choice>, VecDeque<Choice>) =
            std::mem::take(&mut self.aside).into_iter().partition(there);
        let (aside, stay): (VecDeque<Choice>, VecDeque<Choice>) =
            std::mem::take(&mut self.choices).into_iter().partition(|choice| choice.is_by_hand() && !there(choice));
        let changed = !back.is_empty() || !aside.is_empty();
        self.choices = back.into_iter().chain(stay).collect();
        self.aside = aside.into_iter().chain(still).take(LONGEST).collect();
        changed
    }

    /// Makes the queue fit a course: drops what was chosen for another, what is no longer in `tracks`
    /// (sorted by id), what stood in while there were too few tracks for the mood and now there are enough, and what
    /// would repeat the track before it without need, then adds choices until `ahead` are there. What people picked stays where it is. `recent` is what was heard, the latest first. True if anything
    /// changed.
    #[allow(clippy::too_many_arguments)]
    pub fn fit(
        &mut self,
        course: Course<'_>,
        ahead: usize,
        tracks: &[Candidate],
        recent: &[TrackId],
        rules: Rules,
        taste: &Taste,
        now: Timestamp,
        chance: &mut impl Rng,
    ) -> bool {
        let any = course.after(None);
        let there = |choice: &Choice| {
            let at = tracks.binary_search_by_key(&choice.track, |t| t.id);
            at.is_ok_and(|at| choice.is_by_hand() || any.wants(&tracks[at]))
        };
        let before = self.choices.len();
        let turned = self.choices.iter().any(|c| !c.is_by_hand() && c.mood.emotion() != Some(course.emotion));
        self.choices.retain(|c| there(c) && (c.is_by_hand() || course.holds(c)));
        let stands_in = |choice: &Choice| {
            let at = tracks.binary_search_by_key(&choice.track, |t| t.id);
            !choice.is_by_hand() && at.is_ok_and(|at| !tracks[at].fits(course.emotion))
        };
        if self.choices.iter().any(stands_in) && has_enough(&any, tracks) {
            self.choices.retain(|c| !stands_in(c));
        }
        if let Some(at) = self.repeats(recent.first().copied())
            && has_another(&any, self.choices[at].track, tracks)
        {
            let mut place = 0..;
            self.choices.retain(|c| place.next().is_some_and(|place: usize| place < at) || c.is_by_hand());
        }
        let mut changed = self.choices.len() < before;
        while self.choices.len() < ahead {
            let mut lately: Vec<TrackId> = self.choices.iter().rev().map(|c| c.track).collect();
            lately.extend(recent);
            let first = turned && self.choices.iter().all(Choice::is_by_hand);
            let aim = course.after(self.choices.iter().rev().find_map(|c| c.step));
            let Some(choice) = choose(aim, first, tracks, &lately, rules, taste, now, chance) else { break };
            self.choices.push_back(choice);
            changed = true;
        }
        changed
    }

    /// Where the first choice stands that nobody picked and that is the same track as the one before it; `last`
    /// comes before all.
    fn repeats(&self, last: Option<TrackId>) -> Option<usize> {
        let before = std::iter::once(last).chain(self.choices.iter().map(|c| Some(c.track)));
        before.zip(&self.choices).position(|(before, choice)| before == Some(choice.track) && !choice.is_by_hand())
    }
}

#[cfg(test)]
mod tests {
    use moodring_mood::Mood;
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;
    use crate::{
        decide::{path::Path, plane::Point},
        library::Emotions,
    };

    fn tracks() -> Vec<Candidate> {
        let track = |id| Candidate {
            id: TrackId(id),
            artist: None,
            moods: [if id < 10 { Emotion::Happy } else { Emotion::Sad }].into_iter().collect(),
            not_for: Emotions::NONE,
            liked: false,
            last_played: None,
            place: Point::of(if id < 10 { Emotion::Happy } else { Emotion::Sad }),
            explicit: false,
        };
        (0..20).map(track).collect()
    }

    fn fit(queue: &mut Queue, emotion: Emotion, tracks: &[Candidate]) -> bool {
        let rules = Rules { repeat_window: 30, artist_gap: 0 };
        queue.fit(
            emotion.into(),
            3,
            tracks,
            &[TrackId(1)],
            rules,
            &Taste::default(),
            Timestamp::UNIX_EPOCH,
            &mut StdRng::seed_from_u64(1),
        )
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
        assert!(queue.retell(track, &tracks, &Taste::default(), Timestamp::UNIX_EPOCH));
        assert_eq!(queue.front().unwrap().why, "played less than an hour ago");
        assert!(!queue.retell(TrackId(99), &tracks, &Taste::default(), Timestamp::UNIX_EPOCH));
    }

    /// One track for each emotion, as the built-in pieces are.
    fn built_in() -> Vec<Candidate> {
        let piece = |(id, emotion)| Candidate {
            id: TrackId(id),
            moods: [emotion].into_iter().collect(),
            place: Point::of(emotion),
            ..tracks()[0]
        };
        (0..).zip(Emotion::ALL).map(piece).collect()
    }

    #[test]
    fn with_a_single_track_for_a_mood_the_queue_varies_and_every_second_one_is_its_own() {
        let tracks = built_in();
        for (emotion, plays) in Emotion::ALL.into_iter().flat_map(|e| (0..7).map(move |plays| (e, TrackId(plays)))) {
            let mut queue = Queue::default();
            let rules = Rules { repeat_window: 30, artist_gap: 3 };
            let mut chance = StdRng::seed_from_u64(1);
            // A queue for another mood was there before.
            let before = Emotion::ALL[(emotion as usize + 1) % 7];
            for mood in [before, emotion] {
                queue.fit(
                    mood.into(),
                    3,
                    &tracks,
                    &[plays],
                    rules,
                    &Taste::default(),
                    Timestamp::UNIX_EPOCH,
                    &mut chance,
                );
            }
            let ids: Vec<_> = std::iter::once(plays).chain(queue.iter().map(|c| c.track)).collect();
            assert!(ids.windows(2).all(|two| two[0] != two[1]), "{emotion}: {ids:?}");
            let own: Vec<_> = ids.iter().map(|id| id.0 == emotion as i64).collect();
            assert!(own.windows(2).all(|two| two[0] || two[1]), "every second is its own: {emotion}: {ids:?}");
            assert!(own[0] || own[1], "the first is its own: {emotion}: {ids:?}");
        }
    }

    #[test]
    fn what_stood_in_for_a_mood_goes_once_the_mood_has_tracks_of_its_own() {
        let mut tracks = tracks();
        let sad = tracks.split_off(10);
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Sad, &tracks);
        assert!(queue.put(Choice::by_hand(TrackId(3), Mood::Sad), false));
        let ids = |queue: &Queue| queue.iter().map(|c| c.track.0).collect::<Vec<_>>();
        assert!(ids(&queue).len() == 4 && ids(&queue).iter().all(|id| *id < 10), "nothing else is there");
        tracks.extend(sad);
        assert!(fit(&mut queue, Emotion::Sad, &tracks));
        assert!(ids(&queue).len() == 3 && ids(&queue)[0] == 3 && ids(&queue)[1..].iter().all(|id| *id >= 10));
        assert!(!fit(&mut queue, Emotion::Sad, &tracks), "what fits stays");
    }

    #[test]
    fn taking_one_out_leaves_no_track_twice_in_a_row() {
        let (tracks, rules) = (built_in(), Rules { repeat_window: 30, artist_gap: 3 });
        let mut queue = Queue::default();
        let fit = |queue: &mut Queue, recent: &[TrackId], tracks: &[Candidate]| {
            queue.fit(
                Emotion::Sad.into(),
                3,
                tracks,
                recent,
                rules,
                &Taste::default(),
                Timestamp::UNIX_EPOCH,
                &mut StdRng::seed_from_u64(1),
            )
        };
        let sad = TrackId(Emotion::Sad as i64);
        fit(&mut queue, &[sad], &tracks);
        let neutral = queue.front().unwrap().track;
        queue.take(neutral);
        assert_eq!(queue.front().unwrap().track, sad);
        fit(&mut queue, &[sad], &tracks);
        assert_eq!(queue.front().unwrap().track, neutral);
        assert!(!fit(&mut queue, &[sad], &tracks), "what fits stays");
        // With nothing else wanted, it is played again and again.
        let only: Vec<_> = tracks.into_iter().filter(|t| t.id == sad).collect();
        fit(&mut queue, &[sad], &only);
        assert!(queue.iter().count() == 3 && queue.iter().all(|c| c.track == sad && c.why == "the only track for sad"));
        assert!(!fit(&mut queue, &[sad], &only));
    }

    #[test]
    fn what_people_picked_stays_where_they_put_it_whatever_the_mood() {
        let mut tracks = tracks();
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Happy, &tracks);
        let picked = |id| Choice::by_hand(TrackId(id), Mood::Happy);
        assert!(queue.put(picked(15), false) && queue.put(picked(16), false) && queue.put(picked(17), true));
        let ids = |queue: &Queue| queue.iter().map(|c| c.track.0).collect::<Vec<_>>();
        assert_eq!(ids(&queue)[..3], [17, 15, 16], "behind what was picked before, ahead of what was chosen");
        assert_eq!(ids(&queue).len(), 6);
        fit(&mut queue, Emotion::Sad, &tracks);
        assert_eq!(ids(&queue), [17, 15, 16], "three are enough, and all were picked");
        assert!(queue.shift(0, TrackId(17), 9) && !queue.shift(0, TrackId(17), 1) && !queue.shift(9, TrackId(17), 0));
        assert_eq!(ids(&queue), [15, 16, 17]);
        assert!(queue.take_out(1, TrackId(16)) && !queue.take_out(1, TrackId(16)) && !queue.take_out(7, TrackId(15)));
        assert_eq!(ids(&queue), [15, 17]);
        // The same track twice in a row is what was asked for, and a track that vanished cannot be played.
        assert!(queue.put(picked(15), true));
        fit(&mut queue, Emotion::Sad, &tracks);
        assert_eq!(ids(&queue), [15, 15, 17]);
        tracks.retain(|t| t.id != TrackId(15));
        fit(&mut queue, Emotion::Sad, &tracks);
        assert!(ids(&queue)[0] == 17 && ids(&queue).len() == 3 && !ids(&queue).contains(&15));
    }

    /// As many tracks of the other kind.
    fn of_the_other_kind() -> Vec<Candidate> {
        tracks().into_iter().map(|track| Candidate { id: TrackId(track.id.0 + 100), ..track }).collect()
    }

    #[test]
    fn what_people_picked_waits_aside_while_the_other_kind_is_played_and_comes_back_to_the_front() {
        let (here, there) = (tracks(), of_the_other_kind());
        let picked = |id| Choice::by_hand(TrackId(id), Mood::Happy);
        let ids = |queue: &Queue| queue.iter().map(|c| c.track.0).collect::<Vec<_>>();
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Happy, &here);
        assert!(queue.put(picked(15), false) && queue.put(picked(16), false));
        assert!(!queue.turn(&here, &here) && ids(&queue)[..2] == [15, 16], "the same kind, looked at again");
        assert!(queue.turn(&here, &there));
        fit(&mut queue, Emotion::Happy, &there);
        assert!(ids(&queue).len() == 3 && ids(&queue).iter().all(|id| *id >= 100), "{:?}", ids(&queue));
        assert!(queue.put(picked(118), true));
        // After a restart all of it is there, and what can be played is found out.
        let mut queue = Queue::kept(queue.iter().chain(queue.aside()).cloned());
        assert!(queue.turn(&[], &there));
        fit(&mut queue, Emotion::Happy, &there);
        assert!(ids(&queue)[0] == 118 && ids(&queue).iter().all(|id| *id >= 100), "{:?}", ids(&queue));
        assert!(queue.turn(&there, &here));
        fit(&mut queue, Emotion::Happy, &here);
        assert!(ids(&queue)[..2] == [15, 16] && ids(&queue).len() == 3, "{:?}", ids(&queue));
        // What cannot be played any more does not come back.
        assert!(queue.drop_track(TrackId(118)) && !queue.drop_track(TrackId(118)));
        assert!(queue.turn(&here, &there));
        assert!(!ids(&queue).contains(&118));
    }

    #[test]
    fn a_queue_of_picked_tracks_has_an_end() {
        let mut queue = Queue::default();
        for _ in 0..LONGEST {
            assert!(queue.put(Choice::by_hand(TrackId(1), Mood::Happy), false));
        }
        assert!(!queue.put(Choice::by_hand(TrackId(1), Mood::Happy), true));
    }

    #[test]
    fn a_track_that_no_longer_fits_leaves_unless_it_was_picked() {
        let tracks = tracks();
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Happy, &tracks);
        let chosen = queue.front().unwrap().track;
        queue.put(Choice::by_hand(chosen, Mood::Happy), true);
        assert!(queue.drop_unfit(chosen, Emotion::Happy) && !queue.drop_unfit(chosen, Emotion::Happy));
        assert!(queue.front().unwrap().is_by_hand() && queue.iter().filter(|c| c.track == chosen).count() == 1);
    }

    #[test]
    fn what_was_skipped_on_the_way_to_a_track_leaves_unless_it_was_picked() {
        let mut queue = Queue::default();
        fit(&mut queue, Emotion::Happy, &tracks());
        let ids: Vec<_> = queue.iter().map(|c| c.track).collect();
        assert!(queue.put(Choice::by_hand(TrackId(15), Mood::Happy), true));
        assert!(queue.pass_to(ids[1]) && !queue.pass_to(ids[1]));
        assert_eq!(queue.iter().map(|c| c.track).collect::<Vec<_>>(), [TrackId(15), ids[2]]);
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

    #[test]
    fn on_a_path_each_track_is_the_next_step_and_none_is_lost_on_the_way() {
        let (tracks, rules) = (built_in(), Rules { repeat_window: 30, artist_gap: 3 });
        let mut queue = Queue::default();
        let path = Path::lift(Emotion::Sad, 5);
        let mut chance = StdRng::seed_from_u64(1);
        let mut fit = |queue: &mut Queue, taken, recent: &[TrackId]| {
            let course = Course { emotion: Emotion::Sad, path: Some((&path, taken)), explicit: true };
            queue.fit(course, 3, &tracks, recent, rules, &Taste::default(), Timestamp::UNIX_EPOCH, &mut chance)
        };
        let steps = |queue: &Queue| queue.iter().map(|c| c.step.unwrap().number).collect::<Vec<_>>();
        assert!(fit(&mut queue, 0, &[]));
        assert_eq!(steps(&queue), [1, 2, 3]);
        assert_eq!(queue.front().unwrap().track, TrackId(Emotion::Sad as i64), "it begins where the person is");
        let (first, second) = (queue.front().unwrap().track, queue.iter().nth(1).unwrap().clone());
        queue.take(first);
        assert!(fit(&mut queue, 1, &[first]));
        assert_eq!((steps(&queue), queue.front()), (vec![2, 3, 4], Some(&second)));
        assert!(!fit(&mut queue, 1, &[first]), "what fits stays");
        // One is taken out by hand: those after it stay what they are.
        queue.drop_track(second.track);
        fit(&mut queue, 1, &[first]);
        assert_eq!(steps(&queue), [3, 4, 5]);
        // The path is over: the music stays bright.
        fit(&mut queue, 5, &[first]);
        assert!(steps(&queue).iter().all(|step| *step == 5) && queue.iter().count() == 3);
        // Without the path, what was on it goes.
        let mut chance = StdRng::seed_from_u64(1);
        queue.fit(Emotion::Sad.into(), 3, &tracks, &[], rules, &Taste::default(), Timestamp::UNIX_EPOCH, &mut chance);
        assert!(queue.iter().all(|c| c.step.is_none()));
    }
}
