//! What the device says over MQTT, and what it hears.
//!
//! In: statements of the mood, health, pictures of the panel. Out: the topics of
//! [`moodring_mood::topic`], and what plays. Putting something in never waits and never fails:
//! [`outbox`] states what is kept while the broker is away. Only a password file that cannot be read
//! fails, at the start.

mod backoff;
mod link;
pub mod outbox;

use std::{
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{DeviceId, Health, Leaf, NowPlaying, Status, Topic, Wish, WishMessage, payload::VERSION};
use rumqttc::{AsyncClient, LastWill, MqttOptions, QoS};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Notify;

use link::Link;
pub use outbox::{Outbox, Parcel, Statement};

/// Where the broker is, and what to keep while it is away.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MqttSettings {
    /// Host name or address of the broker. Default `127.0.0.1`.
    pub host: String,
    /// Its port, 1..=65535. Default 1883.
    pub port: u16,
    /// Seconds of silence after which broker and device ask for a sign of life, 2..=300. Default 10.
    pub keep_alive_s: u16,
    /// User name for the broker; empty for none, the default.
    pub username: String,
    /// File that holds the password on its first line; empty for none, the default.
    pub password_file: PathBuf,
    /// Mood changes kept while the broker is away, 1..=10000. Default 256.
    pub outbox: usize,
    /// Seconds after which an unchanged mood is said again, 1..=3600. Default 30.
    pub repeat_s: u64,
}

impl Default for MqttSettings {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".to_owned(),
            port: 1883,
            keep_alive_s: 10,
            username: String::new(),
            password_file: PathBuf::new(),
            outbox: 256,
            repeat_s: 30,
        }
    }
}

impl MqttSettings {
    /// The password: the first line of its file; empty where no file is named.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn password(&self) -> Result<String, PublishError> {
        let file = &self.password_file;
        if file.as_os_str().is_empty() {
            return Ok(String::new());
        }
        let text =
            fs::read_to_string(file).map_err(|why| PublishError::Password { path: file.display().to_string(), why })?;
        Ok(text.lines().next().unwrap_or_default().to_owned())
    }
}

/// Why publishing cannot begin.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The password file.
    #[error("cannot read the MQTT password file {path} (mqtt.password_file): {why}")]
    Password {
        /// The file.
        path: String,
        /// What the system said.
        why: io::Error,
    },
    /// No thread or event queue could be made.
    #[error("cannot start the thread that talks to the broker: {0}")]
    Thread(#[from] io::Error),
}

/// What the publisher's thread shares with the rest.
pub(crate) struct Shared {
    device: DeviceId,
    outbox: Mutex<Outbox>,
    /// What was heard last and not yet taken; the inner `None`: nothing plays.
    heard: Mutex<Option<Option<NowPlaying>>>,
    nudge: Notify,
}

impl Shared {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device's voice. It connects, and connects again, on a thread of its own.
pub struct Publisher {
    shared: Arc<Shared>,
    ended: mpsc::Receiver<()>,
}

impl Publisher {
    /// Begins to connect to the broker.
    ///
    /// # Errors
    /// The password file cannot be read, or no thread can be made. An absent broker is no error.
    pub fn start(settings: &MqttSettings, device: &DeviceId) -> Result<Self, PublishError> {
        let options = options(settings, device)?;
        let outbox = Outbox::new(settings.outbox, Duration::from_secs(settings.repeat_s));
        let shared = Arc::new(Shared {
            device: device.clone(),
            outbox: Mutex::new(outbox),
            heard: Mutex::new(None),
            nudge: Notify::new(),
        });
        let (client, mut events) = AsyncClient::new(options, link::CHANNEL);
        // A mood is one small packet; to wait for more to fill it would cost up to 40 ms.
        events.network_options.set_tcp_nodelay(true);
        let link = Link::new(client, Arc::clone(&shared), format!("{}:{}", settings.host, settings.port));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (end, ended) = mpsc::channel();
        thread::Builder::new().name("publish".to_owned()).spawn(move || {
            runtime.block_on(link.run(events));
            // A name look-up may still hang in the system; nobody waits for it.
            runtime.shutdown_background();
            drop(end);
        })?;
        Ok(Self { shared, ended })
    }

