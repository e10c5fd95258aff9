//! The real client against the stand-in, over loopback.
#![allow(clippy::unwrap_used)] // Here an unwrap is an assertion, in functions beside the tests too.

use std::{
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use moodring_spotify::{
    Account, Calls, LogIn, Spotify, Trouble,
    connect::Connect,
    deck::{Cause, Order, Piece, Said},
    grant::FILE,
    limit::Class,
    login::{Attempt, Doorstep, LogInError},
    queue::{LEDGER, Method},
    reply::Place,
    trouble::Limit,
};
use moodring_spotify_standin::{Entry, Kind, Options, Standin};
use tokio::sync::mpsc;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

struct Stage {
    standin: Standin,
    account: Account,
    calls: Calls,
    dir: tempfile::TempDir,
}

impl Stage {
    async fn new(options: Options) -> Self {
        let stage = Self::logged_out(options).await;
        stage.log_in().await;
        stage
    }

    async fn logged_out(options: Options) -> Self {
        let standin = Standin::start(LOOPBACK, options).await.unwrap();
        let dir = tempfile::tempdir().unwrap();
        let account = Account {
            client_id: "app".into(),
            state_dir: dir.path().to_owned(),
            callback_port: 8898,
            api_url: standin.api_url(),
            auth_url: standin.auth_url(),
            daily_calls: 1000,
        };
        let calls = Calls::new(Spotify::open(&account));
        Self { standin, account, calls, dir }
    }

    /// Consents as a browser would, and pastes the address that it ends at.
    async fn log_in(&self) {
        let attempt = Attempt::begin(&self.account).unwrap();
        let redirected = follow(&attempt.address).await;
        attempt.finish(&redirected).await.unwrap();
    }

    fn status(&self, path: &str, times: u32, status: u16, retry_after: Option<u64>, reason: Option<&str>) {
        let kind = Kind::Status { status, retry_after, reason: reason.map(str::to_owned) };
        self.standin.world(|world| world.break_down(path, times, kind));
    }

    fn count(&self, what: &str) -> usize {
        self.standin.world(|world| world.calls.iter().filter(|call| call.contains(what)).count())
    }
}

/// Where a browser is sent to.
async fn follow(address: &str) -> String {
    let answer = get(address).await;
    let line = answer.lines().find(|line| line.to_lowercase().starts_with("location:"));
    line.unwrap_or_else(|| panic!("no redirect in {answer}"))["location:".len()..].trim().to_owned()
}

/// A browser's request, as plain as can be.
async fn get(address: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(host).await.unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn read(dir: &Path, file: &str) -> String {
    std::fs::read_to_string(dir.join(file)).unwrap_or_default()
}

#[tokio::test]
async fn a_log_in_by_the_browser_of_this_machine() {
    let mut stage = Stage::logged_out(Options::default()).await;
    assert!(matches!(stage.calls.me().await, Err(Trouble::LogIn(_))));
    assert_eq!(stage.count(""), 0, "nothing is asked without a log-in");
    let free = std::net::TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap().port();
    stage.account.callback_port = free;
    let attempt = Arc::new(Attempt::begin(&stage.account).unwrap());
    let doorstep = Doorstep::open(&stage.account).await.unwrap();
    assert!(matches!(Doorstep::open(&stage.account).await, Err(LogInError::Port { .. })));
    let waiting = tokio::spawn(doorstep.wait(Arc::clone(&attempt)));
    let strange = get(&format!("http://127.0.0.1:{free}/callback?code=x&state=theirs")).await;
    assert!(strange.contains("another log-in"), "{strange}");
    let redirected = follow(&attempt.address).await;
    assert!(get(&redirected).await.contains("Logged in"));
    waiting.await.unwrap().unwrap();
    assert_eq!(stage.calls.me().await.unwrap().product, "premium");
    assert!(matches!(stage.calls.line().standing().borrow().log_in, LogIn::In { ends: None }));
}

#[tokio::test]
async fn a_refused_consent_and_a_wrong_code_are_said() {
    let stage = Stage::logged_out(Options::default()).await;
    let attempt = Attempt::begin(&stage.account).unwrap();
    let refused = follow(&format!("{}&answer=no", attempt.address)).await;
    assert!(matches!(attempt.finish(&refused).await, Err(LogInError::Refused(why)) if why == "access_denied"));
    let redirected = follow(&attempt.address).await.replace("secret-code-1", "guessed");
    let why = attempt.finish(&redirected).await.unwrap_err().to_string();
    assert!(why.contains("does not take the log-in") && why.contains("start again"), "{why}");
    let nobody = Account { client_id: String::new(), ..stage.account.clone() };
    assert!(matches!(Attempt::begin(&nobody), Err(LogInError::NoApp(8898))));
}

#[tokio::test]
async fn an_expired_token_is_renewed_and_the_old_refresh_token_kept() {
    for new_refresh_tokens in [false, true] {
        let stage = Stage::new(Options { new_refresh_tokens, ..Options::default() }).await;
        stage.calls.me().await.unwrap();
        for _ in 0..2 {
            stage.standin.world(|world| world.expire_access());
            stage.calls.me().await.unwrap();
        }
        assert_eq!(stage.count("refresh_token"), 2);
        let kept = read(stage.dir.path(), FILE);
        assert!(kept.contains(if new_refresh_tokens { "secret-refresh-3" } else { "secret-refresh-1" }), "{kept}");
    }
}

#[tokio::test]
async fn a_log_in_that_has_ended_is_said_and_never_tried_again() {
    let stage = Stage::new(Options::default()).await;
    stage.standin.world(|world| world.end_consent());
    for _ in 0..5 {
        let why = stage.calls.me().await.unwrap_err();
        assert!(matches!(&why, Trouble::LogIn(words) if words.contains("six months")), "{why}");
    }
    assert_eq!(stage.count("refresh_token"), 1);
    // Nor after a restart.
    let again = Calls::new(Spotify::open(&stage.account));
    assert!(matches!(again.me().await, Err(Trouble::LogIn(_))));
    assert_eq!(stage.count("refresh_token"), 1);
    assert!(matches!(again.line().standing().borrow().log_in, LogIn::Ended(_)));
    // A new log-in is taken up without a restart.
    stage.log_in().await;
    stage.calls.me().await.unwrap();
    again.me().await.unwrap();
}

#[tokio::test]
async fn retry_after_is_kept_over_a_restart_and_nothing_is_asked_until_then() {
    let stage = Stage::new(Options::default()).await;
    stage.status("/me", 1, 429, Some(43_200), Some("QUOTA_EXCEEDED"));
    let why = stage.calls.devices().await.unwrap_err();
    assert!(matches!(why, Trouble::Later { why: Limit::Quota, .. }), "{why}");
    let asked = stage.count("GET");
    let again = Calls::new(Spotify::open(&stage.account));
    assert!(matches!(again.devices().await, Err(Trouble::Later { why: Limit::Quota, .. })));
    assert!(matches!(again.search("x", 0).await, Err(Trouble::Later { .. })));
    assert_eq!(stage.count("GET"), asked, "no call is made: {}", read(stage.dir.path(), LEDGER));
    assert!(again.line().standing().borrow().wait.is_some());
}

#[tokio::test]
async fn a_short_wait_is_waited_for_and_failures_are_repeated_where_that_does_no_harm() {
    let stage = Stage::new(Options::default()).await;
    stage.status("/me/player/devices", 1, 429, Some(0), None);
    assert_eq!(stage.calls.devices().await.unwrap().len(), 1);
    stage.status("/me/player/devices", 2, 500, None, None);
    assert_eq!(stage.calls.devices().await.unwrap().len(), 1);
    stage.standin.world(|world| world.break_down("/me/player/devices", 1, Kind::Slow { ms: 300 }));
    let asked = Instant::now();
    assert_eq!(stage.calls.devices().await.unwrap().len(), 1);
    assert!(asked.elapsed() >= Duration::from_millis(300), "a slow answer is waited for");
    stage.standin.world(|world| world.break_down("/me/player/devices", 1, Kind::Drop));
    assert_eq!(stage.calls.devices().await.unwrap().len(), 1);
    let device = stage.calls.devices().await.unwrap()[0].id.clone().unwrap();
    let song = stage.standin.world(|world| world.songs[0].uri());
    stage.calls.play(&device, &song, 0).await.unwrap();
    // A command that may have arrived is not given twice.
    stage.standin.world(|world| world.break_down("/me/player/queue", 1, Kind::Drop));
    assert!(matches!(stage.calls.enqueue(&device, &song).await, Err(Trouble::Away(_))));
    assert_eq!(stage.standin.world(|world| world.queued().len()), 1);
    stage.status("/me/player/devices", 9, 503, None, None);
    assert!(matches!(stage.calls.devices().await, Err(Trouble::Away(_))));
    stage.standin.world(|world| world.mend());
    let text = stage.calls.line().ask(Class::Look, Method::Get, "me".into(), serde_json::Value::Null).await;
    assert!(matches!(text, Err(Trouble::Later { why: Limit::Failing, .. })), "looking waits: {text:?}");
    stage.calls.devices().await.unwrap();
    stage.standin.world(|world| world.break_down("/me", 1, Kind::Malformed));
    assert!(matches!(stage.calls.playback(Class::Look).await, Err(Trouble::Unreadable(_))));
}

#[tokio::test]
async fn the_budget_of_a_day_is_kept_and_playing_comes_before_refreshing() {
    let stage = Stage::new(Options::default()).await;
    let frugal = Account { daily_calls: 10, ..stage.account.clone() };
    let calls = Calls::new(Spotify::open(&frugal));
    for _ in 0..5 {
        calls.search("calm", 0).await.unwrap();
    }
    assert!(matches!(calls.search("calm", 0).await, Err(Trouble::Later { why: Limit::Budget, .. })));
    for _ in 0..5 {
        calls.devices().await.unwrap();
    }
    let why = calls.devices().await.unwrap_err();
    assert!(why.to_string().contains("daily_calls"), "{why}");
    assert_eq!(stage.count("GET /"), 10);
}

#[tokio::test]
async fn the_rules_of_2026_are_those_of_the_stand_in() {
    let stage = Stage::new(Options::default()).await;
    let ask = |path: &str| stage.calls.line().ask(Class::Play, Method::Get, path.into(), serde_json::Value::Null);
    for path in ["recommendations?seed_genres=pop", "audio-features/x", "playlists/x/tracks", "tracks?ids=x"] {
        let why = ask(path).await.unwrap_err();
        assert!(matches!(&why, Trouble::Refused { status: 403, .. }), "{path}: {why}");
    }
    let why = ask("search?q=calm&type=track&limit=11").await.unwrap_err();
    assert!(matches!(&why, Trouble::Refused { status: 400, .. }), "{why}");
    assert_eq!(stage.calls.search("calm", 0).await.unwrap().items.len(), 10);
    let lists = stage.calls.playlists(0).await.unwrap().items;
    assert_eq!(lists.len(), 3);
    let theirs = lists.iter().find(|list| list.owner.id != "me").unwrap();
    assert!(matches!(stage.calls.playlist_items(&theirs.id, 0).await, Err(Trouble::Refused { status: 403, .. })));
    let sunny = lists.iter().find(|list| list.name == "Sunny days").unwrap();
    let page = stage.calls.playlist_items(&sunny.id, 0).await.unwrap();
    let music = page.items.into_iter().filter_map(Place::piece).filter(|piece| piece.is_music()).count();
    assert_eq!((page.total, music), (11, 8), "a local file, a podcast and a lost track are left out");
    let before = stage.calls.playlist(&sunny.id).await.unwrap().snapshot_id;
    stage.standin.world(|world| world.playlists[0].change(|entries| entries.push(Entry::Song(0))));
    assert_ne!(stage.calls.playlist(&sunny.id).await.unwrap().snapshot_id, before);
    assert_eq!(stage.calls.liked(50).await.unwrap().items.len(), 10);
}

#[tokio::test]
async fn no_token_stands_in_any_message() {
    let stage = Stage::new(Options::default()).await;
    let mut said = Vec::new();
    for (status, reason) in [(403, Some("PREMIUM_REQUIRED")), (404, None), (400, None), (401, None), (500, None)] {
        stage.status("/me", 9, status, None, reason);
        said.push(stage.calls.devices().await.unwrap_err().to_string());
        stage.standin.world(|world| world.mend());
    }
    let all = format!("{said:?} {:?} {:?}", stage.account, stage.calls.line().standing().borrow());
    assert!(!all.contains("secret-"), "{all}");
}

/// Waits for something to be said; everything before it is left.
async fn hear(said: &mut mpsc::UnboundedReceiver<Said>, wanted: impl Fn(&Said) -> bool) -> Said {
    let patience = Instant::now() + Duration::from_secs(60);
    loop {
        let left = patience.saturating_duration_since(Instant::now());
        let next = tokio::time::timeout(left, said.recv()).await.expect("it is said in time").unwrap();
        if wanted(&next) {
            return next;
        }
    }
}

#[tokio::test]
async fn a_real_session_play_follow_pull_the_device_skip_in_the_app_give_way() {
    let stage = Stage::new(Options { song_seconds: Some(8), ..Options::default() }).await;
    let (tell, mut said) = mpsc::unbounded_channel();
    let connect = Connect::start(stage.calls.clone(), "Living room", move |what| drop(tell.send(what)));
    let songs: Vec<String> = stage.standin.world(|world| world.songs.iter().map(|song| song.uri()).collect());
    let piece = |tag: i64| Piece { tag, uri: songs[tag as usize].clone(), length: None };
    let plays = || stage.standin.world(|world| world.playing());

    connect.order(Order::Play(piece(1)));
    connect.order(Order::Next(piece(2)));
    hear(&mut said, |s| matches!(s, Said::Started(1, _))).await;
    hear(&mut said, |s| *s == Said::Ended(1)).await;
    hear(&mut said, |s| matches!(s, Said::Started(2, Some(length)) if *length == Duration::from_secs(8))).await;
    assert_eq!(plays().unwrap().0, songs[2]);

    // The device is pulled, and returns under another id.
    connect.order(Order::Play(piece(6)));
    hear(&mut said, |s| matches!(s, Said::Started(6, _))).await;
    stage.standin.world(|world| world.device_off("Living room"));
    let silent = hear(&mut said, |s| matches!(s, Said::Silent(..) | Said::Ended(6))).await;
    assert!(matches!(&silent, Said::Silent(Cause::Device, words) if words.contains("Living room")), "{silent:?}");
    stage.standin.world(|world| world.device_on("Living room"));
    hear(&mut said, |s| *s == Said::Back).await;

    connect.order(Order::Play(piece(3)));
    hear(&mut said, |s| matches!(s, Said::Started(3, _))).await;
    connect.order(Order::Next(piece(4)));
    let handed = Instant::now() + Duration::from_secs(30);
    while stage.standin.world(|world| world.queued().is_empty()) {
        assert!(Instant::now() < handed, "the next is handed over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stage.standin.world(|world| world.skip());
    hear(&mut said, |s| matches!(s, Said::Started(4, _))).await;

    let device = stage.standin.world(|world| world.devices[0].id.clone());
    stage.standin.world(|world| world.play(Some(&device), vec![songs[400].clone()], Duration::ZERO));
    let gave_way = hear(&mut said, |s| matches!(s, Said::GaveWay(_))).await;
    assert!(matches!(&gave_way, Said::GaveWay(words) if words.contains("Living room")), "{gave_way:?}");
    assert_eq!(plays().unwrap().0, songs[400]);
    connect.order(Order::Resume);
    connect.order(Order::Play(piece(5)));
    hear(&mut said, |s| matches!(s, Said::Started(5, _))).await;

    // At the end the device is left in silence.
    drop(connect);
    let patience = Instant::now() + Duration::from_secs(30);
    while plays().is_some_and(|(.., runs)| runs) {
        assert!(Instant::now() < patience, "it is paused at the end");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn without_premium_it_is_said() {
    let stage = Stage::new(Options { premium: false, ..Options::default() }).await;
    let (tell, mut said) = mpsc::unbounded_channel();
    let connect = Connect::start(stage.calls.clone(), "", move |what| drop(tell.send(what)));
    let uri = stage.standin.world(|world| world.songs[0].uri());
    connect.order(Order::Play(Piece { tag: 1, uri, length: None }));
    let silent = hear(&mut said, |s| matches!(s, Said::Silent(..))).await;
    assert!(matches!(&silent, Said::Silent(Cause::Premium, words) if words.contains("Premium")), "{silent:?}");
    assert!(stage.calls.line().standing().borrow().no_premium);
}
