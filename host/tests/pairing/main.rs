//! Two programs that find each other, and a third that tries to come between: real processes, real TLS.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod foe;
mod programs;

use std::{fs, net::TcpStream, path::Path};

use foe::{Forged, Insider, Overheard, come_as, stand_between};
use moodring_pairing::{
    pake::Guess,
    wire::{FromDevice, FromHost, VERSION, to_hex},
};
use programs::{Device, Host, free_port, host_command, other_than, until};

fn folder(of: &tempfile::TempDir, name: &str) -> std::path::PathBuf {
    let folder = of.path().join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Types the code that a device shows, and waits until its moods arrive.
fn pair(host: &Host, device: &Device, id: &str, before: &str) -> String {
    host.until_waiting(id);
    let code = device.code(before);
    assert_eq!(host.type_code(id, &code), (200, String::new()), "{:#?}\n{:#?}", device.log(), host.log());
    host.until_online(id, true);
    code
}

#[test]
fn a_device_is_paired_lives_through_restarts_and_is_revoked() {
    let home = tempfile::tempdir().unwrap();
    let (at_host, at_device) = (folder(&home, "host"), folder(&home, "device"));
    let (door, mqtt) = (free_port(), free_port());
    let keys = [("pairing.port", door.as_str()), ("pairing.mqtt_port", mqtt.as_str())];
    let place = format!("127.0.0.1:{door}");
    let host = Host::run(&at_host, &keys);
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &place)]);
    host.until_waiting("hall");
    let code = device.code("");
    // The wrong code first: said plainly, and counted.
    let (status, why) = host.type_code("hall", &other_than(&code));
    assert!(status == 403 && why.contains("4 more wrong codes are let pass"), "{status} {why}");
    let code = pair(&host, &device, "hall", "");
    let first = device.kept().unwrap();
    assert_eq!(first.name, "Living room");

    // Both go and come back.
    device.stop();
    host.until_online("hall", false);
    host.stop();
    let host = Host::run(&at_host, &keys);
    // Whoever connects there and says nothing keeps nobody out.
    let silent = TcpStream::connect(format!("127.0.0.1:{mqtt}")).unwrap();
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &place)]);
    host.until_online("hall", true);
    drop(silent);
    assert_eq!(device.kept(), Some(first.clone()));

    // Another key at the same place: the device says nothing to it, and comes back to its own host.
    host.stop();
    fs::rename(at_host.join("tls-key.pem"), at_host.join("own")).unwrap();
    let impostor = Host::run(&at_host, &keys);
    device.said("that is not the host that this device was paired with");
    impostor.stop();
    fs::rename(at_host.join("own"), at_host.join("tls-key.pem")).unwrap();
    let host = Host::run(&at_host, &keys);
    host.until_online("hall", true);

    // Revoked: cut at once, and it says so and shows another code; its old password is worth nothing.
    let mut ear = Insider::local(&host.broker, "ear");
    assert!(ear.is_let_in() && ear.subscribes("moodring/hall/status"));
    assert_eq!(host.ask("POST", "/api/pairing/hall/revoke", "").0, 200);
    until("its last will is published", || (ear.message().1 == "offline").then_some(()));
    device.said("it was revoked there");
    assert_eq!(device.kept(), None);
    assert!(!Insider::with(&first, "moodring-hall").is_let_in());
    assert_eq!(host.ask("POST", "/api/pairing/hall/revoke", "").0, 404);

    // And paired again, by the command line.
    host.until_waiting("hall");
    let again = device.code(&code);
    let output = host_command(&at_host, &[]).args(["pair", &again]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "hall is paired\n", "{}", String::from_utf8_lossy(&output.stderr));
    host.until_online("hall", true);
    assert_ne!(device.kept().unwrap().credentials.password, first.credentials.password);
    let list = host_command(&at_host, &[]).arg("devices").output().unwrap();
    assert!(String::from_utf8(list.stdout).unwrap().starts_with("hall "));
}

