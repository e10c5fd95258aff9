//! The database: opened, brought to the newest schema, asked and told.
//!
//! In: a state directory. Out: tracks, plays, likes. Fails when the directory cannot be written,
//! when the file is not a database, or when a newer program wrote it; then nothing is changed.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use moodring_mood::{Emotion, Mood};
use sqlx::{
    Row, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};
use thiserror::Error;

use super::{
    Emotions, Ending, Play, Track, TrackId, TrackPage, TrackQuery, damage, loudness, older, private, sought, swap,
};
use crate::player::{PlayId, Source};

/// All steps of the schema, embedded in the program.
static STEPS: Migrator = sqlx::migrate!("./migrations");

/// The name of the database's file in the state directory.
pub const FILE: &str = "moodring.db";

/// What went wrong with the database.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The state directory cannot be made.
    #[error("cannot make the state directory {path}: {why}; set state_dir to a folder that can be written")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A newer program wrote the database.
    #[error(
        "the database {path} was written by a newer Moodring (its schema is {found}, this program knows {known}); \
         nothing was changed: update this program, or set state_dir to another folder"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// The schema found.
        found: i64,
        /// The newest schema this program knows.
        known: i64,
    },
    /// The file cannot be opened or brought to the newest schema.
    #[error("cannot open the database {path}: {why}; nothing was changed")]
    Open {
        /// The file.
        path: PathBuf,
        /// What the database said.
        why: String,
    },
    /// The file is damaged. Nothing in it was changed.
    #[error(
        "the database {path} is damaged: {why}; nothing was changed, and a copy as it is now is {copy}: put back a \
         backup, or run `moodring-host start-afresh`, which sets it aside and begins with an empty one"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where a copy is; or why there is none.
        copy: String,
        /// What the database said.
        why: String,
    },
    /// A copy from before the change of the schema cannot be kept.
    #[error(
        "the database {path} is of an older Moodring, and no copy of it can be kept before it is changed: {why}; \
         nothing was changed: make room for {path} a second time and start again"
    )]
    NoCopy {
        /// The file.
        path: PathBuf,
        /// What the database or the system said.
        why: String,
    },
    /// What a restore had begun cannot be finished.
    #[error("a restored backup cannot be put in place in {path}: {why}; the next start goes on with it")]
    Swap {
        /// The state directory.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// A query failed.
    #[error("the database cannot be used: {0}")]
    Query(#[from] sqlx::Error),
}

impl StoreError {
    /// Whether the same may succeed later: the database is locked, the disk is full or was made read-only.
    pub fn passes(&self) -> bool {
        match self {
            Self::Query(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_)) => true,
            Self::Query(error) => damage::code(error).is_some_and(|code| PASSING.contains(&code)),
            _ => false,
        }
    }
}

/// SQLite's primary result codes for what passes: busy, locked, read-only, an input/output error, full, and a
/// file that cannot be opened.
const PASSING: [i32; 6] = [5, 6, 8, 10, 13, 14];

type Result<T> = std::result::Result<T, StoreError>;

/// Why a database cannot be opened.
enum Trouble {
    Newer(i64),
    Damage(String),
    NoCopy(String),
    Other(String),
}

impl From<sqlx::Error> for Trouble {
    fn from(e: sqlx::Error) -> Self {
        if damage::is_damage(&e) { Self::Damage(e.to_string()) } else { Self::Other(e.to_string()) }
    }
}

/// The open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) pool: SqlitePool,
    dir: PathBuf,
}

impl Store {
    /// Opens the database in `state_dir`, makes both where missing, and brings it to the newest schema.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn open(state_dir: &Path) -> Result<Self> {
        let open = private::folder(state_dir);
        let open = open.map_err(|why| StoreError::Directory { path: state_dir.to_owned(), why })?;
        if let Some(mode) = open {
            let dir = state_dir.display();
            tracing::warn!(
                "others on this machine may look into {dir} (mode {mode:o}), which tells who was there and when: chmod 700 {dir}"
            );
        }
        swap::finish(state_dir).map_err(|why| StoreError::Swap { path: state_dir.to_owned(), why })?;
        let path = state_dir.join(FILE);
        private::database(&path);
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .foreign_keys(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A like that was told as stored outlives a pulled plug.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(Duration::from_secs(5));
        match Self::connect(options, &path).await {
            Ok(pool) => Ok(Self { pool, dir: state_dir.to_owned() }),
            Err(Trouble::Newer(found)) => Err(StoreError::Newer { path, found, known: newest() }),
            Err(Trouble::Damage(why)) => {
                let copy = damage::copy(state_dir);
                let copy = copy.map_or_else(|e| format!("missing ({e})"), |copy| copy.display().to_string());
                Err(StoreError::Damaged { path, copy, why })
            }
            Err(Trouble::NoCopy(why)) => Err(StoreError::NoCopy { path, why }),
            Err(Trouble::Other(why)) => Err(StoreError::Open { path, why }),
        }
    }

