//! What is done about a mood: stay with it, lift, calm, leave things as they are; by the hour if wished.
//!
//! Pure: settings, a mood and the time of day enter, an [`Answer`] leaves.

use jiff::civil::{DateTime, Time, Weekday};
use moodring_mood::Emotion;
use serde::{Deserialize, Serialize};

/// What music does about the moods of a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// It stays with the mood.
    #[default]
    Match,
    /// It begins where the person is and leads to brighter music.
    Lift,
    /// It leads to calm music.
    Calm,
    /// Moods neither start nor change music.
    Off,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Match, Self::Lift, Self::Calm, Self::Off];

    /// The word in settings and on the page.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Lift => "lift",
            Self::Calm => "calm",
            Self::Off => "off",
        }
    }

    /// The mode that a word names, if it names one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// What is done about one mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// What the room's mode says.
    Mode,
    /// Music that stays with it.
    Match,
    /// A lift from it.
    Lift,
    /// Calm music.
    Calm,
    /// No change: what was chosen for before goes on.
    Keep,
    /// Nothing: music is not wanted by moods.
    Off,
}

/// What is done about each mood, whatever the mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Answers {
    pub angry: Answer,
    pub disgust: Answer,
    pub fear: Answer,
    pub happy: Answer,
    pub sad: Answer,
    pub surprise: Answer,
    pub neutral: Answer,
}

impl Default for Answers {
    fn default() -> Self {
        Self {
            angry: Answer::Calm,
            disgust: Answer::Keep,
            fear: Answer::Calm,
            happy: Answer::Mode,
            sad: Answer::Mode,
            surprise: Answer::Mode,
            neutral: Answer::Mode,
        }
    }
}

impl Answers {
    /// What is done about `emotion` in a room of this mode; never [`Answer::Mode`].
    pub const fn to(self, emotion: Emotion, mode: Mode) -> Answer {
        let own = match emotion {
            Emotion::Angry => self.angry,
            Emotion::Disgust => self.disgust,
            Emotion::Fear => self.fear,
            Emotion::Happy => self.happy,
            Emotion::Sad => self.sad,
            Emotion::Surprise => self.surprise,
            Emotion::Neutral => self.neutral,
        };
        match (mode, own) {
            (Mode::Off, _) => Answer::Off,
            (Mode::Match, Answer::Mode) => Answer::Match,
            // Who is happy already is not lifted.
            (Mode::Lift, Answer::Mode) if matches!(emotion, Emotion::Happy) => Answer::Match,
            (Mode::Lift, Answer::Mode) => Answer::Lift,
            (Mode::Calm, Answer::Mode) => Answer::Calm,
            (_, own) => own,
        }
    }
}

/// A time of day, and what is otherwise then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hours {
    /// From this time on, such as `22:00`.
    pub from: Time,
    /// Until this time; before `from`, it is the next day's.
    pub to: Time,
    /// On these days, by the day on which it begins; none: every day.
    #[serde(default)]
    pub days: Vec<Day>,
    /// The mode then.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// No louder than this then, 0..=1.
    #[serde(default)]
    pub volume_max: Option<f32>,
    /// Whether moods start no music then, and what plays fades out.
    #[serde(default)]
    pub quiet: bool,
    /// Whether tracks marked explicit may be chosen then.
    #[serde(default)]
    pub explicit: Option<bool>,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

impl Day {
    const fn of(day: Weekday) -> Self {
        match day {
            Weekday::Monday => Self::Mon,
            Weekday::Tuesday => Self::Tue,
            Weekday::Wednesday => Self::Wed,
            Weekday::Thursday => Self::Thu,
            Weekday::Friday => Self::Fri,
            Weekday::Saturday => Self::Sat,
            Weekday::Sunday => Self::Sun,
        }
    }
}

impl Hours {
    /// Whether it is such a time.
    pub fn cover(&self, now: DateTime) -> bool {
        let (time, today) = (now.time(), now.date().weekday());
        let on = |day: Weekday| self.days.is_empty() || self.days.contains(&Day::of(day));
        if self.from < self.to {
            return on(today) && self.from <= time && time < self.to;
        }
        (on(today) && time >= self.from) || (on(today.previous()) && time < self.to)
    }
}

/// How music is chosen in a room.
#[derive(Clone, Debug, PartialEq)]
pub struct Manner {
    /// The mode where no hour says another.
    pub mode: Mode,
    /// What is done about each mood, whatever the mode.
    pub answers: Answers,
    /// Over how many tracks a lift leads, 4..=6.
    pub lift_over: usize,
    /// Whether tracks marked explicit may be chosen.
    pub explicit: bool,
    /// No louder than this, 0..=1.
    pub volume_max: f32,
    /// Times of day at which something is otherwise; of several that say the same, the last counts.
    pub hours: Vec<Hours>,
}

impl Default for Manner {
    fn default() -> Self {
        Self {
            mode: Mode::Match,
            answers: Answers::default(),
            lift_over: 5,
            explicit: true,
            volume_max: 1.0,
            hours: Vec::new(),
        }
    }
}

