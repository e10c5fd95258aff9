//! How loud the tracks are: kept in the database, and measured in the background where tags do not say.
//!
//! In: files of the library, those that wait in the queue first. Out: what was measured. A file that
//! cannot be measured is not tried again until it changes; whether it can be played shows when it is.

use std::{
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
    Level, Place,
    level::{Measured, Tagged},
    local::measure,
};

/// With nothing to measure, new tracks are looked for so often.
const IDLE: Duration = Duration::from_secs(3);

/// The least time between two files: measuring is never in a hurry.
const BREATH: Duration = Duration::from_millis(50);

/// The niceness of the measuring thread: everything else goes first.
const NICEST: i32 = 19;

impl Store {
    /// A file whose loudness is unknown and not told by its tags: one that waits in the queue, else the first
    /// after the track `after`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn unmeasured(&self, after: TrackId) -> Result<Option<(TrackId, PathBuf)>, StoreError> {
        const UNKNOWN: &str = "FROM tracks t JOIN sounds s ON s.track_id = t.id WHERE s.tried = 0 \
             AND t.kind = 'file' AND t.gone = 0 AND t.problem IS NULL \
             AND (s.track_gain IS NULL OR s.track_peak IS NULL)";
        let waiting = format!("SELECT t.id, t.place {UNKNOWN} AND t.id IN (SELECT track_id FROM queue) LIMIT 1");
        let any = format!("SELECT t.id, t.place {UNKNOWN} AND s.track_id > $1 ORDER BY s.track_id LIMIT 1");
        let mut row = sqlx::query(sqlx::AssertSqlSafe(waiting)).fetch_optional(&self.pool).await?;
        if row.is_none() {
            row = sqlx::query(sqlx::AssertSqlSafe(any)).bind(after.0).fetch_optional(&self.pool).await?;
        }
        let Some(row) = row else { return Ok(None) };
        let place: String = row.try_get("place")?;
        Ok(Some((TrackId(row.try_get("id")?), PathBuf::from(place))))
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
    let mut after = TrackId(0);
    let mut measured = 0_u64;
    loop {
        match store.unmeasured(after).await {
            Ok(Some((track, path))) => {
                let began = Instant::now();
                let Some(heard) = ear.listen(path).await else { return };
                if let Err(why) = store.measured(track, heard).await {
                    tracing::warn!("cannot keep how loud a track is: {why}");
                    sleep(IDLE).await;
                }
                measured += 1;
                after = after.max(track);
                // Half of the time is left to others.
                sleep(began.elapsed().max(BREATH)).await;
            }
            Ok(None) if after == TrackId(0) => sleep(IDLE).await,
            Ok(None) => {
                tracing::info!("measured how loud {measured} tracks are");
                (after, measured) = (TrackId(0), 0);
            }
            Err(why) => {
                tracing::warn!("cannot look for tracks to measure: {why}");
                sleep(IDLE).await;
            }
        }
    }
}

/// A thread of the lowest priority that measures.
struct Ear {
    files: mpsc::Sender<(PathBuf, oneshot::Sender<Option<Measured>>)>,
    ended: Arc<AtomicBool>,
}

impl Ear {
    fn new() -> std::io::Result<Self> {
        let (files, wanted) = mpsc::channel::<(PathBuf, oneshot::Sender<Option<Measured>>)>();
        let ended = Arc::new(AtomicBool::new(false));
        let end = Arc::clone(&ended);
        thread::Builder::new().name("loudness".to_owned()).spawn(move || {
            // On Linux this is of the calling thread alone; where it fails, measuring is merely less polite.
            let _ = rustix::process::setpriority_process(None, NICEST);
            for (path, tell) in wanted {
                let measured = measure(&path, || !end.load(Ordering::Relaxed)).unwrap_or_else(|why| {
                    tracing::debug!("not measured: {}", why.words());
                    None
                });
                // Nobody waits for it when the program ends.
                let _ = tell.send(measured);
            }
        })?;
        Ok(Self { files, ended })
    }

    /// What was measured; `None` at the outside: the thread has ended.
    async fn listen(&self, path: PathBuf) -> Option<Option<Measured>> {
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
