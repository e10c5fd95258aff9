//! The program itself, as a child process.

use std::{
    env,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::PATIENCE;

/// The program with nothing set but what `keys` set: pairs of `section.key` and value.
pub fn command(keys: &[(&str, &str)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_moodring-device"));
    for (name, _) in env::vars().filter(|(name, _)| name.starts_with("MOODRING_") || name == "RUST_LOG") {
        command.env_remove(name);
    }
    command.env("MOODRING_TFLITE", library()).env("MOODRING_DEVICE__MQTT__HOST", "127.0.0.1");
    for (key, value) in keys {
        command.env(format!("MOODRING_DEVICE__{}", key.to_uppercase().replace('.', "__")), value);
    }
    command
}

/// The TensorFlow Lite library, where `make setup` leaves it or `MOODRING_TFLITE` says.
pub fn library() -> PathBuf {
    let path = env::var_os("MOODRING_TFLITE")
        .map_or_else(|| workspace().join("target/tflite/libtensorflowlite_c.so"), PathBuf::from);
    assert!(path.is_file(), "{} is not there: run deploy/fetch-tflite", path.display());
    path
}

/// The root of the repository.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The clip of the demo.
pub fn clip() -> String {
    workspace().join("deploy/demo/clip").to_str().unwrap().to_owned()
}

/// Runs the program to its end; what it said on standard output and standard error.
pub fn end(mut command: Command) -> (ExitStatus, String, String) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status, text(output.stdout), text(output.stderr))
}

/// `moodring-device run` in the background; killed when dropped.
pub struct Device {
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    pub started: Instant,
}

impl Device {
    /// Starts `run` against the broker on this port.
    pub fn run(port: u16, keys: &[(&str, &str)]) -> Self {
        Self::run_with(port, keys, |_| {})
    }

    /// The same, its command changed first.
    pub fn run_with(port: u16, keys: &[(&str, &str)], change: impl FnOnce(&mut Command)) -> Self {
        let port = port.to_string();
        let mut command = command(&[("id", "hall"), ("mqtt.port", &port)]);
        command.envs(self::command(keys).get_envs().filter_map(|(name, value)| Some((name, value?))));
        change(&mut command);
        let mut child = command.arg("run").stderr(Stdio::piped()).spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (store, stderr) = (Arc::clone(&log), child.stderr.take().unwrap());
        thread::spawn(move || {
            for line in BufReader::new(stderr.take(1 << 20)).lines().map_while(Result::ok) {
                store.lock().unwrap().push(line);
            }
        });
        Self { child, log, started: Instant::now() }
    }

    /// What it said on standard error so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }

    /// The lines of the log that contain `words`.
    pub fn lines_with(&self, words: &str) -> usize {
        self.log().iter().filter(|line| line.contains(words)).count()
    }

    /// Waits until the log has said `words` so often, and checks that it did not say them more often.
    pub fn said(&self, words: &str, times: usize) {
        let start = Instant::now();
        while self.lines_with(words) < times {
            assert!(start.elapsed() < PATIENCE, "{words:?} was not said {times} times: {:#?}", self.log());
            thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(self.lines_with(words), times, "{:#?}", self.log());
    }

    /// Sends a signal by its name.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the end; how long that took, and how it ended.
    pub fn wait(&mut self) -> (Duration, ExitStatus) {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (start.elapsed(), status);
            }
            assert!(start.elapsed() < 4 * PATIENCE, "it does not end; it said {:#?}", self.log());
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
