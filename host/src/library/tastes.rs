//! What was learnt of people's taste, kept.
//!
//! In: sums as of a time. Out: the same, and a list for those who want to read it. Fails when the
//! database cannot be used; then nothing changes.

use jiff::Timestamp;
use moodring_mood::Emotion;
use serde::Serialize;
use sqlx::Row;

use super::{Store, StoreError, TrackId, diary::KEEP, store::time};
use crate::taste::{Belief, Sums, Taste};

type Result<T> = std::result::Result<T, StoreError>;

/// The name under which is kept when what was learnt was last forgotten.
pub const FORGOTTEN: &str = "forgotten";

/// What is believed of one track for one mood, to be read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Learnt {
    /// Which track.
    pub track: TrackId,
    /// Its title.
    pub title: String,
    /// Who made it; empty when unknown.
    pub artist: String,
    /// For which emotion.
    pub emotion: Emotion,
    /// Welcome and unwelcome plays, faded to now.
    #[serde(flatten)]
    pub sums: Sums,
    /// The share of them that was welcome, 0..=1.
    pub welcome: f64,
}

impl Store {
    /// Keeps what is believed of a track for an emotion in a room.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn keep_taste(
        &self,
        room: &str,
        emotion: Emotion,
        track: TrackId,
        Belief { sums, at }: Belief,
    ) -> Result<()> {
        sqlx::query(
            "INSERT INTO taste (room, track_id, emotion, good, bad, at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (room, track_id, emotion) DO UPDATE SET good = excluded.good, bad = excluded.bad, at = excluded.at",
        )
        .bind(room)
        .bind(track.0)
        .bind(emotion.word())
        .bind(sums.good)
        .bind(sums.bad)
        .bind(at.as_millisecond())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// What was kept of a room. A row whose emotion this program does not know is left alone.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn kept_taste(&self, room: &str) -> Result<Vec<(Emotion, TrackId, Belief)>> {
        let rows = sqlx::query("SELECT track_id, emotion, good, bad, at FROM taste WHERE room = $1");
        let rows = rows.bind(room).fetch_all(&self.pool).await?;
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            let Some(emotion) = Emotion::from_word(row.try_get("emotion")?) else { continue };
            let sums = Sums { good: row.try_get("good")?, bad: row.try_get("bad")? };
            let belief = Belief { sums, at: time(row.try_get("at")?) };
            kept.push((emotion, TrackId(row.try_get("track_id")?), belief));
        }
        Ok(kept)
    }

    /// Forgets what was learnt in a room for one emotion, or for all.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget_taste(&self, room: &str, emotion: Option<Emotion>) -> Result<()> {
        let mut all = self.pool.begin().await?;
        let forget = sqlx::query("DELETE FROM taste WHERE room = $1 AND ($2 IS NULL OR emotion = $2)");
        forget.bind(room).bind(emotion.map(Emotion::word)).execute(&mut *all).await?;
        let now = Timestamp::now().as_nanosecond().to_string();
        sqlx::query(KEEP).bind(room).bind(FORGOTTEN).bind(now).execute(&mut *all).await?;
        Ok(all.commit().await?)
    }

    /// What was learnt in a room, the most welcome first in each emotion; at most `limit`.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn learnt(
        &self,
        room: &str,
        emotion: Option<Emotion>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Learnt>> {
        let taste = Taste::kept(self.kept_taste(room).await?, now);
        let wanted = |of: &(Emotion, TrackId, Sums)| emotion.is_none_or(|emotion| emotion == of.0);
        let mut all: Vec<_> = taste.iter(now).filter(wanted).collect();
        // What was heard often stands before what was heard once.
        let standing = |sums: Sums| (sums.good + 1.0) / (sums.plays() + 2.0);
        all.sort_by(|a, b| {
            (a.0 as usize).cmp(&(b.0 as usize)).then(standing(b.2).total_cmp(&standing(a.2))).then(a.1.cmp(&b.1))
        });
        let mut learnt = Vec::new();
        for (emotion, id, sums) in all.into_iter().take(limit) {
            if let Some(track) = self.track(id).await? {
                let (title, artist, welcome) = (track.title, track.artist, sums.mean());
                learnt.push(Learnt { track: id, title, artist, emotion, sums, welcome });
            }
        }
        Ok(learnt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::player::pieces;

    #[tokio::test]
    async fn what_was_learnt_outlives_a_restart_and_can_be_read_and_forgotten() {
        let dir = tempfile::tempdir().unwrap();
        let now: Timestamp = "2026-11-22T20:00:00Z".parse().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        store.use_pieces(&pieces::ALL).await.unwrap();
        let ids: Vec<TrackId> = store.candidates().await.unwrap().iter().map(|t| t.id).collect();
        for (id, good, bad) in [(ids[0], 1.0, 3.0), (ids[1], 4.0, 1.0), (ids[1], 5.0, 1.0)] {
            store.keep_taste("hall", Emotion::Happy, id, Belief { sums: Sums { good, bad }, at: now }).await.unwrap();
        }
        let once = Belief { sums: Sums { good: 1.0, bad: 0.0 }, at: now };
        store.keep_taste("hall", Emotion::Sad, ids[0], once).await.unwrap();
        store.close().await;
        let store = Store::open(dir.path()).await.unwrap();
        let learnt = store.learnt("hall", Some(Emotion::Happy), now, 10).await.unwrap();
        let told: Vec<_> = learnt.iter().map(|l| (l.track, l.sums.good.round())).collect();
        assert_eq!(told, [(ids[1], 5.0), (ids[0], 1.0)]);
        assert_eq!(store.learnt("hall", None, now, 2).await.unwrap().len(), 2);
        assert_eq!(store.learnt("kitchen", None, now, 2).await.unwrap(), [], "each room has its own");
        store.forget_taste("hall", Some(Emotion::Happy)).await.unwrap();
        assert_eq!(store.learnt("hall", None, now, 10).await.unwrap().len(), 1);
        store.forget_taste("hall", None).await.unwrap();
        assert_eq!(store.kept_taste("hall").await.unwrap(), []);
    }
}
