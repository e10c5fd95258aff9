//! Looks through a folder of music and brings the database up to date with it.
//!
//! In: a folder. Out: tracks in the database, and news of the progress. Only new and changed files
//! are read. Fails when the folder cannot be read, or is empty and was not; then nothing is marked as
//! gone. A file
//! that cannot be read becomes a track with a problem, and is read again once it changes.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::UNIX_EPOCH,
};

use thiserror::Error;
use tokio::sync::{mpsc, watch};

use super::{
    Emotions, Store, StoreError, TrackId,
    shelf::{Found, Known},
    tags,
    words::{MoodsFile, folder_moods},
};

/// The name of the files that say moods.
pub const MOODS_FILE: &str = "moods.toml";

/// So many files are written in one transaction: few, so that other writes need not wait.
const BATCH: usize = 64;

/// How many folders deep music is looked for.
const DEEPEST: usize = 32;

/// Why a folder could not be looked through.
#[derive(Debug, Error)]
pub enum ScanError {
    /// The folder itself cannot be read.
    #[error("cannot read the folder of music {folder}: {why}; check music.folder")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The folder is empty, and was not before: most likely a disk that is not mounted.
    #[error(
        "the folder of music {folder} is empty, but {known} files were in it before; is its disk connected? \
         Nothing is forgotten, and it is soon looked at again"
    )]
    Empty {
        /// The folder.
        folder: PathBuf,
        /// Files that were ever seen in it.
        known: usize,
    },
    /// What was found cannot be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a scan found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Files of music in the folder.
    pub files: u64,
    /// Of these, read because they were new or changed.
    pub read: u64,
    /// Tracks written: those read, those back again, those whose moods changed.
    pub changed: u64,
    /// Files that were there at an earlier scan and are not any more.
    pub gone: u64,
    /// What was wrong with folders and `moods.toml` files, in words.
    pub complaints: Vec<String>,
}

/// Files looked at, and how many there are in all.
pub type Progress = Option<(u64, u64)>;

/// Looks through `folder`.
///
/// # Errors
/// See [`ScanError`].
pub async fn scan(store: &Store, folder: &Path, progress: &watch::Sender<Progress>) -> Result<Outcome, ScanError> {
    let known = Arc::new(store.known_files().await?);
    let (send, mut receive) = mpsc::channel::<Vec<Found>>(4);
    let reader = {
        let (known, folder, progress) = (Arc::clone(&known), folder.to_owned(), progress.clone());
        tokio::task::spawn_blocking(move || look(&folder, &known, &send, &progress))
    };
    let mut changed = 0;
    while let Some(batch) = receive.recv().await {
        store.found(&batch).await?;
        changed += batch.len() as u64;
    }
    let looked = reader.await.map_err(|e| ScanError::Folder { folder: folder.to_owned(), why: io::Error::other(e) })?;
    let (mut outcome, seen) = looked.map_err(|why| ScanError::Folder { folder: folder.to_owned(), why })?;
    let lost = known.keys().filter(|path| Path::new(path).starts_with(&seen.folder)).count();
    if outcome.files == 0 && lost > 0 {
        return Err(ScanError::Empty { folder: folder.to_owned(), known: lost });
    }
    let missing: Vec<TrackId> =
        known.iter().filter(|(path, file)| !file.gone && !seen.spares(path)).map(|(_, file)| file.id).collect();
    (outcome.changed, outcome.gone) = (changed, missing.len() as u64);
    store.gone(&missing).await?;
    progress.send_replace(None);
    Ok(outcome)
}

/// What a look at the folder saw, to tell what is missing.
struct Seen {
    folder: PathBuf,
    files: HashSet<String>,
    unreadable: Vec<PathBuf>,
}

impl Seen {
    /// Whether a known file is still there, or may be: its folder could not be read.
    fn spares(&self, path: &str) -> bool {
        self.files.contains(path) || self.unreadable.iter().any(|folder| Path::new(path).starts_with(folder))
    }
}