/// What holds at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// The mode.
    pub mode: Mode,
    /// Whether tracks marked explicit may be chosen.
    pub explicit: bool,
    /// No louder than this, 0..=1.
    pub volume_max: f32,
    /// Whether moods start no music.
    pub quiet: bool,
}

impl Manner {
    /// What holds at this time of the calendar, unless somebody chose a mode by hand.
    pub fn plan(&self, now: DateTime, by_hand: Option<Mode>) -> Plan {
        let mut plan = Plan { mode: self.mode, explicit: self.explicit, volume_max: self.volume_max, quiet: false };
        for hours in self.hours.iter().filter(|hours| hours.cover(now)) {
            plan.mode = hours.mode.unwrap_or(plan.mode);
            plan.explicit = hours.explicit.unwrap_or(plan.explicit);
            plan.volume_max = hours.volume_max.map_or(plan.volume_max, |most| most.min(self.volume_max));
            plan.quiet |= hours.quiet;
        }
        plan.mode = by_hand.unwrap_or(plan.mode);
        plan
    }

    /// What holds while nobody knows what time it is: the room's own mode, and the strictest of all hours.
    pub fn plan_without_time(&self, by_hand: Option<Mode>) -> Plan {
        let most = self.hours.iter().filter_map(|hours| hours.volume_max).fold(self.volume_max, f32::min);
        Plan {
            mode: by_hand.unwrap_or(self.mode),
            explicit: self.explicit && self.hours.iter().all(|hours| hours.explicit != Some(false)),
            volume_max: most,
            quiet: self.hours.iter().any(|hours| hours.quiet),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(from: &str, to: &str) -> Hours {
        let time = |text: &str| text.parse().unwrap();
        let (from, to) = (time(from), time(to));
        Hours { from, to, days: vec![], mode: None, volume_max: None, quiet: false, explicit: None }
    }

    /// A Monday in November.
    fn monday(time: &str) -> DateTime {
        format!("2026-11-23T{time}").parse().unwrap()
    }

    #[test]
    fn anger_and_fear_are_calmed_and_disgust_changes_nothing() {
        use Emotion::{Angry, Disgust, Fear, Happy, Sad};
        let answers = Answers::default();
        let to = |mode| [Angry, Fear, Disgust, Sad, Happy].map(|emotion| answers.to(emotion, mode));
        assert_eq!(to(Mode::Match), [Answer::Calm, Answer::Calm, Answer::Keep, Answer::Match, Answer::Match]);
        assert_eq!(to(Mode::Lift), [Answer::Calm, Answer::Calm, Answer::Keep, Answer::Lift, Answer::Match]);
        assert_eq!(to(Mode::Calm), [Answer::Calm, Answer::Calm, Answer::Keep, Answer::Calm, Answer::Calm]);
        assert_eq!(to(Mode::Off), [Answer::Off; 5]);
        let own = Answers { angry: Answer::Mode, disgust: Answer::Lift, ..answers };
        assert_eq!((own.to(Angry, Mode::Match), own.to(Disgust, Mode::Match)), (Answer::Match, Answer::Lift));
    }

    #[test]
    fn a_night_reaches_into_the_next_morning() {
        let night = hours("22:00", "07:00");
        for (time, covered) in [("21:59:59", false), ("22:00", true), ("23:59", true)] {
            assert_eq!(night.cover(monday(time)), covered, "{time}");
        }
        for (time, covered) in [("00:00", true), ("06:59:59", true), ("07:00", false)] {
            assert_eq!(night.cover(monday(time)), covered, "{time}");
        }
        let sundays = Hours { days: vec![Day::Sun], ..night };
        assert!(sundays.cover(monday("03:00")), "Sunday's night ends on Monday");
        assert!(!sundays.cover(monday("23:00")));
        assert!(hours("06:00", "06:00").cover(monday("05:00")), "all day");
    }

    #[test]
    fn the_last_of_the_hours_that_cover_a_time_counts_and_a_hand_overrules_the_mode() {
        let mut manner = Manner { volume_max: 0.8, ..Manner::default() };
        manner.hours = vec![
            Hours { mode: Some(Mode::Lift), volume_max: Some(0.9), ..hours("06:00", "10:00") },
            Hours { mode: Some(Mode::Calm), explicit: Some(false), ..hours("09:00", "12:00") },
            Hours { quiet: true, volume_max: Some(0.1), ..hours("22:00", "05:00") },
        ];
        let plan = |time| manner.plan(monday(time), None);
        assert_eq!((plan("08:00").mode, plan("08:00").volume_max), (Mode::Lift, 0.8), "never above the room's own");
        assert_eq!((plan("09:30").mode, plan("09:30").explicit), (Mode::Calm, false));
        assert!(plan("23:00").quiet && plan("23:00").volume_max == 0.1 && !plan("13:00").quiet);
        assert_eq!(manner.plan(monday("08:00"), Some(Mode::Off)).mode, Mode::Off);
        let blind = Plan { mode: Mode::Match, explicit: false, volume_max: 0.1, quiet: true };
        assert_eq!(manner.plan_without_time(None), blind, "the strictest of all");
        manner.hours.clear();
        assert_eq!(manner.plan_without_time(Some(Mode::Calm)), manner.plan(monday("08:00"), Some(Mode::Calm)));
    }
}
