//! Rooms with people who come, stay, move and go, and where the detector looks.

use moodring_mood::Confidence;

use super::*;

const EVERY: u32 = 5;

/// A face in the imagined room, and how well it can be seen.
#[derive(Clone, Copy)]
struct Person {
    x: f32,
    y: f32,
    side: f32,
    /// Its score in a look at it.
    score: f32,
}

impl Person {
    fn at(x: f32, y: f32, side: f32) -> Self {
        Self { x, y, side, score: 0.9 }
    }

    fn face(self) -> Face {
        let rect = Rect { x: self.x, y: self.y, w: self.side, h: self.side };
        Face { rect, score: Confidence::saturating(self.score), points: [(self.x, self.y); 6] }
    }
}

/// What the detector finds: faces that fill a tenth of the window and lie in it.
fn detect(people: &[Person], window: Window) -> Vec<Face> {
    let seen = |person: &&Person| {
        let (x, y, side) = match window {
            Window::Whole => (0.0, 0.0, 640.0),
            Window::Part(square) => (square.x, square.y, square.side),
        };
        let inside =
            person.x >= x && person.y >= y && person.x + person.side <= x + side && person.y + person.side <= y + side;
        inside && person.side >= 0.14 * side
    };
    people.iter().filter(seen).map(|person| person.face()).collect()
}

/// One frame; returns where the detector looked.
fn frame(tracker: &mut Tracker, people: &[Person]) -> Vec<Window> {
    tracker.frame(640, 480);
    // A print that changes with where the people are.
    let print = |rect: &Rect| -> Print {
        let near = people.iter().filter(|p| apart(&p.face().rect, rect).is_some());
        let sum: f32 = near.map(|p| (p.x - rect.x) * 3.0 + (p.y - rect.y) * 5.0).sum();
        std::array::from_fn(|i| if (i + sum.abs() as usize / 8) % 4 < 2 { 60 } else { 160 })
    };
    tracker.compare(print);
    let mut looked = Vec::new();
    while let Some(look) = tracker.next_look() {
        looked.push(look.window);
        tracker.found(look, &detect(people, look.window));
    }
    tracker.remember(print);
    looked
}

fn tracker() -> Tracker {
    Tracker::new(EVERY, 0.7)
}

#[test]
fn a_near_face_is_found_and_confirmed_in_the_first_frame() {
    let mut tracker = tracker();
    let person = Person::at(200.0, 100.0, 150.0);
    let looked = frame(&mut tracker, &[person]);
    assert_eq!(looked, [Window::Whole, Window::around(&person.face().rect)]);
    assert_eq!(tracker.faces(), [person.face()]);
}

#[test]
fn a_still_face_costs_a_look_every_few_frames() {
    let mut tracker = tracker();
    let person = Person::at(200.0, 100.0, 150.0);
    frame(&mut tracker, &[person]);
    let looks: Vec<usize> = (0..100).map(|_| frame(&mut tracker, &[person]).len()).collect();
    assert!(looks.iter().all(|&n| n <= 1));
    assert_eq!(looks.iter().sum::<usize>(), 100 / EVERY as usize);
    assert_eq!(tracker.faces().len(), 1);
}

#[test]
fn a_far_face_anywhere_is_found_within_six_frames_and_then_kept() {
    for (x, y) in [(0.0, 0.0), (580.0, 0.0), (290.0, 200.0), (0.0, 420.0), (580.0, 420.0), (130.0, 300.0)] {
        let mut tracker = tracker();
        let person = Person::at(x, y, 60.0);
        let first = (1..20).find(|_| {
            frame(&mut tracker, &[person]);
            !tracker.faces().is_empty()
        });
        // Found by one frame's window for far faces, confirmed in the next.
        assert!(first.is_some_and(|frames| frames <= 7), "{x},{y}: {first:?}");
        for _ in 0..100 {
            assert!(frame(&mut tracker, &[person]).len() <= 1);
            assert_eq!(tracker.faces().len(), 1, "{x},{y}");
        }
    }
}

#[test]
fn a_face_that_moves_is_followed_in_each_frame() {
    let mut tracker = tracker();
    let mut person = Person::at(20.0, 100.0, 60.0);
    for _ in 0..10 {
        frame(&mut tracker, &[person]);
    }
    for _ in 0..50 {
        person.x += 10.0;
        frame(&mut tracker, &[person]);
        assert_eq!(tracker.faces().len(), 1, "at {}", person.x);
        let off = (tracker.faces()[0].rect.x - person.x).abs();
        assert!(off <= 12.0, "{off} off at {}", person.x);
    }
}

