//! What is heard, frame by frame: the current track, the next joined to it, fades and volume.
//!
//! Enters: commands as method calls, and [`Voice`]s that deliver decoded sound. Leaves: stereo
//! frames and the [`Event`]s that belong to them. Time is the count of frames rendered, so that
//! the same calls give the same sound on every machine. Cannot fail: a voice that breaks off is
//! an event.

use std::time::Duration;

use super::{
    super::{Event, Fault, PlayId},
    RATE,
    crossfade::{Outgoing, Side, due},
    ramp::Ramp,
};

/// Seconds in which a cut track fades, long enough not to click and too short to notice.
const CUT_S: f32 = 0.02;
/// Seconds in which sound comes back after a pause.
const RESUME_S: f32 = 0.25;
/// Seconds for a change of volume over the whole range.
const VOLUME_S: f32 = 0.1;
/// Frames of silence after which a track that gives nothing is given up: a share that hangs.
const PATIENCE: u64 = 15 * RATE as u64;

/// Decoded sound on its way: stereo, interleaved, [`RATE`] frames a second, -1..=1.
pub(super) trait Voice: Send {
    /// How far the opening has come. Never waits.
    fn opening(&mut self) -> Opening;

    /// Fills the beginning of `out`, which holds whole frames; gives the count of *samples*
    /// filled and, where that is less than all, why. Never waits.
    fn read(&mut self, out: &mut [f32]) -> (usize, Shortfall);

    /// What a fade into or out of it must know, apart from its length.
    fn side(&self) -> Side {
        Side::default()
    }
}

/// How far a voice is with opening its source.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Opening {
    /// Not known yet.
    Pending,
    /// There is sound; its length, where known.
    Ready(Option<Duration>),
    /// It cannot be heard, in words.
    Failed(Fault),
}

/// Why a voice gave less than it was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shortfall {
    /// The rest is not decoded yet.
    NotYet,
    /// That was all.
    Ended,
    /// It cannot go on, in words.
    Broke(Fault),
}

struct Track {
    play: PlayId,
    voice: Box<dyn Voice>,
}

impl Track {
    fn side(&self, length: Option<Duration>) -> Side {
        Side { length, ..self.voice.side() }
    }
}

struct Current {
    track: Track,
    length: Option<Duration>,
    /// Frames heard.
    heard: u64,
    /// Frames of silence since it last gave something.
    starved: u64,
}

/// See the module.
pub(super) struct Deck {
    current: Option<Current>,
    /// Fades out while the current track fades in.
    outgoing: Option<Outgoing>,
    /// How long one track fades into the next; zero: they are joined.
    crossfade: Duration,
    /// Follows when the current track ends.
    next: Option<Track>,
    /// Takes the place of the current track as soon as it is open.
    instead: Option<Track>,
    /// Frames of silence spent waiting for something to open with nothing else to play.
    waited: u64,
    volume: Ramp,
    /// Falls when pausing, rises when resuming.
    transport: Ramp,
    /// Falls when the current track is cut.
    cut: Ramp,
    cutting: bool,
    paused: bool,
    events: Vec<Event>,
}

impl Deck {
    /// A deck that joins its tracks.
    pub fn new() -> Self {
        Self {
            current: None,
            outgoing: None,
            crossfade: Duration::ZERO,
            next: None,
            instead: None,
            waited: 0,
            volume: Ramp::at(1.0),
            transport: Ramp::at(1.0),
            cut: Ramp::at(1.0),
            cutting: false,
            paused: false,
            events: Vec::new(),
        }
    }

    /// A deck that fades one track into the next over this time.
    pub fn with_crossfade(crossfade: Duration) -> Self {
        Self { crossfade, ..Self::new() }
    }

    /// Plays this instead of what plays, as soon as it is open; ends a pause.
    pub fn play(&mut self, play: PlayId, voice: Box<dyn Voice>) {
        self.instead = Some(Track { play, voice });
        self.waited = 0;
        if self.paused {
            // Not to be heard again for the moment that the new one takes to open.
            self.end_current();
            self.paused = false;
            self.transport = Ramp::at(1.0);
        }
    }

    /// Plays this when the current track ends.
    pub fn next(&mut self, play: PlayId, voice: Box<dyn Voice>) {
        self.next = Some(Track { play, voice });
        self.waited = 0;
    }

