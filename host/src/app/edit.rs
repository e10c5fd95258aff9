//! What people change in what comes next, and which tracks they put to which mood.
//!
//! In: wishes. Out: the queue and the moods of tracks, changed and stored. Fails in words when what was
//! meant is no longer there, or cannot be stored; then nothing changes.

use moodring_mood::{Emotion, Mood};

use super::{App, News};
use crate::{
    decide::{Choice, plane},
    library::{Emotions, TrackId},
    queue::LONGEST,
    room::Moment,
    taste::Evidence,
};

/// Of the tracks that were taken out of what comes next, so many are not chosen again at once.
const PASSED_OVER: usize = 12;

impl App {
    /// Puts a track into what comes next.
    pub(super) fn enqueue(&mut self, track: TrackId, first: bool, now: Moment) -> Result<(), String> {
        if self.tracks.binary_search_by_key(&track, |t| t.id).is_err() {
            return Err("this track cannot be played now".to_owned());
        }
        let mood = self.mood.map_or(Mood::Neutral, |(emotion, _)| emotion.into());
        if !self.queue.put(Choice::by_hand(track, mood), first) {
            return Err(format!("{LONGEST} tracks wait already; take one out first"));
        }
        self.queue_changed = true;
        self.wanted = true;
        self.touched = Some(now.tick);
        self.mood.get_or_insert((Emotion::Neutral, None));
        self.learn(mood, track, Evidence::Picked, now);
        Ok(())
    }

    /// Takes a track out of what comes next; another is chosen in its place.
    pub(super) fn dequeue(&mut self, at: usize, track: TrackId) -> Result<(), String> {
        if !self.queue.take_out(at, track) {
            return Err(MOVED_ON.to_owned());
        }
        self.passed_over.push_front(track);
        self.passed_over.truncate(PASSED_OVER);
        self.queue_changed = true;
        Ok(())
    }

    /// Lets a track of what comes next come sooner or later.
    pub(super) fn shift(&mut self, from: usize, track: TrackId, to: usize) -> Result<(), String> {
        if !self.queue.shift(from, track, to) {
            return Err(MOVED_ON.to_owned());
        }
        self.queue_changed = true;
        Ok(())
    }

    /// Puts a track to an emotion, takes it out of another, or both.
    pub(super) async fn fits(
        &mut self,
        track: TrackId,
        add: Option<Emotion>,
        remove: Option<Emotion>,
        now: Moment,
    ) -> Result<(), String> {
        let known = self.common.store.track(track).await.map_err(|e| e.to_string())?;
        let before = known.map(|t| t.moods).ok_or("this track is no longer in the library")?;
        let mut after = before;
        remove.into_iter().for_each(|e| after.remove(e));
        add.into_iter().for_each(|e| after.insert(e));
        if let Some(last) = remove.filter(|_| after == Emotions::NONE) {
            return Err(format!(
                "{last} is the only mood of this track; put it to another first, or say “not for {last}”"
            ));
        }
        let changes: Vec<_> = remove.map(|e| (e, false)).into_iter().chain(add.map(|e| (e, true))).collect();
        self.loads.outdate();
        let stored = self.common.store.fits_by_hand(track, &changes, now.at).await;
        self.stored(stored)?;
        if let Ok(at) = self.tracks.binary_search_by_key(&track, |t| t.id) {
            self.tracks[at].moods = after;
            self.tracks[at].place = plane::place(after, None);
        }
        // Unrated, it counted as neutral.
        let unrated = Some(Emotion::Neutral).filter(|_| before.is_empty() && !after.contains(Emotion::Neutral));
        for emotion in remove.into_iter().chain(unrated) {
            self.queue_changed |= self.queue.drop_unfit(track, emotion);
        }
        self.titles.remove(&track);
        self.count_library();
        self.tell_others(News::LookAgain);
        Ok(())
    }

    /// What counts as heard lately: what is about to begin, what was heard, and, so that it does not come back at
    /// once, what was taken out of the queue. The latest first.
    pub(super) fn lately(&self) -> Vec<TrackId> {
        let starting = self.playback.starting().map(|pending| pending.choice.track);
        let mut heard = starting.into_iter().chain(self.recent.iter().copied());
        let latest = heard.next();
        latest.into_iter().chain(self.passed_over.iter().copied()).chain(heard).collect()
    }
}

/// Somebody changed a queue that had changed meanwhile.
const MOVED_ON: &str = "what comes next has changed meanwhile; look again";
