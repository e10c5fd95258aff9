//! The clip that stands in for a camera until there is one.
//!
//! Enters: the clip, and a way to look for a camera. Leaves: the clip's frames, and the camera's as
//! soon as it gives one. What fails: the clip, before that; the camera, after it.

use std::time::{Duration, Instant};

use super::{Camera, CameraError};
use crate::frame::Frame;

/// How long until a camera is looked for again.
pub const EVERY: Duration = Duration::from_secs(10);

/// Shows `now` until `look` finds a camera that gives a frame.
pub struct Standby<L> {
    now: Box<dyn Camera>,
    /// `None` once it has found one.
    look: Option<L>,
    every: Duration,
    looked: Instant,
}

impl<L: FnMut() -> Option<(Box<dyn Camera>, Frame)>> Standby<L> {
    /// Begins with `clip`; looks for a camera `every` so often.
    pub fn new(clip: Box<dyn Camera>, every: Duration, look: L) -> Self {
        Self { now: clip, look: Some(look), every, looked: Instant::now() }
    }
}

impl<L: FnMut() -> Option<(Box<dyn Camera>, Frame)>> Camera for Standby<L> {
    fn next(&mut self) -> Result<Frame, CameraError> {
        if let Some(look) = &mut self.look
            && self.looked.elapsed() >= self.every
        {
            let found = look();
            self.looked = Instant::now();
            if let Some((camera, frame)) = found {
                (self.now, self.look) = (camera, None);
                return Ok(frame);
            }
        }
        self.now.next()
    }

    fn describe(&self) -> String {
        self.now.describe()
    }

    fn is_live(&self) -> bool {
        self.now.is_live()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use moodring_vision::Range;

    use super::*;
    use crate::frame::{Picture, PixelFormat};

    struct Named(&'static str, bool);

    impl Camera for Named {
        fn next(&mut self) -> Result<Frame, CameraError> {
            let picture = Picture::new(PixelFormat::Grey, 1, 1, 0, Range::Full, vec![0]).unwrap();
            Ok(Frame { at: Timestamp::now(), seq: 0, picture })
        }

        fn describe(&self) -> String {
            self.0.to_owned()
        }

        fn is_live(&self) -> bool {
            self.1
        }
    }

    #[test]
    fn a_camera_that_is_plugged_in_takes_over_from_the_clip_and_stays() {
        let mut looks = 0;
        let mut standby = Standby::new(Box::new(Named("clip", false)), Duration::ZERO, || {
            looks += 1;
            let mut camera = Named("webcam", true);
            let frame = camera.next().unwrap();
            (looks == 3).then(|| (Box::new(camera) as Box<dyn Camera>, frame))
        });
        let mut shown = Vec::new();
        for _ in 0..5 {
            standby.next().unwrap();
            shown.push((standby.describe(), standby.is_live()));
        }
        let (clip, webcam) = (("clip".to_owned(), false), ("webcam".to_owned(), true));
        assert_eq!(shown, [clip.clone(), clip, webcam.clone(), webcam.clone(), webcam]);
        drop(standby);
        assert_eq!(looks, 3, "with a camera there, none is looked for");
        let mut patient = Standby::new(Box::new(Named("clip", true)), EVERY, || panic!("too early"));
        patient.next().unwrap();
    }
}
