//! `rpicam-vid` as a child process: its pictures from one pipe, its words from another.
//!
//! Enters: a command and its arguments. Leaves: bytes, as they come, and the lines that were said.
//! What fails: a program that cannot be started. Whatever happens to this program, the child is gone
//! with it: it is stopped when [`Program`] is dropped, and the kernel kills it if we are killed.
//! Reading waits in slices, so that closing is never held up by a camera that hangs.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal};

use super::said::Said;
use crate::camera::Closing;

/// How long a wait is cut into, to see whether anybody still wants frames.
const SLICE: Duration = Duration::from_millis(50);

/// How long the program may take to end after it was asked to.
const POLITE: Duration = Duration::from_millis(500);

/// The largest pipe that the kernel grants to everybody.
const PIPE: usize = 1 << 20;

const ESRCH: i32 = 3;

/// What came of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Got {
    /// There are bytes to be read, or there is an end to be seen.
    Ready,
    /// So many bytes, at least one.
    Bytes(usize),
    /// None within the time.
    Nothing,
    /// None any more: the program closed its output, or ended.
    End,
    /// Nobody wants any.
    Closing,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    /// `None` once it is at its end.
    out: Option<ChildStdout>,
    err: Option<ChildStderr>,
    said: Said,
}

impl Program {
    /// Starts `command`.
    ///
    /// # Errors
    /// What the system says: not found, not executable, no process or pipe left.
    pub(super) fn start<A: AsRef<OsStr>>(command: &OsStr, arguments: &[A]) -> io::Result<Self> {
        let mut start = Command::new(command);
        // A group of its own, so that a script and what it started are stopped together. What the system
        // says is understood in English only.
        start.args(arguments).process_group(0).env("LC_ALL", "C");
        start.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let parent = rustix::process::getpid();
        // SAFETY: between fork and exec the closure makes two system calls, and allocates nothing.
        unsafe {
            start.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                // The parent may have died before the kernel was told.
                if rustix::process::getppid() == Some(parent) {
                    Ok(())
                } else {
                    Err(io::Error::from_raw_os_error(ESRCH))
                }
            });
        }
        let mut child = start.spawn()?;
        let (out, err) = (child.stdout.take(), child.stderr.take());
        if let Some(out) = &out {
            // With room for a whole frame the program need not wait for us. Without it works too.
            let _ = rustix::pipe::fcntl_setpipe_size(out, PIPE);
        }
        Ok(Self { child, out, err, said: Said::default() })
    }

    /// Waits for bytes of the output, at most until `until`, and listens to what is said meanwhile. What
    /// was said before the first of the bytes has been heard when this returns.
    pub(super) fn wait(&mut self, until: Instant, closing: &Closing) -> Got {
        loop {
            if closing.is_asked() {
                return Got::Closing;
            }
            let left = until.saturating_duration_since(Instant::now());
            let (out, err) = self.ready(left.min(SLICE));
            if err {
                self.listen();
            }
            if out {
                return Got::Ready;
            }
            if left.is_zero() {
                return Got::Nothing;
            }
        }
    }

    /// Whether there is something to be read at once.
    pub(super) fn is_ready(&self) -> bool {
        self.ready(Duration::ZERO).0
    }

    /// As [`Self::wait`], and reads what there is into `buffer`, which must not be empty.
    pub(super) fn read(&mut self, buffer: &mut [u8], until: Instant, closing: &Closing) -> Got {
        match self.wait(until, closing) {
            Got::Ready => {}
            other => return other,
        }
        let Some(out) = &mut self.out else { return Got::End };
        loop {
            match out.read(buffer) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => {
                    self.out = None;
                    return Got::End;
                }
                Ok(count) => return Got::Bytes(count),
            }
        }
    }

    /// Which of the two pipes have something, or are at their end.
    fn ready(&self, wait: Duration) -> (bool, bool) {
        if self.out.is_none() && self.err.is_none() {
            return (true, false);
        }
        let fds = [self.out.as_ref().map(AsFd::as_fd), self.err.as_ref().map(AsFd::as_fd)];
        let wait = Timespec::try_from(wait).unwrap_or_default();
        let mut polled: Vec<PollFd<'_>> =
            fds.iter().flatten().map(|fd: &BorrowedFd<'_>| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
        // Interrupted by a signal, or out of memory: as if nothing had come yet.
        let _ = poll(&mut polled, Some(&wait));
        let mut polled = polled.iter().map(|fd| !fd.revents().is_empty());
        let mut next = |fd: &Option<BorrowedFd<'_>>| fd.is_some() && polled.next() == Some(true);
        let (out, err) = (next(&fds[0]), next(&fds[1]));
        (out || self.out.is_none(), err)
    }

    /// Takes in what is said, as long as there is more.
    fn listen(&mut self) {
        let mut chunk = [0; 4096];
        // A program that talks without end must not keep us from its pictures.
        for _ in 0..64 {
            let Some(err) = &mut self.err else { return };
            match err.read(&mut chunk) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => self.err = None,
                Ok(count) => self.said.hear(&chunk[..count]),
            }
            if !self.ready(Duration::ZERO).1 {
                return;
            }
        }
    }

    /// What it said so far.
    pub(super) const fn said(&self) -> &Said {
        &self.said
    }

    /// After its output ended: how it ended, if it did within a moment, and its last words.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        let until = Instant::now() + POLITE;
        let status = wait_until(&mut self.child, until);
        // Its last words may have come after the end of its output; a child of it may still talk.
        while self.err.is_some() && Instant::now() < until {
            match self.ready(Duration::ZERO).1 {
                true => self.listen(),
                false if status.is_some() => break,
                false => thread::sleep(Duration::from_millis(5)),
            }
        }
        status
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // One that ended already has been waited for, and its number may be another's by now.
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let group = Pid::from_child(&self.child);
        // Asked like this, the program stops the camera in order.
        let _ = rustix::process::kill_process_group(group, Signal::INT);
        // It may be waiting for somebody to read its pictures.
        (self.out, self.err) = (None, None);
        if wait_until(&mut self.child, Instant::now() + POLITE).is_none() {
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
            // A driver that hangs keeps even a killed program, and with it the camera: as long as it
            // does, the camera is not closed, and must not be called so.
            let _ = self.child.wait();
        }
    }
}

fn wait_until(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            _ => return None,
        }
    }
}
