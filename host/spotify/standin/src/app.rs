//! "Spotify's own app", for whoever plays with the stand-in by hand: `curl -X POST …/app/skip`.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{Shared, fault::Fault};

/// `GET /app`: what plays where, and the calls so far.
pub async fn state(State(shared): State<Shared>) -> Json<Value> {
    let mut world = shared.world();
    world.advance();
    let plays = world.playing().map(|(uri, progress, runs)| {
        let name = world.song(&uri).map(|song| song.name.clone());
        json!({ "uri": uri, "name": name, "seconds": progress.as_secs(), "runs": runs })
    });
    let devices: Vec<_> = world.devices.iter().map(|d| json!({ "name": d.name, "active": d.active })).collect();
    Json(json!({ "plays": plays, "queue": world.queued(), "devices": devices, "calls": world.calls }))
}

/// `POST /app/{what}`: `skip`, `pause`, `resume`, `other` (music that Moodring did not choose), `off` and
/// `on` (the device), `expire` (the access token), `revoke` (the consent), `mend`, and `fault` with a
/// body such as `{"path": "/me", "times": 3, "kind": "status", "status": 429, "retry_after": 60}`.
pub async fn act(State(shared): State<Shared>, Path(what): Path<String>, body: String) -> Response {
    let mut world = shared.world();
    world.advance();
    let name = if body.trim().is_empty() { "Living room".to_owned() } else { body.trim().to_owned() };
    match what.as_str() {
        "skip" => world.skip(),
        "pause" => drop(world.run(false)),
        "resume" => drop(world.run(true)),
        "other" => {
            let song = world.songs[419].uri();
            let device = world.devices.first().map(|device| device.id.clone());
            world.play(device.as_deref(), vec![song], Duration::ZERO);
        }
        "off" => world.device_off(&name),
        "on" => world.device_on(&name),
        "expire" => world.expire_access(),
        "revoke" => world.end_consent(),
        "mend" => world.mend(),
        "fault" => match serde_json::from_str::<Fault>(&body) {
            Ok(fault) => world.break_down(&fault.path, fault.times, fault.kind),
            Err(e) => return (StatusCode::BAD_REQUEST, e.to_string()).into_response(),
        },
        _ => return (StatusCode::NOT_FOUND, format!("{what:?} is nothing that can be done")).into_response(),
    }
    StatusCode::NO_CONTENT.into_response()
}
