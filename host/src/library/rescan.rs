//! Looks through the folder of music at the start, when something changed, and again and again.
//!
//! In: a folder, a rhythm, and whether to watch it. Out: each scan's outcome or failure, and its progress on the way. A
//! disk that comes up late is not waited for until the next round: a failed scan is soon repeated.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::{
    Store, import,
    scan::{Outcome, Progress, ScanError, scan},
    watch::Watch,
};

/// A failed scan is repeated after this time, then after twice as much, and so on.
const SOON: Duration = Duration::from_secs(15);

/// The longest time between two tries while the folder cannot be looked through.
const SELDOM: Duration = Duration::from_secs(600);

/// Imported lists are looked for so often.
const LISTS: Duration = Duration::from_secs(10);

/// Scans now, `every` so often, and, where it is to `watch`, when something changed; ends when nobody listens
/// any more.
pub async fn keep_scanning(
    store: Store,
    folder: PathBuf,
    every: Option<Duration>,
    watch: bool,
    progress: watch::Sender<Progress>,
    scans: mpsc::Sender<Result<Outcome, ScanError>>,
) {
    repeat(store, folder, every, watch, SOON, progress, scans).await;
}

async fn repeat(
    store: Store,
    folder: PathBuf,
    every: Option<Duration>,
    watch: bool,
    soon: Duration,
    progress: watch::Sender<Progress>,
    scans: mpsc::Sender<Result<Outcome, ScanError>>,
) {
    let mut failures = 0;
    let mut watched: Option<Watch> = None;
    let mut unwatched: Option<String> = None;
    loop {
        // Begun before the scan, so that nothing changes between the two.
        if watch && !watched.as_ref().is_some_and(|watch| watch.is_of(&folder)) {
            watched = begin(&folder, &mut unwatched).await;
        }
        progress.send_replace(Some((0, 0)));
        let lists = store.wanted_mark().await.ok();
        let outcome = look(&store, &folder, &progress).await;
        progress.send_replace(None);
        failures = if outcome.is_ok() { 0 } else { failures + 1 };
        if scans.send(outcome).await.is_err() {
            return;
        }
        match (pause(every, soon, failures), &mut watched) {
            (None, None) => return,
            (None, Some(watch)) => tokio::select! {
                () = watch.settled() => {}
                () = imported(&store, lists) => {}
            },
            (Some(pause), None) => tokio::select! {
                () = sleep(pause) => {}
                () = imported(&store, lists) => {}
            },
            (Some(pause), Some(watch)) => tokio::select! {
                () = sleep(pause) => {}
                () = watch.settled() => {}
                () = imported(&store, lists) => {}
            },
        }
    }
}

/// Looks through the folder, and again where something was found that a list wants.
async fn look(store: &Store, folder: &Path, progress: &watch::Sender<Progress>) -> Result<Outcome, ScanError> {
    let first = scan(store, folder, progress).await?;
    if first.read == 0 || import::look_again(store).await? == 0 {
        return Ok(first);
    }
    let second = scan(store, folder, progress).await?;
    Ok(Outcome { changed: first.changed + second.changed, ..first })
}

/// Waits until another program has imported a list.
async fn imported(store: &Store, before: Option<(i64, i64)>) {
    loop {
        sleep(LISTS).await;
        if store.wanted_mark().await.is_ok_and(|mark| Some(mark) != before) {
            return;
        }
    }
}

/// Begins to watch, or says once why it cannot.
async fn begin(folder: &Path, unwatched: &mut Option<String>) -> Option<Watch> {
    let path = folder.to_owned();
    // Of thousands of folders that takes its time.
    let begun = tokio::task::spawn_blocking(move || Watch::new(&path)).await.unwrap_or_else(|e| Err(e.to_string()));
    match begun {
        Ok(watch) => Some(watch),
        Err(why) => {
            // Where the folder itself is missing, the scan says so.
            if folder.is_dir() && unwatched.as_ref() != Some(&why) {
                tracing::info!("{why}; it is looked through every music.rescan_min minutes instead");
                *unwatched = Some(why);
            }
            None
        }
    }
}

/// The time until the next scan, after so many failures in a row; `None`: there is none.
fn pause(every: Option<Duration>, soon: Duration, failures: u32) -> Option<Duration> {
    if failures == 0 {
        return every;
    }
    let doubled = soon.saturating_mul(1 << (failures - 1).min(16));
    Some(doubled.min(SELDOM).min(every.unwrap_or(SELDOM)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_scan_is_repeated_soon_and_then_less_often() {
        let s = Duration::from_secs;
        let pauses = |every: Option<Duration>| (0..9).map(|n| pause(every, SOON, n)).collect::<Vec<_>>();
        let often = [15, 30, 60, 120, 240, 480, 600, 600].map(|n| Some(s(n)));
        assert_eq!(pauses(Some(s(3600))), [&[Some(s(3600))], &often[..]].concat());
        assert_eq!(pauses(None), [&[None], &often[..]].concat());
        assert_eq!(pause(Some(s(60)), SOON, 8), Some(s(60)), "never less often than all is looked through");
        assert_eq!(pause(None, SOON, u32::MAX), Some(s(600)));
    }

    #[tokio::test]
    async fn a_disk_that_comes_up_late_is_found_although_no_rescans_are_wished() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let folder = dir.path().join("late");
        let (progress, seen) = watch::channel(None);
        let (tell, mut scans) = mpsc::channel(1);
        let soon = Duration::from_millis(20);
        let scanning = tokio::spawn(repeat(store.clone(), folder.clone(), None, false, soon, progress, tell));
        assert!(matches!(scans.recv().await.unwrap(), Err(ScanError::Folder { .. })));
        assert_eq!(*seen.borrow(), None, "a failed scan does not run on");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("sun.mp3"), "no music, but a file").unwrap();
        let found = loop {
            if let Ok(outcome) = scans.recv().await.unwrap() {
                break outcome;
            }
        };
        assert_eq!((found.files, found.read), (1, 1));
        scanning.await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_put_into_a_watched_folder_is_found_without_a_rescan() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let folder = dir.path().join("music");
        std::fs::create_dir_all(folder.join("album")).unwrap();
        let (progress, _seen) = watch::channel(None);
        let (tell, mut scans) = mpsc::channel(1);
        let scanning = tokio::spawn(repeat(store.clone(), folder.clone(), None, true, SOON, progress, tell));
        assert_eq!(scans.recv().await.unwrap().unwrap().files, 0);
        std::fs::write(folder.join("album/sun.mp3"), "no music, but a file").unwrap();
        assert_eq!(scans.recv().await.unwrap().unwrap().read, 1);
        std::fs::remove_file(folder.join("album/sun.mp3")).unwrap();
        std::fs::write(folder.join("album/rain.mp3"), "no music, but a file").unwrap();
        let outcome = scans.recv().await.unwrap().unwrap();
        assert_eq!((outcome.read, outcome.gone), (1, 1));
        scanning.abort();
    }
}
