//! What is kept of who may use the page: the password's hash, sessions, tokens, the setup code.
//!
//! In: hashes, never a secret as it is used (the setup code aside, which must be shown). Out: what is kept. What
//! belongs together changes together: with a new password every session ends. Fails when the database cannot be
//! read or written; then nothing changes.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError, store::time};

type Result<T> = std::result::Result<T, StoreError>;

/// Somebody who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its number; secret it is not.
    pub id: i64,
    /// When it began.
    pub began: Timestamp,
    /// When it was used last, to about an hour.
    pub seen: Timestamp,
    /// From which address.
    pub address: String,
    /// What the browser called itself.
    pub agent: String,
}

/// The key of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is called.
    pub name: String,
    /// When it was made.
    pub made: Timestamp,
    /// When it was used last, to about an hour.
    pub used: Option<Timestamp>,
}

fn session(row: &SqliteRow) -> std::result::Result<Session, sqlx::Error> {
    Ok(Session {
        id: row.try_get("id")?,
        began: time(row.try_get("began")?),
        seen: time(row.try_get("seen")?),
        address: row.try_get("address")?,
        agent: row.try_get("agent")?,
    })
}

fn token(row: &SqliteRow) -> std::result::Result<Token, sqlx::Error> {
    Ok(Token {
        name: row.try_get("name")?,
        made: time(row.try_get("made")?),
        used: row.try_get::<Option<i64>, _>("used")?.map(time),
    })
}

impl Store {
    /// The password's hash; `None` while there is no password.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn password(&self) -> Result<Option<String>> {
        Ok(sqlx::query_scalar("SELECT hash FROM password").fetch_optional(&self.pool).await?)
    }

    /// Sets the password, whatever it was; every session ends, and the setup code. Gives how many sessions ended.
    ///
    /// # Errors
    /// The database cannot be written; then nothing changes.
    pub async fn set_password(&self, hash: &str, at: Timestamp) -> Result<u64> {
        let mut all = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO password (one, hash, changed) VALUES (1, $1, $2) \
             ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, changed = excluded.changed",
        )
        .bind(hash)
        .bind(at.as_millisecond())
        .execute(&mut *all)
        .await?;
        sqlx::query("DELETE FROM setup_code").execute(&mut *all).await?;
        let ended = sqlx::query("DELETE FROM sessions").execute(&mut *all).await?.rows_affected();
        all.commit().await?;
        Ok(ended)
    }

    /// Sets the password only if there is none; whether it did. The setup code ends with it.
    ///
    /// # Errors
    /// The database cannot be written; then nothing changes.
    pub async fn set_first_password(&self, hash: &str, at: Timestamp) -> Result<bool> {
        let mut all = self.pool.begin().await?;
        let set =
            sqlx::query("INSERT INTO password (one, hash, changed) VALUES (1, $1, $2) ON CONFLICT (one) DO NOTHING")
                .bind(hash)
                .bind(at.as_millisecond())
                .execute(&mut *all)
                .await?
                .rows_affected();
        sqlx::query("DELETE FROM setup_code").execute(&mut *all).await?;
        all.commit().await?;
        Ok(set == 1)
    }

    /// The setup code: the one that there is, else `fresh`, which is it from now on. `None` once there is a password.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn setup_code(&self, fresh: &str) -> Result<Option<String>> {
        let mut all = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO setup_code (one, code) SELECT 1, $1 WHERE NOT EXISTS (SELECT 1 FROM password) \
             ON CONFLICT (one) DO NOTHING",
        )
        .bind(fresh)
        .execute(&mut *all)
        .await?;
        let code = sqlx::query_scalar("SELECT code FROM setup_code").fetch_optional(&mut *all).await?;
        all.commit().await?;
        Ok(code)
    }

    /// Begins a session; of more than `most`, the longest unused end.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn begin_session(&self, hash: &str, address: &str, agent: &str, at: Timestamp, most: u32) -> Result<i64> {
        let mut all = self.pool.begin().await?;
        let began = sqlx::query(
            "INSERT INTO sessions (hash, began, seen, address, agent) VALUES ($1, $2, $2, $3, $4) RETURNING id",
        )
        .bind(hash)
        .bind(at.as_millisecond())
        .bind(address)
        .bind(agent)
        .fetch_one(&mut *all)
        .await?;
        let id: i64 = began.try_get("id")?;
        sqlx::query(
            "DELETE FROM sessions WHERE id <> $1 AND id NOT IN \
             (SELECT id FROM sessions ORDER BY seen DESC, id DESC LIMIT $2)",
        )
        .bind(id)
        .bind(i64::from(most))
        .execute(&mut *all)
        .await?;
        all.commit().await?;
        Ok(id)
    }

    /// The session of this hash.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn session(&self, hash: &str) -> Result<Option<Session>> {
        let row = sqlx::query("SELECT id, began, seen, address, agent FROM sessions WHERE hash = $1")
            .bind(hash)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(session).transpose()?)
    }

    /// Keeps that a session was used now, from there.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn session_used(&self, id: i64, address: &str, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE sessions SET seen = $2, address = $3 WHERE id = $1")
            .bind(id)
            .bind(at.as_millisecond())
            .bind(address)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Everybody who is logged in, the last used first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn sessions(&self) -> Result<Vec<Session>> {
        let rows = sqlx::query("SELECT id, began, seen, address, agent FROM sessions ORDER BY seen DESC, id DESC")
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().map(session).collect::<std::result::Result<_, _>>()?)
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn end_session(&self, id: i64) -> Result<bool> {
        let ended = sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id).execute(&self.pool).await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Ends all sessions but this one; gives how many.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn end_sessions_but(&self, id: Option<i64>) -> Result<u64> {
        let ended =
            sqlx::query("DELETE FROM sessions WHERE id <> $1").bind(id.unwrap_or(-1)).execute(&self.pool).await?;
        Ok(ended.rows_affected())
    }

    /// Adds a token; false if there is one of that name.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn add_token(&self, name: &str, hash: &str, at: Timestamp) -> Result<bool> {
        let added = sqlx::query("INSERT INTO tokens (name, hash, made) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(name)
            .bind(hash)
            .bind(at.as_millisecond())
            .execute(&self.pool)
            .await?;
        Ok(added.rows_affected() > 0)
    }

    /// The token of this hash.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn token(&self, hash: &str) -> Result<Option<Token>> {
        let row = sqlx::query("SELECT name, made, used FROM tokens WHERE hash = $1")
            .bind(hash)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().map(token).transpose()?)
    }

    /// Keeps that a token was used now.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn token_used(&self, name: &str, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE tokens SET used = $2 WHERE name = $1")
            .bind(name)
            .bind(at.as_millisecond())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// All tokens, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<Token>> {
        let rows = sqlx::query("SELECT name, made, used FROM tokens ORDER BY name").fetch_all(&self.pool).await?;
        Ok(rows.iter().map(token).collect::<std::result::Result<_, _>>()?)
    }

    /// Removes a token; whether there was one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn remove_token(&self, name: &str) -> Result<bool> {
        let removed = sqlx::query("DELETE FROM tokens WHERE name = $1").bind(name).execute(&self.pool).await?;
        Ok(removed.rows_affected() > 0)
    }
}
