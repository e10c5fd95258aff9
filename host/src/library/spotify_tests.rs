//! What a refresh writes down, and what is retired.

use super::*;
use crate::{
    library::TrackQuery,
    player::{Kind, Source},
};

fn find(n: u32) -> Find {
    Find {
        uri: format!("spotify:track:{n}"),
        title: format!("Song {n}"),
        artist: "A".into(),
        album: "L".into(),
        length_ms: Some(1000),
        explicit: n == 2,
    }
}

fn from(source: &'static str, origin: &str, emotion: Option<Emotion>) -> Origin {
    Origin { source, origin: origin.into(), emotion }
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

#[tokio::test]
async fn tracks_come_with_the_moods_they_were_found_for_and_retire_when_no_longer_seen() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let (list, words) = (from("playlist", "p", Some(Emotion::Happy)), from("search", "calm", Some(Emotion::Neutral)));
    let liked = from("liked", "", None);
    assert_eq!(store.keep_finds(&[find(1), find(2)], &list, at(0)).await.unwrap(), 2);
    assert_eq!(store.keep_finds(&[find(2)], &words, at(0)).await.unwrap(), 0);
    assert_eq!(store.keep_finds(&[find(3)], &liked, at(0)).await.unwrap(), 1);
    let tracks = store.candidates_of(Kind::Spotify).await.unwrap();
    let moods: Vec<Vec<_>> = tracks.iter().map(|t| t.moods.iter().map(Emotion::word).collect()).collect();
    assert_eq!(moods, [vec!["happy"], vec!["happy", "neutral"], vec![]]);
    assert!(store.candidates().await.unwrap().is_empty(), "never mixed with local music");
    let first = store.track(tracks[0].id).await.unwrap().unwrap();
    assert_eq!(first.source, Source::Spotify("spotify:track:1".into()));
    assert_eq!(store.tracks(&TrackQuery::default()).await.unwrap().total, 3);
    let stock = store.spotify_stock().await.unwrap();
    assert_eq!((stock.tracks, stock.by_emotion[3], stock.fillers), (3, 2, 1));

    // The next round: 1 is no longer in the playlist, 2 is; the search finds nothing any more.
    store.keep_finds(&[find(2)], &list, at(10)).await.unwrap();
    store.still_there(&liked, at(10)).await.unwrap();
    assert_eq!(store.retire_finds(at(10)).await.unwrap(), 1);
    let tracks = store.candidates_of(Kind::Spotify).await.unwrap();
    assert_eq!(tracks.len(), 2);
    assert_eq!(tracks[0].moods.iter().collect::<Vec<_>>(), [Emotion::Happy]);
    // Found again, it is itself again.
    assert_eq!(store.keep_finds(&[find(1)], &list, at(20)).await.unwrap(), 1);
    assert_eq!(store.candidates_of(Kind::Spotify).await.unwrap()[0].id, first.id);
}

#[tokio::test]
async fn what_a_clock_that_was_ahead_saw_last_retires_as_all_else_does() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let list = from("playlist", "p", Some(Emotion::Happy));
    store.keep_finds(&[find(1), find(2), find(3)], &list, at(1_000_000_000)).await.unwrap();
    // The clock is put right, and a round begins in which 1 is gone.
    store.seen_before(at(0)).await.unwrap();
    store.keep_finds(&[find(2), find(3)], &list, at(0)).await.unwrap();
    assert_eq!(store.retire_finds(at(0)).await.unwrap(), 1);
    // In the next one all are there still.
    store.seen_before(at(10)).await.unwrap();
    store.still_there(&list, at(10)).await.unwrap();
    assert_eq!(store.retire_finds(at(10)).await.unwrap(), 0);
    assert_eq!(store.candidates_of(Kind::Spotify).await.unwrap().len(), 2);
}

#[tokio::test]
async fn picks_lists_snapshots_and_notes_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let list = |id: &str, own| List { id: id.into(), name: format!("List {id}"), own };
    store.keep_lists(&[list("b", true), list("a", false), list("b", true)]).await.unwrap();
    assert_eq!(store.lists().await.unwrap(), [list("a", false), list("b", true)]);
    store.pick_list(Emotion::Sad, Some(("a", "A"))).await.unwrap();
    store.pick_list(Emotion::Sad, Some(("b", "B"))).await.unwrap();
    assert_eq!(store.picked_lists().await.unwrap(), [(Emotion::Sad, "b".to_owned(), "B".to_owned())]);
    store.pick_list(Emotion::Sad, None).await.unwrap();
    assert!(store.picked_lists().await.unwrap().is_empty());
    assert_eq!(store.snapshot("b", Emotion::Sad).await.unwrap(), None);
    store.keep_snapshot("b", Emotion::Sad, "1").await.unwrap();
    store.keep_snapshot("b", Emotion::Sad, "2").await.unwrap();
    assert_eq!(store.snapshot("b", Emotion::Sad).await.unwrap().as_deref(), Some("2"));
    store.note("x", "1").await.unwrap();
    store.note("x", "2").await.unwrap();
    assert_eq!((store.noted("x").await.unwrap().as_deref(), store.noted("y").await.unwrap()), (Some("2"), None));
}
