//! Who serves the line of calls: one at a time, each with all that belongs to it.
//!
//! In: calls. Out: answers, the ledger, the log-in renewed, and how things stand. A call that fails is
//! answered with the trouble; a file that cannot be written is told of, and the work goes on.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};

use super::{Account, Job, LEDGER, LogIn, Method, Standing, read_ledger};
use crate::{
    grant::{Age, Grant, GrantFile},
    kept,
    limit::{Class, Limits, Wait},
    trouble::Trouble,
    wire::{Failure, Wire},
};

/// An urgent call waits so long in the line; after that it is told to come back.
const SHORT: SignedDuration = SignedDuration::from_secs(4);

/// The ledger is written down so often; a pause at once.
const WRITE_EVERY: Duration = Duration::from_secs(30);

/// The file of the log-in is looked at so often: somebody may log in beside this program.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// So often a call is tried.
const TRIES: u32 = 3;

/// Who serves the line.
pub(super) struct Clerk {
    wire: Wire,
    client_id: String,
    file: GrantFile,
    file_seen: Option<SystemTime>,
    grant: Option<Grant>,
    /// Why the file of the log-in cannot be used.
    unreadable: Option<String>,
    limits: Limits,
    ledger: PathBuf,
    ledger_written: Instant,
    /// Calls were made that do not stand in the file of the ledger.
    unwritten: bool,
    no_premium: bool,
    tell: watch::Sender<Standing>,
}

impl Clerk {
    /// Takes its place, with the ledger and the log-in of the last run.
    pub(super) fn begin(account: &Account, tell: watch::Sender<Standing>) -> Self {
        let ledger = account.state_dir.join(LEDGER);
        let mut clerk = Self {
            wire: Wire::new(account),
            client_id: account.client_id.clone(),
            file: GrantFile::new(&account.state_dir),
            file_seen: None,
            grant: None,
            unreadable: None,
            limits: Limits::new(account.daily_calls, read_ledger(&ledger)),
            ledger,
            ledger_written: Instant::now(),
            unwritten: false,
            no_premium: false,
            tell,
        };
        clerk.look_at_file();
        clerk.show(Timestamp::now());
        clerk
    }

    /// Serves until the last end of the line is gone.
    pub(super) async fn run(mut self, mut urgent: mpsc::Receiver<Job>, mut patient: mpsc::Receiver<Job>) {
        loop {
            let job = tokio::select! {
                biased;
                job = urgent.recv() => job,
                job = patient.recv() => job,
                () = sleep(LOOK_EVERY) => {
                    self.look_at_file();
                    self.show(Timestamp::now());
                    self.write_ledger_now_and_then();
                    continue;
                }
            };
            let Some(job) = job else { break };
            // Whoever does not wait any more needs no call.
            if job.answer.is_closed() {
                continue;
            }
            let answer = self.serve(&job).await;
            self.show(Timestamp::now());
            self.write_ledger_now_and_then();
            let _ = job.answer.send(answer);
        }
        self.write_ledger();
    }

