//! The boot partition, wherever it is: a folder that the desktop mounted, or a FAT inside an image or a card.
//!
//! In: paths with `/` from its root. Out: bytes, names, free room. What fails names the file, what was found,
//! and what to do; a partition that is full is an error of its own.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use thiserror::Error;

/// What a boot partition cannot do.
#[derive(Debug, Error)]
pub enum BootError {
    /// Reading or writing failed.
    #[error("{what}: {why}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        why: io::Error,
    },
    /// There is no room left.
    #[error(
        "the boot partition is full: {wanted} more are needed, {free} are free. Write the card anew, or delete from it what is yours"
    )]
    Full {
        /// What is to be written, for people.
        wanted: String,
        /// What is free, for people.
        free: String,
    },
    /// It is no FAT, or no partition table.
    #[error("{0}")]
    Foreign(String),
}

/// A boot partition.
pub trait Boot {
    /// A file's bytes; `None` where there is none.
    ///
    /// # Errors
    /// It cannot be read.
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BootError>;

    /// Writes a file whole, and the folder it is in.
    ///
    /// # Errors
    /// It cannot be written.
    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), BootError>;

    /// Removes a file; one that is not there is no error.
    ///
    /// # Errors
    /// It cannot be removed.
    fn remove(&mut self, path: &str) -> Result<(), BootError>;

    /// The names in a folder, sorted; none where there is no such folder.
    ///
    /// # Errors
    /// It cannot be read.
    fn names(&self, folder: &str) -> Result<Vec<String>, BootError>;

    /// Bytes that can still be written.
    ///
    /// # Errors
    /// It cannot be found out.
    fn free(&self) -> Result<u64, BootError>;

    /// Sees to it that everything is on the card.
    ///
    /// # Errors
    /// The system cannot write it.
    fn flush(&mut self) -> Result<(), BootError>;
}

/// Turns an error of the system into one that names what was tried.
pub fn failed(what: impl Into<String>) -> impl FnOnce(io::Error) -> BootError {
    let what = what.into();
    move |why| match why.kind() {
        io::ErrorKind::StorageFull => BootError::Full { wanted: what, free: "0 bytes".to_owned() },
        _ => BootError::Io { what, why },
    }
}

/// A boot partition that is mounted.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
}

impl Folder {
    /// The partition mounted here.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }
}

impl Boot for Folder {
    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, BootError> {
        let path = self.root.join(path);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(failed(format!("cannot read {}", path.display()))(why)),
        }
    }

    fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), BootError> {
        let path = self.root.join(path);
        let folder = path.parent().unwrap_or(&self.root);
        let what = || format!("cannot write {}", path.display());
        fs::create_dir_all(folder).map_err(failed(what()))?;
        // Whole or not at all: the old file stays until the new one is on the card.
        let mut new = tempfile::Builder::new().prefix(".moodring").tempfile_in(folder).map_err(failed(what()))?;
        new.write_all(bytes).and_then(|()| new.as_file().sync_all()).map_err(failed(what()))?;
        new.persist(&path).map_err(|why| failed(what())(why.error))?;
        Ok(())
    }

    fn remove(&mut self, path: &str) -> Result<(), BootError> {
        let path = self.root.join(path);
        match fs::remove_file(&path) {
            Err(why) if why.kind() != io::ErrorKind::NotFound => {
                Err(failed(format!("cannot remove {}", path.display()))(why))
            }
            _ => Ok(()),
        }
    }

    fn names(&self, folder: &str) -> Result<Vec<String>, BootError> {
        let path = self.root.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(why) => return Err(failed(format!("cannot read {}", path.display()))(why)),
        };
        let mut names: Vec<String> =
            entries.filter_map(Result::ok).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        Ok(names)
    }

    fn free(&self) -> Result<u64, BootError> {
        let what = format!("cannot ask how full {} is", self.root.display());
        let stat = rustix::fs::statvfs(&self.root).map_err(|why| failed(what)(why.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    fn flush(&mut self) -> Result<(), BootError> {
        let folder = fs::File::open(&self.root).map_err(failed(format!("cannot open {}", self.root.display())))?;
        rustix::fs::syncfs(&folder).map_err(|why| failed("cannot write to the card")(why.into()))
    }
}

/// Bytes as people say them.
pub fn human(bytes: u64) -> String {
    const NAMES: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let (mut tenths, mut name) = (bytes / 100, 0);
    while tenths >= 10_000 && name + 1 < NAMES.len() {
        tenths /= 1000;
        name += 1;
    }
    if tenths >= 100 {
        format!("{} {}", tenths / 10, NAMES[name])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, NAMES[name])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_as_people_say_them() {
        assert_eq!(human(0), "0 bytes");
        assert_eq!(human(1_500), "1.5 kB");
        assert_eq!(human(15_000), "15 kB");
        assert_eq!(human(31_914_983_424), "31 GB");
        assert_eq!(human(2_900_000_000_000), "2.9 TB");
    }

    #[test]
    fn a_folder_keeps_what_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let mut boot = Folder::at(folder.path());
        assert_eq!(boot.read("moodring/id").unwrap(), None);
        boot.write("moodring/id", b"one").unwrap();
        boot.write("moodring/id", b"two").unwrap();
        assert_eq!(boot.read("moodring/id").unwrap().unwrap(), b"two");
        assert_eq!(boot.names("moodring").unwrap(), ["id"]);
        boot.remove("moodring/id").unwrap();
        boot.remove("moodring/id").unwrap();
        assert!(boot.names("moodring").unwrap().is_empty() && boot.names("none").unwrap().is_empty());
        assert!(boot.free().unwrap() > 0);
        boot.flush().unwrap();
    }
}
