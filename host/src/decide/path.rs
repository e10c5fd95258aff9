//! The way that music leads from a mood to another place on the plane: a lift, or calming.
//!
//! Pure. In: a mood, and what is to be done about it. Out: a [`Path`] whose every step is written down before
//! the first track plays, so that it can be shown.

use moodring_mood::Emotion;
use serde::{Deserialize, Serialize};

use super::{
    mode::Answer,
    plane::{BRIGHT, CALM, Point},
};

/// Calming leads over so many tracks.
const CALM_OVER: usize = 3;

/// A mood this much less pleasant than where a path began is a new beginning.
const WORSE: f32 = 0.05;

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// To bright music.
    Lift,
    /// To calm music.
    Calm,
}

impl Goal {
    /// "lift" or "calm".
    pub const fn word(self) -> &'static str {
        match self {
            Self::Lift => "lift",
            Self::Calm => "calm",
        }
    }

    const fn end(self) -> Point {
        match self {
            Self::Lift => BRIGHT,
            Self::Calm => CALM,
        }
    }
}

/// Where on a path a track stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where the path leads.
    pub goal: Goal,
    /// From 1 to `of`; after the last one, `of` again.
    pub number: u8,
    /// How many there are.
    pub of: u8,
}

impl std::fmt::Display for Step {
    /// As it is kept: "lift 2/5".
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}/{}", self.goal.word(), self.number, self.of)
    }
}

impl Step {
    /// Reads what `Display` wrote; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (goal, place) = text.split_once(' ')?;
        let goal = [Goal::Lift, Goal::Calm].into_iter().find(|known| known.word() == goal)?;
        let (number, of) = place.split_once('/')?;
        Some(Self { goal, number: number.parse().ok()?, of: of.parse().ok()? })
    }
}

/// A way on the plane, a point for each track.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// Where it leads.
    pub goal: Goal,
    /// The mood that it begins with.
    pub from: Emotion,
    /// Where each track is to lie, the first first; at least one.
    pub steps: Vec<Point>,
    /// How many of its tracks have begun.
    pub taken: usize,
}

impl Path {
    /// From a mood to bright music, over so many tracks, at least two. The first is where the person is.
    pub fn lift(from: Emotion, tracks: usize) -> Self {
        let (start, tracks) = (Point::of(from), tracks.max(2));
        let steps = (0..tracks).map(|n| start.towards(BRIGHT, n as f32 / (tracks - 1) as f32)).collect();
        Self { goal: Goal::Lift, from, steps, taken: 0 }
    }

    /// From a mood to calm music. Nobody who is angry is played music for the angry first: it begins with
    /// the first step away.
    pub fn calm(from: Emotion) -> Self {
        let start = Point::of(from);
        let steps = (1..=CALM_OVER).map(|n| start.towards(CALM, n as f32 / CALM_OVER as f32)).collect();
        Self { goal: Goal::Calm, from, steps, taken: 0 }
    }

    /// The path to go on, now that `emotion` is felt and this is to be done about it; `None`: none.
    ///
    /// Whoever brightens on the way is not sent back to its beginning, and whoever gets worse than where it
    /// began is met there.
    pub fn turn(before: Option<Self>, emotion: Emotion, answer: Answer, lift_over: usize) -> Option<Self> {
        match answer {
            Answer::Lift => Some(match before {
                Some(path) if path.goal == Goal::Lift && Point::of(emotion).valence >= path.start() - WORSE => path,
                _ => Self::lift(emotion, lift_over),
            }),
            Answer::Calm => Some(match before {
                Some(path) if path.goal == Goal::Calm => path,
                _ => Self::calm(emotion),
            }),
            Answer::Keep | Answer::Off => before,
            Answer::Match | Answer::Mode => None,
        }
    }

    /// How pleasant the mood was that it began with.
    fn start(&self) -> f32 {
        Point::of(self.from).valence
    }

