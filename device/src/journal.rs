//! The log: one line for each thing that happens, on standard error.
//!
//! In: events. Out: lines with a time for people, or with the level as systemd's journal reads it
//! (`<4>`, sd-daemon(3)), which adds the time itself. How much is said is set by `RUST_LOG`, else by
//! `-v`, else by `[log] level`, and can change while the program runs. Nothing here fails: a line that
//! nobody reads any more is lost.

use std::{
    fmt,
    fs::File,
    io::{self, IsTerminal, Write},
    os::{fd::AsFd, unix::fs::MetadataExt},
};

use serde::Deserialize;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter, Registry,
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    layer::SubscriberExt,
    registry::LookupSpan,
    reload,
    util::SubscriberInitExt,
};

/// `[log]`: how much is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// The least important that is still said; `info`.
    pub level: Importance,
}

/// How important something is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Importance {
    /// What keeps the program from working.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happens: moods, connections.
    #[default]
    Info,
    /// Why it happens.
    Debug,
    /// Everything.
    Trace,
}

/// The log, once it has begun.
pub struct Log {
    filter: reload::Handle<EnvFilter, Registry>,
    /// Whether the variable or the command line says how much.
    fixed: bool,
}

impl Log {
    /// Begins the log; `verbose` is how often `-v` was given.
    pub fn begin(verbose: u8) -> Self {
        let asked = EnvFilter::try_from_default_env().ok();
        let fixed = asked.is_some() || verbose > 0;
        let (filter, handle) = reload::Layer::new(asked.unwrap_or_else(|| EnvFilter::new(directives(verbose))));
        let lines = tracing_subscriber::fmt::layer()
            .with_writer(io::stderr)
            .with_target(false)
            // A line that nobody reads any more is lost; saying so on the same closed output would panic.
            .log_internal_errors(false);
        let registry = tracing_subscriber::registry().with(filter);
        if in_journal() {
            registry.with(lines.with_ansi(false).event_format(Journal)).init();
        } else {
            registry.with(lines.with_ansi(io::stderr().is_terminal())).init();
        }
        Self { filter: handle, fixed }
    }

    /// Says as much as the configuration asks for, unless `RUST_LOG` or `-v` said how much.
    pub fn set(&self, settings: LogSettings) {
        if self.fixed {
            return;
        }
        let level = match settings.level {
            Importance::Error => "error",
            Importance::Warn => "warn",
            Importance::Info => directives(0),
            Importance::Debug => directives(1),
            Importance::Trace => directives(2),
        };
        // The log lives as long as the program: there is always something to change.
        let _ = self.filter.reload(EnvFilter::new(level));
    }
}

const fn directives(verbose: u8) -> &'static str {
    match verbose {
        0 => "info",
        1 => "moodring_device=debug,info",
        _ => "trace",
    }
}

/// The last words of a program that cannot go on.
pub fn complain(words: &str) {
    let level = if in_journal() { "<3>" } else { "" };
    // Nobody may be reading any more, which is no reason to panic.
    let _ = writeln!(io::stderr(), "{level}moodring-device: {words}");
}

/// Whether standard error is the journal's: systemd says which device and inode that is.
fn in_journal() -> bool {
    let Some(stream) = std::env::var("JOURNAL_STREAM").ok() else { return false };
    let stderr = io::stderr().as_fd().try_clone_to_owned().map(File::from).and_then(|file| file.metadata());
    stderr.is_ok_and(|stderr| stream == format!("{}:{}", stderr.dev(), stderr.ino()))
}

/// A line as the journal reads it.
struct Journal;

impl<S, N> FormatEvent<S, N> for Journal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        write!(line, "<{}>", priority(*event.metadata().level()))?;
        context.format_fields(line.by_ref(), event)?;
        writeln!(line)
    }
}

/// The priority as in syslog(3).
const fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        Level::DEBUG | Level::TRACE => 7,
    }
}
