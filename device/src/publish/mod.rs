//! What the device says over MQTT, and what it hears.
//!
//! In: statements of the mood, health, pictures of the panel. Out: the topics of
//! [`moodring_mood::topic`], what plays, and orders. Putting something in never waits and never
//! fails: [`outbox`] states what is kept while the broker is away. Only a password or certificate
//! that cannot be read fails, at the start.

pub(crate) mod backoff;
pub mod command;
pub mod complaint;
pub mod discovery;
mod hear;
mod link;
pub mod outbox;
mod parcel;
mod settings;
pub mod tls;
mod twin;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{DeviceId, Health, Leaf, NowPlaying, Status, Topic, Wish, WishMessage, payload::VERSION};
use rumqttc::{AsyncClient, LastWill, MqttOptions, QoS, TlsConfiguration, Transport};
use thiserror::Error;
use tokio::sync::Notify;

use crate::{
    order::Orders,
    pairing::{Bond, Trust, Way},
};
use discovery::Machine;
use link::Link;
pub use outbox::Outbox;
pub use parcel::{Parcel, Presentation, Statement};
pub use settings::{MqttSettings, PasswordError, TlsSettings};
use tls::TlsError;
use twin::Twin;

/// Why publishing cannot begin.
#[derive(Debug, Error)]
pub enum PublishError {
    /// The password file.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A certificate or key.
    #[error(transparent)]
    Tls(#[from] TlsError),
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
    orders: Orders,
    twin: Mutex<Twin>,
    /// The first level of Home Assistant's topics; empty for none.
    prefix: String,
    nudge: Notify,
}

impl Shared {
    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn twin(&self) -> MutexGuard<'_, Twin> {
        self.twin.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The device's voice. It connects, and connects again, on a thread of its own.
pub struct Publisher {
    shared: Arc<Shared>,
    ended: mpsc::Receiver<()>,
}

impl Publisher {
    /// Begins to connect to the broker, or, with a bond, to the host that this device is paired with, once it is.
    /// Commands from there go to `orders`; `machine` is presented to Home Assistant.
    ///
    /// # Errors
    /// A password, certificate or key cannot be read, or no thread can be made. An absent broker is no
    /// error.
    pub fn start(
        settings: &MqttSettings,
        device: &DeviceId,
        machine: &Machine,
        orders: Orders,
        bond: Option<Arc<Bond>>,
    ) -> Result<Self, PublishError> {
        let options = options(settings, device)?;
        let mut outbox = Outbox::new(settings.outbox, Duration::from_secs(settings.repeat_s));
        if let Some(topic) = discovery::topic(&settings.discovery, device) {
            let payload = discovery::payload(device, machine).to_string().into_bytes();
            outbox.presentation(Presentation { topic, payload });
        }
        let shared = Arc::new(Shared {
            device: device.clone(),
            outbox: Mutex::new(outbox),
            heard: Mutex::new(None),
            orders,
            twin: Mutex::new(Twin::new(format!("{:016x}", fastrand::u64(..)))),
            prefix: settings.discovery.clone(),
            nudge: Notify::new(),
        });
        let (client, mut events) = AsyncClient::new(options, link::CHANNEL);
        // A mood is one small packet; to wait for more to fill it would cost up to 40 ms.
        events.network_options.set_tcp_nodelay(true);
        let link = Link::new(client, Arc::clone(&shared), settings.clone(), bond);
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
    pub fn health(&self, mut health: Health) {
        self.shared.twin().own().clone_into(&mut health.instance);
        let json = serde_json::to_vec(&health).expect("a health message is plain JSON");
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

    /// The brightness of the panel's backlight, per cent.
    pub fn brightness(&self, percent: u8) {
        self.shared.outbox().brightness(percent);
        self.shared.nudge.notify_one();
    }

    /// An unchanged mood is said again after so much silence from now on.
    pub fn repeat_after(&self, repeat: Duration) {
        self.shared.outbox().repeat_after(repeat);
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

    /// Whether another device goes by the same name.
    pub fn has_twin(&self) -> bool {
        self.shared.twin().noticed()
    }

    /// Whether the broker has given back what this device said of its health: what is published arrives.
    pub fn has_spoken(&self) -> bool {
        self.shared.twin().has_spoken()
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

/// Whether all that the settings name for getting to the broker can be read.
///
/// # Errors
/// A password, certificate or key cannot.
pub fn check_files(settings: &MqttSettings) -> Result<(), PublishError> {
    access(settings, "check").map(drop)
}

/// How this device connects: as [`access`], with its last will.
fn options(settings: &MqttSettings, device: &DeviceId) -> Result<MqttOptions, PublishError> {
    let options = access(settings, &format!("moodring-{device}"))?;
    Ok(with_will(options, device))
}

/// The same, to the host that this device is paired with.
fn paired_options(settings: &MqttSettings, way: &Way, device: &DeviceId) -> Result<MqttOptions, PublishError> {
    Ok(with_will(paired_access(settings, way, &format!("moodring-{device}"))?, device))
}

fn with_will(mut options: MqttOptions, device: &DeviceId) -> MqttOptions {
    let status = Topic::new(device.clone(), Leaf::Status).to_string();
    options.set_last_will(LastWill::new(status, Status::Offline.word(), QoS::AtLeastOnce, true));
    options
}

/// How to get to the host that this device is paired with, under the name of `client`.
///
/// # Errors
/// The authority that the host named will not do.
pub(crate) fn paired_access(settings: &MqttSettings, way: &Way, client: &str) -> Result<MqttOptions, PublishError> {
    let named = MqttSettings { host: way.host.clone(), port: way.port, ..settings.clone() };
    let mut options = access(&named, client)?;
    options.set_credentials(way.username.as_str(), way.password.as_str());
    let tls = match &way.trust {
        Trust::Key(key) => Some(moodring_pairing::tls::pinned(*key)),
        Trust::Authority(authority) => Some(tls::trusting(authority.as_deref())?),
        Trust::Plain => None,
    };
    if let Some(tls) = tls {
        options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(tls))));
    }
    Ok(options)
}

/// How to get to the broker under the name of `client`: address, user, TLS.
///
/// # Errors
/// A password, certificate or key cannot be read.
pub(crate) fn access(settings: &MqttSettings, client: &str) -> Result<MqttOptions, PublishError> {
    let mut options = MqttOptions::new(client, settings.host.as_str(), settings.port);
    options
        .set_keep_alive(Duration::from_secs(settings.keep_alive_s.into()))
        .set_clean_session(true)
        .set_max_packet_size(link::MAX_INCOMING, link::MAX_INCOMING);
    if !settings.username.is_empty() {
        options.set_credentials(settings.username.as_str(), settings.password()?);
    }
    if settings.tls.enabled {
        let config = TlsConfiguration::Rustls(Arc::new(tls::client_config(&settings.tls)?));
        options.set_transport(Transport::tls_with_config(config));
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
}
