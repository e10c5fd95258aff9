//! Whether a room plays from Spotify just now, or from local music: one or the other, never a mix.
//!
//! Pure, with time as a parameter.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use moodring_spotify::{LogIn, Standing, deck::Cause, limit::Wait};

use crate::player::Kind;

/// A missing device, a failing Spotify or a limit is waited for so long before local music takes over.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// What a room plays from, and why, if that is not Spotify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serves {
    /// From where; `None`: from Spotify, which cannot play, with no local music allowed in its place.
    pub kind: Kind,
    /// Why Spotify cannot play, in words with what to do.
    pub why: Option<String>,
    /// What will be wrong soon: the log-in ends.
    pub soon: Option<String>,
}

/// What a room plays from. `trouble`: what the device said last, and how long ago; `stock`: tracks of
/// Spotify's that could be chosen; `local_instead`: whether local music may take over; `before`: what the room
/// played from until now.
pub fn serves(
    standing: &Standing,
    trouble: Option<&(Cause, String, Duration)>,
    stock: u64,
    local_instead: bool,
    before: Kind,
    now: Timestamp,
) -> Serves {
    let lasting = lasting(standing, stock, before, now);
    let passing = trouble.map(|(cause, words, since)| (*cause, words.clone(), *since));
    let (why, now) = match (lasting, passing) {
        (Some(why), _) => (why, true),
        (None, Some((Cause::Device | Cause::Away | Cause::Limit, words, since))) => (words, since >= PATIENCE),
        (None, Some((Cause::LogIn | Cause::Premium, words, _))) => (words, true),
        (None, None) => return Serves { kind: Kind::Spotify, why: None, soon: soon(standing) },
    };
    let kind = if local_instead && now { Kind::Local } else { Kind::Spotify };
    Serves { kind, why: Some(why), soon: soon(standing) }
}

/// Whether trouble that was told so long ago is over once the line of calls knows of none. It knows all about the
/// account; a limit may come again, and as long as it is waited out, the device says when it is over.
pub fn is_over(cause: Cause, since: Duration) -> bool {
    match cause {
        Cause::LogIn | Cause::Premium => true,
        Cause::Limit => since >= PATIENCE,
        Cause::Device | Cause::Away => false,
    }
}

/// From five months on, that the log-in ends.
fn soon(standing: &Standing) -> Option<String> {
    let LogIn::In { ends: Some(ends) } = standing.log_in else { return None };
    let day = ends.to_zoned(jiff::tz::TimeZone::system()).strftime("%e %B").to_string();
    Some(format!("the log-in to Spotify ends on {}, six months after it was given: log in again before", day.trim()))
}

/// What cannot pass by itself within [`PATIENCE`].
fn lasting(standing: &Standing, stock: u64, before: Kind, now: Timestamp) -> Option<String> {
    match &standing.log_in {
        LogIn::Out => Some("Spotify: nobody is logged in; log in on the page, or with: moodring-host spotify login".into()),
        LogIn::Ended(why) => {
            Some(format!("Spotify: {why}; log in again on the page, or with: moodring-host spotify login"))
        }
        LogIn::In { .. } if standing.no_premium => Some(
            "Spotify: playing through Moodring needs Premium, and this account has none; local music plays where allowed".into(),
        ),
        LogIn::In { .. } => match standing.wait.filter(|wait| lasts(wait, before, now)) {
            Some(wait) => Some(format!("Spotify: {} until {}", wait.why.words(), clock(wait.until))),
            None if stock == 0 => Some("Spotify: no music was found yet; the refresh is under way or waits".into()),
            None => None,
        },
    }
}

/// Whether a wait is too long to be waited out. Where local music stands in already, it does so to the wait's end.
fn lasts(wait: &Wait, before: Kind, now: Timestamp) -> bool {
    before == Kind::Local || wait.until.duration_since(now) > SignedDuration::from_secs(PATIENCE.as_secs() as i64)
}

