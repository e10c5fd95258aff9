//! Buttons: presses become orders.
//!
//! In: edges on GPIO lines, through `rppal`'s interrupts on a Raspberry Pi. Out: [`Order`]s to the
//! pipeline. What can fail: this is no Raspberry Pi, the user may not use GPIO, something else holds a
//! line, or the lines cannot be read any more; each is said once, with what to type, and tried again after
//! ever longer waits. The other buttons and the device go on meanwhile.

mod debounce;
mod pi;

use std::{
    fmt,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use moodring_mood::Wish;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tracing::{info, warn};

use self::debounce::Debounce;
use crate::{
    order::{Order, Orders},
    pin::Pin,
    publish::backoff::backoff,
};

/// `[buttons]`: which button does what. GPIO numbers, not places on the header.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ButtonSettings {
    /// Whether buttons are listened to; true.
    pub enabled: bool,
    /// The next track; the panel's own button by default.
    pub skip: Option<Pin>,
    /// Like what plays; the panel's own button by default.
    pub like: Option<Pin>,
    /// Pause the music, or go on; the panel's own button by default.
    pub pause: Option<Pin>,
    /// Close the camera, or watch again; the panel's own button by default.
    pub privacy: Option<Pin>,
    /// The level of a pressed button; `low`, towards ground, with the Pi's own pull-up.
    pub pressed: Level,
    /// For how long a contact must be quiet to count, milliseconds, 1..=500; 30.
    pub debounce_ms: u64,
}

impl Default for ButtonSettings {
    fn default() -> Self {
        Self { enabled: true, skip: None, like: None, pause: None, privacy: None, pressed: Level::Low, debounce_ms: 30 }
    }
}

/// A level of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Towards ground.
    Low,
    /// Towards 3.3 V.
    High,
}

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The next track.
    Skip,
    /// Like what plays; once more takes it back.
    Like,
    /// Pause the music, or go on.
    Pause,
    /// Close the camera, or watch again.
    Privacy,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] = [Self::Skip, Self::Like, Self::Pause, Self::Privacy];

    /// Its key in the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Like => "like",
            Self::Pause => "pause",
            Self::Privacy => "privacy",
        }
    }

    /// What it asks of the device.
    pub const fn order(self) -> Order {
        match self {
            Self::Skip => Order::Ask(Wish::Skip),
            Self::Like => Order::Ask(Wish::Like),
            Self::Pause => Order::Ask(Wish::PauseMusic),
            Self::Privacy => Order::TogglePrivacy,
        }
    }
}

/// A button on a panel's board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// What stands beside it.
    pub label: &'static str,
    /// Its GPIO.
    pub gpio: u32,
    /// What it does unless the configuration says otherwise.
    pub role: Role,
}

impl ButtonSettings {
    /// The GPIO of each role, where it has one: as set, else the panel's own `keys`.
    pub fn pins(&self, keys: &[Key]) -> Vec<(Role, u32)> {
        let set = |role| match role {
            Role::Skip => self.skip,
            Role::Like => self.like,
            Role::Pause => self.pause,
            Role::Privacy => self.privacy,
        };
        let taken: Vec<Pin> = Role::ALL.into_iter().filter_map(set).collect();
        let own = |role| keys.iter().find(|key| key.role == role && !taken.contains(&Pin::Gpio(key.gpio)));
        let pin = |role| match set(role) {
            Some(Pin::Gpio(pin)) => Some((role, pin)),
            Some(Pin::None) => None,
            None => own(role).map(|key| (role, key.gpio)),
        };
        if self.enabled { Role::ALL.into_iter().filter_map(pin).collect() } else { Vec::new() }
    }