    /// Makes one call, with all that belongs to it.
    async fn serve(&mut self, job: &Job) -> Result<String, Trouble> {
        let mut renewed = false;
        for attempt in 1.. {
            self.wait_turn(job.class).await?;
            let grant = self.valid_grant().await?;
            let now = Timestamp::now();
            self.limits.spend(now);
            self.unwritten = true;
            let answer = self.wire.call(&grant.access, job.method, &job.path, &job.body).await;
            let now = Timestamp::now();
            let failure = match answer {
                Ok(text) => {
                    if self.limits.well(now) {
                        self.write_ledger();
                    }
                    if job.method != Method::Get && job.path.starts_with("me/player") {
                        self.no_premium = false;
                    }
                    return Ok(text);
                }
                Err(failure) => failure,
            };
            let again = attempt < TRIES;
            match failure {
                Failure::Status { status: 401, .. } if !renewed => {
                    renewed = true;
                    self.renew(grant).await?;
                }
                Failure::Status { status: 401, refusal, .. } => {
                    return Err(Trouble::LogIn(format!("Spotify does not take the log-in ({})", refusal.message)));
                }
                Failure::Status { status: 429, retry_after, refusal } => {
                    let quota = refusal.reason.eq_ignore_ascii_case("QUOTA_EXCEEDED");
                    self.limits.asked(retry_after, quota, now);
                    self.write_ledger();
                    if !again {
                        return Err(self.later(job.class, now));
                    }
                }
                Failure::Status { status: 500.., refusal, .. } => {
                    self.limits.failed(now);
                    if !again || job.method == Method::Post {
                        return Err(Trouble::Away(format!("it fails ({})", refusal.message)));
                    }
                    sleep(pause(attempt)).await;
                }
                Failure::Network(why) => {
                    self.limits.failed(now);
                    // A command that may have arrived is not given twice.
                    if !again || job.method == Method::Post {
                        return Err(Trouble::Away(why));
                    }
                    sleep(pause(attempt)).await;
                }
                Failure::Status { status, refusal, .. } => {
                    self.limits.well(now);
                    return Err(self.refused(job, status, refusal.reason, refusal.message));
                }
                Failure::Unreadable => return Err(Trouble::Unreadable(what(job))),
            }
        }
        Err(Trouble::Away("it was tried too often".to_owned()))
    }

    fn refused(&mut self, job: &Job, status: u16, reason: String, message: String) -> Trouble {
        let is = |word: &str| reason.eq_ignore_ascii_case(word);
        if is("PREMIUM_REQUIRED") || (status == 403 && message.to_lowercase().contains("premium")) {
            self.no_premium = true;
            return Trouble::NoPremium;
        }
        if is("NO_ACTIVE_DEVICE") || (status == 404 && job.path.starts_with("me/player")) {
            return Trouble::NoDevice;
        }
        if status == 403 && message.to_lowercase().contains("scope") {
            return Trouble::LogIn("the log-in does not allow this".to_owned());
        }
        let words = match (reason.is_empty(), message.is_empty()) {
            (true, true) => "no reason given".to_owned(),
            (true, false) => message,
            (false, true) => reason,
            (false, false) => format!("{message}, {reason}"),
        };
        Trouble::Refused { what: what(job), status, words }
    }

    /// Waits until a call of this kind may be made, if that is soon.
    async fn wait_turn(&mut self, class: Class) -> Result<(), Trouble> {
        loop {
            let now = Timestamp::now();
            let Err(wait) = self.limits.ask(class, now) else { return Ok(()) };
            let left = wait.until.duration_since(now);
            if class != Class::Play || left > SHORT {
                return Err(self.later(class, now));
            }
            sleep(left.unsigned_abs()).await;
        }
    }

    fn later(&self, class: Class, now: Timestamp) -> Trouble {
        match self.limits.ask(class, now) {
            Err(Wait { until, why }) => Trouble::Later { until, why },
            Ok(()) => Trouble::Away("it asks to wait".to_owned()),
        }
    }

    /// The log-in, renewed if it is about to end.
    async fn valid_grant(&mut self) -> Result<Grant, Trouble> {
        if self.client_id.is_empty() {
            return Err(Trouble::LogIn("no app is named in spotify.client_id".to_owned()));
        }
        self.look_at_file();
        let Some(grant) = self.grant.clone() else {
            return Err(Trouble::LogIn(self.unreadable.clone().unwrap_or_else(|| "nobody is logged in".to_owned())));
        };
        if let Some(why) = &grant.ended {
            return Err(Trouble::LogIn(why.clone()));
        }
        let soon = Timestamp::now().checked_add(SignedDuration::from_secs(30)).unwrap_or(Timestamp::MAX);
        if grant.expires <= soon { self.renew(grant).await } else { Ok(grant) }
    }

