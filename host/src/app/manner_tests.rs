//! Modes, paths, quiet hours, loudness and the sleep timer, as a room lives through them.

use moodring_mood::Mood;

use super::{tests::*, *};
use crate::{
    decide::{
        mode::{Answer, Answers, Hours},
        path::Goal,
        plane::Point,
    },
    library::Ending,
    player::pieces::ALL,
    steer::Steer,
};

fn with(mode: Mode) -> Manner {
    Manner { mode, ..Manner::default() }
}

impl Stage {
    async fn of(manner: Manner) -> Self {
        let mut stage = Self::with(&ALL).await;
        stage.app.habits.manner = manner;
        stage
    }

    /// What plays ends by itself, and the next begins.
    async fn ends(&mut self) -> TrackId {
        let play = self.app.playback.current.as_ref().unwrap().told.play;
        self.says(Event::Ended(play)).await;
        let next = self.app.playback.next().unwrap().play;
        self.says(Event::Started(next, None)).await;
        self.heard()
    }

    fn step(&self) -> Option<u8> {
        self.app.playback.current.as_ref().unwrap().told.choice.step.map(|step| step.number)
    }

    /// The program goes away without a word, and a new one takes up.
    async fn killed(self) -> Self {
        let Self { app, now, dir, device, .. } = self;
        let (habits, index) = (app.habits.clone(), app.seat.index);
        app.common.store.close().await;
        drop(app);
        let mut stage = Self::reopened(dir, habits, index, device, now).await;
        stage.news();
        stage
    }

    fn place(&self, track: TrackId) -> Point {
        self.app.tracks.iter().find(|t| t.id == track).unwrap().place
    }
}

#[tokio::test]
async fn a_lift_is_walked_step_by_step_and_shown() {
    let mut stage = Stage::of(with(Mode::Lift)).await;
    stage.playing(Mood::Sad).await;
    assert_eq!((stage.step(), stage.place(stage.heard())), (Some(1), Point::of(Emotion::Sad)), "where the person is");
    let view = stage.app.path_view().unwrap();
    assert_eq!((view.goal, view.from, view.step, view.points.len()), (Goal::Lift, Emotion::Sad, 1, 5));
    let reason = &stage.app.playback.current.as_ref().unwrap().reason;
    assert!(reason.contains("1 of 5 on the way to bright music"), "{reason}");
    for step in 2..=5 {
        stage.ends().await;
        assert_eq!(stage.step(), Some(step));
        // Neither an unclear mood nor a brighter mood sends them back to the beginning.
        stage.pass(1.0).await;
        stage.mood(if step == 3 { Mood::Neutral } else { Mood::Unsure }).await;
    }
    assert!(stage.app.path_view().unwrap().over);
    stage.pass(1.0).await;
    stage.mood(Mood::Happy).await;
    assert_eq!(stage.app.path_view(), None, "arrived: from here on it matches");
    stage.pass(3.0).await;
    let decided = stage.app.common.store.decisions(None, Timestamp::UNIX_EPOCH).await.unwrap();
    assert!(decided.last().unwrap().2.contains("happy: music that stays with it"), "{decided:?}");
}

#[tokio::test]
async fn anger_is_calmed_and_disgust_changes_nothing() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.playing(Mood::Happy).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Disgust).await;
    assert!(stage.app.queue.iter().all(|choice| choice.mood == Mood::Happy), "disgust: no change");
    stage.pass(5.0).await;
    stage.mood(Mood::Angry).await;
    assert_eq!(stage.app.path.as_ref().unwrap().goal, Goal::Calm);
    let first = stage.app.queue.front().unwrap();
    assert!(!stage.place(first.track).is_tense() && first.mood == Mood::Angry, "{first:?}");
    // All of it can be set otherwise.
    let answers = Answers { angry: Answer::Match, ..Answers::default() };
    let mut stage = Stage::of(Manner { answers, ..Manner::default() }).await;
    stage.playing(Mood::Angry).await;
    assert_eq!(stage.place(stage.heard()), Point::of(Emotion::Angry));
}

#[tokio::test]
async fn who_comes_disgusted_first_hears_neutral_music() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.playing(Mood::Disgust).await;
    assert_eq!(stage.place(stage.heard()), Point::of(Emotion::Neutral));
}

