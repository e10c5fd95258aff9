//! The embedded MQTT broker: MQTT 3.1.1 and 5, on loopback unless configured otherwise, and over TLS for paired
//! devices (`front`). `gate` says who comes in, `rights` who may say and hear what, `mosquitto` the same for another broker.
//!
//! In: addresses and the database. Out: a broker whose retained messages outlive a restart: it
//! begins with those in the database, and each new one is written there a moment later, behind the
//! delivery. Fails when the port is taken or the database cannot be read.

mod front;
pub mod gate;
pub mod mosquitto;
pub mod rights;

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mqtt5::{
    QoS,
    broker::{
        BrokerEventHandler, BrokerShutdownHandle, MqttBroker, StorageBackend as _,
        config::{BrokerConfig, StorageBackend, StorageConfig},
        events::{ClientConnectEvent, ClientDisconnectEvent, RetainedSetEvent},
        storage::RetainedMessage,
    },
    packet::publish::PublishPacket,
};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    config::Anonymous,
    library::{Store, StoreError, retained::Retained},
};
use gate::{Gate, new_password};

/// The longest packet a client may send, bytes: the picture of a panel is the largest.
const MAX_PACKET: usize = 256 * 1024;

/// At most so many retained messages are kept.
const MAX_RETAINED: usize = 1024;

/// After a failure that may pass, the next attempt.
const WRITE_AGAIN: Duration = Duration::from_secs(10);

/// A retained message is written down after this time, with those that came meanwhile.
const WRITE_AFTER: Duration = Duration::from_millis(250);

/// Before it stops, messages that it has acknowledged get this long to reach their subscribers.
const DELIVERY: Duration = Duration::from_millis(150);

/// Why there is no broker.
#[derive(Debug, Error)]
pub enum BrokerError {
    /// Another program listens there.
    #[error(
        "port {} of {} is taken, perhaps by another broker: set mqtt.port to a free one, or use that broker with \
         mqtt.broker = \"external\"", .0.port(), .0.ip()
    )]
    Taken(SocketAddr),
    /// Another program listens where paired devices would connect.
    #[error("port {} of {} is taken: set pairing.mqtt_port to a free one", .0.port(), .0.ip())]
    SecureTaken(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen for MQTT on {at}: {why}; check mqtt.host and mqtt.port")]
    Listen {
        /// Where.
        at: SocketAddr,
        /// What the system said.
        why: io::Error,
    },
    /// The retained messages cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The broker did not start for another reason.
    #[error("the embedded broker does not start: {0}")]
    Start(String),
}

/// Where paired devices connect.
#[derive(Clone, Debug)]
pub struct Secure {
    /// The address.
    pub at: SocketAddr,
    /// PEM file with the certificate.
    pub certificate: PathBuf,
    /// PEM file with its key.
    pub key: PathBuf,
}

/// What the broker opens, and to whom.
#[derive(Clone, Debug)]
pub struct Doors {
    /// The plain listener.
    pub plain: SocketAddr,
    /// Who comes in there without a name.
    pub anonymous: Anonymous,
    /// The listener with TLS.
    pub secure: Option<Secure>,
}

/// The running broker.
pub struct Embedded {
    /// Where it listens, with the port that the system chose for port 0.
    pub address: SocketAddr,
    /// Where it listens with TLS.
    pub secure: Option<SocketAddr>,
    /// Who comes in.
    pub gate: Arc<Gate>,
    /// Name and password under which this program logs in.
    pub own: (String, String),
    front: Option<JoinHandle<()>>,
    stop: BrokerShutdownHandle,
    task: JoinHandle<()>,
    stop_writing: watch::Sender<bool>,
    writer: JoinHandle<()>,
}

