//! The two programs, running, and what they say.

use std::{
    env,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use moodring_pairing::wire::Kept;
use serde_json::Value;

/// How long anything may take on a loaded machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until something is there.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A program that runs, and its log; killed when dropped.
struct Running {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let outputs: [Box<dyn Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for output in outputs {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                for line in BufReader::new(output.take(1 << 20)).lines().map_while(Result::ok) {
                    log.lock().unwrap().push(line);
                }
            });
        }
        Self { child, log }
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    fn last_with(&self, words: &str) -> Option<String> {
        self.log().into_iter().rev().find(|line| line.contains(words))
    }

    fn said(&self, words: &str) -> String {
        let start = Instant::now();
        loop {
            if let Some(line) = self.last_with(words) {
                return line;
            }
            assert!(start.elapsed() < PATIENCE, "{words:?} was not said: {:#?}", self.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&mut self) {
        let stopped = Command::new("kill").args(["-s", "TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(stopped.success());
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn clean(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("MOODRING_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command
}

/// `moodring-host run`.
pub struct Host {
    running: Running,
    pub page: String,
    pub broker: (String, u16),
    pub door: SocketAddr,
}

/// The command line of the host with this state.
pub fn host_command(state: &Path, keys: &[(&str, &str)]) -> Command {
    let mut command = clean(env!("CARGO_BIN_EXE_moodring-host"));
    let own = [
        ("player.output", "null"),
        ("mqtt.port", "0"),
        ("web.listen", "127.0.0.1:0"),
        ("pairing.enabled", "true"),
        ("pairing.host", "127.0.0.1"),
        ("pairing.port", "0"),
        ("pairing.mqtt_port", "0"),
        ("pairing.announce", "false"),
        ("pairing.name", "Living room"),
    ];
    command.env("MOODRING_HOST__STATE_DIR", state);
    for (key, value) in own.iter().chain(keys) {
        command.env(format!("MOODRING_HOST__{}", key.to_uppercase().replace('.', "__")), value);
    }
    command
}

impl Host {
    pub fn run(state: &Path, keys: &[(&str, &str)]) -> Self {
        let mut command = host_command(state, keys);
        command.arg("run");
        let running = Running::start(command);
        let line = running.said("the page is at");
        let page = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect(&line).to_owned();
        let (host, port) = line.trim().rsplit(' ').next().and_then(|at| at.rsplit_once(':')).expect(&line);
        let broker = (host.to_owned(), port.parse().unwrap());
        let door = running.said("devices pair at").rsplit(' ').next().unwrap().parse().unwrap();
        Self { running, page, broker, door }
    }

    pub fn stop(mut self) {
        self.running.stop();
    }

    /// What the page answers: the status and the body.
    pub fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.page).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = format!("Content-Type: application/json\r\nContent-Length: {}", body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{length}\r\n\r\n{body}",
            self.page
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let json =
            body.find('{').zip(body.rfind('}')).map(|(from, to)| serde_json::from_str(&body[from..=to]).unwrap());
        (status, json.unwrap_or_default())
    }

    /// Types a code for a device.
    pub fn type_code(&self, device: &str, code: &str) -> (u16, String) {
        let body = serde_json::json!({ "device": device, "code": code }).to_string();
        let (status, answer) = self.ask("POST", "/api/pairing", &body);
        (status, answer["error"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until a device waits to be paired.
    pub fn until_waiting(&self, device: &str) {
        until(&format!("{device} waits"), || {
            let (_, view) = self.ask("GET", "/api/pairing", "");
            view["waiting"].as_array().unwrap().iter().any(|one| one["device"] == device).then_some(())
        });
    }

    /// Waits until a device is online and has told a mood since, or is offline.
    pub fn until_online(&self, device: &str, online: bool) {
        until(&format!("{device} online: {online}; {:#?}", self.running.log()), || {
            let (_, state) = self.ask("GET", "/api/state", "");
            let found = state["devices"].as_array()?.iter().find(|one| one["id"] == device)?.clone();
            // What the broker retained tells of earlier; who is connected is known now.
            let (_, view) = self.ask("GET", "/api/pairing", "");
            let inside = view["paired"].as_array()?.iter().any(|one| one["device"] == device && one["inside"] == true);
            (found["online"] == online && inside == online && found["health"].is_object()).then_some(())
        });
    }

    pub fn log(&self) -> Vec<String> {
        self.running.log()
    }
}

/// The device's program: built with this workspace's tests, else now.
fn device_program() -> PathBuf {
    let program = env::current_exe().unwrap().parent().unwrap().parent().unwrap().join("moodring-device");
    if !program.exists() {
        let built = Command::new(env!("CARGO")).args(["build", "--locked", "-p", "moodring-device"]).status().unwrap();
        assert!(built.success());
    }
    program
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `moodring-device run` with the demo's clip.
pub struct Device {
    running: Running,
    state: PathBuf,
}

impl Device {
    pub fn run(state: &Path, id: &str, keys: &[(&str, &str)]) -> Self {
        let mut command = Self::command(state, id, keys);
        command.arg("run");
        Self { running: Running::start(command), state: state.to_owned() }
    }

    pub fn command(state: &Path, id: &str, keys: &[(&str, &str)]) -> Command {
        let library = env::var_os("MOODRING_TFLITE")
            .map_or_else(|| workspace().join("target/tflite/libtensorflowlite_c.so"), PathBuf::from);
        assert!(library.is_file(), "{} is not there: run deploy/fetch-tflite", library.display());
        let mut command = clean(device_program());
        command.env("MOODRING_TFLITE", library).env("STATE_DIRECTORY", state);
        let clip = workspace().join("deploy/demo/clip");
        let own = [("id", id), ("camera.source", "replay"), ("camera.replay.path", clip.to_str().unwrap())];
        for (key, value) in own.iter().chain(keys) {
            command.env(format!("MOODRING_DEVICE__{}", key.to_uppercase().replace('.', "__")), value);
        }
        command
    }

    /// The code that it shows, other than `before`.
    pub fn code(&self, before: &str) -> String {
        until("a code is shown", || {
            let line = self.running.last_with("to pair this device, type ")?;
            let code = line.split("type ").nth(1)?.get(..7)?.to_owned();
            (code != before).then_some(code)
        })
    }

    pub fn said(&self, words: &str) -> String {
        self.running.said(words)
    }

    pub fn log(&self) -> Vec<String> {
        self.running.log()
    }

    /// What it keeps of its host.
    pub fn kept(&self) -> Option<Kept> {
        serde_json::from_str(&std::fs::read_to_string(self.state.join("host.json")).ok()?).ok()
    }

    pub fn stop(mut self) {
        self.running.stop();
    }
}

/// A port that nobody has now.
pub fn free_port() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string()
}

/// Another code than this.
pub fn other_than(code: &str) -> String {
    let digits: u32 = code.replace(' ', "").parse().unwrap();
    format!("{:06}", (digits + 1) % 1_000_000)
}
