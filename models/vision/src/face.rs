//! Where the faces are: BlazeFace short range (Bazarevsky et al., 2019, arXiv 1907.05047).
//!
//! Enters: a view of a picture of any size, and which part of it to look at. Leaves: [`Face`]s, the
//! largest first. The part is brought to 128×128, the network proposes 896 boxes relative to fixed
//! anchors, and proposals for the same face are blended. What fails: opening a model that is not
//! this network. A face should be at least a tenth of the part's side.

use edgefirst_tflite::TensorType;
use moodring_mood::Confidence;

use crate::View;
use crate::crop::Rect;
use crate::letterbox::{Columns, Letterbox, SIDE};
use crate::runtime::{ModelError, ModelFile, Network, Runtime, Shape};
use crate::window::Window;

/// Proposals of the network.
const ANCHORS: usize = 896;

/// Numbers that describe a proposal: centre, size and six points, each an x and a y.
const NUMBERS: usize = 16;

/// Proposals that share more than this belong to the same face; MediaPipe's value.
pub const SAME_FACE: f32 = 0.3;

/// Scores beyond this are certain anyway, and would overflow in `exp`; MediaPipe's value.
const LOGIT_LIMIT: f32 = 100.0;

/// A face.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// From eyebrows to chin, and about from ear to ear; in pixels of the picture, and may reach
    /// beyond its edge.
    pub rect: Rect,
    /// How sure the detector is.
    pub score: Confidence,
    /// The right eye, left eye, nose tip, mouth, right ear and left ear, in pixels. Right and left
    /// are the person's.
    pub points: [(f32, f32); 6],
}

/// The detector at work.
#[derive(Debug)]
pub struct Detector {
    network: Network,
    anchors: Vec<(f32, f32)>,
    letterbox: Letterbox,
    columns: Columns,
}

impl Detector {
    /// The score from which on something is a face, where nobody says otherwise, 0..=1; MediaPipe
    /// takes 0.5. As the mean over [`Window::to_judge`], half a face at the edge has 0.6 and a whole
    /// one 0.8, and what only looks like a face stays below 0.6: see the model card.
    pub const THRESHOLD: f32 = 0.6;

    /// By how much the score must exceed it where there is one look only.
    pub const AT_ONE_LOOK: f32 = 0.1;

    /// The score from which on something deserves a closer look, 0..=1.
    pub const LIKELY: f32 = 0.5;

    /// Opens the network.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn open(runtime: Runtime, file: &ModelFile) -> Result<Self, ModelError> {
        let float = |dims: &[usize]| Shape::new(TensorType::Float32, dims);
        let outputs = [float(&[1, ANCHORS, NUMBERS]), float(&[1, ANCHORS, 1])];
        Ok(Self {
            network: Network::open(runtime, file, &float(&[1, SIDE, SIDE, 3]), &outputs)?,
            anchors: anchors(),
            letterbox: Letterbox::default(),
            columns: Columns::default(),
        })
    }

    /// Finds the faces with a score of `least` or more: [`prepare`](Self::prepare),
    /// [`infer`](Self::infer), [`decode`](Self::decode).
    pub fn detect(&mut self, view: &View<'_>, window: Window, least: f32) -> Vec<Face> {
        self.prepare(view, window);
        self.infer();
        self.decode(least)
    }

    /// Writes a window of the picture into the network's input.
    pub fn prepare(&mut self, view: &View<'_>, window: Window) {
        let letterbox = Letterbox::of(view.width(), view.height(), window);
        self.letterbox = letterbox;
        let columns = &mut self.columns;
        self.network.fill(|input: &mut [f32]| letterbox.fill(view, columns, input));
    }

    /// Runs the network.
    pub fn infer(&mut self) {
        self.network.run();
    }

    /// Reads the faces with a score of `least` or more from the network's output, the largest first.
    pub fn decode(&self, least: f32) -> Vec<Face> {
        // Compared as logits, so that only likely proposals are looked at closely.
        let least = (least / (1.0 - least)).ln();
        let likely: Vec<(usize, f32)> = self.network.output(1, |logits: &[f32]| {
            logits.iter().copied().enumerate().filter(|(_, logit)| *logit >= least).collect()
        });
        let proposals = self.network.output(0, |numbers: &[f32]| {
            let face = |&(i, logit): &(usize, f32)| {
                proposal(&numbers[i * NUMBERS..(i + 1) * NUMBERS], self.anchors[i], sigmoid(logit))
            };
            likely.iter().map(face).collect::<Vec<_>>()
        });
        let in_picture = |mut face: Face| {
            self.letterbox.to_picture(&mut face);
            face
        };
        // Before they are blended: half a face at the edge must not become one with its mirror image.
        let own = proposals.into_iter().map(in_picture).filter(|face| self.letterbox.holds(face));
        merge(own.collect())
    }
}

