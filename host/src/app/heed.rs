//! What is taken in: the devices' messages, the player's events, the scans' results.

use std::{sync::PoisonError, time::Duration};

use moodring_mood::{DeviceId, Mood, Wish};

use super::{About, App, News, unwritten::Entry};
use crate::{
    decide::mood_words,
    library::{
        Ending, StoreError, TrackId,
        scan::{Outcome, ScanError},
        tastes::FORGOTTEN,
    },
    listen::Heard,
    playback::{Pending, Playing},
    player::{Command, Event, Fault, PlayId},
    room::{Full, Moment},
    steer::Steer,
    taste::{Evidence, Taste},
    view::Paused,
};

/// How long a notice about a single track is shown.
const A_WHILE: Duration = Duration::from_secs(600);

/// So many tracks may fail one after the other before the next waits.
const FAILURES_AT_ONCE: u32 = 3;

impl App {
    /// Takes in what was heard from the broker.
    pub(super) async fn hear(&mut self, heard: Heard, now: Moment) {
        let known = match heard {
            Heard::Connected => {
                self.notices.well(About::Broker);
                self.room.connected(now);
                Ok(())
            }
            Heard::Lost(why) => {
                self.notices.say(About::Broker, why);
                self.room.lost();
                Ok(())
            }
            Heard::Status(id, status) => self.room.status(&id, status),
            Heard::Paused(id, paused) => self.room.paused(&id, paused, now),
            Heard::Wish(id, wish) => {
                self.grant(&id, wish, now).await;
                Ok(())
            }
            Heard::Health(id, health) => self.room.health(&id, health),
            Heard::Forgotten(id) => {
                self.room.forget(&id);
                self.common.screens.write().unwrap_or_else(PoisonError::into_inner).remove(&id);
                Ok(())
            }
            Heard::Screen(id, png) => self.room.screen(&id).map(|number| {
                self.common.screens.write().unwrap_or_else(PoisonError::into_inner).insert(id, (number, png));
            }),
            Heard::Mood(id, message, retained) => {
                let (mood, confidence) = (message.mood, message.confidence);
                match self.room.mood(&id, message, retained, now) {
                    Ok(changed) => {
                        if let Some(at) = changed.filter(|_| !retained) {
                            self.write(Entry::Felt { device: id, mood, confidence, at });
                        }
                        Ok(())
                    }
                    Err(full) => Err(full),
                }
            }
        };
        if let Err(full @ Full) = known {
            self.notices.say_for(About::Devices, full.to_string(), now.tick, A_WHILE);
        }
    }

    /// Does what somebody wishes at a device's buttons.
    async fn grant(&mut self, id: &DeviceId, wish: Wish, now: Moment) {
        let playing = self.playback.current.as_ref().map(|current| &current.told.track);
        let steer = match (wish, playing) {
            (Wish::Skip, _) => Steer::Skip,
            (Wish::Like, Some(track)) => Steer::Like { track: track.id, liked: !track.liked },
            (Wish::PauseMusic, _) if self.paused == Paused::No => Steer::Pause,
            (Wish::PauseMusic, _) => Steer::Play,
            (Wish::Like, None) => return tracing::info!("{id} likes what plays, but nothing does"),
        };
        tracing::info!("{id} wishes: {steer:?}");
        if let Err(why) = self.obey(steer, now).await {
            tracing::warn!("the wish of {id} was not carried out: {why}");
        }
    }

