//! Fingers on simulated lines.

use std::{collections::VecDeque, sync::mpsc};

use super::*;

/// The buttons of a panel's board.
const BOARD: &[Key] = &[
    Key { label: "A", gpio: 5, role: Role::Like },
    Key { label: "B", gpio: 6, role: Role::Privacy },
    Key { label: "X", gpio: 16, role: Role::Skip },
    Key { label: "Y", gpio: 24, role: Role::Pause },
];

/// Lines on which fingers move as written down, in a time of their own.
struct Simulated {
    start: Instant,
    now: Instant,
    levels: Vec<bool>,
    /// Milliseconds, the line, and whether it is pressed from then on.
    script: VecDeque<(u64, usize, bool)>,
}

impl Simulated {
    fn new(levels: &[bool], script: impl IntoIterator<Item = (u64, usize, bool)>) -> Self {
        let start = Instant::now();
        Self { start, now: start, levels: levels.to_vec(), script: script.into_iter().collect() }
    }
}

impl Lines for Simulated {
    fn wait(&mut self, most: Duration) -> Result<Option<usize>, String> {
        let Some((ms, line, pressed)) = self.script.front().copied() else {
            if most == IDLE {
                return Err("the lines are gone".to_owned());
            }
            self.now += most;
            return Ok(None);
        };
        let at = self.start + Duration::from_millis(ms);
        if at > self.now + most {
            self.now += most;
            return Ok(None);
        }
        (self.now, self.levels[line]) = (at, pressed);
        self.script.pop_front();
        Ok(Some(line))
    }

    fn is_pressed(&self, line: usize) -> bool {
        self.levels[line]
    }

    fn now(&self) -> Instant {
        self.now
    }
}

/// A finger on a line at a time, with bounces on both ways.
fn press(line: usize, ms: u64) -> Vec<(u64, usize, bool)> {
    let bounces = [(0, true), (2, false), (3, true), (120, false), (121, true), (125, false)];
    bounces.map(|(after, pressed)| (ms + after, line, pressed)).to_vec()
}

const HOLD: Duration = Duration::from_millis(30);

#[test]
fn presses_become_orders_in_their_order() {
    let script = [(3, 100), (0, 400), (1, 450), (2, 800), (3, 2000)].map(|(line, ms)| press(line, ms));
    let mut script = script.concat();
    script.sort_by_key(|(ms, ..)| *ms);
    let (orders, ordered) = mpsc::channel();
    let ended = watch(Simulated::new(&[false; 4], script), &Role::ALL, HOLD, &orders);
    assert_eq!(ended, Err("the lines are gone".to_owned()));
    let expected = [
        Order::TogglePrivacy,
        Order::Ask(Wish::Skip),
        Order::Ask(Wish::Like),
        Order::Ask(Wish::PauseMusic),
        Order::TogglePrivacy,
    ];
    assert_eq!(ordered.try_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_line_that_hangs_low_from_the_start_presses_nothing_and_the_others_work() {
    let (orders, ordered) = mpsc::channel();
    let lines = Simulated::new(&[true, false], press(1, 100));
    assert!(watch(lines, &[Role::Skip, Role::Like], HOLD, &orders).is_err());
    assert_eq!(ordered.try_iter().collect::<Vec<_>>(), [Order::Ask(Wish::Like)]);
}

#[test]
fn watching_ends_with_the_first_press_that_nobody_takes() {
    let (orders, _) = mpsc::channel();
    assert_eq!(watch(Simulated::new(&[false], press(0, 100)), &[Role::Privacy], HOLD, &orders), Ok(()));
}

#[test]
fn a_panels_own_buttons_are_used_unless_the_settings_say_otherwise() {
    let default = ButtonSettings::default();
    let own = [(Role::Skip, 16), (Role::Like, 5), (Role::Pause, 24), (Role::Privacy, 6)];
    assert_eq!(default.pins(BOARD), own);
    assert_eq!(default.pins(&[]), []);
    let mine = ButtonSettings { skip: Some(Pin::Gpio(5)), pause: Some(Pin::None), ..default.clone() };
    // Button A skips now, so it does not like any more.
    assert_eq!(mine.pins(BOARD), [(Role::Skip, 5), (Role::Privacy, 6)]);
    assert_eq!(ButtonSettings { enabled: false, ..default }.pins(BOARD), []);
}

#[test]
fn a_pin_that_does_two_things_is_named() {
    let check = |settings: &ButtonSettings| settings.check(BOARD, &[("dc", 9), ("backlight", 13)]);
    let default = ButtonSettings::default();
    assert_eq!(check(&default), Ok(()));
    let error = check(&ButtonSettings { like: Some(Pin::Gpio(13)), ..default.clone() }).unwrap_err();
    assert_eq!(error, "buttons.like is 13, which is the panel's backlight already; wire another pin");
    let twice = ButtonSettings { skip: Some(Pin::Gpio(4)), pause: Some(Pin::Gpio(4)), ..default.clone() };
    assert_eq!(check(&twice).unwrap_err(), "buttons.pause is 4, which is skip already; each button does one thing");
    let error = check(&ButtonSettings { debounce_ms: 0, ..default }).unwrap_err();
    assert!(error.starts_with("buttons.debounce_ms is 0;"), "{error}");
}

#[test]
fn without_buttons_nothing_is_started() {
    let (orders, _ordered) = mpsc::channel();
    assert!(start(&ButtonSettings::default(), &[], orders).is_none());
}
