//! What can go wrong with Spotify, in words that say what to do.

use jiff::Timestamp;
use thiserror::Error;

/// Why nothing may be asked for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// Spotify asked to wait (429 with Retry-After).
    Asked,
    /// Spotify says that this app's quota is used up.
    Quota,
    /// Our own budget of calls for 24 hours is spent.
    Budget,
    /// Spotify fails or cannot be reached; we wait before the next try.
    Failing,
}

impl Limit {
    /// In words, to stand before "until ...".
    pub const fn words(self) -> &'static str {
        match self {
            Self::Asked => "Spotify asks to wait",
            Self::Quota => "Spotify's quota for this app is used up",
            Self::Budget => "the daily budget of calls (spotify.daily_calls) is spent",
            Self::Failing => "Spotify cannot be reached",
        }
    }
}

/// What went wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Trouble {
    /// Nobody is logged in, or not any more.
    #[error("{0}; log in: moodring-host spotify login, or on the page")]
    LogIn(String),
    /// The account cannot be played on from outside.
    #[error("playing through Moodring needs Spotify Premium; with a free account only local music plays")]
    NoPremium,
    /// There is no Connect device.
    #[error("no Spotify device is there: open Spotify on the device that is to play, then it is found by itself")]
    NoDevice,
    /// Nothing may be asked until then.
    #[error("{} until {until:.0}", why.words())]
    Later {
        /// When it may be asked again.
        until: Timestamp,
        /// Why not now.
        why: Limit,
    },
    /// Spotify cannot be reached, or fails.
    #[error("Spotify cannot be reached: {0}; it is tried again by itself")]
    Away(String),
    /// A reply that makes no sense.
    #[error("Spotify's answer to {0} cannot be read; if it stays so, a newer Moodring may be needed")]
    Unreadable(String),
    /// Spotify says no.
    #[error("Spotify refuses {what} ({status}): {words}")]
    Refused {
        /// What was asked, as method and path.
        what: String,
        /// The HTTP status, 400..=499.
        status: u16,
        /// What Spotify said.
        words: String,
    },
    /// The program is ending.
    #[error("Moodring is stopping")]
    Stopping,
}
