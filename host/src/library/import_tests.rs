//! Lists into a real database, with files that exist in it only.

use tokio::sync::watch;

use super::*;
use crate::library::{Emotions, TrackQuery, scan::scan, shelf::Found, tags::Tags};

async fn put(store: &Store, songs: &[(&str, &str, &str)]) {
    let found = |(path, title, artist): &(&str, &str, &str)| Found {
        path: (*path).to_owned(),
        mtime: 0,
        size: 0,
        tags: Some(Tags { title: (*title).to_owned(), artist: (*artist).to_owned(), ..Tags::default() }),
        moods: Emotions::NONE,
    };
    store.found(&songs.iter().map(found).collect::<Vec<_>>()).await.unwrap();
}

fn list(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

#[tokio::test]
async fn a_list_is_matched_kept_and_not_doubled_and_what_is_missing_is_found_later() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    put(&store, &[("/m/1.mp3", "Jóga", "Björk"), ("/m/2.mp3", "Hello", "Lionel Richie"), ("/m/3.mp3", "?", "")]).await;
    let csv =
        list(dir.path(), "happy.csv", "Name,Album,Artist\nJoga,Homogenic,Bjork\nHello,25,Adele\nYesterday,,Beatles\n");
    let m3u = list(dir.path(), "Late and sad.m3u", "#EXTINF:9,Whatever it is\n/m/3.mp3\nhttp://radio.example/x\n");
    let files = [csv, m3u];
    let reports = import(&store, &files, None).await.unwrap();
    let [happy, sad] = reports.as_slice() else { panic!("{reports:?}") };
    assert_eq!((happy.found, happy.missing.len(), happy.before), (1, 2, 0));
    assert_eq!(happy.emotions, [Emotion::Happy]);
    let words = happy.to_string();
    assert!(words.starts_with("happy.csv (happy): 1 of 3 songs are in the library, 0 were imported before"), "{words}");
    assert!(words.contains("not found: Hello by Adele: the library has this title by Lionel Richie"), "{words}");
    assert!(words.contains("not found: Yesterday by Beatles: no such title in the library"), "{words}");
    assert_eq!((sad.found, sad.missing.len()), (1, 1), "by its file, whatever it is called");

    let again = import(&store, &files, None).await.unwrap();
    assert_eq!((again[0].found, again[0].before, again[1].before), (1, 3, 2));
    assert_eq!(store.still_wanted().await.unwrap().len(), 3);

    put(&store, &[("/m/4.mp3", "Yesterday (Remastered 2009)", "The Beatles")]).await;
    assert_eq!(look_again(&store).await.unwrap(), 1);
    assert_eq!(look_again(&store).await.unwrap(), 0);
    let left: Vec<_> = store.still_wanted().await.unwrap().into_iter().map(|wanted| wanted.song.title).collect();
    assert_eq!(left, ["Hello", "x"]);
}

#[tokio::test]
async fn a_song_that_a_list_names_twice_was_not_imported_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let csv = "Name,Album,Artist\nHello,25,Adele\nHello - Remastered,The Best of 2015,ADELE\nHello,,Lionel Richie\n";
    let lists = [list(dir.path(), "sad.csv", csv)];
    for before in [0, 2] {
        assert_eq!(import(&store, &lists, None).await.unwrap()[0].before, before);
    }
    assert_eq!(store.still_wanted().await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_next_scan_plays_what_was_imported_for_its_mood_and_keeps_it_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let folder = dir.path().join("music");
    std::fs::create_dir_all(folder.join("sad")).unwrap();
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tone.flac"), folder.join("sad/Rain.flac"))
        .unwrap();
    let look = async || scan(&store, &folder, &watch::channel(None).0).await.unwrap();
    look().await;
    let lists = [list(dir.path(), "surprise.csv", "Name\nRain\n")];
    let before = store.wanted_mark().await.unwrap();
    assert_eq!(import(&store, &lists, None).await.unwrap()[0].found, 1);
    assert_ne!(store.wanted_mark().await.unwrap(), before, "a running host notices");
    for changed in [1, 0] {
        assert_eq!(look().await.changed, changed);
        let rain = &store.tracks(&TrackQuery::default()).await.unwrap().tracks[0];
        assert_eq!(rain.moods, [Emotion::Sad, Emotion::Surprise].into_iter().collect());
    }
}

#[tokio::test]
async fn a_list_without_a_mood_or_of_no_kind_imports_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let good = list(dir.path(), "happy.csv", "Name\nOne\n");
    for (name, text, says) in [
        ("mine.csv", "Name\nOne\n", "mine.csv: its name speaks of no mood"),
        ("sad.csv", "a,b\n1,2\n", "sad.csv: line 1: its columns are"),
        ("sad.pdf", "", "sad.pdf: it is no list"),
    ] {
        let bad = list(dir.path(), name, text);
        let error = import(&store, &[good.clone(), bad], None).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let error = import(&store, &[dir.path().join("none.csv")], None).await.unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.contains("none.csv"), "{error}");
    assert!(store.still_wanted().await.unwrap().is_empty());
    let mine = [dir.path().join("mine.csv")];
    assert_eq!(import(&store, &mine, Some(Emotion::Fear)).await.unwrap()[0].emotions, [Emotion::Fear]);
}
