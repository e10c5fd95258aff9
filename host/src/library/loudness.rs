//! How loud the tracks are: kept in the database, and measured in the background where tags do not say.
//!
//! In: files of the library, those that wait in the queue first. Out: what was measured. A file that
//! is damaged is not tried again until it changes, one that cannot be reached, as its disk is away, is
//! tried again later; whether it can be played shows when it is.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};
use tokio::{sync::oneshot, time::sleep};

use super::{Store, StoreError, TrackId, tags::Tags};
use crate::player::{
    Fault, Level, Place,
    level::{Measured, Tagged},
    local::measure,
};

/// With nothing to measure, new tracks are looked for so often.
const IDLE: Duration = Duration::from_secs(3);

/// So long is waited after a file that cannot be reached: the others may be on the same disk, and that may sleep.
const AWAY: Duration = Duration::from_secs(60);

/// The least time between two files: measuring is never in a hurry.
const BREATH: Duration = Duration::from_millis(50);

/// The niceness of the measuring thread: everything else goes first.
const NICEST: i32 = 19;

/// Files whose loudness is unknown and not told by their tags; a further condition follows.
const UNKNOWN: &str = "SELECT t.id, t.place FROM tracks t JOIN sounds s ON s.track_id = t.id WHERE s.tried = 0 \
     AND t.kind = 'file' AND t.gone = 0 AND t.problem IS NULL AND (s.track_gain IS NULL OR s.track_peak IS NULL)";

impl Store {
    /// The first file after the track `after` whose loudness is unknown and not told by its tags.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn unmeasured(&self, after: TrackId) -> Result<Option<(TrackId, PathBuf)>, StoreError> {
        let query = format!("{UNKNOWN} AND s.track_id > $1 ORDER BY s.track_id LIMIT 1");
        let row = sqlx::query(sqlx::AssertSqlSafe(query)).bind(after.0).fetch_optional(&self.pool).await?;
        Ok(row.map(|row| file(&row)).transpose()?)
    }

    /// Such a file that waits in the queue, but none of those that are `away`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn unmeasured_in_queue(&self, away: &HashSet<TrackId>) -> Result<Option<(TrackId, PathBuf)>, StoreError> {
        let query = format!("{UNKNOWN} AND t.id IN (SELECT track_id FROM queue)");
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?;
        let files = rows.iter().map(file).collect::<Result<Vec<_>, _>>()?;
        Ok(files.into_iter().find(|(track, _)| !away.contains(track)))
    }

    /// Keeps what was measured, or that it could not be.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn measured(&self, track: TrackId, measured: Option<Measured>) -> Result<(), StoreError> {
        let set = "UPDATE sounds SET lufs = $2, peak = $3, tried = 1 WHERE track_id = $1";
        sqlx::query(set)
            .bind(track.0)
            .bind(measured.map(|m| f64::from(m.lufs)))
            .bind(measured.map(|m| f64::from(m.peak)))
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

fn file(row: &SqliteRow) -> Result<(TrackId, PathBuf), sqlx::Error> {
    let place: String = row.try_get("place")?;
    Ok((TrackId(row.try_get("id")?), PathBuf::from(place)))
}

/// Keeps what a new or changed file's tags say; what was measured of it before is forgotten.
pub(super) async fn keep_tags(all: &mut Transaction<'_, Sqlite>, track: i64, tags: &Tags) -> Result<(), StoreError> {
    let gain = |tagged: Option<Tagged>| tagged.map(|tagged| f64::from(tagged.gain_db));
    let peak = |tagged: Option<Tagged>| tagged.and_then(|tagged| tagged.peak).map(f64::from);
    sqlx::query(
        "INSERT INTO sounds (track_id, disc, number, track_gain, track_peak, album_gain, album_peak) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (track_id) DO UPDATE SET \
         disc = excluded.disc, number = excluded.number, track_gain = excluded.track_gain, \
         track_peak = excluded.track_peak, album_gain = excluded.album_gain, \
         album_peak = excluded.album_peak, lufs = NULL, peak = NULL, tried = 0",
    )
    .bind(track)
    .bind(tags.disc.map(i64::from))
    .bind(tags.number.map(i64::from))
    .bind(gain(tags.track_gain))
    .bind(peak(tags.track_gain))
    .bind(gain(tags.album_gain))
    .bind(peak(tags.album_gain))
    .execute(&mut **all)
    .await?;
    Ok(())
}