#[tokio::test]
async fn off_means_that_moods_start_nothing_and_a_hand_still_does() {
    let mut stage = Stage::of(with(Mode::Off)).await;
    stage.mood(Mood::Happy).await;
    stage.pass(60.0).await;
    assert!(stage.news().is_empty());
    stage.wish(Steer::Play).await;
    assert!(words(&stage.news()).contains(&"play"));
    stage.wish(Steer::Mode(Some(Mode::Lift))).await;
    stage.mood(Mood::Sad).await;
    assert!(stage.app.path.is_some(), "switched by hand");
    let mut stage = stage.killed().await;
    assert_eq!(stage.app.mode_by_hand, Some(Mode::Lift), "and it stays so");
    stage.wish(Steer::Mode(None)).await;
    assert_eq!(stage.app.plan(stage.now).mode, Mode::Off);
}

fn all_day() -> Hours {
    let time = |text: &str| text.parse().unwrap();
    let (from, to) = (time("00:00"), time("00:00"));
    Hours { from, to, days: vec![], mode: None, volume_max: None, quiet: false, explicit: None }
}

#[tokio::test]
async fn in_quiet_hours_moods_start_nothing_and_what_plays_fades_out() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.playing(Mood::Happy).await;
    stage.app.habits.manner.hours = vec![Hours { quiet: true, ..all_day() }];
    stage.pass(1.0).await;
    assert_eq!((words(&stage.news()), stage.app.paused), (vec!["pause"], Paused::QuietHours));
    stage.mood(Mood::Nobody).await;
    stage.pass(200.0).await;
    stage.mood(Mood::Sad).await;
    assert_eq!(stage.app.paused, Paused::QuietHours, "whoever comes");
    // A hand overrules them.
    stage.news();
    stage.wish(Steer::Play).await;
    stage.pass(60.0).await;
    assert_eq!(stage.app.paused, Paused::No);
    stage.wish(Steer::Pause).await;
    stage.app.habits.manner.hours.clear();
    stage.pass(1.0).await;
    assert_eq!(stage.app.paused, Paused::ByHand, "their end wakes nobody who paused");
}

#[tokio::test]
async fn after_quiet_hours_the_music_goes_on() {
    let mut stage = Stage::of(Manner { hours: vec![Hours { quiet: true, ..all_day() }], ..Manner::default() }).await;
    stage.mood(Mood::Happy).await;
    assert!(!words(&stage.news()).contains(&"play"));
    stage.app.habits.manner.hours.clear();
    stage.pass(1.0).await;
    assert_eq!(stage.app.paused, Paused::No);
    assert!(words(&stage.news()).contains(&"play"));
}

#[tokio::test]
async fn the_end_of_quiet_hours_plays_nothing_into_an_empty_room() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.playing(Mood::Happy).await;
    stage.app.habits.manner.hours = vec![Hours { quiet: true, ..all_day() }];
    stage.pass(1.0).await;
    stage.mood(Mood::Nobody).await;
    stage.pass(200.0).await;
    stage.news();
    stage.app.habits.manner.hours.clear();
    stage.pass(1.0).await;
    assert_eq!((words(&stage.news()), stage.app.paused), (vec![], Paused::NobodyThere));
    stage.mood(Mood::Happy).await;
    assert_eq!((words(&stage.news()), stage.app.paused), (vec!["resume"], Paused::No));
}

#[tokio::test]
async fn the_loudness_keeps_to_its_limit_and_a_wish_is_kept() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.playing(Mood::Happy).await;
    stage.wish(Steer::Volume(0.9)).await;
    assert_eq!(stage.news(), [Command::Volume(0.9)]);
    stage.app.habits.manner.hours = vec![Hours { volume_max: Some(0.3), ..all_day() }];
    stage.pass(1.0).await;
    assert_eq!(stage.news(), [Command::Volume(0.3)]);
    stage.wish(Steer::Volume(0.8)).await;
    assert!(stage.news().is_empty(), "it may not be heard louder");
    let mut stage = stage.killed().await;
    stage.app.habits.manner.hours.clear();
    stage.pass(1.0).await;
    assert_eq!((stage.app.volume, stage.news()), (0.8, vec![Command::Volume(0.8)]));
}

