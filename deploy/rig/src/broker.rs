//! A real broker on this machine's loopback, and an ear on it.
//!
//! In: Mosquitto as Debian ships it. Out: what was said about the device, in order, with the moment at
//! which it was heard. What fails: a broker that does not start. Its sessions outlive it, as at home,
//! so what a device says right after a restart is heard.

use std::{
    fs::{self, File},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use rumqttc::{Client, Event, Incoming, MqttOptions, QoS};

use crate::{guest, wait};

/// Larger than any picture of a screen.
const PACKET: usize = 1 << 20;

/// Mosquitto.
pub struct Broker {
    folder: PathBuf,
    tools: PathBuf,
    /// Where it listens, on loopback.
    pub port: u16,
    child: Option<Child>,
}

impl Broker {
    /// Starts it on a port that the system chooses.
    pub fn start(rig: &Path, port: u16) -> Result<Self> {
        let folder = rig.join("broker");
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let text = format!(
            "listener {port} 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location {}/\n\
             user root\nlog_dest stderr\nlog_type all\nmax_queued_messages 10000\n",
            folder.display()
        );
        fs::write(folder.join("mosquitto.conf"), text)?;
        let mut broker = Self { folder, tools: rig.join("tools"), port, child: None };
        broker.again()?;
        Ok(broker)
    }

    /// Starts it again where it was.
    pub fn again(&mut self) -> Result<()> {
        let log = File::options().create(true).append(true).open(self.folder.join("mosquitto.log"))?;
        let mut command = guest::tool(&self.tools, "usr/sbin/mosquitto");
        command
            .arg("-c")
            .arg(self.folder.join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let child = self.child.insert(command.spawn().context("cannot start mosquitto")?);
        let port = self.port;
        wait::until("the broker", Duration::from_secs(30), || {
            ensure!(child.try_wait()?.is_none(), "mosquitto ended; see target/rig/broker/mosquitto.log");
            Ok(TcpStream::connect(("127.0.0.1", port)).ok())
        })?;
        Ok(())
    }

    /// Stops it as a reboot of its machine would.
    pub fn stop(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            Command::new("kill").arg(child.id().to_string()).status().context("cannot stop mosquitto")?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// One message about the device.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When it came here.
    pub at: Instant,
    /// The last level of its topic.
    pub leaf: String,
    /// What it says.
    pub payload: Vec<u8>,
}

impl Heard {
    /// A value of a JSON payload.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.payload).unwrap_or_default()
    }

    /// The mood of a mood message.
    pub fn mood(&self) -> Option<String> {
        (self.leaf == "mood").then(|| self.json()["mood"].as_str().map(str::to_owned)).flatten()
    }
}

/// Hears everything about one device.
#[derive(Clone)]
pub struct Ear {
    client: Client,
    id: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    connections: Arc<AtomicUsize>,
}

impl Ear {
    /// Listens from now on, whatever happens to the broker.
    pub fn new(port: u16, id: &str) -> Self {
        let mut options = MqttOptions::new("rig-ear", "127.0.0.1", port);
        options.set_clean_session(false).set_keep_alive(Duration::from_secs(30)).set_max_packet_size(PACKET, PACKET);
        let (client, mut connection) = Client::new(options, 64);
        let ear = Self { client, id: id.to_owned(), heard: Arc::default(), connections: Arc::default() };
        let own = ear.clone();
        thread::spawn(move || {
            for event in connection.iter() {
                match event {
                    Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                        // Fails only when the client is gone, and with it this loop.
                        let _ = own.client.try_subscribe(format!("moodring/{}/#", own.id), QoS::AtLeastOnce);
                    }
                    Ok(Event::Incoming(Incoming::SubAck(_))) => {
                        own.connections.fetch_add(1, Ordering::Relaxed);
                    }
                    Ok(Event::Incoming(Incoming::Publish(publish))) => {
                        let leaf = publish.topic.splitn(3, '/').nth(2).unwrap_or_default().to_owned();
                        let heard = Heard { at: Instant::now(), leaf, payload: publish.payload.to_vec() };
                        own.heard.lock().unwrap_or_else(PoisonError::into_inner).push(heard);
                    }
                    Ok(_) => {}
                    Err(_) => thread::sleep(Duration::from_millis(200)),
                }
            }
        });
        ear
    }

    /// How often it has been connected.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    /// Messages so far.
    pub fn count(&self) -> usize {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Messages from a place on.
    pub fn since(&self, place: usize) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).iter().skip(place).cloned().collect()
    }

    /// Says something to the device.
    pub fn say(&self, leaf: &str, payload: &str) -> Result<()> {
        self.client.try_publish(format!("moodring/{}/{leaf}", self.id), QoS::AtLeastOnce, false, payload)?;
        Ok(())
    }
}
