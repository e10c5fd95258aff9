//! How a piece is written down, and how what is written becomes notes.
//!
//! Enters: lines of words. Leaves: notes with a time, a length, a pitch and a strength. Fails: on a
//! word that is no music, or a bar that does not add up, with the word or bar named; the tests read
//! every piece, so this never happens at run time.
//!
//! | written | means |
//! |---|---|
//! | `c4` `f#3` `bb5` | a note by name and octave; `c4` is the middle C |
//! | `c4+e4+g4` | a chord |
//! | `x` | a stroke of a voice without pitch |
//! | `-` | a rest |
//! | `_` | the last note or chord sounds on |
//! | `:0.5` after any of these | it takes half a beat, and so does what follows, until said otherwise |
//! | `!` or `?` before the colon | louder, or softer |
//! | a bar line | checks that the bar is full |
//! | `%4` | four bars of rest |

use super::voices::Voice;

/// A piece as written.
#[derive(Debug)]
pub(super) struct Score {
    /// Beats in a bar.
    pub metre: f64,
    /// Bars in all.
    pub bars: u32,
    /// How late the second half of each beat comes, in beats.
    pub swing: f64,
    /// The room it sounds in: size in metres, and seconds until a sound has died away.
    pub room: (f32, f32),
    /// Loudness of the whole, in dB.
    pub level: f32,
    /// Who plays what.
    pub parts: &'static [Part],
}

/// What one voice plays from the beginning to the end.
#[derive(Debug)]
pub(super) struct Part {
    /// The voice.
    pub voice: Voice,
    /// Loudness, in dB.
    pub level: f32,
    /// Where it stands, from -1 (left) to 1 (right).
    pub pan: f32,
    /// How much of the room is heard in it, 0..=1.
    pub wet: f32,
    /// The music, phrase after phrase.
    pub music: &'static [&'static str],
}

/// One note to be played.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Note {
    /// When it begins, in beats from the beginning.
    pub at: f64,
    /// How long it is held, in beats.
    pub beats: f64,
    /// Its frequency in Hz; 0 for a stroke.
    pub hz: f32,
    /// How strong, 0..=1.
    pub strength: f32,
}

/// The notes of these phrases, in order, and the beats they take in all.
///
/// # Errors
/// Names the word or bar that is wrong.
pub(super) fn read(music: &[&str], metre: f64) -> Result<(Vec<Note>, f64), String> {
    let mut notes: Vec<Note> = Vec::new();
    // How many notes the last chord has, for `_`.
    let mut chord = 0;
    let mut at = 0.0;
    for phrase in music {
        let mut beats = 1.0;
        for word in phrase.split_whitespace() {
            if word == "|" {
                let bars: f64 = at / metre;
                if (bars - bars.round()).abs() > 1e-6 {
                    return Err(format!(
                        "bar {} does not add up before the bar line at beat {at}: {phrase}",
                        bars.ceil()
                    ));
                }
                continue;
            }
            if let Some(bars) = word.strip_prefix('%') {
                at += metre * bars.parse::<f64>().map_err(|_| format!("{word} counts no bars"))?;
                chord = 0;
                continue;
            }
            let (what, length) = word.split_once(':').unwrap_or((word, ""));
            if !length.is_empty() {
                beats = length.parse().map_err(|_| format!("{length} in {word} is no length"))?;
            }
            let (what, strength) = match (what.strip_suffix('!'), what.strip_suffix('?')) {
                (Some(what), _) => (what, 1.0),
                (_, Some(what)) => (what, 0.5),
                _ => (what, 0.75),
            };
            match what {
                "-" => chord = 0,
                "_" => {
                    let from = notes.len() - chord;
                    notes[from..].iter_mut().for_each(|note| note.beats += beats);
                }
                _ => {
                    let from = notes.len();
                    for name in what.split('+') {
                        notes.push(Note { at, beats, hz: pitch(name)?, strength });
                    }
                    chord = notes.len() - from;
                }
            }
            at += beats;
        }
    }
    Ok((notes, at))
}

/// Hz of a note by name and octave, in equal temperament with a4 = 440 Hz; 0 for `x`.
fn pitch(name: &str) -> Result<f32, String> {
    if name == "x" {
        return Ok(0.0);
    }
    let wrong = || format!("{name} is no note");
    let mut letters = name.chars();
    let step = match letters.next() {
        Some('c') => 0,
        Some('d') => 2,
        Some('e') => 4,
        Some('f') => 5,
        Some('g') => 7,
        Some('a') => 9,
        Some('b') => 11,
        _ => return Err(wrong()),
    };
    let rest = letters.as_str();
    let (shift, octave) = match (rest.strip_prefix('#'), rest.strip_prefix('b')) {
        (Some(octave), _) => (1, octave),
        (_, Some(octave)) => (-1, octave),
        _ => (0, rest),
    };
    let octave: i32 = octave.parse().map_err(|_| wrong())?;
    let semitones = 12 * (octave - 4) + step + shift - 9;
    Ok(440.0 * (semitones as f32 / 12.0).exp2())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pitches() {
        for (name, hz) in [("a4", 440.0), ("c4", 261.626), ("f#3", 184.997), ("bb5", 932.328), ("b0", 30.868)] {
            assert!((pitch(name).unwrap() - hz).abs() < 0.01, "{name}");
        }
        for name in ["h4", "c", "", "c#", "4c", " 4"] {
            assert!(pitch(name).is_err(), "{name}");
        }
    }

    #[test]
    fn lengths_last_until_the_next_and_ties_sound_on() {
        let (notes, beats) = read(&["c4:0.5 d4! -:1 | e4+g4:2 | _:1 -:1 | %2"], 2.0).unwrap();
        assert_eq!(beats, 10.0);
        let told: Vec<_> = notes.iter().map(|n| (n.at, n.beats, n.strength)).collect();
        assert_eq!(told, [(0.0, 0.5, 0.75), (0.5, 0.5, 1.0), (2.0, 3.0, 0.75), (2.0, 3.0, 0.75)]);
    }

    #[test]
    fn mistakes_are_named() {
        assert!(read(&["c4 d4 e4 | f4"], 4.0).unwrap_err().contains("beat 3"));
        assert!(read(&["c4 q4"], 4.0).unwrap_err().contains("q4"));
        assert!(read(&["c4:x"], 4.0).unwrap_err().contains("c4:x"));
        assert!(read(&["%x"], 4.0).unwrap_err().contains("%x"));
    }
}
