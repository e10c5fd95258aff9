//! What waits to be sent, in which order, and what may be lost: a pure state machine.
//!
//! In: mood changes, the latest health and screen, and what became of the connection. Out: one
//! [`Parcel`] after another that may be handed to the MQTT client now. Nothing here fails or waits.
//!
//! The policy:
//! - **Mood changes are never lost while the device runs**, up to `capacity`. They leave one at a time, oldest
//!   first; each is kept until the broker acknowledges it, and said again on the next connection if
//!   the acknowledgement did not come. So a subscriber may hear a change twice (same `seq`), but
//!   never out of order. Beyond `capacity` the oldest is dropped and counted; a subscriber sees the gap in `seq`.
//! - The MQTT session is clean: this queue alone remembers what is unacknowledged, so that nothing
//!   depends on what a broker remembers across its restart.
//! - **Repetitions, health, screen and switches: the latest wins.** They are not kept for an absent broker; on
//!   each new connection the current ones are said once, because the broker may have forgotten them.
//! - **A wish is for now**: one that finds the broker away, or others before it that have not left, is
//!   dropped. A song skipped a minute after the button was pressed would be the wrong song.
//! - **The screen is not retained**: a broker would write tens of kilobytes to its disk for each
//!   picture, gigabytes a day. It is said again with each health message, for whoever came since.
//! - At most one parcel of a kind is under way, so a slow network delays a screen and never piles them up.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use moodring_mood::{MoodMessage, Paused, Status, WishMessage, payload::VERSION};

use super::parcel::{Kind, Latest, Parcel, Presentation, Statement};

/// After so long the same mood may be said again because it is surer, less sure, or of other people.
const SETTLED: Duration = Duration::from_secs(2);

/// So many wishes may wait for the network.
const WISHES: usize = 4;

/// A difference in confidence that is worth saying.
const TELLING: f32 = 0.1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goodbye {
    NotYet,
    Wanted,
    /// `offline` was handed over.
    Said,
    /// The disconnect was handed over.
    Leaving,
    Done,
}

/// See the module.
#[derive(Debug)]
pub struct Outbox {
    capacity: usize,
    repeat: Duration,
    moods: VecDeque<MoodMessage>,
    /// Whether the front of `moods` was handed over and is not acknowledged yet.
    front_under_way: bool,
    seq: u64,
    dropped: u64,
    current: Option<Statement>,
    /// What was said last, and when.
    said: Option<(Statement, Instant)>,
    health: Latest<Vec<u8>>,
    screen: Latest<Vec<u8>>,
    paused: Latest<Paused>,
    brightness: Latest<u8>,
    presentation: Latest<Presentation>,
    connected: bool,
    status_due: bool,
    subscribe_due: bool,
    wishes: VecDeque<WishMessage>,
    goodbye: Goodbye,
    /// Publishes handed over, in the order in which the client will write them.
    unwritten: VecDeque<Kind>,
    /// Packet ids written and not acknowledged.
    unacknowledged: Vec<(u16, Kind)>,
}

impl Outbox {
    /// An outbox that keeps `capacity` (at least 1) mood changes and repeats the mood after `repeat` of silence.
    pub fn new(capacity: usize, repeat: Duration) -> Self {
        Self {
            capacity: capacity.max(1),
            repeat,
            moods: VecDeque::new(),
            front_under_way: false,
            seq: 0,
            dropped: 0,
            current: None,
            said: None,
            health: Latest::default(),
            screen: Latest::default(),
            paused: Latest::default(),
            brightness: Latest::default(),
            presentation: Latest::default(),
            connected: false,
            status_due: false,
            subscribe_due: false,
            wishes: VecDeque::new(),
            goodbye: Goodbye::NotYet,
            unwritten: VecDeque::new(),
            unacknowledged: Vec::new(),
        }
    }

    /// The mood changed: this is kept until it is acknowledged.
    pub fn changed(&mut self, statement: Statement, now: Instant) {
        self.current = Some(statement);
        self.push(now);
    }

