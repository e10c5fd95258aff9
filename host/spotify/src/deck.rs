//! What to tell a Connect device, and what is made of what it does: pure, with time as a parameter.
//!
//! In: orders ([`Order`]), the outcomes of calls, the time. Out: the next call to make ([`Act`]), what
//! happened ([`Said`]), and when to look again. Nothing here waits or fails.
//!
//! Spotify knows no "clear the queue", so few tracks are handed over, and late; one that is handed over
//! and no longer wanted is passed over when its turn comes. What somebody does in Spotify's own app goes
//! first: their pause is a pause, their skip a skip, and to other music this deck gives way until it is
//! asked again.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::limit::Class;

mod hand;
mod outcome;
mod see;
#[cfg(test)]
mod tests;
mod types;

use types::{Current, Place, Start};

pub use hand::{choose, hand_over};
pub use types::{Act, Cause, Handed, Order, Piece, Said, Saw, Tag};

/// After a command, what the device says may be old for so long.
const SETTLE: Duration = Duration::from_millis(2500);

/// After a start, what played before it may be shown for so long.
const STALE: Duration = Duration::from_secs(10);

/// While no device is there it is looked for so often at first.
const FIND_EVERY: Duration = Duration::from_secs(10);

/// What a look showed is good for so long before a track is started or goes on.
const GOOD: Duration = Duration::from_secs(12);

/// The length of a track where it is not known.
const USUAL: Duration = Duration::from_secs(240);

/// A fade is not possible on a Connect device: a pause to come waits for the fade's end.
const AT_ONCE: Duration = Duration::from_secs(1);

/// A pause at the end is tried for so long: later it would be somebody else's music that pauses.
const END_WITHIN: Duration = Duration::from_secs(60);

/// All that is known and wanted.
#[derive(Debug)]
pub struct Deck {
    wanted_device: String,
    look_every: Duration,
    place: Option<Place>,
    find_at: Instant,
    /// Since when the device is looked for, while it does not play.
    missing_since: Option<Instant>,
    start: Option<Start>,
    current: Option<Current>,
    next: Option<Piece>,
    then: Vec<Piece>,
    handed: VecDeque<Handed>,
    wanted_since: Instant,
    hand_not_before: Instant,
    paused: bool,
    pause_at: Option<Instant>,
    pause_due: bool,
    resume_due: bool,
    skip_due: bool,
    /// A track in the queue that is no longer wanted plays: it is to be passed over.
    pass_due: bool,
    /// Something else lies paused where ours did.
    displaced: bool,
    volume: Option<u8>,
    engaged: bool,
    /// When it was last told to stop.
    stopped: Instant,
    seize: bool,
    gave_way: bool,
    seen_at: Option<Instant>,
    /// The address of what was seen last.
    seen: Option<String>,
    /// What the last start took the place of; it may be shown until then.
    replaced: Vec<String>,
    replaced_until: Instant,
    settled: Instant,
    look_at: Option<Instant>,
    quiet_looks: u32,
    failures: u32,
    not_before: Instant,
    silent: Option<Cause>,
    told_position: Instant,
    said: Vec<Said>,
}

impl Deck {
    /// An empty deck for the device of this name, which looks what the device does so often.
    pub fn new(device: &str, look_every: Duration, now: Instant) -> Self {
        Self {
            wanted_device: device.to_owned(),
            look_every,
            place: None,
            find_at: now,
            missing_since: None,
            start: None,
            current: None,
            next: None,
            then: Vec::new(),
            handed: VecDeque::new(),
            wanted_since: now,
            hand_not_before: now,
            paused: false,
            pause_at: None,
            pause_due: false,
            resume_due: false,
            skip_due: false,
            pass_due: false,
            displaced: false,
            volume: None,
            engaged: false,
            stopped: now,
            seize: false,
            gave_way: false,
            seen_at: None,
            seen: None,
            replaced: Vec::new(),
            replaced_until: now,
            settled: now,
            look_at: None,
            quiet_looks: 0,
            failures: 0,
            not_before: now,
            silent: None,
            told_position: now,
            said: Vec::new(),
        }
    }

    /// What happened since the last call.
    pub fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    /// How often to look from now on.
    pub const fn look_every(&mut self, every: Duration) {
        self.look_every = every;
    }

