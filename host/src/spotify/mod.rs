//! Spotify in the program: who is logged in, what is found when, and whether a room plays from it.
//!
//! In: the settings, the log-in, what the device says, wishes from the page and the command line. Out:
//! tracks in the database, a player for one room, and a [`View`] for people. Nothing here stops the
//! program: without Spotify, local music plays.
//!
//! `plan` and `serve` decide and are pure; `refresh` finds music; `commands` is the command line, `view`
//! and `entry` are for the page.

pub mod commands;
mod entry;
pub mod plan;
pub mod refresh;
pub mod serve;
mod view;

use std::{
    fs::File,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::Emotion;
use moodring_spotify::{
    Account, Calls, LogIn, Spotify,
    connect::Connect,
    deck::{Cause, Order, Said},
    limit::find_every,
};
use thiserror::Error;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::JoinHandle,
    time::interval,
};

pub use self::view::View;
use self::{
    entry::Entry,
    refresh::{Progress, Refresh},
    serve::{Serves, is_over, serves},
};
use crate::{
    config,
    library::{Store, StoreError, spotify::Stock},
    player::Kind,
};

/// The lock that says which process stands in the line of calls.
const LOCK: &str = "spotify.lock";

/// The device chosen on the page is kept under this name.
const DEVICE: &str = "spotify_device";

/// This installation's number is kept under this name.
const OWN: &str = "spotify_own";

/// While local music stands in for a missing device, it is looked for so often at first.
const FIND_EVERY: Duration = Duration::from_secs(60);

/// What the device said last that was no music.
type Trouble = Option<(Cause, String, Instant)>;

/// Spotify in the program. Clones share it.
#[derive(Clone)]
pub struct Service(Arc<Parts>);

struct Parts {
    account: Account,
    settings: Arc<config::Spotify>,
    calls: Calls,
    store: Store,
    progress: watch::Receiver<Progress>,
    asked: Arc<Notify>,
    changed: watch::Sender<u64>,
    trouble: watch::Sender<Trouble>,
    serves: watch::Sender<Serves>,
    kind: watch::Sender<Kind>,
    stock: watch::Sender<Stock>,
    connect: Mutex<Option<Connect>>,
    device: Mutex<String>,
    devices: Mutex<Vec<String>>,
    entry: Mutex<Entry>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
    /// Held as long as the program runs.
    _lock: Option<File>,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Spotify")
    }
}