    /// Takes in what the player says.
    pub(super) async fn heed(&mut self, event: Event, now: Moment) {
        if !matches!(event, Event::Position(..)) {
            self.forget_if_told(now).await;
        }
        match event {
            Event::Started(play, length) => self.began(play, length, now).await,
            Event::Position(play, position) => {
                if let Some(current) = self.playback.current.as_mut().filter(|c| c.told.play == play) {
                    current.position = position;
                }
            }
            Event::Ended(play) => {
                if let Some((playing, ending)) = self.playback.ended(play) {
                    self.told_at = now.tick;
                    // What follows is not to be cut by the fade of what ended by itself.
                    self.end_fade();
                    self.write_ended(&playing, ending, now);
                }
            }
            Event::Failed(play, fault) => {
                if let Some((pending, heard)) = self.playback.failed(play) {
                    self.failed(pending, heard, &fault, now).await;
                }
            }
            Event::Skipped(play) => {
                self.playback.skipped_there(play);
                if let Some((playing, ending)) = self.playback.ended(play) {
                    self.told_at = now.tick;
                    self.end_fade();
                    self.write_ended(&playing, ending, now);
                }
            }
            Event::PausedThere if self.paused == Paused::No => {
                self.fade_end = None;
                self.set_paused(Paused::ByHand);
            }
            Event::ResumedThere if self.paused != Paused::No => {
                self.touched = Some(now.tick);
                self.set_paused(Paused::No);
            }
            Event::PausedThere | Event::ResumedThere => {}
            Event::GaveWay(words) => {
                tracing::info!("{words}");
                if let Some(playing) = self.playback.gave_way() {
                    self.write_ended(&playing, Ending::Replaced, now);
                }
                self.fade_end = None;
                self.set_paused(Paused::ByHand);
                self.notices.say(About::Elsewhere, words);
            }
            Event::OtherKind => {
                self.loads.other_kind = true;
                self.reload(now);
            }
            Event::Source(Some(words)) => self.notices.say(About::Source, words),
            Event::Source(None) => self.notices.well(About::Source),
            Event::Output(words) => {
                tracing::warn!("{words}");
                self.notices.say(About::Output, words);
            }
            Event::OutputBack(words) => {
                tracing::info!("{words}");
                self.notices.well(About::Output);
            }
        }
    }

    async fn began(&mut self, play: PlayId, length: Option<Duration>, now: Moment) {
        let ahead = self.playback.later().iter().any(|told| told.play == play);
        let Some(told) = self.playback.started(play) else { return };
        self.notices.well(About::Elsewhere);
        if let Some(before) = self.playback.current.take() {
            self.write_ended(&before, Ending::Replaced, now);
        }
        let track = told.choice.track;
        self.stepped(told.choice.step);
        if ahead {
            // What was to come before it was skipped at the device: that is told anew.
            self.queue_changed |= self.queue.pass_to(track);
            self.playback.passed_next();
        } else if self.queue.front().is_some_and(|choice| *choice == told.choice) {
            self.queue_changed |= self.queue.take(track);
        }
        self.recent.push_front(track);
        self.recent.truncate(self.habits.rules.repeat_window.max(self.habits.rules.artist_gap));
        self.note_play(track, now.at);
        self.tell_others(News::Began(track, now.at));
        if told.track.problem.is_some() {
            // It was tried again by hand, and can be heard.
            let written = self.common.store.playable(track).await;
            self.written(written);
            self.reload(now);
            self.tell_others(News::LookAgain);
        }
        self.queue_changed |= self.queue.retell(track, &self.tracks, &self.taste, now.at);
        self.failures = 0;
        let reason = self.reason(&told, now);
        tracing::info!("playing {:?} by {:?}: {reason}", told.track.title, told.track.artist);
        self.write(Entry::Began { play, choice: told.choice.clone(), reason: reason.clone(), at: now.at });
        let length = length.or_else(|| told.track.length_s.and_then(|s| Duration::try_from_secs_f64(s).ok()));
        self.playback.current = Some(Playing { told, reason, started: now, length, position: Duration::ZERO });
        // At once: after a crash a track that began counts as heard.
        self.write_down(now).await;
    }

    /// Why a track plays, in words: "happy for 40 s; not played today".
    pub(super) fn reason(&self, told: &Pending, now: Moment) -> String {
        if told.by_hand { told.choice.why.clone() } else { self.words(told.choice.mood, &told.choice.why, now) }
    }

    /// A mood and a reason in words; with how long the room has felt the mood, if it does.
    pub(super) fn words(&self, mood: Mood, why: &str, now: Moment) -> String {
        match self.mood {
            Some((emotion, Some(since))) if Mood::from(emotion) == mood => {
                format!("{}; {why}", mood_words(mood, now.since(since)))
            }
            _ => format!("{mood}; {why}"),
        }
    }

    async fn failed(&mut self, pending: Pending, heard: bool, fault: &Fault, now: Moment) {
        let (id, title, why) = (pending.track.id, &pending.track.title, fault.words());
        tracing::warn!("{title:?} is skipped: {why}");
        match fault {
            Fault::Broken(why) => {
                let written = self.common.store.unplayable(id, why).await;
                self.written(written);
                self.tell_others(News::Unfit(id));
            }
            // Nothing is known against the file itself: it is left alone for a while.
            Fault::Away(_) => self.loads.look_again_at(now.tick + A_WHILE),
        }
        if heard {
            self.end_fade();
            self.write(Entry::Ended { play: pending.play, ending: Ending::Failed, at: now.at });
        }
        self.forget(id);
        let words = format!("“{title}” was skipped: {why}");
        self.notices.say_for(About::Track, words, now.tick, A_WHILE);
        self.failures += 1;
        if self.failures > FAILURES_AT_ONCE {
            let wait = 1 << (self.failures - FAILURES_AT_ONCE).min(6);
            self.not_before = now.tick + Duration::from_secs(wait);
        }
    }

