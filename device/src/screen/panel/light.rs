//! The light behind a panel: dimmed by hardware PWM where the pin has it, else switched on and off.
//!
//! Enters: a level, 0..=100 percent. What fails: the pin, or the kernel's PWM. PWM goes through
//! `rppal`, which knows a Raspberry Pi's channels; on other boards, and on pins whose function in
//! `config.txt` is not PWM, the light is an output pin like any other.

use std::{fs, path::Path};

use embedded_hal::digital::OutputPin;
use linux_embedded_hal::gpio_cdev;
use rppal::{
    gpio::{Gpio, Mode},
    pwm::{Polarity, Pwm},
    system::{DeviceInfo, SoC},
};
use tracing::info;

use super::{PanelError, board};

/// Periods of the light a second, hertz: beyond what eyes and cameras see.
const FREQUENCY: f64 = 1000.0;

/// Something that lights a panel.
pub trait Light: Send {
    /// Sets the level, 0..=100 percent.
    ///
    /// # Errors
    /// The pin cannot be reached.
    fn set(&mut self, percent: u8) -> Result<(), PanelError>;
}

/// A panel whose light is not ours to change.
pub struct Always;

impl Light for Always {
    fn set(&mut self, _: u8) -> Result<(), PanelError> {
        Ok(())
    }
}

/// A light that is on or off.
pub struct Switch<P>(pub P);

impl<P: OutputPin + Send> Light for Switch<P> {
    fn set(&mut self, percent: u8) -> Result<(), PanelError> {
        let set = if percent > 0 { self.0.set_high() } else { self.0.set_low() };
        set.map_err(|why| PanelError::Write(format!("the backlight pin ({why:?})")))
    }
}

/// A light that is dimmed by hardware.
struct Dimmed(Pwm);

impl Light for Dimmed {
    fn set(&mut self, percent: u8) -> Result<(), PanelError> {
        let failed = |why| PanelError::Write(format!("the backlight's PWM ({why})"));
        self.0.set_duty_cycle(duty(percent)).map_err(failed)
    }
}

/// The share of time that the light is on: eyes see about its square root.
fn duty(percent: u8) -> f64 {
    let share = f64::from(percent.min(100)) / 100.0;
    share * share
}

/// The light on a pin, dark at first.
pub fn open(chip: &mut gpio_cdev::Chip, pin: Option<u32>) -> Result<Box<dyn Light>, PanelError> {
    let Some(pin) = pin else { return Ok(Box::new(Always)) };
    match pwm(pin) {
        Ok(pwm) => Ok(Box::new(Dimmed(pwm))),
        Err(why) => {
            let switch = Switch(board::pin(chip, "backlight", pin)?);
            if let Some(why) = why {
                info!("screen: the backlight on GPIO {pin} is only switched on and off: {why}");
            }
            Ok(Box::new(switch))
        }
    }
}

/// Hardware PWM on a pin; else why there is none, if that is worth saying.
fn pwm(pin: u32) -> Result<Pwm, Option<String>> {
    // Not a Raspberry Pi: nothing is missing.
    let soc = DeviceInfo::new().map_err(|_| None)?.soc();
    let Some(channel) = Channel::of(pin, soc) else {
        return Err(Some("hardware PWM is on GPIO 12, 13, 18 and 19".to_owned()));
    };
    let overlay =
        || Some(format!("to dim it, put `{}` into /boot/firmware/config.txt and restart", channel.overlay(pin)));
    let number = u8::try_from(pin).map_err(|_| None)?;
    let mode = Gpio::new().and_then(|gpio| gpio.get(number)).map(|pin| pin.mode());
    let mode = mode.map_err(|why| Some(format!("its function cannot be read ({why})")))?;
    if mode != channel.mode {
        return Err(overlay());
    }
    let chip = pwm_chip(Path::new("/sys/class/pwm"), soc).ok_or_else(overlay)?;
    let pwm = Pwm::with_pwmchip(chip, channel.index);
    let denied = |why| Some(format!("PWM does not work ({why}); the user must be in the group `gpio`"));
    let mut pwm = pwm.map_err(denied)?;
    // The goodbye is still to be read when the program has ended.
    pwm.set_reset_on_drop(false);
    pwm.set_frequency(FREQUENCY, 0.0).and_then(|()| pwm.set_polarity(Polarity::Normal)).map_err(denied)?;
    pwm.enable().map_err(denied)?;
    Ok(pwm)
}