    /// Gets new tokens.
    async fn renew(&mut self, mut grant: Grant) -> Result<Grant, Trouble> {
        let now = Timestamp::now();
        match self.wire.refresh(&grant.refresh, now).await {
            Ok(fresh) => grant.renew(fresh.access, fresh.refresh, fresh.expires),
            Err(Failure::Status { status: 400 | 401, refusal, .. }) => {
                // Trying again would give the same answer for ever.
                let why = match refusal.reason.as_str() {
                    "invalid_grant" => "the log-in to Spotify has ended, as it does after six months".to_owned(),
                    other => format!("Spotify does not renew the log-in ({other} {})", refusal.message),
                };
                grant.ended = Some(why.clone());
                self.keep(grant);
                return Err(Trouble::LogIn(why));
            }
            Err(Failure::Status { status: 429, retry_after, .. }) => {
                self.limits.asked(retry_after, false, now);
                self.write_ledger();
                return Err(self.later(Class::Play, now));
            }
            Err(Failure::Status { status, .. }) => {
                self.limits.failed(now);
                return Err(Trouble::Away(format!("its log-in service fails ({status})")));
            }
            Err(Failure::Network(why)) => {
                self.limits.failed(now);
                return Err(Trouble::Away(why));
            }
            Err(Failure::Unreadable) => return Err(Trouble::Unreadable("the renewal of the log-in".to_owned())),
        }
        self.keep(grant.clone());
        Ok(grant)
    }

    fn keep(&mut self, grant: Grant) {
        if self.file.written() != self.file_seen {
            // Somebody logged in or out meanwhile: that counts.
            return self.look_at_file();
        }
        if let Err(e) = self.file.save(&grant) {
            // It works on until the program ends.
            tracing::error!("the log-in to Spotify is not kept: {e}");
        }
        self.grant = Some(grant);
        self.file_seen = self.file.written();
    }

    /// Takes over the file of the log-in if it changed.
    fn look_at_file(&mut self) {
        let written = self.file.written();
        if written == self.file_seen && written.is_some() {
            return;
        }
        if written.is_none() && self.file_seen.is_none() {
            return;
        }
        self.file_seen = written;
        self.unreadable = None;
        self.grant = self.file.load().unwrap_or_else(|e| {
            tracing::error!("{e}");
            self.unreadable = Some(e.to_string());
            None
        });
        if let Some(grant) = self.grant.take_if(|grant| grant.client_id != self.client_id && !self.client_id.is_empty())
        {
            self.unreadable = Some(format!("the log-in belongs to another app ({})", grant.client_id));
        }
        self.no_premium = false;
    }

    fn show(&self, now: Timestamp) {
        let log_in = match (&self.grant, &self.unreadable) {
            (Some(Grant { ended: Some(why), .. }), _) | (None, Some(why)) => LogIn::Ended(why.clone()),
            (Some(grant), _) => LogIn::In {
                ends: match grant.age(now) {
                    Age::Fresh => None,
                    Age::Old(ends) => Some(ends),
                },
            },
            (None, None) => LogIn::Out,
        };
        let (spent, budget) = (self.limits.spent(now), self.limits.budget());
        let wait = self.limits.ask(Class::Play, now).err();
        let standing = Standing { log_in, spent, budget, wait, no_premium: self.no_premium };
        self.tell.send_if_modified(|before| {
            let changed = *before != standing;
            *before = standing;
            changed
        });
    }

    fn write_ledger_now_and_then(&mut self) {
        if self.unwritten && self.ledger_written.elapsed() >= WRITE_EVERY {
            self.write_ledger();
        }
    }

    fn write_ledger(&mut self) {
        self.ledger_written = Instant::now();
        self.unwritten = false;
        let written = serde_json::to_vec(self.limits.kept())
            .map_err(std::io::Error::from)
            .and_then(|bytes| kept::write(&self.ledger, &bytes));
        if let Err(e) = written {
            tracing::warn!("the ledger of calls to Spotify cannot be written to {}: {e}", self.ledger.display());
        }
    }
}

/// Between two tries of the same call.
const fn pause(attempt: u32) -> Duration {
    Duration::from_millis(400 * attempt as u64)
}

fn what(job: &Job) -> String {
    let path = job.path.split('?').next().unwrap_or_default();
    format!("{} {path}", job.method.word())
}
