//! What a house does to a program that runs for years: full disks, damaged files, locks, floods.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use moodring_mood::Mood;
use rumqttc::{AsyncClient, MqttOptions, QoS};
use sqlx::{Connection, SqliteConnection};

use crate::{
    program::{command, get, output, post, run, run_with, until, until_state},
    support::{Device, Home, message},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_copied_and_left_alone_until_told_otherwise() {
    let home = Home::with(&[("happy/sun.wav", 60.0)]);
    home.start_and_scan().await.stop().await;
    let file = home.state().join("moodring.db");
    let whole = std::fs::read(&file).unwrap();
    let mut rotten = whole.clone();
    // A page in the middle, as a worn SD card returns it.
    rotten[4096..8192].fill(0xA5);
    for (bytes, what) in [(rotten, "rotten"), (b"no database at all, though long enough for one".repeat(99), "foreign")]
    {
        std::fs::write(&file, &bytes).unwrap();
        for _ in 0..2 {
            let (run, said) = output(command(&home, &["run"]));
            assert_eq!(run.status.code(), Some(1), "{what}: {said}");
            assert!(said.contains("is damaged") && said.contains("`moodring-host start-afresh`"), "{what}: {said}");
            assert_eq!(std::fs::read(&file).unwrap(), bytes, "{what}: it was left as it was");
            let copy = said.split("a copy as it is now is ").nth(1).unwrap().split(": put back").next().unwrap();
            assert_eq!(std::fs::read(copy).unwrap(), bytes, "{what}");
        }
        let (afresh, said) = output(command(&home, &["start-afresh"]));
        assert!(afresh.status.success(), "{said}");
        let aside = said.split("the database is ").nth(1).unwrap().split(" now").next().unwrap();
        assert_eq!(std::fs::read(aside).unwrap(), bytes, "{what}: nothing is deleted");
        assert!(!file.exists());
        home.start_and_scan().await.stop().await;
    }
    // And a backup put back is taken as if nothing had been.
    std::fs::write(&file, whole).unwrap();
    home.start_and_scan().await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_database_delays_no_music_and_loses_nothing() {
    let home = Home::with(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    let program = run(&home);
    until_state(&program.page, "\"tracks\":2").await;
    let mut device = Device::connect("kitchen", &program.broker).await;
    let place = format!("sqlite:{}", home.state().join("moodring.db").display());
    let mut other = SqliteConnection::connect(&place).await.unwrap();
    // Somebody copies it, slowly: longer than the five seconds that the database itself would wait.
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    device.mood(Mood::Happy).await;
    device.told(|told| told.playing.as_ref().is_some_and(|playing| playing.title == "sun")).await;
    until_state(&program.page, "database is locked").await;
    post(&program.page, "/api/skip", "");
    device.mood(Mood::Sad).await;
    device.told(|told| told.playing.as_ref().is_some_and(|playing| playing.title == "rain")).await;
    assert!(!get(&program.page, "/api/history").contains("rain"), "it is locked");
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let history = until(&program.page, "/api/history", "rain").await;
    let (rain, sun) = (history.find("rain").unwrap(), history.find("\"sun\"").expect("the play before is not lost"));
    assert!(rain < sun, "the latest is first: {history}");
    until_state(&program.page, "\"notices\":[]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_no_music_and_loses_nothing() {
    let home = Home::with(&[("happy/sun.wav", 60.0)]);
    let program = run_with(&home, |program| {
        // What a write meets on a full disk is an error, and no signal.
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(program.get_program()).args(program.get_args());
        shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell
    });
    until_state(&program.page, "\"tracks\":1").await;
    program.limit_files("1");
    let mut device = Device::connect("kitchen", &program.broker).await;
    device.mood(Mood::Happy).await;
    device.told(|told| told.playing.as_ref().is_some_and(|playing| playing.title == "sun")).await;
    until_state(&program.page, "the database cannot be used").await;
    assert!(!get(&program.page, "/api/history").contains("\"sun\""), "the disk is full");
    program.limit_files("unlimited");
    until(&program.page, "/api/history", "\"sun\"").await;
    until_state(&program.page, "\"notices\":[]").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_gone_mad_slows_neither_the_page_nor_the_music() {
    let home = Home::with(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    let program = run(&home);
    until_state(&program.page, "\"tracks\":2").await;
    let mut device = Device::connect("kitchen", &program.broker).await;
    device.mood(Mood::Happy).await;
    until_state(&program.page, "\"title\":\"sun\"").await;

    let mut options = MqttOptions::new("mad", &program.broker.0, program.broker.1);
    options.set_keep_alive(Duration::from_secs(5));
    let (mad, mut events) = AsyncClient::new(options, 1024);
    let network = tokio::spawn(async move { while events.poll().await.is_ok() {} });
    let flood = tokio::spawn(async move {
        let began = Instant::now();
        let mut told = 0_u64;
        while began.elapsed() < Duration::from_secs(4) {
            for _ in 0..100 {
                told += 1;
                let mood = if told.is_multiple_of(2) { Mood::Happy } else { Mood::Sad };
                let payload = serde_json::to_vec(&message(mood, jiff::Timestamp::now(), told)).unwrap();
                mad.publish("moodring/mad/mood", QoS::AtMostOnce, false, payload).await.unwrap();
            }
            // Ten thousand a second, if the machine can.
            let due = Duration::from_secs_f64(told as f64 / 10_000.0);
            tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        }
        told
    });
    let mut longest = Duration::ZERO;
    while !flood.is_finished() {
        let asked = Instant::now();
        assert!(get(&program.page, "/api/state").contains("\"sun\""), "the music is not cut");
        longest = longest.max(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let told = flood.await.unwrap();
    // Nothing has piled up: what another device says is heard soon.
    let began = Instant::now();
    device.say("status", true, b"offline".to_vec()).await;
    until_state(&program.page, "\"id\":\"kitchen\",\"online\":false").await;
    println!("{told} messages in 4 s; the slowest page {longest:?}; heard after it {:?}", began.elapsed());
    assert!(told > 1000, "this was no flood: {told} messages");
    network.abort();
}
