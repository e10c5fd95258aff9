//! "Paper Lanterns": F lydian and the whole-tone scale, 112 beats a minute, syncopated, with holes
//! where a beat is awaited.

use super::{
    score::{Part, Score},
    voices::Voice,
};

const HOP: &str =
    "f3+a3+e4+b4!:0.5 - - f3+a3+e4+b4? - f3+a3+e4+b4 -:1 | g3+b3+d4+f4!:0.5 - - g3+b3+d4+f4? -:1 g3+b3+d4+f4!:0.5 - |";
const HOP_AWAY: &str = "a3+c4+e4+g4!:0.5 - - a3+c4+e4+g4? - a3+c4+e4+g4 -:1 | db4+f4+a4+b4!:0.5 - -:3 |";
const TUNE: &str = "-:0.5 c5 e5 b5! -:0.5 a5:1 g5:0.5 | -:0.5 b5 a5 d5 g5!:1 -:1 | -:0.5 c5 e5 b5! -:0.5 c6:1 b5:0.5 | a5:0.5 - g5 b5! -:2 |";
const TUNE_UP: &str = "-:0.5 e5 a5 c6! -:0.5 b5:1 a5:0.5 | -:0.5 d6! b5 g5 a5:1 -:1 | -:0.5 e5 g5 c6! -:0.5 e6:1 d6:0.5 | b5!:0.5 - -:3 |";
const SPARK: &str =
    "%1 | -:2 f5:0.25 g5 a5 b5 c#6 d#6 f6!:0.5 | %1 | -:1 b5!:0.25 a5 g5 f5 eb5 db5 b4:0.5 g5:0.25 a5 b5 c#6 |";
const GLITTER: &str =
    "f6?:0.25 e6? c6? a5? b5? a5? e5? c5? f5? a5? b5? e6? -:1 | d6?:0.25 b5? g5? f5? g5? b5? d6? g6? -:2 |
    e6?:0.25 c6? a5? g5? a5? c6? e6? g6? -:2 | -:1 f5:0.25 g5 a5 b5 c#6 d#6 f6 g6 a6!:1 |";
const STEP: &str = "f2!:1.5 f2?:0.5 -:1 c3 | g2!:1.5 f2?:0.5 -:1 d3 |";
const STEP_AWAY: &str = "a2!:1.5 e2?:0.5 -:1 c3 | db3!:0.5 - -:3 |";
const PATTER: &str = "x!:1 -:0.5 x? -:1 x:0.5 x? | -:0.5 x x? - x!:1 -:1 |";
const PATTER_STOP: &str = "x!:1 -:0.5 x? -:1 x:0.5 x? | x!:0.5 - -:3 |";

pub(super) const SCORE: Score = Score {
    metre: 4.0,
    bars: 20,
    swing: 0.06,
    room: (14.0, 1.8),
    level: -0.9,
    parts: &[
        Part {
            voice: Voice::Keys,
            level: -9.0,
            pan: -0.25,
            wet: 0.2,
            music: &[
                HOP,
                HOP_AWAY,
                HOP,
                HOP_AWAY,
                HOP,
                HOP_AWAY,
                HOP,
                HOP_AWAY,
                HOP,
                "a3+c4+e4+g4!:0.5 - - a3+c4+e4+g4? -:2 | -:1 f3+a3+e4+b4!:3 |",
            ],
        },
        Part { voice: Voice::Pluck, level: -2.0, pan: 0.2, wet: 0.25, music: &["%4", TUNE, TUNE_UP, "%4", TUNE] },
        Part {
            voice: Voice::Bell,
            level: -11.0,
            pan: 0.4,
            wet: 0.4,
            music: &[SPARK, "%4", SPARK, GLITTER, "%3", "-:1 f5+b5+e6!:3 |"],
        },
        Part {
            voice: Voice::Bass,
            level: -9.0,
            pan: 0.0,
            wet: 0.03,
            music: &[
                STEP,
                STEP_AWAY,
                STEP,
                STEP_AWAY,
                STEP,
                STEP_AWAY,
                STEP,
                STEP_AWAY,
                STEP,
                "a2!:1.5 e2?:0.5 -:2 | -:1 f2!:3 |",
            ],
        },
        Part {
            voice: Voice::Kick,
            level: -10.0,
            pan: 0.0,
            wet: 0.02,
            music: &[
                "%4",
                PATTER,
                PATTER_STOP,
                PATTER,
                PATTER_STOP,
                PATTER,
                PATTER_STOP,
                PATTER,
                "x!:1 -:3 | -:1 x!:3 |",
            ],
        },
        Part {
            voice: Voice::Block,
            level: -18.0,
            pan: -0.5,
            wet: 0.3,
            music: &[
                "%2",
                "-:3.5 x:0.5 | %1",
                "-:1.5 x:0.5 -:1.5 x?:0.5 | -:1.5 x:0.5 -:2 | -:1.5 x:0.5 -:1.5 x?:0.5 | -:4 |",
                "-:1.5 x:0.5 -:1.5 x?:0.5 | -:1.5 x:0.5 -:2 | -:1.5 x:0.5 -:1.5 x?:0.5 | -:4 |",
            ],
        },
        Part {
            voice: Voice::Shaker,
            level: -20.0,
            pan: 0.5,
            wet: 0.1,
            music: &[
                "%4",
                "-:0.5 x - x? - x! - x? | - x - x! -:2 | -:0.5 x - x? - x! - x? | x!:0.5 -:3.5 |",
                "-:0.5 x - x? - x! - x? | - x - x! -:2 | -:0.5 x - x? - x! - x? | x!:0.5 -:3.5 |",
                "-:0.5 x - x? - x! - x? | - x - x! -:2 | -:0.5 x - x? - x! - x? | x!:0.5 -:3.5 |",
            ],
        },
    ],
};
