//! Where the faces are: BlazeFace short range (Bazarevsky et al., 2019, arXiv 1907.05047).
//!
//! Enters: a view of a picture of any size. Leaves: [`Face`]s, the largest first. The picture is
//! letterboxed to 128×128, the network proposes 896 boxes relative to fixed anchors, and proposals
//! for the same face are blended. What fails: opening a model that is not this network. A face
//! should be at least a tenth of the picture's longer side.

use edgefirst_tflite::TensorType;
use moodring_mood::Confidence;

use crate::crop::Rect;
use crate::runtime::{ModelError, ModelFile, Network, Runtime, Shape};
use crate::{Plane, Planes, View};

/// Side of the network's input, in pixels.
const SIDE: usize = 128;

/// Proposals of the network.
const ANCHORS: usize = 896;

/// Numbers that describe a proposal: centre, size and six points, each an x and a y.
const NUMBERS: usize = 16;

/// Proposals that share more than this belong to the same face; MediaPipe's value.
const SAME_FACE: f32 = 0.3;

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
    threshold: f32,
    letterbox: Letterbox,
    columns: Columns,
}

/// How the picture lies in the network's input.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Letterbox {
    /// Pixels of the picture to one of the input.
    ratio: f32,
    /// Empty columns to the left and rows above, in pixels of the input.
    left: usize,
    top: usize,
    /// The picture's size in the input.
    width: usize,
    height: usize,
}

/// Per column of the input: what is read of each row of the picture.
#[derive(Debug, Default)]
struct Columns {
    /// Offsets of the samples of the first plane, `taps` for each column.
    first: Vec<usize>,
    /// Offset of the one sample of the second and third plane.
    others: [Vec<usize>; 2],
    sums: [Vec<u32>; 3],
}

impl Detector {
    /// The score from which on a proposal is a face, where nobody says otherwise. MediaPipe takes 0.5;
    /// of the faces in photographs that are looked at here, 0.7 loses none but the smallest in a crowd,
    /// and the stars of a flag are no longer a second person.
    pub const THRESHOLD: f32 = 0.7;

    /// Opens the network; `threshold` is the score from which on a proposal is a face, 0..=1.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn open(runtime: Runtime, file: &ModelFile, threshold: f32) -> Result<Self, ModelError> {
        let float = |dims: &[usize]| Shape::new(TensorType::Float32, dims);
        let outputs = [float(&[1, ANCHORS, NUMBERS]), float(&[1, ANCHORS, 1])];
        Ok(Self {
            network: Network::open(runtime, file, &float(&[1, SIDE, SIDE, 3]), &outputs)?,
            anchors: anchors(),
            threshold,
            letterbox: Letterbox::default(),
            columns: Columns::default(),
        })
    }

    /// Finds the faces: [`prepare`](Self::prepare), [`infer`](Self::infer), [`decode`](Self::decode).
    pub fn detect(&mut self, view: &View<'_>) -> Vec<Face> {
        self.prepare(view);
        self.infer();
        self.decode()
    }

    /// Writes the picture into the network's input.
    pub fn prepare(&mut self, view: &View<'_>) {
        let letterbox = Letterbox::of(view.width(), view.height());
        self.letterbox = letterbox;
        let columns = &mut self.columns;
        self.network.fill(|input: &mut [f32]| letterbox.fill(view, columns, input));
    }

    /// Runs the network.
    pub fn infer(&mut self) {
        self.network.run();
    }

    /// Reads the faces from the network's output, the largest first.
    pub fn decode(&self) -> Vec<Face> {
        // Compared as logits, so that only likely proposals are looked at closely.
        let least = (self.threshold / (1.0 - self.threshold)).ln();
        let likely: Vec<(usize, f32)> = self.network.output(1, |logits: &[f32]| {
            logits.iter().copied().enumerate().filter(|(_, logit)| *logit >= least).collect()
        });
        let proposals = self.network.output(0, |numbers: &[f32]| {
            let face = |&(i, logit): &(usize, f32)| {
                proposal(&numbers[i * NUMBERS..(i + 1) * NUMBERS], self.anchors[i], sigmoid(logit))
            };
            likely.iter().map(face).collect::<Vec<_>>()
        });
        let mut faces = blend(proposals);
        for face in &mut faces {
            self.letterbox.to_picture(face);
        }
        largest_first(&mut faces);
        faces
    }
}

impl Letterbox {
    fn of(width: u32, height: u32) -> Self {
        let longer = width.max(height) as f32;
        let ratio = longer / SIDE as f32;
        let fit = |length: u32| ((length as f32 / ratio).round() as usize).clamp(1, SIDE);
        let (w, h) = (fit(width), fit(height));
        Self { ratio, left: (SIDE - w) / 2, top: (SIDE - h) / 2, width: w, height: h }
    }

    /// Brings a face from the network's 0..=1 to pixels of the picture.
    fn to_picture(self, face: &mut Face) {
        let x = |x: f32| (x * SIDE as f32 - self.left as f32) * self.ratio;
        let y = |y: f32| (y * SIDE as f32 - self.top as f32) * self.ratio;
        let size = SIDE as f32 * self.ratio;
        let Rect { x: left, y: top, w, h } = face.rect;
        face.rect = Rect { x: x(left), y: y(top), w: w * size, h: h * size };
        face.points = face.points.map(|(a, b)| (x(a), y(b)));
    }

