//! Where to look closer: windows of half a picture's size, for faces too far away for the whole.
//!
//! The detector shrinks what it sees to 128 pixels, so in a whole webcam picture it finds a face up
//! to about 1.2 m away, and in half of one to twice that. Enters: which window showed a face.
//! Leaves: which to look at next. Nothing here fails.

use crate::Face;

/// Windows in a picture: three across and three down, each half the picture's size.
pub const WINDOWS: usize = 9;

/// The order in which windows are looked at, across and down 0..=2: people sit in the middle.
const ORDER: [(u32, u32); WINDOWS] = [(1, 1), (0, 1), (2, 1), (1, 0), (0, 0), (2, 0), (1, 2), (0, 2), (2, 2)];

/// A window counts as having lost its face after so many looks in a row without one.
const PATIENCE: u32 = 3;

/// How sure the detector must be of a face in a window. More than in the whole picture: an empty
/// room is looked at closely for hours.
pub const SCORE: f32 = 0.75;

/// The place and size of a window, in pixels: x, y, width, height.
pub fn window(index: usize, width: u32, height: u32) -> (u32, u32, u32, u32) {
    let (column, row) = ORDER[index % WINDOWS];
    let place = |step: u32, length: u32, part: u32| (u64::from(length - part) * u64::from(step) / 2) as u32;
    let (w, h) = (width.div_ceil(2), height.div_ceil(2));
    (place(column, width, w), place(row, height, h), w, h)
}

/// A face found in a window that begins at `x`, `y`, as it lies in the whole picture.
pub fn in_picture(mut face: Face, x: u32, y: u32) -> Face {
    let (x, y) = (x as f32, y as f32);
    face.rect.x += x;
    face.rect.y += y;
    face.points = face.points.map(|(a, b)| (a + x, b + y));
    face
}

/// Which window is next: each in turn, and the same again while it shows a face.
#[derive(Clone, Copy, Debug, Default)]
pub struct Turn {
    window: usize,
    /// Looks without a face since the last one with, where there was one.
    misses: Option<u32>,
}

impl Turn {
    /// The window to look at now.
    pub const fn window(&self) -> usize {
        self.window
    }

    /// Says that it showed a face.
    pub fn found(&mut self) {
        self.misses = Some(0);
    }

    /// Says that it showed none.
    pub fn missed(&mut self) {
        self.misses = self.misses.map(|misses| misses + 1).filter(|misses| *misses < PATIENCE);
        if self.misses.is_none() {
            self.window = (self.window + 1) % WINDOWS;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_cover_the_picture_and_stay_inside() {
        for (width, height) in [(640, 480), (641, 481), (1, 1), (3, 2000)] {
            let windows: Vec<_> = (0..WINDOWS).map(|i| window(i, width, height)).collect();
            assert!(windows.iter().all(|&(x, y, w, h)| w > 0 && h > 0 && x + w <= width && y + h <= height));
            let covers = |px, py| windows.iter().any(|&(x, y, w, h)| px >= x && px < x + w && py >= y && py < y + h);
            for (x, y) in [(0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width / 2, height / 2)] {
                assert!(covers(x, y), "{x},{y} of {width}×{height}");
            }
        }
        assert_eq!(window(0, 640, 480), (160, 120, 320, 240));
        assert_eq!(window(8, 640, 480), (320, 240, 320, 240));
    }

    #[test]
    fn all_windows_come_in_turn_and_one_with_a_face_stays() {
        let mut turn = Turn::default();
        let mut seen = Vec::new();
        for _ in 0..WINDOWS {
            seen.push(turn.window());
            turn.missed();
        }
        assert_eq!(seen, (0..WINDOWS).collect::<Vec<_>>());
        turn.missed();
        let at = turn.window();
        turn.found();
        turn.missed();
        turn.missed();
        assert_eq!(turn.window(), at);
        turn.found();
        turn.missed();
        turn.missed();
        turn.missed();
        assert_eq!(turn.window(), at + 1);
    }
}
