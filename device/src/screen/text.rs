//! Anti-aliased text in one family of letters, Inter, a part of which is embedded.
//!
//! The files in `fonts/` hold Latin, Greek and Cyrillic (see `fonts/README.md`). A character that
//! they lack is shown as an empty box, never as a gap or a failure.

use std::sync::LazyLock;

use ab_glyph::{Font as _, FontRef, Glyph, PxScale, ScaleFont as _, point};
use embedded_graphics::pixelcolor::Rgb888;

use super::picture::Picture;

/// Which letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// For running text.
    Text,
    /// For the word of the mood and other headings.
    Heading,
}

static TEXT: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("fonts/Inter-Medium.otf")).expect("the embedded font is whole")
});
static HEADING: LazyLock<FontRef<'static>> = LazyLock::new(|| {
    FontRef::try_from_slice(include_bytes!("fonts/InterDisplay-SemiBold.otf")).expect("the embedded font is whole")
});

/// Stands for every character that the letters lack.
const MISSING: char = '□';

/// Where a text stands on its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// From the given point to the right.
    Left,
    /// Centred on the given point.
    Centre,
    /// Up to the given point.
    Right,
}

/// Letters of one size and colour.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Which letters.
    pub font: Font,
    /// Their size, pixels to the em.
    pub size: f32,
    /// Their colour.
    pub colour: Rgb888,
}

impl Style {
    /// How wide `text` is, pixels.
    pub fn width(&self, text: &str) -> f32 {
        self.font.glyphs(text, self.scale()).1
    }

    /// The same letters, small enough for `text` to be at most `width` pixels wide, but no smaller
    /// than `least`.
    pub fn shrunk(self, text: &str, width: f32, least: f32) -> Self {
        let natural = self.width(text);
        let size = if natural > width { (self.size * 0.995 * width / natural).max(least) } else { self.size };
        Self { size, ..self }
    }

    /// Writes `text` with its baseline at `y`, at most `width` pixels wide; what does not fit ends
    /// in an ellipsis.
    pub fn write(&self, picture: &mut Picture, text: &str, (x, y): (f32, f32), align: Align, width: f32) {
        let text = fit(text, |part| self.width(part) <= width);
        let (glyphs, length) = self.font.glyphs(&text, self.scale());
        let left = match align {
            Align::Left => x,
            Align::Centre => x - length / 2.0,
            Align::Right => x - length,
        };
        for mut glyph in glyphs {
            glyph.position.x += left;
            glyph.position.y = y;
            let Some(outline) = self.font.face().outline_glyph(glyph) else { continue };
            let corner = outline.px_bounds().min;
            outline.draw(|dx, dy, coverage| {
                picture.blend(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, self.colour, coverage.min(1.0));
            });
        }
    }

    fn scale(&self) -> PxScale {
        // ab_glyph measures from ascender to descender; a size to the em is what designers mean.
        let face = self.font.face();
        PxScale::from(self.size * face.height_unscaled() / face.units_per_em().unwrap_or(1000.0))
    }
}

impl Font {
    fn face(self) -> &'static FontRef<'static> {
        match self {
            Self::Text => &TEXT,
            Self::Heading => &HEADING,
        }
    }

    /// The glyphs of a text from x = 0, and its width.
    fn glyphs(self, text: &str, scale: PxScale) -> (Vec<Glyph>, f32) {
        let face = self.face().as_scaled(scale);
        let mut x = 0.0;
        let glyphs = visible(text)
            .map(|c| {
                let id = match face.glyph_id(c) {
                    id if id.0 == 0 => face.glyph_id(MISSING),
                    id => id,
                };
                let glyph = id.with_scale_and_position(scale, point(x, 0.0));
                x += face.h_advance(id);
                glyph
            })
            .collect();
        (glyphs, x)
    }
}

/// The characters that have a place of their own: spaces for line breaks and tabs; no control,
/// combining, joining or direction marks.
pub(super) fn visible(text: &str) -> impl Iterator<Item = char> + '_ {
    let unseen = |c: &char| {
        matches!(*c, '\u{300}'..='\u{36f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ad}')
    };
    let spaced = |c: char| if c.is_whitespace() { ' ' } else { c };
    text.chars().map(spaced).filter(move |c| !unseen(c) && !c.is_control())
}

