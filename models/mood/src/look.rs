//! How a mood looks: its word, its colours and its face, defined once for the panel and the page.
//!
//! A mood goes in, a [`Look`] or an SVG comes out; nothing can fail. The face lives in a square of
//! 100 × 100 units, the origin at the top left, y pointing down. The device rasterises the shapes
//! for its panel and [`svg`] writes the very same shapes for the page. The colours share one
//! lightness and chroma in OKLCH and differ in hue; the faces differ in eyes, brows, mouth and a
//! sign of their own, so that the nine can be told apart without colour.

use std::fmt::{self, Write};

use crate::Mood;

mod faces;

use faces::LOOKS;

/// A colour in sRGB, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub struct Rgb {
    pub r: u8,
    pub g: u8,
    pub b: u8,
}

impl Rgb {
    /// From `0xrrggbb`.
    pub const fn hex(rgb: u32) -> Self {
        Self { r: (rgb >> 16) as u8, g: (rgb >> 8) as u8, b: rgb as u8 }
    }

    /// Contrast between two colours, 1..=21, after WCAG 2.2; text needs 4.5 to reach level AA.
    pub fn contrast(self, other: Self) -> f32 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    fn luminance(self) -> f32 {
        let linear = |channel: u8| {
            let c = f32::from(channel) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.r) + 0.7152 * linear(self.g) + 0.0722 * linear(self.b)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.r, self.g, self.b)
    }
}

/// The panel's ground, nearly black; every mood's `colour` is legible on it.
pub const NIGHT: Rgb = Rgb::hex(0x0f_11_18);
/// The page's ground; every mood's `ink` is legible on it.
pub const DAY: Rgb = Rgb::hex(0xe9_ed_f2);
/// Teeth, tears and the white of an eye.
pub const LIGHT: Rgb = Rgb::hex(0xfb_fa_f6);

/// How one mood looks.
#[derive(Debug, PartialEq)]
pub struct Look {
    /// Whose look this is.
    pub mood: Mood,
    /// The word shown, capitalised.
    pub word: &'static str,
    /// The mood's colour: the skin of the face, and the word on a dark ground.
    pub colour: Rgb,
    /// The same hue, a little darker: the shadow on the skin.
    pub shade: Rgb,
    /// The same hue, very dark: the features of the face, and the word on a light ground.
    pub ink: Rgb,
    /// The colour of a tongue, a tear or a question mark.
    pub sign: Rgb,
    /// The face, drawn in this order.
    pub shapes: &'static [Shape],
}

/// Which of a [`Look`]'s colours a shape has.
///
/// In monochrome, [`Paint::Ink`] is dark and all others are lit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// [`Look::colour`].
    Colour,
    /// [`Look::shade`].
    Shade,
    /// [`Look::ink`].
    Ink,
    /// [`Look::sign`].
    Sign,
    /// [`LIGHT`].
    Light,
}

impl Look {
    /// The colour behind a paint.
    pub const fn paint(&self, paint: Paint) -> Rgb {
        match paint {
            Paint::Colour => self.colour,
            Paint::Shade => self.shade,
            Paint::Ink => self.ink,
            Paint::Sign => self.sign,
            Paint::Light => LIGHT,
        }
    }
}

/// A point: x to the right, y down, 0..=100.
pub type Point = (f32, f32);

/// One shape of a face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// A filled ellipse: its centre and its two radii.
    Oval(Paint, Point, Point),
    /// A circle drawn with a pen: centre, radius of the pen's middle, width of the pen.
    Ring(Paint, Point, f32, f32),
    /// A filled area; its outline is closed from the last point to the first.
    Area(Paint, &'static [Step]),
    /// A line drawn with a round pen of this width.
    Line(Paint, f32, &'static [Step]),
}

/// One step of an outline or a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// Begins here.
    From(Point),
    /// Straight to here.
    To(Point),
    /// Along a cubic Bézier curve: two control points, then the end.
    Curve(Point, Point, Point),
    /// Straight back to the beginning.
    Close,
}

use Shape::{Area, Line, Oval, Ring};
use Step::{Close, Curve, From, To};

/// How `mood` looks.
pub fn look(mood: Mood) -> &'static Look {
    &LOOKS[mood as usize]
}

