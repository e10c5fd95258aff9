//! The embedded MQTT broker: MQTT 3.1.1 and 5, on loopback unless configured otherwise.
//!
//! In: an address and a state directory. Out: a broker that keeps its retained messages and
//! sessions in `STATE/broker`. Fails when the port is taken or the directory cannot be written.

use std::{io, net::SocketAddr, path::Path, time::Duration};

use mqtt5::broker::{
    BrokerShutdownHandle, MqttBroker,
    config::{BrokerConfig, StorageConfig},
};
use thiserror::Error;
use tokio::{net::TcpListener, task::JoinHandle};

/// The longest packet a client may send, bytes: the picture of a panel is the largest.
const MAX_PACKET: usize = 256 * 1024;

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
    /// The broker did not start for another reason.
    #[error("the embedded broker does not start: {0}; its files are in the folder `broker` of the state directory")]
    Start(String),
}

/// The running broker.
pub struct Embedded {
    /// Where it listens, with the port that the system chose for port 0.
    pub address: SocketAddr,
    stop: BrokerShutdownHandle,
    task: JoinHandle<()>,
}

impl Embedded {
    /// Starts the broker and waits until it accepts clients.
    ///
    /// # Errors
    /// The address is taken or not this machine's, or the files of the broker cannot be used.
    pub async fn start(at: SocketAddr, state_dir: &Path) -> Result<Self, BrokerError> {
        // The broker's own error does not tell a taken port from others, so it is tried first.
        match TcpListener::bind(at).await {
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::AddrInUse => return Err(BrokerError::Taken(at)),
            Err(why) => return Err(BrokerError::Listen { at, why }),
        }
        let mut config = BrokerConfig::default()
            .with_bind_addresses(vec![at])
            .with_storage(StorageConfig::default().with_base_dir(state_dir.join("broker")))
            .with_max_clients(256)
            .with_max_packet_size(MAX_PACKET)
            .with_max_retained_messages(4096)
            .with_sys_topics_enabled(false);
        config.session_expiry_interval = Duration::from_secs(24 * 3600);
        let failed = |e: &dyn std::fmt::Display| BrokerError::Start(e.to_string());
        let mut broker = MqttBroker::with_config(config).await.map_err(|e| failed(&e))?;
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
        Ok(Self { address, stop, task })
    }

    /// Hands on what it has acknowledged, disconnects everybody, writes what is to be kept and ends;
    /// gives up after a second.
    pub async fn stop(self) {
        // The library's broker breaks off deliveries when it stops, and does not say when they are done.
        tokio::time::sleep(DELIVERY).await;
        self.stop.shutdown();
        if tokio::time::timeout(Duration::from_secs(1), self.task).await.is_err() {
            tracing::warn!("the embedded broker did not stop within a second");
        }
    }
}