/// A time for people: "21:40", or with the day where that is not today.
pub fn clock(at: Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), Timestamp::now().to_zoned(zone));
    let form = if at.date() == now.date() { "%H:%M" } else { "%a %e %b %H:%M" };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use moodring_spotify::Limit;

    use super::*;

    fn logged_in() -> Standing {
        Standing { log_in: LogIn::In { ends: None }, budget: 1000, ..Standing::default() }
    }

    fn now() -> Timestamp {
        "2026-11-23T20:00:00Z".parse().unwrap()
    }

    /// So many seconds from now on nothing may be asked.
    fn waits(seconds: u64, why: Limit) -> Standing {
        Standing { wait: Some(Wait { until: now() + Duration::from_secs(seconds), why }), ..logged_in() }
    }

    fn kind(standing: &Standing, trouble: Option<(Cause, u64)>, stock: u64, local_instead: bool) -> Kind {
        let trouble = trouble.map(|(cause, s)| (cause, "words".to_owned(), Duration::from_secs(s)));
        serves(standing, trouble.as_ref(), stock, local_instead, Kind::Spotify, now()).kind
    }

    #[test]
    fn local_music_takes_over_at_once_for_what_lasts_and_after_a_while_for_what_may_pass() {
        let well = logged_in();
        assert_eq!(kind(&well, None, 10, true), Kind::Spotify);
        assert_eq!(kind(&well, Some((Cause::Device, 10)), 10, true), Kind::Spotify);
        assert_eq!(kind(&well, Some((Cause::Device, 50)), 10, true), Kind::Local);
        assert_eq!(kind(&well, Some((Cause::Premium, 0)), 10, true), Kind::Local);
        let out = Standing { log_in: LogIn::Out, ..well.clone() };
        let ended = Standing { log_in: LogIn::Ended("it has ended".into()), ..well.clone() };
        let free = Standing { no_premium: true, ..well.clone() };
        let spent = waits(7200, Limit::Quota);
        for standing in [&out, &ended, &free, &spent] {
            assert_eq!(kind(standing, None, 10, true), Kind::Local);
            assert_eq!(kind(standing, None, 10, false), Kind::Spotify, "only where that is allowed");
        }
        assert_eq!(kind(&well, None, 0, true), Kind::Local, "nothing to play yet");
    }

    #[test]
    fn a_limit_of_a_few_seconds_is_waited_out_with_the_music_as_it_is() {
        for seconds in [1, 45] {
            let short = waits(seconds, Limit::Asked);
            assert_eq!(kind(&short, None, 10, true), Kind::Spotify, "{seconds} s");
            assert_eq!(kind(&short, Some((Cause::Limit, 0)), 10, true), Kind::Spotify, "the device met it too");
            assert_eq!(kind(&short, Some((Cause::Limit, 45)), 10, true), Kind::Local, "it came again and again");
        }
        assert_eq!(kind(&waits(46, Limit::Asked), None, 10, true), Kind::Local);
        // The last seconds of a long one.
        let end = waits(10, Limit::Quota);
        let told = serves(&end, None, 10, true, Kind::Local, now());
        assert!(told.kind == Kind::Local && told.why.is_some(), "{told:?}");
        assert_eq!(serves(&logged_in(), None, 10, true, Kind::Local, now()).kind, Kind::Spotify);
    }

    #[test]
    fn a_limit_that_may_come_again_is_not_over_with_its_first_end() {
        let s = Duration::from_secs;
        assert!(is_over(Cause::LogIn, s(0)) && is_over(Cause::Premium, s(0)));
        assert!(!is_over(Cause::Limit, s(2)) && is_over(Cause::Limit, s(45)));
        assert!(!is_over(Cause::Device, s(3600)) && !is_over(Cause::Away, s(3600)));
    }

    #[test]
    fn a_log_in_of_five_months_is_told_of_while_it_works() {
        let ends = Some("2026-12-24T12:00:00Z".parse().unwrap());
        let old = Standing { log_in: LogIn::In { ends }, ..logged_in() };
        let told = serves(&old, None, 5, true, Kind::Spotify, now());
        assert_eq!((told.kind, told.why), (Kind::Spotify, None));
        assert!(told.soon.unwrap().contains("24 December"));
        assert_eq!(serves(&logged_in(), None, 5, true, Kind::Spotify, now()).soon, None);
    }

    #[test]
    fn why_is_said_with_what_to_do() {
        let why = |standing: &Standing| serves(standing, None, 1, true, Kind::Spotify, now()).why.unwrap();
        assert!(why(&Standing::default()).contains("moodring-host spotify login"));
        let spent = waits(7200, Limit::Budget);
        assert!(why(&spent).contains("spotify.daily_calls") && why(&spent).contains("until"));
    }
}