#[test]
#[ignore = "needs multicast over loopback, which containers may lack: make network-check"]
fn a_device_finds_a_host_that_announces_itself_and_finds_it_again_elsewhere() {
    let home = tempfile::tempdir().unwrap();
    let (at_host, at_device) = (folder(&home, "host"), folder(&home, "device"));
    let keys = [("pairing.announce", "true")];
    let host = Host::run(&at_host, &keys);
    let device = Device::run(&at_device, "cellar", &[]);
    pair(&host, &device, "cellar", "");
    let before = device.kept().unwrap();
    host.stop();
    // It comes back on other ports: the system chooses them.
    let host = Host::run(&at_host, &keys);
    host.until_online("cellar", true);
    let after = device.kept().unwrap();
    assert_eq!(before.host, after.host);
    assert_ne!(before.credentials.broker, after.credentials.broker, "it is remembered where the host is now");
    let mut doctor = Device::command(&at_device, "cellar", &[]);
    let output = doctor.args(["doctor", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for part in ["pairing", "broker"] {
        let finding = report["parts"].as_array().unwrap().iter().find(|one| one["part"] == part).unwrap().clone();
        assert_eq!(finding["verdict"], "good", "{finding:#}");
    }
}

#[test]
fn a_device_has_its_own_topics_and_nothing_else() {
    let home = tempfile::tempdir().unwrap();
    let (at_host, at_device) = (folder(&home, "host"), folder(&home, "device"));
    let host = Host::run(&at_host, &[]);
    let place = host.door.to_string();
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &place)]);
    pair(&host, &device, "hall", "");
    let kept = device.kept().unwrap();

    // While it is there, nobody else takes its place.
    assert!(!Insider::login(&kept, "moodring-hall", Some(("hall", "guessed"))).is_let_in());
    assert!(!Insider::local(&host.broker, "moodring-hall").is_let_in());
    host.until_online("hall", true);
    device.stop();
    host.until_online("hall", false);

    let mut ear = Insider::local(&host.broker, "ear");
    assert!(ear.is_let_in() && ear.subscribes("#"));
    let mut foe = Insider::with(&kept, "moodring-hall");
    assert!(foe.is_let_in());
    for filter in ["#", "moodring/#", "moodring/attic/set/+", "moodring/+/mood", "moodring/attic/now_playing"] {
        assert!(!foe.subscribes(filter), "{filter}");
    }
    assert!(foe.subscribes("moodring/hall/set/+"));
    for topic in
        ["moodring/attic/mood", "moodring/hall/now_playing", "moodring/hall/set/restart", "homeassistant/status"]
    {
        // The broker may end the connection over it; then it comes back.
        let mut foe = Insider::with(&kept, "moodring-hall");
        assert!(foe.is_let_in());
        foe.publish(topic, "forged");
        let mut own = Insider::with(&kept, "moodring-hall.doctor");
        assert!(own.is_let_in());
        own.publish("moodring/hall/doctor", topic);
        // What it may say arrives; what came before is all that can have arrived.
        loop {
            let (on, what) = ear.message();
            assert_ne!(what, "forged", "on {on}");
            if what == topic {
                break;
            }
        }
    }
}

#[test]
fn nobody_comes_in_without_a_name_where_none_may_and_programs_have_rights_of_their_own() {
    let home = tempfile::tempdir().unwrap();
    let (at_host, at_device) = (folder(&home, "host"), folder(&home, "device"));
    let host = Host::run(&at_host, &[("mqtt.anonymous", "nobody")]);
    let place = host.door.to_string();
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &place)]);
    pair(&host, &device, "hall", "");
    let kept = device.kept().unwrap();
    assert!(!Insider::local(&host.broker, "stranger").is_let_in());
    assert!(!Insider::login(&kept, "stranger", None).is_let_in());

    let client = |arguments: &[&str]| {
        let output = host_command(&at_host, &[]).arg("client").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    };
    let password = |said: &str| said.lines().find_map(|line| line.strip_prefix("password:  ")).unwrap().to_owned();
    let (ha, eye) = (password(&client(&["add", "ha"])), password(&client(&["add", "eye", "--read-only"])));
    assert!(client(&["add", "hall"]).contains("a paired device is called hall"));
    let mut reader = until("the host takes it in", || {
        let mut reader = Insider::login(&kept, "eye", Some(("eye", &eye)));
        reader.is_let_in().then_some(reader)
    });
    assert!(reader.subscribes("moodring/hall/#"));
    let mut program = Insider::login(&kept, "ha", Some(("ha", &ha)));
    assert!(program.is_let_in());
    program.publish("moodring/hall/set/brightness", "40");
    program.subscribes("moodring/hall/brightness");
    until("the device obeys", || {
        (reader.message() == ("moodring/hall/brightness".to_owned(), "40".to_owned())).then_some(())
    });
    assert!(client(&["remove", "eye"]).contains("let in no more"));
    until("it is cut", || reader.next().is_err().then_some(()));
    assert!(client(&["list"]).starts_with("ha "));
}

