//! The drawings say what the table says, no wires cross, and the guide has them as they are.

use std::{fs, path::Path};

use super::*;

#[test]
fn places_are_called_what_is_printed_on_every_pinout() {
    let known = [
        (1, "3.3 V"),
        (2, "5 V"),
        (3, "GPIO 2"),
        (4, "5 V"),
        (5, "GPIO 3"),
        (6, "ground"),
        (7, "GPIO 4"),
        (8, "GPIO 14"),
        (9, "ground"),
        (10, "GPIO 15"),
        (11, "GPIO 17"),
        (12, "GPIO 18"),
        (13, "GPIO 27"),
        (14, "ground"),
        (15, "GPIO 22"),
        (16, "GPIO 23"),
        (17, "3.3 V"),
        (18, "GPIO 24"),
        (19, "GPIO 10"),
        (20, "ground"),
        (21, "GPIO 9"),
        (22, "GPIO 25"),
        (23, "GPIO 11"),
        (24, "GPIO 8"),
        (25, "ground"),
        (26, "GPIO 7"),
        (27, "GPIO 0"),
        (28, "GPIO 1"),
        (29, "GPIO 5"),
        (30, "ground"),
        (31, "GPIO 6"),
        (32, "GPIO 12"),
        (33, "GPIO 13"),
        (34, "ground"),
        (35, "GPIO 19"),
        (36, "GPIO 16"),
        (37, "GPIO 26"),
        (38, "GPIO 20"),
        (39, "ground"),
        (40, "GPIO 21"),
    ];
    for (place, expected) in known {
        assert_eq!(name(place), expected, "pin {place}");
    }
}

#[test]
fn odd_places_are_in_the_inner_row_and_two_make_a_step() {
    assert_eq!((pin(1), pin(2)), ((false, FIRST), (true, FIRST)));
    assert_eq!((pin(39), pin(40)), ((false, FIRST + 19 * PITCH), (true, FIRST + 19 * PITCH)));
}

#[test]
fn every_wire_and_button_of_a_panel_is_drawn_and_told() {
    for preset in PRESETS {
        let lines = Line::of_panel(preset);
        assert_eq!(lines.len(), preset.wires.len() + preset.keys.len(), "{preset}: a wire is lost");
        let told = in_words(&lines);
        let drawn = drawing(preset);
        assert!(drawn.contains(&told), "{preset}");
        for wire in preset.wires {
            let place = wire.place().unwrap();
            assert!(told.contains(&format!(" to {}, pin {place}", name(place))), "{preset}: {} in {told}", wire.label);
            if let Some(gpio) = wire.gpio {
                assert_eq!(name(place), format!("GPIO {gpio}"));
            }
        }
        for line in preset.config_txt {
            assert!(drawn.contains(line), "{preset}: {line}");
        }
    }
    let bare = in_words(&Line::of_panel(Preset::named("st7789").unwrap()));
    assert_eq!(
        bare,
        "VCC (supply, 3.3 V) to 3.3 V, pin 1; GND (ground) to ground, pin 6; BLK (backlight) to GPIO 18, pin 12; \
         RES (reset) to GPIO 27, pin 13; SDA (SPI data) to GPIO 10, pin 19; DC (data/command) to GPIO 25, pin 22; \
         CS (chip select) to GPIO 8, pin 24; SCL (SPI clock) to GPIO 11, pin 23."
    );
}

#[test]
fn wires_neither_cross_nor_touch_and_the_board_holds_its_ends() {
    for preset in PRESETS {
        let lines = Line::of_panel(preset);
        let board = Board::of(preset, &lines);
        // All bend between the same two verticals by the same curve, so their order is kept on the way.
        for pair in lines.windows(2) {
            assert!(pair[1].lane() - pair[0].lane() >= PITCH / 2, "{preset}: {pair:?}");
        }
        let ends = [board.end(0), board.end(lines.len() - 1)];
        assert!(board.top < ends[0] - STEP / 3 && ends[1] + STEP / 3 < board.top + board.height, "{preset}");
        let (screen, down) = board.screen;
        assert!(screen > ends[1] + STEP / 3 || screen + down < ends[0] - STEP / 3, "{preset}: screen over words");
        assert!(board.top >= PI_TOP && board.top + board.height <= PI_BOTTOM, "{preset}");
    }
}

#[test]
fn cards_are_prepared_with_the_lines_that_the_presets_have() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/flash/panels.toml");
    let kept = fs::read_to_string(file).unwrap_or_default();
    assert_eq!(
        kept,
        table(),
        "write deploy/flash/panels.toml anew:\n\
         cargo run -p moodring-device -- wiring --table > deploy/flash/panels.toml"
    );
}

#[test]
fn the_guide_has_the_drawings_as_they_are() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/guide/wiring");
    for preset in PRESETS {
        let file = format!("{preset}.svg");
        let kept = fs::read_to_string(folder.join(&file)).unwrap_or_default();
        assert!(
            kept == drawing(preset),
            "deploy/guide/wiring/{file} is not what the preset says now; draw it anew:\n\
             cargo run -p moodring-device -- wiring --preset {preset} > deploy/guide/wiring/{file}"
        );
    }
    let files = fs::read_dir(&folder).unwrap().count();
    assert_eq!(files, PRESETS.len(), "deploy/guide/wiring holds a drawing of no panel");
    let guide = fs::read_to_string(folder.join("../README.md")).unwrap();
    for name in names() {
        assert!(guide.contains(&format!("(wiring/{name}.svg)")), "deploy/guide/README.md does not show {name}");
    }
}
