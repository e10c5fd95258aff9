//! The host that this device belongs to: found, paired with by a code, remembered, found again.
//!
//! In: announcements in the network, connections to hosts, guesses at the code. Out: what the screen shows of it
//! ([`Standing`]), and where and as whom to connect ([`Way`]). It runs on threads of its own, and only where
//! `mqtt.host = "auto"`. Nothing here fails: what does not work is said once in the log and tried again.

mod find;
mod keep;
mod knock;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use moodring_mood::DeviceId;
use moodring_pairing::{
    Code, Codes, Fingerprint, Refused, Showing,
    service::Offer,
    wire::{Broker, Kept},
};
use tokio::sync::Notify;
use tracing::{info, warn};

use crate::publish::MqttSettings;
pub use keep::{Keep, KeepError};

/// The word for `mqtt.host` that means all this.
pub const AUTO: &str = "auto";

/// The port at which a host lets devices in, where none is named.
pub const PORT: u16 = 8884;

/// The device waits at no more hosts than this at once.
const MOST_HOSTS: usize = 4;

/// How often it is looked around.
const LOOK: Duration = Duration::from_millis(300);

/// A host that did not let this device wait is left alone for so long.
const AGAIN: Duration = Duration::from_secs(5);

/// How things stand, for the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Paired.
    Paired,
    /// Paired under another name than the device has now, so that the host would not let it in.
    Renamed {
        /// The name under which it was paired.
        was: String,
        /// Its name now.
        is: String,
    },
    /// Not paired, and no host is there to be paired with.
    Looking,
    /// Not paired, and a host waits for this code.
    Code {
        /// As people read it.
        code: String,
        /// The host's name; how many there are, where there are several.
        at: String,
        /// What happened before, if somebody should know.
        note: Option<String>,
    },
    /// Too many wrong codes: none is shown for so many minutes.
    Wait(u64),
}

/// Where and as whom to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// User name.
    pub username: String,
    /// Password.
    pub password: String,
    /// How the broker is known to be the right one.
    pub trust: Trust,
}

/// How a broker is known to be the right one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// By the key that was remembered.
    Key(Fingerprint),
    /// By an authority, PEM; `None`: those that the system trusts.
    Authority(Option<String>),
    /// Not at all: without TLS.
    Plain,
}

#[derive(Default)]
struct Inner {
    kept: Option<Kept>,
    codes: Codes,
    /// The names of hosts at which this device waits.
    waits_at: Vec<String>,
    note: Option<String>,
    offers: HashMap<Fingerprint, (Offer, Vec<IpAddr>)>,
    ended: bool,
}

/// The bond to a host, or the search for one. Shared by the screen, the publisher and its own threads.
pub struct Bond {
    device: DeviceId,
    pair_at: String,
    keep: Keep,
    inner: Mutex<Inner>,
    moved: Notify,
}

impl Bond {
    /// Begins, where the settings leave it to the device; `None` where they name a broker.
    pub fn start(settings: &MqttSettings, device: &DeviceId) -> Option<Arc<Self>> {
        if !settings.is_auto() {
            return None;
        }
        let bond = Arc::new(Self::new(settings, device, Keep::of_this_service()));
        if let Some((was, is)) = bond.renamed() {
            warn!(
                "this device was paired as {was:?} and is called {is:?} now, so its host would not let it in, and it \
                 does not connect: set id = {was:?} in the configuration, or type sudo moodring-device forget, and pair \
                 it anew"
            );
        }
        let own = Arc::clone(&bond);
        let started = thread::Builder::new().name("pairing".to_owned()).spawn(move || own.run());
        if let Err(why) = started {
            warn!("cannot look for a host: {why}; set mqtt.host to its address");
        }
        Some(bond)
    }

