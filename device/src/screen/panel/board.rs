//! What leads to a panel on any Linux board: spidev, and the GPIO character device.
//!
//! Enters: paths, labels and pin numbers from the configuration. Leaves: an open bus and output
//! pins. What fails says what to type and into which file. The GPIO chip is found by its label,
//! because its number differs between a Raspberry Pi's models and kernels.

use std::{fs, io, path::Path};

use linux_embedded_hal::{
    CdevPin, SpidevDevice, gpio_cdev,
    spidev::{SpiModeFlags, Spidev, SpidevOptions},
};
use tracing::info;

use super::PanelError;
use crate::screen::{
    presets::{NO_MISO, Preset},
    settings::Wiring,
};

/// The GPIO chips that carry the header's pins on a Raspberry Pi 5, 4, and 3 or older.
const LABELS: [&str; 3] = ["pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"];
/// Who a line of the GPIO chip is said to be in use by.
const CONSUMER: &str = "moodring";
/// Where spidev tells how much it takes in one transfer.
const BUFSIZ: &str = "/sys/module/spidev/parameters/bufsiz";
/// What spidev takes in one transfer unless it is told otherwise, bytes.
const USUAL_BUFSIZ: usize = 4096;
/// Less than this makes each picture thousands of transfers, bytes.
const LEAST_BUFSIZ: usize = 64;

/// The bus and the pins of a panel.
pub struct Board {
    /// The bus, with the panel's chip select.
    pub spi: SpidevDevice,
    /// The GPIO chip its pins are on.
    pub chip: gpio_cdev::Chip,
    /// The most bytes in one transfer.
    pub chunk: usize,
}

/// Opens the bus and finds the GPIO chip.
pub fn open(wiring: &Wiring) -> Result<Board, PanelError> {
    let spi = open_spi(&wiring.spi, wiring.speed_hz, wiring.preset)?;
    let chip = find_chip(wiring.gpio_chip.as_deref())?;
    let (chunk, advice) = transfer(fs::read_to_string(BUFSIZ).ok().as_deref(), wiring.chunk)?;
    if let Some(advice) = advice {
        info!("screen: {advice}");
    }
    Ok(Board { spi, chip, chunk })
}

/// The most bytes in one transfer: what was asked for, but no more than spidev says it takes; and
/// what to say about it.
fn transfer(told: Option<&str>, wanted: Option<usize>) -> Result<(usize, Option<String>), PanelError> {
    let most = told.and_then(|text| text.trim().parse().ok()).unwrap_or(USUAL_BUFSIZ);
    if most < LEAST_BUFSIZ {
        return Err(PanelError::Bufsiz { found: most });
    }
    // More than a picture has is no use.
    let most = most.min(1 << 18);
    let advice = wanted.filter(|wanted| *wanted > most).map(|wanted| {
        format!(
            "chunk = {wanted} in [screen.wiring] is more than spidev takes, {most} bytes, which are used; for more \
             put spidev.bufsiz={wanted} at the end of the line in /boot/firmware/cmdline.txt and restart"
        )
    });
    Ok((wanted.unwrap_or(most).min(most), advice))
}

fn open_spi(path: &Path, speed_hz: u32, preset: &Preset) -> Result<SpidevDevice, PanelError> {
    let mut spi = Spidev::open(path).map_err(|why| no_spi(path, &why, preset))?;
    let options = SpidevOptions::new().bits_per_word(8).max_speed_hz(speed_hz).mode(SpiModeFlags::SPI_MODE_0).build();
    spi.configure(&options).map_err(|why| PanelError::Spi { path: path.to_owned(), why: why.to_string() })?;
    Ok(SpidevDevice(spi))
}

fn no_spi(path: &Path, why: &io::Error, preset: &Preset) -> PanelError {
    match why.kind() {
        io::ErrorKind::NotFound => {
            // Dimming is a comfort, not what SPI lacks.
            let lines = preset.config_txt.iter().filter(|line| !line.contains("pwm"));
            let lines: Vec<String> = lines.map(|line| format!("`{line}`")).collect();
            PanelError::NoSpi { path: path.to_owned(), lines: lines.join(" and ") }
        }
        io::ErrorKind::PermissionDenied => PanelError::NotAllowed { path: path.to_owned(), group: "spi" },
        _ => PanelError::Spi { path: path.to_owned(), why: why.to_string() },
    }
}

/// The GPIO chip with the wanted label, or the one that a Raspberry Pi's header is on.
fn find_chip(wanted: Option<&str>) -> Result<gpio_cdev::Chip, PanelError> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/dev").into_iter().flatten().flatten() {
        let path = entry.path();
        if !entry.file_name().to_string_lossy().starts_with("gpiochip") {
            continue;
        }
        match fs::File::open(&path) {
            Err(why) if why.kind() == io::ErrorKind::PermissionDenied => {
                return Err(PanelError::NotAllowed { path, group: "gpio" });
            }
            _ => {}
        }
        let Ok(chip) = gpio_cdev::Chip::new(&path) else { continue };
        if wanted.map_or(LABELS.contains(&chip.label()), |label| chip.label() == label) {
            return Ok(chip);
        }
        found.push(chip.label().to_owned());
    }
    found.sort();
    let wanted = wanted.map_or_else(|| LABELS.join(" or "), str::to_owned);
    let found = if found.is_empty() { "none".to_owned() } else { found.join(", ") };
    Err(PanelError::NoGpioChip { wanted, found })
}

