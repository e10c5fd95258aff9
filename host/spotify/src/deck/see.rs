//! What is made of what the account is seen to play: whose doing it is, and so who goes first.

use std::time::{Duration, Instant};

use super::{Cause, Current, Deck, Handed, Said, types::END};
use crate::reply::{Device, Piece as Seen, Playback};

/// Soon: something is under way.
const SOON: Duration = Duration::from_millis(900);

/// A look at a track's end, so long after it should have ended.
const AFTER_END: Duration = Duration::from_millis(250);

/// During a pause looks become rarer, up to this.
const RARE: Duration = Duration::from_secs(120);

impl Deck {
    /// Takes in what the account plays.
    pub(super) fn see(&mut self, playback: Option<Playback>, now: Instant) {
        self.seen_at = Some(now);
        self.look_at = None;
        self.seen = playback.as_ref().and_then(|playback| playback.item.as_ref()).map(|item| item.uri.clone());
        if !self.engaged {
            return self.see_before(playback.as_ref(), now);
        }
        let settling = now < self.settled;
        match playback {
            Some(Playback { item: Some(item), is_playing, progress_ms, device }) => {
                if let Some(device) = device.as_ref().filter(|_| !settling) {
                    self.follow(&item, device);
                }
                let on = device.as_ref().map(|device| device.name.as_str());
                self.see_item(&item, on, is_playing, Duration::from_millis(progress_ms), settling, now);
            }
            // Advertisements, private sessions, the moment between two tracks.
            Some(Playback { is_playing: true, .. }) => self.look_at = Some(now + SOON * 5),
            Some(_) | None if settling => self.look_at = Some(now + SOON),
            Some(_) | None => self.see_nothing(now),
        }
        if self.look_at.is_none() && !self.gave_way {
            self.look_at = self.next_look(now);
        }
    }

    /// Our music was moved to another device in the app: it is followed there.
    fn follow(&mut self, item: &Seen, device: &Device) {
        let current = self.current.iter().map(|current| &current.piece);
        let ours = current.chain(self.handed.iter().map(|handed| &handed.piece)).any(|piece| item.is(&piece.uri));
        if ours
            && self.start.is_none()
            && let (Some(id), Some(place)) = (&device.id, &mut self.place)
        {
            place.id.clone_from(id);
            place.name.clone_from(&device.name);
        }
    }

    /// Before the first track is started, or after a long time: does somebody else listen?
    fn see_before(&mut self, playback: Option<&Playback>, now: Instant) {
        let Some(playback) = playback.filter(|playback| playback.is_playing) else { return };
        let ours = |item: &Seen| self.start.as_ref().is_some_and(|start| item.is(&start.piece.uri));
        if !self.seize && !playback.item.as_ref().is_some_and(ours) {
            self.give_way(playback.item.as_ref(), playback.device.as_ref().map(|device| device.name.as_str()), now);
        }
    }

    fn give_way(&mut self, item: Option<&Seen>, device: Option<&str>, now: Instant) {
        let what = item.map(|item| format!("“{}”", item.name)).unwrap_or_else(|| "something else".to_owned());
        let at = device.map(|name| format!(" on “{name}”")).unwrap_or_default();
        self.forget();
        self.gave_way = true;
        // Whoever asks again means the device that was chosen, wherever the others listen.
        self.place = None;
        self.find_now(now);
        self.said.push(Said::GaveWay(format!(
            "somebody listens to {what}{at} with this Spotify account; press play here to take over"
        )));
    }

    fn see_item(
        &mut self,
        item: &Seen,
        on: Option<&str>,
        plays: bool,
        progress: Duration,
        settling: bool,
        now: Instant,
    ) {
        if let Some(current) = self.current.as_mut().filter(|current| item.is(&current.piece.uri)) {
            current.piece.length = item.length().or(current.piece.length);
            let anew = plays && progress + END < current.progress(now) && current.followed_by(progress, now);
            if !anew {
                return self.see_current(plays, progress, settling, now);
            }
            // It begins once more: out of the queue, or because somebody has it repeated.
            if !self.handed.front().is_some_and(|front| item.is(&front.piece.uri)) {
                self.ended();
                return self.pass(now);
            }
        }
        if now < self.replaced_until && self.replaced.iter().any(|uri| item.is(uri)) {
            // The start has not come through yet.
            self.look_at = Some(now + SOON);
            return;
        }
        if let Some(at) = self.handed.iter().position(|handed| item.is(&handed.piece.uri)) {
            return self.see_handed(at, item, plays, progress, now);
        }
        if settling || self.start.is_some() {
            self.look_at = Some(now + SOON);
            return;
        }
        let empty = !self.handed.iter().any(Handed::waits);
        let by_itself = self.current.as_ref().is_none_or(|current| empty && current.followed_by(progress, now));
        if by_itself && self.next.is_some() {
            // Spotify goes on with something similar when its list is at an end.
            return self.over(now);
        }
        if plays {
            return self.give_way(Some(item), on, now);
        }
        // Somebody listened to something else and paused: so is ours.
        self.displaced = true;
        if let Some(current) = self.current.as_mut().filter(|current| current.runs) {
            current.progress = current.progress(now);
            current.at = now;
            self.turned(false);
        }
    }

