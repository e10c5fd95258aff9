//! Small files that outlive a restart: written whole or not at all, for this user only.
//!
//! In: a path and bytes. Fails when the folder cannot be written; then the old file stays.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Puts `bytes` into `path` with mode 0600: in a file beside it first, which then takes its name.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    };
    fs::create_dir_all(&folder)?;
    let mut file = tempfile::Builder::new()
        .prefix(".spotify-")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(&folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|e| e.error)?;
    // So that the new name, too, outlives a pulled plug.
    fs::File::open(&folder)?.sync_all()
}

/// What stands in `path`; `None` if there is no such file.
pub fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}
