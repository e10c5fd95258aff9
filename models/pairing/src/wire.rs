//! What a device and a host say to each other while they pair: JSON, one message a line, inside TLS.
//!
//! In: bytes as they come. Out: messages. Fails with a sentence on a line that is too long or says
//! nothing that is known; the connection is worth nothing then.

use moodring_mood::DeviceId;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

use crate::tls::Fingerprint;

/// The version of these messages.
pub const VERSION: u32 = 1;

/// The longest line, bytes.
pub const MAX_LINE: usize = 16 * 1024;

/// A device says at least this often that it is still there, seconds.
pub const HERE_EVERY_S: u64 = 5;

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WireError {
    /// It is too long.
    #[error("a message is longer than {MAX_LINE} bytes")]
    Long,
    /// It says nothing that is known.
    #[error("a message cannot be read: {0}")]
    Strange(String),
}

/// What a device says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromDevice {
    /// Who it is; it shows a code, and waits.
    Hello {
        /// [`VERSION`].
        v: u32,
        /// Its name on the wire.
        device: DeviceId,
    },
    /// It is still there.
    Here,
    /// Its answer to a guess.
    Response {
        /// OPAQUE's second message, hexadecimal.
        message: String,
    },
    /// It answers no guess for so long: too many were wrong.
    Wait {
        /// Seconds.
        seconds: u64,
    },
    /// The proof was wrong: what the host sends is not taken.
    Unproved,
    /// It has kept the credentials.
    Kept,
    /// It could not keep them.
    NotKept {
        /// Why.
        why: String,
    },
}

/// What a host says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromHost {
    /// It has room for this device, and waits for somebody to type the code.
    Welcome {
        /// [`VERSION`].
        v: u32,
        /// Its name for people.
        name: String,
    },
    /// It is still there as well.
    Here,
    /// Somebody typed a code.
    Guess {
        /// OPAQUE's first message, hexadecimal.
        message: String,
    },
    /// That code was wrong.
    Wrong,
    /// That code was right.
    Proof {
        /// OPAQUE's third message, hexadecimal.
        message: String,
    },
    /// What the device is to connect with from now on; only ever said after a proof.
    Credentials(Credentials),
}

/// What a device is to connect with.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// Its name for the broker.
    pub username: String,
    /// Its password for the broker.
    pub password: String,
    /// Where the broker is.
    pub broker: Broker,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("username", &self.username).field("broker", &self.broker).finish()
    }
}

/// Where a broker is, and how to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Broker {
    /// The host itself, over TLS to the key that the device saw while pairing.
    Host {
        /// The port.
        port: u16,
    },
    /// A broker elsewhere, at a fixed address.
    Elsewhere {
        /// Its name or address.
        host: String,
        /// Its port.
        port: u16,
        /// The authority that signed its certificate, PEM; `None`: those that the device's system trusts.
        ca: Option<String>,
        /// Whether it speaks TLS.
        tls: bool,
    },
}

/// What a device keeps of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The shape: 1.
    pub v: u32,
    /// The host's key, as hexadecimal digits.
    pub host: String,
    /// The host's name for people.
    pub name: String,
    /// Where it was last.
    pub address: std::net::IpAddr,
    /// What to connect with.
    pub credentials: Credentials,
}

impl Kept {
    /// The host's key.
    pub fn key(&self) -> Option<Fingerprint> {
        self.host.parse().ok()
    }
}

/// A message as a line.
pub fn line(message: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(message).expect("a message is plain JSON");
    line.push(b'\n');
    line
}

/// What has come of a line so far.
#[derive(Debug, Default)]
pub struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    /// Bytes that came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is whole.
    ///
    /// # Errors
    /// The line is too long, or says nothing that is known.
    pub fn next_message<T: DeserializeOwned>(&mut self) -> Result<Option<T>, WireError> {
        let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') else {
            return if self.bytes.len() > MAX_LINE { Err(WireError::Long) } else { Ok(None) };
        };
        if end > MAX_LINE {
            return Err(WireError::Long);
        }
        let line: Vec<u8> = self.bytes.drain(..=end).collect();
        serde_json::from_slice(&line).map(Some).map_err(|why| WireError::Strange(why.to_string()))
    }
}

/// Bytes as hexadecimal digits.
pub fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Hexadecimal digits as bytes; `None` where they are none.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_in_pieces_and_in_heaps() {
        let hello = FromDevice::Hello { v: VERSION, device: "hall".parse().unwrap() };
        let all = [line(&hello), line(&FromDevice::Here), line(&FromDevice::Kept)].concat();
        let mut lines = Lines::default();
        let mut heard = Vec::new();
        for piece in all.chunks(7) {
            lines.push(piece);
            while let Some(message) = lines.next_message::<FromDevice>().unwrap() {
                heard.push(message);
            }
        }
        assert_eq!(heard, [hello, FromDevice::Here, FromDevice::Kept]);
        assert!(all.starts_with(br#"{"say":"hello","v":1,"device":"hall"}"#));
    }

    #[test]
    fn nonsense_is_named_and_nothing_grows_for_ever() {
        let said = |bytes: &[u8]| {
            let mut lines = Lines::default();
            lines.push(bytes);
            lines.next_message::<FromHost>()
        };
        assert!(matches!(said(b"hello\n"), Err(WireError::Strange(_))));
        assert!(matches!(
            said(
                br#"{"say":"sing"}
"#
            ),
            Err(WireError::Strange(_))
        ));
        assert_eq!(said(&vec![b' '; MAX_LINE + 1]), Err(WireError::Long));
        assert_eq!(said(b"{\"say\""), Ok(None));
        assert_eq!((from_hex("0aFF"), from_hex("0"), from_hex("+1")), (Some(vec![10, 255]), None, None));
    }

    #[test]
    fn a_password_is_not_written_by_accident() {
        let credentials = Credentials {
            username: "hall".to_owned(),
            password: "geheim".to_owned(),
            broker: Broker::Host { port: 1 },
        };
        assert!(!format!("{credentials:?}").contains("geheim"));
    }
}