impl Service {
    /// Starts it: the line of calls, the refresh, and the look at whether a room plays from it.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn start(settings: &config::Spotify, store: &Store, state_dir: &Path) -> Result<Self, StoreError> {
        let account = settings.account(state_dir);
        let calls = Calls::new(Spotify::open(&account));
        let lock = lock(state_dir);
        if lock.is_none() {
            tracing::warn!("another program uses this log-in to Spotify; both count their calls apart");
        }
        let own = own_number(store).await?;
        let device = store.noted(DEVICE).await?.unwrap_or_else(|| settings.device.clone());
        let (tell, progress) = watch::channel(Progress::default());
        let stock = store.spotify_stock().await?;
        let parts = Parts {
            account,
            settings: Arc::new(settings.clone()),
            calls: calls.clone(),
            store: store.clone(),
            progress,
            asked: Arc::default(),
            changed: watch::channel(0).0,
            trouble: watch::channel(None).0,
            serves: watch::channel(Serves::default()).0,
            kind: watch::channel(Kind::Local).0,
            stock: watch::channel(stock).0,
            connect: Mutex::new(None),
            device: Mutex::new(device),
            devices: Mutex::default(),
            entry: Mutex::default(),
            tasks: Mutex::default(),
            _lock: lock,
        };
        let service = Self(Arc::new(parts));
        service.judge();
        let refresh = Refresh {
            calls,
            store: store.clone(),
            settings: Arc::clone(&service.0.settings),
            progress: tell,
            asked: Arc::clone(&service.0.asked),
            changed: service.0.changed.clone(),
        };
        let tasks = [tokio::spawn(refresh.keep_fresh(own)), tokio::spawn(service.clone().keep_judging())];
        service.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).extend(tasks);
        Ok(service)
    }

    /// Ends what goes on by itself; a refresh goes on where it was at the next start.
    pub fn stop(&self) {
        self.forget_entry();
        self.0.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..).for_each(|task| task.abort());
    }

    /// Drives the device for a room. What the device says leaves by the second; what the room is to play
    /// from, by the third.
    pub fn drive(&self) -> (Connect, mpsc::UnboundedReceiver<Said>, watch::Receiver<Kind>) {
        let (tell, said) = mpsc::unbounded_channel();
        let trouble = self.0.trouble.clone();
        let name = self.device();
        let connect = Connect::start(self.0.calls.clone(), &name, move |said| {
            match &said {
                Said::Silent(cause, words) => {
                    tracing::warn!("Spotify: {words}");
                    trouble.send_replace(Some((*cause, words.clone(), Instant::now())));
                }
                Said::Back => {
                    tracing::info!("Spotify can play again");
                    trouble.send_replace(None);
                }
                // After a stop it does not say that it is back, only what it plays.
                Said::Started(..) => {
                    trouble.send_if_modified(|trouble| trouble.take().is_some());
                }
                _ => {}
            }
            let _ = tell.send(said);
        });
        *self.0.connect.lock().unwrap_or_else(PoisonError::into_inner) = Some(connect.clone());
        (connect, said, self.0.kind.subscribe())
    }

    /// Whether the room plays from it; changes are told.
    pub fn serves(&self) -> watch::Receiver<Serves> {
        self.0.serves.subscribe()
    }

    /// Changes whenever there are other tracks.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    fn device(&self) -> String {
        self.0.device.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Judges anew what the room plays from.
    fn judge(&self) {
        let trouble = self.0.trouble.borrow().clone();
        let trouble = trouble.map(|(cause, words, since)| (cause, words, since.elapsed()));
        let standing = self.0.calls.line().standing().borrow().clone();
        let stock = self.0.stock.borrow().tracks;
        let (before, local_instead) = (*self.0.kind.borrow(), self.0.settings.local_instead);
        let judged = serves(&standing, trouble.as_ref(), stock, local_instead, before, Timestamp::now());
        self.0.kind.send_if_modified(|kind| std::mem::replace(kind, judged.kind) != judged.kind);
        self.0.serves.send_if_modified(|before| {
            let changed = *before != judged;
            if changed {
                tracing::info!("{}", judged.why.as_deref().unwrap_or("music comes from Spotify"));
                *before = judged;
            }
            changed
        });
    }

    async fn keep_judging(self) {
        let mut standing = self.0.calls.line().standing();
        let mut trouble = self.0.trouble.subscribe();
        let mut changed = self.changed();
        let mut tick = interval(Duration::from_secs(5));
        let mut found_at = Instant::now();
        loop {
            tokio::select! {
                told = standing.changed() => if told.is_err() { return },
                told = trouble.changed() => if told.is_err() { return },
                Ok(()) = changed.changed() => self.count().await,
                _ = tick.tick() => {}
            }
            self.judge();
            let missing = match &*self.0.trouble.borrow() {
                Some((Cause::Device | Cause::Away, _, since)) => Some(since.elapsed()),
                _ => None,
            };
            let due = missing.is_some_and(|missing| found_at.elapsed() >= find_every(FIND_EVERY, missing));
            let local = *self.0.kind.borrow() == Kind::Local;
            if local && due {
                found_at = Instant::now();
                self.find_device().await;
            }
            // What was wrong with the account or a limit may be well: the line of calls knows it.
            let well = matches!(&*self.0.trouble.borrow(), Some((cause, _, since)) if is_over(*cause, since.elapsed()));
            let standing_well = {
                let standing = standing.borrow();
                matches!(standing.log_in, LogIn::In { .. }) && standing.wait.is_none() && !standing.no_premium
            };
            if well && standing_well {
                self.0.trouble.send_replace(None);
            }
        }
    }

    async fn count(&self) {
        match self.0.store.spotify_stock().await {
            Ok(stock) => drop(self.0.stock.send_replace(stock)),
            Err(e) => tracing::warn!("{e}"),
        }
    }

    /// Looks whether the device is there again.
    async fn find_device(&self) {
        if let Ok(devices) = self.look_at_devices().await
            && moodring_spotify::deck::choose(&devices, &self.device()).is_ok()
        {
            self.0.trouble.send_replace(None);
        }
    }

    async fn look_at_devices(&self) -> Result<Vec<moodring_spotify::reply::Device>, moodring_spotify::Trouble> {
        let devices = self.0.calls.devices().await?;
        let mut names: Vec<String> =
            devices.iter().filter(|d| !d.is_restricted && d.id.is_some()).map(|d| d.name.clone()).collect();
        names.sort();
        names.dedup();
        *self.0.devices.lock().unwrap_or_else(PoisonError::into_inner) = names;
        Ok(devices)
    }

    /// Plays on the device of this name from now on; empty: whichever is active, or the only one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn choose_device(&self, name: &str) -> Result<(), StoreError> {
        self.0.store.note(DEVICE, name).await?;
        name.clone_into(&mut self.0.device.lock().unwrap_or_else(PoisonError::into_inner));
        if let Some(connect) = &*self.0.connect.lock().unwrap_or_else(PoisonError::into_inner) {
            connect.order(Order::Device(name.to_owned()));
        }
        Ok(())
    }

    /// Looks which devices there are now.
    ///
    /// # Errors
    /// See [`moodring_spotify::Trouble`].
    pub async fn find_devices(&self) -> Result<(), moodring_spotify::Trouble> {
        self.look_at_devices().await.map(drop)
    }

    /// Picks a playlist, by name, address or id, for an emotion; empty: none. It is read with the next refresh,
    /// which is asked for.
    ///
    /// # Errors
    /// See [`PickError`].
    pub async fn pick(&self, emotion: Emotion, list: &str) -> Result<(), PickError> {
        pick(&self.0.store, emotion, list).await?;
        self.refresh();
        Ok(())
    }

    /// Looks for music now.
    pub fn refresh(&self) {
        self.0.asked.notify_one();
    }
}

