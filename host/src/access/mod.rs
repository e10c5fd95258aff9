//! Who may use the page: a password beyond this machine, sessions for browsers, tokens for programs.
//!
//! In: where a request comes from (`origin`) and the secrets that it carries. Out: whether it may go on, and as whom.
//! The password is set on the machine itself, or with a code that stands in its log; `password` keeps it, `limit`
//! says how often one may be tried, `secret` makes what nobody guesses, `commands` is the terminal. Everything that
//! counts stands in the database and is read there at each request, so that another process may change it. Fails
//! when the database cannot be read: then nobody comes in from beyond.

pub mod commands;
pub mod limit;
pub mod origin;
pub mod password;
pub mod secret;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use tokio::sync::watch;

use crate::library::{Store, StoreError, keys::Session, keys::Token};
use limit::Attempts;
use origin::{Network, Origin};
use password::{Unfit, Unhashed};
use secret::NoRandomness;

/// A session that was not used for so long has ended.
pub const IDLE: SignedDuration = SignedDuration::from_hours(24 * 30);

/// A session ends after so long, however much it is used.
pub const ABSOLUTE: SignedDuration = SignedDuration::from_hours(24 * 180);

/// Use is written down at most so often, as each writing waits for the disk.
const NOTED: SignedDuration = SignedDuration::from_hours(1);

/// The most sessions at once; of more, the longest unused end.
const MOST: u32 = 64;

/// How soon a stream notices that another process has ended its session.
const LOOK: Duration = Duration::from_secs(3);

/// The longest name that a browser gives itself, in characters, and that is kept.
const AGENT: usize = 160;

/// Who is asked for the password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asks {
    /// Everybody but this machine itself.
    #[default]
    BeyondLoopback,
    /// Everybody.
    Always,
    /// Nobody.
    Never,
}

/// As whom somebody comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Without a password: from this machine, or because nobody is asked.
    Free,
    /// As somebody who has logged in.
    Session {
        /// Who.
        session: Session,
        /// The secret in their cookie.
        secret: String,
    },
    /// As a program with a token.
    Token {
        /// Which.
        token: Token,
        /// The token itself.
        secret: String,
    },
}

/// Why somebody does not come in.
#[derive(Debug, Error)]
pub enum Refused {
    /// They have to log in.
    #[error("log in first, at /login; programs send a token: `moodring-host token add NAME` makes one")]
    LogIn,
    /// The token is none.
    #[error("this token is not known, or was removed; `moodring-host token add NAME` makes one")]
    Token,
    /// Too many tries.
    #[error("too many tries from your address; try again in {}", words(*.0))]
    Wait(Duration),
    /// The password is wrong.
    #[error("this is not the password")]
    Wrong,
    /// There is no password yet.
    #[error("no password is set yet; set one at /login, or with `moodring-host password`")]
    NoPassword,
    /// There is one already.
    #[error("a password is set already; log in with it, or set another with `moodring-host password`")]
    Set,
    /// The setup code is wrong.
    #[error(
        "this is not the setup code; it stands in Moodring's log, and `moodring-host password --setup-code` shows it"
    )]
    Code,
    /// It may not be a password.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// It could not be worked out.
    #[error(transparent)]
    Unhashed(Unhashed),
    /// No secret could be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<Unhashed> for Refused {
    fn from(why: Unhashed) -> Self {
        match why {
            Unhashed::Unfit(unfit) => Self::Unfit(unfit),
            why => Self::Unhashed(why),
        }
    }
}

/// A wait, as people say it, rounded up.
fn words(wait: Duration) -> String {
    match wait.as_secs() + u64::from(wait.subsec_nanos() > 0) {
        0..=1 => "a second".to_owned(),
        s @ 2..=90 => format!("{s} seconds"),
        s => format!("{} minutes", s.div_ceil(60)),
    }
}

/// How the settings want it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who is asked for the password.
    pub asks: Asks,
    /// The proxies that may say for whom they ask.
    pub proxies: Vec<Network>,
}

impl Default for Rules {
    fn default() -> Self {
        Self { asks: Asks::default(), proxies: Network::LOOPBACK.to_vec() }
    }
}

/// Lets people and programs in. Clones share it.
#[derive(Clone, Debug)]
pub struct Access {
    store: Store,
    rules: Arc<Rules>,
    attempts: Arc<Mutex<Attempts>>,
    /// Changes when a session or a token has ended.
    ended: Arc<watch::Sender<u64>>,
    /// The setup code that stands in the log.
    told: Arc<Mutex<String>>,
}

