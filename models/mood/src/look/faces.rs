//! The nine faces: pure data, in the order of [`Mood::ALL`].

use super::{
    Look,
    Paint::{Colour, Ink, Light, Shade, Sign},
    Rgb,
    Shape::{self, Area, Line, Oval, Ring},
    Step::{self, Close, Curve, From, To},
};
use crate::Mood;

/// The head that most faces share: a disc with a thin shadow along its lower edge.
const HEAD: [Shape; 2] = [Oval(Shade, (50.0, 50.0), (46.0, 46.0)), Oval(Colour, (50.0, 48.4), (44.6, 44.4))];

const TONGUE: Rgb = Rgb::hex(0xe8_5d_6c);
const TEAR: Rgb = Rgb::hex(0xd8_ee_ff);

/// In the order of [`Mood::ALL`].
pub(super) static LOOKS: [Look; 9] = [
    Look {
        mood: Mood::Angry,
        word: "Angry",
        colour: Rgb::hex(0xf4_6f_66),
        shade: Rgb::hex(0xd4_52_4c),
        ink: Rgb::hex(0x43_16_13),
        sign: TONGUE,
        // Brows that meet in a V, and clenched teeth.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Oval(Ink, (33.5, 51.0), (5.2, 5.8)),
            Oval(Ink, (66.5, 51.0), (5.2, 5.8)),
            Line(Ink, 7.0, &[From((20.5, 35.0)), Curve((28.0, 37.0), (35.0, 40.0), (42.5, 45.5))]),
            Line(Ink, 7.0, &[From((79.5, 35.0)), Curve((72.0, 37.0), (65.0, 40.0), (57.5, 45.5))]),
            Area(Light, TEETH),
            Line(Ink, 2.6, &[From((42.0, 67.0)), To((41.5, 78.0))]),
            Line(Ink, 2.6, &[From((50.0, 66.0)), To((50.0, 77.0))]),
            Line(Ink, 2.6, &[From((58.0, 67.0)), To((58.5, 78.0))]),
            Line(Ink, 4.6, TEETH),
        ],
    },
    Look {
        mood: Mood::Disgust,
        word: "Disgust",
        colour: Rgb::hex(0x9b_c9_59),
        shade: Rgb::hex(0x80_ac_3a),
        ink: Rgb::hex(0x1c_2c_00),
        sign: TONGUE,
        // Eyes squeezed shut, a wrinkled nose, and the tongue out.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Line(Ink, 5.4, &[From((23.0, 35.5)), To((38.5, 43.0)), To((23.0, 50.0))]),
            Line(Ink, 5.4, &[From((77.0, 35.5)), To((61.5, 43.0)), To((77.0, 50.0))]),
            Line(Ink, 3.4, &[From((45.6, 46.0)), Curve((47.2, 49.0), (47.2, 51.5), (45.0, 54.5))]),
            Line(Ink, 3.4, &[From((54.4, 46.0)), Curve((52.8, 49.0), (52.8, 51.5), (55.0, 54.5))]),
            Area(Sign, LOLL),
            Line(Ink, 3.6, LOLL),
            Line(Ink, 2.6, &[From((55.0, 69.0)), To((55.5, 77.5))]),
            Line(Ink, 5.4, &[From((27.0, 74.5)), Curve((36.0, 61.0), (64.0, 61.0), (73.0, 74.5))]),
        ],
    },
    Look {
        mood: Mood::Fear,
        word: "Fear",
        colour: Rgb::hex(0xbd_96_ea),
        shade: Rgb::hex(0xa1_7a_cc),
        ink: Rgb::hex(0x2e_1c_41),
        sign: TEAR,
        // The whites of wide eyes, brows drawn up, and a trembling mouth.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Oval(Ink, (32.5, 45.0), (13.4, 14.4)),
            Oval(Ink, (67.5, 45.0), (13.4, 14.4)),
            Oval(Light, (32.5, 45.0), (10.2, 11.2)),
            Oval(Light, (67.5, 45.0), (10.2, 11.2)),
            Oval(Ink, (34.5, 46.0), (3.8, 4.2)),
            Oval(Ink, (65.5, 46.0), (3.8, 4.2)),
            Line(Ink, 4.6, &[From((20.0, 26.5)), Curve((25.0, 24.0), (30.0, 20.5), (35.0, 15.5))]),
            Line(Ink, 4.6, &[From((80.0, 26.5)), Curve((75.0, 24.0), (70.0, 20.5), (65.0, 15.5))]),
            Line(
                Ink,
                5.0,
                &[
                    From((28.0, 78.0)),
                    Curve((31.0, 69.5), (36.5, 69.5), (39.3, 74.5)),
                    Curve((42.0, 79.5), (47.3, 79.5), (50.0, 74.5)),
                    Curve((52.7, 69.5), (58.0, 69.5), (60.7, 74.5)),
                    Curve((63.5, 79.5), (69.0, 79.5), (72.0, 71.0)),
                ],
            ),
        ],
    },
    Look {
        mood: Mood::Happy,
        word: "Happy",
        colour: Rgb::hex(0xf8_d1_4f),
        shade: Rgb::hex(0xda_b3_27),
        ink: Rgb::hex(0x33_24_00),
        sign: TONGUE,
        // Laughing eyes and a wide open mouth.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Line(Ink, 5.6, &[From((25.0, 45.0)), Curve((27.5, 34.0), (39.5, 34.0), (42.0, 45.0))]),
            Line(Ink, 5.6, &[From((58.0, 45.0)), Curve((60.5, 34.0), (72.5, 34.0), (75.0, 45.0))]),
            Area(Ink, GRIN),
            Area(
                Sign,
                &[
                    From((37.5, 79.6)),
                    Curve((42.0, 70.6), (58.0, 70.6), (62.5, 79.6)),
                    Curve((59.0, 82.3), (54.8, 83.5), (50.0, 83.5)),
                    Curve((45.2, 83.5), (41.0, 82.3), (37.5, 79.6)),
                ],
            ),
            Area(
                Light,
                &[
                    From((29.0, 57.0)),
                    To((71.0, 57.0)),
                    Curve((70.4, 64.5), (69.5, 66.0), (67.0, 66.0)),
                    To((33.0, 66.0)),
                    Curve((30.5, 66.0), (29.6, 64.5), (29.0, 57.0)),
                ],
            ),
            Line(Ink, 3.6, GRIN),
        ],
    },
    Look {
        mood: Mood::Sad,
        word: "Sad",
        colour: Rgb::hex(0x6f_a7_ee),
        shade: Rgb::hex(0x54_8b_d0),
        ink: Rgb::hex(0x0b_26_48),
        sign: TEAR,
        // Brows raised in the middle, the mouth turned down, and a tear.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Oval(Ink, (33.5, 45.5), (5.2, 6.2)),
            Oval(Ink, (66.5, 45.5), (5.2, 6.2)),
            Line(Ink, 4.8, &[From((20.5, 35.5)), Curve((27.0, 34.5), (33.5, 31.0), (38.5, 25.5))]),
            Line(Ink, 4.8, &[From((79.5, 35.5)), Curve((73.0, 34.5), (66.5, 31.0), (61.5, 25.5))]),
            Line(Ink, 5.6, &[From((36.5, 77.5)), Curve((42.0, 66.5), (58.0, 66.5), (63.5, 77.5))]),
            Area(Sign, DROP),
            Line(Ink, 3.0, DROP),
        ],
    },
    Look {
        mood: Mood::Surprise,
        word: "Surprise",
        colour: Rgb::hex(0xfb_a3_55),
        shade: Rgb::hex(0xdd_87_36),
        ink: Rgb::hex(0x3e_1c_00),
        sign: TONGUE,
        // Brows high up and the mouth a round O.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Oval(Ink, (33.5, 42.5), (5.6, 7.6)),
            Oval(Ink, (66.5, 42.5), (5.6, 7.6)),
            Line(Ink, 4.8, &[From((23.5, 26.5)), Curve((27.0, 18.0), (38.0, 17.0), (42.5, 23.0))]),
            Line(Ink, 4.8, &[From((76.5, 26.5)), Curve((73.0, 18.0), (62.0, 17.0), (57.5, 23.0))]),
            Oval(Ink, (50.0, 71.5), (11.6, 14.2)),
            Area(
                Sign,
                &[
                    From((41.8, 77.8)),
                    Curve((44.5, 72.5), (55.5, 72.5), (58.2, 77.8)),
                    Curve((56.2, 81.2), (53.3, 83.0), (50.0, 83.0)),
                    Curve((46.7, 83.0), (43.8, 81.2), (41.8, 77.8)),
                ],
            ),
        ],
    },
    Look {
        mood: Mood::Neutral,
        word: "Neutral",
        colour: Rgb::hex(0x83_ce_c8),
        shade: Rgb::hex(0x66_b1_ac),
        ink: Rgb::hex(0x00_30_2e),
        sign: TONGUE,
        // Open eyes, a level mouth, nothing else.
        shapes: &[
            HEAD[0],
            HEAD[1],
            Oval(Ink, (33.5, 43.5), (5.4, 6.4)),
            Oval(Ink, (66.5, 43.5), (5.4, 6.4)),
            Line(Ink, 5.6, &[From((34.0, 69.0)), To((66.0, 69.0))]),
        ],
    },
    Look {
        mood: Mood::Unsure,
        word: "Unsure",
        colour: Rgb::hex(0xcf_b4_cc),
        shade: Rgb::hex(0xb2_98_af),
        ink: Rgb::hex(0x33_1e_31),
        sign: Rgb::hex(0xa3_7b_9f),
        // One brow up, the mouth aslant, and a question mark beside the head.
        shapes: &[
            Oval(Shade, (43.0, 56.0), (40.0, 40.0)),
            Oval(Colour, (43.0, 54.6), (38.8, 38.6)),
            Oval(Ink, (29.0, 51.5), (4.8, 5.6)),
            Oval(Ink, (56.0, 51.5), (4.8, 5.6)),
            Line(Ink, 4.6, &[From((20.5, 42.0)), To((36.0, 40.5))]),
            Line(Ink, 4.6, &[From((48.0, 35.5)), Curve((51.0, 29.0), (61.0, 28.0), (65.0, 34.5))]),
            Line(Ink, 5.2, &[From((30.5, 78.0)), Curve((38.0, 76.0), (48.0, 73.5), (56.5, 69.0))]),
            Line(
                Sign,
                6.4,
                &[
                    From((77.0, 13.0)),
                    Curve((77.0, 0.5), (95.5, 0.5), (95.5, 13.0)),
                    Curve((95.5, 20.5), (87.0, 20.5), (87.0, 28.5)),
                ],
            ),
            Oval(Sign, (87.0, 39.5), (3.9, 3.9)),
        ],
    },
    Look {
        mood: Mood::Nobody,
        word: "Nobody",
        colour: Rgb::hex(0x7c_87_99),
        shade: Rgb::hex(0x6b_76_88),
        ink: Rgb::hex(0x0d_13_1d),
        sign: TEAR,
        // An empty outline, asleep.
        shapes: &[
            Ring(Colour, (42.0, 57.0), 37.0, 4.6),
            Line(Colour, 4.6, &[From((22.5, 54.0)), Curve((25.5, 60.5), (33.5, 60.5), (36.5, 54.0))]),
            Line(Colour, 4.6, &[From((47.5, 54.0)), Curve((50.5, 60.5), (58.5, 60.5), (61.5, 54.0))]),
            Line(Colour, 4.6, &[From((37.5, 74.0)), Curve((40.0, 75.5), (44.0, 75.5), (46.5, 74.0))]),
            Line(Colour, 4.8, &[From((78.5, 6.0)), To((94.5, 6.0)), To((78.5, 24.0)), To((94.5, 24.0))]),
            Line(Colour, 4.0, &[From((85.0, 34.5)), To((95.0, 34.5)), To((85.0, 46.0)), To((95.0, 46.0))]),
        ],
    },
];