/// A PWM channel, and what the pin's function must be for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Channel {
    index: u8,
    mode: Mode,
    /// The number of the function in an overlay.
    func: u8,
}

impl Channel {
    /// BCM2711 peripherals, table 5-9, and RP1 peripherals, table 4.
    fn of(pin: u32, soc: SoC) -> Option<Self> {
        let five = soc == SoC::Bcm2712;
        Some(match pin {
            12 => Self { index: 0, mode: Mode::Alt0, func: 4 },
            13 => Self { index: 1, mode: Mode::Alt0, func: 4 },
            18 if five => Self { index: 2, mode: Mode::Alt3, func: 2 },
            19 if five => Self { index: 3, mode: Mode::Alt3, func: 2 },
            18 => Self { index: 0, mode: Mode::Alt5, func: 2 },
            19 => Self { index: 1, mode: Mode::Alt5, func: 2 },
            _ => return None,
        })
    }

    fn overlay(self, pin: u32) -> String {
        format!("dtoverlay=pwm,pin={pin},func={}", self.func)
    }
}

/// The number of the PWM chip that the header's pins belong to. By its address: the number differs
/// between kernels, and a Raspberry Pi 5 has another one for its fan.
fn pwm_chip(class: &Path, soc: SoC) -> Option<u8> {
    let address = if soc == SoC::Bcm2712 { "1f00098000.pwm" } else { "20c000.pwm" };
    fs::read_dir(class).ok()?.flatten().find_map(|entry| {
        let number = entry.file_name().to_string_lossy().strip_prefix("pwmchip")?.parse().ok()?;
        let device = fs::canonicalize(entry.path()).ok()?;
        device.to_string_lossy().contains(address).then_some(number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screen::presets::{PRESETS, Signal};

    #[test]
    fn each_percent_is_a_little_brighter() {
        assert_eq!((duty(0), duty(100), duty(200)), (0.0, 1.0, 1.0));
        assert!((1..=100).all(|percent| duty(percent) > duty(percent - 1)));
    }

    #[test]
    fn the_presets_overlay_is_that_of_their_backlight() {
        for preset in PRESETS {
            let Some(line) = preset.config_txt.iter().find(|line| line.contains("pwm")) else { continue };
            let pin = preset.pin(Signal::Backlight).unwrap();
            for soc in [SoC::Bcm2837B0, SoC::Bcm2711, SoC::Bcm2712] {
                assert_eq!(Channel::of(pin, soc).unwrap().overlay(pin), *line, "{preset}");
            }
        }
        assert_eq!(Channel::of(24, SoC::Bcm2711), None);
        assert_eq!(Channel::of(18, SoC::Bcm2712).unwrap().index, 2);
    }

    #[test]
    fn the_chip_is_found_by_its_address() {
        let folder = tempfile::tempdir().unwrap();
        let class = folder.path().join("class");
        fs::create_dir(&class).unwrap();
        for (number, device) in [(0, "1f0009c000.pwm"), (2, "1f00098000.pwm"), (3, "fe20c000.pwm")] {
            let place = folder.path().join(device).join("pwm").join(format!("pwmchip{number}"));
            fs::create_dir_all(&place).unwrap();
            std::os::unix::fs::symlink(&place, class.join(format!("pwmchip{number}"))).unwrap();
        }
        assert_eq!(pwm_chip(&class, SoC::Bcm2712), Some(2));
        assert_eq!(pwm_chip(&class, SoC::Bcm2711), Some(3));
        assert_eq!(pwm_chip(Path::new("/nowhere"), SoC::Bcm2711), None);
    }

    #[test]
    fn where_there_is_no_raspberry_pi_nothing_is_said_to_be_missing() {
        if DeviceInfo::new().is_err() {
            assert_eq!(pwm(18).err(), Some(None));
        } else {
            assert!(pwm(24).err().flatten().is_some_and(|why| why.contains("12, 13, 18 and 19")));
        }
    }
}
