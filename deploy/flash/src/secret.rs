//! Secrets, made into what may lie on a card: a password's hash, a Wi-Fi password's key.
//!
//! In: what a person typed. Out: a `$6$` hash as `/etc/shadow` has it, and the 256-bit key that WPA2
//! computes from a passphrase and the network's name, in hexadecimal. What fails: a password that WPA
//! does not allow. Nothing here prints a secret, and [`hide`] takes them out of what is shown.

use sha_crypt::{PasswordHasher, PasswordVerifier, ShaCrypt};
use sha1::Sha1;
use thiserror::Error;

/// Passes over the password, of which the default of 5,000 is from 2007. The hash lies on a card that
/// anybody can read until the first boot is over; a Pi Zero 2 W takes about a second for this many.
const ROUNDS: u32 = 200_000;

/// What a Wi-Fi password cannot be.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum WifiPasswordError {
    /// Its length is not what WPA allows.
    #[error(
        "the Wi-Fi password is {0} bytes long; WPA wants 8 to 63 (a letter with an umlaut counts as 2, an emoji as 4), \
         or the 64 hexadecimal digits of a key"
    )]
    Length(usize),
    /// A control character, such as a tab or a line's end.
    #[error("the Wi-Fi password has a control character in it (a tab, or the end of a line); type it again")]
    Control,
}

/// The hash of a password as `/etc/shadow` has it: SHA-512-crypt, salted, 200,000 rounds.
///
/// # Errors
/// The system has no random numbers, or the password is longer than the method allows.
pub fn password_hash(password: &str) -> Result<String, String> {
    let params = sha_crypt::Params::new(ROUNDS).map_err(|why| why.to_string())?;
    let method = ShaCrypt::new(sha_crypt::Algorithm::Sha512Crypt, params);
    // As 16 characters, which is all of a salt that crypt(3) reads.
    let mut salt = [0u8; 12];
    getrandom::fill(&mut salt).map_err(|why| why.to_string())?;
    let hash = method.hash_password_with_salt(password.as_bytes(), &salt);
    hash.map(|hash| hash.to_string()).map_err(|why| why.to_string())
}

/// Whether `hash` is one of [`password_hash`] for this password.
pub fn is_hash_of(hash: &str, password: &str) -> bool {
    ShaCrypt::default().verify_password(password.as_bytes(), hash).is_ok()
}

/// Whether this could stand in `/etc/shadow`: one of the methods that Raspberry Pi OS knows.
pub fn is_hash(text: &str) -> bool {
    let known = ["$y$", "$6$", "$5$", "$2b$", "$7$"].iter().any(|method| text.starts_with(method));
    known
        && text.len() > 20
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b':' | b'\'' | b'"' | b'\\'))
}

/// The key of a WPA2 network: PBKDF2 of the passphrase's bytes, salted with the network's name (IEEE
/// 802.11-2020, J.4.1), as 64 hexadecimal digits. 64 such digits are a key already.
///
/// # Errors
/// The passphrase is not 8 to 63 bytes long, or has control characters.
pub fn wifi_key(ssid: &str, passphrase: &str) -> Result<String, WifiPasswordError> {
    if passphrase.len() == 64 && passphrase.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(passphrase.to_ascii_lowercase());
    }
    check_passphrase(passphrase)?;
    let mut key = [0u8; 32];
    pbkdf2::pbkdf2_hmac::<Sha1>(passphrase.as_bytes(), ssid.as_bytes(), 4096, &mut key);
    Ok(key.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Whether WPA takes this passphrase.
///
/// # Errors
/// It is not 8 to 63 bytes long, or has control characters.
pub fn check_passphrase(passphrase: &str) -> Result<(), WifiPasswordError> {
    if passphrase.chars().any(char::is_control) {
        return Err(WifiPasswordError::Control);
    }
    if !(8..=63).contains(&passphrase.len()) {
        return Err(WifiPasswordError::Length(passphrase.len()));
    }
    Ok(())
}

/// A text as it may be shown: hashes, keys and what stands behind the word password are gone. Also for
/// what other programs wrote on the card before.
pub fn hide(text: &str) -> String {
    text.split_inclusive('\n').map(hide_line).collect()
}

fn hide_line(line: &str) -> String {
    let name = line.trim_start().trim_start_matches("- ");
    for word in ["passwd:", "hashed_passwd:", "plain_text_passwd:", "password:", "psk="] {
        if name.starts_with(word) && name.len() > word.len() + 1 {
            let kept = line.len() - name.len() + word.len();
            return format!("{} (hidden)\n", &line[..kept]);
        }
    }
    let mut shown = String::with_capacity(line.len());
    for piece in line.split_inclusive(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ':')) {
        let end = piece.trim_end_matches(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | ':'));
        let is_key = end.len() == 64 && end.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hash(end) || is_key {
            shown.push_str("(hidden)");
            shown.push_str(&piece[end.len()..]);
        } else {
            shown.push_str(piece);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_standards_own_examples() {
        // IEEE 802.11-2020, J.4.2.
        let ieee = "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e";
        assert_eq!(wifi_key("IEEE", "password").unwrap(), ieee);
        let this = "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af";
        assert_eq!(wifi_key("ThisIsASSID", "ThisIsAPassword").unwrap(), this);
    }

    #[test]
    fn a_key_is_taken_as_it_is() {
        let key = "F42C6FC52DF0EBEF9EBB4B90B38A5F902E83FE1B135A70E23AED762E9710A12E";
        assert_eq!(wifi_key("anything", key).unwrap(), key.to_lowercase());
    }

    #[test]
    fn lengths_are_counted_in_bytes_and_said() {
        assert_eq!(wifi_key("a", "schön"), Err(WifiPasswordError::Length(6)));
        assert!(wifi_key("a", "schöner").is_ok());
        assert_eq!(wifi_key("a", &"x".repeat(64)), Err(WifiPasswordError::Length(64)));
        assert_eq!(wifi_key("a", "tab\there!"), Err(WifiPasswordError::Control));
    }

    #[test]
    fn a_password_is_known_by_its_hash_and_another_is_not() {
        let hash = password_hash("Grüße \"an\" alle").unwrap();
        assert!(hash.starts_with("$6$rounds=200000$"), "{hash}");
        assert_eq!(hash.split('$').nth(3).map(str::len), Some(16), "crypt(3) cuts a longer salt: {hash}");
        // From the method's specification (Drepper, 2007).
        let known =
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1";
        assert!(is_hash_of(known, "Hello world!"));
        assert!(is_hash(&hash) && is_hash_of(&hash, "Grüße \"an\" alle"));
        assert!(!is_hash_of(&hash, "Grüsse \"an\" alle"));
        assert_ne!(password_hash("same").unwrap(), password_hash("same").unwrap(), "no salt");
    }

    #[test]
    fn secrets_are_not_shown_wherever_they_stand() {
        let key = "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af";
        let hash = "$6$rounds=200000$abcdefgh$0123456789abcdef0123456789";
        let text = format!(
            "users:\n- name: ann\n  passwd: \"{hash}\"\n        password: \"hunter2 hunter2\"\nuserconf 'ann' '{hash}'\n\
             set_wlan 'home' '{key}' 'DE'\npsk={key}\nann:{hash}\n"
        );
        let shown = hide(&text);
        for secret in [key, hash, "hunter2"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        assert!(shown.contains("name: ann") && shown.contains("set_wlan 'home' '(hidden)' 'DE'"), "{shown}");
    }
}
