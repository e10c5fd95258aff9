use std::{collections::HashSet, time::Duration};

use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::library::Emotions;

const RULES: Rules = Rules { repeat_window: 30, artist_gap: 3 };

fn track(id: i64, artist: u32, moods: &[Emotion]) -> Candidate {
    Candidate {
        id: TrackId(id),
        artist: (artist > 0).then_some(artist),
        moods: moods.iter().copied().collect(),
        not_for: Emotions::NONE,
        liked: false,
        last_played: None,
        place: plane::place(moods.iter().copied().collect(), None),
        explicit: false,
    }
}

fn now() -> Timestamp {
    "2026-11-22T20:00:00Z".parse().unwrap()
}

/// Plays `n` tracks one after the other.
fn listen(emotion: Emotion, tracks: &[Candidate], rules: Rules, seed: u64, n: usize) -> Vec<i64> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut recent: Vec<TrackId> = Vec::new();
    for _ in 0..n {
        let choice = choose(emotion, false, tracks, &recent, rules, &Taste::default(), now(), &mut chance).unwrap();
        recent.insert(0, choice.track);
    }
    recent.iter().rev().map(|id| id.0).collect()
}

#[test]
fn only_tracks_of_the_mood_are_chosen() {
    let tracks: Vec<_> =
        (0..40).map(|i| track(i, i as u32 % 7 + 1, &[if i < 20 { Emotion::Happy } else { Emotion::Sad }])).collect();
    assert!(listen(Emotion::Happy, &tracks, RULES, 1, 200).iter().all(|id| *id < 20));
    assert!(listen(Emotion::Sad, &tracks, RULES, 1, 200).iter().all(|id| *id >= 20));
}

#[test]
fn a_track_is_not_repeated_within_the_window() {
    for (size, window) in [(40, 30), (40, 5), (10, 30), (2, 30), (1, 30), (5, 0)] {
        let tracks: Vec<_> = (0..size).map(|i| track(i, 0, &[Emotion::Happy])).collect();
        let rules = Rules { repeat_window: window, artist_gap: 0 };
        let heard = listen(Emotion::Happy, &tracks, rules, 7, 300);
        let apart = window.min(size as usize - 1);
        for part in heard.windows(apart + 1) {
            let distinct: HashSet<_> = part.iter().collect();
            assert_eq!(distinct.len(), part.len(), "{size} tracks, window {window}: {part:?}");
        }
    }
}

#[test]
fn artists_are_spread() {
    // One artist owns most of the library.
    let tracks: Vec<_> = (0..60).map(|i| track(i, if i < 40 { 1 } else { i as u32 }, &[Emotion::Happy])).collect();
    let heard = listen(Emotion::Happy, &tracks, Rules { repeat_window: 10, artist_gap: 3 }, 3, 300);
    let of_one: Vec<_> = heard.iter().map(|id| *id < 40).collect();
    assert!(of_one.windows(4).all(|four| four.iter().filter(|one| **one).count() <= 1));
    // With a single artist there is nothing to spread, and music goes on.
    let single: Vec<_> = (0..5).map(|i| track(i, 1, &[Emotion::Happy])).collect();
    assert_eq!(listen(Emotion::Happy, &single, RULES, 3, 20).len(), 20);
}

#[test]
fn likes_are_favoured_and_unwanted_tracks_never_chosen() {
    let mut tracks: Vec<_> = (0..30).map(|i| track(i, 0, &[Emotion::Happy])).collect();
    tracks[4].liked = true;
    tracks[9].not_for.insert(Emotion::Happy);
    let heard = listen(Emotion::Happy, &tracks, Rules { repeat_window: 0, artist_gap: 0 }, 5, 3000);
    let times = |id| heard.iter().filter(|heard| **heard == id).count();
    assert_eq!(times(9), 0);
    assert!(times(4) > 2 * times(5), "{} against {}", times(4), times(5));
    // Unwanted for one mood only.
    tracks[9].moods.insert(Emotion::Neutral);
    assert!(listen(Emotion::Neutral, &tracks, RULES, 5, 1).contains(&9));
}

#[test]
fn the_same_seed_gives_the_same_music() {
    let tracks: Vec<_> = (0..50).map(|i| track(i, i as u32 % 5, &[Emotion::Fear])).collect();
    assert_eq!(listen(Emotion::Fear, &tracks, RULES, 11, 60), listen(Emotion::Fear, &tracks, RULES, 11, 60));
    assert_ne!(listen(Emotion::Fear, &tracks, RULES, 11, 60), listen(Emotion::Fear, &tracks, RULES, 12, 60));
}

