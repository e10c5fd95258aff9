//! "Window Open": G major, 120 beats a minute, a plucked tune over an easy strum.
//!
//! Three times eight bars: a tune, its answer in the relative minor, and the tune again with more
//! notes, closing on the tonic.

use super::{
    score::{Part, Score},
    voices::Voice,
};

/// An off-beat strum, a bar for each chord.
macro_rules! strum {
    ($($chord:literal)*) => {
        concat!($("-:0.5 ", $chord, ":0.5 - ", $chord, "! - ", $chord, " ", $chord, "?:0.5 ", $chord, " | "),*)
    };
}

/// Root, pick-up and fifth, a bar for each pair.
macro_rules! bounce {
    ($($root:literal $fifth:literal)*) => {
        concat!($($root, "!:1.5 ", $root, "?:0.5 ", $fifth, ":1 ", $root, "?:1 | "),*)
    };
}

const TUNE: &str = "d5:1 b4:0.5 d5 g5!:1 f#5:0.5 e5 | d5:1 a4:0.5 d5 f#5:1.5 -:0.5 |
    e5:1 b4:0.5 e5 g5!:1 a5:0.5 g5 | e5:1.5 d5:0.5 c5:1 e5 |
    d5:1 b4:0.5 d5 g5:1 b5!:0.5 a5 | a5:1 f#5:0.5 a5 d5:1.5 -:0.5 |
    e5:0.5 g5 e5 c5 d5 f#5 a5! f#5 | g5:2 -:1 b4:0.5 d5 |";
const ANSWER: &str = "g5!:1.5 f#5:0.5 e5:1 b4 | f#5:1.5 e5:0.5 d5:1 b4 |
    e5:0.5 d5 c5 d5 e5:1 g5 | d5:2 -:1 g4:0.5 b4 |
    c5:1 e5:0.5 a5 g5:1 e5 | g5:1 e5:0.5 c5 e5:1 g5 |
    a5!:0.5 - a5 g5 f#5:1 a5 | d5:0.5 e5 f#5 a5 d6!:1 -:1 |";
const TUNE_AGAIN: &str = "d5:0.5 g5 b4 d5 g5! a5 f#5 e5 | d5:1 a4:0.5 d5 f#5:1 a5:0.5 f#5 |
    e5:0.5 g5 b4 e5 g5! b5 a5 g5 | e5:1.5 d5:0.5 c5:1 e5 |
    d5:1 b4:0.5 d5 g5:1 b5!:0.5 a5 | a5:1 f#5:0.5 a5 d6:1.5 -:0.5 |
    e5:0.5 g5 c6 g5 f#5 a5 d6! a5 | g5:1 - b4+d5+g5:2 |";

const STRUM_TUNE: &str =
    strum!("b3+d4+g4" "a3+d4+f#4" "b3+e4+g4" "c4+e4+g4" "b3+d4+g4" "a3+d4+f#4" "c4+e4+g4" "b3+d4+g4");
const STRUM_ANSWER: &str =
    strum!("b3+e4+g4" "b3+d4+f#4" "c4+e4+g4" "b3+d4+g4" "c4+e4+a4" "c4+e4+g4" "a3+d4+f#4" "c4+d4+f#4");
const BASS_TUNE: &str = bounce!("g2" "d3" "f#2" "d3" "e2" "b2" "c3" "g2" "g2" "d3" "f#2" "a2" "c3" "d3" "g2" "b2");
const BASS_ANSWER: &str = bounce!("e2" "b2" "b2" "f#2" "c3" "g2" "g2" "d3" "a2" "e3" "c3" "g2" "d3" "a2" "d3" "f#2");

pub(super) const SCORE: Score = Score {
    metre: 4.0,
    bars: 24,
    swing: 0.04,
    room: (10.0, 1.2),
    level: 3.0,
    parts: &[
        Part { voice: Voice::Pluck, level: -4.0, pan: 0.1, wet: 0.16, music: &[TUNE, ANSWER, TUNE_AGAIN] },
        Part { voice: Voice::Bell, level: -17.0, pan: 0.45, wet: 0.3, music: &["%8", ANSWER, TUNE_AGAIN] },
        Part {
            voice: Voice::Pluck,
            level: -16.0,
            pan: -0.4,
            wet: 0.12,
            music: &[STRUM_TUNE, STRUM_ANSWER, STRUM_TUNE],
        },
        Part { voice: Voice::Bass, level: -15.0, pan: 0.0, wet: 0.03, music: &[BASS_TUNE, BASS_ANSWER, BASS_TUNE] },
        Part { voice: Voice::Kick, level: -11.0, pan: 0.0, wet: 0.02, music: &["x:2 x? |"; 24] },
        Part {
            voice: Voice::Snare,
            level: -19.0,
            pan: 0.1,
            wet: 0.2,
            music: &[
                "%8",
                "-:1 x - x | - x - x:0.5 x? |",
                "-:1 x - x | - x - x |",
                "-:1 x - x | - x - x:0.5 x? |",
                "-:1 x - x | - x - x |",
                "-:1 x - x | - x - x:0.5 x? |",
                "-:1 x - x | - x - x |",
                "-:1 x - x | - x - x:0.5 x? |",
                "-:1 x - x |",
            ],
        },
        Part { voice: Voice::Shaker, level: -20.0, pan: 0.3, wet: 0.05, music: &["x:0.5 x? x! x? x x? x! x? |"; 23] },
    ],
};
