use crate::{
    app::{
        Common,
        tests::{Stage, words},
    },
    decide::mode::{Hours, Manner},
    library::{Store, TrackId},
    player::{Event, pieces::ALL},
    steer::Steer,
    taste::Evidence,
    view::Paused,
};

use super::*;
use moodring_mood::{Emotion, Mood};

impl Stage {
    /// The clock is set; so many seconds later by the one that never jumps, somebody looks.
    async fn clock_set(&mut self, shows: &str, seconds: u64) {
        let tick = self.now.tick + Duration::from_secs(seconds);
        self.now = Moment { at: shows.parse().unwrap(), tick };
        self.act().await;
    }

    /// What plays ends by itself, and the next begins.
    async fn goes_on(&mut self) -> TrackId {
        let play = self.app.playback.current.as_ref().unwrap().told.play;
        self.says(Event::Ended(play)).await;
        let next = self.app.playback.next().unwrap().play;
        self.says(Event::Started(next, None)).await;
        self.heard()
    }

    /// A new program on the same database, started when the clock shows this.
    async fn restarted(self, shows: &str) -> Self {
        let Self { app, now, dir, device, .. } = self;
        let (habits, index) = (app.habits.clone(), app.seat.index);
        app.common.store.close().await;
        drop(app);
        let now = Moment { at: shows.parse().unwrap(), tick: now.tick };
        let mut stage = Self::reopened(dir, habits, index, device, now).await;
        stage.news();
        stage
    }
}

const BEGINS: &str = "1970-01-01T12:00:40Z";

#[tokio::test]
async fn history_and_repeats_go_by_what_happened_whatever_the_clock_shows() {
    let mut stage = Stage::with(&ALL).await;
    stage.clock_set("2026-11-23T20:00:00Z", 1).await;
    stage.playing(Mood::Happy).await;
    let mut heard = vec![stage.heard()];
    for shows in ["2061-05-01T12:00:00Z", BEGINS, "2026-11-23T20:09:00Z"] {
        stage.clock_set(shows, 100).await;
        stage.mood(Mood::Happy).await;
        heard.push(stage.goes_on().await);
        stage = stage.restarted(shows).await;
        stage.playing(Mood::Happy).await;
        heard.push(stage.heard());
    }
    assert!(heard.windows(2).all(|two| two[0] != two[1]), "no track twice in a row: {heard:?}");
    let history = stage.app.common.store.history(None, 99).await.unwrap();
    let told: Vec<_> = history.iter().rev().map(|play| play.track).collect();
    assert_eq!(told, heard, "in the order in which they were heard");
    let told = crate::told::why(&stage.app.common.store, None, 99).await.unwrap();
    let ahead = told.rfind("2061-05-01").expect("it is told with the clock of then");
    assert!(told[ahead..].contains("1970-01-01"), "{told}");
}

#[tokio::test]
async fn a_track_played_by_a_clock_that_was_ahead_is_not_fresh_for_ever() {
    let mut stage = Stage::with(&ALL).await;
    stage.clock_set("2061-05-01T12:00:00Z", 1).await;
    stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.clock_set("2026-11-23T20:00:00Z", 60).await;
    let why = |stage: &Stage| {
        let (tracks, taste) = (&stage.app.tracks, &stage.app.taste);
        let candidate = tracks.iter().find(|t| t.id == track).unwrap();
        crate::decide::why(Emotion::Sad, candidate, tracks, taste, stage.now.at)
    };
    assert!(why(&stage).ends_with("played before"), "{}", why(&stage));
    stage.wish(Steer::PlayTrack(track)).await;
    let play = stage.app.playback.starting().unwrap().play;
    stage.says(Event::Started(play, None)).await;
    stage.app.reload(stage.now);
    stage.load().await;
    assert!(why(&stage).ends_with("played less than an hour ago"), "the last play counts: {}", why(&stage));
}

