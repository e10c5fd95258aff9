//! The pictures for colour panels of 240 × 240 and 320 × 240 pixels.
//!
//! A calm dark ground; the mood's colour in the face, the ring around it (confidence), the word,
//! and a faint glow. Trouble is amber, an icon and a word.

use embedded_graphics::{
    geometry::{OriginDimensions, Size},
    pixelcolor::Rgb888,
};
use moodring_mood::{
    Mood, Playing, look,
    look::{NIGHT, Rgb, Shape},
};

use super::{
    icons,
    picture::{Picture, mix},
    shapes::{TwoColours, arc, figure, length, rgb},
    state::{Network, PairingCard, Scene, ScreenState},
    text::{Align, Font, Style, wrap},
};

const GROUND: Rgb888 = rgb(NIGHT);
const BRIGHT: Rgb888 = rgb(Rgb::hex(0xec_ee_f4));
const SOFT: Rgb888 = rgb(Rgb::hex(0x9d_a6_b8));
const FAINT: Rgb888 = rgb(Rgb::hex(0x26_2a_37));
const AMBER: Rgb888 = rgb(Rgb::hex(0xff_c2_66));
const DAWN: Rgb888 = rgb(Rgb::hex(0xf6_d9_a0));
const DUSK: Rgb888 = rgb(Rgb::hex(0xb9_b4_e0));
const CALM: Rgb888 = rgb(Rgb::hex(0x7f_d8_c4));
const MOONLIGHT: Rgb888 = rgb(Rgb::hex(0xa9_bd_f0));
const DARK: Rgb888 = rgb(Rgb::hex(0x2a_24_1a));

/// What to do about the dark.
const MORE_LIGHT: &str = "More light? Lens covered?";

/// Where the parts stand on a panel.
struct Plan {
    /// Centre of the ring.
    ring: (f32, f32),
    /// Its radius.
    radius: f32,
    /// Baseline, left or middle, and width of the word.
    word: (f32, f32, Align, f32),
    /// Size of the word.
    word_size: f32,
    /// Whether the words beside the ring have room below the word.
    roomy: bool,
}

impl Plan {
    /// `playing`: whether two lines at the bottom are taken; `trouble`: whether one at the top is.
    fn new(size: Size, playing: bool, trouble: bool) -> Self {
        let top: f32 = if trouble { 24.0 } else { 0.0 };
        let bottom = if playing { 188.0 } else { 240.0 };
        if size.width >= 320 {
            let radius = ((bottom - top) / 2.0 - 10.0).min(86.0);
            let middle = f32::midpoint(top, bottom) + if playing { 2.0 } else { 0.0 };
            let across = 14.0 + 86.0;
            let left = across + radius + 18.0;
            Self {
                ring: (across, middle),
                radius,
                word: (middle + 4.0, left, Align::Left, 308.0 - left),
                word_size: 36.0,
                roomy: true,
            }
        } else {
            let word_size = if playing { 30.0 } else { 36.0 };
            let baseline = bottom - if playing { 8.0 } else { 16.0 };
            let room = baseline - 0.73 * word_size - top;
            let radius = room / 2.0 - 11.0;
            Self {
                ring: (120.0, top + room / 2.0 - 1.0),
                radius,
                word: (baseline, 120.0, Align::Centre, 220.0),
                word_size,
                roomy: false,
            }
        }
    }
}

/// Draws a scene for a colour panel.
pub fn render(scene: &Scene, size: Size) -> Picture {
    let mut picture = Picture::new(size, GROUND);
    match scene {
        Scene::Waking => greeting(&mut picture, icons::WAKING, DAWN, "Waking up", "one moment"),
        Scene::Goodbye => greeting(&mut picture, icons::GOODBYE, DUSK, "Goodbye", "Moodring has stopped"),
        Scene::Private => private(&mut picture),
        Scene::Pairing(card) => pairing(&mut picture, card),
        Scene::Live(state) => live(&mut picture, state),
        // Drawn elsewhere, alike for all panels.
        Scene::Test => {}
    }
    picture
}

