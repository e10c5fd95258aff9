//! What a page holds of the running program.
//!
//! Out: the state, pictures of panels, tracks, plays. In: wishes of people. Fails when too many
//! wishes wait, or when the database cannot be read.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use bytes::Bytes;
use jiff::Timestamp;
use moodring_mood::{DeviceId, Emotion};
use thiserror::Error;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

use crate::{
    config::HOME,
    library::{Play, Store, StoreError, Track, TrackId, TrackPage, TrackQuery, covers::cover, tastes::Learnt},
    pairing::Pairing,
    player::{PlayId, Source},
    spotify::Service,
    steer::{Steer, Wish},
    view::State,
};

/// The newest picture of each device's panel, as PNG, with its number (see `view::DeviceView::screen`).
pub type Screens = Arc<RwLock<HashMap<DeviceId, (u64, Bytes)>>>;

/// A wish came too late or too soon, or could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SteerError {
    /// So many wishes wait already that this one was not taken.
    #[error("too many wishes at once; try again")]
    Busy,
    /// The player is being stopped.
    #[error("Moodring is stopping")]
    Stopping,
    /// It was not carried out; in words, why.
    #[error("{0}")]
    Failed(String),
}

/// A room, as a page reaches it.
#[derive(Clone, Debug)]
pub struct Seated {
    /// Its name.
    pub name: String,
    /// Takes wishes.
    pub steer: mpsc::Sender<Wish>,
}

/// What a page holds of the running program: all of it to be seen, and one room to be steered. Clones share it.
#[derive(Clone, Debug)]
pub struct Handle {
    /// What there is to see; changes whenever something did.
    pub state: watch::Receiver<Arc<State>>,
    rooms: Arc<[Seated]>,
    /// The room to be steered, by its place.
    room: usize,
    screens: Screens,
    store: Store,
    covers: Arc<Semaphore>,
    spotify: Option<Service>,
    pairing: Option<Pairing>,
}

impl Handle {
    /// Ties the ends together, for one room; `app` holds the other ends.
    pub fn new(state: watch::Receiver<Arc<State>>, steer: mpsc::Sender<Wish>, screens: Screens, store: Store) -> Self {
        Self::of_rooms(state, vec![Seated { name: HOME.to_owned(), steer }], screens, store)
    }

    /// Ties the ends together; the first of `rooms`, which are at least one, is steered.
    pub fn of_rooms(state: watch::Receiver<Arc<State>>, rooms: Vec<Seated>, screens: Screens, store: Store) -> Self {
        Self {
            state,
            rooms: rooms.into(),
            room: 0,
            screens,
            store,
            covers: Arc::new(Semaphore::new(1)),
            spotify: None,
            pairing: None,
        }
    }

    /// The same, with Spotify.
    #[must_use]
    pub fn with_spotify(self, spotify: Option<Service>) -> Self {
        Self { spotify, ..self }
    }

    /// The database.
    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// The same, with what lets devices in.
    #[must_use]
    pub fn with_pairing(self, pairing: Option<Pairing>) -> Self {
        Self { pairing, ..self }
    }

    /// What lets devices in, if that is on.
    pub const fn pairing(&self) -> Option<&Pairing> {
        self.pairing.as_ref()
    }

    /// Spotify, if it is on.
    pub const fn spotify(&self) -> Option<&Service> {
        self.spotify.as_ref()
    }

    /// The same, to steer the room of this name; fails with the names that there are.
    ///
    /// # Errors
    /// There is no such room.
    pub fn of(&self, room: &str) -> Result<Self, String> {
        match self.rooms.iter().position(|seated| seated.name == room) {
            Some(room) => Ok(Self { room, ..self.clone() }),
            None => {
                let names: Vec<_> = self.rooms.iter().map(|seated| format!("{:?}", seated.name)).collect();
                Err(format!("there is no room {room:?}; there is {}", names.join(", ")))
            }
        }
    }

    /// The room to be steered, by its place in [`State::rooms`].
    pub const fn room(&self) -> usize {
        self.room
    }

