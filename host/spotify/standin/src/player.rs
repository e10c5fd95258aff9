//! The Connect devices: what plays, and orders to them.

use std::time::Duration;

use axum::{
    Json,
    extract::{Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Shared,
    shape::{self, done, refuse},
    world::World,
};

#[derive(Deserialize)]
pub struct Order {
    device_id: Option<String>,
    uri: Option<String>,
    volume_percent: Option<u8>,
}

#[derive(Deserialize)]
pub struct Play {
    uris: Option<Vec<String>>,
    #[serde(default)]
    position_ms: u64,
}

fn no_device() -> Response {
    refuse(404, "Player command failed: No active device found", Some("NO_ACTIVE_DEVICE"))
}

fn restricted() -> Response {
    refuse(403, "Player command failed: Restriction violated", Some("UNKNOWN"))
}

/// Whether the device named is there, or, if none is named, one is active.
fn there(world: &World, device: Option<&str>) -> Result<(), Response> {
    let found = world.devices.iter().find(|d| device.map_or(d.active, |id| d.id == id));
    match found {
        None if device.is_some() => Err(refuse(404, "Device not found", None)),
        None => Err(no_device()),
        Some(device) if device.restricted => Err(restricted()),
        Some(_) => Ok(()),
    }
}

fn now_playing(world: &World) -> Option<Value> {
    let device = world.devices.iter().find(|d| d.active)?;
    let (uri, progress, runs) = world.playing()?;
    let mut all = json!({
        "device": shape::device(device), "repeat_state": "off", "shuffle_state": false,
        "timestamp": 1_790_000_000_000_u64, "progress_ms": progress.as_millis() as u64, "is_playing": runs,
        "currently_playing_type": "track", "actions": { "disallows": { "resuming": runs, "skipping_prev": true } }
    });
    if let Some(song) = world.song(&uri) {
        all["item"] = shape::track(song);
    }
    Some(all)
}

/// `GET /me/player`: 204 while nothing is active.
pub async fn playback(State(shared): State<Shared>) -> Response {
    now_playing(&shared.world()).map_or_else(done, |all| Json(all).into_response())
}

/// `GET /me/player/currently-playing`.
pub async fn currently(State(shared): State<Shared>) -> Response {
    now_playing(&shared.world()).map_or_else(done, |all| Json(all).into_response())
}

/// `GET /me/player/devices`.
pub async fn devices(State(shared): State<Shared>) -> Json<Value> {
    Json(json!({ "devices": shared.world().devices.iter().map(shape::device).collect::<Vec<_>>() }))
}

/// `GET /me/player/queue`.
pub async fn queue(State(shared): State<Shared>) -> Json<Value> {
    let world = shared.world();
    let shape_of = |uri: &String| world.song(uri).map(shape::track);
    let mut all = json!({ "queue": world.queued().iter().filter_map(shape_of).collect::<Vec<_>>() });
    if let Some(song) = world.playing().and_then(|(uri, ..)| shape_of(&uri)) {
        all["currently_playing"] = song;
    }
    Json(all)
}

/// `POST /me/player/queue`.
pub async fn enqueue(State(shared): State<Shared>, Query(order): Query<Order>) -> Response {
    let mut world = shared.world();
    if let Err(refusal) = there(&world, order.device_id.as_deref()) {
        return refusal;
    }
    match order.uri.filter(|uri| world.song(uri).is_some()) {
        Some(uri) => {
            world.enqueue(uri);
            done()
        }
        None => refuse(400, "Invalid track uri", None),
    }
}

/// `PUT /me/player/play`.
pub async fn play(State(shared): State<Shared>, Query(order): Query<Order>, body: String) -> Response {
    let wish: Play = match serde_json::from_str(if body.trim().is_empty() { "{}" } else { &body }) {
        Ok(wish) => wish,
        Err(_) => return refuse(400, "Malformed json", None),
    };
    let mut world = shared.world();
    if let Err(refusal) = there(&world, order.device_id.as_deref()) {
        return refusal;
    }
    match wish.uris {
        Some(uris) if uris.is_empty() || uris.iter().any(|uri| world.song(uri).is_none()) => {
            refuse(400, "Invalid track uri", None)
        }
        Some(uris) => {
            world.play(order.device_id.as_deref(), uris, Duration::from_millis(wish.position_ms));
            done()
        }
        None => {
            world.activate(order.device_id.as_deref());
            if world.run(true) { done() } else { restricted() }
        }
    }
}

/// `PUT /me/player/pause`: refused while nothing runs, as the real one does.
pub async fn pause(State(shared): State<Shared>, Query(order): Query<Order>) -> Response {
    let mut world = shared.world();
    if let Err(refusal) = there(&world, order.device_id.as_deref()) {
        return refusal;
    }
    if world.run(false) { done() } else { restricted() }
}

/// `POST /me/player/next`.
pub async fn next(State(shared): State<Shared>, Query(order): Query<Order>) -> Response {
    let mut world = shared.world();
    if let Err(refusal) = there(&world, order.device_id.as_deref()) {
        return refusal;
    }
    world.skip();
    done()
}

/// `PUT /me/player/volume`.
pub async fn volume(State(shared): State<Shared>, Query(order): Query<Order>) -> Response {
    let mut world = shared.world();
    if let Err(refusal) = there(&world, order.device_id.as_deref()) {
        return refusal;
    }
    let Some(percent) = order.volume_percent.filter(|percent| *percent <= 100) else {
        return refuse(400, "Invalid volume", None);
    };
    let id = order.device_id;
    for device in world.devices.iter_mut().filter(|d| id.as_ref().map_or(d.active, |id| d.id == *id)) {
        device.volume = percent;
    }
    done()
}

#[derive(Deserialize)]
pub struct Transfer {
    device_ids: Vec<String>,
    #[serde(default)]
    play: bool,
}

/// `PUT /me/player`.
pub async fn transfer(State(shared): State<Shared>, Json(transfer): Json<Transfer>) -> Response {
    let mut world = shared.world();
    let [id] = transfer.device_ids.as_slice() else { return refuse(400, "Only one device is supported", None) };
    if let Err(refusal) = there(&world, Some(id)) {
        return refusal;
    }
    world.activate(Some(id));
    if transfer.play {
        world.run(true);
    }
    done()
}
