//! A mood's whole way, on one screen: hear → decide → queue → play.
//!
//! One task for each room owns everything that changes there. It takes in what was heard, what the player says, what
//! people wish and what the scan found, draws the conclusions in `App::act`, and shows the
//! result. Commands go to the player before anything is written down, so that a slow disk delays no
//! music. Nothing here ends the task: what fails becomes a notice.

mod clock;
mod common;
mod edit;
mod follow;
mod handle;
mod heed;
mod load;
mod manner;
mod notices;
mod obey;
mod rehearse;
mod show;
mod unwritten;

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::Emotion;
use rand::rngs::StdRng;
use tokio::{
    sync::{broadcast, mpsc, watch},
    time::sleep_until,
};

pub use common::{Common, News};
pub use handle::{Handle, Screens, Seated, SteerError};
use notices::{About, Notices};
pub use rehearse::{Happened, Told, rehearse};

use crate::{
    config::{Hear, OnChange},
    decide::{
        Choice, Rules,
        mode::{Answer, Manner, Mode},
        path::Path,
    },
    library::{
        Candidate, StoreError, Track, TrackId,
        scan::{Outcome, Progress, ScanError},
        tastes::FORGOTTEN,
    },
    listen::Heard,
    playback::{Pending, Playback},
    player::{Command, Event, PlayId, Player},
    queue::Queue,
    room::{Moment, Room},
    steer::Wish,
    taste::Taste,
    view::{LibraryView, Paused},
};

/// After a new mood is acted upon, further new moods wait so long: a flood of them counts as one.
pub const PACE: Duration = Duration::from_millis(100);

/// The player has so long to begin what it was told, before it is told again.
const PATIENCE: Duration = Duration::from_secs(40);

/// So many tracks after the next are told to a player that looks ahead.
const LOOK_AHEAD: usize = 2;

/// How many messages are taken in before conclusions are drawn.
const AT_ONCE: usize = 256;

/// How a room behaves; from the configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Habits {
    /// Which of its devices speaks for it.
    pub hear: Hear,
    /// A mood told for more people is not acted upon.
    pub people_max: Option<u32>,
    /// What is done about moods, and when.
    pub manner: Manner,
    /// What keeps music varied.
    pub rules: Rules,
    /// How many tracks the queue holds.
    pub ahead: usize,
    /// What a new mood does to the track that plays.
    pub on_change: OnChange,
    /// How long a fade takes.
    pub fade: Duration,
    /// How long nobody may be there before playing pauses.
    pub nobody_after: Option<Duration>,
    /// Loudness, 0..=1.
    pub volume: f32,
    /// Whether the built-in pieces are the library.
    pub built_in: bool,
}

/// Where news comes from.
#[derive(Debug)]
pub struct Inputs {
    /// The room's devices.
    pub heard: mpsc::Receiver<Heard>,
    /// People.
    pub wishes: mpsc::Receiver<Wish>,
    /// The room's player.
    pub events: mpsc::UnboundedReceiver<Event>,
    /// Each scan that ended.
    pub scans: mpsc::Receiver<Scanned>,
    /// The scan that runs.
    pub progress: watch::Receiver<Progress>,
    /// The other rooms; and this one, which is passed over.
    pub news: broadcast::Receiver<(usize, News)>,
}

/// What a scan found, for every room.
pub type Scanned = Arc<Result<Outcome, ScanError>>;

/// Which room it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Its place in the configuration. The first speaks for the library.
    pub index: usize,
    /// Its name.
    pub name: String,
}

/// The owner of everything that changes in one room.
pub struct App {
    common: Common,
    seat: Seat,
    player: Box<dyn Player>,
    habits: Habits,
    chance: StdRng,

