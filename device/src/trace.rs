//! `trace`: readings of a recorded or composed sequence → the moods that they become.
//!
//! Enters: lines `clip,at_s,angry,disgust,fear,happy,sad,surprise,neutral`, in the order of time within
//! each clip; seven empty scores stand for a frame without a face. Leaves: a line `clip,at_s,mood` for
//! each change of the steady mood, through the same state machine and settings as in a room. What
//! fails: a line that is something else, named by its number.

use std::io::{self, BufRead, Write};
use std::time::Duration;

use moodring_mood::Scores;
use thiserror::Error;

use crate::mood::{MoodSettings, SeenFace, Steady};

/// Why a trace ends.
#[derive(Debug, Error)]
pub enum TraceError {
    /// Reading or writing.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line that is no reading.
    #[error("line {line}: {found:?} is no reading; clip,at_s and seven scores are needed, with commas between them")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What stands there.
        found: String,
    },
}

/// One line: which clip, seconds since its begin, and what was read, if there was a face.
type Record<'a> = (&'a str, f64, Option<[f32; 7]>);

/// Reads `input`, writes `output`; returns the frames read.
///
/// # Errors
/// See [`TraceError`].
pub fn run(settings: MoodSettings, input: impl BufRead, mut output: impl Write) -> Result<usize, TraceError> {
    let mut current: Option<(String, Steady)> = None;
    let mut frames = 0;
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        let bad = || TraceError::Line { line: number + 1, found: line.clone() };
        let (clip, at, scores) = parse(&line).ok_or_else(bad)?;
        let same = current.take().filter(|(name, _)| name == clip);
        let (name, mut steady) = same.unwrap_or_else(|| (clip.to_owned(), Steady::new(settings)));
        let face = scores.map(|scores| SeenFace { scores: Scores::from_array(scores), weight: 1.0 });
        let room = steady.observe(Duration::from_secs_f64(at), face.as_slice());
        if room.changed {
            writeln!(output, "{name},{at},{}", room.mood)?;
        }
        current = Some((name, steady));
        frames += 1;
    }
    output.flush()?;
    Ok(frames)
}

fn parse(line: &str) -> Option<Record<'_>> {
    let mut fields = line.split(',').map(str::trim);
    let clip = fields.next()?;
    let at: f64 = fields.next()?.parse().ok()?;
    let rest: Vec<&str> = fields.collect();
    if rest.len() != 7 || !(0.0..=1e9).contains(&at) {
        return None;
    }
    if rest.iter().all(|field| field.is_empty()) {
        return Some((clip, at, None));
    }
    let mut scores = [0.0; 7];
    for (to, field) in scores.iter_mut().zip(rest) {
        *to = field.parse().ok().filter(|score: &f32| (0.0..=1.0).contains(score))?;
    }
    Some((clip, at, Some(scores)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(input: &str) -> Result<String, String> {
        let mut output = Vec::new();
        run(MoodSettings::default(), input.as_bytes(), &mut output).map_err(|e| e.to_string())?;
        Ok(String::from_utf8(output).unwrap())
    }

    #[test]
    fn a_clip_becomes_its_changes_and_each_clip_begins_anew() {
        let frames = |clip: &str, scores: &str| -> String {
            (0..30).map(|i| format!("{clip},{},{scores}\n", f64::from(i) / 10.0)).collect()
        };
        let happy = frames("a", "0,0,0,1,0,0,0");
        let empty = frames("b", ",,,,,,");
        let sad = frames("c", "0,0,0,0,0.9,0,0.1");
        let trace = trace(&(happy + &empty + &sad)).unwrap();
        let lines: Vec<&str> = trace.lines().collect();
        assert_eq!(lines.len(), 2, "{trace}");
        assert!(lines[0].starts_with("a,0.") && lines[0].ends_with(",happy"), "{trace}");
        assert!(lines[1].starts_with("c,0.") && lines[1].ends_with(",sad"), "{trace}");
    }

    #[test]
    fn what_is_no_reading_is_named() {
        for line in ["a,0,1,0", "a,x,1,0,0,0,0,0,0", "a,0,7,0,0,0,0,0,0", "", "a,-1,1,0,0,0,0,0,0"] {
            let error = trace(&format!("a,0,1,0,0,0,0,0,0\n{line}\n")).unwrap_err();
            assert!(error.starts_with("line 2: ") && error.contains("seven scores"), "{error}");
        }
    }
}
