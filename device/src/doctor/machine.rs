//! The machine under the device: clock, disk, temperature, supply.
//!
//! In: what the system's files say. Out: findings. Pure, but for reading those files and asking the
//! file system how much is free.

use jiff::Timestamp;

use super::{Finding, user::User};
use crate::{
    config::{Origin, PLACE},
    machine::{Machine, Throttling},
    publish::complaint::clock_is_unset,
};

/// Where systemd-timesyncd notes that the network has set the clock.
const SYNCHRONISED: &str = "run/systemd/timesync/synchronized";

/// Where chrony, which many install instead, keeps its state while it runs.
const CHRONY: &str = "run/chrony/chronyd.pid";

/// The firmware of a Raspberry Pi slows it down from here on, degrees Celsius; from 85 much.
const HOT: f32 = 80.0;

pub(super) fn examine(machine: &Machine, user: &User, origin: &Origin) -> Vec<Finding> {
    let free = rustix::fs::statvfs(&user.root)
        .ok()
        .map(|disk| (disk.f_bavail * disk.f_frsize, disk.f_files > 0 && disk.f_favail == 0));
    vec![
        identity(machine.model(), origin),
        clock(Timestamp::now(), user),
        disk(free),
        temperature(machine.temperature()),
        supply(machine.throttling(), machine.is_pi()),
    ]
}

fn identity(model: Option<String>, origin: &Origin) -> Finding {
    let system = format!("{} {}", std::env::consts::OS, std::env::consts::ARCH);
    let found = format!(
        "{}, {system}; configuration: {origin}",
        model.as_deref().unwrap_or("a computer without a device tree")
    );
    match (model, origin) {
        (_, Origin::Defaults) => Finding::note(
            "machine",
            found,
            "the device runs with its defaults: the host name is its name, and it looks for a host to be paired with",
        )
        .with(format!("sudo install -D -m 644 moodring-device.toml {PLACE}      # then edit it")),
        (Some(model), _) if model.contains("Raspberry Pi") => Finding::good("machine", found),
        _ => Finding::note(
            "machine",
            found,
            "this is no Raspberry Pi: all works that it has, and the rest is passed over",
        ),
    }
}

fn clock(now: Timestamp, user: &User) -> Finding {
    let found = format!("{now:.0}");
    let set =
        ["timedatectl status", "sudo timedatectl set-ntp true", "without a network: sudo date -s '2026-11-23 12:00'"];
    if clock_is_unset(now) {
        let problem = "the clock is not set: messages bear wrong times, and no certificate is believed";
        return Finding { remedy: set.map(str::to_owned).to_vec(), ..Finding::bad("clock", found, problem) };
    }
    if user.text(SYNCHRONISED).is_some() {
        return Finding::good("clock", format!("{found}, set by the network"));
    }
    if user.text(CHRONY).is_some() {
        return Finding::good("clock", format!("{found}, kept by chrony (chronyc tracking tells how well)"));
    }
    let problem = "nothing here says that the network has set it; after a power cut a Pi does not know the time";
    Finding::note("clock", found, problem).with(set[0]).with(set[1])
}

/// `free`: bytes, and whether there is no room for one more file.
fn disk(free: Option<(u64, bool)>) -> Finding {
    let Some((bytes, no_files)) = free else { return Finding::skipped("disk", "the system does not tell") };
    let mib = bytes >> 20;
    let found = format!("{mib} MiB free; the device itself writes nothing while it runs");
    let remedy = ["sudo journalctl --vacuum-size=50M", "sudo apt clean", "sudo du -xh / | sort -h | tail -20"];
    if mib < 20 || no_files {
        let problem = "the disk is full: updates, the log, and remembering that the camera was closed will fail";
        return Finding { remedy: remedy.map(str::to_owned).to_vec(), ..Finding::bad("disk", found, problem) };
    }
    if mib < 200 {
        return Finding::note("disk", found, "it will soon be full").with(remedy[0]).with(remedy[1]);
    }
    Finding::good("disk", found)
}

