//! What the scan writes into the database, and what deciding reads from it: the tracks themselves.

use std::collections::HashMap;

use futures_util::TryStreamExt;
use moodring_mood::Emotion;
use sqlx::{Row, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    Candidate, Emotions, Store, StoreError, TrackId, hand,
    loudness::keep_tags,
    sought::sought,
    store::{emotions, time},
    tags::Tags,
};
use crate::{
    decide::plane::{self, Point},
    player::{Kind, pieces::Piece},
};

type Result<T> = std::result::Result<T, StoreError>;

/// The album that the built-in pieces are listed under.
const ALBUM: &str = "Built-in pieces";

/// A file as the last scan left it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its track.
    pub id: TrackId,
    /// Milliseconds since 1970.
    pub mtime: i64,
    /// Bytes.
    pub size: i64,
    /// Whether the last scan missed it.
    pub gone: bool,
    /// What its tags say.
    pub tag_moods: Emotions,
    /// What imported lists say.
    pub listed: Emotions,
    /// What counts.
    pub moods: Emotions,
}

/// A file that is new, changed or back, or whose moods changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// Its absolute path.
    pub path: String,
    /// Milliseconds since 1970.
    pub mtime: i64,
    /// Bytes.
    pub size: i64,
    /// What was read from it; `None` if it did not change.
    pub tags: Option<Tags>,
    /// The moods that count.
    pub moods: Emotions,
}

