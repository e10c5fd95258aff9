//! Finding music: who is logged in, search, playlists, liked songs.

use axum::{
    Json,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Shared,
    shape::{self, refuse},
    world::{Entry, World},
};

#[derive(Deserialize)]
pub struct Part {
    #[serde(default)]
    q: String,
    #[serde(rename = "type", default)]
    kind: String,
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
}

impl Part {
    fn of(&self, most: usize, usual: usize) -> Result<(usize, usize), Response> {
        match self.limit.unwrap_or(usual) {
            limit if limit == 0 || limit > most => Err(refuse(400, "Invalid limit", None)),
            limit => Ok((limit, self.offset)),
        }
    }
}

/// `GET /me`.
pub async fn me(State(shared): State<Shared>) -> Json<Value> {
    let product = if shared.world().options.premium { "premium" } else { "free" };
    Json(json!({ "country": "DE", "display_name": "Demo", "email": "demo@example.org",
                 "explicit_content": { "filter_enabled": false, "filter_locked": false }, "external_urls": {},
                 "followers": { "href": null, "total": 0 }, "href": "https://api.spotify.com/v1/users/me", "id": "me",
                 "images": [], "product": product, "type": "user", "uri": "spotify:user:me" }))
}

/// `GET /search`: at most 10 a call since 2026.
pub async fn search(State(shared): State<Shared>, Query(part): Query<Part>) -> Response {
    let (limit, offset) = match part.of(10, 5) {
        Ok(part) => part,
        Err(refusal) => return refusal,
    };
    if part.q.is_empty() || part.kind != "track" {
        return refuse(400, "No search query", None);
    }
    let world = shared.world();
    let text = part.q.to_lowercase().replace("genre:", " ").replace('"', " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let fits = |song: &&crate::Song| {
        let all = format!("{} {} {}", song.about, song.name.to_lowercase(), song.artist.to_lowercase());
        words.iter().all(|word| all.contains(word))
    };
    let found: Vec<&crate::Song> = world.songs.iter().filter(fits).collect();
    let items: Vec<Value> = found.iter().skip(offset).take(limit).map(|song| shape::track(song)).collect();
    Json(json!({ "tracks": shape::page("search", items, found.len(), limit, offset) })).into_response()
}

/// `GET /me/playlists`.
pub async fn playlists(State(shared): State<Shared>, Query(part): Query<Part>) -> Response {
    let (limit, offset) = match part.of(50, 20) {
        Ok(part) => part,
        Err(refusal) => return refusal,
    };
    let world = shared.world();
    let items = world.playlists.iter().skip(offset).take(limit).map(shape::playlist).collect();
    Json(shape::page("me/playlists", items, world.playlists.len(), limit, offset)).into_response()
}

fn own<'a>(world: &'a World, id: &str) -> Result<&'a crate::Playlist, Response> {
    let found = world.playlists.iter().find(|playlist| playlist.id == id);
    let found = found.ok_or_else(|| refuse(404, "Resource not found", None))?;
    // Other people's playlists are closed since 2026.
    if found.owner == "me" { Ok(found) } else { Err(refuse(403, "Forbidden", None)) }
}

/// `GET /playlists/{id}`.
pub async fn playlist(State(shared): State<Shared>, Path(id): Path<String>) -> Response {
    match own(&shared.world(), &id) {
        Ok(playlist) => Json(json!({ "id": playlist.id, "name": playlist.name, "snapshot_id": playlist.snapshot(),
                                     "owner": { "id": playlist.owner } }))
        .into_response(),
        Err(refusal) => refusal,
    }
}

/// `GET /playlists/{id}/items`.
pub async fn items(State(shared): State<Shared>, Path(id): Path<String>, Query(part): Query<Part>) -> Response {
    let (limit, offset) = match part.of(50, 20) {
        Ok(part) => part,
        Err(refusal) => return refusal,
    };
    let world = shared.world();
    let playlist = match own(&world, &id) {
        Ok(playlist) => playlist,
        Err(refusal) => return refusal,
    };
    let entry = |entry: &Entry| {
        let song = if let Entry::Song(at) = entry { world.songs.get(*at) } else { None };
        shape::entry(entry, song)
    };
    let items = playlist.entries.iter().skip(offset).take(limit).map(entry).collect();
    Json(shape::page("playlists/x/items", items, playlist.entries.len(), limit, offset)).into_response()
}

/// `GET /me/tracks`.
pub async fn liked(State(shared): State<Shared>, Query(part): Query<Part>) -> Response {
    let (limit, offset) = match part.of(50, 20) {
        Ok(part) => part,
        Err(refusal) => return refusal,
    };
    let world = shared.world();
    let place = |at: &usize| {
        let song = world.songs.get(*at)?;
        Some(json!({ "added_at": "2026-01-01T00:00:00Z", "track": shape::track(song) }))
    };
    let items = world.liked.iter().skip(offset).take(limit).filter_map(place).collect();
    Json(shape::page("me/tracks", items, world.liked.len(), limit, offset)).into_response()
}
