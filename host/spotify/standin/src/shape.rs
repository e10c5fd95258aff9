//! The shapes of Spotify's replies, as its schema has them.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use crate::{
    catalogue::Song,
    world::{Device, Entry, Playlist},
};

/// A refusal, as the API words it.
pub fn refuse(status: u16, message: &str, reason: Option<&str>) -> Response {
    let mut error = json!({ "status": status, "message": message });
    if let Some(reason) = reason {
        error["reason"] = reason.into();
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({ "error": error }))).into_response()
}

/// Done, and nothing to say.
pub fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

pub fn track(song: &Song) -> Value {
    let artist = json!({
        "external_urls": {}, "href": "https://api.spotify.com/v1/artists/x", "id": "x", "name": song.artist,
        "type": "artist", "uri": "spotify:artist:x"
    });
    json!({
        "album": {
            "album_type": "album", "total_tracks": 1, "available_markets": [], "external_urls": {},
            "href": "https://api.spotify.com/v1/albums/x", "id": "x", "images": [], "name": song.album,
            "release_date": "2020", "release_date_precision": "year", "type": "album", "uri": "spotify:album:x",
            "artists": [artist]
        },
        "artists": [artist], "disc_number": 1, "duration_ms": song.ms, "explicit": song.explicit,
        "external_ids": {}, "external_urls": { "spotify": format!("https://open.spotify.com/track/{}", song.id) },
        "href": format!("https://api.spotify.com/v1/tracks/{}", song.id), "id": song.id, "is_playable": true,
        "name": song.name, "preview_url": null, "track_number": 1, "type": "track", "uri": song.uri(),
        "is_local": false
    })
}

pub fn device(device: &Device) -> Value {
    json!({
        "id": device.id, "is_active": device.active, "is_private_session": false,
        "is_restricted": device.restricted, "name": device.name, "type": "Speaker",
        "volume_percent": device.volume, "supports_volume": true
    })
}

pub fn playlist(playlist: &Playlist) -> Value {
    let items = json!({ "href": "https://api.spotify.com/v1/playlists/x/items", "total": playlist.entries.len() });
    json!({
        "collaborative": false, "description": "", "external_urls": {},
        "href": format!("https://api.spotify.com/v1/playlists/{}", playlist.id), "id": playlist.id, "images": [],
        "name": playlist.name, "owner": { "id": playlist.owner, "display_name": playlist.owner, "type": "user" },
        "public": false, "snapshot_id": playlist.snapshot(), "items": items, "type": "playlist",
        "uri": format!("spotify:playlist:{}", playlist.id)
    })
}

/// A place in a playlist.
pub fn entry(entry: &Entry, song: Option<&Song>) -> Value {
    let about = |item: Value, is_local: bool| {
        json!({ "added_at": "2026-01-01T00:00:00Z", "added_by": { "id": "me", "type": "user" },
                "is_local": is_local, "item": item })
    };
    match (entry, song) {
        (Entry::Song(_), Some(song)) => about(track(song), false),
        (Entry::Local(name), _) => about(
            json!({ "name": name, "type": "track", "uri": format!("spotify:local:me:mine:{name}:180"),
                    "is_local": true, "artists": [], "duration_ms": 180_000 }),
            true,
        ),
        (Entry::Podcast(name), _) => about(
            json!({ "audio_preview_url": null, "description": "", "html_description": "", "duration_ms": 3_600_000,
                    "explicit": false, "external_urls": {}, "href": "https://api.spotify.com/v1/episodes/x",
                    "id": "x", "images": [], "is_externally_hosted": false, "is_playable": true, "languages": ["en"],
                    "name": name, "release_date": "2026-01-01", "release_date_precision": "day", "type": "episode",
                    "uri": format!("spotify:episode:{name}"),
                    "show": { "available_markets": [], "copyrights": [], "description": "", "html_description": "",
                              "explicit": false, "external_urls": {}, "href": "https://api.spotify.com/v1/shows/x",
                              "id": "x", "images": [], "is_externally_hosted": false, "languages": ["en"],
                              "media_type": "audio", "name": "Talk", "publisher": "P", "type": "show",
                              "uri": "spotify:show:x", "total_episodes": 1 } }),
            false,
        ),
        (Entry::Gone | Entry::Song(_), _) => json!({ "added_at": "2026-01-01T00:00:00Z", "is_local": false }),
    }
}

/// A part of a list.
pub fn page(path: &str, items: Vec<Value>, total: usize, limit: usize, offset: usize) -> Value {
    let at = |offset: usize| format!("https://api.spotify.com/v1/{path}?offset={offset}&limit={limit}");
    let next = (offset + limit < total).then(|| at(offset + limit));
    let previous = (offset > 0).then(|| at(offset.saturating_sub(limit)));
    json!({ "href": at(offset), "items": items, "limit": limit, "next": next, "offset": offset,
            "previous": previous, "total": total })
}
