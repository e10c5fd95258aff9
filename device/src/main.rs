//! Only wires: the command line and the configuration to what was asked for.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::{Arc, atomic::AtomicBool},
};

use anyhow::{Context, Result};
use clap::{CommandFactory, Parser};
use moodring_config::ConfigError;
use moodring_device::{
    bench,
    cli::{Cli, Command, MANUAL},
    config::{Origin, PREFIX, Settings},
    doctor, golden,
    journal::{self, Importance, Log, LogSettings},
    pairing::Keep,
    pipeline::{self, End, RESTART},
    publish, read,
    reload::Reload,
    screen::{self, presets::Preset},
    see::Seer,
    trace, wiring,
};
use moodring_mood::Confidence;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use tracing::info;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = Log::begin(cli.verbose);
    match command(&cli, log) {
        Ok(code) => code,
        Err(error) => {
            journal::complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn command(cli: &Cli, log: Log) -> Result<ExitCode> {
    let (settings, origin) = load(cli)?;
    log.set(settings.log);
    match &cli.command {
        Command::Doctor { json } => {
            // What the parts say in the log while they are tried is told as findings.
            log.set(LogSettings { level: Importance::Error });
            let healthy = if *json {
                let report = doctor::for_machines(&settings, &origin);
                writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&report)?)?;
                report.healthy
            } else {
                let enough = || {
                    // Without a terminal nobody presses Enter: there is nothing to read.
                    let _ = io::stdin().read_line(&mut String::new());
                };
                doctor::for_people(&settings, &origin, &mut io::stdout().lock(), enough)?
            };
            Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Run => run(cli, log, &settings, &origin),
        Command::Read { cropped, frames, crop, paths } => {
            let subject = match (cropped, frames) {
                (true, _) => read::Subject::Cropped,
                (_, true) => read::Subject::Frame,
                _ => read::Subject::Scene,
            };
            let mut seer = Seer::open(&settings.vision)?;
            if let Some((scale, shift_y)) = *crop {
                seer.crop_otherwise(scale, shift_y);
            }
            let mut output = io::BufWriter::new(io::stdout().lock());
            let count =
                read::run(&mut seer, subject, paths, &mut io::stdin().lock(), &mut output, &mut io::stderr().lock())?;
            Ok(if count.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Bench { json, frames } => {
            let report = bench::run(&settings.vision, (*frames).into())?;
            let text = if *json { serde_json::to_string_pretty(&report)? } else { report.to_string() };
            writeln!(io::stdout(), "{}", text.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Golden { folder } => {
            let agreement = golden::compare(&settings.vision, folder)?;
            writeln!(io::stdout(), "{agreement}")?;
            Ok(if agreement.holds() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Command::Trace => {
            trace::run(settings.mood, io::stdin().lock(), io::BufWriter::new(io::stdout().lock()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Screen { mood, size, state, confidence, out } => {
            let scene = state.scene(*mood, Confidence::saturating(f32::from(*confidence) / 100.0));
            let picture = screen::render(&scene, size.unwrap_or(settings.screen.size()));
            picture.save_png(out).with_context(|| format!("cannot write {}", out.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Wiring { preset, table: _ } => {
            let Some(preset) = preset else {
                write!(io::stdout(), "{}", wiring::table())?;
                return Ok(ExitCode::SUCCESS);
            };
            let preset = Preset::named(preset).with_context(|| format!("no panel is called {preset}"))?;
            write!(io::stdout(), "{}", wiring::drawing(preset))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Manual { folder } => {
            moodring_manual::write(Cli::command(), &MANUAL, &["systemctl(1)", "journalctl(1)"], folder)
                .with_context(|| format!("cannot write into {}", folder.display()))?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Forget => {
            let words = if Keep::of_this_service().forget()? {
                "the pairing is removed; the host still lists this device until it is revoked there"
            } else {
                "this device is not paired, or keeps it elsewhere: where it runs as a service, type sudo \
                 moodring-device forget"
            };
            writeln!(io::stdout(), "{words}")?;
            Ok(ExitCode::SUCCESS)
        }
        Command::CheckConfig => {
            Seer::open(&settings.vision)?;
            publish::check_files(&settings.mqtt)?;
            writeln!(io::stdout(), "{origin}: good; this device is {:?} on the wire", settings.device_id().as_str())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn load(cli: &Cli) -> Result<(Settings, Origin), ConfigError> {
    Settings::load(cli.config.as_deref(), moodring_config::environment(PREFIX)?)
}

fn run(cli: &Cli, log: Log, settings: &Settings, origin: &Origin) -> Result<ExitCode> {
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
    let hangup = Arc::new(AtomicBool::new(false));
    flag::register(SIGHUP, Arc::clone(&hangup)).context("cannot wait for signals")?;
    let cli = cli.clone();
    let mut reload = Reload::new(hangup, move || {
        let (settings, _) = load(&cli)?;
        log.set(settings.log);
        Ok(settings)
    });
    let (id, version) = (settings.device_id(), env!("CARGO_PKG_VERSION"));
    info!("moodring-device {version}, {id:?} on the wire; configuration: {origin}", id = id.as_str());
    Ok(match pipeline::run(settings, &stop, &mut reload)? {
        End::Stop => ExitCode::SUCCESS,
        End::Restart => ExitCode::from(RESTART),
    })
}
