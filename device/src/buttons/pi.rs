//! Buttons on a Raspberry Pi's header, through `rppal`: interrupts on both edges, and the Pi's own
//! pull-up or pull-down.
//!
//! Enters: pins. Leaves: [`Lines`]. What fails: see [`ButtonError`]; a pin that cannot be had does not
//! keep the others from working.

use std::{io, time::Duration};

use rppal::gpio::{Error, Gpio, InputPin, Trigger};

use super::{ButtonError, Level, Lines, Role};

/// Buttons on the header.
pub struct Pi {
    gpio: Gpio,
    pins: Vec<InputPin>,
    roles: Vec<Role>,
    pressed: Level,
}

impl Pi {
    /// Asks for interrupts on each pin; returns with the pins that cannot be had, and why.
    pub fn open(pins: &[(Role, u32)], pressed: Level) -> Result<(Self, Vec<ButtonError>), ButtonError> {
        let gpio = Gpio::new().map_err(|why| off(&why))?;
        let mut opened = Self { gpio, pins: Vec::new(), roles: Vec::new(), pressed };
        let mut errors = Vec::new();
        for (role, pin) in pins.iter().copied() {
            match input(&opened.gpio, pin, pressed) {
                Ok(input) => {
                    opened.pins.push(input);
                    opened.roles.push(role);
                }
                Err(why) => errors.push(failed(role, pin, &why)),
            }
        }
        Ok((opened, errors))
    }

    /// What each line's button does.
    pub fn roles(&self) -> Vec<Role> {
        self.roles.clone()
    }
}

fn input(gpio: &Gpio, pin: u32, pressed: Level) -> Result<InputPin, Error> {
    let number = u8::try_from(pin).map_err(|_| Error::PinNotAvailable(u8::MAX))?;
    let pin = gpio.get(number)?;
    let mut input = match pressed {
        Level::Low => pin.into_input_pullup(),
        Level::High => pin.into_input_pulldown(),
    };
    input.set_interrupt(Trigger::Both, None)?;
    Ok(input)
}

/// Why no button can work.
fn off(why: &Error) -> ButtonError {
    match why {
        Error::PermissionDenied(path) if path == "/dev/mem" => ButtonError::NoGpiomem,
        Error::PermissionDenied(path) => ButtonError::NotAllowed { path: path.clone() },
        Error::Io(why) if why.kind() == io::ErrorKind::NotFound => ButtonError::NoGpiomem,
        _ => ButtonError::NoPi,
    }
}

/// Why one button does not work.
fn failed(role: Role, pin: u32, why: &Error) -> ButtonError {
    let role = role.word();
    match why {
        Error::PinNotAvailable(_) => ButtonError::NoPin { role, pin },
        Error::PinUsed(_) => ButtonError::Busy { role, pin },
        Error::Io(why) if why.kind() == io::ErrorKind::ResourceBusy => ButtonError::Busy { role, pin },
        Error::PermissionDenied(path) => ButtonError::NotAllowed { path: path.clone() },
        _ => ButtonError::Other { role, pin, why: why.to_string() },
    }
}

impl Lines for Pi {
    fn wait(&mut self, most: Duration) -> Result<Option<usize>, String> {
        let pins: Vec<&InputPin> = self.pins.iter().collect();
        let polled = self.gpio.poll_interrupts(&pins, false, Some(most)).map_err(|why| why.to_string())?;
        Ok(polled.and_then(|(pin, _)| self.pins.iter().position(|other| other.pin() == pin.pin())))
    }

    fn is_pressed(&self, line: usize) -> bool {
        self.pins.get(line).is_some_and(|pin| match self.pressed {
            Level::Low => pin.is_low(),
            Level::High => pin.is_high(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_says_what_to_type() {
        let denied = |path: &str| Error::PermissionDenied(path.to_owned());
        let says = |error: ButtonError, what: &str| {
            let error = error.to_string();
            assert!(error.contains(what), "{error}\nshould say {what}");
        };
        says(off(&Error::UnknownModel), "no Raspberry Pi");
        says(off(&denied("/dev/gpiomem")), "/dev/gpiomem: `sudo usermod -aG gpio NAME`");
        says(off(&denied("/dev/gpiochip0")), "/etc/udev/rules.d/60-gpio.rules");
        // Neither /dev/gpiomem, nor the right to /dev/mem in its place.
        says(off(&denied("/dev/mem")), "there is no /dev/gpiomem");
        says(off(&Error::Io(io::ErrorKind::NotFound.into())), "there is no /dev/gpiomem");
        let busy = Error::Io(io::Error::from_raw_os_error(16));
        says(failed(Role::Like, 5, &busy), "`like = 5` in [buttons]: the pin is in use; `gpioinfo` says by what");
        says(failed(Role::Skip, 99, &Error::PinNotAvailable(99)), "`skip = 99` in [buttons]: there is no such pin");
        says(failed(Role::Skip, 4, &Error::Io(io::ErrorKind::TimedOut.into())), "`skip = 4` in [buttons]: I/O error");
    }

    #[test]
    fn where_there_is_no_raspberry_pi_buttons_are_off_with_a_message() {
        if rppal::system::DeviceInfo::new().is_err() {
            let error = Pi::open(&[(Role::Skip, 16)], Level::Low).err().unwrap();
            assert_eq!(error, ButtonError::NoPi);
        }
    }
}
