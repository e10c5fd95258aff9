//! What changed, as server-sent events: the state as JSON for programs, the changed parts of the
//! page as HTML for browsers.
//!
//! A stream always tells the newest state: what changed while a slow reader was not ready is told
//! in one go. It ends when the program stops, or with the session that it belongs to; a browser then asks again by itself.

use std::{collections::HashMap, convert::Infallible, pin::Pin, time::Duration};

use axum::{
    Extension,
    extract::State,
    http::{StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream::{self, Stream};
use jiff::Timestamp;
use serde_json::json;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    Site,
    api::InRoom,
    assets,
    door::{Visitor, in_forms},
    pages, parts,
    refusal::Refusal,
    seen::Seen,
};
use crate::{app::Handle, library::Play, pairing::Pairing, view};

/// The shortest time between two events of a stream.
const PACE: Duration = Duration::from_millis(100);

/// How often what is said of times is brought up to date.
const TICK: Duration = Duration::from_secs(1);

/// How soon a browser asks again when the connection broke.
const RETRY: Duration = Duration::from_secs(2);

/// `GET /events`: the state as in `GET /api/state`, now and on every change, as event `state`.
pub async fn state(State(site): State<Site>, Extension(visitor): Extension<Visitor>) -> Result<Response, Refusal> {
    let watcher = Watcher::new(&site, visitor)?;
    Ok(streamed(stream::unfold(watcher, |mut watcher| async {
        loop {
            if !watcher.next_change(Duration::MAX).await {
                return None;
            }
            let state = watcher.state.borrow_and_update().clone();
            // A state that cannot be written as JSON does not exist; the next one is awaited.
            if let Ok(event) = Event::default().event("state").retry(RETRY).json_data(&*state) {
                return Some((Ok(event), watcher));
            }
        }
    })))
}

/// `GET /events/parts`: the parts of the page that changed, as event `parts`:
/// `{"version":…,"parts":{"player":"<section …>"}}`.
///
/// `?room=` names the room whose parts they are; without it, it is the first.
pub async fn parts(
    State(site): State<Site>,
    InRoom(handle): InRoom,
    Extension(visitor): Extension<Visitor>,
) -> Result<Response, Refusal> {
    let token = visitor.form_token();
    let watcher = Watcher::new(&site, visitor)?;
    let told = Told { handle, watcher, token, parts: HashMap::new(), plays: Vec::new(), played: None, source: None };
    Ok(streamed(stream::unfold(told, |mut told| async {
        loop {
            if !told.watcher.next_change(TICK).await {
                return None;
            }
            let changed = told.changed_parts().await;
            if changed.is_empty() {
                continue;
            }
            let message = json!({ "version": *assets::VERSION, "parts": changed });
            let event = Event::default().event("parts").retry(RETRY).data(message.to_string());
            return Some((Ok(event), told));
        }
    })))
}

fn streamed(events: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    let sse = Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)));
    ([("x-accel-buffering", "no"), (header::CACHE_CONTROL.as_str(), "no-store")], sse).into_response()
}

/// Waits for changes, for one stream.
struct Watcher {
    state: watch::Receiver<std::sync::Arc<view::State>>,
    stopped: watch::Receiver<bool>,
    /// Done when what the visitor came in with has ended.
    over: Pin<Box<dyn Future<Output = ()> + Send>>,
    last: Option<Instant>,
    _seat: OwnedSemaphorePermit,
}

impl Watcher {
    fn new(site: &Site, visitor: Visitor) -> Result<Self, Refusal> {
        let seat = site.streams.clone().try_acquire_owned().map_err(|_| {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too many pages are open; close one and try again")
        })?;
        let access = site.access.clone();
        let over = Box::pin(async move {
            match visitor.pass {
                Some(pass) => access.over(&pass).await,
                None => std::future::pending().await,
            }
        });
        Ok(Self { state: site.handle.state.clone(), stopped: site.stopped.clone(), over, last: None, _seat: seat })
    }

    /// At once the first time, later when the state changed or `tick` is over; false at the end.
    async fn next_change(&mut self, tick: Duration) -> bool {
        if let Some(last) = self.last {
            let Self { state, stopped, over, .. } = self;
            let change = async {
                sleep_until(last + PACE).await;
                // Time is up: that is a change of what is said of times.
                timeout(tick, state.changed()).await.unwrap_or(Ok(())).is_ok()
            };
            let goes_on = tokio::select! {
                goes_on = change => goes_on,
                _ = stopped.wait_for(|s| *s) => false,
                () = over.as_mut() => false,
            };
            if !goes_on {
                return false;
            }
        }
        self.last = Some(Instant::now());
        !*self.stopped.borrow()
    }
}

/// What one browser has been told.
struct Told {
    handle: Handle,
    watcher: Watcher,
    /// What the forms of the parts carry.
    token: Option<String>,
    parts: HashMap<&'static str, String>,
    plays: Vec<Play>,
    played: Option<Option<Timestamp>>,
    /// When it was last looked how things stand with Spotify.
    source: Option<Instant>,
}

impl Told {
    async fn changed_parts(&mut self) -> HashMap<&'static str, String> {
        let state = self.watcher.state.borrow_and_update().clone();
        let plays_now = Some(state.playing_in(self.handle.room()).map(|p| p.started));
        if self.played != plays_now {
            // Unreadable for now: the page keeps what it shows, the next track brings the next try.
            if let Ok(plays) = parts::plays(&self.handle).await {
                self.plays = plays;
            }
            self.played = plays_now;
        }
        let seen = Seen { state: &state, room: self.handle.room() };
        let mut parts = parts::all(seen, &self.plays, Timestamp::now());
        let pairing = self.handle.pairing().map(Pairing::view);
        parts.push(("pairing", parts::pairing(pairing.as_ref(), Timestamp::now()).into_string()));
        if let Some(service) = self.handle.spotify()
            && self.source.is_none_or(|looked| looked.elapsed() >= TICK)
        {
            self.source = Some(Instant::now());
            if let Ok(view) = service.view().await {
                parts.push(("spotify", pages::spotify_part(&view).into_string()));
            }
        }
        let mut changed = HashMap::new();
        for (name, html) in parts {
            let html = self.token.as_ref().map_or_else(|| html.clone(), |token| in_forms(&html, token));
            if self.parts.get(name) != Some(&html) {
                self.parts.insert(name, html.clone());
                changed.insert(name, html);
            }
        }
        changed
    }
}