/// Why a playlist is not picked.
#[derive(Debug, Error)]
pub enum PickError {
    /// There is no such playlist.
    #[error("none of your playlists is called {0:?}; if it is new, look for music first: refresh")]
    Unknown(String),
    /// It cannot be read.
    #[error("“{0}” is somebody else's playlist, which Spotify does not let read; copy its tracks into one of your own")]
    Foreign(String),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Picks a playlist for an emotion.
///
/// # Errors
/// See [`PickError`].
pub async fn pick(store: &Store, emotion: Emotion, list: &str) -> Result<(), PickError> {
    let lists = store.lists().await?;
    let found = match list.trim() {
        "" => None,
        text => Some(config::meant(text, &lists).ok_or_else(|| PickError::Unknown(text.to_owned()))?),
    };
    if let Some(list) = found.filter(|list| !list.own) {
        return Err(PickError::Foreign(list.name.clone()));
    }
    let found = found.map(|list| (list.id.as_str(), list.name.as_str()));
    Ok(store.pick_list(emotion, found).await?)
}

/// Takes the place in the line of calls; `None`: another process has it.
fn lock(state_dir: &Path) -> Option<File> {
    let file = File::options().create(true).truncate(false).write(true).open(state_dir.join(LOCK)).ok()?;
    file.try_lock().ok().map(|()| file)
}

/// This installation's number, made once.
async fn own_number(store: &Store) -> Result<u64, StoreError> {
    if let Some(own) = store.noted(OWN).await?.and_then(|text| text.parse().ok()) {
        return Ok(own);
    }
    let own = rand::random::<u64>();
    store.note(OWN, &own.to_string()).await?;
    Ok(own)
}
