//! What cloud-init and Bookworm's script are given.

use std::{fs, process::Command};

use super::*;
use crate::answers::Password;

const HASH: &str = "$6$rounds=200000$abcdefgh$0123456789abcdef";
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKb6Xn1mYl8m2l9oXxkq0Q0b1v8a3rFqk9cY2d7wTt0e it's \"ann\"@laptop";

fn wishes(lock: Lock, ssid: &str) -> Wishes {
    Wishes {
        hostname: "moodring".into(),
        timezone: Some("Europe/Berlin".into()),
        user: "ann".into(),
        ssh_keys: vec![KEY.into()],
        password: Password::None,
        wifi: Some(Wifi { country: "DE".into(), ssid: ssid.into(), hidden: true, lock }),
    }
}

#[test]
fn a_network_as_raspberry_pi_imager_writes_it() {
    let key = "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af";
    let text = network_config(wishes(Lock::Key(key.into()), "Bär \"\\o/\" 🎵").wifi.as_ref());
    let body = text.split_once("network:\n").unwrap().1;
    assert_eq!(
        body,
        format!(
            "  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n      dhcp6: true\n      optional: true\n  wifis:\n    \
             wlan0:\n      dhcp4: true\n      optional: true\n      regulatory-domain: \"DE\"\n      access-points:\n        \
             \"Bär \\\"\\\\o/\\\" 🎵\":\n          hidden: true\n          password: \"{key}\"\n"
        )
    );
    assert!(!network_config(None).contains("wifis"));
    assert!(network_config(wishes(Lock::Open, "x").wifi.as_ref()).contains("key-management: none"));
    let sae = network_config(wishes(Lock::Password("a \"b\" ü\\".into()), "x").wifi.as_ref());
    assert!(sae.contains("key-management: sae\n            password: \"a \\\"b\\\" ü\\\\\"\n"), "{sae}");
}

#[test]
fn with_a_key_and_no_password_nobody_logs_in_by_guessing() {
    let text = user_data(&wishes(Lock::Open, "x"), None);
    assert!(text.starts_with("#cloud-config\n"), "cloud-init reads no other file");
    assert!(
        text.contains("lock_passwd: true") && text.contains("ssh_pwauth: false") && !text.contains("passwd: \""),
        "{text}"
    );
    let mut with_password = wishes(Lock::Open, "x");
    with_password.ssh_keys.clear();
    let text = user_data(&with_password, Some(HASH));
    assert!(text.contains(&format!("  passwd: \"{HASH}\"\n")) && text.contains("ssh_pwauth: true"), "{text}");
}

#[test]
fn what_is_left_has_no_secret_and_keeps_the_name() {
    let text = user_data_after(Some(&wishes(Lock::Open, "x")));
    assert!(text.contains("hostname: \"moodring\"") && !text.contains("ann"), "{text}");
}

/// Runs Bookworm's script with the files of a system that is not there, and looks at what became of it.
#[test]
fn bookworms_script_is_a_script_whatever_people_call_things() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for dir in
        ["etc/ssh", "etc/sudoers.d", "etc/NetworkManager/system-connections", "boot", "bin", "home/ann", "var/rfkill"]
    {
        fs::create_dir_all(root.join(dir)).unwrap();
    }
    fs::write(root.join("etc/hostname"), "raspberrypi\n").unwrap();
    fs::write(root.join("etc/hosts"), "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n").unwrap();
    let cmdline = "a init=/b systemd.run=-/boot/firmware/moodring/enrol systemd.run=/boot/firmware/firstrun.sh \
        systemd.run_success_action=reboot systemd.unit=kernel-command-line.target c\n";
    fs::write(root.join("boot/cmdline.txt"), cmdline).unwrap();
    // The system's own tools note what they are asked.
    let at = root.display().to_string();
    for tool in
        ["usermod", "groupmod", "systemctl", "rfkill", "passwd", "chown", "install", "getent", "chpasswd", "sync"]
    {
        let answer = match tool {
            "getent" => format!("echo pi:x:1000:1000::{at}/home/ann:/bin/bash"),
            "install" => format!("mkdir -p {at}/home/ann/.ssh"),
            "chpasswd" => format!("cat >>{at}/asked"),
            _ => String::new(),
        };
        let script = format!("#!/bin/sh\necho {tool} \"$@\" >>{at}/asked\n{answer}\n");
        let path = root.join("bin").join(tool);
        fs::write(&path, script).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).unwrap();
    }
    let ssid = "it's \"Bär\" \\o/ $HOME 🎵";
    let password = "'a' \"b\" ü \\ c";
    let text = first_run(&wishes(Lock::Password(password.into()), ssid), Some(HASH));
    let text =
        text.replace("/etc/", &format!("{at}/etc/")).replace("/var/lib/systemd/rfkill", &format!("{at}/var/rfkill"));
    let script = root.join("boot/firstrun.sh");
    // Another name of the same file shows what lies on the card once the first name is gone.
    let card = root.join("card");
    for time in 1..=2 {
        fs::write(&script, &text).unwrap();
        fs::hard_link(&script, &card).unwrap();
        let path = format!("{at}/bin:{}", std::env::var("PATH").unwrap());
        let output = Command::new("sh").arg(&script).env("PATH", path).output().unwrap();
        assert!(output.status.success(), "time {time}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!script.exists(), "the script with the hash is still there");
        let left = fs::read(&card).unwrap();
        assert!(left.len() == text.len() && left.iter().all(|byte| *byte == 0), "the hash was not overwritten");
        fs::remove_file(&card).unwrap();
    }
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    assert_eq!(read("etc/hostname"), "moodring\n");
    assert_eq!(read("etc/hosts"), "127.0.0.1\tlocalhost\n127.0.1.1\tmoodring\n");
    assert_eq!(read("home/ann/.ssh/authorized_keys"), format!("{KEY}\n"));
    assert_eq!(read("boot/cmdline.txt"), "a init=/b systemd.run=-/boot/firmware/moodring/enrol c\n");
    let network = read("etc/NetworkManager/system-connections/preconfigured.nmconnection");
    let bytes: String = ssid.bytes().map(|byte| format!("{byte};")).collect();
    assert!(network.contains(&format!("ssid={bytes}\nhidden=true\n")), "{network}");
    assert!(network.contains("psk='a'\\s\"b\"\\sü\\s\\\\\\sc\n"), "{network}");
    assert!(read("asked").contains(&format!("chpasswd -e\nann:{HASH}\n")), "{}", read("asked"));
}
