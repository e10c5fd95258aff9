//! Whether a room plays from Spotify just now, or from local music: one or the other, never a mix.
//!
//! Pure, with time as a parameter.

use std::time::Duration;

use moodring_spotify::{LogIn, Standing, deck::Cause};

use crate::player::Kind;

/// A missing device or a failing Spotify is waited for so long before local music takes over.
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
/// Spotify's that could be chosen; `local_instead`: whether local music may take over.
pub fn serves(
    standing: &Standing,
    trouble: Option<&(Cause, String, Duration)>,
    stock: u64,
    local_instead: bool,
) -> Serves {
    let lasting = lasting(standing, stock);
    let passing = trouble.map(|(cause, words, since)| (*cause, words.clone(), *since));
    let (why, now) = match (lasting, passing) {
        (Some(why), _) => (why, true),
        (None, Some((Cause::Device | Cause::Away, words, since))) => (words, since >= PATIENCE),
        (None, Some((_, words, _))) => (words, true),
        (None, None) => return Serves { kind: Kind::Spotify, why: None, soon: soon(standing) },
    };
    let kind = if local_instead && now { Kind::Local } else { Kind::Spotify };
    Serves { kind, why: Some(why), soon: soon(standing) }
}

/// From five months on, that the log-in ends.
fn soon(standing: &Standing) -> Option<String> {
    let LogIn::In { ends: Some(ends) } = standing.log_in else { return None };
    let day = ends.to_zoned(jiff::tz::TimeZone::system()).strftime("%e %B").to_string();
    Some(format!("the log-in to Spotify ends on {}, six months after it was given: log in again before", day.trim()))
}

/// What cannot pass by itself within a minute.
fn lasting(standing: &Standing, stock: u64) -> Option<String> {
    match &standing.log_in {
        LogIn::Out => Some("Spotify: nobody is logged in; log in on the page, or with: moodring-host spotify login".into()),
        LogIn::Ended(why) => {
            Some(format!("Spotify: {why}; log in again on the page, or with: moodring-host spotify login"))
        }
        LogIn::In { .. } if standing.no_premium => Some(
            "Spotify: playing through Moodring needs Premium, and this account has none; local music plays where allowed".into(),
        ),
        LogIn::In { .. } => match standing.wait {
            Some(wait) => Some(format!("Spotify: {} until {}", wait.why.words(), clock(wait.until))),
            None if stock == 0 => Some("Spotify: no music was found yet; the refresh is under way or waits".into()),
            None => None,
        },
    }
}

/// A time for people: "21:40", or with the day where that is not today.
pub fn clock(at: jiff::Timestamp) -> String {
    let zone = jiff::tz::TimeZone::system();
    let (at, now) = (at.to_zoned(zone.clone()), jiff::Timestamp::now().to_zoned(zone));
    let form = if at.date() == now.date() { "%H:%M" } else { "%a %e %b %H:%M" };
    at.strftime(form).to_string()
}

#[cfg(test)]
mod tests {
    use moodring_spotify::{Limit, limit::Wait};

    use super::*;

    fn logged_in() -> Standing {
        Standing { log_in: LogIn::In { ends: None }, budget: 1000, ..Standing::default() }
    }

    fn kind(standing: &Standing, trouble: Option<(Cause, u64)>, stock: u64, local_instead: bool) -> Kind {
        let trouble = trouble.map(|(cause, s)| (cause, "words".to_owned(), Duration::from_secs(s)));
        serves(standing, trouble.as_ref(), stock, local_instead).kind
    }

    #[test]
    fn local_music_takes_over_at_once_for_what_lasts_and_after_a_while_for_what_may_pass() {
        let well = logged_in();
        assert_eq!(kind(&well, None, 10, true), Kind::Spotify);
        assert_eq!(kind(&well, Some((Cause::Device, 10)), 10, true), Kind::Spotify);
        assert_eq!(kind(&well, Some((Cause::Device, 50)), 10, true), Kind::Local);
        assert_eq!(kind(&well, Some((Cause::Limit, 0)), 10, true), Kind::Local);
        let out = Standing { log_in: LogIn::Out, ..well.clone() };
        let ended = Standing { log_in: LogIn::Ended("it has ended".into()), ..well.clone() };
        let free = Standing { no_premium: true, ..well.clone() };
        let until = jiff::Timestamp::now() + Duration::from_secs(7200);
        let spent = Standing { wait: Some(Wait { until, why: Limit::Quota }), ..well.clone() };
        for standing in [&out, &ended, &free, &spent] {
            assert_eq!(kind(standing, None, 10, true), Kind::Local);
            assert_eq!(kind(standing, None, 10, false), Kind::Spotify, "only where that is allowed");
        }
        assert_eq!(kind(&well, None, 0, true), Kind::Local, "nothing to play yet");
    }

    #[test]
    fn a_log_in_of_five_months_is_told_of_while_it_works() {
        let ends = Some("2026-12-24T12:00:00Z".parse().unwrap());
        let old = Standing { log_in: LogIn::In { ends }, ..logged_in() };
        let told = serves(&old, None, 5, true);
        assert_eq!((told.kind, told.why), (Kind::Spotify, None));
        assert!(told.soon.unwrap().contains("24 December"));
        assert_eq!(serves(&logged_in(), None, 5, true).soon, None);
    }

    #[test]
    fn why_is_said_with_what_to_do() {
        let why = |standing: &Standing| serves(standing, None, 1, true).why.unwrap();
        assert!(why(&Standing::default()).contains("moodring-host spotify login"));
        let until = jiff::Timestamp::now() + Duration::from_secs(7200);
        let spent = Standing { wait: Some(Wait { until, why: Limit::Budget }), ..logged_in() };
        assert!(why(&spent).contains("spotify.daily_calls") && why(&spent).contains("until"));
    }
}