    /// The step of the `n`-th track from its beginning, from 1; past the end, the last.
    pub fn step(&self, n: usize) -> (Step, Point) {
        let of = self.steps.len();
        let n = n.clamp(1, of.max(1));
        let count = |n: usize| u8::try_from(n).unwrap_or(u8::MAX);
        let point = self.steps.get(n - 1).copied().unwrap_or(self.goal.end());
        (Step { goal: self.goal, number: count(n), of: count(of) }, point)
    }

    /// Whether every track of it has begun.
    pub fn is_over(&self) -> bool {
        self.taken >= self.steps.len()
    }

    /// In a sentence: "from sad to bright music over 5 tracks: sad, …, happy".
    pub fn words(&self) -> String {
        let goal = match self.goal {
            Goal::Lift => "bright",
            Goal::Calm => "calm",
        };
        let mut places: Vec<_> = self.steps.iter().map(|point| point.word()).collect();
        places.dedup();
        format!("from {} to {goal} music over {} tracks: {}", self.from, self.steps.len(), places.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lift_begins_where_the_person_is_and_ends_bright_without_a_step_back() {
        for tracks in 4..=6 {
            let path = Path::lift(Emotion::Sad, tracks);
            assert_eq!((path.steps.len(), path.steps[0]), (tracks, Point::of(Emotion::Sad)));
            assert!(path.steps[tracks - 1].distance(BRIGHT) < 1e-6);
            assert!(path.steps.windows(2).all(|two| two[0].valence < two[1].valence), "{path:?}");
        }
        assert_eq!(
            Path::lift(Emotion::Sad, 5).words(),
            "from sad to bright music over 5 tracks: sad, quiet and plain, friendly, happy"
        );
    }

    #[test]
    fn calming_goes_down_at_once() {
        let path = Path::calm(Emotion::Angry);
        let arousal: Vec<_> = path.steps.iter().map(|point| point.arousal).collect();
        assert!(arousal[0] < Point::of(Emotion::Angry).arousal - 0.3, "{arousal:?}");
        assert!(arousal.windows(2).all(|two| two[1] < two[0]) && path.steps[2].distance(CALM) < 1e-6);
        assert!(path.steps.iter().all(|point| point.valence > Point::of(Emotion::Angry).valence));
    }

    #[test]
    fn whoever_brightens_is_not_sent_back_and_whoever_darkens_is_met() {
        let way = |before: &Path, emotion, answer| Path::turn(Some(before.clone()), emotion, answer, 5);
        let path = Path { taken: 2, ..Path::lift(Emotion::Sad, 5) };
        assert_eq!(way(&path, Emotion::Neutral, Answer::Lift), Some(path.clone()));
        assert_eq!(way(&path, Emotion::Happy, Answer::Match), None, "arrived");
        assert_eq!(way(&path, Emotion::Disgust, Answer::Keep), Some(path.clone()));
        let from_neutral = Path { taken: 3, ..Path::lift(Emotion::Neutral, 5) };
        assert_eq!(way(&from_neutral, Emotion::Sad, Answer::Lift), Some(Path::lift(Emotion::Sad, 5)));
        assert_eq!(way(&path, Emotion::Angry, Answer::Calm), Some(Path::calm(Emotion::Angry)));
        let calming = Path { taken: 1, ..Path::calm(Emotion::Angry) };
        assert_eq!(way(&calming, Emotion::Fear, Answer::Calm), Some(calming), "from anger to fear, it goes on");
    }

    #[test]
    fn after_the_last_step_the_music_stays_there_and_a_step_reads_back() {
        let path = Path::lift(Emotion::Sad, 4);
        let (step, point) = path.step(9);
        assert_eq!((step.number, step.of, point), (4, 4, path.steps[3]));
        assert_eq!(Step::parse(&step.to_string()), Some(step));
        assert_eq!(path.step(0).0.number, 1);
        for text in ["", "lift", "lift 3", "fly 1/2", "lift a/b", "lift 999/1"] {
            assert_eq!(Step::parse(text), None, "{text:?}");
        }
        assert!(!path.is_over() && Path { taken: 4, ..path }.is_over());
    }
}
