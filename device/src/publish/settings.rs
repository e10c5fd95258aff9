//! `[mqtt]` in the configuration.
//!
//! In: the section. Out: [`MqttSettings`] whose values fit each other. A secret is never in the
//! configuration itself: what can fail is reading the file that holds it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use thiserror::Error;

use crate::pairing::AUTO;

/// The variable in which systemd names the folder of a service's credentials (`LoadCredential=`).
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Where the broker is, and what to keep while it is away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MqttSettings {
    /// Host name or address of the broker; `auto`, the default: the host that this device is paired with.
    pub host: String,
    /// Its port, 1..=65535. Default 1883; with TLS most brokers listen at 8883.
    pub port: u16,
    /// Seconds of silence after which broker and device ask for a sign of life, 2..=300. Default 10.
    pub keep_alive_s: u16,
    /// User name for the broker; empty for none, the default.
    pub username: String,
    /// With `host = "auto"`: where a host is that does not announce itself, `HOST` or `HOST:PORT`; empty, the
    /// default: hosts are found.
    pub pair_at: String,
    /// File that holds the password on its first line; empty for none, the default. A name without a
    /// folder is looked for among the credentials that systemd passed on.
    pub password_file: PathBuf,
    /// Mood changes kept while the broker is away, 1..=10000. Default 256.
    pub outbox: usize,
    /// Seconds after which an unchanged mood is said again, 1..=3600. Default 30.
    pub repeat_s: u64,
    /// The first level of Home Assistant's discovery topics; empty: the device does not present
    /// itself there. Default `homeassistant`.
    pub discovery: String,
    /// Whether the connection is encrypted, and whom to trust.
    pub tls: TlsSettings,
}

/// `[mqtt.tls]`: an encrypted connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TlsSettings {
    /// Whether to use TLS; false.
    pub enabled: bool,
    /// PEM file with the authority that signed the broker's certificate; empty, the default: the
    /// authorities that the system trusts.
    pub ca_file: PathBuf,
    /// PEM file with this device's own certificate, for brokers that ask for one; empty for none.
    pub certificate: PathBuf,
    /// PEM file with the key of that certificate. As for the password, systemd may pass it on.
    pub key: PathBuf,
}

impl Default for MqttSettings {
    fn default() -> Self {
        Self {
            host: AUTO.to_owned(),
            port: 1883,
            pair_at: String::new(),
            keep_alive_s: 10,
            username: String::new(),
            password_file: PathBuf::new(),
            outbox: 256,
            repeat_s: 30,
            discovery: "homeassistant".to_owned(),
            tls: TlsSettings::default(),
        }
    }
}

/// The password cannot be had.
#[derive(Debug, Error)]
pub enum PasswordError {
    /// The file cannot be read.
    #[error("cannot read the MQTT password file {path} (mqtt.password_file): {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// Its first line is empty.
    #[error("the MQTT password file {0} (mqtt.password_file) has nothing on its first line; write the password there")]
    Empty(PathBuf),
}

impl MqttSettings {
    /// The password: the first line of its file; empty where no file is named.
    ///
    /// # Errors
    /// The file cannot be read, or its first line is empty.
    pub fn password(&self) -> Result<String, PasswordError> {
        if self.password_file.as_os_str().is_empty() {
            return Ok(String::new());
        }
        let path = secret(&self.password_file);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(why) => return Err(PasswordError::Unreadable { path, why }),
        };
        match text.lines().next().unwrap_or_default() {
            "" => Err(PasswordError::Empty(path)),
            password => Ok(password.to_owned()),
        }
    }

    /// Whether the broker is that of the host with which this device is paired.
    pub fn is_auto(&self) -> bool {
        self.host == AUTO
    }

    /// `HOST:PORT`, for messages.
    pub fn broker(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Refuses values that cannot be.
    ///
    /// # Errors
    /// A sentence that names the key, what was found and what would do.
    pub fn check(&self) -> Result<(), String> {
        if self.host.trim().is_empty() {
            return Err("mqtt.host is empty; it must name the broker, as in \"127.0.0.1\", or say \"auto\"".to_owned());
        }
        if self.is_auto() && (!self.username.is_empty() || self.tls.enabled) {
            return Err(
                "mqtt.host is \"auto\", so that the host says how to connect; leave mqtt.username and mqtt.tls \
                        out, or name the broker"
                    .to_owned(),
            );
        }
        if !self.is_auto() && !self.pair_at.is_empty() {
            return Err("mqtt.pair_at is set and mqtt.host names a broker; set mqtt.host = \"auto\"".to_owned());
        }
        if self.username.is_empty() && !self.password_file.as_os_str().is_empty() {
            return Err("mqtt.password_file is set and mqtt.username is not; set both or neither".to_owned());
        }
        for (key, value, least, most) in [
            ("port", u64::from(self.port), 1, 65535),
            ("keep_alive_s", self.keep_alive_s.into(), 2, 300),
            ("outbox", self.outbox as u64, 1, 10_000),
            ("repeat_s", self.repeat_s, 1, 3600),
        ] {
            if !(least..=most).contains(&value) {
                return Err(format!("mqtt.{key} is {value}; it must lie within {least} and {most}"));
            }
        }
        if self.discovery.contains(['+', '#', '\0']) || self.discovery.starts_with(['/', '$']) {
            return Err(format!(
                "mqtt.discovery is {:?}, which begins no topic; use \"homeassistant\", or \"\" for none",
                self.discovery
            ));
        }
        self.tls.check()
    }
}

