//! The TensorFlow Lite C library, and a network at work in it.
//!
//! Enters: the path of the pinned library and the bytes of a `.tflite` file. Leaves: a network at work,
//! with one input and known outputs, run on one thread, by XNNPACK where the library has it. What
//! fails, fails at opening: a library that is missing, another than the pinned one, or unusable
//! ([`RuntimeError`]), and a model that is broken or of another kind ([`ModelError`]).

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::fmt::{self, Write as _};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use edgefirst_tflite::{Delegate, Interpreter, Library, Model, TensorType};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// The library's file name.
pub const LIBRARY: &str = "libtensorflowlite_c.so";

/// SHA-256 of the library that this program was written for, TensorFlow Lite 2.17.1.
///
/// Pinned because the options of the XNNPACK delegate are passed by value: another version's
/// library would be handed a structure of another shape. `deploy/fetch-tflite` holds the same.
const PINNED: Option<&str> = match env::consts::ARCH.as_bytes() {
    b"x86_64" => Some("25465edb5cd7aadd00249d4d28f1d922ce5cc90195ad4403458111dd63493bae"),
    b"aarch64" => Some("12062437bfde367b1be592ebc4a9fe64b8453f90b3b7dc21fade002c38e1ac1a"),
    b"arm" => Some("fcb6ef6f3f9c68889868fb55aba544d43d0fe9703c1efeb2756e82b553d032ab"),
    _ => None,
};

/// Whether the pinned library has XNNPACK. The one for 32-bit ARM was built without: there the library's
/// own kernels run the networks, to outputs within two steps (`deploy/pi/check`).
const XNNPACK: bool = !cfg!(target_arch = "arm");

/// Why the library cannot be used.
#[derive(Debug, Error)]
pub enum RuntimeError {
    /// It is not there.
    #[error("the TensorFlow Lite library is not at {0}; run deploy/fetch-tflite")]
    Missing(PathBuf),
    /// It is there, and cannot be read.
    #[error("the TensorFlow Lite library {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// It is another file than the pinned one.
    #[error(
        "{path} is not the TensorFlow Lite library this program was written for: \
         sha256 {found}, expected {expected}; run deploy/fetch-tflite"
    )]
    OtherHash {
        /// The file.
        path: PathBuf,
        /// Its hash.
        found: String,
        /// The pinned hash.
        expected: &'static str,
    },
    /// The system cannot load it.
    #[error(
        "the TensorFlow Lite library {path} cannot be loaded: {why}; \
         it needs glibc 2.34 and libstdc++ 3.4.30; run deploy/fetch-tflite"
    )]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: String,
    },
    /// There is none for this kind of machine.
    #[error("no TensorFlow Lite library is pinned for {0}; x86_64, aarch64 and armv7l are")]
    OtherMachine(&'static str),
}

/// Why a model cannot be used.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The file cannot be read.
    #[error("the model {path} cannot be read: {why}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// It is no complete TFLite file.
    #[error("the model {name} is broken ({bytes} bytes): {why}; restore the file")]
    Broken {
        /// Which model.
        name: String,
        /// Its length.
        bytes: usize,
        /// What the library said.
        why: String,
    },
    /// It is a network of another kind.
    #[error("the model {name} does not fit: expected {expected}; found {found}")]
    OtherShape {
        /// Which model.
        name: String,
        /// The tensors that would do.
        expected: String,
        /// The tensors there are.
        found: String,
    },
    /// `models/input.toml` and the network disagree.
    #[error("the model {name} does not fit models/input.toml: {why}")]
    OtherInput {
        /// Which model.
        name: String,
        /// What was found.
        why: String,
    },
}

/// The library, loaded. It stays loaded until the program ends.
#[derive(Clone, Copy, Debug)]
pub struct Runtime {
    library: &'static Library,
}

