//! Shows the page with Spotify: the whole host and a stand-in for Spotify, nobody logged in yet.
//! `cargo run -p moodring-host --example spotify_page`.
//!
//! Prints the page's address and goes on until Ctrl-C.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context;
use moodring_host::{
    config::{self, Config},
    host::Host,
    player::local::Output,
};
use moodring_spotify_standin::{Kind, Options, Standin};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options { song_seconds: Some(60), ..Options::default() };
    let standin = Standin::start((Ipv4Addr::LOCALHOST, 0).into(), options).await.context("the stand-in")?;
    // Across the world a search takes its time, and how far they are can be seen.
    standin.world(|world| world.break_down("/search", u32::MAX, Kind::Slow { ms: 200 }));
    let dir = tempfile::tempdir()?;
    let mut config = Config::default();
    config.mqtt.port = 0;
    config.web.listen.set_port(0);
    config.player.output = Output::Null;
    config.spotify = config::Spotify {
        client_id: "app".to_owned(),
        api_url: standin.api_url(),
        auth_url: standin.auth_url(),
        callback_port: TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port(),
        search_pages: 1,
        ..config::Spotify::default()
    };
    let host = Host::start(&config, &dir.path().join("state")).await?;
    println!("http://{}/", host.page);
    tokio::signal::ctrl_c().await?;
    host.stop().await;
    Ok(())
}
