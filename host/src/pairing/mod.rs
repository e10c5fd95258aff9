//! Devices found and let in: announced to, paired by a code, listed, revoked.
//!
//! In: connections of devices that show a code, codes that people type, and the settings. Out: users of the
//! broker, each with a password of its own, and what the page shows of it ([`View`]). Fails with a sentence that
//! says what to do; nothing here stops the music.

pub mod announce;
pub mod commands;
mod door;
pub mod key;

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::DeviceId;
use moodring_pairing::{Code, Fingerprint, limits::Tries, wire};
use serde::Serialize;
use thiserror::Error;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

use crate::{
    broker::{gate, gate::Gate, mosquitto},
    library::{
        Store, StoreError,
        users::{Kind, User},
    },
};

/// How often it is looked what the command line did.
const LOOK: Duration = Duration::from_secs(1);

/// A device has so long for everything once the code was typed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a device was not paired.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PairError {
    /// The code is none.
    #[error("{0:?} is no code: it has six digits, as the device's screen shows them")]
    NoCode(String),
    /// Nobody of that name waits.
    #[error("{0} is not waiting any more; is it still on, and in this network?")]
    Gone(String),
    /// Several wait.
    #[error("several devices wait ({0}): say which one")]
    Several(String),
    /// Nobody waits.
    #[error("no device is waiting; it shows a code once it has found this host")]
    Nobody,
    /// The code is another one.
    #[error(
        "that is not the code on the screen of {device}, or its code has expired; {left} more wrong codes are let pass"
    )]
    Wrong {
        /// Which device.
        device: DeviceId,
        /// So many more may be wrong.
        left: usize,
    },
    /// There were too many wrong codes, here or on the device.
    #[error("too many wrong codes for {device}; try again in {} min", .wait.as_secs().div_ceil(60))]
    Wait {
        /// Which device.
        device: DeviceId,
        /// How long.
        wait: Duration,
    },
    /// The device could not keep its credentials.
    #[error("{device} could not keep its credentials: {why}")]
    NotKept {
        /// Which device.
        device: DeviceId,
        /// Why.
        why: String,
    },
    /// Another program has this name.
    #[error(
        "a program added with moodring-host client add is called {0} too; remove it, or give the device another id"
    )]
    Taken(DeviceId),
    /// It could not be written down.
    #[error("{0}")]
    Store(String),
}

/// Where paired devices are to connect.
#[derive(Clone, Debug)]
pub(crate) enum Broker {
    /// Here, over TLS.
    Own {
        /// The port.
        port: u16,
    },
    /// Elsewhere.
    External(wire::Broker),
}

/// A device that shows a code and waits for somebody to type it.
struct Waiting {
    number: u64,
    device: DeviceId,
    from: IpAddr,
    since: Timestamp,
    ask: mpsc::Sender<Asked>,
}

/// A code that was typed, and where its answer goes.
struct Asked {
    code: Code,
    answer: oneshot::Sender<Result<(), Outcome>>,
}

/// How a guess ended that did not pair.
enum Outcome {
    Wrong,
    Wait(Duration),
    Gone,
    NotKept(String),
    Failed(PairError),
}

/// What there is to see.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// This host's name for people.
    pub name: String,
    /// Devices that show a code.
    pub waiting: Vec<WaitingView>,
    /// Devices that are paired.
    pub paired: Vec<PairedView>,
}

/// A device that shows a code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WaitingView {
    /// Which of those that wait.
    pub number: u64,
    /// What it calls itself; not proved yet.
    pub device: DeviceId,
    /// Where it is.
    pub address: String,
    /// Since when it waits.
    pub since: Timestamp,
    /// Whether a device of this name is paired: it would be replaced.
    pub known: bool,
}

/// A device that is paired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PairedView {
    /// Its id.
    pub device: String,
    /// Since when.
    pub since: Timestamp,
    /// Whether it is connected; `false` too where the broker is another.
    pub inside: bool,
    /// When it last came or went, where that is known.
    pub seen: Option<Timestamp>,
}

struct Inner {
    name: String,
    key: Fingerprint,
    broker: Broker,
    store: Store,
    gate: Option<Arc<Gate>>,
    mosquitto: Option<Mosquitto>,
    waiting: Mutex<Vec<Waiting>>,
    tries: Mutex<Tries>,
    users: Mutex<Vec<User>>,
    changed: watch::Sender<u64>,
    number: std::sync::atomic::AtomicU64,
}

/// The folder that Mosquitto reads, and this program's own login.
#[derive(Clone, Debug)]
pub(crate) struct Mosquitto {
    pub(crate) folder: PathBuf,
    pub(crate) own: Option<(String, String)>,
}

/// The part that lets devices in. Clones share it.
#[derive(Clone)]
pub struct Pairing {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Pairing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pairing").field("key", &self.inner.key).finish_non_exhaustive()
    }
}

