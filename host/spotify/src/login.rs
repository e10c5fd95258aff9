//! Logging in: authorization code with PKCE, by a browser on this machine or by pasting an address.
//!
//! In: the user's own client id, and the address that Spotify sends the browser to after the consent.
//! Out: a [`Grant`]. Fails when the user refuses, when the address belongs to another log-in, when the
//! port is taken, when Spotify does not take the code.

use std::{future::IntoFuture, net::Ipv4Addr, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{RawQuery, State},
    http::StatusCode,
    response::Html,
    routing::get,
};
use jiff::Timestamp;
use thiserror::Error;
use tokio::{net::TcpListener, sync::mpsc};
use url::Url;

use crate::{
    grant::{Grant, GrantError, GrantFile},
    queue::Account,
    wire::{Failure, Wire},
};

/// A log-in that is not finished by then is forgotten.
pub const PATIENCE: Duration = Duration::from_secs(600);

/// Why nobody is logged in.
#[derive(Debug, Error)]
pub enum LogInError {
    /// There is no client id.
    #[error(
        "no Spotify app is named: make one at https://developer.spotify.com/dashboard with the redirect address \
         http://127.0.0.1:{0}/callback, and put its client id into spotify.client_id"
    )]
    NoApp(u16),
    /// The port for the redirect is taken.
    #[error("port {port} for Spotify's answer cannot be had: {why}; choose another spotify.callback_port")]
    Port {
        /// The port.
        port: u16,
        /// What the system said.
        why: std::io::Error,
    },
    /// The user said no, or Spotify did.
    #[error("Spotify's answer was {0:?} instead of a log-in; start again, and consent")]
    Refused(String),
    /// That is no answer to a log-in.
    #[error("{0}; paste the whole address that the browser ended at, http://127.0.0.1:…/callback?code=…&state=…")]
    NoAnswer(String),
    /// It belongs to another log-in.
    #[error("this is the answer to another log-in: start again, and use the address of the newest try")]
    Foreign,
    /// Spotify does not take the code.
    #[error("Spotify does not take the log-in ({0}); start again")]
    Code(String),
    /// Nobody answered.
    #[error("no answer came within 10 minutes; start again")]
    Late,
    /// The log-in cannot be kept.
    #[error(transparent)]
    Keep(#[from] GrantError),
}

/// A log-in that waits for the user's consent.
pub struct Attempt {
    wire: Wire,
    client_id: String,
    file: GrantFile,
    /// Where the user consents, in a browser.
    pub address: String,
}

impl Attempt {
    /// Begins a log-in.
    ///
    /// # Errors
    /// No app is named.
    pub fn begin(account: &Account) -> Result<Self, LogInError> {
        if account.client_id.is_empty() {
            return Err(LogInError::NoApp(account.callback_port));
        }
        let mut wire = Wire::new(account);
        let address = wire
            .consent_at()
            .map_err(|_| LogInError::Code(format!("{} is no address to log in at", account.auth_url)))?;
        let file = GrantFile::new(&account.state_dir);
        Ok(Self { wire, client_id: account.client_id.clone(), file, address })
    }

    /// Finishes it with the address that the browser was sent to, and keeps what was granted.
    ///
    /// # Errors
    /// See [`LogInError`]; after [`LogInError::NoAnswer`] and [`LogInError::Foreign`] it may be tried again.
    pub async fn finish(&self, redirected: &str) -> Result<Grant, LogInError> {
        let code = code(redirected, self.wire.state())?;
        let now = Timestamp::now();
        let fresh = self.wire.redeem(&code, now).await.map_err(|failure| LogInError::Code(words(&failure)))?;
        let refresh = fresh.refresh.filter(|refresh| !refresh.is_empty());
        let refresh = refresh.ok_or_else(|| LogInError::Code("there is no refresh token in its answer".to_owned()))?;
        let (access, expires) = (fresh.access, fresh.expires);
        let client_id = self.client_id.clone();
        let grant = Grant { client_id, access, refresh, expires, consented: now, ended: None };
        self.file.save(&grant)?;
        Ok(grant)
    }
}

fn words(failure: &Failure) -> String {
    match failure {
        Failure::Status { status, refusal, .. } => {
            let said = if refusal.message.is_empty() { &refusal.reason } else { &refusal.message };
            format!("{status} {said}")
        }
        Failure::Network(why) => why.clone(),
        Failure::Unreadable => "its answer cannot be read".to_owned(),
    }
}

