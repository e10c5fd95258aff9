//! The program as systemd meets it: what it is told, and when.

use std::{
    os::unix::net::UnixDatagram,
    process::{Child, Command, Stdio},
    time::Instant,
};

use crate::{
    program::command,
    support::{Home, LONG},
};

/// A program that does not outlive a test that fails.
struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Everything that is told until `wanted` is among it.
fn told(manager: &UnixDatagram, wanted: &str) -> String {
    let patience = Instant::now() + LONG;
    let mut said = String::new();
    let mut buffer = [0; 4096];
    while !said.lines().any(|line| line.starts_with(wanted)) {
        assert!(Instant::now() < patience, "{wanted} is missing: {said}");
        manager.set_read_timeout(Some(LONG)).unwrap();
        let length = manager.recv(&mut buffer).unwrap_or_else(|e| panic!("{wanted} is missing ({e}): {said}"));
        said += &String::from_utf8_lossy(&buffer[..length]);
        said.push('\n');
    }
    said
}

#[test]
fn systemd_is_told_ready_and_alive_and_stopping() {
    let home = Home::with(&[]);
    let socket = home.state().parent().unwrap().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    let mut program = command(&home, &["run"]);
    program.env("NOTIFY_SOCKET", &socket).env("WATCHDOG_USEC", "1500000");
    let mut service = Service(program.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    let ready = told(&manager, "READY=1");
    assert!(!ready.contains("WATCHDOG=1"), "first ready, then alive: {ready}");
    told(&manager, "WATCHDOG=1");
    // And again, not only at the start.
    told(&manager, "WATCHDOG=1");
    assert!(Command::new("kill").args(["-TERM", &service.0.id().to_string()]).status().unwrap().success());
    told(&manager, "STOPPING=1");
    assert!(service.0.wait().unwrap().success());
}
