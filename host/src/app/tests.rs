//! What the player is told, moment by moment, with the seven built-in pieces as the library.

use std::sync::Mutex;

use moodring_mood::{Confidence, DeviceId, Mood, MoodMessage, Scores, Status};
use rand::SeedableRng;
use tempfile::TempDir;

use super::*;
use crate::{
    library::{Ending, Store},
    player::{
        Fault, Item, PlayId, Source,
        pieces::{ALL, Piece},
    },
    steer::Steer,
};

/// A player that only notes what it is told.
struct Notes(Arc<Mutex<Vec<Command>>>);

impl Player for Notes {
    fn send(&self, command: Command) {
        self.0.lock().unwrap().push(command);
    }
}

/// The app with a clock of its own.
pub struct Stage {
    pub app: App,
    told: Arc<Mutex<Vec<Command>>>,
    pub now: Moment,
    pub device: DeviceId,
    pub dir: TempDir,
}

const FADE: Duration = Duration::from_secs(4);

impl Stage {
    /// With these pieces as the library.
    pub async fn with(pieces: &[Piece]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        store.use_pieces(pieces).await.unwrap();
        store.close().await;
        let habits = Habits {
            hear: Hear::Freshest,
            people_max: None,
            manner: Manner::default(),
            rules: Rules { repeat_window: 30, artist_gap: 3 },
            ahead: 3,
            on_change: OnChange::Fade,
            fade: FADE,
            nobody_after: Some(Duration::from_secs(180)),
            volume: 1.0,
            built_in: true,
        };
        Self::reopened(dir, habits, 0, "hall".parse().unwrap(), Moment::now()).await
    }

    /// On the database that is in `dir`.
    pub async fn reopened(dir: TempDir, habits: Habits, index: usize, device: DeviceId, now: Moment) -> Self {
        let store = Store::open(dir.path()).await.unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        let common = Common::new(store, &["home".to_owned()]).await.unwrap();
        let seat = Seat { index, name: "home".to_owned() };
        let player = Box::new(Notes(Arc::clone(&told)));
        let app = App::at(common, seat, player, habits, StdRng::seed_from_u64(7), now).await.unwrap();
        let mut stage = Self { app, told, now, device, dir };
        stage.news();
        stage
    }

    /// The track of the last play that was written down.
    pub async fn heard_last(&self) -> Option<TrackId> {
        self.app.common.store.heard_lately("home", 1).await.unwrap().first().copied()
    }

    pub async fn act(&mut self) {
        self.app.act(self.now).await;
    }

    pub async fn pass(&mut self, seconds: f64) {
        let gone = Duration::from_secs_f64(seconds);
        self.now = Moment { at: self.now.at + gone, tick: self.now.tick + gone };
        self.act().await;
    }

    pub async fn mood(&mut self, mood: Mood) {
        let confidence = Confidence::saturating(0.9);
        let message =
            MoodMessage { v: 1, at: self.now.at, seq: 1, mood, confidence, people: 1, scores: Scores::default() };
        self.app.hear(Heard::Mood(self.device.clone(), message, false), self.now).await;
        self.act().await;
    }

    pub async fn wish(&mut self, wish: Steer) {
        self.app.obey(wish, self.now).await.unwrap();
        self.act().await;
    }

    pub async fn says(&mut self, event: Event) {
        self.app.heed(event, self.now).await;
        self.act().await;
    }

    /// What the player was told since the last call.
    pub fn news(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.told.lock().unwrap())
    }

    /// A mood, and the player begins what it is told; gives the play and the piece.
    pub async fn playing(&mut self, mood: Mood) -> (PlayId, String) {
        self.mood(mood).await;
        let told = self.news().into_iter().find_map(|command| match command {
            Command::Play(Item { play, source: Source::BuiltIn(name), .. }) => Some((play, name)),
            _ => None,
        });
        let (play, name) = told.expect("something is played");
        self.says(Event::Started(play, None)).await;
        self.news();
        (play, name)
    }

    /// Takes in what a look into the database found.
    pub async fn load(&mut self) {
        let loaded = tokio::time::timeout(Duration::from_secs(20), self.app.loads.from.recv()).await;
        self.app.loaded(loaded.expect("a look in time").unwrap(), self.now);
        self.act().await;
    }

    pub fn heard(&self) -> TrackId {
        self.app.playback.current.as_ref().unwrap().told.choice.track
    }
}

