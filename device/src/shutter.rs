//! The camera's shutter: privacy closes the camera for real, and only then says that it is closed.
//!
//! In: how to open the camera, and whether anybody wants it open. Out: frames while it is open; no
//! open device, no thread and no frame once it is shut. A camera that hangs while it is closed
//! holds up nobody: it counts as open until it has let go. Nothing here fails.

use std::{sync::mpsc, thread, time::Duration};

use crate::camera::{
    self, CameraSettings,
    latest::{CameraState, Capture, Next},
};

/// See the module.
#[derive(Debug)]
pub struct Shutter {
    settings: CameraSettings,
    wanted: bool,
    eye: Eye,
    /// Frames dropped by the captures before this one.
    dropped: u64,
}

#[derive(Debug)]
enum Eye {
    Open(Capture),
    Closing(mpsc::Receiver<()>),
    Shut,
}

impl Shutter {
    /// Begins to capture.
    pub fn open(settings: CameraSettings) -> Self {
        let capture = Capture::start(camera::opener(settings.clone()));
        Self { settings, wanted: true, eye: Eye::Open(capture), dropped: 0 }
    }

    /// Does not open the camera before somebody wants it.
    pub const fn shut(settings: CameraSettings) -> Self {
        Self { settings, wanted: false, eye: Eye::Shut, dropped: 0 }
    }

    /// The next frame, as [`Capture::next`]; waits for `tick` where the camera is not open.
    pub fn next(&mut self, tick: Duration) -> Next {
        match &self.eye {
            Eye::Open(capture) => return capture.next(tick),
            Eye::Closing(closed) => {
                if closed.recv_timeout(tick) != Err(mpsc::RecvTimeoutError::Timeout) {
                    self.eye = Eye::Shut;
                }
            }
            Eye::Shut if !self.wanted => thread::sleep(tick),
            Eye::Shut => {}
        }
        if matches!(self.eye, Eye::Shut) && self.wanted {
            self.eye = Eye::Open(Capture::start(camera::opener(self.settings.clone())));
        }
        Next::Nothing
    }

    /// Asks for the camera to be closed, or opened again.
    pub fn want(&mut self, open: bool) {
        self.wanted = open;
        if !open {
            self.close();
        }
    }

    /// Whether somebody wants it shut.
    pub fn is_wanted_shut(&self) -> bool {
        !self.wanted
    }

    /// Whether the camera is closed: no program of ours holds the device.
    pub fn is_shut(&self) -> bool {
        matches!(self.eye, Eye::Shut)
    }

    /// How the camera stands; `None` while it is shut or closing.
    pub fn state(&self) -> Option<CameraState> {
        match &self.eye {
            Eye::Open(capture) => Some(capture.state()),
            Eye::Closing(_) | Eye::Shut => None,
        }
    }

    /// Frames dropped since the start because a newer one was there before they were looked at.
    pub fn dropped(&self) -> u64 {
        self.dropped + if let Eye::Open(capture) = &self.eye { capture.dropped() } else { 0 }
    }

    /// Closes the camera; what [`Self::wait`] then waits for.
    pub fn close(&mut self) {
        if !matches!(self.eye, Eye::Open(_)) {
            return;
        }
        let (done, closed) = mpsc::channel();
        if let Eye::Open(capture) = std::mem::replace(&mut self.eye, Eye::Closing(closed)) {
            self.dropped += capture.dropped();
            thread::spawn(move || {
                capture.stop();
                // Nobody may be waiting any more.
                let _ = done.send(());
            });
        }
    }

    /// Waits until the camera is closed, so long at most.
    pub fn wait(self, within: Duration) {
        if let Eye::Closing(closed) = self.eye {
            let _ = closed.recv_timeout(within);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{path::PathBuf, time::Instant};

    use super::*;
    use crate::camera::{ReplaySettings, Source};

    fn clip() -> CameraSettings {
        let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/demo/clip"));
        CameraSettings {
            source: Source::Replay,
            replay: ReplaySettings { path, ..ReplaySettings::default() },
            ..CameraSettings::default()
        }
    }

    fn frame_within(shutter: &mut Shutter, within: Duration) -> bool {
        let until = Instant::now() + within;
        while Instant::now() < until {
            if matches!(shutter.next(Duration::from_millis(20)), Next::Frame(_)) {
                return true;
            }
        }
        false
    }

    #[test]
    fn shut_it_gives_no_frame_and_opened_again_it_does() {
        let mut shutter = Shutter::open(clip());
        assert!(frame_within(&mut shutter, Duration::from_secs(20)));
        shutter.want(false);
        assert!(shutter.is_wanted_shut() && shutter.state().is_none());
        assert!(!frame_within(&mut shutter, Duration::from_millis(400)));
        assert!(shutter.is_shut());
        shutter.want(true);
        assert!(frame_within(&mut shutter, Duration::from_secs(20)));
        assert!(!shutter.is_shut());
    }

    #[test]
    fn one_that_begins_shut_opens_when_it_is_wanted() {
        let mut shutter = Shutter::shut(clip());
        assert!(!frame_within(&mut shutter, Duration::from_millis(200)) && shutter.is_shut());
        shutter.want(true);
        assert!(frame_within(&mut shutter, Duration::from_secs(20)));
    }

    #[test]
    fn a_second_thought_while_it_closes_opens_it_again() {
        let mut shutter = Shutter::open(clip());
        shutter.want(false);
        shutter.want(true);
        assert!(frame_within(&mut shutter, Duration::from_secs(20)));
    }
}
