//! Who is where: which part of the next frame the detector looks at, and what its answer means.
//!
//! Enters: the size of each frame, how each known face's surroundings look, and the faces that the
//! detector found where it was sent. Leaves: the next [`Look`], or none, and the faces that are
//! there. Pure: no picture, no clock, no network. Nothing here fails.
//!
//! A face is proposed by a look at the whole frame or at one of the windows for far faces, and
//! believed once a look at its own surroundings confirms it. From then on it is looked at when
//! something moved there, and otherwise every few frames, in turn with the search for others. So a
//! frame with somebody in it costs one look of the detector at most, and usually none; a frame with
//! nobody costs two.

use moodring_vision::{
    Detector, Face, Rect, Window,
    face::{SAME_FACE, largest_first},
    window,
};

/// Samples of a [`Print`] across and down.
pub const PRINT_SIDE: usize = 24;

/// How a face and what is around it look, in little: luma, row by row.
pub type Print = [u8; PRINT_SIDE * PRINT_SIDE];

/// Prints that differ by more than this, in units of their contrast, say that something moved.
const MOVED: f32 = 0.25;

/// Added to a print's contrast, in luma steps, so that noise in a dark room is no movement.
const LEAST_CONTRAST: f32 = 8.0;

/// A face that is known is still there with this score, or with what it is believed from, if that is less.
const STAYS: f32 = 0.5;

/// Looks in a row that a known face may be missing before it is forgotten.
const PATIENCE: u32 = 3;

/// Frames for which a place that did not hold what was proposed there is left alone.
const DOUBT: u32 = 10;

/// A known face that fills this share of the frame's longer side is seen by a look at the whole.
const NEAR: f32 = 0.16;

/// Looks at the rest of the frame come at least this much more seldom than looks at all, while
/// known faces keep moving.
const SEARCH_SHARE: u32 = 3;

/// Two boxes that share more than this are one face that hardly moved: their mean is steadier than
/// either.
const STILL: f32 = 0.8;

/// The most faces that are followed.
pub const MOST_FACES: usize = 12;

/// Where the detector is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// What it looks at.
    pub window: Window,
    /// The face that it is sent for; `None` for a search.
    target: Option<u64>,
}

/// A face that is or may be there.
#[derive(Clone, Debug)]
struct Track {
    id: u64,
    face: Face,
    standing: Standing,
    /// Frames since it was looked at.
    age: u32,
    /// How it looked when the detector saw it.
    print: Option<Print>,
    /// Whether it looks otherwise now.
    moved: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Not yet confirmed by a look of its own.
    Proposed,
    /// There at the last look.
    There,
    /// Not there at the last so many looks.
    Missed(u32),
}

/// All faces that are followed.
#[derive(Clone, Debug)]
pub struct Tracker {
    every: u32,
    threshold: f32,
    size: (u32, u32),
    tracks: Vec<Track>,
    /// Places where a proposal was not confirmed, and for how many frames more they are left alone.
    doubted: Vec<(Rect, u32)>,
    next_id: u64,
    /// Frames since the detector last looked anywhere, and since it last searched.
    since_look: u32,
    since_search: u32,
    /// Searches while somebody was known, and which window for far faces is next.
    searches: u32,
    turn: usize,
    /// Looks in this frame.
    looks: u32,
}

impl Tracker {
    /// Nobody is known. Where nothing moves, the detector looks every so many frames, 1 or more; a face
    /// is believed from a score of `threshold` on, 0..=1.
    pub fn new(every: u32, threshold: f32) -> Self {
        Self {
            every: every.max(1),
            threshold,
            size: (0, 0),
            tracks: Vec::new(),
            doubted: Vec::new(),
            next_id: 0,
            since_look: 0,
            since_search: 0,
            searches: 0,
            turn: 0,
            looks: 0,
        }
    }

    /// A new frame of `width` × `height` pixels. Of another size than the last, it is of another camera:
    /// nobody is known any more.
    pub fn frame(&mut self, width: u32, height: u32) {
        if self.size != (width, height) {
            self.forget();
            self.size = (width, height);
        }
        self.looks = 0;
        self.since_look = self.since_look.saturating_add(1);
        self.since_search = self.since_search.saturating_add(1);
        for track in &mut self.tracks {
            track.age = track.age.saturating_add(1);
        }
        for (_, frames) in &mut self.doubted {
            *frames -= 1;
        }
        self.doubted.retain(|(_, frames)| *frames > 0);
    }

    /// Nobody is known any more, and nothing is kept of how they looked.
    pub fn forget(&mut self) {
        *self = Self { size: self.size, next_id: self.next_id, ..Self::new(self.every, self.threshold) };
    }

