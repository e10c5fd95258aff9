//! What the database knows of Spotify: the tracks found there, where and when, and what was picked.
//!
//! In: what a refresh found. Out: tracks among all others, with the moods that they were found for.
//! Fails when the database cannot be written; then nothing of a step is.

use jiff::Timestamp;
use moodring_mood::Emotion;
use sqlx::{Row, Sqlite, Transaction};

use super::{Emotions, Store, StoreError, TrackId, import::Wanted, shelf::set_moods, sought::sought};

type Result<T> = std::result::Result<T, StoreError>;

/// Begins what reads before it writes: with the right to write, as others write meanwhile, which cannot be waited for
/// once something was read.
pub(super) const AT_ONCE: &str = "BEGIN IMMEDIATE";

/// A track that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Its `spotify:track:…`.
    pub uri: String,
    /// Its title.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// The album; empty when unknown.
    pub album: String,
    /// Milliseconds, where known.
    pub length_ms: Option<u64>,
    /// Whether its words are marked as not for children.
    pub explicit: bool,
}

/// Where tracks were found, and for which emotion.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    /// `playlist`, `search`, `liked` or `wanted`.
    pub source: &'static str,
    /// The playlist's id, the words searched for, or the number of the wanted song.
    pub origin: String,
    /// `None`: for none, to fill gaps.
    pub emotion: Option<Emotion>,
}

impl Origin {
    fn word(&self) -> &'static str {
        self.emotion.map_or("", Emotion::word)
    }
}

/// One of the user's playlists.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct List {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether it is the user's own; others cannot be read.
    pub own: bool,
}

/// How much of Spotify's music is here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Stock {
    /// Tracks that can be chosen.
    pub tracks: u64,
    /// Those for each emotion, in the network's order.
    pub by_emotion: [u64; 7],
    /// Liked ones that were found for no emotion.
    pub fillers: u64,
}

impl Store {
    /// Writes down what was found; gives how many of them are new here.
    ///
    /// # Errors
    /// The database cannot be written; then nothing is.
    pub async fn keep_finds(&self, finds: &[Find], from: &Origin, at: Timestamp) -> Result<u64> {
        let mut all = self.pool.begin_with(AT_ONCE).await?;
        let mut new = 0;
        for find in finds {
            let known: Option<(i64, i64)> =
                sqlx::query_as("SELECT id, gone FROM tracks WHERE kind = 'spotify' AND place = $1")
                    .bind(&find.uri)
                    .fetch_optional(&mut *all)
                    .await?;
            new += u64::from(known.is_none_or(|(_, gone)| gone != 0));
            let id: i64 = sqlx::query(
                "INSERT INTO tracks (kind, place, title, artist, album, length_ms, sought, explicit) \
                 VALUES ('spotify', $1, $2, $3, $4, $5, $6, $7) ON CONFLICT (kind, place) DO UPDATE SET \
                 title = excluded.title, artist = excluded.artist, album = excluded.album, \
                 length_ms = excluded.length_ms, sought = excluded.sought, explicit = excluded.explicit, gone = 0, \
                 problem = CASE WHEN tracks.gone = 1 THEN NULL ELSE tracks.problem END RETURNING id",
            )
            .bind(&find.uri)
            .bind(if find.title.is_empty() { "Untitled" } else { &find.title })
            .bind(&find.artist)
            .bind(&find.album)
            .bind(find.length_ms.map(|ms| ms.min(i64::MAX as u64) as i64))
            .bind(sought(&find.artist, &find.album, &find.title))
            .bind(i64::from(find.explicit))
            .fetch_one(&mut *all)
            .await?
            .try_get("id")?;
            sqlx::query(
                "INSERT INTO spotify_finds (track_id, emotion, source, origin, found, seen) \
                 VALUES ($1, $2, $3, $4, $5, $5) \
                 ON CONFLICT (track_id, emotion, source, origin) DO UPDATE SET seen = excluded.seen",
            )
            .bind(id)
            .bind(from.word())
            .bind(from.source)
            .bind(&from.origin)
            .bind(at.as_millisecond())
            .execute(&mut *all)
            .await?;
            moods_from_finds(&mut all, id).await?;
        }
        all.commit().await?;
        Ok(new)
    }