impl Runtime {
    /// Loads the library at `path`, after checking that it is the pinned one (about 20 ms). A
    /// library that is already loaded is used again.
    ///
    /// # Errors
    /// See [`RuntimeError`].
    pub fn open(path: &Path) -> Result<Self, RuntimeError> {
        static LOADED: Mutex<Vec<(PathBuf, &'static Library)>> = Mutex::new(Vec::new());
        // Held while loading, so that two threads do not load it twice.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, library)) = loaded.iter().find(|(known, _)| known == path) {
            return Ok(Self { library });
        }
        let expected = PINNED.ok_or(RuntimeError::OtherMachine(env::consts::ARCH))?;
        let bytes = fs::read(path).map_err(|why| match why.kind() {
            std::io::ErrorKind::NotFound => RuntimeError::Missing(path.to_owned()),
            _ => RuntimeError::Unreadable { path: path.to_owned(), why },
        })?;
        let found = hex(&Sha256::digest(&bytes));
        drop(bytes);
        if found != expected {
            return Err(RuntimeError::OtherHash { path: path.to_owned(), found, expected });
        }
        let library = Library::from_path(path)
            .map_err(|e| RuntimeError::Unusable { path: path.to_owned(), why: e.to_string() })?;
        let library: &'static Library = Box::leak(Box::new(library));
        loaded.push((path.to_owned(), library));
        Ok(Self { library })
    }
}

/// Where the library is when nobody says: `MOODRING_TFLITE` if that is set and not empty, else
/// beside the program, else in `lib/moodring` beside the program's folder (`/usr/lib/moodring` for
/// `/usr/bin/moodring-device`), else in a folder `tflite` there or in one of the two folders above it
/// (`target/tflite` above `target/release/moodring-device`), else where `deploy/fetch-tflite` leaves
/// it, `target/tflite` in the current folder or one of the two above it.
pub fn default_library() -> PathBuf {
    let program = env::current_exe().unwrap_or_default();
    let here = env::current_dir().unwrap_or_default();
    library_from(env::var_os("MOODRING_TFLITE"), &program, &here)
}

fn library_from(named: Option<OsString>, program: &Path, here: &Path) -> PathBuf {
    if let Some(path) = named.filter(|path| !path.is_empty()) {
        return PathBuf::from(path);
    }
    let inside = |folder: &Path| folder.join("tflite").join(LIBRARY);
    let beside = program.parent().map(|folder| folder.join(LIBRARY));
    let installed = program.ancestors().nth(2).map(|prefix| prefix.join("lib/moodring").join(LIBRARY));
    let above_program = program.ancestors().skip(1).take(3).map(inside);
    let above_here = here.ancestors().take(3).map(|folder| inside(&folder.join("target")));
    beside
        .into_iter()
        .chain(installed)
        .chain(above_program)
        .chain(above_here)
        .find(|path| path.is_file())
        .unwrap_or_else(|| inside(Path::new("target")))
}

/// A `.tflite` file's bytes and what to call it.
#[derive(Clone, Debug)]
pub struct ModelFile {
    name: String,
    bytes: Cow<'static, [u8]>,
}

impl ModelFile {
    /// The face detector that is built in: BlazeFace short range.
    pub fn shipped_face() -> Self {
        Self::new("face.tflite", include_bytes!("../../face.tflite").as_slice())
    }

    /// The emotion network that is built in.
    pub fn shipped_emotion() -> Self {
        Self::new("emotion.tflite", include_bytes!("../../emotion.tflite").as_slice())
    }

    /// Bytes from anywhere, under a name for messages.
    pub fn new(name: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) -> Self {
        Self { name: name.into(), bytes: bytes.into() }
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(path: &Path) -> Result<Self, ModelError> {
        let bytes = fs::read(path).map_err(|why| ModelError::Unreadable { path: path.to_owned(), why })?;
        Ok(Self::new(path.display().to_string(), bytes))
    }

    /// What to call it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// SHA-256 of the bytes, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string does not fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// A tensor's element type and shape, batch first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    pub kind: TensorType,
    pub dims: Vec<usize>,
}

impl Shape {
    pub fn new(kind: TensorType, dims: &[usize]) -> Self {
        Self { kind, dims: dims.to_vec() }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dims = self.dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×");
        write!(f, "{dims} {:?}", self.kind)
    }
}

/// How the integers of a quantized tensor stand for numbers: `scale × (integer − zero_point)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quantization {
    /// The number that one step stands for; greater than 0.
    pub scale: f32,
    /// The integer that stands for 0, −128..=127.
    pub zero_point: i32,
}

