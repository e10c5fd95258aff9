//! The one line in which every call to Spotify stands.
//!
//! In: calls, the urgent ones first. Out: answers, and the [`Standing`] for the page. One call is made
//! at a time; each is in the ledger, waits where Spotify or the budget asks for it, is repeated where
//! that does no harm, and renews the log-in on its way. A log-in that has ended is not tried again.

mod clerk;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::{mpsc, oneshot, watch};

use self::clerk::Clerk;
use crate::{
    kept,
    limit::{Class, Kept, Wait},
    trouble::Trouble,
};

pub use crate::wire::Method;

/// The name of the ledger's file in the state directory.
pub const LEDGER: &str = "spotify-limits.json";

/// Whose Spotify, and within which limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The user's own app.
    pub client_id: String,
    /// The log-in and the ledger are kept there.
    pub state_dir: PathBuf,
    /// Spotify sends the browser back to this port of 127.0.0.1.
    pub callback_port: u16,
    /// The API's address, ending in `/v1/`.
    pub api_url: String,
    /// The address of the log-in service.
    pub auth_url: String,
    /// At most so many calls in 24 hours.
    pub daily_calls: u32,
}

impl Account {
    /// Where Spotify sends the browser after the consent; must be known to the app in the same words.
    pub fn redirect_uri(&self) -> String {
        format!("http://127.0.0.1:{}/callback", self.callback_port)
    }
}

/// Whether somebody is logged in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogIn {
    /// Nobody.
    #[default]
    Out,
    /// Somebody; from five months on, with the time at which it ends.
    In {
        /// When it ends, if that is near.
        ends: Option<Timestamp>,
    },
    /// It has ended: why, in words.
    Ended(String),
}

/// How things stand with Spotify.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether somebody is logged in.
    pub log_in: LogIn,
    /// Calls of the last 24 hours.
    pub spent: u32,
    /// Calls allowed in 24 hours.
    pub budget: u32,
    /// Until when even the urgent calls wait, and why.
    pub wait: Option<Wait>,
    /// Whether the account cannot be played on.
    pub no_premium: bool,
}

/// A call in the line.
struct Job {
    class: Class,
    method: Method,
    path: String,
    body: Value,
    answer: oneshot::Sender<Result<String, Trouble>>,
}

/// The end of the line. Clones stand in the same one.
#[derive(Clone)]
pub struct Spotify {
    urgent: mpsc::Sender<Job>,
    patient: mpsc::Sender<Job>,
    standing: watch::Receiver<Standing>,
}

impl Spotify {
    /// Opens the line; it closes when the last clone is gone.
    pub fn open(account: &Account) -> Self {
        let (urgent, urgent_calls) = mpsc::channel(32);
        let (patient, patient_calls) = mpsc::channel(32);
        let (tell, standing) = watch::channel(Standing::default());
        let clerk = Clerk::begin(account, tell);
        tokio::spawn(clerk.run(urgent_calls, patient_calls));
        Self { urgent, patient, standing }
    }

    /// How things stand; changes whenever something did.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Stands in the line for a call; gives the text of the answer.
    ///
    /// # Errors
    /// See [`Trouble`].
    pub async fn ask(&self, class: Class, method: Method, path: String, body: Value) -> Result<String, Trouble> {
        let (answer, answered) = oneshot::channel();
        let line = if class == Class::Refresh { &self.patient } else { &self.urgent };
        let job = Job { class, method, path, body, answer };
        line.send(job).await.map_err(|_| Trouble::Stopping)?;
        answered.await.map_err(|_| Trouble::Stopping)?
    }
}

/// The ledger of the last run; an unreadable one is told of and counts as empty.
pub fn read_ledger(path: &Path) -> Kept {
    let text = match kept::read(path) {
        Ok(None) => return Kept::default(),
        Ok(Some(text)) => text,
        Err(e) => {
            tracing::warn!("the ledger of calls to Spotify cannot be read from {}: {e}", path.display());
            return Kept::default();
        }
    };
    serde_json::from_slice(&text).unwrap_or_else(|e| {
        tracing::warn!("{} holds no ledger of calls to Spotify ({e}); it begins anew", path.display());
        Kept::default()
    })
}
