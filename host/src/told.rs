//! What people read at the command line: why something played, and what was learnt.
//!
//! In: the database. Out: text. Fails when the database cannot be used, or a room or mood is not known.

use anyhow::{Context, bail};
use jiff::{Timestamp, tz::TimeZone};
use moodring_mood::Emotion;
use serde_json::json;

use crate::{cli::Taste, config::Config, library::Store};

/// The last plays with their reasons and ends, and what else was decided meanwhile; in the order in which they
/// happened, whatever the clock showed, the newest last.
///
/// # Errors
/// The database cannot be read.
pub async fn why(store: &Store, room: Option<&str>, last: u32) -> anyhow::Result<String> {
    let plays = store.history(room, last).await?;
    let Some(since) = plays.iter().map(|play| play.started).min() else {
        return Ok("nothing has been played yet\n".to_owned());
    };
    let decided = store.decisions(room, since).await?;
    let mut rooms = plays.iter().map(|play| &play.room).chain(decided.iter().map(|(_, room, _)| room));
    let several = rooms.any(|room| *room != plays[0].room);
    let named = |room: &str, words: String| if several { format!("[{room}] {words}") } else { words };
    let clock = |at: Timestamp| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let played = plays.iter().rev().map(|play| (play.started, named(&play.room, play.to_string())));
    let decided = decided.iter().map(|(at, room, words)| (*at, named(room, format!("{}  {words}", clock(*at)))));
    Ok(in_turn(decided.collect(), played.collect()).into_iter().map(|line| line + "\n").collect())
}

/// Two lists told as one: by their times, but each in its own order, even where times go back.
fn in_turn(one: Vec<(Timestamp, String)>, other: Vec<(Timestamp, String)>) -> Vec<String> {
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    let mut lines = Vec::new();
    loop {
        let first = match (one.peek(), other.peek()) {
            (Some((a, _)), Some((b, _))) => a <= b,
            (a, _) => a.is_some(),
        };
        match if first { one.next() } else { other.next() } {
            Some((_, line)) => lines.push(line),
            None => return lines,
        }
    }
}

/// Exports or resets what was learnt; gives what to say.
///
/// # Errors
/// The database cannot be used, or there is no such room or mood.
pub async fn taste(store: &Store, config: &Config, what: &Taste) -> anyhow::Result<String> {
    let known: Vec<String> = config.rooms().into_iter().map(|room| room.name).collect();
    let chosen = |room: &Option<String>| match room {
        None => Ok(known.clone()),
        Some(room) if known.contains(room) => Ok(vec![room.clone()]),
        Some(room) => bail!("there is no room {room:?}; there is {}", known.join(", ")),
    };
    match what {
        Taste::Export { room } => {
            let mut rooms = Vec::new();
            for room in chosen(room)? {
                let learnt = store.learnt(&room, None, Timestamp::now(), usize::MAX).await?;
                rooms.push(json!({ "room": room, "learnt": learnt }));
            }
            Ok(serde_json::to_string_pretty(&rooms)?)
        }
        Taste::Reset { room, mood } => {
            let emotion = mood.as_deref().map(|word| {
                let all = || Emotion::ALL.map(Emotion::word).join(", ");
                Emotion::from_word(word).with_context(|| format!("{word:?} is no mood to learn for; use {}", all()))
            });
            let emotion = emotion.transpose()?;
            let rooms = chosen(room)?;
            for room in &rooms {
                store.forget_taste(room, emotion).await?;
            }
            let of = emotion.map_or("every mood".to_owned(), |emotion| emotion.to_string());
            Ok(format!(
                "what was learnt for {of} in {} is forgotten; a running program takes that up with the next track",
                rooms.join(", ")
            ))
        }
    }
}
