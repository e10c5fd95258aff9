//! What a panel and buttons hang on: the SPI bus and the pins.
//!
//! In: the system's files, and which panel is wanted. Out: findings. Pure, but for opening devices.

use super::{
    Finding,
    user::{Opened, User},
};
use crate::{
    machine::Machine,
    screen::{PanelKind, ScreenSettings},
};

/// Where a Raspberry Pi's firmware is told what to switch on: since Bookworm, and before.
const CONFIGS: [&str; 2] = ["boot/firmware/config.txt", "boot/config.txt"];

/// How much spidev takes at a time.
const BUFSIZ: &str = "sys/module/spidev/parameters/bufsiz";

/// What spidev takes where nobody says more.
const USUAL: u32 = 4096;

pub(super) fn examine(machine: &Machine, user: &User, settings: &ScreenSettings) -> Vec<Finding> {
    let wired = !matches!(settings.panel, PanelKind::Sim | PanelKind::None);
    vec![spi(user, wired, machine.is_pi()), pins(user, wired)]
}

fn spi(user: &User, wired: bool, is_pi: bool) -> Finding {
    let buses = user.names("dev", "spidev");
    let Some(first) = buses.first() else {
        return if wired { no_spi(user, is_pi) } else { Finding::skipped("SPI", "none, and no panel needs it") };
    };
    let found = buses.iter().map(|bus| format!("/dev/{bus}")).collect::<Vec<_>>().join(", ");
    match user.opens(&format!("dev/{first}")) {
        Opened::Yes => {}
        Opened::Missing => return Finding::skipped("SPI", "it has just gone"),
        Opened::Forbidden if !wired => {
            return Finding::skipped("SPI", format!("{found}; not for the user {}, and no panel needs it", user.name));
        }
        Opened::Forbidden => {
            let problem = format!("the user {} may not use the bus: it is for the group spi", user.name);
            return Finding { remedy: user.join("spi").into(), ..Finding::bad("SPI", found, problem) };
        }
        Opened::Broken(why) => return Finding::bad("SPI", found, why).with("dmesg | grep -i spi"),
    }
    let bufsiz: Option<u32> = user.text(BUFSIZ).and_then(|text| text.trim().parse().ok());
    match bufsiz {
        Some(bytes) if wired && bytes < USUAL => {
            let problem = format!("spidev takes only {bytes} bytes at a time, less than the usual {USUAL}");
            Finding::bad("SPI", found, problem)
                .with("sudo sed -i 's/ *spidev.bufsiz=[0-9]*//; s/$/ spidev.bufsiz=65536/' /boot/firmware/cmdline.txt")
                .with("sudo reboot")
        }
        Some(bytes) => Finding::good("SPI", format!("{found}; {bytes} bytes at a time")),
        None => Finding::good("SPI", found),
    }
}

fn no_spi(user: &User, is_pi: bool) -> Finding {
    if !is_pi {
        return Finding::bad("SPI", "none", "a panel is configured, and this machine has no /dev/spidev")
            .with("panel = \"sim\" in [screen] of the configuration draws on the page instead");
    }
    let config = CONFIGS.into_iter().find_map(|file| Some((file, user.text(file)?)));
    let on = |line: &str| {
        let line: String = line.chars().filter(|c| !c.is_whitespace()).collect();
        line == "dtparam=spi=on" || line.starts_with("dtoverlay=spi0-")
    };
    match config {
        Some((file, text)) if text.lines().any(on) => {
            let problem = format!("SPI is switched on in /{file}, but not here yet");
            Finding::bad("SPI", "none", problem).with("sudo reboot").with("if it is still gone: dmesg | grep -i spi")
        }
        Some((file, _)) => Finding::bad("SPI", "none", format!("SPI is switched off in /{file}"))
            .with(format!("echo dtparam=spi=on | sudo tee -a /{file}"))
            .with("sudo reboot"),
        None => Finding::bad("SPI", "none", "SPI is switched off")
            .with("sudo raspi-config nonint do_spi 0")
            .with("sudo reboot"),
    }
}

fn pins(user: &User, wired: bool) -> Finding {
    let chips = user.names("dev", "gpiochip");
    let Some(first) = chips.first() else {
        return if wired {
            Finding::bad("pins", "none", "a panel is configured, and this machine has no /dev/gpiochip")
        } else {
            Finding::skipped("pins", "none, and no panel needs them")
        };
    };
    let found = chips.iter().map(|chip| format!("/dev/{chip}")).collect::<Vec<_>>().join(", ");
    match user.opens(&format!("dev/{first}")) {
        Opened::Yes => Finding::good("pins", found),
        Opened::Forbidden if !wired => {
            Finding::skipped("pins", format!("{found}; not for the user {}, and no panel needs them", user.name))
        }
        Opened::Forbidden => {
            let problem = format!("the user {} may not use the pins: they are for the group gpio", user.name);
            Finding { remedy: user.join("gpio").into(), ..Finding::bad("pins", found, problem) }
        }
        Opened::Missing => Finding::skipped("pins", "they have just gone"),
        Opened::Broken(why) => Finding::bad("pins", found, why).with("dmesg | grep -i gpio"),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Verdict, user::with_files},
        *,
    };

    #[test]
    fn spi_that_is_off_is_switched_on_where_it_is_off() {
        let off = with_files(&[("boot/firmware/config.txt", "#dtparam=spi=on\ncamera_auto_detect=1\n")]);
        let finding = spi(&off.1, true, true);
        assert_eq!(finding.problem.unwrap(), "SPI is switched off in /boot/firmware/config.txt");
        assert_eq!(finding.remedy[0], "echo dtparam=spi=on | sudo tee -a /boot/firmware/config.txt");
        let old = with_files(&[("boot/config.txt", "")]);
        assert!(spi(&old.1, true, true).problem.unwrap().ends_with("/boot/config.txt"));
        for line in ["dtparam=spi=on", " dtparam = spi=on ", "dtoverlay=spi0-2cs,no_miso"] {
            let on = with_files(&[("boot/firmware/config.txt", line)]);
            assert_eq!(spi(&on.1, true, true).remedy[0], "sudo reboot", "{line}");
        }
        let nothing = with_files(&[]);
        assert_eq!(spi(&nothing.1, true, true).remedy[0], "sudo raspi-config nonint do_spi 0");
        assert_eq!(spi(&nothing.1, false, true).verdict, Verdict::Skipped, "without a panel nobody needs it");
        assert!(spi(&nothing.1, true, false).remedy[0].contains("panel = \"sim\""));
    }

    #[test]
    fn a_bus_that_takes_too_little_at_a_time_is_told_with_the_line_to_change() {
        let with = |bytes| with_files(&[("dev/spidev0.0", ""), (BUFSIZ, bytes)]);
        assert_eq!(spi(&with("4096\n").1, true, true), Finding::good("SPI", "/dev/spidev0.0; 4096 bytes at a time"));
        let small = spi(&with("512\n").1, true, true);
        assert!(small.verdict == Verdict::Bad && small.remedy[0].contains("/boot/firmware/cmdline.txt"), "{small:?}");
    }

    #[test]
    fn pins_that_are_there_can_be_used() {
        assert_eq!(pins(&with_files(&[("dev/gpiochip0", "")]).1, true), Finding::good("pins", "/dev/gpiochip0"));
        assert_eq!(pins(&with_files(&[]).1, true).verdict, Verdict::Bad);
        assert_eq!(pins(&with_files(&[]).1, false).verdict, Verdict::Skipped);
    }
}
