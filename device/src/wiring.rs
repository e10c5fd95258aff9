//! How a panel is wired to the 40-pin header, as a drawing: what the guide shows.
//!
//! In: a [`Preset`]. Out: an SVG, readable on a phone and on paper. Nothing here fails: tests see to it
//! that every wire of every preset leads somewhere. Pure: the files in `deploy/guide/wiring` are what
//! [`drawing`] gives, and a test compares them.
//!
//! The Pi lies with its header to the right and pin 1 at the top, as one looks at its parts. A wire from
//! the outer row (even places) runs level, one from the inner row passes between two outer pins; the
//! panel's ends stand in the same order, so no two wires cross, and none crosses a word.

use moodring_mood::{Mood, look};
use svg::{
    Document, Node,
    node::{
        Blob,
        element::{Circle, Description, Element, Group, Path, Rectangle, Text, Title},
    },
};

use crate::screen::presets::{PRESETS, Preset, Signal, Wire, header_place};

/// Lengths in the drawing's own unit, of which it is so many wide.
const WIDTH: i32 = 430;

/// Where the header's two rows are, and the first pair of pins.
const INNER: i32 = 108;
const OUTER: i32 = INNER + PITCH;
const FIRST: i32 = 122;
/// From pin to pin.
const PITCH: i32 = 28;

/// The Pi's board: it goes on to the left.
const PI_TOP: i32 = 72;
const PI_EDGE: i32 = OUTER + 18;
const PI_BOTTOM: i32 = FIRST + 19 * PITCH + 48;

/// A pin's name: how wide its plate is, and where it ends (inner row) or begins (outer row).
const PLATE: i32 = 62;
const INNER_NAME: i32 = INNER - 16;
const OUTER_NAME: i32 = PI_EDGE + 8;

/// Between the names and the panel, where the wires bend.
const BEND: i32 = OUTER_NAME + PLATE;
const PANEL: i32 = 308;
/// From one of the panel's ends to the next.
const STEP: i32 = 38;

const FONT: &str = "system-ui, 'DejaVu Sans', Arial, sans-serif";
const FIXED: &str = "ui-monospace, 'DejaVu Sans Mono', monospace";
const INK: &str = "#1d2530";
/// As dark as small words need to be on white and on the boards.
const SOFT: &str = "#5a6472";

/// What begins at one pin of the header and ends at the panel.
#[derive(Clone, Copy, Debug)]
struct Line {
    /// The place on the header, 1 to 40.
    place: u32,
    /// What stands on the panel's board.
    label: &'static str,
    /// What it is for.
    purpose: &'static str,
    colour: &'static str,
    is_button: bool,
}

impl Line {
    fn of_wire(wire: &Wire) -> Option<Self> {
        let (purpose, colour) = match wire.signal {
            Signal::Supply => ("supply, 3.3 V", "#d32f2f"),
            Signal::Ground => ("ground", "#263238"),
            Signal::Clock => ("SPI clock", "#e06c00"),
            Signal::Data => ("SPI data", "#1565c0"),
            Signal::ChipSelect => ("chip select", "#2e7d32"),
            Signal::DataCommand => ("data/command", "#8e24aa"),
            Signal::Reset => ("reset", "#795548"),
            Signal::Backlight => ("backlight", "#b58900"),
        };
        Some(Self { place: wire.place()?, label: wire.label, purpose, colour, is_button: false })
    }

    /// All lines of a panel, in the order in which they leave the header.
    fn of_panel(preset: &Preset) -> Vec<Self> {
        let keys = preset.keys.iter().filter_map(|key| {
            let (place, purpose) = (header_place(key.gpio)?, key.role.word());
            Some(Self { place, label: key.label, purpose, colour: "#00838f", is_button: true })
        });
        let mut lines: Vec<Self> = preset.wires.iter().filter_map(Self::of_wire).chain(keys).collect();
        lines.sort_by_key(Self::lane);
        lines
    }

    /// At what height it leaves the header: level with an outer pin, or below an inner one.
    fn lane(&self) -> i32 {
        let (is_outer, y) = pin(self.place);
        if is_outer { y } else { y + PITCH / 2 }
    }
}

