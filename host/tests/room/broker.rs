//! The embedded broker as devices meet it: MQTT 3.1.1 clients, wills, retained messages, restarts.

use std::{net::SocketAddr, time::Duration};

use moodring_host::{
    broker::{BrokerError, Embedded},
    library::Store,
};
use rumqttc::{AsyncClient, Event, LastWill, MqttOptions, Packet, Publish, QoS};
use tokio::{sync::mpsc, time::timeout};

const SOON: Duration = Duration::from_secs(10);

/// A client and what it receives; the event loop ends with the receiver.
fn client(id: &str, at: SocketAddr, will: Option<LastWill>) -> (AsyncClient, mpsc::Receiver<Publish>) {
    let mut options = MqttOptions::new(id, at.ip().to_string(), at.port());
    options.set_keep_alive(Duration::from_secs(5));
    if let Some(will) = will {
        options.set_last_will(will);
    }
    let (client, mut events) = AsyncClient::new(options, 16);
    let (heard, receiver) = mpsc::channel(64);
    tokio::spawn(async move {
        loop {
            match events.poll().await {
                Ok(_) if heard.is_closed() => return,
                Ok(Event::Incoming(Packet::Publish(publish))) => {
                    let _ = heard.send(publish).await;
                }
                Ok(_) => {}
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    });
    (client, receiver)
}

async fn next(receiver: &mut mpsc::Receiver<Publish>) -> (String, Vec<u8>, bool) {
    let publish = timeout(SOON, receiver.recv()).await.expect("a message in time").expect("an open client");
    (publish.topic, publish.payload.to_vec(), publish.retain)
}

fn any_port() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

#[tokio::test(flavor = "multi_thread")]
async fn retained_messages_survive_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let broker = Embedded::start(any_port(), &store).await.unwrap();
    let (publisher, _held) = client("a", broker.address, None);
    for (topic, payload) in [
        ("moodring/a/mood", "m1"),
        ("moodring/a/mood", "m2"),
        ("moodring/a/screen", "removed below"),
        ("moodring/a/screen", ""),
        ("moodring/b/screen", "a picture"),
        ("moodring/b/status", "online"),
    ] {
        publisher.publish(topic, QoS::AtLeastOnce, true, payload).await.unwrap();
    }
    // Heard by a second client, so the broker has them all.
    let (second, mut heard) = client("b", broker.address, None);
    second.subscribe("moodring/#", QoS::AtLeastOnce).await.unwrap();
    let mut seen = Vec::new();
    while !(seen.contains(&"m2".to_owned()) && seen.contains(&"online".to_owned())) {
        seen.push(String::from_utf8(next(&mut heard).await.1).unwrap());
    }
    drop((heard, _held));
    broker.stop().await;

    let broker = Embedded::start(any_port(), &store).await.unwrap();
    let (reader, mut heard) = client("c", broker.address, None);
    reader.subscribe("moodring/#", QoS::AtLeastOnce).await.unwrap();
    let mut kept = vec![next(&mut heard).await, next(&mut heard).await, next(&mut heard).await];
    kept.sort();
    let message = |topic: &str, payload: &str| (topic.to_owned(), payload.as_bytes().to_vec(), true);
    assert_eq!(
        kept,
        [
            message("moodring/a/mood", "m2"),
            message("moodring/b/screen", "a picture"),
            message("moodring/b/status", "online")
        ]
    );
    // What is published while somebody listens is not marked as retained.
    reader.publish("moodring/a/mood", QoS::AtLeastOnce, true, "m3").await.unwrap();
    assert_eq!(next(&mut heard).await, ("moodring/a/mood".into(), b"m3".to_vec(), false));
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_device_leaves_its_will() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let broker = Embedded::start(any_port(), &store).await.unwrap();
    let (watcher, mut heard) = client("watcher", broker.address, None);
    watcher.subscribe("moodring/+/status", QoS::AtLeastOnce).await.unwrap();
    let will = LastWill::new("moodring/a/status", "offline", QoS::AtLeastOnce, true);
    let (device, held) = client("device", broker.address, Some(will));
    device.publish("moodring/a/status", QoS::AtLeastOnce, true, "online").await.unwrap();
    assert_eq!(next(&mut heard).await.1, b"online");
    // The event loop ends with its receiver at the next packet: the connection breaks without a goodbye.
    drop(held);
    device.publish("moodring/a/x", QoS::AtLeastOnce, false, "last").await.unwrap();
    // "At least once": the first word may come twice.
    let mut word = next(&mut heard).await.1;
    while word == b"online" {
        word = next(&mut heard).await.1;
    }
    assert_eq!(word, b"offline");
    broker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let taken = std::net::TcpListener::bind(any_port()).unwrap();
    let at = taken.local_addr().unwrap();
    let error = Embedded::start(at, &store).await.err().expect("a taken port");
    assert!(matches!(error, BrokerError::Taken(found) if found == at), "{error}");
    assert!(error.to_string().contains("set mqtt.port to a free one"), "{error}");
}
