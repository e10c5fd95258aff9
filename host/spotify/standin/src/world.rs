//! Everything that the stand-in knows: the account, its devices, and what plays, which goes on with time.

use std::{
    collections::{HashMap, VecDeque},
    time::{Duration, Instant},
};

use crate::{
    catalogue::{Song, songs},
    fault::{Fault, Kind},
};

/// How it is to be.
#[derive(Clone, Debug)]
pub struct Options {
    /// The length of every song, seconds; `None`: as songs are.
    pub song_seconds: Option<u64>,
    /// Whether the account is Premium.
    pub premium: bool,
    /// How long an access token is good for, seconds.
    pub token_seconds: u64,
    /// Whether a refresh brings a new refresh token; Spotify may leave it out.
    pub new_refresh_tokens: bool,
    /// Whether the consent is given without a person.
    pub consents: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { song_seconds: None, premium: true, token_seconds: 3600, new_refresh_tokens: false, consents: true }
    }
}

/// A Connect device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id: another one each time it comes back, as with real ones.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whether the account plays on it.
    pub active: bool,
    /// Whether it takes no orders.
    pub restricted: bool,
    /// 0..=100.
    pub volume: u8,
}

/// A place in a playlist.
#[derive(Clone, Debug)]
pub enum Entry {
    /// A song of the catalogue, by its index.
    Song(usize),
    /// A file of the user's own disk.
    Local(String),
    /// An episode of a podcast.
    Podcast(String),
    /// Something that Spotify no longer has.
    Gone,
}

/// A playlist of the user.
#[derive(Clone, Debug)]
pub struct Playlist {
    /// 22 letters and digits.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// What is in it.
    pub entries: Vec<Entry>,
    changes: u32,
}

impl Playlist {
    /// Changes with the playlist.
    pub fn snapshot(&self) -> String {
        format!("{}-{}", self.id, self.changes)
    }

    /// Changes it.
    pub fn change(&mut self, with: impl FnOnce(&mut Vec<Entry>)) {
        with(&mut self.entries);
        self.changes += 1;
    }
}

/// What plays.
#[derive(Clone, Debug)]
struct Playing {
    uri: String,
    progress: Duration,
    at: Instant,
    runs: bool,
}

/// The world.
#[derive(Debug)]
pub struct World {
    pub(crate) options: Options,
    /// The songs there are.
    pub songs: Vec<Song>,
    /// The devices that are on.
    pub devices: Vec<Device>,
    /// The user's playlists, and one of somebody else.
    pub playlists: Vec<Playlist>,
    /// The user's liked songs, by index, newest first.
    pub liked: Vec<usize>,
    /// Every call of the API: `GET /me/player 200`.
    pub calls: Vec<String>,
    faults: Vec<Fault>,
    pub(crate) codes: HashMap<String, String>,
    access: HashMap<String, Instant>,
    refresh: Vec<String>,
    issued: u64,
    playing: Option<Playing>,
    list: VecDeque<String>,
    queue: VecDeque<String>,
    came: u32,
}

impl World {
    pub(crate) fn new(options: Options) -> Self {
        let songs = songs(options.song_seconds);
        let own = |n: usize, name: &str, entries: Vec<Entry>| Playlist {
            id: format!("{:0>22}", format!("List{n}")),
            name: name.to_owned(),
            owner: "me".to_owned(),
            entries,
            changes: 0,
        };
        let of_mood = |mood: usize| (0..8).map(|n| Entry::Song(mood + 7 * n)).collect::<Vec<_>>();
        let mut odd = of_mood(3);
        odd.insert(1, Entry::Local("Mine".to_owned()));
        odd.insert(3, Entry::Podcast("Episode".to_owned()));
        odd.insert(5, Entry::Gone);
        let mut others = own(9, "Somebody else's", of_mood(0));
        others.owner = "somebody".to_owned();
        let playlists = vec![own(1, "Sunny days", odd), own(2, "Rainy days", of_mood(4)), others];
        let mut world = Self {
            options,
            songs,
            devices: Vec::new(),
            playlists,
            liked: (0..60).map(|n| (n * 11) % 420).collect(),
            calls: Vec::new(),
            faults: Vec::new(),
            codes: HashMap::new(),
            access: HashMap::new(),
            refresh: Vec::new(),
            issued: 0,
            playing: None,
            list: VecDeque::new(),
            queue: VecDeque::new(),
            came: 0,
        };
        world.device_on("Living room");
        world
    }

    /// Lets the time since the last look pass.
    pub fn advance(&mut self) {
        let now = Instant::now();
        while let Some(playing) = &mut self.playing {
            if !playing.runs {
                break;
            }
            let length = self.songs.iter().find(|s| s.uri() == playing.uri).map_or(180_000, |s| s.ms);
            let length = Duration::from_millis(length);
            let progress = playing.progress + now.saturating_duration_since(playing.at);
            if progress < length {
                break;
            }
            let ended = playing.at + length.saturating_sub(playing.progress);
            match self.queue.pop_front().or_else(|| self.list.pop_front()) {
                Some(uri) => *playing = Playing { uri, progress: Duration::ZERO, at: ended, runs: true },
                // Back to its beginning, and still.
                None => {
                    playing.progress = Duration::ZERO;
                    playing.runs = false;
                }
            }
        }
    }