/// Whether a place is in the outer row, and how far down.
fn pin(place: u32) -> (bool, i32) {
    let row = i32::try_from(place.saturating_sub(1) / 2).unwrap_or_default();
    (place.is_multiple_of(2), FIRST + row * PITCH)
}

/// What a place on the header is called.
fn name(place: u32) -> String {
    match place {
        1 | 17 => "3.3 V".to_owned(),
        2 | 4 => "5 V".to_owned(),
        _ => (0..28)
            .find(|gpio| header_place(*gpio) == Some(place))
            .map_or_else(|| "ground".to_owned(), |gpio| format!("GPIO {gpio}")),
    }
}

/// The names of all panels that can be drawn.
pub fn names() -> impl Iterator<Item = &'static str> {
    PRESETS.iter().map(|preset| preset.name)
}

/// All panels and what each needs in config.txt, as TOML: what `deploy/pi/flash` writes to a card.
pub fn table() -> String {
    let mut text = String::from(
        "# The panels and their lines for config.txt, as the device has them. Written by\n\
         #   moodring-device wiring --table > deploy/flash/panels.toml\n",
    );
    for preset in PRESETS {
        // Titles have double quotes (inches) and no single ones; names and lines have neither.
        let lines: Vec<String> = preset.config_txt.iter().map(|line| format!("\"{line}\"")).collect();
        let (name, title, lines) = (preset.name, preset.title, lines.join(", "));
        text.push_str(&format!("\n[[panel]]\nname = \"{name}\"\ntitle = '{title}'\nconfig_txt = [{lines}]\n"));
    }
    text
}

/// How this panel is wired, as an SVG that stands by itself.
pub fn drawing(preset: &Preset) -> String {
    let lines = Line::of_panel(preset);
    let board = Board::of(preset, &lines);
    let foot = foot(preset, PI_BOTTOM.max(board.top + board.height) + 26);
    let height = foot.1;
    let background = area(0, 0, WIDTH, height, 0).set("fill", "#ffffff");
    let mut drawing = Document::new()
        .set("viewBox", (0, 0, WIDTH, height))
        .set("width", WIDTH)
        .set("height", height)
        .set("font-family", FONT)
        .set("font-size", 12)
        .set("fill", INK)
        .set("role", "img")
        .add(Title::new(format!("{} on a Raspberry Pi", preset.title)))
        .add(Description::new().add(svg::node::Text::new(in_words(&lines))))
        .add(background);
    drawing.append(words(14, 30, preset.title).set("font-size", 17).set("font-weight", "bold"));
    let how = if preset.is_hat {
        "Unplug the Pi, then plug it onto all 40 pins.".to_owned()
    } else {
        format!("Unplug the Pi, then connect {} wires:", lines.len())
    };
    drawing.append(words(14, 52, &how).set("font-size", 13).set("fill", SOFT));
    drawing.append(raspberry_pi());
    drawing.append(board.drawn());
    for (end, line) in lines.iter().enumerate() {
        drawing.append(wire(line, board.end(end), if preset.is_hat { 3.0 } else { 4.5 }));
    }
    drawing.append(header(&lines));
    for (end, line) in lines.iter().enumerate() {
        drawing.append(panel_end(line, board.end(end)));
    }
    drawing.append(foot.0);
    let mut text = drawing.to_string();
    text.push('\n');
    text
}

/// For those who do not see the drawing.
fn in_words(lines: &[Line]) -> String {
    let words = lines.iter().map(|line| {
        let Line { label, purpose, place, .. } = line;
        let kind = if line.is_button { "button " } else { "" };
        format!("{kind}{label} ({purpose}) to {}, pin {place}", name(*place))
    });
    words.collect::<Vec<_>>().join("; ") + "."
}

/// The panel's board.
struct Board {
    top: i32,
    height: i32,
    /// Where its first end is.
    first: i32,
    /// The screen on it: from where, and how far down.
    screen: (i32, i32),
    has_colours: bool,
}

impl Board {
    /// How far across the screen on it is.
    const ACROSS: i32 = WIDTH - PANEL - 36;