/// How loud the track of a row is.
pub(super) fn level(row: &SqliteRow) -> Result<Level, sqlx::Error> {
    let real = |column| Ok::<_, sqlx::Error>(row.try_get::<Option<f64>, _>(column)?.map(|value| value as f32));
    let tagged = |gain: Option<f32>, peak| gain.map(|gain_db| Tagged { gain_db, peak });
    let measured = real("lufs")?.zip(real("peak")?).map(|(lufs, peak)| Measured { lufs, peak });
    Ok(Level {
        track: tagged(real("track_gain")?, real("track_peak")?),
        album: tagged(real("album_gain")?, real("album_peak")?),
        measured,
    })
}

/// Where the track of a row stands on its album: tracks of one album lie in one folder and name it alike.
pub(super) fn place(row: &SqliteRow) -> Result<Option<Place>, sqlx::Error> {
    let number =
        |column| Ok::<_, sqlx::Error>(row.try_get::<Option<i64>, _>(column)?.and_then(|n| u32::try_from(n).ok()));
    let album: String = row.try_get("album")?;
    let (Some(track), false) = (number("number")?, album.is_empty()) else { return Ok(None) };
    let file: String = row.try_get("place")?;
    let mut hasher = DefaultHasher::new();
    (album, Path::new(&file).parent()).hash(&mut hasher);
    Ok(Some(Place { album: hasher.finish(), disc: number("disc")?.unwrap_or(1), number: track }))
}

/// Measures what is unmeasured, one file after the other, until the program ends.
pub async fn keep_measuring(store: Store) {
    let ear = match Ear::new() {
        Ok(ear) => ear,
        Err(why) => return tracing::warn!("cannot measure how loud tracks are: {why}"),
    };
    let mut round = Round::default();
    while let Some(wait) = round.step(&store, &ear).await {
        sleep(wait).await;
    }
}

/// One way through all tracks.
#[derive(Default)]
struct Round {
    /// How far it has come; what waits in the queue comes before its turn.
    after: Option<TrackId>,
    /// So many were measured.
    measured: u64,
    /// What could not be reached.
    away: HashSet<TrackId>,
}

impl Round {
    /// Measures one file, if there is one; gives how long to wait before the next. `None`: the program ends.
    async fn step(&mut self, store: &Store, ear: &Ear) -> Option<Duration> {
        let (track, path) = match self.next(store).await {
            Ok(Some(next)) => next,
            Ok(None) => return Some(self.over()),
            Err(why) => {
                tracing::warn!("cannot look for tracks to measure: {why}");
                return Some(IDLE);
            }
        };
        let began = Instant::now();
        let measured = match ear.listen(path).await? {
            // Given up.
            Ok(None) => return None,
            Ok(Some(measured)) => Some(measured),
            Err(Fault::Away(why)) => {
                tracing::debug!("not measured for now: {why}");
                self.away.insert(track);
                return Some(AWAY);
            }
            Err(Fault::Broken(why)) => {
                tracing::debug!("not measured: {why}");
                None
            }
        };
        if let Err(why) = store.measured(track, measured).await {
            tracing::warn!("cannot keep how loud a track is: {why}");
            return Some(began.elapsed().max(IDLE));
        }
        self.measured += 1;
        // Half of the time is left to others.
        Some(began.elapsed().max(BREATH))
    }

    /// What waits in the queue, else the next of all.
    async fn next(&mut self, store: &Store) -> Result<Option<(TrackId, PathBuf)>, StoreError> {
        if let Some(waiting) = store.unmeasured_in_queue(&self.away).await? {
            return Ok(Some(waiting));
        }
        let next = store.unmeasured(self.after.unwrap_or(TrackId(0))).await?;
        self.after = next.as_ref().map(|(track, _)| *track).or(self.after);
        Ok(next)
    }

    /// Nothing is left; begins anew, after this time.
    fn over(&mut self) -> Duration {
        if self.measured > 0 {
            tracing::info!("measured how loud {} tracks are", self.measured);
        }
        let wait = if self.after.is_some() { Duration::ZERO } else { IDLE };
        *self = Self::default();
        wait
    }
}

/// What was measured; `None`: measuring was given up, as the program ends.
type Heard = Result<Option<Measured>, Fault>;

/// A thread of the lowest priority that measures.
struct Ear {
    files: mpsc::Sender<(PathBuf, oneshot::Sender<Heard>)>,
    ended: Arc<AtomicBool>,
}