    /// A track is no longer to be chosen.
    pub(super) fn forget(&mut self, track: TrackId) {
        self.loads.outdate();
        self.tracks.retain(|t| t.id != track);
        self.queue_changed |= self.queue.drop_track(track);
        self.count_library();
    }

    fn write_ended(&mut self, playing: &Playing, ending: Ending, now: Moment) {
        self.write(Entry::Ended { play: playing.told.play, ending, at: now.at });
        if let Some(evidence) = Evidence::of_ending(ending, playing.position, playing.length) {
            self.learn(playing.told.choice.mood, playing.told.track.id, evidence, now);
        }
    }

    /// Learns from what somebody did, or let be, and keeps it.
    pub(super) fn learn(&mut self, mood: Mood, track: TrackId, evidence: Evidence, now: Moment) {
        let known = self.tracks.binary_search_by_key(&track, |t| t.id);
        if let (Some(emotion), Ok(at)) = (mood.emotion(), known) {
            let belief = self.taste.learn(emotion, &self.tracks[at], evidence, now.at);
            self.write(Entry::Learnt { emotion, track, belief });
        }
    }

    /// Forgets what was learnt if another program said so: `moodring-host taste reset`.
    pub(super) async fn forget_if_told(&mut self, now: Moment) {
        let (store, room) = (&self.common.store, &self.seat.name);
        let Ok(forgotten) = store.kept(room, FORGOTTEN).await else { return };
        if forgotten != self.forgotten
            && let Ok(kept) = store.kept_taste(room).await
        {
            self.taste = Taste::kept(kept, now.at);
            self.taste.seat(&self.tracks);
            self.forgotten = forgotten;
        }
    }

    /// Takes in what a scan found.
    pub(super) fn scanned(&mut self, scan: &Result<Outcome, ScanError>, now: Moment) {
        // Reading all tracks anew takes a second where there are a hundred thousand.
        let known = matches!(scan, Ok(Outcome { changed: 0, gone: 0, .. })) && !self.loads.left_some_out();
        if known {
            self.library.scan = None;
        } else {
            // Where it failed, some may have been found before.
            self.loads.scan_ended = true;
            self.reload(now);
        }
        if self.seat.index > 0 {
            // One room speaks for all: it says what was found.
            return;
        }
        match scan {
            Ok(Outcome { files, read, gone, complaints, .. }) => {
                tracing::info!("looked through the music: {files} files, {read} new or changed, {gone} gone");
                self.notices.well(About::Folder);
                complaints.iter().for_each(|complaint| tracing::warn!("{complaint}"));
                match complaints.as_slice() {
                    [] => self.notices.well(About::Files),
                    [one] => self.notices.say(About::Files, one.clone()),
                    [one, more @ ..] => {
                        let words = format!("{one} (and {} more such; the log names them)", more.len());
                        self.notices.say(About::Files, words);
                    }
                }
            }
            Err(e) => {
                tracing::warn!("{e}");
                self.notices.say(About::Folder, e.to_string());
            }
        }
    }

    /// Ends: the player stops, what played is written down, the devices are told that nothing plays.
    pub(super) async fn end(mut self, now: Moment) {
        self.player.send(Command::Stop);
        if let Some(playing) = self.playback.current.take() {
            self.write_ended(&playing, Ending::Stopped, now);
        }
        self.queue_changed = true;
        self.unwritten.hurry();
        self.keep(now).await;
        self.show(now).await;
        // Dropping the player waits for its last fade.
        let player = self.player;
        let _ = tokio::task::spawn_blocking(move || drop(player)).await;
    }

    pub(super) fn written(&mut self, result: Result<(), StoreError>) {
        match result {
            Ok(()) => self.notices.well(About::Database),
            Err(e) => self.database_failed(&e),
        }
    }

    pub(super) fn database_failed(&mut self, why: &StoreError) {
        tracing::error!("{why}");
        self.notices
            .say(About::Database, format!("{why}; playing goes on; what happens is written down when it can be"));
    }
}