fn look(
    folder: &Path,
    known: &HashMap<String, Known>,
    send: &mpsc::Sender<Vec<Found>>,
    progress: &watch::Sender<Progress>,
) -> io::Result<(Outcome, Seen)> {
    let folder = fs::canonicalize(folder)?;
    let mut walk = Walk::default();
    walk.folder(&folder, 0)?;
    let mut outcome = Outcome { files: walk.files.len() as u64, complaints: walk.complaints, ..Outcome::default() };
    outcome.complaints.extend(not_played(&walk.not_played));
    let files = HashSet::with_capacity(walk.files.len());
    let mut seen = Seen { folder: folder.clone(), files, unreadable: walk.unreadable };
    let mut batch = Vec::new();
    for (at, (path, mtime, size)) in walk.files.into_iter().enumerate() {
        if at % 16 == 0 {
            progress.send_replace(Some((at as u64, outcome.files)));
        }
        let Some(name) = path.to_str().map(str::to_owned) else {
            outcome.complaints.push(format!("{}: its name is not UTF-8; rename it", path.display()));
            continue;
        };
        seen.files.insert(name.clone());
        let before = known.get(&name);
        let unchanged = before.filter(|file| (file.mtime, file.size) == (mtime, size));
        let tags = unchanged.is_none().then(|| tags::read(&path));
        outcome.read += u64::from(tags.is_some());
        let of_tags = tags.as_ref().map_or_else(|| before.map(|b| b.tag_moods).unwrap_or_default(), |tags| tags.moods);
        let listed = before.map(|before| before.listed).unwrap_or_default();
        let moods = moods(&folder, &path, &walk.said, of_tags).iter().chain(listed.iter()).collect();
        if tags.is_some() || unchanged.is_some_and(|file| file.gone || file.moods != moods) {
            batch.push(Found { path: name, mtime, size, tags, moods });
        }
        if batch.len() >= BATCH && send.blocking_send(std::mem::take(&mut batch)).is_err() {
            return Err(io::Error::other("the scan was given up"));
        }
    }
    if !batch.is_empty() && send.blocking_send(batch).is_err() {
        return Err(io::Error::other("the scan was given up"));
    }
    Ok((outcome, seen))
}

/// The moods that count: of the nearest `moods.toml`, else of the folders, else of the tags.
fn moods(folder: &Path, path: &Path, said: &HashMap<PathBuf, MoodsFile>, of_tags: Emotions) -> Emotions {
    for above in path.ancestors().skip(1).take_while(|above| above.starts_with(folder)) {
        let inside = path.strip_prefix(above).unwrap_or(path);
        if let Some(moods) = said.get(above).and_then(|file| file.moods(inside)) {
            return moods;
        }
    }
    let of_folders = folder_moods(path.strip_prefix(folder).unwrap_or(path));
    if of_folders.is_empty() { of_tags } else { of_folders }
}

/// A walk through folders: files of music in the order of their names.
#[derive(Default)]
struct Walk {
    files: Vec<(PathBuf, i64, i64)>,
    said: HashMap<PathBuf, MoodsFile>,
    unreadable: Vec<PathBuf>,
    complaints: Vec<String>,
    been: HashSet<PathBuf>,
    /// Sound that the player cannot play: how many files of each ending.
    not_played: BTreeMap<&'static str, u64>,
}

impl Walk {
    fn folder(&mut self, folder: &Path, deep: usize) -> io::Result<()> {
        // A link may lead back to where we have been.
        if deep > DEEPEST || !self.been.insert(fs::canonicalize(folder)?) {
            return Ok(());
        }
        let mut entries = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        entries.sort();
        for path in entries {
            if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
                continue;
            }
            let about = match fs::metadata(&path) {
                Ok(about) => about,
                // A link to nothing, or a file that has just vanished.
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                Err(e) => {
                    self.refuse(&path, &e);
                    continue;
                }
            };
            if about.is_dir() {
                if let Err(e) = self.folder(&path, deep + 1) {
                    self.refuse(&path, &e);
                }
            } else if path.file_name().is_some_and(|name| name == MOODS_FILE) {
                self.moods_file(folder, &path);
            } else if about.is_file()
                && let Some(ending) = ending_in(&path, &tags::NOT_PLAYED)
            {
                *self.not_played.entry(ending).or_default() += 1;
            } else if about.is_file() && ending_in(&path, &tags::ENDINGS).is_some() {
                let mtime = about.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
                let mtime = mtime.map_or(0, |since| since.as_millis() as i64);
                self.files.push((path, mtime, about.len() as i64));
            }
        }
        Ok(())
    }

    fn refuse(&mut self, path: &Path, why: &io::Error) {
        self.complaints.push(format!("cannot read {}: {why}", path.display()));
        self.unreadable.push(path.to_owned());
    }

    fn moods_file(&mut self, folder: &Path, path: &Path) {
        match fs::read_to_string(path).map_err(|e| e.to_string()).and_then(|text| MoodsFile::parse(&text)) {
            Ok(file) => {
                self.said.insert(folder.to_owned(), file);
            }
            Err(why) => self.complaints.push(format!("{} is left out: {why}", path.display())),
        }
    }
}

/// Which of these endings a file's name has, in whatever case.
fn ending_in(path: &Path, endings: &[&'static str]) -> Option<&'static str> {
    let ending = path.extension()?.to_str()?;
    endings.iter().find(|known| known.eq_ignore_ascii_case(ending)).copied()
}

/// "212 files of kinds that are not played (.ape, .wma)".
fn not_played(counts: &BTreeMap<&'static str, u64>) -> Option<String> {
    let kinds: Vec<_> = counts.keys().map(|ending| format!(".{ending}")).collect();
    let files = match counts.values().sum() {
        0_u64 => return None,
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    };
    let known = tags::ENDINGS.join(", ");
    Some(format!("{files} of kinds that are not played ({}); played are {known}", kinds.join(", ")))
}