#[test]
fn guesses_are_limited_by_the_host_and_by_the_device() {
    let home = tempfile::tempdir().unwrap();
    let (at_host, at_device) = (folder(&home, "host"), folder(&home, "device"));
    let host = Host::run(&at_host, &[]);
    let place = host.door.to_string();
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &place)]);
    host.until_waiting("hall");
    let code = device.code("");
    assert_eq!(host.type_code("hall", "12345").0, 400);
    assert_eq!(host.type_code("attic", &code).0, 404);
    for left in (0..5).rev() {
        let (status, why) = host.type_code("hall", &other_than(&code));
        assert!(status == 403 && why.contains(&format!("{left} more")), "{status} {why}");
    }
    let (status, why) = host.type_code("hall", &code);
    assert!(status == 429 && why.contains("try again in 10 min"), "{status} {why}: even the right one");

    // A host that keeps no limit finds that the device does: five guesses used its code up.
    let forged = Forged::new();
    let at_forged = folder(&home, "other");
    let other = Device::run(&at_forged, "attic", &[("mqtt.pair_at", &forged.at.to_string())]);
    let mut talk = forged.welcome();
    let shown = other.code("");
    for _ in 0..5 {
        let (_, message) = Guess::begin(other_than(&shown).parse().unwrap()).unwrap();
        talk.say(&FromHost::Guess { message: to_hex(&message) }).unwrap();
        assert!(matches!(talk.answer(), Some(FromDevice::Response { .. })));
        talk.say(&FromHost::Wrong).unwrap();
    }
    let (_, message) = Guess::begin(shown.parse().unwrap()).unwrap();
    talk.say(&FromHost::Guess { message: to_hex(&message) }).unwrap();
    assert!(matches!(talk.answer(), Some(FromDevice::Wait { seconds: 1..=30 })));
    assert_eq!(other.kept(), None);
}

#[test]
fn a_man_in_the_middle_learns_nothing_and_what_he_recorded_is_worth_nothing() {
    let home = tempfile::tempdir().unwrap();
    let (at_host, at_device) = (folder(&home, "host"), folder(&home, "device"));
    let host = Host::run(&at_host, &[]);
    let forged = Forged::new();
    let place = forged.at.to_string();
    let overheard = stand_between(forged, host.door);
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &place)]);
    host.until_waiting("hall");
    let code = device.code("");
    let (status, why) = host.type_code("hall", &code);
    assert_eq!(status, 403, "the right code, on the wrong connection: {why}");
    assert_eq!(overheard.recv(), Ok(Overheard::Guess));
    let Ok(Overheard::Response(recorded)) = overheard.recv() else { panic!("no response") };
    assert!(overheard.try_recv().is_err(), "neither proof nor credentials");
    assert_eq!(device.kept(), None);
    device.stop();

    // He plays the device with what he recorded of it.
    let mut talk = come_as("hall", host.door);
    assert!(matches!(talk.hear(), Some(FromHost::Welcome { v: VERSION, .. })));
    let replay = std::thread::spawn(move || {
        loop {
            match talk.hear::<FromHost>() {
                Some(FromHost::Guess { .. }) => {
                    talk.say(&FromDevice::Response { message: recorded.clone() }).unwrap();
                }
                Some(FromHost::Wrong) => return true,
                Some(FromHost::Here | FromHost::Welcome { .. }) => {}
                _ => return false,
            }
        }
    });
    until("his device waits", || {
        let (_, view) = host.ask("GET", "/api/pairing", "");
        (view["waiting"].as_array().unwrap().len() == 1).then_some(())
    });
    assert_eq!(host.type_code("hall", &code).0, 403);
    assert!(replay.join().unwrap(), "the host said: wrong");
}

#[test]
fn a_forged_host_gets_no_device_by_a_proof_it_cannot_give() {
    let home = tempfile::tempdir().unwrap();
    let forged = Forged::new();
    let at_device = folder(&home, "device");
    let device = Device::run(&at_device, "hall", &[("mqtt.pair_at", &forged.at.to_string())]);
    let mut talk = forged.welcome();
    device.code("");
    let credentials = || {
        let broker = moodring_pairing::wire::Broker::Host { port: 1 };
        let (username, password) = ("hall".to_owned(), "p".to_owned());
        FromHost::Credentials(moodring_pairing::wire::Credentials { username, password, broker })
    };
    // Credentials without a word of proof; then with a made-up one.
    talk.say(&credentials()).unwrap();
    assert_eq!(talk.answer(), None, "it hangs up");
    let mut talk = forged.welcome();
    let (_, message) = Guess::begin("000000".parse().unwrap()).unwrap();
    talk.say(&FromHost::Guess { message: to_hex(&message) }).unwrap();
    assert!(matches!(talk.answer(), Some(FromDevice::Response { .. })));
    talk.say(&FromHost::Proof { message: to_hex(&[7; 64]) }).unwrap();
    talk.say(&credentials()).unwrap();
    assert_eq!(talk.answer(), Some(FromDevice::Unproved));
    assert_eq!(device.kept(), None);
    assert!(!Path::new(&at_device.join("host.json")).exists());
}
