//! The clip that stands in for a camera until there is one.
//!
//! Enters: the clip, a way to find a camera, and a way to take it. Leaves: the clip's frames, and the
//! camera's as soon as it gives one. What fails: the clip, before that; the camera, after it.
//!
//! Finding takes its time (a module has to be asked for, a webcam to wake), so it has a thread of its
//! own, which ends when the camera is taken or nobody wants frames any more.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::{Camera, CameraError, Closing};
use crate::frame::Frame;

/// How long until a camera is looked for again.
pub const EVERY: Duration = Duration::from_secs(10);

/// How long until it is seen that nobody looks any more.
const SLICE: Duration = Duration::from_millis(50);

/// Shows the clip until a camera is found and taken.
pub struct Standby<T, K> {
    now: Box<dyn Camera>,
    /// `None` once it has taken one.
    search: Option<Search<T>>,
    take: K,
}

/// The thread that looks, and what it found; it ends when this is dropped.
struct Search<T> {
    found: Receiver<T>,
    closing: Closing,
    thread: Option<JoinHandle<()>>,
}

impl<T, K> Standby<T, K>
where
    T: Send + 'static,
    K: FnMut(T) -> Option<(Box<dyn Camera>, Frame)>,
{
    /// Begins with `clip`; `find`s a camera `every` so often, on a thread of its own, and `take`s it.
    pub fn new<F>(clip: Box<dyn Camera>, every: Duration, find: F, take: K) -> Self
    where
        F: FnMut(&Closing) -> Option<T> + Send + 'static,
    {
        let search = Search::start(every, find);
        Self { now: clip, search: search.inspect_err(|e| tracing::warn!("cannot look for a camera: {e}")).ok(), take }
    }
}

impl<T: Send + 'static> Search<T> {
    fn start<F>(every: Duration, mut find: F) -> std::io::Result<Self>
    where
        F: FnMut(&Closing) -> Option<T> + Send + 'static,
    {
        let (tell, found) = sync_channel(1);
        let closing = Closing::default();
        let heed = closing.clone();
        let thread = thread::Builder::new().name(super::latest::THREAD.to_owned()).spawn(move || {
            loop {
                let until = Instant::now() + every;
                while Instant::now() < until && !heed.is_asked() {
                    thread::sleep(SLICE.min(until.saturating_duration_since(Instant::now())));
                }
                if heed.is_asked() {
                    return;
                }
                // The V4L2 crate panics on answers of a driver that it does not know: no camera, then.
                if let Ok(Some(camera)) = catch_unwind(AssertUnwindSafe(|| find(&heed))) {
                    // One that was found before and not taken yet is as good.
                    let _ = tell.try_send(camera);
                }
            }
        })?;
        Ok(Self { found, closing, thread: Some(thread) })
    }
}

impl<T> Drop for Search<T> {
    fn drop(&mut self) {
        self.closing.ask();
        if let Some(thread) = self.thread.take() {
            // Its panics are caught where they happen.
            let _ = thread.join();
        }
    }
}

impl<T, K> Camera for Standby<T, K>
where
    T: Send + 'static,
    K: FnMut(T) -> Option<(Box<dyn Camera>, Frame)>,
{
    fn next(&mut self) -> Result<Frame, CameraError> {
        let found = self.search.as_ref().and_then(|search| search.found.try_recv().ok());
        if let Some((camera, frame)) = found.and_then(&mut self.take) {
            self.now = camera;
            self.search = None;
            return Ok(frame);
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

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

    fn taken() -> Option<(Box<dyn Camera>, Frame)> {
        let mut camera = Named("webcam", true);
        let frame = camera.next().unwrap();
        Some((Box::new(camera), frame))
    }

    /// Shows frames until `camera` is what is shown; at most for ten seconds.
    fn until<T: Send + 'static, K>(standby: &mut Standby<T, K>, camera: &str) -> u32
    where
        K: FnMut(T) -> Option<(Box<dyn Camera>, Frame)>,
    {
        for shown in 0..5_000 {
            if standby.describe() == camera {
                return shown;
            }
            standby.next().unwrap();
            thread::sleep(Duration::from_millis(2));
        }
        panic!("{camera} was never shown");
    }

    #[test]
    fn a_camera_that_is_plugged_in_takes_over_from_the_clip_and_stays() {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let find = move |_: &Closing| (counted.fetch_add(1, Ordering::Relaxed) >= 2).then_some(());
        // The first that is found is gone before it is taken.
        let mut takes = 0;
        let take = |()| {
            takes += 1;
            if takes == 1 { None } else { taken() }
        };
        let mut standby = Standby::new(Box::new(Named("clip", false)), Duration::from_millis(1), find, take);
        assert!(!standby.is_live());
        assert!(until(&mut standby, "webcam") >= 2);
        assert!(standby.is_live());
        // With a camera there, none is looked for.
        let before = looks.load(Ordering::Relaxed);
        thread::sleep(Duration::from_millis(50));
        standby.next().unwrap();
        assert_eq!((standby.describe().as_str(), looks.load(Ordering::Relaxed)), ("webcam", before));
        drop(standby);
        assert_eq!(takes, 2);
    }

    #[test]
    fn the_clip_goes_on_while_a_camera_is_looked_for_and_closing_ends_the_search() {
        let find = |closing: &Closing| {
            while !closing.is_asked() {
                thread::sleep(Duration::from_millis(5));
            }
            None::<()>
        };
        let mut standby = Standby::new(Box::new(Named("clip", true)), Duration::ZERO, find, |()| taken());
        for _ in 0..100 {
            standby.next().unwrap();
        }
        assert_eq!(standby.describe(), "clip");
        let start = Instant::now();
        drop(standby);
        assert!(start.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_search_that_panics_goes_on() {
        let looks = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&looks);
        let find = move |_: &Closing| {
            assert!(counted.fetch_add(1, Ordering::Relaxed) > 0, "as the V4L2 crate does");
            Some(())
        };
        let mut standby = Standby::new(Box::new(Named("clip", true)), Duration::ZERO, find, |()| taken());
        until(&mut standby, "webcam");
        assert!(looks.load(Ordering::Relaxed) >= 2);
    }
}