    async fn connect(options: SqliteConnectOptions, path: &Path) -> std::result::Result<SqlitePool, Trouble> {
        let pool = SqlitePoolOptions::new().max_connections(3).connect_with(options).await?;
        if let Some(why) = damage::look(&pool).await? {
            return Err(Trouble::Damage(why));
        }
        older::keep(&pool, path, newest()).await.map_err(Trouble::NoCopy)?;
        match STEPS.run(&pool).await {
            Ok(()) => Ok(sought::fill(&pool).await.map(|()| pool)?),
            Err(MigrateError::VersionMissing(found)) => Err(Trouble::Newer(found)),
            Err(MigrateError::Execute(e) | MigrateError::ExecuteMigration(e, _)) => Err(e.into()),
            Err(e) => Err(Trouble::Other(e.to_string())),
        }
    }

    /// The state directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Closes the database; what was written is on its way to the disk.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Tracks that are there, as the query asks.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn tracks(&self, query: &TrackQuery) -> Result<TrackPage> {
        let Some(words) = sought::patterns(&query.text) else { return Ok(TrackPage::default()) };
        let mut found = String::from(" WHERE t.gone = 0");
        for n in 0..words.len() {
            let n = n + 1;
            found += &format!(" AND t.sought LIKE ${n}");
        }
        if let Some(emotion) = query.emotion {
            let unrated = match emotion {
                Emotion::Neutral => " OR NOT EXISTS (SELECT 1 FROM track_moods u WHERE u.track_id = t.id)",
                _ => "",
            };
            found += &format!(
                " AND (EXISTS (SELECT 1 FROM track_moods m WHERE m.track_id = t.id AND m.emotion = '{emotion}'){unrated})"
            );
        }
        let limit = if query.limit == 0 { 50 } else { query.limit.min(500) };
        let count = format!("SELECT COUNT(*) FROM tracks t{found}");
        let list = format!("{TRACK}{found} ORDER BY t.sought, t.id LIMIT {limit} OFFSET {}", query.offset);
        let mut counting = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(count));
        let mut listing = sqlx::query(sqlx::AssertSqlSafe(list));
        for word in words {
            counting = counting.bind(word.clone());
            listing = listing.bind(word);
        }
        let total = counting.fetch_one(&self.pool).await?.unsigned_abs();
        let mut tracks = Vec::new();
        for row in listing.fetch_all(&self.pool).await? {
            tracks.push(track(&row)?);
        }
        Ok(TrackPage { tracks, total })
    }

    /// One track; `None` if there is no such track.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn track(&self, id: TrackId) -> Result<Option<Track>> {
        let sql = format!("{TRACK} WHERE t.id = $1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id.0).fetch_optional(&self.pool).await?;
        Ok(row.as_ref().map(track).transpose()?)
    }

    /// The last `limit` plays of one room, or of all, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn history(&self, room: Option<&str>, limit: u32) -> Result<Vec<Play>> {
        self.plays_before(room, None, limit).await
    }

    /// The last `limit` plays before this one, or of all, in one room or in any, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn plays_before(&self, room: Option<&str>, play: Option<PlayId>, limit: u32) -> Result<Vec<Play>> {
        let rows = sqlx::query(
            "SELECT p.id, p.room, p.track_id, t.title, t.artist, p.mood, p.reason, p.started, p.ended, p.ending \
             FROM plays p JOIN tracks t ON t.id = p.track_id WHERE ($2 IS NULL OR p.room = $2) AND p.id < $3 \
             ORDER BY p.id DESC LIMIT $1",
        )
        .bind(i64::from(limit))
        .bind(room)
        .bind(play.unwrap_or(PlayId::MAX))
        .fetch_all(&self.pool)
        .await?;
        let play = |row: &SqliteRow| {
            let ending: Option<String> = row.try_get("ending")?;
            let ended: Option<i64> = row.try_get("ended")?;
            Ok(Play {
                id: row.try_get("id")?,
                room: row.try_get("room")?,
                track: TrackId(row.try_get("track_id")?),
                title: row.try_get("title")?,
                artist: row.try_get("artist")?,
                mood: mood(row, "mood")?,
                reason: row.try_get("reason")?,
                started: time(row.try_get("started")?),
                ended: ended.map(time),
                ending: ending.and_then(|word| Ending::ALL.into_iter().find(|e| e.word() == word)),
            })
        };
        rows.iter().map(play).collect()
    }
}

