//! What the player was told, what it said, and so what plays: pure bookkeeping.
//!
//! In: choices that are to be played, and the player's events. Out: what plays now and how plays
//! ended. Commands and events cross on their way (the player may begin a track that has just been
//! replaced), so what was replaced is remembered for a while.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use crate::{
    decide::Choice,
    library::{Ending, Track},
    player::{Item, PlayId},
    room::Moment,
};

/// The names of plays, new for each: shared by all rooms.
#[derive(Clone, Debug, Default)]
pub struct Plays(Arc<AtomicI64>);

impl Plays {
    /// Names above `last`.
    pub fn after(last: PlayId) -> Self {
        Self(Arc::new(AtomicI64::new(last)))
    }

    /// A new name.
    pub fn name(&self) -> PlayId {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// A play that the player was told of and has not begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its name, new for each play.
    pub play: PlayId,
    /// What was chosen and why.
    pub choice: Choice,
    /// All about the track.
    pub track: Track,
    /// Whether a person picked it.
    pub by_hand: bool,
}

impl Pending {
    /// What the player is told.
    pub fn item(&self) -> Item {
        let Track { source, level, place, .. } = &self.track;
        let length = self.track.length_s.and_then(|s| Duration::try_from_secs_f64(s).ok());
        Item { play: self.play, source: source.clone(), level: *level, place: *place, length }
    }
}

/// The play that is heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Playing {
    /// What was told.
    pub told: Pending,
    /// Why, in words, as of its beginning.
    pub reason: String,
    /// When it began.
    pub started: Moment,
    /// Its length, where known.
    pub length: Option<Duration>,
    /// How far it has come.
    pub position: Duration,
}

/// What plays, and what the player was told to play.
#[derive(Debug, Default)]
pub struct Playback {
    /// Heard now.
    pub current: Option<Playing>,
    starting: Option<Pending>,
    next: Option<Pending>,
    later: Vec<Pending>,
    replaced: VecDeque<Pending>,
    skipping: bool,
    plays: Plays,
}

impl Playback {
    /// Nothing plays; new plays get their names from `plays`.
    pub fn new(plays: Plays) -> Self {
        Self { plays, ..Self::default() }
    }

    /// A play with a new name.
    pub fn name(&self, choice: Choice, track: Track, by_hand: bool) -> Pending {
        Pending { play: self.plays.name(), choice, track, by_hand }
    }

    /// The player is told to play this now.
    pub fn told_play(&mut self, pending: Pending) {
        let before = self.starting.replace(pending);
        self.remember(before);
    }

    /// The player is told to play this next.
    pub fn told_next(&mut self, pending: Pending) {
        let before = self.next.replace(pending);
        self.remember(before);
    }

    /// The player is told that nothing comes next.
    pub fn told_clear_next(&mut self) {
        self.passed_next();
        self.told_then(Vec::new());
    }

    /// The player has passed over what it was told to play next.
    pub fn passed_next(&mut self) {
        let before = self.next.take();
        self.remember(before);
    }

    /// The player is told that these probably follow the next.
    pub fn told_then(&mut self, later: Vec<Pending>) {
        let before = std::mem::replace(&mut self.later, later);
        for pending in before {
            let kept = self.later.iter().chain(&self.next).any(|known| known.play == pending.play);
            self.remember(Some(pending).filter(|_| !kept));
        }
    }

    /// What the player was told to follow the next.
    pub fn later(&self) -> &[Pending] {
        &self.later
    }

    /// Somebody plays other music: nothing that was told will be heard. Gives what was.
    pub fn gave_way(&mut self) -> Option<Playing> {
        self.starting = None;
        self.next = None;
        self.later.clear();
        self.skipping = false;
        self.current.take()
    }

    /// `play` was skipped at the device itself.
    pub fn skipped_there(&mut self, play: PlayId) {
        self.skipping |= self.current.as_ref().is_some_and(|playing| playing.told.play == play);
    }

    /// The player is told to skip.
    pub const fn told_skip(&mut self) {
        self.skipping = true;
    }

    fn remember(&mut self, pending: Option<Pending>) {
        self.replaced.extend(pending);
        while self.replaced.len() > 16 {
            self.replaced.pop_front();
        }
    }

    /// What the player was told to play next.
    pub const fn next(&self) -> Option<&Pending> {
        self.next.as_ref()
    }

    /// What the player was told to play now and has not begun.
    pub const fn starting(&self) -> Option<&Pending> {
        self.starting.as_ref()
    }

    /// Whether nothing plays and nothing is about to.
    pub const fn is_idle(&self) -> bool {
        self.current.is_none() && self.starting.is_none() && self.next.is_none()
    }

