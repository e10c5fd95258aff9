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
/// `own` is no TOML, or has a value where a section is to be; the message says which.
pub fn configuration(own: Option<&str>, hardware: &Hardware) -> Result<String, String> {
    let mut table: Table = match own {
        Some(text) => toml::from_str(text).map_err(|why| why.message().to_owned())?,
        None => Table::new(),
    };
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
        Host::Here => set("mqtt", "host", "127.0.0.1".into())?,
        Host::At(name, port) => {
            set("mqtt", "host", name.clone().into())?;
            if let Some(port) = port {
                set("mqtt", "port", i64::from(*port).into())?;
            }
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
        let text = configuration(None, &hardware(Some("st7789"), Some("imx219"), Some("10.0.2.2:1884"))).unwrap();
        let body = text.strip_prefix(HEAD).unwrap();
        assert_eq!(
            body,
            "[camera]\nsource = \"rpicam\"\n\n[mqtt]\nhost = \"10.0.2.2\"\nport = 1884\n\n[screen]\npanel = \"st7789\"\n"
        );
        let text = configuration(None, &hardware(None, None, None)).unwrap();
        assert_eq!(text.strip_prefix(HEAD).unwrap(), "[mqtt]\nhost = \"auto\"\n\n[screen]\npanel = \"none\"\n");
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
        assert!(configuration(Some("mqtt = ["), &hardware(None, None, None)).is_err());
    }
}
