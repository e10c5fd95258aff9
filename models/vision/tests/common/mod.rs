//! What the tests of this crate share.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use moodring_vision::{Runtime, runtime};

/// The library. A machine without it fails here, with the message that says what to run.
pub fn runtime() -> Runtime {
    Runtime::open(&runtime::default_library()).unwrap_or_else(|e| panic!("{e}"))
}

/// The folder `models/`.
pub fn models() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A photograph of one smiling face, as RGB: width, height, pixels.
pub fn astronaut() -> (u32, u32, Vec<u8>) {
    let image = image::load_from_memory(include_bytes!("../data/astronaut.jpg")).unwrap().into_rgb8();
    (image.width(), image.height(), image.into_raw())
}
