//! The command line: what can be asked of the program.
//!
//! In: arguments. Out: [`Cli`]. What fails is told by clap, with the usage, and exit status 2.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum, builder::PossibleValuesParser};
use moodring_manual::Section;
use moodring_mood::{Confidence, Mood, Playing};

use crate::{
    screen::{Network, PairingCard, Scene, ScreenSize, ScreenState},
    wiring,
};

/// Watches a room through a camera, shows its mood on a small screen and publishes it over MQTT.
#[derive(Clone, Debug, Parser)]
#[command(
    version,
    about,
    after_help = "A variable MOODRING_DEVICE__SECTION__KEY overrides a key of the configuration."
)]
pub struct Cli {
    /// The configuration; /etc/moodring/device.toml where it exists, else the defaults.
    #[arg(long, global = true, env = "MOODRING_DEVICE_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Say more about what is done; twice for everything.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,

    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Watch, show and publish until told to stop.
    Run,

    /// Read the moods in pictures: one line of JSON for each.
    Read {
        /// Each picture is nothing but a face: no face is looked for.
        #[arg(long)]
        cropped: bool,

        /// The pictures are frames of one camera, in this order: faces are followed from one to the next.
        #[arg(long, conflicts_with = "cropped")]
        frames: bool,

        /// Cut another square around a face than models/input.toml says: its side in units of the
        /// face's, and how far it is moved down. For measurements.
        #[arg(long, value_name = "SIDE,DOWN", conflicts_with = "cropped", value_parser = square, hide = true,
              allow_hyphen_values = true)]
        crop: Option<(f32, f32)>,

        /// Pictures, folders of pictures, or `-` for a list of paths on standard input.
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
    },

    /// Measure the stages of reading a frame and the two networks alone, and count the bytes of panels.
    Bench {
        /// Write JSON.
        #[arg(long)]
        json: bool,

        /// Measure so many frames.
        #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(5..=10_000))]
        frames: u16,
    },

    /// Compare what this machine computes with what the reference did: models/golden.
    Golden {
        /// The folder with luma.bin, input.bin, output.bin and golden.json.
        #[arg(default_value = "models/golden", value_name = "FOLDER")]
        folder: PathBuf,
    },

    /// Read scores of a sequence from standard input and say which moods they become, as [mood] has it.
    ///
    /// A line is clip,at_s,angry,disgust,fear,happy,sad,surprise,neutral; a line of the answer is
    /// clip,at_s,mood, for each change.
    Trace,

    /// Draw the screen for a mood into a PNG file.
    Screen {
        /// Which mood: happy, sad, angry, disgust, fear, surprise, neutral, unsure or nobody.
        #[arg(long, value_parser = mood)]
        mood: Mood,

        /// Pixels across and down: 240x240, 320x240 or 128x64; as configured where not given.
        #[arg(long)]
        size: Option<ScreenSize>,

        /// What else to show.
        #[arg(long, value_enum, default_value_t = State::Plain)]
        state: State,

        /// How sure the device is, per cent.
        #[arg(long, default_value_t = 83, value_parser = clap::value_parser!(u8).range(0..=100))]
        confidence: u8,

        /// Where to write the picture.
        #[arg(long, value_name = "FILE.png")]
        out: PathBuf,
    },

    /// Draw how a panel is wired to the Raspberry Pi, as SVG on standard output.
    Wiring {
        /// Which panel, as `[screen] panel` names it. What `[screen.wiring]` changes of it is not drawn.
        #[arg(long, value_name = "NAME", value_parser = PossibleValuesParser::new(wiring::names()),
              required_unless_present = "table")]
        preset: Option<String>,

        /// Instead, all panels and their lines in config.txt, as TOML.
        #[arg(long, conflicts_with = "preset")]
        table: bool,
    },

    /// Look at the camera, the screen, the broker and everything else, and say what is wrong and what to type.
    ///
    /// Ends with status 1 if something is wrong. The device itself should not run meanwhile: it has the
    /// camera and the panel.
    Doctor {
        /// Write JSON.
        #[arg(long)]
        json: bool,
    },

    /// Forget the host that this device is paired with. While the device runs, it shows a new code at once.
    Forget,

    /// Check the configuration, the networks and their library, and say where the configuration is from.
    CheckConfig,

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
            ("/etc/moodring/device.toml", "The configuration; every key stands there with what it means."),
            (
                "/etc/credstore/mqtt-password, /etc/credstore/mqtt-key.pem",
                "The broker's password and this device's key, which the service reads as credentials: say \
                 mqtt.password_file = \"mqtt-password\" or mqtt.tls.key = \"mqtt-key.pem\".",
            ),
            (
                "/var/lib/private/moodring-device",
                "What outlives a restart of the service: whether the camera was closed on purpose.",
            ),
            ("/usr/lib/moodring/libtensorflowlite_c.so", "The library that runs the networks."),
        ],
    },
    Section {
        heading: "ENVIRONMENT",
        entries: &[
            ("MOODRING_DEVICE_CONFIG", "The configuration, as --config names it."),
            (
                "MOODRING_DEVICE__SECTION__KEY",
                "Overrides a key of the configuration: MOODRING_DEVICE__CAMERA__FPS=5 stands for [camera] fps = 5.",
            ),
            ("MOODRING_TFLITE", "The TensorFlow Lite library, where the configuration names none."),
            ("RUST_LOG", "What is said in the log, in the place of [log] level."),
        ],
    },
    Section {
        heading: "EXIT STATUS",
        entries: &[
            ("0", "All went well; doctor found nothing wrong."),
            ("1", "It failed, for the reason that was said; doctor found something wrong."),
            ("2", "The command line was not understood."),
            ("75", "It was asked to start again, over MQTT; the service does."),
        ],
    },
];