    room: Room,
    /// The emotion that music is chosen for, and since when it is felt, if it is.
    mood: Option<(Emotion, Option<Moment>)>,
    /// The emotion that was answered last, and how.
    felt: Option<(Emotion, Answer)>,
    /// The way that the music leads, if it does.
    path: Option<Path>,
    mode_by_hand: Option<Mode>,
    /// These are quiet hours.
    quiet: bool,
    /// When the sleep timer ends.
    sleep: Option<Moment>,
    /// The loudness that somebody wishes, and the one that the player was told, 0..=1.
    volume: f32,
    loud: f32,
    /// The play during which the loudness was turned up.
    praised: Option<PlayId>,
    /// What is said of the newest mood, once it has held.
    sentence: Option<(Moment, String)>,
    /// Somebody was there, or pressed play: music is wanted.
    wanted: bool,
    /// The pause for want of people was made, or overruled by hand.
    nobody_heeded: bool,
    /// Until then a further new mood waits.
    settled: Instant,
    paused: Paused,

    tracks: Vec<Candidate>,
    taste: Taste,
    recent: VecDeque<TrackId>,
    /// Taken out of the queue by hand, the latest first.
    passed_over: VecDeque<TrackId>,
    /// When what was learnt was last forgotten, as the database has it: another program may do so.
    forgotten: Option<String>,
    queue: Queue,
    queue_changed: bool,
    playback: Playback,
    /// The old mood's track fades out until then.
    fade_end: Option<Instant>,
    /// When somebody last asked for music by hand.
    touched: Option<Instant>,
    /// Tracks that failed one after the other, and when the next may be tried.
    failures: u32,
    not_before: Instant,
    told_at: Instant,

    notices: Notices,
    library: LibraryView,
    loads: load::Loads,
    titles: HashMap<TrackId, Track>,
    mood_kept: Option<Emotion>,
    unwritten: unwritten::Unwritten,
    /// When old moods were last dropped from the diary.
    pruned: Instant,
    /// When the clock was last looked at.
    looked: Moment,
}

