//! What the Pi does at its first boot, with folders that stand in for its own and tools that note what is asked
//! of them. The whole of it, on a real system, is `make first-boot`.

use std::{fs, path::Path, process::Command};

use sha2::{Digest, Sha256};

use crate::plan::hex;

const ID: &str = "moodring-0123456789abcdef";

struct Pi {
    root: tempfile::TempDir,
}

impl Pi {
    /// A prepared card in a Pi that has booted as far as cloud-init.
    fn new() -> Self {
        let pi = Self { root: tempfile::tempdir().unwrap() };
        for folder in ["etc/netplan", "etc/moodring", "etc/systemd/system", "run/cloud-init", "cloud/sem", "bin"] {
            fs::create_dir_all(pi.at(folder)).unwrap();
        }
        let package = b"a package";
        pi.put("boot/moodring/moodring-device_1_arm64.deb", "a package");
        pi.put(
            "boot/moodring/SHA256SUMS",
            &format!("{}  moodring-device_1_arm64.deb\n", hex(&Sha256::digest(package))),
        );
        pi.put("boot/moodring/id", &format!("{ID}\n"));
        pi.put("boot/moodring/device.toml", "[screen]\npanel = \"none\"\n");
        pi.put("boot/moodring/after/user-data", "#cloud-config\n");
        pi.put("boot/user-data", "#cloud-config\npasswd: secret\n");
        pi.put("boot/network-config", "network:\n  version: 2\n  password: secret\n");
        pi.put("boot/moodring/first-boot", &pi.local(include_str!("../files/first-boot")));
        pi.put("boot/moodring/enrol", include_str!("../files/enrol"));
        pi.put("etc/moodring/device.toml", "# every key\n");
        for tool in ["systemctl", "dpkg", "apt-get", "netplan", "nmcli", "moodring-device"] {
            pi.tool(tool, "exit 0");
        }
        pi
    }

    fn at(&self, path: &str) -> std::path::PathBuf {
        self.root.path().join(path)
    }

    fn put(&self, path: &str, text: &str) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), text).unwrap();
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    fn tool(&self, name: &str, end: &str) {
        let note = self.at("asked");
        self.put(&format!("bin/{name}"), &format!("#!/bin/sh\necho {name} \"$@\" >>{}\n{end}\n", note.display()));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(self.at(&format!("bin/{name}")), mode).unwrap();
    }

    /// A script with this Pi's folders for the real ones.
    fn local(&self, script: &str) -> String {
        let root = self.root.path().display().to_string();
        script
            .replace("PATH=/usr/sbin:/usr/bin:/sbin:/bin", &format!("PATH={root}/bin:/usr/sbin:/usr/bin:/sbin:/bin"))
            .replace("/boot/firmware", &format!("{root}/boot"))
            .replace("/var/lib/moodring-first-boot", &format!("{root}/state"))
            .replace("/var/lib/moodring-device", &format!("{root}/kept"))
            .replace("/var/lib/private", &format!("{root}/private"))
            .replace("/var/lib/cloud/instance", &format!("{root}/cloud"))
            .replace("/run/cloud-init", &format!("{root}/run/cloud-init"))
            .replace("/etc/", &format!("{root}/etc/"))
    }

    /// As cloud-init calls it from the card, and the service from where it was put.
    fn first_boot(&self, what: &str) -> bool {
        let put = self.at("state/first-boot");
        let script = if what == "run" && exists(&put) { put } else { self.at("boot/moodring/first-boot") };
        let output = Command::new("sh").arg(script).arg(what).output().unwrap();
        output.status.success()
    }

    /// As Bookworm calls it: what is left of the kernel's line, and whether it went well.
    fn enrol(&self) -> (String, bool) {
        let output = Command::new("sh").arg(self.at("boot/moodring/enrol")).output().unwrap();
        (self.read("boot/cmdline.txt"), output.status.success())
    }

    /// What dpkg does with the device's configuration and script to purge it.
    fn purge(&self) {
        let _ = fs::remove_file(self.at("etc/moodring/device.toml"));
        self.put("postrm", &self.local(include_str!("../../packages/device/postrm")));
        let output = Command::new("sh").arg(self.at("postrm")).arg("purge").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    fn cloud_init_ends(&self) {
        self.put("run/cloud-init/result.json", "{}");
        self.put("cloud/boot-finished", "");
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.at("asked")).unwrap_or_default()
    }
}

