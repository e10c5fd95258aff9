//! The connection to the broker: rumqttc's event loop, fed from the [`Outbox`].
//!
//! In: the outbox, and a nudge whenever something was put into it. Out: parcels to the broker, what
//! plays from it. A connection that fails is logged once and made again after a growing wait.
//!
//! Everything that touches the client runs on one thread and in one task: between the moment the
//! event loop notices a lost connection and the moment the outbox hears of it, nothing can be handed
//! to a client that would send it later, out of order.

use std::{
    sync::{Arc, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use moodring_mood::{Leaf, NowPlaying, Topic};
use rumqttc::{
    AsyncClient, ClientError, ConnectionError, Event, EventLoop, Incoming, Outgoing, Publish, QoS, StateError,
};
use tracing::{debug, info, warn};

use super::{Outbox, Parcel, Shared, backoff::backoff};

/// A connection that lived this long was a good one: the next attempt need not wait long.
const GOOD: Duration = Duration::from_secs(20);

/// The largest packet read. What a host says is far shorter; a longer packet ends the connection.
pub(super) const MAX_INCOMING: usize = 1024 * 1024;

/// Requests that can wait inside the client; the outbox never hands over more than seven at a time.
pub(super) const CHANNEL: usize = 16;

pub(super) struct Link {
    client: AsyncClient,
    shared: Arc<Shared>,
    /// `HOST:PORT`, for messages.
    broker: String,
    /// Set when a message too long to read came in: on a new connection it would come in again.
    deaf: std::cell::Cell<bool>,
}

impl Link {
    pub(super) fn new(client: AsyncClient, shared: Arc<Shared>, broker: String) -> Self {
        Self { client, shared, broker, deaf: false.into() }
    }

    /// Runs until the goodbye that [`Outbox::close`] asks for has been said or cannot be.
    pub(super) async fn run(self, events: EventLoop) {
        tokio::select! {
            () = self.poll(events) => {}
            () = self.feed() => {}
        }
    }

    async fn poll(&self, mut events: EventLoop) {
        let mut attempt = 0;
        let mut since: Option<Instant> = None;
        let mut told = false;
        loop {
            let error = match events.poll().await {
                Ok(event) => {
                    if let Event::Incoming(Incoming::ConnAck(_)) = event {
                        since = Some(Instant::now());
                        told = false;
                    }
                    self.on(event);
                    self.hand_over();
                    continue;
                }
                Err(error) => error,
            };
            // What arrived before the connection broke still counts, and must not be taken for news
            // of the next connection; what the client would send again is in the outbox.
            for event in std::mem::take(&mut events.state.events) {
                self.on(event);
            }
            self.outbox().disconnected();
            events.clean();
            events.pending.clear();
            self.shared.nudge.notify_one();
            self.tell(&error, &mut told);
            if since.take().is_some_and(|since| since.elapsed() >= GOOD) {
                attempt = 0;
            }
            let wait = backoff(attempt, fastrand::f64());
            debug!("next attempt to reach the broker {} in {wait:.1?}", self.broker);
            tokio::time::sleep(wait).await;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn feed(&self) {
        while !self.outbox().closed() {
            self.hand_over();
            self.shared.nudge.notified().await;
        }
    }

    fn on(&self, event: Event) {
        match event {
            Event::Incoming(Incoming::ConnAck(_)) => {
                let mut outbox = self.outbox();
                let late = match outbox.waiting() {
                    0 => String::new(),
                    1 => "; one mood change waited for it".to_owned(),
                    n => format!("; {n} mood changes waited for it"),
                };
                outbox.connected(Instant::now());
                info!("connected to the broker {}{late}", self.broker);
            }
            Event::Incoming(Incoming::PubAck(ack)) => self.outbox().acknowledged(ack.pkid),
            Event::Incoming(Incoming::Publish(publish)) => self.hear(&publish),
            Event::Outgoing(Outgoing::Publish(packet_id)) => self.outbox().written(packet_id),
            Event::Outgoing(Outgoing::Disconnect) => self.outbox().said_goodbye(),
            _ => return,
        }
        self.shared.nudge.notify_one();
    }

    fn hear(&self, publish: &Publish) {
        let topic = Topic::parse(&publish.topic);
        if topic.is_none_or(|topic| topic.leaf != Leaf::NowPlaying || topic.device != self.shared.device) {
            debug!("a message on {:?} was not asked for", publish.topic);
            return;
        }
        // An empty payload is how a retained message is taken back.
        let heard = if publish.payload.is_empty() { Ok(None) } else { NowPlaying::parse(&publish.payload).map(Some) };
        match heard {
            Ok(now_playing) => *self.shared.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(now_playing),
            Err(why) => warn!("{}: {why}; ignored", publish.topic),
        }
    }

    /// Hands over all that may go now. Never waits: the client has room for more than the outbox lets out.
    fn hand_over(&self) {
        let mut outbox = self.outbox();
        while let Some(parcel) = outbox.next_parcel() {
            self.send(parcel).expect("the client has room for all parcels that may be under way");
        }
    }

    fn send(&self, parcel: Parcel) -> Result<(), ClientError> {
        let retained = |leaf, qos, payload| {
            let topic = Topic::new(self.shared.device.clone(), leaf).to_string();
            self.client.try_publish(topic, qos, true, payload)
        };
        match parcel {
            Parcel::Status(status) => retained(Leaf::Status, QoS::AtLeastOnce, status.word().into()),
            Parcel::Mood(message) => {
                let json = serde_json::to_vec(&message).expect("a mood message is plain JSON");
                retained(Leaf::Mood, QoS::AtLeastOnce, json)
            }
            Parcel::Paused(paused) => retained(Leaf::Paused, QoS::AtLeastOnce, paused.word().into()),
            Parcel::Wish(message) => {
                let json = serde_json::to_vec(&message).expect("a wish is plain JSON");
                let topic = Topic::new(self.shared.device.clone(), Leaf::Wish).to_string();
                self.client.try_publish(topic, QoS::AtLeastOnce, false, json)
            }
            Parcel::Health(json) => retained(Leaf::Health, QoS::AtMostOnce, json),
            Parcel::Screen(png) => {
                let topic = Topic::new(self.shared.device.clone(), Leaf::Screen).to_string();
                self.client.try_publish(topic, QoS::AtMostOnce, false, png)
            }
            Parcel::Subscribe if self.deaf.get() => Ok(()),
            Parcel::Subscribe => {
                let topic = Topic::new(self.shared.device.clone(), Leaf::NowPlaying).to_string();
                self.client.try_subscribe(topic, QoS::AtLeastOnce)
            }
            Parcel::Disconnect => self.client.try_disconnect(),
        }
    }

    fn tell(&self, error: &ConnectionError, told: &mut bool) {
        if let ConnectionError::MqttState(StateError::Deserialization(
            rumqttc::mqttbytes::Error::PayloadSizeLimitExceeded(size),
        )) = error
        {
            self.deaf.set(true);
            warn!(
                "the broker {} sent a message of {size} bytes, more than the {MAX_INCOMING} that are read; \
                 what plays is not shown until this program starts again",
                self.broker
            );
        } else if !std::mem::replace(told, true) {
            warn!(
                "no connection to the broker {}: {error}; mood changes are kept and sent when it is back",
                self.broker
            );
        } else {
            debug!("no connection to the broker {}: {error}", self.broker);
        }
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.shared.outbox()
    }
}