#[tokio::test]
async fn what_was_learnt_while_the_clock_was_ahead_is_one_play_among_others() {
    let mut stage = Stage::with(&ALL).await;
    stage.clock_set("2061-05-01T12:00:00Z", 1).await;
    stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.app.learn(Mood::Happy, track, Evidence::Finished, stage.now);
    stage.clock_set("2026-11-23T20:00:00Z", 60).await;
    for _ in 0..3 {
        stage.app.learn(Mood::Happy, track, Evidence::Skipped(0.0), stage.now);
    }
    let mean = |stage: &Stage| stage.app.taste.of(Emotion::Happy, track, stage.now.at).mean();
    assert!(mean(&stage) < 0.3, "{}", mean(&stage));
    stage.act().await;
    let stage = stage.restarted("2026-11-23T20:01:00Z").await;
    assert!(mean(&stage) < 0.3, "and so it is kept: {}", mean(&stage));
}

#[tokio::test]
async fn while_the_clock_is_not_set_nobody_is_woken_and_it_says_why() {
    let hours = Hours {
        from: "22:00".parse().unwrap(),
        to: "07:00".parse().unwrap(),
        days: vec![],
        mode: None,
        volume_max: None,
        quiet: true,
        explicit: None,
    };
    let mut stage = Stage::with(&ALL).await;
    stage.app.habits.manner = Manner { hours: vec![hours], ..Manner::default() };
    let mut stage = stage.restarted(BEGINS).await;
    stage.mood(Mood::Happy).await;
    assert!(!words(&stage.news()).contains(&"play"));
    let notices = stage.app.notices.words(stage.now.tick);
    assert!(notices.iter().any(|words| words.contains("clock is not set, it shows 1970-01-01")), "{notices:?}");
    // Noon, wherever this test runs.
    let noon = "2026-11-23T12:00".parse::<jiff::civil::DateTime>().unwrap();
    let noon = noon.to_zoned(TimeZone::system()).unwrap().timestamp().to_string();
    stage.clock_set(&noon, 5).await;
    stage.mood(Mood::Happy).await;
    assert!(words(&stage.news()).contains(&"play"), "it is set, and it is no quiet hour");
    assert!(stage.app.notices.words(stage.now.tick).is_empty());
}

#[tokio::test]
async fn the_sleep_timer_runs_as_long_as_it_was_set_for() {
    let mut stage = Stage::with(&ALL).await;
    stage.app.habits.nobody_after = None;
    stage.clock_set("2026-11-23T22:00:00Z", 1).await;
    stage.playing(Mood::Happy).await;
    stage.wish(Steer::Sleep(Some(Duration::from_secs(1800)))).await;
    for (shows, seconds) in [("2061-05-01T12:00:00Z", 600), (BEGINS, 600), ("2026-11-23T22:25:00Z", 300)] {
        stage.clock_set(shows, seconds).await;
        assert_eq!(stage.app.paused, Paused::No, "{shows}");
    }
    let ends = stage.app.sleep.unwrap().at.to_string();
    assert_eq!(ends, "2026-11-23T22:30:00Z", "it is shown by the clock as it is now");
    // A program that starts before its clock is set ends it when the clock is right again.
    let mut stage = stage.restarted(BEGINS).await;
    stage.playing(Mood::Happy).await;
    let left = stage.app.sleep.unwrap().tick - stage.now.tick;
    assert_eq!(left, LONGEST_SLEEP, "no later than the longest could");
    stage.clock_set("2026-11-23T22:29:00Z", 60).await;
    assert_eq!(stage.app.paused, Paused::No);
    stage.clock_set("2026-11-23T22:30:01Z", 61).await;
    assert_eq!(stage.app.paused, Paused::Asleep);
}

#[tokio::test]
async fn a_clock_that_is_ahead_at_the_start_drops_no_diary() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let now = Timestamp::now();
    let at = |days: i64| now - SignedDuration::from_hours(24 * days);
    // Written by a clock that is right; today it shows a year later.
    for days in [500, 460, 400] {
        store.decided("home", "a mood", at(days)).await.unwrap();
    }
    Common::new(store.clone(), &["home".to_owned()]).await.unwrap();
    assert_eq!(store.decisions(None, at(600)).await.unwrap().len(), 2, "the first is 100 days older than the last");
}
