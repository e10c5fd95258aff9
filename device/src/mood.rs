//! From readings to a steady mood: one pure state machine with time as a parameter.
//!
//! What enters: the time of a frame and the faces seen in it, each with its seven scores and its
//! size. What leaves: the mood to show and to publish, and whether it just changed. Nothing can
//! fail; frames may come at any rate, irregularly, and from a clock that jumps.
//!
//! The scores of all faces in a frame are averaged, large and clear ones counting most, then over
//! time with an exponential window that does not depend on the frame rate. A new mood takes over
//! only when its average leads by a margin, for a while, and after the present one has stayed for a
//! minimum time. A smaller lead is enough if it lasts: no mood is held for ever that is seen no more.

use std::time::Duration;

use moodring_mood::{Confidence, Emotion, Mood, Scores};
use serde::{Deserialize, Serialize};

/// How quick or calm the mood is.
///
/// With the defaults a clear change of expression is reported after 0.7 to 1.1 s.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoodSettings {
    /// Time constant of the average over time, seconds; 0.45. A step has reached 63 % after it.
    pub average_s: f32,
    /// By how much a new emotion's average must lead the present one's, 0..=1; 0.3. A lasting lead may be
    /// smaller.
    pub margin: f32,
    /// For how long it must lead, seconds; 0.25. At least two frames in any case.
    pub confirm_s: f32,
    /// For how long a mood stays at least, seconds; 1.0.
    pub dwell_s: f32,
    /// `unsure` while no emotion's average reaches this, 0..=1; 0.36. Chance is 0.14.
    pub unsure_below: f32,
    /// `unsure` while this share of the faces, by size, shows another emotion than the whole room,
    /// 0..=1; 0.4.
    pub dissent: f32,
    /// For how long things must be unclear before it is said, seconds; 1.2.
    pub unsure_after_s: f32,
    /// `nobody` after this long without a face, seconds; 2.0. Shorter gaps are bridged.
    pub nobody_after_s: f32,
}

impl Default for MoodSettings {
    fn default() -> Self {
        Self {
            average_s: 0.45,
            margin: 0.3,
            confirm_s: 0.25,
            dwell_s: 1.0,
            unsure_below: 0.36,
            dissent: 0.4,
            unsure_after_s: 1.2,
            nobody_after_s: 2.0,
        }
    }
}

/// To leave `unsure`, an average must exceed `unsure_below` by this, and dissent fall below by it.
const CLEARLY: f32 = 0.05;

/// The share of the margin by which a first mood must lead the runner-up: no mood is given up for it.
const FIRST: f32 = 0.4;

/// A lead of more than this is enough where it is that large in a slower average too.
const LASTING: f32 = 0.06;

/// Time constant of the slower average, seconds; and so many times the other's at least, so that who
/// wants a calmer mood gets one.
const SLOW_S: f32 = 2.0;
const SLOWER: f32 = 4.0;

/// What counts at most as the time between two frames. A camera gives one a second at least; more
/// has passed where the clock was set, or where nothing was looked at, and neither says that a face
/// has gone.
const LONGEST_STEP: Duration = Duration::from_millis(1500);

/// For how long another number of faces must be seen before it counts, seconds.
const COUNT_S: f32 = 0.5;

impl MoodSettings {
    /// Says which setting is out of range, if one is.
    ///
    /// # Errors
    /// A duration that is not within 0..=600 s, or a share that is not within 0..=1.
    pub fn check(&self) -> Result<(), String> {
        for (key, seconds) in [
            ("average_s", self.average_s),
            ("confirm_s", self.confirm_s),
            ("dwell_s", self.dwell_s),
            ("unsure_after_s", self.unsure_after_s),
            ("nobody_after_s", self.nobody_after_s),
        ] {
            if !(0.0..=600.0).contains(&seconds) {
                return Err(format!("{key} = {seconds} is out of range; 0 to 600 seconds are possible"));
            }
        }
        for (key, share) in [("margin", self.margin), ("unsure_below", self.unsure_below), ("dissent", self.dissent)] {
            if !(0.0..=1.0).contains(&share) {
                return Err(format!("{key} = {share} is out of range; 0 to 1 is possible"));
            }
        }
        Ok(())
    }

