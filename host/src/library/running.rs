//! Only one program at a time plays from a state directory; a restore must not run beside it.
//!
//! In: the directory. Out: a lock that the kernel lets go when the program ends, however it ends. Fails when another
//! program holds it, or the directory cannot be written.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// The name of the file that is locked; what stands in it means nothing.
const NAME: &str = "running.lock";

/// Why the state directory is not ours.
#[derive(Debug, Error)]
pub enum NotAlone {
    /// Another program uses it.
    #[error("Moodring runs already with its state in {0}; stop it first (`systemctl stop moodring-host`)")]
    Running(PathBuf),
    /// The lock cannot be taken.
    #[error("cannot lock {0}: {1}; set state_dir to a folder that can be written")]
    Other(PathBuf, io::Error),
}

/// While it lives, no other program runs from this directory.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "held open, as its end lets go")] File);

impl Alone {
    /// Takes the directory, which is made where missing.
    ///
    /// # Errors
    /// Another program has it, or it cannot be written.
    pub fn in_dir(state_dir: &Path) -> Result<Self, NotAlone> {
        let path = state_dir.join(NAME);
        let other = |e| NotAlone::Other(path.clone(), e);
        super::private::folder(state_dir).map_err(other)?;
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(other)?;
        super::private::hand_over(&path, state_dir);
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(NotAlone::Running(state_dir.to_owned())),
            Err(TryLockError::Error(e)) => Err(other(e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Alone::in_dir(dir.path()).unwrap();
        let second = Alone::in_dir(dir.path()).unwrap_err();
        assert!(second.to_string().contains("runs already") && second.to_string().contains("stop it first"));
        drop(first);
        Alone::in_dir(dir.path()).unwrap();
    }
}
