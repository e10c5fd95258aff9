//! What the scripts that come before every build make of the machine: `deploy/setup` and `deploy/fetch-tflite`, with
//! tools that stand in for the machine's own. Nothing is fetched, and nothing installed.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Output},
};

/// A machine by what it says of itself. No architecture: without dpkg.
fn on(machine: (&str, &str, &str), script: &str, arguments: &[&str], arch: Option<&str>) -> (Output, String) {
    let (architecture, kernel, bits) = machine;
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    let tool = |name: &str, does: &str| {
        let path = folder.path().join(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} \"$@\" >>{}\n{does}\n", asked.display())).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    };
    tool("dpkg", &if architecture.is_empty() { "exit 127".to_owned() } else { format!("echo {architecture}") });
    tool("uname", &format!("echo {kernel}"));
    tool("getconf", &format!("echo {bits}"));
    // pip is there, and reaches nobody.
    tool("python3", "case $* in *--version*) exit 0 ;; esac; exit 1");
    for name in ["apt-get", "sudo"] {
        tool(name, "exit 1");
    }
    let path = format!("{}:/usr/bin:/bin", folder.path().display());
    let mut command = Command::new("bash");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(script)).args(arguments).env("PATH", path);
    match arch {
        Some(arch) => command.env("ARCH", arch),
        None => command.env_remove("ARCH"),
    };
    let output = command.output().unwrap();
    (output, fs::read_to_string(asked).unwrap_or_default())
}

#[test]
fn the_library_is_that_of_the_system_and_not_of_its_kernel() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("none").display().to_string();
    for (machine, arch, wanted) in [
        (("armhf", "aarch64", "32"), None, "armv7l"),
        (("armhf", "armv7l", "32"), None, "armv7l"),
        (("arm64", "aarch64", "64"), None, "aarch64"),
        (("amd64", "x86_64", "64"), None, "x86_64"),
        (("", "aarch64", "32"), None, "armv7l"),
        (("", "aarch64", "64"), None, "aarch64"),
        (("", "x86_64", "64"), None, "x86_64"),
        (("amd64", "x86_64", "64"), Some("armv7"), "armv7l"),
    ] {
        let (output, asked) = on(machine, "fetch-tflite", &[nowhere.as_str()], arch);
        assert!(!output.status.success(), "{machine:?}: something was fetched");
        assert!(asked.contains(&format!("--platform manylinux_2_35_{wanted} ")), "{machine:?}: {asked}");
    }
    // The first Raspberry Pi and the first Zero: Debian calls them armhf too.
    let (output, asked) = on(("armhf", "armv6l", "32"), "fetch-tflite", &[nowhere.as_str()], None);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("no TensorFlow Lite library is pinned for armv6l") && !asked.contains("python3"), "{told}");
}

#[test]
fn a_32_bit_system_is_told_what_to_do_instead_of_building() {
    let (output, asked) = on(("armhf", "aarch64", "32"), "setup", &[], None);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("PACKAGES=device-armhf"), "{told}");
    assert_eq!(told.matches("setup: ").count(), 1, "{told}");
    assert!(output.stdout.is_empty() && !asked.contains("apt-get") && !asked.contains("sudo"), "{asked}");
}
