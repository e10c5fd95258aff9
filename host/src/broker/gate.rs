//! The broker's gate: who comes in, and who may say and hear what.
//!
//! In: each connection's name and password, each topic. Out: yes or no, by [`Who`]. Whoever gives no name is let
//! in from this machine only, unless the settings say otherwise. A name of a client that belongs to somebody is
//! kept for them: nobody pushes another out. Nothing here fails; what is refused is said in the log, at most
//! once in ten seconds.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use jiff::Timestamp;
use moodring_mood::DeviceId;
use mqtt5::{
    broker::{
        auth::{AuthProvider, AuthResult},
        router::MessageRouter,
    },
    error::Result,
    packet::connect::ConnectPacket,
    protocol::v5::reason_codes::ReasonCode,
};
use ring::{digest, rand::SecureRandom};

use super::rights::Who;
use crate::{
    config::Anonymous,
    library::{
        Store, StoreError,
        users::{Kind, User},
    },
};

/// The name under which this program logs in; no device and no client can have it.
pub const OWN: &str = "host:internal";

/// What was refused is said at most once in this time.
const QUIET: Duration = Duration::from_secs(10);

/// A revoked device's last will is let through for so long.
const LEAVING: Duration = Duration::from_secs(5);

/// A password that nobody guesses: 32 random bytes as 64 hexadecimal digits.
///
/// # Panics
/// The system has no random numbers.
pub fn new_password() -> String {
    let mut bytes = [0; 32];
    ring::rand::SystemRandom::new().fill(&mut bytes).expect("the system has random numbers");
    moodring_pairing::wire::to_hex(&bytes)
}

/// A password as it is kept: its bytes are random, so that one round of a hash is enough.
pub fn hash(password: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, password).as_ref().to_vec()
}

