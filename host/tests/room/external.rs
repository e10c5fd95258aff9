//! A broker of its own beside the host: it goes, comes back, and asks for a password.

use std::{net::SocketAddr, time::Duration};

use moodring_host::{broker::Embedded, config::Broker, library::Store, view::Paused};
use moodring_mood::Mood;
use tokio::time::{Instant, sleep};

use crate::support::{Device, Home, LONG, plays, until};

/// A broker that remembers nothing of an earlier one.
async fn broker(at: SocketAddr, dir: &std::path::Path) -> Embedded {
    let store = Store::open(dir).await.unwrap();
    let patience = Instant::now() + LONG;
    loop {
        match Embedded::start(at, &store).await {
            Ok(broker) => return broker,
            // The system may hold on to the port for a moment.
            Err(e) if Instant::now() > patience => panic!("{e}"),
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn music_outlasts_an_external_broker_that_goes_and_comes_back() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let outside = broker(SocketAddr::from(([127, 0, 0, 1], 0)), first.path()).await;
    let at = outside.address;
    let mut home = Home::with(&[("happy/sun.wav", 60.0)]);
    home.config.mqtt.broker = Broker::External;
    (home.config.mqtt.host, home.config.mqtt.port) = (at.ip().to_string(), at.port());
    let host = home.start_and_scan().await;
    assert_eq!(host.broker, (at.ip().to_string(), at.port()));
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    until(&host.handle, "music plays", |s| plays(s, "sun")).await;
    device.told(|told| told.playing.is_some()).await;
    drop(device);

    outside.stop().await;
    let lost = format!("no connection to the broker at {at}");
    let state = until(&host.handle, "it is noticed", |s| s.notices.iter().any(|n| n.contains(&lost))).await;
    assert!(plays(&state, "sun") && state.paused == Paused::No);
    let position = |s: &moodring_host::view::State| s.playing.as_ref().map_or(0.0, |p| p.position_s);
    let before = position(&state);
    until(&host.handle, "the song goes on", |s| plays(s, "sun") && position(s) > before + 0.5).await;

    let outside = broker(at, second.path()).await;
    until(&host.handle, "all is well again", |s| s.notices.is_empty()).await;
    // The new broker knows nothing: what a device hears now was told again.
    let mut device = Device::connect("kitchen", &host.broker).await;
    let told = device.told(|told| told.playing.is_some()).await;
    assert_eq!(told.playing.unwrap().title, "sun");
    device.mood(Mood::Sad).await;
    until(&host.handle, "it listens again", |s| s.devices[0].mood == Mood::Sad).await;
    assert_eq!(host.handle.history(10).await.unwrap().len(), 1, "it was one song all along");
    host.stop().await;
    outside.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_cannot_be_read_is_named() {
    let mut home = Home::with(&[]);
    home.config.mqtt.broker = Broker::External;
    home.config.mqtt.username = "moodring".to_owned();
    home.config.mqtt.password_file = home.dir.path().join("none");
    let Err(error) = home.try_start().await else { panic!("it must not start") };
    let error = error.to_string();
    assert!(error.contains("cannot read mqtt.password_file") && error.contains("none: No such file"), "{error}");
}
