//! What the rooms share: the database, the numbers of plays, and where the state goes.
//!
//! Out: news of one room that concerns the others. Fails when the database cannot be used.

use std::sync::Arc;

use jiff::Timestamp;
use moodring_mood::Emotion;
use tokio::sync::{broadcast, watch};

use super::{App, Screens};
use crate::{
    library::{Store, StoreError, TrackId},
    listen::Announcement,
    playback::Plays,
    room::Moment,
    view::{RoomView, State},
};

/// So many news may wait for a room; of more, it looks at all tracks anew.
const NEWS: usize = 256;

/// What one room tells the others of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// Somebody likes it, or does not any more.
    Liked(TrackId, bool),
    /// It is banned for an emotion, or not any more.
    NotFor(TrackId, Emotion, bool),
    /// It began to play.
    Began(TrackId, Timestamp),
    /// It cannot be played.
    Unfit(TrackId),
    /// More than that changed: look at all tracks anew.
    LookAgain,
}

/// What the rooms share. Clones share it.
#[derive(Clone, Debug)]
pub struct Common {
    /// The database.
    pub store: Store,
    /// Names for plays.
    pub plays: Plays,
    /// To the page.
    pub state: Arc<watch::Sender<Arc<State>>>,
    /// To the devices: what each room announces to its own.
    pub announcements: Arc<watch::Sender<Vec<Option<Announcement>>>>,
    /// The pictures of the devices' panels.
    pub screens: Screens,
    /// From each room, by its place, to the others.
    pub news: broadcast::Sender<(usize, News)>,
}

impl Common {
    /// For rooms of these names, at least one. Takes up where the database says that an earlier run ended.
    ///
    /// # Errors
    /// The database cannot be used.
    pub async fn new(store: Store, rooms: &[String]) -> Result<Self, StoreError> {
        store.close_lost_plays().await?;
        // A clock that is ahead at the start drops nothing: it is as late as the newest entry, at least.
        if let Some(newest) = store.last_written().await? {
            store.forget_old_moods(newest.min(Timestamp::now())).await?;
        }
        let plays = Plays::after(store.last_play().await?);
        let rooms: Vec<_> = rooms.iter().map(|name| RoomView { name: name.clone(), ..RoomView::default() }).collect();
        Ok(Self {
            store,
            plays,
            announcements: Arc::new(watch::channel(vec![None; rooms.len()]).0),
            state: Arc::new(watch::channel(Arc::new(State { rooms, ..State::default() })).0),
            screens: Screens::default(),
            news: broadcast::channel(NEWS).0,
        })
    }
}

impl App {
    /// Tells the other rooms.
    pub(super) fn tell_others(&self, news: News) {
        // Nobody hears it where this room is the only one.
        let _ = self.common.news.send((self.seat.index, news));
    }

    /// Takes in what another room tells, or that too much was told at once.
    pub(super) fn heard_from(&mut self, news: Result<(usize, News), broadcast::error::RecvError>, now: Moment) {
        let news = match news {
            Ok((from, _)) if from == self.seat.index => return,
            Ok((_, news)) => news,
            Err(_) => News::LookAgain,
        };
        match news {
            News::Liked(track, liked) => self.note_like(track, liked),
            News::NotFor(track, emotion, banned) => self.note_ban(track, emotion, banned),
            News::Began(track, at) => self.note_play(track, at),
            News::Unfit(track) => self.forget(track),
            News::LookAgain => self.reload(now),
        }
    }

    pub(super) fn note_like(&mut self, track: TrackId, liked: bool) {
        self.loads.outdate();
        if let Ok(at) = self.tracks.binary_search_by_key(&track, |t| t.id) {
            self.tracks[at].liked = liked;
        }
        if let Some(current) = self.playback.current.as_mut().filter(|c| c.told.track.id == track) {
            current.told.track.liked = liked;
        }
        self.titles.remove(&track);
    }

    pub(super) fn note_ban(&mut self, track: TrackId, emotion: Emotion, banned: bool) {
        self.loads.outdate();
        if let Ok(at) = self.tracks.binary_search_by_key(&track, |t| t.id) {
            let not_for = &mut self.tracks[at].not_for;
            if banned { not_for.insert(emotion) } else { not_for.remove(emotion) }
        }
        if banned && self.queue.iter().any(|c| c.track == track && c.mood == emotion.into()) {
            self.queue_changed |= self.queue.drop_track(track);
        }
    }

    pub(super) fn note_play(&mut self, track: TrackId, at: Timestamp) {
        if let Ok(known) = self.tracks.binary_search_by_key(&track, |t| t.id) {
            self.tracks[known].last_played = Some(at);
            self.loads.outdate();
        }
    }
}
