//! What programs may read: the state, the panels, the library and the past, as JSON and PNG.

use axum::{
    Json,
    extract::{FromRequestParts, Path, Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use moodring_mood::{DeviceId, Emotion, Mood};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Site,
    assets::{self, etag},
    refusal::Refusal,
};
use crate::{
    app::Handle,
    library::{Play, Track, TrackQuery, tastes::Learnt},
    player::PlayId,
};

/// The most rows one request gets.
const MAX_ROWS: u32 = 500;

/// The most rows a request gets that names no number.
pub const ROWS: u32 = 50;

/// The longest text searched for, in characters.
pub const MAX_TEXT: usize = 200;

/// `GET /healthz`: 200 while the program works, 503 while it stops.
pub async fn healthz(State(site): State<Site>) -> Response {
    if site.handle.state.has_changed().is_ok() {
        Json(json!({ "status": "ok" })).into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": "stopping" }))).into_response()
    }
}

/// `GET /openapi.yaml`: what can be asked here, for programs and for those who write them.
pub async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/yaml")], include_str!("../../openapi.yaml")).into_response()
}

/// `GET /api/state`: everything there is to see.
pub async fn state(State(site): State<Site>) -> Response {
    let state = site.handle.state.borrow().clone();
    Json(&*state).into_response()
}

/// `GET /api/devices/{id}/screen.png`: the newest picture of a device's panel.
pub async fn screen(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let id: DeviceId = id.parse().map_err(|e| Refusal::bad(format!("{e}")))?;
    let Some((_, png)) = site.handle.screen(&id) else {
        return Err(Refusal::new(StatusCode::NOT_FOUND, format!("there is no picture of the panel of {id} yet")));
    };
    Ok(picture("image/png", png, &headers))
}

/// `GET /api/tracks/{id}/cover.jpg`: the picture of its album, at most 320 pixels a side.
pub async fn cover(State(site): State<Site>, Path(id): Path<String>, headers: HeaderMap) -> Result<Response, Refusal> {
    let track = track(&site.handle, &id).await?;
    match site.handle.cover(track.id).await? {
        Some(jpeg) => Ok(picture("image/jpeg", jpeg, &headers)),
        None => Err(Refusal::new(StatusCode::NOT_FOUND, format!("track {} has no picture", track.id))),
    }
}

/// `GET /api/tracks/{id}/sleeve`: the cover, or, where there is none, a drawn one in the colours of `mood`, or of
/// the track's first.
pub async fn sleeve(
    State(site): State<Site>,
    Path(id): Path<String>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let wanted = understood(wanted)?;
    let track = track(&site.handle, &id).await?;
    if let Some(jpeg) = site.handle.cover(track.id).await? {
        return Ok(picture("image/jpeg", jpeg, &headers));
    }
    let mood = match Mood::from_word(&wanted.mood) {
        Some(mood) => mood,
        None if wanted.mood.is_empty() => track.moods.iter().next().unwrap_or(Emotion::Neutral).into(),
        None => {
            return Err(Refusal::bad(format!("{:?} is not a mood", wanted.mood.chars().take(40).collect::<String>())));
        }
    };
    let drawn = assets::at(&format!("sleeve-{mood}.svg"));
    Ok(([(header::CACHE_CONTROL, "private, max-age=600")], Redirect::temporary(&drawn)).into_response())
}

/// A picture that a browser asks for again, and gets if it has changed.
fn picture(kind: &'static str, bytes: Bytes, headers: &HeaderMap) -> Response {
    let tag = etag(&bytes);
    let caching = [(header::ETAG, tag.clone()), (header::CACHE_CONTROL, "no-cache".to_owned())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag.as_str()) {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    (caching, [(header::CONTENT_TYPE, kind)], bytes).into_response()
}

/// What may stand behind the `?` of a list, all of it optional; as text, so that each message is ours.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Words to be found.
    pub q: String,
    /// An emotion's word.
    pub mood: String,
    limit: String,
    offset: String,
    before: String,
    /// A room's name.
    room: String,
}

impl Wanted {
    /// The query for the library.
    ///
    /// # Errors
    /// Not an emotion, not a number, or too long.
    pub fn query(&self) -> Result<TrackQuery, Refusal> {
        if self.q.chars().count() > MAX_TEXT {
            return Err(Refusal::bad(format!("q is too long to search for; at most {MAX_TEXT} characters are")));
        }
        let emotion = Some(self.mood.as_str()).filter(|m| !m.is_empty()).map(emotion).transpose()?;
        Ok(TrackQuery {
            text: self.q.trim().to_owned(),
            emotion,
            limit: self.limit()?,
            offset: number("offset", &self.offset, 0)?,
        })
    }

