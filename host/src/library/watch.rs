//! Notices that something changes in the folder of music.
//!
//! In: the folder. Out: that something changed, once it has settled. Fails in words, where the system
//! cannot tell: on a network share others change files unseen, and the system watches a limited number
//! of folders. Then the folder is looked through from time to time, as it is anyway.

use std::{os::unix::fs::MetadataExt, path::Path, time::Duration};

use notify::{
    Config, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout_at},
};

/// Changes have settled when nothing more changed for so long.
const QUIET: Duration = Duration::from_secs(2);

/// While files are copied for an hour, what has come so far is looked at so often.
const AT_LAST: Duration = Duration::from_secs(30);

/// File systems whose changes are made by other machines too, by the number that `statfs` gives them.
const SHARES: [(i64, &str); 7] = [
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB2"),
    (0x0102_1997, "9P"),
    (0x5346_414f, "AFS"),
    (0x00c3_6400, "Ceph"),
];

/// A folder that is watched.
#[derive(Debug)]
pub struct Watch {
    _watcher: RecommendedWatcher,
    changes: mpsc::Receiver<()>,
    /// Device and number of the folder: after a mount it is another one of the same name.
    folder: (u64, u64),
}

impl Watch {
    /// Begins to watch a folder and all in it.
    ///
    /// # Errors
    /// It cannot be watched; in words, with what to do.
    pub fn new(folder: &Path) -> Result<Self, String> {
        if let Some(share) = share(folder) {
            return Err(format!(
                "{} lies on a network share ({share}), where others change files unseen",
                folder.display()
            ));
        }
        let (tell, changes) = mpsc::channel(1);
        let say = move |event: notify::Result<Event>| {
            if event.is_ok_and(|event| event.need_rescan() || counts(&event.kind)) {
                // One that waits already says it all.
                let _ = tell.try_send(());
            }
        };
        let cannot = |why: notify::Error| {
            let limit = matches!(why.kind, notify::ErrorKind::MaxFilesWatch);
            let next = if limit {
                "; the kernel's limit can be raised: sysctl fs.inotify.max_user_watches=524288"
            } else {
                ""
            };
            format!("changes in {} cannot be watched ({why}){next}", folder.display())
        };
        let mut watcher = RecommendedWatcher::new(say, Config::default()).map_err(cannot)?;
        let number = number(folder).ok_or_else(|| format!("{} cannot be read", folder.display()))?;
        watcher.watch(folder, RecursiveMode::Recursive).map_err(cannot)?;
        Ok(Self { _watcher: watcher, changes, folder: number })
    }

    /// Whether it watches what now has the folder's name.
    pub fn is_of(&self, folder: &Path) -> bool {
        number(folder) == Some(self.folder)
    }

    /// Waits for a change, and until it has settled.
    pub async fn settled(&mut self) {
        if self.changes.recv().await.is_none() {
            // The watch has broken; the next look through the folder begins another.
            return std::future::pending().await;
        }
        let last = Instant::now() + AT_LAST;
        while timeout_at(last.min(Instant::now() + QUIET), self.changes.recv()).await.is_ok() {
            if Instant::now() >= last {
                return;
            }
        }
    }
}

/// Whether such an event may change the library: reading does not.
fn counts(kind: &EventKind) -> bool {
    match kind {
        EventKind::Create(_) | EventKind::Remove(_) | EventKind::Any | EventKind::Other => true,
        EventKind::Modify(what) => !matches!(what, ModifyKind::Metadata(_)),
        EventKind::Access(how) => *how == AccessKind::Close(AccessMode::Write),
    }
}

fn number(folder: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(folder).ok().map(|about| (about.dev(), about.ino()))
}

/// The kind of network share that a folder lies on, if it does.
fn share(folder: &Path) -> Option<&'static str> {
    // The numbers have 32 bits; some systems widen them with their sign.
    let kind = rustix::fs::statfs(folder).ok()?.f_type as i64 & 0xffff_ffff;
    SHARES.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_new_file_is_noticed_however_deep_and_reading_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("old.mp3"), "old").unwrap();
        let mut watch = Watch::new(dir.path()).unwrap();
        std::fs::read(deep.join("old.mp3")).unwrap();
        let soon = Duration::from_millis(300);
        assert!(tokio::time::timeout(soon, watch.changes.recv()).await.is_err(), "it was only read");
        std::fs::write(deep.join("new.mp3"), "new").unwrap();
        tokio::time::timeout(Duration::from_secs(20), watch.settled()).await.expect("it is noticed");
        assert!(watch.is_of(dir.path()) && !watch.is_of(&deep));
        std::fs::create_dir(dir.path().join("c")).unwrap();
        tokio::time::timeout(Duration::from_secs(20), watch.settled()).await.expect("a folder too");
        std::fs::write(dir.path().join("c/x.mp3"), "x").unwrap();
        tokio::time::timeout(Duration::from_secs(20), watch.settled()).await.expect("and what comes into it");
    }

    #[test]
    fn what_cannot_be_watched_is_told() {
        assert!(Watch::new(Path::new("/nowhere/at/all")).unwrap_err().contains("/nowhere/at/all"));
        assert_eq!(share(&std::env::temp_dir()), None);
    }
}
