//! Those who should not get in: a forged host, a man in the middle, a device that uses what it was given.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use moodring_pairing::{
    tls,
    wire::{Broker, FromDevice, FromHost, Kept, Lines, VERSION, line},
};
use rumqttc::{Client, Connection, Event, Incoming, MqttOptions, QoS, SubscribeReasonCode, Transport};
use rustls::{
    ClientConnection, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, ServerName},
};
use serde::{Serialize, de::DeserializeOwned};

use super::programs::PATIENCE;

/// One end of a TLS connection, message by message.
pub struct Talk<S> {
    stream: S,
    lines: Lines,
}

impl<S: Read + Write> Talk<S> {
    const fn new(stream: S, lines: Lines) -> Self {
        Self { stream, lines }
    }

    pub fn say(&mut self, message: &impl Serialize) -> Option<()> {
        self.stream.write_all(&line(message)).ok()?;
        self.stream.flush().ok()
    }

    /// The next message; `None` when the other end went, or says nothing for long.
    pub fn hear<T: DeserializeOwned>(&mut self) -> Option<T> {
        let start = Instant::now();
        let mut bytes = [0; 1024];
        while start.elapsed() < PATIENCE {
            if let Some(message) = self.lines.next_message().ok()? {
                return Some(message);
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return None,
                Ok(read) => self.lines.push(&bytes[..read]),
                Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// The next message of a device that is more than a sign of life.
    pub fn answer(&mut self) -> Option<FromDevice> {
        loop {
            match self.hear()? {
                FromDevice::Here => self.say(&FromHost::Here)?,
                other => return Some(other),
            }
        }
    }
}

pub type AtDevice = Talk<StreamOwned<ServerConnection, TcpStream>>;
pub type AtHost = Talk<StreamOwned<ClientConnection, TcpStream>>;

/// A host that is none: it has a key of its own and takes whoever comes.
pub struct Forged {
    pub at: SocketAddr,
    listener: TcpListener,
    config: Arc<ServerConfig>,
}

impl Forged {
    pub fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap();
        let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], der)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { at: listener.local_addr().unwrap(), listener, config: Arc::new(config) }
    }

    /// A device that has come, after its greeting.
    pub fn receive(&self) -> AtDevice {
        loop {
            let (stream, _) = self.listener.accept().unwrap();
            stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
            let connection = ServerConnection::new(Arc::clone(&self.config)).unwrap();
            let mut talk = Talk::new(StreamOwned::new(connection, stream), Lines::default());
            if let Some(FromDevice::Hello { .. }) = talk.hear() {
                return talk;
            }
        }
    }

    pub fn welcome(&self) -> AtDevice {
        let mut talk = self.receive();
        talk.say(&FromHost::Welcome { v: VERSION, name: "Living room".to_owned() }).unwrap();
        talk
    }
}

/// Comes to a host in the name of a device.
pub fn come_as(device: &str, door: SocketAddr) -> AtHost {
    let stream = TcpStream::connect(door).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let name = ServerName::from(door.ip());
    let connection = ClientConnection::new(Arc::new(tls::unproved()), name).unwrap();
    let mut talk = Talk::new(StreamOwned::new(connection, stream), Lines::default());
    talk.say(&FromDevice::Hello { v: VERSION, device: device.parse().unwrap() }).unwrap();
    talk
}

/// What a man in the middle has overheard, though it is inside TLS: he ends it himself.
#[derive(Debug, PartialEq)]
pub enum Overheard {
    Guess,
    Response(String),
    Proof,
    Credentials,
}

/// Stands between a device and a host, and hands everything on.
pub fn stand_between(forged: Forged, door: SocketAddr) -> mpsc::Receiver<Overheard> {
    let (tell, overheard) = mpsc::channel();
    thread::spawn(move || {
        loop {
            let mut device = forged.receive();
            let mut host = come_as("hall", door);
            let mut hand_on = || -> Option<()> {
                loop {
                    let said: FromHost = host.hear()?;
                    device.say(&said)?;
                    match said {
                        FromHost::Guess { .. } => {
                            tell.send(Overheard::Guess).ok()?;
                            let answer = device.answer()?;
                            host.say(&answer)?;
                            if let FromDevice::Response { message } = answer {
                                tell.send(Overheard::Response(message)).ok()?;
                            }
                        }
                        FromHost::Proof { .. } => tell.send(Overheard::Proof).ok()?,
                        FromHost::Credentials(_) => tell.send(Overheard::Credentials).ok()?,
                        FromHost::Welcome { .. } | FromHost::Here | FromHost::Wrong => {}
                    }
                }
            };
            // Either end may go; then the next device is waited for.
            hand_on();
        }
    });
    overheard
}

/// Somebody at the broker over TLS, with what a device was given.
pub struct Insider {
    client: Client,
    connection: Connection,
}

impl Insider {
    pub fn with(kept: &Kept, client: &str) -> Self {
        let credentials = &kept.credentials;
        Self::login(kept, client, Some((&credentials.username, &credentials.password)))
    }

    pub fn login(kept: &Kept, client: &str, login: Option<(&str, &str)>) -> Self {
        let Broker::Host { port } = kept.credentials.broker else { panic!("another broker") };
        let mut options = MqttOptions::new(client, kept.address.to_string(), port);
        let config = Arc::new(tls::pinned(kept.key().unwrap()));
        options.set_transport(Transport::tls_with_config(rumqttc::TlsConfiguration::Rustls(config)));
        options.set_keep_alive(Duration::from_secs(30));
        if let Some((name, password)) = login {
            options.set_credentials(name, password);
        }
        let (client, connection) = Client::new(options, 32);
        Self { client, connection }
    }

    /// Over the plain port of this machine, without a name.
    pub fn local((host, port): &(String, u16), client: &str) -> Self {
        let mut options = MqttOptions::new(client, host, *port);
        options.set_keep_alive(Duration::from_secs(30));
        let (client, connection) = Client::new(options, 32);
        Self { client, connection }
    }

    /// What comes next, or why nothing does any more.
    pub fn next(&mut self) -> Result<Incoming, String> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            match self.connection.recv_timeout(Duration::from_millis(500)) {
                Ok(Ok(Event::Incoming(packet))) => return Ok(packet),
                Ok(Ok(Event::Outgoing(_))) | Err(_) => {}
                Ok(Err(e)) => return Err(e.to_string()),
            }
        }
        panic!("nothing happens");
    }

    /// Whether it is let in.
    pub fn is_let_in(&mut self) -> bool {
        matches!(self.next(), Ok(Incoming::ConnAck(_)))
    }

    /// Whether each of these filters is granted.
    pub fn subscribes(&mut self, filter: &str) -> bool {
        self.client.subscribe(filter, QoS::AtLeastOnce).unwrap();
        loop {
            match self.next() {
                Ok(Incoming::SubAck(ack)) => return ack.return_codes != [SubscribeReasonCode::Failure],
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }

    /// Publishes, and waits until the broker has taken it, or has ended the connection over it.
    pub fn publish(&mut self, topic: &str, payload: &str) {
        self.client.publish(topic, QoS::AtLeastOnce, false, payload).unwrap();
        while !matches!(self.next(), Ok(Incoming::PubAck(_)) | Err(_)) {}
    }

    /// The next message, by topic and payload.
    pub fn message(&mut self) -> (String, String) {
        loop {
            if let Incoming::Publish(publish) = self.next().unwrap() {
                return (publish.topic, String::from_utf8_lossy(&publish.payload).into_owned());
            }
        }
    }
}
