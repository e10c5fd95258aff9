//! A database that is damaged: noticed when it is opened, copied, and set aside when somebody says so.
//!
//! In: the state directory, and what the database said. Out: where the copy is. Nothing is ever
//! deleted: starting afresh renames the files.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use sqlx::{Row, SqlitePool};

use super::store::FILE;

/// The database file and what SQLite keeps beside it.
pub(super) const FILES: [&str; 3] = ["", "-wal", "-shm"];

/// SQLite's primary result codes for a file that is damaged, and for one that is no database.
const CORRUPT: [i32; 2] = [11, 26];

/// Whether the database says that its file is damaged, and not that it is locked, full or missing.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    code(error).is_some_and(|code| CORRUPT.contains(&code))
}

/// SQLite's primary result code, if it is the database that complains.
pub(super) fn code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    // The low byte is the primary code, whatever the extended one.
    Some(code & 0xff)
}

/// What is wrong with the file's structure, in the database's words; `None`: nothing.
pub(super) async fn look(pool: &SqlitePool) -> Result<Option<String>, sqlx::Error> {
    let rows = sqlx::query("PRAGMA quick_check(3)").fetch_all(pool).await?;
    let said = rows.iter().map(|row| row.try_get::<String, _>(0)).collect::<Result<Vec<_>, _>>()?;
    Ok((said != ["ok"]).then(|| said.join("; ")))
}

/// Copies the files as they are, once for each state of the database; gives the copy's path.
pub(super) fn copy(state_dir: &Path) -> io::Result<PathBuf> {
    let changed = fs::metadata(state_dir.join(FILE))?.modified()?;
    let copy = aside(state_dir, "damaged", changed);
    if !copy.exists() {
        for end in FILES {
            let from = with_end(&state_dir.join(FILE), end);
            if from.exists() {
                fs::copy(&from, with_end(&copy, end))?;
            }
        }
    }
    Ok(copy)
}

/// Sets the database aside, so that the next start begins with an empty one; gives its new path, or
/// `None` if there is none.
///
/// # Errors
/// The files cannot be renamed; then the database itself is where it was.
pub fn start_afresh(state_dir: &Path) -> io::Result<Option<PathBuf>> {
    let path = state_dir.join(FILE);
    if !path.exists() {
        return Ok(None);
    }
    let old = aside(state_dir, "before", SystemTime::now());
    // The database itself last: whatever happens in between, what there is stays together with its name.
    for end in FILES.into_iter().rev() {
        let from = with_end(&path, end);
        if from.exists() {
            fs::rename(&from, with_end(&old, end))?;
        }
    }
    Ok(Some(old))
}

fn aside(state_dir: &Path, what: &str, at: SystemTime) -> PathBuf {
    let time = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    state_dir.join(format!("{FILE}.{what}-{}.{:03}", time.as_secs(), time.subsec_millis()))
}

pub(super) fn with_end(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}
