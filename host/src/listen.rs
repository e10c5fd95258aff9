//! MQTT in and out: hears what the devices say, tells them what plays.
//!
//! In: a broker, embedded or external. Out: [`Heard`], every value in range. A message that cannot
//! be believed is refused with one line in the log (at most one for each device in ten seconds) and
//! changes nothing. While the broker is away this tries again and again, and says so once.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bytes::Bytes;
use moodring_mood::{DeviceId, Health, Leaf, MoodMessage, NowPlaying, Paused, Status, Topic, Wish, WishMessage};
use rumqttc::{
    AsyncClient, ClientError, ConnectReturnCode, ConnectionError, Event, EventLoop, MqttOptions, Outgoing, Packet,
    Publish, QoS, TlsConfiguration, Transport,
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What the devices tell.
const LEAVES: [Leaf; 6] = [Leaf::Status, Leaf::Mood, Leaf::Health, Leaf::Screen, Leaf::Paused, Leaf::Wish];

/// The longest picture of a panel that is taken, bytes.
const MAX_SCREEN: usize = 256 * 1024;

/// The longest packet read at all; a longer one breaks the connection.
const MAX_PACKET: usize = 16 * 1024 * 1024;

/// A device's refused messages are logged at most once in this time.
const QUIET: Duration = Duration::from_secs(10);

/// The broker has so long to acknowledge the last announcements.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What happened on the connection, since the start.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    /// Connections made.
    connections: u64,
    /// Publications that the broker has taken over.
    acknowledged: u64,
}

/// Something heard.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// The broker is there.
    Connected,
    /// The broker is not there; in words, with what to do.
    Lost(String),
    /// A device told its mood. `true`: the broker had kept the message for us.
    Mood(DeviceId, MoodMessage, bool),
    /// A device came or went.
    Status(DeviceId, Status),
    /// A device's status was removed from the broker: it is not to be known any more.
    Forgotten(DeviceId),
    /// How a device is doing.
    Health(DeviceId, Health),
    /// A picture of a device's panel, PNG.
    Screen(DeviceId, Bytes),
    /// Somebody pressed a button at a device.
    Wish(DeviceId, Wish),
    /// A device's camera was closed on purpose, or watches again.
    Paused(DeviceId, Paused),
}

impl Heard {
    /// The device it is about; `None`: the connection.
    pub const fn device(&self) -> Option<&DeviceId> {
        match self {
            Self::Connected | Self::Lost(_) => None,
            Self::Mood(id, ..)
            | Self::Status(id, _)
            | Self::Forgotten(id)
            | Self::Health(id, _)
            | Self::Screen(id, _)
            | Self::Wish(id, _)
            | Self::Paused(id, _) => Some(id),
        }
    }
}

/// Hands what is heard on to the room that has the device, and what concerns the connection to all. Ends when
/// nothing more is heard.
pub async fn hand_on(
    mut heard: mpsc::Receiver<Heard>,
    room_of: impl Fn(&DeviceId) -> usize,
    rooms: Vec<mpsc::Sender<Heard>>,
) {
    while let Some(heard) = heard.recv().await {
        let one = heard.device().map(&room_of);
        for (n, room) in rooms.iter().enumerate() {
            if one.is_none_or(|one| one == n) {
                // A room that has ended hears nothing any more.
                let _ = room.send(heard.clone()).await;
            }
        }
    }
}

/// Where the broker is.
#[derive(Clone, Debug)]
pub struct Link {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name and password, if the broker asks for them.
    pub login: Option<(String, String)>,
    /// TLS, if the broker speaks it.
    pub tls: Option<Tls>,
}

/// How a broker is known to be the right one.
#[derive(Clone)]
pub struct Tls(pub std::sync::Arc<rustls::ClientConfig>);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

/// What is to be told to devices, retained.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// What plays.
    pub now: NowPlaying,
    /// To whom.
    pub devices: Vec<DeviceId>,
}

/// The running connection.
#[derive(Debug)]
pub struct Listener {
    ears: JoinHandle<()>,
    mouth: JoinHandle<()>,
}

