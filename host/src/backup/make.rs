//! Makes a backup, also while Moodring runs.
//!
//! In: the state directory, the settings' file. Out: the backup, read again to its end before it gets its name. Fails
//! when there is nothing to keep or no room; then no file is left.

use std::{
    fs::{self, File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use jiff::Timestamp;
use tar::{Builder, Header};

use super::{BackupError, FORM, KEPT, LIST, List, Listed, SETTINGS, copied, restore::each_file};
use crate::library::store::{self, snapshot};

/// What was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its size.
    pub bytes: u64,
    /// What it holds, for people.
    pub holds: Vec<&'static str>,
    /// Whether somebody else could use something in it.
    pub secret: bool,
}

/// A file to be kept: its name in the backup, and where it is.
type Source = (String, PathBuf);

/// Writes all that `state_dir` keeps into `to`, with the settings, and with secrets if wanted.
///
/// # Errors
/// See [`BackupError`]; then `to` is not there.
pub async fn make(
    state_dir: &Path,
    settings: Option<&Path>,
    to: &Path,
    with_secrets: bool,
) -> Result<Made, BackupError> {
    if !state_dir.join(store::FILE).exists() {
        return Err(BackupError::Nothing(state_dir.to_owned()));
    }
    if to.exists() {
        return Err(BackupError::There(to.to_owned()));
    }
    let failed = |e| BackupError::Write(to.to_owned(), e);
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Readable by this user only from the first byte on.
    let private = tempfile::Builder::new().prefix(".moodring-backup-").tempdir_in(folder).map_err(failed)?;
    snapshot(state_dir, private.path()).await?;

    let mut sources: Vec<Source> = vec![(store::FILE.to_owned(), private.path().join(store::FILE))];
    let mut holds = vec!["the database"];
    if let Some(settings) = settings {
        sources.push((SETTINGS.to_owned(), settings.to_owned()));
        holds.push("the settings");
    }
    let mut secret = false;
    for kept in KEPT.iter().filter(|kept| with_secrets || !kept.secret) {
        let before = sources.len();
        gather(state_dir, Path::new(kept.path), &mut sources).map_err(failed)?;
        if sources.len() > before {
            holds.push(kept.what);
            secret |= kept.secret;
        }
    }
    let archive = private.path().join("backup");
    let bytes = write(&archive, &sources).map_err(failed)?;
    // What cannot be read again is no backup.
    each_file(GzDecoder::new(File::open(&archive).map_err(failed)?), to, |_, from| copied(from, io::sink()))?;
    // A hard link fails where something got the name meanwhile; some file systems have none.
    if fs::hard_link(&archive, to).is_err() {
        if to.exists() {
            return Err(BackupError::There(to.to_owned()));
        }
        fs::rename(&archive, to).map_err(failed)?;
    }
    crate::library::swap::sync(folder).map_err(failed)?;
    Ok(Made { bytes, holds, secret })
}

/// All files at or below a path of the state directory, by name; none where nothing is.
fn gather(state_dir: &Path, path: &Path, sources: &mut Vec<Source>) -> io::Result<()> {
    let place = state_dir.join(path);
    let Ok(found) = fs::symlink_metadata(&place) else { return Ok(()) };
    if found.is_dir() {
        let mut names = fs::read_dir(&place)?.map(|e| e.map(|e| e.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        return names.iter().try_for_each(|name| gather(state_dir, &path.join(name), sources));
    }
    if found.is_file() {
        sources.push((path.display().to_string(), place));
    }
    Ok(())
}

fn write(archive: &Path, sources: &[Source]) -> io::Result<u64> {
    let mut list =
        List { form: FORM, made: Timestamp::now(), by: env!("CARGO_PKG_VERSION").to_owned(), files: Vec::new() };
    // The small ones are held, as they could change between their hash and their copy; the database is our own copy.
    let mut held = Vec::new();
    for (name, place) in sources {
        let (bytes, sha256) = if *name == store::FILE {
            copied(File::open(place)?, io::sink())?
        } else {
            let mut contents = Vec::new();
            let found = copied(File::open(place)?, &mut contents)?;
            held.push(contents);
            found
        };
        list.files.push(Listed { name: name.clone(), bytes, sha256 });
    }
    let file = File::options().create_new(true).write(true).open(archive)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    let mut tar = Builder::new(GzEncoder::new(file, Compression::default()));
    let at = list.made.as_second().unsigned_abs();
    let said = serde_json::to_vec_pretty(&list)?;
    let header = |bytes: u64| {
        let mut header = Header::new_gnu();
        header.set_size(bytes);
        header.set_mode(0o600);
        header.set_mtime(at);
        header
    };
    tar.append_data(&mut header(said.len() as u64), LIST, &*said)?;
    let mut held = held.into_iter();
    for ((name, place), listed) in sources.iter().zip(&list.files) {
        let mut header = header(listed.bytes);
        if *name == store::FILE {
            tar.append_data(&mut header, name, File::open(place)?)?;
        } else {
            tar.append_data(&mut header, name, &*held.next().unwrap_or_default())?;
        }
    }
    let mut file = tar.into_inner()?.finish()?;
    file.flush()?;
    file.sync_all()?;
    Ok(file.metadata()?.len())
}
