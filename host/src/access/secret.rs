//! Secrets: made of the system's randomness, kept as hashes.
//!
//! Out: session ids and tokens of 256 random bits, their SHA-256, the token of a session's forms, a setup code that
//! can be typed. Fails only when the system has no randomness, which then is said.

use ring::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use thiserror::Error;

/// The system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the system gives no random bytes, so no secret can be made; try again")]
pub struct NoRandomness;

/// Letters and digits that are not mistaken for one another; 32 of them.
const TYPED: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";

/// How many letters a setup code has: 40 bits, while guesses are limited.
const CODE: usize = 8;

/// What begins a token, so that people and scanners of published code know one when they see it.
pub const TOKEN: &str = "moodring_";

/// What the forms of a session's pages carry is made for.
const FORMS: &[u8] = b"moodring: the forms of this session";

fn random<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(bytes)
}

/// 256 random bits as 64 hexadecimal digits.
///
/// # Errors
/// The system has no randomness.
pub fn fresh() -> Result<String, NoRandomness> {
    random::<32>().map(|bytes| hex(&bytes))
}

/// A new token for a program.
///
/// # Errors
/// The system has no randomness.
pub fn token() -> Result<String, NoRandomness> {
    fresh().map(|secret| format!("{TOKEN}{secret}"))
}

/// A new setup code, as it is shown: `ABCD-EFGH`.
///
/// # Errors
/// The system has no randomness.
pub fn setup_code() -> Result<String, NoRandomness> {
    // 256 is a multiple of 32: each letter is as likely as any other.
    let letters: String = random::<CODE>()?.iter().map(|b| char::from(TYPED[usize::from(b % 32)])).collect();
    Ok(format!("{}-{}", &letters[..CODE / 2], &letters[CODE / 2..]))
}

/// Whether somebody typed this setup code, however they spaced it. Takes the same time for any wrong one of a length.
pub fn is_setup_code(typed: &str, code: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().take(64).filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
    };
    // A MAC by a key of the moment is compared in constant time.
    let Ok(key) = random::<32>() else { return false };
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    hmac::verify(&key, plain(typed).as_bytes(), hmac::sign(&key, plain(code).as_bytes()).as_ref()).is_ok()
}

/// What is kept of a secret: its SHA-256. With 256 random bits in it, nobody finds it from that.
pub fn hash(secret: &str) -> String {
    hex(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
}

/// What the forms of this session carry; only who knows the session's secret can make it.
pub fn form_token(session: &str) -> String {
    hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes()), FORMS).as_ref())
}

/// Whether this is what the forms of this session carry; compared in constant time.
pub fn is_form_token(sent: &str, session: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes());
    unhex(sent).is_some_and(|sent| hmac::verify(&key, FORMS, &sent).is_ok())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes();
    if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    (0..32).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_secrets_are_the_same_and_none_is_kept() {
        let (one, other) = (fresh().unwrap(), fresh().unwrap());
        assert_ne!(one, other);
        assert_eq!(one.len(), 64);
        assert_ne!(hash(&one), one);
        assert_eq!(hash("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert!(token().unwrap().starts_with("moodring_"));
    }

    #[test]
    fn a_form_belongs_to_its_session() {
        let (mine, other) = (fresh().unwrap(), fresh().unwrap());
        let token = form_token(&mine);
        assert!(is_form_token(&token, &mine));
        assert!(!is_form_token(&token, &other));
        for wrong in ["", "00", &mine, &token[..63], &format!("{token}0"), &"ü".repeat(32), &"+f".repeat(32)] {
            assert!(!is_form_token(wrong, &mine), "{wrong}");
        }
    }

    #[test]
    fn a_setup_code_is_typed_as_people_type() {
        let code = setup_code().unwrap();
        assert_eq!(code.len(), 9);
        for typed in
            [code.clone(), code.to_lowercase(), code.replace('-', ""), format!("  {} ", code.replace('-', " "))]
        {
            assert!(is_setup_code(&typed, &code), "{typed}");
        }
        for wrong in ["", "-", "ABCD-EFG", &code[1..]] {
            assert!(!is_setup_code(wrong, &code), "{wrong}");
        }
    }
}
