//! What people may do: play, pause, skip, like, "not for this mood", play this track.
//!
//! `?room=` names the room; without it, the first is meant. A form of the page or the JSON of a program enters and becomes a wish ([`Steer`]); the answer
//! waits a moment for the wish to show, so that a page without JavaScript comes back up to date. A
//! like or a "not for this mood" that cannot be stored is answered with 500 and the reason.

use std::time::Duration;

use axum::{
    Form, Json,
    extract::{FromRequest, Path, Request},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{
    api::{self, InRoom},
    edit::playable,
    pages,
    refusal::{Refusal, too_long, wants_page},
};
use crate::{
    decide::mode::Mode,
    steer::{LONGEST_SLEEP, Steer},
    view,
};

/// The longest time that the sleep timer is set to, minutes.
const MAX_SLEEP_MIN: u32 = (LONGEST_SLEEP.as_secs() / 60) as u32;

/// How long an answer waits for a wish to show.
const PATIENCE: Duration = Duration::from_millis(500);

/// `POST /api/play`.
pub async fn play(room: InRoom, headers: HeaderMap) -> Response {
    answer(&headers, steer(&room, Steer::Play, |s, room| s.paused_in(room) == view::Paused::No).await)
}

/// `POST /api/pause`.
pub async fn pause(room: InRoom, headers: HeaderMap) -> Response {
    answer(&headers, steer(&room, Steer::Pause, |s, room| s.paused_in(room) != view::Paused::No).await)
}

/// `POST /api/skip`: 409 while nothing plays.
pub async fn skip(room: InRoom, headers: HeaderMap) -> Response {
    let InRoom(handle) = &room;
    let before = handle.state.borrow().playing_in(handle.room()).map(|p| p.started);
    if before.is_none() {
        let refusal = Refusal::new(StatusCode::CONFLICT, "nothing plays, so there is nothing to skip");
        return answer(&headers, Err(refusal));
    }
    answer(&headers, steer(&room, Steer::Skip, |s, room| s.playing_in(room).map(|p| p.started) != before).await)
}

/// `POST /api/tracks/{id}/like` with `liked`.
pub async fn like(room: InRoom, Path(id): Path<String>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Like {
        liked: bool,
    }
    let headers = request.headers().clone();
    let done = async {
        let track = api::track(&room.0, &id).await?.id;
        let Like { liked } = body(request).await?;
        carry_out(&room, Steer::Like { track, liked }).await
    };
    answer(&headers, done.await)
}

/// `POST /api/tracks/{id}/not-for` with `mood` and `banned`.
pub async fn not_for(room: InRoom, Path(id): Path<String>, request: Request) -> Response {
    #[derive(Deserialize)]
    struct NotFor {
        mood: String,
        banned: bool,
    }
    let headers = request.headers().clone();
    let done = async {
        let track = api::track(&room.0, &id).await?.id;
        let NotFor { mood, banned } = body(request).await?;
        let emotion = api::emotion(&mood)?;
        carry_out(&room, Steer::NotFor { track, emotion, banned }).await
    };
    answer(&headers, done.await)
}

/// `POST /api/mode` with `mode`: `match`, `lift`, `calm`, `off`, or `auto` for what the settings say.
pub async fn mode(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Wished {
        mode: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let Wished { mode } = body(request).await?;
        let mode = match (mode.as_str(), Mode::from_word(&mode)) {
            ("auto", _) => None,
            (_, Some(mode)) => Some(mode),
            _ => {
                let word: String = mode.chars().take(40).collect();
                return Err(Refusal::bad(format!("{word:?} is no mode; use match, lift, calm, off or auto")));
            }
        };
        carry_out(&room, Steer::Mode(mode)).await
    };
    answer(&headers, done.await)
}

/// `POST /api/volume` with `volume`, 0 to 1.
pub async fn volume(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Wished {
        volume: f32,
    }
    let headers = request.headers().clone();
    let done = async {
        let Wished { volume } = body(request).await?;
        if !(0.0..=1.0).contains(&volume) {
            return Err(Refusal::bad(format!("volume is {volume}; use 0 to 1")));
        }
        carry_out(&room, Steer::Volume(volume)).await
    };
    answer(&headers, done.await)
}

/// `POST /api/sleep` with `minutes`: fade out then; 0: not any more.
pub async fn sleep(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Wished {
        minutes: u32,
    }
    let headers = request.headers().clone();
    let done = async {
        let Wished { minutes } = body(request).await?;
        if minutes > MAX_SLEEP_MIN {
            return Err(Refusal::bad(format!("minutes is {minutes}; use 0 to {MAX_SLEEP_MIN}")));
        }
        let after = (minutes > 0).then(|| Duration::from_secs(60 * u64::from(minutes)));
        carry_out(&room, Steer::Sleep(after)).await
    };
    answer(&headers, done.await)
}

/// `POST /api/taste/forget` with `mood`, an emotion's word, or without, for all of them.
pub async fn forget_taste(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Forget {
        #[serde(default)]
        mood: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let Forget { mood } = body(request).await?;
        let emotion = Some(mood.as_str()).filter(|m| !m.is_empty()).map(api::emotion).transpose()?;
        carry_out(&room, Steer::ForgetTaste(emotion)).await
    };
    answer(&headers, done.await)
}

/// `POST /api/tracks/{id}/play`: 409 for a track that cannot be played.
pub async fn play_track(room: InRoom, Path(id): Path<String>, headers: HeaderMap) -> Response {
    let done = async {
        let track = playable(&room, &id).await?;
        let plays = |s: &view::State, room| s.playing_in(room).is_some_and(|p| p.track == track);
        Ok(carry_out(&room, Steer::PlayTrack(track)).await? && shown(&room, plays).await)
    };
    answer(&headers, done.await)
}

/// Hands a wish over; whether it showed in the state in time.
async fn steer(room: &InRoom, wish: Steer, shows: impl Fn(&view::State, usize) -> bool) -> Result<bool, Refusal> {
    room.0.steer(wish)?;
    Ok(shown(room, shows).await)
}

/// Whether the state shows it in time.
async fn shown(InRoom(handle): &InRoom, shows: impl Fn(&view::State, usize) -> bool) -> bool {
    let mut state = handle.state.clone();
    matches!(tokio::time::timeout(PATIENCE, state.wait_for(|s| shows(s, handle.room()))).await, Ok(Ok(_)))
}

/// Hands a wish over that is to be stored; whether it was in time.
pub async fn carry_out(InRoom(handle): &InRoom, wish: Steer) -> Result<bool, Refusal> {
    let stored = tokio::time::timeout(PATIENCE, handle.carry_out(wish)).await;
    stored.map_or(Ok(false), |done| Ok(done.map(|()| true)?))
}

/// Back to the page for a form; 200 for a program, or 202 when the wish has not shown yet.
pub fn answer(headers: &HeaderMap, done: Result<bool, Refusal>) -> Response {
    match done {
        Err(refusal) => refusal.for_reader(headers).into_response(),
        Ok(_) if wants_page(headers) => Redirect::to(&back(headers)).into_response(),
        Ok(true) => Json(json!({ "ok": true })).into_response(),
        Ok(false) => (StatusCode::ACCEPTED, Json(json!({ "ok": true, "pending": true }))).into_response(),
    }
}

/// Where the form stood: one of the pages, with what it showed; without a word of it, the first.
pub fn back(headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|v| v.to_str().ok());
    let from_here = text(header::REFERER).zip(text(header::HOST)).and_then(|(from, host)| {
        let (_, rest) = from.split_once("://")?;
        let place = rest.strip_prefix(host)?;
        let path = place.split(['?', '#']).next()?;
        pages::paths().any(|page| page == path).then(|| place.to_owned())
    });
    from_here.unwrap_or_else(|| "/".to_owned())
}

/// The body, sent as a form or as JSON.
pub async fn body<T: DeserializeOwned + 'static>(request: Request) -> Result<T, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|t| t.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match kind.as_str() {
        "application/json" => {
            Json::from_request(request, &()).await.map(|Json(body)| body).map_err(|e| unread(e.status(), e.body_text()))
        }
        "application/x-www-form-urlencoded" => {
            Form::from_request(request, &()).await.map(|Form(body)| body).map_err(|e| unread(e.status(), e.body_text()))
        }
        _ => Err(Refusal::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("a body of type {kind:?} cannot be read; send application/json"),
        )),
    }
}

/// Why a body was not read: 413 when it is too long, 400 for whatever is wrong inside.
fn unread(status: StatusCode, why: String) -> Refusal {
    match status {
        StatusCode::PAYLOAD_TOO_LARGE => too_long(),
        StatusCode::UNPROCESSABLE_ENTITY => Refusal::bad(why),
        _ => Refusal::new(status, why),
    }
}
