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
    let fit = |tense: bool| tracks.iter().filter(move |t| aim.wants(t) && (tense || !t.place.is_tense()));
    let tense = at_start || fit(false).next().is_none();
    let all = || fit(tense).map(|t| (t.place.distance(point), t));
    let within = |reach: f32| all().filter(|(distance, _)| *distance <= reach).map(|(_, track)| track).collect();
    let others = all().filter(|(_, t)| Some(&t.id) != last).map(|(distance, _)| distance);
    let nearest = others.fold(f32::INFINITY, f32::min);
    let found: Vec<&Candidate> = within(nearest + NEAR);
    let mut distances: Vec<f32> = match found.len() {
        FEW.. => return found,
        _ => all().map(|(distance, _)| distance).collect(),
    };
    let Some(last) = distances.len().checked_sub(1) else { return found };
    let (_, few, _) = distances.select_nth_unstable_by(last.min(FEW - 1), f32::total_cmp);
    within(few.max(nearest))
}

/// How much a track's distance from its place takes from its welcome, 0..=1.
pub(super) fn nearness(track: &Candidate, point: Point) -> f64 {
    f64::from((-track.place.distance(point) / FADES * 1.1).exp())
}
