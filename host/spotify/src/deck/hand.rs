//! What is handed over to the device's queue and when, and which device it is.
//!
//! Pure.

use std::time::{Duration, Instant};

use super::{Deck, Handed, Piece};
use crate::reply::Device;

/// So many tracks lie in the device's queue at most, wanted or not.
pub const MOST: usize = 3;

/// What comes next has to stay the same for so long before it is handed over: moods flap.
pub const CALM: Duration = Duration::from_secs(4);

/// When so little is left, the next is handed over however full the queue is.
const LATE: Duration = Duration::from_secs(20);

impl Deck {
    /// What is to be put into the device's queue now.
    pub(super) fn next_to_hand_over(&mut self, now: Instant) -> Option<Piece> {
        let current = self.current.as_ref().filter(|current| current.runs)?;
        let left = current.ends().map(|ends| ends.saturating_duration_since(now));
        if !self.engaged || now < self.hand_not_before {
            return None;
        }
        let wanted: Vec<&Piece> = self.next.iter().chain(&self.then).collect();
        let calm = now >= self.wanted_since + CALM || left.is_some_and(|left| left < CALM * 2);
        if !calm {
            return None;
        }
        // What lies there in another order than wanted is passed over later.
        let fits = fitting(&self.handed.iter().filter(|h| h.live).map(|h| h.piece.tag).collect::<Vec<_>>(), &wanted);
        for unwanted in self.handed.iter_mut().filter(|h| h.live).skip(fits) {
            unwanted.live = false;
        }
        hand_over(self.handed.make_contiguous(), &wanted, left).cloned()
    }
}

/// How many of those handed over come first among the wanted, in the same order.
fn fitting(handed: &[i64], wanted: &[&Piece]) -> usize {
    handed.iter().zip(wanted).take_while(|(tag, piece)| **tag == piece.tag).count()
}

/// The piece to put into the device's queue, in which `handed` lie already; `left` of the current track.
pub fn hand_over<'a>(handed: &[Handed], wanted: &[&'a Piece], left: Option<Duration>) -> Option<&'a Piece> {
    let live = handed.iter().filter(|h| h.live).count();
    let piece = wanted.get(live)?;
    let late = live == 0 && left.is_some_and(|left| left < LATE);
    (handed.len() < MOST || late).then_some(*piece)
}

/// The device to play on: the one of this name; without a name the active one, or the only one.
///
/// # Errors
/// In words, with what there is, where it cannot be told or is not there.
pub fn choose<'a>(devices: &'a [Device], name: &str) -> Result<&'a Device, String> {
    let usable: Vec<&Device> = devices.iter().filter(|d| d.id.as_deref().is_some_and(|id| !id.is_empty())).collect();
    let free: Vec<&Device> = usable.iter().copied().filter(|d| !d.is_restricted).collect();
    let names = |devices: &[&Device]| devices.iter().map(|d| format!("“{}”", d.name)).collect::<Vec<_>>().join(", ");
    let name = name.trim();
    if name.is_empty() {
        let active = free.iter().copied().find(|device| device.is_active);
        return active.or((free.len() == 1).then(|| free[0])).ok_or_else(|| match (usable.len(), free.len()) {
            (0, _) => "no Spotify device is there: open Spotify on the device that is to play, then it is found by \
                       itself"
                .to_owned(),
            (_, 0) => format!("{} cannot be driven from outside; open Spotify on another device", names(&usable)),
            _ => format!(
                "several Spotify devices are there ({}): choose one on the page, or in spotify.device",
                names(&free)
            ),
        });
    }
    let same = |device: &&Device| device.name.trim().to_lowercase() == name.to_lowercase();
    let named: Vec<&Device> = usable.iter().copied().filter(same).collect();
    match named.iter().find(|d| d.is_active && !d.is_restricted).or_else(|| named.iter().find(|d| !d.is_restricted)) {
        Some(device) => Ok(device),
        None if !named.is_empty() => {
            Err(format!("“{name}” takes no orders from outside; choose another Spotify device"))
        }
        None if free.is_empty() => {
            Err(format!("the Spotify device “{name}” is not there: open Spotify on it, then it is found by itself"))
        }
        None => Err(format!(
            "the Spotify device “{name}” is not there, but {}: open Spotify on it, or choose another on the page",
            names(&free)
        )),
    }
}
