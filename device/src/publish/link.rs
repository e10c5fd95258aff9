//! The connection to the broker: rumqttc's event loop, fed from the [`Outbox`].
//!
//! In: the outbox, and a nudge whenever something was put into it. Out: parcels to the broker, what
//! plays from it. A connection that fails is logged once and made again after a growing wait.
//!
//! Everything that touches the client runs on one thread and in one task: between the moment the
//! event loop notices a lost connection and the moment the outbox hears of it, nothing can be handed
//! to a client that would send it later, out of order.

use std::{
    cell::{Cell, RefCell},
    sync::{Arc, MutexGuard},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{Command, Leaf, Topic};
use rumqttc::{
    AsyncClient, ClientError, ConnectReturnCode, ConnectionError, Event, EventLoop, Incoming, Outgoing, QoS,
    StateError, SubscribeFilter, SubscribeReasonCode,
};
use tracing::{debug, info, warn};

use super::{
    MqttSettings, Outbox, Parcel, Shared,
    backoff::backoff,
    complaint::{clock_is_unset, explain, explain_loss, is_wrong_login, needs_somebody},
    discovery, paired_options,
};
use crate::pairing::{Bond, Way};

/// A connection that lived this long was a good one: the next attempt need not wait long.
const GOOD: Duration = Duration::from_secs(20);

/// A broker gives back what a device said of itself sooner than this.
const ECHO: Duration = Duration::from_secs(2);

/// The largest packet read. What a host says is far shorter; a longer packet ends the connection.
pub(super) const MAX_INCOMING: usize = 1024 * 1024;

/// Requests that can wait inside the client; the outbox never hands over more than ten at a time, one
/// of a kind.
pub(super) const CHANNEL: usize = 16;

pub(super) struct Link {
    client: AsyncClient,
    shared: Arc<Shared>,
    settings: MqttSettings,
    /// The host that this device is paired with, where the settings name no broker.
    bond: Option<Arc<Bond>>,
    /// `HOST:PORT`, for messages.
    broker: RefCell<String>,
    /// Set when a message too long to read came in: on a new connection it would come in again.
    deaf: Cell<bool>,
    /// Whether it was said that the broker does not let this device hear something.
    unheard: Cell<bool>,
    /// Whether it was said that the clock is not set.
    clock: Cell<bool>,
    /// Since when there is a connection on which health was said.
    unanswered: Cell<Option<Instant>>,
    /// Whether it was said that nothing arrives.
    unsaid: Cell<bool>,
}

impl Link {
    pub(super) fn new(
        client: AsyncClient,
        shared: Arc<Shared>,
        settings: MqttSettings,
        bond: Option<Arc<Bond>>,
    ) -> Self {
        let broker = RefCell::new(settings.broker());
        let no = || Cell::new(false);
        Self {
            client,
            shared,
            settings,
            bond,
            broker,
            deaf: no(),
            unheard: no(),
            clock: no(),
            unanswered: Cell::new(None),
            unsaid: no(),
        }
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
        // What has been said of this outage; each reason once.
        let mut told: Vec<String> = Vec::new();
        let mut way: Option<Way> = None;
        loop {
            if since.is_none() && way.is_none() {
                way = self.take_way(&mut events, attempt).await;
            }
            let polled = tokio::select! {
                polled = events.poll() => polled,
                () = self.unbound(way.as_ref()) => Err(ConnectionError::RequestsDone),
            };
            let error = match polled {
                Ok(event) => {
                    if let Event::Incoming(Incoming::ConnAck(ack)) = &event
                        && ack.code == ConnectReturnCode::Success
                    {
                        since = Some(Instant::now());
                        told.clear();
                        if let (Some(bond), Some(way)) = (&self.bond, &way) {
                            bond.reached(way);
                        }
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
            self.unanswered.set(None);
            events.clean();
            events.pending.clear();
            self.shared.nudge.notify_one();
            let lasted = since.take().map(|since| since.elapsed());
            if let (Some(bond), Some(way)) = (&self.bond, way.take())
                && (bond.way(0).is_none() || (is_wrong_login(&error) && bond.refused(&way)))
            {
                (attempt, told) = (0, Vec::new());
                continue;
            }
            self.tell(&error, lasted.is_some(), &mut told);
            if lasted.is_some_and(|lasted| lasted >= GOOD) {
                attempt = 0;
            }
            let wait = backoff(attempt, fastrand::f64());
            debug!("next attempt to reach the broker {} in {wait:.1?}", self.broker.borrow());
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                // The host is announced elsewhere now, or is another.
                () = self.moved() => {}
            }
            attempt = attempt.saturating_add(1);
        }
    }

    /// Points the event loop at the host that this device is paired with, once it is.
    async fn take_way(&self, events: &mut EventLoop, attempt: u32) -> Option<Way> {
        let bond = self.bond.as_ref()?;
        loop {
            let way = bond.some_way(attempt as usize).await;
            match paired_options(&self.settings, &way, &self.shared.device) {
                Ok(options) => {
                    *self.broker.borrow_mut() = format!("{}:{}", way.host, way.port);
                    events.mqtt_options = options;
                    return Some(way);
                }
                Err(why) => {
                    warn!("the host gave an address that cannot be used: {why}");
                    bond.moved().await;
                }
            }
        }
    }

    /// Returns when the bond over which this connection was made is no more.
    async fn unbound(&self, way: Option<&Way>) {
        let (Some(bond), Some(way)) = (&self.bond, way) else { return std::future::pending().await };
        while bond.way(0).is_some_and(|now| now.password == way.password) {
            bond.moved().await;
        }
    }

    async fn moved(&self) {
        match &self.bond {
            Some(bond) => bond.moved().await,
            None => std::future::pending().await,
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
                if self.shared.twin().noticed() {
                    debug!("connected to the broker {}{late}", self.broker.borrow());
                } else {
                    info!("connected to the broker {}{late}", self.broker.borrow());
                }
            }
            Event::Incoming(Incoming::PubAck(ack)) => self.outbox().acknowledged(ack.pkid),
            Event::Incoming(Incoming::Publish(publish)) => {
                self.shared.hear(&publish.topic, &publish.payload, publish.retain);
            }
            Event::Incoming(Incoming::SubAck(ack)) => {
                if ack.return_codes.contains(&SubscribeReasonCode::Failure) && !self.unheard.replace(true) {
                    warn!(
                        "the broker {} does not let this device hear all it should; allow the user {:?} to read {}",
                        self.broker.borrow(),
                        self.settings.username,
                        self.topics().join(", ")
                    );
                }
            }
            Event::Outgoing(Outgoing::Publish(packet_id)) => self.outbox().written(packet_id),
            Event::Incoming(Incoming::PingResp) => self.listen_for_ourselves(),
            Event::Outgoing(Outgoing::Disconnect) => self.outbox().said_goodbye(),
            _ => return,
        }
        self.shared.nudge.notify_one();
    }

    /// A broker that does not let a device say something drops it, and says nothing. But the device hears
    /// its own health: where that does not come back, nothing arrives.
    fn listen_for_ourselves(&self) {
        if self.shared.twin().has_spoken() || self.unheard.get() || !self.outbox().has_said_health() {
            return;
        }
        let since = self.unanswered.get().unwrap_or_else(Instant::now);
        self.unanswered.set(Some(since));
        if since.elapsed() >= ECHO && !self.unsaid.replace(true) {
            let device = &self.shared.device;
            warn!(
                "what this device says does not arrive: the broker {} drops it without a word; allow the user {:?} \
                 to read and write moodring/{device}/#",
                self.broker.borrow(),
                self.settings.username
            );
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
            Parcel::Brightness(percent) => retained(Leaf::Brightness, QoS::AtLeastOnce, percent.to_string().into()),
            Parcel::Presentation(presentation) => {
                self.client.try_publish(presentation.topic, QoS::AtLeastOnce, true, presentation.payload)
            }
            Parcel::Subscribe => {
                let filter = |topic| SubscribeFilter::new(topic, QoS::AtLeastOnce);
                self.client.try_subscribe_many(self.topics().into_iter().map(filter))
            }
            Parcel::Disconnect => self.client.try_disconnect(),
        }
    }

    /// What this device listens to.
    fn topics(&self) -> Vec<String> {
        let own = |leaf| Topic::new(self.shared.device.clone(), leaf).to_string();
        let mut topics = vec![Command::all_topics(&self.shared.device), own(Leaf::Health)];
        topics.extend((!self.deaf.get()).then(|| own(Leaf::NowPlaying)));
        topics.extend(discovery::birth_topic(&self.settings.discovery));
        topics
    }

    /// Says why there is no connection: once for each outage, and once more for each reason that somebody
    /// must mend. `lost`: there was one until now.
    fn tell(&self, error: &ConnectionError, lost: bool, told: &mut Vec<String>) {
        if let ConnectionError::MqttState(StateError::Deserialization(
            rumqttc::mqttbytes::Error::PayloadSizeLimitExceeded(size),
        )) = error
        {
            self.deaf.set(true);
            warn!(
                "the broker {} sent a message of {size} bytes, more than the {MAX_INCOMING} that are read; \
                 what plays is not shown until this program starts again",
                self.broker.borrow()
            );
            return;
        }
        let now = Timestamp::now();
        if clock_is_unset(now) && !self.clock.replace(true) {
            warn!("the clock is not set: it says {now:.0}; messages bear wrong times until the network sets it");
        }
        let why = if lost { explain_loss } else { explain }(error, &self.settings, now);
        // Two devices of one name throw each other out for ever; that was said, and what to do.
        let quiet = told.contains(&why) || self.shared.twin().noticed();
        if !quiet && told.is_empty() {
            warn!(
                "no connection to the broker {}: {why}; mood changes are kept and sent when it is back",
                self.broker.borrow()
            );
        } else if !quiet && needs_somebody(error) {
            warn!("no connection to the broker {}: {why}", self.broker.borrow());
        } else {
            debug!("no connection to the broker {}: {why}", self.broker.borrow());
            return;
        }
        told.push(why);
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        self.shared.outbox()
    }
}
