//! When to refresh: a cron expression, with `H` for a minute, hour or day of this installation's own.
//!
//! Pure. Fails when the expression is none, in words that name what is wrong. `H` spreads the
//! households of the world over the hours, so that not all ask at once.

use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions, parse_crontab_with};
use jiff::{SignedDuration, Timestamp};

/// Once a week, on a day and in an hour of the night of this installation's own.
pub const WEEKLY: &str = "H H(1-5) * * H";

/// A rhythm, in local time unless the expression names a time zone.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// One or several: `H(1-5)` is worked out before the expression is read.
    cron: Crontab,
}

impl Schedule {
    /// Reads an expression: minute, hour, day of the month, month, day of the week, and a time zone if
    /// wanted; `own` is this installation's number, from which `H` and `H(a-b)` follow.
    ///
    /// # Errors
    /// In words: it is no cron expression.
    pub fn parse(text: &str, own: u64) -> Result<Self, String> {
        let plain = in_range(text, own)?;
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::System;
        options.hashed_value = Some(own);
        let cron = parse_crontab_with(&plain, options).map_err(|e| {
            let why = e.to_string();
            let why = why.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
            format!("{text:?} is no cron expression such as \"0 4 * * MON\" ({why})")
        })?;
        Ok(Self { cron })
    }

    /// The first time after `last`.
    pub fn after(&self, last: Timestamp) -> Timestamp {
        let next = self.cron.find_next(MakeTimestamp(last)).map(|at| at.timestamp());
        // An expression such as 30 February never comes: look again in a year.
        next.unwrap_or_else(|_| last.checked_add(SignedDuration::from_hours(365 * 24)).unwrap_or(Timestamp::MAX))
    }
}

/// Puts a number of this installation's own in the place of each `H(a-b)`.
fn in_range(text: &str, own: u64) -> Result<String, String> {
    let part = |(n, part): (usize, &str)| {
        let Some(range) = part.strip_prefix("H(").and_then(|rest| rest.strip_suffix(')')) else {
            return Ok(part.to_owned());
        };
        let ends = range.split_once('-').and_then(|(a, b)| Some((a.parse::<u64>().ok()?, b.parse::<u64>().ok()?)));
        let (from, to) = ends
            .filter(|(a, b)| a <= b)
            .ok_or_else(|| format!("{part} in {text:?} is no range; write for example H(1-5)"))?;
        // Another number in each field, as they would otherwise move together.
        Ok((from + own.rotate_right(n as u32 * 11 + 7) % (to - from + 1)).to_string())
    };
    let parts: Result<Vec<String>, String> = text.split_whitespace().enumerate().map(part).collect();
    Ok(parts?.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn any_cron_expression_tells_the_next_time() {
        let next = |cron: &str, last: &str| Schedule::parse(cron, 7).unwrap().after(at(last)).to_string();
        assert_eq!(next("0 4 * * MON UTC", "2026-11-23T05:00:00Z"), "2026-11-30T04:00:00Z");
        assert_eq!(next("*/15 * * * * UTC", "2026-11-23T05:01:00Z"), "2026-11-23T05:15:00Z");
        assert_eq!(next("30 6 1 * * Europe/Berlin", "2026-11-23T05:00:00Z"), "2026-12-01T05:30:00Z");
    }

    /// Numbers as different as random ones (splitmix64).
    const fn numbered(n: u64) -> u64 {
        let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        n ^ (n >> 31)
    }

    #[test]
    fn weekly_is_once_a_week_at_night_and_spread_over_households() {
        let mut seen = std::collections::HashSet::new();
        for own in (1..41_u64).map(numbered) {
            let schedule = Schedule::parse(&format!("{WEEKLY} UTC"), own).unwrap();
            let first = schedule.after(at("2026-11-23T00:00:00Z"));
            let second = schedule.after(first);
            assert_eq!(second.duration_since(first), SignedDuration::from_hours(7 * 24));
            let hour = first.to_zoned(jiff::tz::TimeZone::UTC).hour();
            assert!((1..=5).contains(&hour), "{first}");
            seen.insert(first);
        }
        assert!(seen.len() > 30, "{}", seen.len());
    }

    #[test]
    fn what_is_no_expression_is_named() {
        for (text, says) in [
            ("weekly", "\"weekly\" is no cron expression such as"),
            ("0 25 * * *", "\"0 25 * * *\" is no cron expression"),
            ("0 H(5-1) * * *", "H(5-1)"),
        ] {
            let why = Schedule::parse(text, 1).unwrap_err();
            assert!(why.contains(says), "{why}");
        }
    }
}
