//! What can be asked of Spotify: log in, what plays where, a playlist for each mood, a refresh.
//!
//! Forms and JSON enter, wishes to [`Service`] leave; every answer says what was found and what to do.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use moodring_spotify::login::LogInError;
use serde::Deserialize;
use serde_json::json;

use super::{
    Site, api,
    refusal::{Refusal, wants_page},
    steer::body,
};
use crate::spotify::{PickError, Service, View};

/// Where the page is.
pub const PATH: &str = "/spotify";

fn service(site: &Site) -> Result<&Service, Refusal> {
    site.handle.spotify().ok_or_else(|| {
        let words = "Spotify is off: make an app at https://developer.spotify.com/dashboard, put its client id into \
                     spotify.client_id, and start Moodring again";
        Refusal::new(StatusCode::NOT_FOUND, words)
    })
}

/// `GET /api/spotify`: how things stand.
pub async fn state(State(site): State<Site>) -> Result<Json<View>, Refusal> {
    Ok(Json(service(&site)?.view().await?))
}

fn answer(headers: &HeaderMap, done: Result<(), Refusal>) -> Response {
    match done {
        Err(refusal) => refusal.for_reader(headers).into_response(),
        Ok(()) if wants_page(headers) => Redirect::to(PATH).into_response(),
        Ok(()) => Json(json!({ "ok": true })).into_response(),
    }
}

fn refused(error: &LogInError) -> Refusal {
    let status = match error {
        LogInError::Port { .. } | LogInError::NoApp(_) => StatusCode::CONFLICT,
        LogInError::Keep(_) => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    };
    Refusal::new(status, error.to_string())
}

impl From<PickError> for Refusal {
    fn from(error: PickError) -> Self {
        match error {
            PickError::Store(error) => error.into(),
            PickError::Unknown(_) | PickError::Foreign(_) => Self::bad(error.to_string()),
        }
    }
}

/// `POST /api/spotify/login`: begins a log-in; a browser is sent to Spotify, a program gets the address.
pub async fn log_in(State(site): State<Site>, headers: HeaderMap) -> Response {
    let begun = async { service(&site)?.log_in().await.map_err(|e| refused(&e)) };
    match begun.await {
        Err(refusal) => refusal.for_reader(&headers).into_response(),
        // Not straight to Spotify: on another machine the answer has to be pasted here.
        Ok(_) if wants_page(&headers) => Redirect::to(PATH).into_response(),
        Ok(address) => Json(json!({ "ok": true, "address": address })).into_response(),
    }
}

/// `POST /api/spotify/paste` with `address`: the one that the browser ended at.
pub async fn paste(State(site): State<Site>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Pasted {
        address: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let Pasted { address } = body(request).await?;
        service(&site)?.paste(&address).await.map_err(|e| refused(&e))
    };
    answer(&headers, done.await)
}

/// `POST /api/spotify/logout`.
pub async fn log_out(State(site): State<Site>, headers: HeaderMap) -> Response {
    let done = service(&site).and_then(|service| {
        service.log_out().map_err(|e| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, e.to_string()))
    });
    answer(&headers, done)
}

/// `POST /api/spotify/device` with `name`; empty: whichever is active, or the only one.
pub async fn device(State(site): State<Site>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Device {
        name: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let Device { name } = body(request).await?;
        Ok(service(&site)?.choose_device(name.trim()).await?)
    };
    answer(&headers, done.await)
}

/// `POST /api/spotify/devices`: looks which there are.
pub async fn devices(State(site): State<Site>, headers: HeaderMap) -> Response {
    let done = async {
        let found = service(&site)?.find_devices().await;
        found.map_err(|e| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, e.to_string()))
    };
    answer(&headers, done.await)
}

/// `POST /api/spotify/playlist` with `mood` and `playlist`, a name, an address or an id; empty: none.
pub async fn playlist(State(site): State<Site>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Pick {
        mood: String,
        #[serde(default)]
        playlist: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let Pick { mood, playlist } = body(request).await?;
        let emotion = api::emotion(&mood)?;
        Ok(service(&site)?.pick(emotion, &playlist).await?)
    };
    answer(&headers, done.await)
}

/// `POST /api/spotify/refresh`: looks for music now.
pub async fn refresh(State(site): State<Site>, headers: HeaderMap) -> Response {
    answer(&headers, service(&site).map(Service::refresh))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::StoreError;

    #[test]
    fn a_database_that_fails_is_no_fault_of_whoever_picks() {
        let status = |error: PickError| Refusal::from(error).into_response().status();
        let failed = StoreError::Query(sqlx::Error::PoolTimedOut);
        assert_eq!(status(PickError::Store(failed)), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(status(PickError::Unknown("x".to_owned())), StatusCode::BAD_REQUEST);
        assert_eq!(status(PickError::Foreign("x".to_owned())), StatusCode::BAD_REQUEST);
    }
}
