//! Who may say and hear what at the broker: pure.
//!
//! In: who it is, and a topic or a filter. Out: yes or no. A device has its own topics and nothing else; what
//! is asked of devices and what plays are not among those it may publish.

use moodring_mood::{Command, DeviceId, Leaf, Topic, topic::ROOT};

/// Where Home Assistant says that it is there, which devices answer with a presentation.
const BIRTH: &str = "homeassistant/status";

/// What a device says of itself; the rest is said to it.
const SAID: [Leaf; 7] =
    [Leaf::Status, Leaf::Mood, Leaf::Health, Leaf::Screen, Leaf::Paused, Leaf::Wish, Leaf::Brightness];

/// What a device hears besides what is asked of it: what plays, and its own health, by which it knows a twin.
const HEARD: [Leaf; 2] = [Leaf::NowPlaying, Leaf::Health];

/// Somebody at the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// This program itself, or a program on this machine, which could read the database as well.
    Here,
    /// A paired device.
    Device(DeviceId),
    /// A paired device that was just revoked: its last will, and nothing else.
    Leaving(DeviceId),
    /// Another program that may ask things of devices, and use topics that are not Moodring's.
    Client,
    /// Another program that may only read.
    Reader,
    /// Nobody who is known.
    Nobody,
}

/// The topic of `doctor`, on which a device hears itself.
fn doctor(device: &DeviceId) -> String {
    format!("{ROOT}/{device}/doctor")
}

impl Who {
    /// Whether it may publish on a topic; a last will counts as published.
    pub fn may_publish(&self, topic: &str) -> bool {
        let own = |device: &DeviceId, leaf| Topic::new(device.clone(), leaf).to_string() == topic;
        match self {
            Self::Here => true,
            Self::Device(device) => {
                SAID.into_iter().any(|leaf| own(device, leaf))
                    || topic == doctor(device)
                    || topic == format!("homeassistant/device/{device}/config")
            }
            Self::Leaving(device) => own(device, Leaf::Status),
            Self::Client => {
                let moodring = topic.split('/').next() == Some(ROOT);
                !topic.starts_with('$') && (!moodring || Command::parse(topic).is_some())
            }
            Self::Reader | Self::Nobody => false,
        }
    }

    /// Whether it may subscribe with a filter. A device's must be one of those it needs, to the letter.
    pub fn may_subscribe(&self, filter: &str) -> bool {
        match self {
            Self::Here => true,
            Self::Device(device) => {
                let asked = || Command::ALL.into_iter().any(|command| command.topic(device) == filter);
                let own = |leaf| Topic::new(device.clone(), leaf).to_string() == filter;
                filter == Command::all_topics(device)
                    || filter == BIRTH
                    || filter == doctor(device)
                    || HEARD.into_iter().any(own)
                    || asked()
            }
            Self::Client | Self::Reader => !filter.starts_with('$') || filter.starts_with("$share/"),
            Self::Leaving(_) | Self::Nobody => false,
        }
    }
}

/// A device's rights as lines of Mosquitto's `acl_file`.
pub fn acl_of_device(device: &str) -> String {
    let write = SAID.into_iter().map(|leaf| format!("topic write {ROOT}/{device}/{}\n", leaf.word()));
    let read = HEARD.into_iter().map(|leaf| format!("topic read {ROOT}/{device}/{}\n", leaf.word()));
    let rest = format!(
        "topic read {ROOT}/{device}/set/+\ntopic readwrite {ROOT}/{device}/doctor\n\
         topic write homeassistant/device/{device}/config\ntopic read {BIRTH}\n"
    );
    write.chain(read).collect::<String>() + &rest
}

/// What this program itself needs at Mosquitto.
pub fn acl_of_host() -> String {
    let read = SAID.into_iter().map(|leaf| format!("topic read {}\n", leaf.of_every_device()));
    read.collect::<String>() + &format!("topic write {}\n", Leaf::NowPlaying.of_every_device())
}

/// What another program has at Mosquitto.
pub fn acl_of_client(only_reads: bool) -> String {
    let asks = if only_reads {
        String::new()
    } else {
        format!("topic write {ROOT}/+/set/+\ntopic readwrite homeassistant/#\n")
    };
    format!("topic read {ROOT}/#\n{asks}topic read homeassistant/#\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hall() -> Who {
        Who::Device("hall".parse().unwrap())
    }

    #[test]
    fn a_device_says_its_own_and_nothing_else() {
        for topic in ["status", "mood", "health", "screen", "paused", "wish", "brightness", "doctor"] {
            assert!(hall().may_publish(&format!("moodring/hall/{topic}")), "{topic}");
            for other in ["attic", "hall2", "hal", "+", "hall/x", ""] {
                assert!(!hall().may_publish(&format!("moodring/{other}/{topic}")), "{other}/{topic}");
            }
        }
        assert!(hall().may_publish("homeassistant/device/hall/config"));
        for topic in [
            "moodring/hall/now_playing",
            "moodring/hall/set/paused",
            "moodring/hall",
            "moodring/hall/mood/x",
            "homeassistant/status",
            "homeassistant/device/attic/config",
            "homeassistant/sensor/hall/config",
            "$SYS/x",
            "other",
        ] {
            assert!(!hall().may_publish(topic), "{topic}");
        }
    }

    #[test]
    fn a_device_hears_what_is_for_it_and_no_wildcard_reaches_further() {
        for filter in
            ["moodring/hall/set/+", "moodring/hall/now_playing", "moodring/hall/health", "homeassistant/status"]
        {
            assert!(hall().may_subscribe(filter), "{filter}");
        }
        for filter in [
            "#",
            "+/+/+",
            "moodring/#",
            "moodring/+/mood",
            "moodring/+/now_playing",
            "moodring/attic/set/+",
            "moodring/hall/#",
            "$share/g/moodring/hall/now_playing",
            "homeassistant/#",
        ] {
            assert!(!hall().may_subscribe(filter), "{filter}");
        }
    }

    #[test]
    fn other_programs_ask_of_devices_but_do_not_speak_for_them() {
        assert!(Who::Client.may_publish("moodring/hall/set/paused"));
        assert!(Who::Client.may_publish("homeassistant/status") && Who::Client.may_publish("zigbee2mqtt/lamp/set"));
        for topic in ["moodring/hall/mood", "moodring/hall/now_playing", "moodring/hall/status", "$SYS/x"] {
            assert!(!Who::Client.may_publish(topic), "{topic}");
        }
        assert!(Who::Reader.may_subscribe("moodring/#") && !Who::Reader.may_publish("moodring/hall/set/paused"));
        assert!(!Who::Reader.may_subscribe("$SYS/#"));
    }

    #[test]
    fn who_was_revoked_has_a_last_will_and_nobody_has_nothing() {
        let leaving = Who::Leaving("hall".parse().unwrap());
        assert!(leaving.may_publish("moodring/hall/status") && !leaving.may_publish("moodring/hall/mood"));
        assert!(!leaving.may_subscribe("moodring/hall/now_playing"));
        assert!(!Who::Nobody.may_publish("moodring/hall/status") && !Who::Nobody.may_subscribe("x"));
    }

    #[test]
    fn mosquitto_is_told_the_same() {
        let acl = acl_of_device("hall");
        assert!(acl.contains("topic write moodring/hall/mood\n"));
        assert!(acl.contains("topic read moodring/hall/now_playing\n"));
        assert!(!acl.contains("write moodring/hall/now_playing") && !acl.contains("write moodring/hall/set"));
        assert!(acl_of_host().contains("topic write moodring/+/now_playing\n"));
        assert!(!acl_of_client(true).contains("write"));
    }
}