fn exists(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok()
}

#[test]
fn a_first_boot_installs_takes_the_secrets_off_and_is_done_once() {
    let pi = Pi::new();
    assert!(pi.first_boot("settle"));
    let link = pi.at("etc/systemd/system/multi-user.target.wants/moodring-first-boot.service");
    assert!(exists(&link) && pi.read("etc/systemd/system/moodring-first-boot.service").contains("ExecStart=/bin/sh"));
    // Before cloud-init has set the network, it is there already.
    assert!(pi.read("etc/netplan/50-cloud-init.yaml").contains("password: secret"));
    pi.cloud_init_ends();
    assert!(pi.first_boot("run"), "{}", pi.read("boot/moodring/first-boot.log"));
    assert_eq!(pi.read("boot/user-data"), "#cloud-config\n");
    assert!(!exists(&pi.at("boot/network-config")));
    assert!(!exists(&pi.at("boot/moodring/moodring-device_1_arm64.deb")) && !exists(&link));
    for gone in
        ["etc/systemd/system/moodring-first-boot.service", "state/moodring-first-boot.service", "state/first-boot"]
    {
        assert!(!exists(&pi.at(gone)), "{gone}");
    }
    assert_eq!(pi.read("state/done"), format!("{ID}\n"));
    assert!(pi.read("etc/moodring/device.toml").contains("panel = \"none\""));
    assert_eq!(pi.read("etc/moodring/device.toml.all-keys"), "# every key\n");
    assert!(pi.asked().contains("apt-get install") && pi.asked().contains("systemctl enable moodring-device.service"));
    assert!(pi.read("boot/moodring/first-boot.log").contains("first-boot: done"));
    let before = pi.asked();
    assert!(pi.first_boot("settle") && pi.first_boot("run"));
    assert_eq!(pi.asked(), before, "it was done twice");
}

#[test]
fn what_a_power_cut_ended_the_next_boot_does() {
    let pi = Pi::new();
    // During cloud-init: a step is noted as done that was not.
    assert!(pi.first_boot("settle"));
    pi.put("cloud/sem/config_users_groups", "");
    pi.put("etc/netplan/50-cloud-init.yaml", "half of it");
    assert!(pi.first_boot("settle"));
    assert!(!exists(&pi.at("cloud/sem/config_users_groups")), "cloud-init would pass over it");
    assert!(pi.read("etc/netplan/50-cloud-init.yaml").contains("password: secret"));
    // During the installation.
    pi.cloud_init_ends();
    pi.tool("apt-get", "exit 1");
    assert!(!pi.first_boot("run"));
    assert!(!exists(&pi.at("state/done")) && exists(&pi.at("boot/moodring/moodring-device_1_arm64.deb")));
    assert!(pi.read("boot/moodring/first-boot.log").contains("the next boot tries again"));
    assert!(!pi.read("boot/user-data").contains("secret"), "the secrets do not wait for the packages");
    pi.tool("apt-get", "exit 0");
    pi.put("cloud/sem/config_users_groups", "");
    assert!(pi.first_boot("settle") && pi.first_boot("run"));
    assert!(exists(&pi.at("cloud/sem/config_users_groups")), "cloud-init had ended: nothing of it is done again");
    assert!(pi.asked().contains("dpkg --configure -a"));
    assert_eq!(pi.read("state/done"), format!("{ID}\n"));
}

