//! What is heard, and what surrounds it: the first sound, files that come while it plays, covers, lists.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use moodring_host::{library::TrackQuery, player::local::Output};
use moodring_mood::{Emotion, Mood};

use crate::support::{Device, Home, LONG, plays, until, write_wav};

/// Whether anything but silence stands in a 16-bit WAV.
fn sounds(file: &Path) -> bool {
    std::fs::read(file).is_ok_and(|bytes| bytes.get(44..).is_some_and(|sound| sound.iter().any(|byte| *byte != 0)))
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_comes_soon_after_the_start() {
    let mut home = Home::with(&[("happy/sun.wav", 60.0)]);
    let heard = home.dir.path().join("heard.wav");
    home.config.player.output = Output::Wav(heard.clone());
    let began = Instant::now();
    let host = home.start().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    while !sounds(&heard) {
        assert!(began.elapsed() < LONG, "no sound");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    println!("first sound after {:?}", began.elapsed());
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_put_into_the_folder_while_music_plays_is_found_without_a_break() {
    let mut home = Home::with(&[("happy/sun.wav", 60.0)]);
    home.config.music.rescan_min = 0;
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "music plays", |s| plays(s, "sun")).await;
    write_wav(&home.config.music.folder.join("happy/moon.wav"), 60.0);
    let state = until(&host.handle, "it is found", |s| s.library.tracks == 2).await;
    assert!(plays(&state, "sun"));
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_track_shows_the_picture_beside_it() {
    let home = Home::with(&[("happy/sun.wav", 1.0), ("sad/rain.wav", 1.0)]);
    let pictures = image::RgbImage::from_pixel(500, 500, image::Rgb([9, 90, 200]));
    pictures.save(home.config.music.folder.join("happy/cover.png")).unwrap();
    let host = home.start_and_scan().await;
    let find = async |text: &str| {
        let query = TrackQuery { text: text.to_owned(), ..TrackQuery::default() };
        host.handle.tracks(&query).await.unwrap().tracks[0].id
    };
    let jpeg = host.handle.cover(find("sun").await).await.unwrap().expect("it has a picture");
    assert_eq!(image::load_from_memory(&jpeg).unwrap().width(), 320);
    assert_eq!(host.handle.cover(find("rain").await).await.unwrap(), None);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_imported_beside_a_running_host_is_soon_played_from() {
    let home = Home::with(&[("sad/rain.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let list = home.dir.path().join("happy.m3u");
    std::fs::write(&list, "music/sad/rain.wav\n").unwrap();
    let (status, said) = crate::program::says(&home, &["import", list.to_str().unwrap()]);
    assert!(status && said.starts_with("happy.m3u (happy): 1 of 1 songs are in the library"), "{said}");
    let happy = Emotion::Happy as usize;
    let state = until(&host.handle, "it counts as happy", |s| s.library.by_emotion[happy] == 1).await;
    assert_eq!(state.library.by_emotion[Emotion::Sad as usize], 1, "and is as sad as before");
    let (status, said) = crate::program::says(&home, &["import", "/nowhere/happy.csv"]);
    assert!(!status && said.contains("cannot read /nowhere/happy.csv"), "{said}");
    host.stop().await;
}
