//! A database that an older program wrote: a copy is kept before it is brought to the newest schema.
//!
//! In: the open database. Out: a copy beside it, `moodring.db.before-schema-NNNN`, by the schema that it was changed
//! to; the three newest are kept. Fails when there is no room for it; then nothing changes, and the program does not
//! go on.

use std::{fs, io, path::Path};

use sqlx::SqlitePool;

use super::{damage::with_end, private, swap};

/// So many copies are kept.
const COPIES: usize = 3;

/// What the name of a copy goes on with, after the database's.
const BEFORE: &str = ".before-schema-";

/// The newest step that the database has gone; `None` for one that is new, or not Moodring's.
pub(super) async fn schema(pool: &SqlitePool) -> Result<Option<i64>, sqlx::Error> {
    let steps: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
        .fetch_one(pool)
        .await?;
    if steps == 0 {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT MAX(version) FROM _sqlx_migrations").fetch_one(pool).await
}

/// Keeps a copy where the database is about to be changed to the schema `newest`; in words, why it cannot.
pub(super) async fn keep(pool: &SqlitePool, path: &Path, newest: i64) -> Result<(), String> {
    let found = schema(pool).await.map_err(|e| e.to_string())?;
    if found.is_none_or(|found| found >= newest) {
        return Ok(());
    }
    let copy = with_end(path, &format!("{BEFORE}{newest:04}"));
    let unfinished = with_end(&copy, ".unfinished");
    let written = write(pool, &unfinished).await.and_then(|()| {
        private::close(&unfinished);
        let dir = path.parent().unwrap_or(Path::new("."));
        private::hand_over(&unfinished, dir);
        let named = fs::File::open(&unfinished).and_then(|file| file.sync_all());
        named.and_then(|()| fs::rename(&unfinished, &copy)).and_then(|()| swap::sync(dir)).map_err(|e| e.to_string())
    });
    if let Err(why) = written {
        // Half a copy is of no use; where it cannot be removed, the next try does.
        let _ = fs::remove_file(&unfinished);
        return Err(why);
    }
    tracing::info!("the database is brought to schema {newest}; a copy as it was is {}", copy.display());
    if let Err(e) = forget_old(path) {
        tracing::warn!("older copies of the database cannot be removed: {e}");
    }
    Ok(())
}

async fn write(pool: &SqlitePool, to: &Path) -> Result<(), String> {
    match fs::remove_file(to) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e.to_string()),
        _ => {}
    }
    let written = sqlx::query("VACUUM INTO $1").bind(to.display().to_string()).execute(pool).await;
    written.map(drop).map_err(|e| e.to_string())
}

fn forget_old(path: &Path) -> io::Result<()> {
    let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else { return Ok(()) };
    let begins = format!("{}{BEFORE}", name.to_string_lossy());
    let names = fs::read_dir(dir)?.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut copies: Vec<_> = names.filter(|name| name.strip_prefix(&begins).is_some_and(is_number)).collect();
    copies.sort();
    let old = copies.len().saturating_sub(COPIES);
    copies.iter().take(old).try_for_each(|name| fs::remove_file(dir.join(name)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_copies_are_kept_and_nothing_else_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let others = ["moodring.db", "moodring.db.before-1700000000.000", "moodring.db.before-schema-x"];
        let copies = [3, 11, 12, 7, 10].map(|n| format!("moodring.db.before-schema-{n:04}"));
        for name in others.into_iter().map(str::to_owned).chain(copies.clone()) {
            fs::write(dir.path().join(name), "").unwrap();
        }
        forget_old(&dir.path().join("moodring.db")).unwrap();
        let there = |name: &str| dir.path().join(name).exists();
        assert!(others.into_iter().all(there));
        assert_eq!(copies.each_ref().map(|name| there(name)), [false, true, true, false, true]);
    }
}