    /// The mood changed: kept until the broker has it.
    pub fn changed(&self, statement: Statement) {
        self.shared.outbox().changed(statement, Instant::now());
        self.shared.nudge.notify_one();
    }

    /// The mood is what it was; said again when it is time to.
    pub fn steady(&self, statement: Statement) {
        if self.shared.outbox().steady(statement, Instant::now()) {
            self.shared.nudge.notify_one();
        }
    }

    /// The latest health.
    pub fn health(&self, health: &Health) {
        let json = serde_json::to_vec(health).expect("a health message is plain JSON");
        self.shared.outbox().health(json);
        self.shared.nudge.notify_one();
    }

    /// The latest picture of the panel, as PNG.
    pub fn screen(&self, png: Vec<u8>) {
        self.shared.outbox().screen(png);
        self.shared.nudge.notify_one();
    }

    /// Whether the camera is closed on purpose.
    pub fn paused(&self, paused: bool) {
        self.shared.outbox().paused(paused.into());
        self.shared.nudge.notify_one();
    }

    /// What somebody at the device wants of the music. Returns whether the host will hear of it.
    pub fn wish(&self, wish: Wish) -> bool {
        let said = self.shared.outbox().wish(WishMessage { v: VERSION, at: Timestamp::now(), wish });
        self.shared.nudge.notify_one();
        said
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.shared.outbox().is_connected()
    }

    /// Mood changes lost because too many waited.
    pub fn changes_dropped(&self) -> u64 {
        self.shared.outbox().dropped()
    }

    /// What the host said since the last call: `None` for nothing new, `Some(None)` for silence.
    pub fn heard(&self) -> Option<Option<NowPlaying>> {
        self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Says what still waits and `offline`, and disconnects; gives up after `within`. Returns whether it was said.
    pub fn close(self, within: Duration) -> bool {
        let connected = {
            let mut outbox = self.shared.outbox();
            outbox.close();
            outbox.is_connected()
        };
        self.shared.nudge.notify_one();
        let ended = matches!(self.ended.recv_timeout(within), Err(mpsc::RecvTimeoutError::Disconnected));
        connected && ended
    }
}

fn options(settings: &MqttSettings, device: &DeviceId) -> Result<MqttOptions, PublishError> {
    let mut options = MqttOptions::new(format!("moodring-{device}"), settings.host.as_str(), settings.port);
    let status = Topic::new(device.clone(), Leaf::Status).to_string();
    options
        .set_last_will(LastWill::new(status, Status::Offline.word(), QoS::AtLeastOnce, true))
        .set_keep_alive(Duration::from_secs(settings.keep_alive_s.into()))
        .set_clean_session(true)
        .set_max_packet_size(link::MAX_INCOMING, link::MAX_INCOMING);
    if !settings.username.is_empty() {
        options.set_credentials(settings.username.as_str(), settings.password()?);
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_will_is_set_where_the_client_is_built() {
        let options = options(&MqttSettings::default(), &"hall".parse().unwrap()).unwrap();
        let will = options.last_will().unwrap();
        assert_eq!(
            (will.topic.as_str(), &will.message[..], will.retain),
            ("moodring/hall/status", &b"offline"[..], true)
        );
        assert_eq!(will.qos, QoS::AtLeastOnce);
    }

    #[test]
    fn the_password_is_the_first_line_of_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        fs::write(&file, "se cret\n").unwrap();
        let settings =
            MqttSettings { username: "hall".to_owned(), password_file: file.clone(), ..MqttSettings::default() };
        let login = options(&settings, &"hall".parse().unwrap()).unwrap().credentials().unwrap();
        assert_eq!((login.username.as_str(), login.password.as_str()), ("hall", "se cret"));
        fs::remove_file(&file).unwrap();
        let error = options(&settings, &"hall".parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("mqtt.password_file") && error.contains("No such file"), "{error}");
    }
}
