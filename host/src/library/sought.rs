//! What tracks are searched and sorted by: their words without case, accents and punctuation, so that they are found
//! as people type them. "Don’t" is "Don't", and "uber" finds "Über", however a file's name spells it.

use sqlx::{Row, SqlitePool};

use super::{matching::plain, spotify::AT_ONCE};

/// So many words of a search count.
const WORDS: usize = 8;

/// How a track is written down: artist, album and title, a line each.
pub fn sought(artist: &str, album: &str, title: &str) -> String {
    [artist, album, title].map(plain).join("\n")
}

/// What each track that is found has in it, as patterns for `LIKE`; `None` where nothing can be found by `text`.
pub(super) fn patterns(text: &str) -> Option<Vec<String>> {
    let words: Vec<String> = plain(text).split(' ').filter(|w| !w.is_empty()).take(WORDS).map(like).collect();
    (!words.is_empty() || text.trim().is_empty()).then_some(words)
}

/// Words of [`plain`] hold nothing that `LIKE` takes for a pattern.
fn like(word: &str) -> String {
    format!("%{word}%")
}

/// Writes down what a change of the schema left empty.
pub(super) async fn fill(pool: &SqlitePool) -> Result<(), sqlx::Error> {
    let empty = sqlx::query("SELECT id, artist, album, title FROM tracks WHERE sought = ''").fetch_all(pool).await?;
    if empty.is_empty() {
        return Ok(());
    }
    let mut all = pool.begin_with(AT_ONCE).await?;
    for row in &empty {
        let sought = sought(row.try_get("artist")?, row.try_get("album")?, row.try_get("title")?);
        sqlx::query("UPDATE tracks SET sought = $2 WHERE id = $1")
            .bind(row.try_get::<i64, _>("id")?)
            .bind(sought)
            .execute(&mut *all)
            .await?;
    }
    all.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::library::{Store, TrackQuery};

    #[test]
    fn words_are_looked_for_as_they_are_written_down() {
        assert_eq!(sought("Beyoncé", "", "Don’t — Stop"), "beyonce\n\ndont stop");
        assert_eq!(patterns("Don't  stop").unwrap(), ["%dont%", "%stop%"]);
        assert_eq!(patterns("Ca\u{301}fe").unwrap(), patterns("café").unwrap());
        assert!(patterns(" ").unwrap().is_empty() && patterns("%_?").is_none());
        assert_eq!(patterns(&"a ".repeat(20)).unwrap().len(), WORDS);
    }

    #[tokio::test]
    async fn what_an_older_program_wrote_down_is_written_anew() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let old = "INSERT INTO tracks (kind, place, title, artist, sought) VALUES ('file', '/a', 'Café', 'Don’t', \
                   'don’t\n\ncafé')";
        sqlx::query(old).execute(&store.pool).await.unwrap();
        let found = async |store: &Store| {
            store.tracks(&TrackQuery { text: "dont cafe".to_owned(), ..TrackQuery::default() }).await.unwrap().total
        };
        assert_eq!(found(&store).await, 0);
        sqlx::query("DELETE FROM _sqlx_migrations WHERE version = 14").execute(&store.pool).await.unwrap();
        store.close().await;
        assert_eq!(found(&Store::open(dir.path()).await.unwrap()).await, 1);
    }
}
