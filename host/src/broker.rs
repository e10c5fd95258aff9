//! The embedded MQTT broker: MQTT 3.1.1 and 5, on loopback unless configured otherwise.
//!
//! In: an address and the database. Out: a broker whose retained messages outlive a restart: it
//! begins with those in the database, and each new one is written there a moment later, behind the
//! delivery. Fails when the port is taken or the database cannot be read.

use std::{
    collections::HashMap,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mqtt5::{
    QoS,
    broker::{
        BrokerEventHandler, BrokerShutdownHandle, MqttBroker, StorageBackend as _,
        config::{BrokerConfig, StorageBackend, StorageConfig},
        events::RetainedSetEvent,
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

use crate::library::{Store, StoreError, retained::Retained};

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

/// The running broker.
pub struct Embedded {
    /// Where it listens, with the port that the system chose for port 0.
    pub address: SocketAddr,
    stop: BrokerShutdownHandle,
    task: JoinHandle<()>,
    stop_writing: watch::Sender<bool>,
    writer: JoinHandle<()>,
}

impl Embedded {
    /// Starts the broker and waits until it accepts clients.
    ///
    /// # Errors
    /// The address is taken or not this machine's, or the database cannot be read.
    pub async fn start(at: SocketAddr, store: &Store) -> Result<Self, BrokerError> {
        // The broker's own error does not tell a taken port from others, so it is tried first.
        match TcpListener::bind(at).await {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(BrokerError::Taken(at)),
            Err(why) => return Err(BrokerError::Listen { at, why }),
        }
        let changed = Arc::new(Changed::default());
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
        let mut broker = MqttBroker::with_config(config).await.map_err(|e| failed(&e))?;
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
        let (stop_writing, stopped) = watch::channel(false);
        let writer = tokio::spawn(write(changed, store.clone(), stopped));
        Ok(Self { address, stop, task, stop_writing, writer })
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

/// Retained messages that are not written yet, the newest of each topic.
#[derive(Debug, Default)]
struct Changed {
    messages: Mutex<HashMap<String, Option<Retained>>>,
    some: tokio::sync::Notify,
}

impl Changed {
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
