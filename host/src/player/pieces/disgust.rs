//! "Crooked Spoon": seven quavers a bar, 96 beats a minute, sliding chromatically around C, wooden.

use super::{
    score::{Part, Score},
    voices::Voice,
};

const SINK: &str = "c3!:0.5 g3 b2! f#3 bb2! f3 e3 | a2! e3 ab2! eb3 g2! d3 f3? | c3!:0.5 g3 b2! f#3 bb2! f3 e3 | ab2! eb3 db3! ab3 g2! b2 d3? |";
const LURCH: &str = "f2!:0.5 c3 f#2! c#3 g2! d3 c3 | ab2! eb3 a2! e3 bb2! f3 d3? | b2!:0.5 f3 bb2! e3 a2! eb3 d3 | ab2! d3 db3! f3 g2! b2 f3? |";
const GRIMACE: &str = "-:1 eb4!:0.5 d4 db4 c4:1 | b3:1 c4:0.5 f#4!:1 f4:0.5 e4 | eb4!:0.75 d4:0.25 db4:1 c4:0.5 b3 bb3 | ab3:1.5 -:0.5 g3! b3 d4 |";
const GRIMACE_TURNED: &str = "-:0.5 g4! gb4 f4:1 e4:0.5 eb4 | d4:1 c#4:0.5 g#4!:1 g4:0.5 f#4 | f4!:0.75 e4:0.25 eb4:1 d4:0.5 db4 c4 | b3:1.5 -:0.5 f4! eb4 b3 |";
const PIZZ: &str = "-:0.5 eb4+g4? - d4+f#4? - db4+f4 - | - c4+e4? - b3+eb4? - b3+d4 - |";
const KNOCK: &str = "x!:1 x? x!:0.5 x? x? |";

pub(super) const SCORE: Score = Score {
    metre: 3.5,
    bars: 20,
    swing: 0.0,
    room: (9.0, 1.0),
    level: -0.2,
    parts: &[
        Part {
            voice: Voice::Mallet,
            level: -4.0,
            pan: -0.2,
            wet: 0.14,
            music: &[
                SINK,
                SINK,
                LURCH,
                SINK,
                "c3!:0.5 g3 b2! f#3 bb2! f3 e3 | a2! e3 ab2! eb3 g2! d3 f3? | c3!:0.5 - b2 - bb2 - b2? | c3!:1 - - -:0.5 |",
            ],
        },
        Part {
            voice: Voice::Bass,
            level: -11.0,
            pan: 0.0,
            wet: 0.02,
            music: &[
                "c2:1 b1 bb1:1.5 | a1:1 ab1 g1:1.5 | c2:1 b1 bb1:1.5 | ab1:1 db2 g1:1.5 |",
                "c2:1 b1 bb1:1.5 | a1:1 ab1 g1:1.5 | c2:1 b1 bb1:1.5 | ab1:1 db2 g1:1.5 |",
                "f2:1 f#2 g2:1.5 | ab2:1 a2 bb2:1.5 | b1:1 bb1 a1:1.5 | ab1:1 db2 g1:1.5 |",
                "c2:1 b1 bb1:1.5 | a1:1 ab1 g1:1.5 | c2:1 b1 bb1:1.5 | ab1:1 db2 g1:1.5 |",
                "c2:1 b1 bb1:1.5 | a1:1 ab1 g1:1.5 | c2:1 b1 bb1:1 b1:0.5 | c2:3.5 |",
            ],
        },
        Part {
            voice: Voice::Reed,
            level: -6.0,
            pan: 0.25,
            wet: 0.22,
            music: &["%4", GRIMACE, GRIMACE_TURNED, GRIMACE, "%2", "-:1 eb4:0.5 d4 db4 b3:1 | c4!:1 -:2.5 |"],
        },
        Part {
            voice: Voice::Pluck,
            level: -7.0,
            pan: 0.5,
            wet: 0.2,
            music: &["%4", PIZZ, PIZZ, "%4", PIZZ, PIZZ, PIZZ],
        },
        Part { voice: Voice::Block, level: -13.0, pan: -0.5, wet: 0.2, music: &[KNOCK; 19] },
        Part {
            voice: Voice::Shaker,
            level: -20.0,
            pan: 0.4,
            wet: 0.1,
            music: &[
                "%8",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
                "-:0.5 x - x - x x? |",
            ],
        },
    ],
};
