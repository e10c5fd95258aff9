//! How long to wait before the next attempt to reach the broker, or the buttons.

use std::time::Duration;

/// The longest wait.
pub const LONGEST: Duration = Duration::from_secs(15);

const SHORTEST: Duration = Duration::from_millis(500);

/// The wait before attempt `attempt` (the first is 0): doubling from half a second to [`LONGEST`],
/// of which `luck` (0..=1) takes away up to half, so that many devices do not return all at once.
pub fn backoff(attempt: u32, luck: f64) -> Duration {
    let full = SHORTEST.saturating_mul(2_u32.saturating_pow(attempt)).min(LONGEST);
    full.mul_f64(1.0 - 0.5 * luck.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let waits: Vec<u128> = (0..8).map(|attempt| backoff(attempt, 0.0).as_millis()).collect();
        assert_eq!(waits, [500, 1000, 2000, 4000, 8000, 15000, 15000, 15000]);
        assert_eq!(backoff(0, 1.0).as_millis(), 250);
        assert_eq!(backoff(u32::MAX, 0.0), LONGEST);
    }
}
