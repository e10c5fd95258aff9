//! Small signs beside the mood, in the same shapes as the faces (a square of 100 × 100 units).
//!
//! `Colour` is the sign, `Ink` the ground that shows through it.

use moodring_mood::look::{
    Paint::{Colour, Ink},
    Shape::{self, Area, Line, Oval, Ring},
    Step::{Curve, From, To},
};

/// A camera, struck through.
pub const CAMERA_OFF: &[Shape] = &[
    Area(
        Colour,
        &[
            From((18.0, 28.0)),
            To((32.0, 28.0)),
            To((38.0, 18.0)),
            To((62.0, 18.0)),
            To((68.0, 28.0)),
            To((82.0, 28.0)),
            Curve((88.0, 28.0), (92.0, 32.0), (92.0, 38.0)),
            To((92.0, 72.0)),
            Curve((92.0, 78.0), (88.0, 82.0), (82.0, 82.0)),
            To((18.0, 82.0)),
            Curve((12.0, 82.0), (8.0, 78.0), (8.0, 72.0)),
            To((8.0, 38.0)),
            Curve((8.0, 32.0), (12.0, 28.0), (18.0, 28.0)),
        ],
    ),
    Oval(Ink, (50.0, 54.0), (19.0, 19.0)),
    Ring(Colour, (50.0, 54.0), 10.0, 7.0),
    Line(Ink, 22.0, &[From((14.0, 12.0)), To((88.0, 90.0))]),
    Line(Colour, 8.0, &[From((12.0, 10.0)), To((90.0, 92.0))]),
];

/// Radio waves, struck through.
pub const NETWORK_OFF: &[Shape] = &[
    Oval(Colour, (50.0, 82.0), (11.0, 11.0)),
    Line(Colour, 12.0, &[From((26.0, 58.0)), Curve((39.0, 45.0), (61.0, 45.0), (74.0, 58.0))]),
    Line(Colour, 12.0, &[From((8.0, 36.0)), Curve((30.0, 13.0), (70.0, 13.0), (92.0, 36.0))]),
    Line(Ink, 30.0, &[From((20.0, 10.0)), To((86.0, 90.0))]),
    Line(Colour, 12.0, &[From((18.0, 9.0)), To((86.0, 92.0))]),
];

/// A note: it plays.
pub const NOTE: &[Shape] = &[
    Oval(Colour, (30.0, 78.0), (15.0, 12.0)),
    Oval(Colour, (74.0, 68.0), (15.0, 12.0)),
    Line(Colour, 8.0, &[From((41.0, 76.0)), To((41.0, 22.0)), To((85.0, 12.0)), To((85.0, 66.0))]),
    Line(Colour, 8.0, &[From((41.0, 36.0)), To((85.0, 26.0))]),
];

/// Two bars: it is paused.
pub const PAUSE: &[Shape] = &[
    Line(Colour, 18.0, &[From((32.0, 22.0)), To((32.0, 78.0))]),
    Line(Colour, 18.0, &[From((68.0, 22.0)), To((68.0, 78.0))]),
];

/// A head and shoulders: people in view.
pub const PERSON: &[Shape] = &[
    Oval(Colour, (50.0, 30.0), (21.0, 21.0)),
    Area(Colour, &[From((10.0, 92.0)), Curve((10.0, 48.0), (90.0, 48.0), (90.0, 92.0)), To((10.0, 92.0))]),
];

/// A face that opens one eye.
pub const WAKING: &[Shape] = &[
    Oval(Colour, (50.0, 50.0), (46.0, 46.0)),
    Line(Ink, 5.4, &[From((26.0, 45.0)), Curve((29.0, 51.5), (38.0, 51.5), (41.0, 45.0))]),
    Oval(Ink, (66.5, 44.5), (5.4, 6.6)),
    Line(Ink, 4.6, &[From((58.5, 31.0)), Curve((62.0, 26.0), (71.0, 26.0), (74.5, 31.0))]),
    Line(Ink, 5.4, &[From((39.0, 68.0)), Curve((44.0, 73.5), (56.0, 73.5), (61.0, 68.0))]),
];

/// A face with closed eyes and a smile.
pub const GOODBYE: &[Shape] = &[
    Oval(Colour, (50.0, 50.0), (46.0, 46.0)),
    Line(Ink, 5.4, &[From((26.0, 45.0)), Curve((29.0, 51.5), (38.0, 51.5), (41.0, 45.0))]),
    Line(Ink, 5.4, &[From((59.0, 45.0)), Curve((62.0, 51.5), (71.0, 51.5), (74.0, 45.0))]),
    Line(Ink, 5.4, &[From((33.0, 65.0)), Curve((41.0, 76.0), (59.0, 76.0), (67.0, 65.0))]),
];

/// An eye, struck through: nobody is watched.
pub const EYE_OFF: &[Shape] = &[
    Area(
        Colour,
        &[
            From((3.0, 50.0)),
            Curve((22.0, 15.0), (78.0, 15.0), (97.0, 50.0)),
            Curve((78.0, 85.0), (22.0, 85.0), (3.0, 50.0)),
        ],
    ),
    Area(
        Ink,
        &[
            From((12.0, 50.0)),
            Curve((30.0, 23.5), (70.0, 23.5), (88.0, 50.0)),
            Curve((70.0, 76.5), (30.0, 76.5), (12.0, 50.0)),
        ],
    ),
    Oval(Colour, (50.0, 50.0), (20.5, 20.5)),
    Oval(Ink, (42.0, 42.0), (5.6, 5.6)),
    Line(Ink, 17.0, &[From((15.0, 14.0)), To((85.0, 86.0))]),
    Line(Colour, 7.0, &[From((12.0, 11.0)), To((88.0, 89.0))]),
];

/// A moon and two stars: there is too little light.
pub const MOON: &[Shape] = &[
    Area(
        Colour,
        &[
            From((52.0, 8.0)),
            Curve((26.0, 10.0), (8.0, 30.0), (8.0, 55.0)),
            Curve((8.0, 79.0), (27.0, 95.0), (49.0, 95.0)),
            Curve((70.0, 95.0), (86.0, 82.0), (92.0, 63.0)),
            Curve((62.0, 76.0), (34.0, 47.0), (52.0, 8.0)),
        ],
    ),
    Area(
        Colour,
        &[
            From((76.0, 14.0)),
            Curve((77.5, 23.5), (79.5, 25.5), (89.0, 27.0)),
            Curve((79.5, 28.5), (77.5, 30.5), (76.0, 40.0)),
            Curve((74.5, 30.5), (72.5, 28.5), (63.0, 27.0)),
            Curve((72.5, 25.5), (74.5, 23.5), (76.0, 14.0)),
        ],
    ),
    Oval(Colour, (89.0, 46.0), (3.6, 3.6)),
];
