//! The command line: what can be asked of the program.
//!
//! In: arguments. Out: [`Cli`]. What fails is told by clap, with the usage, and exit status 2.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::{
    answers::{Answers, WifiAnswers},
    ask,
};

/// Prepares a card, or an image for one, with stock Raspberry Pi OS Lite: at its first boot it becomes a
/// Moodring, without a network, a screen or a keyboard.
#[derive(Debug, Parser)]
#[command(name = "flash", version, args_conflicts_with_subcommands = true, after_help = "What is not said is asked.")]
pub struct Cli {
    /// What else.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The card, and what it is to become.
    #[command(flatten)]
    pub prepare: Prepare,
}

/// What else it does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List the cards that may be written to.
    Cards,

    /// List the screens that have a name, and their lines in config.txt.
    Panels,

    /// Print the list with which Raspberry Pi Imager offers an image prepared with --for-imager.
    Manifest {
        /// The image, .img or .img.xz.
        image: PathBuf,

        /// Where it can be fetched; by default Imager reads the file where it is.
        #[arg(long)]
        url: Option<String>,
    },
}

/// The card, and what it is to become.
#[derive(Debug, Args)]
pub struct Prepare {
    /// An image (.img; .img.xz is unpacked to a new file), the folder where the boot partition is mounted
    /// (such as /media/ann/bootfs), or a card such as /dev/sdb.
    pub target: Option<PathBuf>,

    /// Write this image to the card first. Everything on the card is lost.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,

    /// Leave the image as it is, and prepare a copy of this name.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,

    /// Answers, as in deploy/flash/answers.toml; flags come before them.
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,

    /// Show each change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,

    /// Prepare an image for Raspberry Pi Imager, which asks for name, user and Wi-Fi itself.
    #[arg(long)]
    pub for_imager: bool,

    /// Do not ask before a card is written: its name, such as sdb.
    #[arg(long, value_name = "NAME")]
    pub confirm: Option<String>,

    /// The Pi's name in the network.
    #[arg(long, value_name = "NAME")]
    pub hostname: Option<String>,

    /// Such as Europe/Berlin.
    #[arg(long, value_name = "ZONE")]
    pub timezone: Option<String>,

    /// The user who logs in.
    #[arg(long, value_name = "NAME")]
    pub user: Option<String>,

    /// The file with the user's public key, such as ~/.ssh/id_ed25519.pub.
    #[arg(long, value_name = "FILE")]
    pub ssh_key: Vec<PathBuf>,

    /// A file with the user's password on its first line.
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,

    /// The name of the Wi-Fi; none: a cable.
    #[arg(long, value_name = "NAME")]
    pub wifi: Option<String>,

    /// A file with its password on the first line; empty for an open network.
    #[arg(long, value_name = "FILE", requires = "wifi")]
    pub wifi_password_file: Option<PathBuf>,

    /// The country, two letters: which channels are allowed.
    #[arg(long, value_name = "XX")]
    pub wifi_country: Option<String>,

    /// The Wi-Fi hides its name.
    #[arg(long, requires = "wifi")]
    pub wifi_hidden: bool,

    /// The Wi-Fi speaks WPA3 only: then its password itself lies on the card until the first boot is over.
    #[arg(long, requires = "wifi")]
    pub wifi_wpa3_only: bool,

    /// A cable: do not ask for a Wi-Fi.
    #[arg(long, conflicts_with = "wifi")]
    pub wired: bool,

    /// The screen, as 'panels' lists them, or none.
    #[arg(long, value_name = "NAME")]
    pub panel: Option<String>,

    /// auto, usb, module, or a module's sensor.
    #[arg(long, value_name = "NAME")]
    pub camera: Option<String>,

    /// auto: it is found; here: on this Pi; or its address, where announcements do not get through.
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<String>,

    /// A device.toml of your own, into which the answers are put.
    #[arg(long, value_name = "FILE")]
    pub device_config: Option<PathBuf>,

    /// A .deb to install; by default those in target/packages that fit.
    #[arg(long, value_name = "FILE")]
    pub package: Vec<PathBuf>,

    /// Where packages are looked for that are not named.
    #[arg(long, value_name = "FOLDER", default_value = "target/packages", env = "MOODRING_PACKAGES")]
    pub packages: PathBuf,
}

impl Prepare {
    /// The answers of the file and of the flags.
    ///
    /// # Errors
    /// A file cannot be read.
    pub fn answers(&self) -> Result<Answers> {
        let mut answers = self.answers.as_deref().map(Answers::read).transpose()?.unwrap_or_default();
        let take = |to: &mut Option<String>, from: &Option<String>| {
            if from.is_some() {
                to.clone_from(from);
            }
        };
        take(&mut answers.hostname, &self.hostname);
        take(&mut answers.timezone, &self.timezone);
        take(&mut answers.user.name, &self.user);
        take(&mut answers.device.panel, &self.panel);
        take(&mut answers.device.camera, &self.camera);
        take(&mut answers.device.host, &self.host);
        if !self.ssh_key.is_empty() {
            answers.user.ssh_keys.clear();
            for path in &self.ssh_key {
                answers.user.ssh_keys.extend(ask::read_key(path)?);
            }
        }
        if let Some(path) = &self.password_file {
            answers.user.password = Some(first_line(path)?);
            answers.user.password_hash = None;
        }
        if let Some(name) = &self.wifi {
            answers.wifi = Some(WifiAnswers {
                ssid: Some(name.clone()),
                country: answers.wifi.and_then(|wifi| wifi.country),
                password: self.wifi_password_file.as_deref().map(first_line).transpose()?,
                hidden: self.wifi_hidden,
                wpa3_only: self.wifi_wpa3_only,
            });
        }
        if let (Some(wifi), Some(country)) = (&mut answers.wifi, &self.wifi_country) {
            wifi.country = Some(country.clone());
        }
        if self.wired {
            answers.wifi = None;
        }
        if self.device_config.is_some() {
            answers.device.config.clone_from(&self.device_config);
        }
        if !self.package.is_empty() {
            answers.packages.clone_from(&self.package);
        }
        Ok(answers)
    }
}

fn first_line(path: &std::path::Path) -> Result<String> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
