//! Which tracks lie near a place on the plane: those that may be a step of a path.
//!
//! Pure.

use super::{
    Aim,
    path::{Goal, Step},
    plane::Point,
    widen::FEW,
};
use crate::library::{Candidate, TrackId};

/// Tracks this much farther away than the nearest are near enough.
const NEAR: f32 = 0.35;

/// At this distance a track is as welcome as one in place that is liked a third as much.
const FADES: f32 = 0.32;

/// Those wanted that lie nearest to `point`, sorted by id as `tracks` are; one at least, if any is wanted.
/// `last`: what was heard last, which is not what the nearest is measured by.
pub(super) fn near<'a>(
    aim: &Aim,
    step: Step,
    point: Point,
    tracks: &'a [Candidate],
    last: Option<&TrackId>,
) -> Vec<&'a Candidate> {
    // A lift may begin with the tension that a person is in; from there on nobody is led back to it.
    let at_start = step.goal == Goal::Lift && step.number <= 1;
    let fit = |tense: bool| -> Vec<(f32, &Candidate)> {
        let wanted = tracks.iter().filter(|t| aim.wants(t) && (tense || !t.place.is_tense()));
        wanted.map(|t| (t.place.distance(point), t)).collect()
    };
    let mut all = fit(at_start);
    if all.is_empty() {
        all = fit(true);
    }
    let others = all.iter().filter(|(_, t)| Some(&t.id) != last).map(|(distance, _)| *distance);
    let nearest = others.fold(f32::INFINITY, f32::min);
    let mut reach = nearest + NEAR;
    if all.iter().filter(|(distance, _)| *distance <= reach).count() < FEW {
        let mut distances: Vec<_> = all.iter().map(|(distance, _)| *distance).collect();
        distances.sort_by(f32::total_cmp);
        reach = distances.get(FEW - 1).or(distances.last()).copied().unwrap_or(reach).max(nearest);
    }
    all.into_iter().filter(|(distance, _)| *distance <= reach).map(|(_, track)| track).collect()
}

/// How much a track's distance from its place takes from its welcome, 0..=1.
pub(super) fn nearness(track: &Candidate, point: Point) -> f64 {
    f64::from((-track.place.distance(point) / FADES * 1.1).exp())
}