/// The commands without the tracks that they name.
pub fn words(commands: &[Command]) -> Vec<&'static str> {
    let word = |command: &Command| match command {
        Command::Play(_) => "play",
        Command::Next(_) => "next",
        Command::Then(_) => "then",
        Command::ClearNext => "clear",
        Command::Pause(_) => "pause",
        Command::Resume => "resume",
        Command::Skip => "skip",
        Command::Volume(_) => "volume",
        Command::Stop => "stop",
    };
    commands.iter().map(word).collect()
}

#[tokio::test]
async fn a_skip_during_a_fade_is_heard() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    assert_eq!(words(&stage.news()), ["pause", "next"]);
    stage.wish(Steer::Skip).await;
    assert_eq!(words(&stage.news()), ["skip", "resume"]);
    stage.pass(10.0).await;
    assert!(stage.news().is_empty(), "the fade is over and cuts nothing");
}

#[tokio::test]
async fn not_for_this_mood_during_a_fade_is_heard() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    stage.news();
    let track = stage.heard();
    stage.wish(Steer::NotFor { track, emotion: Emotion::Happy, banned: true }).await;
    assert_eq!(words(&stage.news()), ["skip", "resume"]);
}

#[tokio::test]
async fn not_for_this_mood_keeps_a_pause_as_it_was() {
    let mut stage = Stage::with(&ALL).await;
    for by_hand in [true, false] {
        stage.mood(Mood::Happy).await;
        stage.wish(Steer::Play).await;
        if stage.app.playback.current.is_none() {
            stage.playing(Mood::Happy).await;
        }
        if by_hand {
            stage.wish(Steer::Pause).await;
        } else {
            stage.mood(Mood::Nobody).await;
            stage.pass(181.0).await;
        }
        let paused = stage.app.paused;
        assert_eq!(paused, if by_hand { Paused::ByHand } else { Paused::NobodyThere });
        stage.news();
        let heard = stage.app.playback.current.as_ref().unwrap().told.clone();
        let emotion = heard.choice.mood.emotion().unwrap();
        stage.wish(Steer::NotFor { track: heard.track.id, emotion, banned: true }).await;
        assert_eq!(stage.app.paused, paused);
        let told = stage.news();
        assert_eq!(words(&told).last(), Some(&"skip"), "the player stays paused: {told:?}");
        assert!(!words(&told).contains(&"resume"), "{told:?}");
        stage.says(Event::Ended(heard.play)).await;
        let next = stage.app.playback.next().unwrap().play;
        stage.says(Event::Started(next, None)).await;
    }
}

#[tokio::test]
async fn a_skip_with_nothing_to_follow_neither_silences_nor_counts() {
    let happy: Vec<Piece> = ALL.into_iter().filter(|piece| piece.emotion == Emotion::Happy).collect();
    let mut stage = Stage::with(&happy).await;
    let (play, _) = stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.wish(Steer::NotFor { track, emotion: Emotion::Happy, banned: true }).await;
    assert!(!words(&stage.news()).contains(&"skip"));
    stage.says(Event::Ended(play)).await;
    let history = stage.app.common.store.history(None, 1).await.unwrap();
    assert_eq!(history[0].ending, Some(Ending::Finished), "it was not skipped");
}

#[tokio::test]
async fn without_anything_for_the_new_mood_the_music_goes_on() {
    let happy: Vec<Piece> = ALL.into_iter().filter(|piece| piece.emotion == Emotion::Happy).collect();
    let mut stage = Stage::with(&happy).await;
    stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.wish(Steer::NotFor { track, emotion: Emotion::Sad, banned: true }).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    stage.pass(10.0).await;
    assert_eq!(words(&stage.news()), ["clear"], "no fade into silence");
}

