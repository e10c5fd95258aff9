//! What can be asked of the device over MQTT: `moodring/<id>/set/…`, read and checked.
//!
//! In: a message on one of these topics. Out: the [`Order`] it means, or one sentence about what is
//! wrong with it; then nothing else happens. Pure.

use moodring_mood::{Command, Paused};
use thiserror::Error;

use crate::order::Order;

/// What `set/restart` must say; so that a stray message does not restart anything.
pub const RESTART: &str = "restart";

/// What is wrong with a command.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CommandError {
    /// There is no such command.
    #[error("there is no such command; known are set/paused, set/brightness and set/restart")]
    Unknown,
    /// The broker keeps it, and would say it again on each connection.
    #[error(
        "a command must not be retained, for the broker would give it again on each connection; \
         clear it: mosquitto_pub -r -n -t {topic:?}"
    )]
    Retained {
        /// Its topic.
        topic: String,
    },
    /// It says something else than it may.
    #[error("{found:?} will not do; say {wanted}")]
    Payload {
        /// What it said; the first of it.
        found: String,
        /// What it may say.
        wanted: &'static str,
    },
}

/// What a message on `topic`, which begins with `moodring/<id>/set/`, asks for.
///
/// # Errors
/// See [`CommandError`].
pub fn read(topic: &str, payload: &[u8], retained: bool) -> Result<Order, CommandError> {
    // An empty retained message is how a retained one is cleared; brokers do not keep it.
    if retained {
        return Err(CommandError::Retained { topic: topic.to_owned() });
    }
    let Some((_, Some(command))) = Command::parse(topic) else { return Err(CommandError::Unknown) };
    let text = std::str::from_utf8(payload).ok();
    let (order, wanted) = match command {
        Command::Paused => {
            (Paused::parse(payload).map(|paused| Order::Privacy(paused == Paused::On)), "\"on\" or \"off\"")
        }
        Command::Brightness => {
            let percent = text.and_then(|text| text.parse().ok()).filter(|percent| (0..=100).contains(percent));
            (percent.map(Order::Brightness), "a whole number from 0 to 100")
        }
        Command::Restart => (text.filter(|text| *text == RESTART).map(|_| Order::Restart), "\"restart\""),
    };
    order.ok_or_else(|| CommandError::Payload {
        found: String::from_utf8_lossy(payload).chars().take(40).collect(),
        wanted,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(leaf: &str, payload: &str) -> Result<Order, CommandError> {
        read(&format!("moodring/hall/set/{leaf}"), payload.as_bytes(), false)
    }

    #[test]
    fn good_commands_become_orders() {
        assert_eq!(asked("paused", "on"), Ok(Order::Privacy(true)));
        assert_eq!(asked("paused", "off"), Ok(Order::Privacy(false)));
        assert_eq!(asked("brightness", "0"), Ok(Order::Brightness(0)));
        assert_eq!(asked("brightness", "100"), Ok(Order::Brightness(100)));
        assert_eq!(asked("restart", "restart"), Ok(Order::Restart));
    }

    #[test]
    fn everything_else_is_refused_with_what_would_do() {
        for (leaf, payload, says) in [
            ("paused", "", "\"\" will not do; say \"on\" or \"off\""),
            ("paused", "true", "\"true\" will not do"),
            ("paused", "{\"on\":1}", "will not do"),
            ("brightness", "101", "a whole number from 0 to 100"),
            ("brightness", "-1", "a whole number"),
            ("brightness", "50.5", "a whole number"),
            ("brightness", "bright", "\"bright\" will not do"),
            ("restart", "", "say \"restart\""),
            ("restart", "now", "say \"restart\""),
            ("reboot", "restart", "no such command; known are set/paused"),
            ("", "", "no such command"),
        ] {
            let error = asked(leaf, payload).unwrap_err().to_string();
            assert!(error.contains(says), "{error}\nshould say {says}");
        }
        let bytes = read("moodring/hall/set/paused", &[0xff, 0xfe], false).unwrap_err().to_string();
        assert!(bytes.contains("will not do"), "{bytes}");
        let long = asked("paused", &"x".repeat(100_000)).unwrap_err().to_string();
        assert!(long.len() < 200, "{long}");
    }

    #[test]
    fn a_retained_command_is_refused_with_the_way_to_clear_it() {
        let error = read("moodring/hall/set/restart", b"restart", true).unwrap_err().to_string();
        assert!(error.contains("mosquitto_pub -r -n -t \"moodring/hall/set/restart\""), "{error}");
    }
}
