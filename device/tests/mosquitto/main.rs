//! The device against a real Mosquitto with TLS, passwords and rights: `make mqtt-test`.
//!
//! These tests are ignored in `make test`, for they need Mosquitto installed; without it they fail.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod broker;
#[path = "../common/mod.rs"]
mod common;

use std::{
    fs,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use broker::{Authority, Mosquitto, Setup, VALID};
use common::{PATIENCE, device::clip, moods};
use moodring_device::publish::{MqttSettings, Publisher, Statement, TlsSettings, discovery};
use moodring_mood::{Confidence, Leaf, Mood, Scores};

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A publisher that goes to the TLS listener as `hall`, with its password.
fn publisher(broker: &Mosquitto) -> Publisher {
    let settings = MqttSettings {
        host: "localhost".to_owned(),
        port: broker.tls,
        username: "hall".to_owned(),
        password_file: broker.setup.password(),
        tls: TlsSettings { enabled: true, ca_file: broker.setup.authority.file(), ..TlsSettings::default() },
        ..MqttSettings::default()
    };
    let machine = discovery::Machine::default();
    Publisher::start(&settings, &"hall".parse().unwrap(), &machine, mpsc::channel().0, None).unwrap()
}

fn statement(mood: Mood) -> Statement {
    let (at, confidence) = (jiff::Timestamp::now(), Confidence::saturating(0.8));
    Statement { at, mood, confidence, people: 1, scores: Scores::default() }
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn a_password_over_tls_opens_the_devices_own_topics_and_no_others() {
    let broker = Setup::new(VALID).start();
    let password = broker.setup.password();
    let ear = broker.ear();
    let login = [("mqtt.username", "hall"), ("mqtt.password_file", text(&password)), ("camera.replay.path", &clip())];
    let device = broker.device(&login);
    ear.wait("a happy room", |heard| moods(heard).iter().any(|message| message.mood == Mood::Happy));
    ear.wait_for_foreign("homeassistant/device/hall/config", 1);
    ear.tell("moodring/hall/set/paused", "on", false);
    ear.wait_for_last(Leaf::Paused, "on");
    // Killed, it is told offline by its last will.
    device.signal("KILL");
    ear.wait_for_last(Leaf::Status, "offline");

    // Under another device's name the same user may say nothing, and is told so.
    let attic = broker.device(&[&login[..], &[("id", "attic"), ("mqtt.keep_alive_s", "2")]].concat());
    attic.said("what this device says does not arrive", 1);
    assert!(attic.lines_with("moodring/attic/#") >= 1, "{:#?}", attic.log());
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn a_certificate_of_its_own_is_who_the_device_is() {
    let mut setup = Setup::new(VALID);
    setup.ask_for_certificate = true;
    let (certificate, key) = setup.authority.sign("hall", "hall", VALID);
    let stranger = Authority::new(setup.folder.path(), "other").sign("stranger", "stranger", VALID);
    let expired = setup.authority.sign("expired", "expired", (2001, 2002));
    let broker = setup.start();
    let ear = broker.ear();
    let device = broker.device(&[("mqtt.tls.certificate", text(&certificate)), ("mqtt.tls.key", text(&key))]);
    ear.wait_for_last(Leaf::Status, "online");
    drop(device);
    broker.device(&[]).said("the broker wants to see a certificate: set mqtt.tls.certificate and mqtt.tls.key", 1);
    for (certificate, key) in [stranger, expired] {
        let device = broker.device(&[("mqtt.tls.certificate", text(&certificate)), ("mqtt.tls.key", text(&key))]);
        device.said("device's certificate", 1);
        assert_eq!(device.lines_with(text(&certificate)), 1, "{:#?}", device.log());
    }
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn each_reason_for_no_connection_is_said_once_with_what_to_do() {
    let broker = Setup::new(VALID).start();
    let password = broker.setup.password();
    let other = Authority::new(broker.setup.folder.path(), "other");
    let wrong = broker.setup.folder.path().join("wrong");
    fs::write(&wrong, "not this\n").unwrap();
    let plain = broker.plain.to_string();
    let user = ("mqtt.username", "hall");
    let pass = ("mqtt.password_file", text(&password));
    let (other, wrong) = (other.file(), text(&wrong).to_owned());
    for (keys, says) in [
        (vec![], "set mqtt.username and mqtt.password_file"),
        (
            vec![user, ("mqtt.password_file", &wrong)],
            "it refuses the user \"hall\" or the password: check mqtt.username",
        ),
        (vec![user, pass, ("mqtt.tls.ca_file", text(&other))], "was signed by another authority than the one in"),
        (vec![user, pass, ("mqtt.host", "127.0.0.1")], "is for another name than \"127.0.0.1\""),
        (vec![user, pass, ("mqtt.port", &plain)], "before TLS began: port"),
        (vec![user, pass, ("mqtt.tls.enabled", "false"), ("mqtt.tls.ca_file", "")], "mqtt.tls.enabled"),
        (
            vec![user, pass, ("mqtt.host", "no-such-host.invalid")],
            "the name \"no-such-host.invalid\" (mqtt.host) is not known",
        ),
    ] {
        let device = broker.device(&keys);
        device.said("no connection to the broker", 1);
        assert_eq!(device.lines_with(says), 1, "should say {says}: {:#?}", device.log());
        // It is tried again, and said no more.
        thread::sleep(Duration::from_millis(1500));
        assert_eq!(device.lines_with("no connection to the broker"), 1, "{:#?}", device.log());
    }
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn a_certificate_out_of_its_time_is_told_from_a_clock_that_is_not_set() {
    for (years, says) in [
        ((2001, 2002), "the broker's certificate has expired"),
        ((2100, 2120), "not valid yet, by this device's clock, which says"),
    ] {
        let broker = Setup::new(years).start();
        let device = broker.device(&[]);
        device.said("no connection to the broker", 1);
        assert_eq!(device.lines_with(says), 1, "should say {says}: {:#?}", device.log());
    }
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn a_minute_without_the_broker_loses_no_change_of_mood() {
    let mut broker = Setup::new(VALID).start();
    let ear = broker.ear();
    let publisher = publisher(&broker);
    wait_until("there is a connection", || publisher.is_connected());
    let mut said: Vec<Mood> = Vec::new();
    let mut say = |mood| {
        publisher.changed(statement(mood));
        said.push(mood);
    };
    say(Mood::Happy);
    ear.wait_for(Leaf::Mood);
    broker.stop();
    let start = Instant::now();
    for mood in Mood::ALL.into_iter().cycle().take(60) {
        say(mood);
        thread::sleep(Duration::from_secs(1));
    }
    let outage = start.elapsed();
    assert!(outage >= Duration::from_secs(60) && !publisher.is_connected());
    broker.start();
    let heard = ear.wait("the last change", |heard| moods(heard).last().is_some_and(|last| last.seq >= 61));
    let heard: Vec<(u64, Mood)> =
        moods(&heard).into_iter().map(|message| (message.seq, message.mood)).take(61).collect();
    assert_eq!(heard, (1..).zip(said).collect::<Vec<_>>());
    assert_eq!(publisher.changes_dropped(), 0);
    ear.wait_for_last(Leaf::Status, "online");
    println!("61 changes said, 60 of them in the {outage:.1?} without a broker; all heard, in order");
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn two_devices_of_one_name_are_both_told_once() {
    let broker = Setup::new(VALID).start();
    let password = broker.setup.password();
    let login = [("mqtt.username", "hall"), ("mqtt.password_file", text(&password)), ("camera.replay.path", &clip())];
    let first = broker.device(&login);
    first.said("connected to the broker", 1);
    let second = broker.device(&login);
    for device in [&first, &second] {
        device.said("another device is also called \"hall\"", 1);
        assert_eq!(device.lines_with("id = \"...\" in /etc/moodring/device.toml"), 1);
    }
    // From then on they are quiet about throwing each other out.
    let lines = first.log().len() + second.log().len();
    thread::sleep(Duration::from_secs(5));
    let since = first.log().len() + second.log().len() - lines;
    assert!(since < 10, "{since} lines more: {:#?}", first.log());
}
