//! Looks through the folder of music at the start and again and again.
//!
//! In: a folder and a rhythm. Out: each scan's outcome or failure, and its progress on the way.

use std::{path::PathBuf, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};

use super::{
    Store,
    scan::{Outcome, Progress, ScanError, scan},
};

/// Scans now and `every` so often, or only now; ends when nobody listens any more.
pub async fn keep_scanning(
    store: Store,
    folder: PathBuf,
    every: Option<Duration>,
    progress: watch::Sender<Progress>,
    scans: mpsc::Sender<Result<Outcome, ScanError>>,
) {
    loop {
        progress.send_replace(Some((0, 0)));
        let outcome = scan(&store, &folder, &progress).await;
        if scans.send(outcome).await.is_err() {
            return;
        }
        match every {
            Some(every) => sleep(every).await,
            None => return,
        }
    }
}
