//! `moodring-host simulate`: a dry run of a day of moods, on a copy of the database.
//!
//! In: a file of moods with their times. Out: what would play, and why. Fails with the line of the file that
//! cannot be read, or when there is nothing to copy to. Nothing that the running program has is changed.

use std::{fmt::Write, path::Path};

use anyhow::{Context, bail};
use jiff::{
    Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use moodring_mood::Mood;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    app::{Common, Happened, Seat, Told, rehearse},
    config::Config,
    host::habits,
    library::{Store, store},
    player::pieces,
};

/// The last mood of a file that names no end lasts so many minutes.
const LAST_MIN: i64 = 60;

/// A day of moods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// The moods, in the order of their times; at least one.
    pub moods: Vec<Told>,
    /// When it ends.
    pub end: Timestamp,
}

impl Day {
    /// Reads lines such as `07:30 sad`, times of `date` in `zone`, or `2026-11-23T07:30:00Z sad`; `end` in the
    /// place of a mood ends the day. `#` begins a remark.
    ///
    /// # Errors
    /// In words, with the line: no time, no mood, or a time before the one above.
    pub fn parse(text: &str, date: Date, zone: &TimeZone) -> Result<Self, String> {
        let mut moods: Vec<Told> = Vec::new();
        let mut end = None;
        for (line, number) in text.lines().zip(1..) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let wrong = |what: String| format!("line {number}: {what}");
            let (time, word) = line
                .split_once([' ', '\t', ','])
                .ok_or_else(|| wrong(format!("{line:?} is no time and mood, such as `07:30 sad`")))?;
            let at = time_of(time, date, zone)
                .ok_or_else(|| wrong(format!("{time:?} is no time, such as 07:30 or 2026-11-23T07:30:00Z")))?;
            if end.is_some() || moods.last().is_some_and(|before| before.at > at) {
                return Err(wrong(format!("{time} is before the line above, or behind the end")));
            }
            match word.trim() {
                "end" => end = Some(at),
                word => {
                    let known = || Mood::ALL.map(Mood::word).join(", ");
                    let mood = Mood::from_word(word)
                        .ok_or_else(|| wrong(format!("{word:?} is no mood; known are {}, and end", known())))?;
                    moods.push(Told { at, mood });
                }
            }
        }
        let last = moods.last().ok_or("there is no mood in it; write lines such as `07:30 sad`")?;
        let end = end.unwrap_or(last.at + jiff::SignedDuration::from_mins(LAST_MIN));
        Ok(Self { moods, end })
    }
}

fn time_of(text: &str, date: Date, zone: &TimeZone) -> Option<Timestamp> {
    let of_day = |time: Time| Some(date.to_datetime(time).to_zoned(zone.clone()).ok()?.timestamp());
    text.parse::<Timestamp>().ok().or_else(|| of_day(text.parse::<Time>().ok()?))
}

/// What would happen in a room; in `room`, or the first.
///
/// # Errors
/// The file cannot be read, there is no such room, or the database cannot be copied.
pub async fn run(
    config: &Config,
    state_dir: &Path,
    file: &Path,
    room: Option<&str>,
    seed: u64,
) -> anyhow::Result<Vec<Happened>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let zone = TimeZone::system();
    let today = Timestamp::now().to_zoned(zone.clone()).date();
    let day = Day::parse(&text, today, &zone).map_err(|why| anyhow::anyhow!("{}: {why}", file.display()))?;
    let rooms = config.rooms();
    let Some(room) = room.map_or(rooms.first(), |name| rooms.iter().find(|room| room.name == name)) else {
        let names: Vec<_> = rooms.iter().map(|room| room.name.as_str()).collect();
        bail!("there is no room {:?}; there is {}", room.unwrap_or_default(), names.join(", "));
    };
    let copy = std::env::temp_dir().join(format!("moodring-simulate-{}", std::process::id()));
    let happened = async {
        store::snapshot(state_dir, &copy).await?;
        let store = Store::open(&copy).await?;
        store.use_pieces(if config.music.folder().is_none() { &pieces::ALL } else { &[] }).await?;
        let common = Common::new(store.clone(), std::slice::from_ref(&room.name)).await?;
        let seat = Seat { index: 0, name: room.name.clone() };
        let habits = habits(config, room, &config.sound(room));
        let chance = StdRng::seed_from_u64(seed);
        let happened = rehearse(common, seat, habits, chance, &day.moods, day.end).await?;
        store.close().await;
        anyhow::Ok(happened)
    };
    let happened = happened.await;
    let _ = std::fs::remove_dir_all(&copy);
    happened
}

