use super::*;

fn read<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

#[test]
fn a_playlist_with_everything_odd_in_it_still_gives_its_music() {
    let page: Page<Place> = read(
        r#"{"href": "x", "total": 7, "next": null, "brand_new": {"a": [1]}, "items": [
            {"added_at": null, "item": {"uri": "spotify:track:1", "name": "One", "type": "track", "duration_ms": 1000,
              "artists": [{"name": "A"}, null, {"name": null}, {"name": "B"}], "album": {"name": "L"}, "explicit": true}},
            {"item": null},
            {"track": {"uri": "spotify:track:2", "name": "Two", "artists": null, "album": null, "duration_ms": null}},
            {"item": {"uri": "spotify:local:a:b:c:3", "name": "Mine", "is_local": true}},
            {"item": {"uri": "spotify:episode:4", "name": "Talk", "type": "episode", "show": {}}},
            {"item": {"uri": "spotify:track:5", "name": "Elsewhere", "is_playable": false}},
            null, 17, {"item": "nonsense"}]}"#,
    );
    assert_eq!((page.total, page.next), (7, None));
    let music: Vec<Piece> = page.items.into_iter().filter_map(Place::piece).filter(Piece::is_music).collect();
    let lines: Vec<_> = music.iter().map(|p| (p.name.as_str(), p.artist(), p.length())).collect();
    assert_eq!(lines, [("One", "A, B".to_owned(), Some(Duration::from_secs(1))), ("Two", String::new(), None)]);
}

#[test]
fn playlists_without_items_or_owners_are_read() {
    let page: Page<Playlist> = read(
        r#"{"items": [{"id": "p1", "name": "Sunny", "owner": {"id": "me"}, "snapshot_id": "s"}, null,
            {"id": "p2", "name": null, "owner": null}], "total": 3, "next": "http://more"}"#,
    );
    assert_eq!(page.items.len(), 2);
    assert_eq!(page.items[0].owner.id, "me");
    assert!(page.next.is_some());
}

#[test]
fn playback_is_read_in_private_sessions_and_with_actions_nobody_knows() {
    let playback: Playback = read(
        r#"{"device": {"id": null, "name": "Kitchen", "type": "Speaker", "volume_percent": null},
            "is_playing": true, "item": null, "progress_ms": null, "currently_playing_type": "ad",
            "actions": {"disallows": {"brand_new": true}}}"#,
    );
    assert!(playback.is_playing && playback.item.is_none());
    assert_eq!(playback.device.unwrap().name, "Kitchen");
    let playback: Playback = read(r#"{"item": {"uri": "spotify:track:x", "linked_from": {"uri": "spotify:track:y"}}}"#);
    let item = playback.item.unwrap();
    assert!(item.is("spotify:track:x") && item.is("spotify:track:y") && !item.is("spotify:track:z"));
}

#[test]
fn a_search_that_finds_nothing_of_the_kind_is_empty() {
    assert_eq!(read::<Found>("{}"), Found::default());
    assert_eq!(read::<Found>(r#"{"tracks": null}"#).tracks.items, []);
    assert_eq!(read::<Found>(r#"{"tracks": {"items": [null]}}"#).tracks.items, []);
    assert_eq!(super::read::<Found>("{}"), Some(Found::default()));
    for other in ["<html>", "[1]", "3", ""] {
        assert_eq!(super::read::<Found>(other), None, "{other:?} is no answer");
    }
}

#[test]
fn refusals_are_read_in_both_shapes() {
    let both = |body| {
        let Refusal { reason, message } = Refusal::read(body);
        (reason, message)
    };
    let own = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let body = r#"{"error": {"status": 403, "message": "no", "reason": "PREMIUM_REQUIRED"}}"#;
    assert_eq!(both(body), own("PREMIUM_REQUIRED", "no"));
    let body = r#"{"error": {"status": 429, "message": "API rate limit exceeded"}, "reason": "QUOTA_EXCEEDED"}"#;
    assert_eq!(both(body), own("QUOTA_EXCEEDED", "API rate limit exceeded"));
    let body = r#"{"error": "invalid_grant", "error_description": "Refresh token revoked"}"#;
    assert_eq!(both(body), own("invalid_grant", "Refresh token revoked"));
    assert_eq!(both("<html>bad gateway"), own("", ""));
}
