//! What the deck makes of what its calls brought, and of those that went wrong.

use std::time::{Duration, Instant};

use super::{
    AT_ONCE, Act, Cause, Current, Deck, FIND_EVERY, Handed, Piece, Place, SETTLE, STALE, Said, Saw, Start, choose,
};
use crate::{
    limit::{Class, find_every},
    reply::Device,
    trouble::{Limit, Trouble},
};

impl Deck {
    /// Takes in what a call brought.
    pub fn done(&mut self, act: Act, outcome: Result<Saw, Trouble>, now: Instant) {
        match outcome {
            Ok(saw) => {
                self.failures = 0;
                if self.silent.is_some_and(|cause| cause != Cause::Device) {
                    self.back();
                }
                self.went(act, saw, now);
            }
            Err(trouble) => self.went_wrong(act, trouble, now),
        }
    }

    pub(super) fn went(&mut self, act: Act, saw: Saw, now: Instant) {
        match act {
            Act::Look(_) => {
                if let Saw::Playback(playback) = saw {
                    self.see(playback, now);
                }
            }
            Act::Devices => {
                if let Saw::Devices(devices) = saw {
                    self.find(&devices, now);
                }
            }
            Act::Start(..) => self.started(now),
            Act::Pause(_) => {
                self.pause_due = false;
                self.runs(false, now);
            }
            Act::Resume(_) => {
                self.resume_due = false;
                self.runs(true, now);
            }
            Act::Skip(_) => self.skipped(now),
            Act::Enqueue(_, uri) => self.handed_over(uri, true),
            Act::Volume(..) => self.volume = None,
        }
    }

    /// A track was put into the device's queue; `sure`: and is known to have arrived.
    fn handed_over(&mut self, uri: String, sure: bool) {
        let wanted = self
            .next
            .iter()
            .chain(&self.then)
            .find(|piece| piece.uri == uri && !self.handed.iter().any(|h| h.live && h.piece.tag == piece.tag));
        let piece = wanted.cloned().unwrap_or(Piece { tag: 0, uri, length: None });
        let live = piece.tag != 0;
        self.handed.push_back(Handed { piece, live, sure });
    }

    pub(super) fn started(&mut self, now: Instant) {
        let Some(Start { piece, from }) = self.start.take() else { return };
        self.engaged = true;
        self.seize = false;
        self.missing_since = None;
        self.resume_due = false;
        self.pass_due = false;
        self.displaced = false;
        self.replaces(&piece.uri, now);
        self.settled = now + SETTLE;
        self.look_at = Some(now + AT_ONCE);
        // It plays now, and would play again when its turn in the queue comes.
        self.handed.iter_mut().filter(|h| h.piece.tag == piece.tag).for_each(|h| h.live = false);
        let again = self.current.as_ref().is_some_and(|current| current.piece.tag == piece.tag);
        if !again {
            self.ended();
            self.said.push(Said::Started(piece.tag, piece.length));
        }
        self.current = Some(Current { piece, progress: from, at: now, runs: true });
        if self.silent.is_some() {
            self.back();
        }
    }

    /// This takes the place of what played, which may be shown for a while yet.
    fn replaces(&mut self, uri: &str, now: Instant) {
        let current = self.current.as_ref().map(|current| current.piece.uri.clone());
        self.replaced = current.into_iter().chain(self.seen.clone()).filter(|before| before != uri).collect();
        self.replaced_until = now + STALE;
    }

    /// The track has ended and nothing followed it there: on to what is wanted.
    pub(super) fn over(&mut self, now: Instant) {
        // What may have come into the device's queue has not.
        self.handed.retain(|handed| handed.sure);
        self.ended();
        if let Some(next) = self.next.take() {
            self.begin(next, Duration::ZERO, now);
        }
    }

    /// Whatever played has ended.
    pub(super) fn ended(&mut self) {
        if let Some(current) = self.current.take() {
            self.said.push(Said::Ended(current.piece.tag));
        }
    }

    pub(super) fn runs(&mut self, runs: bool, now: Instant) {
        if let Some(current) = &mut self.current {
            current.progress = current.progress(now);
            current.at = now;
            current.runs = runs;
        }
        self.missing_since = None;
        self.settled = now + SETTLE;
        self.quiet_looks = 0;
        self.look_at = self.current.is_some().then_some(now + SETTLE);
    }

    pub(super) fn skipped(&mut self, now: Instant) {
        let by_order = std::mem::take(&mut self.skip_due);
        self.pass_due = false;
        self.settled = now + Duration::from_millis(300);
        self.look_at = Some(self.settled);
        if by_order && let Some(front) = self.handed.pop_front() {
            self.replaces(&front.piece.uri, now);
            self.ended();
            self.begun(front.piece, Duration::ZERO, now);
            self.settled = now + SETTLE;
        }
    }

    /// A track of the queue has begun.
    pub(super) fn begun(&mut self, piece: Piece, progress: Duration, now: Instant) {
        self.next.take_if(|next| next.tag == piece.tag);
        self.then.retain(|then| then.tag != piece.tag);
        self.displaced = false;
        self.said.push(Said::Started(piece.tag, piece.length));
        self.current = Some(Current { piece, progress, at: now, runs: true });
        self.hand_not_before = self.hand_not_before.max(now + AT_ONCE);
    }

