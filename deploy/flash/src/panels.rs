//! The panels that have a name, and what each needs in config.txt.
//!
//! In: `panels.toml` beside this crate, which `moodring-device wiring --table` writes from the device's own
//! presets; a test of the device holds the two equal. Out: [`all`]. Nothing fails at run time.

use std::sync::LazyLock;

use serde::Deserialize;

/// A panel.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Panel {
    /// Its name in the configuration.
    pub name: String,
    /// What people call it.
    pub title: String,
    /// The lines that it needs in config.txt.
    pub config_txt: Vec<String>,
}

#[derive(Deserialize)]
struct Table {
    panel: Vec<Panel>,
}

static PANELS: LazyLock<Vec<Panel>> = LazyLock::new(|| {
    let table: Table = toml::from_str(include_str!("../panels.toml")).expect("a test reads panels.toml");
    table.panel
});

/// All of them.
pub fn all() -> &'static [Panel] {
    &PANELS
}

/// The panel of a name.
pub fn named(name: &str) -> Option<&'static Panel> {
    all().iter().find(|panel| panel.name == name)
}

/// Their names.
pub fn names() -> Vec<&'static str> {
    all().iter().map(|panel| panel.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_panel_has_the_bus_switched_on() {
        assert!(all().len() >= 7);
        for panel in all() {
            assert_eq!(panel.config_txt.first().map(String::as_str), Some("dtparam=spi=on"), "{}", panel.name);
        }
    }
}
