//! A clip instead of a camera: for demonstrations, tests, and a device without one.
//!
//! Enters: `[camera.replay]`. Leaves: the clip's frames, at its own rate or as fast as they are
//! looked at. What fails: see [`clip`].

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::clip::{self, Clip};
use super::{Camera, CameraError, Pace, ReplaySettings};
use crate::frame::Frame;

/// A replay that is later than this gives up catching up.
const TOO_LATE: Duration = Duration::from_secs(1);

/// A clip at work.
pub struct Replay {
    clip: Box<dyn Clip>,
    path: PathBuf,
    pace: Pace,
    repeat: bool,
    seq: u64,
    /// When the clip began, and how much of it has been shown.
    began: (Instant, Timestamp),
    shown: Duration,
}

impl Replay {
    /// Opens the clip; the images of a folder are shown `fps` a second.
    ///
    /// # Errors
    /// There is no clip at the path.
    pub fn open(settings: &ReplaySettings, fps: u32) -> Result<Self, CameraError> {
        Ok(Self {
            clip: clip::open(&settings.path, Duration::from_secs(1) / fps.max(1))?,
            path: settings.path.clone(),
            pace: settings.pace,
            repeat: settings.repeat,
            seq: 0,
            began: (Instant::now(), Timestamp::now()),
            shown: Duration::ZERO,
        })
    }

    fn empty(&self) -> CameraError {
        CameraError::Bad { path: self.path.clone(), why: "no frame in it".to_owned() }
    }
}

impl Camera for Replay {
    fn next(&mut self) -> Result<Frame, CameraError> {
        let (picture, delay) = match self.clip.next()? {
            Some(next) => next,
            None if self.seq == 0 => return Err(self.empty()),
            None if self.repeat => {
                self.clip.rewind()?;
                self.clip.next()?.ok_or_else(|| self.empty())?
            }
            None => return Err(CameraError::End(self.path.clone())),
        };
        let at = match self.pace {
            Pace::RealTime => {
                let due = self.began.0 + self.shown;
                let now = Instant::now();
                match due.checked_duration_since(now) {
                    Some(early) => thread::sleep(early),
                    None if now.duration_since(due) > TOO_LATE => self.began.0 = now - self.shown,
                    None => {}
                }
                Timestamp::now()
            }
            Pace::Fast => {
                let since = SignedDuration::try_from(self.shown).unwrap_or(SignedDuration::MAX);
                self.began.1.saturating_add(since).unwrap_or(Timestamp::MAX)
            }
        };
        self.shown += delay;
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
