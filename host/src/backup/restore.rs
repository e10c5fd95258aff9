//! Puts a backup back.
//!
//! In: a backup. Out: the state directory as it was, and what it replaced in a folder beside it. Everything is
//! unpacked and looked at first (each file's size and hash, the database's structure and schema); until then nothing
//! of what is there is touched. Then each file takes its place by a rename, and the next start goes on where a crash
//! ended that (`library::swap`).

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use flate2::read::GzDecoder;
use jiff::Timestamp;
use tar::{Archive, EntryType};

use super::{BackupError, FORM, LIST, List, SETTINGS, belongs, copied};
use crate::library::{
    StoreError, private,
    running::Alone,
    store,
    swap::{self, ASIDE, READY},
};

/// Where a backup is unpacked before it is looked at.
const UNPACKED: &str = "restore.unpacked";

/// The longest list.
const MAX_LIST: u64 = 1024 * 1024;

/// What was put back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// When the backup was made.
    pub made: Timestamp,
    /// Where what it replaced is.
    pub replaced: PathBuf,
    /// Where its settings are, if it has any: they replace nothing.
    pub settings: Option<PathBuf>,
}

/// Puts the backup `from` into `state_dir`, which is made where missing.
///
/// # Errors
/// See [`BackupError`].
pub async fn restore(state_dir: &Path, from: &Path) -> Result<Restored, BackupError> {
    let state = |e| BackupError::State(state_dir.to_owned(), e);
    let archive = File::open(from).map_err(|e| BackupError::Read(from.to_owned(), e))?;
    let _alone = Alone::in_dir(state_dir)?;
    // What another restore had begun is finished first, so that nothing of it is lost.
    swap::finish(state_dir).map_err(state)?;
    let unpacked = state_dir.join(UNPACKED);
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked).map_err(state)?;
    }
    swap::make(&unpacked).map_err(state)?;
    let done = put_back(state_dir, &unpacked, archive, from).await;
    if done.is_err() {
        // What was unpacked is of no use; where it cannot be removed, the next restore does.
        let _ = fs::remove_dir_all(&unpacked);
    }
    done
}

async fn put_back(state_dir: &Path, unpacked: &Path, archive: File, from: &Path) -> Result<Restored, BackupError> {
    let state = |e| BackupError::State(state_dir.to_owned(), e);
    let list = each_file(GzDecoder::new(archive), from, |name, contents| {
        let place = unpacked.join(name);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().create_new(true).write(true).mode(0o600).open(&place)?;
        let found = copied(contents, &mut file)?;
        file.sync_all()?;
        Ok(found)
    })?;
    if !unpacked.join(store::FILE).exists() {
        return Err(BackupError::Damaged(from.to_owned(), "it holds no database".to_owned()));
    }
    store::examine(unpacked).await.map_err(|e| match e {
        StoreError::Newer { .. } => BackupError::Newer(from.to_owned(), list.by.clone()),
        e => BackupError::Damaged(from.to_owned(), format!("its database is: {e}")),
    })?;
    let now = Timestamp::now();
    let aside = format!("before-restore-{}.{:03}", now.as_second(), now.subsec_millisecond());
    fs::write(unpacked.join(ASIDE), &aside).map_err(state)?;
    let settings = unpacked.join(SETTINGS).exists().then(|| state_dir.join(SETTINGS));
    hand_over_all(unpacked, state_dir).map_err(state)?;
    swap::sync(unpacked).map_err(state)?;
    fs::rename(unpacked, state_dir.join(READY)).map_err(state)?;
    swap::sync(state_dir).map_err(state)?;
    let replaced = swap::finish(state_dir).map_err(state)?.unwrap_or_else(|| state_dir.join(&aside));
    private::hand_over(&replaced, state_dir);
    Ok(Restored { made: list.made, replaced, settings })
}

fn hand_over_all(dir: &Path, state_dir: &Path) -> io::Result<()> {
    private::hand_over(dir, state_dir);
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_dir() {
            hand_over_all(&path, state_dir)?;
        } else {
            private::hand_over(&path, state_dir);
        }
    }
    Ok(())
}

/// Reads a backup to its end: `take` gets each file and says its size and hash, which must be the listed ones.
pub(super) fn each_file(
    packed: impl Read,
    from: &Path,
    mut take: impl FnMut(&str, &mut dyn Read) -> io::Result<(u64, String)>,
) -> Result<List, BackupError> {
    let damaged = |why: String| BackupError::Damaged(from.to_owned(), why);
    let cut = |e: io::Error| damaged(e.to_string());
    let mut archive = Archive::new(packed);
    let mut entries = archive.entries().map_err(|_| BackupError::Foreign(from.to_owned()))?;
    let list = match entries.next() {
        Some(Ok(first)) if first.path().is_ok_and(|path| path == Path::new(LIST)) => {
            let mut said = String::new();
            first.take(MAX_LIST).read_to_string(&mut said).map_err(cut)?;
            let form: serde_json::Value = serde_json::from_str(&said).map_err(|e| damaged(format!("its list: {e}")))?;
            if form["form"].as_u64().is_some_and(|form| form > u64::from(FORM)) {
                return Err(BackupError::Newer(from.to_owned(), form["by"].as_str().unwrap_or("?").to_owned()));
            }
            serde_json::from_value::<List>(form).map_err(|e| damaged(format!("its list: {e}")))?
        }
        _ => return Err(BackupError::Foreign(from.to_owned())),
    };
    let mut missing: HashSet<&str> = list.files.iter().map(|listed| &*listed.name).collect();
    for entry in entries {
        let mut entry = entry.map_err(cut)?;
        let name = entry.path().map_err(cut)?.display().to_string();
        let listed = list.files.iter().find(|listed| listed.name == name).filter(|_| missing.remove(&*name));
        let listed = listed.ok_or_else(|| damaged(format!("it holds {name:?}, which its list does not")))?;
        if entry.header().entry_type() != EntryType::Regular || !belongs(&name) {
            return Err(damaged(format!("{name:?} does not belong into a backup")));
        }
        // Not a byte more is unpacked than the list says.
        let taken = take(&name, &mut (&mut entry).take(listed.bytes.saturating_add(1)));
        let (bytes, sha256) = taken.map_err(|e| match e.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                BackupError::Full(from.to_owned())
            }
            _ => cut(e),
        })?;
        if (bytes, &sha256) != (listed.bytes, &listed.sha256) {
            return Err(damaged(format!("{name:?} is not what it was")));
        }
    }
    if let Some(name) = missing.into_iter().next() {
        return Err(damaged(format!("{name:?} is missing from it")));
    }
    // To the end, where the archive says whether it is whole.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(cut)?;
    Ok(list)
}
