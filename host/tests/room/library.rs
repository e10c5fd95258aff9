//! The library on a disk: scans that read only what changed, and databases of every age.

use std::path::Path;

use moodring_host::{
    library::{
        Emotions, Ending, Store, Track, TrackId, TrackQuery,
        scan::{Outcome, ScanError, scan},
    },
    player::pieces,
};
use moodring_mood::Emotion;
use sqlx::{SqlitePool, sqlite::SqliteConnectOptions};
use tokio::sync::watch;

use crate::support::{Home, write_wav};

async fn look(store: &Store, folder: &Path) -> Outcome {
    scan(store, folder, &watch::channel(None).0).await.unwrap()
}

/// Files, read, changed, gone.
fn counts(outcome: &Outcome) -> (u64, u64, u64, u64) {
    (outcome.files, outcome.read, outcome.changed, outcome.gone)
}

async fn find(store: &Store, text: &str) -> Track {
    let query = TrackQuery { text: text.to_owned(), ..TrackQuery::default() };
    let page = store.tracks(&query).await.unwrap();
    assert_eq!(page.total, 1, "{text}: {page:?}");
    page.tracks[0].clone()
}

fn of(emotions: &[Emotion]) -> Emotions {
    emotions.iter().copied().collect()
}

#[tokio::test]
async fn a_scan_reads_only_what_is_new_or_changed() {
    let home = Home::with(&[("happy/sun.wav", 0.1), ("sad/rain.wav", 0.1), ("plain.wav", 0.1)]);
    let (store, folder) = (Store::open(&home.state()).await.unwrap(), &home.config.music.folder);
    std::fs::write(folder.join("broken.mp3"), "no music").unwrap();
    assert_eq!(counts(&look(&store, folder).await), (4, 4, 4, 0));
    assert_eq!(find(&store, "sun").await.moods, of(&[Emotion::Happy]));
    assert_eq!(find(&store, "plain").await.moods, Emotions::NONE);
    assert!(find(&store, "broken").await.problem.is_some());
    assert_eq!(store.candidates().await.unwrap().len(), 3, "what is broken is not played");
    // Nothing changed, the broken one is not tried again.
    assert_eq!(counts(&look(&store, folder).await), (4, 0, 0, 0));
    // Repaired, moved away, said otherwise.
    let sun = find(&store, "sun").await.id;
    store.like(sun, true, jiff::Timestamp::now()).await.unwrap();
    write_wav(&folder.join("broken.mp3"), 0.1);
    std::fs::rename(folder.join("happy/sun.wav"), home.dir.path().join("sun.wav")).unwrap();
    std::fs::write(folder.join("moods.toml"), "\"plain.wav\" = [\"fear\", \"surprise\"]\nsad = \"neutral\"\n").unwrap();
    assert_eq!(counts(&look(&store, folder).await), (3, 1, 3, 1));
    assert_eq!(find(&store, "broken").await.problem, None);
    assert_eq!(find(&store, "plain").await.moods, of(&[Emotion::Fear, Emotion::Surprise]));
    assert_eq!(find(&store, "rain").await.moods, of(&[Emotion::Neutral]));
    assert_eq!(store.tracks(&TrackQuery::default()).await.unwrap().total, 3);
    // Back again: the same track, with its like.
    std::fs::rename(home.dir.path().join("sun.wav"), folder.join("happy/sun.wav")).unwrap();
    assert_eq!(counts(&look(&store, folder).await), (4, 0, 1, 0));
    let back = find(&store, "sun").await;
    assert!(back.id == sun && back.liked);
}

#[tokio::test]
async fn a_folder_that_is_not_there_takes_nothing_away() {
    let home = Home::with(&[("happy/sun.wav", 0.1)]);
    let (store, folder) = (Store::open(&home.state()).await.unwrap(), &home.config.music.folder);
    look(&store, folder).await;
    std::fs::rename(folder, home.dir.path().join("away")).unwrap();
    let error = scan(&store, folder, &watch::channel(None).0).await.unwrap_err();
    assert!(matches!(error, ScanError::Folder { .. }));
    assert!(error.to_string().contains("check music.folder"), "{error}");
    assert_eq!(store.tracks(&TrackQuery::default()).await.unwrap().total, 1);
}

#[tokio::test]
async fn an_empty_mount_point_takes_nothing_away() {
    let home = Home::with(&[("happy/sun.wav", 0.1)]);
    let (store, folder) = (Store::open(&home.state()).await.unwrap(), &home.config.music.folder);
    look(&store, folder).await;
    std::fs::rename(folder, home.dir.path().join("disk")).unwrap();
    std::fs::create_dir(folder).unwrap();
    let error = scan(&store, folder, &watch::channel(None).0).await.unwrap_err();
    assert!(error.to_string().contains("is empty, but 1 files were in it before"), "{error}");
    assert_eq!(store.tracks(&TrackQuery::default()).await.unwrap().total, 1);
    // Another folder that is empty is no accident: what was in the first one is not played from here.
    let other = home.dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    assert_eq!(counts(&look(&store, &other).await), (0, 0, 0, 1));
    // Mounted at last.
    std::fs::remove_dir(folder).unwrap();
    std::fs::rename(home.dir.path().join("disk"), folder).unwrap();
    assert_eq!(counts(&look(&store, folder).await), (1, 0, 1, 0));
}