    /// Beside the middle of its wires, so that they bend as little as may be: those of a HAT begin low.
    fn of(preset: &Preset, lines: &[Line]) -> Self {
        let pixels = preset.size.pixels();
        let [across, down] = [pixels.width, pixels.height].map(|count| i32::try_from(count).unwrap_or(1).max(1));
        let down = Self::ACROSS * down / across;
        let count = i32::try_from(lines.len()).unwrap_or(1).max(1);
        let ends = count * STEP;
        let height = ends + down + 30;
        let above = if preset.is_hat { down + 22 } else { 4 };
        let middle = lines.iter().map(Line::lane).sum::<i32>() / count;
        let top = (middle - ends / 2 - above).clamp(PI_TOP, (PI_BOTTOM - height).max(PI_TOP));
        let screen = if preset.is_hat { top + 12 } else { top + height - down - 12 };
        let has_colours = preset.controller.has_colours();
        Self { top, height, first: top + above + STEP / 2, screen: (screen, down), has_colours }
    }

    /// How far down one of its ends is.
    fn end(&self, end: usize) -> i32 {
        self.first + i32::try_from(end).unwrap_or_default() * STEP
    }

    fn drawn(&self) -> Group {
        let (x, (y, down)) = (PANEL + 14, self.screen);
        let board = area(PANEL, self.top, WIDTH - PANEL - 8, self.height, 10);
        let glass = area(x, y, Self::ACROSS, down, 4).set("fill", "#10141c");
        let side = down - 10;
        let (left, top) = (x + (Self::ACROSS - side) / 2, y + 5);
        let grey = if self.has_colours { "" } else { " style=\"filter:grayscale(1)\"" };
        let place = format!("<svg x=\"{left}\" y=\"{top}\" width=\"{side}\" height=\"{side}\"{grey} ");
        let face = look::svg(Mood::Happy).replacen("<svg ", &place, 1);
        Group::new()
            .add(board.set("fill", "#e9eef7").set("stroke", "#9fb0cc").set("stroke-width", 1.5))
            .add(glass)
            .add(Blob::new(face))
    }
}

/// The Pi's board, without its pins.
fn raspberry_pi() -> Group {
    let (right, bottom) = (PI_EDGE, PI_BOTTOM);
    let edge = format!("M8 {PI_TOP}H{}a10 10 0 0 1 10 10V{}a10 10 0 0 1 -10 10H8", right - 10, bottom - 10);
    let board = Path::new().set("d", edge).set("fill", "#e6f3ea").set("stroke", "#8dbb9c").set("stroke-width", 1.5);
    let hole = |y: i32| {
        Circle::new().set("cx", OUTER - 4).set("cy", y).set("r", 8).set("fill", "#ffffff").set("stroke", "#8dbb9c")
    };
    let strip = area(INNER - 14, FIRST - 14, OUTER - INNER + 28, 19 * PITCH + 28, 3).set("fill", "#2b2f36");
    let note = |y, text: &str| words(14, y, text).set("font-size", 11.5).set("fill", SOFT);
    Group::new()
        .add(board)
        .add(hole(PI_TOP + 17))
        .add(hole(bottom - 15))
        .add(strip)
        .add(note(PI_TOP + 22, "↑ SD card"))
        .add(note(bottom - 12, "↓ USB sockets"))
}

/// One wire, with a white seam that sets it off from whatever it passes.
fn wire(line: &Line, end: i32, thickness: f32) -> Group {
    let (is_outer, y) = pin(line.place);
    let lane = line.lane();
    let half = (BEND + PANEL) / 2;
    let from = if is_outer {
        format!("M{OUTER} {y}H{BEND}")
    } else {
        format!("M{INNER} {y}C{INNER} {lane} {} {lane} {} {lane}H{BEND}", INNER + 5, INNER + 16)
    };
    let d = format!("{from}C{half} {lane} {half} {end} {PANEL} {end}H{}", PANEL + 8);
    let path = |colour: &str, width: f32| {
        Path::new().set("d", d.clone()).set("fill", "none").set("stroke", colour).set("stroke-width", width)
    };
    let mut wire = Group::new().add(path("#ffffff", thickness + 2.0)).add(path(line.colour, thickness));
    if !is_outer {
        // Its name stands on the other side of its pin.
        let stub = format!("M{INNER_NAME} {y}H{INNER}");
        wire.append(Path::new().set("d", stub).set("stroke", line.colour).set("stroke-width", thickness));
    }
    wire
}

