//! The publisher against a real broker that comes, goes and forgets.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use common::{Broker, Ear, PATIENCE, faulty::FaultyBroker, moods};
use moodring_device::publish::{MqttSettings, Publisher, Statement, discovery::Machine};
use moodring_mood::{Confidence, DeviceId, Leaf, Mood, Scores, Topic};

fn device() -> DeviceId {
    "hall".parse().unwrap()
}

fn start(port: u16, outbox: usize) -> Publisher {
    let settings = MqttSettings { host: "127.0.0.1".to_owned(), port, outbox, ..MqttSettings::default() };
    Publisher::start(&settings, &device(), &Machine::default(), mpsc::channel().0, None).unwrap()
}

fn statement(mood: Mood) -> Statement {
    Statement {
        at: jiff::Timestamp::now(),
        mood,
        confidence: Confidence::saturating(0.8),
        people: 1,
        scores: Scores::default(),
    }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn says_online_its_state_and_a_clean_goodbye() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let publisher = start(broker.port, 256);
    publisher.screen(b"\x89PNG".to_vec());
    publisher.changed(statement(Mood::Happy));
    ear.wait_for_last(Leaf::Status, "online");
    assert_eq!(ear.wait_for(Leaf::Screen).payload, b"\x89PNG");
    ear.wait_for(Leaf::Mood);
    assert!(publisher.close(Duration::from_secs(2)));
    ear.wait_for_last(Leaf::Status, "offline");
    let heard = moods(&ear.all());
    assert_eq!(heard.iter().map(|m| (m.seq, m.mood)).collect::<Vec<_>>(), [(1, Mood::Happy)]);
    // Who comes later knows it too, but for the picture, which is too large to be retained.
    let late = Ear::new(broker.port);
    late.wait_for_last(Leaf::Status, "offline");
    late.wait_for(Leaf::Mood);
    assert!(late.all().iter().all(|heard| heard.leaf != Leaf::Screen));
}

#[test]
fn changes_made_while_the_broker_is_away_arrive_in_order_when_it_is_back() {
    let broker = Broker::start();
    let port = broker.port;
    let publisher = start(port, 256);
    wait_until("the publisher is connected", || publisher.is_connected());
    let spoken = [Mood::Happy, Mood::Sad, Mood::Angry, Mood::Nobody, Mood::Fear, Mood::Neutral, Mood::Surprise];
    publisher.changed(statement(spoken[0]));
    drop(broker);
    wait_until("the publisher notices", || !publisher.is_connected());
    for mood in &spoken[1..4] {
        publisher.changed(statement(*mood));
    }
    let broker = Broker::start_on(port);
    let ear = Ear::new(port);
    for mood in &spoken[4..] {
        publisher.changed(statement(*mood));
    }
    let heard = ear.wait("the last change", |heard| moods(heard).iter().any(|m| m.seq == 7));
    let heard: Vec<(u64, Mood)> = moods(&heard).into_iter().map(|m| (m.seq, m.mood)).collect();
    // The first was said before the broker died, with or without an acknowledgement.
    let expected: Vec<(u64, Mood)> = (1..).zip(spoken).collect();
    assert!(heard == expected || heard == expected[1..], "{heard:?}");
    assert_eq!(publisher.changes_dropped(), 0);
    ear.wait_for_last(Leaf::Status, "online");
    drop(broker);
}

#[test]
fn nothing_is_lost_or_swapped_when_connections_break_in_mid_sentence() {
    let broker = FaultyBroker::start();
    let publisher = start(broker.port, 256);
    let said = 35; // Three breaks, one of each kind.
    for i in 0..said {
        publisher.changed(statement(Mood::ALL[i % Mood::ALL.len()]));
    }
    wait_until("the last change is heard", || broker.heard().last() == Some(&(said as u64)));
    let mut heard = broker.heard();
    let all = heard.len();
    heard.dedup();
    assert_eq!(heard, (1..=said as u64).collect::<Vec<_>>());
    assert!(all > said, "a broker that hears and does not say so hears twice");
    assert_eq!(publisher.changes_dropped(), 0);
}

#[test]
fn of_too_many_changes_the_oldest_are_dropped_and_counted() {
    let broker = Broker::start();
    let port = broker.port;
    drop(broker);
    let publisher = start(port, 3);
    for mood in [Mood::Angry, Mood::Happy, Mood::Sad, Mood::Fear, Mood::Neutral] {
        publisher.changed(statement(mood));
    }
    assert_eq!(publisher.changes_dropped(), 2);
    let _broker = Broker::start_on(port);
    let ear = Ear::new(port);
    let heard = ear.wait("the last change", |heard| moods(heard).iter().any(|m| m.seq == 5));
    let first = moods(&heard)[0].seq;
    assert!(first >= 3, "{first}");
}

#[test]
fn hears_what_plays_and_ignores_what_cannot_be_read() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let publisher = start(broker.port, 256);
    ear.wait_for_last(Leaf::Status, "online");
    let topic = Topic::new(device(), Leaf::NowPlaying);
    let song = r#"{"v":1,"at":"2026-11-22T20:00:00Z","playing":{"title":"T","artist":"","mood":"happy","reason":"r"}}"#;
    for bad in ["", "{", r#"{"v":2}"#, "\u{0}\u{1}"] {
        ear.say(&topic, bad);
    }
    ear.say(&topic, song);
    let mut heard = Vec::new();
    wait_until("the song is heard", || {
        heard.extend(publisher.heard());
        heard.last().is_some_and(|last| last.is_some())
    });
    assert_eq!(heard.last().unwrap().as_ref().unwrap().playing.as_ref().unwrap().title, "T");
    // Taken back.
    ear.say(&topic, "");
    wait_until("silence is heard", || publisher.heard() == Some(None));
}

#[test]
fn a_message_too_long_to_read_does_not_keep_the_device_from_the_broker() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let topic = Topic::new(device(), Leaf::NowPlaying);
    ear.say(&topic, vec![b'x'; 2 << 20]);
    ear.wait_for(Leaf::NowPlaying);
    let publisher = start(broker.port, 256);
    ear.wait("a second hello", |heard| heard.iter().filter(|h| h.payload == b"online").count() >= 2);
    publisher.changed(statement(Mood::Sad));
    ear.wait_for(Leaf::Mood);
    thread::sleep(Duration::from_secs(1));
    assert!(publisher.is_connected());
}

#[test]
fn goodbye_to_an_absent_broker_takes_no_time() {
    let broker = Broker::start();
    let port = broker.port;
    drop(broker);
    let publisher = start(port, 256);
    publisher.changed(statement(Mood::Sad));
    let start = Instant::now();
    assert!(!publisher.close(Duration::from_secs(2)));
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
}

#[test]
fn two_devices_of_one_name_notice_each_other_and_one_that_starts_again_does_not() {
    let broker = Broker::start();
    let health = || moodring_device::health::Times::new(Instant::now());
    let said = |times: moodring_device::health::Times| {
        times.health(Instant::now(), jiff::Timestamp::now(), Default::default())
    };
    let first = start(broker.port, 256);
    first.health(said(health()));
    wait_until("the first has heard itself", || first.has_spoken());
    first.close(Duration::from_secs(2));
    let second = start(broker.port, 256);
    second.health(said(health()));
    wait_until("the second has heard itself", || second.has_spoken());
    assert!(!second.has_twin(), "what the run before said stays with the broker and proves nothing");
    let third = start(broker.port, 256);
    third.health(said(health()));
    wait_until("one of them notices", || second.has_twin() || third.has_twin());
}
