//! The password: what it may be, how it is kept, whether one is right.
//!
//! In: a password. Out: its Argon2id hash in the PHC string format, or whether it is the one. That takes 19 MiB and a
//! tenth of a second or more on purpose, so it is done off the asynchronous threads, one at a time: a flood of
//! log-ins costs no more memory than one. Fails for a password that is too short or too long, and when too many wait.

use std::{sync::LazyLock, time::Duration};

use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier, password_hash::SaltString};
use thiserror::Error;
use tokio::{sync::Semaphore, time::timeout};
use unicode_normalization::UnicodeNormalization;

use super::secret::{self, NoRandomness};

/// The fewest characters.
pub const SHORTEST: usize = 8;

/// The most bytes.
pub const LONGEST: usize = 1024;

/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many wait for their turn.
const LINE: usize = 16;

static TURN: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(1));
static WAITING: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(LINE));

/// Why a password is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Unfit {
    /// Too few characters.
    #[error("the password has {0} characters; use 8 or more: a few words you can remember are best")]
    Short(usize),
    /// Too many bytes.
    #[error("the password has {0} bytes; use at most 1024")]
    Long(usize),
    /// Nothing but blanks.
    #[error("the password is nothing but blanks; use letters, digits or words")]
    Blank,
}

/// Why it could not be worked out.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unhashed {
    /// It may not be a password.
    #[error(transparent)]
    Unfit(#[from] Unfit),
    /// Too many want to know at once.
    #[error("too many log-ins at once; try again in a moment")]
    Busy,
    /// No salt.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// What is kept is no hash, or the library cannot work it out.
    #[error("the password that is kept cannot be read ({0}); set one with `moodring-host password`")]
    Broken(String),
}

/// Whether this may be a password: 8 characters at least, 1024 bytes at most, and whatever characters.
///
/// # Errors
/// In words, why not.
pub fn check(password: &str) -> Result<(), Unfit> {
    let characters = password.chars().count();
    if characters < SHORTEST {
        return Err(Unfit::Short(characters));
    }
    if password.len() > LONGEST {
        return Err(Unfit::Long(password.len()));
    }
    if password.trim().is_empty() {
        return Err(Unfit::Blank);
    }
    Ok(())
}

/// The hash to keep.
///
/// # Errors
/// It may not be a password, too many wait, or there is no randomness.
pub async fn hash(password: &str) -> Result<String, Unhashed> {
    check(password)?;
    let bits = secret::fresh()?;
    let password = same(password);
    in_turn(move || {
        // 128 bits of salt are what Argon2 asks for; base64 of 22 hexadecimal digits would be fewer.
        let salt = SaltString::from_b64(&bits[..32]).map_err(|e| Unhashed::Broken(e.to_string()))?;
        let hash = Argon2::default().hash_password(password.as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|e| Unhashed::Broken(e.to_string()))
    })
    .await
}

/// Whether this is the password of that hash.
///
/// # Errors
/// Too many wait, or the hash is none.
pub async fn verify(password: &str, hash: &str) -> Result<bool, Unhashed> {
    if password.len() > LONGEST {
        return Ok(false);
    }
    let (password, hash) = (same(password), hash.to_owned());
    in_turn(move || {
        let kept = PasswordHash::new(&hash).map_err(|e| Unhashed::Broken(e.to_string()))?;
        match Argon2::default().verify_password(password.as_bytes(), &kept) {
            Ok(()) => Ok(true),
            Err(argon2::password_hash::Error::Password) => Ok(false),
            Err(e) => Err(Unhashed::Broken(e.to_string())),
        }
    })
    .await
}

/// One keyboard sends ü as one character, another as two.
fn same(password: &str) -> String {
    password.nfc().collect()
}

async fn in_turn<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Unhashed> + Send + 'static,
) -> Result<T, Unhashed> {
    let _place = WAITING.try_acquire().map_err(|_| Unhashed::Busy)?;
    let turn = timeout(PATIENCE, TURN.acquire()).await.map_err(|_| Unhashed::Busy)?.map_err(|_| Unhashed::Busy)?;
    // The turn is over when the work is, even if nobody waits for it any more.
    tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    })
    .await
    .unwrap_or(Err(Unhashed::Busy))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_password_is_said_in_plain_words() {
        for (password, says) in [
            ("", Some("0 characters")),
            ("1234567", Some("7 characters; use 8 or more")),
            ("ÄÖÜäöüß", Some("7 characters")),
            ("        ", Some("blanks")),
            (&"x".repeat(1025), Some("1025 bytes; use at most 1024")),
            (&"ü".repeat(600), Some("1200 bytes")),
            ("12345678", None),
            ("two words", None),
            ("ÄÖÜäöüß€", None),
            (&"x".repeat(1024), None),
        ] {
            let said = check(password).err().map(|e| e.to_string());
            assert_eq!(said.is_some(), says.is_some(), "{password}: {said:?}");
            assert!(said.unwrap_or_default().contains(says.unwrap_or_default()), "{password}");
        }
    }

    #[tokio::test]
    async fn the_right_password_is_right_on_every_keyboard() {
        let kept = hash("Z\u{fc}rich im Regen").await.unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert_eq!(verify("Zu\u{308}rich im Regen", &kept).await, Ok(true));
        assert_eq!(verify("Zurich im Regen", &kept).await, Ok(false));
        assert_eq!(verify("", &kept).await, Ok(false));
        assert_eq!(verify(&"x".repeat(5000), &kept).await, Ok(false));
        assert!(matches!(verify("whatever", "no hash").await, Err(Unhashed::Broken(_))));
    }
}