#[test]
fn where_nothing_fits_the_reason_says_so() {
    let choose = |tracks: &[Candidate]| {
        choose(Emotion::Angry, true, tracks, &[], RULES, &Taste::default(), now(), &mut StdRng::seed_from_u64(1))
            .map(|c| (c.track.0, c.why))
    };
    assert_eq!(choose(&[]), None);
    let sad = track(1, 0, &[Emotion::Sad]);
    assert_eq!(choose(&[sad]), Some((1, "nothing here is marked angry or neutral; not played before".into())));
    let unrated = track(2, 0, &[]);
    assert_eq!(
        choose(&[sad, unrated]),
        Some((2, "nothing here is marked angry, so neutral; not played before".into()))
    );
    let mut unwanted = track(3, 0, &[Emotion::Angry]);
    unwanted.not_for.insert(Emotion::Angry);
    assert_eq!(choose(&[unwanted]), None);
}

#[test]
fn few_tracks_for_a_mood_are_joined_by_its_neighbours_and_stay_the_most() {
    use Emotion::{Angry, Fear, Happy, Neutral, Sad, Surprise};
    let mut tracks: Vec<_> = [Happy, Happy, Surprise, Neutral, Sad, Fear, Angry]
        .iter()
        .zip(0..)
        .map(|(mood, id)| track(id, 0, &[*mood]))
        .collect();
    // Both of the mood, then one of its neighbours.
    let heard = listen(Happy, &tracks, RULES, 1, 12);
    assert!(heard.chunks(3).all(|three| three[0] < 2 && three[1] < 2 && [2, 3].contains(&three[2])), "{heard:?}");
    // From an unpleasant mood, only to calm.
    assert_eq!(listen(Fear, &tracks, RULES, 1, 4), [5, 3, 5, 3]);
    let reason = |emotion, id: usize| why(emotion, &tracks[id], &tracks, &Taste::default(), now());
    assert_eq!(reason(Sad, 3), "the only track for sad was just played, so neutral; not played before");
    assert_eq!(reason(Happy, 2), "the few tracks for happy were just played, so surprise; not played before");
    assert_eq!(reason(Sad, 6), "the only track for sad was just played, so another; not played before");
    // The next nearest, where that is not wanted; and anything rather than the same again.
    tracks[3].not_for.insert(Sad);
    let heard = listen(Sad, &tracks, RULES, 1, 8);
    assert!(heard.chunks(2).all(|two| two[0] == 4 && two[1] < 2), "{heard:?}");
    let unpleasant = [tracks[4], tracks[5]];
    assert_eq!(listen(Sad, &unpleasant, RULES, 1, 4), [4, 5, 4, 5]);
    // With three of its own, a mood keeps to them.
    let three: Vec<_> = (0..6).map(|id| track(id, 0, &[if id < 3 { Sad } else { Neutral }])).collect();
    assert!(listen(Sad, &three, RULES, 1, 30).iter().all(|id| *id < 3));
}

#[test]
fn reasons_speak_of_rest_and_likes() {
    let words = |hours: i64, liked| {
        let mut track = track(1, 0, &[Emotion::Happy]);
        track.liked = liked;
        track.last_played = Some(now() - Duration::from_secs(hours as u64 * 3600 + 60));
        why(Emotion::Happy, &track, &[track, track], &Taste::default(), now())
    };
    let only = [track(1, 0, &[Emotion::Happy])];
    assert_eq!(why(Emotion::Happy, &only[0], &only, &Taste::default(), now()), "the only track for happy");
    assert_eq!(words(0, false), "played less than an hour ago");
    assert_eq!(words(5, false), "last played 5 h ago");
    assert_eq!(words(30, true), "liked; not played today");
    assert_eq!(words(24 * 9, false), "not played for 9 days");
    assert_eq!(mood_words(Mood::Happy, Duration::from_secs(40)), "happy for 40 s");
    assert_eq!(mood_words(Mood::Sad, Duration::from_millis(900)), "sad just now");
    assert_eq!(mood_words(Mood::Sad, Duration::from_secs(7201)), "sad for 2 h");
}

