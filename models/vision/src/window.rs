//! Which part of a picture the detector looks at: all of it, or a square that may reach beyond it.
//!
//! The detector shrinks what it sees to 128 pixels and knows faces from about a sixth of that on, so
//! a far face is seen only through a smaller window, and a face that was seen before is seen best
//! through a window around it. Beyond the edge a window shows the picture mirrored: half a face is
//! found as a whole one. Enters: the size of a picture, or a face. Leaves: windows. Nothing here
//! fails.

use crate::{Face, Rect};

/// What the detector looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// The whole picture, with black bars if it is not square.
    Whole,
    /// A square.
    Part(Square),
}

/// A square in pixels of a picture; may reach beyond its edge. `x` and `y` are its upper left corner.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub struct Square {
    pub x: f32,
    pub y: f32,
    pub side: f32,
}

/// The side of the window around a face, in units of the face's longer side. Of 2 to 5, the one in which
/// the scores of faces and of what only looks like one lie farthest apart; and a face may move by its
/// own width and is still inside.
const AROUND: f32 = 3.5;

/// Windows around one face whose scores, on average, tell faces from what only looks like one better
/// than any one of them does.
const JUDGED: [f32; 3] = [AROUND, 2.0, 5.0];

impl Window {
    /// The window in which a face is looked at for itself.
    pub fn around(face: &Rect) -> Self {
        Self::of_face(face, AROUND)
    }

    /// The windows in which it is judged whether something is a face; the first is [`around`](Self::around).
    pub fn to_judge(face: &Rect) -> [Self; 3] {
        JUDGED.map(|sides| Self::of_face(face, sides))
    }

    fn of_face(face: &Rect, sides: f32) -> Self {
        let (x, y) = face.centre();
        let side = sides * face.w.max(face.h);
        Self::Part(Square { x: x - side / 2.0, y: y - side / 2.0, side })
    }
}

/// Square windows that cover a picture, row by row: `part` of its longer side wide, neighbours half
/// a window apart at most, so that a face half as wide as a window is whole in one of them. They
/// reach beyond each edge by `beyond` of their side; where the picture is smaller than one, the
/// window is centred on it.
pub fn tiles(width: u32, height: u32, part: f32, beyond: f32) -> Vec<Square> {
    let side = width.max(height) as f32 * part;
    let places = |length: u32| {
        let (first, last) = (-beyond * side, length as f32 + beyond * side - side);
        let steps = ((last - first) / (side / 2.0)).ceil();
        if steps < 1.0 {
            return vec![(length as f32 - side) / 2.0];
        }
        (0..=steps as usize).map(|i| first + (last - first) * i as f32 / steps).collect()
    };
    let columns = places(width);
    places(height).into_iter().flat_map(|y| columns.iter().map(move |&x| Square { x, y, side })).collect()
}

/// The windows through which a photograph is searched, beside the whole: for faces that its edge
/// cuts, for far faces, and for very far ones.
pub fn for_photograph(width: u32, height: u32) -> Vec<Square> {
    [1.0, 0.5, 0.25].into_iter().flat_map(|part| tiles(width, height, part, 0.25)).collect()
}

/// The windows through which a camera's frame is searched, beside the whole, one at a time: for far
/// faces. Those in the middle come first, for people sit there.
pub fn for_frame(width: u32, height: u32) -> Vec<Square> {
    let mut windows = tiles(width, height, 0.5, 0.0);
    let off = |w: &Square| {
        let (x, y) = (w.x + w.side / 2.0 - width as f32 / 2.0, w.y + w.side / 2.0 - height as f32 / 2.0);
        (x * x + y * y).sqrt()
    };
    windows.sort_by(|a, b| off(a).total_cmp(&off(b)));
    windows
}

/// A face's rectangle relative to the picture's longer side: what share of the detector's view it
/// fills when that looks at the whole.
pub fn share(face: &Face, width: u32, height: u32) -> f32 {
    face.rect.w.max(face.rect.h) / width.max(height) as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn six_windows_cover_a_webcam_frame_and_stay_inside() {
        let windows = for_frame(640, 480);
        assert_eq!(windows.len(), 6);
        assert!(windows.iter().all(|w| w.x >= 0.0 && w.y >= 0.0 && w.x + w.side <= 640.0 && w.y + w.side <= 480.0));
        // A face of 60 pixels anywhere is whole in one of them.
        for x in (0..=580).step_by(10) {
            for y in (0..=420).step_by(10) {
                let (x, y) = (x as f32, y as f32);
                let whole = |w: &Square| x >= w.x && y >= w.y && x + 60.0 <= w.x + w.side && y + 60.0 <= w.y + w.side;
                assert!(windows.iter().any(whole), "{x},{y}");
            }
        }
        assert_eq!(windows[0].x, 160.0, "the middle comes first: {windows:?}");
    }

    #[test]
    fn windows_of_a_photograph_reach_beyond_each_edge() {
        for (width, height) in [(1024, 683), (683, 1024), (600, 600), (1, 1), (3, 2000)] {
            let windows = for_photograph(width, height);
            assert!((10..200).contains(&windows.len()), "{width}×{height}: {}", windows.len());
            assert!(windows.iter().all(|w| w.side > 0.0));
            assert!(windows.iter().any(|w| w.x < 0.0) && windows.iter().any(|w| w.y < 0.0));
            assert!(windows.iter().any(|w| w.x + w.side > width as f32 && w.y + w.side > height as f32));
        }
    }

    #[test]
    fn a_face_lies_in_the_middle_of_its_window() {
        let face = Rect { x: 100.0, y: 50.0, w: 40.0, h: 30.0 };
        assert_eq!(Window::around(&face), Window::Part(Square { x: 50.0, y: -5.0, side: 140.0 }));
        assert_eq!(Window::to_judge(&face)[0], Window::around(&face));
    }
}