impl App {
    /// Takes up where the database says that an earlier run ended.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn new(
        common: Common,
        seat: Seat,
        player: Box<dyn Player>,
        habits: Habits,
        chance: StdRng,
    ) -> Result<Self, StoreError> {
        Self::at(common, seat, player, habits, chance, Moment::now()).await
    }

    /// The same, at a given time.
    async fn at(
        common: Common,
        seat: Seat,
        player: Box<dyn Player>,
        habits: Habits,
        chance: StdRng,
        now: Moment,
    ) -> Result<Self, StoreError> {
        let (store, name) = (&common.store, seat.name.as_str());
        let mood = store.kept(name, "mood").await?.and_then(|word| Emotion::from_word(&word));
        let paused = match store.kept(name, "paused").await?.as_deref() {
            Some("by_hand") => Paused::ByHand,
            Some("asleep") => Paused::Asleep,
            _ => Paused::No,
        };
        let path = store.kept(name, "path").await?.and_then(|path| serde_json::from_str(&path).ok());
        let mode_by_hand = store.kept(name, "mode").await?.and_then(|word| Mode::from_word(&word));
        let volume = store.kept(name, "volume").await?.and_then(|volume| volume.parse().ok());
        let volume = volume.filter(|volume| (0.0..=1.0).contains(volume)).unwrap_or(habits.volume);
        let sleep = store.kept(name, "sleep").await?.and_then(|at| Timestamp::from_millisecond(at.parse().ok()?).ok());
        // What ended while the program was away ends now.
        let sleep = sleep.map(|at| clock::sleep_kept(at, now));
        let recent: VecDeque<_> =
            store.heard_lately(name, habits.rules.repeat_window.max(habits.rules.artist_gap).max(1)).await?.into();
        let mut queue = Queue::kept(store.kept_queue(name).await?);
        // It began to play before it was taken out: heard is heard.
        while let Some(front) = queue.front().map(|choice| choice.track).filter(|front| recent.front() == Some(front)) {
            queue.take(front);
        }
        let mut app = Self {
            room: Room::new(habits.hear.clone(), habits.people_max),
            mood: mood.map(|emotion| (emotion, None)),
            felt: None,
            path,
            mode_by_hand,
            quiet: false,
            sleep,
            volume,
            loud: -1.0,
            praised: None,
            sentence: None,
            wanted: false,
            nobody_heeded: false,
            settled: now.tick,
            paused,
            tracks: Vec::new(),
            taste: Taste::kept(store.kept_taste(name).await?, now.at),
            recent,
            forgotten: store.kept(name, FORGOTTEN).await?,
            queue,
            queue_changed: false,
            passed_over: VecDeque::new(),
            playback: Playback::new(common.plays.clone()),
            fade_end: None,
            touched: None,
            failures: 0,
            not_before: now.tick,
            told_at: now.tick,
            notices: Notices::default(),
            library: LibraryView { built_in: habits.built_in, ..LibraryView::default() },
            loads: load::Loads::new(now.tick),
            titles: HashMap::new(),
            mood_kept: mood,
            unwritten: unwritten::Unwritten::default(),
            pruned: now.tick,
            looked: now,
            common,
            seat,
            player,
            habits,
            chance,
        };
        app.keep_to_plan(now);
        let tracks = app.common.store.candidates_of(app.player.plays()).await;
        app.loaded(tracks, now);
        Ok(app)
    }

    /// Runs until `stop` is there, then stops the player and writes down what played.
    pub async fn run(mut self, mut inputs: Inputs, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        loop {
            let now = Moment::now();
            self.act(now).await;
            self.show(now).await;
            let wake = self.wake(now);
            tokio::select! {
                () = &mut stop => break,
                Some(heard) = inputs.heard.recv() => {
                    self.hear(heard, Moment::now()).await;
                    // What has piled up counts as one: only the newest mood matters.
                    for _ in 1..AT_ONCE {
                        let Ok(heard) = inputs.heard.try_recv() else { break };
                        self.hear(heard, Moment::now()).await;
                    }
                }
                Some(event) = inputs.events.recv() => self.heed(event, Moment::now()).await,
                Some(wish) = inputs.wishes.recv() => {
                    let outcome = self.obey(wish.what, Moment::now()).await;
                    // What is told as done has reached the player, and outlives a pulled plug.
                    self.act(Moment::now()).await;
                    // Whoever wished need not wait for it.
                    let _ = wish.done.send(outcome);
                }
                Some(scan) = inputs.scans.recv() => self.scanned(&scan, Moment::now()),
                Some(loaded) = self.loads.from.recv() => self.loaded(loaded, Moment::now()),
                news = inputs.news.recv() => self.heard_from(news, Moment::now()),
                Ok(()) = inputs.progress.changed() => {
                    // That it is over is told with what it found.
                    self.library.scan = inputs.progress.borrow_and_update().or(self.library.scan);
                }
                () = sleep_until(wake.into()) => {}
            }
        }
        self.end(Moment::now()).await;
    }

    /// Draws the conclusions: what the room feels → what comes next → what the player is told.
    async fn act(&mut self, now: Moment) {
        self.mind_the_clock(now);
        self.reload_if_due(now);
        self.keep_to_plan(now);
        let turned = self.feel(now);
        // First what the player needs now, then the rest of the queue, then the diary.
        self.fit_queue(1, now);
        self.fade(turned, now);
        self.tell_player(now).await;
        self.fit_queue(self.habits.ahead, now);
        self.look_ahead(now).await;
        self.keep(now).await;
    }

    /// Makes what comes next fit the mood, and holds at least `ahead` tracks where there are as many.
    fn fit_queue(&mut self, ahead: usize, now: Moment) {
        let recent = self.lately();
        let rules = self.habits.rules;
        // The course is of a copy, so that the queue may change meanwhile.
        let path = self.path.clone();
        if let Some(course) = self.course(path.as_ref(), now) {
            let Self { queue, tracks, taste, chance, .. } = self;
            self.queue_changed |= queue.fit(course, ahead, tracks, &recent, rules, taste, now.at, chance);
        }
    }

    /// Tells the player what to play now, and what next.
    async fn tell_player(&mut self, now: Moment) {
        let faded = self.fade_end.is_some_and(|end| now.tick >= end);
        let overdue = self.playback.current.is_none() && now.tick >= self.told_at + PATIENCE;
        let idle = self.playback.is_idle() || overdue;
        let may_begin = now.tick >= self.not_before;
        let wanted = faded || idle && self.wanted && may_begin;
        if self.paused == Paused::No && wanted {
            self.begin(faded, now).await;
        }
        let told = self.playback.next().map(|next| &next.choice);
        if !self.playback.is_idle() && may_begin && told != self.queue.front() {
            match self.queue.front().cloned() {
                Some(choice) => {
                    if let Some(pending) = self.named(choice, now).await {
                        self.player.send(Command::Next(pending.item()));
                        self.playback.told_next(pending);
                    }
                }
                None => {
                    self.player.send(Command::ClearNext);
                    self.playback.told_clear_next();
                }
            }
        }
    }

    /// Has something played now: what follows a fade, or where nothing plays.
    async fn begin(&mut self, faded: bool, now: Moment) {
        if let Some(starting) = self.playback.starting().filter(|starting| starting.by_hand && !faded) {
            // The same again: what somebody picked and nobody has heard is not passed over.
            self.player.send(Command::Play(starting.item()));
            self.told_at = now.tick;
        } else if !self.play_front(now).await && faded {
            // With nothing to follow, what played is better than silence.
            self.end_fade();
        }
    }

    /// Tells a player that looks ahead what probably follows the next.
    async fn look_ahead(&mut self, now: Moment) {
        if !self.player.looks_ahead() || self.playback.next().is_none() {
            return;
        }
        let choices: Vec<Choice> = self.queue.iter().skip(1).take(LOOK_AHEAD).cloned().collect();
        if self.playback.later().iter().map(|told| &told.choice).eq(&choices) {
            return;
        }
        let mut later = Vec::with_capacity(choices.len());
        for choice in choices {
            later.extend(self.named(choice, now).await);
        }
        self.player.send(Command::Then(later.iter().map(Pending::item).collect()));
        self.playback.told_then(later);
    }

    /// The play of a choice that follows: under the name that the player knows already, if it was told.
    async fn named(&mut self, choice: Choice, now: Moment) -> Option<Pending> {
        match self.playback.later().iter().find(|told| told.choice == choice) {
            Some(told) => Some(told.clone()),
            None => self.pending(choice, false, now).await,
        }
    }

    /// Plays the front of the queue now; false if there is nothing to play.
    async fn play_front(&mut self, now: Moment) -> bool {
        let Some(choice) = self.queue.front().cloned() else { return false };
        let Some(pending) = self.pending(choice, false, now).await else { return false };
        self.queue_changed |= self.queue.take(pending.choice.track);
        self.play(pending, now);
        self.fit_queue(1, now);
        true
    }

    /// Plays this now.
    fn play(&mut self, pending: Pending, now: Moment) {
        self.player.send(Command::Play(pending.item()));
        self.playback.told_play(pending);
        self.fade_end = None;
        self.told_at = now.tick;
    }

    /// Looks the track of a choice up and gives the play a name; `None` if it has vanished.
    async fn pending(&mut self, choice: Choice, by_hand: bool, now: Moment) -> Option<Pending> {
        match self.common.store.track(choice.track).await {
            Ok(Some(track)) => {
                let by_hand = by_hand || choice.is_by_hand();
                Some(self.playback.name(choice, track, by_hand))
            }
            Ok(None) => {
                self.forget(choice.track);
                None
            }
            Err(e) => {
                self.database_failed(&e);
                self.not_before = now.tick + Duration::from_secs(5);
                None
            }
        }
    }

    /// When to look again although nothing was heard.
    fn wake(&self, now: Moment) -> Instant {
        let waits = [self.not_before, self.settled, self.told_at + PATIENCE].into_iter().filter(|at| *at > now.tick);
        let soonest = waits
            .chain(self.plan_wake(now))
            .chain(self.pauses_at(now))
            .chain(self.fade_end)
            .chain(self.room.wake(now))
            .chain(self.notices.wake())
            .chain(self.unwritten.wake());
        soonest.min().unwrap_or(now.tick + Duration::from_secs(60)).max(now.tick + Duration::from_millis(1))
    }
}

#[cfg(test)]
mod ahead_tests;
#[cfg(test)]
mod manner_tests;
#[cfg(test)]
mod tests;