    /// After how long a clear change of expression (from 0.8 to 0.05, and back for the other) is
    /// reported at a high frame rate: the smoothing window. One frame's time comes on top of it.
    pub fn window(&self) -> Duration {
        // The averages' lead after time t is 0.75 × (1 − 2·exp(−t/average)); it must exceed the margin.
        let lead = -((1.0 - self.margin.min(0.74) / 0.75) / 2.0).ln() * self.average_s;
        Duration::from_secs_f32((lead + self.confirm_s).clamp(0.0, 6000.0))
    }
}

/// One face in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeenFace {
    /// What the emotion network said.
    pub scores: Scores,
    /// How much it counts beside the other faces in the frame, usually its area in pixels.
    pub weight: f32,
}

/// The mood of the room at the time of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoomMood {
    /// The steady mood.
    pub mood: Mood,
    /// The averaged probability of that mood; of the most probable emotion when unsure; 0 when
    /// nobody is there.
    pub confidence: Confidence,
    /// Faces in view; short gaps are bridged. 0 exactly when the mood is [`Mood::Nobody`].
    pub people: u32,
    /// The averages; all 0 when nobody is there.
    pub scores: Scores,
    /// For how long the mood has been this.
    pub held: Duration,
    /// Whether it became this with the present frame.
    pub changed: bool,
}

/// The state machine. It begins with nobody there.
#[derive(Clone, Debug)]
pub struct Steady {
    settings: MoodSettings,
    /// The caller's time at the last frame.
    last_frame: Option<Duration>,
    /// Time of frames so far: never runs backwards or leaps, whatever the caller's clock does.
    now: Duration,
    mood: Mood,
    /// When the mood last changed.
    since: Option<Duration>,
    /// What would replace the mood, since when, and in how many frames in a row.
    challenger: Option<(Mood, Duration, u32)>,
    averages: Averages,
    last_face: Duration,
    people: u32,
    /// Another number of faces, and since when.
    other_people: Option<(u32, Duration)>,
}

/// Averages over time, as of the last frame with a face.
#[derive(Clone, Copy, Debug, Default)]
struct Averages {
    /// When they were last brought up to date; `None` while there was no face.
    at: Option<Duration>,
    scores: [f32; 7],
    /// The same over a longer time.
    slow: [f32; 7],
    dissent: f32,
}

impl Steady {
    /// Begins with nobody there.
    pub fn new(settings: MoodSettings) -> Self {
        Self {
            settings,
            last_frame: None,
            now: Duration::ZERO,
            mood: Mood::Nobody,
            since: None,
            challenger: None,
            averages: Averages::default(),
            last_face: Duration::ZERO,
            people: 0,
            other_people: None,
        }
    }

    /// From now on it is as quick or calm as this; the mood stays.
    pub const fn adjust(&mut self, settings: MoodSettings) {
        self.settings = settings;
    }

    /// Takes in the faces of the frame captured `at` (time since any fixed moment).
    pub fn observe(&mut self, at: Duration, faces: &[SeenFace]) -> RoomMood {
        let step = self.last_frame.map_or(Duration::ZERO, |last| at.saturating_sub(last));
        self.last_frame = Some(at);
        self.now = self.now.saturating_add(step.min(LONGEST_STEP));
        if faces.is_empty() {
            if lasted(self.now - self.last_face, self.settings.nobody_after_s) {
                self.challenger = None;
                let room = self.settle(Mood::Nobody);
                if self.mood != Mood::Nobody {
                    return room;
                }
                // What was seen before does not count for who comes next. A mood that has to stay
                // for longer keeps its averages.
                self.averages = Averages::default();
                return self.reading(room.changed);
            }
            return self.reading(false);
        }
        self.last_face = self.now;
        self.count(faces.len().try_into().unwrap_or(u32::MAX));
        self.averages.take_in(self.now, self.settings.average_s, faces);
        let wanted = self.wanted();
        if wanted == self.mood {
            self.challenger = None;
            return self.reading(false);
        }
        let (since, frames) = match self.challenger {
            Some((mood, since, frames)) if mood == wanted => (since, frames + 1),
            _ => (self.now, 1),
        };
        self.challenger = Some((wanted, since, frames));
        let needed = if wanted == Mood::Unsure { self.settings.unsure_after_s } else { self.settings.confirm_s };
        if frames >= 2 && lasted(self.now - since, needed) {
            return self.settle(wanted);
        }
        self.reading(false)
    }