    /// The current track is seen.
    fn see_current(&mut self, plays: bool, progress: Duration, settling: bool, now: Instant) {
        self.displaced = false;
        let Some(current) = self.current.as_mut() else { return };
        if !plays && !settling && current.runs && current.stopped_by_itself(progress, now) {
            // At its end with nothing to follow, Spotify goes back to its beginning and stops.
            return self.over(now);
        }
        if plays == current.runs || !settling {
            *current = Current { piece: current.piece.clone(), progress, at: now, runs: current.runs };
        }
        if settling || plays == current.runs || self.pause_due || self.resume_due || self.start.is_some() {
            return;
        }
        self.turned(plays);
    }

    /// Somebody paused, or went on, in the app.
    fn turned(&mut self, plays: bool) {
        if let Some(current) = &mut self.current {
            current.runs = plays;
        }
        self.paused = !plays;
        self.pause_at = None;
        self.quiet_looks = 0;
        self.said.push(if plays { Said::Resumed } else { Said::Paused });
    }

    /// A track that we put into the queue is seen.
    fn see_handed(&mut self, at: usize, item: &Seen, plays: bool, progress: Duration, now: Instant) {
        let by_itself = self.current.as_ref().is_none_or(|current| current.at_its_end(now));
        self.handed.drain(..at);
        let Some(handed) = self.handed.pop_front() else { return };
        if let Some(current) = self.current.take() {
            let tag = current.piece.tag;
            self.said.push(if by_itself { Said::Ended(tag) } else { Said::Skipped(tag) });
        }
        // What is to be started, as nothing was heard of a skip, may have begun by that skip.
        if self.start.take_if(|start| start.piece.tag == handed.piece.tag).is_none() {
            let wanted = self.next.iter().chain(&self.then).any(|piece| piece.tag == handed.piece.tag);
            if !handed.live || !wanted {
                return self.pass(now);
            }
            // What was to come before it was skipped as well.
            self.next.take_if(|next| next.tag != handed.piece.tag);
        }
        let mut piece = handed.piece;
        piece.length = item.length().or(piece.length);
        self.begun(piece, progress, now);
        if let Some(current) = self.current.as_mut().filter(|_| !plays) {
            current.runs = false;
            self.paused = true;
            self.said.push(Said::Paused);
        }
    }

    /// What plays now is not wanted: on to what is, or to silence.
    fn pass(&mut self, now: Instant) {
        if self.start.is_some() {
            // That takes its place.
            return;
        }
        if self.handed.iter().any(Handed::waits) {
            self.pass_due = true;
        } else if let Some(next) = self.next.take() {
            self.begin(next, Duration::ZERO, now);
        } else {
            self.pause_due = true;
        }
    }

    /// Nothing plays anywhere.
    fn see_nothing(&mut self, now: Instant) {
        let Some(current) = self.current.as_ref() else { return };
        if current.at_its_end(now) {
            self.over(now);
        } else if current.runs {
            // The device went away in the middle of it.
            self.lost(now);
        } else if self.quiet_looks > 3 {
            // A paused device that sleeps: it is looked for when it is needed.
            self.look_at = Some(now + RARE);
        }
    }

    /// When to look again, if nothing happens.
    pub(super) fn next_look(&mut self, now: Instant) -> Option<Instant> {
        let every = match self.current.as_ref() {
            Some(_) if self.silent == Some(Cause::Device) => return None,
            Some(current) if current.runs => {
                self.quiet_looks = 0;
                let regular = now + self.look_every;
                let end = current.ends().map(|ends| ends.max(now) + AFTER_END);
                return Some(end.map_or(regular, |end| end.min(regular)));
            }
            Some(_) => self.look_every,
            None if self.engaged => SOON,
            None => return None,
        };
        let rare = every.saturating_mul(1 << self.quiet_looks.min(8)).min(RARE);
        self.quiet_looks = self.quiet_looks.saturating_add(1);
        Some(now + rare)
    }
}
