//! Which system is on a card, by what lies on its boot partition.
//!
//! In: a [`Boot`]. Out: [`Os`]: by what means it takes its settings, and for which processor its packages
//! are. What fails: it is no Raspberry Pi OS that Moodring knows; the message says what it is instead.

use std::fmt;

use thiserror::Error;

use crate::boot::{Boot, BootError};

/// How a system takes its settings at the first boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// cloud-init reads its files from the boot partition: Trixie.
    CloudInit,
    /// systemd runs a script that cmdline.txt names: Bookworm, and the first Trixie of October 2025.
    FirstRun,
}

/// For which processor a system's packages are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// 64-bit.
    Arm64,
    /// 32-bit.
    Armhf,
}

impl Arch {
    /// As Debian calls it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arm64 => "arm64",
            Self::Armhf => "armhf",
        }
    }
}

/// A Raspberry Pi OS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Os {
    /// How it takes its settings.
    pub means: Means,
    /// Its processor.
    pub arch: Arch,
    /// When it was made, `2026-06-18`.
    pub date: String,
    /// Whether it is the one without a desktop.
    pub is_lite: bool,
}

impl fmt::Display for Os {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.arch == Arch::Arm64 { "64-bit" } else { "32-bit" };
        let lite = if self.is_lite { " Lite" } else { " with desktop" };
        let means = if self.means == Means::CloudInit { "cloud-init" } else { "firstrun.sh" };
        write!(f, "Raspberry Pi OS{lite} ({bits}) of {}, set up through {means}", self.date)
    }
}

/// Why a card is not for Moodring.
#[derive(Debug, Error)]
pub enum OsError {
    /// It is something else.
    #[error("this is {found}; Moodring wants Raspberry Pi OS Lite, Bookworm or newer. {next}")]
    Other {
        /// What it is.
        found: String,
        /// What to do.
        next: &'static str,
    },
    /// The partition cannot be read.
    #[error(transparent)]
    Boot(#[from] BootError),
}

const WRITE_ANEW: &str = "Write that with Raspberry Pi Imager, and come back";

/// The first release of Bookworm.
const BOOKWORM: &str = "2023-10-10";

/// Other systems for the Raspberry Pi, by a file that they alone have.
const OTHERS: [(&str, &str); 7] = [
    ("dietpi.txt", "DietPi"),
    ("boot.scr.uimg", "Armbian"),
    ("armbianEnv.txt", "Armbian"),
    ("haos-config.txt", "Home Assistant OS"),
    ("SYSTEM", "LibreELEC"),
    ("recovery.cmdline", "NOOBS"),
    ("retropie.txt", "RetroPie"),
];

/// Which system this is.
///
/// # Errors
/// It is not one that Moodring knows, or the partition cannot be read.
pub fn find(boot: &dyn Boot) -> Result<Os, OsError> {
    let names = boot.names("")?;
    let has = |name: &str| names.iter().any(|found| found.eq_ignore_ascii_case(name));
    let other = |found: &str| OsError::Other { found: found.to_owned(), next: WRITE_ANEW };
    if let Some((_, system)) = OTHERS.iter().find(|(file, _)| has(file)) {
        return Err(other(system));
    }
    if !has("config.txt") || !has("cmdline.txt") {
        return Err(OsError::Other {
            found: "no boot partition of a Raspberry Pi (config.txt and cmdline.txt are not both there)".to_owned(),
            next: "The boot partition is the small one, mostly called bootfs; name that, or write the card first",
        });
    }
    let Some(issue) = boot.read("issue.txt")? else {
        let cloud = has("user-data") || has("meta-data");
        return Err(other(if cloud {
            "Ubuntu or another system with cloud-init"
        } else {
            "another system (there is no issue.txt)"
        }));
    };
    let issue = String::from_utf8_lossy(&issue);
    // "Raspberry Pi reference 2026-06-18", and in the next line the stage: 2 is Lite.
    let Some(date) = issue.lines().find_map(|line| line.strip_prefix("Raspberry Pi reference ")) else {
        return Err(other(&format!("another system ({:?})", issue.lines().next().unwrap_or_default())));
    };
    let date: String = date.trim().chars().take(10).collect();
    if date.as_str() < BOOKWORM {
        return Err(other(&format!("Raspberry Pi OS of {date}, older than Bookworm")));
    }
    let arch = if has("kernel7.img") || has("kernel7l.img") {
        Arch::Armhf
    } else if has("kernel8.img") || has("kernel_2712.img") {
        Arch::Arm64
    } else {
        return Err(other("a Raspberry Pi OS without a kernel: the card was not written to its end"));
    };
    let means = if has("user-data") || has("meta-data") { Means::CloudInit } else { Means::FirstRun };
    Ok(Os { means, arch, date, is_lite: issue.contains("stage2") })
}

#[cfg(test)]
#[path = "os_tests.rs"]
mod tests;
