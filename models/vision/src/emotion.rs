//! What a face shows: a full-int8 network over seven expressions.
//!
//! Enters: a view and a face in it. Leaves: [`Scores`]. How the face becomes the input, and the
//! output probabilities, is stated once in `models/input.toml`, which the training reads
//! too. What fails: opening a model, or an `input.toml`, that does not fit.

use edgefirst_tflite::TensorType;
use moodring_mood::{Emotion, Scores};
use serde::Deserialize;

use crate::align::Crop;
use crate::crop::{Cropper, Rect, Tilted};
use crate::face::Face;
use crate::runtime::{ModelError, ModelFile, Network, Quantization, Runtime, Shape};
use crate::{Range, View};

/// Side of the network's input, in pixels.
pub const SIDE: usize = 48;

/// The statement that training and this crate share.
const INPUT: &str = include_str!("../../input.toml");

/// `models/input.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement {
    input: Input,
    output: Output,
    crop: Crop,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    size: usize,
    std_offset: f64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    classes: Vec<String>,
    temperature: f32,
}

/// The emotion network at work.
#[derive(Debug)]
pub struct Classifier {
    network: Network,
    cropper: Cropper,
    luma: Vec<u8>,
    input: Quantization,
    output: Quantization,
    std_offset: f64,
    temperature: f32,
    crop: Crop,
}

impl Classifier {
    /// Opens the network.
    ///
    /// # Errors
    /// See [`ModelError`].
    pub fn open(runtime: Runtime, file: &ModelFile) -> Result<Self, ModelError> {
        let other = |why: String| ModelError::OtherInput { name: file.name().to_owned(), why };
        let statement: Statement = toml::from_str(INPUT).map_err(|e| other(e.message().to_owned()))?;
        let int8 = |dims: &[usize]| Shape::new(TensorType::Int8, dims);
        let classes = Emotion::ALL.len();
        let network = Network::open(runtime, file, &int8(&[1, SIDE, SIDE, 1]), &[int8(&[1, classes])])?;
        let (input, output) = network.quantization();
        if statement.input.size != SIDE {
            return Err(other(format!("its input is {SIDE} pixels wide, not {}", statement.input.size)));
        }
        if !statement.output.classes.iter().map(String::as_str).eq(Emotion::ALL.map(Emotion::word)) {
            return Err(other(format!("the classes are {}", statement.output.classes.join(", "))));
        }
        if !(input.scale > 0.0 && output.scale > 0.0 && statement.output.temperature > 0.0) {
            return Err(other("a scale or the temperature is not greater than 0".to_owned()));
        }
        Ok(Self {
            network,
            cropper: Cropper::default(),
            luma: vec![0; SIDE * SIDE],
            input,
            output,
            std_offset: statement.input.std_offset,
            temperature: statement.output.temperature,
            crop: statement.crop,
        })
    }

    /// Reads the face in a picture: [`prepare`](Self::prepare), [`infer`](Self::infer).
    pub fn read(&mut self, view: &View<'_>, face: &Face) -> Scores {
        self.prepare(view, face);
        self.infer()
    }

    /// Reads a picture that is nothing but a face.
    pub fn read_cropped(&mut self, view: &View<'_>) -> Scores {
        self.prepare_cropped(view);
        self.infer()
    }

    /// Writes the square around a face, level with its eyes, into the network's input.
    pub fn prepare(&mut self, view: &View<'_>, face: &Face) {
        self.cropper.cut_tilted(view, self.square(face), SIDE, &mut self.luma);
        self.standardise(view.range());
    }

    /// Writes a picture that is nothing but a face into the network's input.
    pub fn prepare_cropped(&mut self, view: &View<'_>) {
        self.cropper.cut(view, Rect::whole(view), SIDE, &mut self.luma);
        self.standardise(view.range());
    }

    fn standardise(&mut self, range: Range) {
        let std_offset = match range {
            Range::Full => self.std_offset,
            // Where luma has less contrast, so much less of the offset makes the same input.
            Range::Limited => self.std_offset * (219.0 / 255.0),
        };
        let table = table(&self.luma, std_offset, self.input);
        let luma = &self.luma;
        self.network.fill(|input: &mut [i8]| {
            for (to, &from) in input.iter_mut().zip(luma) {
                *to = table[usize::from(from)];
            }
        });
    }

    /// Runs the network.
    pub fn infer(&mut self) -> Scores {
        let Quantization { scale, zero_point } = self.output;
        let steps = self.infer_steps();
        Scores::softmax(steps.map(|step| (i32::from(step) - zero_point) as f32 * scale / self.temperature))
    }

    /// Runs the network and gives its output as it is, in the network's order.
    pub fn infer_steps(&mut self) -> [i8; 7] {
        self.network.run();
        self.network.output(0, |steps: &[i8]| std::array::from_fn(|i| steps[i]))
    }

    /// The network's input as it was last written.
    pub fn input_steps(&mut self) -> Vec<i8> {
        self.network.fill(|input: &mut [i8]| input.to_vec())
    }

    /// The square around a face that is read.
    pub fn square(&self, face: &Face) -> Tilted {
        self.crop.around(face)
    }

    /// Cuts another square around a face from now on than `models/input.toml` says: to measure which
    /// is best.
    pub fn crop_otherwise(&mut self, scale: f32, shift_y: f32) {
        self.crop = Crop { scale, shift_y, ..self.crop };
    }

    /// How the integers of the input and the output stand for numbers.
    pub const fn quantization(&self) -> (Quantization, Quantization) {
        (self.input, self.output)
    }
}

/// What each luma becomes in a picture of these: standardised and quantized, in the order of
/// operations that `models/input.toml` fixes, so that training and this agree bit for bit.
fn table(luma: &[u8], std_offset: f64, quantization: Quantization) -> [i8; 256] {
    let n = luma.len() as u64;
    let (sum, sum2) = luma.iter().fold((0_u64, 0_u64), |(sum, sum2), &v| {
        let v = u64::from(v);
        (sum + v, sum2 + v * v)
    });
    let mean = sum as f64 / n as f64;
    let std = ((n * sum2 - sum * sum) as f64).sqrt() / n as f64;
    let scale = f64::from(quantization.scale);
    std::array::from_fn(|v| {
        let x = (v as f64 - mean) / (std + std_offset);
        let q = (x / scale).round_ties_even() + f64::from(quantization.zero_point);
        q.clamp(-128.0, 127.0) as i8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: Quantization = Quantization { scale: 0.04, zero_point: 5 };

    #[test]
    fn a_flat_picture_is_all_zero() {
        for v in [0, 128, 255] {
            assert_eq!(table(&[v; SIDE * SIDE], 8.0, STEPS)[usize::from(v)], 5);
        }
    }

    #[test]
    fn brighter_is_never_less_and_the_ends_are_kept() {
        let mut luma = [100_u8; SIDE * SIDE];
        luma[0] = 255;
        let table = table(&luma, 8.0, STEPS);
        assert!(table.is_sorted());
        assert_eq!((table[0], table[255]), (-128, 127));
    }
}
