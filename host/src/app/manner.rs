//! What is done about moods at the moment: mode, path, quiet hours, loudness, the sleep timer.
//!
//! The rules are in `decide::mode` and `decide::path`; here they meet the clock and the player. Nothing here
//! can fail but a write to the database, which becomes a notice.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use moodring_mood::Emotion;

use super::{App, unwritten::Entry};
use crate::{
    decide::{
        Course,
        mode::{Answer, Mode, Plan},
        path::{Path, Step},
    },
    player::Command,
    room::{Moment, clock_is_set},
    taste::Evidence,
    view::{PathView, Paused, PointView},
};

/// The sleep timer's last fade, and that into quiet hours.
const LONG_FADE: Duration = Duration::from_secs(20);

/// A sentence about a mood is written down once the mood has held so long: of a flood, none is.
const SETTLES: Duration = Duration::from_secs(2);

impl App {
    /// What holds now.
    pub(super) fn plan(&self, now: Moment) -> Plan {
        if !clock_is_set(now.at) {
            return self.habits.manner.plan_without_time(self.mode_by_hand);
        }
        let local = now.at.to_zoned(TimeZone::system()).datetime();
        self.habits.manner.plan(local, self.mode_by_hand)
    }

    /// What is done now about a mood.
    pub(super) fn answer(&self, emotion: Emotion, now: Moment) -> Answer {
        self.habits.manner.answers.to(emotion, self.plan(now).mode)
    }

    /// A mood is to be acted upon, in this way; true if music for another one is to be heard.
    pub(super) fn turn(&mut self, emotion: Emotion, since: Option<Moment>, answer: Answer, now: Moment) -> bool {
        match answer {
            Answer::Off => return false,
            Answer::Keep => {
                // With nothing chosen before, neutral music is the least presuming.
                self.mood.get_or_insert((Emotion::Neutral, None));
                self.age_unknown();
                self.sentence = Some((now, format!("{emotion} changes nothing: what was chosen before goes on")));
                return false;
            }
            Answer::Match | Answer::Lift | Answer::Calm | Answer::Mode => {}
        }
        let before = self.path.take();
        self.path = Path::turn(before.clone(), emotion, answer, self.habits.manner.lift_over);
        self.queue_changed |= before != self.path;
        self.mood = Some((emotion, since));
        self.sentence = Some((
            now,
            match &self.path {
                Some(path) if Some(path) == before.as_ref() => format!("{emotion}: the way goes on {}", path.words()),
                Some(path) => format!("{emotion}: {}", path.words()),
                None => format!("{emotion}: music that stays with it"),
            },
        ));
        true
    }

