//! Who may log in at the embedded broker, and what the command line asks of the running program.

use jiff::Timestamp;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Store, StoreError};

type Result<T> = std::result::Result<T, StoreError>;

/// What sort of user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A paired device: its own topics and nothing else.
    Device,
    /// Another program, such as Home Assistant: it reads everything and may ask things of devices.
    Client,
    /// Another program that may only read.
    Reader,
}

impl Kind {
    /// As the database has it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Device => "device",
            Self::Client => "client",
            Self::Reader => "reader",
        }
    }
}

/// One user, without the password, which nobody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The name to log in with; a device's is its id.
    pub name: String,
    /// What sort.
    pub kind: Kind,
    /// SHA-256 of the password.
    pub hash: Vec<u8>,
    /// The same, as Mosquitto's password file wants it.
    pub mosquitto: String,
    /// Since when.
    pub made: Timestamp,
    /// When it last connected, or went.
    pub seen: Option<Timestamp>,
}

/// A request of the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Its number.
    pub id: i64,
    /// Which device; empty: whichever waits.
    pub device: String,
    /// The code; empty: only say who waits.
    pub code: String,
}

fn time(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>> {
    let at = row.try_get::<Option<i64>, _>(column)?;
    Ok(at.and_then(|at| Timestamp::from_millisecond(at).ok()))
}

impl Store {
    /// All users, by name.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn users(&self) -> Result<Vec<User>> {
        let rows = sqlx::query("SELECT name, kind, hash, mosquitto, made, seen FROM broker_users ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        let user = |row: &SqliteRow| {
            Ok(User {
                name: row.try_get("name")?,
                kind: match row.try_get("kind")? {
                    "device" => Kind::Device,
                    "client" => Kind::Client,
                    _ => Kind::Reader,
                },
                hash: row.try_get("hash")?,
                mosquitto: row.try_get("mosquitto")?,
                made: time(row, "made")?.unwrap_or_default(),
                seen: time(row, "seen")?,
            })
        };
        rows.iter().map(user).collect()
    }

    /// Keeps a user, in the place of an earlier one of this name.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn keep_user(&self, user: &User) -> Result<()> {
        sqlx::query(
            "INSERT INTO broker_users (name, kind, hash, mosquitto, made, seen) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, hash = excluded.hash, \
             mosquitto = excluded.mosquitto, made = excluded.made, seen = excluded.seen",
        )
        .bind(&user.name)
        .bind(user.kind.word())
        .bind(user.hash.as_slice())
        .bind(&user.mosquitto)
        .bind(user.made.as_millisecond())
        .bind(user.seen.map(Timestamp::as_millisecond))
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets a user; whether there was one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget_user(&self, name: &str) -> Result<bool> {
        let done = sqlx::query("DELETE FROM broker_users WHERE name = $1").bind(name).execute(&self.pool).await?;
        Ok(done.rows_affected() > 0)
    }

    /// A user connected, or went.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn saw_user(&self, name: &str, at: Timestamp) -> Result<()> {
        sqlx::query("UPDATE broker_users SET seen = $2 WHERE name = $1")
            .bind(name)
            .bind(at.as_millisecond())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Asks something of the program that runs; gives the number under which it answers.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn ask(&self, device: &str, code: &str, at: Timestamp) -> Result<i64> {
        let asked =
            sqlx::query("INSERT INTO pairing_asks (device, code, asked) VALUES ($1, $2, $3)").bind(device).bind(code);
        Ok(asked.bind(at.as_millisecond()).execute(&self.pool).await?.last_insert_rowid())
    }

    /// What was asked and is not answered; each is given out once. What nobody answered for a minute is gone.
    ///
    /// # Errors
    /// The database cannot be read or written.
    pub async fn asked(&self, now: Timestamp) -> Result<Vec<Ask>> {
        let rows = sqlx::query("SELECT id, device, code, asked FROM pairing_asks WHERE answer IS NULL ORDER BY id")
            .fetch_all(&self.pool)
            .await?;
        if rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut asks = Vec::new();
        for row in &rows {
            let fresh = (now.as_millisecond() - row.try_get::<i64, _>("asked")?).abs() < 60_000;
            if fresh {
                asks.push(Ask { id: row.try_get("id")?, device: row.try_get("device")?, code: row.try_get("code")? });
            }
        }
        // A code has no place on a disk for longer than it takes to read it.
        sqlx::query("UPDATE pairing_asks SET code = '', answer = '' WHERE answer IS NULL").execute(&self.pool).await?;
        Ok(asks)
    }

    /// Answers what was asked.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn answer(&self, id: i64, answer: &str) -> Result<()> {
        sqlx::query("UPDATE pairing_asks SET answer = $2 WHERE id = $1")
            .bind(id)
            .bind(answer)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// The answer, once it is there.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn answered(&self, id: i64) -> Result<Option<String>> {
        let row =
            sqlx::query("SELECT answer FROM pairing_asks WHERE id = $1").bind(id).fetch_optional(&self.pool).await?;
        let answer = row.map(|row| row.try_get::<Option<String>, _>("answer")).transpose()?.flatten();
        Ok(answer.filter(|answer| !answer.is_empty()))
    }

    /// Takes a question and its answer back.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn forget_ask(&self, id: i64) -> Result<()> {
        sqlx::query("DELETE FROM pairing_asks WHERE id = $1").bind(id).execute(&self.pool).await?;
        Ok(())
    }
}
