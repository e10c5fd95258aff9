//! The embedded broker's retained messages, kept over restarts.

use sqlx::Row;

use super::{Store, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// One retained message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retained {
    /// Its payload, as it came.
    pub payload: Vec<u8>,
    /// Its quality of service, 0..=2.
    pub qos: u8,
}

impl Store {
    /// Keeps messages by topic, and forgets those given as `None`.
    ///
    /// # Errors
    /// The database cannot be written; then nothing changes.
    pub async fn keep_retained(&self, messages: &[(String, Option<Retained>)]) -> Result<()> {
        let mut all = self.pool.begin().await?;
        for (topic, message) in messages {
            let query = match message {
                Some(Retained { payload, qos }) => {
                    let keep = "INSERT INTO retained (topic, payload, qos) VALUES ($1, $2, $3) \
                                ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload, qos = excluded.qos";
                    sqlx::query(keep).bind(topic).bind(payload.as_slice()).bind(i64::from(*qos))
                }
                None => sqlx::query("DELETE FROM retained WHERE topic = $1").bind(topic),
            };
            query.execute(&mut *all).await?;
        }
        Ok(all.commit().await?)
    }

    /// All messages kept, by topic.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn retained(&self) -> Result<Vec<(String, Retained)>> {
        let rows = sqlx::query("SELECT topic, payload, qos FROM retained ORDER BY topic").fetch_all(&self.pool).await?;
        let message = |row: &sqlx::sqlite::SqliteRow| {
            let qos = row.try_get::<i64, _>("qos")?.clamp(0, 2) as u8;
            Ok((row.try_get("topic")?, Retained { payload: row.try_get("payload")?, qos }))
        };
        rows.iter().map(message).collect()
    }
}
