//! A day without sound: what would be played for given moods, and why. Nothing outside changes.
//!
//! In: a copy of the database, a room's habits, and moods with their times. Out: what happened, with its time.
//! The very code that decides in the running program decides here; only clock and player are simulated. Fails
//! when the copy cannot be used.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::{Confidence, DeviceId, Mood, MoodMessage, Scores, payload::VERSION};
use rand::rngs::StdRng;

use super::{App, Common, Habits, Seat};
use crate::{
    library::StoreError,
    listen::Heard,
    player::{Command, Event, Item, PlayId, Player},
    room::Moment,
};

/// A device says its mood again so often.
const AGAIN: Duration = Duration::from_secs(30);

/// The length assumed where none is known.
const USUAL_LENGTH: Duration = Duration::from_secs(210);

/// A mood and when it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// What.
    pub mood: Mood,
}

/// Something that would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happened {
    /// When.
    pub at: Timestamp,
    /// A mood, a decision, or a track with its reason; in words.
    pub words: String,
}

/// A player that makes no sound and takes no time.
#[derive(Clone, Debug, Default)]
struct Mute(Arc<Mutex<VecDeque<Command>>>);

impl Player for Mute {
    fn send(&self, command: Command) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(command);
    }
}

/// What plays on the simulated player, how much of it is left, and what comes next.
#[derive(Debug, Default)]
struct Deck {
    playing: Option<(PlayId, Duration)>,
    next: Option<Item>,
    paused: bool,
}

/// A room that lives through moods.
struct Rehearsal {
    app: App,
    player: Mute,
    deck: Deck,
    happened: Vec<Happened>,
}

/// Lives through moods, in the order of their times; the last one lasts until `end`.
///
/// # Errors
/// The database cannot be read.
pub async fn rehearse(
    common: Common,
    seat: Seat,
    habits: Habits,
    chance: StdRng,
    moods: &[Told],
    end: Timestamp,
) -> Result<Vec<Happened>, StoreError> {
    let Some(first) = moods.first() else { return Ok(Vec::new()) };
    let (store, room) = (common.store.clone(), seat.name.clone());
    let mut now = Moment { at: first.at, tick: Instant::now() };
    let player = Mute::default();
    let app = App::at(common, seat, Box::new(player.clone()), habits, chance, now).await?;
    let mut room_there = Rehearsal { app, player, deck: Deck::default(), happened: Vec::new() };
    let (mut told, mut said_at, mut mood) = (0, None, first.mood);
    while now.at <= end {
        while let Some(next) = moods.get(told).filter(|next| next.at <= now.at) {
            (mood, told, said_at) = (next.mood, told + 1, None);
            room_there.tell(now, format!("— {mood} —"));
        }
        if said_at.is_none_or(|at| now.since(at) >= AGAIN) {
            said_at = Some(now);
            let (confidence, scores) = (Confidence::saturating(0.9), Scores::default());
            let people = u32::from(mood != Mood::Nobody);
            let message = MoodMessage { v: VERSION, at: now.at, seq: 1, mood, confidence, people, scores };
            room_there.app.hear(Heard::Mood(DeviceId::from_host_name("rehearsal"), message, false), now).await;
        }
        room_there.app.act(now).await;
        room_there.play_along(now).await;
        // To the next thing that happens: a mood, a track's end, or what the room waits for.
        let next_mood = moods.get(told).map(|next| next.at.duration_since(now.at).try_into().unwrap_or_default());
        let ends = room_there.deck.playing.filter(|_| !room_there.deck.paused).map(|(_, left)| left);
        let waits = room_there.app.wake(now).saturating_duration_since(now.tick);
        let step = [next_mood, ends, Some(waits)].into_iter().flatten().fold(AGAIN, Duration::min);
        let step = step.max(Duration::from_millis(10));
        now = Moment { at: now.at + step, tick: now.tick + step };
        room_there.play_on(step, now).await;
    }
    let mut happened = room_there.happened;
    let decided = store.decisions(Some(&room), first.at).await?;
    happened.extend(decided.into_iter().map(|(at, _, words)| Happened { at, words }));
    happened.sort_by_key(|happened| happened.at);
    Ok(happened)
}

impl Rehearsal {
    fn tell(&mut self, now: Moment, words: String) {
        self.happened.push(Happened { at: now.at, words });
    }

    /// Carries out what the player was told.
    async fn play_along(&mut self, now: Moment) {
        loop {
            let command = self.player.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match command {
                None => return,
                Some(Command::Play(item)) => {
                    self.deck.paused = false;
                    self.begin(item.play, now).await;
                }
                Some(Command::Next(item)) if self.deck.playing.is_none() => self.begin(item.play, now).await,
                Some(Command::Next(item)) => self.deck.next = Some(item),
                Some(Command::ClearNext) => self.deck.next = None,
                Some(Command::Pause(_)) => self.deck.paused = true,
                Some(Command::Resume) => self.deck.paused = false,
                Some(_) => {}
            }
            self.app.act(now).await;
        }
    }

    /// Time goes by: what plays may end.
    async fn play_on(&mut self, step: Duration, now: Moment) {
        let Some((play, left)) = self.deck.playing.as_mut().filter(|_| !self.deck.paused) else { return };
        *left = left.saturating_sub(step);
        let (play, over) = (*play, left.is_zero());
        if over {
            self.deck.playing = None;
            self.app.heed(Event::Ended(play), now).await;
            if let Some(next) = self.deck.next.take() {
                self.begin(next.play, now).await;
            }
        }
    }

    /// The simulated player begins a play.
    async fn begin(&mut self, play: PlayId, now: Moment) {
        if let Some((before, _)) = self.deck.playing.take() {
            self.app.heed(Event::Ended(before), now).await;
        }
        self.app.heed(Event::Started(play, None), now).await;
        let Some(current) = self.app.playback.current.as_ref().filter(|current| current.told.play == play) else {
            return;
        };
        let track = &current.told.track;
        let by = if track.artist.is_empty() { String::new() } else { format!(" by {}", track.artist) };
        let words = format!("{}{by}: {}", track.title, current.reason);
        self.deck.playing = Some((play, current.length.unwrap_or(USUAL_LENGTH)));
        self.tell(now, words);
    }
}
