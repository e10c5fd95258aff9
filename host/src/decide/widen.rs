//! Where few tracks are marked for a mood: whose turn it is, and what may stand in.
//!
//! Pure. A mood with [`FEW`] tracks or more keeps to them. One with fewer would give the same song
//! for ever, so once its own were heard one after the other, one track of a neighbouring mood
//! follows; at least every second track is thus the mood's own.

use moodring_mood::Emotion;

use super::Aim;
use crate::library::{Candidate, Emotions, TrackId};

/// From so many tracks on, a mood needs no others.
pub(super) const FEW: usize = 3;

/// The moods that may stand in for `emotion`, the nearest first on the [plane](super::plane), as far as they
/// are not more unpleasant. From an unpleasant mood the only step is to calm: nobody who is angry is played
/// music for the afraid.
const fn near(emotion: Emotion) -> &'static [Emotion] {
    match emotion {
        Emotion::Happy => &[Emotion::Surprise, Emotion::Neutral],
        Emotion::Surprise => &[Emotion::Happy, Emotion::Neutral],
        Emotion::Neutral => &[Emotion::Happy],
        Emotion::Sad | Emotion::Disgust | Emotion::Fear | Emotion::Angry => &[Emotion::Neutral],
    }
}

/// The mood that `track`, which is not marked for `emotion`, brings instead; `None`: it is only what there is.
pub(super) fn stand_in(emotion: Emotion, track: &Candidate) -> Option<Emotion> {
    near(emotion).iter().copied().chain([Emotion::Happy]).find(|near| track.fits(*near))
}

/// Those wanted and marked for the mood.
pub(super) fn own<'a>(aim: &Aim, tracks: &'a [Candidate]) -> Vec<&'a Candidate> {
    tracks.iter().filter(|t| t.fits(aim.emotion) && aim.wants(t)).collect()
}

/// Whether the mood needs no others: so many are wanted and marked for it.
pub(super) fn enough(aim: &Aim, tracks: &[Candidate]) -> bool {
    tracks.iter().filter(|t| t.fits(aim.emotion) && aim.wants(t)).take(FEW).count() == FEW
}

/// Those of which the next is to be, sorted by id. `recent`: what comes before it, the latest first.
/// `first`: it is the first for a new mood.
pub(super) fn turn<'a>(aim: &Aim, first: bool, tracks: &'a [Candidate], recent: &[TrackId]) -> Vec<&'a Candidate> {
    let own = own(aim, tracks);
    let is_own = |id: &TrackId| own.binary_search_by_key(id, |t| t.id).is_ok();
    let in_turn = recent.iter().take_while(|id| is_own(id)).count();
    let fresh = own.len() > 1 || recent.first() != own.first().map(|t| &t.id);
    let owns_turn = own.len() >= FEW || if first { fresh } else { in_turn < own.len() };
    if owns_turn && !own.is_empty() {
        return own;
    }
    let others = others(aim, tracks, recent.first());
    if others.is_empty() { own } else { others }
}

/// Those that may stand in: the nearest, until there are a few; further ones only where there would
/// be nothing but `last` again.
fn others<'a>(aim: &Aim, tracks: &'a [Candidate], last: Option<&TrackId>) -> Vec<&'a Candidate> {
    let wanted = || tracks.iter().filter(|t| !t.fits(aim.emotion) && aim.wants(t));
    let of = |moods: Emotions| -> Vec<_> { wanted().filter(|t| moods.iter().any(|mood| t.fits(mood))).collect() };
    let mut moods = Emotions::NONE;
    let mut found = Vec::new();
    for mood in near(aim.emotion) {
        moods.insert(*mood);
        found = of(moods);
        if found.len() >= FEW {
            return found;
        }
    }
    let varied = |found: &[&Candidate]| found.iter().any(|t| Some(&t.id) != last);
    if !varied(&found) {
        moods.insert(Emotion::Happy);
        found = of(moods);
    }
    if varied(&found) { found } else { wanted().collect() }
}