    /// Says which setting cannot be, if one cannot; `taken` are the pins of the panel.
    ///
    /// # Errors
    /// A time out of range, or a pin that does two things.
    pub fn check(&self, keys: &[Key], taken: &[(&'static str, u32)]) -> Result<(), String> {
        if !(1..=500).contains(&self.debounce_ms) {
            return Err(format!("buttons.debounce_ms is {}; it must lie within 1 and 500", self.debounce_ms));
        }
        let pins = self.pins(keys);
        for (place, (role, pin)) in pins.iter().enumerate() {
            let key = format!("buttons.{} is {pin}", role.word());
            if let Some((other, _)) = taken.iter().find(|(_, used)| used == pin) {
                return Err(format!("{key}, which is the panel's {other} already; wire another pin"));
            }
            if let Some((other, _)) = pins[..place].iter().find(|(_, used)| used == pin) {
                return Err(format!("{key}, which is {} already; each button does one thing", other.word()));
            }
        }
        Ok(())
    }
}

/// Why a button does not work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[allow(missing_docs)]
pub enum ButtonError {
    /// No Raspberry Pi.
    #[error("this is no Raspberry Pi that rppal knows; take the pins out of [buttons] to be rid of this line")]
    NoPi,
    /// The user may not use GPIO.
    #[error(
        "not allowed to open {path}: `sudo usermod -aG gpio NAME` with the user's name, then log in again; if that is \
         not enough, put KERNEL==\"gpiomem*\", GROUP=\"gpio\", MODE=\"0660\" into /etc/udev/rules.d/60-gpio.rules"
    )]
    NotAllowed { path: String },
    /// The kernel does not offer what rppal needs.
    #[error("there is no /dev/gpiomem: buttons need the kernel of Raspberry Pi OS")]
    NoGpiomem,
    /// The chip has no such pin.
    #[error("`{role} = {pin}` in [buttons]: there is no such pin; a header has GPIO 0 to 27")]
    NoPin { role: &'static str, pin: u32 },
    /// Something else holds the pin.
    #[error("`{role} = {pin}` in [buttons]: the pin is in use; `gpioinfo` says by what, stop that or wire another pin")]
    Busy { role: &'static str, pin: u32 },
    /// Anything else.
    #[error("`{role} = {pin}` in [buttons]: {why}")]
    Other { role: &'static str, pin: u32, why: String },
}

impl ButtonError {
    /// Whether it may be over without another configuration.
    const fn may_pass(&self) -> bool {
        !matches!(self, Self::NoPin { .. })
    }
}

/// GPIO lines with buttons on them, each with a number from 0.
pub trait Lines: Send {
    /// Waits for an edge on any line; `None` when none came in time.
    ///
    /// # Errors
    /// The lines cannot be read any more; says why.
    fn wait(&mut self, most: Duration) -> Result<Option<usize>, String>;

    /// Whether the button on a line is pressed now.
    fn is_pressed(&self, line: usize) -> bool;

    /// What time it is for these lines.
    fn now(&self) -> Instant {
        Instant::now()
    }
}

/// Lines that could be opened.
struct Opened<L> {
    lines: L,
    /// What each line's button does.
    roles: Vec<Role>,
    /// Why the other buttons do not work.
    errors: Vec<ButtonError>,
}

/// Listens to the buttons that the settings and the panel's own `keys` name, on a thread of its own,
/// which ends with the first press that nobody takes. `None` where none is named. What does not work is
/// in the log.
pub fn start(settings: &ButtonSettings, keys: &[Key], orders: Orders) -> Option<JoinHandle<()>> {
    let pins = settings.pins(keys);
    if pins.is_empty() {
        return None;
    }
    let (pressed, hold) = (settings.pressed, Duration::from_millis(settings.debounce_ms));
    Some(thread::spawn(move || {
        let open =
            || pi::Pi::open(&pins, pressed).map(|(lines, errors)| Opened { roles: lines.roles(), lines, errors });
        listen(open, &pins, hold, &orders, thread::sleep);
    }))
}

/// Lines that were watched for so long work: what fails then is a new failure.
const SOUND: Duration = Duration::from_secs(60);

/// Watches what `open` opens, and opens it again after a failure, and now and then where a button is missing;
/// `sleep` waits. Returns when nobody takes a press any more, or where no other attempt would help.
fn listen<L: Lines>(
    mut open: impl FnMut() -> Result<Opened<L>, ButtonError>,
    pins: &[(Role, u32)],
    hold: Duration,
    orders: &Orders,
    mut sleep: impl FnMut(Duration),
) {
    let (mut said, mut attempt) = (Said::default(), 0);
    loop {
        let pause = backoff(attempt, 0.0);
        attempt = attempt.saturating_add(1);
        let Opened { lines, roles, errors } = match open() {
            Ok(opened) => opened,
            Err(why) => {
                said.trouble(format!("buttons are off: {why}; trying again"));
                sleep(pause);
                continue;
            }
        };
        for error in &errors {
            said.trouble(format!("a button is off: {error}{}", if error.may_pass() { "; trying again" } else { "" }));
        }
        let others_may_come = errors.iter().any(ButtonError::may_pass);
        if roles.is_empty() {
            if !others_may_come {
                return;
            }
            sleep(pause);
            continue;
        }
        said.works(Named(pins, &roles).to_string());
        let began = Instant::now();
        let ended = watch(lines, &roles, hold, others_may_come.then_some(pause), orders);
        if began.elapsed() >= SOUND {
            (said.troubles, attempt) = (Vec::new(), 0);
        }
        match ended {
            Ok(Ended::Unheard) => return,
            Ok(Ended::Over) => {}
            Err(why) => {
                said.trouble(format!("buttons are off: {why}; trying again"));
                sleep(pause);
            }
        }
    }
}

/// What was said in the log of the buttons: nothing is said twice.
#[derive(Default)]
struct Said {
    troubles: Vec<String>,
    /// The buttons that were said to work last; `None` once there was a new trouble.
    works: Option<String>,
}

impl Said {
    fn trouble(&mut self, trouble: String) {
        if !self.troubles.contains(&trouble) {
            warn!("{trouble}");
            self.troubles.push(trouble);
            self.works = None;
        }
    }

    fn works(&mut self, buttons: String) {
        if self.works.as_ref() != Some(&buttons) {
            info!("buttons: {buttons}");
            self.works = Some(buttons);
        }
    }
}

/// Buttons as the log names them.
struct Named<'a>(&'a [(Role, u32)], &'a [Role]);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let open = self.0.iter().filter(|(role, _)| self.1.contains(role));
        for (place, (role, pin)) in open.enumerate() {
            write!(f, "{}{} on GPIO {pin}", if place == 0 { "" } else { ", " }, role.word())?;
        }
        Ok(())
    }
}

/// How long to wait for an edge at most; an edge comes at once.
const IDLE: Duration = Duration::from_secs(60);

/// Why lines are not watched any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Nobody takes orders any more.
    Unheard,
    /// The time is up.
    Over,
}

