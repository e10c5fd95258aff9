//! What people wish.

use std::time::Duration;

use moodring_mood::{Emotion, Mood};

use super::{About, App, News, unwritten::Entry};
use crate::{
    decide::Choice,
    library::{StoreError, TrackId},
    player::{Command, Kind},
    room::Moment,
    steer::Steer,
    taste::Evidence,
    view::Paused,
};

/// A pause by hand is nearly at once, without a click.
const SHORT_FADE: Duration = Duration::from_millis(250);

impl App {
    /// Does what somebody wishes; fails in words where that cannot be stored, and then changes nothing.
    pub(super) async fn obey(&mut self, wish: Steer, now: Moment) -> Result<(), String> {
        self.forget_if_told(now).await;
        match wish {
            Steer::Play => {
                self.wanted = true;
                self.touched = Some(now.tick);
                self.go_on();
                // With no mood known, neutral music is the least presuming.
                self.mood.get_or_insert((Emotion::Neutral, None));
            }
            Steer::Pause => {
                if self.paused == Paused::No {
                    self.player.send(Command::Pause(SHORT_FADE));
                }
                self.fade_end = None;
                self.set_paused(Paused::ByHand);
            }
            Steer::Mode(mode) => self.set_mode(mode, now),
            Steer::Volume(volume) => self.set_volume(volume.clamp(0.0, 1.0), now),
            Steer::Sleep(after) => self.set_sleep(after, now),
            Steer::Skip => self.skip(now).await,
            Steer::Like { track, liked } => {
                self.loads.outdate();
                let stored = self.common.store.like(track, liked, now.at).await;
                self.stored(stored)?;
                self.note_like(track, liked);
                self.tell_others(News::Liked(track, liked));
                let heard = self.playback.current.as_ref().map(|current| &current.told.choice);
                let mood = heard.filter(|choice| liked && choice.track == track).map(|choice| choice.mood);
                if let Some(mood) = mood {
                    self.learn(mood, track, Evidence::Liked, now);
                }
            }
            Steer::NotFor { track, emotion, banned } => self.not_for(track, emotion, banned, now).await?,
            Steer::PlayTrack(track) => self.play_track(track, now).await?,
            Steer::Enqueue { track, first } => self.enqueue(track, first, now)?,
            Steer::Dequeue { at, track } => self.dequeue(at, track)?,
            Steer::Shift { from, track, to } => self.shift(from, track, to)?,
            Steer::Fits { track, add, remove } => self.fits(track, add, remove, now).await?,
            Steer::ForgetTaste(emotion) => {
                let stored = self.common.store.forget_taste(&self.seat.name, emotion).await;
                self.stored(stored)?;
                self.taste.forget(emotion);
            }
            Steer::Nothing => {}
        }
        Ok(())
    }

    /// Whether what somebody asked to be remembered was written; fails with the words for them.
    pub(super) fn stored(&mut self, stored: Result<(), StoreError>) -> Result<(), String> {
        let told = stored.as_ref().map_err(|e| format!("this could not be stored: {e}")).copied();
        self.written(stored);
        told
    }

    fn go_on(&mut self) {
        if self.paused != Paused::No {
            self.player.send(Command::Resume);
        }
        self.set_paused(Paused::No);
    }

    pub(super) fn set_paused(&mut self, paused: Paused) {
        if self.paused != paused {
            self.paused = paused;
            let value = match paused {
                Paused::ByHand => "by_hand",
                Paused::Asleep => "asleep",
                Paused::No | Paused::NobodyThere | Paused::QuietHours => "no",
            };
            self.write(Entry::Kept { name: "paused", value: value.to_owned() });
        }
    }

    async fn skip(&mut self, now: Moment) {
        self.touched = Some(now.tick);
        self.next_track(now).await;
        self.wanted = true;
        self.go_on();
    }

    /// Ends what plays for the next track, if there is one; a pause stays a pause.
    async fn next_track(&mut self, now: Moment) {
        if self.playback.current.is_some() && self.playback.next().is_some() && self.playback.starting().is_none() {
            self.playback.told_skip();
            self.told_at = now.tick;
            self.player.send(Command::Skip);
            // A fade is a pause to the player, and a skip leaves it paused.
            self.end_fade();
        } else if !self.playback.is_idle() {
            if !self.play_front(now).await {
                return self.end_fade();
            }
            if self.playback.current.is_some() {
                self.playback.told_skip();
            }
            if self.paused != Paused::No {
                // The player ends its pause by itself.
                self.player.send(Command::Pause(Duration::ZERO));
            }
        }
    }

    async fn not_for(&mut self, track: TrackId, emotion: Emotion, banned: bool, now: Moment) -> Result<(), String> {
        self.loads.outdate();
        let stored = self.common.store.ban(track, emotion, banned, now.at).await;
        self.stored(stored)?;
        self.note_ban(track, emotion, banned);
        self.tell_others(News::NotFor(track, emotion, banned));
        if !banned {
            return Ok(());
        }
        self.learn(emotion.into(), track, Evidence::Banned, now);
        let plays = self.playback.current.as_ref().map(|playing| &playing.told);
        if plays.is_some_and(|told| told.track.id == track && told.choice.mood == Mood::from(emotion)) {
            // What comes next must not be the same track again.
            self.fit_queue(1, now);
            self.tell_player(now).await;
            if self.playback.starting().is_none_or(|starting| starting.choice.track == track) {
                self.next_track(now).await;
            }
        }
        Ok(())
    }

    async fn play_track(&mut self, track: TrackId, now: Moment) -> Result<(), String> {
        let mood = self.mood.map_or(Mood::Neutral, |(emotion, _)| emotion.into());
        let choice = Choice::by_hand(track, mood);
        let known = self.tracks.binary_search_by_key(&track, |t| t.id).ok();
        let again = known
            .and_then(|at| self.tracks[at].last_played)
            .is_some_and(|at| now.at.duration_since(at).abs() < jiff::SignedDuration::from_hours(1));
        match self.pending(choice, true, now).await {
            // Files can be played whatever is played else.
            Some(pending) if pending.track.source.kind() == Kind::Spotify && self.player.plays() == Kind::Local => {
                return Err("Spotify cannot be played just now; pick a song that is on this machine".to_owned());
            }
            Some(pending) => {
                self.wanted = true;
                self.touched = Some(now.tick);
                self.mood.get_or_insert((Emotion::Neutral, None));
                self.queue_changed |= self.queue.drop_track(track);
                self.play(pending, now);
                // The player ends its pause by itself.
                self.set_paused(Paused::No);
                let evidence = if again { Evidence::Replayed } else { Evidence::Picked };
                self.learn(mood, track, evidence, now);
            }
            None => {
                let words = "the track that was picked is no longer in the library";
                self.notices.say_for(About::Track, words, now.tick, Duration::from_secs(60));
            }
        }
        Ok(())
    }
}