    /// Compares how each face that is there looked when the detector saw it with how `print` finds that
    /// place now.
    pub fn compare(&mut self, mut print: impl FnMut(&Rect) -> Print) {
        for track in self.tracks.iter_mut().filter(|track| track.standing == Standing::There) {
            track.moved = track.print.is_some_and(|then| difference(&then, &print(&track.face.rect)) > MOVED);
        }
    }

    /// Keeps how each face that the detector has just seen looks.
    pub fn remember(&mut self, mut print: impl FnMut(&Rect) -> Print) {
        for track in self.tracks.iter_mut().filter(|track| track.standing == Standing::There) {
            track.print.get_or_insert_with(|| print(&track.face.rect));
        }
    }

    /// Where to look in this frame; ask again after [`found`](Self::found), until there is nothing.
    pub fn next_look(&mut self) -> Option<Look> {
        let look = self.choose()?;
        self.looks += 1;
        self.since_look = 0;
        if look.target.is_none() {
            self.since_search = 0;
        }
        Some(look)
    }

    fn choose(&mut self) -> Option<Look> {
        let around = |track: &Track| Look { window: Window::around(&track.face.rect), target: Some(track.id) };
        let oldest = |tracks: &[&Track]| tracks.iter().max_by_key(|track| track.age).map(|track| around(track));
        let best = self.tracks.iter().filter(|track| track.standing == Standing::Proposed);
        let proposed = best.max_by(|a, b| a.face.score.get().total_cmp(&b.face.score.get())).map(around);
        let known: Vec<&Track> = self.tracks.iter().filter(|track| track.standing != Standing::Proposed).collect();
        let whole = Look { window: Window::Whole, target: None };
        if known.is_empty() {
            return match self.looks {
                0 => Some(whole),
                1 => proposed.or_else(|| self.far()),
                _ => None,
            };
        }
        if self.looks > 0 {
            return None;
        }
        let urgent: Vec<&Track> =
            known.iter().copied().filter(|track| track.moved || track.standing != Standing::There).collect();
        if self.since_search >= self.every * SEARCH_SHARE {
            return self.search();
        }
        if proposed.is_some() {
            return proposed;
        }
        if urgent.len() > 1 && urgent.iter().all(|track| self.is_near(track)) {
            return Some(whole);
        }
        if !urgent.is_empty() {
            return oldest(&urgent);
        }
        if self.since_look < self.every {
            return None;
        }
        let stale: Vec<&Track> = known.into_iter().filter(|track| track.age >= 2 * self.every).collect();
        oldest(&stale).or_else(|| self.search())
    }

    /// The whole and the windows for far faces in turn.
    fn search(&mut self) -> Option<Look> {
        self.searches += 1;
        if self.searches % 2 == 1 { Some(Look { window: Window::Whole, target: None }) } else { self.far() }
    }

    fn far(&mut self) -> Option<Look> {
        let (width, height) = self.size;
        let windows = window::for_frame(width, height);
        let square = windows.get(self.turn % windows.len().max(1))?;
        self.turn += 1;
        Some(Look { window: Window::Part(*square), target: None })
    }

    /// The score from which on [`found`](Self::found) is to be told of a face.
    pub const fn least(&self) -> f32 {
        Detector::LIKELY.min(self.threshold)
    }

