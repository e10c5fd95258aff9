//! Backups made, put back, cut off, damaged and forged.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};
use tar::{Builder, EntryType, Header};

use super::*;
use crate::library::{Store, running::Alone};

/// A state directory with something of everything, and a settings file beside it.
async fn kept() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let state = dir.path().join("state");
    let store = Store::open(&state).await.unwrap();
    store.note("who", "before").await.unwrap();
    store.close().await;
    for kept in KEPT {
        fs::write(state.join(kept.path), format!("the {}", kept.what)).unwrap();
    }
    fs::write(state.join("covers.cache"), "can be made anew").unwrap();
    let settings = dir.path().join("host.toml");
    fs::write(&settings, "[web]\n").unwrap();
    (dir, state, settings)
}

async fn noted(state: &Path) -> Option<String> {
    let store = Store::open(state).await.unwrap();
    let noted = store.noted("who").await.unwrap();
    store.close().await;
    noted
}

/// Every file below, by its path, with what it holds.
fn all(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(all(&path));
        } else if !path.ends_with("running.lock") {
            found.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn what_is_put_back_is_what_was_kept_and_what_it_replaced_is_aside() {
    let (dir, state, settings) = kept().await;
    let to = dir.path().join("moodring.tar.gz");
    // While it runs: what was written last is in it.
    let running = Store::open(&state).await.unwrap();
    running.note("who", "while it ran").await.unwrap();
    let made = make(&state, Some(&settings), &to, true).await.unwrap();
    running.note("who", "later").await.unwrap();
    running.close().await;
    assert!(made.secret && made.holds.len() == 2 + KEPT.len(), "{made:?}");
    assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left beside it");

    fs::write(state.join("tls-key.pem"), "another key").unwrap();
    let restored = restore(&state, &to).await.unwrap();
    assert_eq!(noted(&state).await.as_deref(), Some("while it ran"));
    assert_eq!(fs::read_to_string(state.join("tls-key.pem")).unwrap(), format!("the {}", KEPT[2].what));
    assert_eq!(fs::metadata(state.join("tls-key.pem")).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(restored.replaced.join("tls-key.pem")).unwrap(), "another key");
    assert_eq!(noted(&restored.replaced).await.as_deref(), Some("later"));
    assert_eq!(fs::read_to_string(restored.settings.unwrap()).unwrap(), "[web]\n");
    assert_eq!(fs::read_to_string(state.join("covers.cache")).unwrap(), "can be made anew", "not its affair");

    // On another machine, where there is nothing yet.
    let elsewhere = dir.path().join("elsewhere");
    restore(&elsewhere, &to).await.unwrap();
    assert_eq!(noted(&elsewhere).await.as_deref(), Some("while it ran"));
}

#[tokio::test]
async fn without_secrets_it_holds_none_and_takes_none_away() {
    let (dir, state, _) = kept().await;
    let to = dir.path().join("open.tar.gz");
    let made = make(&state, None, &to, false).await.unwrap();
    assert!(!made.secret && !made.holds.iter().any(|what| what.contains("key")), "{made:?}");
    restore(&state, &to).await.unwrap();
    assert_eq!(fs::read_to_string(state.join("tls-key.pem")).unwrap(), format!("the {}", KEPT[2].what));
}

#[tokio::test]
async fn nothing_is_overwritten_and_nothing_is_left_where_it_cannot_be_made() {
    let (dir, state, _) = kept().await;
    let to = dir.path().join("there");
    fs::write(&to, "mine").unwrap();
    let error = make(&state, None, &to, true).await.unwrap_err();
    assert!(error.to_string().contains("is there already"), "{error}");
    assert_eq!(fs::read_to_string(&to).unwrap(), "mine");
    let error = make(&state, None, &dir.path().join("no/such/folder"), true).await.unwrap_err();
    assert!(matches!(error, BackupError::Write(..)), "{error}");
    let error = make(dir.path(), None, &dir.path().join("x"), true).await.unwrap_err();
    assert!(error.to_string().contains("there is no database in"), "{error}");
}

#[tokio::test]
async fn a_backup_that_is_cut_off_or_damaged_changes_nothing() {
    let (dir, state, settings) = kept().await;
    let to = dir.path().join("whole");
    make(&state, Some(&settings), &to, true).await.unwrap();
    let whole = fs::read(&to).unwrap();
    let before = all(&state);
    let broken = dir.path().join("broken");
    let mut tried = 0;
    // Cut off anywhere, or one byte turned round anywhere.
    let step = whole.len() / 23;
    for at in (0..whole.len()).step_by(step).chain([whole.len() - 1, whole.len() - 4]) {
        let mut flipped = whole.clone();
        // Every bit of it: the last byte of what is compressed ends in some that mean nothing.
        flipped[at] ^= 0xff;
        for bytes in [&whole[..at], &flipped] {
            fs::write(&broken, bytes).unwrap();
            match restore(&state, &broken).await {
                // Some bytes of a gzip header mean nothing: the time, the system.
                Ok(_) if at < 10 && bytes.len() == whole.len() => return assert!(tried > 0),
                Ok(_) => panic!("byte {at} of {}", whole.len()),
                Err(e) => {
                    let said = e.to_string();
                    assert!(said.contains("nothing was changed") && !said.contains('\n'), "{said}");
                }
            }
            assert!(all(&state) == before, "byte {at}");
            tried += 1;
        }
    }
    assert!(tried > 40);
}

/// An archive with this list and these entries.
fn forged(list: &str, entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, kind, bytes) in [(LIST, EntryType::Regular, list.as_bytes())].iter().chain(entries) {
        let mut header = Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        // As only an attacker writes it: the library itself refuses such names.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        if *kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_cksum();
        tar.append(&header, *bytes).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

#[tokio::test]
async fn a_forged_one_writes_nothing_anywhere() {
    let (dir, state, _) = kept().await;
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let list = |names: &[&str], form: u32| {
        let files: Vec<_> =
            names.iter().map(|name| serde_json::json!({ "name": name, "bytes": 0, "sha256": empty })).collect();
        serde_json::json!({ "form": form, "made": "2026-11-23T12:00:00Z", "by": "9.9.9", "files": files }).to_string()
    };
    let before = all(dir.path());
    let from = dir.path().join("forged");
    let file = EntryType::Regular;
    for (bytes, says) in [
        (b"no archive".to_vec(), "is no backup of Moodring's"),
        (forged("{}", &[]), "is damaged: its list"),
        (forged(&list(&[], 2), &[]), "was made by a newer Moodring (9.9.9)"),
        (forged(&list(&[], 1), &[]), "it holds no database"),
        (forged(&list(&["moodring.db"], 1), &[]), "\"moodring.db\" is missing from it"),
        (forged(&list(&["moodring.db"], 1), &[("moodring.db", file, b"")]), "its database is"),
        (forged(&list(&["moodring.db"], 1), &[("moodring.db", file, b"x")]), "is not what it was"),
        (forged(&list(&["../evil"], 1), &[("../evil", file, b"")]), "does not belong into a backup"),
        (forged(&list(&["/tmp/evil"], 1), &[("/tmp/evil", file, b"")]), "does not belong into a backup"),
        (forged(&list(&["tls-key.pem"], 1), &[("tls-key.pem", EntryType::Symlink, b"")]), "does not belong"),
        (forged(&list(&["evil"], 1), &[("evil", file, b"")]), "does not belong into a backup"),
        (forged(&list(&[], 1), &[("tls-key.pem", file, b"")]), "which its list does not"),
        (
            forged(&list(&["tls-key.pem"], 1), &[("tls-key.pem", file, b""), ("tls-key.pem", file, b"")]),
            "which its list does not",
        ),
    ] {
        fs::write(&from, bytes).unwrap();
        let said = restore(&state, &from).await.unwrap_err().to_string();
        assert!(said.contains(says) && said.contains("nothing was changed"), "{says}: {said}");
        fs::remove_file(&from).unwrap();
        assert!(all(dir.path()) == before, "{says}");
    }
}

#[tokio::test]
async fn it_is_not_put_back_while_moodring_runs_nor_from_a_newer_one() {
    let (dir, state, _) = kept().await;
    let to = dir.path().join("backup");
    make(&state, None, &to, true).await.unwrap();
    let before = all(&state);
    let running = Alone::in_dir(&state).unwrap();
    let said = restore(&state, &to).await.unwrap_err().to_string();
    assert!(said.contains("runs already") && said.contains("stop it first"), "{said}");
    drop(running);
    assert!(all(&state) == before);

    let newer = dir.path().join("newer");
    Store::open(&newer).await.unwrap().close().await;
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(newer.join("moodring.db"));
    let pool = sqlx::SqlitePool::connect_with(file).await.unwrap();
    sqlx::query("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 11").execute(&pool).await.unwrap();
    pool.close().await;
    let from = dir.path().join("newer.tar.gz");
    make(&newer, None, &from, true).await.unwrap();
    let said = restore(&state, &from).await.unwrap_err().to_string();
    assert!(said.contains("was made by a newer Moodring") && said.contains("update this program"), "{said}");
    assert!(all(&state) == before);
}
