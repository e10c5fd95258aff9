//! What can be asked about devices: which wait, pair one by its code, revoke one.
//!
//! Forms and JSON enter, wishes to [`Pairing`] leave; every answer says what was found and what to do.

use axum::{
    Json,
    extract::{Path, Request, State},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;

use super::{
    Site,
    refusal::Refusal,
    steer::{answer, body},
};
use crate::pairing::{PairError, Pairing, View};

fn pairing(site: &Site) -> Result<&Pairing, Refusal> {
    site.handle.pairing().ok_or_else(|| {
        let words = "devices cannot be paired here: set enabled = true under [pairing], and start Moodring again";
        Refusal::new(StatusCode::NOT_FOUND, words)
    })
}

/// `GET /api/pairing`: which devices wait, and which are paired.
pub async fn state(State(site): State<Site>) -> Result<Json<View>, Refusal> {
    Ok(Json(pairing(&site)?.view()))
}

/// `POST /api/pairing` with `code` and, where several wait, `device`: its id, or `#` and its number.
pub async fn pair(State(site): State<Site>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Typed {
        code: String,
        #[serde(default)]
        device: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let Typed { code, device } = body(request).await?;
        pairing(&site)?.pair(&device, &code).await.map(|_| true).map_err(|e| refused(&e))
    };
    answer(&headers, done.await)
}

/// `POST /api/pairing/{id}/revoke`.
pub async fn revoke(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let done = async {
        match pairing(&site)?.revoke(&id).await? {
            true => Ok(true),
            false => {
                let id: String = id.chars().take(80).collect();
                Err(Refusal::new(StatusCode::NOT_FOUND, format!("no device {id:?} is paired")))
            }
        }
    };
    answer(&headers, done.await)
}

fn refused(error: &PairError) -> Refusal {
    let status = match error {
        PairError::NoCode(_) => StatusCode::BAD_REQUEST,
        PairError::Gone(_) | PairError::Nobody => StatusCode::NOT_FOUND,
        PairError::Wrong { .. } => StatusCode::FORBIDDEN,
        PairError::Wait { wait, .. } => {
            return Refusal::new(StatusCode::TOO_MANY_REQUESTS, error.to_string()).retry_after(*wait);
        }
        PairError::Several(_) | PairError::Taken(_) | PairError::NotKept { .. } => StatusCode::CONFLICT,
        PairError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Refusal::new(status, error.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::{http::header, response::IntoResponse};

    use super::*;

    #[test]
    fn too_many_codes_are_told_when_to_come_back() {
        let wait = PairError::Wait { device: "hall".parse().unwrap(), wait: Duration::from_millis(29_001) };
        let answer = refused(&wait).into_response();
        assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "30");
    }
}
