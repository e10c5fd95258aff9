//! Whether the camera was closed on purpose, kept over a restart and a power cut.
//!
//! In: that somebody closed the camera, or opened it. Out: an empty file `private` in the folder that
//! systemd keeps for the service (`StateDirectory=`), there while it is closed. It is written only when
//! somebody asks, and at once to the disk: the plug may be pulled next. What can fail is writing: then the
//! camera is closed all the same, and it is said that this will not be remembered.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use tracing::warn;

use crate::durable::sync_name;

/// The variable in which systemd names the folder.
const FOLDER: &str = "STATE_DIRECTORY";

/// What is remembered.
#[derive(Debug)]
pub struct Memory {
    /// `None` where nobody provides a folder: then nothing is remembered.
    file: Option<PathBuf>,
}

impl Memory {
    /// This service's.
    pub fn of_this_service() -> Self {
        Self::within(std::env::var_os(FOLDER).as_deref().map(Path::new))
    }

    fn within(folder: Option<&Path>) -> Self {
        Self { file: folder.map(|folder| folder.join("private")) }
    }

    /// Whether the camera was closed when the program last ran.
    pub fn is_private(&self) -> bool {
        self.file.as_ref().is_some_and(|file| file.exists())
    }

    /// The camera is to stay closed, over a restart too.
    pub fn closed(&self) {
        let there = |file: &Path| {
            fs::File::create(file)?.sync_all()?;
            sync_name(file)
        };
        self.keep(there, "stays closed");
    }

    /// The camera may be open.
    pub fn opened(&self) {
        let gone = |file: &Path| match fs::remove_file(file) {
            Ok(()) => sync_name(file),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        };
        self.keep(gone, "is open again");
    }

    fn keep(&self, write: impl Fn(&Path) -> io::Result<()>, what: &str) {
        let Some(file) = &self.file else { return };
        if let Err(why) = write(file) {
            let hint = if why.kind() == io::ErrorKind::StorageFull {
                "; free some space: journalctl --vacuum-size=50M"
            } else {
                ""
            };
            warn!("that the camera {what} cannot be remembered over a restart, in {}: {why}{hint}", file.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_camera_is_remembered_until_it_is_opened() {
        let folder = tempfile::tempdir().unwrap();
        let memory = || Memory::within(Some(folder.path()));
        assert!(!memory().is_private());
        memory().opened();
        memory().closed();
        memory().closed();
        assert!(memory().is_private());
        memory().opened();
        assert!(!memory().is_private());
    }

    #[test]
    fn where_nothing_can_be_kept_nothing_fails() {
        for folder in [None, Some(Path::new("/nowhere/at/all"))] {
            let memory = Memory::within(folder);
            memory.closed();
            assert!(!memory.is_private());
        }
    }
}
