//! The driver against a bus that remembers what was sent.

use std::{
    convert::Infallible,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use embedded_graphics::geometry::Point;
use embedded_hal::spi::Operation;

use super::*;

/// What went over the wires, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Event {
    Command(u8),
    Data(Vec<u8>),
    Pin(&'static str, bool),
}

#[derive(Default)]
struct Wiring {
    data: bool,
    events: Vec<Event>,
    longest: usize,
    broken: bool,
}

type Shared = Arc<Mutex<Wiring>>;

struct Bus(Shared);

#[derive(Debug)]
struct Broken;

impl embedded_hal::spi::Error for Broken {
    fn kind(&self) -> embedded_hal::spi::ErrorKind {
        embedded_hal::spi::ErrorKind::Other
    }
}

impl embedded_hal::spi::ErrorType for Bus {
    type Error = Broken;
}

impl SpiDevice for Bus {
    fn transaction(&mut self, operations: &mut [Operation<'_, u8>]) -> Result<(), Broken> {
        let mut wiring = self.0.lock().unwrap();
        if wiring.broken {
            return Err(Broken);
        }
        for operation in operations {
            let Operation::Write(bytes) = operation else { panic!("only writes are expected") };
            wiring.longest = wiring.longest.max(bytes.len());
            if !wiring.data {
                assert_eq!(bytes.len(), 1);
                wiring.events.push(Event::Command(bytes[0]));
            } else if let Some(Event::Data(data)) = wiring.events.last_mut() {
                data.extend_from_slice(bytes);
            } else if !bytes.is_empty() {
                wiring.events.push(Event::Data(bytes.to_vec()));
            }
        }
        Ok(())
    }
}

struct Line(&'static str, Shared);

impl embedded_hal::digital::ErrorType for Line {
    type Error = Infallible;
}

impl OutputPin for Line {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.set(false)
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.set(true)
    }
}

impl Line {
    fn set(&self, high: bool) -> Result<(), Infallible> {
        let mut wiring = self.1.lock().unwrap();
        if self.0 == "dc" {
            wiring.data = high;
        } else {
            wiring.events.push(Event::Pin(self.0, high));
        }
        Ok(())
    }
}

struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

fn started(settings: &St7789Settings, size: Size) -> (St7789<Bus, Line>, Shared) {
    let shared = Shared::default();
    let line = |name| Line(name, shared.clone());
    let wires =
        Wires { spi: Bus(shared.clone()), dc: line("dc"), reset: Some(line("reset")), backlight: Some(line("light")) };
    (St7789::start(wires, settings, size, &mut NoDelay).unwrap(), shared)
}

/// The events since the last call.
fn events(shared: &Shared) -> Vec<Event> {
    std::mem::take(&mut shared.lock().unwrap().events)
}

const RED: Rgb888 = Rgb888::new(255, 0, 0);

#[test]
fn the_controller_is_reset_and_woken_and_stays_dark_until_the_first_picture() {
    let (mut panel, shared) = started(&St7789Settings::default(), Size::new(240, 240));
    let all = events(&shared);
    assert_eq!(all[..2], [Event::Pin("reset", false), Event::Pin("reset", true)]);
    for (command, what) in [(0x11, "sleep out"), (0x21, "inverted"), (0x29, "display on")] {
        assert!(all.contains(&Event::Command(command)), "{what} is missing in {all:02x?}");
    }
    let format = all.iter().position(|e| *e == Event::Command(0x3a)).unwrap();
    assert_eq!(all[format + 1], Event::Data(vec![0x55]), "16 bits a pixel");
    assert!(!all.contains(&Event::Pin("light", true)));
    panel.push(Rectangle::new(Point::zero(), Size::new(1, 1)), &[RED]).unwrap();
    panel.flush().unwrap();
    assert_eq!(events(&shared).last(), Some(&Event::Pin("light", true)));
    panel.flush().unwrap();
    assert_eq!(events(&shared), []);
}

#[test]
fn a_rectangle_is_one_window_and_its_pixels() {
    let (mut panel, shared) = started(&St7789Settings::default(), Size::new(240, 240));
    events(&shared);
    panel.push(Rectangle::new(Point::new(10, 20), Size::new(3, 2)), &[RED; 6]).unwrap();
    let red = [0xf8, 0x00].repeat(6);
    assert_eq!(
        events(&shared),
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
    let window = |settings: St7789Settings, size| {
        let (mut panel, shared) = started(&settings, size);
        events(&shared);
        panel.push(Rectangle::new(Point::zero(), Size::new(2, 1)), &[RED; 2]).unwrap();
        let events = events(&shared);
        [events[1].clone(), events[3].clone()].map(|event| match event {
            Event::Data(data) => data,
            other => panic!("{other:?}"),
        })
    };
    let default = St7789Settings::default;
    // A square panel upside down begins 80 lines further on in the controller's memory.
    let turned = window(St7789Settings { rotation: 180, ..default() }, Size::new(240, 240));
    assert_eq!(turned, [vec![0, 0, 0, 1], vec![0, 80, 0, 80]]);
    let shifted = window(St7789Settings { offset: [0, 80], ..default() }, Size::new(240, 240));
    assert_eq!(shifted, [vec![0, 0, 0, 1], vec![0, 80, 0, 80]]);
    let wide = window(St7789Settings { rotation: 270, ..default() }, Size::new(320, 240));
    assert_eq!(wide, [vec![0, 0, 0, 1], vec![0, 0, 0, 0]]);
}

#[test]
fn a_wide_panel_takes_its_last_pixel() {
    let (mut panel, shared) =
        started(&St7789Settings { rotation: 90, ..St7789Settings::default() }, Size::new(320, 240));
    events(&shared);
    panel.push(Rectangle::new(Point::new(319, 239), Size::new(1, 1)), &[RED]).unwrap();
    let all = events(&shared);
    assert_eq!((&all[1], &all[3]), (&Event::Data(vec![1, 63, 1, 63]), &Event::Data(vec![0, 239, 0, 239])));
}

#[test]
fn no_transfer_is_longer_than_the_chunk() {
    let settings = St7789Settings { chunk: Some(1000), ..St7789Settings::default() };
    let (mut panel, shared) = started(&settings, Size::new(240, 240));
    events(&shared);
    panel.push(Rectangle::new(Point::zero(), Size::new(240, 240)), &[RED; 240 * 240]).unwrap();
    assert!(matches!(events(&shared).last(), Some(Event::Data(data)) if data.len() == 240 * 240 * 2));
    assert!(shared.lock().unwrap().longest <= 1000);
}

#[test]
fn a_bus_that_fails_is_an_error() {
    let (mut panel, shared) = started(&St7789Settings::default(), Size::new(240, 240));
    shared.lock().unwrap().broken = true;
    let error = panel.push(Rectangle::new(Point::zero(), Size::new(1, 1)), &[RED]).unwrap_err().to_string();
    assert!(error.starts_with("the panel does not take the picture: "), "{error}");
}

#[test]
fn pure_colours_stay_pure_and_shades_keep_their_mean() {
    for (x, y) in (0..4).flat_map(|x| (0..4).map(move |y| (x, y))) {
        assert_eq!(to_565(Rgb888::BLACK, x, y), Rgb565::BLACK);
        assert_eq!(to_565(Rgb888::WHITE, x, y), Rgb565::WHITE);
    }
    for value in 0..=255u8 {
        let cells = (0..16).map(|i| f32::from(to_565(Rgb888::new(value, value, value), i % 4, i / 4).r()));
        let mean = cells.sum::<f32>() / 16.0 * 255.0 / 31.0;
        assert!((mean - f32::from(value)).abs() < 1.0, "{value} became {mean}");
    }
}

#[test]
fn a_missing_device_says_what_to_do() {
    let settings = St7789Settings { spi: PathBuf::from("/dev/spidev77.0"), ..St7789Settings::default() };
    let error = open(&settings, Size::new(240, 240)).err().unwrap().to_string();
    assert!(error.contains("/dev/spidev77.0") && error.contains("dtparam=spi=on"), "{error}");
    let settings = St7789Settings { spi: PathBuf::from("/dev/null"), ..St7789Settings::default() };
    let error = open(&settings, Size::new(240, 240)).err().unwrap().to_string();
    assert!(error.starts_with("/dev/null does not work: "), "{error}");
    let error = find_chip(Some("no such chip")).err().unwrap().to_string();
    assert!(error.contains("no such chip"), "{error}");
}
