//! `moodring-host regret`: what learning is worth, on simulated listeners with hidden tastes.
//!
//! In: how many listeners, plays and tracks, and a seed. Out: the regret of this program, of a fixed playlist (the
//! older demo's way), of chance and of always the best: the welcome plays that each missed. Listeners skip what does
//! not please them, the sooner the less it does; they like a track now and then, and pick one by hand. The very functions
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

/// A play that feels better than this is liked: one in a hundred of a track that is heard out as often as not.
const LIKES: f64 = 4.0;

/// After one skip in so many, somebody picks a track by hand, one of so many favourites. It counts for nobody, but
/// something is learnt of it.
const PICKS: u32 = 10;
const FAVOURITES: usize = 25;

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

/// The ways to choose, as they are told; beside always the best, which misses nothing.
const WAYS: [&str; 4] = ["this program", "… by skips alone", "a fixed playlist", "by chance"];

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
        let (ours, fixed) = (self.regret[0], self.regret[2]);
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
    /// The log-odds of each track to be heard to its end.
    odds: Vec<f64>,
    tracks: Vec<Candidate>,
    /// By their odds, the most welcome first.
    order: Vec<TrackId>,
}

/// A play, as the listener shows it.
#[derive(Clone, Copy)]
struct Heard {
    track: TrackId,
    /// How it felt: below 0 it is skipped, the sooner the further below.
    felt: f64,
    /// Whether somebody picked it by hand.
    picked: bool,
}

impl Listener {
    fn new(tracks: u32, chance: &mut impl Rng) -> Self {
        let mut normal = |deviation: f64| {
            let drawn: f64 = StandardNormal.sample(chance);
            deviation * drawn
        };
        let artists: Vec<f64> = (0..tracks.div_ceil(BY_ONE)).map(|_| normal(ARTISTS_DIFFER)).collect();
        let artist = |id: u32| id % artists.len() as u32;
        let odds: Vec<f64> = (0..tracks).map(|id| artists[artist(id) as usize] + normal(TRACKS_DIFFER)).collect();
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
        let tracks: Vec<Candidate> = (0..tracks).map(track).collect();
        let mut order: Vec<TrackId> = tracks.iter().map(|track| track.id).collect();
        order.sort_by(|a, b| odds[b.0 as usize].total_cmp(&odds[a.0 as usize]));
        Self { odds, tracks, order }
    }

    /// How likely it is to be heard to its end, 0..=1.
    fn welcome(&self, track: TrackId) -> f64 {
        1.0 / (1.0 + (-self.odds[track.0 as usize]).exp())
    }

    /// A play: what they think of it, and how they feel at the moment.
    fn hears(&self, track: TrackId, picked: bool, chance: &mut impl Rng) -> Heard {
        let moment: f64 = chance.random_range(1e-9..1.0);
        Heard { track, felt: self.odds[track.0 as usize] + (moment / (1.0 - moment)).ln(), picked }
    }

    /// The best that the rules allow: of the tracks and artists that they let come, always the most welcome.
    fn best(&self, plays: u32) -> (f64, f64) {
        let artist = |track: &TrackId| self.tracks[track.0 as usize].artist;
        let next = |recent: &[TrackId], _: &[Heard]| {
            let tired = &recent[..recent.len().min(RULES.repeat_window)];
            let lately = &tired[..tired.len().min(RULES.artist_gap)];
            let rested = || self.order.iter().copied().filter(|id| !tired.contains(id));
            let spread = rested().find(|id| !lately.iter().any(|heard| artist(heard) == artist(id)));
            spread.or_else(|| rested().next()).or(recent.last().copied())
        };
        self.welcomed(plays, false, &mut StdRng::seed_from_u64(0), next)
    }

    /// How many of the first `plays`, and of as many after them, are to be welcome if `next` chooses; it is told
    /// what was heard, the latest first, and the plays since the last choice.
    fn welcomed(
        &self,
        plays: u32,
        picks: bool,
        chance: &mut impl Rng,
        mut next: impl FnMut(&[TrackId], &[Heard]) -> Option<TrackId>,
    ) -> (f64, f64) {
        let (mut recent, mut news) = (Vec::new(), Vec::new());
        let (mut early, mut late) = (0.0, 0.0);
        for n in 0..2 * plays {
            let Some(track) = next(&recent, &news) else { break };
            *(if n < plays { &mut early } else { &mut late }) += self.welcome(track);
            news.clear();
            news.push(self.hears(track, false, chance));
            recent.insert(0, track);
            if picks && news[0].felt < 0.0 && chance.random_ratio(1, PICKS) {
                let favourite = self.order[chance.random_range(0..FAVOURITES.min(self.order.len()))];
                news.push(self.hears(favourite, true, chance));
                recent.insert(0, favourite);
            }
        }
        (early, late)
    }
}

