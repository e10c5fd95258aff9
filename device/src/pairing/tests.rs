use moodring_pairing::wire::Credentials;

use super::*;

fn kept(address: &str, broker: Broker) -> Kept {
    let credentials = Credentials { username: "hall".to_owned(), password: "p".to_owned(), broker };
    let host = Fingerprint::new([1; 32]).to_string();
    Kept { v: 1, host, name: "Küche".to_owned(), address: address.parse().unwrap(), credentials }
}

fn bond(folder: &Path) -> Bond {
    bond_of("hall", folder)
}

fn bond_of(device: &str, folder: &Path) -> Bond {
    let settings = MqttSettings { host: AUTO.to_owned(), ..MqttSettings::default() };
    Bond::new(&settings, &device.parse().unwrap(), Keep::within(folder))
}

fn offer(port: u16) -> Offer {
    Offer { host: Fingerprint::new([1; 32]), name: "Küche".to_owned(), mqtt: port, pairing: 0 }
}

#[test]
fn what_is_kept_is_for_its_owner_and_outlives_the_program() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let first = bond(folder.path());
    assert_eq!((first.standing(Instant::now()), first.way(0)), (Standing::Looking, None));
    first.keep(kept("192.0.2.1", Broker::Host { port: 8883 })).unwrap();
    let mode = std::fs::metadata(folder.path().join("host.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = bond(folder.path());
    assert_eq!(second.standing(Instant::now()), Standing::Paired);
    let way = second.way(0).unwrap();
    assert_eq!((way.host.as_str(), way.port, way.username.as_str()), ("192.0.2.1", 8883, "hall"));
    assert_eq!(way.trust, Trust::Key(Fingerprint::new([1; 32])));
}

#[test]
fn a_host_that_moved_is_tried_where_it_announces_itself_and_where_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let bond = bond(folder.path());
    bond.keep(kept("192.0.2.1", Broker::Host { port: 8883 })).unwrap();
    let moved = (offer(9000), vec!["192.0.2.7".parse().unwrap(), "fd00::7".parse().unwrap()]);
    let other = Offer { host: Fingerprint::new([2; 32]), ..offer(1) };
    bond.found(HashMap::from([
        (Fingerprint::new([1; 32]), moved),
        (other.host, (other, vec!["192.0.2.66".parse().unwrap()])),
    ]));
    let ways: Vec<_> = (0..4).map(|attempt| bond.way(attempt).unwrap()).map(|way| (way.host, way.port)).collect();
    let place = |host: &str, port| (host.to_owned(), port);
    assert_eq!(
        ways,
        [place("192.0.2.7", 9000), place("fd00::7", 9000), place("192.0.2.1", 8883), place("192.0.2.7", 9000)],
        "and never where somebody else is"
    );
    bond.reached(&bond.way(0).unwrap());
    assert_eq!(self::bond(folder.path()).way(0).unwrap().host, "192.0.2.7", "remembered");
}

#[test]
fn a_refusal_ends_the_bond_only_by_the_host_itself() {
    let folder = tempfile::tempdir().unwrap();
    let bond = bond(folder.path());
    let elsewhere = Broker::Elsewhere { host: "mosquitto".to_owned(), port: 1883, ca: None, tls: false };
    bond.keep(kept("192.0.2.1", elsewhere)).unwrap();
    assert!(!bond.refused(&bond.way(0).unwrap()), "a Mosquitto may not have its new users yet");
    bond.keep(kept("192.0.2.1", Broker::Host { port: 8883 })).unwrap();
    let way = bond.way(0).unwrap();
    assert!(bond.refused(&way) && !bond.refused(&way));
    assert_eq!(bond.standing(Instant::now()), Standing::Looking);
    assert!(!folder.path().join("host.json").exists());
    let bond = Arc::new(bond);
    let _place = bond.wait_at("Küche");
    let Standing::Code { note, at, code } = bond.standing(Instant::now()) else { panic!("no code") };
    assert_eq!((note.as_deref(), at.as_str(), code.len()), (Some("Removed by Küche"), "Küche", 7));
}

#[test]
fn a_device_with_another_name_than_it_was_paired_under_connects_to_nobody_and_keeps_its_pairing() {
    let folder = tempfile::tempdir().unwrap();
    bond(folder.path()).keep(kept("192.0.2.1", Broker::Host { port: 8883 })).unwrap();
    let attic = bond_of("attic", folder.path());
    let renamed = Standing::Renamed { was: "hall".to_owned(), is: "attic".to_owned() };
    assert_eq!((attic.standing(Instant::now()), attic.way(0)), (renamed, None));
    assert!(!attic.seeks(), "a new pairing would take the place of the old one");
    attic.look_at_the_file();
    assert_eq!(attic.renamed(), Some(("hall".to_owned(), "attic".to_owned())));
    // Its name comes back, or it is to be paired anew.
    let hall = bond(folder.path());
    assert!(hall.way(0).is_some() && hall.renamed().is_none());
    assert!(Keep::within(folder.path()).forget().unwrap());
    attic.look_at_the_file();
    assert_eq!((attic.standing(Instant::now()), attic.renamed()), (Standing::Looking, None));
    assert!(attic.seeks());
}

#[test]
fn a_pairing_that_cannot_be_read_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("host.json"), "{\"v\":1").unwrap();
    let error = Keep::within(folder.path()).read().unwrap_err().to_string();
    assert!(error.contains("has to be paired again"), "{error}");
    assert!(folder.path().join("host.unreadable").exists());
    assert_eq!(Keep::within(folder.path()).read().unwrap(), None);
    let nowhere = Keep::within(Path::new("/proc/nowhere"));
    assert!(nowhere.write(&kept("192.0.2.1", Broker::Host { port: 1 })).is_err());
}

#[test]
fn the_file_removed_by_hand_ends_the_pairing() {
    let folder = tempfile::tempdir().unwrap();
    let bond = bond(folder.path());
    bond.keep(kept("192.0.2.1", Broker::Host { port: 8883 })).unwrap();
    bond.look_at_the_file();
    assert_eq!(bond.standing(Instant::now()), Standing::Paired);
    assert!(Keep::within(folder.path()).forget().unwrap());
    bond.look_at_the_file();
    assert_eq!(bond.standing(Instant::now()), Standing::Looking);
}

#[test]
fn the_state_lives_where_the_system_says() {
    let given = |service: Option<&'static str>, set: &'static [(&str, &str)]| {
        folder(service.map(Path::new), |name| {
            set.iter().find(|(key, _)| *key == name).map(|(_, value)| PathBuf::from(value))
        })
    };
    assert_eq!(given(None, &[("HOME", "/h")]), Some("/h/.local/state/moodring-device".into()));
    assert_eq!(given(None, &[("HOME", "/h"), ("STATE_DIRECTORY", "/s")]), Some("/s".into()));
    assert_eq!(given(None, &[]), None);
    assert_eq!(given(Some("/var/lib/m"), &[("HOME", "/root")]), Some("/var/lib/m".into()), "as its service does");
    assert_eq!(given(Some("/var/lib/m"), &[("STATE_DIRECTORY", "/s")]), Some("/s".into()));
}
