//! The device as Home Assistant meets it: presented by its rules, steered by its topics.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    path::Path,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use boon::{Compiler, Schemas};
use common::{
    Broker, Ear, Heard, PATIENCE,
    device::{Device, clip},
    moods,
};
use moodring_device::{
    order::Order,
    publish::{MqttSettings, Publisher, discovery},
};
use moodring_mood::{DeviceId, Health, Leaf, Mood};
use rumqttc::QoS;
use serde_json::{Value, json};

const CONFIG: &str = "homeassistant/device/hall/config";

fn hall() -> DeviceId {
    "hall".parse().unwrap()
}

/// What Home Assistant's rules say to a presentation.
fn judge(payload: &Value) -> Result<(), String> {
    let rules: Value = serde_json::from_str(include_str!("home-assistant.schema.json")).unwrap();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", rules).unwrap();
    let schema = compiler.compile("schema.json", &mut schemas).unwrap();
    schemas.validate(payload, schema).map_err(|why| why.to_string())
}

fn presentation() -> Value {
    let machine = discovery::Machine { model: Some("Raspberry Pi 3 Model B Rev 1.2".to_owned()), temperature: true };
    discovery::payload(&hall(), &machine)
}

#[test]
fn the_presentation_keeps_home_assistants_rules() {
    let payload = presentation();
    judge(&payload).unwrap();
    judge(&discovery::payload(&hall(), &discovery::Machine::default())).unwrap();
    let components = payload["components"].as_object().unwrap();
    let keys: Vec<&str> = components.keys().map(String::as_str).collect();
    let expected = [
        "brightness",
        "camera_problem",
        "confidence",
        "mood",
        "paused",
        "people",
        "restart",
        "temperature",
        "too_dark",
        "version",
    ];
    assert_eq!(keys, expected);
    let mut ids: Vec<&Value> = components.values().map(|component| &component["unique_id"]).collect();
    ids.dedup();
    assert_eq!(ids.len(), components.len(), "each entity has an id of its own");
    let options: Vec<&str> = Mood::ALL.iter().map(|mood| mood.word()).collect();
    assert_eq!(components["mood"]["options"], json!(options), "every mood that can be said is an option");
    assert_eq!(payload["availability_topic"], "moodring/hall/status");
}

#[test]
fn the_rules_refuse_what_home_assistant_refuses() {
    type Spoil = fn(&mut Value);
    let spoilt: [(&str, Spoil); 12] = [
        ("no origin", |p| drop(p.as_object_mut().unwrap().remove("origin"))),
        ("no name of the origin", |p| p["origin"] = json!({})),
        ("no identifier", |p| drop(p["device"].as_object_mut().unwrap().remove("identifiers"))),
        ("no platform", |p| drop(p["components"]["mood"].as_object_mut().unwrap().remove("platform"))),
        ("no unique id", |p| drop(p["components"]["mood"].as_object_mut().unwrap().remove("unique_id"))),
        ("an enum with a state class", |p| p["components"]["mood"]["state_class"] = json!("measurement")),
        ("an enum without options", |p| drop(p["components"]["mood"].as_object_mut().unwrap().remove("options"))),
        ("a sensor that can be set", |p| p["components"]["people"]["entity_category"] = json!("config")),
        ("a topic with a wildcard", |p| p["components"]["people"]["state_topic"] = json!("moodring/+/mood")),
        ("a switch without a command", |p| {
            drop(p["components"]["paused"].as_object_mut().unwrap().remove("command_topic"))
        }),
        ("a retained command", |p| p["components"]["paused"]["retain"] = json!(true)),
        ("an unknown key", |p| p["components"]["people"]["colour"] = json!("red")),
    ];
    for (what, spoil) in spoilt {
        let mut payload = presentation();
        spoil(&mut payload);
        assert!(judge(&payload).is_err(), "{what} should be refused");
    }
}

#[test]
fn presents_itself_retained_and_again_when_home_assistant_is_back() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let settings = MqttSettings { host: "127.0.0.1".to_owned(), port: broker.port, ..MqttSettings::default() };
    let publisher =
        Publisher::start(&settings, &hall(), &discovery::Machine::default(), mpsc::channel().0, None).unwrap();
    let said = ear.wait_for_foreign(CONFIG, 1).remove(0);
    assert_eq!(said.qos, QoS::AtLeastOnce);
    judge(&serde_json::from_slice(&said.payload).unwrap()).unwrap();
    let late = Ear::new(broker.port);
    assert!(late.wait_for_foreign(CONFIG, 1)[0].retained, "who comes later is told too");
    ear.tell("homeassistant/status", "offline", false);
    ear.tell("homeassistant/status", "online", false);
    assert!(ear.wait_for_foreign(CONFIG, 2)[1].payload == said.payload, "the same again");
    publisher.close(Duration::from_secs(2));

    // It can be off, or elsewhere.
    let elsewhere = MqttSettings { discovery: "ha/test".to_owned(), ..settings.clone() };
    Publisher::start(&elsewhere, &"attic".parse().unwrap(), &discovery::Machine::default(), mpsc::channel().0, None)
        .unwrap();
    ear.wait_for_foreign("ha/test/device/attic/config", 1);
    let off = MqttSettings { discovery: String::new(), ..settings };
    let quiet =
        Publisher::start(&off, &"cellar".parse().unwrap(), &discovery::Machine::default(), mpsc::channel().0, None);
    let quiet = quiet.unwrap();
    quiet.brightness(7);
    let heard = ear.wait_for(Leaf::Brightness);
    assert_eq!(heard.payload, b"7", "a state that comes after the presentation would");
    assert_eq!(ear.wait_for_foreign("homeassistant/device/cellar/config", 0), []);
}