/// Simulates.
pub fn regret(trial: Trial) -> Report {
    let Trial { listeners, plays, tracks, seed } = trial;
    let mut sums = [(0.0, 0.0); WAYS.len()];
    for n in 0..u64::from(listeners) {
        let mut chance = StdRng::seed_from_u64(seed.wrapping_add(n).wrapping_mul(0x9e37_79b9));
        let listener = Listener::new(tracks, &mut chance);
        let best = listener.best(plays);
        for (sum, (early, late)) in sums.iter_mut().zip(ways(&listener, plays, tracks, &mut chance)) {
            sum.0 += (best.0 - early) / f64::from(listeners);
            sum.1 += (best.1 - late) / f64::from(listeners);
        }
    }
    let told = WAYS.into_iter().zip(sums).chain([("always the best", (0.0, 0.0))]);
    Report { plays, tracks, listeners, regret: told.map(|(way, (early, late))| (way, early, late)).collect() }
}

/// The welcome plays of each of [`WAYS`].
fn ways(listener: &Listener, plays: u32, tracks: u32, chance: &mut StdRng) -> [(f64, f64); WAYS.len()] {
    let any = |chance: &mut StdRng| TrackId(chance.random_range(0..tracks).into());
    let ours = learning(listener, plays, true, chance);
    let by_skips = learning(listener, plays, false, chance);
    let playlist: Vec<TrackId> = (0..PLAYLIST.min(tracks)).map(|_| any(chance)).collect();
    let in_turn = |recent: &[TrackId], _: &[Heard]| playlist.get(recent.len() % playlist.len()).copied();
    let fixed = listener.welcomed(plays, false, chance, in_turn);
    let mut own = StdRng::seed_from_u64(chance.random());
    let random = listener.welcomed(plays, false, chance, |_, _| Some(any(&mut own)));
    [ours, by_skips, fixed, random]
}

/// This program; with everything that people do, or with nothing but how soon they skip.
fn learning(listener: &Listener, plays: u32, everything: bool, chance: &mut StdRng) -> (f64, f64) {
    let now = Timestamp::UNIX_EPOCH;
    let (mut taste, mut tracks) = (Taste::default(), listener.tracks.clone());
    let mut own = StdRng::seed_from_u64(chance.random());
    listener.welcomed(plays, everything, chance, |recent, news| {
        for Heard { track, felt, picked } in news {
            let track = &mut tracks[track.0 as usize];
            let liked = everything && *felt > LIKES && !track.liked;
            track.liked |= liked;
            let ended = if *felt < 0.0 { Evidence::Skipped(felt.exp()) } else { Evidence::Finished };
            for (_, evidence) in [(*picked, Evidence::Picked), (liked, Evidence::Liked), (true, ended)]
                .into_iter()
                .filter(|(shown, _)| *shown)
            {
                taste.learn(MOOD, track, evidence, now);
            }
        }
        choose(MOOD, false, &tracks, recent, RULES, &taste, now, &mut own).map(|choice| choice.track)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn learning_misses_at_most_four_tenths_of_what_a_fixed_playlist_does() {
        let report = regret(Trial { listeners: 12, plays: 200, tracks: 500, seed: 1 });
        println!("{report}");
        let (early, late) = report.less();
        assert!(early > 0.6, "it learns within 200 plays: {report}");
        assert!(late > 0.8, "and misses still less after them: {report}");
        let [_, skips, fixed, chance, _] = report.regret[..] else { panic!("{report}") };
        assert!(skips.1 < 0.5 * fixed.1 && skips.2 < 0.3 * fixed.2, "skips alone teach it nearly as much: {report}");
        assert!((chance.1 / fixed.1 - 1.0).abs() < 0.2, "a fixed playlist is no better than chance: {report}");
    }

    #[test]
    fn the_same_seed_gives_the_same_table() {
        let trial = Trial { listeners: 2, plays: 20, tracks: 60, seed: 7 };
        assert_eq!(regret(trial), regret(trial));
        assert_ne!(regret(trial), regret(Trial { seed: 8, ..trial }));
    }
}