#[tokio::test]
async fn louder_while_it_plays_says_that_it_is_welcome_once() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.wish(Steer::Volume(0.2)).await;
    let good = |stage: &Stage| stage.app.taste.of(Emotion::Happy, track, stage.now.at).good;
    assert_eq!(good(&stage), 0.0, "softer says nothing");
    for volume in [0.3, 0.4, 0.5] {
        stage.wish(Steer::Volume(volume)).await;
    }
    assert!((good(&stage) - 0.5).abs() < 1e-3, "a slider's steps are one sign: {}", good(&stage));
}

#[tokio::test]
async fn the_sleep_timer_fades_out_and_only_a_hand_or_a_new_arrival_goes_on() {
    let mut stage = Stage::of(Manner::default()).await;
    stage.app.habits.nobody_after = None;
    stage.playing(Mood::Happy).await;
    stage.wish(Steer::Sleep(Some(Duration::from_secs(1800)))).await;
    stage.pass(1000.0).await;
    assert!(!words(&stage.news()).contains(&"pause"));
    // A restart does not forget it.
    let mut stage = stage.killed().await;
    stage.playing(Mood::Happy).await;
    stage.pass(801.0).await;
    assert_eq!((words(&stage.news()), stage.app.paused), (vec!["pause"], Paused::Asleep));
    stage.mood(Mood::Neutral).await;
    stage.pass(60.0).await;
    assert_eq!(stage.app.paused, Paused::Asleep, "who turns over in bed is not played music");
    let mut stage = stage.killed().await;
    assert_eq!(stage.app.paused, Paused::Asleep);
    stage.app.habits.nobody_after = Some(Duration::from_secs(180));
    stage.mood(Mood::Nobody).await;
    stage.pass(200.0).await;
    stage.mood(Mood::Happy).await;
    assert_eq!(stage.app.paused, Paused::No, "up again");
    let stage = stage.killed().await;
    assert_eq!(stage.app.paused, Paused::No, "and still so after a restart");
}

/// Killed at any moment, it goes on with the same queue, and plays nothing twice in a row.
#[tokio::test]
async fn a_kill_at_any_moment_loses_no_track_and_repeats_none() {
    for moment in 0..6 {
        let mut stage = Stage::of(with(if moment % 2 == 0 { Mode::Match } else { Mode::Lift })).await;
        let mood = if moment % 2 == 0 { Mood::Happy } else { Mood::Sad };
        stage.playing(mood).await;
        stage.ends().await;
        let waiting: Vec<_> = stage.app.queue.iter().map(|choice| choice.track).collect();
        let play = stage.app.playback.current.as_ref().unwrap().told.play;
        let next = stage.app.playback.next().unwrap().play;
        // How far a change of tracks had come.
        if moment >= 2 {
            stage.app.heed(Event::Ended(play), stage.now).await;
        }
        if moment >= 3 {
            stage.app.heed(Event::Started(next, None), stage.now).await;
        }
        if moment >= 4 {
            stage.act().await;
        }
        if moment >= 5 {
            stage.wish(Steer::Skip).await;
        }
        let (last, taken) = (stage.heard_last().await, stage.app.path.as_ref().map(|path| path.taken));
        let mut stage = stage.killed().await;
        let (_, _) = stage.playing(mood).await;
        let heard = stage.heard();
        assert_ne!(Some(heard), last, "twice in a row after a kill at moment {moment}");
        let expected = if moment >= 3 { waiting[1] } else { waiting[0] };
        assert_eq!(heard, expected, "lost from the queue by a kill at moment {moment}: {waiting:?}");
        if let (Some(before), Some(path)) = (taken, &stage.app.path) {
            assert_eq!(path.taken, before + 1, "the way goes on where it was");
        }
        let history = stage.app.common.store.history(None, 9).await.unwrap();
        assert!(history.iter().skip(1).all(|play| play.ending.is_some()), "no play is left open");
        assert!(history.iter().any(|play| play.ending == Some(Ending::Lost)) || moment == 2);
    }
}
