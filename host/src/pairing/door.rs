//! The door: devices that show a code come here and wait; a code that is typed is tried with one of them.
//!
//! In: connections from anybody. Out: devices that wait, and, once a code was right, their credentials, over the
//! very TLS connection to which the proof is bound. So many may wait at most, so many from one address, and each
//! has a few seconds to say who it is. What fails ends that connection and nothing else.

use std::{net::IpAddr, sync::atomic::Ordering, time::Duration};

use jiff::Timestamp;
use moodring_mood::DeviceId;
use moodring_pairing::{
    pake::{Guess, Parties},
    tls,
    wire::{self, FromDevice, FromHost, Lines, VERSION, from_hex, to_hex},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use super::{Asked, Outcome, Pairing, Waiting, locked};
use crate::seats::Seats;

/// So many connections at once.
const SEATS: usize = 24;

/// So many of them from one household.
const SEATS_OF_ONE: usize = 4;

/// Who has come says who it is within this time.
const GREETING: Duration = Duration::from_secs(10);

/// A device that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(4 * wire::HERE_EVERY_S);

/// Each answer of a device is awaited for so long.
const ANSWER: Duration = Duration::from_secs(6);

/// Takes connections for as long as the program runs.
pub(super) async fn open(listener: TcpListener, acceptor: TlsAcceptor, pairing: Pairing) {
    let seats = Seats::new(SEATS, SEATS_OF_ONE);
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(come) => come,
            Err(e) => {
                tracing::debug!("a device could not come in: {e}");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        // Who finds no seat is let go, and comes again.
        let Some(seat) = seats.take(from.ip()) else { continue };
        let (acceptor, pairing) = (acceptor.clone(), pairing.clone());
        tokio::spawn(async move {
            if let Err(why) = receive(stream, from.ip().to_canonical(), &acceptor, &pairing).await {
                tracing::debug!("pairing with {from} ended: {why}");
            }
            drop(seat);
        });
    }
}

/// One connection, from its beginning to its end.
async fn receive(stream: TcpStream, from: IpAddr, acceptor: &TlsAcceptor, pairing: &Pairing) -> Result<(), String> {
    let _ = stream.set_nodelay(true);
    let greeted = timeout(GREETING, async {
        let stream = acceptor.accept(stream).await.map_err(|e| e.to_string())?;
        let mut talk = Talk { stream, lines: Lines::default() };
        match talk.hear().await? {
            FromDevice::Hello { v: VERSION, device } => Ok((talk, device)),
            FromDevice::Hello { v, .. } => Err(format!("it speaks version {v}, this host {VERSION}: update the older")),
            other => Err(format!("it began with {other:?}")),
        }
    });
    let (mut talk, device) = greeted.await.map_err(|_| "it did not say who it is".to_owned())??;
    let binding = tls::binding(talk.stream.get_ref().1).map_err(|e| e.to_string())?;
    let parties = Parties::new(&device, &pairing.key(), &binding);
    let (_place, mut asked) = Place::take(pairing, &device, from);
    talk.say(&FromHost::Welcome { v: VERSION, name: pairing.inner.name.clone() }).await?;
    tracing::info!("{device} at {from} waits to be paired: type the code that it shows on the page");
    loop {
        tokio::select! {
            said = timeout(SILENCE, talk.hear()) => match said.map_err(|_| "it is silent".to_owned())?? {
                FromDevice::Here => talk.say(&FromHost::Here).await?,
                other => return Err(format!("it said {other:?} unasked")),
            },
            Some(Asked { code, answer }) = asked.recv() => {
                let outcome = attempt(&mut talk, code, &parties, &device, pairing).await;
                let done = outcome.is_ok();
                let broken = matches!(outcome, Err(Outcome::Gone));
                // Who asked may have gone.
                let _ = answer.send(outcome);
                if done || broken {
                    return Ok(());
                }
            }
        }
    }
}

/// Tries one code.
async fn attempt(
    talk: &mut Talk,
    code: moodring_pairing::Code,
    parties: &Parties,
    device: &DeviceId,
    pairing: &Pairing,
) -> Result<(), Outcome> {
    let (guess, message) = Guess::begin(code).map_err(|_| Outcome::Wrong)?;
    talk.tell(&FromHost::Guess { message: to_hex(&message) }).await?;
    let response = match talk.answer().await? {
        FromDevice::Response { message } => from_hex(&message).unwrap_or_default(),
        FromDevice::Wait { seconds } => return Err(Outcome::Wait(Duration::from_secs(seconds.min(24 * 3600)))),
        _ => return Err(Outcome::Gone),
    };
    let Ok(proof) = guess.check(parties, &response) else {
        talk.tell(&FromHost::Wrong).await?;
        return Err(Outcome::Wrong);
    };
    // From here on it is known who is at the other end, and that nobody sits between.
    let (credentials, before) = pairing.grant(device).await.map_err(Outcome::Failed)?;
    let kept = async {
        talk.tell(&FromHost::Proof { message: to_hex(&proof) }).await?;
        talk.tell(&FromHost::Credentials(credentials)).await?;
        talk.answer().await
    };
    let outcome = match kept.await {
        Ok(FromDevice::Kept) => return Ok(()),
        Ok(FromDevice::NotKept { why }) => {
            Outcome::NotKept(why.chars().filter(|c| !c.is_control()).take(200).collect())
        }
        Ok(_) => Outcome::Gone,
        Err(gone) => gone,
    };
    pairing.take_back(device, before).await;
    Err(outcome)
}

/// A device's place among those that wait, until it is dropped.
struct Place {
    pairing: Pairing,
    number: u64,
}

impl Place {
    fn take(pairing: &Pairing, device: &DeviceId, from: IpAddr) -> (Self, mpsc::Receiver<Asked>) {
        let number = pairing.inner.number.fetch_add(1, Ordering::Relaxed) + 1;
        let (ask, asked) = mpsc::channel(1);
        let waiting = Waiting { number, device: device.clone(), from, since: Timestamp::now(), ask };
        locked(&pairing.inner.waiting).push(waiting);
        pairing.tell();
        (Self { pairing: pairing.clone(), number }, asked)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        locked(&self.pairing.inner.waiting).retain(|one| one.number != self.number);
        self.pairing.tell();
    }
}

/// The connection, message by message.
struct Talk {
    stream: TlsStream<TcpStream>,
    lines: Lines,
}

impl Talk {
    /// The next message; safe to be given up at any moment.
    async fn hear(&mut self) -> Result<FromDevice, String> {
        let mut bytes = [0; 2048];
        loop {
            if let Some(message) = self.lines.next_message().map_err(|e| e.to_string())? {
                return Ok(message);
            }
            match self.stream.read(&mut bytes).await.map_err(|e| e.to_string())? {
                0 => return Err("it went".to_owned()),
                read => self.lines.push(&bytes[..read]),
            }
        }
    }

    async fn say(&mut self, message: &FromHost) -> Result<(), String> {
        let sent = async {
            self.stream.write_all(&wire::line(message)).await?;
            self.stream.flush().await
        };
        timeout(ANSWER, sent).await.map_err(|_| "it takes nothing in".to_owned())?.map_err(|e| e.to_string())
    }

    async fn tell(&mut self, message: &FromHost) -> Result<(), Outcome> {
        self.say(message).await.map_err(|_| Outcome::Gone)
    }

    /// The next message that is an answer.
    async fn answer(&mut self) -> Result<FromDevice, Outcome> {
        let answer = async {
            loop {
                match self.hear().await {
                    Ok(FromDevice::Here) => {}
                    Ok(message) => return Ok(message),
                    Err(_) => return Err(Outcome::Gone),
                }
            }
        };
        timeout(ANSWER, answer).await.unwrap_or(Err(Outcome::Gone))
    }
}
