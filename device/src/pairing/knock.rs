//! Waits at one host until somebody types the code there, and proves it.
//!
//! In: a host's address. Out: what the host gave, once both have proved the code, over the TLS connection to
//! which the proof is bound. Fails, quietly, when the host goes or says what it should not; then it is knocked
//! again.

use std::{
    io::{self, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs},
    sync::Arc,
    time::{Duration, Instant},
};

use moodring_pairing::{
    Fingerprint, Refused,
    pake::{self, Answered, Parties},
    tls,
    wire::{self, FromDevice, FromHost, HERE_EVERY_S, Kept, Lines, VERSION, from_hex, to_hex},
};
use rustls::{ClientConnection, StreamOwned, pki_types::ServerName};
use tracing::{debug, info, warn};

use super::{Bond, Door, PORT};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(4);

/// How long the handshake and the welcome may take.
const GREETING: Duration = Duration::from_secs(10);

/// A host that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(4 * HERE_EVERY_S);

/// How long a read waits before it is looked whether this goes on.
const TURN: Duration = Duration::from_millis(200);

/// Knocks once, and stays for as long as the host lets this device wait.
pub(super) fn knock(bond: &Arc<Bond>, door: &Door) {
    if let Err(why) = visit(bond, door) {
        debug!("waiting at {door:?} ended: {why}");
    }
}

fn visit(bond: &Arc<Bond>, door: &Door) -> Result<(), String> {
    let at = address(door)?;
    let said = |e: io::Error| e.to_string();
    let stream = TcpStream::connect_timeout(&at, CONNECT).map_err(said)?;
    stream.set_nodelay(true).map_err(said)?;
    stream.set_read_timeout(Some(GREETING)).map_err(said)?;
    stream.set_write_timeout(Some(GREETING)).map_err(said)?;
    // Whom this is, the code will prove: to begin with, anybody's certificate will do.
    let name = ServerName::from(at.ip());
    let connection = ClientConnection::new(Arc::new(tls::unproved()), name).map_err(|e| e.to_string())?;
    let mut talk = Talk { stream: StreamOwned::new(connection, stream), lines: Lines::default() };
    let StreamOwned { conn, sock } = &mut talk.stream;
    while conn.is_handshaking() {
        conn.complete_io(sock).map_err(said)?;
    }
    let certificate = conn.peer_certificates().and_then(<[_]>::first).ok_or("it showed no certificate")?;
    let host = Fingerprint::of(certificate).map_err(|e| e.to_string())?;
    let binding = tls::binding(conn).map_err(|e| e.to_string())?;
    talk.stream.sock.set_read_timeout(Some(TURN)).map_err(said)?;
    talk.say(&FromDevice::Hello { v: VERSION, device: bond.device.clone() })?;
    let name = match talk.hear_within(GREETING)? {
        FromHost::Welcome { v: VERSION, name } => name.chars().filter(|c| !c.is_control()).take(63).collect::<String>(),
        FromHost::Welcome { v, .. } => return Err(format!("it speaks version {v}, this device {VERSION}")),
        other => return Err(format!("it began with {other:?}")),
    };
    info!("found the host {name:?} at {at}; it can be paired with");
    let place = bond.wait_at(&name);
    let parties = Parties::new(&bond.device, &host, &binding);
    let done = Waiting { bond, talk, parties, host, name, at: at.ip() }.wait();
    drop(place);
    done
}

fn address(door: &Door) -> Result<SocketAddr, String> {
    match door {
        Door::At(at) => Ok(*at),
        Door::Named(name) => {
            // "host:port", "host", or a bare IPv6 address.
            let found = if name.parse::<IpAddr>().is_ok() || !name.contains(':') {
                (name.trim_matches(['[', ']']), PORT).to_socket_addrs()
            } else {
                name.to_socket_addrs()
            };
            found
                .map_err(|e| format!("mqtt.pair_at = {name:?}: {e}"))?
                .next()
                .ok_or_else(|| "it has no address".to_owned())
        }
    }
}