/// Centres of the anchors, 0..=1: two on each point of a 16×16 grid, six on each of an 8×8 grid.
fn anchors() -> Vec<(f32, f32)> {
    let grid = |side: usize, each: usize| {
        let centre = move |i: usize| (i as f32 + 0.5) / side as f32;
        (0..side * side).flat_map(move |i| std::iter::repeat_n((centre(i % side), centre(i / side)), each))
    };
    grid(16, 2).chain(grid(8, 6)).collect()
}

/// One proposal, in the network's 0..=1.
fn proposal(numbers: &[f32], anchor: (f32, f32), score: f32) -> Face {
    let point = |i: usize| (numbers[i] / SIDE as f32 + anchor.0, numbers[i + 1] / SIDE as f32 + anchor.1);
    let (x, y) = point(0);
    let (w, h) = (numbers[2] / SIDE as f32, numbers[3] / SIDE as f32);
    Face {
        rect: Rect { x: x - w / 2.0, y: y - h / 2.0, w, h },
        score: Confidence::saturating(score),
        points: std::array::from_fn(|i| point(4 + 2 * i)),
    }
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit.clamp(-LOGIT_LIMIT, LOGIT_LIMIT)).exp())
}

/// Faces of several looks at one picture, each face once, the largest first.
pub fn merge(faces: Vec<Face>) -> Vec<Face> {
    let mut faces = blend(faces);
    largest_first(&mut faces);
    faces
}

/// Sorts faces by their area.
pub fn largest_first(faces: &mut [Face]) {
    faces.sort_by(|a, b| (b.rect.w * b.rect.h).total_cmp(&(a.rect.w * a.rect.h)));
}

/// Weighted non-maximum suppression: proposals that overlap the best one are averaged with it,
/// each with its score for weight; the result has the best one's score.
fn blend(mut proposals: Vec<Face>) -> Vec<Face> {
    proposals.retain(|face| face.rect.w > 0.0 && face.rect.h > 0.0);
    proposals.sort_by(|a, b| b.score.get().total_cmp(&a.score.get()));
    let mut faces = Vec::new();
    while let Some(best) = proposals.first().copied() {
        let (same, rest): (Vec<Face>, Vec<Face>) =
            proposals.into_iter().partition(|face| face.rect.overlap(&best.rect) > SAME_FACE);
        let total: f32 = same.iter().map(|face| face.score.get()).sum();
        let mean =
            |value: &dyn Fn(&Face) -> f32| same.iter().map(|face| face.score.get() * value(face)).sum::<f32>() / total;
        faces.push(Face {
            rect: Rect {
                x: mean(&|f| f.rect.x),
                y: mean(&|f| f.rect.y),
                w: mean(&|f| f.rect.w),
                h: mean(&|f| f.rect.h),
            },
            score: best.score,
            points: std::array::from_fn(|i| (mean(&|f| f.points[i].0), mean(&|f| f.points[i].1))),
        });
        proposals = rest;
    }
    faces
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(x: f32, score: f32) -> Face {
        let rect = Rect { x, y: 0.0, w: 0.2, h: 0.2 };
        Face { rect, score: Confidence::saturating(score), points: [(x, 0.1); 6] }
    }

    #[test]
    fn anchors_are_those_of_the_network() {
        let anchors = anchors();
        assert_eq!(anchors.len(), ANCHORS);
        assert_eq!((anchors[0], anchors[1]), ((0.5 / 16.0, 0.5 / 16.0), (0.5 / 16.0, 0.5 / 16.0)));
        assert_eq!(anchors[2], (1.5 / 16.0, 0.5 / 16.0));
        assert_eq!(anchors[512], (0.5 / 8.0, 0.5 / 8.0));
        assert_eq!(anchors[895], (7.5 / 8.0, 7.5 / 8.0));
    }

    #[test]
    fn proposals_for_one_face_are_averaged_by_score() {
        let faces = blend(vec![face(0.10, 0.6), face(0.12, 0.9), face(0.7, 0.8)]);
        assert_eq!(faces.len(), 2);
        assert_eq!(faces[0].score.get(), 0.9);
        let x = (0.10 * 0.6 + 0.12 * 0.9) / 1.5;
        assert!((faces[0].rect.x - x).abs() < 1e-6 && (faces[0].points[3].0 - x).abs() < 1e-6);
        assert_eq!(faces[1].rect.x, 0.7);
        assert!(blend(vec![]).is_empty());
    }
}
