//! The program itself, as a process of its own: how soon it is heard, and how much memory it takes.
//!
//! In: a household with music, and the path of the program. Out: the time from its start until it tells the device
//! what plays, which is after the first sound, and its memory at the most. Fails where it does not start.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use moodring_mood::{DeviceId, Leaf, NowPlaying, Topic};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tokio::time::{sleep, timeout};

use super::household;

/// It has so long for its first sound, before it is given up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Memory that has not grown for so long does not grow any more: the scan and all else of the start are over.
const CALM: Duration = Duration::from_secs(4);

/// The running program; killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What was measured of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    /// From the start of the process to the announcement of the first track.
    pub first_sound: Duration,
    /// The most memory that it took, bytes; `None` where the system does not tell.
    pub memory: Option<u64>,
}

/// Starts the program in a room where somebody has just told `mood` (a payload), and waits for its first track.
pub async fn run(program: &Path, dir: &Path, device: &DeviceId, mood: Vec<u8>) -> anyhow::Result<Run> {
    household::retain(dir, &Topic::new(device.clone(), Leaf::Mood), mood).await?;
    let start = Instant::now();
    let mut child = Command::new(program)
        .arg("run")
        .env_remove("MOODRING_HOST_CONFIG")
        .env("MOODRING_HOST__STATE_DIR", dir)
        .env("MOODRING_HOST__MUSIC__FOLDER", household::folder(dir))
        .env("MOODRING_HOST__PLAYER__OUTPUT", "null")
        .env("MOODRING_HOST__MQTT__PORT", "0")
        .env("MOODRING_HOST__WEB__LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let said = child.stdout.take().context("its output is not there")?;
    let running = Running(child);
    let line = tokio::task::spawn_blocking(move || {
        let mut line = String::new();
        BufReader::new(said).read_line(&mut line).map(|_| line)
    });
    let line = timeout(PATIENCE, line).await.context("it does not start")???;
    let broker = line.trim().rsplit(' ').next().and_then(|at| at.rsplit_once(':'));
    let Some((host, Ok(port))) = broker.map(|(host, port)| (host, port.parse())) else {
        bail!("it did not start; `{} run` says why", program.display());
    };
    timeout(PATIENCE, told(host, port, device)).await.context("nothing was played")??;
    let first_sound = start.elapsed();
    Ok(Run { first_sound, memory: most_memory(running.0.id()).await })
}

/// Waits until a device is told that something plays.
async fn told(host: &str, port: u16, device: &DeviceId) -> anyhow::Result<()> {
    let mut options = MqttOptions::new("bench-ear", host, port);
    options.set_keep_alive(Duration::from_secs(30));
    let (client, mut events) = AsyncClient::new(options, 16);
    events.network_options.set_tcp_nodelay(true);
    client.subscribe(Topic::new(device.clone(), Leaf::NowPlaying).to_string(), QoS::AtLeastOnce).await?;
    loop {
        if let Event::Incoming(Packet::Publish(publish)) = events.poll().await?
            && NowPlaying::parse(&publish.payload).is_ok_and(|now| now.playing.is_some())
        {
            return Ok(());
        }
    }
}

/// The most memory that a process has taken, once it takes no more.
async fn most_memory(process: u32) -> Option<u64> {
    let mut most = (peak(process)?, Instant::now());
    while most.1.elapsed() < CALM {
        sleep(Duration::from_millis(250)).await;
        let now = peak(process)?;
        if now > most.0 {
            most = (now, Instant::now());
        }
    }
    Some(most.0)
}

/// `VmHWM` of Linux: the most memory that was ever resident, bytes.
fn peak(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kb| kb * 1024)
}