impl Access {
    /// By these rules, with what is kept in the database.
    pub fn new(store: Store, rules: Rules) -> Self {
        Self {
            store,
            rules: Arc::new(rules),
            attempts: Arc::new(Mutex::new(Attempts::new(Instant::now()))),
            ended: Arc::new(watch::channel(0).0),
            told: Arc::default(),
        }
    }

    /// How the settings want it.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether somebody needs no password, no code and no patience: at this machine itself, unless everybody is asked.
    pub fn trusts(&self, from: Origin) -> bool {
        from.here && self.rules.asks != Asks::Always
    }

    /// Whether there is a password.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn is_set(&self) -> Result<bool, StoreError> {
        Ok(self.store.password().await?.is_some())
    }

    /// Says in the log how a password is set, while there is none; once for each code.
    ///
    /// # Errors
    /// The database cannot be used, or there is no randomness.
    pub async fn tell_setup_code(&self) -> Result<(), Refused> {
        let Some(code) = self.store.setup_code(&secret::setup_code()?).await? else { return Ok(()) };
        let before = std::mem::replace(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner), code.clone());
        if before != code {
            tracing::info!(
                "the page has no password yet; whoever sets it on the page needs this setup code: {code} (or set it \
                 here: moodring-host password)"
            );
        }
        Ok(())
    }

    /// Whether this request may go on, and as whom; `cookie` and `bearer` are the secrets that it carries.
    ///
    /// # Errors
    /// They have to log in, or the token is none, or the database cannot be read.
    pub async fn pass(&self, from: Origin, cookie: Option<&str>, bearer: Option<&str>) -> Result<Pass, Refused> {
        let now = Timestamp::now();
        if let Some(bearer) = bearer {
            // Whoever sends a token means it, so that a mistyped one is noticed on this machine too.
            let token = self.store.token(&secret::hash(bearer)).await?.ok_or(Refused::Token)?;
            self.note_token(&token, now).await;
            return Ok(Pass::Token { token, secret: bearer.to_owned() });
        }
        if let Some(cookie) = cookie
            && let Some(session) = self.session(cookie, now).await?
        {
            if is_due(session.seen, now) {
                self.note(self.store.session_used(session.id, &from.address.to_string(), now).await);
            }
            return Ok(Pass::Session { session, secret: cookie.to_owned() });
        }
        match self.rules.asks {
            Asks::Never => Ok(Pass::Free),
            Asks::BeyondLoopback if self.trusts(from) => Ok(Pass::Free),
            _ => Err(Refused::LogIn),
        }
    }

    /// The session of this secret, unless it has ended.
    async fn session(&self, secret: &str, now: Timestamp) -> Result<Option<Session>, StoreError> {
        let session = self.store.session(&secret::hash(secret)).await?;
        let Some(session) = session else { return Ok(None) };
        if goes_on(&session, now) {
            return Ok(Some(session));
        }
        self.note(self.store.end_session(session.id).await.map(drop));
        Ok(None)
    }

    async fn note_token(&self, token: &Token, now: Timestamp) {
        if token.used.is_none_or(|used| is_due(used, now)) {
            self.note(self.store.token_used(&token.name, now).await);
        }
    }

    /// That somebody was here is no reason to refuse them where it cannot be written.
    fn note(&self, written: Result<(), StoreError>) {
        if let Err(e) = written {
            tracing::debug!("who used the page last is not written down: {e}");
        }
    }

    /// Waits until what somebody came in with has ended, here or by another process; never for those who need nothing.
    pub async fn over(&self, pass: &Pass) {
        let mut ended = self.ended.subscribe();
        loop {
            let goes_on = match pass {
                Pass::Free => return std::future::pending().await,
                Pass::Session { secret, .. } => self.session(secret, Timestamp::now()).await.map(|s| s.is_some()),
                Pass::Token { secret, .. } => self.store.token(&secret::hash(secret)).await.map(|t| t.is_some()),
            }
            // A database that is locked for a moment ends nothing.
            .unwrap_or(true);
            if !goes_on {
                return;
            }
            let _ = tokio::time::timeout(LOOK, ended.changed()).await;
        }
    }

    /// Somebody logs in; gives the secret for their cookie.
    ///
    /// # Errors
    /// The password is wrong, there is none, or they tried too often.
    pub async fn log_in(&self, from: Origin, password: &str, agent: &str) -> Result<String, Refused> {
        let kept = self.store.password().await?.ok_or(Refused::NoPassword)?;
        self.check(from, password, &kept).await?;
        self.begin(from, agent).await
    }

    /// Sets the first password; beyond this machine only with the setup code. Gives the secret for a cookie.
    ///
    /// # Errors
    /// There is a password already, the code is wrong, or it may not be a password.
    pub async fn set_first(&self, from: Origin, code: &str, password: &str, agent: &str) -> Result<String, Refused> {
        if self.is_set().await? {
            return Err(Refused::Set);
        }
        if !self.trusts(from) {
            self.may_try(from)?;
            let wanted = self.store.setup_code(&secret::setup_code()?).await?.ok_or(Refused::Set)?;
            if !secret::is_setup_code(code, &wanted) {
                return Err(Refused::Code);
            }
            self.was_right(from);
        }
        let hash = password::hash(password).await?;
        if !self.store.set_first_password(&hash, Timestamp::now()).await? {
            return Err(Refused::Set);
        }
        tracing::info!("the page's password was set from {}", from.address);
        self.begin(from, agent).await
    }

    /// Sets another password; all sessions end. `old` is asked for beyond this machine. Gives the secret for a cookie.
    ///
    /// # Errors
    /// The old password is wrong, or the new one may not be one.
    pub async fn change(&self, from: Origin, old: &str, new: &str, agent: &str) -> Result<String, Refused> {
        password::check(new)?;
        let kept = self.store.password().await?.ok_or(Refused::NoPassword)?;
        if !self.trusts(from) {
            self.check(from, old, &kept).await?;
        }
        let hash = password::hash(new).await?;
        self.store.set_password(&hash, Timestamp::now()).await?;
        self.has_ended();
        tracing::info!("the page's password was changed from {}; all sessions have ended", from.address);
        self.begin(from, agent).await
    }

    async fn check(&self, from: Origin, password: &str, kept: &str) -> Result<(), Refused> {
        self.may_try(from)?;
        if !password::verify(password, kept).await? {
            tracing::warn!("a wrong password was tried from {}", from.address);
            return Err(Refused::Wrong);
        }
        self.was_right(from);
        Ok(())
    }

    /// Whoever sits at the machine is never locked out by what others try.
    fn may_try(&self, from: Origin) -> Result<(), Refused> {
        if self.trusts(from) {
            return Ok(());
        }
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        attempts.begin(from.address, Instant::now()).map_err(Refused::Wait)
    }

    fn was_right(&self, from: Origin) {
        if !self.trusts(from) {
            self.attempts.lock().unwrap_or_else(PoisonError::into_inner).right(from.address, Instant::now());
        }
    }

    async fn begin(&self, from: Origin, agent: &str) -> Result<String, Refused> {
        let secret = secret::fresh()?;
        let agent: String = agent.chars().filter(|c| !c.is_control()).take(AGENT).collect();
        let (hash, address) = (secret::hash(&secret), from.address.to_string());
        self.store.begin_session(&hash, &address, &agent, Timestamp::now(), MOST).await?;
        Ok(secret)
    }

    /// Everybody who is logged in, the last used first.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        let now = Timestamp::now();
        let all = self.store.sessions().await?;
        Ok(all.into_iter().filter(|session| goes_on(session, now)).collect())
    }

    /// The keys of programs.
    ///
    /// # Errors
    /// The database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.store.tokens().await
    }

    /// Ends a session; whether there was one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn end(&self, id: i64) -> Result<bool, StoreError> {
        let ended = self.store.end_session(id).await?;
        self.has_ended();
        Ok(ended)
    }

    /// Ends all sessions but this one.
    ///
    /// # Errors
    /// The database cannot be written.
    pub async fn end_others(&self, but: Option<i64>) -> Result<u64, StoreError> {
        let ended = self.store.end_sessions_but(but).await?;
        self.has_ended();
        Ok(ended)
    }

    fn has_ended(&self) {
        self.ended.send_modify(|n| *n += 1);
    }
}

/// Whether a session has not ended by itself. A calendar that went back makes nothing older than it is.
fn goes_on(session: &Session, now: Timestamp) -> bool {
    now.duration_since(session.seen) < IDLE && now.duration_since(session.began) < ABSOLUTE
}

fn is_due(written: Timestamp, now: Timestamp) -> bool {
    now.duration_since(written).abs() >= NOTED
}