    /// What plays: its address, how far it has come, whether it runs.
    pub fn playing(&self) -> Option<(String, Duration, bool)> {
        let playing = self.playing.as_ref()?;
        let gone = if playing.runs { playing.at.elapsed() } else { Duration::ZERO };
        Some((playing.uri.clone(), playing.progress + gone, playing.runs))
    }

    /// The addresses in the device's queue.
    pub fn queued(&self) -> Vec<String> {
        self.queue.iter().cloned().collect()
    }

    /// Songs by address.
    pub fn song(&self, uri: &str) -> Option<&Song> {
        self.songs.iter().find(|song| song.uri() == uri)
    }

    /// Plays these songs on a device, as somebody does in Spotify's own app, too. False: no such device.
    pub fn play(&mut self, device: Option<&str>, uris: Vec<String>, from: Duration) -> bool {
        if !self.activate(device) {
            return false;
        }
        let mut list: VecDeque<String> = uris.into();
        if let Some(uri) = list.pop_front() {
            self.playing = Some(Playing { uri, progress: from, at: Instant::now(), runs: true });
            self.list = list;
        }
        true
    }

    pub(crate) fn activate(&mut self, device: Option<&str>) -> bool {
        let Some(at) = self.devices.iter().position(|d| device.map_or(d.active, |id| d.id == id)) else { return false };
        self.devices.iter_mut().enumerate().for_each(|(n, d)| d.active = n == at);
        true
    }

    /// Pauses, or goes on. False: nothing plays, or it is so already.
    pub fn run(&mut self, runs: bool) -> bool {
        let active = self.devices.iter().any(|d| d.active);
        let Some(playing) = self.playing.as_mut().filter(|p| active && p.runs != runs) else { return false };
        if playing.runs {
            playing.progress += playing.at.elapsed();
        }
        playing.at = Instant::now();
        playing.runs = runs;
        true
    }

    /// Goes to the next song.
    pub fn skip(&mut self) {
        if let Some(uri) = self.queue.pop_front().or_else(|| self.list.pop_front()) {
            self.playing = Some(Playing { uri, progress: Duration::ZERO, at: Instant::now(), runs: true });
        } else if let Some(playing) = &mut self.playing {
            playing.progress = Duration::ZERO;
            playing.at = Instant::now();
            playing.runs = false;
        }
    }

    pub(crate) fn enqueue(&mut self, uri: String) {
        self.queue.push_back(uri);
    }

    /// A device is switched on.
    pub fn device_on(&mut self, name: &str) {
        self.came += 1;
        let id = format!("device{:034}", self.came);
        self.devices.push(Device { id, name: name.to_owned(), active: false, restricted: false, volume: 50 });
    }

    /// A device is switched off; what played on it is gone.
    pub fn device_off(&mut self, name: &str) {
        if self.devices.iter().any(|d| d.name == name && d.active) {
            self.playing = None;
            self.queue.clear();
            self.list.clear();
        }
        self.devices.retain(|d| d.name != name);
    }

    /// Something goes wrong from now on.
    pub fn break_down(&mut self, path: &str, times: u32, kind: Kind) {
        self.faults.push(Fault { path: path.to_owned(), times, kind });
    }

    /// Nothing goes wrong any more.
    pub fn mend(&mut self) {
        self.faults.clear();
    }

    pub(crate) fn fault(&mut self, path: &str) -> Option<Kind> {
        let fault = self.faults.iter_mut().find(|f| f.times > 0 && path.starts_with(&f.path))?;
        fault.times -= 1;
        Some(fault.kind.clone())
    }

    pub(crate) fn takes(&self, token: &str) -> bool {
        self.access.get(token).is_some_and(|until| Instant::now() < *until)
    }

    /// Every access token ends now.
    pub fn expire_access(&mut self) {
        self.access.clear();
    }

    /// The consent ends: no refresh token is good any more.
    pub fn end_consent(&mut self) {
        self.access.clear();
        self.refresh.clear();
    }

    pub(crate) fn issue(&mut self) -> (String, String) {
        self.issued += 1;
        let (access, refresh) = (format!("secret-access-{}", self.issued), format!("secret-refresh-{}", self.issued));
        self.access.insert(access.clone(), Instant::now() + Duration::from_secs(self.options.token_seconds));
        self.refresh.push(refresh.clone());
        (access, refresh)
    }

    /// New tokens for a refresh token; `None`: it is not, or no longer, good.
    pub(crate) fn renew(&mut self, refresh: &str) -> Option<(String, Option<String>)> {
        let at = self.refresh.iter().position(|known| known == refresh)?;
        let (access, fresh) = self.issue();
        if self.options.new_refresh_tokens {
            self.refresh.remove(at);
            return Some((access, Some(fresh)));
        }
        self.refresh.pop();
        Some((access, None))
    }
}