    /// What the tracks to come are chosen for; `None` while no mood is known.
    pub(super) fn course<'a>(&self, path: Option<&'a Path>, now: Moment) -> Option<Course<'a>> {
        let (emotion, _) = self.mood?;
        let about_to = self.playback.starting().and_then(|starting| starting.choice.step);
        let path = path.map(|path| {
            let taken = about_to.filter(|step| step.goal == path.goal).map_or(0, |step| usize::from(step.number));
            (path, taken.max(path.taken))
        });
        Some(Course { emotion, path, explicit: self.plan(now).explicit })
    }

    /// A track has begun: the path has come that far.
    pub(super) fn stepped(&mut self, step: Option<Step>) {
        if let (Some(path), Some(step)) = (&mut self.path, step)
            && step.goal == path.goal
        {
            path.taken = path.taken.max(step.number.into()).min(path.steps.len());
            self.queue_changed = true;
        }
    }

    /// A mode by hand, until another is chosen; `None`: as the settings say.
    pub(super) fn set_mode(&mut self, mode: Option<Mode>, now: Moment) {
        if self.mode_by_hand == mode {
            return;
        }
        self.mode_by_hand = mode;
        let word = mode.map_or("auto", Mode::word);
        self.write(Entry::Kept { name: "mode", value: word.to_owned() });
        self.say(format!("mode {word}, by hand"), now);
        // Whoever is there is answered anew; with nobody there, the music that is on is.
        let felt = self.felt.take().map(|(emotion, _)| emotion).or(self.mood.map(|(emotion, _)| emotion));
        self.settled = now.tick;
        if let Some(emotion) = felt {
            let since = self.mood.and_then(|(_, since)| since);
            let answer = self.answer(emotion, now);
            self.felt = Some((emotion, answer));
            self.turn(emotion, since, answer, now);
        }
    }

    /// Fades out for quiet hours and the sleep timer, goes on after them, keeps to the loudness.
    pub(super) fn keep_to_plan(&mut self, now: Moment) {
        let plan = self.plan(now);
        if plan.quiet != self.quiet {
            self.quiet = plan.quiet;
            if plan.quiet {
                self.wanted = false;
                if self.paused == Paused::No {
                    self.hush(Paused::QuietHours, "quiet hours: the music fades out", now);
                }
            } else if self.paused == Paused::QuietHours && self.nobody_heeded {
                self.paused = Paused::NobodyThere;
                self.say("the quiet hours are over, and nobody is there", now);
            } else if self.paused == Paused::QuietHours {
                self.paused = Paused::No;
                self.player.send(Command::Resume);
                self.say("the quiet hours are over", now);
            }
        }
        if self.sleep.is_some_and(|at| now.tick >= at.tick) {
            self.set_sleep(None, now);
            self.wanted = false;
            if self.paused == Paused::No {
                self.hush(Paused::Asleep, "the sleep timer: the music fades out", now);
            }
        }
        let volume = self.volume.min(plan.volume_max);
        if (volume - self.loud).abs() > f32::EPSILON {
            if volume < self.volume && volume < self.loud {
                self.say(format!("no louder than {:.0} % at this time", volume * 100.0), now);
            }
            self.loud = volume;
            self.player.send(Command::Volume(volume));
        }
    }

    fn hush(&mut self, why: Paused, words: &str, now: Moment) {
        self.fade_end = None;
        self.set_paused(why);
        self.player.send(Command::Pause(LONG_FADE));
        self.say(words, now);
    }

    /// Whether people who come start music.
    pub(super) fn moods_start(&self, now: Moment) -> bool {
        !self.quiet && self.plan(now).mode != Mode::Off && self.paused != Paused::Asleep
    }

    /// Fades out after this time; `None`: not any more.
    pub(super) fn set_sleep(&mut self, after: Option<Duration>, now: Moment) {
        self.sleep = after.map(|after| Moment { at: now.at + after, tick: now.tick + after });
        self.keep_sleep();
    }

    /// Writes down when the sleep timer ends, for a program that takes up from here.
    pub(super) fn keep_sleep(&mut self) {
        let value = self.sleep.map_or(String::new(), |at| at.at.as_millisecond().to_string());
        self.write(Entry::Kept { name: "sleep", value });
    }

    /// Sets the loudness, 0..=1; louder says that what plays is welcome.
    pub(super) fn set_volume(&mut self, volume: f32, now: Moment) {
        let louder = volume > self.volume + 0.01;
        self.volume = volume;
        self.write(Entry::Kept { name: "volume", value: volume.to_string() });
        let playing = self.playback.current.as_ref().map(|playing| (playing.told.play, playing.told.choice.clone()));
        if let Some((play, choice)) = playing.filter(|(play, _)| louder && self.praised != Some(*play)) {
            // A slider moved in ten steps is one sign, not ten.
            self.praised = Some(play);
            self.learn(choice.mood, choice.track, Evidence::Louder, now);
        }
    }

    /// When the plan may change, or the sleep timer ends.
    pub(super) fn plan_wake(&self, now: Moment) -> Option<Instant> {
        let minute = (!self.habits.manner.hours.is_empty()).then(|| {
            let gone = now.at.as_millisecond().rem_euclid(60_000).unsigned_abs();
            now.tick + Duration::from_millis(60_001 - gone)
        });
        let settles = self.sentence.as_ref().map(|(at, _)| at.tick + SETTLES);
        [minute, self.sleep.map(|at| at.tick), settles].into_iter().flatten().min()
    }

    /// A decision, in a sentence: into the log and the diary.
    pub(super) fn say(&mut self, words: impl Into<String>, now: Moment) {
        let words = words.into();
        tracing::info!("{}: {words}", self.seat.name);
        self.write(Entry::Decided { words, at: now.at });
    }

    /// What is said of a mood once it has held for a while.
    pub(super) fn settle(&mut self, now: Moment) {
        if let Some((at, words)) = self.sentence.take_if(|(at, _)| now.since(*at) >= SETTLES) {
            self.write(Entry::Decided { words, at: at.at });
        }
    }

    /// The path, to be shown.
    pub(super) fn path_view(&self) -> Option<PathView> {
        let path = self.path.as_ref()?;
        let plays = self.playback.current.as_ref().and_then(|playing| playing.told.choice.step);
        let title = |number: usize| {
            let current = self.playback.current.as_ref().map(|playing| (&playing.told.choice, &playing.told.track));
            let queued = self.queue.iter().filter_map(|choice| Some((choice, self.titles.get(&choice.track)?)));
            let mut all = current.into_iter().chain(queued);
            all.find(|(choice, _)| {
                choice.step.is_some_and(|step| step.goal == path.goal && usize::from(step.number) == number)
            })
            .map(|(_, track)| track.title.clone())
        };
        let points = path.steps.iter().zip(1..).map(|(point, number)| PointView {
            valence: point.valence,
            arousal: point.arousal,
            word: point.word(),
            title: title(number),
        });
        Some(PathView {
            goal: path.goal,
            from: path.from,
            step: plays.filter(|step| step.goal == path.goal).map_or(path.taken, |step| step.number.into()),
            points: points.collect(),
            words: path.words(),
            over: path.is_over(),
        })
    }
}