struct Waiting<'a> {
    bond: &'a Arc<Bond>,
    talk: Talk,
    parties: Parties,
    host: Fingerprint,
    name: String,
    at: IpAddr,
}

impl Waiting<'_> {
    fn wait(mut self) -> Result<(), String> {
        let mut answered: Option<Answered> = None;
        let mut proved = false;
        let (mut heard, mut said) = (Instant::now(), Instant::now());
        while self.bond.seeks() {
            let message = self.talk.hear()?;
            if message.is_some() {
                heard = Instant::now();
            }
            match message {
                None if heard.elapsed() > SILENCE => return Err("it is silent".to_owned()),
                None | Some(FromHost::Here) => {}
                Some(FromHost::Guess { message }) => {
                    proved = false;
                    answered = self.answer(&message)?;
                }
                Some(FromHost::Wrong) => {
                    warn!("somebody typed a wrong code at {:?}", self.name);
                    answered = None;
                }
                Some(FromHost::Proof { message }) => {
                    let proof = from_hex(&message).unwrap_or_default();
                    proved = answered.take().is_some_and(|answered| answered.check(&self.parties, &proof).is_ok());
                    if !proved {
                        self.talk.say(&FromDevice::Unproved)?;
                        return Err("its proof is wrong".to_owned());
                    }
                    self.bond.proved();
                }
                Some(FromHost::Credentials(credentials)) if proved => {
                    let (host, name) = (self.host.to_string(), self.name.clone());
                    let kept = Kept { v: 1, host, name, address: self.at, credentials };
                    return match self.bond.keep(kept) {
                        Ok(()) => self.talk.say(&FromDevice::Kept),
                        Err(why) => {
                            warn!("{why}");
                            self.talk.say(&FromDevice::NotKept { why: why.to_string() })
                        }
                    };
                }
                Some(FromHost::Credentials(_) | FromHost::Welcome { .. }) => {
                    return Err("it said what it should not".to_owned());
                }
            }
            if said.elapsed() >= Duration::from_secs(HERE_EVERY_S) {
                said = Instant::now();
                self.talk.say(&FromDevice::Here)?;
            }
        }
        Ok(())
    }

    fn answer(&mut self, message: &str) -> Result<Option<Answered>, String> {
        let code = match self.bond.guess() {
            Ok(code) => code,
            Err(Refused::Wait(wait)) => {
                self.talk.say(&FromDevice::Wait { seconds: wait.as_secs().max(1) })?;
                return Ok(None);
            }
        };
        let request = from_hex(message).unwrap_or_default();
        let (response, answered) = pake::answer(code, &self.parties, &request).map_err(|e| e.to_string())?;
        self.talk.say(&FromDevice::Response { message: to_hex(&response) })?;
        Ok(Some(answered))
    }
}

/// The connection, message by message.
struct Talk {
    stream: StreamOwned<ClientConnection, TcpStream>,
    lines: Lines,
}

impl Talk {
    fn say(&mut self, message: &FromDevice) -> Result<(), String> {
        self.stream.write_all(&wire::line(message)).and_then(|()| self.stream.flush()).map_err(|e| e.to_string())
    }

    /// The next message, if one comes within a moment.
    fn hear(&mut self) -> Result<Option<FromHost>, String> {
        if let Some(message) = self.lines.next_message().map_err(|e| e.to_string())? {
            return Ok(Some(message));
        }
        let mut bytes = [0; 2048];
        match self.stream.read(&mut bytes) {
            Ok(0) => Err("it went".to_owned()),
            Ok(read) => {
                self.lines.push(&bytes[..read]);
                self.lines.next_message().map_err(|e| e.to_string())
            }
            Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => Ok(None),
            Err(e) => Err(e.to_string()),
        }
    }

    fn hear_within(&mut self, patience: Duration) -> Result<FromHost, String> {
        let until = Instant::now() + patience;
        while Instant::now() < until {
            if let Some(message) = self.hear()? {
                return Ok(message);
            }
        }
        Err("it did not answer".to_owned())
    }
}