impl TlsSettings {
    fn check(&self) -> Result<(), String> {
        let set = |path: &Path| !path.as_os_str().is_empty();
        let named = [("ca_file", &self.ca_file), ("certificate", &self.certificate), ("key", &self.key)]
            .into_iter()
            .find(|(_, path)| set(path));
        if let (false, Some((key, _))) = (self.enabled, named) {
            return Err(format!("mqtt.tls.{key} is set and mqtt.tls.enabled is false; set it to true to use TLS"));
        }
        if set(&self.certificate) != set(&self.key) {
            return Err("mqtt.tls.certificate and mqtt.tls.key belong together; set both or neither".to_owned());
        }
        Ok(())
    }
}

/// Where a secret is: among systemd's credentials where it is a bare name that stands there.
pub(super) fn secret(path: &Path) -> PathBuf {
    among(path, std::env::var_os(CREDENTIALS).map(PathBuf::from))
}

fn among(path: &Path, credentials: Option<PathBuf>) -> PathBuf {
    let bare = path.components().count() == 1 && path.is_relative();
    let passed = credentials.filter(|_| bare).map(|folder| folder.join(path)).filter(|passed| passed.exists());
    passed.unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_found_says_itself_how_to_connect() {
        let auto = MqttSettings::default();
        assert!(auto.is_auto() && auto.check().is_ok());
        let named = MqttSettings { username: "hall".to_owned(), ..auto.clone() };
        assert!(named.check().unwrap_err().contains("mqtt.host is \"auto\""));
        let both = MqttSettings { host: "192.0.2.1".to_owned(), pair_at: "192.0.2.1".to_owned(), ..auto };
        assert!(both.check().unwrap_err().contains("mqtt.pair_at is set"));
    }

    #[test]
    fn the_password_is_the_first_line_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        let settings =
            MqttSettings { username: "hall".to_owned(), password_file: file.clone(), ..MqttSettings::default() };
        fs::write(&file, "se cret\nsecond line\n").unwrap();
        assert_eq!(settings.password().unwrap(), "se cret");
        fs::write(&file, "\n").unwrap();
        assert!(settings.password().unwrap_err().to_string().contains("nothing on its first line"));
        fs::remove_file(&file).unwrap();
        let error = settings.password().unwrap_err().to_string();
        assert!(error.contains("mqtt.password_file") && error.contains("No such file"), "{error}");
        assert_eq!(MqttSettings::default().password().unwrap(), "");
    }

    #[test]
    fn a_bare_name_is_looked_for_among_the_credentials_of_the_service() {
        let folder = tempfile::tempdir().unwrap();
        let passed = folder.path().join("mqtt-password");
        fs::write(&passed, "x").unwrap();
        let credentials = || Some(folder.path().to_owned());
        assert_eq!(among(Path::new("mqtt-password"), credentials()), passed);
        assert_eq!(among(Path::new("other"), credentials()), Path::new("other"));
        assert_eq!(among(Path::new("mqtt-password"), None), Path::new("mqtt-password"));
        assert_eq!(among(Path::new("/etc/mqtt-password"), credentials()), Path::new("/etc/mqtt-password"));
    }

    #[test]
    fn settings_that_do_not_fit_each_other_are_named() {
        let with = |change: fn(&mut MqttSettings)| {
            let mut settings = MqttSettings { host: "127.0.0.1".to_owned(), ..MqttSettings::default() };
            change(&mut settings);
            settings.check().unwrap_err()
        };
        assert_eq!(MqttSettings::default().check(), Ok(()));
        assert!(with(|s| s.tls.ca_file = "/ca.pem".into()).contains("mqtt.tls.enabled is false"));
        assert!(
            with(|s| s.tls = TlsSettings { enabled: true, key: "/k".into(), ..s.tls.clone() }).contains("together")
        );
        assert!(with(|s| s.discovery = "home/#".into()).contains("mqtt.discovery"));
        assert!(with(|s| s.keep_alive_s = 1).contains("mqtt.keep_alive_s is 1; it must lie within 2 and 300"));
    }
}
