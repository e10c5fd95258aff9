//! What may be asked when: a rolling ledger of 24 hours, and pauses that Spotify asked for.
//!
//! Pure: time is a parameter, and what must outlive a restart is a plain value ([`Kept`]). Playing
//! goes before looking, and looking before refreshing: each may use up its share of the budget only.

use std::{collections::VecDeque, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::trouble::Limit;

/// The ledger goes back so many minutes.
const DAY_MIN: i64 = 24 * 60;

/// No pause is longer: half a day has been seen.
const LONGEST: u64 = 24 * 3600;

/// What has been missing for long is looked for so often.
const SELDOM: Duration = Duration::from_secs(120);

/// What a call is for; the more urgent, the more of the budget is open to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Somebody or a mood wants it now: play, pause, skip, which devices there are.
    Play,
    /// What the device does just now.
    Look,
    /// Finding music for later.
    Refresh,
}

impl Class {
    /// The share of the budget that it may use up, per cent.
    const fn share(self) -> u32 {
        match self {
            Self::Play => 100,
            Self::Look => 90,
            Self::Refresh => 50,
        }
    }
}

/// A pause, told by its beginning and its length so that a clock that jumps back cannot prolong it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When it began.
    pub at: Timestamp,
    /// How long it is, seconds.
    pub seconds: u64,
    /// Why.
    pub why: Limit,
}

impl Pause {
    /// When it ends, seen from `now`.
    fn ends(&self, now: Timestamp) -> Timestamp {
        let length = SignedDuration::from_secs(self.seconds.min(LONGEST) as i64);
        later(self.at, length).min(later(now, length))
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// What outlives a restart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// Calls in each minute since 1970 in which there were any, oldest first.
    pub minutes: VecDeque<(i64, u32)>,
    /// The pause that Spotify asked for.
    pub pause: Option<Pause>,
    /// Pauses for the quota's sake in a row; each is twice as long as the one before.
    pub quotas: u32,
}

/// Why a call has to wait, and until when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Until then.
    pub until: Timestamp,
    /// Why.
    pub why: Limit,
}

/// The ledger and the pauses.
#[derive(Clone, Debug)]
pub struct Limits {
    budget: u32,
    kept: Kept,
    /// Since the last answer: calls that failed, and the pause for it.
    failures: u32,
    failing: Option<Pause>,
}

impl Limits {
    /// Takes up what was kept; at most `budget` calls in 24 hours.
    pub const fn new(budget: u32, kept: Kept) -> Self {
        Self { budget, kept, failures: 0, failing: None }
    }

    /// What is to outlive a restart.
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Calls allowed in 24 hours.
    pub const fn budget(&self) -> u32 {
        self.budget
    }

    /// Calls of the last 24 hours.
    pub fn spent(&self, now: Timestamp) -> u32 {
        let minute = minute(now);
        let counts = self.kept.minutes.iter().filter(|(at, _)| (minute - DAY_MIN..=minute + 1).contains(at));
        counts.fold(0, |sum, (_, calls)| sum.saturating_add(*calls))
    }

    /// Whether a call may be made now; else until when it has to wait.
    ///
    /// # Errors
    /// The wait.
    pub fn ask(&self, class: Class, now: Timestamp) -> Result<(), Wait> {
        match self.wait(class, now) {
            Some(wait) => Err(wait),
            None => Ok(()),
        }
    }

    fn wait(&self, class: Class, now: Timestamp) -> Option<Wait> {
        let mut waits = Vec::new();
        let failing = self.failing.filter(|_| class != Class::Play);
        for pause in self.kept.pause.into_iter().chain(failing) {
            waits.push(Wait { until: pause.ends(now), why: pause.why });
        }
        waits.extend(self.budget_wait(class, now));
        waits.into_iter().filter(|wait| wait.until > now).max_by_key(|wait| wait.until)
    }

    /// Until enough of the ledger is older than a day.
    fn budget_wait(&self, class: Class, now: Timestamp) -> Option<Wait> {
        let may = (u64::from(self.budget) * u64::from(class.share()) / 100) as u32;
        let mut spent = self.spent(now);
        if spent < may {
            return None;
        }
        let mut until = later(now, SignedDuration::from_mins(1));
        for (at, calls) in &self.kept.minutes {
            if spent < may {
                break;
            }
            spent = spent.saturating_sub(*calls);
            until = Timestamp::from_second((at + DAY_MIN + 1) * 60).unwrap_or(Timestamp::MAX);
        }
        Some(Wait { until, why: Limit::Budget })
    }

    /// A call is made.
    pub fn spend(&mut self, now: Timestamp) {
        let minute = minute(now);
        // What lies in the future was written by a clock that was wrong.
        self.kept.minutes.retain(|(at, _)| (minute - DAY_MIN..=minute + 1).contains(at));
        match self.kept.minutes.back_mut().filter(|(at, _)| *at >= minute) {
            Some((_, calls)) => *calls = calls.saturating_add(1),
            None => self.kept.minutes.push_back((minute, 1)),
        }
    }

    /// Spotify answered as it should. True if something that is kept changed.
    pub fn well(&mut self, now: Timestamp) -> bool {
        self.failures = 0;
        self.failing = None;
        self.kept.quotas = 0;
        self.kept.pause.take_if(|pause| pause.ends(now) <= now).is_some()
    }

    /// Spotify asked to wait (429), for so many seconds, if it named any; `quota`: with the words that
    /// the app's quota is used up.
    pub fn asked(&mut self, retry_after: Option<u64>, quota: bool, now: Timestamp) {
        let why = if quota { Limit::Quota } else { Limit::Asked };
        let own = if quota { 3600 << self.kept.quotas.min(4) } else { 5 << self.failures.min(6) };
        self.failures = self.failures.saturating_add(1);
        if quota {
            self.kept.quotas = self.kept.quotas.saturating_add(1);
        }
        // A second more than asked for: clocks differ.
        let seconds = retry_after.map_or(own, |asked| asked.saturating_add(1)).min(LONGEST);
        self.kept.pause = Some(Pause { at: now, seconds, why });
    }

