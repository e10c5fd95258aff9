//! `golden`: does this machine compute what the reference interpreter did?
//!
//! Enters: the folder `models/golden`, whose README says what its files hold. Leaves: how far inputs
//! and outputs of the emotion network lie apart ([`Agreement`]). What fails: the library or the
//! network, a file that is missing or of another length, and golden files of another network.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use moodring_vision::{Classifier, ModelError, ModelFile, Runtime, RuntimeError, View, emotion::SIDE, runtime};
use serde::Deserialize;
use thiserror::Error;

use crate::see::VisionSettings;

/// Bytes of one input and one output.
const INPUT: usize = SIDE * SIDE;
const OUTPUT: usize = 7;

/// Steps by which an output may differ from the reference's on another kind of processor. On 32-bit ARM the
/// library's own kernels, not XNNPACK's, add up and round: 2 were seen there, of 256.
pub const ALLOWED: u8 = if cfg!(target_arch = "arm") { 2 } else { 1 };

/// Why nothing could be compared.
#[derive(Debug, Error)]
pub enum GoldenError {
    /// The library.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A golden file cannot be read.
    #[error("{path} cannot be read: {why}; name the folder models/golden")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// The files do not belong to each other or to the network.
    #[error("{folder} does not fit: {why}")]
    Other {
        /// The folder.
        folder: PathBuf,
        /// What was found.
        why: String,
    },
}

/// What was compared, and how it came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Pictures compared.
    pub pictures: usize,
    /// Pictures whose input is not, bit for bit, the reference's.
    pub other_inputs: usize,
    /// Pictures whose output is not, bit for bit, the reference's.
    pub other_outputs: usize,
    /// The largest difference of an output, in steps of the int8 scale.
    pub apart: u8,
}

impl Agreement {
    /// Whether this machine may be trusted: equal inputs, outputs at most [`ALLOWED`] apart.
    pub const fn holds(&self) -> bool {
        self.other_inputs == 0 && self.apart <= ALLOWED
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pictures, other_inputs, other_outputs, apart } = self;
        let verdict = if self.holds() { "good" } else { "NOT good" };
        write!(
            f,
            "{verdict}: {pictures} pictures; {other_inputs} inputs differ; \
             {other_outputs} outputs differ, by {apart} steps at most ({ALLOWED} is allowed)"
        )
    }
}

#[derive(Deserialize)]
struct Description {
    model_sha256: String,
}

/// Runs the emotion network of `settings` over the golden pictures in `folder`.
///
/// # Errors
/// See [`GoldenError`].
pub fn compare(settings: &VisionSettings, folder: &Path) -> Result<Agreement, GoldenError> {
    let file = |name: &str| {
        let path = folder.join(name);
        fs::read(&path).map_err(|why| GoldenError::Unreadable { path, why })
    };
    let other = |why: String| GoldenError::Other { folder: folder.to_owned(), why };
    let description: Description =
        serde_json::from_slice(&file("golden.json")?).map_err(|e| other(format!("golden.json: {e}")))?;
    let (luma, input, output) = (file("luma.bin")?, file("input.bin")?, file("output.bin")?);
    let pictures = luma.len() / INPUT;
    if pictures == 0
        || [luma.len(), input.len(), output.len()] != [pictures * INPUT, pictures * INPUT, pictures * OUTPUT]
    {
        let lengths = format!("{}, {} and {} bytes", luma.len(), input.len(), output.len());
        return Err(other(format!(
            "luma.bin, input.bin and output.bin have {lengths}, of no common number of pictures"
        )));
    }
    let runtime = Runtime::open(&settings.library.clone().unwrap_or_else(runtime::default_library))?;
    let model = match &settings.emotion_model {
        Some(path) => ModelFile::read(path)?,
        None => ModelFile::shipped_emotion(),
    };
    if model.sha256() != description.model_sha256 {
        let (name, found) = (model.name(), model.sha256());
        return Err(other(format!(
            "it was made for a network with sha256 {}; {name} has {found}",
            description.model_sha256
        )));
    }
    let mut classifier = Classifier::open(runtime, &model)?;
    let mut agreement = Agreement { pictures, other_inputs: 0, other_outputs: 0, apart: 0 };
    let expected = input.chunks_exact(INPUT).zip(output.chunks_exact(OUTPUT));
    for (picture, (input, output)) in luma.chunks_exact(INPUT).zip(expected) {
        let view = View::grey(SIDE as u32, SIDE as u32, picture).map_err(|e| other(e.to_string()))?;
        classifier.prepare_cropped(&view);
        let same = classifier.input_steps().iter().zip(input).all(|(a, b)| *a == *b as i8);
        agreement.other_inputs += usize::from(!same);
        let steps = classifier.infer_steps();
        let apart = steps.iter().zip(output).map(|(a, b)| a.abs_diff(*b as i8)).max().unwrap_or(0);
        agreement.other_outputs += usize::from(apart > 0);
        agreement.apart = agreement.apart.max(apart);
    }
    Ok(agreement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn golden() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../models/golden")
    }

    #[test]
    fn this_machine_agrees_with_the_reference() {
        let agreement = compare(&VisionSettings::default(), &golden()).unwrap_or_else(|e| panic!("{e}"));
        assert!(agreement.holds() && agreement.pictures == 64, "{agreement}");
    }

    #[test]
    fn a_wrong_step_is_noticed_and_a_wrong_folder_named() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["luma.bin", "input.bin", "output.bin", "golden.json"] {
            let mut bytes = fs::read(golden().join(name)).unwrap();
            if name == "output.bin" {
                bytes[3] = (bytes[3] as i8).wrapping_add(5) as u8;
            }
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let settings = VisionSettings::default();
        let agreement = compare(&settings, folder.path()).unwrap();
        assert!(!agreement.holds() && agreement.other_outputs == 1, "{agreement}");
        fs::write(folder.path().join("input.bin"), [0; 5]).unwrap();
        let error = compare(&settings, folder.path()).unwrap_err().to_string();
        assert!(error.contains("5 and 448 bytes"), "{error}");
        fs::remove_file(folder.path().join("luma.bin")).unwrap();
        let error = compare(&settings, folder.path()).unwrap_err().to_string();
        assert!(error.contains("luma.bin cannot be read"), "{error}");
    }
}
