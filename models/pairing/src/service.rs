//! How a host is announced in the local network: DNS-SD, a name and a few properties.
//!
//! In: the properties that were heard. Out: an [`Offer`], or nothing where they are not those of a host.
//! None of it is believed: a key decides, or a code.

use std::collections::HashMap;

use crate::tls::Fingerprint;

/// The type of the service.
pub const SERVICE: &str = "_moodring._tcp.local.";

/// The shape of the properties.
const VERSION: &str = "1";

/// What a host says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its key: its name for machines.
    pub host: Fingerprint,
    /// Its name for people.
    pub name: String,
    /// The port on which it speaks MQTT over TLS; 0: a broker elsewhere does.
    pub mqtt: u16,
    /// The port on which devices are paired; 0: none are now.
    pub pairing: u16,
}

impl Offer {
    /// As properties of the service.
    pub fn properties(&self) -> Vec<(&'static str, String)> {
        vec![
            ("v", VERSION.to_owned()),
            ("id", self.host.to_string()),
            ("name", self.name.clone()),
            ("mqtt", self.mqtt.to_string()),
            ("pairing", self.pairing.to_string()),
        ]
    }

    /// From properties of a service; `None` where they are not a host's, or one of a time to come.
    pub fn read(properties: &HashMap<String, String>) -> Option<Self> {
        let get = |key: &str| properties.get(key).map(String::as_str);
        let name: String = get("name").unwrap_or_default().chars().filter(|c| !c.is_control()).take(63).collect();
        Some(Self {
            host: get("v").filter(|v| *v == VERSION).and_then(|_| get("id"))?.parse().ok()?,
            name,
            mqtt: get("mqtt")?.parse().ok()?,
            pairing: get("pairing")?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_reads_back_and_nonsense_is_none() {
        let offer = Offer { host: Fingerprint::new([1; 32]), name: "Küche".to_owned(), mqtt: 8883, pairing: 8884 };
        let properties: HashMap<String, String> =
            offer.properties().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        assert_eq!(Offer::read(&properties), Some(offer.clone()));
        for (key, value) in [("v", "2"), ("id", "x"), ("mqtt", "99999"), ("pairing", "")] {
            let mut other = properties.clone();
            other.insert(key.to_owned(), value.to_owned());
            assert_eq!(Offer::read(&other), None, "{key} = {value}");
        }
        let mut loud = properties;
        loud.insert("name".to_owned(), format!("\u{1b}[31m{}", "x".repeat(400)));
        let name = Offer::read(&loud).unwrap().name;
        assert!(name.len() <= 63 && !name.contains('\u{1b}'));
    }
}
