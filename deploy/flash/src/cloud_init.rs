//! The files that cloud-init reads from the boot partition: Raspberry Pi OS Trixie.
//!
//! In: what the card is to become. Out: `user-data` (who logs in), `network-config` (netplan, version 2),
//! `meta-data` (which instance this is: a new one makes cloud-init do it all), `vendor-data` (what Moodring
//! needs, apart, so that Raspberry Pi Imager may write its own `user-data`), and what is left of them once
//! the secrets are off. The forms are those of Raspberry Pi Imager 2; cloud-init's own schema is held
//! against them by `make flash-check`. Nothing fails.

use crate::{
    answers::{Lock, Wifi, Wishes},
    quote::{shell, yaml},
};

/// What the first line of a file for cloud-init must be.
pub const HEAD: &str = "#cloud-config\n";

/// The groups of the first user, as Raspberry Pi Imager gives them.
pub const GROUPS: &str = "users,adm,dialout,audio,netdev,video,plugdev,cdrom,games,input,gpio,spi,i2c,render,sudo";

const FROM: &str = "# Written by deploy/pi/flash of Moodring. What is secret in it goes once the first boot is over.\n";

/// Who logs in, and how the Pi is called. `hash` is the password's.
pub fn user_data(wishes: &Wishes, hash: Option<&str>) -> String {
    let mut text = format!("{HEAD}{FROM}");
    text.push_str(&naming(wishes));
    text.push_str(&format!("users:\n- name: {}\n  groups: {GROUPS}\n  shell: /bin/bash\n", yaml(&wishes.user)));
    match hash {
        // Both: the first when the user is made, the second also for one that is there already.
        Some(hash) => {
            let hash = yaml(hash);
            text.push_str(&format!("  lock_passwd: false\n  passwd: {hash}\n  hashed_passwd: {hash}\n"));
        }
        None => text.push_str("  lock_passwd: true\n"),
    }
    if !wishes.ssh_keys.is_empty() {
        text.push_str("  ssh_authorized_keys:\n");
        for key in &wishes.ssh_keys {
            text.push_str(&format!("  - {}\n", yaml(key)));
        }
    }
    // As Raspberry Pi OS has it for its first user.
    text.push_str("  sudo: ALL=(ALL) NOPASSWD:ALL\n");
    text.push_str(&format!("ssh_pwauth: {}\n", wishes.ssh_keys.is_empty()));
    text.push_str("runcmd:\n- [systemctl, enable, --now, ssh]\n");
    if wishes.wifi.is_some() {
        // Radios are off until a country is known.
        let command = "rfkill unblock wifi || true";
        text.push_str(&format!("- [sh, -c, {}]\n", yaml(command)));
    }
    text
}

fn naming(wishes: &Wishes) -> String {
    let mut text = format!("hostname: {}\nmanage_etc_hosts: true\n", yaml(&wishes.hostname));
    if let Some(zone) = &wishes.timezone {
        text.push_str(&format!("timezone: {}\n", yaml(zone)));
    }
    text
}

/// What is left of [`user_data`] after the first boot.
pub fn user_data_after(wishes: Option<&Wishes>) -> String {
    let naming = wishes.map(naming).unwrap_or_default();
    format!("{HEAD}# The first boot is over, and what was secret here is gone.\n{naming}")
}

/// The networks: a cable in any case, and Wi-Fi if there is one.
pub fn network_config(wifi: Option<&Wifi>) -> String {
    let mut text = format!(
        "{FROM}network:\n  version: 2\n  ethernets:\n    eth0:\n      dhcp4: true\n      dhcp6: true\n      optional: true\n"
    );
    if let Some(wifi) = wifi {
        text.push_str(&format!(
            "  wifis:\n    wlan0:\n      dhcp4: true\n      optional: true\n      regulatory-domain: {}\n      access-points:\n        {}:\n",
            yaml(&wifi.country),
            yaml(&wifi.ssid)
        ));
        if wifi.hidden {
            text.push_str("          hidden: true\n");
        }
        match &wifi.lock {
            Lock::Open => text.push_str("          auth:\n            key-management: none\n"),
            Lock::Key(key) => text.push_str(&format!("          password: {}\n", yaml(key))),
            Lock::Password(password) => text.push_str(&format!(
                "          auth:\n            key-management: sae\n            password: {}\n",
                yaml(password)
            )),
        }
    }
    text
}

/// Which instance this is.
pub fn meta_data(id: &str) -> String {
    format!("{FROM}instance-id: {id}\ndsmode: local\n")
}

/// What Moodring needs of cloud-init: at every boot, early, a look whether the first one is done.
pub fn vendor_data() -> String {
    let look = "for f in /boot/firmware/moodring/first-boot /boot/moodring/first-boot; do if [ -e $f ]; then exec sh $f settle; fi; done";
    format!("{HEAD}# Moodring: see moodring/first-boot beside this file.\nbootcmd:\n- [sh, -c, {}]\n", yaml(look))
}

