//! The moods that people gave tracks by hand.
//!
//! In: a track that somebody put to an emotion or took out of one. Out: nothing; the table of moods
//! that everything reads has it. Fails when the database cannot be written; then nothing changes.

use jiff::Timestamp;
use moodring_mood::Emotion;
use sqlx::{Sqlite, Transaction};

use super::{Emotions, Store, StoreError, TrackId};

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Puts a track to emotions (`true`) and takes it out of others (`false`), whatever its file or source says.
    ///
    /// # Errors
    /// The database cannot be written; then nothing changes.
    pub async fn fits_by_hand(&self, track: TrackId, changes: &[(Emotion, bool)], at: Timestamp) -> Result<()> {
        let mut all = self.pool.begin().await?;
        for (emotion, fits) in changes {
            sqlx::query(
                "INSERT INTO moods_by_hand (track_id, emotion, fits, at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (track_id, emotion) DO UPDATE SET fits = excluded.fits, at = excluded.at",
            )
            .bind(track.0)
            .bind(emotion.word())
            .bind(i64::from(*fits))
            .bind(at.as_millisecond())
            .execute(&mut *all)
            .await?;
        }
        let read: Option<i64> = sqlx::query_scalar("SELECT found_moods FROM tracks WHERE id = $1")
            .bind(track.0)
            .fetch_optional(&mut *all)
            .await?
            .flatten();
        if read.is_none() {
            // Until now both were the same.
            let words: Vec<String> = sqlx::query_scalar("SELECT emotion FROM track_moods WHERE track_id = $1")
                .bind(track.0)
                .fetch_all(&mut *all)
                .await?;
            let moods: Emotions = words.iter().filter_map(|word| Emotion::from_word(word)).collect();
            sqlx::query("UPDATE tracks SET found_moods = $2 WHERE id = $1")
                .bind(track.0)
                .bind(i64::from(moods.bits()))
                .execute(&mut *all)
                .await?;
        }
        apply(&mut all, track.0).await?;
        Ok(all.commit().await?)
    }
}

/// Lets what was said by hand count, after a track's moods were written as its file or source says them.
pub(super) async fn apply(all: &mut Transaction<'_, Sqlite>, track: i64) -> Result<()> {
    for change in [
        "DELETE FROM track_moods WHERE track_id = $1 AND emotion IN \
         (SELECT emotion FROM moods_by_hand WHERE track_id = $1 AND fits = 0)",
        "INSERT INTO track_moods (track_id, emotion) \
         SELECT track_id, emotion FROM moods_by_hand WHERE track_id = $1 AND fits = 1 \
         ON CONFLICT (track_id, emotion) DO NOTHING",
    ] {
        sqlx::query(change).bind(track).execute(&mut **all).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::shelf::Found;

    fn file(moods: &[Emotion]) -> Found {
        let tags = crate::library::tags::Tags { title: "Rain".to_owned(), ..Default::default() };
        let moods = moods.iter().copied().collect();
        Found { path: "/music/rain.ogg".to_owned(), mtime: 1, size: 1, tags: Some(tags), moods }
    }

    #[tokio::test]
    async fn what_was_said_by_hand_outlives_every_scan_and_the_scan_finds_nothing_new() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        store.found(&[file(&[Emotion::Sad])]).await.unwrap();
        let id = store.candidates().await.unwrap()[0].id;
        let moods = async || store.track(id).await.unwrap().unwrap().moods.iter().collect::<Vec<_>>();
        let moved = [(Emotion::Happy, true), (Emotion::Sad, false)];
        store.fits_by_hand(id, &moved, Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(moods().await, [Emotion::Happy]);
        let known = store.known_files().await.unwrap();
        assert_eq!(known["/music/rain.ogg"].moods.iter().collect::<Vec<_>>(), [Emotion::Sad], "as the file says");
        store.found(&[file(&[Emotion::Sad, Emotion::Fear])]).await.unwrap();
        assert_eq!(moods().await, [Emotion::Fear, Emotion::Happy]);
        store.fits_by_hand(id, &[(Emotion::Sad, true)], Timestamp::UNIX_EPOCH).await.unwrap();
        assert_eq!(moods().await, [Emotion::Fear, Emotion::Happy, Emotion::Sad]);
    }
}
