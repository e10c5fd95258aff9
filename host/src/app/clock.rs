//! A clock that jumps: set at last after a start without one, put right, or wrong for a while.
//!
//! What only measures time goes by a clock that never jumps. Here is what else there is: what was learnt while the
//! clock was ahead, the end of the sleep timer as it is shown and kept, hours of which nobody knows whether they
//! hold. Nothing here can fail but a write to the database, which becomes a notice.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{About, App};
use crate::{
    room::{Moment, clock_is_set},
    steer::LONGEST_SLEEP,
};

/// A clock that goes this much apart from the one that never jumps was set.
const JUMP: SignedDuration = SignedDuration::from_secs(60);

/// When a sleep timer ends that was kept to end at this time. By a clock that is not set, it ends no later than the
/// longest could.
pub(super) fn sleep_kept(at: Timestamp, now: Moment) -> Moment {
    let left = Duration::try_from(at.duration_since(now.at)).unwrap_or_default();
    Moment { at, tick: now.tick + left.min(LONGEST_SLEEP) }
}

impl App {
    /// Notices that the clock was set since the last look, and puts right what depends on it.
    pub(super) fn mind_the_clock(&mut self, now: Moment) {
        let last = std::mem::replace(&mut self.looked, now);
        let went = now.at.duration_since(last.at);
        let jumped = went.saturating_sub(now.since(last).try_into().unwrap_or_default());
        if jumped.abs() >= JUMP {
            tracing::info!("{}: the clock was set from {} to {}", self.seat.name, last.at, now.at);
            self.taste.put_back(now.at);
            // Nothing is dropped for its age by a clock that may be put right yet.
            self.pruned = now.tick;
            self.move_sleep(last, now);
        }
        if clock_is_set(now.at) || self.habits.manner.hours.is_empty() {
            self.notices.well(About::Clock);
        } else {
            let shows = now.at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string();
            let words = format!(
                "this machine's clock is not set, it shows {shows}: until it is, the strictest of the hours in the \
                 settings hold. Music can be started by hand"
            );
            self.notices.say(About::Clock, words);
        }
    }

    /// The sleep timer ends as long from now as before; one that was kept while the clock was right ends when it
    /// was to, now that the clock is right again.
    fn move_sleep(&mut self, last: Moment, now: Moment) {
        let Some(sleep) = self.sleep else { return };
        let was_kept = !clock_is_set(last.at) && clock_is_set(now.at) && clock_is_set(sleep.at);
        let left = sleep.tick.saturating_duration_since(now.tick);
        self.sleep =
            Some(if was_kept { sleep_kept(sleep.at, now) } else { Moment { at: now.at + left, tick: sleep.tick } });
        self.keep_sleep();
    }
}

#[cfg(test)]
#[path = "clock_tests.rs"]
mod tests;
