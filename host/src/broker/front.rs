//! The listener with TLS: shakes hands, and hands on to the plain listener.
//!
//! In: connections from anybody. Out: what they say, to the broker, and back. The broker's own listener with TLS shakes
//! one hand after the other, so that one machine that says nothing would keep all others out; here each hand has its
//! own task and a few seconds. The gate is told where a connection really comes from.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncWriteExt, copy, split},
    net::{TcpListener, TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use super::gate::Gate;
use crate::seats::Seats;

/// So many connections at once; the broker takes no more clients either.
const ALL: usize = 256;

/// So many of them from one household.
const OF_ONE: usize = 64;

/// The handshake is over within this time.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Whoever hangs up: what the broker still has to say to it is waited for so long.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// The broker asks the gate within 10 s or not at all. For so long it is told the truth about a connection that has
/// ended, whose first packet the broker may still have to read.
const ASKED_WITHIN: Duration = Duration::from_secs(15);

/// What shakes hands with this certificate and key, both PEM files.
///
/// # Errors
/// A file cannot be read, or its content will not do.
pub(super) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let unusable = |file: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| unusable(certificate, &why))?;
    let secret = PrivateKeyDer::from_pem_file(key).map_err(|why| unusable(key, &why))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| unusable(key, &why))?
        .with_no_client_auth()
        .with_single_cert(chain, secret)
        .map_err(|why| unusable(certificate, &why))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Takes connections and hands them on to the broker at `plain`, for as long as the program runs.
pub(super) async fn open(listener: TcpListener, acceptor: TlsAcceptor, plain: SocketAddr, gate: Arc<Gate>) {
    let seats = Seats::new(ALL, OF_ONE);
    loop {
        let (stream, from) = match listener.accept().await {
            Ok(come) => come,
            Err(why) => {
                tracing::debug!("a connection with TLS was not taken: {why}");
                sleep(Duration::from_millis(200)).await;
                continue;
            }
        };
        let Some(seat) = seats.take(from.ip()) else {
            tracing::debug!("{from} has too many connections with TLS, or all have");
            continue;
        };
        let (acceptor, gate) = (acceptor.clone(), Arc::clone(&gate));
        tokio::spawn(async move {
            if let Err(why) = carry(stream, from, &acceptor, plain, &gate).await {
                tracing::debug!("the connection with {from} ended: {why}");
            }
            drop(seat);
        });
    }
}

/// One connection, from its beginning to its end.
async fn carry(
    stream: TcpStream,
    from: SocketAddr,
    acceptor: &TlsAcceptor,
    plain: SocketAddr,
    gate: &Arc<Gate>,
) -> io::Result<()> {
    let shaken = timeout(HANDSHAKE, acceptor.accept(stream)).await;
    let (mut client, mut to_client) =
        split(shaken.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no handshake within 10 s"))??);
    let plain = reached_at(plain);
    let socket = if plain.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.bind(SocketAddr::new(plain.ip(), 0))?;
    // Known before the broker can ask.
    let behind = Gate::stands_for(gate, socket.local_addr()?, from);
    let (mut broker, mut to_broker) = socket.connect(plain).await?.into_split();
    let said = async {
        let end = copy(&mut client, &mut to_broker).await;
        to_broker.shutdown().await?;
        sleep(LAST_WORDS).await;
        end
    };
    let end = tokio::select! {
        end = copy(&mut broker, &mut to_client) => end,
        end = said => end,
    };
    tokio::spawn(async move {
        sleep(ASKED_WITHIN).await;
        drop(behind);
    });
    to_client.shutdown().await?;
    end.map(|_| ())
}

/// Where this machine reaches what listens there.
fn reached_at(listener: SocketAddr) -> SocketAddr {
    let ip = match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listener.port())
}