#[tokio::test]
async fn m4a_is_found_and_what_is_not_played_is_counted() {
    let home = Home::with(&[]);
    let (store, folder) = (Store::open(&home.state()).await.unwrap(), &home.config.music.folder);
    let tone = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tone.m4a");
    std::fs::copy(tone, folder.join("Tone.M4A")).unwrap();
    for name in ["a.ape", "b.APE", "c.wma", "cover.jpg"] {
        std::fs::write(folder.join(name), "sound").unwrap();
    }
    let outcome = look(&store, folder).await;
    assert_eq!(counts(&outcome), (1, 1, 1, 0));
    let tone = find(&store, "tone").await;
    assert!(tone.problem.is_none() && tone.length_s.is_some_and(|s| (0.8..1.3).contains(&s)), "{tone:?}");
    let [complaint] = outcome.complaints.as_slice() else { panic!("{outcome:?}") };
    assert!(complaint.starts_with("3 files of kinds that are not played (.ape, .wma)"), "{complaint}");
}

#[tokio::test]
async fn a_mistake_in_a_moods_file_is_told_and_the_rest_is_scanned() {
    let home = Home::with(&[("happy/sun.wav", 0.1)]);
    let (store, folder) = (Store::open(&home.state()).await.unwrap(), &home.config.music.folder);
    std::fs::write(folder.join("happy/moods.toml"), "\n\"sun.wav\" = \"hapy\"\n").unwrap();
    // A link back up must not lead round and round.
    std::os::unix::fs::symlink(folder, folder.join("happy/again")).unwrap();
    let outcome = look(&store, folder).await;
    assert_eq!(counts(&outcome), (1, 1, 1, 0));
    let [complaint] = outcome.complaints.as_slice() else { panic!("{outcome:?}") };
    assert!(complaint.contains("moods.toml is left out: line 2: \"hapy\" is no mood"), "{complaint}");
}

#[tokio::test]
async fn the_built_in_pieces_come_and_go() {
    let home = Home::with(&[]);
    let store = Store::open(&home.state()).await.unwrap();
    store.use_pieces(&pieces::ALL).await.unwrap();
    store.use_pieces(&pieces::ALL).await.unwrap();
    let all = store.tracks(&TrackQuery::default()).await.unwrap();
    assert_eq!(all.total, 7);
    for emotion in Emotion::ALL {
        let query = TrackQuery { emotion: Some(emotion), ..TrackQuery::default() };
        assert_eq!(store.tracks(&query).await.unwrap().total, 1, "{emotion}");
    }
    store.use_pieces(&[]).await.unwrap();
    assert_eq!(store.tracks(&TrackQuery::default()).await.unwrap().total, 0);
}

#[tokio::test]
async fn searching_finds_words_anywhere_however_they_are_spelt_and_nothing_by_pattern() {
    let names = ["50% sun.wav", "rain_man.wav", "O'Brien.wav", "Über den Wolken.wav", "älter.wav"];
    let home = Home::with(&names.map(|name| (name, 0.1)));
    let store = Store::open(&home.state()).await.unwrap();
    look(&store, &home.config.music.folder).await;
    for (text, total) in [
        ("SUN", 1),
        ("über", 1),
        ("ÜBER", 1),
        ("ÄL", 1),
        ("uber", 1),
        ("U\u{308}ber", 1),
        ("o’brien", 1),
        ("50%", 1),
        ("un 50", 1),
        ("_", 0),
        ("%", 0),
        ("a", 2),
        ("nothing", 0),
        ("", 5),
    ] {
        let query = TrackQuery { text: text.to_owned(), ..TrackQuery::default() };
        assert_eq!(store.tracks(&query).await.unwrap().total, total, "{text:?}");
    }
    let all = store.tracks(&TrackQuery::default()).await.unwrap();
    let titles: Vec<_> = all.tracks.iter().map(|track| track.title.as_str()).collect();
    assert_eq!(titles, ["50% sun", "älter", "O'Brien", "rain man", "Über den Wolken"]);
    let second = TrackQuery { limit: 1, offset: 1, ..TrackQuery::default() };
    let page = store.tracks(&second).await.unwrap();
    assert_eq!((page.tracks.len(), page.total), (1, 5));
}

/// Each was left by the program of that schema, and is never edited.
pub const SCHEMAS: [&str; 1] = [include_str!("schemas/0001.sql")];

#[tokio::test]
async fn databases_of_every_schema_are_opened_with_all_they_hold() {
    for (n, dump) in SCHEMAS.iter().enumerate() {
        let home = Home::with(&[]);
        std::fs::create_dir(home.state()).unwrap();
        let file = SqliteConnectOptions::new().filename(home.state().join("moodring.db"));
        // A dump fills tables in the order of their names.
        let pool = SqlitePool::connect_with(file.create_if_missing(true).foreign_keys(false)).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(*dump)).execute(&pool).await.unwrap();
        pool.close().await;

        let store = Store::open(&home.state()).await.map_err(|e| format!("schema {}: {e}", n + 1)).unwrap();
        store.close_lost_plays().await.unwrap();
        let sun = find(&store, "sun").await;
        assert_eq!((sun.id, sun.liked, sun.not_for), (TrackId(8), true, of(&[Emotion::Surprise])));
        assert_eq!((sun.moods, sun.length_s), (of(&[Emotion::Happy, Emotion::Surprise]), Some(181.0)));
        assert!(find(&store, "broken").await.problem.is_some());
        let history = store.history(None, 10).await.unwrap();
        let endings: Vec<_> = history.iter().map(|play| (play.id, play.ending)).collect();
        assert_eq!(endings, [(42, Some(Ending::Lost)), (41, Some(Ending::Finished))]);
        let queue: Vec<_> = store.kept_queue("home").await.unwrap().iter().map(|c| c.track.0).collect();
        assert_eq!(queue, [8, 4]);
        assert_eq!(store.kept("home", "mood").await.unwrap().as_deref(), Some("happy"));
        assert_eq!(store.kept("home", "paused").await.unwrap().as_deref(), Some("by_hand"));
    }
}