    /// The mood is what it was: said again when it is time to, or when how sure it is or how many
    /// people there are has changed, and nothing else waits. Returns whether it is said.
    pub fn steady(&mut self, statement: Statement, now: Instant) -> bool {
        self.current = Some(statement);
        let time = self.said.is_none_or(|(said, at)| {
            let since = now.duration_since(at);
            since >= self.repeat || (since >= SETTLED && differs(&said, &statement))
        });
        let repeated = time && self.connected && self.moods.is_empty();
        if repeated {
            self.push(now);
        }
        repeated
    }

    /// The latest health, as JSON. The screen goes with it once more.
    pub fn health(&mut self, json: Vec<u8>) {
        self.health.replace(json);
        self.screen.again();
    }

    /// The latest picture of the panel, as PNG.
    pub fn screen(&mut self, png: Vec<u8>) {
        self.screen.replace(png);
    }

    /// Whether the camera is closed on purpose.
    pub fn paused(&mut self, paused: Paused) {
        self.paused.change(paused);
    }

    /// The brightness of the panel's backlight, per cent.
    pub fn brightness(&mut self, percent: u8) {
        self.brightness.change(percent);
    }

    /// How the device presents itself.
    pub fn presentation(&mut self, presentation: Presentation) {
        self.presentation.replace(presentation);
    }

    /// Home Assistant is back and may have forgotten the presentation.
    pub fn present_again(&mut self) {
        self.presentation.again();
    }

    /// The mood is said again after so much silence from now on.
    pub fn repeat_after(&mut self, repeat: Duration) {
        self.repeat = repeat;
    }

    /// A button was pressed. Returns whether the wish will be said.
    pub fn wish(&mut self, wish: WishMessage) -> bool {
        let room = self.connected && self.wishes.len() < WISHES;
        if room {
            self.wishes.push_back(wish);
        }
        room
    }

    /// Asks for a clean goodbye: changes first, then `offline`, then the disconnect.
    pub fn close(&mut self) {
        if self.goodbye == Goodbye::NotYet {
            self.goodbye = Goodbye::Wanted;
        }
    }

    /// Whether health there is, and all of it has been said.
    pub const fn has_said_health(&self) -> bool {
        self.health.is_said()
    }

    /// Whether the goodbye asked for has been said, or cannot be because the broker is away.
    pub fn closed(&self) -> bool {
        self.goodbye == Goodbye::Done || (self.goodbye != Goodbye::NotYet && !self.connected)
    }

    /// Whether there is a connection.
    pub fn is_connected(&self) -> bool {
        self.connected
    }

    /// Mood changes that wait for a broker or its acknowledgement.
    pub fn waiting(&self) -> usize {
        self.moods.len()
    }

    /// Mood changes lost because more than `capacity` waited.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// The broker accepted the connection.
    pub fn connected(&mut self, now: Instant) {
        self.forget_under_way();
        self.connected = true;
        self.status_due = true;
        self.subscribe_due = true;
        self.paused.again();
        self.brightness.again();
        self.presentation.again();
        self.health.again();
        self.screen.again();
        if self.moods.is_empty() && self.current.is_some() {
            self.push(now);
        }
    }

    /// The connection is gone.
    pub fn disconnected(&mut self) {
        self.forget_under_way();
        self.connected = false;
    }

    /// The client wrote its oldest publish to the network, under this packet id (0 for QoS 0).
    pub fn written(&mut self, packet_id: u16) {
        match self.unwritten.pop_front() {
            Some(Kind::Health) => self.health.settled(),
            Some(Kind::Screen) => self.screen.settled(),
            Some(kind) => self.unacknowledged.push((packet_id, kind)),
            None => {}
        }
    }

    /// The broker acknowledged this packet id.
    pub fn acknowledged(&mut self, packet_id: u16) {
        let Some(place) = self.unacknowledged.iter().position(|&(id, _)| id == packet_id) else { return };
        match self.unacknowledged.remove(place).1 {
            Kind::Mood => {
                self.moods.pop_front();
                self.front_under_way = false;
            }
            Kind::Paused => self.paused.settled(),
            Kind::Brightness => self.brightness.settled(),
            Kind::Presentation => self.presentation.settled(),
            Kind::Status | Kind::Wish | Kind::Health | Kind::Screen => {}
        }
    }

