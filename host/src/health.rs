//! The command `healthz`: asks the running program whether it works, for a container without curl.
//!
//! In: the address that the settings name. Out: nothing, if it works. Fails in words when nobody answers in time, or
//! when what answers says that it does not work.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks for `/healthz` at `listen`; an address that stands for all is asked on this machine.
///
/// # Errors
/// In words, what is wrong.
pub async fn ask(listen: SocketAddr) -> Result<(), String> {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let at = SocketAddr::new(ip, listen.port());
    let asked = async {
        let mut stream = TcpStream::connect(at).await?;
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(4096).read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    let answer = timeout(PATIENCE, asked).await.map_err(|_| format!("nothing answers at {at} within 5 s"))?;
    let answer = answer.map_err(|e| format!("Moodring does not answer at {at}: {e}"))?;
    if answer.starts_with("HTTP/1.1 200 ") {
        return Ok(());
    }
    Err(format!("Moodring at {at} does not work: {}", answer.lines().next().unwrap_or("it says nothing")))
}
