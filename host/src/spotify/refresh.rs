//! Finds music on Spotify for the database, again and again, so that a mood change asks nobody.
//!
//! In: the settings, the schedule, wishes to refresh now. Out: tracks in the database, and progress. A
//! step is done or it is not: after a restart, or a limit of half a day, it goes on with the next one.
//! What is no longer found is retired at the end of a whole round, never before.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use moodring_spotify::{
    Calls, LogIn, Trouble,
    call::{LIST_LIMIT, SEARCH_LIMIT},
    reply::{Piece, Place},
    schedule::Schedule,
};
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::plan::{Round, Step, asked, plan, same};
use crate::{
    config::Spotify,
    library::{
        Store, StoreError,
        spotify::{Find, List},
    },
};

/// The round is kept under this name.
const ROUND: &str = "spotify_round";

/// A wish from another process to refresh now is left under this name.
pub const ASKED: &str = "spotify_refresh_asked";

/// At most so many tracks of a playlist, and of the liked ones, are taken.
const MOST_OF_A_LIST: u32 = 1000;
const MOST_LIKED: u32 = 500;

/// So often it is looked whether it is time, or somebody wishes it.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// How a refresh goes.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Progress {
    /// Steps done, and in all, while it runs.
    pub steps: Option<(usize, usize)>,
    /// What it looks through, in words.
    pub doing: String,
    /// It waits until then, for a limit.
    pub waits: Option<Timestamp>,
    /// When the last one ended.
    pub ended: Option<Timestamp>,
    /// When the next one begins.
    pub next: Option<Timestamp>,
    /// Tracks seen in this or the last round, those that are new, and those retired.
    pub found: u64,
    /// New ones.
    pub new: u64,
    /// Retired ones.
    pub retired: u64,
    /// What did not work, in words.
    pub complaints: Vec<String>,
}