/// The code in the address that the browser was sent to, if it is the answer to the log-in with `state`.
///
/// # Errors
/// The user refused, or it is another address.
pub fn code(redirected: &str, state: &str) -> Result<String, LogInError> {
    let text = redirected.trim().trim_matches(['"', '\'', '<', '>']);
    // Somebody may paste it without what goes before the question mark.
    let query = Url::parse(text).ok().and_then(|url| url.query().map(str::to_owned));
    let query = query.unwrap_or_else(|| text.rsplit('?').next().unwrap_or_default().to_owned());
    let query = query.split('#').next().unwrap_or_default().to_owned();
    let value = |key: &str| {
        url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
    };
    let of_this = value("state").is_some_and(|found| found == state);
    match (value("code"), value("error")) {
        (None, None) => Err(LogInError::NoAnswer("there is neither code nor error in this address".to_owned())),
        _ if !of_this => Err(LogInError::Foreign),
        (_, Some(error)) => Err(LogInError::Refused(error.chars().take(80).collect())),
        (Some(code), None) => Ok(code),
    }
}

/// Waits on `http://127.0.0.1:PORT/callback` for the browser to come back.
pub struct Doorstep {
    listener: TcpListener,
}

impl Doorstep {
    /// Takes the port.
    ///
    /// # Errors
    /// It is taken.
    pub async fn open(account: &Account) -> Result<Self, LogInError> {
        let port = account.callback_port;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
        Ok(Self { listener: listener.map_err(|why| LogInError::Port { port, why })? })
    }

    /// Waits for the answer, finishes the log-in and tells the browser how it went. Answers to other
    /// log-ins are sent away, and waiting goes on.
    ///
    /// # Errors
    /// As [`Attempt::finish`], or nobody came in time.
    pub async fn wait(self, attempt: Arc<Attempt>) -> Result<Grant, LogInError> {
        let (done, mut outcome) = mpsc::channel(1);
        let router = Router::new().route("/callback", get(answer)).with_state((attempt, done));
        let serve = axum::serve(self.listener, router).into_future();
        tokio::select! {
            _ = serve => Err(LogInError::Late),
            Some(outcome) = outcome.recv() => {
                // The browser is still to be told.
                tokio::time::sleep(Duration::from_millis(300)).await;
                outcome
            }
            () = tokio::time::sleep(PATIENCE) => Err(LogInError::Late),
        }
    }
}

type Waiting = (Arc<Attempt>, mpsc::Sender<Result<Grant, LogInError>>);

async fn answer(State((attempt, done)): State<Waiting>, RawQuery(query): RawQuery) -> (StatusCode, Html<String>) {
    let page = |status, head: &str, words: &str| {
        let words = words.replace('&', "&amp;").replace('<', "&lt;");
        let text = format!(
            "<!doctype html><meta charset=utf-8><title>Moodring</title><body style=\"font-family:sans-serif;margin:4em\">\
             <h1>{head}</h1><p>{words}"
        );
        (status, Html(text))
    };
    match attempt.finish(&format!("?{}", query.unwrap_or_default())).await {
        Ok(grant) => {
            let _ = done.try_send(Ok(grant));
            page(StatusCode::OK, "Logged in", "Moodring may now play on Spotify. This page can be closed.")
        }
        Err(error) => {
            let words = error.to_string();
            if !matches!(error, LogInError::NoAnswer(_) | LogInError::Foreign) {
                let _ = done.try_send(Err(error));
            }
            page(StatusCode::BAD_REQUEST, "Not logged in", &words)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_in_what_people_paste() {
        let whole = "http://127.0.0.1:8898/callback?code=AQ%2Bx&state=s1";
        for pasted in
            [whole, "  \"http://127.0.0.1:8898/callback?code=AQ%2Bx&state=s1\"\n", "?code=AQ%2Bx&state=s1#_=_"]
        {
            assert_eq!(code(pasted, "s1").unwrap(), "AQ+x", "{pasted}");
        }
        assert!(matches!(code(whole, "s2"), Err(LogInError::Foreign)));
        assert!(matches!(code("http://127.0.0.1:8898/callback?code=x", "s1"), Err(LogInError::Foreign)));
        let refused = code("http://127.0.0.1/callback?error=access_denied&state=s1", "s1").unwrap_err();
        assert!(refused.to_string().contains("access_denied"), "{refused}");
        for nothing in ["", "hello", "http://127.0.0.1:8898/callback", "http://127.0.0.1/?state=s1"] {
            assert!(matches!(code(nothing, "s1"), Err(LogInError::NoAnswer(_))), "{nothing}");
        }
    }
}
