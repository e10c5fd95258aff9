//! Which tracks there are, read from the database beside the music: of many, that takes its time.
//!
//! In: that something may have changed. Out: the tracks in memory. A database that cannot be read
//! becomes a notice, and the tracks stay as they were.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use tokio::sync::mpsc;

use super::App;
use crate::{
    decide::Choice,
    library::{Candidate, StoreError, TrackId},
    room::Moment,
};

/// While a scan runs, what it has found is looked at so long after the last look.
const RELOAD: Duration = Duration::from_secs(2);

/// From so many tracks on, there is enough to play until a scan has ended.
const FEW: usize = 500;

/// What a look into the database found.
pub(super) type Loaded = Result<Vec<Candidate>, StoreError>;

/// The look that runs, and those to come.
#[derive(Debug)]
pub(super) struct Loads {
    to: mpsc::Sender<Loaded>,
    /// Here each look ends.
    pub from: mpsc::Receiver<Loaded>,
    running: bool,
    /// What the running look finds is out of date already.
    outdated: bool,
    last: Instant,
    again: Option<Instant>,
    /// Tracks of another kind are to be played: what was told of the old ones and has not begun is forgotten.
    pub other_kind: bool,
    /// A scan is over, and what it found has not been looked at.
    pub scan_ended: bool,
}

impl Loads {
    pub fn new(now: Instant) -> Self {
        let (to, from) = mpsc::channel(1);
        Self { to, from, running: false, outdated: false, last: now, again: None, other_kind: false, scan_ended: false }
    }

    /// What is known of the tracks changes, in memory and in the database: a running look may have missed it.
    pub const fn outdate(&mut self) {
        self.outdated = self.running;
    }

    /// Tracks were left out that may be well by then.
    pub fn look_again_at(&mut self, at: Instant) {
        self.again.get_or_insert(at);
    }

    /// Whether there are such tracks.
    pub const fn left_some_out(&self) -> bool {
        self.again.is_some()
    }
}

impl App {
    /// Looks into the database which tracks there are; [`Self::loaded`] takes it in.
    pub(super) fn reload(&mut self, now: Moment) {
        if self.loads.running {
            return self.loads.outdate();
        }
        self.loads.running = true;
        self.loads.last = now.tick;
        let (store, to, kind) = (self.common.store.clone(), self.loads.to.clone(), self.player.plays());
        tokio::spawn(async move {
            // Fails only when the program is ending.
            let _ = to.send(store.candidates_of(kind).await).await;
        });
    }

    /// Looks into the database when it is time to.
    pub(super) fn reload_if_due(&mut self, now: Moment) {
        // Lets a first scan's first tracks be played before it has ended.
        let few = self.tracks.len() < FEW && self.library.scan.is_some();
        let scanned = few && now.tick >= self.loads.last + RELOAD;
        let again = self.loads.again.take_if(|at| now.tick >= *at).is_some();
        if (scanned && !self.loads.running) || again {
            self.reload(now);
        }
    }

    /// Takes in what a look found, or looks again if it is out of date.
    pub(super) fn loaded(&mut self, loaded: Loaded, now: Moment) {
        self.loads.running = false;
        self.loads.last = now.tick;
        if std::mem::take(&mut self.loads.outdated) {
            return self.reload(now);
        }
        if std::mem::take(&mut self.loads.scan_ended) {
            self.library.scan = None;
        }
        match loaded {
            Ok(tracks) => {
                if std::mem::take(&mut self.loads.other_kind) && self.playback.current.is_none() {
                    let starting = self.playback.starting().map(|told| told.choice.clone());
                    if let Some(picked) = starting.filter(Choice::is_by_hand) {
                        self.queue_changed |= self.queue.put(picked, true);
                    }
                    self.playback.gave_way();
                }
                self.queue_changed |= self.queue.turn(&self.tracks, &tracks);
                self.tracks = tracks;
                self.taste.seat(&self.tracks);
                // What was shown of them may have changed.
                let waiting: HashSet<TrackId> = self.queue.iter().map(|choice| choice.track).collect();
                self.titles.retain(|id, _| !waiting.contains(id));
                self.count_library();
            }
            Err(e) => self.database_failed(&e),
        }
    }
}
