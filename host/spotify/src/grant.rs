//! The log-in that is kept: what Spotify granted, how old it is, and the file it stands in.
//!
//! In: tokens, and a folder. Out: the same after a restart. Fails when the file cannot be written, or
//! holds something else. Tokens leave only towards Spotify: they are never printed, not even for
//! debugging.

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::kept;

/// The name of the file in the state directory.
pub const FILE: &str = "spotify-login.json";

/// A secret: shown as `…` wherever it might be printed.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(pub(crate) String);

impl Secret {
    /// Keeps a text from being printed.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "none" } else { "…" })
    }
}

/// What Spotify granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The app it was granted to.
    pub client_id: String,
    /// Opens the API until `expires`.
    pub access: Secret,
    /// Gets the next `access`; dies six months after the consent.
    pub refresh: Secret,
    /// When `access` ends.
    pub expires: Timestamp,
    /// When the user consented.
    pub consented: Timestamp,
    /// Why it is over, if it is: then only a new log-in helps, and nothing is tried any more.
    #[serde(default)]
    pub ended: Option<String>,
}

/// How old a consent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Less than five months.
    Fresh,
    /// Five months or more: it ends then.
    Old(Timestamp),
}

impl Grant {
    /// How old the consent is. Refresh tokens die six months after it.
    pub fn age(&self, now: Timestamp) -> Age {
        let given = self.consented.to_zoned(TimeZone::UTC);
        let after = |months: i64| given.checked_add(months.months()).map_or(Timestamp::MAX, |at| at.timestamp());
        if now < after(5) { Age::Fresh } else { Age::Old(after(6)) }
    }

    /// Takes over what a refresh brought. Spotify may leave the refresh token out: the old one stays.
    pub fn renew(&mut self, access: Secret, refresh: Option<Secret>, expires: Timestamp) {
        self.access = access;
        self.expires = expires;
        if let Some(refresh) = refresh.filter(|refresh| !refresh.is_empty()) {
            self.refresh = refresh;
        }
    }
}

/// Why the log-in cannot be kept or found.
#[derive(Debug, Error)]
pub enum GrantError {
    /// The file cannot be read or written.
    #[error("cannot use {path}: {why}; check that the folder may be written")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The file holds something else.
    #[error("{path} holds no log-in to Spotify ({why}); it was left as it is: move it away and log in again")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, without its content.
        why: String,
    },
}

/// The file of the log-in.
#[derive(Clone, Debug)]
pub struct GrantFile {
    path: PathBuf,
}

impl GrantFile {
    /// In this state directory.
    pub fn new(state_dir: &Path) -> Self {
        Self { path: state_dir.join(FILE) }
    }

    /// The log-in; `None` if there is none.
    ///
    /// # Errors
    /// The file cannot be read, or holds something else.
    pub fn load(&self) -> Result<Option<Grant>, GrantError> {
        let Some(bytes) = kept::read(&self.path).map_err(|why| self.io(why))? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|e| GrantError::Unreadable {
            path: self.path.clone(),
            // The message of the library may quote what it read.
            why: format!("line {}, column {}", e.line(), e.column()),
        })
    }

    /// Keeps the log-in: mode 0600, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, grant: &Grant) -> Result<(), GrantError> {
        let bytes = serde_json::to_vec(grant).map_err(|e| self.io(e.into()))?;
        kept::write(&self.path, &bytes).map_err(|why| self.io(why))
    }

    /// Forgets the log-in; true if there was one.
    ///
    /// # Errors
    /// The file cannot be removed.
    pub fn forget(&self) -> Result<bool, GrantError> {
        match std::fs::remove_file(&self.path) {
            Ok(()) => Ok(true),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(e) => Err(self.io(e)),
        }
    }

    /// When the file was last written; `None` if there is none.
    pub fn written(&self) -> Option<std::time::SystemTime> {
        std::fs::metadata(&self.path).and_then(|file| file.modified()).ok()
    }

    fn io(&self, why: io::Error) -> GrantError {
        GrantError::Io { path: self.path.clone(), why }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn grant() -> Grant {
        let consented = "2026-05-20T10:00:00Z".parse().unwrap();
        Grant {
            client_id: "app".into(),
            access: Secret::new("acc-1"),
            refresh: Secret::new("ref-1"),
            expires: consented,
            consented,
            ended: None,
        }
    }

    #[test]
    fn a_log_in_is_kept_for_this_user_only_and_never_printed() {
        let dir = tempfile::tempdir().unwrap();
        let file = GrantFile::new(dir.path());
        assert!(file.load().unwrap().is_none() && !file.forget().unwrap());
        for _ in 0..2 {
            file.save(&grant()).unwrap();
        }
        let path = dir.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(file.load().unwrap().unwrap(), grant());
        let shown = format!("{:?} {:#?}", grant(), file);
        assert!(!shown.contains("acc-1") && !shown.contains("ref-1"), "{shown}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(file.forget().unwrap());
    }

    #[test]
    fn a_file_with_something_else_is_named_left_alone_and_not_quoted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(FILE);
        std::fs::write(&path, "{\"access\": \"acc-1\", \"refresh\": 3}").unwrap();
        let error = GrantFile::new(dir.path()).load().unwrap_err().to_string();
        assert!(error.contains(FILE) && error.contains("move it away") && !error.contains("acc-1"), "{error}");
        assert!(path.exists());
    }

    #[test]
    fn a_refresh_without_a_refresh_token_keeps_the_old_one() {
        let mut grant = grant();
        let expires = "2026-05-20T11:00:00Z".parse().unwrap();
        grant.renew(Secret::new("acc-2"), None, expires);
        assert_eq!((grant.access.0.as_str(), grant.refresh.0.as_str(), grant.expires), ("acc-2", "ref-1", expires));
        grant.renew(Secret::new("acc-3"), Some(Secret::new("")), expires);
        assert_eq!(grant.refresh.0, "ref-1");
        grant.renew(Secret::new("acc-4"), Some(Secret::new("ref-2")), expires);
        assert_eq!(grant.refresh.0, "ref-2");
    }

    #[test]
    fn from_five_months_on_the_end_is_in_sight() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        assert_eq!(grant().age(at("2026-10-20T09:59:59Z")), Age::Fresh);
        let ends = at("2026-11-20T10:00:00Z");
        assert_eq!(grant().age(at("2026-10-20T10:00:00Z")), Age::Old(ends));
        assert_eq!(grant().age(at("2027-03-01T00:00:00Z")), Age::Old(ends));
    }
}
