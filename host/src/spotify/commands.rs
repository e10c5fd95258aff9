//! `moodring-host spotify …`: log in and out, how things stand, look for music, playlists for moods.
//!
//! In: the settings and a command. Out: lines for people. Works beside a running host: that one notices
//! a log-in by itself, and refreshes where it is asked to.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    path::Path,
    process::{Command as Process, Stdio},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use jiff::Timestamp;
use moodring_mood::Emotion;
use moodring_spotify::{
    Account, Calls, Spotify,
    grant::{Age, GrantFile},
    limit::Limits,
    login::{Attempt, Doorstep},
    queue::{LEDGER, read_ledger},
};
use tokio::sync::watch;

use super::{lock, pick, serve::clock};
use crate::{
    config::Config,
    library::Store,
    spotify::{
        plan::Round,
        refresh::{ASKED, Progress, Refresh},
    },
};

/// What to do with Spotify.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Log in to your account, with your own app (spotify.client_id).
    Login(Login),
    /// Forget the log-in.
    Logout,
    /// Say who is logged in, what was found, and what may still be asked.
    Status,
    /// Look for music now, and wait until it is done.
    Refresh,
    /// List your playlists, or give one to a mood: playlists happy "Sunny days".
    Playlists {
        /// The mood.
        mood: Option<String>,
        /// The playlist's name, address or id; "" takes it back.
        playlist: Option<String>,
    },
}

/// How to log in.
#[derive(Clone, Copy, Debug, Args)]
pub struct Login {
    /// Do not open a browser, and wait for the address to be pasted: for a machine without a screen.
    #[arg(long)]
    pub paste: bool,
}

/// Does what was asked.
///
/// # Errors
/// In words, with what to do.
pub async fn run(command: &Command, config: &Config, state_dir: &Path) -> anyhow::Result<()> {
    let account = config.spotify.account(state_dir);
    match command {
        Command::Login(how) => log_in(&account, *how).await,
        Command::Logout => {
            let was = GrantFile::new(state_dir).forget()?;
            say(if was { "logged out; the log-in is forgotten" } else { "nobody was logged in" })?;
            say("to take the right back at Spotify too, remove the app at https://www.spotify.com/account/apps")
        }
        Command::Status => status(config, &account, state_dir).await,
        Command::Refresh => refresh_now(config, &account, state_dir).await,
        Command::Playlists { mood, playlist } => {
            playlists(config, &account, state_dir, mood.as_deref(), playlist.as_deref()).await
        }
    }
}

fn say(line: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{line}")?)
}

async fn log_in(account: &Account, how: Login) -> anyhow::Result<()> {
    let attempt = Arc::new(Attempt::begin(account)?);
    say("Consent to Moodring in a browser at this address:")?;
    say(&format!("\n  {}\n", attempt.address))?;
    if how.paste {
        say("Then paste the whole address that the browser ended at (it may show an error; that is all right):")?;
        attempt.finish(&pasted().await?).await?;
    } else {
        let doorstep = Doorstep::open(account).await?;
        let opened = io::stdout().is_terminal() && open(&attempt.address);
        let words = if opened { "A browser was opened." } else { "Open it on this machine." };
        say(&format!(
            "{words} Waiting for the answer at {}; on another machine, start again with --paste.",
            account.redirect_uri()
        ))?;
        doorstep.wait(Arc::clone(&attempt)).await?;
    }
    say("logged in; a running host notices it by itself and looks for music")
}

/// A line of the standard input.
async fn pasted() -> anyhow::Result<String> {
    let read = tokio::task::spawn_blocking(|| {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|_| line)
    });
    let line = read.await.context("the standard input cannot be read")??;
    if line.trim().is_empty() {
        bail!("nothing was pasted; start again");
    }
    Ok(line)
}

/// Opens an address in the user's browser, if there is one.
fn open(address: &str) -> bool {
    let browser = Process::new("xdg-open").arg(address).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    browser.is_ok()
}