    /// Writes the picture, −1..=1, and −1 around it. Each pixel of the input averages a few samples
    /// of the first plane; colour is read once.
    fn fill(self, view: &View<'_>, columns: &mut Columns, input: &mut [f32]) {
        let (first, others, range) = match *view.planes() {
            Planes::Grey(y) => (y, None, None),
            Planes::Yuv { y, u, v, range } => (y, Some([u, v]), Some(range)),
            Planes::Rgb { r, g, b } => (r, Some([g, b]), None),
        };
        // Two samples across suit a webcam; a photograph of many megapixels needs more.
        let taps = ((self.ratio / 4.0).ceil() as usize).clamp(2, 8);
        let at = |i: usize, k: usize, of: usize, limit: u32| {
            let place = (i as f32 + (k as f32 + 0.5) / of as f32) * self.ratio;
            (place as u32).min(limit - 1)
        };
        let offset = |plane: &Plane<'_>, x: u32| (x >> plane.shift_x) as usize * plane.step;
        let column = |k: usize, of: usize| (0..self.width).map(move |i| at(i, k, of, view.width()));
        columns.first.clear();
        for i in 0..self.width {
            columns.first.extend((0..taps).map(|k| offset(&first, at(i, k, taps, view.width()))));
        }
        // Red, green and blue are averaged alike; colour differences vary too little to matter.
        let rgb = range.is_none() && others.is_some();
        if let Some(planes) = &others {
            for (plane, offsets) in planes.iter().zip(&mut columns.others) {
                offsets.clear();
                if !rgb {
                    offsets.extend(column(0, 1).map(|x| offset(plane, x)));
                }
            }
        }
        input[..self.top * SIDE * 3].fill(-1.0);
        input[(self.top + self.height) * SIDE * 3..].fill(-1.0);
        let Columns { first: firsts, others: offsets, sums } = columns;
        for sum in sums.iter_mut() {
            sum.resize(self.width, 0);
        }
        let scale = 1.0 / (taps * taps) as f32;
        let rows = input[self.top * SIDE * 3..(self.top + self.height) * SIDE * 3].chunks_exact_mut(SIDE * 3);
        for (j, row) in rows.enumerate() {
            let add = |plane: &Plane<'_>, sum: &mut [u32]| {
                sum.fill(0);
                for k in 0..taps {
                    let y = at(j, k, taps, view.height()) >> plane.shift_y;
                    let line = &plane.data[y as usize * plane.stride..];
                    for (total, offsets) in sum.iter_mut().zip(firsts.chunks_exact(taps)) {
                        *total += offsets.iter().map(|&offset| u32::from(line[offset])).sum::<u32>();
                    }
                }
            };
            add(&first, &mut sums[0]);
            if let Some(planes) = &others {
                for (i, plane) in planes.iter().enumerate() {
                    if rgb {
                        add(plane, &mut sums[i + 1]);
                    } else {
                        let y = at(j, 0, 1, view.height()) >> plane.shift_y;
                        let line = &plane.data[y as usize * plane.stride..];
                        for (to, &offset) in sums[i + 1].iter_mut().zip(&offsets[i]) {
                            *to = u32::from(line[offset]);
                        }
                    }
                }
            }
            row[..self.left * 3].fill(-1.0);
            row[(self.left + self.width) * 3..].fill(-1.0);
            let pixels = row[self.left * 3..(self.left + self.width) * 3].chunks_exact_mut(3);
            let [a, b, c] = &*sums;
            match range {
                Some(range) => {
                    for (pixel, ((&y, &u), &v)) in pixels.zip(a.iter().zip(b).zip(c)) {
                        let rgb = range.rgb(y as f32 * scale, u as f32, v as f32);
                        pixel.copy_from_slice(&rgb.map(|v| (v.clamp(0.0, 255.0) - 127.5) * (1.0 / 127.5)));
                    }
                }
                None => {
                    let (b, c) = if others.is_some() { (b, c) } else { (a, a) };
                    for (pixel, ((&r, &g), &b)) in pixels.zip(a.iter().zip(b).zip(c)) {
                        pixel.copy_from_slice(&[r, g, b].map(|v| (v as f32 * scale - 127.5) * (1.0 / 127.5)));
                    }
                }
            }
        }
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

fn largest_first(faces: &mut [Face]) {
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

    #[test]
    fn a_wide_picture_has_room_above_and_below() {
        let wide = Letterbox::of(640, 480);
        assert_eq!(wide, Letterbox { ratio: 5.0, left: 0, top: 16, width: 128, height: 96 });
        let mut face = Face { rect: Rect { x: 0.5, y: 0.125, w: 0.1, h: 0.1 }, ..face(0.0, 1.0) };
        wide.to_picture(&mut face);
        assert_eq!(face.rect, Rect { x: 320.0, y: 0.0, w: 64.0, h: 64.0 });
        assert_eq!(Letterbox::of(1, 100_000).width, 1);
    }

    #[test]
    fn the_input_spans_minus_one_to_one_in_every_format() {
        let data = [255_u8, 0, 128].repeat(200 * 100);
        for view in [View::rgb8(200, 100, &data).unwrap(), View::grey(200, 100, &data[..20_000]).unwrap()] {
            let mut input = vec![9.0; SIDE * SIDE * 3];
            Letterbox::of(200, 100).fill(&view, &mut Columns::default(), &mut input);
            assert!(input.iter().all(|v| (-1.0..=1.0).contains(v)));
            assert_eq!((input[0], *input.last().unwrap()), (-1.0, -1.0));
        }
        let mut input = vec![9.0; SIDE * SIDE * 3];
        Letterbox::of(200, 100).fill(&View::rgb8(200, 100, &data).unwrap(), &mut Columns::default(), &mut input);
        let middle = &input[(64 * SIDE + 64) * 3..][..3];
        assert!((middle[0] - 1.0).abs() < 1e-5 && (middle[1] + 1.0).abs() < 1e-5, "{middle:?}");
        assert!((middle[2] - 0.5 / 127.5).abs() < 1e-5, "{middle:?}");
    }
}
