//! The whole host, with its real broker, database and player (into a null output): what a room
//! hears when its mood changes.
#![allow(clippy::unwrap_used)] // Here an unwrap is an assertion, in functions beside the tests too.

mod access;
mod backup;
mod broker;
mod choice;
mod external;
mod library;
mod parts;
mod program;
mod robust;
mod rooms;
mod service;
mod sound;
mod support;

use std::time::Duration;

use moodring_host::{
    config::OnChange,
    library::{Ending, Store, StoreError, TrackQuery},
    steer::Steer,
    view::Paused,
};
use moodring_mood::{Emotion, Mood};
use support::{Device, Home, message, plays, until, write_wav};

#[tokio::test(flavor = "multi_thread")]
async fn a_mood_brings_a_track_that_fits() {
    let home = Home::with(&[("happy/sun.wav", 30.0), ("sad/rain.wav", 30.0)]);
    let host = home.start_and_scan().await;
    assert!(host.handle.state.borrow().playing.is_none(), "nothing plays before somebody is there");
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let state = until(&host.handle, "the happy track plays", |s| plays(s, "sun")).await;
    let playing = state.playing.as_ref().unwrap();
    assert_eq!(playing.mood, Mood::Happy);
    assert_eq!(playing.reason, "happy just now; the only track for happy");
    assert_eq!(playing.length_s, Some(30.0));
    assert_eq!(state.devices[0].id.as_str(), "kitchen");
    assert!(state.devices[0].online && state.devices[0].mood == Mood::Happy);
    let told = device.told(|told| told.playing.is_some()).await;
    assert_eq!(told.playing.unwrap().title, "sun");
    host.stop().await;
    // The stop is told too: nothing plays any more.
    let store = Store::open(&home.state()).await.unwrap();
    let history = store.history(None, 10).await.unwrap();
    assert_eq!((history.len(), history[0].ending), (1, Some(Ending::Stopped)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_mood_changes_what_comes_next_and_cuts_nothing() {
    let home = Home::with(&[("happy/sun.wav", 3.0), ("sad/rain.wav", 30.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "the happy track plays", |s| plays(s, "sun")).await;
    device.mood(Mood::Sad).await;
    let state = until(&host.handle, "sad tracks come next", |s| {
        s.queue.first().is_some_and(|q| q.title == "rain" && q.mood == Mood::Sad)
    })
    .await;
    assert!(plays(&state, "sun"), "what plays goes on");
    assert!(state.queue.iter().all(|next| next.mood == Mood::Sad));
    until(&host.handle, "the sad track follows", |s| plays(s, "rain")).await;
    let history = host.handle.history(10).await.unwrap();
    let (rain, sun) = (&history[0], &history[1]);
    assert_eq!(sun.ending, Some(Ending::Finished));
    let heard = sun.ended.unwrap().duration_since(sun.started).as_secs_f64();
    // Its last quarter fades into the next one.
    assert!((2.0..2.9).contains(&heard), "heard for {heard} s of 3");
    assert!(rain.reason.starts_with("sad for "), "{}", rain.reason);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_configured_a_new_mood_fades_over() {
    let mut home = Home::with(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    home.config.mood.on_change = OnChange::Fade;
    home.config.mood.fade_s = 0.3;
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "the happy track plays", |s| plays(s, "sun")).await;
    device.mood(Mood::Sad).await;
    let state = until(&host.handle, "the sad track takes its place", |s| plays(s, "rain")).await;
    assert_eq!(state.paused, Paused::No);
    assert_eq!(host.handle.history(10).await.unwrap()[1].ending, Some(Ending::Replaced));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsure_keeps_the_mood_and_nobody_pauses_until_somebody_is_back() {
    let mut home = Home::with(&[("happy/sun.wav", 60.0)]);
    home.config.mood.nobody_after_s = 1;
    home.config.mood.fade_s = 0.2;
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "music plays", |s| plays(s, "sun")).await;
    device.mood(Mood::Unsure).await;
    let state = until(&host.handle, "unsure is shown", |s| s.devices[0].mood == Mood::Unsure).await;
    assert!(state.queue.iter().all(|next| next.mood == Mood::Happy));
    device.mood(Mood::Nobody).await;
    let state = until(&host.handle, "it pauses", |s| s.paused == Paused::NobodyThere).await;
    assert!(plays(&state, "sun"));
    assert!(device.told(|told| told.paused).await.playing.is_some());
    device.mood(Mood::Unsure).await;
    until(&host.handle, "it goes on", |s| s.paused == Paused::No && plays(s, "sun")).await;
    // Paused by hand, it stays paused whoever comes.
    host.handle.steer(Steer::Pause).unwrap();
    until(&host.handle, "it pauses", |s| s.paused == Paused::ByHand).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "the mood is shown", |s| s.devices[0].mood == Mood::Happy).await;
    assert_eq!(host.handle.state.borrow().paused, Paused::ByHand);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_believed_change_nothing() {
    let home = Home::with(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let before = until(&host.handle, "music plays", |s| plays(s, "sun") && !s.queue.is_empty()).await;
    let good = serde_json::to_string(&message(Mood::Sad, jiff::Timestamp::now(), 9)).unwrap();
    for bad in [
        "nonsense".to_owned(),
        good.replace("\"v\":1", "\"v\":2"),
        good.replace("\"people\":1", "\"people\":100000"),
        good.replace("\"confidence\":0.9", "\"confidence\":9"),
        good.replace("\"sad\"", "\"blue\""),
        good[..good.len() / 2].to_owned(),
        format!("{good}{}", " ".repeat(20_000)),
    ] {
        assert_ne!(bad, good);
        device.say("mood", false, bad.into_bytes()).await;
    }
    device.say("screen", false, b"not a picture".to_vec()).await;
    // What comes after them is heard, so they were taken in and refused.
    device.say("screen", true, b"\x89PNG\r\n\x1a\n...".to_vec()).await;
    let after = until(&host.handle, "the picture is there", |s| s.devices[0].screen == 1).await;
    assert_eq!(after.devices[0].mood, Mood::Happy);
    let titles = |s: &moodring_host::view::State| s.queue.iter().map(|q| q.title.clone()).collect::<Vec<_>>();
    assert_eq!(titles(&after), titles(&before));
    assert!(plays(&after, "sun"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_moods_counts_as_its_last() {
    let home = Home::with(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    for n in 0..400 {
        device.mood(if n % 2 == 0 { Mood::Happy } else { Mood::Sad }).await;
    }
    until(&host.handle, "sad tracks come next", |s| {
        s.playing.is_some() && s.devices[0].mood == Mood::Sad && s.queue.iter().all(|next| next.mood == Mood::Sad)
    })
    .await;
    assert_eq!(host.handle.history(100).await.unwrap().len(), 1, "one track plays through it all");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn likes_and_not_for_this_mood_are_remembered_and_used() {
    let home = Home::with(&[("happy/a.wav", 60.0), ("happy/b.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let state = until(&host.handle, "music plays", |s| s.playing.is_some()).await;
    let first = state.playing.as_ref().unwrap();
    let (track, title) = (first.track, first.title.clone());
    host.handle.steer(Steer::Like { track, liked: true }).unwrap();
    until(&host.handle, "it is liked", |s| s.playing.as_ref().is_some_and(|p| p.liked)).await;
    host.handle.steer(Steer::NotFor { track, emotion: Emotion::Happy, banned: true }).unwrap();
    let state = until(&host.handle, "the other one plays", |s| s.playing.is_some() && !plays(s, &title)).await;
    assert!(state.queue.iter().all(|next| next.title != title));
    let listed = host.handle.tracks(&TrackQuery { text: title.clone(), ..TrackQuery::default() }).await.unwrap();
    assert!(listed.tracks[0].liked && listed.tracks[0].not_for.contains(Emotion::Happy));
    host.handle.steer(Steer::PlayTrack(track)).unwrap();
    let state = until(&host.handle, "it is played by hand", |s| plays(s, &title)).await;
    assert_eq!(state.playing.as_ref().unwrap().reason, "picked by hand");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_stored_is_said_and_not_shown_as_done() {
    let home = Home::with(&[("happy/a.wav", 60.0), ("happy/b.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let state = until(&host.handle, "music plays", |s| s.playing.is_some()).await;
    let (track, title) = state.playing.as_ref().map(|p| (p.track, p.title.clone())).unwrap();
    // A database that refuses, as on a full disk.
    let file = home.state().join("moodring.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    for table in ["likes", "bans"] {
        let full = format!(
            "CREATE TRIGGER full_{table} BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        );
        sqlx::query(sqlx::AssertSqlSafe(full)).execute(&pool).await.unwrap();
    }
    pool.close().await;
    for (path, body) in [("like", r#"{"liked":true}"#), ("not-for", r#"{"mood":"happy","banned":true}"#)] {
        let answer = program::post(&host.page.to_string(), &format!("/api/tracks/{track}/{path}"), body);
        assert!(answer.starts_with("HTTP/1.1 500") && answer.contains("the disk is full"), "{answer}");
    }
    let state = until(&host.handle, "it is noticed", |s| s.notices.iter().any(|n| n.contains("disk is full"))).await;
    assert!(plays(&state, &title) && !state.playing.as_ref().unwrap().liked);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_played_is_skipped_and_remembered() {
    let home = Home::with(&[("happy/good.wav", 60.0)]);
    let folder = &home.config.music.folder;
    std::fs::write(folder.join("happy/text.mp3"), "this is no music").unwrap();
    write_wav(&folder.join("happy/vanishing.wav"), 60.0);
    let host = home.start_and_scan().await;
    let text = host.handle.tracks(&TrackQuery { text: "text".into(), ..TrackQuery::default() }).await.unwrap();
    assert!(text.tracks[0].problem.is_some(), "{text:?}");
    let vanishing = TrackQuery { text: "vanishing".into(), ..TrackQuery::default() };
    let vanishing = host.handle.tracks(&vanishing).await.unwrap().tracks[0].id;
    std::fs::remove_file(folder.join("happy/vanishing.wav")).unwrap();
    host.handle.steer(Steer::PlayTrack(vanishing)).unwrap();
    let state =
        until(&host.handle, "it is skipped", |s| s.notices.iter().any(|n| n.contains("“vanishing” was skipped"))).await;
    assert_eq!(state.library.tracks, 1);
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "the good one plays", |s| plays(s, "good")).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_everything_fails_it_says_so_and_does_not_spin() {
    let names: Vec<String> = (0..12).map(|n| format!("happy/{n}.wav")).collect();
    let music: Vec<(&str, f32)> = names.iter().map(|name| (name.as_str(), 60.0)).collect();
    let home = Home::with(&music);
    let host = home.start_and_scan().await;
    std::fs::remove_dir_all(home.config.music.folder.join("happy")).unwrap();
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "it says that tracks were skipped", |s| s.notices.iter().any(|n| n.contains("was skipped")))
        .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let left = host.handle.state.borrow().library.tracks;
    assert!(left >= 4, "after some failures the next ones wait; {left} of 12 are left");
    assert!(host.handle.history(100).await.unwrap().is_empty(), "nothing was heard");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_shows_old_moods_and_does_not_act_on_them() {
    let home = Home::with(&[("happy/sun.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Nobody).await;
    until(&host.handle, "the host listens", |s| !s.devices.is_empty()).await;
    let old = jiff::Timestamp::now() - Duration::from_secs(900);
    device.mood_at(Mood::Happy, old).await;
    // Told live it counts, whatever the device's clock says.
    until(&host.handle, "music plays", |s| plays(s, "sun")).await;
    host.stop().await;
    let host = home.start().await;
    let state = until(&host.handle, "the kept mood is shown", |s| !s.devices.is_empty()).await;
    assert_eq!(state.devices[0].mood, Mood::Happy);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(host.handle.state.borrow().playing.is_none(), "a mood of a quarter of an hour ago starts nothing");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_of_a_newer_program_is_refused_and_left_alone() {
    let home = Home::with(&[("happy/sun.wav", 1.0)]);
    let store = Store::open(&home.state()).await.unwrap();
    store.close().await;
    let file = home.state().join("moodring.db");
    let pool = sqlx::SqlitePool::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let newer = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES (9999, 'later', 1, X'00', 0)";
    sqlx::query(newer).execute(&pool).await.unwrap();
    pool.close().await;
    let before = std::fs::read(&file).unwrap();
    let error = Store::open(&home.state()).await.unwrap_err();
    assert!(matches!(error, StoreError::Newer { found: 9999, .. }), "{error}");
    assert!(error.to_string().contains("written by a newer Moodring"), "{error}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
    let Err(error) = home.try_start().await else { panic!("it must not start") };
    assert!(error.to_string().contains("update this program"), "{error}");
}
