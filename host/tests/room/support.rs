//! A host in a folder of its own, music to play in it, and devices that talk to it.

use std::{path::Path, time::Duration};

use jiff::Timestamp;
use moodring_host::{
    app::Handle,
    config::Config,
    host::{Host, NoStart},
    player::local::Output,
    view::State,
};
use moodring_mood::{Confidence, Mood, MoodMessage, NowPlaying, Scores};
use rumqttc::{AsyncClient, Event, MqttOptions, Packet, QoS};
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    time::{sleep, timeout},
};

/// Nothing here takes as long, even on a busy machine.
pub const LONG: Duration = Duration::from_secs(20);

/// A state directory, a folder of music, and settings that name them.
pub struct Home {
    pub dir: TempDir,
    pub config: Config,
}

impl Home {
    /// With these files of music: name and seconds.
    pub fn with(music: &[(&str, f32)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("music");
        std::fs::create_dir(&folder).unwrap();
        for (name, seconds) in music {
            write_wav(&folder.join(name), *seconds);
        }
        let mut config = Config::default();
        config.mqtt.port = 0;
        config.web.listen.set_port(0);
        config.player.output = Output::Null;
        config.music.folder = folder;
        config.music.seed = 7;
        Self { dir, config }
    }

    pub async fn start(&self) -> Host {
        self.try_start().await.map_err(|e| e.to_string()).unwrap()
    }

    pub async fn try_start(&self) -> Result<Host, NoStart> {
        Host::start(&self.config, &self.state()).await
    }

    /// Started, and the music looked through.
    pub async fn start_and_scan(&self) -> Host {
        let host = self.start().await;
        until(&host.handle, "the scan ends", |s| s.library.scan.is_none() && s.library.tracks > 0).await;
        host
    }

    pub fn state(&self) -> std::path::PathBuf {
        self.dir.path().join("state")
    }
}

/// 22.05 kHz, 16 bit, mono: a tone that is quiet.
pub fn write_wav(path: &Path, seconds: f32) {
    let samples = (22_050.0 * seconds) as u32;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + 2 * samples).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(22_050_u32.to_le_bytes());
    wav.extend(44_100_u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((2 * samples).to_le_bytes());
    for n in 0..samples {
        let wave = (n as f32 * 0.1).sin() * 300.0;
        wav.extend((wave as i16).to_le_bytes());
    }
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, wav).unwrap();
}

/// Waits until the state is as told.
pub async fn until(handle: &Handle, what: &str, is: impl Fn(&State) -> bool) -> std::sync::Arc<State> {
    let mut state = handle.state.clone();
    let found = timeout(LONG, state.wait_for(|state| is(state))).await;
    match found {
        Ok(state) => state.unwrap().clone(),
        Err(_) => panic!("waited in vain until {what}; the state is {:#?}", *handle.state.borrow()),
    }
}

pub fn plays(state: &State, title: &str) -> bool {
    state.playing.as_ref().is_some_and(|playing| playing.title == title)
}

/// A device, as far as a broker knows one.
pub struct Device {
    pub id: String,
    client: AsyncClient,
    heard: mpsc::UnboundedReceiver<(String, Vec<u8>)>,
    seq: u64,
}

impl Device {
    pub async fn connect(id: &str, broker: &(String, u16)) -> Self {
        let mut options = MqttOptions::new(id, &broker.0, broker.1);
        options.set_keep_alive(Duration::from_secs(5)).set_max_packet_size(1 << 20, 1 << 20);
        let (client, mut events) = AsyncClient::new(options, 64);
        let (hear, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            loop {
                match events.poll().await {
                    Ok(Event::Incoming(Packet::Publish(p))) => {
                        let _ = hear.send((p.topic, p.payload.to_vec()));
                    }
                    Ok(_) => {}
                    Err(_) if hear.is_closed() => return,
                    Err(_) => sleep(Duration::from_millis(20)).await,
                }
            }
        });
        client.subscribe(format!("moodring/{id}/now_playing"), QoS::AtLeastOnce).await.unwrap();
        let device = Self { id: id.to_owned(), client, heard, seq: 0 };
        device.say("status", true, b"online".to_vec()).await;
        device
    }

    pub async fn mood(&mut self, mood: Mood) {
        self.mood_at(mood, Timestamp::now()).await;
    }

    pub async fn mood_at(&mut self, mood: Mood, at: Timestamp) {
        self.seq += 1;
        self.say("mood", true, serde_json::to_vec(&message(mood, at, self.seq)).unwrap()).await;
    }

    pub async fn say(&self, leaf: &str, retain: bool, payload: Vec<u8>) {
        self.client.publish(format!("moodring/{}/{leaf}", self.id), QoS::AtLeastOnce, retain, payload).await.unwrap();
    }

    /// The next announcement that is as told.
    pub async fn told(&mut self, is: impl Fn(&NowPlaying) -> bool) -> NowPlaying {
        let wait = async {
            loop {
                let (_, payload) = self.heard.recv().await.unwrap();
                let told = NowPlaying::parse(&payload).unwrap();
                if is(&told) {
                    return told;
                }
            }
        };
        timeout(LONG, wait).await.expect("an announcement in time")
    }
}

pub fn message(mood: Mood, at: Timestamp, seq: u64) -> MoodMessage {
    let confidence = Confidence::new(0.9).unwrap();
    MoodMessage { v: 1, at, seq, mood, confidence, people: 1, scores: Scores::from_array([0.1; 7]) }
}
