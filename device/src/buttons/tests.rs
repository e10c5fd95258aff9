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
    let ended = watch(Simulated::new(&[false; 4], script), &Role::ALL, HOLD, None, &orders);
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
    assert!(watch(lines, &[Role::Skip, Role::Like], HOLD, None, &orders).is_err());
    assert_eq!(ordered.try_iter().collect::<Vec<_>>(), [Order::Ask(Wish::Like)]);
}

#[test]
fn watching_ends_with_the_first_press_that_nobody_takes() {
    let (orders, _) = mpsc::channel();
    let lines = Simulated::new(&[false], press(0, 100));
    assert_eq!(watch(lines, &[Role::Privacy], HOLD, None, &orders), Ok(Ended::Unheard));
}

/// Each attempt to open the lines, and what came of all: the orders, and for how long nothing was listened to.
fn listened(attempts: Vec<Result<Opened<Simulated>, ButtonError>>) -> (Vec<Order>, Vec<Duration>) {
    let (orders, ordered) = mpsc::channel();
    let (mut ordered, mut heard, mut pauses) = (Some(ordered), Vec::new(), Vec::new());
    let mut attempts = VecDeque::from(attempts);
    let open = || {
        attempts.pop_front().unwrap_or_else(|| {
            // The pipeline has ended.
            heard.extend(ordered.take().iter().flat_map(mpsc::Receiver::try_iter));
            Ok(opened(&[Role::Privacy], press(0, 100), vec![]))
        })
    };
    listen(open, &[(Role::Privacy, 6), (Role::Like, 5)], HOLD, &orders, |pause| pauses.push(pause));
    (heard, pauses)
}

fn opened(roles: &[Role], script: Vec<(u64, usize, bool)>, errors: Vec<ButtonError>) -> Opened<Simulated> {
    Opened { lines: Simulated::new(&vec![false; roles.len()], script), roles: roles.to_vec(), errors }
}

#[test]
fn lines_that_cannot_be_opened_or_read_any_more_are_opened_again_after_ever_longer_waits() {
    let privacy = || Ok(opened(&[Role::Privacy], press(0, 100), vec![]));
    let busy = ButtonError::Busy { role: "privacy", pin: 6 };
    let attempts = vec![Err(ButtonError::NoGpiomem), Ok(opened(&[], vec![], vec![busy])), privacy(), privacy()];
    let (heard, pauses) = listened(attempts);
    assert_eq!(heard, [Order::TogglePrivacy; 2], "one press before the lines were gone, and one after");
    assert_eq!(pauses, [0, 1, 2, 3].map(|attempt| backoff(attempt, 0.0)));
}

#[test]
fn a_button_that_is_missing_is_looked_for_while_the_others_work() {
    let missing = |error| Ok(opened(&[Role::Like], press(0, 100), vec![error]));
    let both = || opened(&[Role::Privacy, Role::Like], press(0, 100), vec![]);
    let busy = ButtonError::Busy { role: "privacy", pin: 6 };
    let (heard, pauses) = listened(vec![missing(busy), Ok(both())]);
    assert_eq!(heard, [Order::Ask(Wish::Like), Order::TogglePrivacy]);
    assert_eq!(pauses.len(), 1, "only when the lines were gone, after the second time");
    // A pin that no header has is not looked for: the others are left alone, until they are gone.
    let (heard, pauses) = listened(vec![missing(ButtonError::NoPin { role: "privacy", pin: 99 })]);
    assert_eq!((heard, pauses.len()), (vec![Order::Ask(Wish::Like)], 1));
    let (orders, _ordered) = mpsc::channel();
    let never = || -> Result<Opened<Simulated>, ButtonError> {
        Ok(opened(&[], vec![], vec![ButtonError::NoPin { role: "privacy", pin: 99 }]))
    };
    listen(never, &[(Role::Privacy, 99)], HOLD, &orders, |_| panic!("no other attempt would help"));
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
