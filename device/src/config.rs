//! The device's configuration: `moodring-device.toml` with environment overrides.
//!
//! In: a file, or none, and variables such as `MOODRING_DEVICE__CAMERA__FPS=5`. Out: [`Settings`]
//! in which every value is in range. What fails says the file and line, or the variable, what was
//! found and what would do. `moodring-device.toml` beside this crate explains every key; a test
//! holds it equal to the defaults here.

use std::{
    fs,
    path::{Path, PathBuf},
};

use moodring_config::ConfigError;
use moodring_mood::DeviceId;
use serde::{Deserialize, Deserializer};

use crate::{
    buttons::ButtonSettings, camera::CameraSettings, health::HealthSettings, journal::LogSettings, mood::MoodSettings,
    publish::MqttSettings, screen::ScreenSettings, see::VisionSettings,
};

/// Where the configuration is when nobody says where.
pub const PLACE: &str = "/etc/moodring/device.toml";

/// What a variable that overrides a key begins with.
pub const PREFIX: &str = "MOODRING_DEVICE";

/// The variable that names the TensorFlow Lite library where `[vision] library` does not.
pub const LIBRARY: &str = "MOODRING_TFLITE";

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The device's name on the wire; the host name where `None` (an empty string in the file).
    #[serde(deserialize_with = "id")]
    pub id: Option<DeviceId>,
    /// Where frames come from.
    pub camera: CameraSettings,
    /// The networks and the library that runs them.
    pub vision: VisionSettings,
    /// How quick or calm the mood is.
    pub mood: MoodSettings,
    /// Which panel, and how it is wired.
    pub screen: ScreenSettings,
    /// Which button does what.
    pub buttons: ButtonSettings,
    /// Where the broker is.
    pub mqtt: MqttSettings,
    /// How often health is reported.
    pub health: HealthSettings,
    /// How much is said in the log.
    pub log: LogSettings,
}

/// Where the settings came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This file.
    File(PathBuf),
    /// No file was named, and there is none at [`PLACE`].
    Defaults,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Defaults => write!(f, "the defaults (there is no {PLACE})"),
        }
    }
}

impl Settings {
    /// Reads `named`, else [`PLACE`] if it exists, else takes the defaults; then `env` overrides.
    ///
    /// # Errors
    /// The file cannot be read, has an unknown key or an ill-typed value, or a value is out of range.
    pub fn load(
        named: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Origin), ConfigError> {
        let place = Path::new(PLACE);
        let file = named.or_else(|| place.exists().then_some(place));
        let env: Vec<(String, String)> = env.into_iter().collect();
        let library = env.iter().find(|(name, value)| name == LIBRARY && !value.is_empty());
        let library = library.map(|(_, value)| PathBuf::from(value));
        let mut settings: Self = moodring_config::load_checked(file, PREFIX, env, Self::check)?;
        settings.vision.library = settings.vision.library.or(library);
        let origin = file.map_or(Origin::Defaults, |file| Origin::File(file.to_owned()));
        Ok((settings, origin))
    }

    /// The device's name on the wire.
    pub fn device_id(&self) -> DeviceId {
        self.id.clone().unwrap_or_else(|| {
            let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            DeviceId::from_host_name(&name)
        })
    }

    fn check(&self) -> Result<(), String> {
        self.camera.check()?;
        self.mood.check().map_err(|why| format!("mood.{why}"))?;
        self.screen.check()?;
        self.buttons.check(self.screen.keys(), &self.screen.pins())?;
        self.mqtt.check()?;
        within("health.every_s", self.health.every_s, 1, 3600)
    }
}

fn within(key: &str, value: u64, least: u64, most: u64) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{key} is {value}; it must lie within {least} and {most}"))
}

fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DeviceId>, D::Error> {
    let text = String::deserialize(deserializer)?;
    if text.is_empty() {
        return Ok(None);
    }
    DeviceId::try_from(text).map(Some).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const EXAMPLE: &str = include_str!("../moodring-device.toml");

    fn read(text: &str, env: &[(&str, &str)]) -> Result<Settings, String> {
        let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        let env = env.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        Settings::load(Some(file.path()), env).map(|(settings, _)| settings).map_err(|e| e.to_string())
    }

    #[test]
    fn the_example_holds_every_key_with_its_default() {
        assert_eq!(read(EXAMPLE, &[]), Ok(Settings::default()));
        // What serde says it knows in each section must stand in the example's section.
        let mut section = String::new();
        let mut keys = vec![String::new()];
        for line in EXAMPLE.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
                keys.push(format!("{name}."));
                section = format!("{name}.");
            } else if let Some((key, _)) = line.trim_start_matches("# ").split_once(" = ") {
                // A key without a default stands there as a comment.
                keys.push(format!("{section}{key}"));
            }
        }
        for section in keys.iter().filter(|key| key.is_empty() || key.ends_with('.')) {
            let head = if section.is_empty() { String::new() } else { format!("[{}]", section.trim_end_matches('.')) };
            let error = read(&format!("{head}\nzzzzzz = 1\n"), &[]).unwrap_err();
            let known = error.split("known here: ").nth(1).unwrap_or_else(|| panic!("{error}"));
            for key in known.split(", ") {
                let key = format!("{section}{key}");
                assert!(keys.contains(&key) || keys.contains(&format!("{key}.")), "{key} is not in the example");
            }
        }
    }

    #[test]
    fn variables_override_the_file() {
        let settings = read(
            "id = \"hall\"\n[mqtt]\nport = 1884\n",
            &[("MOODRING_DEVICE__CAMERA__SOURCE", "replay"), ("MOODRING_DEVICE__MQTT__HOST", "broker.local")],
        )
        .unwrap();
        assert_eq!(settings.device_id().as_str(), "hall");
        assert_eq!((settings.mqtt.host.as_str(), settings.mqtt.port), ("broker.local", 1884));
        assert_eq!(settings.camera.source, crate::camera::Source::Replay);
    }

    #[test]
    fn a_variable_out_of_range_is_the_one_that_is_blamed() {
        let env = [("MOODRING_DEVICE__CAMERA__FPS", "0"), ("MOODRING_DEVICE__MQTT__PORT", "1884")];
        let error = read("[camera]\nfps = 5\n", &env).unwrap_err();
        let says = "environment variable MOODRING_DEVICE__CAMERA__FPS: camera.fps is 0; it must lie within 1 and 60";
        assert_eq!(error, says);
        // A file and a variable may need each other.
        let file = "[mqtt]\nhost = \"broker.local\"\npassword_file = \"p\"\n";
        assert!(read(file, &[("MOODRING_DEVICE__MQTT__USERNAME", "u")]).is_ok());
    }

    #[test]
    fn the_library_is_named_by_the_file_or_else_by_a_variable() {
        let env = [("MOODRING_TFLITE", "/b.so")];
        let library = |text: &str| read(text, &env).unwrap().vision.library.unwrap();
        assert_eq!(library(""), Path::new("/b.so"));
        assert_eq!(library("[vision]\nlibrary = \"/a.so\"\n"), Path::new("/a.so"));
        assert_eq!(read("", &[]).unwrap().vision.library, None);
    }

    #[test]
    fn the_id_is_the_host_name_where_none_is_set() {
        let id = read("", &[]).unwrap().device_id();
        assert!(!id.as_str().is_empty());
    }

    #[test]
    fn each_mistake_says_where_and_what_would_do() {
        for (text, says) in [
            ("[camera]\nfps = 61\n", ".toml:2: camera.fps is 61; it must lie within 1 and 60"),
            ("[camera]\nsource = \"web\"\n", ".toml:2: unknown word `web`"),
            ("[mqtt]\nport = 0\n", "mqtt.port is 0; it must lie within 1 and 65535"),
            ("[mqtt]\nport = 70000\n", ".toml:2: "),
            ("[mqtt]\nhost = \"\"\n", "mqtt.host is empty"),
            ("[mqtt]\nkeep_alive_s = 1\n", "mqtt.keep_alive_s is 1; it must lie within 2 and 300"),
            ("[mqtt]\npassword_file = \"x\"\n", "mqtt.username is not"),
            ("[mqtt]\npassword = \"x\"\n", ".toml:2: unknown key `password`; did you mean `password_file`?"),
            ("[health]\nevery_s = 0\n", "health.every_s is 0"),
            ("[mood]\ndissent = 2.0\n", ".toml:2: mood.dissent"),
            ("[screen]\npanel = \"st7798\"\n", ".toml:2: unknown word `st7798`; did you mean `st7789`?"),
            ("[screen]\npanel = \"st7789\"\n[screen.wiring]\ndc = 10\n", ".toml:4: screen.wiring.dc is 10, which is"),
            (
                "[screen]\npanel = \"display-hat-mini\"\n[buttons]\nskip = 9\n",
                ".toml:4: buttons.skip is 9, which is the",
            ),
            ("[buttons]\nlike = 4\nskip = 4\n", "buttons.like is 4, which is skip already"),
            ("id = \"my hall\"\n", ".toml:1: \"my hall\" cannot name a device"),
        ] {
            let error = read(text, &[]).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
    }
}
