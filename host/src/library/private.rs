//! What is kept is for this user only: the state directory, and the database's files.
//!
//! In: the directory. A new one is made with mode 0700, new files with 0600. Files that others may read, as older
//! versions left them, are closed to them; a directory that was there before is left as it is and named in the log,
//! as others may have their reasons to look into it. Fails when the directory cannot be made.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, lchown},
    path::Path,
};

use super::damage::{FILES, with_end};

/// What a mode lets others do.
const OTHERS: u32 = 0o077;

/// Makes the directory where it is missing, for this user only; gives the mode of one that others may look into.
pub(crate) fn folder(dir: &Path) -> io::Result<Option<u32>> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let mode = fs::metadata(dir)?.permissions().mode() & 0o777;
    Ok((mode & OTHERS != 0).then_some(mode))
}

/// Makes the database's file, empty, where it is missing, and closes to others what is there.
pub(super) fn database(path: &Path) {
    // Where it cannot be made, opening it says why.
    let _ = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
    if let Some(dir) = path.parent() {
        hand_over(path, dir);
    }
    for end in FILES {
        close(&with_end(path, end));
    }
}

/// What `root` makes in the folder of the program's user is that user's, who could not read it otherwise.
pub(crate) fn hand_over(path: &Path, dir: &Path) {
    let (Ok(found), Ok(owner)) = (fs::symlink_metadata(path), fs::metadata(dir)) else { return };
    if rustix::process::geteuid().is_root()
        && found.uid() != owner.uid()
        && let Err(e) = lchown(path, Some(owner.uid()), Some(owner.gid()))
    {
        tracing::warn!("{} stays root's, and Moodring's user cannot read it: {e}", path.display());
    }
}

/// Closes a file to others, if it is open to them.
pub(super) fn close(file: &Path) {
    let Ok(found) = fs::metadata(file) else { return };
    let mode = found.permissions().mode() & 0o777;
    if mode & OTHERS == 0 {
        return;
    }
    match fs::set_permissions(file, Permissions::from_mode(0o600)) {
        Ok(()) => tracing::info!("{} was open to others on this machine (mode {mode:o}); it is closed", file.display()),
        Err(e) => tracing::warn!("others on this machine may read {} (mode {mode:o}): {e}", file.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Store, store::FILE};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn what_is_new_is_for_this_user_only_and_what_was_open_is_closed() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("local/state");
        let store = Store::open(&state).await.unwrap();
        store.note("x", "1").await.unwrap();
        assert_eq!((mode(&state), mode(&state.join(FILE))), (0o700, 0o600));
        assert_eq!(mode(&state.join("moodring.db-wal")), 0o600);
        store.close().await;
        // As versions before this one left it.
        fs::set_permissions(state.join(FILE), Permissions::from_mode(0o644)).unwrap();
        fs::set_permissions(&state, Permissions::from_mode(0o755)).unwrap();
        assert_eq!(folder(&state).unwrap(), Some(0o755));
        Store::open(&state).await.unwrap().close().await;
        assert_eq!((mode(&state), mode(&state.join(FILE))), (0o755, 0o600), "the folder is somebody's own affair");
    }
}
