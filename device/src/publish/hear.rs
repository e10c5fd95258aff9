//! What comes in over MQTT: what plays, commands, Home Assistant's return, and this device's own health.
//!
//! In: a message. Out: an order, what plays, or a note to the outbox. A message that cannot be read is
//! named in one line of the log and changes nothing.

use std::sync::PoisonError;

use moodring_mood::{Command, Health, Leaf, NowPlaying, Topic};
use tracing::{debug, error, warn};

use super::{Shared, command, discovery};

impl Shared {
    /// Hears one message; `retained` when the broker had kept it.
    pub(super) fn hear(&self, topic: &str, payload: &[u8], retained: bool) {
        if Command::parse(topic).is_some_and(|(device, _)| device == self.device) {
            self.asked(topic, payload, retained);
        } else if discovery::birth_topic(&self.prefix).as_deref() == Some(topic) {
            if payload == discovery::BIRTH {
                debug!("Home Assistant is there; presenting the device again");
                self.outbox().present_again();
            }
        } else {
            match Topic::parse(topic).filter(|topic| topic.device == self.device).map(|topic| topic.leaf) {
                Some(Leaf::NowPlaying) => self.plays(topic, payload),
                Some(Leaf::Health) => self.compare(payload, retained),
                _ => debug!("a message on {topic:?} was not asked for"),
            }
        }
    }

    fn asked(&self, topic: &str, payload: &[u8], retained: bool) {
        // A retained command that is cleared arrives once more, empty.
        if payload.is_empty() && retained {
            return;
        }
        match command::read(topic, payload, retained) {
            Ok(order) => {
                debug!("{topic}: {order:?}");
                // The pipeline has ended where nobody listens any more.
                let _ = self.orders.send(order);
            }
            Err(why) => warn!("{topic}: {why}; ignored"),
        }
    }

    fn plays(&self, topic: &str, payload: &[u8]) {
        // An empty payload is how a retained message is taken back.
        let heard = if payload.is_empty() { Ok(None) } else { NowPlaying::parse(payload).map(Some) };
        match heard {
            Ok(now_playing) => *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some(now_playing),
            Err(why) => warn!("{topic}: {why}; ignored"),
        }
    }

    fn compare(&self, payload: &[u8], retained: bool) {
        // What another version or a test has put there is no business of this device.
        let Ok(Health { instance, at, .. }) = Health::parse(payload) else { return };
        if self.twin().heard(&instance, at, retained) {
            error!(
                "another device is also called {:?}: the broker lets only one of them in at a time, and moods, \
                 commands and music of both are mixed; give each a name of its own: id = \"...\" in \
                 /etc/moodring/device.toml",
                self.device.as_str()
            );
        }
    }
}
