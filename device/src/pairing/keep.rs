//! What is kept of the host: its key, its last address, and what to connect with.
//!
//! In and out: `host.json` in the service's state directory, for its owner alone, written whole or not at all.
//! Fails when it cannot be written; one that cannot be read is set aside under another name, and said.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use moodring_pairing::wire::Kept;
use thiserror::Error;

use crate::durable::sync_name;

/// The shape of the file.
const VERSION: u32 = 1;

/// What is kept cannot be used.
#[derive(Debug, Error)]
pub enum KeepError {
    /// There is no folder.
    #[error("there is no folder to keep the pairing in: set STATE_DIRECTORY or HOME")]
    NoFolder,
    /// The file cannot be read or written.
    #[error("the pairing {path}: {why}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The file says something else.
    #[error("the pairing {path} cannot be read ({why}); it is {aside} now, and this device has to be paired again")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
        /// Its new name.
        aside: PathBuf,
    },
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Keep {
    file: Option<PathBuf>,
}

impl Keep {
    /// This service's.
    pub fn of_this_service() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let service = Path::new("/var/lib/moodring-device");
        let service = (rustix::process::geteuid().is_root() && service.is_dir()).then_some(service);
        Self { file: super::folder(service, variable).map(|folder| folder.join("host.json")) }
    }

    /// In this folder.
    pub fn within(folder: &Path) -> Self {
        Self { file: Some(folder.join("host.json")) }
    }

    /// What is kept; `None` for nothing.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self) -> Result<Option<Kept>, KeepError> {
        let Some(path) = &self.file else { return Ok(None) };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(why) => return Err(KeepError::File { path: path.clone(), why }),
        };
        let damaged = |why: String| {
            let aside = path.with_extension("unreadable");
            // Where it cannot be set aside either, the next pairing replaces it.
            let _ = fs::rename(path, &aside);
            KeepError::Damaged { path: path.clone(), why, aside }
        };
        let kept: Kept = serde_json::from_str(&text).map_err(|why| damaged(why.to_string()))?;
        if kept.v != VERSION || kept.key().is_none() {
            return Err(damaged("it is of another version, or names no key".to_owned()));
        }
        Ok(Some(kept))
    }

    /// Whether it may be read, if it is there.
    ///
    /// # Errors
    /// It may not.
    pub fn check(&self) -> Result<(), KeepError> {
        let Some(path) = &self.file else { return Ok(()) };
        match fs::File::open(path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => Err(KeepError::File { path: path.clone(), why }),
            _ => Ok(()),
        }
    }

    /// Keeps it.
    ///
    /// # Errors
    /// It cannot be written; then what was kept before still is.
    pub fn write(&self, kept: &Kept) -> Result<(), KeepError> {
        let path = self.file.as_ref().ok_or(KeepError::NoFolder)?;
        let failed = |why| KeepError::File { path: path.clone(), why };
        if let Some(folder) = path.parent() {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        }
        let beside = path.with_extension(format!("{}.new", std::process::id()));
        let written = || {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
            file.write_all(&serde_json::to_vec_pretty(kept).map_err(io::Error::other)?)?;
            file.sync_all()?;
            fs::rename(&beside, path)?;
            // The name as well: a power cut must not undo a pairing that the host counts on.
            sync_name(path)
        };
        written().map_err(|why| {
            let _ = fs::remove_file(&beside);
            failed(why)
        })
    }

    /// Forgets it; whether there was anything.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn forget(&self) -> Result<bool, KeepError> {
        let Some(path) = &self.file else { return Ok(false) };
        match fs::remove_file(path) {
            Ok(()) => Ok(true),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(why) => Err(KeepError::File { path: path.clone(), why }),
        }
    }

    /// Whether the file is not there.
    pub(super) fn is_gone(&self) -> bool {
        self.file.as_ref().is_some_and(|file| matches!(file.try_exists(), Ok(false)))
    }
}
