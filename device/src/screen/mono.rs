//! The pictures for panels of one colour, 128 × 64 pixels: crisp bitmap letters, no grey.

use embedded_graphics::{
    Drawable,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{MonoFont, MonoTextStyle, iso_8859_1 as fonts},
    pixelcolor::{Rgb888, RgbColor},
    primitives::{Primitive, PrimitiveStyle, Rectangle},
    text::{Baseline, Text},
};
use moodring_mood::{look, look::Shape};

use super::{
    icons,
    picture::Picture,
    shapes::{TwoColours, figure},
    state::{Network, PairingCard, Scene, ScreenState},
    text::{visible, wrap},
};

const WHITE: Rgb888 = Rgb888::WHITE;
const TWO: TwoColours = TwoColours { light: WHITE, ink: Rgb888::BLACK };
/// Side of the face, pixels.
const FACE: f32 = 54.0;
/// Where the words begin, and how many pixels they have.
const LEFT: i32 = 60;
const WIDTH: i32 = 128 - LEFT;

/// Draws a scene for a panel of one colour.
pub fn render(scene: &Scene, size: Size) -> Picture {
    let mut picture = Picture::new(size, Rgb888::BLACK);
    match scene {
        Scene::Waking => greeting(&mut picture, icons::WAKING, "Waking", "one moment"),
        Scene::Goodbye => greeting(&mut picture, icons::GOODBYE, "Goodbye", "stopped"),
        Scene::Private => private(&mut picture),
        Scene::Pairing(card) => pairing(&mut picture, card),
        Scene::Live(state) => live(&mut picture, state),
        // Drawn elsewhere, alike for all panels.
        Scene::Test => {}
    }
    picture
}

fn live(picture: &mut Picture, state: &ScreenState) {
    let look = look(state.mood);
    if let Some(problem) = &state.camera_problem {
        drawn(picture, icons::CAMERA_OFF, (5.0, 8.0), 46.0);
        write(picture, &fonts::FONT_9X15_BOLD, "Camera", (LEFT, 2));
        let fits = |part: &str| chars(part) * 5 <= WIDTH;
        for (line, text) in wrap(problem, 3, fits).iter().enumerate() {
            write(picture, &fonts::FONT_5X8, text, (LEFT, 19 + 9 * line as i32));
        }
    } else if state.too_dark {
        drawn(picture, icons::MOON, (5.0, 8.0), 46.0);
        write(picture, &fonts::FONT_8X13_BOLD, "Too dark", (LEFT, 4));
        write(picture, &fonts::FONT_5X8, "more light?", (LEFT, 22));
        write(picture, &fonts::FONT_5X8, "lens covered?", (LEFT, 31));
    } else {
        drawn(picture, look.shapes, (1.0, 5.0), FACE);
        let font = if chars(look.word) * 9 <= WIDTH { &fonts::FONT_9X15_BOLD } else { &fonts::FONT_8X13_BOLD };
        let told = state.mood.emotion().is_some();
        // With nothing playing there is room: the words stand beside the middle of the face.
        let y = match (&state.playing, told) {
            (Some(_), _) => 2,
            (None, true) => 13,
            (None, false) => 25,
        };
        write(picture, font, look.word, (LEFT, y));
        if told {
            bar(picture, y + 17, state.confidence.get());
        }
        if told && state.playing.is_none() {
            write(picture, &fonts::FONT_6X10, &format!("{} % sure", state.confidence.percent()), (LEFT, y + 28));
        }
        if let Some(playing) = &state.playing {
            let title = if state.paused { format!("|| {}", playing.title) } else { playing.title.clone() };
            write(picture, &fonts::FONT_6X10, &cut(&title, WIDTH / 6), (LEFT, 29));
            write(picture, &fonts::FONT_5X8, &cut(&playing.artist, WIDTH / 5), (LEFT, 41));
        }
    }
    if state.network == Network::Down {
        drawn(picture, icons::NETWORK_OFF, (LEFT as f32, 53.0), 11.0);
        write(picture, &fonts::FONT_5X8, "no link", (LEFT + 14, 55));
    } else if state.people > 1 && state.camera_problem.is_none() {
        write(picture, &fonts::FONT_5X8, &format!("{} faces", state.people), (LEFT, 55));
    }
}

fn greeting(picture: &mut Picture, shapes: &[Shape], word: &str, below: &str) {
    drawn(picture, shapes, (1.0, 5.0), FACE);
    write(picture, &fonts::FONT_9X15_BOLD, word, (LEFT, 18));
    write(picture, &fonts::FONT_6X10, below, (LEFT, 36));
}

fn private(picture: &mut Picture) {
    drawn(picture, icons::EYE_OFF, (2.0, 5.0), 52.0);
    write(picture, &fonts::FONT_9X15_BOLD, "Privacy", (LEFT, 6));
    write(picture, &fonts::FONT_6X10, "camera off", (LEFT, 25));
    write(picture, &fonts::FONT_5X8, "back: button", (LEFT, 44));
    write(picture, &fonts::FONT_5X8, "or over MQTT", (LEFT, 53));
}

