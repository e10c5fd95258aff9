//! When a frame was captured, by the driver's stamp.
//!
//! Enters: a buffer's time stamp. Leaves: that moment on the clock of the day. Nothing fails: where
//! the stamp says nothing useful, the moment at which the frame arrived stands in.

use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};
use v4l::buffer::{Flags, Metadata};

/// A frame that waited longer than this in the driver did not: the stamp is wrong.
const OLDEST: Duration = Duration::from_secs(5);

/// When the frame with this metadata was captured, if it arrived just now.
pub(super) fn captured(meta: &Metadata) -> Timestamp {
    let now = Timestamp::now();
    let monotonic = meta.flags & Flags::TIMESTAMP_MASK == Flags::TIMESTAMP_MONOTONIC;
    #[allow(clippy::useless_conversion, reason = "the system's time has 32 bits on armv7")]
    let (seconds, micros) = (i64::from(meta.timestamp.sec), i64::from(meta.timestamp.usec));
    let uptime = Duration::try_from(clock_gettime(ClockId::Monotonic)).ok();
    let stamp = duration(seconds, micros.saturating_mul(1000));
    let age = if monotonic { stamp.and_then(|stamp| age(uptime?, stamp)) } else { None };
    age.and_then(|age| now.checked_sub(age).ok()).unwrap_or(now)
}

fn duration(seconds: i64, nanos: i64) -> Option<Duration> {
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanos))
}

/// How long ago `stamp` was, both on one clock; `None` where that cannot be.
fn age(now: Duration, stamp: Duration) -> Option<Duration> {
    // A driver may leave the stamp at 0.
    let age = now.checked_sub(stamp).filter(|age| *age <= OLDEST);
    if stamp.is_zero() { None } else { age }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_frame_is_believed_within_reason() {
        let (second, ms) = (Duration::from_secs, Duration::from_millis);
        assert_eq!(age(second(100), second(100) - ms(40)), Some(ms(40)));
        assert_eq!(age(second(100), second(100)), Some(Duration::ZERO));
        assert_eq!(age(second(100), second(101)), None, "from the future");
        assert_eq!(age(second(100), second(10)), None, "older than any driver holds one");
        assert_eq!(age(second(3), Duration::ZERO), None, "no stamp, soon after the start");
        assert_eq!(duration(-1, 0), None);
        assert_eq!(duration(1, 1_000_000_000), None);
    }

    #[test]
    fn a_stamp_on_the_monotonic_clock_becomes_a_time_of_day() {
        let stamp = Duration::try_from(clock_gettime(ClockId::Monotonic)).unwrap() - Duration::from_millis(80);
        let mut meta = Metadata { timestamp: stamp.into(), flags: Flags::TIMESTAMP_MONOTONIC, ..Metadata::default() };
        let before = Timestamp::now() - Duration::from_millis(80);
        let at = captured(&meta);
        let off = at.duration_since(before).as_millis_f64();
        assert!((-5.0..1000.0).contains(&off), "{off} ms");
        // On a clock that is not known, the frame counts as captured when it arrived.
        meta.flags = Flags::TIMESTAMP_COPY;
        assert!(captured(&meta).duration_since(before).as_millis_f64() >= 79.0);
    }
}
