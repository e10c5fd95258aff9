//! Looks through the folder of music at the start and again and again.
//!
//! In: a folder and a rhythm. Out: each scan's outcome or failure, and its progress on the way. A
//! disk that comes up late is not waited for until the next round: a failed scan is soon repeated.

use std::{path::PathBuf, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::{
    Store,
    scan::{Outcome, Progress, ScanError, scan},
};

/// A failed scan is repeated after this time, then after twice as much, and so on.
const SOON: Duration = Duration::from_secs(15);

/// The longest time between two tries while the folder cannot be looked through.
const SELDOM: Duration = Duration::from_secs(600);

/// Scans now and `every` so often, or only now; ends when nobody listens any more.
pub async fn keep_scanning(
    store: Store,
    folder: PathBuf,
    every: Option<Duration>,
    progress: watch::Sender<Progress>,
    scans: mpsc::Sender<Result<Outcome, ScanError>>,
) {
    repeat(store, folder, every, SOON, progress, scans).await;
}

async fn repeat(
    store: Store,
    folder: PathBuf,
    every: Option<Duration>,
    soon: Duration,
    progress: watch::Sender<Progress>,
    scans: mpsc::Sender<Result<Outcome, ScanError>>,
) {
    let mut failures = 0;
    loop {
        progress.send_replace(Some((0, 0)));
        let outcome = scan(&store, &folder, &progress).await;
        progress.send_replace(None);
        failures = if outcome.is_ok() { 0 } else { failures + 1 };
        if scans.send(outcome).await.is_err() {
            return;
        }
        match pause(every, soon, failures) {
            Some(pause) => sleep(pause).await,
            None => return,
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
        let scanning = tokio::spawn(repeat(store.clone(), folder.clone(), None, soon, progress, tell));
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
}