/// The newest schema that this program knows.
fn newest() -> i64 {
    STEPS.iter().map(|step| step.version).max().unwrap_or(0)
}

/// Looks at the database in `dir`, a copy that nobody uses: whether it is whole, and of a schema that is known.
///
/// # Errors
/// It is damaged or newer.
pub async fn examine(dir: &Path) -> Result<()> {
    let path = dir.join(FILE);
    let options = SqliteConnectOptions::new().filename(&path).read_only(true).immutable(true);
    let open = |e: sqlx::Error| StoreError::Open { path: path.clone(), why: e.to_string() };
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.map_err(open)?;
    let looked = async {
        let wrong = damage::look(&pool).await?;
        let schema = older::schema(&pool).await?;
        Ok::<_, sqlx::Error>((wrong, schema))
    };
    let looked = looked.await;
    pool.close().await;
    match looked.map_err(open)? {
        (Some(why), _) => Err(StoreError::Open { path, why }),
        (None, None) => Err(StoreError::Open { path, why: "it is none of Moodring's".to_owned() }),
        (None, Some(found)) if found > newest() => Err(StoreError::Newer { path, found, known: newest() }),
        _ => Ok(()),
    }
}

/// Copies the database of `state_dir` into `to`, which is made; a running program is not disturbed. Without a
/// database there, `to` stays empty.
///
/// # Errors
/// The database cannot be read, or the copy not written.
pub async fn snapshot(state_dir: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).map_err(|why| StoreError::Directory { path: to.to_owned(), why })?;
    let path = state_dir.join(FILE);
    if !path.exists() {
        return Ok(());
    }
    let options = SqliteConnectOptions::new().filename(&path).read_only(true).busy_timeout(Duration::from_secs(5));
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
    let copied = sqlx::query("VACUUM INTO $1").bind(to.join(FILE).display().to_string()).execute(&pool).await;
    pool.close().await;
    copied?;
    Ok(())
}

/// Everything about a track; a condition on `t` follows.
pub(super) const TRACK: &str = "SELECT t.id, t.kind, t.place, t.title, t.artist, t.album, t.length_ms, t.problem, \
     (SELECT STRING_AGG(m.emotion, ',') FROM track_moods m WHERE m.track_id = t.id) AS moods, \
     (SELECT STRING_AGG(b.emotion, ',') FROM bans b WHERE b.track_id = t.id) AS not_for, \
     (SELECT COUNT(*) FROM likes l WHERE l.track_id = t.id) AS liked, \
     s.disc, s.number, s.track_gain, s.track_peak, s.album_gain, s.album_peak, s.lufs, s.peak \
     FROM tracks t LEFT JOIN sounds s ON s.track_id = t.id";

/// A row of [`TRACK`].
pub(super) fn track(row: &SqliteRow) -> std::result::Result<Track, sqlx::Error> {
    let place: String = row.try_get("place")?;
    let kind: String = row.try_get("kind")?;
    let length: Option<i64> = row.try_get("length_ms")?;
    Ok(Track {
        id: TrackId(row.try_get("id")?),
        source: match kind.as_str() {
            "built_in" => Source::BuiltIn(place),
            "spotify" => Source::Spotify(place),
            _ => Source::File(PathBuf::from(place)),
        },
        title: row.try_get("title")?,
        artist: row.try_get("artist")?,
        album: row.try_get("album")?,
        length_s: length.map(|ms| ms as f64 / 1000.0),
        moods: emotions(row.try_get("moods")?),
        liked: row.try_get::<i64, _>("liked")? > 0,
        not_for: emotions(row.try_get("not_for")?),
        problem: row.try_get("problem")?,
        level: loudness::level(row)?,
        place: loudness::place(row)?,
    })
}

/// A list of words with commas; an unknown word is left out.
pub(super) fn emotions(words: Option<String>) -> Emotions {
    words.unwrap_or_default().split(',').filter_map(Emotion::from_word).collect()
}

/// The mood whose word stands in `column`.
pub(super) fn mood(row: &SqliteRow, column: &str) -> std::result::Result<Mood, sqlx::Error> {
    let word: String = row.try_get(column)?;
    Mood::from_word(&word).ok_or_else(|| sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("{word:?} is not a mood").into(),
    })
}

/// Milliseconds since 1970 as a time; a number beyond all times becomes the nearest.
pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(if ms < 0 { Timestamp::MIN } else { Timestamp::MAX })
}
