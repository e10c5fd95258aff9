//! Measures the way of a mood: published by a client → broker → heard → decided → commanded.
//!
//! In: how many changes of mood, how many tracks. Out: milliseconds from the moment before the
//! client publishes to the moment at which the player has the command. Everything on the way is
//! the real thing, in a state directory that is thrown away; only the player is one that notes the
//! time instead of making sound.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use jiff::Timestamp;
use moodring_mood::{Confidence, DeviceId, Emotion, Leaf, MoodMessage, Scores, Topic, payload::VERSION};
use rumqttc::{AsyncClient, Event as Mqtt, MqttOptions, Packet, QoS};
use serde::Serialize;
use tokio::{sync::mpsc, time::timeout};

use crate::{
    app::PACE,
    cli::Bench,
    config::{Config, Room, Sound},
    host::Host,
    library::{Store, shelf::Found, tags::Tags},
    player::{Command, Event, Player},
};

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Changes of mood.
    pub messages: u32,
    /// Tracks in the library.
    pub tracks: u32,
    /// Median, milliseconds.
    pub p50_ms: f64,
    /// 99th percentile, milliseconds.
    pub p99_ms: f64,
    /// The longest, milliseconds.
    pub max_ms: f64,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { messages, tracks, p50_ms, p99_ms, max_ms } = self;
        writeln!(f, "mood published → play command given, {messages} changes of mood, {tracks} tracks")?;
        write!(f, "p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms, longest {max_ms:.2} ms")
    }
}

/// A player that notes when it was told to play.
struct Watch {
    commands: mpsc::UnboundedSender<Instant>,
    events: mpsc::UnboundedSender<Event>,
}

impl Player for Watch {
    fn send(&self, command: Command) {
        let now = Instant::now();
        // Both ends outlive the measurement; at its end nobody needs the news.
        match command {
            Command::Play(item) => {
                let _ = self.commands.send(now);
                let _ = self.events.send(Event::Started(item.play, None));
            }
            Command::Next(_) => {
                let _ = self.commands.send(now);
            }
            _ => {}
        }
    }
}

/// Measures.
///
/// # Errors
/// The host does not start, or a mood brings no command within five seconds.
pub async fn run(bench: Bench, state_dir: &Path) -> anyhow::Result<Report> {
    fill(state_dir, bench.tracks).await.context("cannot fill the library to measure with")?;
    let (commands, mut commanded) = mpsc::unbounded_channel();
    let mut config = Config::default();
    config.mqtt.port = 0;
    config.web.listen.set_port(0);
    // A folder that is not there: the scan says so and leaves the library as it is.
    config.music.folder = state_dir.join("music");
    let player =
        |_: &Room, _: Sound, events| Ok(Box::new(Watch { commands: commands.clone(), events }) as Box<dyn Player>);
    let host = Host::start_with(&config, state_dir, player).await?;
    let client = publisher(&host.broker).await?;

    let topic = Topic::new(DeviceId::from_host_name("bench"), Leaf::Mood).to_string();
    let mut times = Vec::new();
    for n in 0..bench.messages {
        let emotion = if n % 2 == 0 { Emotion::Happy } else { Emotion::Sad };
        let payload = serde_json::to_vec(&message(n, emotion))?;
        while commanded.try_recv().is_ok() {}
        let start = Instant::now();
        client.publish(&topic, QoS::AtLeastOnce, true, payload).await?;
        match timeout(Duration::from_secs(5), commanded.recv()).await {
            Ok(Some(at)) => times.push(at.saturating_duration_since(start).as_secs_f64() * 1000.0),
            _ => bail!("message {n} brought no command within five seconds"),
        }
        tokio::time::sleep(PACE + Duration::from_millis(u64::from(n % 23))).await;
    }
    host.stop().await;
    times.sort_by(f64::total_cmp);
    let at = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize];
    let Bench { messages, tracks, .. } = bench;
    Ok(Report { messages, tracks, p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1.0) })
}

fn message(n: u32, emotion: Emotion) -> MoodMessage {
    let mut scores = [0.02; 7];
    scores[emotion as usize] = 0.88;
    MoodMessage {
        v: VERSION,
        at: Timestamp::now(),
        seq: u64::from(n) + 1,
        mood: emotion.into(),
        confidence: Confidence::saturating(0.88),
        people: 1,
        scores: Scores::from_array(scores),
    }
}

/// Fills a library with tracks that exist in the database only.
async fn fill(state_dir: &Path, tracks: u32) -> anyhow::Result<()> {
    let store = Store::open(state_dir).await?;
    let found = |n: u32| Found {
        path: format!("/bench/{n}.mp3"),
        mtime: 0,
        size: 0,
        tags: Some(Tags { title: format!("Track {n}"), artist: format!("Artist {}", n % 97), ..Tags::default() }),
        moods: [Emotion::ALL[n as usize % 7], Emotion::Happy, Emotion::Sad].into_iter().skip(n as usize % 2).collect(),
    };
    let all: Vec<_> = (0..tracks).map(found).collect();
    for batch in all.chunks(1000) {
        store.found(batch).await?;
    }
    store.close().await;
    Ok(())
}

/// A client, connected.
async fn publisher((host, port): &(String, u16)) -> anyhow::Result<AsyncClient> {
    let mut options = MqttOptions::new("bench", host, *port);
    options.set_keep_alive(Duration::from_secs(30));
    let (client, mut events) = AsyncClient::new(options, 16);
    events.network_options.set_tcp_nodelay(true);
    loop {
        let event = timeout(Duration::from_secs(5), events.poll()).await.context("no connection to the broker")??;
        if matches!(event, Mqtt::Incoming(Packet::ConnAck(_))) {
            break;
        }
    }
    tokio::spawn(async move { while events.poll().await.is_ok() {} });
    Ok(client)
}
