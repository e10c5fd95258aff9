//! A frame → what is seen in it: faces, and what each shows.
//!
//! Enters: a frame, or a photograph. Leaves: a [`Reading`], and the time each stage took. In frames,
//! faces are followed from one to the next ([`Tracker`]); a photograph is searched all over. What
//! fails: opening the library or a network ([`SeeError`]); looking at a picture does not.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_mood::{Confidence, Scores};
use moodring_vision::{
    Classifier, Cropper, Detector, Face, ModelError, ModelFile, Rect, Runtime, RuntimeError, View, Window, face,
    runtime, window,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::frame::Frame;
use crate::track::{PRINT_SIDE, Print, Tracker};

/// The most faces of a photograph whose expression is read, the largest first.
pub const MOST_FACES: usize = 100;

/// A score below this says nothing.
const FAINT: f32 = 0.2;

/// How much of what is around a face its print shows, in units of the face's side.
const PRINTED: f32 = 1.3;

/// `[vision]`: the networks and the library that runs them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VisionSettings {
    /// The TensorFlow Lite library; where `deploy/fetch-tflite` leaves it.
    pub library: Option<PathBuf>,
    /// A face detector instead of the built-in one.
    pub face_model: Option<PathBuf>,
    /// An emotion network instead of the built-in one.
    pub emotion_model: Option<PathBuf>,
    /// How sure the detector must be of a face.
    pub threshold: Threshold,
    /// Where nothing moves, the detector looks at every so many frames.
    pub look_every: LookEvery,
}

/// Frames from one look of the detector to the next where nothing moves, 1..=100; 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct LookEvery(u32);

impl Default for LookEvery {
    fn default() -> Self {
        Self(5)
    }
}

impl TryFrom<u32> for LookEvery {
    type Error = String;

    fn try_from(value: u32) -> Result<Self, String> {
        if (1..=100).contains(&value) {
            Ok(Self(value))
        } else {
            Err(format!("{value} frames are out of range; it must lie within 1 and 100"))
        }
    }
}

impl From<LookEvery> for u32 {
    fn from(every: LookEvery) -> Self {
        every.0
    }
}

/// How sure the detector must be of a face, 0.05..=0.95; 0.6.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f32", into = "f32")]
pub struct Threshold(f32);

impl Default for Threshold {
    fn default() -> Self {
        Self(Detector::THRESHOLD)
    }
}

impl TryFrom<f32> for Threshold {
    type Error = String;

    fn try_from(value: f32) -> Result<Self, String> {
        if (0.05..=0.95).contains(&value) {
            Ok(Self(value))
        } else {
            Err(format!("{value} is no threshold; it must lie within 0.05 and 0.95"))
        }
    }
}

impl From<Threshold> for f32 {
    fn from(threshold: Threshold) -> Self {
        threshold.0
    }
}

/// Why nothing can be seen.
#[derive(Debug, Error)]
pub enum SeeError {
    /// The library.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// A network.
    #[error(transparent)]
    Model(#[from] ModelError),
}

/// What was seen in one frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When the frame was captured.
    pub at: Timestamp,
    /// The faces, the largest first; at most [`MOST_FACES`].
    pub faces: Vec<FaceReading>,
}

/// One face and what it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FaceReading {
    /// x, y, width and height in pixels of the frame; may reach beyond its edge.
    pub rect: [f32; 4],
    /// How sure the detector is that this is a face.
    pub detection: Confidence,
    /// What it shows.
    pub scores: Scores,
}

/// How long each stage of one frame took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Finding out what moved; where the detector looks, and what it means.
    pub track: Duration,
    /// The frame, or a window of it, into the detector's input.
    pub letterbox: Duration,
    /// The detector; nothing where it did not look, twice where nobody is there.
    pub detect: Duration,
    /// The detector's output into faces.
    pub decode: Duration,
    /// Faces into the emotion network's input; all faces together.
    pub crop: Duration,
    /// The emotion network; all faces together.
    pub emotion: Duration,
    /// All of it.
    pub total: Duration,
}

impl Timings {
    /// The stages by name, in order; `total` last.
    pub fn stages(&self) -> [(&'static str, Duration); 7] {
        [
            ("track", self.track),
            ("letterbox", self.letterbox),
            ("detect", self.detect),
            ("decode", self.decode),
            ("crop", self.crop),
            ("emotion", self.emotion),
            ("total", self.total),
        ]
    }
}

/// The two networks at work.
#[derive(Debug)]
pub struct Seer {
    detector: Detector,
    classifier: Classifier,
    threshold: f32,
    tracker: Tracker,
    cropper: Cropper,
    timings: Timings,
}

impl Seer {
    /// Opens the library and both networks.
    ///
    /// # Errors
    /// See [`SeeError`].
    pub fn open(settings: &VisionSettings) -> Result<Self, SeeError> {
        let runtime = Runtime::open(&settings.library.clone().unwrap_or_else(runtime::default_library))?;
        let file = |path: &Option<PathBuf>, shipped: fn() -> ModelFile| match path {
            Some(path) => ModelFile::read(path),
            None => Ok(shipped()),
        };
        let face = file(&settings.face_model, ModelFile::shipped_face)?;
        let emotion = file(&settings.emotion_model, ModelFile::shipped_emotion)?;
        let threshold = settings.threshold.into();
        Ok(Self {
            detector: Detector::open(runtime, &face)?,
            classifier: Classifier::open(runtime, &emotion)?,
            threshold,
            tracker: Tracker::new(settings.look_every.into(), (threshold + Detector::AT_ONE_LOOK).min(0.95)),
            cropper: Cropper::default(),
            timings: Timings::default(),
        })
    }