#[tokio::test]
async fn what_vanishes_during_a_fade_brings_the_music_back() {
    let two: Vec<Piece> =
        ALL.into_iter().filter(|piece| matches!(piece.emotion, Emotion::Happy | Emotion::Sad)).collect();
    let mut stage = Stage::with(&two).await;
    stage.playing(Mood::Happy).await;
    let happy = stage.heard();
    stage.wish(Steer::NotFor { track: happy, emotion: Emotion::Sad, banned: true }).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    assert_eq!(words(&stage.news()), ["pause", "next"]);
    let sad = stage.app.queue.front().unwrap().track;
    stage.wish(Steer::NotFor { track: sad, emotion: Emotion::Sad, banned: true }).await;
    stage.pass(5.0).await;
    assert_eq!(words(&stage.news()), ["clear", "resume"]);
}

#[tokio::test]
async fn a_mood_that_returns_during_the_fade_undoes_it() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    stage.pass(1.0).await;
    stage.news();
    stage.mood(Mood::Happy).await;
    assert_eq!(words(&stage.news()), ["resume", "next"]);
    stage.pass(10.0).await;
    assert!(stage.news().is_empty(), "the happy track plays on");
}

#[tokio::test]
async fn a_track_that_ends_by_itself_during_the_fade_leaves_the_next_one_whole() {
    let mut stage = Stage::with(&ALL).await;
    let (play, _) = stage.playing(Mood::Happy).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    stage.news();
    stage.says(Event::Ended(play)).await;
    assert_eq!(words(&stage.news()), ["resume"]);
    let next = stage.app.playback.next().unwrap().play;
    stage.says(Event::Started(next, None)).await;
    stage.news();
    stage.pass(10.0).await;
    assert!(stage.news().is_empty());
}

#[tokio::test]
async fn after_the_fade_the_new_mood_is_heard() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    stage.pass(5.0).await;
    stage.mood(Mood::Sad).await;
    stage.news();
    stage.pass(4.1).await;
    let told = stage.news();
    assert!(matches!(&told[0], Command::Play(Item { source: Source::BuiltIn(name), .. }) if name == "sad"), "{told:?}");
}

#[tokio::test]
async fn play_with_nobody_in_view_is_not_cut_off_by_the_old_wait() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    stage.mood(Mood::Nobody).await;
    stage.pass(170.0).await;
    stage.wish(Steer::Play).await;
    stage.pass(170.0).await;
    assert_eq!(stage.app.paused, Paused::No);
    assert_eq!(stage.app.pauses_at(stage.now), Some(stage.now.tick + Duration::from_secs(10)));
    stage.pass(10.0).await;
    assert_eq!(stage.app.paused, Paused::NobodyThere);
}

#[tokio::test]
async fn whoever_comes_back_is_not_said_to_have_been_happy_all_along() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    stage.mood(Mood::Nobody).await;
    stage.pass(9.0 * 3600.0).await;
    stage.mood(Mood::Unsure).await;
    assert_eq!(stage.app.words(Mood::Happy, "liked", stage.now), "happy; liked");
    stage.pass(1.0).await;
    stage.mood(Mood::Happy).await;
    stage.pass(20.0).await;
    assert_eq!(stage.app.words(Mood::Happy, "liked", stage.now), "happy for 20 s; liked");
    stage.app.hear(Heard::Status(stage.device.clone(), Status::Offline), stage.now).await;
    stage.act().await;
    assert_eq!(stage.app.words(Mood::Happy, "liked", stage.now), "happy; liked");
}

