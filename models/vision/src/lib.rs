//! The networks that find a face and read its expression.
//!
//! Enters: a picture in whatever format a camera delivers ([`View`]). Leaves: faces
//! ([`face::Face`]) and, for each, probabilities of seven expressions. What fails, fails when a
//! library or model is opened, with one message that names the file, what was found and what would
//! do; after that, looking at a picture does not fail.

mod pixels;

pub use pixels::{PictureError, Plane, Planes, Range, View};