/// The script of Bookworm, which does what cloud-init does on Trixie; in the manner of Raspberry Pi Imager.
/// Every step can be done twice: after a power cut it runs again from its beginning.
pub fn first_run(wishes: &Wishes, hash: Option<&str>) -> String {
    let (name, user) = (shell(&wishes.hostname), shell(&wishes.user));
    let mut text = String::from(
        "#!/bin/sh\n# Written by deploy/pi/flash of Moodring; gone once it has run.\nset +e\nboot=${0%/*}\n",
    );
    text.push_str(&format!(
        "old=$(tr -d ' \\t\\r\\n' </etc/hostname)\necho {name} >/etc/hostname\n\
         grep -q '^127\\.0\\.1\\.1' /etc/hosts || printf '127.0.1.1\\t%s\\n' \"$old\" >>/etc/hosts\n\
         sed -i \"s/^127\\.0\\.1\\.1.*/127.0.1.1\\t\"{name}\"/\" /etc/hosts\n"
    ));
    if let Some(zone) = &wishes.timezone {
        let zone = shell(zone);
        text.push_str(&format!("ln -sf /usr/share/zoneinfo/{zone} /etc/localtime\necho {zone} >/etc/timezone\n"));
    }
    text.push_str(&format!(
        "first=$(getent passwd 1000 | cut -d: -f1)\n\
         if [ -f /usr/lib/userconf-pi/userconf ]; then\n  /usr/lib/userconf-pi/userconf {user} {hash}\n\
         elif [ -z \"$first\" ]; then\n  useradd -m -u 1000 -s /bin/bash {user}\n\
         elif [ \"$first\" != {user} ]; then\n  usermod -l {user} -d /home/{user} -m \"$first\" && groupmod -n {user} \"$first\"\nfi\n",
        hash = shell(hash.unwrap_or_default())
    ));
    match hash {
        Some(hash) => text.push_str(&format!("printf '%s:%s\\n' {user} {} | chpasswd -e\n", shell(hash))),
        None => text.push_str(&format!("passwd -l {user}\n")),
    }
    text.push_str(&format!(
        "for group in {}; do usermod -a -G $group {user} 2>/dev/null; done\n\
         printf '%s ALL=(ALL) NOPASSWD:ALL\\n' {user} >/etc/sudoers.d/010_moodring-first-user\n\
         chmod 440 /etc/sudoers.d/010_moodring-first-user\n",
        GROUPS.replace(',', " ")
    ));
    if !wishes.ssh_keys.is_empty() {
        text.push_str(&format!("home=$(getent passwd {user} | cut -d: -f6)\ninstall -o {user} -g {user} -m 700 -d \"$home/.ssh\"\n: >\"$home/.ssh/authorized_keys\"\n"));
        for key in &wishes.ssh_keys {
            text.push_str(&format!("printf '%s\\n' {} >>\"$home/.ssh/authorized_keys\"\n", shell(key)));
        }
        text.push_str(&format!(
            "chown {user}: \"$home/.ssh/authorized_keys\"\nchmod 600 \"$home/.ssh/authorized_keys\"\n\
             mkdir -p /etc/ssh/sshd_config.d\necho 'PasswordAuthentication no' >/etc/ssh/sshd_config.d/10-keys-only.conf\n"
        ));
    }
    text.push_str("systemctl enable ssh\nsystemctl disable userconfig 2>/dev/null\n");
    if let Some(wifi) = &wishes.wifi {
        text.push_str(&network_manager(wifi));
    }
    text.push_str(
        "sync\nsed -i 's| systemd\\.run=[^ ]*/firstrun\\.sh||g; s| systemd\\.run_success_action=[^ ]*||g; \
         s| systemd\\.unit=kernel-command-line\\.target||g' \"$boot/cmdline.txt\"\nsync\n\
         # Overwritten before it goes: a block is read to its end before it is begun.\n\
         {\n  size=$(wc -c <\"$boot/firstrun.sh\")\n  \
         dd if=/dev/zero of=\"$boot/firstrun.sh\" bs=\"$size\" count=1 conv=notrunc,fsync 2>/dev/null\n  \
         rm -f \"$boot/firstrun.sh\"\n  sync\n  exit 0\n}\n",
    );
    text
}

/// A network for NetworkManager, which Bookworm's own tools would write without quoting.
fn network_manager(wifi: &Wifi) -> String {
    // As a list of bytes, which no reader of key files takes for something else.
    let ssid: String = wifi.ssid.bytes().map(|byte| format!("{byte};")).collect();
    let security = match &wifi.lock {
        Lock::Open => String::new(),
        Lock::Key(key) => format!("\n[wifi-security]\nkey-mgmt=wpa-psk\npsk={key}\n"),
        // Key files know \s, \t and \\; passphrases have no other characters that they change.
        Lock::Password(password) => {
            let escaped = password.replace('\\', "\\\\").replace(' ', "\\s");
            format!("\n[wifi-security]\nkey-mgmt=sae\npsk={escaped}\n")
        }
    };
    let file = format!(
        "[connection]\nid=preconfigured\nuuid=6d6f6f64-7269-4e67-8000-77692d666921\ntype=wifi\n\n[wifi]\nmode=infrastructure\n\
         ssid={ssid}\nhidden={}\n{security}\n[ipv4]\nmethod=auto\n\n[ipv6]\naddr-gen-mode=default\nmethod=auto\n",
        wifi.hidden
    );
    format!(
        "wifi=/etc/NetworkManager/system-connections/preconfigured.nmconnection\n(umask 077; printf '%s' {} >$wifi)\nchmod 600 $wifi\n\
         rfkill unblock wifi\nfor radio in /var/lib/systemd/rfkill/*:wlan; do echo 0 >\"$radio\"; done\n",
        shell(&file)
    )
}

#[cfg(test)]
#[path = "cloud_init_tests.rs"]
mod tests;
