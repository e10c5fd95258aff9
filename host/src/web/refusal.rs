//! What a request that cannot be answered gets: a status and one sentence, as JSON for programs
//! and as a small page for people who sent a form.

use std::time::Duration;

use axum::{
    Json,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use serde_json::json;

use super::{MAX_BODY, pages, steer::back};
use crate::{app::SteerError, library::StoreError};

/// A status and the sentence that goes with it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    /// Where people who read it as a page go back to.
    back: Option<String>,
    /// The page that says it, where it is one of its own.
    page: Option<String>,
    /// Where somebody is sent instead.
    go: Option<String>,
    retry_after: Option<Duration>,
}

impl Refusal {
    /// Says no with `status`; `message` says what was found and what to do.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), ..Self::default() }
    }

    /// 400: the request itself is wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Sends somebody elsewhere, who asked with a browser.
    pub fn go(path: &str) -> Self {
        Self { go: Some(path.to_owned()), ..Self::new(StatusCode::UNAUTHORIZED, "log in first") }
    }

    /// The same, with the time after which it may be tried again.
    #[must_use]
    pub fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// What it says.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same, said on a page of its own.
    #[must_use]
    pub fn with_page(self, page: String) -> Self {
        Self { page: Some(page), ..self }
    }

    /// The same, as a page where the request came from a form.
    pub fn for_reader(mut self, headers: &HeaderMap) -> Self {
        self.back = wants_page(headers).then(|| back(headers));
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if let Some(path) = &self.go {
            return Redirect::to(path).into_response();
        }
        let page = self.page.or_else(|| self.back.map(|back| pages::sorry(&self.message, &back)));
        let mut response = match page {
            Some(page) => (self.status, Html(page)).into_response(),
            None => (self.status, Json(json!({ "error": self.message }))).into_response(),
        };
        if let Some(wait) = self.retry_after {
            // Rounded up: whoever comes back then is not too early.
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::warn!("the page could not be served: {error}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string())
    }
}

impl From<SteerError> for Refusal {
    fn from(error: SteerError) -> Self {
        let status = match error {
            SteerError::Busy | SteerError::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            SteerError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Self::new(status, error.to_string())
    }
}

/// Whether a browser asks that shows what it gets, rather than a script.
pub fn wants_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).and_then(|a| a.to_str().ok()).is_some_and(|a| a.contains("text/html"))
}

/// 413.
pub fn too_long() -> Refusal {
    let message = format!("the body is too long; at most {MAX_BODY} bytes are read");
    Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}

/// 404.
pub async fn not_found(uri: Uri, headers: HeaderMap) -> Refusal {
    let path: String = uri.path().chars().take(80).collect();
    Refusal::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}; the page is at /")).for_reader(&headers)
}

/// 405. Whatever can be asked takes GET, POST or both.
pub async fn not_allowed(method: Method, uri: Uri, headers: HeaderMap) -> Refusal {
    let other = match method {
        Method::GET | Method::HEAD => "use POST",
        Method::POST => "use GET",
        _ => "the header Allow names what it takes",
    };
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not take {method}; {other}", uri.path()))
        .for_reader(&headers)
}
