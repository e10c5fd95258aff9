//! The built-in music: seven short pieces, one for each emotion, played from their scores.

mod perform;
mod score;
mod voices;

mod angry;
mod disgust;
mod fear;
mod happy;
mod neutral;
mod sad;
mod surprise;

use std::time::Duration;

use moodring_mood::Emotion;

use self::{
    perform::{Performance, TAIL_S},
    score::Score,
};
use super::local::Sound;

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
#[derive(Clone, Copy, Debug)]
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
    score: &'static Score,
}

impl Piece {
    /// Plays it from its first note.
    pub(crate) fn perform(&self) -> Performance {
        Performance::new(self.score, self.tempo)
    }

    /// The whole of it: stereo frames, left and right in turn, 44,100 frames a second, -1..=1.
    pub fn render(&self) -> Vec<f32> {
        let mut frames = Vec::new();
        let mut performance = self.perform();
        while let Ok(Some(_)) = performance.decode(&mut frames) {}
        frames
    }
}

const fn piece(emotion: Emotion, title: &'static str, tempo: u32, mode: Mode, score: &'static Score) -> Piece {
    let seconds = score.bars as f64 * score.metre * 60.0 / tempo as f64 + TAIL_S;
    let length = Duration::from_millis((seconds * 1_000.0) as u64);
    Piece { name: emotion.word(), title, artist: "Moodring", emotion, length, tempo, mode, score }
}

/// All seven, in the network's order of emotions.
pub const ALL: [Piece; 7] = [
    piece(Emotion::Angry, "Iron Street", 140, Mode::Phrygian, &angry::SCORE),
    piece(Emotion::Disgust, "Crooked Spoon", 96, Mode::Chromatic, &disgust::SCORE),
    piece(Emotion::Fear, "The Long Corridor", 52, Mode::Chromatic, &fear::SCORE),
    piece(Emotion::Happy, "Window Open", 120, Mode::Major, &happy::SCORE),
    piece(Emotion::Sad, "Rain on the Sill", 60, Mode::Minor, &sad::SCORE),
    piece(Emotion::Surprise, "Paper Lanterns", 112, Mode::Lydian, &surprise::SCORE),
    piece(Emotion::Neutral, "Slow Water", 80, Mode::Dorian, &neutral::SCORE),
];

/// The piece of this name.
pub fn by_name(name: &str) -> Option<&'static Piece> {
    ALL.iter().find(|piece| piece.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_score_can_be_read_and_adds_up() {
        let mut wrong = Vec::new();
        for piece in ALL {
            for (number, part) in piece.score.parts.iter().enumerate() {
                let whole = f64::from(piece.score.bars) * piece.score.metre;
                match score::read(part.music, piece.score.metre) {
                    Ok((notes, beats)) => {
                        if notes.is_empty() || beats > whole + 1e-9 {
                            wrong.push(format!("{} part {number}: {beats} of {whole} beats", piece.name));
                        }
                    }
                    Err(why) => wrong.push(format!("{} part {number} ({:?}): {why}", piece.name, part.voice)),
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
