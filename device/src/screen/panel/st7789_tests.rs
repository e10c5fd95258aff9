//! The driver against wires that remember what was sent.

use embedded_graphics::{
    geometry::{Point, Size},
    pixelcolor::Rgb888,
    primitives::Rectangle,
};

use super::*;
use crate::screen::{
    ScreenSize,
    panel::{
        Panel,
        counted::{Bus, Event, Line, NoDelay, Record, recorded, wiring},
    },
};

fn started(wiring: &Wiring) -> (Mipi<ST7789, Bus, Line>, Record) {
    let (wires, record) = recorded(wiring.chunk.unwrap_or(4096));
    (start(wires, wiring, &mut NoDelay).unwrap(), record)
}

const RED: Rgb888 = Rgb888::new(255, 0, 0);

fn one_pixel() -> Rectangle {
    Rectangle::new(Point::zero(), Size::new(1, 1))
}

#[test]
fn the_controller_is_reset_and_woken_and_stays_dark_until_the_first_picture() {
    let (mut panel, record) = started(&wiring("st7789"));
    let all = record.take();
    assert_eq!(all[..3], [Event::Light(0), Event::Pin("reset", false), Event::Pin("reset", true)]);
    for (command, what) in [(0x11, "sleep out"), (0x21, "inverted"), (0x29, "display on")] {
        assert!(all.contains(&Event::Command(command)), "{what} is missing in {all:02x?}");
    }
    let format = all.iter().position(|e| *e == Event::Command(0x3a)).unwrap();
    assert_eq!(all[format + 1], Event::Data(vec![0x55]), "16 bits a pixel");
    panel.light(60).unwrap();
    assert_eq!(record.take(), [], "dark before the first picture");
    panel.push(one_pixel(), &[RED]).unwrap();
    panel.flush().unwrap();
    assert_eq!(record.take().last(), Some(&Event::Light(60)));
    panel.flush().unwrap();
    panel.light(60).unwrap();
    assert_eq!(record.take(), []);
    panel.light(0).unwrap();
    assert_eq!(record.take(), [Event::Light(0)]);
}

#[test]
fn a_rectangle_is_one_window_and_its_pixels() {
    let (mut panel, record) = started(&wiring("st7789"));
    record.take();
    panel.push(Rectangle::new(Point::new(10, 20), Size::new(3, 2)), &[RED; 6]).unwrap();
    let red = [0xf8, 0x00].repeat(6);
    assert_eq!(
        record.take(),
        [
            Event::Command(0x2a),
            Event::Data(vec![0, 10, 0, 12]),
            Event::Command(0x2b),
            Event::Data(vec![0, 20, 0, 21]),
            Event::Command(0x2c),
            Event::Data(red),
        ]
    );
}

#[test]
fn a_turned_or_shifted_panel_gets_its_own_addresses() {
    let window = |wiring: Wiring| {
        let (mut panel, record) = started(&wiring);
        record.take();
        panel.push(Rectangle::new(Point::zero(), Size::new(2, 1)), &[RED; 2]).unwrap();
        let events = record.take();
        [events[1].clone(), events[3].clone()].map(|event| match event {
            Event::Data(data) => data,
            other => panic!("{other:?}"),
        })
    };
    // A square panel upside down begins 80 lines further on in the controller's memory.
    let turned = window(Wiring { rotation: 180, ..wiring("st7789") });
    assert_eq!(turned, [vec![0, 0, 0, 1], vec![0, 80, 0, 80]]);
    let shifted = window(Wiring { offset: [0, 80], ..wiring("st7789") });
    assert_eq!(shifted, [vec![0, 0, 0, 1], vec![0, 80, 0, 80]]);
    let wide = window(Wiring { rotation: 270, size: ScreenSize::Wide, ..wiring("st7789") });
    assert_eq!(wide, [vec![0, 0, 0, 1], vec![0, 0, 0, 0]]);
}

#[test]
fn the_hats_are_turned_as_their_makers_turn_them() {
    let order = |name: &str| {
        let (_, record) = started(&wiring(name));
        let all = record.take();
        let at = all.iter().position(|event| *event == Event::Command(0x36)).unwrap();
        all[at + 1].clone()
    };
    // Rows and columns swapped, columns reversed (0x70 without the order of lines, which is unseen);
    // for the Display HAT Mini half a turn more.
    assert_eq!(order("waveshare-1.3-lcd"), Event::Data(vec![0x60]));
    assert_eq!(order("display-hat-mini"), Event::Data(vec![0xa0]));
}

#[test]
fn a_wide_panel_takes_its_last_pixel() {
    let (mut panel, record) = started(&wiring("display-hat-mini"));
    record.take();
    panel.push(Rectangle::new(Point::new(319, 239), Size::new(1, 1)), &[RED]).unwrap();
    let all = record.take();
    assert_eq!((&all[1], &all[3]), (&Event::Data(vec![1, 63, 1, 63]), &Event::Data(vec![0, 239, 0, 239])));
}

#[test]
fn no_transfer_is_longer_than_the_chunk() {
    for chunk in [64, 1000] {
        let (mut panel, record) = started(&Wiring { chunk: Some(chunk), ..wiring("st7789") });
        record.take();
        panel.push(Rectangle::new(Point::zero(), Size::new(240, 240)), &[RED; 240 * 240]).unwrap();
        assert!(matches!(record.take().last(), Some(Event::Data(data)) if data.len() == 240 * 240 * 2));
        assert!(record.longest() <= chunk);
    }
}

#[test]
fn a_bus_that_fails_is_an_error() {
    let (mut panel, record) = started(&wiring("st7789"));
    record.set_broken(true);
    let error = panel.push(one_pixel(), &[RED]).unwrap_err().to_string();
    assert!(error.starts_with("the panel does not take the picture: "), "{error}");
}
