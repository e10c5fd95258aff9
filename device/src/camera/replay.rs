//! A clip instead of a camera: for demonstrations, tests, and a device without one.
//!
//! Enters: `[camera.replay]`. Leaves: the clip's frames, at its own rate or as fast as they are
//! looked at. What fails: see [`clip`].

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::clip::{self, Clip};
use super::rate::Rate;
use super::{Camera, CameraError, Closing, Pace, ReplaySettings};
use crate::frame::{Frame, Picture};

/// A replay that is later than this gives up catching up.
const TOO_LATE: Duration = Duration::from_secs(1);

/// How long a wait is cut into, to see whether anybody still wants frames.
const SLICE: Duration = Duration::from_millis(50);

/// A clip at work.
pub struct Replay {
    clip: Box<dyn Clip>,
    path: PathBuf,
    pace: Pace,
    repeat: bool,
    rate: Rate,
    seq: u64,
    /// When the clip began, and how much of it has been shown.
    began: (Instant, Timestamp),
    shown: Duration,
    closing: Closing,
}

impl Replay {
    /// Opens the clip; the images of a folder are shown `fps` a second, and of a faster clip in real
    /// time the frames between are skipped.
    ///
    /// # Errors
    /// There is no clip at the path.
    pub fn open(settings: &ReplaySettings, fps: u32, closing: &Closing) -> Result<Self, CameraError> {
        Ok(Self {
            clip: clip::open(&settings.path, Duration::from_secs(1) / fps.max(1))?,
            path: settings.path.clone(),
            pace: settings.pace,
            repeat: settings.repeat,
            rate: Rate::new(fps),
            seq: 0,
            began: (Instant::now(), Timestamp::now()),
            shown: Duration::ZERO,
            closing: closing.clone(),
        })
    }

    fn empty(&self) -> CameraError {
        CameraError::Bad { path: self.path.clone(), why: "no frame in it".to_owned() }
    }

    /// The next picture of the clip and when it is due; from the beginning again after the last.
    fn picture(&mut self) -> Result<(Picture, Instant), CameraError> {
        let (picture, delay) = match self.clip.next()? {
            Some(next) => next,
            None if self.seq == 0 => return Err(self.empty()),
            None if self.repeat => {
                self.clip.rewind()?;
                self.clip.next()?.ok_or_else(|| self.empty())?
            }
            None => return Err(CameraError::End(self.path.clone())),
        };
        let due = self.began.0 + self.shown;
        self.shown += delay;
        Ok((picture, due))
    }
}

impl Camera for Replay {
    fn next(&mut self) -> Result<Frame, CameraError> {
        let (mut picture, mut due) = self.picture()?;
        let at = match self.pace {
            Pace::RealTime => {
                while !self.rate.wants(due) {
                    (picture, due) = self.picture()?;
                }
                let now = Instant::now();
                let late = now.saturating_duration_since(due);
                if late > TOO_LATE {
                    self.began.0 += late;
                }
                // A clip may show a picture for a minute; nobody waits so long for it to close.
                while let Some(early) = due.checked_duration_since(Instant::now()) {
                    if self.closing.is_asked() {
                        return Err(CameraError::Closing);
                    }
                    thread::sleep(early.min(SLICE));
                }
                Timestamp::now()
            }
            Pace::Fast => {
                let since = SignedDuration::try_from(due - self.began.0).unwrap_or(SignedDuration::MAX);
                self.began.1.saturating_add(since).unwrap_or(Timestamp::MAX)
            }
        };
        let frame = Frame { at, seq: self.seq, picture };
        self.seq += 1;
        Ok(frame)
    }

    fn describe(&self) -> String {
        format!("replay of {}", self.path.display())
    }

    fn is_live(&self) -> bool {
        self.pace == Pace::RealTime
    }
}
