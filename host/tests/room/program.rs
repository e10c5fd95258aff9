//! The program as an operating system meets it: signals, exit statuses, a kill without warning.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use moodring_mood::Mood;

use crate::support::{Device, Home, LONG};

/// The program, running; killed when dropped.
pub struct Program {
    child: Child,
    pub page: String,
    pub broker: (String, u16),
}

impl Program {
    /// No file may grow beyond so many bytes from now on.
    pub fn limit_files(&self, bytes: &str) {
        let limit = [format!("--pid={}", self.child.id()), format!("--fsize={bytes}:unlimited")];
        assert!(Command::new("prlimit").args(limit).status().unwrap().success());
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn command(home: &Home, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moodring-host"));
    command
        .args(arguments)
        .env("MOODRING_HOST_CONFIG", "/dev/null")
        .env("MOODRING_HOST__STATE_DIR", home.state())
        .env("MOODRING_HOST__MUSIC__FOLDER", &home.config.music.folder)
        .env("MOODRING_HOST__PLAYER__OUTPUT", "null")
        .env("MOODRING_HOST__MQTT__PORT", "0")
        .env("MOODRING_HOST__WEB__LISTEN", "127.0.0.1:0")
        .stdin(Stdio::null());
    command
}

pub fn run(home: &Home) -> Program {
    run_with(home, |program| program)
}

/// The same, started in another way.
pub fn run_with(home: &Home, start: impl FnOnce(Command) -> Command) -> Program {
    let mut child = start(command(home, &["run"])).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    // "the page is at http://127.0.0.1:1234/, the broker at 127.0.0.1:1235"
    let page = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect(&line).to_owned();
    let (host, port) = line.trim().rsplit(' ').next().and_then(|at| at.rsplit_once(':')).expect(&line);
    Program { child, page, broker: (host.to_owned(), port.parse().unwrap()) }
}

pub fn output(mut command: Command) -> (Output, String) {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    (output, said)
}

/// Whether the program with these arguments ends well, and what it says.
pub fn says(home: &Home, arguments: &[&str]) -> (bool, String) {
    let (output, said) = output(command(home, arguments));
    (output.status.success(), said)
}

pub fn get(page: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(page).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

pub fn post(page: &str, path: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(page).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let about = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
    write!(stream, "POST {path} HTTP/1.1\r\nHost: {page}\r\nConnection: close\r\n{about}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The body of an answer.
fn json(answer: &str) -> serde_json::Value {
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    serde_json::from_str(&body[body.find('{').unwrap()..=body.rfind('}').unwrap()]).unwrap()
}

/// Asks for the state until it contains this.
pub async fn until_state(page: &str, contains: &str) -> String {
    until(page, "/api/state", contains).await
}

/// Asks for this until it contains that.
pub async fn until(page: &str, path: &str, contains: &str) -> String {
    let patience = Instant::now() + LONG;
    loop {
        let answer = get(page, path);
        if answer.contains(contains) {
            return answer;
        }
        assert!(Instant::now() < patience, "waited in vain for {contains}: {answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The queue as the page shows it, without the reasons, which count the seconds.
fn queue(state: &str) -> Vec<String> {
    let state = json(state);
    state["queue"].as_array().unwrap().iter().map(|next| next["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_it_soon() {
    let home = Home::with(&[("happy/sun.wav", 60.0)]);
    for signal in ["-TERM", "-INT"] {
        let mut program = run(&home);
        let mut device = Device::connect("kitchen", &program.broker).await;
        device.mood(Mood::Happy).await;
        until_state(&program.page, "\"sun\"").await;
        device.told(|told| told.playing.is_some()).await;
        let start = Instant::now();
        assert!(Command::new("kill").args([signal, &program.child.id().to_string()]).status().unwrap().success());
        // The devices hear that nothing plays any more.
        device.told(|told| told.playing.is_none()).await;
        let status = program.child.wait().unwrap();
        assert!(status.success(), "{signal}: {status}");
        // Well under a second; much more on a machine that is busy with other things.
        assert!(start.elapsed() < Duration::from_secs(10), "{signal}: {:?}", start.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_without_warning_loses_nothing() {
    let names: Vec<String> = (0..9).map(|n| format!("happy/{n}.wav")).collect();
    let music: Vec<(&str, f32)> = names.iter().map(|name| (name.as_str(), 60.0)).collect();
    let home = Home::with(&music);
    let mut program = run(&home);
    until_state(&program.page, "\"scan\":null").await;
    let mut device = Device::connect("kitchen", &program.broker).await;
    device.mood(Mood::Happy).await;
    let before = until_state(&program.page, "not played before").await;
    let waiting = queue(&until_state(&program.page, "\"position_s\":1").await);
    assert_eq!(waiting.len(), 3, "{before}");
    // A like and a ban, of tracks that neither play nor wait, so that they change nothing else.
    let all = json(&get(&program.page, "/api/tracks"));
    let playing = json(&before)["playing"]["title"].clone();
    let idle = |track: &&serde_json::Value| {
        track["title"] != playing && waiting.iter().all(|title| track["title"] != title.as_str())
    };
    let idle: Vec<_> = all["tracks"].as_array().unwrap().iter().filter(idle).map(|t| t["id"].clone()).collect();
    let (liked, banned) = (&idle[0], &idle[1]);
    for (path, body) in [
        (format!("/api/tracks/{liked}/like"), r#"{"liked":true}"#),
        (format!("/api/tracks/{banned}/not-for"), r#"{"mood":"happy","banned":true}"#),
    ] {
        let answer = post(&program.page, &path, body);
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    program.child.kill().unwrap();
    program.child.wait().unwrap();

    let program = run(&home);
    // The broker kept the mood; it is fresh, so music goes on with what was to come.
    let after = until_state(&program.page, "\"playing\":{").await;
    let playing = waiting.iter().any(|title| after.contains(&format!("\"title\":\"{title}\"")));
    assert!(playing, "{waiting:?} should go on: {after}");
    let all = json(&get(&program.page, "/api/tracks"));
    let with = |key: &str, value: serde_json::Value| -> Vec<_> {
        all["tracks"].as_array().unwrap().iter().filter(|t| t[key] == value).map(|t| t["id"].clone()).collect()
    };
    assert_eq!(with("liked", true.into()), std::slice::from_ref(liked), "the like is kept");
    assert_eq!(with("not_for", serde_json::json!(["happy"])), std::slice::from_ref(banned), "the ban is kept");
    drop(program);
    let store = moodring_host::library::Store::open(&home.state()).await.unwrap();
    let history = store.history(None, 10).await.unwrap();
    let first = history.last().unwrap();
    assert_eq!(first.ending, Some(moodring_host::library::Ending::Lost));
    assert_eq!(history[history.len() - 2].title, waiting[0], "the first that waited was played next");
}

#[tokio::test(flavor = "multi_thread")]
async fn taken_ports_are_named() {
    let home = Home::with(&[("happy/sun.wav", 1.0)]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    for (key, value, says) in [
        ("MOODRING_HOST__MQTT__PORT", at.port().to_string(), "is taken, perhaps by another broker: set mqtt.port"),
        ("MOODRING_HOST__WEB__LISTEN", at.to_string(), "another program uses this port"),
    ] {
        let mut command = command(&home, &["run"]);
        command.env(key, value);
        let (output, said) = output(command);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(says) && said.contains(&at.port().to_string()), "{said}");
        assert_eq!(said.lines().filter(|line| line.starts_with("moodring-host: ")).count(), 1, "{said}");
    }
}

#[test]
fn mistakes_in_the_settings_are_named() {
    let home = Home::with(&[]);
    let file = home.dir.path().join("host.toml");
    std::fs::write(&file, "[music]\nrepeat_windw = 3\n").unwrap();
    let (output_, said) = output(command(&home, &["check-config", "--config", file.to_str().unwrap()]));
    assert_eq!(output_.status.code(), Some(1));
    assert!(said.contains("host.toml:2: unknown key `repeat_windw`; did you mean `repeat_window`?"), "{said}");
    std::fs::write(&file, "[music]\nrepeat_window = 3\n").unwrap();
    let (output_, said) = output(command(&home, &["check-config", "--config", file.to_str().unwrap()]));
    assert_eq!((output_.status.code(), said.starts_with("the settings are right")), (Some(0), true), "{said}");
    std::fs::write(&file, "[mqtt]\nbroker = \"external\"\nusername = \"me\"\npassword_file = \"/nowhere/word\"\n")
        .unwrap();
    let mut external = command(&home, &["check-config", "--config", file.to_str().unwrap()]);
    external.env("MOODRING_HOST__MQTT__PORT", "1883");
    let (output_, said) = output(external);
    assert_eq!(output_.status.code(), Some(1), "{said}");
    assert!(said.contains("mqtt.password_file = /nowhere/word: No such file"), "{said}");
    std::fs::remove_dir(&home.config.music.folder).unwrap();
    let (output_, said) = output(command(&home, &["check-config"]));
    assert_eq!(output_.status.code(), Some(1), "{said}");
    assert!(said.contains("music.folder = ") && said.contains("music: No such file"), "{said}");
}
