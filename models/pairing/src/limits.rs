//! How often codes may be tried on a host's page: pure.
//!
//! In: each wrong code, with its time. Out: whether another may be tried. It forgets what is old, and
//! remembers a bounded number.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use moodring_mood::DeviceId;

/// What is older does not count.
pub const SPAN: Duration = Duration::from_secs(10 * 60);

/// So many wrong codes for one device within [`SPAN`].
pub const OF_ONE: usize = 5;

/// So many wrong codes for all devices within [`SPAN`].
pub const OF_ALL: usize = 30;

/// The wrong codes of the last minutes.
#[derive(Clone, Debug, Default)]
pub struct Tries {
    wrong: VecDeque<(Instant, DeviceId)>,
}

impl Tries {
    /// How many more wrong codes for this device are let pass; or for how long none is.
    ///
    /// # Errors
    /// The time after which another may be tried.
    pub fn left(&mut self, device: &DeviceId, now: Instant) -> Result<usize, Duration> {
        self.wrong.retain(|(at, _)| now.saturating_duration_since(*at) < SPAN);
        let until = |at: Instant| (at + SPAN).saturating_duration_since(now);
        let own: Vec<Instant> = self.wrong.iter().filter(|(_, of)| of == device).map(|(at, _)| *at).collect();
        match (self.wrong.front(), own.first()) {
            (Some((first, _)), _) if self.wrong.len() >= OF_ALL => Err(until(*first)),
            (_, Some(first)) if own.len() >= OF_ONE => Err(until(*first)),
            _ => Ok((OF_ONE - own.len()).min(OF_ALL - self.wrong.len())),
        }
    }

    /// A code for this device was wrong.
    pub fn wrong(&mut self, device: &DeviceId, now: Instant) {
        self.wrong.push_back((now, device.clone()));
        if self.wrong.len() > OF_ALL {
            self.wrong.pop_front();
        }
    }

    /// A code for this device was right: its wrong ones are forgiven.
    pub fn right(&mut self, device: &DeviceId) {
        self.wrong.retain(|(_, of)| of != device);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> DeviceId {
        text.parse().unwrap()
    }

    #[test]
    fn five_wrong_codes_for_a_device_are_enough_for_ten_minutes() {
        let (mut tries, now) = (Tries::default(), Instant::now());
        for left in (1..=5).rev() {
            assert_eq!(tries.left(&id("hall"), now), Ok(left));
            tries.wrong(&id("hall"), now);
        }
        assert_eq!(tries.left(&id("hall"), now + Duration::from_secs(60)), Err(Duration::from_secs(540)));
        assert_eq!(tries.left(&id("attic"), now), Ok(5), "the others are not punished");
        assert_eq!(tries.left(&id("hall"), now + SPAN), Ok(5), "and it is forgotten");
    }

    #[test]
    fn names_made_up_for_every_try_do_not_help() {
        let (mut tries, now) = (Tries::default(), Instant::now());
        for n in 0..OF_ALL {
            assert!(tries.left(&id(&format!("d{n}")), now).is_ok());
            tries.wrong(&id(&format!("d{n}")), now);
        }
        assert_eq!(tries.left(&id("another"), now), Err(SPAN));
    }

    #[test]
    fn a_right_code_forgives_the_wrong_ones() {
        let (mut tries, now) = (Tries::default(), Instant::now());
        tries.wrong(&id("hall"), now);
        tries.right(&id("hall"));
        assert_eq!(tries.left(&id("hall"), now), Ok(OF_ONE));
    }
}
