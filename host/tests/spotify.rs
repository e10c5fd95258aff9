//! The whole host with the stand-in for Spotify, as a household meets it: log in, a mood, music, a skip in
//! Spotify's own app, the device pulled, the quota spent, the log-in over.
#![allow(clippy::unwrap_used)] // Here an unwrap is an assertion, in functions beside the tests too.

#[path = "common/contract.rs"]
#[allow(dead_code)]
mod contract;
#[path = "room/support.rs"]
#[allow(dead_code)]
mod support;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use moodring_host::{
    config::{self, Config},
    host::Host,
    library::{
        Ending, Store, TrackQuery,
        import::import,
        spotify::{Find, Origin},
    },
    player::local::Output,
    spotify::refresh::{ASKED, Progress, Refresh, Stopped},
    steer::Steer,
    view::Paused,
};
use moodring_mood::{Emotion, Mood};
use moodring_spotify::{Calls, Spotify, login::Attempt};
use moodring_spotify_standin::{Entry, Kind, Options, Standin};
use support::{Device, until};
use tokio::sync::watch;

const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
const LONG: Duration = Duration::from_secs(60);

struct Stage {
    standin: Standin,
    dir: tempfile::TempDir,
    config: Config,
}

impl Stage {
    async fn new(song_seconds: u64) -> Self {
        let options = Options { song_seconds: Some(song_seconds), ..Options::default() };
        let standin = Standin::start(LOOPBACK, options).await.unwrap();
        let mut config = Config::default();
        config.mqtt.port = 0;
        config.web.listen.set_port(0);
        config.player.output = Output::Null;
        config.music.seed = 7;
        config.spotify = config::Spotify {
            client_id: "app".into(),
            api_url: standin.api_url(),
            auth_url: standin.auth_url(),
            search_pages: 1,
            ..config::Spotify::default()
        };
        config.spotify.playlists.happy = "sunny days".into();
        Self { standin, dir: tempfile::tempdir().unwrap(), config }
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    async fn log_in(&self) {
        let attempt = Attempt::begin(&self.config.spotify.account(&self.state())).unwrap();
        let address = attempt.address.clone();
        let redirected = tokio::task::spawn_blocking(move || redirect(&address)).await.unwrap();
        attempt.finish(&redirected).await.unwrap();
    }

    fn refresh(&self, store: &Store) -> (Refresh, watch::Receiver<Progress>) {
        let (progress, seen) = watch::channel(Progress::default());
        let calls = Calls::new(Spotify::open(&self.config.spotify.account(&self.state())));
        let settings = Arc::new(self.config.spotify.clone());
        let (store, changed) = (store.clone(), watch::channel(0).0);
        (Refresh { calls, store, settings, progress, asked: Arc::default(), changed }, seen)
    }

    /// Logged in, and the music found.
    async fn with_music(self) -> Self {
        self.log_in().await;
        let store = Store::open(&self.state()).await.unwrap();
        self.refresh(&store).0.round().await.unwrap();
        store.close().await;
        self
    }

    async fn start(&self) -> Host {
        Host::start(&self.config, &self.state()).await.map_err(|e| e.to_string()).unwrap()
    }

    /// Until the account plays something; gives the song's words.
    async fn heard(&self, what: &str, is: impl Fn(&str, bool) -> bool) -> String {
        let patience = Instant::now() + LONG;
        loop {
            let now = self.standin.world(|world| {
                let (uri, _, runs) = world.playing()?;
                Some((world.song(&uri)?.about.clone(), uri, runs))
            });
            if let Some((about, uri, runs)) = &now
                && is(about, *runs)
            {
                return uri.clone();
            }
            assert!(Instant::now() < patience, "waited in vain until {what}: {now:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// Where a browser is sent to.
fn redirect(address: &str) -> String {
    let (host, path) = address.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let answer = ask(host, &format!("GET /{path}"), "");
    let line = answer.lines().find_map(|line| line.strip_prefix("location: "));
    line.unwrap_or_else(|| panic!("no redirect in {answer}")).trim().to_owned()
}

/// The whole answer to a request line.
fn ask(host: &str, line: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let about = format!("Host: {host}\r\nContent-Type: application/json\r\nContent-Length: {}", body.len());
    stream.write_all(format!("{line} HTTP/1.1\r\nConnection: close\r\n{about}\r\n\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The same of the page, held to what `openapi.yaml` promises.
fn promised(page: &str, line: &str, body: &str) -> String {
    let answer = ask(page, line, body);
    contract::holds(line, &contract::Answer::read(answer.as_bytes()));
    answer
}

fn get(page: &str, path: &str) -> String {
    promised(page, &format!("GET {path}"), "")
}

fn post(page: &str, path: &str, body: &str) -> String {
    promised(page, &format!("POST {path}"), body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mood_plays_on_the_device_and_what_is_done_in_the_app_counts() {
    let mut stage = Stage::new(600).await;
    stage.config.spotify.local_instead = false;
    stage.log_in().await;
    let host = stage.start().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    // The refresh runs beside it; as soon as there is something, it plays.
    stage.heard("happy music plays", |about, runs| runs && about.contains("happy")).await;
    let state =
        until(&host.handle, "it is shown", |s| s.playing.as_ref().is_some_and(|p| p.length_s == Some(600.0))).await;
    assert_eq!(state.playing.as_ref().unwrap().mood, Mood::Happy);
    assert!(device.told(|told| told.playing.is_some()).await.playing.is_some());

    // A mood change makes no look-up.
    let searches = |stage: &Stage| {
        stage.standin.world(|w| w.calls.iter().filter(|c| c.contains("/search") || c.contains("/items")).count())
    };
    let patience = Instant::now() + LONG;
    while host.handle.spotify().unwrap().view().await.unwrap().refresh.ended.is_none() {
        assert!(Instant::now() < patience, "the refresh ends");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let before = searches(&stage);
    device.mood(Mood::Sad).await;
    until(&host.handle, "sad music comes next", |s| s.queue.first().is_some_and(|q| q.mood == Mood::Sad)).await;
    assert_eq!(searches(&stage), before);

    // Few lie ahead in the device's queue.
    let patience = Instant::now() + LONG;
    while stage.standin.world(|w| w.queued().len()) < 2 {
        assert!(Instant::now() < patience, "two or three lie ahead");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(stage.standin.world(|w| w.queued().len()) <= 3);

    // Somebody skips in Spotify's own app.
    let first = state.playing.as_ref().unwrap().track;
    stage.standin.world(|world| world.skip());
    until(&host.handle, "the next plays", |s| s.playing.as_ref().is_some_and(|p| p.track != first)).await;
    let history = host.handle.history(5).await.unwrap();
    let skipped = history.iter().find(|play| play.track == first).unwrap();
    assert_eq!(skipped.ending, Some(Ending::Skipped));

    // Somebody pauses there, and goes on here.
    stage.standin.world(|world| world.run(false));
    until(&host.handle, "the pause is noticed", |s| s.paused == Paused::ByHand).await;
    host.handle.steer(Steer::Play).unwrap();
    stage.heard("it goes on", |_, runs| runs).await;

    // Somebody plays something else: Moodring gives way, and says so.
    let theirs = stage.standin.world(|world| {
        let (song, device) = (world.songs[419].uri(), world.devices[0].id.clone());
        world.play(Some(&device), vec![song.clone()], Duration::ZERO);
        song
    });
    let state = until(&host.handle, "it gives way", |s| s.playing.is_none() && s.paused == Paused::ByHand).await;
    assert!(state.notices.iter().any(|n| n.contains("press play")), "{:?}", state.notices);
    assert_eq!(stage.standin.world(|world| world.playing().unwrap().0), theirs);
    host.handle.steer(Steer::Play).unwrap();
    stage.heard("it is taken over", |about, runs| runs && about.contains("sad")).await;

    host.stop().await;
    assert!(!stage.standin.world(|world| world.playing().unwrap().2), "a device is left in silence");
}

#[tokio::test(flavor = "multi_thread")]
async fn music_for_a_mood_that_was_felt_before_it_was_found_plays_once_it_is() {
    let stage = Stage::new(600).await;
    stage.log_in().await;
    let host = stage.start().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Sad).await;
    // A playlist of happy music is the first that is found, and stands in.
    stage.heard("something plays", |_, runs| runs).await;
    let patience = Instant::now() + LONG;
    while host.handle.spotify().unwrap().view().await.unwrap().refresh.ended.is_none() {
        assert!(Instant::now() < patience, "the refresh ends");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    until(&host.handle, "nothing stands in any more", |s| {
        !s.queue.is_empty() && s.queue.iter().all(|q| !q.reason.contains("so "))
    })
    .await;
    host.handle.steer(Steer::Skip).unwrap();
    stage.heard("sad music plays", |about, runs| runs && about.contains("sad")).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_is_pulled_is_missed_and_goes_on_where_it_was() {
    let stage = Stage::new(600).await.with_music().await;
    let host = stage.start().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let song = stage.heard("happy music plays", |about, runs| runs && about.contains("happy")).await;
    stage.standin.world(|world| world.device_off("Living room"));
    until(&host.handle, "the device is missed", |s| s.notices.iter().any(|n| n.contains("Living room"))).await;
    stage.standin.world(|world| world.device_on("Living room"));
    assert_eq!(stage.heard("it goes on", |_, runs| runs).await, song, "where it was");
    until(&host.handle, "all is well", |s| !s.notices.iter().any(|n| n.contains("Living room"))).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_quota_is_spent_that_is_said_and_local_music_takes_over_for_the_next_song() {
    let stage = Stage::new(7).await.with_music().await;
    let host = stage.start().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    stage.heard("happy music plays", |about, runs| runs && about.contains("happy")).await;
    let quota = Kind::Status { status: 429, retry_after: Some(43_200), reason: Some("QUOTA_EXCEEDED".into()) };
    stage.standin.world(|world| world.break_down("/", 1000, quota));
    let mut state = host.handle.state.clone();
    let said = state.wait_for(|s| s.notices.iter().any(|n| n.contains("quota")));
    tokio::time::timeout(LONG, said).await.expect("it is said").unwrap();
    let mut state = host.handle.state.clone();
    let local = state.wait_for(|s| s.playing.as_ref().is_some_and(|p| p.length_s != Some(7.0)));
    let state = tokio::time::timeout(LONG, local).await.expect("local music plays").unwrap().clone();
    assert_eq!(state.playing.as_ref().unwrap().mood, Mood::Happy);
    assert!(!stage.standin.world(|world| world.playing().unwrap().2), "never both at once");
    let asked = stage.standin.world(|world| world.calls.len());
    host.stop().await;

    // Nor is anything asked after a restart.
    let host = stage.start().await;
    device = Device::connect("hall", &host.broker).await;
    device.mood(Mood::Sad).await;
    until(&host.handle, "local music plays on", |s| s.playing.is_some()).await;
    assert_eq!(stage.standin.world(|world| world.calls.len()), asked);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_that_is_over_is_asked_for_anew_and_taken_up() {
    let mut stage = Stage::new(600).await.with_music().await;
    // The port of the log-in is one's own, as tests run beside one another.
    stage.config.spotify.callback_port = std::net::TcpListener::bind(LOOPBACK).unwrap().local_addr().unwrap().port();
    let host = stage.start().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    stage.heard("happy music plays", |_, runs| runs).await;
    stage.standin.world(|world| world.end_consent());
    host.handle.steer(Steer::Skip).unwrap();
    until(&host.handle, "a log-in is asked for", |s| s.notices.iter().any(|n| n.contains("log in again"))).await;
    let renewals =
        |stage: &Stage| stage.standin.world(|w| w.calls.iter().filter(|c| c.contains("refresh_token")).count());
    assert_eq!(renewals(&stage), 1, "no loop");
    // On the page, as from another machine: the address is pasted.
    let page = host.page.to_string();
    let answer = post(&page, "/api/spotify/login", "{}");
    let address = answer
        .split("\"address\":\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .unwrap_or_else(|| panic!("{answer}"));
    let redirected = redirect(address);
    let wrong = post(&page, "/api/spotify/paste", "{\"address\": \"http://example.org/\"}");
    assert!(wrong.contains("400") && wrong.contains("paste the whole address"), "{wrong}");
    let right = post(&page, "/api/spotify/paste", &format!("{{\"address\": {redirected:?}}}"));
    assert!(right.contains("\"ok\":true"), "{right}");
    until(&host.handle, "all is well", |s| !s.notices.iter().any(|n| n.contains("log in"))).await;
    let shown = get(&page, "/spotify");
    assert!(shown.contains("Music comes from Spotify") || shown.contains("Plays on"), "{shown}");
    assert!(!shown.contains("secret-"), "no token on the page");
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_goes_on_after_a_restart_where_it_was_and_retires_what_is_gone() {
    let stage = Stage::new(60).await;
    stage.log_in().await;
    let store = Store::open(&stage.state()).await.unwrap();
    let refresh = || stage.refresh(&store);
    let count = |what: &str| stage.standin.world(|w| w.calls.iter().filter(|c| c.contains(what)).count());
    // Everything up to the liked tracks, which come last.
    stage.standin.world(|world| {
        world.break_down("/me/tracks", 9, Kind::Status { status: 503, retry_after: None, reason: None });
    });
    let (first, seen) = refresh();
    assert!(matches!(first.round().await, Err(Stopped::Spotify(_))));
    let (at, steps) = seen.borrow().steps.unwrap();
    assert_eq!(at + 1, steps, "the last step is under way");
    let searches = count("/search");
    assert!(searches > 20);
    drop(first);
    stage.standin.world(|world| world.mend());
    let (second, _seen) = refresh();
    tokio::time::sleep(Duration::from_secs(2)).await;
    second.round().await.unwrap();
    assert_eq!(count("/search"), searches, "what is done is not done again");
    let stock = store.spotify_stock().await.unwrap();
    assert!(stock.tracks > 50 && stock.by_emotion.iter().all(|n| *n > 5) && stock.fillers > 0, "{stock:?}");

    // The next round reads a playlist only if it changed, and retires what is no longer in it.
    let items = count("/items");
    stage.standin.world(|world| {
        world.playlists[0].change(|entries| entries.retain(|entry| !matches!(entry, Entry::Song(3))));
        world.liked.truncate(1);
    });
    second.round().await.unwrap();
    assert_eq!(count("/items"), items + 1);
    let round = second.kept_round().await.unwrap().unwrap();
    assert!(round.retired > 0 && round.new == 0, "{round:?}");
    second.round().await.unwrap();
    assert_eq!(count("/items"), items + 1, "an unchanged playlist is not read again");
    let sad = TrackQuery { emotion: Some(Emotion::Sad), ..TrackQuery::default() };
    assert!(store.tracks(&sad).await.unwrap().total > 5);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wish_to_look_for_music_is_kept_until_spotify_can_answer() {
    let stage = Stage::new(60).await.with_music().await;
    let store = Store::open(&stage.state()).await.unwrap();
    let wished = async || store.noted(ASKED).await.unwrap().is_some_and(|word| word == "yes");
    store.note(ASKED, "yes").await.unwrap();
    stage.standin.world(|world| {
        world.break_down("/me/playlists", 9, Kind::Status { status: 503, retry_after: None, reason: None });
    });
    let (refresh, seen) = stage.refresh(&store);
    let before = refresh.kept_round().await.unwrap();
    assert!(matches!(refresh.round().await, Err(Stopped::Spotify(_))));
    assert!(wished().await);
    assert_eq!(refresh.kept_round().await.unwrap(), before);
    assert_eq!(seen.borrow().steps, None, "none is under way, and another may be wished");
    stage.standin.world(|world| world.mend());
    tokio::time::sleep(Duration::from_secs(2)).await;
    refresh.round().await.unwrap();
    assert!(!wished().await, "once is enough");
    assert_ne!(refresh.kept_round().await.unwrap(), before);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_clock_that_was_ahead_found_is_retired_when_it_is_gone() {
    let stage = Stage::new(60).await;
    stage.log_in().await;
    let store = Store::open(&stage.state()).await.unwrap();
    let find = Find {
        uri: "spotify:track:gone".into(),
        title: "Gone".into(),
        artist: "A".into(),
        album: String::new(),
        length_ms: None,
        explicit: false,
    };
    let origin = Origin { source: "search", origin: "words of another day".into(), emotion: Some(Emotion::Sad) };
    let ahead = "2061-05-01T12:00:00Z".parse().unwrap();
    store.keep_finds(&[find], &origin, ahead).await.unwrap();
    let (refresh, _seen) = stage.refresh(&store);
    refresh.round().await.unwrap();
    assert_eq!(refresh.kept_round().await.unwrap().unwrap().retired, 1);
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_songs_of_an_imported_list_are_looked_for_and_stay() {
    let stage = Stage::new(60).await;
    stage.log_in().await;
    let store = Store::open(&stage.state()).await.unwrap();
    let song = stage.standin.world(|world| world.songs.iter().find(|s| s.about.contains("happy")).unwrap().clone());
    let list = stage.dir.path().join("fear.csv");
    let lines = format!("Name,Album,Artist\n{},{},{}\nNo Such Song,,Nobody\n", song.name, song.album, song.artist);
    std::fs::write(&list, lines).unwrap();
    import(&store, &[list], None).await.unwrap();
    let (refresh, _seen) = stage.refresh(&store);
    let searches = || stage.standin.world(|w| w.calls.iter().filter(|c| c.contains("/search")).count());
    let mut asked = Vec::new();
    for _ in 0..2 {
        let before = searches();
        refresh.round().await.unwrap();
        asked.push(searches() - before);
        let left: Vec<_> = store.still_wanted().await.unwrap().into_iter().map(|wanted| wanted.song.title).collect();
        assert_eq!(left, ["No Such Song"]);
        let query = TrackQuery { text: song.name.clone(), emotion: Some(Emotion::Fear), ..TrackQuery::default() };
        let found = store.tracks(&query).await.unwrap().tracks;
        assert!(found.iter().any(|track| track.artist == song.artist), "{found:?}");
        let round = refresh.kept_round().await.unwrap().unwrap();
        assert!(round.complaints.iter().any(|c| c.contains("imported lists") && c.ends_with(": 1")), "{round:?}");
    }
    assert_eq!(asked[0] - asked[1], 1, "what was found is not looked for again");
    store.close().await;
}

/// The program; killed when dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn command(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moodring-host"));
    command
        .args(arguments)
        .env("MOODRING_HOST_CONFIG", "/dev/null")
        .env("MOODRING_HOST__STATE_DIR", stage.state())
        .env("MOODRING_HOST__PLAYER__OUTPUT", "null")
        .env("MOODRING_HOST__MQTT__PORT", "0")
        .env("MOODRING_HOST__WEB__LISTEN", "127.0.0.1:0")
        .env("MOODRING_HOST__SPOTIFY__CLIENT_ID", "app")
        .env("MOODRING_HOST__SPOTIFY__API_URL", stage.standin.api_url())
        .env("MOODRING_HOST__SPOTIFY__AUTH_URL", stage.standin.auth_url())
        .env("MOODRING_HOST__SPOTIFY__SEARCH_PAGES", "1")
        .env("RUST_LOG", "trace,rspotify=trace,rspotify_http::reqwest=trace");
    command
}

/// Runs a command to its end; gives what it printed.
fn output(stage: &Stage, arguments: &[&str], log: &Path) -> String {
    let log = std::fs::File::options().append(true).create(true).open(log).unwrap();
    let output = command(stage, arguments).stderr(log).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_commands_on_the_command_line_and_no_token_in_any_log() {
    let stage = Stage::new(600).await;
    let log = stage.dir.path().join("log");
    assert!(output(&stage, &["spotify", "status"], &log).contains("nobody is logged in"));
    let told = std::fs::File::options().append(true).create(true).open(&log).unwrap();
    let mut login = command(&stage, &["spotify", "login", "--paste"]);
    let mut login = Program(login.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(told).spawn().unwrap());
    let mut lines = BufReader::new(login.0.stdout.take().unwrap()).lines();
    let address =
        lines.find_map(|line| line.unwrap().trim().strip_prefix("http://").map(|a| format!("http://{a}"))).unwrap();
    let redirected = redirect(&address);
    writeln!(login.0.stdin.take().unwrap(), "{redirected}").unwrap();
    let said: Vec<String> = lines.map(Result::unwrap).collect();
    assert!(login.0.wait().unwrap().success(), "{said:?}");
    assert!(said.last().unwrap().contains("logged in"), "{said:?}");

    let listed = output(&stage, &["spotify", "playlists", "happy", "Sunny days"], &log);
    assert!(listed.contains("Sunny days  for happy") && listed.contains("somebody else's"), "{listed}");
    let found = output(&stage, &["spotify", "refresh"], &log);
    assert!(found.contains("tracks found") && found.contains("your playlist “Sunny days” for happy"), "{found}");
    let status = output(&stage, &["spotify", "status"], &log);
    assert!(status.starts_with("logged in\n") && status.contains("calls in the last 24 hours: "), "{status}");

    let told = std::fs::File::options().append(true).open(&log).unwrap();
    let mut run = command(&stage, &["run"]);
    let mut run = Program(run.stdout(Stdio::piped()).stderr(told).spawn().unwrap());
    let mut line = String::new();
    BufReader::new(run.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let page = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect(&line).to_owned();
    post(&page, "/api/play", "{}");
    stage.heard("music plays", |_, runs| runs).await;
    assert!(output(&stage, &["spotify", "refresh"], &log).contains("was asked"));
    let asked = ["/api/state", "/api/spotify", "/api/tracks?limit=50", "/api/history"];
    let state: String = asked.map(|path| get(&page, path)).concat();
    stage.standin.world(|world| world.expire_access());
    post(&page, "/api/skip", "{}");
    drop(run);
    assert!(output(&stage, &["spotify", "logout"], &log).contains("forgotten"));
    let all = std::fs::read_to_string(&log).unwrap() + &state + &status + &found + &listed + &said.concat();
    assert!(all.len() > 1000 && !all.contains("secret-access") && !all.contains("secret-refresh"), "a token in a log");
}
