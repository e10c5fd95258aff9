use moodring_mood::Emotion::{Happy, Sad};
use rand::{SeedableRng, rngs::StdRng};

use super::*;
use crate::{decide::plane::Point, library::Emotions};

fn now() -> Timestamp {
    "2026-11-22T20:00:00Z".parse().unwrap()
}

#[test]
fn what_was_heard_out_is_liked_and_what_was_skipped_is_not() {
    let (mut taste, track) = (Taste::default(), candidate(1));
    for _ in 0..3 {
        taste.learn(Happy, &track, Evidence::Finished, now());
    }
    let early = taste.learn(Sad, &track, Evidence::Skipped(0.05), now());
    assert!((taste.of(Happy, track.id, now()).good - 3.0).abs() < 1e-9);
    let late = taste.learn(Sad, &track, Evidence::Skipped(0.9), now());
    let (early, late) = (early.sums.bad, late.sums.bad);
    assert!(late - early < 0.5 * early, "a late skip says less: {late} after {early}");
    assert!(!taste.knows(Happy, TrackId(2)));
}

#[test]
fn it_forgets_slowly_and_on_demand() {
    let mut taste = Taste::default();
    taste.learn(Happy, &candidate(1), Evidence::Finished, now());
    taste.learn(Sad, &candidate(1), Evidence::Finished, now());
    let later = now() + HALF_LIFE;
    assert!((taste.of(Happy, TrackId(1), later).good - 0.5).abs() < 1e-9);
    let learnt = taste.learn(Happy, &candidate(1), Evidence::Finished, later);
    assert!((learnt.sums.good - 1.5).abs() < 1e-9);
    // Kept and read again, it is the same.
    let belief = |(emotion, track, sums)| (emotion, track, Belief { sums, at: later });
    let kept = Taste::kept(taste.iter(later).map(belief), later);
    assert!((kept.of(Happy, TrackId(1), later + HALF_LIFE).good - 0.75).abs() < 1e-9);
    taste.forget(Some(Happy));
    assert!(!taste.knows(Happy, TrackId(1)) && taste.knows(Sad, TrackId(1)));
    taste.forget(None);
    assert_eq!(taste, Taste::default());
}

#[test]
fn what_was_learnt_by_a_clock_that_was_ahead_outweighs_nothing() {
    let (mut taste, track) = (Taste::default(), candidate(1));
    let ahead: Timestamp = "2060-01-01T00:00:00Z".parse().unwrap();
    let wrong = taste.learn(Happy, &track, Evidence::Finished, ahead);
    // The clock is put right, with the program running or not.
    let restarted = Taste::kept([(Happy, track.id, wrong)], now());
    taste.put_back(now());
    for mut taste in [taste, restarted] {
        assert_eq!(taste.of(Happy, track.id, now()), Sums { good: 1.0, bad: 0.0 }, "one play is one play");
        for _ in 0..2 {
            taste.learn(Happy, &track, Evidence::Skipped(0.0), now());
        }
        assert!(taste.of(Happy, track.id, now()).mean() < 0.3, "what came later counts as much");
        let later = taste.of(Happy, track.id, now() + HALF_LIFE);
        assert!((later.good - 0.5).abs() < 1e-9, "and it fades like everything else: {later:?}");
    }
}

#[test]
fn a_clock_that_begins_in_1970_takes_nothing_from_what_was_learnt() {
    let (track, mut taste) = (candidate(1), Taste::default());
    for _ in 0..4 {
        taste.learn(Happy, &track, Evidence::Finished, now());
    }
    let belief = taste.learn(Happy, &track, Evidence::Skipped(0.0), now());
    let begins = Timestamp::UNIX_EPOCH + Duration::from_secs(40);
    let mut taste = Taste::kept([(Happy, track.id, belief)], begins);
    assert_eq!(taste.of(Happy, track.id, begins), belief.sums);
    // A play before the clock is set, and one after.
    taste.learn(Happy, &track, Evidence::Finished, begins);
    let kept = taste.learn(Happy, &track, Evidence::Finished, now());
    assert!((kept.sums.good - 6.0).abs() < 1e-9 && kept.at == now(), "{kept:?}");
}

#[test]
fn a_play_that_a_mood_cut_short_says_nothing() {
    let s = Duration::from_secs;
    let of = |ending| Evidence::of_ending(ending, s(50), Some(s(200)));
    assert_eq!(of(Ending::Skipped), Some(Evidence::Skipped(0.25)));
    assert_eq!(of(Ending::Finished), Some(Evidence::Finished));
    assert!([Ending::Replaced, Ending::Failed, Ending::Stopped, Ending::Lost].iter().all(|e| of(*e).is_none()));
    assert_eq!(Evidence::of_ending(Ending::Skipped, s(900), None), Some(Evidence::Skipped(1.0)));
}

#[test]
fn one_track_of_an_artist_speaks_for_the_others() {
    let track = |id, artist| Candidate { id: TrackId(id), artist: Some(artist), ..candidate(id) };
    let tracks: Vec<_> = (0..20).map(|id| track(id, u32::from(id >= 10))).collect();
    let mut taste = Taste::default();
    for id in 0..5 {
        taste.learn(Happy, &tracks[id], Evidence::Finished, now());
        taste.learn(Happy, &tracks[10 + id], Evidence::Skipped(0.0), now());
    }
    // What was kept is seated as it was learnt.
    let learnt = taste.clone();
    taste.seat(&tracks);
    assert_eq!(taste, learnt);
    let mut chance = StdRng::seed_from_u64(1);
    let mut mean = |id: usize| {
        let draws = (0..500).map(|_| taste.judge(Happy, now()).draw(&tracks[id], &mut chance));
        draws.sum::<f64>() / 500.0
    };
    let (liked, disliked) = (mean(9), mean(19));
    assert!(liked > disliked + 0.3, "{liked} against {disliked}");
}

fn candidate(id: i64) -> Candidate {
    let moods = [Happy].into_iter().collect();
    Candidate {
        id: TrackId(id),
        artist: None,
        moods,
        not_for: Emotions::NONE,
        liked: false,
        last_played: None,
        place: Point::of(Happy),
        explicit: false,
    }
}
