use moodring_mood::Emotion::{Happy, Sad};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::*;
use crate::{
    decide::{Rules, choose, plane::Point},
    library::Emotions,
};

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
    assert!(late.bad - early.bad < 0.5 * early.bad, "a late skip says less: {late:?} after {early:?}");
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
    assert!((learnt.good - 1.5).abs() < 1e-9);
    // Kept and read again, it is the same.
    let kept = Taste::kept(taste.iter(later).map(|(emotion, track, sums)| (emotion, track, sums, later)));
    assert!((kept.of(Happy, TrackId(1), later + HALF_LIFE).good - 0.75).abs() < 1e-9);
    taste.forget(Some(Happy));
    assert!(!taste.knows(Happy, TrackId(1)) && taste.knows(Sad, TrackId(1)));
    taste.forget(None);
    assert_eq!(taste, Taste::default());
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

/// Somebody with a hidden taste: how likely each track is to be heard to its end.
struct Listener {
    welcome: Vec<f64>,
    tracks: Vec<Candidate>,
}

impl Listener {
    const TRACKS: i64 = 500;
    const ARTISTS: usize = 50;

    fn new(seed: u64) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        // About normal, with a standard deviation of one.
        let mut normal = move || (0..12).map(|_| chance.random_range(0.0..1.0)).sum::<f64>() - 6.0;
        let artists: Vec<f64> = (0..Self::ARTISTS).map(|_| 1.5 * normal()).collect();
        let of = |id: i64| id as usize % Self::ARTISTS;
        let welcome = (0..Self::TRACKS).map(|id| 1.0 / (1.0 + (-(artists[of(id)] + 0.8 * normal())).exp())).collect();
        let tracks = (0..Self::TRACKS).map(|id| Candidate { artist: Some(of(id) as u32), ..candidate(id) }).collect();
        Self { welcome, tracks }
    }

    /// Plays one after the other, as `next` has it; the regret against the best that the rules allow:
    /// the welcome plays that were missed.
    fn regret(
        &self,
        seed: u64,
        plays: usize,
        mut next: impl FnMut(&[TrackId], Option<(TrackId, bool)>) -> TrackId,
    ) -> f64 {
        let mut best = self.welcome.clone();
        best.sort_by(|a, b| b.total_cmp(a));
        // Without repeating a track before so many others.
        let best = best[..=RULES.repeat_window].iter().sum::<f64>() / (RULES.repeat_window + 1) as f64;
        let mut chance = StdRng::seed_from_u64(seed);
        let (mut recent, mut last, mut missed) = (Vec::new(), None, 0.0);
        for _ in 0..plays {
            let track = next(&recent, last);
            let welcome = self.welcome[track.0 as usize];
            missed += best - welcome;
            last = Some((track, chance.random_bool(welcome)));
            recent.insert(0, track);
        }
        missed
    }
}

const RULES: Rules = Rules { repeat_window: 30, artist_gap: 3 };

/// The regret over `plays` of: this program, a playlist fixed by hand in advance, chance.
fn regrets(seed: u64, plays: usize) -> [f64; 3] {
    let listener = Listener::new(seed);
    let mut chance = StdRng::seed_from_u64(seed + 1000);
    let mut taste = Taste::default();
    let ours = listener.regret(seed, plays, |recent, last| {
        if let Some((track, welcome)) = last {
            let evidence = if welcome { Evidence::Finished } else { Evidence::Skipped(0.1) };
            taste.learn(Happy, &listener.tracks[track.0 as usize], evidence, now());
        }
        choose(Happy, false, &listener.tracks, recent, RULES, &taste, now(), &mut chance).unwrap().track
    });
    let mut chance = StdRng::seed_from_u64(seed + 2000);
    let playlist: Vec<TrackId> = (0..40).map(|_| TrackId(chance.random_range(0..Listener::TRACKS))).collect();
    let fixed = listener.regret(seed, plays, |recent, _| playlist[recent.len() % playlist.len()]);
    let random = listener.regret(seed, plays, |_, _| TrackId(chance.random_range(0..Listener::TRACKS)));
    [ours, fixed, random]
}

/// Listeners with hidden tastes, each of their own: what learning is worth against the older demo's way,
/// a playlist fixed in advance. `cargo test -p moodring-host -- learning --nocapture` prints the figures.
#[test]
fn learning_misses_less_than_a_fixed_playlist() {
    let sum = |plays: usize| {
        let mut sums = [0.0; 3];
        for seed in 0..12 {
            sums.iter_mut().zip(regrets(seed, plays)).for_each(|(sum, regret)| *sum += regret / 12.0);
        }
        sums
    };
    let (early, late) = (sum(200), sum(400));
    for (plays, [ours, fixed, random]) in [(200, early), (400, late)] {
        println!("{plays} plays: regret {ours:.1}; fixed playlist {fixed:.1}, chance {random:.1}, always the best 0");
    }
    let after = |which: usize| late[which] - early[which];
    println!("plays 201 to 400: {:.1} against {:.1} of the fixed playlist", after(0), after(1));
    assert!(early[0] < 0.6 * early[1], "it learns within 200 plays: {early:?}");
    assert!(after(0) < 0.4 * after(1), "and then misses less than four tenths: {} of {}", after(0), after(1));
}