#[tokio::test]
async fn the_diary_of_moods_is_dated_by_the_device_and_pruned_every_day() {
    let mut stage = Stage::with(&ALL).await;
    let file = format!("sqlite:{}", stage.dir.path().join("moodring.db").display());
    let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
    let dates = || async { sqlx::query_scalar::<_, i64>("SELECT at FROM moods_heard").fetch_all(&pool).await.unwrap() };
    let told = stage.now.at - Duration::from_secs(2);
    let confidence = Confidence::saturating(0.9);
    let scores = Scores::default();
    let message = MoodMessage { v: 1, at: told, seq: 1, mood: Mood::Happy, confidence, people: 1, scores };
    stage.app.hear(Heard::Mood(stage.device.clone(), message, false), stage.now).await;
    stage.act().await;
    assert_eq!(dates().await, [told.as_millisecond()]);
    stage.pass(89.0 * 86_400.0).await;
    assert_eq!(dates().await.len(), 1);
    stage.pass(2.0 * 86_400.0).await;
    assert!(dates().await.is_empty());
}

#[tokio::test]
async fn a_passing_stall_is_not_held_against_a_song_and_a_play_by_hand_tries_again() {
    let mut stage = Stage::with(&ALL).await;
    let problem = async |stage: &Stage, track| stage.app.common.store.track(track).await.unwrap().unwrap().problem;
    // Away: out of mind for a while, and nothing written.
    let (play, _) = stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.says(Event::Failed(play, Fault::Away("gave no data for 15 s".to_owned()))).await;
    assert_eq!(problem(&stage, track).await, None);
    assert!(!stage.app.tracks.iter().any(|t| t.id == track));
    stage.pass(601.0).await;
    stage.load().await;
    assert!(stage.app.tracks.iter().any(|t| t.id == track), "it is tried again");
    // Broken: remembered, until somebody plays it by hand and it is heard.
    stage.wish(Steer::PlayTrack(track)).await;
    let play = stage.app.playback.starting().unwrap().play;
    stage.says(Event::Failed(play, Fault::Broken("it is damaged".to_owned()))).await;
    assert_eq!(problem(&stage, track).await.as_deref(), Some("it is damaged"));
    stage.wish(Steer::PlayTrack(track)).await;
    let play = stage.app.playback.starting().unwrap().play;
    stage.says(Event::Started(play, None)).await;
    assert_eq!(problem(&stage, track).await, None);
    stage.load().await;
    assert!(stage.app.tracks.iter().any(|t| t.id == track));
}

#[tokio::test]
async fn what_is_said_while_the_tracks_are_read_is_not_lost() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    let track = stage.heard();
    stage.app.reload(stage.now);
    // Read before the wish, taken in after it.
    let read = stage.app.loads.from.recv().await.unwrap();
    stage.wish(Steer::NotFor { track, emotion: Emotion::Happy, banned: true }).await;
    stage.app.loaded(read, stage.now);
    let banned = |stage: &Stage| stage.app.tracks.iter().any(|t| t.id == track && t.not_for.contains(Emotion::Happy));
    assert!(banned(&stage));
    stage.load().await;
    assert!(banned(&stage));
}

#[tokio::test]
async fn what_people_do_is_learnt_and_kept() {
    let mut stage = Stage::with(&ALL).await;
    let (play, _) = stage.playing(Mood::Happy).await;
    let skipped = stage.heard();
    stage.wish(Steer::Skip).await;
    stage.says(Event::Ended(play)).await;
    let sums = |stage: &Stage, track| stage.app.taste.of(Emotion::Happy, track, stage.now.at);
    assert!(sums(&stage, skipped).bad > 1.0, "skipped at once");
    let kept = Taste::kept(stage.app.common.store.kept_taste("home").await.unwrap(), stage.now.at);
    assert!((kept.of(Emotion::Happy, skipped, stage.now.at).bad - sums(&stage, skipped).bad).abs() < 1e-6);

    stage.wish(Steer::PlayTrack(skipped)).await;
    assert!(sums(&stage, skipped).good > 1.0, "and then picked by hand");
    stage.wish(Steer::ForgetTaste(None)).await;
    assert_eq!(stage.app.common.store.kept_taste("home").await.unwrap(), []);
    assert!(!stage.app.taste.knows(Emotion::Happy, skipped));
}

