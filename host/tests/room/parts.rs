//! A part that dies does not leave the rest standing there as if all were well.

use std::time::Duration;

use moodring_host::{
    host::Host,
    player::{Command, Player},
};
use moodring_mood::Mood;
use tokio::time::timeout;

use crate::support::{Device, Home, LONG};

/// A player with a fault in it.
struct Faulty;

impl Player for Faulty {
    fn send(&self, command: Command) {
        assert!(!matches!(command, Command::Play(_)), "this player cannot play");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_dies_is_named_and_the_rest_can_be_stopped() {
    let home = Home::with(&[("happy/sun.wav", 60.0)]);
    let state = home.state();
    let mut host = Host::start_with(&home.config, &state, |_, _, _| Ok(Box::new(Faulty)))
        .await
        .map_err(|e| e.to_string())
        .unwrap();
    let quiet = timeout(Duration::from_millis(300), host.ended()).await;
    assert!(quiet.is_err(), "nothing has ended: {quiet:?}");
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let part = timeout(LONG, host.ended()).await.expect("the end is noticed");
    assert_eq!(part, "the part that chooses the music");
    timeout(LONG, host.stop()).await.expect("the rest stops");
}