    /// All that was found there is there still.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn still_there(&self, from: &Origin, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE spotify_finds SET seen = $4 WHERE source = $1 AND origin = $2 AND emotion = $3")
            .bind(from.source)
            .bind(&from.origin)
            .bind(from.word())
            .bind(at.as_millisecond())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The songs of imported lists that were not found at Spotify yet, the oldest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn wanted_of_spotify(&self) -> Result<Vec<Wanted>> {
        let not_yet = "NOT EXISTS (SELECT 1 FROM spotify_finds f WHERE f.source = 'wanted' \
                       AND f.origin = CAST(w.id AS TEXT))";
        self.wanted_where(not_yet).await
    }

    /// A wanted song is this track of Spotify's, matched with this score, unless it is found among the files already.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn matched(&self, wanted: i64, uri: &str, score: f64) -> Result<()> {
        let query = "SELECT t.id FROM tracks t JOIN wanted w ON w.id = $1 LEFT JOIN tracks f ON f.id = w.track_id \
                     WHERE t.kind = 'spotify' AND t.place = $2 AND (f.id IS NULL OR f.gone = 1)";
        let track: Option<i64> = sqlx::query_scalar(query).bind(wanted).bind(uri).fetch_optional(&self.pool).await?;
        match track {
            Some(track) => self.found_wanted(wanted, TrackId(track), score).await,
            None => Ok(()),
        }
    }

    /// What was found for songs of imported lists is there as long as they are wanted.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn wanted_still_there(&self, at: Timestamp) -> Result<()> {
        sqlx::query(
            "UPDATE spotify_finds SET seen = $1 WHERE source = 'wanted' \
             AND EXISTS (SELECT 1 FROM wanted w WHERE CAST(w.id AS TEXT) = spotify_finds.origin)",
        )
        .bind(at.as_millisecond())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A round begins: what claims to have been seen later, as by a clock that was ahead, counts as seen just before.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn seen_before(&self, began: Timestamp) -> Result<()> {
        let began = began.as_millisecond();
        sqlx::query("UPDATE spotify_finds SET seen = $2 WHERE seen >= $1")
            .bind(began)
            .bind(began - 1)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Retires what was not seen since `before`: it is no longer chosen, and its history stays. Gives how
    /// many tracks that were.
    ///
    /// # Errors
    /// The database cannot be written; then nothing is retired.
    pub async fn retire_finds(&self, before: Timestamp) -> Result<u64> {
        let mut all = self.pool.begin_with(AT_ONCE).await?;
        let touched: Vec<i64> = sqlx::query_scalar("SELECT DISTINCT track_id FROM spotify_finds WHERE seen < $1")
            .bind(before.as_millisecond())
            .fetch_all(&mut *all)
            .await?;
        sqlx::query("DELETE FROM spotify_finds WHERE seen < $1")
            .bind(before.as_millisecond())
            .execute(&mut *all)
            .await?;
        for track in touched {
            moods_from_finds(&mut all, track).await?;
        }
        // A playlist that is picked again later is to be read again.
        sqlx::query(
            "DELETE FROM spotify_snapshots WHERE NOT EXISTS (SELECT 1 FROM spotify_finds f WHERE f.source = 'playlist' \
             AND f.origin = spotify_snapshots.list AND f.emotion = spotify_snapshots.emotion)",
        )
        .execute(&mut *all)
        .await?;
        let gone = sqlx::query(
            "UPDATE tracks SET gone = 1 WHERE kind = 'spotify' AND gone = 0 \
             AND NOT EXISTS (SELECT 1 FROM spotify_finds f WHERE f.track_id = tracks.id)",
        )
        .execute(&mut *all)
        .await?;
        all.commit().await?;
        Ok(gone.rows_affected())
    }

    /// How much of Spotify's music is here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn spotify_stock(&self) -> Result<Stock> {
        let there = "FROM tracks t WHERE t.kind = 'spotify' AND t.gone = 0 AND t.problem IS NULL";
        let count = |more: &str| sqlx::AssertSqlSafe(format!("SELECT COUNT(*) {there}{more}"));
        let one = async |more: &str| -> Result<u64> {
            Ok(sqlx::query_scalar::<_, i64>(count(more)).fetch_one(&self.pool).await?.unsigned_abs())
        };
        let mut stock = Stock { tracks: one("").await?, ..Stock::default() };
        for (emotion, count) in Emotion::ALL.into_iter().zip(&mut stock.by_emotion) {
            *count = one(&format!(
                " AND EXISTS (SELECT 1 FROM track_moods m WHERE m.track_id = t.id AND m.emotion = '{emotion}')"
            ))
            .await?;
        }
        stock.fillers = one(" AND NOT EXISTS (SELECT 1 FROM track_moods m WHERE m.track_id = t.id)").await?;
        Ok(stock)
    }

    /// Replaces what is known of the user's playlists.
    ///
    /// # Errors
    /// The database cannot be written; then it stays as it was.
    pub async fn keep_lists(&self, lists: &[List]) -> Result<()> {
        let mut all = self.pool.begin().await?;
        sqlx::query("DELETE FROM spotify_lists").execute(&mut *all).await?;
        for list in lists {
            sqlx::query(
                "INSERT INTO spotify_lists (id, name, own) VALUES ($1, $2, $3) \
                 ON CONFLICT (id) DO UPDATE SET name = excluded.name, own = excluded.own",
            )
            .bind(&list.id)
            .bind(&list.name)
            .bind(i64::from(list.own))
            .execute(&mut *all)
            .await?;
        }
        Ok(all.commit().await?)
    }

    /// The user's playlists, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn lists(&self) -> Result<Vec<List>> {
        let rows: Vec<(String, String, i64)> =
            sqlx::query_as("SELECT id, name, own FROM spotify_lists ORDER BY name, id").fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(|(id, name, own)| List { id, name, own: own != 0 }).collect())
    }

    /// Picks a playlist for an emotion, by id and name; `None`: picks none.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn pick_list(&self, emotion: Emotion, list: Option<(&str, &str)>) -> Result<()> {
        let query = match list {
            Some((id, name)) => sqlx::query(
                "INSERT INTO spotify_picks (emotion, list, name) VALUES ($1, $2, $3) \
                 ON CONFLICT (emotion) DO UPDATE SET list = excluded.list, name = excluded.name",
            )
            .bind(emotion.word())
            .bind(id.to_owned())
            .bind(name.to_owned()),
            None => sqlx::query("DELETE FROM spotify_picks WHERE emotion = $1").bind(emotion.word()),
        };
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// The playlists picked: emotion, id, name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn picked_lists(&self) -> Result<Vec<(Emotion, String, String)>> {
        let rows: Vec<(String, String, String)> =
            sqlx::query_as("SELECT emotion, list, name FROM spotify_picks").fetch_all(&self.pool).await?;
        let known = |(word, id, name): (String, String, String)| Some((Emotion::from_word(&word)?, id, name));
        Ok(rows.into_iter().filter_map(known).collect())
    }

    /// The snapshot of a playlist whose tracks are all here.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn snapshot(&self, list: &str, emotion: Emotion) -> Result<Option<String>> {
        let query = sqlx::query_scalar("SELECT snapshot FROM spotify_snapshots WHERE list = $1 AND emotion = $2");
        Ok(query.bind(list).bind(emotion.word()).fetch_optional(&self.pool).await?)
    }

    /// All of this playlist is here, as of this snapshot.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn keep_snapshot(&self, list: &str, emotion: Emotion, snapshot: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO spotify_snapshots (list, emotion, snapshot) VALUES ($1, $2, $3) \
             ON CONFLICT (list, emotion) DO UPDATE SET snapshot = excluded.snapshot",
        )
        .bind(list)
        .bind(emotion.word())
        .bind(snapshot)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A single value of the whole program's that outlives a restart.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn noted(&self, name: &str) -> Result<Option<String>> {
        let query = sqlx::query_scalar("SELECT value FROM kept WHERE name = $1").bind(name);
        Ok(query.fetch_optional(&self.pool).await?)
    }

    /// Keeps a single value of the whole program's.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn note(&self, name: &str, value: &str) -> Result<()> {
        sqlx::query(
            "INSERT INTO kept (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}

/// A track fits the emotions that it was found for.
async fn moods_from_finds(all: &mut Transaction<'_, Sqlite>, track: i64) -> Result<()> {
    let words: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT emotion FROM spotify_finds WHERE track_id = $1 AND emotion <> ''")
            .bind(track)
            .fetch_all(&mut **all)
            .await?;
    let moods: Emotions = words.iter().filter_map(|word| Emotion::from_word(word)).collect();
    set_moods(all, track, moods).await
}

#[cfg(test)]
#[path = "spotify_tests.rs"]
mod tests;