    /// Takes in the faces with a score of [`least`](Self::least) or more that the detector found there.
    pub fn found(&mut self, look: Look, faces: &[Face]) {
        // Each face goes to the nearest track, and each track has one face.
        let mut pairs: Vec<(f32, usize, usize)> = Vec::new();
        for (t, track) in self.tracks.iter().enumerate() {
            let near = |(f, face): (usize, &Face)| apart(&track.face.rect, &face.rect).map(|d| (d, t, f));
            pairs.extend(faces.iter().enumerate().filter_map(near));
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (mut met, mut taken) = (vec![false; self.tracks.len()], vec![false; faces.len()]);
        for (_, t, f) in pairs {
            if !met[t] && !taken[f] {
                (met[t], taken[f]) = (true, true);
                // Others are seen through this window too, but perhaps only in part.
                if self.is_meant(look, &self.tracks[t]) {
                    self.tracks[t].meet(&faces[f], self.threshold);
                }
            }
        }
        for (t, met) in met.into_iter().enumerate() {
            if !met && self.is_meant(look, &self.tracks[t]) {
                self.tracks[t].miss();
            }
        }
        self.settle(look.target);
        self.propose(faces.iter().zip(taken).filter(|(_, taken)| !taken).map(|(face, _)| *face));
    }

    /// Drops what turned out to be nothing, and of two tracks of one face the younger.
    fn settle(&mut self, target: Option<u64>) {
        let doubted = &mut self.doubted;
        self.tracks.retain(|track| match track.standing {
            Standing::Proposed if target == Some(track.id) => {
                doubted.push((track.face.rect, DOUBT));
                false
            }
            Standing::Missed(times) => times < PATIENCE,
            Standing::Proposed | Standing::There => true,
        });
        let mut kept: Vec<Track> = Vec::with_capacity(self.tracks.len());
        for track in self.tracks.drain(..) {
            if kept.iter().all(|other| other.face.rect.overlap(&track.face.rect) <= SAME_FACE) {
                kept.push(track);
            }
        }
        self.tracks = kept;
    }

    fn propose(&mut self, faces: impl Iterator<Item = Face>) {
        for face in faces {
            let is = |rect: &Rect| rect.overlap(&face.rect) > SAME_FACE;
            let known = self.tracks.iter().any(|track| is(&track.face.rect));
            if known || self.doubted.iter().any(|(rect, _)| is(rect)) || self.tracks.len() >= MOST_FACES {
                continue;
            }
            self.next_id += 1;
            let (id, standing) = (self.next_id, Standing::Proposed);
            self.tracks.push(Track { id, face, standing, age: 0, print: None, moved: false });
        }
    }

    /// The faces that are there, the largest first.
    pub fn faces(&self) -> Vec<Face> {
        let there = self.tracks.iter().filter(|track| track.standing == Standing::There);
        let mut faces: Vec<Face> = there.map(|track| track.face).collect();
        largest_first(&mut faces);
        faces
    }

    /// Whether a look says where a face is, or that it is gone: its own does, and for near faces
    /// that are already known one at the whole.
    fn is_meant(&self, look: Look, track: &Track) -> bool {
        match look.target {
            Some(id) => track.id == id,
            None => look.window == Window::Whole && track.standing != Standing::Proposed && self.is_near(track),
        }
    }

    fn is_near(&self, track: &Track) -> bool {
        window::share(&track.face, self.size.0, self.size.1) >= NEAR
    }
}

impl Track {
    /// The detector saw it.
    fn meet(&mut self, face: &Face, threshold: f32) {
        let score = face.score.get();
        match self.standing {
            Standing::Proposed if score < threshold => return,
            _ if score < STAYS.min(threshold) => return self.miss(),
            _ => {}
        }
        let still = self.standing == Standing::There && face.rect.overlap(&self.face.rect) > STILL;
        self.face = if still { between(&self.face, face) } else { *face };
        self.standing = Standing::There;
        (self.age, self.print, self.moved) = (0, None, false);
    }

    /// The detector did not see it where it should be.
    fn miss(&mut self) {
        self.age = 0;
        self.standing = match self.standing {
            Standing::Proposed => Standing::Proposed,
            Standing::There => Standing::Missed(1),
            Standing::Missed(times) => Standing::Missed(times + 1),
        };
    }
}

/// How far apart two boxes lie, in units of the larger one's side; `None` if they cannot be one face in
/// two frames: more than a face's width apart, or one twice as large as the other.
fn apart(a: &Rect, b: &Rect) -> Option<f32> {
    let (side_a, side_b) = (a.w.max(a.h), b.w.max(b.h));
    let side = side_a.max(side_b);
    let ((ax, ay), (bx, by)) = (a.centre(), b.centre());
    let apart = ((ax - bx).powi(2) + (ay - by).powi(2)).sqrt() / side;
    (apart < 1.0 && side < 2.0 * side_a.min(side_b)).then_some(apart)
}

/// The mean of what was known and what was seen now, with what was seen now for its score.
fn between(a: &Face, b: &Face) -> Face {
    let mean = |a: f32, b: f32| f32::midpoint(a, b);
    Face {
        rect: Rect {
            x: mean(a.rect.x, b.rect.x),
            y: mean(a.rect.y, b.rect.y),
            w: mean(a.rect.w, b.rect.w),
            h: mean(a.rect.h, b.rect.h),
        },
        score: b.score,
        points: std::array::from_fn(|i| (mean(a.points[i].0, b.points[i].0), mean(a.points[i].1, b.points[i].1))),
    }
}

/// How much two prints differ, in units of the first one's contrast; the same light all over does not
/// count.
pub fn difference(a: &Print, b: &Print) -> f32 {
    let n = a.len() as f32;
    let mean = |p: &Print| p.iter().map(|&v| f32::from(v)).sum::<f32>() / n;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut differ, mut contrast) = (0.0, 0.0);
    for (&a, &b) in a.iter().zip(b) {
        let (a, b) = (f32::from(a) - mean_a, f32::from(b) - mean_b);
        differ += (a - b).abs();
        contrast += a.abs();
    }
    (differ / n) / (contrast / n + LEAST_CONTRAST)
}

#[cfg(test)]
#[path = "track_tests.rs"]
mod tests;