#[tokio::test]
async fn the_buttons_of_a_device_are_obeyed() {
    use moodring_mood::Wish;
    let mut stage = Stage::with(&ALL).await;
    let press = async |stage: &mut Stage, wish| {
        let heard = Heard::Wish(stage.device.clone(), wish);
        stage.app.hear(heard, stage.now).await;
        stage.act().await;
    };
    press(&mut stage, Wish::Like).await;
    assert!(stage.news().is_empty(), "nothing plays that could be liked");
    stage.playing(Mood::Happy).await;
    press(&mut stage, Wish::Like).await;
    assert!(stage.app.playback.current.as_ref().unwrap().told.track.liked);
    press(&mut stage, Wish::PauseMusic).await;
    press(&mut stage, Wish::PauseMusic).await;
    press(&mut stage, Wish::Skip).await;
    assert_eq!(words(&stage.news()), ["pause", "resume", "skip"]);
}

#[tokio::test]
async fn people_put_tracks_into_what_comes_next_and_take_them_out() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    let ids: Vec<_> = stage.app.tracks.iter().map(|t| t.id).collect();
    let next = |stage: &Stage| stage.app.queue.iter().map(|c| c.track).collect::<Vec<_>>();
    let (some, other) = (ids[1], ids[4]);
    stage.wish(Steer::Enqueue { track: some, first: false }).await;
    stage.wish(Steer::Enqueue { track: other, first: true }).await;
    assert_eq!(next(&stage)[..2], [other, some]);
    let told = stage.news();
    assert!(matches!(told.last(), Some(Command::Next(_))), "the player knows at once what comes next: {told:?}");
    stage.wish(Steer::Shift { from: 1, track: some, to: 0 }).await;
    assert_eq!(next(&stage)[..2], [some, other]);

    // Another mood leaves what was picked, and what was stored is the same.
    stage.pass(1.0).await;
    stage.mood(Mood::Sad).await;
    assert_eq!(next(&stage)[..2], [some, other]);
    let kept = stage.app.common.store.kept_queue(&stage.app.seat.name).await.unwrap();
    assert!(kept.iter().take(2).all(Choice::is_by_hand));

    stage.wish(Steer::Dequeue { at: 0, track: some }).await;
    assert_eq!(next(&stage)[0], other);
    let late = stage.app.obey(Steer::Dequeue { at: 0, track: some }, stage.now).await.unwrap_err();
    assert!(late.contains("changed meanwhile"), "{late}");
    assert_eq!(next(&stage)[0], other, "nothing but what was meant is taken out");

    // What was taken out counts as heard lately, so that it is not put back at once.
    assert_eq!(stage.app.lately()[1], some);
}

#[tokio::test]
async fn a_track_is_moved_from_one_mood_to_another() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    let happy = stage.heard();
    let fits = |stage: &Stage, emotion| stage.app.tracks.iter().find(|t| t.id == happy).unwrap().fits(emotion);
    let only = Steer::Fits { track: happy, add: None, remove: Some(Emotion::Happy) };
    let refused = stage.app.obey(only, stage.now).await.unwrap_err();
    assert!(refused.contains("the only mood") && fits(&stage, Emotion::Happy), "{refused}");
    stage.wish(Steer::Fits { track: happy, add: Some(Emotion::Fear), remove: Some(Emotion::Happy) }).await;
    assert!(fits(&stage, Emotion::Fear) && !fits(&stage, Emotion::Happy));
    assert_eq!(
        stage.app.library.by_emotion,
        Emotion::ALL.map(|e| if e == Emotion::Fear { 2 } else { u64::from(e != Emotion::Happy) })
    );
    stage.app.common.store.use_pieces(&ALL).await.unwrap();
    let moods = stage.app.common.store.track(happy).await.unwrap().unwrap().moods;
    assert_eq!(moods.iter().collect::<Vec<_>>(), [Emotion::Fear], "and it stays so");
}