    /// What the averages alone say, with a bonus for the mood that is there already.
    fn wanted(&self) -> Mood {
        let Averages { scores, slow, dissent, .. } = self.averages;
        let (top, high) = Scores::from_array(scores).top();
        let second = Emotion::ALL.iter().filter(|e| **e != top).map(|e| scores[*e as usize]).fold(0.0, f32::max);
        let present = self.mood.emotion();
        let grace = if present.is_some() { 0.0 } else { CLEARLY };
        let unclear = high.get() < self.settings.unsure_below + grace || dissent > self.settings.dissent - grace;
        // The lead over the emotion that is shown; from unsure and nobody, where nothing is given up,
        // over the runner-up.
        let lead = high.get() - present.map_or(second, |emotion| scores[emotion as usize]);
        let lasts = |shown: Emotion| {
            [scores, slow].iter().all(|averages| averages[top as usize] - averages[shown as usize] > LASTING)
        };
        match present {
            _ if unclear => Mood::Unsure,
            Some(shown) if lead <= self.settings.margin && !lasts(shown) => self.mood,
            None if lead <= self.settings.margin * FIRST => Mood::Unsure,
            _ => top.into(),
        }
    }

    /// Changes to `mood` unless the present one has not stayed long enough.
    fn settle(&mut self, mood: Mood) -> RoomMood {
        let stayed = self.since.is_none_or(|since| lasted(self.now - since, self.settings.dwell_s));
        let changed = mood != self.mood && stayed;
        if changed {
            self.mood = mood;
            self.since = Some(self.now);
            self.challenger = None;
        }
        self.reading(changed)
    }

    /// The number of faces, without the flicker of a face that is missed in single frames.
    fn count(&mut self, seen: u32) {
        let since = match self.other_people {
            Some((other, since)) if other == seen => since,
            _ => self.now,
        };
        if seen == self.people || self.mood == Mood::Nobody || lasted(self.now - since, COUNT_S) {
            self.people = seen;
            self.other_people = None;
        } else {
            self.other_people = Some((seen, since));
        }
    }

    fn reading(&self, changed: bool) -> RoomMood {
        let scores = Scores::from_array(self.averages.scores);
        let held = self.now - self.since.unwrap_or_default();
        let (confidence, people, scores) = match self.mood {
            Mood::Nobody => (Confidence::ZERO, 0, Scores::default()),
            Mood::Unsure => (scores.top().1, self.people, scores),
            mood => {
                let score = mood.emotion().map_or(0.0, |emotion| self.averages.scores[emotion as usize]);
                (Confidence::saturating(score), self.people, scores)
            }
        };
        RoomMood { mood: self.mood, confidence, people, scores, held, changed }
    }
}

/// Whether `time` is at least `seconds`, give or take the millisecond that frame times round to.
fn lasted(time: Duration, seconds: f32) -> bool {
    time.as_secs_f32() + 0.001 >= seconds
}

impl Averages {
    /// Brings the averages to `now` with the faces of one frame; there is at least one.
    fn take_in(&mut self, now: Duration, time_constant: f32, faces: &[SeenFace]) {
        // A face whose scores are flat says little about the room; a wrongly found one has such scores.
        let counts = |face: &SeenFace| {
            let weight = if face.weight.is_finite() { face.weight.max(0.0) } else { 0.0 };
            weight * face.scores.top().1.get()
        };
        let mut sum: f32 = faces.iter().map(counts).sum();
        let all_alike = !sum.is_normal();
        if all_alike {
            sum = faces.len() as f32;
        }
        let share = |face: &SeenFace| if all_alike { 1.0 / sum } else { counts(face) / sum };
        let mut frame = [0.0; 7];
        for face in faces {
            for (mean, score) in frame.iter_mut().zip(face.scores.to_array()) {
                *mean += share(face) * score;
            }
        }
        let top = Scores::from_array(frame).top().0;
        let dissent: f32 = faces.iter().filter(|face| face.scores.top().0 != top).map(share).sum();
        let new = |time_constant: f32| match self.at {
            None => 1.0,
            Some(at) => 1.0 - (-(now - at).as_secs_f32() / time_constant.max(1e-6)).exp(),
        };
        let (new, slowly) = (new(time_constant), new(SLOW_S.max(SLOWER * time_constant)));
        for ((average, slow), score) in self.scores.iter_mut().zip(&mut self.slow).zip(frame) {
            *average += new * (score - *average);
            *slow += slowly * (score - *slow);
        }
        self.dissent += new * (dissent - self.dissent);
        self.at = Some(now);
    }
}

#[cfg(test)]
#[path = "mood_tests.rs"]
mod tests;