    pub fn clear_next(&mut self) {
        self.next = None;
    }

    /// Fades out over this time and stands still.
    pub fn pause(&mut self, over: Duration) {
        self.paused = true;
        if self.current.is_none() {
            self.transport = Ramp::at(0.0);
        } else {
            self.transport.arrive(0.0, over.as_secs_f32().max(CUT_S));
        }
    }

    pub fn resume(&mut self) {
        self.paused = false;
        self.transport.go(1.0, RESUME_S);
    }

    /// Ends the current track and goes on with the next.
    pub fn skip(&mut self) {
        if self.current.is_some() {
            self.cut();
        }
    }

    /// Loudness, brought into 0..=1; what is no number changes nothing.
    pub fn volume(&mut self, loudness: f32) {
        if loudness.is_nan() {
            return;
        }
        let loudness = loudness.clamp(0.0, 1.0);
        if self.current.is_none() {
            self.volume = Ramp::at(loudness);
        } else {
            self.volume.go(loudness, VOLUME_S);
        }
    }

    /// Ends everything.
    pub fn stop(&mut self) {
        self.next = None;
        self.instead = None;
        self.skip();
    }

    /// Whether nothing can be heard until a command comes or something opens.
    pub fn silent(&self) -> bool {
        (self.paused && self.transport.silent() && !self.cutting) || (self.current.is_none() && !self.waiting())
    }

    /// Whether there is nothing to play.
    pub fn empty(&self) -> bool {
        self.current.is_none() && !self.waiting()
    }

    /// What happened since the last call, in order.
    pub fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn waiting(&self) -> bool {
        self.next.is_some() || self.instead.is_some()
    }

    fn cut(&mut self) {
        self.cutting = true;
        self.cut.go(0.0, CUT_S);
    }

    /// Ends everything without a sound, where there is nothing that could be heard.
    pub fn forget(&mut self) {
        self.next = None;
        self.instead = None;
        self.end_current();
    }

    /// Begins what is open although nothing is heard: while an output is waited for.
    pub fn stand(&mut self) {
        self.look_at_openings();
        if self.cutting {
            self.end_current();
        }
        if self.current.is_none() {
            self.begin();
        }
    }

    fn end_current(&mut self) {
        self.outgoing = None;
        if let Some(current) = self.current.take() {
            self.events.push(Event::Ended(current.track.play));
        }
        self.cutting = false;
        self.cut = Ramp::at(1.0);
    }

    /// Fills `out`, whole stereo frames.
    pub fn render(&mut self, out: &mut [f32]) {
        debug_assert!(out.len().is_multiple_of(2));
        self.look_at_openings();
        let mut at = 0;
        while at < out.len() {
            if self.current.is_none() && !self.begin() {
                self.wait_for_opening(out.len() - at);
                out[at..].fill(0.0);
                return;
            }
            if self.paused && self.transport.silent() {
                if self.cutting {
                    self.end_current();
                    continue;
                }
                out[at..].fill(0.0);
                return;
            }
            let until = self.cross_over().map_or(usize::MAX, |frames| 2 * frames);
            let end = out.len().min(at.saturating_add(until));
            at += self.render_current(&mut out[at..end]);
        }
    }

    /// Begins to fade into the next track where that is due; else gives the frames until then.
    fn cross_over(&mut self) -> Option<usize> {
        if self.crossfade.is_zero() || self.cutting || self.paused || self.outgoing.is_some() || self.instead.is_some()
        {
            return None;
        }
        let (Some(current), Some(next)) = (&mut self.current, &mut self.next) else { return None };
        let Opening::Ready(length) = next.voice.opening() else { return None };
        let (from, to) = (current.track.side(current.length), next.side(length));
        let (wait, over) = due(self.crossfade, &from, current.heard, &to)?;
        if wait > 0 {
            return usize::try_from(wait).ok();
        }
        if let (Some(old), Some(track)) = (self.current.take(), self.next.take()) {
            self.events.push(Event::Ended(old.track.play));
            self.outgoing = Some(Outgoing::new(old.track.voice, over, &from, &to));
            self.start(track, length);
        }
        None
    }

    fn start(&mut self, track: Track, length: Option<Duration>) {
        self.events.push(Event::Started(track.play, length));
        self.current = Some(Current { track, length, heard: 0, starved: 0 });
        self.waited = 0;
    }

