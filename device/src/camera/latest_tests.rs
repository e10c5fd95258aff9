//! Capture with cameras that count, stall, fail, panic and come back.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use moodring_vision::Range;

use super::*;
use crate::frame::{Picture, PixelFormat};

/// Gives a frame every `every`, up to `last`; then `error`.
struct Counting {
    every: Duration,
    seq: u64,
    last: u64,
    live: bool,
    error: fn() -> CameraError,
}

impl Camera for Counting {
    fn next(&mut self) -> Result<Frame, CameraError> {
        if self.seq == self.last {
            return Err((self.error)());
        }
        thread::sleep(self.every);
        self.seq += 1;
        let picture = Picture::new(PixelFormat::Grey, 1, 1, 0, Range::Full, vec![self.seq as u8]).unwrap();
        Ok(Frame { at: Timestamp::now(), seq: self.seq - 1, picture })
    }

    fn describe(&self) -> String {
        "a camera that counts".to_owned()
    }

    fn is_live(&self) -> bool {
        self.live
    }
}

fn counting(last: u64, every_ms: u64) -> Counting {
    let every = Duration::from_millis(every_ms);
    Counting { every, seq: 0, last, live: true, error: || CameraError::End("clip".into()) }
}

const LONG: Duration = Duration::from_secs(10);

fn all_seqs(capture: &Capture, pause: impl Fn(&Capture)) -> Vec<u64> {
    let mut seqs = Vec::new();
    loop {
        match capture.next(LONG) {
            Next::Frame(frame) => seqs.push(frame.seq),
            Next::Ended => return seqs,
            Next::Nothing => panic!("no frame for {LONG:?} after {seqs:?}"),
        }
        pause(capture);
    }
}

#[test]
fn a_slow_reader_skips_frames_and_always_gets_the_newest() {
    let capture = Capture::start(|_| Ok(Box::new(counting(60, 5))));
    // As slow as five frames take, however long they take.
    let slow = |capture: &Capture| {
        let enough = capture.captured() + 5;
        while capture.captured() < enough && capture.state() != CameraState::Ended {
            thread::sleep(Duration::from_millis(1));
        }
    };
    let seqs = all_seqs(&capture, slow);
    assert!(seqs.is_sorted() && *seqs.last().unwrap() == 59, "{seqs:?}");
    assert!(seqs.len() < 20, "{seqs:?}");
    assert_eq!(capture.captured(), 60);
    assert_eq!(capture.dropped(), 60 - seqs.len() as u64);
    assert_eq!(capture.state(), CameraState::Ended);
}

#[test]
fn a_replay_that_waits_loses_no_frame() {
    let capture = Capture::start(|_| Ok(Box::new(Counting { live: false, ..counting(20, 0) })));
    assert_eq!(all_seqs(&capture, |_| thread::sleep(Duration::from_millis(2))), (0..20).collect::<Vec<_>>());
    assert_eq!(capture.dropped(), 0);
}

#[test]
fn a_camera_that_fails_is_opened_again_and_the_problem_is_told() {
    static OPENED: AtomicU32 = AtomicU32::new(0);
    static SEEN: AtomicU32 = AtomicU32::new(0);
    let capture = Capture::start(|_| {
        let before = OPENED.fetch_add(1, Ordering::Relaxed);
        // A problem stands until it has been seen, however busy the machine is.
        while SEEN.load(Ordering::Relaxed) < before {
            thread::sleep(Duration::from_millis(1));
        }
        match before {
            0 => Ok(Box::new(Counting {
                error: || CameraError::Lost { path: "/dev/video7".into(), why: "unplugged".to_owned() },
                ..counting(3, 1)
            })),
            1 => Err(CameraError::Missing("/dev/video7".into())),
            _ => Ok(Box::new(counting(u64::MAX, 5))),
        }
    });
    let mut problems = Vec::new();
    let mut frames = 0;
    while problems.len() < 2 || capture.state() != CameraState::Running("a camera that counts".to_owned()) {
        if let Next::Frame(_) = capture.next(Duration::from_millis(10)) {
            frames += 1;
        }
        if let CameraState::Problem(problem) = capture.state()
            && problems.last() != Some(&problem)
        {
            problems.push(problem);
            SEEN.fetch_add(1, Ordering::Relaxed);
        }
        assert!(frames < 1000, "{problems:?}");
    }
    assert_eq!(problems[0], "/dev/video7 is gone: unplugged");
    assert!(problems[1].starts_with("no camera at /dev/video7"), "{problems:?}");
    capture.stop();
    assert_eq!(OPENED.load(Ordering::Relaxed), 3);
}

#[test]
fn a_camera_that_panics_is_one_that_fails() {
    static OPENED: AtomicU32 = AtomicU32::new(0);
    let capture = Capture::start(|_| match OPENED.fetch_add(1, Ordering::Relaxed) {
        0 => panic!("as the V4L2 crate does"),
        _ => Ok(Box::new(counting(1, 0))),
    });
    assert_eq!(all_seqs(&capture, |_| {}), [0]);
}

#[test]
fn waiting_ends_in_time_and_stopping_does_not_wait_for_the_back_off() {
    let capture = Capture::start(|_| Err(CameraError::Missing("/dev/video7".into())));
    let start = Instant::now();
    assert!(matches!(capture.next(Duration::from_millis(50)), Next::Nothing));
    assert!(start.elapsed() < Duration::from_secs(5));
    capture.stop();
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn the_pause_doubles_up_to_its_limit() {
    let pauses: Vec<u64> = (0..8).map(|n| pause_after(n).as_millis() as u64).collect();
    assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    assert_eq!(pause_after(u32::MAX), LONGEST_PAUSE);
}
