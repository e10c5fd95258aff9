//! `moodring-host regret`: what learning is worth, on simulated listeners with hidden tastes.
//!
//! In: how many listeners, plays and tracks, and a seed. Out: the regret of this program, of a fixed playlist (the
//! older demo's way), of chance and of always the best: the welcome plays that each missed. The very functions
//! that choose and learn in the running program do so here. Pure but for the chance that the seed gives.

use std::fmt;

use jiff::Timestamp;
use moodring_mood::Emotion;
use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use rand_distr::{Distribution, StandardNormal};
use serde::Serialize;

use crate::{
    decide::{Rules, choose, plane::Point},
    library::{Candidate, Emotions, TrackId},
    taste::{Evidence, Taste},
};

/// The same rules as without any settings.
const RULES: Rules = Rules { repeat_window: 30, artist_gap: 3 };

/// A mood: to one, all tracks are alike.
const MOOD: Emotion = Emotion::Happy;

/// How far artists differ for a listener, and an artist's tracks among each other: standard deviations of the
/// log-odds of a welcome play. An artist whom somebody likes is heard out four times in five.
const ARTISTS_DIFFER: f64 = 1.5;
const TRACKS_DIFFER: f64 = 0.8;

/// Tracks of one artist.
const BY_ONE: u32 = 10;

/// Tracks in the fixed playlist.
const PLAYLIST: u32 = 40;

/// What to simulate.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    /// So many listeners, each with a taste of their own.
    pub listeners: u32,
    /// The regret is told for so many plays, and for as many after them.
    pub plays: u32,
    /// So many tracks.
    pub tracks: u32,
    /// Begins the chance.
    pub seed: u64,
}

/// The ways to choose, as they are told.
const WAYS: [&str; 4] = ["this program", "a fixed playlist", "by chance", "always the best"];

/// What each way missed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How many plays.
    pub plays: u32,
    /// How many tracks.
    pub tracks: u32,
    /// How many listeners.
    pub listeners: u32,
    /// Of each way: its name, the regret over the first plays, and over as many after them.
    pub regret: Vec<(&'static str, f64, f64)>,
}

impl Report {
    /// How much less this program missed than the fixed playlist: in the first plays, and after them. 0..=1.
    pub fn less(&self) -> (f64, f64) {
        let (ours, fixed) = (self.regret[0], self.regret[1]);
        (1.0 - ours.1 / fixed.1, 1.0 - ours.2 / fixed.2)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plays, tracks, listeners, regret } = self;
        writeln!(f, "welcome plays missed, against always the best; {listeners} listeners, {tracks} tracks each")?;
        writeln!(f, "{:<18} {:>13} {:>13}", "", format!("plays 1–{plays}"), format!("{}–{}", plays + 1, 2 * plays))?;
        for (way, early, late) in regret {
            writeln!(f, "{way:<18} {early:>13.1} {late:>13.1}")?;
        }
        let (early, late) = self.less();
        write!(f, "{:<18} {:>11.0} % {:>11.0} %", "less than fixed", 100.0 * early, 100.0 * late)
    }
}

/// Somebody with a hidden taste.
struct Listener {
    /// How likely each track is to be heard to its end.
    welcome: Vec<f64>,
    tracks: Vec<Candidate>,
    /// The most that the rules allow: the mean of the best tracks that are enough not to repeat any too soon.
    best: f64,
}

impl Listener {
    fn new(tracks: u32, chance: &mut impl Rng) -> Self {
        let mut normal = |deviation: f64| {
            let drawn: f64 = StandardNormal.sample(chance);
            deviation * drawn
        };
        let artists: Vec<f64> = (0..tracks.div_ceil(BY_ONE)).map(|_| normal(ARTISTS_DIFFER)).collect();
        let artist = |id: u32| id % artists.len() as u32;
        let odds = |id: u32, own: f64| artists[artist(id) as usize] + own;
        let welcome: Vec<f64> = (0..tracks).map(|id| 1.0 / (1.0 + (-odds(id, normal(TRACKS_DIFFER))).exp())).collect();
        let track = |id: u32| Candidate {
            id: TrackId(id.into()),
            artist: Some(artist(id)),
            moods: [MOOD].into_iter().collect(),
            not_for: Emotions::NONE,
            liked: false,
            last_played: None,
            place: Point::of(MOOD),
            explicit: false,
        };
        let mut sorted = welcome.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        sorted.truncate(RULES.repeat_window + 1);
        let best = sorted.iter().sum::<f64>() / sorted.len().max(1) as f64;
        Self { welcome, tracks: (0..tracks).map(track).collect(), best }
    }