/// A network at work on one thread.
pub(crate) struct Network {
    // Dropped before the bytes that it reads its weights from.
    interpreter: Interpreter<'static>,
    _model: Model<'static>,
    name: String,
    outputs: Vec<usize>,
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Tensors whose shape was checked when the network was opened do not change afterwards.
const CHECKED: &str = "the tensors were checked when the network was opened";

impl Network {
    /// Opens a model that must have one input and outputs of these shapes, the outputs in any order.
    pub fn open(runtime: Runtime, file: &ModelFile, input: &Shape, outputs: &[Shape]) -> Result<Self, ModelError> {
        let broken = |e: edgefirst_tflite::Error| ModelError::Broken {
            name: file.name.clone(),
            bytes: file.bytes.len(),
            why: e.to_string(),
        };
        let model = Model::from_bytes(runtime.library, file.bytes.to_vec()).map_err(broken)?;
        let mut builder = Interpreter::builder(runtime.library).map_err(broken)?.num_threads(1);
        if XNNPACK {
            builder = builder.delegate(Delegate::xnnpack(runtime.library, 1).map_err(broken)?);
        }
        let interpreter = builder.build(&model).map_err(broken)?;

        let shapes = |tensors: Vec<edgefirst_tflite::Tensor<'_>>| -> Result<Vec<Shape>, ModelError> {
            let shape = |t: &edgefirst_tflite::Tensor<'_>| Ok(Shape { kind: t.tensor_type(), dims: t.shape()? });
            tensors.iter().map(shape).collect::<Result<_, _>>().map_err(broken)
        };
        let found_inputs = shapes(interpreter.inputs().map_err(broken)?)?;
        let found_outputs = shapes(interpreter.outputs().map_err(broken)?)?;
        let places: Vec<usize> =
            outputs.iter().filter_map(|shape| found_outputs.iter().position(|found| found == shape)).collect();
        let fits = found_inputs == [input.clone()] && places.len() == outputs.len();
        if !fits || found_outputs.len() != outputs.len() {
            let list = |shapes: &[Shape]| shapes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let words = |i: &[Shape], o: &[Shape]| format!("input {}, output {}", list(i), list(o));
            return Err(ModelError::OtherShape {
                name: file.name.clone(),
                expected: words(std::slice::from_ref(input), outputs),
                found: words(&found_inputs, &found_outputs),
            });
        }
        Ok(Self { interpreter, _model: model, name: file.name.clone(), outputs: places })
    }

    /// Lets `fill` write the input.
    pub fn fill<T: Copy, R>(&mut self, fill: impl FnOnce(&mut [T]) -> R) -> R {
        let mut inputs = self.interpreter.inputs_mut().expect(CHECKED);
        fill(inputs[0].as_mut_slice().expect(CHECKED))
    }

    /// Runs the network.
    pub fn run(&mut self) {
        self.interpreter.invoke().expect("a network that was opened whole runs");
    }

    /// Lets `read` look at the output that was named at place `index` when opening.
    pub fn output<T: Copy, R>(&self, index: usize, read: impl FnOnce(&[T]) -> R) -> R {
        let outputs = self.interpreter.outputs().expect(CHECKED);
        read(outputs[self.outputs[index]].as_slice().expect(CHECKED))
    }

    /// How the input's and the first output's integers stand for numbers.
    pub fn quantization(&self) -> (Quantization, Quantization) {
        let of = |t: &edgefirst_tflite::Tensor<'_>| {
            let params = t.quantization_params();
            Quantization { scale: params.scale, zero_point: params.zero_point }
        };
        let inputs = self.interpreter.inputs().expect(CHECKED);
        let outputs = self.interpreter.outputs().expect(CHECKED);
        (of(&inputs[0]), of(&outputs[self.outputs[0]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_looked_for_beside_the_program_first() {
        let folder = tempfile::tempdir().unwrap();
        let (program, here) = (folder.path().join("a/b/program"), folder.path().join("here"));
        let found = |named: Option<&str>| library_from(named.map(OsString::from), &program, &here);
        assert_eq!(found(None), Path::new("target/tflite").join(LIBRARY));
        // From the last place that is looked at to the first.
        for place in ["here/target/tflite", "tflite", "a/tflite", "a/b/tflite", "a/lib/moodring", "a/b"] {
            let place = folder.path().join(place);
            fs::create_dir_all(&place).unwrap();
            fs::write(place.join(LIBRARY), "").unwrap();
            assert_eq!(found(None), place.join(LIBRARY));
        }
        assert_eq!(found(Some("")), program.with_file_name(LIBRARY));
        assert_eq!(found(Some("/x.so")), Path::new("/x.so"));
    }
}