    /// The play before which plays are wanted, if one is named.
    ///
    /// # Errors
    /// Not a number.
    pub fn before(&self) -> Result<Option<PlayId>, Refusal> {
        if self.before.is_empty() {
            return Ok(None);
        }
        let before = number("before", &self.before, 0)?;
        Ok(Some(PlayId::from(before)))
    }

    fn limit(&self) -> Result<u32, Refusal> {
        match number("limit", &self.limit, ROWS)? {
            limit @ 1..=MAX_ROWS => Ok(limit),
            limit => Err(Refusal::bad(format!("limit is {limit}; use 1 to {MAX_ROWS}"))),
        }
    }
}

/// `GET /api/tracks`: `q`, `mood`, `limit` and `offset` choose.
pub async fn tracks(
    State(site): State<Site>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Value>, Refusal> {
    let query = understood(wanted)?.query()?;
    let page = site.handle.tracks(&query).await?;
    Ok(Json(json!({ "tracks": page.tracks, "total": page.total, "limit": query.limit, "offset": query.offset })))
}

/// `GET /api/history`: the last `limit` plays, newest first; with `room`, of that room alone; with `before`,
/// those before that play.
pub async fn history(
    State(site): State<Site>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Vec<Play>>, Refusal> {
    let wanted = understood(wanted)?;
    let (before, limit) = (wanted.before()?, wanted.limit()?);
    let room = match wanted.room.as_str() {
        "" => None,
        room => Some(in_room(&site.handle, room)?),
    };
    Ok(Json(site.handle.plays_before(room.as_ref().map(Handle::room_name), before, limit).await?))
}

/// `GET /api/taste`: what was learnt from plays, the most welcome first in each mood; `mood` and `limit`
/// choose, and `room`; without it, the first room.
pub async fn taste(
    InRoom(handle): InRoom,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Json<Vec<Learnt>>, Refusal> {
    let TrackQuery { emotion, limit, .. } = understood(wanted)?.query()?;
    Ok(Json(handle.learnt(emotion, limit).await?))
}

/// The room that `room` names behind the `?`; without it, the first.
pub struct InRoom(pub Handle);

impl FromRequestParts<Site> for InRoom {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, site: &Site) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Named {
            #[serde(default)]
            room: String,
        }
        let Query(Named { room }) = Query::try_from_uri(&parts.uri)
            .map_err(|e: QueryRejection| Refusal::new(e.status(), e.body_text()).for_reader(&parts.headers))?;
        let found = if room.is_empty() { Ok(site.handle.clone()) } else { in_room(&site.handle, &room) };
        found.map(Self).map_err(|refusal| refusal.for_reader(&parts.headers))
    }
}

/// The room of this name.
fn in_room(handle: &Handle, room: &str) -> Result<Handle, Refusal> {
    let room: String = room.chars().take(80).collect();
    handle.of(&room).map_err(|why| Refusal::new(StatusCode::NOT_FOUND, why))
}

/// What stood behind the `?`, or why it cannot be read.
///
/// # Errors
/// A key came twice, or the text is not UTF-8.
pub fn understood(wanted: Result<Query<Wanted>, QueryRejection>) -> Result<Wanted, Refusal> {
    wanted.map(|Query(w)| w).map_err(|e| Refusal::new(e.status(), e.body_text()))
}

/// The track an address names.
///
/// # Errors
/// 400 when that is not a number, 404 when no track has it.
pub async fn track(handle: &Handle, id: &str) -> Result<Track, Refusal> {
    let number = id.parse().map_err(|_| Refusal::bad(format!("{id:?} is not a track; use the number of one")))?;
    let found = handle.track(crate::library::TrackId(number)).await?;
    found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, format!("there is no track {number}")))
}

/// The emotion a word names.
///
/// # Errors
/// It names none.
pub fn emotion(word: &str) -> Result<Emotion, Refusal> {
    Emotion::from_word(word).ok_or_else(|| {
        let word: String = word.chars().take(40).collect();
        let all = Emotion::ALL.map(Emotion::word).join(", ");
        Refusal::bad(format!("{word:?} is not an emotion; use one of {all}"))
    })
}

fn number(key: &str, value: &str, default: u32) -> Result<u32, Refusal> {
    if value.is_empty() {
        return Ok(default);
    }
    value.parse().map_err(|_| {
        let value: String = value.chars().take(40).collect();
        Refusal::bad(format!("{key} is {value:?}; use a whole number from 0"))
    })
}