fn temperature(celsius: Option<f32>) -> Finding {
    let Some(celsius) = celsius else { return Finding::skipped("temperature", "this machine does not tell") };
    let found = format!("{celsius:.0} °C");
    if celsius >= HOT {
        let problem = format!("too hot: from {HOT:.0} °C on a Pi slows itself down, and moods come later");
        return Finding::bad("temperature", found, problem).with("a heat sink, or holes in the case; then look again");
    }
    Finding::good("temperature", found)
}

fn supply(throttling: Option<Throttling>, is_pi: bool) -> Finding {
    let Some(state) = throttling else {
        return Finding::skipped(
            "supply",
            if is_pi { "the firmware does not tell" } else { "only a Raspberry Pi tells" },
        );
    };
    let remedy = "a supply of 5.1 V and 2.5 A or more (Pi 4: 3 A, Pi 5: 5 A), and a short cable; then look again";
    match state {
        Throttling { weak_now: true, .. } => {
            Finding::bad("supply", "too weak now", "the voltage is too low: cameras fail, and the card can be damaged")
                .with(remedy)
        }
        Throttling { weak_before: true, .. } => {
            Finding::note("supply", "good now, too weak at some time since the start", "the voltage was too low")
                .with(remedy)
        }
        Throttling { slow_now: true, .. } => {
            Finding::note("supply", "good; but the processor is slowed down now", "it is too hot")
                .with("a heat sink, or holes in the case")
        }
        _ => Finding::good("supply", "good since the start"),
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Verdict, user::with_files},
        *,
    };
    use crate::publish::MqttSettings;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_clock_is_set_unsure_or_never_was() {
        let (_root, nobody) = with_files(&[]);
        let (_root, synchronised) = with_files(&[(SYNCHRONISED, "")]);
        let (_root, chrony) = with_files(&[(CHRONY, "7")]);
        let today = at("2026-11-23T06:00:00Z");
        assert_eq!(clock(today, &synchronised).verdict, Verdict::Good);
        assert_eq!(clock(today, &chrony).verdict, Verdict::Good);
        assert_eq!(clock(today, &nobody).verdict, Verdict::Note);
        let never = clock(at("1970-01-01T00:01:00Z"), &synchronised);
        assert_eq!(never.verdict, Verdict::Bad);
        assert!(never.remedy.iter().any(|line| line.contains("timedatectl set-ntp true")));
    }

    #[test]
    fn a_full_disk_is_told_before_it_is_full() {
        let verdict = |mib: u64| disk(Some((mib << 20, false))).verdict;
        assert_eq!([5, 100, 1000].map(verdict), [Verdict::Bad, Verdict::Note, Verdict::Good]);
        assert_eq!(disk(Some((1 << 40, true))).verdict, Verdict::Bad, "no room for one more file");
        assert_eq!(disk(None).verdict, Verdict::Skipped);
    }

    #[test]
    fn heat_and_a_weak_supply_are_told_with_what_to_do() {
        assert_eq!(temperature(Some(48.3)), Finding::good("temperature", "48 °C"));
        assert_eq!(temperature(Some(80.5)).verdict, Verdict::Bad);
        let of = |bits| supply(Some(Throttling::from_bits(bits)), true).verdict;
        assert_eq!([0, 1, 1 << 16, 0b100].map(of), [Verdict::Good, Verdict::Bad, Verdict::Note, Verdict::Note]);
        assert_eq!(supply(None, false).found, "only a Raspberry Pi tells");
    }

    #[test]
    fn a_machine_without_a_configuration_is_told_where_to_put_one() {
        let pi = Some("Raspberry Pi 4 Model B Rev 1.4".to_owned());
        let defaults = identity(pi.clone(), &Origin::Defaults);
        assert!(defaults.remedy[0].contains(PLACE));
        assert!(MqttSettings::default().is_auto() && defaults.problem.unwrap().contains("it looks for a host"));
        assert_eq!(identity(pi, &Origin::File(PLACE.into())).verdict, Verdict::Good);
        assert_eq!(identity(None, &Origin::File(PLACE.into())).verdict, Verdict::Note);
    }
}