#[tokio::test]
async fn with_the_broker_away_for_an_hour_it_is_said_and_the_music_goes_on() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    let why = "no connection to the broker at 10.0.0.2:1883: connection refused; trying again";
    stage.app.hear(Heard::Lost(why.to_owned()), stage.now).await;
    for _ in 0..20 {
        stage.pass(180.0).await;
        assert_eq!(stage.app.notices.words(stage.now.tick), [why]);
        let play = stage.app.playback.current.as_ref().unwrap().told.play;
        let next = stage.app.playback.next().unwrap().play;
        stage.says(Event::Ended(play)).await;
        stage.says(Event::Started(next, None)).await;
        assert!(stage.app.paused == Paused::No && !words(&stage.news()).contains(&"pause"));
    }
    stage.app.hear(Heard::Connected, stage.now).await;
    assert!(stage.app.notices.words(stage.now.tick).is_empty());
    stage.mood(Mood::Sad).await;
    assert!(stage.app.queue.iter().all(|choice| choice.mood == Mood::Sad), "it listens again");
    // Whoever left meanwhile is noticed.
    stage.pass(130.0).await;
    stage.pass(190.0).await;
    assert_eq!(stage.app.paused, Paused::NobodyThere);
}

#[tokio::test]
async fn where_nothing_can_be_opened_the_queue_is_not_run_through() {
    let mut stage = Stage::with(&ALL).await;
    stage.playing(Mood::Happy).await;
    let fault = || Fault::Away("its disk is away".to_owned());
    for _ in 0..3 {
        let next = stage.app.playback.next().unwrap().play;
        stage.says(Event::Failed(next, fault())).await;
    }
    let next = stage.app.playback.next().unwrap().play;
    stage.says(Event::Failed(next, fault())).await;
    assert_eq!(stage.app.playback.next(), None, "from here on there is a wait between two tries");
    let left = stage.app.tracks.len();
    stage.pass(1.0).await;
    assert_eq!((stage.app.playback.next(), stage.app.tracks.len()), (None, left));
    stage.pass(1.5).await;
    assert!(stage.app.playback.next().is_some());
    // A scan that finds everything as it was says that the disk is back.
    stage.app.scanned(&Ok(Outcome::default()), stage.now);
    stage.load().await;
    assert_eq!(stage.app.tracks.len(), ALL.len());
}

#[tokio::test]
async fn a_player_that_cannot_begin_what_somebody_picked_is_told_the_same_again() {
    let mut stage = Stage::with(&ALL).await;
    let track = stage.app.tracks[0].id;
    stage.wish(Steer::PlayTrack(track)).await;
    let told = stage.app.playback.starting().unwrap().clone();
    let waiting: Vec<Choice> = stage.app.queue.iter().cloned().collect();
    for _ in 0..3 {
        stage.news();
        stage.pass(41.0).await;
        assert!(stage.news().contains(&Command::Play(told.item())));
        assert_eq!(stage.app.queue.iter().cloned().collect::<Vec<_>>(), waiting);
    }
    stage.says(Event::Started(told.play, None)).await;
    assert_eq!(stage.heard(), told.choice.track);
}

#[tokio::test]
async fn a_scan_ends_in_every_room() {
    for index in [0, 1] {
        let Stage { app, now, dir, device, .. } = Stage::with(&ALL).await;
        let habits = app.habits.clone();
        app.common.store.close().await;
        drop(app);
        let mut stage = Stage::reopened(dir, habits, index, device, now).await;
        for outcome in [Outcome::default(), Outcome { changed: 1, ..Outcome::default() }] {
            stage.app.library.scan = Some((1, 2));
            let reads = outcome.changed > 0;
            stage.app.scanned(&Ok(outcome), stage.now);
            if reads {
                stage.load().await;
            }
            assert_eq!(stage.app.library.scan, None, "room {index}");
        }
    }
}
