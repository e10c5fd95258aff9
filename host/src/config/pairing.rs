//! `[pairing]`, and what belongs to it in `[mqtt]`: how devices find this host and are let in.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use super::{Broker, Config, Unusable};

/// Who comes in at the embedded broker without a name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anonymous {
    /// Programs on this machine.
    #[default]
    Loopback,
    /// Anyone who reaches it.
    Anyone,
    /// Nobody.
    Nobody,
}

/// TLS towards an external broker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// Whether it is used.
    pub enabled: bool,
    /// PEM file with the authority that signed the broker's certificate; empty: those that the system trusts.
    pub ca_file: PathBuf,
}

/// How devices find this host and are let in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pairing {
    /// Whether devices may be paired, and paired ones connect. It opens two ports to the network.
    pub enabled: bool,
    /// The address on which both ports are opened.
    pub host: IpAddr,
    /// The port on which devices pair; 0: the system chooses one.
    pub port: u16,
    /// The port on which paired devices speak MQTT over TLS; 0: the system chooses one.
    pub mqtt_port: u16,
    /// Whether this host is announced, so that devices find it.
    pub announce: bool,
    /// What people call this host; empty: the machine's name.
    pub name: String,
    /// Where devices reach an external broker; empty: `mqtt.host`.
    pub broker: String,
    /// Folder in which users and rights for Mosquitto are kept up to date; empty: none.
    pub mosquitto: PathBuf,
}

impl Default for Pairing {
    fn default() -> Self {
        Self {
            enabled: false,
            host: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            port: 8884,
            mqtt_port: 8883,
            announce: true,
            name: String::new(),
            broker: String::new(),
            mosquitto: PathBuf::new(),
        }
    }
}

impl Pairing {
    /// What people call this host.
    pub fn name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let name = name.trim();
        if name.is_empty() { "moodring".to_owned() } else { name.to_owned() }
    }
}

impl Config {
    pub(super) fn check_pairing(&self) -> Result<(), Unusable> {
        let (pairing, mqtt) = (&self.pairing, &self.mqtt);
        let refused =
            |key, found: &dyn std::fmt::Display, wanted| Err(Unusable::Range { key, found: found.to_string(), wanted });
        if pairing.enabled && pairing.port != 0 && [pairing.mqtt_port, mqtt.port].contains(&pairing.port) {
            return refused("pairing.port", &pairing.port, "mqtt.port and pairing.mqtt_port are other ports");
        }
        if pairing.enabled
            && pairing.mqtt_port != 0
            && pairing.mqtt_port == mqtt.port
            && mqtt.broker == Broker::Embedded
        {
            return refused("pairing.mqtt_port", &pairing.mqtt_port, "mqtt.port is another port, without TLS");
        }
        if pairing.name.chars().any(char::is_control) || pairing.name.len() > 48 {
            return refused("pairing.name", &format!("{:?}", pairing.name), "is a name of at most 48 bytes");
        }
        if mqtt.tls.enabled && mqtt.broker == Broker::Embedded {
            return refused(
                "mqtt.tls.enabled",
                &true,
                "is for an external broker; [pairing] opens TLS at the embedded one",
            );
        }
        if !mqtt.tls.enabled && !mqtt.tls.ca_file.as_os_str().is_empty() {
            return refused(
                "mqtt.tls.ca_file",
                &mqtt.tls.ca_file.display(),
                "counts only with mqtt.tls.enabled = true",
            );
        }
        Ok(())
    }
}