    pub(super) fn back(&mut self) {
        self.silent = None;
        self.said.push(Said::Back);
    }

    pub(super) fn silent(&mut self, cause: Cause, words: String) {
        if self.silent != Some(cause) {
            self.silent = Some(cause);
            self.said.push(Said::Silent(cause, words));
        }
    }

    pub(super) fn went_wrong(&mut self, act: Act, trouble: Trouble, now: Instant) {
        let words = match &trouble {
            // Until the next try, that is, and not until all is well.
            Trouble::Later { why: Limit::Failing, .. } => Trouble::Away("the last calls failed".to_owned()).to_string(),
            _ => trouble.to_string(),
        };
        match (&act, &trouble) {
            (Act::Enqueue(_, uri), _) => {
                // The next is started by itself when the current one ends.
                self.hand_not_before = now + Duration::from_secs(30);
                // What may have arrived is not handed over once more.
                if matches!(trouble, Trouble::Away(_) | Trouble::Unreadable(_)) {
                    self.handed_over(uri.clone(), false);
                }
                return;
            }
            (Act::Look(Class::Look), Trouble::Later { why: Limit::Budget, .. }) => {
                // What is left is for playing: the music goes on, and its end is looked at all the same.
                self.look_at = self.next_look(now);
                return;
            }
            (Act::Volume(..), _) => {
                self.volume = None;
                return;
            }
            (_, Trouble::NoDevice) => return self.lost(now),
            // "Restriction violated": it is so already.
            (Act::Pause(_), Trouble::Refused { .. }) => {
                self.pause_due = false;
                return self.runs(false, now);
            }
            (Act::Resume(_), Trouble::Refused { .. }) => {
                self.resume_due = false;
                return self.runs(true, now);
            }
            (Act::Skip(_), Trouble::Refused { .. } | Trouble::Away(_) | Trouble::Unreadable(_)) => {
                self.skip_due = false;
                self.pass_due = false;
                // It may have arrived: what plays now is looked at before anything is started.
                self.seen_at = None;
                if let Some(next) = self.next.take() {
                    self.begin(next, Duration::ZERO, now);
                }
            }
            (Act::Start(..), Trouble::Refused { .. }) => {
                if let Some(start) = self.start.take() {
                    let again = self.current.as_ref().is_some_and(|c| c.piece.tag == start.piece.tag);
                    self.current.take_if(|_| again);
                    self.said.push(Said::Failed(start.piece.tag, words.clone()));
                    if self.current.is_none()
                        && let Some(next) = self.next.take()
                    {
                        self.begin(next, Duration::ZERO, now);
                    }
                }
            }
            _ => {}
        }
        self.failures = self.failures.saturating_add(1);
        self.not_before = now + Duration::from_secs(1 << self.failures.min(5));
        let cause = match trouble {
            Trouble::LogIn(_) => Cause::LogIn,
            Trouble::NoPremium => Cause::Premium,
            Trouble::Later { why: Limit::Failing, .. } | Trouble::Away(_) | Trouble::Unreadable(_) => Cause::Away,
            Trouble::Later { .. } => Cause::Limit,
            Trouble::NoDevice | Trouble::Refused { .. } | Trouble::Stopping => return,
        };
        // One look that fails is no silence: the music goes on, unless it waits for that look.
        let waits = matches!(act, Act::Start(..) | Act::Look(Class::Play));
        if self.failures > 2 || cause != Cause::Away || waits {
            self.silent(cause, words);
        }
    }

    /// The device is gone: what played is to go on where it was, once it is back.
    pub(super) fn lost(&mut self, now: Instant) {
        let name = self.place.take().map(|place| place.name);
        self.find_at = now;
        if self.missing_since.is_some() {
            // It was found, and does nothing.
            self.missing(now);
        }
        self.seen_at = None;
        self.look_at = None;
        self.pause_due = false;
        self.skip_due = false;
        self.pass_due = false;
        self.resume_due = false;
        // Its queue went with it.
        self.handed.clear();
        if let Some(current) = self.current.as_mut() {
            current.progress = current.progress(now);
            current.at = now;
            current.runs = false;
            if self.start.is_none() {
                self.start = Some(Start { piece: current.piece.clone(), from: current.progress });
            }
        }
        if let Some(name) = name {
            let words = format!("the Spotify device “{name}” is gone; it goes on when it is back, or choose another");
            self.silent(Cause::Device, words);
        }
    }

    pub(super) fn find(&mut self, devices: &[Device], now: Instant) {
        self.missing_since.get_or_insert(now);
        match choose(devices, &self.wanted_device) {
            Ok(device) => {
                let id = device.id.clone().unwrap_or_default();
                let volume = device.supports_volume.unwrap_or(true);
                self.place = Some(Place { id, name: device.name.clone(), volume });
                if self.silent.is_some() {
                    self.back();
                }
            }
            Err(words) => {
                self.missing(now);
                self.silent(Cause::Device, words);
            }
        }
    }

    /// It is looked for again later, and ever more rarely, until it plays or somebody asks for it.
    fn missing(&mut self, now: Instant) {
        let missing = self.missing_since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        self.find_at = now + find_every(FIND_EVERY, missing);
    }
}
