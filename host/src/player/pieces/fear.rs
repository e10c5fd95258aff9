//! "The Long Corridor": around D without a key, 52 beats a minute, drones that beat, far bells and
//! a heart.

use super::{
    score::{Part, Score},
    voices::Voice,
};

const BELLS: &str = "-:3 c#6?:1 | -:4 | -:1.5 d6:0.5 -:1.5 eb6?:0.5 | -:4 | -:2.5 g#5:1.5 | -:1 a5?:0.5 c#6:2.5 |
    -:4 | -:2 eb6:0.5 d6?:1.5 | -:3.5 g#5?:0.5 | -:1.5 c#6?:2.5 |";
const STEPS: &str = "%2 | d3:1.5 eb3:2.5 | d3:1.5 c#3:2.5 | %1 | d3:1.5 eb3:0.5 f3:2 | e3:1.5 eb3:2.5 | %1 |
    d3:1.5 c#3:2.5 | d3:4 |";

pub(super) const SCORE: Score = Score {
    metre: 4.0,
    bars: 10,
    swing: 0.0,
    room: (26.0, 4.5),
    level: 3.0,
    parts: &[
        Part { voice: Voice::Drone, level: -7.5, pan: -0.2, wet: 0.2, music: &["d2:16 | a1:8 | d2:16 |"] },
        Part {
            voice: Voice::Drone,
            level: -12.0,
            pan: 0.3,
            wet: 0.3,
            music: &["%2", "g#2:12 |", "%1", "g#2:12 | d2:4 |"],
        },
        Part {
            voice: Voice::Pad,
            level: -13.0,
            pan: 0.1,
            wet: 0.6,
            music: &["%1", "c#4+d4:8 |", "%1", "d4+g#4:8 | eb4+f4+a4 |", "%1", "c#4+g4:4 |"],
        },
        Part { voice: Voice::Keys, level: -7.0, pan: -0.3, wet: 0.45, music: &[STEPS] },
        Part { voice: Voice::Bell, level: -8.0, pan: 0.5, wet: 0.7, music: &[BELLS] },
        Part { voice: Voice::Tom, level: -8.0, pan: 0.0, wet: 0.12, music: &["x:0.4 x?:3.6 |"; 10] },
        Part { voice: Voice::Wind, level: -4.0, pan: -0.5, wet: 0.4, music: &["x:6 -:4 x:8 -:5 x:9 -:4 x?:4 |"] },
    ],
};
