//! What the end-to-end tests share: a real broker that can be killed and started again, and an ear
//! that hears all the device says.

#![allow(dead_code, reason = "each test program uses its part")]

pub mod device;
pub mod faulty;

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use moodring_mood::{Leaf, MoodMessage, Topic};
use mqtt5::broker::{
    BrokerConfig, MqttBroker,
    config::{StorageBackend, StorageConfig},
};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};
use tokio::runtime::Runtime;

/// Longer than anything here should take, even on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A broker on a free port of the loopback. Dropping it is as abrupt as a power cut.
pub struct Broker {
    pub port: u16,
    runtime: Option<Runtime>,
}

impl Broker {
    pub fn start() -> Self {
        Self::start_on(0)
    }

    pub fn start_on(port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let memory = StorageConfig::new().with_backend(StorageBackend::Memory);
        let config = BrokerConfig::new().with_bind_address(([127, 0, 0, 1], port)).with_storage(memory);
        let port = runtime.block_on(async {
            let mut broker = MqttBroker::with_config(config).await.unwrap();
            let port = broker.local_addr().unwrap().port();
            let mut ready = broker.ready_receiver();
            tokio::spawn(async move { broker.run().await });
            ready.changed().await.unwrap();
            port
        });
        Self { port, runtime: Some(runtime) }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// One message, and when it was heard.
#[derive(Clone, Debug)]
pub struct Heard {
    pub leaf: Leaf,
    pub payload: Vec<u8>,
    pub at: Instant,
    pub clock: jiff::Timestamp,
}

/// A message on another topic than the devices' own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreign {
    pub topic: String,
    pub payload: Vec<u8>,
    pub retained: bool,
    pub qos: QoS,
}

/// A subscriber to everything; it connects again when the broker comes back.
pub struct Ear {
    heard: Arc<(Mutex<Vec<Heard>>, Condvar)>,
    foreign: Arc<Mutex<Vec<Foreign>>>,
    client: Client,
}

impl Ear {
    pub fn new(port: u16) -> Self {
        // A broker lets in one client of a name.
        static EARS: AtomicU32 = AtomicU32::new(0);
        let name = format!("ear-{}-{}", std::process::id(), EARS.fetch_add(1, Ordering::Relaxed));
        Self::with(MqttOptions::new(name, "127.0.0.1", port))
    }

    /// An ear that goes to the broker in this way.
    pub fn with(mut options: MqttOptions) -> Self {
        options.set_max_packet_size(4 << 20, 4 << 20).set_keep_alive(Duration::from_secs(5));
        let (client, mut connection) = Client::new(options, 16);
        let heard = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let (ready, listening) = std::sync::mpsc::channel();
        let foreign = Arc::new(Mutex::new(Vec::new()));
        let (store, others, subscriber) = (Arc::clone(&heard), Arc::clone(&foreign), client.clone());
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Incoming::ConnAck(_))) => subscriber.subscribe("#", QoS::AtLeastOnce).unwrap(),
                    Ok(Event::Incoming(Incoming::SubAck(_))) => drop(ready.send(())),
                    Ok(Event::Incoming(Incoming::Publish(publish))) => {
                        let Some(topic) = Topic::parse(&publish.topic) else {
                            let (payload, retained) = (publish.payload.to_vec(), publish.retain);
                            let foreign = Foreign { topic: publish.topic, payload, retained, qos: publish.qos };
                            others.lock().unwrap().push(foreign);
                            continue;
                        };
                        let (at, clock) = (Instant::now(), jiff::Timestamp::now());
                        let heard = Heard { leaf: topic.leaf, payload: publish.payload.to_vec(), at, clock };
                        store.0.lock().unwrap().push(heard);
                        store.1.notify_all();
                    }
                    Ok(_) => {}
                    Err(rumqttc::ConnectionError::RequestsDone) => return,
                    Err(_) => thread::sleep(Duration::from_millis(50)),
                }
            }
        });
        listening.recv_timeout(PATIENCE).expect("the ear hears the broker");
        Self { heard, foreign, client }
    }

    /// All that was heard so far.
    pub fn all(&self) -> Vec<Heard> {
        self.heard.0.lock().unwrap().clone()
    }

    /// Waits until `enough` holds for all that was heard; fails with `what` when it takes too long.
    pub fn wait(&self, what: &str, enough: impl Fn(&[Heard]) -> bool) -> Vec<Heard> {
        let guard = self.heard.0.lock().unwrap();
        let (heard, timeout) = self.heard.1.wait_timeout_while(guard, PATIENCE, |heard| !enough(heard)).unwrap();
        assert!(!timeout.timed_out(), "waited {PATIENCE:?} for {what}; heard {:?}", words(&heard));
        heard.clone()
    }

    /// Waits for the last payload on `leaf` to be `payload`.
    pub fn wait_for_last(&self, leaf: Leaf, payload: &str) {
        self.wait(&format!("{payload} on {}", leaf.word()), |heard| {
            heard.iter().rfind(|h| h.leaf == leaf).is_some_and(|h| h.payload == payload.as_bytes())
        });
    }

    /// Says something on a topic of the device, retained.
    pub fn say(&self, topic: &Topic, payload: impl Into<Vec<u8>>) {
        self.client.publish(topic.to_string(), QoS::AtLeastOnce, true, payload.into()).unwrap();
    }

    /// Says something on any topic.
    pub fn tell(&self, topic: &str, payload: &str, retained: bool) {
        self.client.publish(topic, QoS::AtLeastOnce, retained, payload).unwrap();
    }

    /// Waits until so many messages came on a topic that is none of the devices' own.
    pub fn wait_for_foreign(&self, topic: &str, times: usize) -> Vec<Foreign> {
        let start = Instant::now();
        loop {
            let all = self.foreign.lock().unwrap().clone();
            let found: Vec<Foreign> = all.into_iter().filter(|foreign| foreign.topic == topic).collect();
            if found.len() >= times {
                return found;
            }
            assert!(start.elapsed() < PATIENCE, "waited {PATIENCE:?} for {times} messages on {topic}: {found:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the first message on `leaf`.
    pub fn wait_for(&self, leaf: Leaf) -> Heard {
        let heard = self.wait(leaf.word(), |heard| heard.iter().any(|h| h.leaf == leaf));
        heard.into_iter().find(|h| h.leaf == leaf).unwrap()
    }
}

/// The mood messages among what was heard, each once: a change may be said twice, with the same number.
pub fn moods(heard: &[Heard]) -> Vec<MoodMessage> {
    let mut moods: Vec<MoodMessage> = Vec::new();
    for heard in heard.iter().filter(|h| h.leaf == Leaf::Mood) {
        let message = MoodMessage::parse(&heard.payload).expect("the device keeps the contract");
        if moods.last().is_none_or(|last| last.seq != message.seq) {
            moods.push(message);
        }
    }
    moods
}

fn words(heard: &[Heard]) -> Vec<String> {
    let short = |h: &Heard| String::from_utf8_lossy(&h.payload).chars().take(60).collect::<String>();
    heard.iter().map(|h| format!("{}: {}", h.leaf.word(), short(h))).collect()
}
