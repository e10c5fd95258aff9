//! Measures what a household notices: how soon a mood is acted upon, how long a choice takes, how soon the first
//! sound is there after a start, and how much memory it all takes.
//!
//! In: how many tracks, plays of history, and changes of mood. Out: a [`Report`]. Everything measured is the real
//! thing, in a state directory that is thrown away: a mood is published by a client → broker → heard → decided →
//! commanded, where only the player notes the time instead of making sound; the start is that of this very program
//! as a process of its own, with its sound going nowhere. Fails when something does not start or answer.

mod choosing;
mod household;
mod program;

use std::{
    fmt,
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
    host::{Host, habits},
    library::Store,
    player::{Command, Event, Player},
};

/// So many choices are timed.
const CHOICES: u32 = 3000;

/// The library of the host that is measured is there within this time.
const PATIENCE: Duration = Duration::from_secs(60);

/// Times of one thing that was done often, milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Times {
    /// Median.
    pub p50_ms: f64,
    /// 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Times {
    /// Of at least one time; of none, all are 0.
    fn of(times: &[Duration]) -> Self {
        let mut ms: Vec<f64> = times.iter().map(|time| time.as_secs_f64() * 1000.0).collect();
        ms.sort_by(f64::total_cmp);
        let at = |part: f64| ms.get((ms.len().saturating_sub(1) as f64 * part).round() as usize).copied();
        let at = |part: f64| at(part).unwrap_or_default();
        Self { p50_ms: at(0.5), p99_ms: at(0.99), max_ms: at(1.0) }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:>8.2} ms, p99 {:>8.2} ms, longest {:>8.2} ms", self.p50_ms, self.p99_ms, self.max_ms)
    }
}

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Tracks in the library.
    pub tracks: u32,
    /// Plays in the history.
    pub history: u32,
    /// Changes of mood.
    pub messages: u32,
    /// From the moment before a mood is published until the player has the command.
    pub command: Times,
    /// The choice of a track alone.
    pub choice: Times,
    /// How often the program was started.
    pub starts: u32,
    /// From the start of the program until the first track sounds and is announced.
    pub first_sound: Times,
    /// The most memory that the program took, with a scan of the whole library; MiB, where the system tells.
    pub memory_mib: Option<f64>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tracks, history, messages, command, choice, starts, first_sound, memory_mib } = self;
        writeln!(f, "{tracks} tracks, {history} plays of history")?;
        writeln!(f, "mood published → play command   {command}   ({messages} changes of mood)")?;
        writeln!(f, "the choice alone                {choice}   ({CHOICES} choices)")?;
        if *starts > 0 {
            writeln!(f, "start → first sound             {first_sound}   ({starts} starts)")?;
        }
        match memory_mib {
            Some(mib) => write!(f, "memory at the most              {mib:.0} MiB"),
            None => write!(f, "memory at the most              not measured"),
        }
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

/// Measures; `program` is this program's own file, which is started as a process.
///
/// # Errors
/// The host does not start, or a mood brings no command within five seconds.
pub async fn run(bench: Bench, state_dir: &Path, program: &Path) -> anyhow::Result<Report> {
    let Bench { messages, tracks, history, starts, .. } = bench;
    household::furnish(state_dir, tracks, history).await.context("cannot make a library to measure with")?;
    let state_dir = &std::fs::canonicalize(state_dir)?;
    let device = DeviceId::from_host_name("bench");
    let (mut first_sounds, mut memory) = (Vec::new(), None);
    for n in 0..starts {
        let mood = serde_json::to_vec(&message(n, Emotion::Happy))?;
        let run = program::run(program, state_dir, &device, mood).await.context("cannot measure a start")?;
        first_sounds.push(run.first_sound);
        memory = memory.max(run.memory);
    }
    let command = Times::of(&commands(state_dir, &device, messages, tracks).await?);
    let store = Store::open(state_dir).await?;
    let config = Config::default();
    let rules = habits(&config, &config.rooms()[0], &config.sound(&config.rooms()[0])).rules;
    let choice = Times::of(&choosing::choices(&store, CHOICES, rules).await?);
    store.close().await;
    let memory_mib = memory.map(|bytes| bytes as f64 / 1_048_576.0);
    Ok(Report { tracks, history, messages, command, choice, starts, first_sound: Times::of(&first_sounds), memory_mib })
}

/// How long each change of mood takes, to the command for the player.
async fn commands(state_dir: &Path, device: &DeviceId, messages: u32, tracks: u32) -> anyhow::Result<Vec<Duration>> {
    let (commands, mut commanded) = mpsc::unbounded_channel();
    let mut config = Config::default();
    config.mqtt.port = 0;
    config.web.listen.set_port(0);
    config.music.folder = household::folder(state_dir);
    let player =
        |_: &Room, _: Sound, events| Ok(Box::new(Watch { commands: commands.clone(), events }) as Box<dyn Player>);
    let host = Host::start_with(&config, state_dir, player).await?;
    // The scan begins with the program; a mood in the midst of it is another matter.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let mut state = host.handle.state.clone();
    let there = state.wait_for(|state| state.library.scan.is_none() && state.library.tracks == u64::from(tracks));
    timeout(PATIENCE, there).await.context("the library is not there")??;
    let client = publisher(&host.broker).await?;
    let topic = Topic::new(device.clone(), Leaf::Mood).to_string();
    let mut times = Vec::new();
    for n in 0..messages {
        // It was happy before.
        let emotion = if n % 2 == 0 { Emotion::Sad } else { Emotion::Happy };
        let payload = serde_json::to_vec(&message(n, emotion))?;
        while commanded.try_recv().is_ok() {}
        let start = Instant::now();
        client.publish(&topic, QoS::AtLeastOnce, true, payload).await?;
        match timeout(Duration::from_secs(5), commanded.recv()).await {
            Ok(Some(at)) => times.push(at.saturating_duration_since(start)),
            _ => bail!("message {n} brought no command within five seconds"),
        }
        tokio::time::sleep(PACE + Duration::from_millis(u64::from(n % 23))).await;
    }
    host.stop().await;
    Ok(times)
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
