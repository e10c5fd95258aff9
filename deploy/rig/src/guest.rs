//! The emulated Raspberry Pi: QEMU, and a shell on its serial line.
//!
//! In: what `deploy/rig/image` made, and commands. Out: what they said, and lines that the guest sends
//! over its network. What fails: QEMU does not start, a command ends with another status than 0 or
//! not in time. Everything on the serial line is kept in `target/rig/console.log`.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};

/// From power on to a shell; on a busy machine everything takes several times as long.
const BOOT: Duration = Duration::from_secs(240);

/// What the guest's first program says before the shell.
const READY: &str = "RIG: ready";

/// A program of another Debian release, with its own loader and libraries. It ends with the rig, however
/// that ends.
pub fn tool(tools: &Path, program: &str) -> Command {
    let libraries = tools.join("usr/lib/x86_64-linux-gnu");
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]).arg(libraries.join("ld-linux-x86-64.so.2"));
    command.arg("--library-path").arg(&libraries).arg(tools.join(program));
    command
}

/// See the module.
pub struct Guest {
    qemu: Child,
    keys: ChildStdin,
    lines: Receiver<String>,
    commands: u32,
}

impl Guest {
    /// Switches it on and waits for its shell.
    pub fn boot(rig: &Path) -> Result<Self> {
        let (tools, boot) = (rig.join("tools"), rig.join("boot"));
        let mut command = tool(&tools, "usr/bin/qemu-system-aarch64");
        command
            .args(["-M", "raspi3b", "-display", "none", "-no-reboot", "-monitor", "none"])
            .args(["-serial", "null", "-serial", "stdio", "-L"])
            .arg(tools.join("usr/share/qemu"))
            .arg("-kernel")
            .arg(boot.join("vmlinuz"))
            .arg("-initrd")
            .arg(boot.join("initrd.gz"))
            .arg("-dtb")
            .arg(boot.join("pi3.dtb"))
            .args(["-append", "console=ttyS1,115200 quiet loglevel=3 panic=-1 dwc2.g_dma=0 trace_buf_size=8M"])
            .args(["-netdev", "user,id=n0", "-device", "usb-net,netdev=n0"])
            .env("QEMU_MODULE_DIR", tools.join("usr/lib/x86_64-linux-gnu/qemu"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(rig.join("qemu.log"))?);
        let mut qemu = command.spawn().context("cannot start QEMU")?;
        let keys = qemu.stdin.take().context("QEMU takes no input")?;
        let serial = qemu.stdout.take().context("QEMU gives no output")?;
        let mut log = File::create(rig.join("console.log"))?;
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(serial).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
                // A full disk takes the log, not the run.
                let _ = writeln!(log, "{line}");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut guest = Self { qemu, keys, lines, commands: 0 };
        guest
            .read_until(READY, BOOT)
            .context("the emulated Pi does not boot; see target/rig/console.log and qemu.log")?;
        Ok(guest)
    }

    /// Runs a command in the guest's shell; what it wrote on standard output.
    pub fn run(&mut self, command: &str, limit: Duration) -> Result<String> {
        let (said, status) = self.try_run(command, limit)?;
        ensure!(status == 0, "in the guest, `{command}` ended with {status}: {}", said.trim());
        Ok(said)
    }

    /// As [`Self::run`], whatever the status.
    pub fn try_run(&mut self, command: &str, limit: Duration) -> Result<(String, i32)> {
        self.commands += 1;
        // In two parts, so that an echo of the command cannot pass for its end.
        let mark = format!("RIG-{}-end", self.commands);
        writeln!(self.keys, "{command}\necho \"RIG-{}-\"end $ended", self.commands).context("the guest is gone")?;
        let (said, last) = self.read_until(&mark, limit).with_context(|| format!("in the guest: `{command}`"))?;
        let status = last.split_once(&mark).and_then(|(_, status)| status.trim().parse().ok()).unwrap_or(-1);
        Ok((said, status))
    }

    fn read_until(&mut self, mark: &str, limit: Duration) -> Result<(String, String)> {
        let end = Instant::now() + limit;
        let mut said = String::new();
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(mark) => return Ok((said, line)),
                Ok(line) => {
                    said.push_str(&line);
                    said.push('\n');
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("no answer in {} s; last was: {}", limit.as_secs(), tail(&said))
                }
                Err(RecvTimeoutError::Disconnected) => bail!("QEMU ended; last was: {}", tail(&said)),
            }
        }
    }

    /// Switches it off as a person would.
    pub fn off(mut self) -> Result<()> {
        // The answer may get lost with the power.
        let _ = writeln!(self.keys, "sync; reboot -f");
        let end = Instant::now() + Duration::from_secs(30);
        while self.qemu.try_wait()?.is_none() {
            if Instant::now() > end {
                self.qemu.kill()?;
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

fn tail(said: &str) -> String {
    let lines: Vec<&str> = said.lines().collect();
    lines[lines.len().saturating_sub(5)..].join(" | ")
}

/// Lines that the guest sends to a port of this machine, kept in a file too.
pub struct Wire {
    /// The port.
    pub port: u16,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Wire {
    /// Opens a port; a few connections are taken, one after the other.
    pub fn open(copy: &Path) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let lines: Arc<Mutex<Vec<String>>> = Arc::default();
        let (own, mut copy) = (Arc::clone(&lines), File::create(copy)?);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                receive(stream, &mut copy, &own);
            }
        });
        Ok(Self { port, lines })
    }

    /// Takes the lines that came since the last call.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn receive(stream: impl Read, copy: &mut File, lines: &Mutex<Vec<String>>) {
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).trim_end_matches('\r').to_owned();
        // A full disk takes the copy, not the run.
        let _ = writeln!(copy, "{line}");
        lines.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}
