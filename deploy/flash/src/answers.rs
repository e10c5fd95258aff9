//! What the card is to become: the answers, from a TOML file, from flags, or from a person.
//!
//! In: a file such as `deploy/flash/answers.toml`. Out: [`Answers`], which may lack what was not asked yet,
//! and [`Answers::checked`], which holds [`Wishes`] in which everything is present and possible. What fails
//! names the key, what was found, and what would do. Passwords are in memory only.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use crate::{
    panels::{self, Panel},
    secret::{self, WifiPasswordError},
};

/// The answers so far. Every key may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Answers {
    /// The Pi's name in the network: a-z, 0-9 and `-`, at most 63.
    pub hostname: Option<String>,
    /// Such as `Europe/Berlin`.
    pub timezone: Option<String>,
    /// Who logs in.
    pub user: UserAnswers,
    /// The network without a wire; none: a cable.
    pub wifi: Option<WifiAnswers>,
    /// What hangs on the Pi, and where the host is.
    pub device: DeviceAnswers,
    /// The .deb files; by default those in target/packages that fit the card.
    pub packages: Vec<PathBuf>,
}

/// `[user]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserAnswers {
    /// The log-in name: a-z, 0-9, `-` and `_`, at most 32.
    pub name: Option<String>,
    /// Public keys, as in `id_ed25519.pub`.
    pub ssh_keys: Vec<String>,
    /// The password, which the card holds as a hash.
    pub password: Option<String>,
    /// Or its hash, as in `/etc/shadow`.
    pub password_hash: Option<String>,
}

/// `[wifi]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WifiAnswers {
    /// Two letters, such as `DE`: which channels are allowed.
    pub country: Option<String>,
    /// The network's name, 1 to 32 bytes.
    pub ssid: Option<String>,
    /// Its password: 8 to 63 bytes, or 64 hexadecimal digits. None: an open network.
    pub password: Option<String>,
    /// Whether the network hides its name; false.
    pub hidden: bool,
    /// Whether it speaks WPA3 only; false.
    pub wpa3_only: bool,
}

/// `[device]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeviceAnswers {
    /// A panel's name, `none`, or `sim`.
    pub panel: Option<String>,
    /// `auto`, `usb`, `module`, or a sensor such as `imx219`.
    pub camera: Option<String>,
    /// Where the host is: `auto`, `here`, or an address with or without `:PORT`.
    pub host: Option<String>,
    /// A configuration of one's own, into which the answers are put.
    pub config: Option<PathBuf>,
}

/// What an answer cannot be.
#[derive(Debug, Error)]
pub enum AnswerError {
    /// The file of answers cannot be read, or is not TOML of this form.
    #[error("{path}: {why}")]
    File {
        /// The file.
        path: String,
        /// What was found.
        why: String,
    },
    /// An answer is missing.
    #[error("{key} is missing: say --{flag}, or put it into the file of answers")]
    Missing {
        /// Its key.
        key: &'static str,
        /// The flag for it.
        flag: &'static str,
    },
    /// An answer is impossible.
    #[error("{key} is {found:?}: {wanted}")]
    Wrong {
        /// Its key.
        key: &'static str,
        /// What it is.
        found: String,
        /// What would do.
        wanted: String,
    },
    /// The Wi-Fi password is impossible.
    #[error(transparent)]
    WifiPassword(#[from] WifiPasswordError),
    /// Nobody could log in.
    #[error(
        "neither a password nor an SSH key: nobody could log in. Say --ssh-key FILE, --password-file FILE, or both"
    )]
    LockedOut,
}

/// The network without a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wifi {
    /// The country, two capital letters.
    pub country: String,
    /// The network's name, 1 to 32 bytes without control characters.
    pub ssid: String,
    /// Whether the name is hidden.
    pub hidden: bool,
    /// How it is locked.
    pub lock: Lock,
}

/// How a network is locked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Not at all.
    Open,
    /// WPA2, or WPA2 and WPA3: the key, 64 hexadecimal digits.
    Key(String),
    /// WPA3 alone, which knows no such key: the password itself.
    Password(String),
}

/// Where the device finds its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// By announcement in the local network.
    Auto,
    /// On the same Pi.
    Here,
    /// At this address; the port where it is not the usual one.
    At(String, Option<u16>),
}

/// Everything the card is to become; nothing is missing or impossible.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// The Pi's name in the network.
    pub hostname: String,
    /// The time zone; `None`: as it is.
    pub timezone: Option<String>,
    /// The log-in name.
    pub user: String,
    /// Public SSH keys.
    pub ssh_keys: Vec<String>,
    /// The password, or its hash.
    pub password: Password,
    /// The network without a wire.
    pub wifi: Option<Wifi>,
}

/// What is known of a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Password {
    /// There is none: only keys let in.
    None,
    /// The password itself, to be hashed.
    Plain(String),
    /// Its hash.
    Hash(String),
}