impl Store {
    /// Every file that was ever seen, by path.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn known_files(&self) -> Result<HashMap<String, Known>> {
        // Row by row: of fifty thousand, all at once take half as much memory again.
        let mut rows = sqlx::query(
            "SELECT t.id, t.place, t.mtime, t.size, t.gone, t.tag_moods, t.found_moods, \
             (SELECT STRING_AGG(w.emotion, ',') FROM wanted w WHERE w.track_id = t.id) AS listed, \
             (SELECT STRING_AGG(m.emotion, ',') FROM track_moods m WHERE m.track_id = t.id) AS moods \
             FROM tracks t WHERE t.kind = 'file'",
        )
        .fetch(&self.pool);
        let mut known = HashMap::new();
        while let Some(row) = rows.try_next().await? {
            let file = Known {
                id: TrackId(row.try_get("id")?),
                mtime: row.try_get("mtime")?,
                size: row.try_get("size")?,
                gone: row.try_get::<i64, _>("gone")? != 0,
                tag_moods: bits(row.try_get("tag_moods")?),
                listed: emotions(row.try_get("listed")?),
                moods: match row.try_get("found_moods")? {
                    Some(found) => bits(found),
                    None => emotions(row.try_get("moods")?),
                },
            };
            known.insert(row.try_get("place")?, file);
        }
        Ok(known)
    }

    /// Writes a batch of found files in one transaction.
    ///
    /// # Errors
    /// The database cannot be written; then none of the batch is.
    pub async fn found(&self, files: &[Found]) -> Result<()> {
        let mut all = self.pool.begin().await?;
        for file in files {
            let row = match &file.tags {
                Some(tags) => {
                    sqlx::query(
                        "INSERT INTO tracks (kind, place, mtime, size, title, artist, album, length_ms, tag_moods, problem, sought, \
                         valence, arousal, explicit) \
                         VALUES ('file', $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) ON CONFLICT (kind, place) DO UPDATE SET \
                         mtime = excluded.mtime, size = excluded.size, title = excluded.title, \
                         artist = excluded.artist, album = excluded.album, length_ms = excluded.length_ms, \
                         tag_moods = excluded.tag_moods, problem = excluded.problem, \
                         sought = excluded.sought, valence = excluded.valence, arousal = excluded.arousal, \
                         explicit = excluded.explicit, gone = 0 RETURNING id",
                    )
                    .bind(&file.path)
                    .bind(file.mtime)
                    .bind(file.size)
                    .bind(&tags.title)
                    .bind(&tags.artist)
                    .bind(&tags.album)
                    .bind(tags.length.map(|length| length.as_millis() as i64))
                    .bind(i64::from(tags.moods.bits()))
                    .bind(&tags.problem)
                    .bind(sought(&tags.artist, &tags.album, &tags.title))
                    .bind(tags.place.map(|place| place.valence))
                    .bind(tags.place.map(|place| place.arousal))
                    .bind(tags.explicit)
                    .fetch_one(&mut *all)
                    .await?
                }
                None => {
                    sqlx::query("UPDATE tracks SET gone = 0 WHERE kind = 'file' AND place = $1 RETURNING id")
                        .bind(&file.path)
                        .fetch_one(&mut *all)
                        .await?
                }
            };
            let id = row.try_get("id")?;
            if let Some(tags) = &file.tags {
                keep_tags(&mut all, id, tags).await?;
            }
            set_moods(&mut all, id, file.moods).await?;
        }
        Ok(all.commit().await?)
    }

    /// Marks tracks as no longer there; their history stays.
    ///
    /// # Errors
    /// The database cannot be written; then none is marked.
    pub async fn gone(&self, tracks: &[TrackId]) -> Result<()> {
        let mut all = self.pool.begin().await?;
        for track in tracks {
            sqlx::query("UPDATE tracks SET gone = 1 WHERE id = $1").bind(track.0).execute(&mut *all).await?;
        }
        Ok(all.commit().await?)
    }

    /// Makes the built-in pieces the library, or, given none, takes them out of it.
    ///
    /// # Errors
    /// The database cannot be written; then nothing changes.
    pub async fn use_pieces(&self, pieces: &[Piece]) -> Result<()> {
        let mut all = self.pool.begin().await?;
        let kind = if pieces.is_empty() { "kind = 'built_in'" } else { "kind IN ('built_in', 'file')" };
        sqlx::query(sqlx::AssertSqlSafe(format!("UPDATE tracks SET gone = 1 WHERE gone = 0 AND {kind}")))
            .execute(&mut *all)
            .await?;
        for piece in pieces {
            let row = sqlx::query(
                "INSERT INTO tracks (kind, place, title, artist, album, length_ms, sought) \
                 VALUES ('built_in', $1, $2, $3, $4, $5, $6) ON CONFLICT (kind, place) DO UPDATE SET \
                 title = excluded.title, artist = excluded.artist, length_ms = excluded.length_ms, \
                 sought = excluded.sought, problem = NULL, gone = 0 RETURNING id",
            )
            .bind(piece.name)
            .bind(piece.title)
            .bind(piece.artist)
            .bind(ALBUM)
            .bind(piece.length.as_millis() as i64)
            .bind(sought(piece.artist, ALBUM, piece.title))
            .fetch_one(&mut *all)
            .await?;
            set_moods(&mut all, row.try_get("id")?, [piece.emotion].into_iter().collect()).await?;
        }
        Ok(all.commit().await?)
    }

    /// Remembers why a track cannot be played; it is not chosen again until its file changes.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn unplayable(&self, track: TrackId, why: &str) -> Result<()> {
        let query = sqlx::query("UPDATE tracks SET problem = $2 WHERE id = $1").bind(track.0).bind(why);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Remembers that a track can be played after all.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn playable(&self, track: TrackId) -> Result<()> {
        sqlx::query("UPDATE tracks SET problem = NULL WHERE id = $1").bind(track.0).execute(&self.pool).await?;
        Ok(())
    }

    /// Everything that can be played on this machine, sorted by id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn candidates(&self) -> Result<Vec<Candidate>> {
        self.candidates_of(Kind::Local).await
    }

    /// Everything that a player of this kind can play, sorted by id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn candidates_of(&self, kind: Kind) -> Result<Vec<Candidate>> {
        let listed = sqlx::query(
            "SELECT t.id, t.artist, t.valence, t.arousal, COALESCE(t.explicit, 0) AS explicit FROM tracks t \
             WHERE t.gone = 0 AND t.problem IS NULL AND (t.kind = 'spotify') = $1 ORDER BY t.id",
        )
        .bind(kind == Kind::Spotify);
        let mut artists: HashMap<String, u32> = HashMap::new();
        let mut candidates: Vec<Candidate> = Vec::new();
        let mut tags = Vec::new();
        let mut rows = listed.fetch(&self.pool);
        while let Some(row) = rows.try_next().await? {
            let artist = row.try_get::<String, _>("artist")?.to_lowercase();
            let fresh = artists.len() as u32;
            let (valence, arousal): (Option<f32>, Option<f32>) = (row.try_get("valence")?, row.try_get("arousal")?);
            tags.push(valence.zip(arousal).map(|(valence, arousal)| Point { valence, arousal }));
            candidates.push(Candidate {
                id: TrackId(row.try_get("id")?),
                artist: (!artist.is_empty()).then(|| *artists.entry(artist).or_insert(fresh)),
                moods: Emotions::NONE,
                not_for: Emotions::NONE,
                liked: false,
                last_played: None,
                place: Point::default(),
                explicit: row.try_get::<i64, _>("explicit")? > 0,
            });
        }
        drop(rows);
        // What is known of each is read as a whole and put in its place: asking track by track takes several
        // times as long.
        for (sql, note) in FACTS {
            let mut rows = sqlx::query(sql).fetch(&self.pool);
            while let Some(row) = rows.try_next().await? {
                if let Ok(at) = candidates.binary_search_by_key(&TrackId(row.try_get(0)?), |t| t.id) {
                    note(&row, &mut candidates[at])?;
                }
            }
        }
        for (track, tags) in candidates.iter_mut().zip(tags) {
            track.place = plane::place(track.moods, tags);
        }
        Ok(candidates)
    }
}

