//! A frame → what is seen in it: faces, and what each shows.
//!
//! Enters: a picture. Leaves: a [`Reading`], and the time each stage took. What fails: opening the
//! library or a network ([`SeeError`]); looking at a picture does not.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_mood::{Confidence, Scores};
use moodring_vision::{
    Classifier, Detector, Face, ModelError, ModelFile, Runtime, RuntimeError, View,
    closer::{self, Turn},
    face, runtime,
};
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

/// How sure the detector must be of a face, 0.05..=0.95; 0.7.
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
    /// The detector; twice where it looked closer.
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
    turn: Turn,
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
            turn: Turn::default(),
            timings: Timings::default(),
        })
    }

    /// Looks at a frame. Where the whole shows no face, one part of it is looked at more closely;
    /// the next frame's another one, unless it showed a face.
    pub fn see(&mut self, frame: &Frame) -> Reading {
        let view = frame.picture.view();
        let start = Instant::now();
        self.timings = Timings::default();
        let mut faces = self.find(&view);
        if faces.is_empty() {
            faces = self.find_closer(&view, self.turn.window());
            if faces.is_empty() {
                self.turn.missed();
            } else {
                self.turn.found();
            }
        }
        let faces = self.read_all(&view, &faces, start);
        Reading { at: frame.at, faces }
    }

    /// Looks at a photograph: the faces in it, the largest first. Where the whole shows none, each
    /// part of it is looked at more closely.
    pub fn look(&mut self, view: &View<'_>) -> Vec<FaceReading> {
        let start = Instant::now();
        self.timings = Timings::default();
        let mut faces = self.find(view);
        if faces.is_empty() {
            faces = face::merge((0..closer::WINDOWS).flat_map(|window| self.find_closer(view, window)).collect());
        }
        self.read_all(view, &faces, start)
    }

    fn find(&mut self, view: &View<'_>) -> Vec<Face> {
        let start = Instant::now();
        self.detector.prepare(view);
        let prepared = Instant::now();
        self.detector.infer();
        let inferred = Instant::now();
        let faces = self.detector.decode();
        self.timings.letterbox += prepared - start;
        self.timings.detect += inferred - prepared;
        self.timings.decode += inferred.elapsed();
        faces
    }

    fn find_closer(&mut self, view: &View<'_>, window: usize) -> Vec<Face> {
        let (x, y, width, height) = closer::window(window, view.width(), view.height());
        let (part, (x, y)) = view.part(x, y, width, height);
        let mut faces = self.find(&part);
        faces.retain(|face| face.score.get() >= closer::SCORE);
        faces.into_iter().map(|face| closer::in_picture(face, x, y)).collect()
    }

    fn read_all(&mut self, view: &View<'_>, faces: &[Face], start: Instant) -> Vec<FaceReading> {
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

#[cfg(test)]
mod tests {
    use image::{RgbImage, imageops};
    use moodring_mood::Emotion;
    use moodring_vision::Range;

    use super::*;
    use crate::frame::{Picture, PixelFormat};

    /// A 640×480 room with a smiling face, so many times smaller than in the photograph, around
    /// `(x, y)`.
    fn room(x: u32, y: u32, smaller: f32) -> Frame {
        let photograph = include_bytes!("../../models/vision/tests/data/astronaut.jpg");
        let photograph = image::load_from_memory(photograph).unwrap().into_rgb8();
        let (left, top, side) = (120, 10, 320);
        let head = imageops::crop_imm(&photograph, left, top, side, side).to_image();
        let side = (side as f32 / smaller) as u32;
        let head = imageops::resize(&head, side, side, imageops::FilterType::Triangle);
        let mut scene = RgbImage::from_pixel(640, 480, image::Rgb([120, 120, 120]));
        imageops::overlay(&mut scene, &head, i64::from(x) - i64::from(side) / 2, i64::from(y) - i64::from(side) / 2);
        let picture = Picture::new(PixelFormat::Rgb8, 640, 480, 0, Range::Full, scene.into_raw()).unwrap();
        Frame { at: Timestamp::UNIX_EPOCH, seq: 0, picture }
    }

    fn seer() -> Seer {
        Seer::open(&VisionSettings::default()).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn a_face_far_away_is_found_within_nine_frames_and_then_in_each() {
        let mut seer = seer();
        let far = room(500, 330, 2.5);
        let first = (0..closer::WINDOWS).find(|_| !seer.see(&far).faces.is_empty());
        assert!(first.is_some_and(|frames| frames > 0), "{first:?}");
        for _ in 0..5 {
            let faces = seer.see(&far).faces;
            assert_eq!(faces.len(), 1);
            let [x, y, w, h] = faces[0].rect;
            let (x, y) = (x + w / 2.0, y + h / 2.0);
            assert!((x - 500.0).abs() < 30.0 && (y - 320.0).abs() < 30.0, "{:?}", faces[0].rect);
            assert_eq!(faces[0].scores.top().0, Emotion::Happy);
        }
        assert_eq!(seer.look(&far.picture.view()).len(), 1);
    }

    #[test]
    fn a_near_face_needs_no_closer_look() {
        let mut seer = seer();
        let reading = seer.see(&room(320, 240, 1.0));
        assert_eq!(reading.faces.len(), 1);
        let timings = seer.timings();
        let stages = timings.stages();
        assert!(stages.iter().all(|(_, took)| !took.is_zero()), "{stages:?}");
        let parts: Duration = stages[..5].iter().map(|(_, took)| *took).sum();
        assert!(parts <= timings.total, "{stages:?}");
    }
}
