//! Spotify: who is logged in, what may be asked when, what there is to find, and what plays where.
//!
//! In: the user's own client id, a folder for the log-in and the ledger of calls, and orders to
//! play. Out: tracks, playlists, devices, and what a Connect device does. What can fail is one type,
//! [`Trouble`], whose words say what to do.
//!
//! `limit`, `reply`, `deck` and `schedule` decide and parse: they are pure, with time as a parameter.
//! `grant` keeps the log-in and `login` gets it; `queue` is the one line in which every call of the
//! program stands; `call` names the calls; `connect` drives a device by what `deck` decides.
//!
//! No sound passes through here, and nothing of a song is analysed: a Connect device plays, and this
//! tells it what.

pub mod call;
pub mod connect;
pub mod deck;
pub mod grant;
mod kept;
pub mod limit;
pub mod login;
pub mod queue;
pub mod reply;
pub mod schedule;
pub mod terms;
pub mod trouble;
mod wire;

pub use call::Calls;
pub use queue::{Account, LogIn, Spotify, Standing};
pub use trouble::{Limit, Trouble};