/// The code, in the largest letters that there are, doubled.
fn pairing(picture: &mut Picture, card: &PairingCard) {
    let centred = |picture: &mut Picture, font: &'static MonoFont<'static>, text: &str, y| {
        let text = cut(text, 128 / font.character_size.width as i32);
        write(picture, font, &text, ((128 - chars(&text) * font.character_size.width as i32) / 2, y));
    };
    centred(picture, &fonts::FONT_6X10, "Pair this device", 0);
    match &card.code {
        Some(code) => {
            doubled(picture, code, 15);
            centred(picture, &fonts::FONT_5X8, card.note.as_deref().unwrap_or("Type it on the page of"), 46);
            centred(picture, &fonts::FONT_5X8, &card.at, 55);
        }
        None => {
            let note = card.note.as_deref().unwrap_or_default();
            for (line, text) in wrap(note, 4, |part| chars(part) * 6 <= 124).iter().enumerate() {
                centred(picture, &fonts::FONT_6X10, text, 18 + 11 * line as i32);
            }
        }
    }
}

/// A text in the middle, each of its pixels twice as wide and twice as high.
fn doubled(picture: &mut Picture, text: &str, top: i32) {
    let mut small = Picture::new(picture.size(), Rgb888::BLACK);
    write(&mut small, &fonts::FONT_9X15_BOLD, text, (0, 0));
    let left = (128 - chars(text) * 18) / 2;
    for y in 0..15 {
        for (x, pixel) in small.row(y).iter().enumerate().filter(|(_, pixel)| **pixel == WHITE) {
            for (right, down) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                picture.blend(left + 2 * x as i32 + right, top + 2 * y as i32 + down, *pixel, 1.0);
            }
        }
    }
}

/// Confidence as a bar with an outline.
fn bar(picture: &mut Picture, y: i32, share: f32) {
    let frame = Rectangle::new(Point::new(LEFT, y), Size::new(WIDTH as u32 - 2, 7));
    let Ok(()) = frame.into_styled(PrimitiveStyle::with_stroke(WHITE, 1)).draw(picture);
    let full = (share * (WIDTH - 6) as f32).round() as u32;
    let inner = Rectangle::new(Point::new(LEFT + 2, y + 2), Size::new(full, 3));
    let Ok(()) = inner.into_styled(PrimitiveStyle::with_fill(WHITE)).draw(picture);
}

/// Shapes in black and white: drawn softly on the side, then cut at the middle grey.
fn drawn(picture: &mut Picture, shapes: &[Shape], (left, top): (f32, f32), side: f32) {
    let mut soft = Picture::new(picture.size(), Rgb888::BLACK);
    figure(&mut soft, shapes, &TWO, (left, top), side);
    let crisp = soft.to_monochrome();
    for y in 0..crisp.size().height {
        for (x, pixel) in crisp.row(y).iter().enumerate() {
            if *pixel == WHITE {
                picture.blend(x as i32, y as i32, WHITE, 1.0);
            }
        }
    }
}

fn write(picture: &mut Picture, font: &'static MonoFont<'static>, text: &str, (x, y): (i32, i32)) {
    let text: String = visible(text).map(plain).collect();
    let style = MonoTextStyle::new(font, WHITE);
    let Ok(_) = Text::with_baseline(&text, Point::new(x, y), style, Baseline::Top).draw(picture);
}

/// The bitmap letters are Latin-1; what lies outside is written with its nearest relative there,
/// and shown as a question mark where it has none.
fn plain(c: char) -> char {
    match c {
        '…' => '.',
        '‘' | '’' => '\'',
        '“' | '”' | '„' => '"',
        '–' | '—' | '−' => '-',
        'ą' | 'ă' | 'ā' => 'a',
        'ć' | 'č' => 'c',
        'ď' | 'đ' => 'd',
        'ę' | 'ě' | 'ē' => 'e',
        'ğ' => 'g',
        'ı' | 'ī' => 'i',
        'ł' => 'l',
        'ń' | 'ň' => 'n',
        'ő' | 'ō' => 'o',
        'ř' => 'r',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ť' | 'ţ' | 'ț' => 't',
        'ů' | 'ű' | 'ū' => 'u',
        'ź' | 'ż' | 'ž' => 'z',
        'Ć' | 'Č' => 'C',
        'İ' => 'I',
        'Ł' => 'L',
        'Ś' | 'Š' | 'Ş' => 'S',
        'Ź' | 'Ż' | 'Ž' => 'Z',
        _ => c,
    }
}

fn chars(text: &str) -> i32 {
    text.chars().count().try_into().unwrap_or(i32::MAX)
}

fn cut(text: &str, most: i32) -> String {
    super::text::fit(text, |part| chars(part) <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_latin_1_lacks_is_a_question_mark_or_a_relative() {
        let lines = |text: &str| {
            let mut picture = Picture::new(Size::new(128, 64), Rgb888::BLACK);
            write(&mut picture, &fonts::FONT_6X10, text, (0, 0));
            picture
        };
        assert_eq!(lines("漢"), lines("?"));
        assert_eq!(lines("Dvořák"), lines("Dvorák"));
        assert_ne!(lines("á"), lines("?"));
    }
}