/// What hangs on the Pi, and where its host is.
#[derive(Clone, Debug)]
pub struct Hardware {
    /// The panel's word in the configuration.
    pub panel: String,
    /// Its lines for config.txt, where it has some.
    pub preset: Option<&'static Panel>,
    /// The camera.
    pub camera: Camera,
    /// Where the host is.
    pub host: Host,
}

/// Which camera.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Camera {
    /// Whatever is found.
    Auto,
    /// A webcam.
    Usb,
    /// A camera module that the firmware knows by itself.
    Module,
    /// A camera module that it must be told of: the overlay's name.
    Sensor(String),
}

/// Sensors of camera modules that have an overlay of their own name.
pub const SENSORS: [&str; 9] =
    ["ov5647", "imx219", "imx477", "imx708", "imx296", "imx500", "imx290", "ov9281", "ov64a40"];

impl Answers {
    /// Reads a file of answers.
    ///
    /// # Errors
    /// It cannot be read, or has a key that is not known.
    pub fn read(path: &Path) -> Result<Self, AnswerError> {
        let wrong = |why: String| AnswerError::File { path: path.display().to_string(), why };
        let text = fs::read_to_string(path).map_err(|why| wrong(why.to_string()))?;
        // The message of a parser quotes the line, which might be the one with the password.
        toml::from_str(&text).map_err(|why| {
            let line = why.span().map_or(1, |span| text[..span.start.min(text.len())].lines().count().max(1));
            wrong(format!("line {line}: {}", why.message()))
        })
    }

    /// What hangs on the Pi; what is not answered is `none`, `auto`, `auto`.
    ///
    /// # Errors
    /// No panel or camera is called so, or the address is none.
    pub fn hardware(&self) -> Result<Hardware, AnswerError> {
        let panel = self.device.panel.clone().unwrap_or_else(|| "none".to_owned());
        let preset = match panel.as_str() {
            "none" | "sim" => None,
            name => Some(panels::named(name).ok_or_else(|| AnswerError::Wrong {
                key: "device.panel",
                found: name.to_owned(),
                wanted: format!("there are none, sim, {}", panels::names().join(", ")),
            })?),
        };
        Ok(Hardware { panel, preset, camera: self.camera()?, host: self.host()? })
    }

    fn camera(&self) -> Result<Camera, AnswerError> {
        match self.device.camera.as_deref().unwrap_or("auto") {
            "auto" => Ok(Camera::Auto),
            "usb" => Ok(Camera::Usb),
            "module" => Ok(Camera::Module),
            name if SENSORS.contains(&name) => Ok(Camera::Sensor(name.to_owned())),
            name => Err(AnswerError::Wrong {
                key: "device.camera",
                found: name.to_owned(),
                wanted: format!("there are auto, usb, module, or a module's sensor: {}", SENSORS.join(", ")),
            }),
        }
    }

    fn host(&self) -> Result<Host, AnswerError> {
        let text = self.device.host.as_deref().unwrap_or("auto");
        let wrong =
            |wanted: &str| AnswerError::Wrong { key: "device.host", found: text.to_owned(), wanted: wanted.to_owned() };
        match text {
            "auto" => return Ok(Host::Auto),
            "here" => return Ok(Host::Here),
            _ => {}
        }
        let (name, port) = match text.rsplit_once(':') {
            // An address of IPv6 is full of colons.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => {
                let port = port.parse().map_err(|_| wrong("behind the colon stands a port, 1 to 65535"))?;
                (name.trim_start_matches('[').trim_end_matches(']'), Some(port))
            }
            _ => (text, None),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':');
        if name.is_empty() || name.len() > 253 || !name.chars().all(fits) || port == Some(0) {
            return Err(wrong("auto, here (on the same Pi), or a host's name or address, such as 192.168.1.10"));
        }
        Ok(Host::At(name.to_owned(), port))
    }

    /// The answers about the system, if each is there and possible.
    ///
    /// # Errors
    /// One is missing or impossible.
    pub fn checked(&self) -> Result<Wishes, AnswerError> {
        let hostname = self.hostname.clone().ok_or(AnswerError::Missing { key: "hostname", flag: "hostname" })?;
        check_hostname(&hostname)?;
        if let Some(zone) = &self.timezone {
            check_timezone(zone)?;
        }
        let user = self.user.name.clone().ok_or(AnswerError::Missing { key: "user.name", flag: "user" })?;
        check_user(&user)?;
        let ssh_keys = self.user.ssh_keys.iter().map(|key| check_ssh_key(key)).collect::<Result<Vec<_>, _>>()?;
        let password = match (&self.user.password, &self.user.password_hash) {
            (_, Some(hash)) if !secret::is_hash(hash) => {
                return Err(AnswerError::Wrong {
                    key: "user.password_hash",
                    found: "(hidden)".to_owned(),
                    wanted: "a hash as in /etc/shadow, such as $6$…; 'openssl passwd -6' makes one".to_owned(),
                });
            }
            (_, Some(hash)) => Password::Hash(hash.clone()),
            (Some(plain), None) if !plain.is_empty() => Password::Plain(plain.clone()),
            _ if ssh_keys.is_empty() => return Err(AnswerError::LockedOut),
            _ => Password::None,
        };
        let wifi = self.wifi.as_ref().map(WifiAnswers::checked).transpose()?;
        Ok(Wishes { hostname, timezone: self.timezone.clone(), user, ssh_keys, password, wifi })
    }
}

