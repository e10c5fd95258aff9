//! "Rain on the Sill": D minor, 60 beats a minute, an electric piano alone above slow strings.

use super::{
    score::{Part, Score},
    voices::Voice,
};

const MELODY: &str = "-:1 a4 f5:1.5 e5:0.5 | d5:3 -:1 | -:1 a4 c5:1.5 bb4:0.5 | g4:3 -:1 |
    -:1 a4 f5!:1.5 g5:0.5 | bb5!:1.5 a5:0.5 g5:1 d5 | f5:2 e5:1 d5 | d5:2 c#5 |
    f5:1.5 d5:0.5 bb4:2 | c5:1.5 a4:0.5 bb4:1 d5 | g4:1 bb4 a4 c#5? | d5?:4 |";
const LEFT_HAND: &str = "d3:0.5 a3? d4? a3? f4? a3? d4? a3? | bb2 f3? bb3? f3? d4? f3? bb3? f3? |
    f2 c3? f3? a3? c4? a3? f3? c3? | e2 c3? e3? g3? c4? g3? e3? c3? |
    d3 a3? d4? a3? f4? a3? d4? a3? | g2 d3? g3? bb3? d4? bb3? g3? d3? |
    bb2 f3? bb3? d4? f4? d4? bb3? f3? | a2 e3? a3? d4? a2 e3? a3? c#4? |
    bb2 f3? bb3? d4? f4? d4? bb3? f3? | a2 c3? f3? a3? g2 d3? g3? bb3? |
    g2 d3? bb3? d3? a2 e3? c#4? g3? | d2 a2? d3? f3? a3?:2 |";
const STRINGS: &str = "d3+a3+f4:4 | d3+bb3+f4 | c3+a3+f4 | c3+g3+e4 | d3+a3+f4 | d3+bb3+g4 | d3+bb3+f4 |
    d3+a3+e4:2 c#3+a3+e4 | d3+bb3+f4:4 | c3+a3+f4:2 d3+bb3+g4 | d3+bb3+g4:2 c#3+a3+g4 | d3+a3+f4:4 |";
const DROPS: &str = "-:3.5 a5:0.5 | -:1.5 f5:2.5 | -:3 c6:1 | -:2.5 g5:1.5 | -:3.5 d6:0.5 | -:4 | -:1.5 a5:2.5 | -:4 |
    -:3 f6:1 | -:2.5 d6:1.5 | -:4 | -:1 a5 f5 d5 |";

pub(super) const SCORE: Score = Score {
    metre: 4.0,
    bars: 12,
    swing: 0.0,
    room: (18.0, 2.8),
    level: 5.9,
    parts: &[
        Part { voice: Voice::Keys, level: -4.0, pan: 0.1, wet: 0.3, music: &[MELODY] },
        Part { voice: Voice::Keys, level: -10.0, pan: -0.2, wet: 0.22, music: &[LEFT_HAND] },
        Part { voice: Voice::Pad, level: -13.0, pan: 0.0, wet: 0.35, music: &[STRINGS] },
        Part { voice: Voice::Bell, level: -18.0, pan: 0.5, wet: 0.5, music: &[DROPS] },
    ],
};
