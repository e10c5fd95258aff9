//! A Debian package, looked into: what it is called, and for which processor it is.
//!
//! In: a .deb file. Out: [`Package`]. What fails: it is no package, or packed in a way that is not read here.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use thiserror::Error;

use crate::os::Arch;

/// A package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Where its file is.
    pub path: PathBuf,
    /// The file's name.
    pub file: String,
    /// Its name, such as `moodring-device`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// `arm64`, `armhf`, `amd64` or `all`.
    pub arch: String,
}

/// Why a package cannot be used.
#[derive(Debug, Error)]
pub enum PackageError {
    /// It cannot be read.
    #[error("{path}: {why}")]
    Unreadable {
        /// The file.
        path: String,
        /// What was found.
        why: String,
    },
    /// It is for another processor.
    #[error("{file} is for {found}, and the card has a {card} system: take the package for {wanted}")]
    OtherArch {
        /// The file.
        file: String,
        /// Its processor.
        found: String,
        /// The card's, for people.
        card: &'static str,
        /// The one that would do.
        wanted: &'static str,
    },
    /// There is none.
    #[error(
        "there is no package of the device for {wanted} in {folder}: 'make packages' builds it, --package FILE names one"
    )]
    None {
        /// The processor.
        wanted: &'static str,
        /// Where was looked.
        folder: String,
    },
    /// The device is to be on the card, and is not.
    #[error("none of the packages is moodring-device")]
    NoDevice,
    /// The host is to run on the Pi, and is not there.
    #[error(
        "the host is to be on this Pi (--host here), and no package of it was named: add --package moodring-host_…_{0}.deb"
    )]
    NoHost(&'static str),
}

impl Package {
    /// Looks into a package.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub fn open(path: &Path) -> Result<Self, PackageError> {
        let wrong = |why: String| PackageError::Unreadable { path: path.display().to_string(), why };
        let file = fs::File::open(path).map_err(|why| wrong(why.to_string()))?;
        let control = control(file).map_err(|why| wrong(format!("this is no Debian package: {why}")))?;
        let field = |name: &str| {
            let value = control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value
                .map(|value| value.trim().to_owned())
                .ok_or_else(|| wrong(format!("the package does not say its {name}")))
        };
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !file.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~')) {
            return Err(wrong("its name has characters that a package's has not; rename it".to_owned()));
        }
        Ok(Self {
            path: path.to_owned(),
            file,
            name: field("Package")?,
            version: field("Version")?,
            arch: field("Architecture")?,
        })
    }
}

fn control(file: impl Read) -> io::Result<String> {
    let mut archive = ar::Archive::new(file);
    while let Some(entry) = archive.next_entry() {
        let entry = entry?;
        let name = String::from_utf8_lossy(entry.header().identifier()).into_owned();
        let Some(kind) = name.trim_end_matches('/').strip_prefix("control.tar") else { continue };
        let unpacked: Box<dyn Read> = match kind {
            "" => Box::new(entry),
            ".gz" => Box::new(flate2::read::GzDecoder::new(entry)),
            ".xz" => Box::new(lzma_rust2::XzReader::new(entry, true)),
            other => {
                return Err(io::Error::other(format!(
                    "its control file is packed as {other}; only xz and gz are read"
                )));
            }
        };
        let mut tar = tar::Archive::new(unpacked);
        for entry in tar.entries()? {
            let mut entry = entry?;
            if entry.path()?.file_name().is_some_and(|name| name == "control") {
                let mut text = String::new();
                // Control files are a page long; a larger one is none.
                entry.by_ref().take(1 << 20).read_to_string(&mut text)?;
                return Ok(text);
            }
        }
    }
    Err(io::Error::other("it has no control file"))
}

/// The packages for a card: those that were named, else those in `folder` that fit.
///
/// # Errors
/// One cannot be read or is for another processor, or one that is needed is missing.
pub fn choose(named: &[PathBuf], folder: &Path, arch: Arch, with_host: bool) -> Result<Vec<Package>, PackageError> {
    let mut chosen = Vec::new();
    for path in named {
        chosen.push(fitting(Package::open(path)?, arch)?);
    }
    if named.is_empty() {
        let none = || PackageError::None { wanted: arch.word(), folder: folder.display().to_string() };
        let entries = fs::read_dir(folder).map_err(|_| none())?;
        let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        // Of several versions the newest file counts: what was built last.
        paths.sort_by_key(|path| fs::metadata(path).and_then(|data| data.modified()).ok());
        for name in if with_host { &["moodring-device", "moodring-host"][..] } else { &["moodring-device"][..] } {
            let fits = |path: &&PathBuf| {
                let file = path.file_name().map(|file| file.to_string_lossy().into_owned()).unwrap_or_default();
                file.starts_with(&format!("{name}_")) && file.ends_with(&format!("_{}.deb", arch.word()))
            };
            if let Some(path) = paths.iter().rev().find(fits) {
                chosen.push(fitting(Package::open(path)?, arch)?);
            } else if *name == "moodring-device" {
                return Err(none());
            }
        }
    }
    if !chosen.iter().any(|package| package.name == "moodring-device") {
        return Err(PackageError::NoDevice);
    }
    if with_host && !chosen.iter().any(|package| package.name == "moodring-host") {
        return Err(PackageError::NoHost(arch.word()));
    }
    Ok(chosen)
}

fn fitting(package: Package, arch: Arch) -> Result<Package, PackageError> {
    if package.arch == arch.word() || package.arch == "all" {
        return Ok(package);
    }
    let card = if arch == Arch::Arm64 { "64-bit" } else { "32-bit" };
    Err(PackageError::OtherArch { file: package.file, found: package.arch, card, wanted: arch.word() })
}

#[cfg(test)]
#[path = "package_tests.rs"]
mod tests;
