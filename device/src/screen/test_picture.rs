//! The picture by which a panel's wiring is checked: wrong order, inversion, offset, turn or mirror
//! is seen at a glance, and each line says which key mends it.
//!
//! Enters: the size. Leaves: the picture, which is what `doctor` shows through
//! [`show_test`](super::show_test). Nothing fails. A frame of one pixel runs along the edge: where a
//! side is missing, the visible part begins elsewhere.

use embedded_graphics::{
    Drawable,
    geometry::{OriginDimensions, Point, Size},
    mono_font::{MonoFont, MonoTextStyle, iso_8859_1 as fonts},
    pixelcolor::{Rgb888, RgbColor},
    primitives::{Line, Primitive, PrimitiveStyle, Rectangle, Triangle},
    text::{Alignment, Baseline, Text, TextStyleBuilder},
};

use super::{ScreenSize, picture::Picture};

const WHITE: Rgb888 = Rgb888::WHITE;
const BLACK: Rgb888 = Rgb888::BLACK;

/// What may be seen instead, and the key in `[screen.wiring]` that mends it.
const REMEDIES: [(&str, &str); 5] = [
    ("RED looks blue?", "colour_order"),
    ("BLACK looks white?", "inverted"),
    ("A side of the frame gone?", "offset"),
    ("TOP is elsewhere?", "rotation"),
    ("Letters mirrored?", "mirrored"),
];

/// Draws the picture.
pub fn draw(size: ScreenSize) -> Picture {
    let mut picture = Picture::new(size.pixels(), BLACK);
    edges(&mut picture);
    match size {
        ScreenSize::Square | ScreenSize::Wide => colours(&mut picture),
        ScreenSize::Mono => one_colour(&mut picture),
    }
    picture
}

/// The frame, and a bracket in each corner three pixels further in.
fn edges(picture: &mut Picture) {
    let size = picture.size();
    outline(picture, Rectangle::new(Point::zero(), size), WHITE);
    let (right, bottom) = (size.width as i32 - 4, size.height as i32 - 4);
    let arm = if size.height > 100 { 14 } else { 4 };
    for (x, inwards) in [(3, 1), (right, -1)] {
        for (y, down) in [(3, 1), (bottom, -1)] {
            line(picture, (x, y), (x + inwards * arm, y));
            line(picture, (x, y), (x, y + down * arm));
        }
    }
}

fn colours(picture: &mut Picture) {
    let width = picture.size().width as i32;
    let middle = width / 2;
    triangle(picture, (middle - 26, 12), 9);
    write(picture, &fonts::FONT_9X18_BOLD, "TOP", (middle + 2, 11), Alignment::Center, WHITE);
    let bar = (width - 24) / 3;
    let shades = [("BLACK", BLACK), ("GREY", Rgb888::new(128, 128, 128)), ("WHITE", WHITE)];
    let pure = [("RED", Rgb888::RED), ("GREEN", Rgb888::GREEN), ("BLUE", Rgb888::BLUE)];
    for (row, top, height) in [(pure, 36, 46), (shades, 84, 30)] {
        for (place, (name, colour)) in (0..).zip(row) {
            let area = Rectangle::new(Point::new(12 + place * bar, top), Size::new(bar as u32, height as u32));
            fill(picture, area, colour);
            let ink = if super::is_lit(colour) || colour == Rgb888::GREEN { BLACK } else { WHITE };
            let at = (12 + place * bar + bar / 2, top + height / 2 - 8);
            write(picture, &fonts::FONT_8X13_BOLD, name, at, Alignment::Center, ink);
        }
    }
    outline(picture, Rectangle::new(Point::new(12, 84), Size::new(bar as u32, 30)), Rgb888::new(128, 128, 128));
    // Sixteen steps from black to white: where two look alike, the panel's levels are off.
    for place in 0..16 {
        let level = (place * 17) as u8;
        let [left, right] = [place, place + 1].map(|place| 12 + place * 3 * bar / 16);
        let area = Rectangle::new(Point::new(left, 118), Size::new((right - left) as u32, 12));
        fill(picture, area, Rgb888::new(level, level, level));
    }
    for (place, (seen, key)) in (0..).zip(REMEDIES) {
        let y = 139 + 18 * place;
        write(picture, &fonts::FONT_6X13, seen, (12, y), Alignment::Left, Rgb888::new(200, 200, 200));
        write(picture, &fonts::FONT_6X13_BOLD, key, (width - 12, y), Alignment::Right, WHITE);
    }
}

