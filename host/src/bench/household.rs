//! A household to measure with: a library that somebody has used for months.
//!
//! In: a state directory and a folder to make, how many tracks and plays. Out: files of music, a database that knows
//! them, its history and what was learnt. Fails when files or rows cannot be written.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use anyhow::Context;
use jiff::Timestamp;
use moodring_mood::{Emotion, Topic};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::library::{
    Store,
    shelf::Found,
    store::FILE,
    tags::{self, Tags},
};

/// Tracks in one folder.
const IN_ONE_FOLDER: u32 = 500;

/// A file system allows so many names of one file, at least.
const NAMES_OF_ONE: u32 = 10_000;

/// Artists that share the tracks.
const ARTISTS: u32 = 997;

/// Every so many tracks, something was learnt of one for each mood.
const LEARNT: i64 = 20;

/// A play every so many milliseconds.
const PLAY_MS: i64 = 200_000;

/// Where the music is.
pub fn folder(dir: &Path) -> PathBuf {
    dir.join("music")
}

/// Makes the files and the database. Of the sound there is one file under many names: the disk need not be large.
pub async fn furnish(dir: &Path, tracks: u32, plays: u32) -> anyhow::Result<()> {
    let dir = &{
        fs::create_dir_all(dir)?;
        fs::canonicalize(dir)?
    };
    let store = Store::open(dir).await?;
    let mut sound = PathBuf::new();
    let mut batch = Vec::new();
    for n in 0..tracks {
        let folder = folder(dir).join(format!("{:03}", n / IN_ONE_FOLDER));
        let path = folder.join(format!("{n:06}.wav"));
        if n % IN_ONE_FOLDER == 0 {
            fs::create_dir_all(&folder)?;
        }
        if n % NAMES_OF_ONE == 0 {
            fs::write(&path, wav(30)).with_context(|| format!("cannot write {}", path.display()))?;
            sound.clone_from(&path);
        } else {
            fs::hard_link(&sound, &path).with_context(|| format!("cannot link {}", path.display()))?;
        }
        batch.push(found(n, &path)?);
        if batch.len() == 1000 || n + 1 == tracks {
            store.found(&std::mem::take(&mut batch)).await?;
        }
    }
    store.close().await;
    live_in(dir, i64::from(tracks), i64::from(plays)).await
}

/// As a scan finds it, so that the next one need not read it again.
fn found(n: u32, path: &Path) -> io::Result<Found> {
    let about = fs::metadata(path)?;
    let mtime = about.modified()?.duration_since(UNIX_EPOCH).map_err(io::Error::other)?;
    let own = Emotion::ALL[n as usize % 7];
    let moods = [own, Emotion::Happy, Emotion::Sad].into_iter().skip(n as usize % 2).collect();
    let tags = Tags {
        title: format!("Track {n}"),
        artist: format!("Artist {}", n % ARTISTS),
        album: format!("Album {}", n / 12),
        moods,
        ..tags::read(path)
    };
    let (mtime, size) = (mtime.as_millis() as i64, about.len() as i64);
    Ok(Found { path: path.display().to_string(), mtime, size, tags: Some(tags), moods })
}

/// Plays, what was learnt of them, and that every loudness is known.
async fn live_in(dir: &Path, tracks: i64, plays: i64) -> anyhow::Result<()> {
    let mut database = open(dir).await?;
    let mut all = database.begin().await?;
    let begun = Timestamp::now().as_millisecond() - plays * PLAY_MS;
    sqlx::query(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
         INSERT INTO plays (id, room, track_id, mood, reason, started, ended, ending) \
         SELECT i, 'home', 1 + (i * 7919) % $2, 'happy', 'happy for 40 s; not played today', \
         $3 + i * $4, $3 + i * $4 + 180000, CASE i % 5 WHEN 0 THEN 'skipped' ELSE 'finished' END FROM n",
    )
    .bind(plays)
    .bind(tracks)
    .bind(begun)
    .bind(PLAY_MS)
    .execute(&mut *all)
    .await?;
    for emotion in Emotion::ALL {
        let learnt = "INSERT INTO taste (room, track_id, emotion, good, bad, at) \
                      SELECT 'home', id, $1, id % 5, (id / 5) % 3, $2 FROM tracks WHERE id % $3 = 0";
        let learnt = sqlx::query(learnt).bind(emotion.word()).bind(Timestamp::now().as_millisecond()).bind(LEARNT);
        learnt.execute(&mut *all).await?;
    }
    sqlx::query("UPDATE sounds SET lufs = -18, peak = 0.5, tried = 1").execute(&mut *all).await?;
    all.commit().await?;
    Ok(database.close().await?)
}

/// Lets the embedded broker have kept this message.
pub async fn retain(dir: &Path, topic: &Topic, payload: Vec<u8>) -> anyhow::Result<()> {
    let mut database = open(dir).await?;
    let kept = "INSERT INTO retained (topic, payload, qos) VALUES ($1, $2, 1) \
                ON CONFLICT (topic) DO UPDATE SET payload = excluded.payload";
    sqlx::query(kept).bind(topic.to_string()).bind(payload).execute(&mut database).await?;
    Ok(database.close().await?)
}

async fn open(dir: &Path) -> anyhow::Result<SqliteConnection> {
    Ok(SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(dir.join(FILE))).await?)
}

/// So many seconds of a quiet tone, 8 kHz, 16 bit, mono.
fn wav(seconds: u32) -> Vec<u8> {
    const RATE: u32 = 8_000;
    let bytes = 2 * RATE * seconds;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(RATE.to_le_bytes());
    wav.extend((2 * RATE).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(bytes.to_le_bytes());
    let tone = (0..bytes / 2).map(|n| ((n as f32 * 0.3).sin() * 1000.0) as i16);
    wav.extend(tone.flat_map(i16::to_le_bytes));
    wav
}
