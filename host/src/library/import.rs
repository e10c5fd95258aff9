//! Lists of songs for a mood, from other programs: matched against the library, and kept.
//!
//! In: lists, each for one emotion. Out: which songs were found and which not, and why. A song that is not in
//! the library stays wanted: it is looked for again after each scan that found something, and whoever can find
//! it elsewhere asks [`Store::still_wanted`] and answers with [`Store::found_wanted`]. Importing a list again
//! changes nothing. Fails when a list cannot be read or speaks of no mood; then nothing is imported.

use std::{
    collections::{HashMap, HashSet},
    io::{self, Read},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use moodring_mood::Emotion;
use sqlx::{Row, sqlite::SqliteRow};
use thiserror::Error;

use super::{
    Store, StoreError, TrackId,
    matching::{Miss, Plain, Shelf, Song},
    playlists::{self, Entry},
    words::name_moods,
};

/// Why lists cannot be imported.
#[derive(Debug, Error)]
pub enum ImportError {
    /// A list cannot be read.
    #[error("cannot read {file}: {why}")]
    Unreadable {
        /// The list.
        file: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A list is none.
    #[error("{file}: {why}")]
    Broken {
        /// The list.
        file: PathBuf,
        /// In words, with the line.
        why: String,
    },
    /// Nothing says which mood a list is for.
    #[error("{file}: its name speaks of no mood; rename it, such as to happy.csv, or say --mood happy")]
    NoMood {
        /// The list.
        file: PathBuf,
    },
    /// What was found cannot be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A song that a list wants to be played for an emotion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its name in the database.
    pub id: i64,
    /// The emotion that it is for.
    pub emotion: Emotion,
    /// As the list describes it.
    pub song: Song,
    /// The file or address that the list names; empty: none.
    pub place: String,
}

/// What became of one list.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The name of its file.
    pub list: String,
    /// The emotion that it is for.
    pub emotions: Vec<Emotion>,
    /// Songs found in the library.
    pub found: u64,
    /// Songs that are not in it, each with the reason.
    pub missing: Vec<(Song, Miss)>,
    /// Songs that were imported before.
    pub before: u64,
}

impl std::fmt::Display for Report {
    /// A line for the list, and one for each song that was not found.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let emotions = self.emotions.iter().map(|e| e.word()).collect::<Vec<_>>().join(", ");
        let Self { list, found, missing, before, .. } = self;
        let all = *found + missing.len() as u64;
        write!(f, "{list} ({emotions}): {found} of {all} songs are in the library, {before} were imported before")?;
        for (song, why) in missing {
            let by = if song.artist.is_empty() { String::new() } else { format!(" by {}", song.artist) };
            write!(f, "\n    not found: {}{by}: {why}", song.title)?;
        }
        Ok(())
    }
}

/// Imports lists. Without a `mood`, each is for the moods that its name speaks of.
///
/// # Errors
/// See [`ImportError`].
pub async fn import(store: &Store, files: &[PathBuf], mood: Option<Emotion>) -> Result<Vec<Report>, ImportError> {
    let mut lists = Vec::new();
    for file in files {
        let entries = read(file)?;
        let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let emotions: Vec<Emotion> = mood.map_or_else(|| name_moods(&stem).iter().collect(), |mood| vec![mood]);
        if emotions.is_empty() {
            return Err(ImportError::NoMood { file: file.clone() });
        }
        let list = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        lists.push((list, emotions, entries));
    }
    let library = Library::load(store).await?;
    let mut reports = Vec::new();
    for (list, emotions, entries) in lists {
        let mut report = Report { list, emotions, ..Report::default() };
        let mut named = HashSet::new();
        for entry in &entries {
            let found = library.find(&entry.song, &entry.place);
            let mut new = false;
            for emotion in &report.emotions {
                new |= store.want(*emotion, entry, &report.list, found.as_ref().ok().copied()).await?;
            }
            let first = named.insert(Plain::of(&entry.song).key());
            if !new && first {
                report.before += 1;
            }
            match found {
                Ok(_) => report.found += 1,
                Err(why) => report.missing.push((entry.song.clone(), why)),
            }
        }
        reports.push(report);
    }
    Ok(reports)
}