fn live(picture: &mut Picture, state: &ScreenState) {
    let plan = Plan::new(picture.size(), state.playing.is_some(), state.network == Network::Down);
    match &state.camera_problem {
        Some(problem) => notice(picture, &plan, icons::CAMERA_OFF, AMBER, "Camera", problem),
        None if state.too_dark => notice(picture, &plan, icons::MOON, MOONLIGHT, "Too dark", MORE_LIGHT),
        None => mood(picture, &plan, state),
    }
    if state.network == Network::Down {
        sign(picture, icons::NETWORK_OFF, "No connection");
    }
    if let Some(playing) = &state.playing {
        music(picture, playing, state);
    }
}

fn mood(picture: &mut Picture, plan: &Plan, state: &ScreenState) {
    let look = look(state.mood);
    let colour = rgb(look.colour);
    let asleep = state.mood == Mood::Nobody;
    let (cx, cy) = plan.ring;
    glow(picture, plan.ring, plan.radius * 2.1, colour, if asleep { 0.05 } else { 0.17 });
    let told = state.mood.emotion().is_some();
    if told {
        arc(picture, FAINT, plan.ring, plan.radius, 5.0, 1.0);
        if state.confidence.percent() > 0 {
            arc(picture, colour, plan.ring, plan.radius, 5.0, state.confidence.get());
        }
    }
    // Heads fill 46 of 50 units of the square; the ring keeps its distance from them.
    let side = 2.0 * if told { (plan.radius - 9.0) / 0.92 } else { plan.radius * 0.98 };
    figure(picture, look.shapes, look, (cx - side / 2.0, cy - side / 2.0), side);
    let (baseline, x, align, width) = plan.word;
    let word = Style { font: Font::Heading, size: plan.word_size, colour }.shrunk(look.word, width, 12.0);
    word.write(picture, look.word, (x, baseline), align, width);
    if plan.roomy {
        let small = Style { font: Font::Text, size: 16.0, colour: SOFT };
        let sure = told.then(|| format!("{} % sure", state.confidence.percent()));
        let faces = (state.people > 1).then(|| format!("{} faces", state.people));
        for (line, text) in [sure, faces].into_iter().flatten().enumerate() {
            small.write(picture, &text, (x, baseline + 26.0 + 21.0 * line as f32), align, width);
        }
    } else if state.people > 1 {
        let count = Style { font: Font::Text, size: 15.0, colour: SOFT };
        let right = picture.size().width as f32 - 10.0;
        let text = state.people.to_string();
        count.write(picture, &text, (right, 18.5), Align::Right, 60.0);
        let left = right - count.width(&text) - 19.0;
        figure(picture, icons::PERSON, &TwoColours { light: SOFT, ink: GROUND }, (left, 5.5), 15.0);
    }
}

/// Why there is no mood, in the mood's place.
fn notice(picture: &mut Picture, plan: &Plan, icon: &[Shape], colour: Rgb888, title: &str, words: &str) {
    let colours = TwoColours { light: colour, ink: GROUND };
    let (baseline, x, align, width) = plan.word;
    let small = Style { font: Font::Text, size: 15.0, colour: BRIGHT };
    let (cx, cy) = plan.ring;
    if plan.roomy {
        let side = plan.radius * 1.35;
        figure(picture, icon, &colours, (cx - side / 2.0, cy - side / 2.0), side);
        let (x, width) = (x - 16.0, width + 16.0);
        heading(picture, title, colour, 28.0, (x, baseline - 24.0), align, width);
        for (line, text) in wrap(words, 4, |part| small.width(part) <= width).iter().enumerate() {
            small.write(picture, text, (x, baseline + 2.0 + 19.0 * line as f32), align, width);
        }
    } else {
        let lines = wrap(words, 2, |part| small.width(part) <= width);
        let text_top = baseline - 19.0 * (lines.len() as f32 - 1.0);
        let title_line = text_top - 24.0;
        let room = title_line - 26.0 - (cy - plan.radius);
        let side = room.min(116.0);
        let top = cy - plan.radius + (room - side) / 2.0;
        figure(picture, icon, &colours, (cx - side / 2.0, top), side);
        heading(picture, title, colour, 26.0, (x, title_line), align, width);
        for (line, text) in lines.iter().enumerate() {
            small.write(picture, text, (x, text_top + 19.0 * line as f32), align, width);
        }
    }
}

