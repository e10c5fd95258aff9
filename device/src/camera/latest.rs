//! The newest frame, whoever is slow: capture on a thread of its own, one slot for the result.
//!
//! Enters: a way to open a camera. Leaves: always the newest [`Frame`]; older ones are dropped and
//! counted, never queued. A camera that fails is dropped and opened again, after a pause that
//! grows; [`Capture::state`] says in words how it stands. Nothing here fails.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Camera, CameraError, Closing, trouble};
use crate::frame::Frame;

/// The first pause before a camera is opened again; each further one is twice as long.
pub const FIRST_PAUSE: Duration = Duration::from_millis(250);

/// The longest pause before a camera is opened again.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// The longest pause where a camera is only looked for: it may be there at any moment.
pub const LONGEST_ABSENCE: Duration = Duration::from_secs(2);

/// A camera that fails sooner than this after its first frame is no better than one that fails at once.
const STEADY: Duration = Duration::from_secs(5);

/// The name of the thread that captures.
pub(super) const THREAD: &str = "capture";

/// What came of waiting for a frame.
#[derive(Debug)]
pub enum Next {
    /// The newest frame, never given before.
    Frame(Frame),
    /// None came within the time.
    Nothing,
    /// None will come any more: the clip is over, or capture was stopped.
    Ended,
}

/// How the camera stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CameraState {
    /// It is being opened for the first time.
    Opening,
    /// It gives frames; what it is, in words.
    Running(String),
    /// It gives none; why, in words. It is tried again.
    Problem(String),
    /// The clip is over, or capture was stopped.
    Ended,
}

/// A camera at work on a thread of its own.
#[derive(Debug)]
pub struct Capture {
    shared: Arc<Shared>,
    closing: Closing,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    slot: Mutex<Slot>,
    changed: Condvar,
}

#[derive(Debug)]
struct Slot {
    frame: Option<Frame>,
    state: CameraState,
    captured: u64,
    dropped: u64,
    stop: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slot> {
        // The slot is whole at every instant, so a panic elsewhere does not spoil it.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Capture {
    /// Begins to capture from what `open` opens; it is called again after each failure. What it opens
    /// gives up waiting once it is told to close.
    ///
    /// # Panics
    /// If the system cannot start a thread.
    pub fn start<F>(open: F) -> Self
    where
        F: FnMut(&Closing) -> Result<Box<dyn Camera>, CameraError> + Send + 'static,
    {
        let slot = Slot { frame: None, state: CameraState::Opening, captured: 0, dropped: 0, stop: false };
        let shared = Arc::new(Shared { slot: Mutex::new(slot), changed: Condvar::new() });
        let closing = Closing::default();
        let (inside, heed) = (Arc::clone(&shared), closing.clone());
        let thread = thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
            quiet();
            run(open, &inside, &heed);
            inside.lock().state = CameraState::Ended;
            inside.changed.notify_all();
        });
        Self { shared, closing, thread: Some(thread.expect("the system can start a thread")) }
    }

    /// Waits at most `timeout` for a frame newer than the last one given.
    pub fn next(&self, timeout: Duration) -> Next {
        let waits = |slot: &mut Slot| slot.frame.is_none() && slot.state != CameraState::Ended;
        let (mut slot, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), timeout, waits)
            .unwrap_or_else(PoisonError::into_inner);
        let next = match slot.frame.take() {
            Some(frame) => Next::Frame(frame),
            None if slot.state == CameraState::Ended => Next::Ended,
            None => Next::Nothing,
        };
        drop(slot);
        self.shared.changed.notify_all();
        next
    }

    /// How the camera stands.
    pub fn state(&self) -> CameraState {
        self.shared.lock().state.clone()
    }

    /// Frames captured since the start.
    pub fn captured(&self) -> u64 {
        self.shared.lock().captured
    }

    /// Frames dropped since the start because a newer one was there before they were looked at.
    pub fn dropped(&self) -> u64 {
        self.shared.lock().dropped
    }

    /// Stops and waits for the camera to be closed: a fraction of a second, unless the system hangs.
    pub fn stop(mut self) {
        self.close();
    }

    fn close(&mut self) {
        self.closing.ask();
        self.shared.lock().stop = true;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was already reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        self.close();
    }
}

/// Panics of this thread are caught and told as problems of the camera, once each; without this,
/// every retry would put the same one on standard error, with a backtrace.
fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if thread::current().name() != Some(THREAD) {
                usual(info);
            }
        }));
    });
}

fn run<F>(mut open: F, shared: &Shared, closing: &Closing)
where
    F: FnMut(&Closing) -> Result<Box<dyn Camera>, CameraError>,
{
    let mut open = || open(closing);
    let mut failures = 0;
    loop {
        // The V4L2 crate panics on answers of a driver that it does not know.
        let result = catch_unwind(AssertUnwindSafe(|| watch(&mut open, shared, &mut failures)));
        let error = match result {
            Ok(Ok(()) | Err(CameraError::End(_) | CameraError::Closing)) => return,
            Ok(Err(error)) => error,
            Err(panic) => CameraError::Bad {
                path: PathBuf::from("camera"),
                why: format!("broke down: {}", trouble::words(&*panic)),
            },
        };
        let pause = pause_after(failures).min(if error.is_absence() { LONGEST_ABSENCE } else { LONGEST_PAUSE });
        failures = failures.saturating_add(1);
        let problem = error.to_string();
        let mut slot = shared.lock();
        if slot.state != CameraState::Problem(problem.clone()) {
            tracing::warn!("{problem}; trying again");
            slot.state = CameraState::Problem(problem);
            shared.changed.notify_all();
        }
        let until = Instant::now() + pause;
        while !slot.stop {
            let Some(left) = until.checked_duration_since(Instant::now()) else { break };
            slot = shared.changed.wait_timeout(slot, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if slot.stop {
            return;
        }
    }
}

/// How long to wait before opening again, after so many failures in a row.
fn pause_after(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(failures)).min(LONGEST_PAUSE)
}

/// Opens the camera and puts its frames into the slot until it fails (`Err`) or is stopped (`Ok`).
fn watch<F>(open: &mut F, shared: &Shared, failures: &mut u32) -> Result<(), CameraError>
where
    F: FnMut() -> Result<Box<dyn Camera>, CameraError>,
{
    let mut camera = open()?;
    let mut told = None;
    let mut began: Option<Instant> = None;
    loop {
        let frame = camera.next()?;
        // A clip may have given way to a camera.
        let (what, live) = (camera.describe(), camera.is_live());
        let mut slot = shared.lock();
        if !live {
            let waits = |slot: &mut Slot| slot.frame.is_some() && !slot.stop;
            slot = shared.changed.wait_while(slot, waits).unwrap_or_else(PoisonError::into_inner);
        }
        if slot.stop {
            return Ok(());
        }
        if told.as_ref() != Some(&what) {
            tracing::info!("camera: {what}");
            slot.state = CameraState::Running(what.clone());
            told = Some(what);
        }
        if began.get_or_insert_with(Instant::now).elapsed() >= STEADY {
            *failures = 0;
        }
        slot.captured += 1;
        if slot.frame.replace(frame).is_some() {
            slot.dropped += 1;
        }
        drop(slot);
        shared.changed.notify_all();
    }
}

#[cfg(test)]
#[path = "latest_tests.rs"]
mod tests;
