//! Answers that people give, and what they are told.

use super::*;

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKb6Xn1mYl8m2l9oXxkq0Q0b1v8a3rFqk9cY2d7wTt0e ann@laptop";

fn enough() -> Answers {
    let mut answers = Answers { hostname: Some("moodring".into()), ..Answers::default() };
    answers.user.name = Some("ann".into());
    answers.user.ssh_keys = vec![KEY.into()];
    answers
}

fn told(answers: &Answers) -> String {
    match (answers.checked(), answers.hardware()) {
        (Err(why), _) | (_, Err(why)) => why.to_string(),
        _ => "nothing".to_owned(),
    }
}

#[test]
fn a_name_a_user_and_a_key_are_enough() {
    let wishes = enough().checked().unwrap();
    assert_eq!(wishes.password, Password::None);
    assert_eq!(wishes.wifi, None);
    assert_eq!(told(&enough()), "nothing");
}

#[test]
fn the_example_is_complete() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("answers.toml");
    let answers = Answers::read(&path).unwrap();
    let wishes = answers.checked().unwrap();
    assert!(matches!(wishes.wifi.unwrap().lock, Lock::Key(_)));
    assert!(answers.hardware().unwrap().preset.is_some());
}

#[test]
fn what_cannot_be_is_told_with_what_can() {
    type Spoil = fn(&mut Answers);
    let spoils: [(&str, Spoil); 12] = [
        ("hostname is \"Mood Ring\"", |a| a.hostname = Some("Mood Ring".into())),
        ("--hostname", |a| a.hostname = None),
        ("user.name is \"root\"", |a| a.user.name = Some("root".into())),
        ("nobody could log in", |a| a.user.ssh_keys.clear()),
        ("private half", |a| a.user.ssh_keys = vec!["-----BEGIN OPENSSH PRIVATE KEY-----".into()]),
        ("id_ed25519.pub", |a| a.user.ssh_keys = vec!["~/.ssh/id_ed25519.pub".into()]),
        ("in /etc/shadow", |a| a.user.password_hash = Some("hunter2".into())),
        ("GB", |a| {
            a.wifi = Some(WifiAnswers { country: Some("uk".into()), ssid: Some("x".into()), ..Default::default() })
        }),
        ("--wifi-country", |a| a.wifi = Some(WifiAnswers { ssid: Some("x".into()), ..Default::default() })),
        ("32 bytes", |a| {
            a.wifi =
                Some(WifiAnswers { country: Some("DE".into()), ssid: Some("ä".repeat(17)), ..Default::default() });
        }),
        ("display-hat-mini", |a| a.device.panel = Some("st7735".into())),
        ("192.168.1.10", |a| a.device.host = Some("my host".into())),
    ];
    for (part, spoil) in spoils {
        let mut answers = enough();
        spoil(&mut answers);
        let told = told(&answers);
        assert!(told.contains(part), "wanted {part:?} in {told:?}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn a_password_in_a_broken_file_is_not_quoted() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("answers.toml");
    fs::write(&path, "hostname = \"a\"\n[wifi]\npassword = \"geheim geheim\n").unwrap();
    let told = Answers::read(&path).unwrap_err().to_string();
    assert!(told.contains("line 3") && !told.contains("geheim"), "{told}");
    fs::write(&path, "[wifi]\npasword = \"x\"\n").unwrap();
    assert!(Answers::read(&path).unwrap_err().to_string().contains("pasword"));
}

#[test]
fn hosts_in_every_form() {
    let host = |text: &str| {
        let mut answers = enough();
        answers.device.host = Some(text.into());
        answers.hardware().map(|hardware| hardware.host)
    };
    assert_eq!(host("auto").unwrap(), Host::Auto);
    assert_eq!(host("here").unwrap(), Host::Here);
    assert_eq!(host("192.168.1.10").unwrap(), Host::At("192.168.1.10".into(), None));
    assert_eq!(host("music.local:8883").unwrap(), Host::At("music.local".into(), Some(8883)));
    assert_eq!(host("fd00::7").unwrap(), Host::At("fd00::7".into(), None));
    assert_eq!(host("[fd00::7]:1883").unwrap(), Host::At("fd00::7".into(), Some(1883)));
    assert!(host("a:b").is_err() && host("a:0").is_err() && host("").is_err());
}

#[test]
fn wpa3_alone_needs_the_password_itself() {
    let wifi = WifiAnswers {
        country: Some("de".into()),
        ssid: Some("Bä\"r\\ 🎵".into()),
        password: Some("'Grüße' \\ \"und\" 🎶".into()),
        ..Default::default()
    };
    let Lock::Key(key) = wifi.checked().unwrap().lock else { panic!("no key") };
    assert_eq!(key.len(), 64);
    let wifi = WifiAnswers { wpa3_only: true, ..wifi };
    assert_eq!(wifi.checked().unwrap().lock, Lock::Password("'Grüße' \\ \"und\" 🎶".into()));
}