impl WifiAnswers {
    /// The network, if it is possible.
    ///
    /// # Errors
    /// Name, country or password is missing or impossible.
    pub fn checked(&self) -> Result<Wifi, AnswerError> {
        let ssid = self.ssid.clone().ok_or(AnswerError::Missing { key: "wifi.ssid", flag: "wifi" })?;
        check_ssid(&ssid)?;
        let country = self
            .country
            .clone()
            .ok_or(AnswerError::Missing { key: "wifi.country", flag: "wifi-country" })?
            .to_uppercase();
        check_country(&country)?;
        let lock = match self.password.as_deref().unwrap_or_default() {
            "" => Lock::Open,
            plain if self.wpa3_only => {
                secret::check_passphrase(plain)?;
                Lock::Password(plain.to_owned())
            }
            plain => Lock::Key(secret::wifi_key(&ssid, plain)?),
        };
        Ok(Wifi { country, ssid, hidden: self.hidden, lock })
    }
}

fn wrong<T>(key: &'static str, found: &str, wanted: &str) -> Result<T, AnswerError> {
    Err(AnswerError::Wrong { key, found: found.to_owned(), wanted: wanted.to_owned() })
}

/// Whether this can be a host's name (RFC 1123).
///
/// # Errors
/// It cannot.
pub fn check_hostname(name: &str) -> Result<(), AnswerError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if (1..=63).contains(&name.len()) && name.chars().all(fits) && !name.starts_with('-') && !name.ends_with('-') {
        return Ok(());
    }
    wrong("hostname", name, "1 to 63 of a-z, 0-9 and '-', which does not stand at either end")
}

/// Whether this can be a user's name.
///
/// # Errors
/// It cannot, or it is a user that every system has.
pub fn check_user(name: &str) -> Result<(), AnswerError> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    let first = name.chars().next().is_some_and(|c| c.is_ascii_lowercase() || c == '_');
    if !first || name.len() > 32 || !name.chars().all(fits) {
        return wrong("user.name", name, "1 to 32 of a-z, 0-9, '-' and '_', with a letter first");
    }
    if ["root", "daemon", "bin", "sys", "nobody", "moodring"].contains(&name) {
        return wrong("user.name", name, "the system has a user of that name; take your own");
    }
    Ok(())
}

/// Whether this can be a network's name.
///
/// # Errors
/// It is empty, too long, or has control characters.
pub fn check_ssid(name: &str) -> Result<(), AnswerError> {
    if (1..=32).contains(&name.len()) && !name.chars().any(char::is_control) {
        return Ok(());
    }
    wrong("wifi.ssid", name, "1 to 32 bytes (an umlaut is 2, an emoji 4) without control characters")
}

/// Whether this can be a country.
///
/// # Errors
/// It is not two capital letters.
pub fn check_country(name: &str) -> Result<(), AnswerError> {
    if name == "UK" {
        return wrong("wifi.country", name, "the United Kingdom is GB");
    }
    if name.len() == 2 && name.chars().all(|c| c.is_ascii_uppercase()) {
        return Ok(());
    }
    wrong("wifi.country", name, "two letters, such as DE, GB or US")
}

/// Whether this can be a time zone.
///
/// # Errors
/// It is no path below /usr/share/zoneinfo.
pub fn check_timezone(name: &str) -> Result<(), AnswerError> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '-' | '+');
    if !name.is_empty() && name.chars().all(fits) && !name.starts_with('/') && !name.contains("//") {
        return Ok(());
    }
    wrong("timezone", name, "an area and a city, such as Europe/Berlin")
}

/// A public key without what surrounds it.
///
/// # Errors
/// It is none, or the private half of one.
pub fn check_ssh_key(key: &str) -> Result<String, AnswerError> {
    let key = key.trim();
    let wrong = |wanted: &str| {
        let found = if key.contains("PRIVATE") { "(hidden)" } else { key };
        Err(AnswerError::Wrong {
            key: "user.ssh_keys",
            found: found.chars().take(40).collect(),
            wanted: wanted.to_owned(),
        })
    };
    if key.contains("PRIVATE KEY") {
        return wrong("that is the private half, which never leaves its computer; name the file that ends in .pub");
    }
    let mut words = key.split_whitespace();
    let (kind, body) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let known = ["ssh-ed25519", "ssh-rsa", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"];
    let base64 = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    if !(known.contains(&kind) || kind.starts_with("ecdsa-sha2-nistp")) || body.len() < 40 || !body.chars().all(base64)
    {
        return wrong("a public key looks like 'ssh-ed25519 AAAA… you@computer'; it stands in ~/.ssh/id_ed25519.pub");
    }
    if key.chars().any(char::is_control) {
        return wrong("one key is one line");
    }
    Ok(key.to_owned())
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