/// Turns edges into orders until one is not taken, or so much `time` is up and no button moves.
///
/// # Errors
/// The lines cannot be read any more.
fn watch(
    mut lines: impl Lines,
    roles: &[Role],
    hold: Duration,
    time: Option<Duration>,
    orders: &Orders,
) -> Result<Ended, String> {
    // A button that is held from the beginning, or a line that hangs low, is no press.
    let mut buttons: Vec<Debounce> = (0..roles.len()).map(|line| Debounce::new(hold, lines.is_pressed(line))).collect();
    let began = lines.now();
    loop {
        let now = lines.now();
        let left = time.map(|time| time.saturating_sub(now.saturating_duration_since(began)));
        let due = buttons.iter().filter_map(|button| button.due(now)).min();
        if due.is_none() && left.is_some_and(|left| left.is_zero()) {
            return Ok(Ended::Over);
        }
        let edge = lines.wait(due.or(left).unwrap_or(IDLE).min(IDLE))?;
        let now = lines.now();
        if let Some(button) = edge.and_then(|line| buttons.get_mut(line)) {
            button.edge(now);
        }
        for (line, (button, role)) in buttons.iter_mut().zip(roles).enumerate() {
            if button.due(now).is_some_and(|due| due.is_zero())
                && button.settle(lines.is_pressed(line), now)
                && orders.send(role.order()).is_err()
            {
                return Ok(Ended::Unheard);
            }
        }
    }
}

#[cfg(test)]
mod tests;