/// The music of a path, step by step.
fn along(path: &Path, tracks: &[Candidate], seed: u64) -> Vec<Choice> {
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut recent, mut choices): (Vec<TrackId>, Vec<Choice>) = (Vec::new(), Vec::new());
    for _ in 0..path.steps.len() {
        let course = Course { emotion: path.from, path: Some((path, 0)), explicit: true };
        let aim = course.after(choices.last().and_then(|choice| choice.step));
        let choice = choose(aim, false, tracks, &recent, RULES, &Taste::default(), now(), &mut chance).unwrap();
        recent.insert(0, choice.track);
        choices.push(choice);
    }
    choices
}

#[test]
fn a_lift_leads_from_sad_to_bright_music() {
    use Emotion::{Angry, Happy, Neutral, Sad, Surprise};
    let moods = [Sad, Neutral, Happy, Surprise, Angry];
    let tracks: Vec<_> = (0..200).map(|id| track(id, id as u32 % 17 + 1, &[moods[id as usize % 5]])).collect();
    for seed in 0..20 {
        for over in 4..=6 {
            let path = Path::lift(Sad, over);
            let choices = along(&path, &tracks, seed);
            let heard: Vec<_> = choices.iter().map(|c| tracks[c.track.0 as usize].place).collect();
            assert_eq!(heard[0], Point::of(Sad), "it begins where the person is");
            assert_eq!(heard[over - 1].word(), "happy", "it ends bright: {heard:?}");
            assert!(heard.windows(2).all(|two| two[1].valence >= two[0].valence - 0.45), "no step back: {heard:?}");
            assert!(heard.iter().all(|place| !place.is_tense()), "nothing for the angry on the way: {heard:?}");
        }
    }
    let choices = along(&Path::lift(Sad, 5), &tracks, 1);
    assert_eq!(choices[0].why, "1 of 5 on the way to bright music, here sad; not played before");
    assert_eq!(choices[0].mood, Mood::Sad, "what people do about it is learnt for the mood that they are in");
}

#[test]
fn calming_an_angry_person_begins_without_anger() {
    use Emotion::{Angry, Fear, Happy, Neutral};
    let mut tracks: Vec<_> =
        (0..60).map(|id| track(id, 0, &[[Angry, Fear, Happy, Neutral][id as usize % 4]])).collect();
    for id in 60..90 {
        let place = plane::of_tags(Some("calm"), None, Some(65.0)).unwrap();
        tracks.push(Candidate { place, ..track(id, 0, &[Neutral]) });
    }
    for seed in 0..20 {
        let heard: Vec<_> =
            along(&Path::calm(Angry), &tracks, seed).iter().map(|c| tracks[c.track.0 as usize].place).collect();
        assert!(heard.iter().all(|place| place.arousal < 0.1 && !place.is_tense()), "{heard:?}");
        assert!(heard[2].arousal < -0.3, "{heard:?}");
    }
    // With nothing else there, anything is better than silence.
    let angry: Vec<_> = (0..4).map(|id| track(id, 0, &[Angry])).collect();
    assert_eq!(along(&Path::calm(Angry), &angry, 1).len(), 3);
}

#[test]
fn the_built_in_pieces_alone_make_a_lift() {
    let tracks: Vec<_> = Emotion::ALL.into_iter().zip(0..).map(|(mood, id)| track(id, 0, &[mood])).collect();
    let lift: Vec<_> = along(&Path::lift(Emotion::Sad, 5), &tracks, 3).iter().map(|c| c.track.0).collect();
    assert_eq!(lift[0], Emotion::Sad as i64);
    assert!(lift.windows(2).all(|two| two[0] != two[1]), "no piece twice in a row: {lift:?}");
    assert!(lift.contains(&(Emotion::Happy as i64)), "{lift:?}");
}

#[test]
fn what_is_marked_explicit_is_left_out_where_it_is_not_wished() {
    let mut tracks: Vec<_> = (0..10).map(|id| track(id, 0, &[Emotion::Happy])).collect();
    tracks.iter_mut().take(8).for_each(|track| track.explicit = true);
    let path = Path::lift(Emotion::Sad, 4);
    let mut chance = StdRng::seed_from_u64(1);
    for step in [None, Some(path.step(1))] {
        for _ in 0..50 {
            let aim = Aim { emotion: Emotion::Happy, step, explicit: false };
            let choice = choose(aim, false, &tracks, &[], RULES, &Taste::default(), now(), &mut chance).unwrap();
            assert!(choice.track.0 >= 8);
        }
    }
    let aim = Aim { emotion: Emotion::Happy, step: None, explicit: false };
    assert_eq!(choose(aim, false, &tracks[..8], &[], RULES, &Taste::default(), now(), &mut chance), None);
}
