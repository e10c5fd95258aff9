//! A backup: one file with all that Moodring keeps, made while it runs, and put back when it does not.
//!
//! In: the state directory and the settings' file; or such a backup. Out: a tar archive, gzipped, that begins with a
//! list of what it holds and the SHA-256 of each, for this user only; or the state as it was. `make` writes one,
//! `restore` reads it. Fails with one sentence, and then nothing has changed.

mod make;
mod restore;
#[cfg(test)]
mod tests;

use std::{
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use jiff::Timestamp;
use ring::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::library::{StoreError, running::NotAlone, store};

pub use make::{Made, make};
pub use restore::{Restored, restore};

/// What lies in the state directory beside the database and belongs into a backup.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// A file, or a folder with all below it.
    pub path: &'static str,
    /// Whether somebody else could use it.
    pub secret: bool,
    /// What it is, for people.
    pub what: &'static str,
}

/// Everything but the database and the settings; what is not named here can be made anew, or is not ours.
pub const KEPT: [Kept; 4] = [
    Kept { path: moodring_spotify::grant::FILE, secret: true, what: "the Spotify log-in" },
    Kept { path: "spotify-limits.json", secret: false, what: "what was asked of Spotify lately" },
    Kept { path: "tls-key.pem", secret: true, what: "the key that devices know this host by" },
    Kept { path: "tls-cert.pem", secret: false, what: "its certificate" },
];

/// The list at the start of a backup.
const LIST: &str = "moodring-backup.json";

/// The settings, in a backup.
const SETTINGS: &str = "moodring-host.toml";

/// The form of backups that this program writes and reads.
const FORM: u32 = 1;

/// What stands at the start of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct List {
    form: u32,
    made: Timestamp,
    by: String,
    files: Vec<Listed>,
}

/// A file in a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Listed {
    name: String,
    bytes: u64,
    sha256: String,
}

/// Why a backup was not made, or not put back. Nothing has changed then.
#[derive(Debug, Error)]
pub enum BackupError {
    /// There is nothing to keep.
    #[error("there is no database in {0}, so there is nothing to back up; set state_dir, or start Moodring once")]
    Nothing(PathBuf),
    /// The file is there already.
    #[error("{0} is there already, and nothing is overwritten; choose another name")]
    There(PathBuf),
    /// The backup cannot be written.
    #[error("cannot write the backup {0}: {1}; nothing was left behind: choose another place, or make room")]
    Write(PathBuf, io::Error),
    /// The backup cannot be read.
    #[error("cannot read {0}: {1}; nothing was changed")]
    Read(PathBuf, io::Error),
    /// It is no backup.
    #[error("{0} is no backup of Moodring's; nothing was changed")]
    Foreign(PathBuf),
    /// It is damaged or cut off.
    #[error("the backup {0} is damaged: {1}; nothing was changed: use another one")]
    Damaged(PathBuf, String),
    /// There is no room to look at it.
    #[error("there is no room to unpack {0} beside the database; nothing was changed: make room and try again")]
    Full(PathBuf),
    /// A newer program made it.
    #[error("the backup {0} was made by a newer Moodring ({1}); nothing was changed: update this program first")]
    Newer(PathBuf, String),
    /// Moodring runs.
    #[error(transparent)]
    NotAlone(#[from] NotAlone),
    /// The state directory cannot be written.
    #[error("cannot write into {0}: {1}; what was there stays, and the same command goes on where this ended")]
    State(PathBuf, io::Error),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether a file of this name belongs into a backup, and so may be put back.
fn belongs(name: &str) -> bool {
    let path = Path::new(name);
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain && (name == store::FILE || name == SETTINGS || KEPT.iter().any(|kept| path.starts_with(kept.path)))
}

/// The SHA-256 of what is read while it is copied, and how many bytes there were.
fn copied(mut from: impl Read, mut to: impl io::Write) -> io::Result<(u64, String)> {
    let (mut digest, mut bytes, mut buffer) = (Context::new(&SHA256), 0, vec![0; 64 * 1024]);
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        digest.update(&buffer[..n]);
        to.write_all(&buffer[..n])?;
        bytes += n as u64;
    }
    Ok((bytes, digest.finish().as_ref().iter().map(|b| format!("{b:02x}")).collect()))
}
