//! The device's configuration on the card: the answers, put into a file of one's own or into none.
//!
//! In: a `device.toml`, or nothing, and the hardware. Out: a `device.toml` with only what differs from the
//! defaults. What fails: the file of one's own is no TOML. Whether its keys are known, the device says.

use toml::{Table, Value};

use crate::answers::{Camera, Hardware, Host};

const HEAD: &str = "# Moodring's device, as it was answered when the card was made. Every key with its explanation is in\n\
    # /etc/moodring/device.toml.all-keys; 'moodring-device check-config' says what is wrong with this file.\n\n";

/// The configuration.
///
/// # Errors
/// `own` is no TOML, has a value where a section is to be, or names a broker where a host's address was
/// answered; the message says which.
pub fn configuration(own: Option<&str>, hardware: &Hardware) -> Result<String, String> {
    let mut table: Table = match own {
        Some(text) => toml::from_str(text).map_err(|why| why.message().to_owned())?,
        None => Table::new(),
    };
    let at = |key: &str| table.get("mqtt").and_then(|mqtt| mqtt.get(key));
    let broker = at("username").and_then(Value::as_str).is_some_and(|name| !name.is_empty())
        || at("tls").and_then(|tls| tls.get("enabled")).and_then(Value::as_bool) == Some(true);
    if broker && matches!(hardware.host, Host::At(..)) {
        return Err("mqtt.username and mqtt.tls are for a broker of your own, and the host's address for pairing; \
                    answer auto, and mqtt.host stays as it is"
            .to_owned());
    }
    let mut set = |section: &str, key: &str, value: Value| {
        let inner = table.entry(section).or_insert_with(|| Value::Table(Table::new()));
        match inner {
            Value::Table(inner) => {
                inner.insert(key.to_owned(), value);
                Ok(())
            }
            _ => Err(format!("{section} must be a section: [{section}]")),
        }
    };
    // A file of one's own may say more than the answers can; what was not answered stays.
    if hardware.panel != "none" || own.is_none() {
        set("screen", "panel", hardware.panel.clone().into())?;
    }
    match hardware.camera {
        Camera::Auto => {}
        Camera::Usb => set("camera", "source", "v4l2".into())?,
        Camera::Module | Camera::Sensor(_) => set("camera", "source", "rpicam".into())?,
    }
    match &hardware.host {
        Host::Auto if own.is_some() => {}
        Host::Auto => set("mqtt", "host", "auto".into())?,
        Host::Here => {
            set("mqtt", "host", "127.0.0.1".into())?;
            // The broker is beside it: there is nobody to ask.
            if let Some(Value::Table(mqtt)) = table.get_mut("mqtt") {
                mqtt.remove("pair_at");
            }
        }
        // Not as the broker's: a host lets devices in that are paired with it, and this is where to ask.
        Host::At(name, port) => {
            let at = match port {
                Some(port) if name.contains(':') => format!("[{name}]:{port}"),
                Some(port) => format!("{name}:{port}"),
                None => name.clone(),
            };
            set("mqtt", "host", "auto".into())?;
            set("mqtt", "pair_at", at.into())?;
        }
    }
    Ok(format!("{HEAD}{}", toml::to_string(&table).map_err(|why| why.to_string())?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::Answers;

    fn hardware(panel: Option<&str>, camera: Option<&str>, host: Option<&str>) -> Hardware {
        let mut answers = Answers::default();
        answers.device.panel = panel.map(Into::into);
        answers.device.camera = camera.map(Into::into);
        answers.device.host = host.map(Into::into);
        answers.hardware().unwrap()
    }

    #[test]
    fn only_what_was_answered_stands_there() {
        let text = configuration(None, &hardware(Some("st7789"), Some("imx219"), Some("10.0.2.2:8885"))).unwrap();
        let body = text.strip_prefix(HEAD).unwrap();
        assert_eq!(
            body,
            "[camera]\nsource = \"rpicam\"\n\n[mqtt]\nhost = \"auto\"\npair_at = \"10.0.2.2:8885\"\n\n[screen]\npanel = \"st7789\"\n"
        );
        let text = configuration(None, &hardware(None, None, None)).unwrap();
        assert_eq!(text.strip_prefix(HEAD).unwrap(), "[mqtt]\nhost = \"auto\"\n\n[screen]\npanel = \"none\"\n");
    }

    #[test]
    fn an_address_is_where_the_device_asks_to_be_paired() {
        for (answer, place) in [
            ("192.168.1.10", "192.168.1.10"),
            ("music.local:8885", "music.local:8885"),
            ("fd00::7", "fd00::7"),
            ("[fd00::7]:8885", "[fd00::7]:8885"),
        ] {
            let text = configuration(None, &hardware(None, None, Some(answer))).unwrap();
            let mqtt = format!("[mqtt]\nhost = \"auto\"\npair_at = \"{place}\"\n\n");
            assert!(text.contains(&mqtt), "{text}");
        }
    }

    #[test]
    fn a_file_of_ones_own_keeps_what_was_not_answered() {
        let own = "id = \"kitchen\"\n[camera]\nsource = \"replay\"\n[mqtt]\nhost = \"broker\"\nport = 8883\n";
        let text = configuration(Some(own), &hardware(Some("none"), None, None)).unwrap();
        assert!(
            text.contains("source = \"replay\"") && text.contains("host = \"broker\"") && !text.contains("panel"),
            "{text}"
        );
        assert!(configuration(Some("mqtt = 5"), &hardware(None, None, Some("here"))).unwrap_err().contains("[mqtt]"));
        let own = "[mqtt]\nhost = \"auto\"\npair_at = \"10.0.0.9\"\n";
        let text = configuration(Some(own), &hardware(None, None, Some("here"))).unwrap();
        assert!(text.contains("host = \"127.0.0.1\"") && !text.contains("pair_at"), "{text}");
        let own = "[mqtt]\nhost = \"broker\"\nusername = \"hall\"\n";
        assert!(configuration(Some(own), &hardware(None, None, None)).is_ok());
        let both = configuration(Some(own), &hardware(None, None, Some("192.168.1.10")));
        assert!(both.unwrap_err().contains("answer auto"));
        let all_keys = "[mqtt]\nusername = \"\"\n[mqtt.tls]\nenabled = false\n";
        assert!(configuration(Some(all_keys), &hardware(None, None, Some("192.168.1.10"))).is_ok());
        assert!(configuration(Some("mqtt = ["), &hardware(None, None, None)).is_err());
    }
}