    /// The player began `play`; gives what was told of it. `None`: it is not ours.
    pub fn started(&mut self, play: PlayId) -> Option<Pending> {
        self.withdraw(play)
    }

    /// `play` ended: how; `None` if it was not the one heard.
    pub fn ended(&mut self, play: PlayId) -> Option<(Playing, Ending)> {
        let playing = self.current.take_if(|playing| playing.told.play == play)?;
        let skipped = std::mem::take(&mut self.skipping);
        let ending = match (skipped, self.starting.is_some()) {
            (true, _) => Ending::Skipped,
            (false, true) => Ending::Replaced,
            (false, false) => Ending::Finished,
        };
        Some((playing, ending))
    }

    /// `play` cannot be heard, or broke off; gives what was told of it, and whether it was heard.
    pub fn failed(&mut self, play: PlayId) -> Option<(Pending, bool)> {
        if let Some(playing) = self.current.take_if(|playing| playing.told.play == play) {
            self.skipping = false;
            return Some((playing.told, true));
        }
        self.withdraw(play).map(|pending| (pending, false))
    }

    fn withdraw(&mut self, play: PlayId) -> Option<Pending> {
        let named = |pending: &mut Pending| pending.play == play;
        let later = |all: &mut Vec<Pending>| all.iter().position(|p| p.play == play).map(|at| all.remove(at));
        self.starting.take_if(named).or_else(|| self.next.take_if(named)).or_else(|| later(&mut self.later)).or_else(
            || {
                let at = self.replaced.iter().position(|pending| pending.play == play)?;
                self.replaced.remove(at)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use moodring_mood::Mood;

    use super::*;
    use crate::{
        library::{Emotions, TrackId},
        player::{Level, Source},
    };

    fn pending(playback: &Playback, id: i64) -> Pending {
        let track = Track {
            id: TrackId(id),
            source: Source::BuiltIn("happy".into()),
            title: "t".into(),
            artist: String::new(),
            album: String::new(),
            length_s: None,
            moods: Emotions::NONE,
            liked: false,
            not_for: Emotions::NONE,
            problem: None,
            level: Level::default(),
            place: None,
        };
        playback.name(Choice { track: TrackId(id), mood: Mood::Happy, step: None, why: String::new() }, track, false)
    }

    fn begin(playback: &mut Playback, play: PlayId) {
        let told = playback.started(play).unwrap();
        let (reason, length) = (String::new(), None);
        playback.current = Some(Playing { told, reason, started: Moment::now(), length, position: Duration::ZERO });
    }

    #[test]
    fn one_track_follows_the_other() {
        let mut playback = Playback::new(Plays::after(41));
        let first = pending(&playback, 1);
        assert_eq!(first.play, 42);
        playback.told_play(first);
        assert!(!playback.is_idle());
        begin(&mut playback, 42);
        let second = pending(&playback, 2);
        playback.told_next(second);
        assert_eq!(playback.ended(42).unwrap().1, Ending::Finished);
        assert!(!playback.is_idle(), "the next is about to begin");
        begin(&mut playback, 43);
        playback.told_skip();
        assert_eq!(playback.ended(43).unwrap().1, Ending::Skipped);
        assert!(playback.is_idle());
        assert_eq!(playback.ended(43), None);
    }

    #[test]
    fn a_replaced_next_that_has_begun_already_is_known() {
        let mut playback = Playback::default();
        for (id, next) in [(1, false), (2, true), (3, true)] {
            let pending = pending(&playback, id);
            if next { playback.told_next(pending) } else { playback.told_play(pending) }
        }
        begin(&mut playback, 1);
        playback.ended(1);
        begin(&mut playback, 2);
        assert_eq!(playback.current.as_ref().unwrap().told.track.id, TrackId(2));
        assert_eq!(playback.next().unwrap().play, 3);
    }

    #[test]
    fn a_failure_is_tied_to_its_track_wherever_it_stood() {
        let mut playback = Playback::default();
        let (first, second) = (pending(&playback, 1), pending(&playback, 2));
        playback.told_play(first);
        playback.told_next(second);
        assert!(matches!(playback.failed(2), Some((told, false)) if told.track.id == TrackId(2)));
        begin(&mut playback, 1);
        let third = pending(&playback, 3);
        playback.told_play(third);
        assert_eq!(playback.ended(1).unwrap().1, Ending::Replaced);
        begin(&mut playback, 3);
        assert!(matches!(playback.failed(3), Some((_, true))));
        assert!(playback.is_idle());
    }
}