const TEETH: &[Step] = &[
    From((33.5, 79.5)),
    Curve((32.0, 70.5), (39.0, 65.0), (50.0, 65.0)),
    Curve((61.0, 65.0), (68.0, 70.5), (66.5, 79.5)),
    Curve((60.0, 76.8), (40.0, 76.8), (33.5, 79.5)),
    Close,
];

const LOLL: &[Step] = &[
    From((45.5, 66.0)),
    To((64.0, 68.0)),
    Curve((65.5, 80.0), (63.0, 88.0), (56.0, 88.0)),
    Curve((48.5, 88.0), (45.0, 80.0), (45.5, 66.0)),
    Close,
];

const GRIN: &[Step] = &[
    From((25.5, 57.0)),
    To((74.5, 57.0)),
    Curve((74.5, 74.0), (64.0, 83.5), (50.0, 83.5)),
    Curve((36.0, 83.5), (25.5, 74.0), (25.5, 57.0)),
    Close,
];

const DROP: &[Step] = &[
    From((26.5, 55.0)),
    Curve((31.0, 61.5), (33.8, 65.5), (33.8, 69.2)),
    Curve((33.8, 73.4), (30.6, 76.4), (26.5, 76.4)),
    Curve((22.4, 76.4), (19.2, 73.4), (19.2, 69.2)),
    Curve((19.2, 65.5), (22.0, 61.5), (26.5, 55.0)),
    Close,
];
