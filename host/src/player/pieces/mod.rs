//! The built-in music: seven short pieces, one for each emotion, played from their scores.

use std::time::Duration;

use moodring_mood::Emotion;

/// Whether a piece is in major, minor or elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Mode {
    Major,
    Minor,
    Dorian,
    Phrygian,
    Lydian,
    WholeTone,
    Chromatic,
}

/// What is known of a piece without playing it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    /// Its name, unique; what [`super::Source::BuiltIn`] holds.
    pub name: &'static str,
    /// Its title.
    pub title: &'static str,
    /// Who plays it.
    pub artist: &'static str,
    /// The emotion it fits.
    pub emotion: Emotion,
    /// How long it sounds.
    pub length: Duration,
    /// Beats a minute.
    pub tempo: u32,
    /// Its mode.
    pub mode: Mode,
}

const fn piece(name: &'static str, title: &'static str, emotion: Emotion, tempo: u32, mode: Mode) -> Piece {
    Piece { name, title, artist: "Moodring", emotion, length: Duration::from_secs(45), tempo, mode }
}

/// All seven, in the network's order of emotions.
pub const ALL: [Piece; 7] = [
    piece("angry", "Iron Street", Emotion::Angry, 140, Mode::Phrygian),
    piece("disgust", "Crooked Spoon", Emotion::Disgust, 96, Mode::Chromatic),
    piece("fear", "The Long Corridor", Emotion::Fear, 52, Mode::Chromatic),
    piece("happy", "Window Open", Emotion::Happy, 120, Mode::Major),
    piece("sad", "Rain on the Sill", Emotion::Sad, 60, Mode::Minor),
    piece("surprise", "Paper Lanterns", Emotion::Surprise, 112, Mode::Lydian),
    piece("neutral", "Slow Water", Emotion::Neutral, 80, Mode::Dorian),
];

/// The piece of this name.
pub fn by_name(name: &str) -> Option<&'static Piece> {
    ALL.iter().find(|piece| piece.name == name)
}