async fn status(config: &Config, account: &Account, state_dir: &Path) -> anyhow::Result<()> {
    if !config.spotify.is_on() {
        return say("off: spotify.client_id is empty");
    }
    let now = Timestamp::now();
    match GrantFile::new(state_dir).load()? {
        None => say("nobody is logged in: moodring-host spotify login")?,
        Some(grant) => match (&grant.ended, grant.age(now)) {
            (Some(why), _) => say(&format!("{why}; log in again: moodring-host spotify login"))?,
            (None, Age::Fresh) => say("logged in")?,
            (None, Age::Old(ends)) => say(&format!(
                "logged in; that ends at the latest on {}: log in again before, with: moodring-host spotify login",
                ends.strftime("%Y-%m-%d")
            ))?,
        },
    }
    let limits = Limits::new(account.daily_calls, read_ledger(&state_dir.join(LEDGER)));
    say(&format!("calls in the last 24 hours: {} of {}", limits.spent(now), limits.budget()))?;
    if let Err(wait) = limits.ask(moodring_spotify::limit::Class::Play, now) {
        say(&format!("{} until {}", wait.why.words(), clock(wait.until)))?;
    }
    let store = Store::open(state_dir).await?;
    let stock = store.spotify_stock().await?;
    say(&format!("tracks found: {} ({} of them fill gaps)", stock.tracks, stock.fillers))?;
    let by: Vec<_> = Emotion::ALL.iter().zip(stock.by_emotion).map(|(e, n)| format!("{e} {n}")).collect();
    say(&format!("  {}", by.join(", ")))?;
    let round = kept_round(&store).await?;
    match round {
        None => say("music was never looked for: moodring-host spotify refresh")?,
        Some(Round { ended: Some(ended), new, retired, complaints, .. }) => {
            say(&format!("last looked for music: {}; {new} new, {retired} retired", clock(ended)))?;
            complaints.iter().try_for_each(|complaint| say(&format!("  {complaint}")))?;
        }
        Some(round) => say(&format!("looking for music: {} of {} steps", round.done.len(), round.steps))?,
    }
    store.close().await;
    Ok(())
}

async fn kept_round(store: &Store) -> anyhow::Result<Option<Round>> {
    Ok(store.noted("spotify_round").await?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn refresher(config: &Config, account: &Account, store: &Store) -> (Refresh, watch::Receiver<Progress>) {
    let (progress, seen) = watch::channel(Progress::default());
    let calls = Calls::new(Spotify::open(account));
    let settings = Arc::new(config.spotify.clone());
    let refresh = Refresh {
        calls,
        store: store.clone(),
        settings,
        progress,
        asked: Arc::default(),
        changed: watch::channel(0).0,
    };
    (refresh, seen)
}

async fn refresh_now(config: &Config, account: &Account, state_dir: &Path) -> anyhow::Result<()> {
    let store = Store::open(state_dir).await?;
    let Some(_line) = lock(state_dir) else {
        store.note(ASKED, "yes").await?;
        say("the running host was asked to look for music; moodring-host spotify status says how it goes")?;
        store.close().await;
        return Ok(());
    };
    let (refresh, mut seen) = refresher(config, account, &store);
    let show = tokio::spawn(async move {
        let mut last = String::new();
        while seen.changed().await.is_ok() {
            let progress = seen.borrow_and_update().clone();
            if let (Some((step, steps)), true) = (progress.steps, progress.doing != last) {
                let _ = writeln!(io::stdout(), "{:>3} of {steps}: {}", step + 1, progress.doing);
                last = progress.doing;
            }
        }
    });
    let outcome = refresh.round().await;
    let round = refresh.kept_round().await?;
    drop(refresh);
    let _ = tokio::time::timeout(Duration::from_secs(1), show).await;
    store.close().await;
    outcome.context("it goes on from there the next time")?;
    if let Some(Round { found, new, retired, complaints, .. }) = round {
        complaints.iter().try_for_each(|complaint| say(complaint))?;
        say(&format!("{found} tracks found, {new} of them new; {retired} retired"))?;
    }
    Ok(())
}

async fn playlists(
    config: &Config,
    account: &Account,
    state_dir: &Path,
    mood: Option<&str>,
    playlist: Option<&str>,
) -> anyhow::Result<()> {
    let store = Store::open(state_dir).await?;
    // Beside a running host its last look has to do.
    if let Some(_line) = lock(state_dir) {
        let (refresh, _seen) = refresher(config, account, &store);
        refresh.look_at_lists().await?;
    }
    if let Some(word) = mood {
        let all = Emotion::ALL.map(Emotion::word).join(", ");
        let emotion = Emotion::from_word(word).with_context(|| format!("{word:?} is no mood; known are {all}"))?;
        let Some(playlist) = playlist else { bail!("which playlist is {word} to have? playlists {word} \"Its name\"") };
        pick(&store, emotion, playlist).await.map_err(anyhow::Error::msg)?;
        store.note(ASKED, "yes").await?;
        let done = if playlist.is_empty() { "has no playlist of its own now" } else { "has that playlist now" };
        say(&format!("{word} {done}; its tracks come with the next refresh"))?;
    }
    let picks = store.picked_lists().await?;
    for list in store.lists().await? {
        let moods: Vec<_> = picks.iter().filter(|(_, id, _)| *id == list.id).map(|(e, ..)| e.word()).collect();
        let moods = if moods.is_empty() { String::new() } else { format!("  for {}", moods.join(", ")) };
        let whose = if list.own { "" } else { "  (somebody else's: cannot be read)" };
        say(&format!("{}  {}{moods}{whose}", list.id, list.name))?;
    }
    store.close().await;
    Ok(())
}
