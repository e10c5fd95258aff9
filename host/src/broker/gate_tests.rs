use super::*;

const PASSWORD: &str = "geheim";

fn user(name: &str, kind: Kind) -> User {
    let made = Timestamp::UNIX_EPOCH;
    User { name: name.to_owned(), kind, hash: hash(PASSWORD.as_bytes()), mosquitto: String::new(), made, seen: None }
}

/// A gate that knows two devices and two programs.
async fn gate(anonymous: Anonymous) -> (Gate, Store, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    for known in
        [user("hall", Kind::Device), user("attic", Kind::Device), user("ha", Kind::Client), user("eye", Kind::Reader)]
    {
        store.keep_user(&known).await.unwrap();
    }
    let gate = Gate::new(anonymous, "own secret");
    gate.refresh(&store).await.unwrap();
    (gate, store, folder)
}

fn came<'a>(client: &'a str, login: Option<(&'a str, &'a str)>, from: &str) -> Came<'a> {
    let (username, password) = (login.map(|login| login.0), login.map(|login| login.1.as_bytes()));
    Came { client, username, password, will: None, from: from.parse().unwrap() }
}

const LAN: &str = "192.168.1.66";

#[tokio::test]
async fn nobody_without_a_name_comes_in_from_another_machine() {
    let (gate, ..) = gate(Anonymous::Loopback).await;
    for here in ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"] {
        assert_eq!(gate.admit(&came("x", None, here)), Ok(None), "{here}");
    }
    for away in [LAN, "::ffff:192.168.1.66", "fe80::1", "8.8.8.8"] {
        let (reason, why) = gate.admit(&came("x", None, away)).unwrap_err();
        assert_eq!(reason, ReasonCode::NotAuthorized, "{away}");
        assert!(why.contains("moodring-host client add"), "{why}");
    }
    let (open, ..) = self::gate(Anonymous::Anyone).await;
    assert!(open.admit(&came("x", None, LAN)).is_ok());
    let (shut, ..) = self::gate(Anonymous::Nobody).await;
    assert!(shut.admit(&came("x", None, "127.0.0.1")).is_err());
}

#[tokio::test]
async fn what_this_program_hands_on_comes_from_where_it_came_from() {
    let (gate, ..) = gate(Anonymous::Loopback).await;
    let gate = Arc::new(gate);
    let (own, other) = ("127.0.0.1:40000".parse().unwrap(), "192.168.1.66:5000".parse().unwrap());
    let behind = Gate::stands_for(&gate, own, other);
    assert_eq!(gate.origin(own), other);
    drop(behind);
    assert_eq!(gate.origin(own), own);
}

#[tokio::test]
async fn a_password_opens_for_its_own_name_alone() {
    let (gate, ..) = gate(Anonymous::Loopback).await;
    let hall = Some(("hall", PASSWORD));
    assert_eq!(gate.admit(&came("moodring-hall", hall, LAN)), Ok(Some("hall".to_owned())));
    for (name, password) in [("hall", "other"), ("hall", ""), ("nobody", PASSWORD), ("", ""), (OWN, PASSWORD)] {
        let (reason, _) = gate.admit(&came("moodring-hall", Some((name, password)), "127.0.0.1")).unwrap_err();
        assert_eq!(reason, ReasonCode::BadUsernameOrPassword, "{name} {password}");
    }
    assert!(gate.admit(&came("whatever", Some((OWN, "own secret")), "127.0.0.1")).is_ok());
}

#[tokio::test]
async fn nobody_pushes_another_out() {
    let (gate, ..) = gate(Anonymous::Loopback).await;
    let login = |name| Some((name, PASSWORD));
    // A device under another's client name, a program or a stranger under a device's.
    assert!(gate.admit(&came("moodring-hall", login("attic"), LAN)).is_err());
    assert!(gate.admit(&came("moodring-hall", login("ha"), LAN)).is_err());
    assert!(gate.admit(&came("moodring-hall", None, "127.0.0.1")).is_err());
    assert!(gate.admit(&came("moodring-attic.doctor", login("hall"), LAN)).is_err());
    assert!(gate.admit(&came("moodring-hall.doctor", login("hall"), LAN)).is_ok());
    // Programs among themselves: who is there stays, until it goes.
    gate.came("panel", Some("ha"));
    assert!(gate.admit(&came("panel", login("eye"), LAN)).is_err());
    assert!(gate.admit(&came("panel", None, "127.0.0.1")).is_err());
    assert!(gate.admit(&came("panel", login("ha"), LAN)).is_ok(), "itself, again");
    gate.came("panel", Some("ha"));
    gate.went("panel");
    assert!(gate.is_inside("ha"), "one took over from the other");
    gate.went("panel");
    assert!(!gate.is_inside("ha") && gate.admit(&came("panel", login("eye"), LAN)).is_ok());
}

#[tokio::test]
async fn a_last_will_needs_the_right_as_well() {
    let (gate, ..) = gate(Anonymous::Loopback).await;
    let with = |will| Came { will: Some(will), ..came("moodring-hall", Some(("hall", PASSWORD)), LAN) };
    assert!(gate.admit(&with("moodring/hall/status")).is_ok());
    for foreign in ["moodring/attic/status", "moodring/hall/now_playing", "moodring/hall/set/restart"] {
        assert!(gate.admit(&with(foreign)).unwrap_err().1.contains("last will"), "{foreign}");
    }
}

#[tokio::test]
async fn who_is_revoked_or_paired_anew_has_no_rights_from_that_moment_on() {
    let (gate, store, _folder) = gate(Anonymous::Loopback).await;
    let hall = || gate.who(Some("hall"));
    assert!(hall().may_publish("moodring/hall/mood"));
    store.forget_user("hall").await.unwrap();
    gate.refresh(&store).await.unwrap();
    assert!(!hall().may_publish("moodring/hall/mood") && !hall().may_subscribe("moodring/hall/now_playing"));
    assert!(hall().may_publish("moodring/hall/status"), "its last will still tells that it is gone");
    assert!(gate.admit(&came("moodring-hall", Some(("hall", PASSWORD)), LAN)).is_err());
    let anew = User { hash: hash(b"another"), ..user("hall", Kind::Device) };
    store.keep_user(&anew).await.unwrap();
    gate.refresh(&store).await.unwrap();
    assert!(
        gate.admit(&came("moodring-hall", Some(("hall", PASSWORD)), LAN)).is_err(),
        "the old password is worth nothing"
    );
    assert!(gate.admit(&came("moodring-hall", Some(("hall", "another")), LAN)).is_ok());
}
