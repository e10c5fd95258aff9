//! What a panel costs on its bus: bytes for a change of mood, and for a second in which none comes.
//!
//! Enters: nothing; each controller's own driver runs against wires that count. Leaves: [`Traffic`],
//! the same on every machine. What fails: nothing, as wires that lead nowhere do not.

use std::fmt;

use moodring_mood::{Confidence, Mood, Playing};
use serde::Serialize;

use super::{
    PanelError, PanelKind, Scene, Screen, ScreenSettings, ScreenState,
    panel::{
        counted::{NoDelay, Record, counted},
        start,
    },
    presets::{PRESETS, Preset},
};

/// Transfers take as much as spidev does unless it is told otherwise, bytes.
const CHUNK: usize = 4096;

/// Redraws a second while a mood stands, and for how many seconds: see [`crate::display::CALM`].
const REDRAWS: u64 = 5;
const SECONDS: u64 = 30;

/// What one panel costs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Traffic {
    /// Its name in the configuration.
    pub panel: &'static str,
    /// Pixels across and down.
    pub size: &'static str,
    /// Bytes of a whole picture, sent once, with the commands around it.
    pub whole_bytes: u64,
    /// Bytes of a change from one mood to another while music plays: the mean of 27 changes, three to
    /// and three from each mood.
    pub change_bytes: u64,
    /// The largest of them.
    pub change_most_bytes: u64,
    /// Milliseconds that the mean keeps the bus busy at the panel's usual clock.
    pub change_ms: f64,
    /// Bytes a second while a mood stands and its confidence wavers by about a tenth.
    pub steady_bytes_per_s: f64,
}

/// Counts for each controller and size.
///
/// # Errors
/// Not expected: the wires lead nowhere.
pub fn measure() -> Result<Vec<Traffic>, PanelError> {
    let mut seen = Vec::new();
    let mut all = Vec::new();
    for preset in PRESETS {
        let kind = (preset.controller, preset.size);
        if !seen.contains(&kind) {
            seen.push(kind);
            all.push(measure_one(preset)?);
        }
    }
    Ok(all)
}

fn measure_one(preset: &'static Preset) -> Result<Traffic, PanelError> {
    let (mut screen, record) = open(preset)?;
    let mut cost = |scene: &Scene| screen.show(scene).map(|_| record.count().0);
    let whole_bytes = cost(&live(Mood::Neutral, 0.8))?;
    let mut changes = Vec::new();
    // Strides that share no divisor with nine visit every mood.
    let (mut mood, count) = (0, Mood::ALL.len());
    cost(&live(Mood::ALL[mood], 0.8))?;
    for stride in [1, 2, 4] {
        for _ in 0..count {
            mood = (mood + stride) % count;
            changes.push(cost(&live(Mood::ALL[mood], 0.8))?);
        }
    }
    let change_bytes = changes.iter().sum::<u64>() / changes.len() as u64;
    cost(&live(Mood::Happy, 0.8))?;
    let mut steady = 0;
    for confidence in wavering().take((REDRAWS * SECONDS) as usize) {
        steady += cost(&live(Mood::Happy, confidence))?;
    }
    Ok(Traffic {
        panel: preset.name,
        size: preset.size.word(),
        whole_bytes,
        change_bytes,
        change_most_bytes: changes.into_iter().max().unwrap_or_default(),
        change_ms: change_bytes as f64 * 8e3 / f64::from(preset.speed_hz),
        steady_bytes_per_s: steady as f64 / SECONDS as f64,
    })
}

/// The panel's own driver on wires that count, started.
fn open(preset: &'static Preset) -> Result<(Screen, Record), PanelError> {
    let settings = ScreenSettings { panel: PanelKind::Wired(preset), ..ScreenSettings::default() };
    let wiring = settings.wiring().ok_or_else(|| PanelError::Settings("no panel".to_owned()))?;
    let (wires, record) = counted(CHUNK);
    let screen = Screen::new(start(wires, &wiring, &mut NoDelay)?, settings.size());
    record.count();
    Ok((screen, record))
}

fn live(mood: Mood, confidence: f32) -> Scene {
    let (title, artist) = ("Clair de lune".to_owned(), "Claude Debussy".to_owned());
    let playing = Some(Playing { title, artist, mood: Mood::Happy, reason: String::new() });
    let (confidence, people) = if mood == Mood::Nobody { (0.0, 0) } else { (confidence, 1) };
    let confidence = Confidence::saturating(confidence);
    Scene::Live(ScreenState { mood, confidence, people, playing, ..ScreenState::default() })
}

/// Confidence around 0.8 that drifts as a face before a camera lets it: the same on every run.
fn wavering() -> impl Iterator<Item = f32> {
    let (mut seed, mut offset) = (1_u32, 0.0_f32);
    std::iter::from_fn(move || {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (seed >> 8) as f32 / (1 << 24) as f32 - 0.5;
        offset = 0.9 * offset + 0.1 * noise;
        Some(0.8 + offset)
    })
}

impl fmt::Display for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<20}{:<9}{:>9}{:>9}{:>9}{:>8.1}{:>10.0}",
            self.panel,
            self.size,
            self.whole_bytes,
            self.change_bytes,
            self.change_most_bytes,
            self.change_ms,
            self.steady_bytes_per_s
        )
    }
}

/// The heading above lines of [`Traffic`].
pub fn heading() -> String {
    format!(
        "{:<20}{:<9}{:>9}{:>9}{:>9}{:>8}{:>10}",
        "bytes on the bus", "", "picture", "change", "at most", "ms", "a second"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::{ScreenSize, presets::Controller};

    #[test]
    fn only_changes_go_over_the_bus() {
        for name in ["st7789", "sh1106"] {
            let traffic = measure_one(Preset::named(name).unwrap()).unwrap();
            let pixels = if name == "sh1106" { 1024 } else { 240 * 240 * 2 };
            assert!((pixels..pixels + 64).contains(&traffic.whole_bytes), "{traffic:?}");
            assert!(traffic.change_most_bytes < traffic.whole_bytes, "{traffic:?}");
            assert!(traffic.steady_bytes_per_s < 0.02 * traffic.whole_bytes as f64, "{traffic:?}");
            assert!(traffic.steady_bytes_per_s > 0.0, "the confidence is drawn: {traffic:?}");
        }
    }

    #[test]
    fn nothing_goes_over_the_bus_while_nothing_changes() {
        let (mut screen, record) = open(Preset::named("ili9341").unwrap()).unwrap();
        screen.show(&live(Mood::Sad, 0.7)).unwrap();
        record.count();
        for _ in 0..10 {
            screen.show(&live(Mood::Sad, 0.7)).unwrap();
        }
        assert_eq!(record.count(), (0, 0));
    }

    #[test]
    fn each_controller_and_size_is_counted_once() {
        let kinds = [
            (Controller::St7789, ScreenSize::Wide),
            (Controller::St7789, ScreenSize::Square),
            (Controller::Sh1106, ScreenSize::Mono),
            (Controller::Ili9341, ScreenSize::Wide),
            (Controller::Ssd1306, ScreenSize::Mono),
        ];
        for kind in kinds {
            assert!(PRESETS.iter().any(|preset| (preset.controller, preset.size) == kind), "{kind:?}");
        }
    }
}
