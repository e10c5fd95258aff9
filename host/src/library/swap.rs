//! Puts other files in the place of what is kept, so that a pulled plug in between is no harm.
//!
//! In: a folder `restore.ready` in the state directory, whole and verified. Out: its files stand in the state
//! directory, and what they replaced in a folder of its own. Each step is one rename; whoever opens the database
//! next goes on where a crash ended it. Fails when the directory cannot be written; then the next try goes on.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    damage::{FILES, with_end},
    store::FILE,
};

/// The folder whose files are to be put in place.
pub const READY: &str = "restore.ready";

/// The file in it that names the folder for what is replaced.
pub const ASIDE: &str = ".replaced-goes-to";

/// Puts what is ready in place; gives the folder with what it replaced, or `None` where nothing is ready.
///
/// # Errors
/// The state directory cannot be written.
pub fn finish(state_dir: &Path) -> io::Result<Option<PathBuf>> {
    let ready = state_dir.join(READY);
    if !ready.is_dir() {
        return Ok(None);
    }
    if !ready.join(ASIDE).exists() {
        // All was in place already, and the power went before the folder did.
        fs::remove_dir(&ready)?;
        return Ok(None);
    }
    let name = fs::read_to_string(ready.join(ASIDE))?;
    let aside = state_dir.join(Path::new(name.trim()).file_name().unwrap_or("replaced".as_ref()));
    make(&aside)?;
    if ready.join(FILE).exists() {
        // What SQLite keeps beside a database belongs to that one alone.
        for end in FILES.into_iter().rev() {
            let old = with_end(&state_dir.join(FILE), end);
            if old.exists() {
                fs::rename(&old, with_end(&aside.join(FILE), end))?;
            }
        }
        put(&ready, state_dir, FILE.as_ref())?;
    }
    for entry in fs::read_dir(&ready)? {
        let name = entry?.file_name();
        if name == ASIDE {
            continue;
        }
        if state_dir.join(&name).exists() {
            fs::rename(state_dir.join(&name), aside.join(&name))?;
        }
        put(&ready, state_dir, &name)?;
    }
    sync(&aside)?;
    fs::remove_file(ready.join(ASIDE))?;
    fs::remove_dir(&ready)?;
    sync(state_dir)?;
    tracing::info!("a backup was restored; what it replaced is in {}", aside.display());
    Ok(Some(aside))
}

fn put(ready: &Path, state_dir: &Path, name: &std::ffi::OsStr) -> io::Result<()> {
    fs::rename(ready.join(name), state_dir.join(name))?;
    sync(state_dir)
}

/// Makes a folder for this user only; one that is there already is as good.
pub(crate) fn make(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    match fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => Err(e),
        _ => Ok(()),
    }
}

/// So that names, too, outlive a pulled plug.
pub(crate) fn sync(dir: &Path) -> io::Result<()> {
    fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = ["moodring.db", "moodring.db-wal", "spotify.json"];

    fn begun() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in NAMES {
            fs::write(dir.path().join(name), format!("old {name}")).unwrap();
        }
        let ready = dir.path().join(READY);
        make(&ready).unwrap();
        fs::write(ready.join(ASIDE), "before-restore-1").unwrap();
        for name in ["moodring.db", "spotify.json", "tls-key.pem"] {
            fs::write(ready.join(name), format!("new {name}")).unwrap();
        }
        dir
    }

    fn whole(dir: &Path) {
        for name in ["moodring.db", "spotify.json", "tls-key.pem"] {
            assert_eq!(fs::read_to_string(dir.join(name)).unwrap(), format!("new {name}"));
        }
        assert!(!dir.join("moodring.db-wal").exists() && !dir.join(READY).exists());
        for name in NAMES {
            let kept = fs::read_to_string(dir.join("before-restore-1").join(name)).unwrap();
            assert_eq!(kept, format!("old {name}"));
        }
    }

    #[test]
    fn what_is_ready_stands_in_place_and_what_was_there_aside() {
        let dir = begun();
        assert!(finish(dir.path()).unwrap().is_some());
        whole(dir.path());
        assert_eq!(finish(dir.path()).unwrap(), None);
    }

    #[test]
    fn a_crash_at_any_step_is_gone_on_from() {
        let old = |dir: &Path, name: &str| fs::rename(dir.join(name), dir.join("before-restore-1").join(name)).unwrap();
        let new = |dir: &Path, name: &str| fs::rename(dir.join(READY).join(name), dir.join(name)).unwrap();
        let dir = begun();
        finish(dir.path()).unwrap();
        make(&dir.path().join(READY)).unwrap();
        assert_eq!(finish(dir.path()).unwrap(), None, "the last step was left");
        whole(dir.path());
        for steps in 0..=5 {
            let dir = begun();
            let at = dir.path();
            make(&at.join("before-restore-1")).unwrap();
            let all: [&dyn Fn(); 5] = [
                &|| old(at, "moodring.db-wal"),
                &|| old(at, "moodring.db"),
                &|| new(at, "moodring.db"),
                &|| old(at, "spotify.json"),
                &|| new(at, "spotify.json"),
            ];
            all.iter().take(steps).for_each(|step| step());
            finish(at).unwrap();
            whole(at);
        }
    }
}
