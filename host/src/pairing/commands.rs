//! The commands `devices`, `pair`, `revoke`, `client` and `mosquitto`.
//!
//! In: arguments and the database. Out: words for people. What needs the running program is asked of it through
//! the database. Fails with a sentence that says what to do.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use clap::Subcommand;
use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use crate::{
    broker::{gate::new_user, mosquitto},
    config::{Broker, Config},
    library::{
        Store,
        users::{Kind, User},
    },
};

/// How long the running program may take to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Other programs that may use the broker.
#[derive(Debug, Subcommand)]
pub enum Client {
    /// Let a program in from other machines; its password is printed once. Say it again for a new password.
    Add {
        /// What it calls itself, such as homeassistant.
        name: String,
        /// It may read everything and say nothing.
        #[arg(long)]
        read_only: bool,
    },
    /// List the programs that are let in.
    List,
    /// Let a program in no more; its connection is cut at once.
    Remove {
        /// Which one.
        name: String,
    },
}

/// Which devices are paired, and which wait.
///
/// # Errors
/// The database cannot be used.
pub async fn devices(store: &Store) -> anyhow::Result<String> {
    let users = store.users().await?;
    let mut text = String::new();
    for user in users.iter().filter(|user| user.kind == Kind::Device) {
        let seen = user
            .seen
            .map_or_else(|| "never connected".to_owned(), |at| format!("last seen {}", at.strftime("%F %R UTC")));
        text += &format!("{:24} paired {}, {seen}\n", user.name, user.made.strftime("%F %R UTC"));
    }
    if text.is_empty() {
        text = "no device is paired\n".to_owned();
    }
    match ask(store, "", "", Duration::from_secs(5)).await? {
        Some(answer) => {
            let view: serde_json::Value = serde_json::from_str(&answer).unwrap_or_default();
            for one in view["waiting"].as_array().into_iter().flatten() {
                let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
                text += &format!(
                    "{:24} waits at {}: moodring-host pair CODE --device {0}\n",
                    word("device"),
                    word("address")
                );
            }
        }
        None => text += "Moodring does not run, or pairing.enabled is false: no device can wait\n",
    }
    Ok(text)
}

/// Pairs the device that shows this code.
///
/// # Errors
/// Moodring does not run, or it was not paired.
pub async fn pair(store: &Store, code: &str, device: &str) -> anyhow::Result<String> {
    let code: String = code.chars().take(20).collect();
    match ask(store, device, &code, PATIENCE).await? {
        None => bail!("Moodring does not answer: is it running, and is pairing.enabled = true?"),
        Some(answer) => match answer.split_once(' ') {
            Some(("ok", device)) => Ok(format!("{device} is paired\n")),
            Some((_, why)) => bail!("{why}"),
            None => bail!("{answer}"),
        },
    }
}

async fn ask(store: &Store, device: &str, code: &str, patience: Duration) -> anyhow::Result<Option<String>> {
    let id = store.ask(device, code, Timestamp::now()).await?;
    let until = Instant::now() + patience;
    let mut answer = None;
    while answer.is_none() && Instant::now() < until {
        sleep(Duration::from_millis(200)).await;
        answer = store.answered(id).await?;
    }
    store.forget_ask(id).await?;
    Ok(answer)
}

/// Ends a device's rights.
///
/// # Errors
/// No such device is paired.
pub async fn revoke(store: &Store, device: &str) -> anyhow::Result<String> {
    forget(store, device, true).await?;
    Ok(format!("{device} is revoked; where Moodring runs, its connection is cut within a second\n"))
}

async fn forget(store: &Store, name: &str, is_device: bool) -> anyhow::Result<()> {
    let (what, list) =
        if is_device { ("device", "moodring-host devices") } else { ("program", "moodring-host client list") };
    let known = store.users().await?.iter().any(|user| user.name == name && (user.kind == Kind::Device) == is_device);
    if !known || !store.forget_user(name).await? {
        bail!("no {what} {name:?} is known; {list} shows which are");
    }
    Ok(())
}

/// Lets other programs in, or no more.
///
/// # Errors
/// The name will not do, is taken or unknown; the database cannot be used.
pub async fn client(store: &Store, what: &Client) -> anyhow::Result<String> {
    match what {
        Client::Add { name, read_only } => {
            let name: moodring_mood::DeviceId = name
                .parse()
                .map_err(|_| anyhow::anyhow!("{name:?} is no name: use 1 to 64 letters, digits, '-' or '_'"))?;
            let taken = store.users().await?.iter().any(|user| user.name == name.as_str() && user.kind == Kind::Device);
            if taken {
                bail!("a paired device is called {name}; take another name");
            }
            let kind = if *read_only { Kind::Reader } else { Kind::Client };
            let (user, password) = new_user(name.as_str(), kind, Timestamp::now());
            store.keep_user(&user).await?;
            Ok(format!("user name: {name}\npassword:  {password}\nThe password is not shown again.\n"))
        }
        Client::List => {
            let users = store.users().await?;
            let lines = users.iter().filter(|user| user.kind != Kind::Device).map(|user: &User| {
                let may = if user.kind == Kind::Reader { "reads" } else { "reads, and asks things of devices" };
                format!("{:24} {may}; since {}\n", user.name, user.made.strftime("%F %R UTC"))
            });
            let text: String = lines.collect();
            Ok(if text.is_empty() { "no program is let in from other machines\n".to_owned() } else { text })
        }
        Client::Remove { name } => {
            forget(store, name, false).await?;
            Ok(format!("{name} is let in no more\n"))
        }
    }
}

/// Writes users and rights for Mosquitto into a folder.
///
/// # Errors
/// The files cannot be written, or the password for the broker cannot be read.
pub async fn for_mosquitto(store: &Store, config: &Config, folder: Option<&PathBuf>) -> anyhow::Result<String> {
    let folder = match folder {
        Some(folder) => folder.clone(),
        None if !config.pairing.mosquitto.as_os_str().is_empty() => config.pairing.mosquitto.clone(),
        None => bail!("say where: moodring-host mosquitto FOLDER, or set pairing.mosquitto"),
    };
    let users = store.users().await?;
    let own = own_login(config)?;
    let own = own.as_ref().map(|(name, password)| (name.as_str(), password.as_str()));
    mosquitto::write(&folder, &users, own).with_context(|| format!("cannot write to {}", folder.display()))?;
    let place = folder.display();
    Ok(format!(
        "wrote {} users; in mosquitto.conf:\n  allow_anonymous false\n  password_file {place}/passwords\n  \
         acl_file {place}/acl\nMosquitto's user has to be able to read both; it takes them in with: systemctl reload mosquitto\n",
        users.len() + usize::from(own.is_some())
    ))
}

/// This program's own login at an external broker.
///
/// # Errors
/// The file with the password cannot be read.
pub fn own_login(config: &Config) -> anyhow::Result<Option<(String, String)>> {
    let mqtt = &config.mqtt;
    if mqtt.broker != Broker::External || mqtt.username.is_empty() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(&mqtt.password_file)
        .with_context(|| format!("cannot read mqtt.password_file {}", mqtt.password_file.display()))?;
    Ok(Some((mqtt.username.clone(), text.lines().next().unwrap_or_default().to_owned())))
}
