//! One call over the wire. The log-in is rspotify's: the consent with PKCE, the first tokens and the next.
//!
//! In: a call and a token. Out: the text of the answer, or how it failed, with what the refusal said.
//! The calls go through the HTTP client that rspotify brings, and not through rspotify itself: it puts a body
//! into calls that have none by Spotify's schema, writes the token into its log, and reads replies by types
//! that one odd playlist breaks. Replies are read in `reply`, limits kept in `queue`.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Response, header};
use rspotify::{
    AuthCodePkceSpotify, ClientError, ClientResult, Config, Credentials, OAuth, Token,
    clients::{BaseClient, OAuthClient},
    http::HttpError,
};
use serde_json::Value;

use crate::{grant::Secret, queue::Account, reply::Refusal};

/// What may be done with the account: see and drive what plays, read the user's own lists.
const SCOPES: [&str; 7] = [
    "user-read-private",
    "user-read-playback-state",
    "user-read-currently-playing",
    "user-modify-playback-state",
    "playlist-read-private",
    "playlist-read-collaborative",
    "user-library-read",
];

/// How a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Sets something; doing it twice is doing it once.
    Put,
    /// Does something each time.
    Post,
}

impl Method {
    /// As it stands in a message.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Put => "PUT",
            Self::Post => "POST",
        }
    }
}

/// An answer is waited for so long.
const PATIENCE: Duration = Duration::from_secs(10);

/// How a call failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Spotify refused it.
    Status { status: u16, retry_after: Option<u64>, refusal: Refusal },
    /// No answer came, or not a whole one.
    Network(String),
    /// The answer is not what was asked for.
    Unreadable,
}

/// Tokens as they come.
pub(crate) struct Fresh {
    pub access: Secret,
    pub refresh: Option<Secret>,
    pub expires: Timestamp,
}

/// The client.
pub(crate) struct Wire {
    spotify: AuthCodePkceSpotify,
    client: Client,
    api_url: String,
}

impl Wire {
    pub(crate) fn new(account: &Account) -> Self {
        let config = Config {
            api_base_url: account.api_url.clone(),
            auth_base_url: account.auth_url.clone(),
            token_cached: false,
            token_refreshing: false,
            ..Config::default()
        };
        let oauth = OAuth {
            redirect_uri: account.redirect_uri(),
            scopes: SCOPES.iter().map(|scope| (*scope).to_owned()).collect(),
            ..OAuth::default()
        };
        let spotify = AuthCodePkceSpotify::with_config(Credentials::new_pkce(&account.client_id), oauth, config);
        Self { spotify, client: Client::new(), api_url: account.api_url.clone() }
    }

    /// Makes a call; `path` begins without a slash and may have a query; a `body` of null is none.
    pub(crate) async fn call(
        &self,
        access: &Secret,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<String, Failure> {
        let address = format!("{}{path}", self.api_url);
        let request = match method {
            Method::Get => self.client.get(address),
            Method::Put => self.client.put(address),
            Method::Post => self.client.post(address),
        };
        let request = match (method, body) {
            (Method::Get, _) => request,
            // Without its length, Spotify refuses an empty one (411).
            (_, Value::Null) => request.header(header::CONTENT_LENGTH, 0),
            (_, body) => request.json(body),
        };
        let response = request.timeout(PATIENCE).bearer_auth(&access.0).send().await.map_err(|e| network(&e))?;
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        response.text().await.map_err(|e| network(&e))
    }

    /// Gets new tokens for a refresh token.
    pub(crate) async fn refresh(&self, refresh: &Secret, now: Timestamp) -> Result<Fresh, Failure> {
        self.hold(Token { refresh_token: Some(refresh.0.clone()), ..Token::default() }).await;
        let token = told(self.spotify.refetch_token().await).await?;
        token.map(|token| fresh(token, now)).ok_or(Failure::Unreadable)
    }

    /// Where the user consents. What it makes for it is kept for [`Self::redeem`].
    pub(crate) fn consent_at(&mut self) -> Result<String, Failure> {
        self.spotify.get_authorize_url(Some(96)).map_err(|_| Failure::Unreadable)
    }

    /// What the redirect must carry, so that it is the answer to this log-in.
    pub(crate) fn state(&self) -> &str {
        &self.spotify.oauth.state
    }

    /// Gets the first tokens for the code of a consent.
    pub(crate) async fn redeem(&self, code: &str, now: Timestamp) -> Result<Fresh, Failure> {
        told(self.spotify.request_token(code).await).await?;
        let token = self.spotify.get_token();
        let token = token.lock().await.ok().and_then(|mut held| held.take());
        token.map(|token| fresh(token, now)).ok_or(Failure::Unreadable)
    }

    async fn hold(&self, token: Token) {
        let held = self.spotify.get_token();
        // The lock of rspotify's asynchronous build cannot fail.
        if let Ok(mut held) = held.lock().await {
            *held = Some(token);
        }
    }
}

fn fresh(token: Token, now: Timestamp) -> Fresh {
    // An hour is usual; nonsense counts as at once, and more than a day as a day.
    let seconds = token.expires_in.num_seconds().clamp(0, 86_400);
    let expires = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    Fresh { access: Secret(token.access_token), refresh: token.refresh_token.map(Secret), expires }
}

/// Tells how a call failed.
async fn told<T>(answer: ClientResult<T>) -> Result<T, Failure> {
    let error = match answer {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    Err(match error {
        ClientError::Http(http) => match *http {
            HttpError::StatusCode(response) => refused(response).await,
            HttpError::Client(e) => network(&e),
        },
        _ => Failure::Unreadable,
    })
}

/// What an answer says that is a refusal.
async fn refused(response: Response) -> Failure {
    let status = response.status().as_u16();
    let header = response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = header.and_then(|seconds| seconds.trim().parse().ok());
    let refusal = Refusal::read(&response.text().await.unwrap_or_default());
    Failure::Status { status, retry_after, refusal }
}

/// In words, without the address: it may hold what nobody else is to read.
fn network(e: &reqwest::Error) -> Failure {
    let why = if e.is_timeout() {
        "no answer within 10 s"
    } else if e.is_connect() {
        "no connection; check the network"
    } else {
        "the connection broke off"
    };
    Failure::Network(why.to_owned())
}