/// What a screen can show besides a mood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum State {
    /// Nothing plays, all is well.
    Plain,
    /// A song plays.
    Playing,
    /// A song is paused.
    Paused,
    /// The broker is away.
    Offline,
    /// There is no camera.
    NoCamera,
    /// There is too little light to see a face.
    TooDark,
    /// The picture by which a panel's wiring is checked; no mood is shown.
    Test,
    /// The device has just started; no mood is shown yet.
    Waking,
    /// The camera is closed on purpose.
    Private,
    /// The device waits to be paired, and shows a code.
    Pairing,
    /// The device has stopped.
    Goodbye,
}

impl State {
    /// The scene of this state.
    pub fn scene(self, mood: Mood, confidence: Confidence) -> Scene {
        let people = u32::from(mood != Mood::Nobody);
        let confidence = if mood == Mood::Nobody { Confidence::ZERO } else { confidence };
        let mut state = ScreenState { mood, confidence, people, ..ScreenState::default() };
        match self {
            Self::Waking => return Scene::Waking,
            Self::Goodbye => return Scene::Goodbye,
            Self::Private => return Scene::Private,
            Self::Pairing => {
                let (code, at) = (Some("482 913".to_owned()), "Living room".to_owned());
                return Scene::Pairing(PairingCard { code, at, note: None });
            }
            Self::Test => return Scene::Test,
            Self::TooDark => state.too_dark = true,
            Self::Plain => {}
            Self::Playing | Self::Paused => {
                let (title, artist) = ("Clair de lune".to_owned(), "Claude Debussy".to_owned());
                state.playing = Some(Playing { title, artist, mood, reason: String::new() });
                state.paused = self == Self::Paused;
            }
            Self::Offline => state.network = Network::Down,
            Self::NoCamera => state.camera_problem = Some("no camera at /dev/video0".to_owned()),
        }
        Scene::Live(state)
    }
}

/// Two numbers with a comma between them.
///
/// # Errors
/// It is something else, or the first is not greater than 0.
pub fn square(text: &str) -> Result<(f32, f32), String> {
    let numbers = text.split_once(',').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    numbers
        .filter(|(side, down): &(f32, f32)| *side > 0.0 && down.is_finite())
        .ok_or_else(|| "two numbers are needed, the first greater than 0, as in 1.15,-0.08".to_owned())
}

/// A mood by its word.
///
/// # Errors
/// No mood has this word.
pub fn mood(word: &str) -> Result<Mood, String> {
    Mood::from_word(word).ok_or_else(|| {
        let known: Vec<&str> = Mood::ALL.iter().map(|mood| mood.word()).collect();
        format!("no mood; known are {}", known.join(", "))
    })
}