/// The longest beginning of `text` that fits, with an ellipsis where something was cut.
pub(super) fn fit(text: &str, fits: impl Fn(&str) -> bool) -> String {
    // No panel shows more; a title may be kilobytes.
    let chars: Vec<char> = visible(text).take(200).collect();
    let whole: String = chars.iter().collect();
    if fits(&whole) {
        return whole;
    }
    let cut = |length: usize| {
        let part: String = chars[..length].iter().collect();
        format!("{}…", part.trim_end_matches([' ', ',', '.', '-', '(']))
    };
    // The widths grow with the length: halve until the border is found.
    let (mut fitting, mut too_long) = (0, chars.len());
    while too_long - fitting > 1 {
        let middle = fitting.midpoint(too_long);
        if fits(&cut(middle)) { fitting = middle } else { too_long = middle }
    }
    cut(fitting)
}

/// `text` in at most `most` lines that fit, broken between words; the last ends in an ellipsis where
/// something was cut.
pub(super) fn wrap(text: &str, most: usize, fits: impl Fn(&str) -> bool) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut words = text.split_whitespace().take(200).peekable();
    while let Some(word) = words.next() {
        let mut line = word.to_owned();
        let last = lines.len() + 1 == most;
        while let Some(next) = words.peek() {
            let longer = format!("{line} {next}");
            if !last && !fits(&longer) {
                break;
            }
            line = longer;
            words.next();
        }
        lines.push(fit(&line, &fits));
    }
    lines
}

#[cfg(test)]
mod tests {
    use embedded_graphics::{geometry::Size, pixelcolor::RgbColor};

    use super::*;

    const STYLE: Style = Style { font: Font::Text, size: 16.0, colour: Rgb888::WHITE };

    fn written(text: &str) -> Picture {
        let mut picture = Picture::new(Size::new(120, 24), Rgb888::BLACK);
        STYLE.write(&mut picture, text, (2.0, 18.0), Align::Left, 116.0);
        picture
    }

    #[test]
    fn the_size_is_that_of_the_em() {
        // Inter's capitals are 0.727 em high.
        let picture = written("H");
        let lit: Vec<u32> = (0..24).filter(|y| picture.row(*y).iter().any(|p| p.g() > 100)).collect();
        assert!((11..=12).contains(&lit.len()), "rows {lit:?}");
        assert!(lit.contains(&17) && !lit.contains(&18), "the baseline is at 18: {lit:?}");
    }

    #[test]
    fn letters_of_many_languages_are_there() {
        for c in "ÄÖÜäöüßéèêñçøåæœłśžőşțáíóúýðþ¿¡Ελληνικά Українська Русский Việt “”‘’–—…€".chars()
        {
            for font in [Font::Text, Font::Heading] {
                assert!(c == ' ' || font.face().glyph_id(c).0 != 0, "{font:?} lacks {c}");
            }
        }
    }

    #[test]
    fn a_missing_character_is_shown_as_a_box() {
        let the_box = written("□");
        assert_ne!(the_box, written(""));
        assert_eq!(written("漢"), the_box);
        assert_eq!(written("🎵"), the_box);
        // Marks without a place of their own leave no box.
        assert_eq!(written("e\u{301}"), written("e"));
        assert_eq!(written("a\u{200d}\u{feff}\u{202e}\n\u{7}b"), written("a b"));
    }

    #[test]
    fn long_titles_end_in_an_ellipsis_and_never_reach_beyond_their_width() {
        let long = "Symphony No. 9 in E minor, “From the New World”, Op. 95: II. Largo";
        let fitted = fit(long, |part| STYLE.width(part) <= 150.0);
        assert!(fitted.ends_with('…') && long.starts_with(fitted.trim_end_matches('…')), "{fitted}");
        assert!(STYLE.width(&fitted) > 120.0 && STYLE.width(&fitted) <= 150.0);
        assert_eq!(fit("Largo", |part| STYLE.width(part) <= 150.0), "Largo");
        assert_eq!(fit(long, |_| false), "…");
        assert_eq!(fit("", |_| false), "…");
        written(&"W".repeat(100_000));
    }

    #[test]
    fn problems_are_broken_between_words() {
        let wrapped = |text: &str, most| wrap(text, most, |part| part.chars().count() <= 10);
        assert_eq!(wrapped("no camera at /dev/video0", 3), ["no camera", "at", "/dev/vide…"]);
        assert_eq!(wrapped("one two three four five", 2), ["one two", "three fou…"]);
        assert_eq!(wrapped("  ", 2), Vec::<String>::new());
    }

    #[test]
    fn a_word_shrinks_to_its_place() {
        let style = STYLE.shrunk("Surprise", 40.0, 8.0);
        assert!(style.size < 16.0 && style.width("Surprise") <= 40.5);
        assert_eq!(STYLE.shrunk("Sad", 400.0, 8.0).size, 16.0);
    }
}