impl Listener {
    /// Connects, and stays connected until `announcements` ends. Returns at once.
    pub fn start(
        link: &Link,
        heard: mpsc::Sender<Heard>,
        announcements: watch::Receiver<Vec<Option<Announcement>>>,
    ) -> Self {
        // Two clients of one name would throw each other out.
        let own = format!("moodring-host-{:x}-{:x}", std::process::id(), jiff::Timestamp::now().as_nanosecond());
        let mut options = MqttOptions::new(own, &link.host, link.port);
        options.set_keep_alive(Duration::from_secs(15)).set_max_packet_size(MAX_PACKET, MAX_SCREEN);
        if let Some((name, password)) = &link.login {
            options.set_credentials(name, password);
        }
        if let Some(Tls(config)) = &link.tls {
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(std::sync::Arc::clone(config))));
        }
        let (client, mut events) = AsyncClient::new(options, 64);
        // A mood is one small packet: held back for company it would come 40 ms late.
        events.network_options.set_tcp_nodelay(true);
        let (counts, counted) = watch::channel(Counts::default());
        let place = format!("{}:{}", link.host, link.port);
        Self {
            ears: tokio::spawn(hear(events, client.clone(), heard, counts, place)),
            mouth: tokio::spawn(tell(client, announcements, counted)),
        }
    }

    /// Waits until the last announcement is out and the connection closed, a second at most.
    /// `announcements` must have ended.
    pub async fn stop(self) {
        let Self { ears, mouth } = self;
        let (stop_ears, stop_mouth) = (ears.abort_handle(), mouth.abort_handle());
        let both = async { (mouth.await, ears.await) };
        if timeout(Duration::from_secs(1), both).await.is_err() {
            stop_mouth.abort();
            stop_ears.abort();
        }
    }
}

async fn hear(
    mut events: EventLoop,
    client: AsyncClient,
    heard: mpsc::Sender<Heard>,
    counts: watch::Sender<Counts>,
    place: String,
) {
    let mut refused = Refusals::default();
    let mut lost = false;
    let mut failures = 0;
    loop {
        match events.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(_))) => {
                (lost, failures) = (false, 0);
                tracing::info!("connected to the broker at {place}");
                tokio::spawn(subscribe(client.clone()));
                counts.send_modify(|counts| counts.connections += 1);
                if heard.send(Heard::Connected).await.is_err() {
                    return;
                }
            }
            Ok(Event::Incoming(Packet::Publish(publish))) => match read(&publish) {
                Ok(Some(message)) => {
                    if heard.send(message).await.is_err() {
                        return;
                    }
                }
                Ok(None) => {}
                Err(why) => refused.log(&publish.topic, &why, Instant::now()),
            },
            Ok(Event::Incoming(Packet::PubAck(_))) => counts.send_modify(|counts| counts.acknowledged += 1),
            Ok(Event::Outgoing(Outgoing::Disconnect)) | Err(ConnectionError::RequestsDone) => return,
            Ok(_) => {}
            Err(e) => {
                if heard.is_closed() {
                    return;
                }
                if !lost {
                    lost = true;
                    let why = format!("no connection to the broker at {place}: {}; trying again", explain(&e));
                    tracing::warn!("{why}");
                    if heard.send(Heard::Lost(why)).await.is_err() {
                        return;
                    }
                }
                sleep(pause_after(failures)).await;
                failures = failures.saturating_add(1);
            }
        }
    }
}

/// How long to wait before the next attempt to connect, after so many that failed before the last one.
fn pause_after(failures: u32) -> Duration {
    const FIRST: Duration = Duration::from_millis(250);
    const LONGEST: Duration = Duration::from_secs(8);
    FIRST.saturating_mul(1 << failures.min(16)).min(LONGEST)
}

fn explain(error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(
            ConnectReturnCode::NotAuthorized | ConnectReturnCode::BadUserNamePassword,
        ) => "it refuses the login; check mqtt.username and mqtt.password_file".to_owned(),
        ConnectionError::Io(e) => e.to_string(),
        other => other.to_string(),
    }
}

async fn subscribe(client: AsyncClient) {
    for leaf in LEAVES {
        // Fails only when the program is ending.
        if client.subscribe(leaf.of_every_device(), QoS::AtLeastOnce).await.is_err() {
            return;
        }
    }
}