    /// The regret over the first `plays` and over as many after them, as `next` has it; it is told what was heard,
    /// the latest first, and whether the last one was welcome.
    fn regret(
        &self,
        plays: u32,
        chance: &mut impl Rng,
        mut next: impl FnMut(&[TrackId], Option<(TrackId, bool)>) -> Option<TrackId>,
    ) -> (f64, f64) {
        let (mut recent, mut last) = (Vec::new(), None);
        let (mut early, mut late) = (0.0, 0.0);
        for n in 0..2 * plays {
            let Some(track) = next(&recent, last) else { break };
            let welcome = self.welcome[track.0 as usize];
            *(if n < plays { &mut early } else { &mut late }) += self.best - welcome;
            last = Some((track, chance.random_bool(welcome)));
            recent.insert(0, track);
        }
        (early, late)
    }
}

/// Simulates.
pub fn regret(trial: Trial) -> Report {
    let Trial { listeners, plays, tracks, seed } = trial;
    let mut sums = [(0.0, 0.0); 3];
    for n in 0..u64::from(listeners) {
        let mut chance = StdRng::seed_from_u64(seed.wrapping_add(n).wrapping_mul(0x9e37_79b9));
        let listener = Listener::new(tracks, &mut chance);
        for (sum, (early, late)) in sums.iter_mut().zip(ways(&listener, plays, tracks, &mut chance)) {
            *sum = (sum.0 + early / f64::from(listeners), sum.1 + late / f64::from(listeners));
        }
    }
    let all = sums.into_iter().chain([(0.0, 0.0)]);
    Report { plays, tracks, listeners, regret: WAYS.into_iter().zip(all).map(|(way, (a, b))| (way, a, b)).collect() }
}

fn ways(listener: &Listener, plays: u32, tracks: u32, chance: &mut StdRng) -> [(f64, f64); 3] {
    let mut taste = Taste::default();
    let mut own = StdRng::seed_from_u64(chance.random());
    let ours = listener.regret(plays, chance, |recent, last| {
        if let Some((track, welcome)) = last {
            let evidence = if welcome { Evidence::Finished } else { Evidence::Skipped(0.1) };
            taste.learn(MOOD, &listener.tracks[track.0 as usize], evidence, Timestamp::UNIX_EPOCH);
        }
        let now = Timestamp::UNIX_EPOCH;
        choose(MOOD, false, &listener.tracks, recent, RULES, &taste, now, &mut own).map(|choice| choice.track)
    });
    let any = |chance: &mut StdRng| TrackId(chance.random_range(0..tracks).into());
    let playlist: Vec<TrackId> = (0..PLAYLIST.min(tracks)).map(|_| any(chance)).collect();
    let fixed = listener.regret(plays, chance, |recent, _| playlist.get(recent.len() % playlist.len()).copied());
    let mut own = StdRng::seed_from_u64(chance.random());
    let random = listener.regret(plays, chance, |_, _| Some(any(&mut own)));
    [ours, fixed, random]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_misses_at_most_four_tenths_of_what_a_fixed_playlist_does() {
        let report = regret(Trial { listeners: 12, plays: 200, tracks: 500, seed: 1 });
        println!("{report}");
        let (early, late) = report.less();
        assert!(early > 0.5, "it learns within 200 plays: {report}");
        assert!(late > 0.6, "and misses at least 60 % less after them: {report}");
        let (chance, fixed) = (report.regret[2], report.regret[1]);
        assert!((chance.1 / fixed.1 - 1.0).abs() < 0.2, "a fixed playlist is no better than chance: {report}");
    }

    #[test]
    fn the_same_seed_gives_the_same_table() {
        let trial = Trial { listeners: 2, plays: 20, tracks: 60, seed: 7 };
        assert_eq!(regret(trial), regret(trial));
        assert_ne!(regret(trial), regret(Trial { seed: 8, ..trial }));
    }
}
