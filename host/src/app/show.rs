//! What leaves: the state for the page, the announcement for the devices, the diary.

use std::{collections::HashSet, sync::Arc, time::Duration};

use moodring_mood::{Emotion, NowPlaying, Playing as Told, payload::VERSION};

use super::{About, App, unwritten::Entry};
use crate::{
    decide::Choice,
    listen::Announcement,
    player::Kind,
    room::Moment,
    view::{LibraryView, Paused, PlayingView, QueuedView, RoomView},
};

/// Old moods are dropped from the diary so often.
const DAY: Duration = Duration::from_secs(24 * 3600);

impl App {
    /// Publishes the state, to the page and to the devices.
    pub(super) async fn show(&mut self, now: Moment) {
        self.look_up_titles().await;
        self.notice_silence();
        let playing = self.playback.current.as_ref().map(|playing| {
            let (told, track) = (&playing.told, &playing.told.track);
            PlayingView {
                track: track.id,
                title: track.title.clone(),
                artist: track.artist.clone(),
                address: track.source.address(),
                mood: told.choice.mood,
                reason: playing.reason.clone(),
                liked: track.liked,
                started: playing.started.at,
                length_s: playing.length.map(|length| length.as_secs_f64()),
                position_s: playing.position.as_secs_f64(),
            }
        });
        self.announce(playing.as_ref(), now);
        let (devices, plan) = (self.room.view(), self.plan(now));
        let room = RoomView {
            name: self.seat.name.clone(),
            devices: devices.iter().map(|device| device.id.clone()).collect(),
            mood: self.mood.map(|(emotion, _)| emotion),
            since: self.mood.and_then(|(_, since)| since).map(|since| since.at),
            playing,
            paused: self.paused,
            queue: self.queue_view(now),
            mode: plan.mode,
            mode_by_hand: self.mode_by_hand,
            path: self.path_view(),
            quiet: self.quiet,
            sleep_at: self.sleep.map(|at| at.at),
            volume: self.volume,
            volume_max: plan.volume_max,
            explicit: plan.explicit,
            notices: self.notices.words(now.tick),
        };
        let (index, library) = (self.seat.index, &self.library);
        self.common.state.send_modify(|state| {
            let state = Arc::make_mut(state);
            if index == 0 {
                (state.playing, state.paused, state.queue) = (room.playing.clone(), room.paused, room.queue.clone());
                state.library = library.clone();
            }
            if let Some(shown) = state.rooms.get_mut(index) {
                state.devices.retain(|device| !shown.devices.contains(&device.id));
                *shown = room;
            }
            state.devices.extend(devices);
            state.devices.sort_by(|a, b| a.id.cmp(&b.id));
            state.notices = told_once(&state.rooms);
        });
    }

    fn queue_view(&self, now: Moment) -> Vec<QueuedView> {
        let view = |choice: &Choice| {
            let track = self.titles.get(&choice.track)?;
            Some(QueuedView {
                track: track.id,
                title: track.title.clone(),
                artist: track.artist.clone(),
                address: track.source.address(),
                mood: choice.mood,
                reason: self.words(choice.mood, &choice.why, now),
            })
        };
        self.queue.iter().filter_map(view).collect()
    }

    /// Looks the titles of what comes next up.
    async fn look_up_titles(&mut self) {
        let queue: HashSet<_> = self.queue.iter().map(|choice| choice.track).collect();
        self.titles.retain(|id, _| queue.contains(id));
        for id in queue {
            if self.titles.contains_key(&id) {
                continue;
            }
            match self.common.store.track(id).await {
                Ok(Some(track)) => {
                    self.titles.insert(id, track);
                }
                Ok(None) => {}
                Err(e) => return self.database_failed(&e),
            }
        }
    }

    /// Tells the devices what plays, where that changed.
    fn announce(&mut self, playing: Option<&PlayingView>, now: Moment) {
        let told = playing.map(|playing| Told {
            title: playing.title.clone(),
            artist: playing.artist.clone(),
            mood: playing.mood,
            reason: playing.reason.clone(),
        });
        let paused = self.paused != Paused::No;
        let devices: Vec<_> = self.room.ids().cloned().collect();
        let index = self.seat.index;
        self.common.announcements.send_if_modified(|all| match &mut all[index] {
            Some(before) if before.now.playing == told && before.now.paused == paused => {
                let changed = before.devices != devices;
                before.devices = devices;
                changed
            }
            announcement => {
                let now = NowPlaying { v: VERSION, at: now.at, playing: told, paused };
                *announcement = Some(Announcement { now, devices });
                true
            }
        });
    }

