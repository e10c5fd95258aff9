//! What there is to show: plain values from which every picture is drawn.

use moodring_mood::{Confidence, Mood, Playing};

/// One picture of the device's life.
#[derive(Clone, Debug, PartialEq)]
pub enum Scene {
    /// The device has started and has not seen anything yet.
    Waking,
    /// The device runs.
    Live(ScreenState),
    /// The camera is closed on purpose, until somebody asks for it again.
    Private,
    /// The device waits to be paired.
    Pairing(PairingCard),
    /// The device is stopping; this picture stays on the panel.
    Goodbye,
    /// The picture by which a panel's wiring is checked.
    Test,
}

/// What is shown of pairing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PairingCard {
    /// The code to be typed at the host, as people read it; `None` while there is none.
    pub code: Option<String>,
    /// The host's name.
    pub at: String,
    /// What happened before, or why there is no code.
    pub note: Option<String>,
}

/// Everything that the panel shows while the device runs.
#[derive(Clone, Debug, PartialEq)]
pub struct ScreenState {
    /// The steady mood.
    pub mood: Mood,
    /// How sure it is; shown in steps of `STEP`, so that it does not redraw with every frame.
    pub confidence: Confidence,
    /// Faces in view; shown from two on.
    pub people: u32,
    /// What the host plays for this device.
    pub playing: Option<Playing>,
    /// Whether that is paused.
    pub paused: bool,
    /// What is wrong with the camera, in a few words, if anything is.
    pub camera_problem: Option<String>,
    /// Whether it is too dark to read faces, or the lens is covered; the mood is then `nobody`.
    pub too_dark: bool,
    /// Whether the broker is reached.
    pub network: Network,
}

impl Default for ScreenState {
    /// Nobody there, nothing playing, all well.
    fn default() -> Self {
        Self {
            mood: Mood::Nobody,
            confidence: Confidence::ZERO,
            people: 0,
            playing: None,
            paused: false,
            camera_problem: None,
            too_dark: false,
            network: Network::Up,
        }
    }
}

/// Whether the broker is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// Connected.
    Up,
    /// Not connected; the device goes on and tries again.
    Down,
}

/// The step in which confidence is shown, 0..=1.
pub const STEP: f32 = 0.05;

impl ScreenState {
    /// This state with its confidence rounded to a step; to the step shown `before`, if it is still
    /// near that one, so that a value between two steps does not flicker.
    #[must_use]
    pub fn stepped(mut self, before: Option<&Self>) -> Self {
        let confidence = self.confidence.get();
        let stays = before.filter(|b| b.mood == self.mood && (b.confidence.get() - confidence).abs() < 0.8 * STEP);
        self.confidence = match stays {
            Some(before) => before.confidence,
            None => Confidence::saturating((confidence / STEP).round() * STEP),
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn happy(confidence: f32) -> ScreenState {
        ScreenState { mood: Mood::Happy, confidence: Confidence::saturating(confidence), ..ScreenState::default() }
    }

    #[test]
    fn confidence_is_shown_in_steps_that_do_not_flicker() {
        let first = happy(0.724).stepped(None);
        assert_eq!(first.confidence.percent(), 70);
        for between in [0.726, 0.70, 0.735, 0.665] {
            assert_eq!(happy(between).stepped(Some(&first)), first, "{between}");
        }
        assert_eq!(happy(0.745).stepped(Some(&first)).confidence.percent(), 75);
        let sad = ScreenState { mood: Mood::Sad, ..happy(0.74) };
        assert_eq!(sad.stepped(Some(&first)).confidence.percent(), 75, "another mood starts afresh");
    }
}
