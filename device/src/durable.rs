//! What a power cut must not undo.
//!
//! In: a file that was written, renamed or removed. Out: its name in its folder, or that it is gone, on the
//! disk. Fails where the folder cannot be opened or written.

use std::{fs, io, path::Path};

/// Waits until the disk has it that a file is in its folder, or is not. What is in the file is another matter:
/// [`fs::File::sync_all`].
///
/// # Errors
/// What the system says of the folder.
pub(crate) fn sync_name(file: &Path) -> io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_wherever_its_folder_is_and_the_file_need_not_be_there() {
        let folder = tempfile::tempdir().unwrap();
        assert!(sync_name(&folder.path().join("gone")).is_ok());
        assert!(sync_name(Path::new("here")).is_ok());
        assert_eq!(sync_name(Path::new("/nowhere/at/all")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
