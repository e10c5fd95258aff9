//! A frame → what is seen in it: faces, and what each shows.
//!
//! Enters: a picture. Leaves: a [`Reading`], and the time each stage took. What fails: opening the
//! library or a network ([`SeeError`]); looking at a picture does not.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_mood::{Confidence, Scores};
use moodring_vision::{Classifier, Detector, Face, ModelError, ModelFile, Runtime, RuntimeError, View, runtime};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::frame::Frame;

/// The most faces of one frame whose expression is read, the largest first. It bounds the time a
/// frame can take; a room has rarely so many within the detector's reach.
pub const MOST_FACES: usize = 12;

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
}

/// How sure the detector must be of a face, 0.05..=0.95; 0.5.
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
    /// The frame into the detector's input.
    pub letterbox: Duration,
    /// The detector.
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
    pub fn stages(&self) -> [(&'static str, Duration); 6] {
        [
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
        Ok(Self {
            detector: Detector::open(runtime, &face, settings.threshold.into())?,
            classifier: Classifier::open(runtime, &emotion)?,
            timings: Timings::default(),
        })
    }

    /// Looks at a frame.
    pub fn see(&mut self, frame: &Frame) -> Reading {
        Reading { at: frame.at, faces: self.look(&frame.picture.view()) }
    }

    /// Looks at a picture: the faces in it, the largest first.
    pub fn look(&mut self, view: &View<'_>) -> Vec<FaceReading> {
        let start = Instant::now();
        self.detector.prepare(view);
        let prepared = Instant::now();
        self.detector.infer();
        let inferred = Instant::now();
        let faces = self.detector.decode();
        let decoded = Instant::now();
        self.timings = Timings {
            letterbox: prepared - start,
            detect: inferred - prepared,
            decode: decoded - inferred,
            ..Timings::default()
        };
        let readings = faces.iter().take(MOST_FACES).map(|face| self.read(view, face)).collect();
        self.timings.total = start.elapsed();
        readings
    }

    fn read(&mut self, view: &View<'_>, face: &Face) -> FaceReading {
        let start = Instant::now();
        self.classifier.prepare(view, self.classifier.crop().around(face));
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

    /// How long each stage of the last frame took.
    pub const fn timings(&self) -> Timings {
        self.timings
    }

    /// Runs both networks on whatever their inputs hold: what they cost by themselves.
    pub fn run_networks(&mut self) {
        self.detector.infer();
        self.classifier.infer_steps();
    }
}