/// What [`Pairing::start`] stands on.
pub(crate) struct Ground {
    pub(crate) name: String,
    pub(crate) key: key::Key,
    pub(crate) broker: Broker,
    pub(crate) store: Store,
    pub(crate) gate: Option<Arc<Gate>>,
    pub(crate) mosquitto: Option<Mosquitto>,
}

/// The running part.
pub(crate) struct Running {
    pub(crate) pairing: Pairing,
    /// Where devices pair, with the port that the system chose for port 0.
    pub(crate) address: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
}

impl Running {
    pub(crate) fn stop(self) {
        for task in self.tasks {
            task.abort();
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pairing {
    /// Opens the door.
    ///
    /// # Errors
    /// The database cannot be read, or the door's certificate cannot be used.
    pub(crate) async fn start(listener: tokio::net::TcpListener, ground: Ground) -> Result<Running, key::KeyError> {
        let Ground { name, key, broker, store, gate, mosquitto } = ground;
        let acceptor = key.acceptor()?;
        let address = listener.local_addr().map_err(|why| key.unusable(&why))?;
        let inner = Inner {
            name,
            key: key.fingerprint,
            broker,
            store,
            gate,
            mosquitto,
            waiting: Mutex::default(),
            tries: Mutex::default(),
            users: Mutex::default(),
            changed: watch::channel(0).0,
            number: 0.into(),
        };
        let pairing = Self { inner: Arc::new(inner) };
        if let Err(e) = pairing.refresh().await {
            tracing::warn!("which devices are paired cannot be read yet: {e}");
        }
        let tasks = vec![
            tokio::spawn(door::open(listener, acceptor, pairing.clone())),
            tokio::spawn(keep_looking(pairing.clone())),
        ];
        Ok(Running { pairing, address, tasks })
    }

    /// This host's key: its name for devices.
    pub fn key(&self) -> Fingerprint {
        self.inner.key
    }

    /// Grows with each change of what there is to see.
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }

    fn tell(&self) {
        self.inner.changed.send_modify(|n| *n += 1);
    }

    /// What there is to see.
    pub fn view(&self) -> View {
        let users = locked(&self.inner.users);
        let paired = |name: &str| users.iter().any(|user| user.kind == Kind::Device && user.name == name);
        let waiting = locked(&self.inner.waiting);
        let inside = |name: &str| self.inner.gate.as_ref().is_some_and(|gate| gate.is_inside(name));
        View {
            name: self.inner.name.clone(),
            waiting: waiting
                .iter()
                .map(|one| WaitingView {
                    number: one.number,
                    device: one.device.clone(),
                    address: one.from.to_string(),
                    since: one.since,
                    known: paired(one.device.as_str()),
                })
                .collect(),
            paired: users
                .iter()
                .filter(|user| user.kind == Kind::Device)
                .map(|user| PairedView {
                    device: user.name.clone(),
                    since: user.made,
                    inside: inside(&user.name),
                    seen: user.seen,
                })
                .collect(),
        }
    }

    /// Tries a code with the device of this number, name, or with the only one that waits.
    ///
    /// # Errors
    /// See [`PairError`].
    pub async fn pair(&self, which: &str, typed: &str) -> Result<DeviceId, PairError> {
        let code: Code = typed.parse().map_err(|_| PairError::NoCode(typed.chars().take(20).collect()))?;
        let (device, ask) = self.find(which.trim())?;
        let wait = |wait| PairError::Wait { device: device.clone(), wait };
        locked(&self.inner.tries).left(&device, Instant::now()).map_err(wait)?;
        let (answer, answered) = oneshot::channel();
        let gone = || PairError::Gone(device.to_string());
        ask.send(Asked { code, answer }).await.map_err(|_| gone())?;
        let outcome = timeout(PATIENCE, answered).await.map_err(|_| gone())?.unwrap_or(Err(Outcome::Gone));
        let mut tries = locked(&self.inner.tries);
        match outcome {
            Ok(()) => {
                tries.right(&device);
                tracing::info!("{device} is paired");
                Ok(device)
            }
            Err(Outcome::Wrong) => {
                tries.wrong(&device, Instant::now());
                let left = tries.left(&device, Instant::now()).unwrap_or(0);
                tracing::warn!("a wrong code was typed for {device}");
                Err(PairError::Wrong { device: device.clone(), left })
            }
            Err(Outcome::Wait(for_so_long)) => Err(wait(for_so_long)),
            Err(Outcome::Gone) => Err(gone()),
            Err(Outcome::NotKept(why)) => Err(PairError::NotKept { device: device.clone(), why }),
            Err(Outcome::Failed(error)) => Err(error),
        }
    }

    fn find(&self, which: &str) -> Result<(DeviceId, mpsc::Sender<Asked>), PairError> {
        let waiting = locked(&self.inner.waiting);
        let fits = |one: &&Waiting| {
            which.is_empty() || one.device.as_str() == which || which.strip_prefix('#') == Some(&one.number.to_string())
        };
        let found: Vec<&Waiting> = waiting.iter().filter(fits).collect();
        match found.as_slice() {
            [one] => Ok((one.device.clone(), one.ask.clone())),
            [] if which.is_empty() => Err(PairError::Nobody),
            [] => Err(PairError::Gone(if which.starts_with('#') { "the device".to_owned() } else { which.to_owned() })),
            several => {
                let names: Vec<_> =
                    several.iter().map(|one| format!("#{} {} at {}", one.number, one.device, one.from)).collect();
                Err(PairError::Several(names.join(", ")))
            }
        }
    }

    /// Ends a device's rights and its connection; whether it had any.
    ///
    /// # Errors
    /// It cannot be written down; then it is as it was.
    pub async fn revoke(&self, device: &str) -> Result<bool, StoreError> {
        let known = locked(&self.inner.users).iter().any(|user| user.kind == Kind::Device && user.name == device);
        if !known || !self.inner.store.forget_user(device).await? {
            return Ok(false);
        }
        tracing::info!("{device} is revoked");
        self.refresh().await?;
        Ok(true)
    }

    /// Takes over what is in the database.
    async fn refresh(&self) -> Result<(), StoreError> {
        if let Some(gate) = &self.inner.gate {
            gate.refresh(&self.inner.store).await?;
        }
        let users = self.inner.store.users().await?;
        let before = std::mem::replace(&mut *locked(&self.inner.users), users.clone());
        let who = |users: &[User]| users.iter().map(|user| (user.name.clone(), user.hash.clone())).collect::<Vec<_>>();
        if let Some(Mosquitto { folder, own }) = &self.inner.mosquitto
            && (who(&before) != who(&users) || !folder.join("acl").exists())
        {
            let own = own.as_ref().map(|(name, password)| (name.as_str(), password.as_str()));
            match mosquitto::write(folder, &users, own) {
                Ok(()) => tracing::info!("wrote users and rights for Mosquitto to {}", folder.display()),
                Err(e) => tracing::error!("cannot write users and rights for Mosquitto to {}: {e}", folder.display()),
            }
        }
        if before != users {
            self.tell();
        }
        Ok(())
    }

    /// Makes credentials for a device; gives what to put back if it cannot keep them.
    async fn grant(&self, device: &DeviceId) -> Result<(wire::Credentials, Option<User>), PairError> {
        let name = device.as_str();
        let before = locked(&self.inner.users).iter().find(|user| user.name == name).cloned();
        if before.as_ref().is_some_and(|user| user.kind != Kind::Device) {
            return Err(PairError::Taken(device.clone()));
        }
        let (user, password) = gate::new_user(name, Kind::Device, Timestamp::now());
        let store = |e: StoreError| PairError::Store(e.to_string());
        self.inner.store.keep_user(&user).await.map_err(store)?;
        self.refresh().await.map_err(store)?;
        let broker = match &self.inner.broker {
            Broker::Own { port } => wire::Broker::Host { port: *port },
            Broker::External(broker) => broker.clone(),
        };
        Ok((wire::Credentials { username: name.to_owned(), password, broker }, before))
    }

    /// A device could not keep what it was given: all is as it was.
    async fn take_back(&self, device: &DeviceId, before: Option<User>) {
        let done = match before {
            Some(user) => self.inner.store.keep_user(&user).await,
            None => self.inner.store.forget_user(device.as_str()).await.map(drop),
        };
        if let Err(e) = done {
            tracing::warn!("{device} was not paired, and is listed all the same: {e}");
        }
        if let Err(e) = self.refresh().await {
            tracing::warn!("which devices are paired cannot be read: {e}");
        }
    }
}

/// Follows what the command line does, and answers what it asks.
async fn keep_looking(pairing: Pairing) {
    loop {
        sleep(LOOK).await;
        if let Err(e) = pairing.refresh().await {
            tracing::debug!("which devices are paired cannot be read: {e}");
            continue;
        }
        let store = &pairing.inner.store;
        for ask in store.asked(Timestamp::now()).await.unwrap_or_default() {
            let answer = if ask.code.is_empty() {
                serde_json::to_string(&pairing.view()).unwrap_or_default()
            } else {
                match pairing.pair(&ask.device, &ask.code).await {
                    Ok(device) => format!("ok {device}"),
                    Err(why) => format!("no {why}"),
                }
            };
            if let Err(e) = store.answer(ask.id, &answer).await {
                tracing::warn!("the command line is not answered: {e}");
            }
        }
    }
}