#[test]
fn who_comes_later_is_found_too_while_others_move() {
    let mut tracker = tracker();
    let mut first = Person::at(300.0, 150.0, 150.0);
    let (near, far) = (Person::at(20.0, 100.0, 130.0), Person::at(560.0, 380.0, 55.0));
    frame(&mut tracker, &[first]);
    let mut counts = Vec::new();
    for i in 0..400 {
        first.x = 300.0 + if i % 2 == 0 { 6.0 } else { -6.0 };
        frame(&mut tracker, &[first, near, far]);
        counts.push(tracker.faces().len());
    }
    let all = counts.iter().position(|&n| n == 3);
    assert!(all.is_some_and(|frames| frames <= 250), "{all:?}");
    assert!(counts.iter().take(40).any(|&n| n == 2), "the near one comes soon");
    let after = &counts[all.unwrap()..];
    assert!(after.iter().all(|&n| n == 3), "and nobody is lost: {after:?}");
}

#[test]
fn who_leaves_is_gone_with_the_next_look_and_soon_forgotten() {
    let mut tracker = tracker();
    let (a, b) = (Person::at(100.0, 100.0, 120.0), Person::at(400.0, 100.0, 120.0));
    for _ in 0..20 {
        frame(&mut tracker, &[a, b]);
    }
    assert_eq!(tracker.faces().len(), 2);
    for _ in 0..3 * EVERY {
        frame(&mut tracker, &[b]);
    }
    assert_eq!(tracker.faces(), [b.face()]);
    for _ in 0..3 * EVERY {
        frame(&mut tracker, &[]);
    }
    assert!(tracker.faces().is_empty());
    assert_eq!(frame(&mut tracker, &[]).len(), 2, "an empty room is searched with two looks a frame");
}

#[test]
fn what_only_looks_like_a_face_is_never_believed_and_seldom_looked_at() {
    let mut tracker = tracker();
    let poster = Person { score: 0.65, ..Person::at(300.0, 200.0, 120.0) };
    let around = Window::around(&poster.face().rect);
    let looks: usize = (0..100)
        .map(|_| {
            let looked = frame(&mut tracker, &[poster]);
            assert!(tracker.faces().is_empty());
            looked.iter().filter(|window| **window == around).count()
        })
        .sum();
    assert!(looks <= 10, "{looks}");
}

#[test]
fn a_face_that_is_missed_once_comes_back_as_the_same() {
    let mut tracker = tracker();
    let person = Person::at(200.0, 100.0, 150.0);
    frame(&mut tracker, &[person]);
    let id = tracker.tracks[0].id;
    let hidden = Person { score: 0.3, ..person };
    for _ in 0..EVERY {
        frame(&mut tracker, &[hidden]);
    }
    assert!(tracker.faces().is_empty());
    frame(&mut tracker, &[person]);
    assert_eq!(tracker.faces().len(), 1);
    assert_eq!(tracker.tracks[0].id, id);
}

#[test]
fn with_a_low_threshold_a_faint_face_is_asked_for_believed_and_kept() {
    assert_eq!(tracker().least(), 0.5);
    let mut tracker = Tracker::new(EVERY, 0.4);
    assert_eq!(tracker.least(), 0.4);
    let faint = Person { score: 0.45, ..Person::at(200.0, 100.0, 150.0) };
    for _ in 0..4 * EVERY {
        frame(&mut tracker, &[faint]);
        assert_eq!(tracker.faces().len(), 1);
    }
}

#[test]
fn nothing_is_kept_of_who_is_forgotten() {
    let mut tracker = tracker();
    let person = Person::at(200.0, 100.0, 150.0);
    frame(&mut tracker, &[person]);
    assert!(tracker.tracks[0].print.is_some());
    tracker.forget();
    assert!(tracker.tracks.is_empty());
    assert_eq!(frame(&mut tracker, &[person]).len(), 2, "searched for as at first");
    assert_eq!(tracker.faces(), [person.face()]);
}

#[test]
fn a_frame_of_another_size_is_another_room() {
    let mut tracker = tracker();
    frame(&mut tracker, &[Person::at(200.0, 100.0, 150.0)]);
    tracker.frame(320, 240);
    assert!(tracker.faces().is_empty());
}

#[test]
fn light_is_no_movement_and_a_shift_is_one() {
    let face = |x: usize, y: usize| 60 + ((x * x + 3 * y * y) / 9 % 120) as u8;
    let print =
        |dx: usize, light: u8| -> Print { std::array::from_fn(|i| face(i % PRINT_SIDE + dx, i / PRINT_SIDE) + light) };
    assert!(difference(&print(0, 0), &print(0, 40)) < 0.01);
    assert!(difference(&print(0, 0), &print(3, 0)) > MOVED);
    let mut noisy = print(0, 0);
    for (i, v) in noisy.iter_mut().enumerate() {
        *v = v.wrapping_add((i * 7919 % 9) as u8);
    }
    assert!(difference(&print(0, 0), &noisy) < MOVED);
}
