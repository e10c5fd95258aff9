//! What comes next, edited, and the moods of tracks: add, remove, move.
//!
//! A form of the page or the JSON of a program enters; the answer waits a moment until the change shows.
//! `?room=` names the room; without it, the first is meant. 409 where a queue has changed meanwhile, so that nobody removes what they did not mean.

use std::time::Duration;

use axum::{
    extract::{Path, Request},
    http::StatusCode,
    response::Response,
};
use moodring_mood::Emotion;
use serde::Deserialize;
use tokio::time::timeout;

use super::{
    api::{self, InRoom},
    refusal::Refusal,
    steer::{answer, body, carry_out},
};
use crate::{
    app::SteerError,
    library::{Emotions, TrackId},
    steer::Steer,
    view::QueuedView,
};

/// How long an answer waits for a change to show.
const PATIENCE: Duration = Duration::from_millis(500);

/// `POST /api/queue` with `track` and `first`: puts a track into what comes next, at its front, or behind
/// what people put there before.
pub async fn enqueue(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Enqueue {
        track: i64,
        #[serde(default)]
        first: bool,
    }
    let headers = request.headers().clone();
    let done = async {
        let Enqueue { track, first } = body(request).await?;
        let track = playable(&room, &track.to_string()).await?;
        let shows = |queue: &[QueuedView]| {
            let mut sought = queue.iter().take(if first { 1 } else { queue.len() });
            sought.any(|queued| queued.track == track)
        };
        edit(&room, Steer::Enqueue { track, first }, shows).await
    };
    answer(&headers, done.await)
}

/// `POST /api/queue/remove` with `track` and `at`, its place from 0.
pub async fn dequeue(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Dequeue {
        track: i64,
        at: usize,
    }
    let headers = request.headers().clone();
    let done = async {
        let Dequeue { track, at } = body(request).await?;
        let track = TrackId(track);
        let before = room.0.state.borrow().queue_in(room.0.room()).len();
        let gone = |queue: &[QueuedView]| queue.get(at).is_none_or(|q| q.track != track) || queue.len() < before;
        edit(&room, Steer::Dequeue { at, track }, gone).await
    };
    answer(&headers, done.await)
}

/// `POST /api/queue/move` with `track`, `from` and `to`, places from 0; beyond the end is the last.
pub async fn shift(room: InRoom, request: Request) -> Response {
    #[derive(Deserialize)]
    struct Shift {
        track: i64,
        from: usize,
        to: usize,
    }
    let headers = request.headers().clone();
    let done = async {
        let Shift { track, from, to } = body(request).await?;
        let track = TrackId(track);
        let there = |queue: &[QueuedView]| {
            queue.get(to.min(queue.len().saturating_sub(1))).is_some_and(|queued| queued.track == track)
        };
        edit(&room, Steer::Shift { from, track, to }, there).await
    };
    answer(&headers, done.await)
}

/// `POST /api/tracks/{id}/moods` with `add`, `remove` or both: puts a track to a mood, takes it out of one.
pub async fn moods(room: InRoom, Path(id): Path<String>, request: Request) -> Response {
    #[derive(Deserialize)]
    #[serde(default)]
    #[derive(Default)]
    struct Moods {
        add: String,
        remove: String,
    }
    let headers = request.headers().clone();
    let done = async {
        let track = api::track(&room.0, &id).await?;
        let Moods { add, remove } = body(request).await?;
        let emotion = |word: &str| (!word.is_empty()).then(|| api::emotion(word)).transpose();
        let (add, remove) = (emotion(&add)?, emotion(&remove)?);
        if add.is_none() && remove.is_none() {
            return Err(Refusal::bad("name a mood to add or to remove, or both"));
        }
        if let Some(last) = remove.filter(|last| add.is_none() && is_last(track.moods, *last)) {
            return Err(Refusal::new(
                StatusCode::CONFLICT,
                format!(
                    "{last} is the only mood of {:?}; put it to another first, or never play it for {last}",
                    track.title
                ),
            ));
        }
        carry_out(&room, Steer::Fits { track: track.id, add, remove }).await
    };
    answer(&headers, done.await)
}

/// Whether nothing is left of `moods` without `last`.
fn is_last(mut moods: Emotions, last: Emotion) -> bool {
    moods.remove(last);
    moods.is_empty()
}

/// A track that can be played; 409 says why it cannot.
pub async fn playable(InRoom(handle): &InRoom, id: &str) -> Result<TrackId, Refusal> {
    let track = api::track(handle, id).await?;
    match track.problem {
        None => Ok(track.id),
        Some(problem) => {
            let message = format!("{:?} cannot be played: {problem}", track.title);
            Err(Refusal::new(StatusCode::CONFLICT, message))
        }
    }
}

/// Hands a change of the queue over; whether it showed in time.
async fn edit(InRoom(handle): &InRoom, wish: Steer, shows: impl Fn(&[QueuedView]) -> bool) -> Result<bool, Refusal> {
    let mut state = handle.state.clone();
    let shown = async {
        match handle.carry_out(wish).await {
            Ok(()) => Ok(state.wait_for(|s| shows(s.queue_in(handle.room()))).await.is_ok()),
            Err(SteerError::Failed(why)) => Err(Refusal::new(StatusCode::CONFLICT, why)),
            Err(other) => Err(other.into()),
        }
    };
    timeout(PATIENCE, shown).await.unwrap_or(Ok(false))
}
