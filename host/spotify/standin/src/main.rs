//! The stand-in as a program, for the demo and for trying things by hand.

use std::{
    io::{Write, stdout},
    net::SocketAddr,
};

use anyhow::Context;
use clap::Parser;
use moodring_spotify_standin::{Options, Standin};

/// Stands in for Spotify on loopback: no account, no music, the real client's calls.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Where to listen.
    #[arg(long, default_value = "127.0.0.1:8899")]
    listen: SocketAddr,
    /// The length of every song, seconds; without it, as long as songs are.
    #[arg(long)]
    song_seconds: Option<u64>,
    /// The account is not Premium.
    #[arg(long)]
    free: bool,
    /// How long an access token is good for, seconds.
    #[arg(long, default_value_t = 3600)]
    token_seconds: u64,
    /// Ask for the consent in the browser instead of giving it at once.
    #[arg(long)]
    ask: bool,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    let options = Options {
        song_seconds: cli.song_seconds,
        premium: !cli.free,
        token_seconds: cli.token_seconds,
        consents: !cli.ask,
        ..Options::default()
    };
    let standin =
        Standin::start(cli.listen, options).await.with_context(|| format!("cannot listen on {}", cli.listen))?;
    writeln!(stdout(), "the stand-in for Spotify is at http://{}/", standin.address)?;
    tokio::select! {
        () = standin.wait() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
    Ok(())
}
