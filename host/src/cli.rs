//! The commands of `moodring-host` and their arguments.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, builder::PossibleValuesParser};
use moodring_manual::Section;
use moodring_mood::Emotion;

use crate::{access::commands as access, pairing::commands as pairing, spotify::commands as spotify};

/// Hears the mood of a room and plays music that fits it.
#[derive(Debug, Parser)]
#[command(name = "moodring-host", version)]
pub struct Cli {
    /// Settings; /etc/moodring/host.toml where it exists, else every key has its default.
    #[arg(long, short, value_name = "FILE", global = true, env = "MOODRING_HOST_CONFIG")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Hear moods, play music and serve the page, until stopped.
    Run,
    /// Read the settings, say what is wrong with them, start nothing.
    CheckConfig,
    /// Say why the last tracks were played, and how each play ended.
    Why {
        /// So many, the newest last.
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=500))]
        last: u32,
        /// Only in this room; else in all of them.
        #[arg(long)]
        room: Option<String>,
    },
    /// List the sound devices that player.output can name.
    Outputs,
    /// Import lists of songs, each for the mood that its name speaks of: happy.csv, sad.m3u8, calm.xspf.
    Import(Import),
    /// Say what would play on a day of moods, and why. Plays nothing and changes nothing.
    Simulate {
        /// A file of lines such as `07:30 sad`; `end` in the place of a mood ends the day.
        #[arg(long, value_name = "FILE")]
        moods: PathBuf,
        /// In this room; else in the first.
        #[arg(long)]
        room: Option<String>,
        /// The same seed on the same library gives the same music.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Read, export or reset what was learnt of people's taste.
    Taste {
        /// What to do.
        #[command(subcommand)]
        what: Taste,
    },
    /// Measure what learning is worth, on simulated listeners with hidden tastes.
    Regret(Regret),
    /// Music from Spotify: log in, look for music, playlists for moods.
    #[command(subcommand)]
    Spotify(spotify::Command),
    /// Set the page's password, also while Moodring runs: whoever is logged in is so no more.
    Password(access::Password),
    /// Tokens, by which programs such as Home Assistant use the page's API.
    Token {
        /// What to do.
        #[command(subcommand)]
        what: access::Tokens,
    },
    /// List the devices that are paired and those that wait.
    Devices,
    /// Pair a device by the code on its screen.
    Pair {
        /// The six digits.
        #[arg(required = true, num_args = 1..=2)]
        code: Vec<String>,
        /// Which device, where several wait.
        #[arg(long, default_value = "")]
        device: String,
    },
    /// End a device's rights and its connection; it shows a new code then.
    Revoke {
        /// Its id.
        device: String,
    },
    /// Let other programs use the broker from other machines, such as Home Assistant.
    #[command(subcommand)]
    Client(pairing::Client),
    /// Write users and rights for Mosquitto.
    Mosquitto {
        /// The folder; else pairing.mosquitto.
        folder: Option<PathBuf>,
    },
    /// Write everything that Moodring keeps into one file, also while it runs.
    ///
    /// It holds the database, the settings, the Spotify log-in and the key by which devices know this host, so keep
    /// it where only you can read it. Not in it: music, and files that the settings name.
    Backup {
        /// The file to write, such as moodring-2026-11-23.tar.gz; nothing is overwritten.
        file: PathBuf,
        /// Leave out what somebody else could use: the Spotify log-in, and the key of this host.
        #[arg(long)]
        without_secrets: bool,
    },
    /// Put a backup back; stop Moodring first. What it replaces is kept in a folder beside it.
    Restore {
        /// A file that `backup` wrote.
        file: PathBuf,
    },
    /// Ask the running Moodring whether it works; ends with 1 if not. For supervisors and containers.
    Healthz,
    /// Set the database aside under another name, so that the next start begins with an empty one.
    ///
    /// For a database that is damaged; stop Moodring first. Nothing is deleted; likes, history and what was learnt
    /// stay in the old file.
    StartAfresh,
    /// Measure moods acted upon, choices, start-up and memory, with a large library that is made for it.
    Bench(Bench),
    /// Write man pages and completions into a folder, for packages.
    #[command(hide = true)]
    Manual {
        /// The folder; it is made where it is missing.
        #[arg(value_name = "FOLDER")]
        folder: PathBuf,
    },
}

/// What the man page says besides.
pub const MANUAL: [Section; 3] = [
    Section {
        heading: "FILES",
        entries: &[
            ("/etc/moodring/host.toml", "The settings; every key stands there with what it means."),
            (
                "/etc/credstore/mqtt-password, /etc/credstore/mpd-password",
                "Passwords of a broker or an MPD of your own. The service passes them on; its settings name them as \
                 /run/credentials/moodring-host.service/mqtt-password.",
            ),
            (
                "/var/lib/moodring-host",
                "The service's state: library, history, likes, the broker's retained messages, the log-in to Spotify. \
                 Commands that read or change it are run as its user: sudo -u moodring-host moodring-host why",
            ),
            ("~/.local/state/moodring", "The state, where the settings name no other place."),
        ],
    },
    Section {
        heading: "ENVIRONMENT",
        entries: &[
            ("MOODRING_HOST_CONFIG", "The settings, as --config names them."),
            (
                "MOODRING_HOST__SECTION__KEY",
                "Overrides a key of the settings: MOODRING_HOST__MQTT__PORT=1884 stands for [mqtt] port = 1884.",
            ),
            ("RUST_LOG", "How much is said in the log; \"info\" is usual, \"debug\" says more."),
        ],
    },
    Section {
        heading: "EXIT STATUS",
        entries: &[
            ("0", "All went well."),
            ("1", "It failed, for the reason that was said."),
            ("2", "The command line was not understood."),
        ],
    },
];

/// Which lists, and for which mood.
#[derive(Clone, Debug, Args)]
pub struct Import {
    /// CSV with the columns Name, Album and Artist; M3U, M3U8 or XSPF.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The mood that they are for, whatever their names say.
    #[arg(long, value_parser = PossibleValuesParser::new(Emotion::ALL.map(Emotion::word)))]
    pub mood: Option<String>,
}

/// What to do with what was learnt.
#[derive(Debug, Subcommand)]
pub enum Taste {
    /// Print everything that was learnt, as JSON.
    Export {
        /// Only in this room; else in all of them.
        #[arg(long)]
        room: Option<String>,
    },
    /// Forget what was learnt from plays. Likes and "not for this mood" stay.
    Reset {
        /// Only in this room; else in all of them.
        #[arg(long)]
        room: Option<String>,
        /// Only for this mood; else for all of them.
        #[arg(long)]
        mood: Option<String>,
    },
}

/// Which listeners to simulate.
#[derive(Clone, Copy, Debug, Args)]
pub struct Regret {
    /// Print one JSON object instead of a table.
    #[arg(long)]
    pub json: bool,
    /// So many plays, and as many after them.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub plays: u32,
    /// So many tracks.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub tracks: u32,
    /// So many listeners, each with a taste of their own.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub listeners: u32,
    /// Begins the chance.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// What to measure.
#[derive(Clone, Copy, Debug, Args)]
pub struct Bench {
    /// Print one JSON object instead of lines for people.
    #[arg(long)]
    pub json: bool,
    /// So many changes of mood.
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u32).range(10..=10_000))]
    pub messages: u32,
    /// So many tracks in the library.
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub tracks: u32,
    /// So many plays in the history.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    pub history: u32,
    /// So many starts of the program; 0 leaves start-up and memory out.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(0..=100))]
    pub starts: u32,
}