fn one_colour(picture: &mut Picture) {
    triangle(picture, (48, 6), 5);
    write(picture, &fonts::FONT_6X10, "TOP", (67, 5), Alignment::Center, WHITE);
    fill(picture, Rectangle::new(Point::new(8, 18), Size::new(54, 15)), WHITE);
    write(picture, &fonts::FONT_6X10, "LIT", (35, 21), Alignment::Center, BLACK);
    outline(picture, Rectangle::new(Point::new(64, 18), Size::new(56, 15)), WHITE);
    write(picture, &fonts::FONT_6X10, "DARK", (92, 21), Alignment::Center, WHITE);
    let remedies = [("LIT is dark?", "inverted"), ("Frame cut?", "offset"), ("Turned?", "rotation")];
    for (place, (seen, key)) in (0..).zip(remedies) {
        let y = 35 + 8 * place;
        write(picture, &fonts::FONT_5X8, seen, (10, y), Alignment::Left, WHITE);
        write(picture, &fonts::FONT_5X8, key, (117, y), Alignment::Right, WHITE);
    }
}

fn fill(picture: &mut Picture, area: Rectangle, colour: Rgb888) {
    let Ok(()) = area.into_styled(PrimitiveStyle::with_fill(colour)).draw(picture);
}

fn outline(picture: &mut Picture, area: Rectangle, colour: Rgb888) {
    let Ok(()) = area.into_styled(PrimitiveStyle::with_stroke(colour, 1)).draw(picture);
}

fn line(picture: &mut Picture, (ax, ay): (i32, i32), (bx, by): (i32, i32)) {
    let line = Line::new(Point::new(ax, ay), Point::new(bx, by));
    let Ok(()) = line.into_styled(PrimitiveStyle::with_stroke(WHITE, 1)).draw(picture);
}

/// A triangle that points up; `at` is the middle of its top.
fn triangle(picture: &mut Picture, (x, y): (i32, i32), half: i32) {
    let corners = [Point::new(x, y), Point::new(x - half, y + 2 * half - 3), Point::new(x + half, y + 2 * half - 3)];
    let shape = Triangle::new(corners[0], corners[1], corners[2]);
    let Ok(()) = shape.into_styled(PrimitiveStyle::with_fill(WHITE)).draw(picture);
}

fn write(
    picture: &mut Picture,
    font: &'static MonoFont<'static>,
    text: &str,
    (x, y): (i32, i32),
    alignment: Alignment,
    colour: Rgb888,
) {
    let style = TextStyleBuilder::new().alignment(alignment).baseline(Baseline::Top).build();
    let letters = MonoTextStyle::new(font, colour);
    let Ok(_) = Text::with_text_style(text, Point::new(x, y), letters, style).draw(picture);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_pixels_are_a_white_frame() {
        for size in ScreenSize::ALL {
            let picture = draw(size);
            let Size { width, height } = picture.size();
            for x in 0..width {
                assert_eq!((picture.pixel(x, 0), picture.pixel(x, height - 1)), (Some(WHITE), Some(WHITE)));
            }
            for y in 0..height {
                assert_eq!((picture.pixel(0, y), picture.pixel(width - 1, y)), (Some(WHITE), Some(WHITE)));
            }
            let inside = (1..height - 1).all(|y| picture.pixel(1, y) == Some(BLACK));
            assert!(inside, "the frame is one pixel wide");
        }
    }

    #[test]
    fn each_mistake_changes_what_the_labels_stand_on() {
        let picture = draw(ScreenSize::Square);
        // In the corner of each bar, where no letter is.
        let at = |x, y| picture.pixel(x, y).unwrap();
        assert_eq!((at(14, 38), at(86, 38), at(158, 38)), (Rgb888::RED, Rgb888::GREEN, Rgb888::BLUE));
        assert_eq!((at(14, 86), at(158, 86)), (BLACK, WHITE));
        // Turned or mirrored it is another picture.
        let turned: Vec<Rgb888> = (0..240).rev().flat_map(|y| picture.row(y).iter().rev().copied()).collect();
        let upright: Vec<Rgb888> = (0..240).flat_map(|y| picture.row(y).iter().copied()).collect();
        assert_ne!(turned, upright);
    }
}