/// The face of `mood` as a picture of its own, `viewBox="0 0 100 100"`, its title the mood's word.
///
/// It can stand inside an HTML page or in a file; size comes from the place it stands in.
pub fn svg(mood: Mood) -> String {
    let look = look(mood);
    let mut out = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" role="img"><title>{}</title>"#,
        look.word
    );
    for shape in look.shapes {
        // Writing to a String cannot fail.
        let _ = match *shape {
            Oval(paint, (x, y), (rx, ry)) => {
                write!(out, r#"<ellipse cx="{x}" cy="{y}" rx="{rx}" ry="{ry}" fill="{}"/>"#, look.paint(paint))
            }
            Ring(paint, (x, y), radius, width) => write!(
                out,
                r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="none" stroke="{}" stroke-width="{width}"/>"#,
                look.paint(paint)
            ),
            Area(paint, steps) => write!(out, r#"<path d="{}" fill="{}"/>"#, path(steps), look.paint(paint)),
            Line(paint, width, steps) => write!(
                out,
                r#"<path d="{}" fill="none" stroke="{}" stroke-width="{width}" stroke-linecap="round" stroke-linejoin="round"/>"#,
                path(steps),
                look.paint(paint)
            ),
        };
    }
    out.push_str("</svg>");
    out
}

fn path(steps: &[Step]) -> String {
    let mut d = String::new();
    for step in steps {
        let _ = match *step {
            From((x, y)) => write!(d, "M{x} {y}"),
            To((x, y)) => write!(d, "L{x} {y}"),
            Curve((ax, ay), (bx, by), (x, y)) => write!(d, "C{ax} {ay} {bx} {by} {x} {y}"),
            Close => write!(d, "Z"),
        };
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mood_finds_its_own_look() {
        for mood in Mood::ALL {
            assert_eq!(look(mood).mood, mood);
            assert_eq!(look(mood).word.to_lowercase(), mood.word());
        }
    }

    #[test]
    fn the_nine_differ_in_word_colour_and_drawing() {
        for (i, a) in LOOKS.iter().enumerate() {
            for b in &LOOKS[i + 1..] {
                assert_ne!(a.word, b.word);
                assert_ne!(a.colour, b.colour, "{} and {}", a.word, b.word);
                assert_ne!(a.shapes, b.shapes, "{} and {}", a.word, b.word);
            }
        }
    }

    #[test]
    fn words_and_features_reach_aa_contrast() {
        assert!((Rgb::hex(0xff_ff_ff).contrast(Rgb::hex(0)) - 21.0).abs() < 0.01);
        for look in &LOOKS {
            for (what, a, b) in [
                ("the word by night", look.colour, NIGHT),
                ("the word by day", look.ink, DAY),
                ("the features on the skin", look.ink, look.colour),
            ] {
                let contrast = a.contrast(b);
                assert!(contrast >= 4.5, "{}: {what} has a contrast of {contrast:.2}", look.word);
            }
        }
    }

    #[test]
    fn shapes_that_stand_on_the_ground_itself_show_by_day_and_by_night() {
        // The question mark and the sleeper's outline; WCAG asks 3 of what is not text.
        for colour in [look(Mood::Unsure).sign, look(Mood::Nobody).colour] {
            assert!(colour.contrast(NIGHT) >= 3.0 && colour.contrast(DAY) >= 3.0, "{colour}");
        }
    }

    #[test]
    fn every_shape_stays_within_the_square() {
        let inside = |(x, y): Point, reach: f32| {
            x - reach >= 0.0 && x + reach <= 100.0 && y - reach >= 0.0 && y + reach <= 100.0
        };
        for look in &LOOKS {
            for shape in look.shapes {
                let fits = match *shape {
                    Oval(_, at, (rx, ry)) => inside(at, rx.max(ry)),
                    Ring(_, at, radius, width) => inside(at, radius + width / 2.0),
                    Area(_, steps) => steps.iter().all(|s| end(s).is_none_or(|p| inside(p, 0.0))),
                    Line(_, width, steps) => steps.iter().all(|s| end(s).is_none_or(|p| inside(p, width / 2.0))),
                };
                assert!(fits, "{}: {shape:?}", look.word);
                if let Area(_, steps) | Line(_, _, steps) = *shape {
                    assert!(matches!(steps[0], From(_)), "{}: {shape:?}", look.word);
                }
            }
        }
    }

    fn end(step: &Step) -> Option<Point> {
        match *step {
            From(p) | To(p) | Curve(_, _, p) => Some(p),
            Close => None,
        }
    }

    #[test]
    fn the_svg_is_well_formed_and_holds_every_shape() {
        for mood in Mood::ALL {
            let svg = svg(mood);
            let mut open = Vec::new();
            for tag in svg.split('<').skip(1) {
                let (tag, _) = tag.split_once('>').unwrap();
                assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
                let name = tag.split(' ').next().unwrap();
                if let Some(name) = name.strip_prefix('/') {
                    assert_eq!(open.pop(), Some(name));
                } else if !tag.ends_with('/') {
                    open.push(name);
                }
            }
            assert!(open.is_empty(), "{open:?} is never closed");
            assert!(
                svg.starts_with("<svg ") && svg.contains(r#"viewBox="0 0 100 100""#) && svg.contains(r#"role="img""#)
            );
            assert!(svg.contains(&format!("<title>{}</title>", look(mood).word)));
            assert_eq!(svg.matches("/>").count(), look(mood).shapes.len());
            assert!(!svg.contains("NaN"));
        }
    }
}
