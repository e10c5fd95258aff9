//! What follows from what the room feels: the mood that music is chosen for, a fade, a pause.
//!
//! The decisions are the pure functions at the end; nothing here can fail.

use std::time::{Duration, Instant};

use moodring_mood::{Emotion, Mood};

use super::{App, PACE};
use crate::{
    config::OnChange,
    decide::{mode::Answer, path::Goal},
    player::Command,
    room::{Feeling, Moment},
    view::Paused,
};

impl App {
    /// Takes over what the room feels; true if that is a new mood.
    pub(super) fn feel(&mut self, now: Moment) -> bool {
        match self.room.feels(now) {
            Feeling::Feels(emotion, since) => {
                self.somebody(now);
                return self.follow(emotion, since, now);
            }
            Feeling::Somebody => {
                self.somebody(now);
                self.age_unknown();
            }
            Feeling::Nobody(since) => {
                self.nobody(since, now);
                self.age_unknown();
            }
            Feeling::Unknown => {}
        }
        false
    }

    /// The mood was felt by somebody who may have left: it counts on, and for how long nobody knows.
    pub(super) const fn age_unknown(&mut self) {
        if let Some((_, since)) = &mut self.mood {
            *since = None;
        }
    }

    /// Somebody is there: music is wanted, and goes on if it had paused for want of people.
    fn somebody(&mut self, now: Moment) {
        let was_alone = std::mem::take(&mut self.nobody_heeded);
        if self.paused == Paused::Asleep && was_alone && !self.quiet {
            // Who went to sleep has left since, and is back.
            self.set_paused(Paused::No);
            self.player.send(Command::Resume);
        }
        if self.moods_start(now) {
            self.wanted = true;
        }
        if self.paused == Paused::NobodyThere && !self.quiet {
            self.paused = Paused::No;
            self.player.send(Command::Resume);
        }
    }

    /// Nobody is there: after a while the music fades out and pauses.
    fn nobody(&mut self, since: Moment, now: Moment) {
        let long = pause_at(since.tick, self.touched, self.habits.nobody_after).is_some_and(|at| now.tick >= at);
        if long && !self.nobody_heeded {
            self.nobody_heeded = true;
            if self.paused == Paused::No {
                self.paused = Paused::NobodyThere;
                self.fade_end = None;
                self.player.send(Command::Pause(self.habits.fade));
                self.say("nobody is there: the music pauses", now);
            }
        }
    }

    /// When music is to pause for want of people, if nobody comes.
    pub(super) fn pauses_at(&self, now: Moment) -> Option<Instant> {
        match self.room.feels(now) {
            Feeling::Nobody(since) if !self.nobody_heeded => {
                pause_at(since.tick, self.touched, self.habits.nobody_after)
            }
            _ => None,
        }
    }

    /// The room feels this: a new emotion changes what comes next. True if it is one.
    fn follow(&mut self, emotion: Emotion, since: Moment, now: Moment) -> bool {
        let answer = self.answer(emotion, now);
        // After a restart nothing was answered yet, and the mood that was kept goes on where it was.
        let kept = self.felt.is_none() && matches!(answer, Answer::Match | Answer::Lift | Answer::Calm);
        let same = self.felt == Some((emotion, answer))
            || kept && self.mood.is_some_and(|(e, _)| e == emotion) && self.leads(answer);
        if same {
            self.felt = Some((emotion, answer));
            if self.mood.is_some_and(|(chosen, _)| chosen == emotion) {
                self.mood = Some((emotion, Some(since)));
            }
            return false;
        }
        if now.tick < self.settled {
            return false;
        }
        self.settled = now.tick + PACE;
        self.felt = Some((emotion, answer));
        self.turn(emotion, Some(since), answer, now)
    }

    /// Whether the music leads already where such an answer would lead it.
    fn leads(&self, answer: Answer) -> bool {
        match answer {
            Answer::Lift => self.path.as_ref().is_some_and(|path| path.goal == Goal::Lift),
            Answer::Calm => self.path.as_ref().is_some_and(|path| path.goal == Goal::Calm),
            _ => self.path.is_none(),
        }
    }

    /// Fades out what plays for another mood, or lets it be heard again, as configured.
    pub(super) fn fade(&mut self, turned: bool, now: Moment) {
        if self.habits.on_change != OnChange::Fade || self.paused != Paused::No {
            return;
        }
        let heard = self.playback.starting().or(self.playback.current.as_ref().map(|current| &current.told));
        let (Some(heard), Some((emotion, _))) = (heard, self.mood) else { return };
        match fade(self.fade_end.is_some(), turned, heard.choice.mood, emotion, self.queue.front().is_some()) {
            Fade::Begin => {
                self.player.send(Command::Pause(self.habits.fade));
                self.fade_end = Some(now.tick + self.habits.fade);
            }
            Fade::Undo => self.end_fade(),
            Fade::AsItIs => {}
        }
    }

    /// Ends a fade, if there is one: to be heard again.
    pub(super) fn end_fade(&mut self) {
        if self.fade_end.take().is_some() {
            self.player.send(Command::Resume);
        }
    }
}

/// What happens to the fade of the track that plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fade {
    Begin,
    Undo,
    AsItIs,
}

/// What happens to the fade of a track chosen for `plays`, now that music for `emotion` is to be heard.
/// `on`: it fades already; `turned`: the emotion is new; `follows`: there is something to follow.
fn fade(on: bool, turned: bool, plays: Mood, emotion: Emotion, follows: bool) -> Fade {
    let fits = plays == Mood::from(emotion);
    match (on, fits) {
        (true, true) => Fade::Undo,
        (false, false) if turned && follows => Fade::Begin,
        _ => Fade::AsItIs,
    }
}

/// When music pauses for want of people: so long `after` the last of them was seen or asked for music.
fn pause_at(gone: Instant, touched: Option<Instant>, after: Option<Duration>) -> Option<Instant> {
    after.map(|after| touched.map_or(gone, |touched| touched.max(gone)) + after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_fades_for_another_mood_if_something_follows_and_comes_back_with_its_own() {
        let to = |on, turned, plays, follows| fade(on, turned, plays, Emotion::Sad, follows);
        assert_eq!(to(false, true, Mood::Happy, true), Fade::Begin);
        assert_eq!(to(false, true, Mood::Happy, false), Fade::AsItIs);
        assert_eq!(to(false, false, Mood::Happy, true), Fade::AsItIs, "only a new mood begins a fade");
        assert_eq!(to(true, true, Mood::Happy, true), Fade::AsItIs);
        assert_eq!(to(true, true, Mood::Sad, true), Fade::Undo);
        assert_eq!(to(false, true, Mood::Sad, true), Fade::AsItIs, "it fits already");
    }

    #[test]
    fn the_wait_for_people_counts_from_the_last_sign_of_them() {
        let (start, s) = (Instant::now(), Duration::from_secs);
        assert_eq!(pause_at(start + s(5), None, Some(s(180))), Some(start + s(185)));
        assert_eq!(pause_at(start + s(5), Some(start), Some(s(180))), Some(start + s(185)));
        assert_eq!(pause_at(start, Some(start + s(170)), Some(s(180))), Some(start + s(350)));
        assert_eq!(pause_at(start, None, None), None);
    }
}