#[test]
fn commands_become_orders_and_everything_else_is_refused() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    // Kept by the broker from before the device came: refused.
    ear.tell("moodring/hall/set/restart", "restart", true);
    ear.wait_for_foreign("moodring/hall/set/restart", 1);
    let settings = MqttSettings { host: "127.0.0.1".to_owned(), port: broker.port, ..MqttSettings::default() };
    let (orders, ordered) = mpsc::channel();
    let _publisher = Publisher::start(&settings, &hall(), &discovery::Machine::default(), orders, None).unwrap();
    ear.wait_for_last(Leaf::Status, "online");
    ear.wait_for_foreign(CONFIG, 1);
    for (leaf, payload) in [
        ("paused", "perhaps"),
        ("paused", "on"),
        ("brightness", "300"),
        ("brightness", "30"),
        ("dance", "on"),
        ("", ""),
        ("restart", "please"),
        ("paused", "off"),
        ("restart", "restart"),
    ] {
        ear.tell(&format!("moodring/hall/set/{leaf}"), payload, false);
    }
    // Another device's.
    ear.tell("moodring/attic/set/restart", "restart", false);
    let heard: Vec<Order> = (0..4).map(|_| ordered.recv_timeout(PATIENCE).unwrap()).collect();
    assert_eq!(heard, [Order::Privacy(true), Order::Brightness(30), Order::Privacy(false), Order::Restart]);
    assert!(ordered.recv_timeout(Duration::from_millis(300)).is_err());
}

#[test]
fn the_running_program_obeys_and_says_so() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let keys = [("camera.source", "replay"), ("camera.replay.path", &clip()), ("health.every_s", "1")];
    let mut device = Device::run(broker.port, &keys);
    ear.wait_for_last(Leaf::Paused, "off");
    ear.tell("moodring/hall/set/paused", "yes", false);
    device.said("moodring/hall/set/paused: \"yes\" will not do; say \"on\" or \"off\"; ignored", 1);
    ear.tell("moodring/hall/set/paused", "on", false);
    ear.wait_for_last(Leaf::Paused, "on");
    // Closed: no frame is read any more.
    let healths = || -> Vec<Health> {
        let heard = ear.all().into_iter().filter(|heard| heard.leaf == Leaf::Health);
        heard.map(|heard| Health::parse(&heard.payload).unwrap()).collect()
    };
    let seen = healths().len();
    let start = Instant::now();
    while healths().len() < seen + 2 {
        assert!(start.elapsed() < PATIENCE, "health is said while the camera is closed");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(healths().last().unwrap().camera_problem.is_none(), "a camera that is closed on purpose has no problem");
    ear.tell("moodring/hall/set/paused", "off", false);
    ear.wait_for_last(Leaf::Paused, "off");
    ear.tell("moodring/hall/set/brightness", "40", false);
    ear.wait_for_last(Leaf::Brightness, "40");
    ear.tell("moodring/hall/set/restart", "restart", false);
    let (_, status) = device.wait();
    assert_eq!(status.code(), Some(75), "asks to be started again: {:#?}", device.log());
    ear.wait_for_last(Leaf::Status, "offline");
}

#[test]
fn who_is_there_when_the_camera_opens_again_is_said_as_new() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let folder = tempfile::tempdir().unwrap();
    fs::copy(Path::new(&clip()).join("frame-0060.jpg"), folder.path().join("still.jpg")).unwrap();
    let still = folder.path().display().to_string();
    let keys = [("camera.source", "replay"), ("camera.replay.path", still.as_str()), ("mqtt.repeat_s", "600")];
    let _device = Device::run(broker.port, &keys);
    let happy = |heard: &[Heard]| moods(heard).iter().filter(|message| message.mood == Mood::Happy).count();
    ear.wait("a mood", |heard| happy(heard) > 0);
    ear.tell("moodring/hall/set/paused", "on", false);
    ear.wait_for_last(Leaf::Paused, "on");
    let before = happy(&ear.all());
    ear.tell("moodring/hall/set/paused", "off", false);
    ear.wait("the mood again", |heard| happy(heard) > before);
}
