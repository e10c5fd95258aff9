//! "Iron Street": E phrygian, 140 beats a minute, a low driving riff with heavy drums.
//!
//! The riff alone, then a tune of the bare second above it, a half-time middle, and the tune again.

use super::{
    score::{Part, Score},
    voices::Voice,
};

const RIFF: &str = "e2!:0.5 e2? f2 e2? e2! g2 f2 e2? | e2!:0.5 e2? f2 e2? d2! d2? e2:1 |";
const RIFF_UP: &str = "e2!:0.5 e2? f2 e2? e2! g2 a2 g2? | f2!:0.5 f2? g2 f2? e2! d2 e2:1 |";
const HALF_TIME: &str = "f2!:1.5 f2:0.5 -:1 c3:0.5 f2 | g2!:1.5 g2:0.5 -:1 d3:0.5 g2 | f2!:1.5 f2:0.5 -:1 a2:0.5 g2 | e2!:1 - b2:0.5 a2 g2 f2 |";
const TUNE: &str = "e4!:1.5 f4:0.5 e4:1 b3 | d4:1.5 c4:0.5 b3:2 | e4!:1.5 f4:0.5 g4:1 f4 | e4:3 -:1 |
    g4!:1.5 a4:0.5 g4:1 f4 | e4:1 f4 d4:2 | c4:1 d4:0.5 e4 f4:1 d4 | e4!:3 -:1 |";
const CLOSE: &str = "e4!:1.5 f4:0.5 e4:1 b3 | d4:1.5 c4:0.5 b3:2 | e4!:1.5 f4:0.5 g4:1 a4 | b4!:3 -:1 |
    c5!:1.5 b4:0.5 a4:1 g4 | f4:1 g4 a4:2 | g4:0.5 f4 e4 d4 f4:1 d#4 | e4!:1 - e4:2 |";
const POWER: &str = "e3+b3!:4 | d3+a3:4 | e3+b3!:4 | e3+b3:4 | g3+d4!:4 | d3+a3:4 | c3+g3:2 f3+c4:2 | e3+b3!:4 |";
const MIDDLE: &str = "f3+c4+a4!:4 | g3+d4+b4:4 | f3+c4+a4:4 | e3+b3+e4:4 |";
const BEAT: &str = "x!:1 -:0.5 x x!:1 -:1 | x!:1 -:0.5 x x!:1 -:0.5 x? |";
const FILL: &str = "x!:1 -:0.5 x x!:1 -:1 | x!:0.5 x x x x! x x! x! |";

pub(super) const SCORE: Score = Score {
    metre: 4.0,
    bars: 24,
    swing: 0.0,
    room: (14.0, 1.1),
    level: -1.6,
    parts: &[
        Part {
            voice: Voice::Growl,
            level: -5.0,
            pan: -0.12,
            wet: 0.04,
            music: &[
                RIFF,
                RIFF_UP,
                RIFF,
                RIFF_UP,
                RIFF,
                RIFF_UP,
                HALF_TIME,
                RIFF,
                RIFF_UP,
                RIFF,
                "e2!:0.5 e2? f2 e2? e2! g2 f2 d#2 | e2!:1 - e2!:2 |",
            ],
        },
        Part {
            voice: Voice::Bass,
            level: -9.0,
            pan: 0.0,
            wet: 0.0,
            music: &[
                RIFF,
                RIFF_UP,
                RIFF,
                RIFF_UP,
                RIFF,
                RIFF_UP,
                HALF_TIME,
                RIFF,
                RIFF_UP,
                RIFF,
                "e2!:0.5 e2? f2 e2? e2! g2 f2 d#2 | e2!:1 - e2!:2 |",
            ],
        },
        Part { voice: Voice::Reed, level: -7.0, pan: 0.2, wet: 0.25, music: &["%4", TUNE, "%4", CLOSE] },
        Part { voice: Voice::Growl, level: -11.0, pan: 0.35, wet: 0.15, music: &["%4", POWER, MIDDLE, POWER] },
        Part {
            voice: Voice::Kick,
            level: -5.0,
            pan: 0.0,
            wet: 0.02,
            music: &[
                BEAT,
                BEAT,
                BEAT,
                BEAT,
                BEAT,
                BEAT,
                "x!:2 -:2 | x!:2 -:1 x | x!:2 -:2 | x!:1 - x:0.5 x x x |",
                BEAT,
                BEAT,
                BEAT,
                "x!:1 -:0.5 x x!:1 -:1 | x!:1 - x!:2 |",
            ],
        },
        Part {
            voice: Voice::Snare,
            level: -11.0,
            pan: 0.05,
            wet: 0.18,
            music: &[
                "%4",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x:0.5 x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x:0.5 x! |",
                "-:2 x!:2 |",
                "-:2 x!:2 |",
                "-:2 x!:2 |",
                "-:2 x!:0.5 x x! x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x:0.5 x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "-:1 x! - x! |",
                "x!:1 - x!:2 |",
            ],
        },
        Part { voice: Voice::Shaker, level: -19.0, pan: -0.3, wet: 0.05, music: &["x!:0.5 x? x x? x! x? x x? |"; 23] },
        Part {
            voice: Voice::Tom,
            level: -11.0,
            pan: -0.3,
            wet: 0.2,
            music: &["%2", FILL, "%6", FILL, "%2", "%2", "%8"],
        },
    ],
};
