//! Only wires: the command line and the configuration to what was asked for.

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::{Context, Result};
use clap::Parser;
use moodring_device::{
    bench,
    cli::{Cli, Command},
    config::{Origin, PREFIX, Settings},
    pipeline::{self, End, RESTART},
    read, screen,
    see::Seer,
};
use moodring_mood::Confidence;
use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};
use tracing::info;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    let cli = Cli::parse();
    log(cli.verbose);
    match command(&cli) {
        Ok(code) => code,
        Err(error) => {
            // Nobody may be reading any more, which is no reason to panic.
            let _ = writeln!(io::stderr(), "moodring-device: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn command(cli: &Cli) -> Result<ExitCode> {
    let (settings, origin) = Settings::load(cli.config.as_deref(), moodring_config::environment(PREFIX)?)?;
    match &cli.command {
        Command::Run => run(&settings, &origin),
        Command::Read { cropped, paths } => {
            let subject = if *cropped { read::Subject::Cropped } else { read::Subject::Scene };
            let mut seer = Seer::open(&settings.vision)?;
            let mut output = io::BufWriter::new(io::stdout().lock());
            let count =
                read::run(&mut seer, subject, paths, &mut io::stdin().lock(), &mut output, &mut io::stderr().lock())?;
            Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Bench { json } => {
            let report = bench::run(&settings.vision)?;
            let text = if *json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
            writeln!(io::stdout(), "{}", text.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Screen { mood, size, state, confidence, out } => {
            let scene = state.scene(*mood, Confidence::saturating(f32::from(*confidence) / 100.0));
            let picture = screen::render(&scene, size.unwrap_or(settings.screen.size));
            picture.save_png(out).with_context(|| format!("cannot write {}", out.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CheckConfig => {
            Seer::open(&settings.vision)?;
            settings.mqtt.password()?;
            writeln!(io::stdout(), "{origin}: good; this device is {:?} on the wire", settings.device_id().as_str())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(settings: &Settings, origin: &Origin) -> Result<ExitCode> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        // The second of a kind ends the program at once, for those who cannot wait. One of each is
        // no hurry: Ctrl-C in a script is followed by the script's own SIGTERM.
        let again = Arc::new(AtomicBool::new(false));
        flag::register_conditional_shutdown(signal, 1, Arc::clone(&again))
            .and_then(|_| flag::register(signal, again))
            .and_then(|_| flag::register(signal, Arc::clone(&stop)))
            .context("cannot wait for signals")?;
    }
    let (id, version) = (settings.device_id(), env!("CARGO_PKG_VERSION"));
    info!("moodring-device {version}, {id:?} on the wire; configuration: {origin}", id = id.as_str());
    Ok(match pipeline::run(settings, &stop)? {
        End::Stop => ExitCode::SUCCESS,
        End::Restart => ExitCode::from(RESTART),
    })
}

/// One line for each thing that happens, on standard error; `RUST_LOG` overrides how much.
fn log(verbose: u8) {
    let level = match verbose {
        0 => "info",
        1 => "moodring_device=debug,info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false)
        // A line that nobody reads any more is lost; saying so on the same closed output would panic.
        .log_internal_errors(false)
        .init();
}
