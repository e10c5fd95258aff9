//! Who may ask, what is closed since 2024 to 2026, and what goes wrong on demand.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Deserialize;

use crate::{Shared, shape};

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Kind {
    /// The API refuses with this status, and if wished with Retry-After and a reason.
    Status {
        /// 400..=599.
        status: u16,
        /// Seconds.
        #[serde(default)]
        retry_after: Option<u64>,
        /// A word such as `QUOTA_EXCEEDED`.
        #[serde(default)]
        reason: Option<String>,
    },
    /// The answer takes this long.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// The call is carried out, and the answer is cut in the middle.
    Malformed,
    /// The call is carried out, and the connection breaks off before the answer.
    Drop,
}

/// Something that goes wrong for a while.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Fault {
    /// For paths that begin so, such as `/me/player`; empty: for all.
    #[serde(default)]
    pub path: String,
    /// So many times.
    pub times: u32,
    /// In this way.
    #[serde(flatten)]
    pub kind: Kind,
}

/// What is there and closed to new apps, and what is not there at all, answers 403.
pub async fn deprecated(request: Request) -> Response {
    shape::refuse(403, &format!("{} is closed to this app", request.uri().path()), None)
}

/// Lets a call through, writes it down, and makes it go wrong where that was asked for.
pub async fn check(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let line = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    let method = request.method().clone();
    // As Spotify's front door does.
    let endless = method != "GET"
        && !request.headers().contains_key(header::CONTENT_LENGTH)
        && !request.headers().contains_key(header::TRANSFER_ENCODING);
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let (fault, authorised, premium) = {
        let mut world = shared.world();
        world.advance();
        (world.fault(&path), world.takes(&token), world.options.premium)
    };
    let response = match fault {
        Some(Kind::Status { status, retry_after, reason }) => {
            let mut response = shape::refuse(status, "asked to go wrong", reason.as_deref());
            if let Some(seconds) = retry_after {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            response
        }
        _ if endless => StatusCode::LENGTH_REQUIRED.into_response(),
        _ if !authorised => shape::refuse(401, "The access token expired", None),
        _ if !premium && method != "GET" && path.starts_with("/me/player") => {
            shape::refuse(403, "Player command failed: Premium required", Some("PREMIUM_REQUIRED"))
        }
        Some(Kind::Slow { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            next.run(request).await
        }
        Some(Kind::Malformed) => {
            drop(next.run(request).await);
            (StatusCode::OK, [(header::CONTENT_TYPE, "application/json")], "{\"device\": {\"id\": \"cut o")
                .into_response()
        }
        Some(Kind::Drop) => {
            drop(next.run(request).await);
            let broken = futures_util::stream::iter([Err::<bytes::Bytes, _>(std::io::Error::other("dropped"))]);
            Body::from_stream(broken).into_response()
        }
        None => next.run(request).await,
    };
    shared.world().calls.push(format!("{method} {line} {}", response.status().as_u16()));
    response
}
