//! What a panel and buttons hang on: the SPI bus and the pins.
//!
//! In: the system's files, and which panel and buttons are wanted. Out: findings. Pure, but for opening
//! devices.

use std::path::Path;

use super::{
    Finding,
    user::{Opened, User},
};
use crate::{buttons::ButtonSettings, machine::Machine, screen::ScreenSettings};

/// Where a Raspberry Pi's firmware is told what to switch on: since Bookworm, and before.
const CONFIGS: [&str; 2] = ["boot/firmware/config.txt", "boot/config.txt"];

/// How much spidev takes at a time.
const BUFSIZ: &str = "sys/module/spidev/parameters/bufsiz";

/// What spidev takes where nobody says more.
const USUAL: u32 = 4096;

pub(super) fn examine(
    machine: &Machine,
    user: &User,
    settings: &ScreenSettings,
    buttons: &ButtonSettings,
) -> Vec<Finding> {
    let wiring = settings.wiring();
    let bus = wiring.as_ref().map(|wiring| wiring.spi.as_path());
    let buttons = buttons.pins(settings.keys()).len();
    vec![spi(user, bus, machine.is_pi()), pins(user, wiring.is_some(), buttons)]
}

/// `wanted`: the panel's bus, where a panel is configured.
fn spi(user: &User, wanted: Option<&Path>, is_pi: bool) -> Finding {
    let wired = wanted.is_some();
    let buses = user.names("dev", "spidev");
    let wanted = wanted.and_then(|path| path.strip_prefix("/dev").ok()).map(|path| path.display().to_string());
    let Some(first) = buses.first() else {
        return if wired { no_spi(user, is_pi) } else { Finding::skipped("SPI", "none, and no panel needs it") };
    };
    let found = buses.iter().map(|bus| format!("/dev/{bus}")).collect::<Vec<_>>().join(", ");
    let bus = wanted.as_ref().unwrap_or(first);
    match user.opens(&format!("dev/{bus}")) {
        Opened::Yes => {}
        Opened::Missing => {
            // A second chip select is an overlay's business.
            let problem = format!("/dev/{bus} is not there, and the panel is configured to be on it");
            return Finding::bad("SPI", found, problem)
                .with("[screen.wiring] spi in the configuration names another, or")
                .with("dtoverlay=spi0-2cs in /boot/firmware/config.txt adds /dev/spidev0.1; then sudo reboot");
        }
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

fn pins(user: &User, panel: bool, buttons: usize) -> Finding {
    let wired = panel || buttons > 0;
    let wanted = match (panel, buttons) {
        (true, 0) => "a panel is configured",
        (true, _) => "a panel and buttons are configured",
        (false, _) => "buttons are configured",
    };
    let chips = user.names("dev", "gpiochip");
    let Some(first) = chips.first() else {
        return if wired {
            Finding::bad("pins", "none", format!("{wanted}, and this machine has no /dev/gpiochip"))
        } else {
            Finding::skipped("pins", "none, and nothing needs them")
        };
    };
    let found = chips.iter().map(|chip| format!("/dev/{chip}")).collect::<Vec<_>>().join(", ");
    // Buttons' pull-ups are set through the registers.
    let registers = user.names("dev", "gpiomem").first().map(|name| user.opens(&format!("dev/{name}")));
    let opened = match (user.opens(&format!("dev/{first}")), registers) {
        (Opened::Yes, Some(Opened::Forbidden)) if buttons > 0 => Opened::Forbidden,
        (opened, _) => opened,
    };
    match opened {
        Opened::Yes if buttons > 0 => Finding::good("pins", format!("{found}; {buttons} of them are buttons")),
        Opened::Yes => Finding::good("pins", found),
        Opened::Forbidden if !wired => {
            Finding::skipped("pins", format!("{found}; not for the user {}, and nothing needs them", user.name))
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

    /// The bus of most panels.
    fn bus() -> Option<&'static Path> {
        Some(Path::new("/dev/spidev0.0"))
    }

    #[test]
    fn spi_that_is_off_is_switched_on_where_it_is_off() {
        let off = with_files(&[("boot/firmware/config.txt", "#dtparam=spi=on\ncamera_auto_detect=1\n")]);
        let finding = spi(&off.1, bus(), true);
        assert_eq!(finding.problem.unwrap(), "SPI is switched off in /boot/firmware/config.txt");
        assert_eq!(finding.remedy[0], "echo dtparam=spi=on | sudo tee -a /boot/firmware/config.txt");
        let old = with_files(&[("boot/config.txt", "")]);
        assert!(spi(&old.1, bus(), true).problem.unwrap().ends_with("/boot/config.txt"));
        for line in ["dtparam=spi=on", " dtparam = spi=on ", "dtoverlay=spi0-2cs,no_miso"] {
            let on = with_files(&[("boot/firmware/config.txt", line)]);
            assert_eq!(spi(&on.1, bus(), true).remedy[0], "sudo reboot", "{line}");
        }
        let nothing = with_files(&[]);
        assert_eq!(spi(&nothing.1, bus(), true).remedy[0], "sudo raspi-config nonint do_spi 0");
        assert_eq!(spi(&nothing.1, None, true).verdict, Verdict::Skipped, "without a panel nobody needs it");
        assert!(spi(&nothing.1, bus(), false).remedy[0].contains("panel = \"sim\""));
    }

    #[test]
    fn a_bus_that_takes_too_little_at_a_time_is_told_with_the_line_to_change() {
        let with = |bytes| with_files(&[("dev/spidev0.0", ""), (BUFSIZ, bytes)]);
        assert_eq!(spi(&with("4096\n").1, bus(), true), Finding::good("SPI", "/dev/spidev0.0; 4096 bytes at a time"));
        let small = spi(&with("512\n").1, bus(), true);
        assert!(small.verdict == Verdict::Bad && small.remedy[0].contains("/boot/firmware/cmdline.txt"), "{small:?}");
    }

    #[test]
    fn pins_that_are_there_can_be_used() {
        assert_eq!(pins(&with_files(&[("dev/gpiochip0", "")]).1, true, 0), Finding::good("pins", "/dev/gpiochip0"));
        assert_eq!(pins(&with_files(&[]).1, true, 0).verdict, Verdict::Bad);
        assert_eq!(pins(&with_files(&[]).1, false, 0).verdict, Verdict::Skipped);
        assert!(pins(&with_files(&[]).1, false, 2).problem.unwrap().starts_with("buttons are configured"));
        let four = pins(&with_files(&[("dev/gpiochip0", "")]).1, true, 4);
        assert_eq!(four.found, "/dev/gpiochip0; 4 of them are buttons");
    }

    #[test]
    fn a_bus_that_the_panel_is_not_on_says_how_to_get_it() {
        let one = with_files(&[("dev/spidev0.0", "")]);
        let finding = spi(&one.1, Some(Path::new("/dev/spidev0.1")), true);
        assert!(finding.problem.unwrap().starts_with("/dev/spidev0.1 is not there"));
        assert!(finding.remedy[1].contains("dtoverlay=spi0-2cs"));
    }
}
