//! The program as systemd's: what it tells its manager, what it writes, and what it remembers.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader},
    os::{
        fd::OwnedFd,
        unix::{fs::MetadataExt, net::UnixDatagram},
    },
    path::Path,
    process::{Child, Command},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use common::{
    Broker, Ear, PATIENCE,
    device::{clip, command},
};
use moodring_mood::Leaf;

/// The service manager's end: a program it started, and what that program tells.
struct Manager {
    child: Child,
    messages: mpsc::Receiver<String>,
    log: mpsc::Receiver<String>,
    _folder: tempfile::TempDir,
}

impl Manager {
    /// Starts `run`, with a watchdog that wants to be fed at least every three seconds.
    fn start(keys: &[(&str, &str)], variables: &[(&str, &Path)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let socket = UnixDatagram::bind(folder.path().join("notify")).unwrap();
        let (tell, messages) = mpsc::channel();
        thread::spawn(move || {
            let mut message = [0; 1024];
            while let Ok(length) = socket.recv(&mut message) {
                for line in String::from_utf8_lossy(&message[..length]).lines() {
                    // The test may be over.
                    let _ = tell.send(line.to_owned());
                }
            }
        });
        let (reader, writer) = io::pipe().unwrap();
        let stderr = File::from(OwnedFd::from(writer.try_clone().unwrap())).metadata().unwrap();
        let mut command = command(&[&[("id", "hall")], keys].concat());
        command.env("NOTIFY_SOCKET", folder.path().join("notify")).env("WATCHDOG_USEC", "3000000");
        command.env("JOURNAL_STREAM", format!("{}:{}", stderr.dev(), stderr.ino()));
        command.envs(variables.iter().copied());
        let child = command.arg("run").stderr(writer).spawn().unwrap();
        let (say, log) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines().map_while(Result::ok) {
                // The test may be over.
                let _ = say.send(line);
            }
        });
        Self { child, messages, log, _folder: folder }
    }

    /// What is told within this time.
    fn told(&self, within: Duration) -> Vec<String> {
        thread::sleep(within);
        self.messages.try_iter().collect()
    }

    /// Waits until this is told; all that was told until then.
    fn wait_for(&self, what: &str) -> Vec<String> {
        let (mut told, start) = (Vec::new(), Instant::now());
        while !told.iter().any(|line: &String| line.contains(what)) {
            assert!(start.elapsed() < PATIENCE, "{what} was not told: {told:?}");
            told.extend(self.told(Duration::from_millis(50)));
        }
        told
    }

    fn signal(&self, name: &str) {
        assert!(Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Tells it to end; how long that took.
    fn stop(&mut self) -> Duration {
        let start = Instant::now();
        self.signal("TERM");
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(status.success(), "{status}");
                return start.elapsed();
            }
            assert!(start.elapsed() < PATIENCE, "it does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for a line of the log that contains this.
    fn logged(&self, what: &str) -> String {
        let start = Instant::now();
        let mut lines = Vec::new();
        while start.elapsed() < PATIENCE {
            lines.extend(self.log.recv_timeout(Duration::from_millis(100)));
            if let Some(line) = lines.iter().find(|line| line.contains(what)) {
                return line.clone();
            }
        }
        panic!("{what:?} was not logged: {lines:#?}");
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn replay(clip: &str) -> [(&str, &str); 2] {
    [("camera.source", "replay"), ("camera.replay.path", clip)]
}

const FED: &str = "WATCHDOG=1";

#[test]
fn systemd_is_told_ready_alive_how_it_goes_and_the_end() {
    // There is no broker: nobody waits for one.
    let port = Broker::start().port.to_string();
    let clip = clip();
    let mut manager = Manager::start(&[&replay(&clip)[..], &[("mqtt.port", &port)]].concat(), &[]);
    manager.wait_for("READY=1");
    manager.wait_for("STATUS=happy, 1 in view; the broker is away");
    let fed = manager.told(Duration::from_secs(4)).iter().filter(|line| *line == FED).count();
    assert!((2..=6).contains(&fed), "{fed} times in 4 s, where 3 s may pass between two");
    // The journal reads how important a line is from its beginning, and adds the time itself.
    assert!(manager.logged("no connection to the broker").starts_with("<4>no connection"));
    let time = manager.stop();
    assert!(time < Duration::from_secs(5), "{time:?}");
    assert!(manager.told(Duration::from_millis(300)).contains(&"STOPPING=1".to_owned()));
    println!("from SIGTERM to the end: {time:?}");
}

#[test]
fn the_watchdog_is_fed_while_it_is_known_why_there_are_no_frames() {
    let broker = Broker::start();
    let port = broker.port.to_string();
    let missing = [("camera.source", "v4l2"), ("camera.device", "/dev/video99"), ("mqtt.port", port.as_str())];
    let manager = Manager::start(&missing, &[]);
    manager.wait_for("STATUS=no camera at /dev/video99");
    thread::sleep(Duration::from_secs(11));
    manager.told(Duration::from_millis(500));
    assert!(manager.told(Duration::from_secs(3)).contains(&FED.to_owned()), "a restart would not plug it in");
}

#[test]
fn a_camera_that_hangs_starves_the_watchdog_and_holds_up_no_goodbye() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("hangs.y4m");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Whoever opens it waits for somebody to write, for ever.
    let mut manager = Manager::start(&replay(pipe.to_str().unwrap()), &[]);
    manager.wait_for("READY=1");
    thread::sleep(Duration::from_secs(12));
    manager.told(Duration::from_millis(500));
    assert!(!manager.told(Duration::from_secs(4)).contains(&FED.to_owned()));
    let time = manager.stop();
    assert!(time < Duration::from_secs(5), "{time:?}");
}

#[test]
fn a_configuration_is_read_again_and_what_needs_a_restart_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("device.toml");
    let write = |text: &str| fs::write(&file, text).unwrap();
    write("[mood]\nmargin = 0.1\n");
    let clip = clip();
    let mut manager = Manager::start(&replay(&clip), &[("MOODRING_DEVICE_CONFIG", &file)]);
    manager.wait_for("READY=1");
    write("[mood]\nmargin = 0.2\n[health]\nevery_s = 1\n[mqtt]\nkeep_alive_s = 20\n[log]\nlevel = \"debug\"\n");
    manager.signal("HUP");
    let told = manager.wait_for("READY=1");
    assert!(told.contains(&"RELOADING=1".to_owned()) && told.iter().any(|line| line.starts_with("MONOTONIC_USEC=")));
    let line = manager.logged("reloaded: ");
    assert_eq!(
        line,
        "<6>reloaded: the new [mood], [health], [log] are in force; the new [mqtt] need a restart: systemctl restart \
         moodring-device"
    );
    manager.logged("<7>");
    write("[mood]\nmargn = 0.2\n");
    manager.signal("HUP");
    let line = manager.logged("did you mean `margin`?");
    assert!(line.starts_with("<3>") && line.ends_with("all stays as it was"), "{line}");
    assert!(manager.child.try_wait().unwrap().is_none());
    manager.stop();
}

#[test]
fn privacy_outlives_a_restart() {
    let broker = Broker::start();
    let ear = Ear::new(broker.port);
    let folder = tempfile::tempdir().unwrap();
    let (port, clip) = (broker.port.to_string(), clip());
    let keys = [&replay(&clip)[..], &[("mqtt.port", &port)]].concat();
    let start = || Manager::start(&keys, &[("STATE_DIRECTORY", folder.path())]);
    let mut manager = start();
    ear.wait_for_last(Leaf::Paused, "off");
    ear.tell("moodring/hall/set/paused", "on", false);
    ear.wait_for_last(Leaf::Paused, "on");
    manager.stop();
    let mut manager = start();
    manager.logged("the camera stays closed");
    manager.wait_for("STATUS=the camera is closed on purpose");
    ear.wait_for_last(Leaf::Paused, "on");
    ear.tell("moodring/hall/set/paused", "off", false);
    ear.wait_for_last(Leaf::Paused, "off");
    manager.stop();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn steady_it_writes_nothing_to_disk_and_its_memory_is_flat() {
    let broker = Broker::start();
    let (port, clip) = (broker.port.to_string(), clip());
    let fast = [("camera.replay.pace", "fast"), ("health.every_s", "1"), ("mqtt.port", port.as_str())];
    let mut manager = Manager::start(&[&replay(&clip)[..], &fast].concat(), &[]);
    // Which mood settles at full speed is up to the machine: a scene of the clip is over in a moment.
    manager.wait_for("in view");
    thread::sleep(Duration::from_secs(3));
    let value = |file: &str, key: &str| -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/{file}", manager.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    let (written, memory) = (value("io", "write_bytes:"), value("status", "VmRSS:"));
    thread::sleep(Duration::from_secs(6));
    let (written, grown) = (value("io", "write_bytes:") - written, value("status", "VmRSS:").saturating_sub(memory));
    println!(
        "in 6 s of replay at full speed: {written} bytes written to disk; {memory} KiB of memory and {grown} more"
    );
    assert_eq!(written, 0);
    assert!(grown < 4096, "{grown} KiB more");
    manager.stop();
}