impl Ear {
    fn new() -> std::io::Result<Self> {
        let (files, wanted) = mpsc::channel::<(PathBuf, oneshot::Sender<Heard>)>();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        thread::Builder::new().name("loudness".to_owned()).spawn(move || {
            // On Linux this is of the calling thread alone; where it fails, measuring is merely less polite.
            let _ = rustix::process::setpriority_process(None, NICEST);
            for (path, tell) in wanted {
                // Nobody waits for it when the program ends.
                let _ = tell.send(measure(&path, || !end.load(Ordering::Relaxed)));
            }
        })?;
        Ok(Self { files, ended })
    }

    /// What was measured of a file, or why it cannot be; `None`: the thread has ended.
    async fn listen(&self, path: PathBuf) -> Option<Heard> {
        let (tell, told) = oneshot::channel();
        self.files.send((path, tell)).ok()?;
        told.await.ok()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Emotions, TrackQuery, shelf::Found};

    /// A library that knows these files, one after the other, whether they are there or not.
    async fn library(dir: &Path, files: &[PathBuf]) -> Store {
        let store = Store::open(&dir.join("state")).await.unwrap();
        let found = |path: &PathBuf| Found {
            path: path.display().to_string(),
            mtime: 0,
            size: 0,
            tags: Some(Tags { title: path.display().to_string(), ..Tags::default() }),
            moods: Emotions::NONE,
        };
        store.found(&files.iter().map(found).collect::<Vec<_>>()).await.unwrap();
        store
    }

    /// Which of them are measured.
    async fn known(store: &Store) -> Vec<bool> {
        let tracks = store.tracks(&TrackQuery::default()).await.unwrap().tracks;
        tracks.iter().map(|track| track.level.measured.is_some()).collect()
    }

    fn tone() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tone.flac")
    }

    #[tokio::test]
    async fn a_file_whose_disk_is_away_holds_up_no_other_and_is_measured_when_it_is_back() {
        let dir = tempfile::tempdir().unwrap();
        let (there, away) = (dir.path().join("a.flac"), dir.path().join("b.flac"));
        std::fs::copy(tone(), &there).unwrap();
        let store = library(dir.path(), &[there, away.clone()]).await;
        let waits = "INSERT INTO queue (room, position, track_id, mood, why) \
                     SELECT 'home', 0, MAX(id), 'happy', '' FROM tracks";
        sqlx::query(waits).execute(&store.pool).await.unwrap();
        let ear = Ear::new().unwrap();
        let mut round = Round::default();
        assert_eq!(round.step(&store, &ear).await, Some(AWAY), "what waits in the queue comes first");
        assert!(round.step(&store, &ear).await.is_some());
        assert_eq!(known(&store).await, [true, false]);
        assert_eq!(round.step(&store, &ear).await, Some(AWAY), "in its turn it is asked for again");
        assert_eq!(round.step(&store, &ear).await, Some(Duration::ZERO), "that was all");

        std::fs::copy(tone(), &away).unwrap();
        assert!(round.step(&store, &ear).await.is_some());
        assert_eq!(known(&store).await, [true, true]);
        assert_eq!(round.step(&store, &ear).await, Some(IDLE));
    }

    #[tokio::test]
    async fn a_damaged_file_is_tried_once() {
        let dir = tempfile::tempdir().unwrap();
        let damaged = dir.path().join("a.flac");
        std::fs::write(&damaged, "no music").unwrap();
        let store = library(dir.path(), &[damaged]).await;
        let ear = Ear::new().unwrap();
        let mut round = Round::default();
        assert!(round.step(&store, &ear).await.is_some_and(|wait| wait < AWAY));
        assert_eq!(round.step(&store, &ear).await, Some(Duration::ZERO));
        assert_eq!(round.step(&store, &ear).await, Some(IDLE));
        assert_eq!(known(&store).await, [false]);
    }

    #[tokio::test]
    async fn what_an_older_program_gave_up_is_tried_once_more() {
        let dir = tempfile::tempdir().unwrap();
        let store = library(dir.path(), &[tone()]).await;
        let (track, _) = store.unmeasured(TrackId(0)).await.unwrap().unwrap();
        store.measured(track, None).await.unwrap();
        assert_eq!(store.unmeasured(TrackId(0)).await.unwrap(), None);
        // As it was before the step that makes it good.
        sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 13").execute(&store.pool).await.unwrap();
        store.close().await;
        let store = Store::open(&dir.path().join("state")).await.unwrap();
        assert_eq!(store.unmeasured(TrackId(0)).await.unwrap(), Some((track, tone())));
    }
}