fn read(file: &Path) -> Result<Vec<Entry>, ImportError> {
    let unreadable = |why| ImportError::Unreadable { file: file.to_owned(), why };
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(playlists::LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    let broken = |why: String| ImportError::Broken { file: file.to_owned(), why };
    if bytes.len() as u64 > playlists::LONGEST {
        return Err(broken(format!("it is longer than {} MB", playlists::LONGEST / 1_048_576)));
    }
    // Relative to where it lies in truth, as the library's files are.
    let place = std::fs::canonicalize(file).map_err(unreadable)?;
    playlists::parse(&place, &bytes).map_err(broken)
}

/// Looks for the songs that are still wanted; gives how many were found.
///
/// # Errors
/// The database cannot be read or written.
pub async fn look_again(store: &Store) -> Result<u64, StoreError> {
    // What was found at Spotify only may be among the files by now.
    let wanted = store.wanted_where("t.id IS NULL OR t.gone = 1 OR t.kind <> 'file'").await?;
    if wanted.is_empty() {
        return Ok(0);
    }
    let library = Library::load(store).await?;
    let mut found = 0;
    for song in wanted {
        if let Ok((track, score)) = library.find(&song.song, &song.place) {
            store.found_wanted(song.id, track, score).await?;
            found += 1;
        }
    }
    Ok(found)
}

/// The files of the library, ready to be found.
struct Library {
    ids: Vec<TrackId>,
    by_place: HashMap<String, TrackId>,
    shelf: Shelf,
}

impl Library {
    async fn load(store: &Store) -> Result<Self, StoreError> {
        let query = "SELECT id, place, title, artist, album FROM tracks WHERE kind = 'file' AND gone = 0 ORDER BY id";
        let rows = sqlx::query(query).fetch_all(&store.pool).await?;
        let (mut ids, mut songs, mut by_place) = (Vec::new(), Vec::new(), HashMap::new());
        for row in rows {
            let id = TrackId(row.try_get("id")?);
            ids.push(id);
            by_place.insert(row.try_get("place")?, id);
            songs.push(song(&row)?);
        }
        Ok(Self { ids, by_place, shelf: Shelf::new(songs) })
    }

    /// The track that a list means: the file that it names, else the song that it describes.
    fn find(&self, song: &Song, place: &str) -> Result<(TrackId, f64), Miss> {
        if let Some(track) = self.by_place.get(place) {
            return Ok((*track, 1.0));
        }
        self.shelf.find(&Plain::of(song)).map(|(at, score)| (self.ids[at], score))
    }
}

fn song(row: &SqliteRow) -> Result<Song, sqlx::Error> {
    Ok(Song { title: row.try_get("title")?, artist: row.try_get("artist")?, album: row.try_get("album")? })
}

impl Store {
    /// Keeps a song that a list wants for an emotion, and the track that it is, where that is known; true if it
    /// was not wanted before.
    ///
    /// # Errors
    /// The database cannot be written.
    async fn want(
        &self,
        emotion: Emotion,
        entry: &Entry,
        list: &str,
        found: Option<(TrackId, f64)>,
    ) -> Result<bool, StoreError> {
        let Entry { song, place } = entry;
        let insert = "INSERT INTO wanted (emotion, title, artist, album, place, song, list, at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (song) DO NOTHING RETURNING id";
        let key = format!("{emotion}/{}", Plain::of(song).key());
        let id: Option<i64> = sqlx::query_scalar(insert)
            .bind(emotion.word())
            .bind(&song.title)
            .bind(&song.artist)
            .bind(&song.album)
            .bind(place)
            .bind(&key)
            .bind(list)
            .bind(Timestamp::now().as_millisecond())
            .fetch_optional(&self.pool)
            .await?;
        let known = sqlx::query_scalar::<_, i64>("SELECT id FROM wanted WHERE song = $1").bind(&key);
        let (id, new) = match id {
            Some(id) => (id, true),
            None => (known.fetch_one(&self.pool).await?, false),
        };
        if let Some((track, score)) = found {
            self.found_wanted(id, track, score).await?;
        }
        Ok(new)
    }

    /// The songs that lists want and that no track is known for, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn still_wanted(&self) -> Result<Vec<Wanted>, StoreError> {
        self.wanted_where("t.id IS NULL OR t.gone = 1").await
    }

    /// The wanted songs of which this holds, `t` being the track that each was found to be; the oldest first.
    pub(super) async fn wanted_where(&self, holds: &'static str) -> Result<Vec<Wanted>, StoreError> {
        let query = format!(
            "SELECT w.id, w.emotion, w.title, w.artist, w.album, w.place FROM wanted w \
             LEFT JOIN tracks t ON t.id = w.track_id WHERE {holds} ORDER BY w.id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(query)).fetch_all(&self.pool).await?;
        let mut wanted = Vec::with_capacity(rows.len());
        for row in rows {
            let word: String = row.try_get("emotion")?;
            // A word of a newer program is left for it.
            if let Some(emotion) = Emotion::from_word(&word) {
                wanted.push(Wanted {
                    id: row.try_get("id")?,
                    emotion,
                    song: song(&row)?,
                    place: row.try_get("place")?,
                });
            }
        }
        Ok(wanted)
    }

    /// A wanted song is this track, matched with this score, 0..=1. It fits the song's emotion from now on: a file
    /// from the next scan on, any other track at once.
    ///
    /// # Errors
    /// The database cannot be written; then nothing changes.
    pub async fn found_wanted(&self, wanted: i64, track: TrackId, score: f64) -> Result<(), StoreError> {
        let mut all = self.pool.begin().await?;
        sqlx::query("UPDATE wanted SET track_id = $2, score = $3 WHERE id = $1")
            .bind(wanted)
            .bind(track.0)
            .bind(score)
            .execute(&mut *all)
            .await?;
        let fits = "INSERT INTO track_moods (track_id, emotion) SELECT w.track_id, w.emotion FROM wanted w \
                    JOIN tracks t ON t.id = w.track_id WHERE w.id = $1 AND t.kind <> 'file' \
                    ON CONFLICT (track_id, emotion) DO NOTHING";
        sqlx::query(fits).bind(wanted).execute(&mut *all).await?;
        Ok(all.commit().await?)
    }

    /// Changes whenever an import may have changed the moods of tracks.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn wanted_mark(&self) -> Result<(i64, i64), StoreError> {
        let query = "SELECT COUNT(*) AS n, COALESCE(SUM(track_id), 0) AS sum FROM wanted WHERE track_id IS NOT NULL";
        let row = sqlx::query(query).fetch_one(&self.pool).await?;
        Ok((row.try_get("n")?, row.try_get("sum")?))
    }
}

#[cfg(test)]
#[path = "import_tests.rs"]
mod tests;
