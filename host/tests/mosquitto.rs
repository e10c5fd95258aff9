//! The users and rights that are written for Mosquitto, in a real one; and a device that is paired with a host
//! whose broker it is. Needs mosquitto: `make mqtt-test`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[allow(dead_code, reason = "the other tests of pairing use more of it")]
#[path = "pairing/programs.rs"]
mod programs;

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_host::{
    broker::{gate::new_user, mosquitto},
    library::users::{Kind, User},
};
use programs::{Device, Host, PATIENCE, free_port, until};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};

/// Mosquitto with the files in a folder; ended when dropped.
struct Mosquitto {
    child: Child,
    port: u16,
}

impl Mosquitto {
    fn run(folder: &Path) -> Self {
        let port: u16 = free_port().parse().unwrap();
        let config = folder.join("mosquitto.conf");
        let place = folder.display();
        let text = format!(
            "user root\nlistener {port} 127.0.0.1\nallow_anonymous false\npassword_file {place}/passwords\nacl_file {place}/acl\n"
        );
        fs::write(&config, text).unwrap();
        let program = ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/local/bin/mosquitto"]
            .into_iter()
            .find(|program| Path::new(program).exists())
            .unwrap_or("mosquitto");
        let mut command = Command::new(program);
        command.arg("-c").arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn().expect("mosquitto is installed");
        until("mosquitto listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { child, port }
    }

    /// It reads its files anew.
    fn reload(&self) {
        let told = Command::new("kill").args(["-s", "HUP", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What of these topics reaches somebody who may read everything, when `name` publishes on each.
fn arrives(broker: &Mosquitto, ear: (&str, &str), name: &str, password: &str, topics: &[&str]) -> Vec<String> {
    let connect = |client: &str, name: &str, password: &str| {
        let mut options = MqttOptions::new(client, "127.0.0.1", broker.port);
        options.set_credentials(name, password);
        Client::new(options, 64)
    };
    let (listening, mut heard) = connect("ear", ear.0, ear.1);
    listening.subscribe("moodring/#", QoS::AtLeastOnce).unwrap();
    listening.subscribe("homeassistant/#", QoS::AtLeastOnce).unwrap();
    let mut granted = 0;
    let start = Instant::now();
    while granted < 2 {
        assert!(start.elapsed() < PATIENCE, "the ear hears nothing");
        if let Ok(Ok(Event::Incoming(Incoming::SubAck(_)))) = heard.recv_timeout(Duration::from_millis(200)) {
            granted += 1;
        }
    }
    let (saying, mut said) = connect(&format!("moodring-{name}"), name, password);
    for topic in topics {
        saying.publish(*topic, QoS::AtLeastOnce, false, "x").unwrap();
    }
    // Its own, which arrives last.
    saying.publish(format!("moodring/{name}/doctor"), QoS::AtLeastOnce, false, "end").unwrap();
    std::thread::spawn(move || while said.recv().is_ok_and(|event| event.is_ok()) {});
    let mut arrived = Vec::new();
    loop {
        assert!(start.elapsed() < 2 * PATIENCE, "the end does not come: {arrived:?}");
        if let Ok(Ok(Event::Incoming(Incoming::Publish(publish)))) = heard.recv_timeout(Duration::from_millis(200)) {
            if publish.payload == "end" {
                return arrived;
            }
            arrived.push(publish.topic);
        }
    }
}

fn made(name: &str, kind: Kind) -> (User, String) {
    new_user(name, kind, Timestamp::now())
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn mosquitto_gives_each_device_its_own_topics() {
    let home = tempfile::tempdir().unwrap();
    let ((hall, password), (attic, _), (ha, ear)) =
        (made("hall", Kind::Device), made("attic", Kind::Device), made("ha", Kind::Client));
    mosquitto::write(home.path(), &[hall, attic, ha], Some(("host", "geheim"))).unwrap();
    let broker = Mosquitto::run(home.path());
    let topics = [
        "moodring/hall/status",
        "moodring/hall/mood",
        "moodring/attic/mood",
        "moodring/hall/now_playing",
        "moodring/hall/set/paused",
        "moodring/attic/set/paused",
        "homeassistant/device/hall/config",
        "homeassistant/device/attic/config",
        "homeassistant/status",
    ];
    let arrived = arrives(&broker, ("ha", &ear), "hall", &password, &topics);
    assert_eq!(arrived, ["moodring/hall/status", "moodring/hall/mood", "homeassistant/device/hall/config"]);
}

#[test]
#[ignore = "needs mosquitto: make mqtt-test"]
fn a_device_is_paired_with_a_host_whose_broker_is_mosquitto() {
    let home = tempfile::tempdir().unwrap();
    let folder = |name: &str| -> PathBuf {
        let folder = home.path().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder
    };
    let (files, at_host, at_device) = (folder("mosquitto"), folder("host"), folder("device"));
    let secret = home.path().join("secret");
    fs::write(&secret, "geheim\n").unwrap();
    mosquitto::write(&files, &[], Some(("host", "geheim"))).unwrap();
    let broker = Mosquitto::run(&files);
    let port = broker.port.to_string();
    let keys = [
        ("mqtt.broker", "external"),
        ("mqtt.host", "127.0.0.1"),
        ("mqtt.port", port.as_str()),
        ("mqtt.username", "host"),
        ("mqtt.password_file", secret.to_str().unwrap()),
        ("pairing.mosquitto", files.to_str().unwrap()),
    ];
    let host = Host::run(&at_host, &keys);
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &host.door.to_string())]);
    host.until_waiting("hall");
    let code = device.code("");
    assert_eq!(host.type_code("hall", &code), (200, String::new()));
    until("its rights are written", || {
        fs::read_to_string(files.join("acl")).unwrap().contains("user hall\n").then_some(())
    });
    broker.reload();
    until("its moods arrive", || {
        let (_, state) = host.ask("GET", "/api/state", "");
        let devices = state["devices"].as_array()?;
        devices.iter().any(|one| one["id"] == "hall" && one["online"] == true).then_some(())
    });
    assert!(device.kept().is_some());
}
