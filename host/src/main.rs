//! Only wires: the command line, the log, the signals.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::Context;
use clap::{CommandFactory, Parser};
use moodring_host::{
    access,
    backup::{self, Restored},
    bench,
    cli::{Cli, Command, Import, MANUAL, Regret},
    config::{Config, PREFIX},
    daemon::Daemon,
    health,
    host::Host,
    library::{Store, damage, import::import},
    pairing::commands as pairing,
    player::local,
    regret::{self, Trial},
    simulate,
    spotify::{self, refresh::ASKED},
    told,
};
use moodring_mood::Emotion;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Nobody may be reading any more, which is no reason to panic.
            let _ = writeln!(io::stderr(), "moodring-host: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<()> {
    let quiet = if matches!(cli.command, Command::Run) { "info,mqtt5=warn,sqlx=warn,lofty=error" } else { "error" };
    // One line for each thing that happens, on standard error; RUST_LOG overrides how much.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet));
    // These write tokens into their finer lines; whatever RUST_LOG says, those are not for a log.
    let tokens = ["rspotify=warn", "rspotify_http=warn", "reqwest=warn", "hyper=warn", "hyper_util=warn"];
    let filter = tokens.iter().filter_map(|cap| cap.parse().ok()).fold(filter, EnvFilter::add_directive);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        // A line that nobody reads any more is lost; saying so on the same closed output would panic.
        .log_internal_errors(false)
        .init();

    let settings = Config::place(cli.config.as_deref());
    let config = Config::load(settings, moodring_config::environment(PREFIX)?)?;
    let state_dir = config.state_dir(|name| std::env::var(name).ok())?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the program's threads")?;
    let result = runtime.block_on(async {
        match &cli.command {
            Command::Run => until_stopped(Host::start(&config, &state_dir).await?).await,
            Command::CheckConfig => {
                config.try_out()?;
                let library =
                    config.music.folder().map_or("the built-in pieces".to_owned(), |f| f.display().to_string());
                writeln!(io::stdout(), "the settings are right; state: {}; music: {library}", state_dir.display())?;
                Ok(())
            }
            Command::Why { last, room } => {
                let store = Store::open(&state_dir).await?;
                let text = told::why(&store, room.as_deref(), *last).await?;
                store.close().await;
                write!(io::stdout(), "{text}")?;
                Ok(())
            }
            Command::Simulate { moods, room, seed } => {
                let happened = simulate::run(&config, &state_dir, moods, room.as_deref(), *seed).await?;
                write!(io::stdout(), "{}", simulate::lines(&happened))?;
                Ok(())
            }
            Command::Taste { what } => {
                let store = Store::open(&state_dir).await?;
                let text = told::taste(&store, &config, what).await?;
                store.close().await;
                writeln!(io::stdout(), "{text}")?;
                Ok(())
            }
            Command::Regret(trial) => {
                let Regret { json, plays, tracks, listeners, seed } = *trial;
                let report = regret::regret(Trial { listeners, plays, tracks, seed });
                let text = if json { serde_json::to_string(&report)? } else { report.to_string() };
                writeln!(io::stdout(), "{text}")?;
                Ok(())
            }
            Command::Outputs => {
                let outputs = local::outputs().map_err(anyhow::Error::msg)?;
                let lines: String = outputs.iter().map(|o| format!("{:32} {}\n", o.id, o.name)).collect();
                let none = "there is no sound device\n".to_owned();
                write!(io::stdout(), "{}", if lines.is_empty() { none } else { lines })?;
                Ok(())
            }
            Command::Import(Import { files, mood }) => {
                let store = Store::open(&state_dir).await?;
                let mood = mood.as_deref().and_then(Emotion::from_word);
                let reports = import(&store, files, mood).await?;
                if config.spotify.is_on() {
                    store.note(ASKED, "yes").await?;
                }
                store.close().await;
                let lines: String = reports.iter().map(|report| format!("{report}\n")).collect();
                writeln!(
                    io::stdout(),
                    "{lines}what was found is played from the next look through the folder of music on, within seconds \
                     where Moodring runs; what was not is looked for again whenever files are added"
                )?;
                Ok(())
            }
            Command::Spotify(command) => spotify::commands::run(command, &config, &state_dir).await,
            Command::Password(how) => {
                let store = Store::open(&state_dir).await?;
                let said = access::commands::set_password(*how, &store).await;
                store.close().await;
                write!(io::stdout(), "{}", said?)?;
                Ok(())
            }
            Command::Token { what } => {
                let store = Store::open(&state_dir).await?;
                let said = access::commands::tokens(what, &store).await;
                store.close().await;
                write!(io::stdout(), "{}", said?)?;
                Ok(())
            }
            Command::Devices
            | Command::Pair { .. }
            | Command::Revoke { .. }
            | Command::Client(_)
            | Command::Mosquitto { .. } => {
                let store = Store::open(&state_dir).await?;
                let text = match &cli.command {
                    Command::Pair { code, device } => pairing::pair(&store, &code.concat(), device).await,
                    Command::Revoke { device } => pairing::revoke(&store, device).await,
                    Command::Client(what) => pairing::client(&store, what).await,
                    Command::Mosquitto { folder } => pairing::for_mosquitto(&store, &config, folder.as_ref()).await,
                    _ => pairing::devices(&store).await,
                };
                store.close().await;
                write!(io::stdout(), "{}", text?)?;
                Ok(())
            }
            Command::Backup { file, without_secrets } => {
                let made = backup::make(&state_dir, settings, file, !without_secrets).await?;
                let care = if made.secret { "; it holds secrets: keep it where only you can read it" } else { "" };
                let (holds, kib) = (made.holds.join(", "), made.bytes.div_ceil(1024));
                writeln!(io::stdout(), "the backup is {}, {kib} KiB: {holds}{care}", file.display())?;
                Ok(())
            }
            Command::Restore { file } => {
                let Restored { made, replaced, settings } = backup::restore(&state_dir, file).await?;
                let day = made.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M");
                let settings = settings.map_or_else(String::new, |path| {
                    format!("; its settings are {}, and are used by nothing until you copy them", path.display())
                });
                let replaced = replaced.display();
                writeln!(io::stdout(), "the backup of {day} is put back; what it replaced is in {replaced}{settings}")?;
                Ok(())
            }
            Command::Healthz => {
                health::ask(config.web.listen).await.map_err(anyhow::Error::msg)?;
                writeln!(io::stdout(), "ok")?;
                Ok(())
            }
            Command::StartAfresh => {
                let old = damage::start_afresh(&state_dir)
                    .with_context(|| format!("cannot set the database in {} aside", state_dir.display()))?;
                match old {
                    Some(old) => writeln!(
                        io::stdout(),
                        "the database is {} now; the next start makes an empty one",
                        old.display()
                    )?,
                    None => writeln!(io::stdout(), "there is no database in {}", state_dir.display())?,
                }
                Ok(())
            }
            Command::Manual { folder } => {
                moodring_manual::write(Cli::command(), &MANUAL, &["systemctl(1)", "journalctl(1)"], folder)
                    .with_context(|| format!("cannot write into {}", folder.display()))
            }
            Command::Bench(bench) => {
                let dir = std::env::temp_dir().join(format!("moodring-bench-{}", std::process::id()));
                let program = std::env::current_exe().context("cannot find this program's own file")?;
                let report = bench::run(*bench, &dir, &program).await;
                let _ = std::fs::remove_dir_all(&dir);
                let report = report?;
                let text = if bench.json { serde_json::to_string(&report)? } else { report.to_string() };
                writeln!(io::stdout(), "{text}")?;
                Ok(())
            }
        }
    });
    // A file that is being read for the scan is not worth waiting for.
    runtime.shutdown_timeout(Duration::from_millis(300));
    result
}

/// Waits for the signal to stop, and stops; with an error where a part has ended by itself.
async fn until_stopped(mut host: Host) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for signals")?;
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for signals")?;
    let daemon = Daemon::new();
    daemon.ready(&format!("the page is at {}, the broker at port {}", host.page, host.broker.1));
    let fed = daemon.keep_fed(host.handle.clone());
    let (page, (broker, port)) = (&host.page, &host.broker);
    // As with the log: who does not read it any more does not miss it.
    let _ = writeln!(io::stdout(), "the page is at http://{page}/, the broker at {broker}:{port}");
    if let Some((door, _)) = &host.door {
        let _ = writeln!(io::stdout(), "devices pair at {door}");
    }
    let ended = tokio::select! {
        _ = interrupt.recv() => None,
        // Feeding never ends.
        () = fed => None,
        _ = terminate.recv() => None,
        part = host.ended() => Some(part),
    };
    tracing::info!("stopping");
    daemon.stopping();
    host.stop().await;
    match ended {
        Some(part) => anyhow::bail!("{part} has ended by itself; the lines above say why; start Moodring again"),
        None => Ok(()),
    }
}