    /// The name of the device in use, if there is one.
    pub fn device(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.name.as_str())
    }

    /// Takes an order.
    pub fn order(&mut self, order: Order, now: Instant) {
        match order {
            Order::Play(piece) => {
                self.asked_again();
                self.paused = false;
                self.pause_at = None;
                self.pause_due = false;
                self.resume_due = false;
                self.skip_due = false;
                self.begin(piece, Duration::ZERO, now);
            }
            Order::Next(piece) => {
                self.want(now);
                if self.current.is_none() && self.start.is_none() {
                    self.begin(piece, Duration::ZERO, now);
                } else {
                    self.next = Some(piece);
                }
            }
            Order::Then(pieces) => {
                self.want(now);
                self.then = pieces;
            }
            Order::ClearNext => {
                self.want(now);
                self.next = None;
                self.then.clear();
            }
            Order::Pause(over) => {
                self.paused = true;
                self.resume_due = false;
                if over > AT_ONCE {
                    self.pause_at = Some(now + over);
                } else {
                    // Before anything was started, what plays is somebody else's.
                    self.pause_due |= self.engaged;
                }
            }
            Order::Resume => {
                self.asked_again();
                self.find_now(now);
                self.paused = false;
                self.pause_at = None;
                self.pause_due = false;
                self.resume_due = self.current.as_ref().is_some_and(|current| !current.runs);
            }
            Order::Skip => self.skip(now),
            Order::Volume(loudness) => self.volume = Some((loudness.clamp(0.0, 1.0) * 100.0).round() as u8),
            Order::Device(name) => self.move_to(name, now),
            Order::Stop => {
                let plays = self.engaged && self.current.as_ref().is_some_and(|current| current.runs);
                let pause_due = self.pause_due || plays;
                self.forget();
                self.pause_due = pause_due;
                self.stopped = now;
                // Whoever asks again is told again.
                self.silent = None;
                self.find_now(now);
            }
        }
    }

    /// Somebody wants music again after we gave way: then it is taken over.
    fn asked_again(&mut self) {
        self.seize |= std::mem::take(&mut self.gave_way);
    }

    fn begin(&mut self, piece: Piece, from: Duration, now: Instant) {
        self.start = Some(Start { piece, from });
        self.not_before = self.not_before.min(now);
    }

    /// The device is looked for at once, and soon again.
    fn find_now(&mut self, now: Instant) {
        self.find_at = now;
        self.missing_since = None;
    }

    fn want(&mut self, now: Instant) {
        self.wanted_since = now;
        self.hand_not_before = self.hand_not_before.max(now);
    }

    fn skip(&mut self, now: Instant) {
        let Some(next) = self.next.clone() else { return };
        let in_queue = self.handed.front().is_some_and(|front| front.waits() && front.piece.tag == next.tag);
        if in_queue && !self.paused && self.current.as_ref().is_some_and(|current| current.runs) {
            self.skip_due = true;
        } else {
            self.next = None;
            self.begin(next, Duration::ZERO, now);
        }
    }

    fn move_to(&mut self, name: String, now: Instant) {
        if self.wanted_device == name {
            return;
        }
        self.wanted_device = name;
        self.place = None;
        self.find_now(now);
        if let Some(current) = self.current.as_ref().filter(|_| self.start.is_none()) {
            let from = current.progress(now);
            self.start = Some(Start { piece: current.piece.clone(), from });
        }
    }

    /// Forgets what was ordered; what lies in the device's queue cannot be taken back.
    fn forget(&mut self) {
        self.start = None;
        self.current = None;
        self.next = None;
        self.then.clear();
        self.handed.iter_mut().for_each(|handed| handed.live = false);
        self.pause_at = None;
        self.pause_due = false;
        self.resume_due = false;
        self.skip_due = false;
        self.pass_due = false;
        self.engaged = false;
        self.look_at = None;
    }

    /// The next call to make, if one is due.
    pub fn act(&mut self, now: Instant) -> Option<Act> {
        if self.gave_way || now < self.not_before {
            return None;
        }
        if self.pause_at.take_if(|at| now >= *at).is_some() {
            self.pause_due = true;
        }
        if !self.engaged && now >= self.stopped + END_WITHIN {
            self.pause_due = false;
        }
        self.begin_anew(now);
        let starts = self.start.is_some() && !self.paused;
        let Some(place) = self.place.clone() else {
            return ((starts || self.resume_due) && now >= self.find_at).then_some(Act::Devices);
        };
        let device = place.id;
        if self.pause_due {
            return Some(Act::Pause(device));
        }
        let is_known = self.seen_at.is_some_and(|at| now < at + GOOD);
        if let Some(start) = self.start.as_ref().filter(|_| starts) {
            if !is_known {
                return Some(Act::Look(Class::Play));
            }
            return Some(Act::Start(device, start.piece.uri.clone(), start.from.as_millis() as u64));
        }
        if self.resume_due {
            return Some(if is_known { Act::Resume(device) } else { Act::Look(Class::Play) });
        }
        if self.skip_due || self.pass_due {
            return Some(Act::Skip(device));
        }
        let plays = self.current.as_ref().is_some_and(|current| current.runs);
        if let Some(percent) = self.volume.filter(|_| plays && place.volume) {
            return Some(Act::Volume(device, percent));
        }
        if self.look_at.is_some_and(|at| now >= at) {
            return Some(Act::Look(self.urgency(now)));
        }
        if let Some(piece) = self.next_to_hand_over(now) {
            return Some(Act::Enqueue(device, piece.uri));
        }
        None
    }

    /// To go on where something else lies is to begin ours where it stood.
    fn begin_anew(&mut self, now: Instant) {
        if self.resume_due
            && self.displaced
            && self.start.is_none()
            && let Some(current) = &self.current
        {
            self.resume_due = false;
            self.start = Some(Start { piece: current.piece.clone(), from: current.progress(now) });
        }
    }

    /// Of a look that was not asked for: at a track's end it is as urgent as what follows.
    fn urgency(&self, now: Instant) -> Class {
        let runs = self.current.as_ref().filter(|current| current.runs);
        let is_over = runs.is_some_and(|current| current.ends().is_none_or(|ends| now >= ends));
        if is_over { Class::Play } else { Class::Look }
    }

    /// When to ask again although nothing was ordered.
    pub fn wake(&self, now: Instant) -> Option<Instant> {
        if self.gave_way {
            return None;
        }
        let starts = self.start.is_some() && !self.paused;
        let wants = starts || self.resume_due;
        let find = (self.place.is_none() && wants).then_some(self.find_at);
        let due = wants || self.pause_due || self.skip_due || self.pass_due;
        let due = (self.place.is_some() && due).then_some(self.not_before.max(now));
        let plays = self.current.as_ref().is_some_and(|current| current.runs);
        let position = plays.then(|| self.told_position + Duration::from_secs(1));
        let hand = (plays && self.next.is_some()).then_some(self.hand_not_before).filter(|at| *at > now);
        let settle = (self.next.is_some()).then_some(self.wanted_since + hand::CALM).filter(|at| *at > now);
        let times = [find, due, position, hand, settle, self.look_at, self.pause_at];
        let soonest = times.into_iter().flatten().min()?;
        Some(if self.not_before > now {
            soonest.max(self.not_before).min(soonest.max(now) + FIND_EVERY)
        } else {
            soonest
        })
    }

    /// While nothing may be asked: when all that the device was given has run out.
    fn runs_out(&self) -> Option<Instant> {
        self.silent.filter(|cause| *cause != Cause::Device)?;
        let rest: Duration = self.handed.iter().map(|handed| handed.piece.length.unwrap_or(USUAL)).sum();
        self.current.as_ref()?.ends().map(|ends| ends + rest + AT_ONCE)
    }

    /// Says how far the current track has come, about once a second.
    pub fn tick(&mut self, now: Instant) {
        if self.runs_out().is_some_and(|at| now >= at) {
            self.handed.clear();
            self.ended();
        }
        if let Some(current) = self.current.as_ref().filter(|current| current.runs)
            && now >= self.told_position + Duration::from_secs(1)
        {
            self.told_position = now;
            self.said.push(Said::Position(current.piece.tag, current.progress(now)));
        }
    }
}
