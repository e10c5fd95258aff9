//! Every call of the client, and every reply of the stand-in, through a proxy that knows Spotify's schema.
//!
//! Run by `make spotify-test`, which brings the proxy and the schema; both are named by the environment.
#![allow(clippy::unwrap_used)] // Here an unwrap is an assertion, in functions beside the tests too.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use moodring_spotify::{Account, Calls, Spotify, Trouble, limit::Class, login::Attempt, reply::Place};
use moodring_spotify_standin::{Kind, Options, Standin};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

fn env(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run make spotify-test"))
}

/// The proxy; ends with the test.
struct Prism(Child, u16);

impl Prism {
    fn start(standin: &Standin) -> Self {
        let port = TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap().port();
        let upstream = format!("http://{}/v1", standin.address);
        let child = Command::new(env("MOODRING_PRISM"))
            .args(["proxy", "--errors", "--host", "127.0.0.1", "--port", &port.to_string()])
            .args([&env("MOODRING_SPOTIFY_SCHEMA"), &upstream])
            .stdout(Stdio::inherit())
            .spawn()
            .unwrap();
        let prism = Self(child, port);
        let patience = Instant::now() + Duration::from_secs(120);
        while std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < patience, "the proxy starts");
            std::thread::sleep(Duration::from_millis(200));
        }
        prism
    }
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends a plain request; gives the whole answer.
async fn send(to: (Ipv4Addr, u16), request: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(to).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs Spotify's schema: make spotify-test"]
async fn every_call_and_every_reply_fits_the_schema() {
    let standin = Standin::start(LOOPBACK, Options::default()).await.unwrap();
    let prism = Prism::start(&standin);
    let dir = tempfile::tempdir().unwrap();
    let account = Account {
        client_id: "app".into(),
        state_dir: dir.path().to_owned(),
        callback_port: 8898,
        api_url: format!("http://127.0.0.1:{}/", prism.1),
        auth_url: standin.auth_url(),
        daily_calls: 1000,
    };
    let attempt = Attempt::begin(&account).unwrap();
    let path = attempt.address.splitn(4, '/').nth(3).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let answer = send((Ipv4Addr::LOCALHOST, standin.address.port()), &request).await;
    let location = answer.lines().find_map(|line| line.strip_prefix("location: ")).expect("a redirect");
    attempt.finish(location).await.unwrap();

    // The proxy does object to what the schema does not allow.
    let request = "GET /search?q=x&type=track&limit=11 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer x\r\nConnection: close\r\n\r\n";
    let answer = send((Ipv4Addr::LOCALHOST, prism.1), request).await;
    assert!(answer.contains("422") || answer.contains("UNPROCESSABLE"), "{answer}");

    let calls = Calls::new(Spotify::open(&account));
    assert_eq!(calls.me().await.unwrap().id, "me");
    let lists = calls.playlists(0).await.unwrap().items;
    let page = calls.playlist_items(&lists[0].id, 0).await.unwrap();
    assert!(page.items.into_iter().filter_map(Place::piece).count() > 8);
    assert!(!calls.playlist(&lists[0].id).await.unwrap().snapshot_id.is_empty());
    assert_eq!(calls.liked(50).await.unwrap().items.len(), 10);
    let songs = calls.search("genre:\"dark ambient\" angst", 10).await.unwrap().items;
    assert_eq!(calls.playback(Class::Look).await.unwrap(), None);
    let device = calls.devices().await.unwrap()[0].id.clone().unwrap();
    calls.play(&device, &songs[0].uri, 1500).await.unwrap();
    calls.enqueue(&device, &songs[1].uri).await.unwrap();
    calls.volume(&device, 40).await.unwrap();
    assert!(calls.playback(Class::Look).await.unwrap().unwrap().item.unwrap().is(&songs[0].uri));
    calls.skip(&device).await.unwrap();
    calls.pause(&device).await.unwrap();
    calls.resume(&device).await.unwrap();
    // Refusals have their shape, too.
    for (status, reason) in [(403, Some("PREMIUM_REQUIRED")), (429, Some("QUOTA_EXCEEDED"))] {
        let kind = Kind::Status { status, retry_after: Some(1), reason: reason.map(str::to_owned) };
        standin.world(|world| world.break_down("/me/player/devices", 1, kind));
        let answer = calls.devices().await;
        let refused = matches!(answer, Err(Trouble::NoPremium)) || (status == 429 && answer.is_ok());
        assert!(refused, "{status}: {answer:?}");
    }
    let made = standin.world(|world| world.calls.clone());
    let api: Vec<String> = made.into_iter().filter(|call| !call.contains("/api/token")).collect();
    std::fs::write(env("MOODRING_CALLS"), api.join("\n")).unwrap();
}
