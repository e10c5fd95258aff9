//! The networks that find a face and read its expression.
//!
//! Enters: a picture in whatever format a camera delivers ([`View`]). Leaves: faces
//! ([`face::Face`]) and, for each, probabilities of seven expressions. What fails, fails when a
//! library or model is opened, with one message that names the file, what was found and what would
//! do; after that, looking at a picture does not fail.

mod align;
mod crop;
mod letterbox;
mod pixels;

pub mod emotion;
pub mod face;
pub mod runtime;
pub mod window;

pub use align::Crop;
pub use crop::{Cropper, Rect, Tilted};
pub use emotion::Classifier;
pub use face::{Detector, Face};
pub use pixels::{PictureError, Plane, Planes, Range, View};
pub use runtime::{ModelError, ModelFile, Runtime, RuntimeError};
pub use window::Window;