#[test]
fn a_damaged_package_is_not_installed_and_said() {
    let pi = Pi::new();
    pi.put("boot/moodring/moodring-device_1_arm64.deb", "a packag3");
    pi.cloud_init_ends();
    assert!(pi.first_boot("settle"));
    assert!(!pi.first_boot("run"));
    assert!(pi.read("boot/moodring/first-boot.log").contains("damaged: write the card anew"));
    assert!(!pi.asked().contains("apt-get"));
}

#[test]
fn a_card_prepared_anew_is_done_anew() {
    let pi = Pi::new();
    pi.cloud_init_ends();
    assert!(pi.first_boot("settle") && pi.first_boot("run"));
    pi.put("boot/moodring/id", "moodring-another\n");
    pi.put("boot/moodring/moodring-device_1_arm64.deb", "a package");
    assert!(pi.first_boot("settle") && pi.first_boot("run"));
    assert_eq!(pi.read("state/done"), "moodring-another\n");
}

#[test]
fn on_bookworm_the_words_that_began_it_go_whatever_comes_of_it() {
    let end = "systemd.run_success_action=reboot systemd.unit=kernel-command-line.target";
    let ours = format!("a systemd.run=-/boot/firmware/moodring/enrol systemd.run=-/boot/moodring/enrol {end}\n");
    let imager = format!(
        "a systemd.run=-/boot/firmware/firmware/moodring/enrol systemd.run=-/boot/firmware/moodring/enrol {end} \
         systemd.run=/boot/firmware/firstrun.sh {end}\n"
    );
    let pi = Pi::new();
    pi.cloud_init_ends();
    pi.put("boot/cmdline.txt", &ours);
    for _ in 1..=2 {
        assert_eq!(pi.enrol(), ("a\n".to_owned(), true));
        assert!(exists(&pi.at("etc/systemd/system/multi-user.target.wants/moodring-first-boot.service")));
    }
    // Imager's script is still to come, and takes its own away.
    pi.put("boot/cmdline.txt", &imager);
    assert_eq!(pi.enrol(), (format!("a {end} systemd.run=/boot/firmware/firstrun.sh {end}\n"), true));
    // Done already: the card was prepared again, and nothing about it was new.
    assert!(pi.first_boot("run"));
    pi.put("boot/cmdline.txt", &ours);
    assert_eq!(pi.enrol(), ("a\n".to_owned(), true));
    // It cannot begin: the system comes up without it, and the card tells.
    let pi = Pi::new();
    pi.put("boot/cmdline.txt", &ours);
    fs::remove_dir(pi.at("etc/systemd/system")).unwrap();
    pi.put("etc/systemd/system", "not a folder");
    assert_eq!(pi.enrol(), ("a\n".to_owned(), false));
    assert!(pi.read("boot/moodring/first-boot.log").contains("nothing is installed"));
}

#[test]
fn purged_the_device_takes_what_the_first_boot_made_and_nothing_begins_again() {
    let made = [
        "state",
        "etc/moodring/device.toml.all-keys",
        "etc/systemd/system/moodring-first-boot.service",
        "etc/systemd/system/multi-user.target.wants/moodring-first-boot.service",
    ];
    for is_over in [true, false] {
        let pi = Pi::new();
        pi.cloud_init_ends();
        assert!(pi.first_boot("settle"));
        assert!(!is_over || pi.first_boot("run"));
        pi.put("etc/moodring/host.toml", "");
        pi.purge();
        let asked = pi.asked();
        assert!(pi.first_boot("settle"));
        assert_eq!(pi.asked(), asked, "it begins again");
        for path in made {
            assert!(!exists(&pi.at(path)), "{path}");
        }
        assert!(exists(&pi.at("etc/moodring/host.toml")), "it took what is the host's");
        fs::remove_file(pi.at("etc/moodring/host.toml")).unwrap();
        pi.purge();
        assert!(!exists(&pi.at("etc/moodring")));
        pi.purge();
    }
}