/// An output pin, low at first.
pub fn pin(chip: &mut gpio_cdev::Chip, role: &'static str, number: u32) -> Result<CdevPin, PanelError> {
    let last = chip.num_lines().saturating_sub(1);
    if number > last {
        return Err(PanelError::NoPin { role, pin: number, chip: chip.label().to_owned(), last });
    }
    let failed = |why: gpio_cdev::Error| PanelError::Pin { role, pin: number, why: why.to_string() };
    let line = chip.get_line(number).map_err(failed)?;
    // Asked for at once, and only a refusal is looked into: `is_used` would call a pin used that the program
    // before this one has left as an output, as Linux 6.12 does.
    let handle = line.request(gpio_cdev::LineRequestFlags::OUTPUT, 0, CONSUMER).map_err(|why| match line.info() {
        Ok(info) if info.is_kernel() => busy(role, number, info.consumer()),
        _ => failed(why),
    })?;
    CdevPin::new(handle).map_err(failed)
}

/// A pin that something else holds, and how it is freed.
fn busy(role: &'static str, pin: u32, holder: Option<&str>) -> PanelError {
    let remedy = match pin {
        7 => "put `dtoverlay=spi0-1cs` into /boot/firmware/config.txt and restart, or wire another pin".to_owned(),
        8 => "it is the first chip select; wire another pin".to_owned(),
        9 => format!("put `{NO_MISO}` into /boot/firmware/config.txt and restart, or wire another pin"),
        _ => "stop that, or wire another pin".to_owned(),
    };
    PanelError::PinBusy { role, pin, holder: holder.unwrap_or("the kernel").to_owned(), remedy }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_missing_device_names_the_line_for_config_txt() {
        let open = |path: &str, preset: &str| {
            let preset = Preset::named(preset).unwrap();
            open_spi(Path::new(path), 1_000_000, preset).err().unwrap().to_string()
        };
        assert_eq!(
            open("/dev/spidev77.0", "st7789"),
            "no /dev/spidev77.0: put `dtparam=spi=on` into /boot/firmware/config.txt and restart"
        );
        let hat = open("/dev/spidev77.1", "display-hat-mini");
        assert!(hat.contains("put `dtparam=spi=on` and `dtoverlay=spi0-2cs,no_miso` into"), "{hat}");
        let error = open("/dev/null", "st7789");
        assert!(error.starts_with("/dev/null does not work: "), "{error}");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let error = no_spi(Path::new("/dev/spidev0.0"), &denied, Preset::named("st7789").unwrap()).to_string();
        assert!(error.contains("/dev/spidev0.0") && error.contains("sudo usermod -aG spi"), "{error}");
        let error = find_chip(Some("no such chip")).err().unwrap().to_string();
        assert!(error.contains("no such chip") && error.contains("gpio_chip"), "{error}");
    }

    #[test]
    fn a_busy_pin_names_its_holder_and_what_frees_it() {
        let told = |pin, holder| busy("dc", pin, holder).to_string();
        let miso = told(9, None);
        assert!(miso.contains("in use by the kernel: put `dtoverlay=spi0-2cs,no_miso` into /boot/firmware"), "{miso}");
        assert!(told(7, Some("spi0 CS1")).contains("spi0 CS1: put `dtoverlay=spi0-1cs` into"));
        assert!(told(25, Some("fan")).contains("`dc = 25` in [screen.wiring]: the pin is in use by fan: stop that"));
    }

    #[test]
    fn a_transfer_is_what_spidev_takes_and_may_be_less() {
        let size = |told, wanted| transfer(told, wanted).unwrap();
        assert_eq!(size(Some("4096\n"), None), (4096, None));
        assert_eq!(size(None, None), (4096, None));
        assert_eq!(size(Some("65536"), Some(64)), (64, None));
        let (chunk, advice) = size(Some("4096"), Some(8192));
        assert!(chunk == 4096 && advice.unwrap().contains("spidev.bufsiz=8192 at the end of the line"));
        let error = transfer(Some("32"), None).unwrap_err().to_string();
        assert!(error.contains("32 bytes") && error.contains("/boot/firmware/cmdline.txt"), "{error}");
    }

    #[test]
    fn a_device_is_a_path() {
        assert_eq!(Preset::named("display-hat-mini").map(|p| PathBuf::from(p.spi())), Some("/dev/spidev0.1".into()));
    }
}