    /// The client wrote the disconnect.
    pub fn said_goodbye(&mut self) {
        self.goodbye = Goodbye::Done;
    }

    /// The next parcel to hand to the client, if one may go now.
    pub fn next_parcel(&mut self) -> Option<Parcel> {
        if !self.connected || self.goodbye == Goodbye::Done {
            return None;
        }
        if std::mem::take(&mut self.status_due) {
            self.unwritten.push_back(Kind::Status);
            return Some(Parcel::Status(Status::Online));
        }
        if std::mem::take(&mut self.subscribe_due) {
            return Some(Parcel::Subscribe);
        }
        if let (false, Some(front)) = (self.front_under_way, self.moods.front()) {
            self.front_under_way = true;
            self.unwritten.push_back(Kind::Mood);
            return Some(Parcel::Mood(front.clone()));
        }
        if let Some(paused) = self.paused.take() {
            self.unwritten.push_back(Kind::Paused);
            return Some(Parcel::Paused(paused));
        }
        if let Some(percent) = self.brightness.take() {
            self.unwritten.push_back(Kind::Brightness);
            return Some(Parcel::Brightness(percent));
        }
        if let Some(presentation) = self.presentation.take() {
            self.unwritten.push_back(Kind::Presentation);
            return Some(Parcel::Presentation(presentation));
        }
        let wish_under_way =
            self.unwritten.contains(&Kind::Wish) || self.unacknowledged.iter().any(|&(_, kind)| kind == Kind::Wish);
        if let Some(wish) = self.wishes.pop_front_if(|_| !wish_under_way) {
            self.unwritten.push_back(Kind::Wish);
            return Some(Parcel::Wish(wish));
        }
        if let Some(json) = self.health.take() {
            self.unwritten.push_back(Kind::Health);
            return Some(Parcel::Health(json));
        }
        if let Some(png) = self.screen.take() {
            self.unwritten.push_back(Kind::Screen);
            return Some(Parcel::Screen(png));
        }
        let idle = self.moods.is_empty() && self.unwritten.is_empty() && self.unacknowledged.is_empty();
        match self.goodbye {
            Goodbye::Wanted if idle => {
                self.goodbye = Goodbye::Said;
                self.unwritten.push_back(Kind::Status);
                Some(Parcel::Status(Status::Offline))
            }
            Goodbye::Said if idle => {
                self.goodbye = Goodbye::Leaving;
                Some(Parcel::Disconnect)
            }
            _ => None,
        }
    }

    fn push(&mut self, now: Instant) {
        let Some(statement) = self.current else { return };
        let Statement { at, mood, confidence, people, scores } = statement;
        self.seq += 1;
        self.said = Some((statement, now));
        self.moods.push_back(MoodMessage { v: VERSION, at, seq: self.seq, mood, confidence, people, scores });
        if self.moods.len() > self.capacity {
            // The front may be on its way already: its acknowledgement must find it.
            self.moods.remove(usize::from(self.front_under_way));
            self.dropped += 1;
        }
    }

    fn forget_under_way(&mut self) {
        self.unwritten.clear();
        self.unacknowledged.clear();
        self.wishes.clear();
        self.front_under_way = false;
        self.paused.settled();
        self.brightness.settled();
        self.presentation.settled();
        self.health.settled();
        self.screen.settled();
        if matches!(self.goodbye, Goodbye::Said | Goodbye::Leaving) {
            self.goodbye = Goodbye::Wanted;
        }
    }
}

/// Whether a reader would want to know.
fn differs(said: &Statement, now: &Statement) -> bool {
    said.people != now.people || (said.confidence.get() - now.confidence.get()).abs() >= TELLING
}

#[cfg(test)]
#[path = "outbox_tests.rs"]
mod tests;