/// What a publication says; `None` where it says nothing to us.
fn read(publish: &Publish) -> Result<Option<Heard>, String> {
    let Some(Topic { device, leaf }) = Topic::parse(&publish.topic) else {
        return Err("its topic names no device; ids have 1 to 64 letters, digits, '-' or '_'".to_owned());
    };
    let payload = &publish.payload;
    if payload.is_empty() {
        // This is how a retained message is removed.
        return Ok((leaf == Leaf::Status).then_some(Heard::Forgotten(device)));
    }
    Ok(Some(match leaf {
        Leaf::Mood => {
            let message = MoodMessage::parse(payload).map_err(|e| e.to_string())?;
            Heard::Mood(device, message, publish.retain)
        }
        Leaf::Status => {
            let status = Status::parse(payload).ok_or("the status is neither online nor offline")?;
            Heard::Status(device, status)
        }
        Leaf::Health => Heard::Health(device, Health::parse(payload).map_err(|e| e.to_string())?),
        Leaf::Screen if payload.len() > MAX_SCREEN => {
            return Err(format!("a picture of {} bytes is too large; at most {MAX_SCREEN}", payload.len()));
        }
        Leaf::Screen if !payload.starts_with(b"\x89PNG\r\n\x1a\n") => {
            return Err("the picture is not a PNG".to_owned());
        }
        Leaf::Screen => Heard::Screen(device, payload.clone()),
        // Kept by a broker against the rules, it would be carried out again at every start.
        Leaf::Wish if publish.retain => return Err("a wish is never retained; clear it".to_owned()),
        Leaf::Wish => Heard::Wish(device, WishMessage::parse(payload).map_err(|e| e.to_string())?.wish),
        Leaf::Paused => Heard::Paused(device, Paused::parse(payload).ok_or("paused is neither on nor off")?),
        Leaf::NowPlaying | Leaf::Brightness => return Ok(None),
    }))
}

/// Which refusals were logged when, so that a device gone mad does not fill the log.
#[derive(Debug, Default)]
struct Refusals {
    by_device: HashMap<String, (Instant, u32)>,
}

impl Refusals {
    fn log(&mut self, topic: &str, why: &str, now: Instant) {
        let topic: String = topic.chars().take(120).collect();
        if let Some(before) = self.due(&topic, now) {
            let more = if before > 0 { format!(" ({before} more since the last such line)") } else { String::new() };
            tracing::warn!("refused a message on {topic:?}: {why}{more}");
        }
    }

    /// How many were passed over since the last line about the device; `None` if it is too soon for another.
    fn due(&mut self, topic: &str, now: Instant) -> Option<u32> {
        let device = topic.split('/').nth(1).unwrap_or_default();
        if self.by_device.len() >= 256 && !self.by_device.contains_key(device) {
            self.by_device.clear();
        }
        match self.by_device.get_mut(device) {
            Some((last, passed)) if now.saturating_duration_since(*last) < QUIET => {
                *passed += 1;
                None
            }
            Some((last, passed)) => {
                *last = now;
                Some(std::mem::take(passed))
            }
            None => {
                self.by_device.insert(device.to_owned(), (now, 0));
                Some(0)
            }
        }
    }
}

/// Tells each device the newest announcement, once; and again after each connection, since the
/// broker may have forgotten it.
async fn tell(
    client: AsyncClient,
    mut announcements: watch::Receiver<Vec<Option<Announcement>>>,
    mut counts: watch::Receiver<Counts>,
) {
    let mut told: HashMap<DeviceId, NowPlaying> = HashMap::new();
    let (mut connections, mut sent) = (0, 0);
    loop {
        let goes_on = tokio::select! {
            changed = announcements.changed() => changed.is_ok(),
            up = counts.wait_for(|counts| counts.connections != connections) => {
                told.clear();
                up.map(|counts| connections = counts.connections).is_ok()
            }
        };
        let newest = announcements.borrow_and_update().clone();
        if connections > 0 {
            told.retain(|device, _| newest.iter().flatten().any(|to| to.devices.contains(device)));
            for Announcement { now, devices } in newest.iter().flatten() {
                for device in devices {
                    if told.get(device) != Some(now) && publish(&client, device, now).await.is_ok() {
                        sent += 1;
                        told.insert(device.clone(), now.clone());
                    }
                }
            }
        }
        if !goes_on {
            // Only what the broker has acknowledged is sure to be handed on if the broker ends too.
            let _ = timeout(LAST_WORDS, counts.wait_for(|counts| counts.acknowledged >= sent)).await;
            // Ends the other task as well.
            let _ = client.disconnect().await;
            return;
        }
    }
}