    /// Looks at the next frame of a camera: who was there is followed, and others are looked for.
    pub fn see(&mut self, frame: &Frame) -> Reading {
        let view = frame.picture.view();
        let start = Instant::now();
        self.timings = Timings::default();
        self.tracker.frame(view.width(), view.height());
        let cropper = &mut self.cropper;
        self.tracker.compare(|rect| print(cropper, &view, rect));
        while let Some(look) = self.tracker.next_look() {
            let faces = self.find(&view, look.window, self.tracker.least());
            self.tracker.found(look, &faces);
        }
        // The detector moves its boxes; what moves next is compared with where they are now.
        let cropper = &mut self.cropper;
        self.tracker.remember(|rect| print(cropper, &view, rect));
        let faces = self.tracker.faces();
        let looked = self.timings.letterbox + self.timings.detect + self.timings.decode;
        self.timings.track = start.elapsed().saturating_sub(looked);
        let faces = self.read_all(&view, &faces, start);
        Reading { at: frame.at, faces }
    }

    /// Forgets who was there, and how they looked: nobody is followed to the next frame.
    pub fn forget(&mut self) {
        self.tracker.forget();
    }

    /// Looks at a photograph: the faces in it, the largest first. It is searched through windows of
    /// several sizes, and what looks like a face is looked at once more by itself.
    pub fn look(&mut self, view: &View<'_>) -> Vec<FaceReading> {
        let start = Instant::now();
        self.timings = Timings::default();
        let least = Detector::LIKELY.min(self.threshold);
        let mut likely = self.find(view, Window::Whole, least);
        for square in window::for_photograph(view.width(), view.height()) {
            likely.extend(self.find(view, Window::Part(square), least));
        }
        let likely = face::merge(likely);
        let faces = likely.iter().filter_map(|first| self.judge(view, first)).collect();
        self.read_all(view, &face::merge(faces), start)
    }

    /// Looks at what may be a face through windows around it; the face as the first shows it, with the
    /// mean score of all, if that is enough.
    fn judge(&mut self, view: &View<'_>, likely: &Face) -> Option<Face> {
        let looks = Window::to_judge(&likely.rect).map(|window| {
            let faces = self.find(view, window, FAINT);
            let same = faces.into_iter().filter(|face| face.rect.overlap(&likely.rect) > face::SAME_FACE);
            same.max_by(|a, b| a.score.get().total_cmp(&b.score.get()))
        });
        let sum: f32 = looks.iter().flatten().map(|face| face.score.get()).sum();
        let mean = sum / looks.len() as f32;
        let face = looks.into_iter().next().flatten()?;
        (mean >= self.threshold).then_some(Face { score: Confidence::saturating(mean), ..face })
    }

    fn find(&mut self, view: &View<'_>, window: Window, least: f32) -> Vec<Face> {
        let start = Instant::now();
        self.detector.prepare(view, window);
        let prepared = Instant::now();
        self.detector.infer();
        let inferred = Instant::now();
        let faces = self.detector.decode(least);
        self.timings.letterbox += prepared - start;
        self.timings.detect += inferred - prepared;
        self.timings.decode += inferred.elapsed();
        faces
    }

    fn read_all(&mut self, view: &View<'_>, faces: &[Face], start: Instant) -> Vec<FaceReading> {
        let readings = faces.iter().take(MOST_FACES).map(|face| self.read(view, face)).collect();
        self.timings.total = start.elapsed();
        readings
    }

    fn read(&mut self, view: &View<'_>, face: &Face) -> FaceReading {
        let start = Instant::now();
        self.classifier.prepare(view, face);
        let cropped = Instant::now();
        let scores = self.classifier.infer();
        self.timings.crop += cropped - start;
        self.timings.emotion += cropped.elapsed();
        let rect = face.rect;
        FaceReading { rect: [rect.x, rect.y, rect.w, rect.h], detection: face.score, scores }
    }

    /// Reads a picture that is nothing but a face.
    pub fn look_cropped(&mut self, view: &View<'_>) -> Scores {
        self.classifier.read_cropped(view)
    }

    /// Cuts another square around a face from now on than `models/input.toml` says.
    pub fn crop_otherwise(&mut self, scale: f32, shift_y: f32) {
        self.classifier.crop_otherwise(scale, shift_y);
    }

    /// How long each stage of the last frame took.
    pub const fn timings(&self) -> Timings {
        self.timings
    }

    /// Runs both networks on whatever their inputs hold: what they cost by themselves.
    pub fn run_networks(&mut self) -> [Duration; 2] {
        let start = Instant::now();
        self.detector.infer();
        let detector = start.elapsed();
        self.classifier.infer_steps();
        [detector, start.elapsed() - detector]
    }
}

/// How a face and what is around it look, in little.
fn print(cropper: &mut Cropper, view: &View<'_>, rect: &Rect) -> Print {
    let mut print = [0; PRINT_SIDE * PRINT_SIDE];
    let ((x, y), side) = (rect.centre(), PRINTED * rect.w.max(rect.h));
    let rect = Rect { x: x - side / 2.0, y: y - side / 2.0, w: side, h: side };
    cropper.cut(view, rect, PRINT_SIDE, &mut print);
    print
}

#[cfg(test)]
#[path = "see_tests.rs"]
mod tests;
