//! A configuration that is read again while the device runs: what of it can be taken at once.
//!
//! In: the settings in force and the new ones. Out: the settings to go on with, and which sections
//! changed but need a restart. Pure, but for [`Reload`], which notes that somebody asks (SIGHUP) and
//! reads the file. What fails is the reading; then all stays as it was.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use moodring_config::ConfigError;

use crate::config::Settings;

/// Whether the configuration is to be read again, and how.
pub struct Reload {
    asked: Arc<AtomicBool>,
    load: Box<dyn FnMut() -> Result<Settings, ConfigError>>,
}

impl Reload {
    /// Reads with `load` whenever `asked` was set.
    pub fn new(asked: Arc<AtomicBool>, load: impl FnMut() -> Result<Settings, ConfigError> + 'static) -> Self {
        Self { asked, load: Box::new(load) }
    }

    /// Whether somebody asked since the last time.
    pub fn is_asked(&self) -> bool {
        self.asked.swap(false, Ordering::Relaxed)
    }

    /// The settings as they are now.
    ///
    /// # Errors
    /// They cannot be read, or a value will not do.
    pub fn load(&mut self) -> Result<Settings, ConfigError> {
        (self.load)()
    }
}

/// What comes of new settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Adopted {
    /// What is in force from now on.
    pub settings: Settings,
    /// What changed and is in force.
    pub taken: Vec<&'static str>,
    /// What changed and will be in force after a restart.
    pub left: Vec<&'static str>,
}

/// Takes of `new` what can change while the device runs.
pub fn adopt(old: &Settings, new: &Settings) -> Adopted {
    let mut settings = old.clone();
    let mut taken = Vec::new();
    macro_rules! take {
        ($name:literal, $($key:ident).+) => {
            if settings.$($key).+ != new.$($key).+ {
                settings.$($key).+.clone_from(&new.$($key).+);
                taken.push($name);
            }
        };
    }
    take!("[mood]", mood);
    take!("[health]", health);
    take!("[log]", log);
    take!("[screen.backlight]", screen.backlight);
    take!("[mqtt] repeat_s", mqtt.repeat_s);
    let mut left = Vec::new();
    macro_rules! leave {
        ($name:literal, $key:ident) => {
            if settings.$key != new.$key {
                left.push($name);
            }
        };
    }
    leave!("id", id);
    leave!("[camera]", camera);
    leave!("[vision]", vision);
    leave!("[screen]", screen);
    leave!("[buttons]", buttons);
    leave!("[mqtt]", mqtt);
    Adopted { settings, taken, left }
}

impl Adopted {
    /// One line about it.
    pub fn words(&self) -> String {
        let list = |names: &[&str]| names.join(", ");
        match (self.taken.as_slice(), self.left.as_slice()) {
            ([], []) => "the configuration is as it was".to_owned(),
            (taken, []) => format!("the new {} are in force", list(taken)),
            ([], left) => format!("the new {} need a restart: systemctl restart moodring-device", list(left)),
            (taken, left) => format!(
                "the new {} are in force; the new {} need a restart: systemctl restart moodring-device",
                list(taken),
                list(left)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_taken_and_parts_are_left() {
        let old = Settings::default();
        let mut new = old.clone();
        new.mood.margin = old.mood.margin + 0.1;
        new.mqtt.repeat_s = 5;
        new.mqtt.host = "broker.local".to_owned();
        new.camera.fps = 5;
        new.screen.backlight.brightness = 40;
        let adopted = adopt(&old, &new);
        assert_eq!(adopted.taken, ["[mood]", "[screen.backlight]", "[mqtt] repeat_s"]);
        assert_eq!(adopted.left, ["[camera]", "[mqtt]"]);
        assert_eq!((adopted.settings.mood.margin, adopted.settings.mqtt.repeat_s), (new.mood.margin, 5));
        assert_eq!((adopted.settings.mqtt.host.as_str(), adopted.settings.camera.fps), ("auto", 10));
        assert!(adopted.words().ends_with("systemctl restart moodring-device"), "{}", adopted.words());
    }

    #[test]
    fn the_same_again_changes_nothing() {
        let adopted = adopt(&Settings::default(), &Settings::default());
        assert_eq!(adopted.words(), "the configuration is as it was");
    }

    #[test]
    fn a_new_key_is_either_taken_or_left() {
        // Whoever adds a section must say here which it is.
        let Settings { id: _, camera: _, vision: _, mood: _, screen: _, buttons: _, mqtt: _, health: _, log: _ } =
            Settings::default();
    }
}
