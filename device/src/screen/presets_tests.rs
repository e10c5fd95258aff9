//! The table holds together, and the README says the same.

use std::collections::BTreeSet;

use super::*;
use crate::screen::{PanelKind, ScreenSettings};

const README: &str = include_str!("../../../README.md");

#[test]
fn every_preset_is_a_whole_panel_that_passes_the_checks() {
    for preset in PRESETS {
        let name = preset.name;
        assert_eq!(PRESETS.iter().filter(|other| other.name == name).count(), 1, "{name} is there twice");
        for signal in [Signal::Clock, Signal::Data, Signal::ChipSelect, Signal::DataCommand] {
            assert!(preset.pin(signal).is_some(), "{name} lacks {signal:?}");
        }
        assert_eq!((preset.pin(Signal::Clock), preset.pin(Signal::Data)), (Some(11), Some(10)), "{name}: SPI 0");
        let mut pins = BTreeSet::new();
        for pin in preset.wires.iter().filter_map(|wire| wire.gpio).chain(preset.keys.iter().map(|key| key.gpio)) {
            assert!(pins.insert(pin), "{name}: GPIO {pin} twice");
        }
        assert!(preset.wires.iter().all(|wire| wire.place().is_some()), "{name}: a wire that leads nowhere");
        assert_eq!(preset.config_txt.first(), Some(&SPI_ON), "{name}");
        let settings = ScreenSettings { panel: PanelKind::Wired(preset), ..ScreenSettings::default() };
        assert_eq!(settings.check(), Ok(()), "{name}");
    }
}

#[test]
fn places_on_the_header_are_those_of_the_raspberry_pi() {
    let places: BTreeSet<u32> = (0..28).filter_map(header_place).collect();
    assert_eq!(places.len(), 28, "each its own");
    // What is left are supply and ground.
    let power: Vec<u32> = (1..=40).filter(|place| !places.contains(place)).collect();
    assert_eq!(power, [1, 2, 4, 6, 9, 14, 17, 20, 25, 30, 34, 39]);
    let known = [(2, 3), (14, 8), (18, 12), (9, 21), (11, 23), (10, 19), (8, 24), (7, 26), (25, 22), (21, 40)];
    for (gpio, place) in known {
        assert_eq!(header_place(gpio), Some(place), "GPIO {gpio}");
    }
    assert_eq!(header_place(28), None);
}

#[test]
fn the_readme_shows_each_panel_as_the_table_has_it() {
    for preset in PRESETS {
        let pin = |signal| preset.pin(signal).map_or("–".to_owned(), |pin| pin.to_string());
        let keys: Vec<String> = preset.keys.iter().map(|key| format!("{} {}", key.label, key.role.word())).collect();
        let keys = if keys.is_empty() { "–".to_owned() } else { keys.join(", ") };
        let lines: Vec<String> = preset.config_txt.iter().map(|line| format!("`{line}`")).collect();
        let row = format!(
            "| `{}` | {} | {} | {} | {} | {} | {keys} | {} |",
            preset.name,
            preset.title,
            pin(Signal::ChipSelect),
            pin(Signal::DataCommand),
            pin(Signal::Reset),
            pin(Signal::Backlight),
            lines.join("<br>"),
        );
        assert!(README.contains(&row), "README.md lacks the row\n{row}");
    }
}

#[test]
fn the_readme_draws_the_bare_module_as_the_table_has_it() {
    let preset = Preset::named("st7789").unwrap();
    for wire in preset.wires {
        let place = wire.place().unwrap();
        let drawn = match (wire.signal, wire.gpio) {
            (Signal::Supply, _) => format!("3.3 V   (pin {place})"),
            (Signal::Ground, _) => format!("GND     (pin {place})"),
            (_, gpio) => format!("GPIO {:<2} (pin {place})", gpio.unwrap()),
        };
        let line = README.lines().find(|line| line.starts_with(&format!(" {} ──", wire.label)));
        let line = line.unwrap_or_else(|| panic!("README.md does not draw {}", wire.label));
        assert!(line.contains(&drawn), "{line}\nshould lead to {drawn}");
    }
}
