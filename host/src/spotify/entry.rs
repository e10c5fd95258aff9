//! Logging in and out from the page.
//!
//! In: a wish to log in, and the browser's answer, or the address that it ended at. Out: the log-in, kept.
//! Fails in words, as the command line does.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use moodring_spotify::{
    grant::{GrantError, GrantFile},
    login::{Attempt, Doorstep, LogInError},
};
use tokio::{task::JoinHandle, time::sleep};

use super::Service;

/// A log-in that was begun on the page.
#[derive(Default)]
pub(super) struct Entry {
    pub(super) attempt: Option<Arc<Attempt>>,
    pub(super) waiting: Option<JoinHandle<()>>,
    pub(super) trouble: Option<String>,
}

impl Service {
    /// Begins a log-in from the page; gives the address at which the user consents. The answer is waited
    /// for on this machine; elsewhere the redirected address is pasted.
    ///
    /// # Errors
    /// No app is named, or the port for the answer is taken.
    pub async fn log_in(&self) -> Result<String, LogInError> {
        let attempt = Arc::new(Attempt::begin(&self.0.account)?);
        let address = attempt.address.clone();
        self.forget_entry();
        // Lets an earlier wait give the port back.
        tokio::task::yield_now().await;
        let doorstep = match Doorstep::open(&self.0.account).await {
            Ok(doorstep) => doorstep,
            Err(_) => {
                sleep(Duration::from_millis(200)).await;
                Doorstep::open(&self.0.account).await?
            }
        };
        let (service, waited) = (self.clone(), Arc::clone(&attempt));
        let waiting = tokio::spawn(async move {
            let outcome = doorstep.wait(waited).await;
            service.logged_in(outcome.map(drop));
        });
        *self.0.entry.lock().unwrap_or_else(PoisonError::into_inner) =
            Entry { attempt: Some(attempt), waiting: Some(waiting), trouble: None };
        Ok(address)
    }

    /// Finishes a log-in with the address that the browser ended at.
    ///
    /// # Errors
    /// There is none to finish, or the address is not its answer.
    pub async fn paste(&self, redirected: &str) -> Result<(), LogInError> {
        let attempt = self.0.entry.lock().unwrap_or_else(PoisonError::into_inner).attempt.clone();
        let Some(attempt) = attempt else {
            return Err(LogInError::NoAnswer("no log-in waits for an answer; begin one first".to_owned()));
        };
        attempt.finish(redirected).await?;
        self.forget_entry();
        self.logged_in(Ok(()));
        Ok(())
    }

    pub(super) fn forget_entry(&self) {
        let old = std::mem::take(&mut *self.0.entry.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(waiting) = old.waiting {
            waiting.abort();
        }
    }

    fn logged_in(&self, outcome: Result<(), LogInError>) {
        let mut entry = self.0.entry.lock().unwrap_or_else(PoisonError::into_inner);
        entry.attempt = None;
        entry.trouble = outcome.err().map(|e| e.to_string());
        self.0.asked.notify_one();
    }

    /// Logs out: forgets the log-in.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn log_out(&self) -> Result<(), GrantError> {
        GrantFile::new(&self.0.account.state_dir).forget().map(drop)
    }
}