impl Embedded {
    /// Starts the broker without TLS and waits until it accepts clients.
    ///
    /// # Errors
    /// The address is taken or not this machine's, or the database cannot be read.
    pub async fn start(at: SocketAddr, store: &Store) -> Result<Self, BrokerError> {
        Self::start_with(&Doors { plain: at, anonymous: Anonymous::Loopback, secure: None }, store).await
    }

    /// Starts the broker and waits until it accepts clients.
    ///
    /// # Errors
    /// An address is taken or not this machine's, or the database cannot be read.
    pub async fn start_with(doors: &Doors, store: &Store) -> Result<Self, BrokerError> {
        let at = doors.plain;
        // The broker's own error does not tell a taken port from others, so it is tried first.
        for (at, taken) in [(Some(at), BrokerError::Taken as fn(SocketAddr) -> BrokerError)]
            .into_iter()
            .chain([(doors.secure.as_ref().map(|secure| secure.at), BrokerError::SecureTaken as fn(_) -> _)])
        {
            let Some(at) = at else { continue };
            match TcpListener::bind(at).await {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(taken(at)),
                Err(why) => return Err(BrokerError::Listen { at, why }),
            }
        }
        let own = (gate::OWN.to_owned(), new_password());
        let gate = Arc::new(Gate::new(doors.anonymous, &own.1));
        gate.refresh(store).await?;
        let changed = Arc::new(Changed::new(Arc::clone(&gate), store.clone()));
        let mut config = BrokerConfig::default()
            .with_bind_addresses(vec![at])
            .with_storage(StorageConfig::default().with_backend(StorageBackend::Memory))
            .with_event_handler(Arc::clone(&changed) as Arc<dyn BrokerEventHandler>)
            .with_max_clients(256)
            .with_max_packet_size(MAX_PACKET)
            .with_max_retained_messages(MAX_RETAINED)
            .with_sys_topics_enabled(false);
        config.session_expiry_interval = Duration::from_secs(24 * 3600);
        let failed = |e: &dyn std::fmt::Display| BrokerError::Start(e.to_string());
        let shaking = match &doors.secure {
            Some(Secure { at, certificate, key }) => {
                let acceptor = front::acceptor(certificate, key).map_err(|why| failed(&why))?;
                let listening = TcpListener::bind(at).await.map_err(|why| BrokerError::Listen { at: *at, why })?;
                Some((listening, acceptor))
            }
            None => None,
        };
        let broker = MqttBroker::with_config(config).await.map_err(|e| failed(&e))?;
        let mut broker = broker.with_auth_provider(Arc::clone(&gate) as _);
        gate.carry(broker.router());
        let memory = broker.storage().ok_or_else(|| failed(&"it has no memory"))?;
        for (topic, Retained { payload, qos }) in store.retained().await? {
            let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(qos.min(2))];
            let message = RetainedMessage::new(PublishPacket::new(topic.clone(), payload, qos).with_retain(true));
            memory.store_retained_message(&topic, message).await.map_err(|e| failed(&e))?;
        }
        let address = broker.local_addr().ok_or_else(|| failed(&"it has no address"))?;
        let stop = broker.shutdown_handle();
        let mut ready = broker.ready_receiver();
        let mut task = tokio::spawn(async move {
            if let Err(e) = broker.run().await {
                tracing::error!("the embedded broker stopped: {e}");
            }
        });
        tokio::select! {
            up = ready.wait_for(|up| *up) => up.map(|_| ()).map_err(|e| failed(&e))?,
            _ = &mut task => return Err(failed(&"it stopped at once; the log says why")),
        }
        let mut secure = None;
        let front = shaking.map(|(listening, acceptor)| {
            secure = listening.local_addr().ok();
            tokio::spawn(front::open(listening, acceptor, address, Arc::clone(&gate)))
        });
        let (stop_writing, stopped) = watch::channel(false);
        let writer = tokio::spawn(write(changed, store.clone(), stopped));
        Ok(Self { address, secure, gate, own, front, stop, task, stop_writing, writer })
    }

    /// Waits until it ends by itself, which it should not.
    pub async fn ended(&mut self) {
        // Its failure or panic is in the log.
        let _ = (&mut self.task).await;
    }

    /// Hands on what it has acknowledged, disconnects everybody, writes down what is retained, and
    /// ends; gives up after a second.
    pub async fn stop(self) {
        // The broker breaks off deliveries when it stops, and does not say when they are done.
        sleep(DELIVERY).await;
        self.stop.shutdown();
        if let Some(front) = self.front {
            front.abort();
        }
        // One that has ended already cannot be waited for again.
        if !self.task.is_finished() && timeout(Duration::from_millis(500), self.task).await.is_err() {
            tracing::warn!("the embedded broker did not stop within half a second");
        }
        self.stop_writing.send_replace(true);
        if timeout(Duration::from_millis(500), self.writer).await.is_err() {
            tracing::warn!("the retained messages were not written within half a second");
        }
    }
}