    /// The name of the room to be steered.
    pub fn room_name(&self) -> &str {
        &self.rooms[self.room].name
    }

    /// Hands a wish over; returns at once.
    ///
    /// # Errors
    /// Too many wishes wait, or the program is stopping.
    pub fn steer(&self, wish: Steer) -> Result<(), SteerError> {
        self.hand_over(wish).map(drop)
    }

    /// Hands a wish over and waits until it is carried out; what it changes is stored then.
    ///
    /// # Errors
    /// Too many wishes wait, the program is stopping, or the wish cannot be stored.
    pub async fn carry_out(&self, wish: Steer) -> Result<(), SteerError> {
        self.hand_over(wish)?.await.map_err(|_| SteerError::Stopping)?.map_err(SteerError::Failed)
    }

    /// Waits until every room has taken and carried out a wish for nothing: then all of them work.
    ///
    /// # Errors
    /// A room has so many wishes waiting that it takes none, or the program is stopping.
    pub async fn all_work(&self) -> Result<(), SteerError> {
        for room in 0..self.rooms.len() {
            Self { room, ..self.clone() }.carry_out(Steer::Nothing).await?;
        }
        Ok(())
    }

    fn hand_over(&self, what: Steer) -> Result<oneshot::Receiver<Result<(), String>>, SteerError> {
        let (done, outcome) = oneshot::channel();
        self.rooms[self.room].steer.try_send(Wish { what, done }).map(|()| outcome).map_err(|e| match e {
            mpsc::error::TrySendError::Full(_) => SteerError::Busy,
            mpsc::error::TrySendError::Closed(_) => SteerError::Stopping,
        })
    }

    /// The newest picture of a device's panel, as PNG, and its number.
    pub fn screen(&self, device: &DeviceId) -> Option<(u64, Bytes)> {
        self.screens.read().unwrap_or_else(PoisonError::into_inner).get(device).cloned()
    }

    /// Tracks of the library.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn tracks(&self, query: &TrackQuery) -> Result<TrackPage, StoreError> {
        self.store.tracks(query).await
    }

    /// The picture of a track's album, as a small JPEG; `None` if it has none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn cover(&self, id: TrackId) -> Result<Option<Bytes>, StoreError> {
        let Some(Track { source: Source::File(file), .. }) = self.store.track(id).await? else { return Ok(None) };
        let kept_in = self.store.dir().join("covers");
        // One at a time: a large picture takes some memory while it is made small.
        let Ok(_turn) = self.covers.acquire().await else { return Ok(None) };
        Ok(tokio::task::spawn_blocking(move || cover(&file, &kept_in)).await.unwrap_or_default())
    }

    /// One track; `None` if there is no such track.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn track(&self, id: TrackId) -> Result<Option<Track>, StoreError> {
        self.store.track(id).await
    }

    /// What was learnt of people's taste in this room, for one emotion or for all, the most welcome first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn learnt(&self, emotion: Option<Emotion>, limit: u32) -> Result<Vec<Learnt>, StoreError> {
        self.store.learnt(self.room_name(), emotion, Timestamp::now(), limit as usize).await
    }

    /// The last `limit` plays in any room, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn history(&self, limit: u32) -> Result<Vec<Play>, StoreError> {
        self.store.history(None, limit).await
    }

    /// The last `limit` plays in this room, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn history_here(&self, limit: u32) -> Result<Vec<Play>, StoreError> {
        self.store.history(Some(self.room_name()), limit).await
    }

    /// The last `limit` plays before this one, or of all, in one room or in any, newest first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn plays_before(
        &self,
        room: Option<&str>,
        play: Option<PlayId>,
        limit: u32,
    ) -> Result<Vec<Play>, StoreError> {
        self.store.plays_before(room, play, limit).await
    }

    /// The names of the rooms, in the order of the configuration.
    pub fn room_names(&self) -> impl Iterator<Item = &str> {
        self.rooms.iter().map(|seated| seated.name.as_str())
    }
}