/// The gate. One for each broker.
pub struct Gate {
    anonymous: Anonymous,
    /// The hash of the password under which this program logs in.
    own: Vec<u8>,
    users: RwLock<HashMap<String, User>>,
    leaving: Mutex<HashMap<String, Instant>>,
    /// Who is connected: the client's name, whose it is, and how often, for one may just be taking over.
    inside: Mutex<HashMap<String, (Option<String>, u32)>>,
    /// Where connections come from that this program itself hands on, by its own end of them.
    behind: Mutex<HashMap<SocketAddr, SocketAddr>>,
    router: OnceLock<Arc<MessageRouter>>,
    complained: Mutex<Option<Instant>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Gate {
    /// A gate that lets this program in with `own`, and knows nobody else.
    pub fn new(anonymous: Anonymous, own: &str) -> Self {
        Self {
            anonymous,
            own: hash(own.as_bytes()),
            users: RwLock::default(),
            leaving: Mutex::default(),
            inside: Mutex::default(),
            behind: Mutex::default(),
            router: OnceLock::new(),
            complained: Mutex::default(),
        }
    }

    /// From now on, until it is dropped, a connection from `own` comes from `other` in truth.
    pub(super) fn stands_for(gate: &Arc<Self>, own: SocketAddr, other: SocketAddr) -> Behind {
        locked(&gate.behind).insert(own, other);
        Behind { gate: Arc::clone(gate), own }
    }

    /// Where a connection comes from in truth.
    fn origin(&self, from: SocketAddr) -> SocketAddr {
        locked(&self.behind).get(&from).copied().unwrap_or(from)
    }

    /// What carries the messages, once it is there.
    pub(super) fn carry(&self, router: Arc<MessageRouter>) {
        // Set once, where the broker is made.
        let _ = self.router.set(router);
    }

    /// Takes the users from the database; cuts those off that are gone or have other passwords.
    ///
    /// # Errors
    /// The database cannot be read; then all stays as it was.
    pub async fn refresh(&self, store: &Store) -> std::result::Result<(), StoreError> {
        let users: HashMap<_, _> = store.users().await?.into_iter().map(|user| (user.name.clone(), user)).collect();
        let before = self.users.read().unwrap_or_else(PoisonError::into_inner).clone();
        let changed = |user: &&User| users.get(&user.name).is_none_or(|now| now.hash != user.hash);
        let cut: Vec<User> = before.values().filter(changed).cloned().collect();
        let fresh = users.values().filter(|user| user.kind == Kind::Device && !before.contains_key(&user.name));
        // Who used a device's name without being it, before it was paired, goes.
        let mut gone: Vec<String> = fresh.map(|user| user.name.clone()).collect();
        for user in &cut {
            if user.kind == Kind::Device && !users.contains_key(&user.name) {
                locked(&self.leaving).insert(user.name.clone(), Instant::now());
            }
            gone.push(user.name.clone());
        }
        *self.users.write().unwrap_or_else(PoisonError::into_inner) = users;
        for name in gone {
            self.cut(&name).await;
        }
        Ok(())
    }

    /// Ends every connection of a user, and those of others under its name.
    async fn cut(&self, name: &str) {
        let Some(router) = self.router.get() else { return };
        let own = [client_of(name), doctor_of(name)];
        let clients: Vec<String> = locked(&self.inside)
            .iter()
            .filter(|(client, (user, _))| user.as_deref() == Some(name) || own.contains(client))
            .map(|(client, _)| client.clone())
            .collect();
        for client in clients {
            router.disconnect_client(&client).await;
        }
    }

    /// Whether a user is connected now.
    pub fn is_inside(&self, name: &str) -> bool {
        locked(&self.inside).values().any(|(user, _)| user.as_deref() == Some(name))
    }

    /// Somebody came.
    pub(super) fn came(&self, client: &str, user: Option<&str>) {
        let mut inside = locked(&self.inside);
        let entry = inside.entry(client.to_owned()).or_insert_with(|| (user.map(str::to_owned), 0));
        *entry = (user.map(str::to_owned), entry.1 + 1);
    }

    /// Somebody went.
    pub(super) fn went(&self, client: &str) {
        let mut inside = locked(&self.inside);
        if let Some((_, times)) = inside.get_mut(client) {
            *times = times.saturating_sub(1);
            if *times == 0 {
                inside.remove(client);
            }
        }
    }

    /// Who goes by this name.
    fn who(&self, user: Option<&str>) -> Who {
        let Some(name) = user else { return Who::Here };
        if name == OWN {
            return Who::Here;
        }
        let device = || name.parse::<DeviceId>().ok();
        let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
        match users.get(name).map(|user| user.kind) {
            Some(Kind::Device) => device().map_or(Who::Nobody, Who::Device),
            Some(Kind::Client) => Who::Client,
            Some(Kind::Reader) => Who::Reader,
            None => {
                let leaving = locked(&self.leaving).get(name).is_some_and(|since| since.elapsed() < LEAVING);
                device().filter(|_| leaving).map_or(Who::Nobody, Who::Leaving)
            }
        }
    }

    /// Whether somebody comes in, and as whom.
    fn admit(&self, came: &Came<'_>) -> std::result::Result<Option<String>, (ReasonCode, String)> {
        let user = match came.username {
            None if self.anonymous.lets_in(came.from) => None,
            None => {
                return Err((
                    ReasonCode::NotAuthorized,
                    "it gives no name, and is on another machine: pair the device, or add the program with \
                     moodring-host client add (mqtt.anonymous)"
                        .to_owned(),
                ));
            }
            Some(name) => {
                let given = came.password.map(hash).unwrap_or_default();
                let known = self.users.read().unwrap_or_else(PoisonError::into_inner).get(name).map(|u| u.hash.clone());
                let right = if name == OWN { Some(self.own.clone()) } else { known };
                // Both are hashes of random bytes: how long comparing them takes tells nothing.
                if right != Some(given) {
                    let words = "its name or password is wrong; a device that was revoked shows a new code".to_owned();
                    return Err((ReasonCode::BadUsernameOrPassword, words));
                }
                Some(name.to_owned())
            }
        };
        let who = self.who(user.as_deref());
        self.may_be_called(came.client, user.as_deref(), &who).map_err(|why| (ReasonCode::NotAuthorized, why))?;
        match came.will {
            Some(topic) if !who.may_publish(topic) => {
                Err((ReasonCode::NotAuthorized, format!("its last will is on {topic:?}, where it may not publish")))
            }
            _ => Ok(user),
        }
    }

    /// Whether a client may go by this name.
    fn may_be_called(&self, client: &str, user: Option<&str>, who: &Who) -> std::result::Result<(), String> {
        if let Who::Device(device) = who {
            let own = [client_of(device.as_str()), doctor_of(device.as_str())];
            return if own.iter().any(|own| own == client) {
                Ok(())
            } else {
                Err(format!("a device's client is called {:?}, not {client:?}", own[0]))
            };
        }
        if user != Some(OWN) {
            let users = self.users.read().unwrap_or_else(PoisonError::into_inner);
            let taken = users
                .values()
                .filter(|user| user.kind == Kind::Device)
                .any(|device| client == client_of(&device.name) || client == doctor_of(&device.name));
            if taken {
                return Err(format!("the name {client:?} belongs to a paired device"));
            }
        }
        match locked(&self.inside).get(client) {
            Some((owner, _)) if owner.as_deref() != user => Err(format!("somebody else is {client:?} already")),
            _ => Ok(()),
        }
    }

    fn complain(&self, came: &Came<'_>, why: &str) {
        let mut last = locked(&self.complained);
        if last.is_none_or(|last| last.elapsed() >= QUIET) {
            *last = Some(Instant::now());
            let name: String = came.username.unwrap_or("without a name").chars().take(80).collect();
            tracing::warn!("the broker refused {name:?} from {}: {why}", came.from);
        }
    }
}

/// The client's name under which a device connects.
fn client_of(device: &str) -> String {
    format!("moodring-{device}")
}

/// The client's name under which `moodring-device doctor` connects; a dot is in no device's id.
fn doctor_of(device: &str) -> String {
    format!("moodring-{device}.doctor")
}

/// Somebody at the gate.
struct Came<'a> {
    client: &'a str,
    username: Option<&'a str>,
    password: Option<&'a [u8]>,
    will: Option<&'a str>,
    from: IpAddr,
}