async fn publish(client: &AsyncClient, device: &DeviceId, now: &NowPlaying) -> Result<(), ClientError> {
    let topic = Topic::new(device.clone(), Leaf::NowPlaying).to_string();
    let Ok(payload) = serde_json::to_vec(now) else { return Ok(()) };
    client.publish(topic, QoS::AtLeastOnce, true, payload).await
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOOD: &str = r#"{"v":1,"at":"2026-11-22T20:00:00.123Z","seq":41,"mood":"happy","confidence":0.83,"people":1,
        "scores":{"angry":0.01,"disgust":0,"fear":0.02,"happy":0.83,"sad":0.03,"surprise":0.04,"neutral":0.07}}"#;

    const WISH: &str = r#"{"v":1,"at":"2026-11-22T20:00:00.123Z","wish":"skip"}"#;

    fn heard(topic: &str, payload: &[u8]) -> Result<Option<Heard>, String> {
        let mut publish = Publish::new(topic, QoS::AtLeastOnce, payload);
        publish.retain = true;
        read(&publish)
    }

    #[test]
    fn what_devices_say_is_heard() {
        let a = || "a".parse::<DeviceId>().unwrap();
        let mood = MoodMessage::parse(MOOD.as_bytes()).unwrap();
        assert_eq!(heard("moodring/a/mood", MOOD.as_bytes()), Ok(Some(Heard::Mood(a(), mood, true))));
        assert_eq!(heard("moodring/a/status", b"online"), Ok(Some(Heard::Status(a(), Status::Online))));
        assert_eq!(heard("moodring/a/status", b""), Ok(Some(Heard::Forgotten(a()))));
        assert_eq!(heard("moodring/a/mood", b""), Ok(None));
        assert_eq!(heard("moodring/a/paused", b"on"), Ok(Some(Heard::Paused(a(), Paused::On))));
        let wish = Publish::new("moodring/a/wish", QoS::AtLeastOnce, WISH);
        assert_eq!(read(&wish), Ok(Some(Heard::Wish(a(), Wish::Skip))));
        let png = b"\x89PNG\r\n\x1a\nrest";
        assert_eq!(heard("moodring/a/screen", png), Ok(Some(Heard::Screen(a(), Bytes::from_static(png)))));
    }

    #[test]
    fn a_broker_that_is_away_for_an_hour_is_found_within_eight_seconds_of_its_return() {
        let (hour, mut gone, mut attempts) = (Duration::from_secs(3600), Duration::ZERO, 0);
        while gone < hour {
            let pause = pause_after(attempts);
            assert!((Duration::from_millis(250)..=Duration::from_secs(8)).contains(&pause), "{pause:?}");
            (gone, attempts) = (gone + pause, attempts + 1);
        }
        assert!(gone < hour + Duration::from_secs(8) && attempts < 460, "{attempts} attempts");
        assert_eq!(pause_after(u32::MAX), Duration::from_secs(8));
    }

    #[test]
    fn what_cannot_be_believed_is_refused_with_a_reason() {
        for (topic, payload, says) in [
            ("moodring/a/mood", &b"nonsense"[..], "cannot be read"),
            ("moodring/a/mood", &MOOD.replace("\"v\":1", "\"v\":9").into_bytes(), "version 9"),
            ("moodring/a/mood", &MOOD.replace("0.83,\"people\"", "8.3,\"people\"").into_bytes(), "not a probability"),
            ("moodring/a/mood", &[b'x'; 20_000], "too long"),
            ("moodring/a/health", b"{}", "cannot be read"),
            ("moodring/a/status", b"ONLINE", "neither online nor offline"),
            ("moodring/a/screen", b"GIF89a", "not a PNG"),
            ("moodring/a/paused", b"yes", "neither on nor off"),
            ("moodring/a/wish", WISH.as_bytes(), "never retained"),
            ("moodring/a/screen", &[0; MAX_SCREEN + 1], "too large"),
            ("moodring/a b/mood", MOOD.as_bytes(), "names no device"),
        ] {
            let why = heard(topic, payload).unwrap_err();
            assert!(why.contains(says), "{why} should say {says}");
        }
    }

    #[test]
    fn a_device_gone_mad_gets_one_line_in_ten_seconds() {
        let (mut refusals, start) = (Refusals::default(), Instant::now());
        let after = |ms| start + Duration::from_millis(ms);
        assert_eq!(refusals.due("moodring/a/mood", after(0)), Some(0));
        assert_eq!(refusals.due("moodring/a/mood", after(10)), None);
        assert_eq!(refusals.due("moodring/b/mood", after(20)), Some(0));
        assert_eq!(refusals.due("moodring/a/status", after(9_999)), None);
        assert_eq!(refusals.due("moodring/a/mood", after(10_000)), Some(2));
        for n in 0..1000 {
            refusals.due(&format!("moodring/x{n}/mood"), after(10_000));
        }
        assert!(refusals.by_device.len() <= 256);
    }
}