/// Retained messages that are not written yet, the newest of each topic; and who comes and goes.
struct Changed {
    gate: Arc<Gate>,
    store: Store,
    messages: Mutex<HashMap<String, Option<Retained>>>,
    some: tokio::sync::Notify,
}

impl Changed {
    fn new(gate: Arc<Gate>, store: Store) -> Self {
        Self { gate, store, messages: Mutex::default(), some: tokio::sync::Notify::new() }
    }

    /// A user came or went: written down, for the list of devices.
    async fn saw(&self, user: Option<&str>) {
        let Some(user) = user.filter(|user| *user != gate::OWN) else { return };
        if let Err(e) = self.store.saw_user(user, jiff::Timestamp::now()).await {
            tracing::warn!("when {user:?} was here last is not written: {e}");
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Option<Retained>>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<(String, Option<Retained>)> {
        self.lock().drain().collect()
    }

    /// They could not be written: what came meanwhile on the same topic is newer.
    fn put_back(&self, messages: Vec<(String, Option<Retained>)>) {
        let mut changed = self.lock();
        for (topic, message) in messages {
            changed.entry(topic).or_insert(message);
        }
        self.some.notify_one();
    }
}

impl BrokerEventHandler for Changed {
    fn on_client_connect<'a>(&'a self, event: ClientConnectEvent) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        self.gate.came(&event.client_id, event.user_id.as_deref());
        Box::pin(async move { self.saw(event.user_id.as_deref()).await })
    }

    fn on_client_disconnect<'a>(
        &'a self,
        event: ClientDisconnectEvent,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        self.gate.went(&event.client_id);
        Box::pin(async move { self.saw(event.user_id.as_deref()).await })
    }

    fn on_retained_set<'a>(&'a self, event: RetainedSetEvent) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> {
        let message = (!event.cleared).then(|| Retained { payload: event.payload.to_vec(), qos: event.qos as u8 });
        self.lock().insert(event.topic.to_string(), message);
        self.some.notify_one();
        Box::pin(std::future::ready(()))
    }
}

/// Writes retained messages down, a moment after they came.
async fn write(changed: Arc<Changed>, store: Store, mut stopped: watch::Receiver<bool>) {
    let mut the_end = false;
    while !the_end {
        the_end = tokio::select! {
            () = changed.some.notified() => false,
            _ = stopped.wait_for(|stop| *stop) => true,
        };
        if !the_end {
            sleep(WRITE_AFTER).await;
        }
        let messages = changed.take();
        if messages.is_empty() {
            continue;
        }
        match store.keep_retained(&messages).await {
            Err(e) if e.passes() && !the_end => {
                tracing::warn!("{} retained messages are not written yet: {e}", messages.len());
                changed.put_back(messages);
                sleep(WRITE_AGAIN).await;
            }
            Err(e) => tracing::error!("{} retained messages will not outlive a restart: {e}", messages.len()),
            Ok(()) => {}
        }
    }
}
