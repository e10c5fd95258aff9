//! How long the choice alone takes: the pure functions, on a library in memory.

use std::time::{Duration, Instant};

use jiff::Timestamp;
use moodring_mood::Emotion;
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    decide::{Aim, Rules, choose, path::Path},
    library::{Store, StoreError},
    taste::Taste,
};

/// So many choices, of which every third is on a lift, and every third on the way to calm.
pub async fn choices(store: &Store, count: u32, rules: Rules) -> Result<Vec<Duration>, StoreError> {
    let tracks = store.candidates().await?;
    let now = Timestamp::now();
    let mut taste = Taste::kept(store.kept_taste("home").await?, now);
    taste.seat(&tracks);
    let recent = store.heard_lately("home", rules.repeat_window.max(rules.artist_gap)).await?;
    let mut chance = StdRng::seed_from_u64(1);
    let mut times = Vec::new();
    for n in 0..count as usize {
        let emotion = Emotion::ALL[n / 3 % 7];
        let path = match n % 3 {
            0 => None,
            1 => Some(Path::lift(emotion, 5)),
            _ => Some(Path::calm(emotion)),
        };
        let aim = Aim { emotion, step: path.map(|path| path.step(1 + n % 5)), explicit: true };
        let start = Instant::now();
        let choice = choose(aim, n % 2 == 0, &tracks, &recent, rules, &taste, now, &mut chance);
        times.push(start.elapsed());
        // Looked at, so that it is not optimised away.
        std::hint::black_box(choice);
    }
    Ok(times)
}
