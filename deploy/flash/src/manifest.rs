//! A list for Raspberry Pi Imager, so that it offers a prepared image with its own page of settings.
//!
//! In: an image that was prepared with `--for-imager`, packed or not, and where it will lie. Out: JSON of the
//! form that Imager's `doc/json-schema/os-list-schema.json` describes. What fails: the image cannot be read,
//! is not one of Raspberry Pi OS, or was not prepared.

use std::{
    fs::{self, File},
    io,
    path::Path,
};

use anyhow::{Context, Result, bail};
use serde::Serialize;

use crate::{
    boot::Boot,
    fat::Fat,
    image::{self, Sparse},
    os::{self, Arch, Means, Os},
    plan::hex,
};

/// The list.
#[derive(Debug, Serialize)]
pub struct List {
    os_list: Vec<Entry>,
}

/// An image in the list.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    description: String,
    icon: String,
    url: String,
    extract_size: u64,
    extract_sha256: String,
    image_download_size: u64,
    image_download_sha256: String,
    release_date: String,
    /// Which page of settings Imager shows, and what it writes of them.
    init_format: &'static str,
    devices: Vec<&'static str>,
    website: &'static str,
}

/// Imager's names for the Pis that a system runs on.
fn devices(arch: Arch) -> Vec<&'static str> {
    match arch {
        Arch::Arm64 => vec!["pi5-64bit", "pi4-64bit", "pi3-64bit"],
        Arch::Armhf => vec!["pi5-32bit", "pi4-32bit", "pi3-32bit", "pi2-32bit"],
    }
}

/// Describes an image. `url` is where it can be had; without one, where it is.
///
/// # Errors
/// The image cannot be read, is none of Raspberry Pi OS, or was not prepared.
pub fn describe(path: &Path, url: Option<&str>, told: &mut dyn FnMut(u64)) -> Result<List> {
    let reading = || format!("cannot read {}", path.display());
    let download = image::pass(&mut File::open(path).with_context(reading)?, &mut io::sink(), None, &mut |_| {})
        .with_context(reading)?;
    let mut plain = tempfile::tempfile().context("cannot make a file for the boot partition")?;
    let mut head = Sparse::new(plain.try_clone()?);
    let extract =
        image::pass(&mut *image::open(path).with_context(reading)?, &mut head, None, told).with_context(reading)?;
    plain = head.finish()?;
    let boot = Fat::open(plain).with_context(|| path.display().to_string())?;
    let os = os::find(&boot).with_context(|| path.display().to_string())?;
    if boot.read("moodring/first-boot")?.is_none() {
        bail!("{} is not prepared yet: deploy/pi/flash --for-imager {0}", path.display());
    }
    if boot.read("moodring/after/user-data")?.is_some_and(|text| text.windows(9).any(|word| word == b"hostname:")) {
        bail!("{} holds somebody's own settings; prepare a new one with --for-imager", path.display());
    }
    let url = match url {
        Some(url) => url.to_owned(),
        None => format!("file://{}", fs::canonicalize(path).with_context(reading)?.display()),
    };
    Ok(List { os_list: vec![entry(&os, url, &extract, &download)] })
}

fn entry(os: &Os, url: String, extract: &image::Passed, download: &image::Passed) -> Entry {
    let bits = if os.arch == Arch::Arm64 { "64-bit" } else { "32-bit" };
    Entry {
        name: format!("Moodring ({bits})"),
        description:
            "Watches a room, shows its mood, and asks the host for music. Raspberry Pi OS Lite with the device"
                .to_owned(),
        icon: ICON.to_owned(),
        url,
        extract_size: extract.length,
        extract_sha256: hex(&extract.sha256),
        image_download_size: download.length,
        image_download_sha256: hex(&download.sha256),
        release_date: os.date.clone(),
        init_format: if os.means == Means::CloudInit { "cloudinit-rpi" } else { "systemd" },
        devices: devices(os.arch),
        website: env!("CARGO_PKG_REPOSITORY"),
    }
}

/// A ring in the colour of joy; in the list itself, so that nothing has to be fetched.
const ICON: &str = "data:image/svg+xml;base64,PHN2ZyB4bWxucz0iaHR0cDovL3d3dy53My5vcmcvMjAwMC9zdmciIHdpZHRoPSI0MCIgaGVpZ2h0PSI0MCI+PGNpcmNsZSBjeD0iMjAiIGN5PSIyMCIgcj0iMTQiIGZpbGw9Im5vbmUiIHN0cm9rZT0iI2Y2YjczYyIgc3Ryb2tlLXdpZHRoPSI4Ii8+PC9zdmc+";