    /// Renders up to the end of the current track, of its cut or of `out`; gives samples filled.
    fn render_current(&mut self, out: &mut [f32]) -> usize {
        let Some(current) = &mut self.current else { return 0 };
        // A fade is followed closely, so that the track stands still where silence began.
        let fading = self.cutting || (self.paused && self.transport.resting().is_none());
        let want = if fading { out.len().min(64) } else { out.len() };
        let out = &mut out[..want];
        let (filled, shortfall) = current.track.voice.read(out);
        let frames = (filled / 2) as u64;
        let second = |frames: u64| frames / u64::from(RATE);
        if second(current.heard + frames) > second(current.heard) {
            let at = Duration::from_secs(second(current.heard + frames));
            self.events.push(Event::Position(current.track.play, at));
        }
        current.heard += frames;
        current.starved = if frames > 0 { 0 } else { current.starved };
        let mut sounding = filled;
        if let Some(outgoing) = &mut self.outgoing {
            if filled < want && shortfall == Shortfall::NotYet {
                out[filled..].fill(0.0);
                sounding = want;
            }
            if outgoing.mix(&mut out[..sounding]) {
                self.outgoing = None;
            }
        }
        self.shape(sounding, out);
        if self.cutting && self.cut.silent() {
            self.end_current();
            return filled;
        }
        if filled == want {
            return filled;
        }
        match shortfall {
            Shortfall::Ended => self.end_current(),
            Shortfall::Broke(why) => self.break_off(why),
            Shortfall::NotYet => {
                let Some(current) = &mut self.current else { return filled };
                out[sounding..].fill(0.0);
                current.starved += ((want - filled) / 2) as u64;
                if self.cutting {
                    self.end_current();
                } else if current.starved > PATIENCE {
                    let why = "its file gave no data for 15 s; is its disk or network share there?";
                    self.break_off(Fault::Away(why.to_owned()));
                }
                return want;
            }
        }
        filled
    }

    fn break_off(&mut self, why: Fault) {
        self.outgoing = None;
        if let Some(current) = self.current.take() {
            self.events.push(Event::Failed(current.track.play, why));
        }
        self.cutting = false;
        self.cut = Ramp::at(1.0);
    }

    /// Volume and fades over the first `filled` samples.
    fn shape(&mut self, filled: usize, out: &mut [f32]) {
        let steady = [&self.volume, &self.transport, &self.cut].into_iter().map(Ramp::resting).product::<Option<f32>>();
        for frame in out[..filled].chunks_exact_mut(2) {
            let gain = steady.unwrap_or_else(|| self.volume.next() * self.transport.next() * self.cut.next());
            for sample in frame {
                *sample = (*sample * gain).clamp(-1.0, 1.0);
            }
        }
    }

    /// Begins what is to follow, if it is open; false when there is nothing to begin yet.
    fn begin(&mut self) -> bool {
        for replaces in [true, false] {
            let slot = if replaces { &mut self.instead } else { &mut self.next };
            let Some(track) = slot else { continue };
            let Opening::Ready(length) = track.voice.opening() else { return false };
            let Some(track) = slot.take() else { return false };
            self.start(track, length);
            return true;
        }
        false
    }

    /// Drops what cannot be opened, and cuts the current track once its replacement is open.
    fn look_at_openings(&mut self) {
        for slot in [&mut self.instead, &mut self.next] {
            if let Some(track) = slot
                && let Opening::Failed(why) = track.voice.opening()
            {
                self.events.push(Event::Failed(track.play, why));
                *slot = None;
            }
        }
        if let (Some(track), Some(_), false) = (&mut self.instead, &self.current, self.cutting)
            && matches!(track.voice.opening(), Opening::Ready(_))
        {
            self.cut();
        }
    }

    fn wait_for_opening(&mut self, samples: usize) {
        if !self.waiting() || self.paused {
            return;
        }
        self.waited += (samples / 2) as u64;
        if self.waited > PATIENCE {
            self.waited = 0;
            for track in [self.instead.take(), self.next.take()].into_iter().flatten() {
                let why = "its file could not be opened within 15 s; is its disk or network share there?";
                self.events.push(Event::Failed(track.play, Fault::Away(why.to_owned())));
            }
        }
    }
}

#[cfg(test)]
#[path = "deck_tests.rs"]
mod tests;
