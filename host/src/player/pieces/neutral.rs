//! "Slow Water": D dorian, 80 beats a minute, wide chords and a few notes that take their time.

use super::{
    score::{Part, Score},
    voices::Voice,
};

const WIDE: &str =
    "d3+a3+e4+f4:4 | g3+b3+d4+e4 | d3+a3+e4+f4 | a3+c4+e4+g4 | f3+a3+c4+e4 | g3+b3+d4+a4 | d3+a3+c4+e4:8 |";
const RIPPLE: &str = "d4:0.5 a4? e5? a4? f4 a4? d5? a4? | g4 b4? d5? b4? e4 b4? d5? b4? | d4 a4? e5? a4? f4 a4? c5? a4? | a4 c5? e5? c5? g4 c5? e5? c5? |
    f4 a4? c5? a4? e4 a4? c5? a4? | g4 b4? d5? b4? a4 b4? d5? b4? | d4 a4? c5? a4? e4 a4? d5? a4? | d4 a4? c5? e5? a5?:2 |";
const CALL: &str = "%1 | -:2 d5:1 e5 | a5:3 -:1 | g5:1.5 e5:0.5 c5:2 | -:2 a4:1 c5 | d5:3 b4:1 | e5:4 | -:4 |";
const ANSWER: &str = "-:1 a5:1.5 g5:0.5 e5:1 | d5:2 b4 | -:1 f5:1.5 e5:0.5 c5:1 | e5:3 -:1 | -:1 c5:1.5 e5:0.5 g5:1 | a5:2 b5:1 a5 | e5:4 | d5?:4 |";
const ROOTS: &str = "d2:4 | g2 | d2 | a2 | f2 | g2 | d2:3 a2?:1 | d2:4 |";

pub(super) const SCORE: Score = Score {
    metre: 4.0,
    bars: 16,
    swing: 0.0,
    room: (20.0, 2.6),
    level: 6.0,
    parts: &[
        Part { voice: Voice::Pad, level: -11.0, pan: -0.1, wet: 0.35, music: &[WIDE, WIDE] },
        Part { voice: Voice::Keys, level: -9.0, pan: 0.25, wet: 0.3, music: &[RIPPLE, RIPPLE] },
        Part { voice: Voice::Bell, level: -10.0, pan: -0.35, wet: 0.5, music: &[CALL, ANSWER] },
        Part { voice: Voice::Bass, level: -8.0, pan: 0.0, wet: 0.03, music: &[ROOTS, ROOTS] },
        Part {
            voice: Voice::Shaker,
            level: -23.0,
            pan: 0.4,
            wet: 0.2,
            music: &[
                "%4",
                "-:1 x - x? | - x - x? | - x - x? | - x - x? |",
                "-:1 x - x? | - x - x? | - x - x? | - x - x? |",
                "-:1 x - x? | - x - x? | - x - x? |",
            ],
        },
    ],
};