/// For people: a line for each thing, with the local time.
pub fn lines(happened: &[Happened]) -> String {
    let zone = TimeZone::system();
    let mut text = String::new();
    for Happened { at, words } in happened {
        // Writing into a string does not fail.
        let _ = writeln!(text, "{}  {words}", at.to_zoned(zone.clone()).strftime("%H:%M:%S"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Result<Day, String> {
        Day::parse(text, "2026-11-23".parse().unwrap(), &TimeZone::UTC)
    }

    #[test]
    fn a_day_is_read_and_mistakes_name_their_line() {
        let read = day("# a Monday\n07:30 sad\n\n2026-11-23T08:00:00Z\thappy # better\n09:00 end\n").unwrap();
        let moods: Vec<_> = read.moods.iter().map(|told| (told.at.to_string(), told.mood)).collect();
        assert_eq!(moods, [("2026-11-23T07:30:00Z".into(), Mood::Sad), ("2026-11-23T08:00:00Z".into(), Mood::Happy)]);
        assert_eq!(read.end.to_string(), "2026-11-23T09:00:00Z");
        assert_eq!(day("07:30 sad").unwrap().end.to_string(), "2026-11-23T08:30:00Z");
        for (text, says) in [
            ("", "there is no mood"),
            ("07:30", "line 1: \"07:30\" is no time and mood"),
            ("\nnoon sad", "line 2: \"noon\" is no time"),
            ("07:30 gloomy", "line 1: \"gloomy\" is no mood; known are angry"),
            ("07:30 sad\n07:00 happy", "line 2: 07:00 is before the line above"),
            ("07:30 sad\n08:00 end\n09:00 sad", "line 3: 09:00 is before the line above, or behind the end"),
        ] {
            let error = day(text).unwrap_err();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
    }

    #[tokio::test]
    async fn a_dry_run_tells_a_lift_and_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let store = Store::open(&state).await.unwrap();
        store.use_pieces(&pieces::ALL).await.unwrap();
        store.close().await;
        let before = std::fs::read(state.join(store::FILE)).unwrap();
        let file = dir.path().join("day.txt");
        std::fs::write(&file, "07:30 sad\n07:50 happy\n08:00 nobody\n08:10 end\n").unwrap();
        let config: Config = toml::from_str("[choice]\nmode = 'lift'\n").unwrap();
        let happened = run(&config, &state, &file, None, 1).await.unwrap();
        let text = lines(&happened);
        for says in [
            "— sad —",
            "sad: from sad to bright music over 5 tracks",
            "1 of 5 on the way to bright music, here sad",
            "5 of 5 on the way to bright music",
            "happy: music that stays with it",
            "nobody is there: the music pauses",
        ] {
            assert!(text.contains(says), "{text}\nshould say {says}");
        }
        assert_eq!(run(&config, &state, &file, None, 1).await.unwrap(), happened, "it can be replayed");
        assert_eq!(std::fs::read(state.join(store::FILE)).unwrap(), before);
        let error = run(&config, &state, &file, Some("Attic"), 1).await.unwrap_err().to_string();
        assert!(error.contains("there is no room \"Attic\"; there is home"), "{error}");
        // Before there is a database, the built-in pieces play all the same.
        let empty = run(&config, &dir.path().join("none"), &file, None, 1).await.unwrap();
        assert!(lines(&empty).contains("1 of 5") && !dir.path().join("none").exists());
    }
}