    /// Says so when there is nothing to play.
    fn notice_silence(&mut self) {
        let words = if self.tracks.is_empty() && self.library.scan.is_some() {
            None
        } else if self.tracks.is_empty() {
            Some(
                "there is nothing to play: put mp3, flac, ogg, opus, m4a or wav files into the folder of music"
                    .to_owned(),
            )
        } else {
            let unfit = self.mood.filter(|_| self.queue.front().is_none());
            unfit.map(|(mood, _)| format!("every track was marked “not for {mood}”: there is nothing to play for it"))
        };
        match words {
            Some(words) => self.notices.say(About::NothingToPlay, words),
            None => self.notices.well(About::NothingToPlay),
        }
    }

    /// Counts the tracks.
    pub(super) fn count_library(&mut self) {
        let fit = |emotion: Emotion| self.tracks.iter().filter(|t| t.fits(emotion)).count() as u64;
        self.library = LibraryView {
            tracks: self.tracks.len() as u64,
            by_emotion: Emotion::ALL.map(fit),
            built_in: self.habits.built_in && self.player.plays() == Kind::Local,
            ..self.library
        };
    }

    /// What is to come, as it is kept: with what the player was told of and has not begun, and what waits aside.
    pub(super) fn coming(&self) -> impl Iterator<Item = &Choice> {
        let starting = self.playback.starting().map(|starting| &starting.choice);
        starting.into_iter().chain(self.queue.iter()).chain(self.queue.aside())
    }

    /// Writes down what changed and must outlive a crash.
    pub(super) async fn keep(&mut self, now: Moment) {
        self.settle(now);
        if let Some((emotion, _)) = self.mood
            && self.mood_kept != Some(emotion)
        {
            self.mood_kept = Some(emotion);
            self.write(Entry::Kept { name: "mood", value: emotion.word().to_owned() });
        }
        self.write_down(now).await;
        if now.tick.saturating_duration_since(self.pruned) >= DAY {
            self.pruned = now.tick;
            let written = self.common.store.forget_old_moods(now.at).await;
            self.written(written);
        }
    }
}

/// The notices of all rooms: what concerns them all is told once.
fn told_once(rooms: &[RoomView]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for notice in rooms.iter().flat_map(|room| &room.notices) {
        if !told.contains(notice) {
            told.push(notice.clone());
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use moodring_mood::Mood;

    use crate::{
        app::tests::Stage,
        library::TrackId,
        player::{Event, pieces::ALL},
        steer::Steer,
    };

    #[tokio::test]
    async fn what_people_picked_outlives_a_while_of_music_of_the_other_kind() {
        let mut stage = Stage::with(&ALL).await;
        stage.playing(Mood::Happy).await;
        let picked: Vec<TrackId> = stage.app.tracks.iter().skip(3).take(2).map(|track| track.id).collect();
        for track in &picked {
            stage.wish(Steer::Enqueue { track: *track, first: false }).await;
        }
        // Of the other kind there is nothing.
        stage.app.loaded(Ok(Vec::new()), stage.now);
        stage.act().await;
        assert_eq!(stage.app.queue.front(), None);
        let kept = stage.app.common.store.kept_queue("home").await.unwrap();
        assert_eq!(kept.iter().map(|choice| choice.track).collect::<Vec<_>>(), picked, "over a restart too");
        stage.says(Event::OtherKind).await;
        stage.load().await;
        let next: Vec<TrackId> = stage.app.queue.iter().map(|choice| choice.track).collect();
        assert_eq!(next[..2], picked);
    }

    #[tokio::test]
    async fn what_somebody_picked_and_nobody_heard_yet_waits_for_its_kind() {
        let mut stage = Stage::with(&ALL).await;
        let track = stage.app.tracks[4].id;
        let starting = |stage: &Stage| stage.app.playback.starting().map(|told| told.choice.track);
        stage.wish(Steer::Enqueue { track, first: true }).await;
        assert_eq!(starting(&stage), Some(track));
        stage.says(Event::OtherKind).await;
        stage.app.loaded(Ok(Vec::new()), stage.now);
        stage.act().await;
        assert_eq!(starting(&stage), None);
        // What was there before is there again.
        stage.load().await;
        assert_eq!(starting(&stage), Some(track));
    }
}