/// A connection that this program hands on.
pub(super) struct Behind {
    gate: Arc<Gate>,
    own: SocketAddr,
}

impl Drop for Behind {
    fn drop(&mut self) {
        locked(&self.gate.behind).remove(&self.own);
    }
}

impl Anonymous {
    /// Whether somebody without a name comes in from there.
    pub fn lets_in(self, from: IpAddr) -> bool {
        match self {
            Self::Anyone => true,
            Self::Loopback => from.to_canonical().is_loopback(),
            Self::Nobody => false,
        }
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for Gate {
    fn authenticate<'a>(&'a self, connect: &'a ConnectPacket, from: SocketAddr) -> Answer<'a, Result<AuthResult>> {
        let came = Came {
            client: &connect.client_id,
            username: connect.username.as_deref(),
            password: connect.password.as_deref(),
            will: connect.will.as_ref().map(|will| will.topic.as_str()),
            from: self.origin(from).ip(),
        };
        let answer = match self.admit(&came) {
            Ok(None) => AuthResult::success(),
            Ok(Some(user)) => AuthResult::success_with_user(user),
            Err((reason, why)) => {
                self.complain(&came, &why);
                AuthResult::fail(reason)
            }
        };
        Box::pin(std::future::ready(Ok(answer)))
    }

    fn authorize_publish<'a>(&'a self, _: &str, user: Option<&'a str>, topic: &'a str) -> Answer<'a, bool> {
        Box::pin(std::future::ready(self.who(user).may_publish(topic)))
    }

    fn authorize_subscribe<'a>(&'a self, _: &str, user: Option<&'a str>, filter: &'a str) -> Answer<'a, bool> {
        Box::pin(std::future::ready(self.who(user).may_subscribe(filter)))
    }
}

/// A new user, and the password that nobody keeps.
pub fn new_user(name: &str, kind: Kind, now: Timestamp) -> (User, String) {
    let password = new_password();
    let user = User {
        name: name.to_owned(),
        kind,
        hash: hash(password.as_bytes()),
        mosquitto: super::mosquitto::hashed(&password),
        made: now,
        seen: None,
    };
    (user, password)
}

#[cfg(test)]
#[path = "gate_tests.rs"]
mod tests;
