//! What the machine says of itself: its model, its temperature, whether it is held back.
//!
//! In: the kernel's files, below a root that tests can choose. Out: values in their units, or nothing
//! where the machine does not tell. Nothing here fails.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The kernel's names for the sensor in a processor: a Raspberry Pi's, and a PC's.
const SENSORS: [&str; 2] = ["cpu-thermal", "x86_pkg_temp"];

/// A machine, by its files.
#[derive(Clone, Debug)]
pub struct Machine {
    root: PathBuf,
    /// The sensor's file, looked for once.
    sensor: Option<PathBuf>,
}

/// Why the firmware of a Raspberry Pi holds it back, now or since it was started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Throttling {
    /// The supply is too weak now.
    pub weak_now: bool,
    /// The supply was too weak at some time.
    pub weak_before: bool,
    /// It is slowed down now, because it is too hot or the supply too weak.
    pub slow_now: bool,
    /// It was slowed down at some time.
    pub slow_before: bool,
}

impl Throttling {
    /// From the bits that the firmware reports.
    pub const fn from_bits(bits: u32) -> Self {
        // https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
        Self {
            weak_now: bits & 1 != 0,
            slow_now: bits & 0b1110 != 0,
            weak_before: bits & (1 << 16) != 0,
            slow_before: bits & (0b1110 << 16) != 0,
        }
    }
}

impl Machine {
    /// This machine.
    pub fn this() -> Self {
        Self::below(Path::new("/"))
    }

    /// The machine whose files are below `root`.
    pub fn below(root: &Path) -> Self {
        let zones = children(&root.join("sys/class/thermal"));
        let is_sensor = |zone: &&PathBuf| word(&zone.join("type")).is_some_and(|name| SENSORS.contains(&name.as_str()));
        let sensor = zones.iter().find(is_sensor).map(|zone| zone.join("temp"));
        Self { root: root.to_owned(), sensor }
    }

    /// As in `Raspberry Pi 3 Model B Rev 1.2`; only boards with a device tree have one.
    pub fn model(&self) -> Option<String> {
        let text = word(&self.root.join("sys/firmware/devicetree/base/model"))?;
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// Whether it is a Raspberry Pi.
    pub fn is_pi(&self) -> bool {
        self.model().is_some_and(|model| model.contains("Raspberry Pi"))
    }

    /// Temperature of the processor, degrees Celsius.
    pub fn temperature(&self) -> Option<f32> {
        let milli: i32 = word(self.sensor.as_ref()?)?.parse().ok()?;
        Some((milli as f32 / 100.0).round() / 10.0)
    }

    /// Whether it is held back; only a Raspberry Pi tells.
    pub fn throttling(&self) -> Option<Throttling> {
        // `soc:firmware` on most, `soc@107c000000:firmware` and the like on others.
        let platform = self.root.join("sys/devices/platform");
        let places = std::iter::once(platform.clone()).chain(children(&platform));
        let firmware = places.flat_map(|place| children(&place)).find(|path| {
            path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(":firmware"))
                && path.join("get_throttled").exists()
        })?;
        let bits = word(&firmware.join("get_throttled"))?;
        u32::from_str_radix(bits.trim_start_matches("0x"), 16).ok().map(Throttling::from_bits)
    }
}

fn word(file: &Path) -> Option<String> {
    fs::read_to_string(file).ok().map(|text| text.trim().to_owned())
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, file: &str, text: &str) {
        let file = root.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    #[test]
    fn a_pi_tells_its_model_temperature_and_what_holds_it_back() {
        let root = tempfile::tempdir().unwrap();
        let nothing = Machine::below(root.path());
        assert_eq!((nothing.model(), nothing.temperature(), nothing.throttling()), (None, None, None));
        write(root.path(), "sys/firmware/devicetree/base/model", "Raspberry Pi 3 Model B Rev 1.2\0");
        write(root.path(), "sys/class/thermal/thermal_zone0/type", "gpu-thermal\n");
        write(root.path(), "sys/class/thermal/thermal_zone0/temp", "1000\n");
        write(root.path(), "sys/class/thermal/thermal_zone1/type", "cpu-thermal\n");
        write(root.path(), "sys/class/thermal/thermal_zone1/temp", "48312\n");
        write(root.path(), "sys/devices/platform/soc/soc:firmware/get_throttled", "50005\n");
        let pi = Machine::below(root.path());
        assert_eq!(pi.model().unwrap(), "Raspberry Pi 3 Model B Rev 1.2");
        assert!(pi.is_pi());
        assert_eq!(pi.temperature(), Some(48.3));
        let all = Throttling { weak_now: true, weak_before: true, slow_now: true, slow_before: true };
        assert_eq!(pi.throttling(), Some(all));
        write(root.path(), "sys/devices/platform/soc/soc:firmware/get_throttled", "0\n");
        assert_eq!(pi.throttling(), Some(Throttling::default()));
    }
}
