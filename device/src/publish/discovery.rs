//! How the device presents itself to Home Assistant: MQTT device discovery.
//!
//! In: the device's name and what is known of the machine. Out: a topic and a JSON payload, to be
//! said retained with QoS 1 on each connection, and whenever Home Assistant says that it is back.
//! Nothing here fails. Home Assistant knows device discovery since version 2024.11; its rules are
//! written down in `tests/home-assistant.schema.json`.

use moodring_mood::{Command, DeviceId, Leaf, Mood, Paused, Status, Topic};
use serde_json::{Value, json};

/// What Home Assistant says when it is there again, on `<prefix>/status`.
pub const BIRTH: &[u8] = b"online";

/// What is known of the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Machine {
    /// As in `Raspberry Pi 3 Model B Rev 1.2`, where the machine says so.
    pub model: Option<String>,
    /// Whether its temperature is in the health messages.
    pub temperature: bool,
}

/// Where the presentation goes; none without a prefix.
pub fn topic(prefix: &str, device: &DeviceId) -> Option<String> {
    (!prefix.is_empty()).then(|| format!("{prefix}/device/{device}/config"))
}

/// Where Home Assistant says that it is there; none without a prefix.
pub fn birth_topic(prefix: &str) -> Option<String> {
    (!prefix.is_empty()).then(|| format!("{prefix}/status"))
}

/// The presentation.
pub fn payload(device: &DeviceId, machine: &Machine) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let topic = |leaf| Topic::new(device.clone(), leaf).to_string();
    let mut info = json!({
        "identifiers": [format!("moodring_{device}")],
        "name": format!("Moodring {device}"),
        "manufacturer": "Moodring",
        "sw_version": version,
    });
    if let Some(model) = &machine.model {
        info["model"] = json!(model);
    }
    json!({
        "device": info,
        "origin": { "name": "Moodring", "sw_version": version, "support_url": env!("CARGO_PKG_REPOSITORY") },
        "availability_topic": topic(Leaf::Status),
        "payload_available": Status::Online.word(),
        "payload_not_available": Status::Offline.word(),
        "qos": 1,
        "components": components(device, machine),
    })
}

fn components(device: &DeviceId, machine: &Machine) -> Value {
    let topic = |leaf| Topic::new(device.clone(), leaf).to_string();
    let command = |command: Command| command.topic(device);
    let words: Vec<&str> = Mood::ALL.iter().map(|mood| mood.word()).collect();
    let mut components = json!({
        "mood": {
            "platform": "sensor", "name": "Mood", "icon": "mdi:emoticon-outline",
            "device_class": "enum", "options": words,
            "state_topic": topic(Leaf::Mood), "value_template": "{{ value_json.mood }}",
        },
        "confidence": {
            "platform": "sensor", "name": "Confidence", "icon": "mdi:gauge",
            "unit_of_measurement": "%", "state_class": "measurement", "suggested_display_precision": 0,
            "state_topic": topic(Leaf::Mood), "value_template": "{{ (value_json.confidence * 100) | round(1) }}",
        },
        "people": {
            "platform": "sensor", "name": "People", "icon": "mdi:account-multiple",
            "state_class": "measurement", "suggested_display_precision": 0,
            "state_topic": topic(Leaf::Mood), "value_template": "{{ value_json.people }}",
        },
        "camera_problem": {
            "platform": "binary_sensor", "name": "Camera problem",
            "device_class": "problem", "entity_category": "diagnostic",
            "state_topic": topic(Leaf::Health),
            "value_template": "{{ 'ON' if value_json.camera_problem else 'OFF' }}",
            "json_attributes_topic": topic(Leaf::Health),
            "json_attributes_template": "{{ {'reason': value_json.camera_problem} | tojson }}",
        },
        "too_dark": {
            "platform": "binary_sensor", "name": "Too dark", "icon": "mdi:weather-night",
            "device_class": "problem", "entity_category": "diagnostic",
            "state_topic": topic(Leaf::Health), "value_template": "{{ 'ON' if value_json.too_dark else 'OFF' }}",
        },
        "paused": {
            "platform": "switch", "name": "Paused", "icon": "mdi:camera-off",
            "state_topic": topic(Leaf::Paused), "command_topic": command(Command::Paused),
            "payload_on": Paused::On.word(), "payload_off": Paused::Off.word(),
            "state_on": Paused::On.word(), "state_off": Paused::Off.word(),
        },
        "brightness": {
            "platform": "number", "name": "Brightness", "icon": "mdi:brightness-6",
            "entity_category": "config", "min": 0, "max": 100, "step": 1, "unit_of_measurement": "%",
            "state_topic": topic(Leaf::Brightness), "command_topic": command(Command::Brightness),
        },
        "restart": {
            "platform": "button", "name": "Restart", "device_class": "restart", "entity_category": "config",
            "command_topic": command(Command::Restart), "payload_press": super::command::RESTART,
        },
        "version": {
            "platform": "sensor", "name": "Version", "icon": "mdi:tag-outline", "entity_category": "diagnostic",
            "state_topic": topic(Leaf::Health), "value_template": "{{ value_json.version }}",
        },
    });
    if machine.temperature {
        components["temperature"] = json!({
            "platform": "sensor", "name": "Temperature", "entity_category": "diagnostic",
            "device_class": "temperature", "unit_of_measurement": "°C", "state_class": "measurement",
            "suggested_display_precision": 0,
            "state_topic": topic(Leaf::Health), "value_template": "{{ value_json.temperature_c }}",
        });
    }
    for (key, component) in components.as_object_mut().into_iter().flatten() {
        component["unique_id"] = json!(format!("moodring_{device}_{key}"));
    }
    components
}
