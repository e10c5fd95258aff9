//! `read`: image files → one line of JSON each.
//!
//! Enters: paths of files and folders, or a list of them on standard input. Leaves: on standard
//! output a line for each image that could be read, on standard error a line for each that could
//! not, with its name and the reason. What fails is one image at a time; the others are read.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use moodring_mood::{Confidence, Emotion, Scores};
use serde::Serialize;

use crate::frame::Frame;
use crate::see::{FaceReading, Seer};
use crate::still::{self, StillError};

/// What an image shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// Whatever a camera sees: faces are looked for.
    Scene,
    /// What one camera sees next: faces are followed from image to image.
    Frame,
    /// Nothing but a face: the whole image is read.
    Cropped,
}

/// One line of output.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// The file, as it was named.
    pub image: String,
    /// The faces in it, the largest first.
    pub faces: Vec<Face>,
}

/// One face of a [`Line`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Face {
    /// x, y, width and height in pixels of the upright image; may reach beyond its edge.
    #[serde(rename = "box")]
    pub rect: [f32; 4],
    /// How probable the mood is, 0..=1.
    pub confidence: Confidence,
    /// The most probable mood.
    pub mood: Emotion,
    /// All seven probabilities.
    pub scores: Scores,
}

impl Face {
    fn new(rect: [f32; 4], scores: Scores) -> Self {
        // Four digits tell all that a network knows, and keep the lines short.
        let short = |v: f32| (v * 1e4).round() / 1e4;
        let (mood, confidence) = scores.top();
        Self {
            rect: rect.map(|v| (v * 10.0).round() / 10.0),
            confidence: Confidence::saturating(short(confidence.get())),
            mood,
            scores: Scores::from_array(scores.to_array().map(short)),
        }
    }
}

/// How many images were read, and how many things could not be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Lines on standard output.
    pub read: u64,
    /// Lines on standard error: the program ends with status 1 if there is any.
    pub failed: u64,
}

/// Reads everything that `paths` names; `-` stands for a list on `input`, one path a line.
///
/// # Errors
/// `output` cannot be written to, or `input` not read. A closed `output` (`| head`) is no error.
pub fn run(
    seer: &mut Seer,
    subject: Subject,
    paths: &[PathBuf],
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    complaints: &mut dyn Write,
) -> io::Result<Count> {
    let mut reader = Reader { seer, subject, output, complaints, count: Count::default() };
    let done =
        paths.iter().try_for_each(|path| if path.as_os_str() == "-" { reader.list(input) } else { reader.path(path) });
    let count = reader.count;
    match done.and_then(|()| output.flush()) {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(count),
        done => done.map(|()| count),
    }
}

/// What one image shows.
///
/// # Errors
/// See [`StillError`].
pub fn image(seer: &mut Seer, subject: Subject, path: &Path) -> Result<Line, StillError> {
    let picture = still::load(path)?;
    let all = |faces: Vec<FaceReading>| faces.into_iter().map(|face| Face::new(face.rect, face.scores)).collect();
    let faces = match subject {
        Subject::Scene => all(seer.look(&picture.view())),
        Subject::Frame => all(seer.see(&Frame { at: Timestamp::UNIX_EPOCH, seq: 0, picture }).faces),
        Subject::Cropped => {
            let whole = [0.0, 0.0, picture.width() as f32, picture.height() as f32];
            vec![Face::new(whole, seer.look_cropped(&picture.view()))]
        }
    };
    Ok(Line { image: path.display().to_string(), faces })
}

struct Reader<'a> {
    seer: &'a mut Seer,
    subject: Subject,
    output: &'a mut dyn Write,
    complaints: &'a mut dyn Write,
    count: Count,
}

impl Reader<'_> {
    fn list(&mut self, input: &mut dyn BufRead) -> io::Result<()> {
        let mut line = Vec::new();
        while input.read_until(b'\n', &mut line)? > 0 {
            let name = line.strip_suffix(b"\n").unwrap_or(&line);
            let name = name.strip_suffix(b"\r").unwrap_or(name);
            if !name.is_empty() {
                self.path(Path::new(OsStr::from_bytes(name)))?;
                // Whoever writes the list may wait for each answer before naming the next.
                self.output.flush()?;
            }
            line.clear();
        }
        Ok(())
    }

    fn path(&mut self, path: &Path) -> io::Result<()> {
        if !path.is_dir() {
            return self.file(path);
        }
        let mut images = Vec::new();
        self.images_below(path, &mut images)?;
        if images.is_empty() {
            return self.complain(path, &"no image in this folder (.jpg, .png, .gif, .bmp, .webp)");
        }
        images.iter().try_for_each(|image| self.file(image))
    }

    /// All images of a folder and the folders in it, by name. Links to folders are not followed:
    /// they may lead in a circle.
    fn images_below(&mut self, folder: &Path, images: &mut Vec<PathBuf>) -> io::Result<()> {
        let entries = fs::read_dir(folder).and_then(|entries| entries.collect::<Result<Vec<_>, _>>());
        let mut entries = match entries {
            Ok(entries) => entries,
            Err(e) => return self.complain(folder, &StillError::Read(e)),
        };
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.images_below(&path, images)?;
            } else if still::is_named_like_an_image(&path) {
                images.push(path);
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        match image(self.seer, self.subject, path) {
            Ok(line) => {
                self.count.read += 1;
                serde_json::to_writer(&mut self.output, &line)?;
                self.output.write_all(b"\n")
            }
            Err(why) => self.complain(path, &why),
        }
    }

    fn complain(&mut self, path: &Path, why: &dyn std::fmt::Display) -> io::Result<()> {
        self.count.failed += 1;
        // A name may hold a line break, and a complaint is one line.
        let text = format!("{}: {why}", path.display()).replace(['\n', '\r'], "\u{fffd}");
        writeln!(self.complaints, "{text}")
    }
}