/// The pins: number in the circle, name beside it; those in use in the colour of their wire.
fn header(lines: &[Line]) -> Group {
    let mut pins = Group::new();
    for place in 1..=40 {
        let (is_outer, y) = pin(place);
        let x = if is_outer { OUTER } else { INNER };
        let used = lines.iter().find(|line| line.place == place);
        let (fill, ink) = used.map_or(("#d9dde3", "#4a5260"), |line| (line.colour, "#ffffff"));
        // The first pin has a square pad on the board.
        let mut pad: Element = if place == 1 {
            area(x - 10, y - 10, 20, 20, 2).into()
        } else {
            Circle::new().set("cx", x).set("cy", y).set("r", 10).into()
        };
        pad.assign("fill", fill);
        if used.is_some() {
            pad.assign("stroke", "#ffffff");
        }
        pins.append(pad);
        let number = words(x, y + 4, &place.to_string()).set("font-size", 11).set("text-anchor", "middle");
        pins.append(number.set("fill", ink).set("font-weight", "bold"));
        let (middle, plate) =
            if is_outer { (OUTER_NAME + PLATE / 2, OUTER_NAME) } else { (INNER_NAME - PLATE / 2, INNER_NAME - PLATE) };
        let name = words(middle, y + 4, &name(place)).set("text-anchor", "middle");
        if let Some(line) = used {
            let plate = area(plate, y - 9, PLATE, 18, 5).set("fill", "#ffffff");
            pins.append(plate.set("stroke", line.colour).set("stroke-width", 2));
            pins.append(name.set("font-weight", "bold"));
        } else {
            pins.append(name.set("fill", SOFT).set("font-size", 11));
        }
    }
    pins
}

/// Where a wire ends at the panel, with what stands there.
fn panel_end(line: &Line, y: i32) -> Group {
    let label = words(PANEL + 22, y - 1, line.label).set("font-size", 14).set("font-weight", "bold");
    let purpose = words(PANEL + 22, y + 13, line.purpose).set("font-size", 11).set("fill", SOFT);
    let end = if line.is_button {
        let cap = Circle::new().set("cx", PANEL + 10).set("cy", y).set("r", 8).set("fill", "#ffffff");
        let dot = Circle::new().set("cx", PANEL + 10).set("cy", y).set("r", 3.5).set("fill", line.colour);
        Group::new().add(cap.set("stroke", line.colour).set("stroke-width", 2.5)).add(dot)
    } else {
        Group::new().add(area(PANEL + 4, y - 6, 12, 12, 2).set("fill", line.colour))
    };
    end.add(label).add(purpose)
}

/// What else is to be known, from `y` on, and where the drawing ends.
fn foot(preset: &Preset, y: i32) -> (Group, i32) {
    let mut foot = Group::new();
    let mut y = y;
    let mut write = |text: &str, is_typed: bool| {
        let line = words(if is_typed { 26 } else { 14 }, y, text).set("font-size", 12.5);
        foot.append(if is_typed { line.set("font-family", FIXED).set("font-weight", "bold") } else { line });
        y += 20;
    };
    if preset.is_hat {
        write("Power comes through the header. Round ends are buttons.", false);
    } else {
        write("Go by the names on the panel: boards order them differently.", false);
        write("In the circles: places on the header. Use 3.3 V, never 5 V.", false);
    }
    write("In /etc/moodring/device.toml, under [screen]:", false);
    write(&format!("panel = \"{}\"", preset.name), true);
    write("In /boot/firmware/config.txt, then restart the Pi:", false);
    for line in preset.config_txt {
        write(line, true);
    }
    (foot, y)
}

fn words(x: i32, y: i32, text: &str) -> Text {
    Text::new(text).set("x", x).set("y", y)
}

fn area(x: i32, y: i32, across: i32, down: i32, round: i32) -> Rectangle {
    Rectangle::new().set("x", x).set("y", y).set("width", across).set("height", down).set("rx", round)
}

#[cfg(test)]
#[path = "wiring_tests.rs"]
mod tests;
