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
    use fundsp::prelude32::{amp_db, db_amp, highpass_hz, highshelf_hz};

    use super::{perform::RATE, *};

    /// What a listener would notice: loudness (K-weighted, ITU-R BS.1770, ungated), the loudest
    /// sample, and how far the wave is off centre.
    struct Heard {
        loudness: f32,
        peak: f32,
        off_centre: f32,
    }

    fn listen(frames: &[f32]) -> Heard {
        let mut weight = highshelf_hz(1_500.0, 0.7, db_amp(4.0)) >> highpass_hz(38.0, 0.5);
        let (mut power, mut peak, mut sum) = (0.0_f64, 0.0_f32, 0.0_f64);
        for frame in frames.chunks_exact(2) {
            let middle = f32::midpoint(frame[0], frame[1]);
            power += f64::from(weight.filter_mono(middle)).powi(2);
            peak = peak.max(frame[0].abs()).max(frame[1].abs());
            sum += f64::from(middle);
        }
        let count = frames.len() as f64 / 2.0;
        let loudness = amp_db((2.0 * power / count).sqrt() as f32) - 0.7;
        Heard { loudness, peak: amp_db(peak), off_centre: (sum / count) as f32 }
    }

    /// So many seconds of a piece from a certain time on: without optimisation the whole of all
    /// seven would take a minute.
    fn excerpt(piece: &Piece, from: f64, seconds: f64) -> Vec<f32> {
        let (mut frames, mut performance) = (Vec::new(), piece.perform().begin_at(from));
        while frames.len() < 2 * (seconds * f64::from(RATE)) as usize {
            if performance.decode(&mut frames).unwrap().is_none() {
                break;
            }
        }
        frames
    }

    #[test]
    fn all_seven_are_as_loud_as_each_other() {
        for piece in ALL {
            let Heard { loudness, peak, off_centre } = listen(&excerpt(&piece, 12.0, 6.0));
            let name = piece.name;
            assert!((loudness + 19.4).abs() < 2.0, "{name}: {loudness} LUFS");
            assert!((-9.0..=-2.9).contains(&peak), "{name}: {peak} dBFS at its loudest");
            assert!(off_centre.abs() < 1e-3, "{name}: {off_centre}");
        }
    }

    #[test]
    fn all_begin_and_end_in_silence_when_they_say() {
        for piece in ALL {
            let (name, length) = (piece.name, piece.length.as_secs_f64());
            assert!(excerpt(&piece, 0.0, 0.01)[..4].iter().all(|s| s.abs() < 1e-3), "{name} begins with a click");
            let frames = excerpt(&piece, length - 3.5, 10.0);
            let seconds = frames.len() as f64 / 2.0 / f64::from(RATE);
            assert!((seconds - 3.5).abs() < 0.002, "{name}: {seconds} s of the last 3.5");
            assert!(frames[frames.len() - 400..].iter().all(|s| s.abs() < 1e-3), "{name} ends with a click");
        }
    }

    #[test]
    fn a_piece_is_the_same_at_every_performance() {
        let begin = |piece: &Piece| excerpt(piece, 0.0, 1.0);
        assert!(begin(&ALL[3]) == begin(&ALL[3]));
        assert!(begin(&ALL[3]) != begin(&ALL[4]));
    }

    #[test]
    fn each_emotion_has_its_piece_and_no_two_have_the_same_pace() {
        for (piece, emotion) in ALL.iter().zip(Emotion::ALL) {
            assert_eq!((piece.emotion, piece.name), (emotion, emotion.word()));
            assert!((30..=60).contains(&piece.length.as_secs()), "{}: {:?}", piece.name, piece.length);
            assert_eq!(by_name(piece.name).map(|found| found.title), Some(piece.title));
        }
        let mut tempos = ALL.map(|piece| piece.tempo);
        tempos.sort_unstable();
        assert!(tempos.windows(2).all(|pair| pair[1] * 100 > pair[0] * 106), "{tempos:?}");
        assert!(by_name("polka").is_none());
    }

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