    /// What is known without looking for anything.
    pub(crate) fn new(settings: &MqttSettings, device: &DeviceId, keep: Keep) -> Self {
        let kept = keep.read().unwrap_or_else(|why| {
            warn!("{why}");
            None
        });
        Self {
            device: device.clone(),
            pair_at: settings.pair_at.clone(),
            keep,
            inner: Mutex::new(Inner { kept, ..Inner::default() }),
            moved: Notify::new(),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether what is kept was given to this device under the name that it has now.
    fn is_for_this_name(&self, kept: &Kept) -> bool {
        kept.credentials.username == self.device.as_str()
    }

    /// The name under which this device was paired, and its name now, where that is another one. What is
    /// kept stays as it is: the old name may come back.
    pub fn renamed(&self) -> Option<(String, String)> {
        let inner = self.inner();
        let kept = inner.kept.as_ref().filter(|kept| !self.is_for_this_name(kept))?;
        Some((kept.credentials.username.clone(), self.device.as_str().to_owned()))
    }

    /// What to show.
    pub fn standing(&self, now: Instant) -> Standing {
        if let Some((was, is)) = self.renamed() {
            return Standing::Renamed { was, is };
        }
        let mut inner = self.inner();
        if inner.kept.is_some() {
            return Standing::Paired;
        }
        let at = match inner.waits_at.as_slice() {
            [] => return Standing::Looking,
            [one] => one.clone(),
            several => format!("{} hosts", several.len()),
        };
        match inner.codes.look(now, Code::draw) {
            Showing::Code(code) => Standing::Code { code: code.spoken(), at, note: inner.note.clone() },
            Showing::Nothing(until) => Standing::Wait(until.saturating_duration_since(now).as_secs().div_ceil(60)),
        }
    }

    /// The host that this device is paired with: its key and its name.
    pub fn host(&self) -> Option<(Fingerprint, String)> {
        self.inner().kept.as_ref().and_then(|kept| Some((kept.key()?, kept.name.clone())))
    }

    /// Where and as whom to connect, for the `attempt`th try in a row; `None` while not paired, or paired
    /// under another name.
    pub fn way(&self, attempt: usize) -> Option<Way> {
        let inner = self.inner();
        let kept = inner.kept.as_ref().filter(|kept| self.is_for_this_name(kept))?;
        let (username, password) = (kept.credentials.username.clone(), kept.credentials.password.clone());
        let way = |host, port, trust| Way { host, port, username, password, trust };
        Some(match &kept.credentials.broker {
            Broker::Host { port } => {
                let key = kept.key()?;
                let mut places: Vec<(IpAddr, u16)> = Vec::new();
                if let Some((offer, addresses)) = inner.offers.get(&key) {
                    places.extend(addresses.iter().map(|address| (*address, offer.mqtt)));
                }
                if !places.contains(&(kept.address, *port)) {
                    places.push((kept.address, *port));
                }
                let (address, port) = places[attempt % places.len()];
                way(address.to_string(), port, Trust::Key(key))
            }
            Broker::Elsewhere { host, port, ca, tls } => {
                let trust = if *tls { Trust::Authority(ca.clone()) } else { Trust::Plain };
                way(host.clone(), *port, trust)
            }
        })
    }

    /// As [`Self::way`], once this device is paired.
    pub async fn some_way(&self, attempt: usize) -> Way {
        loop {
            if let Some(way) = self.way(attempt) {
                return way;
            }
            self.moved.notified().await;
        }
    }

    /// Waits until something changed: an address, or the bond itself.
    pub async fn moved(&self) {
        self.moved.notified().await;
    }

    /// The host answered there: remembered, for the time when it is not announced.
    pub fn reached(&self, way: &Way) {
        let mut inner = self.inner();
        let Some(kept) = &mut inner.kept else { return };
        let Broker::Host { port } = &mut kept.credentials.broker else { return };
        let Ok(address) = way.host.parse() else { return };
        if (kept.address, *port) != (address, way.port) {
            (kept.address, *port) = (address, way.port);
            if let Err(why) = self.keep.write(kept) {
                warn!("where the host is now is not remembered: {why}");
            }
        }
    }

    /// The host refuses this device's user name or password. Returns whether that ends the bond: only what was
    /// proved by its key counts.
    pub fn refused(&self, way: &Way) -> bool {
        if !matches!(way.trust, Trust::Key(_)) {
            return false;
        }
        let mut inner = self.inner();
        let Some(kept) = inner.kept.take_if(|kept| kept.credentials.password == way.password) else { return false };
        warn!(
            "the host {:?} does not let this device in any more: it was revoked there; it can be paired again",
            kept.name
        );
        inner.note = Some(format!("Removed by {}", kept.name));
        inner.codes = Codes::default();
        if let Err(why) = self.keep.forget() {
            warn!("{why}");
        }
        drop(inner);
        self.moved.notify_one();
        true
    }

    /// Ends the threads.
    pub fn end(&self) {
        self.inner().ended = true;
    }

    /// A guess: the code that it is held against.
    fn guess(&self) -> Result<Code, Refused> {
        self.inner().codes.guess(Instant::now(), Code::draw)
    }

    /// A host proved that it knows the code.
    fn proved(&self) {
        self.inner().codes.right();
    }

    /// Keeps what the host gave.
    fn keep(&self, kept: Kept) -> Result<(), KeepError> {
        self.keep.write(&kept)?;
        let mut inner = self.inner();
        info!("paired with {:?} at {}", kept.name, kept.address);
        (inner.kept, inner.note) = (Some(kept), None);
        drop(inner);
        self.moved.notify_one();
        Ok(())
    }

    /// Whether waiting at hosts goes on.
    fn seeks(&self) -> bool {
        let inner = self.inner();
        !inner.ended && inner.kept.is_none()
    }

    /// This device waits at a host, until the place is dropped.
    fn wait_at(self: &Arc<Self>, name: &str) -> Place {
        self.inner().waits_at.push(name.to_owned());
        Place { bond: Arc::clone(self), name: name.to_owned() }
    }

    /// What was announced.
    fn found(&self, offers: HashMap<Fingerprint, (Offer, Vec<IpAddr>)>) {
        let mut inner = self.inner();
        if inner.offers != offers {
            inner.offers = offers;
            drop(inner);
            self.moved.notify_one();
        }
    }

    /// What was heard by somebody else.
    pub(crate) fn heard(&self, heard: &Heard) {
        self.found(heard.iter().map(|(offer, addresses)| (offer.host, (offer.clone(), addresses.clone()))).collect());
    }

    /// Somebody removed the pairing by the command line.
    fn look_at_the_file(&self) {
        let mut inner = self.inner();
        if inner.kept.is_some() && self.keep.is_gone() {
            info!("the pairing was removed; looking for a host");
            inner.kept = None;
            drop(inner);
            self.moved.notify_one();
        }
    }

    /// Where hosts are at which this device could wait.
    fn doors(&self) -> Vec<Door> {
        if !self.pair_at.is_empty() {
            return vec![Door::Named(self.pair_at.clone())];
        }
        let inner = self.inner();
        let announced = inner.offers.values().filter(|(offer, _)| offer.pairing > 0);
        let mut doors: Vec<Door> = announced
            .filter_map(|(offer, addresses)| Some(Door::At(SocketAddr::new(*addresses.first()?, offer.pairing))))
            .collect();
        doors.truncate(MOST_HOSTS);
        doors
    }

    fn run(self: Arc<Self>) {
        let mut finder = find::Finder::new();
        let mut knocks: HashMap<Door, (Option<thread::JoinHandle<()>>, Instant)> = HashMap::new();
        while !self.inner().ended {
            self.found(finder.look(LOOK));
            self.look_at_the_file();
            let now = Instant::now();
            for (knock, again) in knocks.values_mut() {
                if knock.as_ref().is_some_and(thread::JoinHandle::is_finished) {
                    (*knock, *again) = (None, now + AGAIN);
                }
            }
            knocks.retain(|_, (knock, again)| knock.is_some() || now < *again);
            if !self.seeks() {
                continue;
            }
            for door in self.doors() {
                let knocking = knocks.values().filter(|(knock, _)| knock.is_some()).count();
                if knocking >= MOST_HOSTS || knocks.contains_key(&door) {
                    continue;
                }
                let (bond, at) = (Arc::clone(&self), door.clone());
                let knock = thread::Builder::new().name("knock".to_owned()).spawn(move || knock::knock(&bond, &at));
                knocks.insert(door, (knock.ok(), now + AGAIN));
            }
        }
    }
}

/// Where a host lets devices in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Door {
    /// As it was announced.
    At(SocketAddr),
    /// As the settings name it: `HOST` or `HOST:PORT`.
    Named(String),
}

/// A place among those that wait at a host.
struct Place {
    bond: Arc<Bond>,
    name: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut inner = self.bond.inner();
        if let Some(at) = inner.waits_at.iter().position(|name| *name == self.name) {
            inner.waits_at.remove(at);
        }
    }
}

/// Hosts that were heard of: what each offers, and where.
pub type Heard = Vec<(Offer, Vec<IpAddr>)>;

/// Listens for hosts, until `enough` were heard or the time is up.
pub fn hosts(within: Duration, enough: impl Fn(&Heard) -> bool, now: impl Fn() -> Instant) -> Heard {
    let (mut finder, until) = (find::Finder::new(), now() + within);
    loop {
        let heard: Heard = finder.look(LOOK).into_values().collect();
        if enough(&heard) || now() >= until {
            return heard;
        }
    }
}

/// The folder in which this program keeps what outlives it: systemd's, else that of the installed service,
/// which only root may look into, else the user's own.
pub(crate) fn folder(service: Option<&Path>, variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    variable("STATE_DIRECTORY")
        .or_else(|| service.map(Path::to_path_buf))
        .or_else(|| variable("XDG_STATE_HOME").map(|home| home.join("moodring-device")))
        .or_else(|| variable("HOME").map(|home| home.join(".local/state/moodring-device")))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
