//! Each thing that cannot be used is refused with one message that says what it is and what to do.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use moodring_vision::{Classifier, Detector, ModelFile, Runtime, runtime};

#[test]
fn a_missing_library_names_what_to_run() {
    let error = Runtime::open(Path::new("/nowhere/libtensorflowlite_c.so")).unwrap_err().to_string();
    assert_eq!(error, "the TensorFlow Lite library is not at /nowhere/libtensorflowlite_c.so; run deploy/fetch-tflite");
}

#[test]
fn another_library_is_refused_with_both_hashes() {
    let mut bytes = fs::read(runtime::default_library()).expect("run deploy/fetch-tflite");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(runtime::LIBRARY);
    for bytes in [&bytes[..], &bytes[..100], b""] {
        fs::write(&path, bytes).unwrap();
        let error = Runtime::open(&path).unwrap_err().to_string();
        assert!(error.contains("is not the TensorFlow Lite library this program was written for"), "{error}");
        assert!(error.contains("sha256 ") && error.contains("expected "), "{error}");
        assert!(error.ends_with("run deploy/fetch-tflite"), "{error}");
    }
    let error = Runtime::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("cannot be read"), "{error}");
}

#[test]
fn a_model_cut_short_anywhere_is_refused() {
    let runtime = common::runtime();
    let whole = fs::read(common::models().join("emotion.tflite")).unwrap();
    assert!(Classifier::open(runtime, &ModelFile::new("whole.tflite", whole.clone())).is_ok());
    for eighth in 0..8 {
        let short = whole[..whole.len() * eighth / 8].to_vec();
        let error = Classifier::open(runtime, &ModelFile::new("short.tflite", short)).unwrap_err().to_string();
        assert!(error.starts_with("the model short.tflite is broken ("), "{error}");
    }
    let error = Detector::open(runtime, &ModelFile::new("note.tflite", b"no model".to_vec())).unwrap_err();
    assert!(error.to_string().starts_with("the model note.tflite is broken (8 bytes)"), "{error}");
}

#[test]
fn a_network_of_another_kind_is_refused_with_both_shapes() {
    let runtime = common::runtime();
    let error = Classifier::open(runtime, &ModelFile::shipped_face()).unwrap_err().to_string();
    assert_eq!(
        error,
        "the model face.tflite does not fit: expected input 1×48×48×1 Int8, output 1×7 Int8; \
         found input 1×128×128×3 Float32, output 1×896×16 Float32, 1×896×1 Float32"
    );
    let error = Detector::open(runtime, &ModelFile::shipped_emotion()).unwrap_err().to_string();
    assert!(error.contains("expected input 1×128×128×3 Float32") && error.contains("1×7 Int8"), "{error}");
    let error = ModelFile::read(Path::new("/nowhere/face.tflite")).unwrap_err().to_string();
    assert!(error.starts_with("the model /nowhere/face.tflite cannot be read"), "{error}");
}