    /// Spotify failed (5xx) or could not be reached.
    pub fn failed(&mut self, now: Timestamp) {
        let seconds = 1_u64 << self.failures.min(8);
        self.failures = self.failures.saturating_add(1);
        self.failing = Some(Pause { at: now, seconds, why: Limit::Failing });
    }
}

/// How often to look what the device does: `every` so often, less often as the budget is used up.
pub const fn look_every(every: Duration, spent: u32, budget: u32) -> Duration {
    let share = if budget == 0 { 100 } else { spent as u64 * 100 / budget as u64 };
    let times = match share {
        0..50 => 1,
        50..75 => 2,
        75..85 => 4,
        _ => 8,
    };
    every.saturating_mul(times)
}

/// How long after a look in vain to look again for what has been missing for so long: `first` in the beginning,
/// then ever more rarely.
pub fn find_every(first: Duration, missing: Duration) -> Duration {
    (missing / 8).clamp(first, SELDOM)
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        let start: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
        start + SignedDuration::from_secs(seconds)
    }

    #[test]
    fn a_budget_is_of_the_last_24_hours_and_the_less_urgent_stop_first() {
        let mut limits = Limits::new(100, Kept::default());
        for call in 0..50 {
            assert!(limits.ask(Class::Refresh, at(call * 60)).is_ok());
            limits.spend(at(call * 60));
        }
        let now = at(50 * 60);
        let wait = limits.ask(Class::Refresh, now).unwrap_err();
        assert_eq!(wait.why, Limit::Budget);
        assert_eq!(wait.until, at(24 * 3600 + 60), "until the first call is a day old");
        assert!(limits.ask(Class::Look, now).is_ok() && limits.ask(Class::Play, now).is_ok());
        (0..50).for_each(|_| limits.spend(now));
        assert!(limits.ask(Class::Look, now).is_err() && limits.ask(Class::Play, now).is_err());
        assert_eq!(limits.spent(now), 100);
        assert!(limits.ask(Class::Play, at(24 * 3600 + 60)).is_ok());
        assert_eq!(limits.spent(at(48 * 3600)), 0);
    }

    #[test]
    fn a_pause_that_was_asked_for_holds_for_all_and_over_a_restart() {
        let mut limits = Limits::new(100, Kept::default());
        limits.asked(Some(43_200), true, at(0));
        let kept: Kept = serde_json::from_str(&serde_json::to_string(limits.kept()).unwrap()).unwrap();
        let limits = Limits::new(100, kept);
        let wait = limits.ask(Class::Play, at(100)).unwrap_err();
        assert_eq!(wait, Wait { until: at(43_201), why: Limit::Quota });
        assert!(limits.ask(Class::Play, at(43_201)).is_ok());
    }

    #[test]
    fn a_clock_that_jumps_neither_prolongs_a_pause_nor_spends_the_budget() {
        let mut limits = Limits::new(10, Kept::default());
        let wrong = at(400 * 86_400);
        (0..10).for_each(|_| limits.spend(wrong));
        limits.asked(Some(60), false, wrong);
        assert_eq!(limits.spent(at(0)), 0, "those lie in the future");
        assert_eq!(limits.ask(Class::Play, at(0)).unwrap_err().until, at(61));
        limits.spend(at(0));
        assert_eq!(limits.spent(at(0)), 1);
    }

    #[test]
    fn without_a_time_the_pauses_grow_and_end_with_a_good_answer() {
        let mut limits = Limits::new(1000, Kept::default());
        let mut now = 0;
        for seconds in [5, 10, 20, 40] {
            limits.asked(None, false, at(now));
            assert_eq!(limits.ask(Class::Play, at(now)).unwrap_err().until, at(now + seconds));
            now += seconds;
        }
        assert!(limits.well(at(now)));
        limits.asked(None, true, at(now));
        assert_eq!(limits.ask(Class::Play, at(now)).unwrap_err().until, at(now + 3600));
        limits.asked(None, true, at(now));
        assert_eq!(limits.ask(Class::Play, at(now)).unwrap_err().until, at(now + 7200));
    }

    #[test]
    fn failures_make_looking_wait_and_let_a_person_try() {
        let mut limits = Limits::new(1000, Kept::default());
        for seconds in [1, 2, 4, 8] {
            limits.failed(at(0));
            assert_eq!(limits.ask(Class::Look, at(0)), Err(Wait { until: at(seconds), why: Limit::Failing }));
            assert!(limits.ask(Class::Play, at(0)).is_ok());
        }
        limits.well(at(1));
        assert!(limits.ask(Class::Look, at(1)).is_ok());
    }

    #[test]
    fn looking_becomes_rarer_as_the_budget_goes() {
        let every = |spent| look_every(Duration::from_secs(10), spent, 1000).as_secs();
        assert_eq!([0, 499, 500, 800, 900, 5000].map(every), [10, 10, 20, 40, 80, 80]);
        assert_eq!(look_every(Duration::from_secs(10), 0, 0).as_secs(), 80);
    }

    #[test]
    fn what_is_missing_is_found_soon_at_first_and_later_costs_little() {
        let s = Duration::from_secs;
        let first = s(10);
        for (missing, every) in [(0, 10), (60, 10), (160, 20), (3600, 120), (86_400, 120)] {
            assert_eq!(find_every(first, s(missing)), s(every), "after {missing} s");
        }
        assert_eq!(find_every(s(60), s(10)), s(60));
    }
}
