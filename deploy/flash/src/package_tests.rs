//! Packages that fit, and those that do not.

use std::fs;

use super::*;
use crate::stock;

#[test]
fn a_package_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moodring-device_0.1.0-1_arm64.deb");
    stock::package(&path, "moodring-device", "arm64");
    let package = Package::open(&path).unwrap();
    assert_eq!(
        (package.name.as_str(), package.version.as_str(), package.arch.as_str()),
        ("moodring-device", "0.1.0-1", "arm64")
    );
}

#[test]
fn the_wrong_processor_is_refused_by_what_the_package_says_not_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("moodring-device_0.1.0-1_armhf.deb");
    stock::package(&path, "moodring-device", "arm64");
    let told = choose(&[path], folder.path(), Arch::Armhf, false).unwrap_err().to_string();
    assert_eq!(
        told,
        "moodring-device_0.1.0-1_armhf.deb is for arm64, and the card has a 32-bit system: take the package for armhf"
    );
}

#[test]
fn by_default_the_newest_that_fits_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let none = choose(&[], folder.path(), Arch::Arm64, false).unwrap_err().to_string();
    assert!(none.contains("make packages"), "{none}");
    assert!(choose(&[], &at("nowhere"), Arch::Arm64, false).unwrap_err().to_string().contains("--package"));
    let second = std::time::Duration::from_secs(1);
    for (age, name) in ["moodring-device_0.2.0-1_arm64.deb", "moodring-device_0.1.0-1_arm64.deb"].iter().enumerate() {
        stock::package(&at(name), "moodring-device", "arm64");
        let file = fs::File::options().write(true).open(at(name)).unwrap();
        file.set_modified(std::time::SystemTime::now() - second * (60 * age as u32)).unwrap();
    }
    stock::package(&at("moodring-device_0.3.0-1_armhf.deb"), "moodring-device", "armhf");
    let files = |chosen: Vec<Package>| chosen.into_iter().map(|package| package.file).collect::<Vec<_>>();
    assert_eq!(files(choose(&[], folder.path(), Arch::Arm64, false).unwrap()), ["moodring-device_0.2.0-1_arm64.deb"]);
    assert!(choose(&[], folder.path(), Arch::Arm64, true).unwrap_err().to_string().contains("moodring-host"));
    stock::package(&at("moodring-host_0.1.0-1_arm64.deb"), "moodring-host", "arm64");
    assert_eq!(choose(&[], folder.path(), Arch::Arm64, true).unwrap().len(), 2);
    let host = at("moodring-host_0.1.0-1_arm64.deb");
    assert!(matches!(choose(&[host], folder.path(), Arch::Arm64, true), Err(PackageError::NoDevice)));
}

#[test]
fn what_is_no_package_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.deb");
    for bytes in
        [&b""[..], b"<html>404</html>", b"!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n"]
    {
        fs::write(&path, bytes).unwrap();
        let told = Package::open(&path).unwrap_err().to_string();
        assert!(told.contains("no Debian package"), "{told}");
    }
    assert!(Package::open(&folder.path().join("none.deb")).unwrap_err().to_string().contains("No such file"));
}
