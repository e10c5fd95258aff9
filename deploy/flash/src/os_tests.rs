//! Which systems are known, and what is said of others.

use super::*;
use crate::{boot::Folder, stock};

#[test]
fn trixie_and_bookworm_in_both_widths() {
    let folder = tempfile::tempdir().unwrap();
    for (trixie, arm64) in [(true, true), (true, false), (false, true), (false, false)] {
        let boot = stock::folder(&folder.path().join(format!("{trixie}{arm64}")), trixie, arm64);
        let os = find(&boot).unwrap();
        assert_eq!(os.means, if trixie { Means::CloudInit } else { Means::FirstRun });
        assert_eq!(os.arch, if arm64 { Arch::Arm64 } else { Arch::Armhf });
        assert!(os.is_lite);
    }
    let os = find(&stock::folder(&folder.path().join("one"), true, true)).unwrap();
    assert_eq!(os.to_string(), "Raspberry Pi OS Lite (64-bit) of 2026-06-18, set up through cloud-init");
}

#[test]
fn others_are_named() {
    type Spoil = fn(&mut Folder);
    let spoils: [(&str, Spoil); 8] = [
        ("DietPi", |boot| boot.write("dietpi.txt", b"").unwrap()),
        ("LibreELEC", |boot| boot.write("SYSTEM", b"").unwrap()),
        ("no boot partition", |boot| boot.remove("cmdline.txt").unwrap()),
        ("Ubuntu", |boot| boot.remove("issue.txt").unwrap()),
        ("older than Bookworm", |boot| boot.write("issue.txt", b"Raspberry Pi reference 2023-05-03\nstage2").unwrap()),
        ("\"Debian 13\"", |boot| boot.write("issue.txt", b"Debian 13\n").unwrap()),
        ("without a kernel", |boot| boot.remove("kernel8.img").unwrap()),
        ("another system", |boot| {
            boot.remove("issue.txt").unwrap();
            boot.remove("user-data").unwrap();
            boot.remove("meta-data").unwrap();
        }),
    ];
    for (part, spoil) in spoils {
        let folder = tempfile::tempdir().unwrap();
        let mut boot = stock::folder(folder.path(), true, true);
        spoil(&mut boot);
        let told = find(&boot).unwrap_err().to_string();
        assert!(told.contains(part) && told.contains("Raspberry Pi OS Lite"), "{told}");
    }
}

#[test]
fn a_desktop_is_known_as_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut boot = stock::folder(folder.path(), true, true);
    boot.write("issue.txt", b"Raspberry Pi reference 2026-06-18\nGenerated using pi-gen, stage4\n").unwrap();
    assert!(!find(&boot).unwrap().is_lite);
}
