//! What the room did, written as it happens: plays, likes, bans, moods heard, the queue.

use jiff::Timestamp;
use moodring_mood::{Confidence, DeviceId, Emotion, Mood};
use sqlx::Row;

use super::{
    Ending, Store, StoreError, TrackId,
    store::{mood, time},
};
use crate::{
    decide::{
        Choice,
        path::{Path, Step},
    },
    player::PlayId,
};

type Result<T> = std::result::Result<T, StoreError>;

/// Keeps a value of a room under a name.
pub(super) const KEEP: &str = "INSERT INTO kept_by_room (room, name, value) VALUES ($1, $2, $3) \
                    ON CONFLICT (room, name) DO UPDATE SET value = excluded.value";

/// Moods heard are kept for so many milliseconds: 90 days.
const MOODS_KEPT_MS: i64 = 90 * 24 * 3600 * 1000;

impl Store {
    /// Writes that a play began.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn play_began(
        &self,
        room: &str,
        play: PlayId,
        choice: &Choice,
        reason: &str,
        at: Timestamp,
    ) -> Result<()> {
        sqlx::query("INSERT INTO plays (id, room, track_id, mood, reason, started) VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(play)
            .bind(room)
            .bind(choice.track.0)
            .bind(choice.mood.word())
            .bind(reason)
            .bind(at.as_millisecond())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes that a play ended.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn play_ended(&self, play: PlayId, ending: Ending, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE plays SET ended = $2, ending = $3 WHERE id = $1 AND ended IS NULL")
            .bind(play)
            .bind(at.as_millisecond())
            .bind(ending.word())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Closes the plays that a program which went away left open, at the time they began.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn close_lost_plays(&self) -> Result<()> {
        let lost = "UPDATE plays SET ended = started, ending = 'lost' WHERE ended IS NULL";
        sqlx::query(lost).execute(&self.pool).await?;
        Ok(())
    }

    /// The number of the last play; 0 if there was none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn last_play(&self) -> Result<PlayId> {
        let last = sqlx::query_scalar::<_, i64>("SELECT COALESCE(MAX(id), 0) FROM plays");
        Ok(last.fetch_one(&self.pool).await?)
    }

    /// The tracks of the last `limit` plays in a room, the latest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn heard_lately(&self, room: &str, limit: usize) -> Result<Vec<TrackId>> {
        let lately = "SELECT track_id FROM plays WHERE room = $1 ORDER BY id DESC LIMIT $2";
        let heard = sqlx::query_scalar::<_, i64>(lately).bind(room).bind(limit as i64).fetch_all(&self.pool).await?;
        Ok(heard.into_iter().map(TrackId).collect())
    }

    /// Remembers a like, or takes it back.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn like(&self, track: TrackId, liked: bool, at: Timestamp) -> Result<()> {
        let query = if liked {
            let insert = "INSERT INTO likes (track_id, at) VALUES ($1, $2) ON CONFLICT (track_id) DO NOTHING";
            sqlx::query(insert).bind(track.0).bind(at.as_millisecond())
        } else {
            sqlx::query("DELETE FROM likes WHERE track_id = $1").bind(track.0)
        };
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Remembers that a track does not fit an emotion, or takes that back.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn ban(&self, track: TrackId, emotion: Emotion, banned: bool, at: Timestamp) -> Result<()> {
        let query = if banned {
            let insert = "INSERT INTO bans (track_id, emotion, at) VALUES ($1, $2, $3) \
                          ON CONFLICT (track_id, emotion) DO NOTHING";
            sqlx::query(insert).bind(track.0).bind(emotion.word()).bind(at.as_millisecond())
        } else {
            sqlx::query("DELETE FROM bans WHERE track_id = $1 AND emotion = $2").bind(track.0).bind(emotion.word())
        };
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Writes that a device told a new mood.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn mood_heard(&self, id: &DeviceId, mood: Mood, confidence: Confidence, at: Timestamp) -> Result<()> {
        sqlx::query("INSERT INTO moods_heard (device, mood, confidence, at) VALUES ($1, $2, $3, $4)")
            .bind(id.as_str())
            .bind(mood.word())
            .bind(f64::from(confidence.get()))
            .bind(at.as_millisecond())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Writes down what was decided, in a sentence.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn decided(&self, room: &str, words: &str, at: Timestamp) -> Result<()> {
        let query = sqlx::query("INSERT INTO decisions (room, at, words) VALUES ($1, $2, $3)");
        query.bind(room).bind(at.as_millisecond()).bind(words).execute(&self.pool).await?;
        Ok(())
    }

    /// What was decided beside the tracks since a time, in one room or in all, oldest first: when, where, what.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn decisions(&self, room: Option<&str>, since: Timestamp) -> Result<Vec<(Timestamp, String, String)>> {
        let rows = sqlx::query(
            "SELECT at, room, words FROM decisions WHERE at >= $1 AND ($2 IS NULL OR room = $2) ORDER BY id",
        );
        let rows = rows.bind(since.as_millisecond()).bind(room).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((time(row.try_get("at")?), row.try_get("room")?, row.try_get("words")?))).collect()
    }

    /// Drops moods heard, and decisions beside tracks, more than 90 days ago.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget_old_moods(&self, now: Timestamp) -> Result<()> {
        for old in ["DELETE FROM moods_heard WHERE at < $1", "DELETE FROM decisions WHERE at < $1"] {
            sqlx::query(old).bind(now.as_millisecond() - MOODS_KEPT_MS).execute(&self.pool).await?;
        }
        Ok(())
    }

    /// When the newest of the moods heard and of the decisions was written down, if there are any.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn last_written(&self) -> Result<Option<Timestamp>> {
        let newest = "SELECT MAX(at) FROM (SELECT MAX(at) AS at FROM moods_heard UNION ALL \
                      SELECT MAX(at) AS at FROM decisions) AS both";
        Ok(sqlx::query_scalar::<_, Option<i64>>(newest).fetch_one(&self.pool).await?.map(time))
    }

    /// Keeps the queue of a room, and the path that it is on.
    ///
    /// # Errors
    /// The database cannot be written; then what was kept before stays.
    pub async fn keep_queue<'a>(
        &self,
        room: &str,
        queue: impl Iterator<Item = &'a Choice>,
        path: Option<&Path>,
    ) -> Result<()> {
        let mut all = self.pool.begin().await?;
        sqlx::query("DELETE FROM queue WHERE room = $1").bind(room).execute(&mut *all).await?;
        for (position, choice) in queue.enumerate() {
            sqlx::query(
                "INSERT INTO queue (room, position, track_id, mood, why, step) VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(room)
            .bind(position as i64)
            .bind(choice.track.0)
            .bind(choice.mood.word())
            .bind(&choice.why)
            .bind(choice.step.map(|step| step.to_string()))
            .execute(&mut *all)
            .await?;
        }
        let path = path.and_then(|path| serde_json::to_string(path).ok()).unwrap_or_default();
        sqlx::query(KEEP).bind(room).bind("path").bind(path).execute(&mut *all).await?;
        Ok(all.commit().await?)
    }

    /// The queue of a room as it was kept.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn kept_queue(&self, room: &str) -> Result<Vec<Choice>> {
        let rows = sqlx::query("SELECT track_id, mood, why, step FROM queue WHERE room = $1 ORDER BY position");
        let rows = rows.bind(room).fetch_all(&self.pool).await?;
        let choice = |row| {
            Ok(Choice {
                track: TrackId(Row::try_get(row, "track_id")?),
                mood: mood(row, "mood")?,
                why: Row::try_get(row, "why")?,
                step: Row::try_get::<Option<String>, _>(row, "step")?.and_then(|step| Step::parse(&step)),
            })
        };
        rows.iter().map(choice).collect()
    }

    /// Keeps a single value of a room under a name.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn keep(&self, room: &str, name: &str, value: &str) -> Result<()> {
        sqlx::query(KEEP).bind(room).bind(name).bind(value).execute(&self.pool).await?;
        Ok(())
    }

    /// The value of a room kept under a name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn kept(&self, room: &str, name: &str) -> Result<Option<String>> {
        let kept = sqlx::query_scalar("SELECT value FROM kept_by_room WHERE room = $1 AND name = $2");
        Ok(kept.bind(room).bind(name).fetch_optional(&self.pool).await?)
    }

    /// Lets a room of which nothing is known yet go on where another one is: with its queue, its taste and
    /// what was kept. The other one's stay.
    ///
    /// # Errors
    /// The database cannot be used; then nothing changes.
    pub async fn take_over(&self, room: &str, from: &str) -> Result<()> {
        let known = "SELECT EXISTS (SELECT 1 FROM plays WHERE room = $1) OR EXISTS (SELECT 1 FROM kept_by_room WHERE room = $1)";
        let mut all = self.pool.begin().await?;
        if sqlx::query_scalar::<_, bool>(known).bind(room).fetch_one(&mut *all).await? {
            return Ok(());
        }
        for copy in [
            "INSERT INTO queue (room, position, track_id, mood, why, step) \
             SELECT $1, position, track_id, mood, why, step FROM queue WHERE room = $2 ON CONFLICT DO NOTHING",
            "INSERT INTO taste (room, track_id, emotion, good, bad, at) \
             SELECT $1, track_id, emotion, good, bad, at FROM taste WHERE room = $2 ON CONFLICT DO NOTHING",
            "INSERT INTO kept_by_room (room, name, value) \
             SELECT $1, name, value FROM kept_by_room WHERE room = $2 ON CONFLICT DO NOTHING",
        ] {
            sqlx::query(copy).bind(room).bind(from).execute(&mut *all).await?;
        }
        Ok(all.commit().await?)
    }
}
