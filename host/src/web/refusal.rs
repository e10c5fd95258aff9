//! What a request that cannot be answered gets: a status and one sentence, as JSON for programs
//! and as a small page for people who sent a form.

use axum::{
    Json,
    http::{HeaderMap, Method, StatusCode, Uri, header},
    response::{Html, IntoResponse, Response},
};
use serde_json::json;

use super::pages;
use crate::{app::SteerError, library::StoreError};

/// A status and the sentence that goes with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    message: String,
    as_page: bool,
}

impl Refusal {
    /// Says no with `status`; `message` says what was found and what to do.
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), as_page: false }
    }

    /// 400: the request itself is wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// The same, as a page where the request came from a form.
    pub fn for_reader(mut self, headers: &HeaderMap) -> Self {
        self.as_page = wants_page(headers);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        if self.as_page {
            return (self.status, Html(pages::sorry(&self.message))).into_response();
        }
        (self.status, Json(json!({ "error": self.message }))).into_response()
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

/// 404.
pub async fn not_found(uri: Uri, headers: HeaderMap) -> Refusal {
    let path: String = uri.path().chars().take(80).collect();
    Refusal::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}; the page is at /")).for_reader(&headers)
}

/// 405.
pub async fn not_allowed(method: Method, uri: Uri, headers: HeaderMap) -> Refusal {
    let other = if method == Method::POST { "GET" } else { "POST" };
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("{} does not take {method}; use {other}", uri.path()))
        .for_reader(&headers)
}