type Note = fn(&SqliteRow, &mut Candidate) -> std::result::Result<(), sqlx::Error>;

/// Where what is known of tracks stands, the track's id first; an emotion of which this program does not know
/// the word is passed over.
const FACTS: [(&str, Note); 4] = [
    ("SELECT track_id, emotion FROM track_moods", |row, track| {
        Emotion::from_word(row.try_get(1)?).into_iter().for_each(|emotion| track.moods.insert(emotion));
        Ok(())
    }),
    ("SELECT track_id, emotion FROM bans", |row, track| {
        Emotion::from_word(row.try_get(1)?).into_iter().for_each(|emotion| track.not_for.insert(emotion));
        Ok(())
    }),
    ("SELECT track_id FROM likes", |_, track| {
        track.liked = true;
        Ok(())
    }),
    // The last one by its number: times are those of a clock that may have been wrong.
    ("SELECT track_id, started FROM plays WHERE id IN (SELECT MAX(id) FROM plays GROUP BY track_id)", |row, track| {
        track.last_played = Some(time(row.try_get(1)?));
        Ok(())
    }),
];

pub(super) async fn set_moods(all: &mut Transaction<'_, Sqlite>, track: i64, moods: Emotions) -> Result<()> {
    sqlx::query("DELETE FROM track_moods WHERE track_id = $1").bind(track).execute(&mut **all).await?;
    for emotion in moods.iter() {
        insert_mood(all, track, emotion).await?;
    }
    let by_hand = "UPDATE tracks SET found_moods = $2 WHERE id = $1 AND found_moods IS NOT NULL";
    let by_hand = sqlx::query(by_hand).bind(track).bind(i64::from(moods.bits())).execute(&mut **all).await?;
    if by_hand.rows_affected() > 0 {
        hand::apply(all, track).await?;
    }
    Ok(())
}

async fn insert_mood(all: &mut Transaction<'_, Sqlite>, track: i64, emotion: Emotion) -> Result<()> {
    let insert = "INSERT INTO track_moods (track_id, emotion) VALUES ($1, $2)";
    sqlx::query(insert).bind(track).bind(emotion.word()).execute(&mut **all).await?;
    Ok(())
}

fn bits(number: i64) -> Emotions {
    Emotions::from_bits(u8::try_from(number).unwrap_or(0))
}