/// Why a refresh stopped.
#[derive(Debug, thiserror::Error)]
pub enum Stopped {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Spotify; it goes on later.
    #[error(transparent)]
    Spotify(#[from] Trouble),
}

/// What a refresh needs.
#[derive(Clone)]
pub struct Refresh {
    /// The calls.
    pub calls: Calls,
    /// Where tracks go.
    pub store: Store,
    /// What to look for.
    pub settings: Arc<Spotify>,
    /// How it goes.
    pub progress: watch::Sender<Progress>,
    /// Somebody wishes one now.
    pub asked: Arc<Notify>,
    /// There are new tracks, or some have gone.
    pub changed: watch::Sender<u64>,
}

impl Refresh {
    /// Refreshes by the schedule and on request, for ever. `own`: this installation's number.
    pub async fn keep_fresh(self, own: u64) {
        let Ok(schedule) = Schedule::parse(&self.settings.refresh, own) else { return };
        loop {
            let due = match self.due(&schedule, Timestamp::now()).await {
                Ok(due) => due,
                Err(e) => {
                    tracing::warn!("the refresh from Spotify waits: {e}");
                    false
                }
            };
            let logged_in = matches!(self.calls.line().standing().borrow().log_in, LogIn::In { .. });
            if due && logged_in {
                match self.round().await {
                    Ok(()) => {}
                    Err(Stopped::Spotify(Trouble::Stopping)) => return,
                    Err(Stopped::Spotify(Trouble::Later { until, why })) => {
                        tracing::info!("the refresh from Spotify waits until {until}: {}", why.words());
                        self.progress.send_modify(|progress| progress.waits = Some(until));
                        self.wait_until(until).await;
                        self.progress.send_modify(|progress| progress.waits = None);
                        continue;
                    }
                    Err(e) => {
                        tracing::warn!("the refresh from Spotify waits: {e}");
                        let passing = matches!(e, Stopped::Store(_));
                        sleep(Duration::from_secs(if passing { 5 } else { 60 })).await;
                    }
                }
                continue;
            }
            tokio::select! {
                () = self.asked.notified() => drop(self.store.note(ASKED, "yes").await),
                () = sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn wait_until(&self, until: Timestamp) {
        let left = until.duration_since(Timestamp::now()).unsigned_abs();
        // In pieces: a clock may be set meanwhile.
        sleep(left.clamp(Duration::from_secs(1), Duration::from_secs(300))).await;
    }

    /// Whether it is time: a round is unfinished, none was ever made, somebody asked, or the schedule says so.
    async fn due(&self, schedule: &Schedule, now: Timestamp) -> Result<bool, StoreError> {
        let asked = self.store.noted(ASKED).await?.is_some_and(|word| word == "yes");
        let mut round = self.kept_round().await?;
        let mut ended = None;
        if let Some(round) = &mut round {
            let (counts, new) = round.ended_by(now);
            if new {
                self.keep(round).await?;
            }
            ended = counts;
        }
        let next = ended.map(|ended| schedule.after(ended));
        self.progress.send_modify(|progress| {
            progress.next = next;
            if let Some(round) = &round {
                progress.ended = ended;
                (progress.found, progress.new, progress.retired) = (round.found, round.new, round.retired);
                progress.complaints.clone_from(&round.complaints);
            }
        });
        Ok(asked || next.is_none_or(|next| next <= now))
    }

    /// The round that is kept.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn kept_round(&self) -> Result<Option<Round>, StoreError> {
        let kept = self.store.noted(ROUND).await?;
        Ok(kept.and_then(|text| serde_json::from_str(&text).ok()))
    }

    async fn keep(&self, round: &Round) -> Result<(), StoreError> {
        let text = serde_json::to_string(round).unwrap_or_default();
        self.store.note(ROUND, &text).await
    }

    /// Makes a round, or goes on with an unfinished one.
    ///
    /// # Errors
    /// A limit, no log-in, no network, or the database: it goes on from there the next time.
    pub async fn round(&self) -> Result<(), Stopped> {
        let unfinished = self.kept_round().await?.filter(|round| round.ended.is_none());
        let is_new = unfinished.is_none();
        let mut round = unfinished.unwrap_or_else(|| Round::begin(Timestamp::now()));
        let before = self.progress.borrow().clone();
        self.show(&round, 0, "your playlists");
        let steps = match self.begin(&mut round, is_new).await {
            Ok(steps) => steps,
            Err(stopped) => {
                if is_new {
                    // It has not begun: none is under way.
                    self.progress.send_replace(before);
                }
                return Err(stopped);
            }
        };
        for (n, step) in steps.iter().enumerate() {
            if round.done.contains(&step.key()) {
                continue;
            }
            self.show(&round, n, &step.words());
            match self.step(step, &mut round).await {
                Ok(()) => {}
                // What cannot be read now was there, and may be there again.
                Err(Stopped::Spotify(trouble @ (Trouble::Refused { .. } | Trouble::Unreadable(_)))) => {
                    self.store.still_there(&step.origin(), round.began).await?;
                    round.complaints.push(format!("{}: {trouble}", step.words()));
                }
                Err(stopped) => return Err(stopped),
            }
            round.done.insert(step.key());
            self.keep(&round).await?;
            if round.new > 0 && n % 5 == 4 {
                self.changed.send_modify(|times| *times += 1);
            }
        }
        self.store.wanted_still_there(round.began).await?;
        if round.missing > 0 {
            round.complaints.push(format!("songs of imported lists that Spotify does not have: {}", round.missing));
        }
        round.retired = self.store.retire_finds(round.began).await?;
        round.ended = Some(Timestamp::now());
        self.keep(&round).await?;
        self.progress.send_modify(|progress| {
            progress.steps = None;
            progress.doing.clear();
        });
        self.changed.send_modify(|times| *times += 1);
        let Round { found, new, retired, complaints, .. } = &round;
        tracing::info!("looked for music on Spotify: {found} tracks, {new} new, {retired} retired");
        complaints.iter().for_each(|complaint| tracing::warn!("{complaint}"));
        Ok(())
    }

    /// Begins a round, or one that is unfinished anew: gives all its steps. What was asked for is done with it, and not
    /// before it is kept.
    async fn begin(&self, round: &mut Round, is_new: bool) -> Result<Vec<Step>, Stopped> {
        self.look_at_lists().await?;
        if is_new {
            self.store.seen_before(round.began).await?;
        }
        self.keep(round).await?;
        // Before the picks are read: who picks another one meanwhile asks for another round.
        self.store.note(ASKED, "no").await?;
        let (picks, lists) = (self.store.picked_lists().await?, self.store.lists().await?);
        let (steps, complaints) = plan(&self.settings, &picks, &lists, self.store.wanted_of_spotify().await?);
        round.complaints = complaints;
        round.steps = steps.len();
        self.keep(round).await?;
        Ok(steps)
    }

    fn show(&self, round: &Round, at: usize, doing: &str) {
        self.progress.send_modify(|progress| {
            progress.steps = Some((at, round.steps));
            doing.clone_into(&mut progress.doing);
            (progress.found, progress.new) = (round.found, round.new);
            progress.complaints.clone_from(&round.complaints);
        });
    }

    /// Which playlists the user has.
    ///
    /// # Errors
    /// As [`Self::round`].
    pub async fn look_at_lists(&self) -> Result<(), Stopped> {
        let me = self.calls.me().await?;
        let mut lists = Vec::new();
        for offset in (0..MOST_OF_A_LIST).step_by(LIST_LIMIT as usize) {
            let page = self.calls.playlists(offset).await?;
            let list = |found: moodring_spotify::reply::Playlist| {
                let own = found.owner.id.is_empty() || found.owner.id == me.id;
                List { id: found.id, name: found.name, own }
            };
            lists.extend(page.items.into_iter().filter(|found| !found.id.is_empty()).map(list));
            if page.next.is_none() {
                break;
            }
        }
        Ok(self.store.keep_lists(&lists).await?)
    }

    async fn step(&self, step: &Step, round: &mut Round) -> Result<(), Stopped> {
        match step {
            Step::Playlist(emotion, id, _) => {
                let snapshot = self.calls.playlist(id).await?.snapshot_id;
                if !snapshot.is_empty() && self.store.snapshot(id, *emotion).await?.as_ref() == Some(&snapshot) {
                    self.store.still_there(&step.origin(), round.began).await?;
                    return Ok(());
                }
                for offset in (0..MOST_OF_A_LIST).step_by(LIST_LIMIT as usize) {
                    let page = self.calls.playlist_items(id, offset).await?;
                    self.found(page.items.into_iter().filter_map(Place::piece), step, round).await?;
                    if page.next.is_none() {
                        break;
                    }
                }
                self.store.keep_snapshot(id, *emotion, &snapshot).await?;
            }
            Step::Search(_, term) => {
                for n in 0..self.settings.search_pages {
                    let page = self.calls.search(term, n * SEARCH_LIMIT).await?;
                    self.found(page.items.into_iter(), step, round).await?;
                    if page.next.is_none() {
                        break;
                    }
                }
            }
            Step::Liked => {
                for offset in (0..MOST_LIKED).step_by(LIST_LIMIT as usize) {
                    let page = self.calls.liked(offset).await?;
                    self.found(page.items.into_iter().filter_map(Place::piece), step, round).await?;
                    if page.next.is_none() {
                        break;
                    }
                }
            }
            Step::Wanted(wanted) => {
                let page = self.calls.search(&asked(&wanted.song), 0).await?;
                let Some((piece, score)) = same(wanted, &page.items) else {
                    round.missing += 1;
                    return Ok(());
                };
                self.found(std::iter::once(piece.clone()), step, round).await?;
                self.store.matched(wanted.id, &piece.uri, score).await?;
            }
        }
        Ok(())
    }

    async fn found(
        &self,
        pieces: impl Iterator<Item = Piece>,
        step: &Step,
        round: &mut Round,
    ) -> Result<(), StoreError> {
        let finds: Vec<Find> = pieces.filter(Piece::is_music).map(find).collect();
        // Dated by the round, so that its end knows what was seen in it.
        round.new += self.store.keep_finds(&finds, &step.origin(), round.began).await?;
        round.found += finds.len() as u64;
        Ok(())
    }
}

fn find(piece: Piece) -> Find {
    let artist = piece.artist();
    let length_ms = (piece.duration_ms > 0).then_some(piece.duration_ms);
    Find { uri: piece.uri, title: piece.name, artist, album: piece.album.name, length_ms, explicit: piece.explicit }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    async fn refresh(dir: &Path) -> Refresh {
        let settings = Spotify::default();
        Refresh {
            calls: Calls::new(moodring_spotify::Spotify::open(&settings.account(dir))),
            store: Store::open(dir).await.unwrap(),
            settings: Arc::new(settings),
            progress: watch::channel(Progress::default()).0,
            asked: Arc::default(),
            changed: watch::channel(0).0,
        }
    }

    #[tokio::test]
    async fn a_clock_that_was_ahead_once_does_not_stop_the_schedule() {
        let dir = tempfile::tempdir().unwrap();
        let refresh = refresh(dir.path()).await;
        let daily = Schedule::parse("0 4 * * * UTC", 1).unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let round = Round { ended: Some(at("2061-05-01T12:10:00Z")), ..Round::begin(at("2061-05-01T12:00:00Z")) };
        refresh.keep(&round).await.unwrap();
        let looks = [("2026-11-23T20:00:00Z", false), ("2026-11-24T03:59:00Z", false), ("2026-11-24T04:00:00Z", true)];
        for (now, due) in looks {
            assert_eq!(refresh.due(&daily, at(now)).await.unwrap(), due, "{now}");
            let progress = refresh.progress.borrow().clone();
            assert_eq!(progress.ended, Some(at("2026-11-23T20:00:00Z")));
            assert_eq!(progress.next, Some(at("2026-11-24T04:00:00Z")));
        }
        refresh.store.close().await;
    }
}