/// What plays, in two lines at the bottom.
fn music(picture: &mut Picture, playing: &Playing, state: &ScreenState) {
    let size = picture.size();
    let (icon, colour) = match (state.paused, state.mood) {
        (true, _) => (icons::PAUSE, SOFT),
        (false, Mood::Nobody) => (icons::NOTE, SOFT),
        (false, _) => (icons::NOTE, BRIGHT),
    };
    let title = Style { font: Font::Text, size: 17.0, colour };
    let artist = Style { font: Font::Text, size: 14.0, colour: SOFT };
    let (left, width) = (38.0, size.width as f32 - 38.0 - 12.0);
    let colours = TwoColours { light: rgb(look(playing.mood).colour), ink: GROUND };
    let colours = if state.paused { TwoColours { light: SOFT, ..colours } } else { colours };
    figure(picture, icon, &colours, (12.0, 199.0), 18.0);
    let by = if state.paused && playing.artist.is_empty() { "paused" } else { playing.artist.as_str() };
    let second = if state.paused && by != "paused" { format!("paused · {by}") } else { by.to_owned() };
    let first_line = if second.is_empty() { 214.0 } else { 208.0 };
    title.write(picture, &playing.title, (left, first_line), Align::Left, width);
    artist.write(picture, &second, (left, 227.0), Align::Left, width);
}

/// Trouble, as an icon and words at the top.
fn sign(picture: &mut Picture, icon: &[Shape], words: &str) {
    let style = Style { font: Font::Text, size: 14.0, colour: AMBER };
    let width = style.width(words) + 22.0;
    let left = if picture.size().width >= 320 { 12.0 } else { (picture.size().width as f32 - width) / 2.0 };
    figure(picture, icon, &TwoColours { light: AMBER, ink: GROUND }, (left, 5.0), 17.0);
    style.write(picture, words, (left + 22.0, 18.5), Align::Left, 200.0);
}

fn greeting(picture: &mut Picture, shapes: &[Shape], colour: Rgb888, title: &str, below: &str) {
    let middle = picture.size().width as f32 / 2.0;
    let width = picture.size().width as f32 - 20.0;
    glow(picture, (middle, 92.0), 150.0, colour, 0.17);
    figure(picture, shapes, &TwoColours { light: colour, ink: DARK }, (middle - 64.0, 28.0), 128.0);
    heading(picture, title, colour, 32.0, (middle, 196.0), Align::Centre, width);
    let small = Style { font: Font::Text, size: 15.0, colour: SOFT };
    small.write(picture, below, (middle, 221.0), Align::Centre, width);
}

/// The camera is closed: said large enough to be read from across the room.
fn private(picture: &mut Picture) {
    let Size { width, .. } = picture.size();
    let small = Style { font: Font::Text, size: 15.0, colour: SOFT };
    let colours = TwoColours { light: CALM, ink: GROUND };
    if width >= 320 {
        figure(picture, icons::EYE_OFF, &colours, (20.0, 50.0), 140.0);
        let (left, width) = (174.0, 140.0);
        heading(picture, "Privacy", CALM, 34.0, (left, 104.0), Align::Left, width);
        let lines = [(BRIGHT, "The camera is off."), (SOFT, "Back: the button,"), (SOFT, "or Home Assistant")];
        for ((colour, text), line) in lines.into_iter().zip([136.0, 166.0, 186.0]) {
            Style { colour, ..small }.write(picture, text, (left, line), Align::Left, width);
        }
    } else {
        let middle = width as f32 / 2.0;
        figure(picture, icons::EYE_OFF, &colours, (middle - 64.0, 14.0), 128.0);
        heading(picture, "Privacy", CALM, 32.0, (middle, 176.0), Align::Centre, 220.0);
        let bright = Style { colour: BRIGHT, ..small };
        bright.write(picture, "The camera is off.", (middle, 201.0), Align::Centre, 220.0);
        small.write(picture, "Back: button or Home Assistant", (middle, 224.0), Align::Centre, 228.0);
    }
}

/// The code, as large as it goes: it is read from across the room and typed elsewhere.
fn pairing(picture: &mut Picture, card: &PairingCard) {
    let Size { width, .. } = picture.size();
    let (middle, room) = (width as f32 / 2.0, width as f32 - 16.0);
    glow(picture, (middle, 116.0), 150.0, MOONLIGHT, 0.17);
    let small = Style { font: Font::Text, size: 16.0, colour: SOFT };
    heading(picture, "Pair this device", MOONLIGHT, 24.0, (middle, 42.0), Align::Centre, room);
    match &card.code {
        Some(code) => {
            heading(picture, code, BRIGHT, 72.0, (middle, 138.0), Align::Centre, room);
            small.write(picture, "Type it on the page of", (middle, 182.0), Align::Centre, room);
            let host = Style { colour: BRIGHT, ..small }.shrunk(&card.at, room, 12.0);
            host.write(picture, &card.at, (middle, 203.0), Align::Centre, room);
            if let Some(note) = &card.note {
                Style { colour: AMBER, size: 14.0, ..small }.write(picture, note, (middle, 228.0), Align::Centre, room);
            }
        }
        None => {
            let words = Style { colour: AMBER, size: 18.0, ..small };
            let note = card.note.as_deref().unwrap_or_default();
            for (line, text) in wrap(note, 3, |part| words.width(part) <= room - 24.0).iter().enumerate() {
                words.write(picture, text, (middle, 118.0 + 24.0 * line as f32), Align::Centre, room);
            }
        }
    }
}

fn heading(picture: &mut Picture, text: &str, colour: Rgb888, size: f32, at: (f32, f32), align: Align, width: f32) {
    Style { font: Font::Heading, size, colour }.shrunk(text, width, 12.0).write(picture, text, at, align, width);
}

/// A soft light that falls off towards `radius`; the ground keeps its colour outside.
fn glow(picture: &mut Picture, (cx, cy): (f32, f32), radius: f32, colour: Rgb888, strength: f32) {
    let lit = mix(GROUND, colour, strength);
    picture.shade([cx - radius, cy - radius, cx + radius, cy + radius], lit, |x, y| {
        let fall = (1.0 - length(x - cx, y - cy) / radius).max(0.0);
        fall * fall * (3.0 - 2.0 * fall)
    });
}

#[cfg(test)]
mod tests {
    use super::{super::shapes::Palette, *};

    #[test]
    fn every_word_on_the_ground_is_legible() {
        let plain = |c: Rgb888| {
            use embedded_graphics::pixelcolor::RgbColor;
            Rgb { r: c.r(), g: c.g(), b: c.b() }
        };
        for colour in [BRIGHT, SOFT, AMBER, DAWN, DUSK, CALM, MOONLIGHT] {
            assert!(plain(colour).contrast(NIGHT) >= 4.5, "{colour:?}");
            // The brightest glow that a word can stand on.
            let lit = mix(GROUND, colour, 0.1);
            assert!(plain(colour).contrast(plain(lit)) >= 4.5, "{colour:?} on its glow");
        }
        let palette = TwoColours { light: DUSK, ink: DARK };
        let (skin, ink) = (plain(palette.paint(look::Paint::Colour)), plain(palette.paint(look::Paint::Ink)));
        assert!(skin.contrast(ink) >= 4.5);
    }
}
