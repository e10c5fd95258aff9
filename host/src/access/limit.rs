//! How often a password may be tried: pure, with the time as a parameter.
//!
//! In: who tries, and when. Out: go on, or how long to wait. Five wrong ones are free; then each address waits twice
//! as long after each, up to a quarter of an hour, and is forgiven after an hour. All addresses together may try 30
//! times at once and then every two seconds, as somebody with many addresses does not wait; an address from which
//! somebody logged in does not stand in that line.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use crate::seats::household;

/// So many wrong ones are free.
const FREE: u32 = 5;

/// The first wait.
const FIRST: Duration = Duration::from_secs(5);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// An address that was quiet for so long is forgiven.
const FORGIVEN: Duration = Duration::from_secs(60 * 60);

/// So many tries of all addresses together may come at once.
const AT_ONCE: f64 = 30.0;

/// How long it takes until all addresses together have one more.
const ONE_MORE: f64 = 2.0;

/// What is remembered of an address.
#[derive(Clone, Copy, Debug)]
struct Tries {
    wrong: u32,
    last: Instant,
    /// Somebody logged in from here.
    known: bool,
}

/// What is remembered of all addresses; what it may hold is bounded by the line that all stand in.
#[derive(Debug)]
pub struct Attempts {
    of: HashMap<IpAddr, Tries>,
    left: f64,
    at: Instant,
}

impl Attempts {
    /// Nobody has tried yet.
    pub fn new(now: Instant) -> Self {
        Self { of: HashMap::new(), left: AT_ONCE, at: now }
    }

    /// Somebody tries: counts as wrong until [`Self::right`] is told. Or how long they have to wait; asking too early
    /// makes it no longer.
    ///
    /// # Errors
    /// The time to wait.
    pub fn begin(&mut self, who: IpAddr, now: Instant) -> Result<(), Duration> {
        let who = household(who);
        self.of.retain(|_, tries| tries.known || now.duration_since(tries.last) < FORGIVEN);
        let more = now.duration_since(self.at).as_secs_f64() / ONE_MORE;
        (self.left, self.at) = ((self.left + more).min(AT_ONCE), now);
        let mut tries = self.of.get(&who).copied().unwrap_or(Tries { wrong: 0, last: now, known: false });
        if now.duration_since(tries.last) >= FORGIVEN {
            tries.wrong = 0;
        }
        let over = tries.last + wait(tries.wrong);
        if over > now {
            return Err(over - now);
        }
        if !tries.known {
            if self.left < 1.0 {
                return Err(Duration::from_secs_f64((1.0 - self.left) * ONE_MORE));
            }
            self.left -= 1.0;
        }
        self.of.insert(who, Tries { wrong: tries.wrong.saturating_add(1), last: now, ..tries });
        Ok(())
    }

    /// What was tried last from there was right.
    pub fn right(&mut self, who: IpAddr, now: Instant) {
        let before = self.of.insert(household(who), Tries { wrong: 0, last: now, known: true });
        if before.is_none_or(|tries| !tries.known) {
            self.left = (self.left + 1.0).min(AT_ONCE);
        }
    }
}

/// How long to wait after so many wrong ones.
fn wait(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => FIRST.saturating_mul(1 << more.min(16)).min(LONGEST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn s(s: f64) -> Duration {
        Duration::from_secs_f64(s)
    }

    #[test]
    fn whoever_goes_on_guessing_waits_longer_and_longer() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        for _ in 0..5 {
            assert_eq!(attempts.begin(ONE, start), Ok(()));
        }
        let mut now = start;
        for expected in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
            assert_eq!(attempts.begin(ONE, now), Err(Duration::from_secs(expected)));
            // Asking too early makes it no longer.
            assert_eq!(attempts.begin(ONE, now + s(1.0)), Err(Duration::from_secs(expected - 1)));
            now += Duration::from_secs(expected);
            assert_eq!(attempts.begin(ONE, now), Ok(()));
        }
        // In a day that is about a hundred guesses.
        let day = now + Duration::from_secs(86_400);
        let mut guesses = 0;
        while now < day {
            match attempts.begin(ONE, now) {
                Ok(()) => guesses += 1,
                Err(wait) => now += wait,
            }
        }
        assert!((90..=100).contains(&guesses), "{guesses}");
    }

    #[test]
    fn an_hour_of_quiet_or_the_right_password_forgives() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        for _ in 0..5 {
            attempts.begin(ONE, start).unwrap();
        }
        assert!(attempts.begin(ONE, start).is_err());
        assert_eq!(attempts.begin(ONE, start + FORGIVEN), Ok(()));
        attempts.right(ONE, start + FORGIVEN);
        for _ in 0..5 {
            assert_eq!(attempts.begin(ONE, start + FORGIVEN), Ok(()));
        }
        assert!(attempts.begin(ONE, start + FORGIVEN).is_err());
    }

    #[test]
    fn many_addresses_together_get_no_further_and_lock_nobody_out_who_was_here_before() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        attempts.begin(ONE, start).unwrap();
        attempts.right(ONE, start);
        let mut now = start;
        let mut let_in = 0;
        for n in 0_u32..40_000 {
            now += s(0.01);
            let from = IpAddr::from([10, (n >> 16) as u8, (n >> 8) as u8, n as u8]);
            let_in += u32::from(attempts.begin(from, now).is_ok());
        }
        assert!((220..=240).contains(&let_in), "30 at once and 200 in 400 s: {let_in}");
        assert!(attempts.of.len() < 2000);
        assert_eq!(attempts.begin(ONE, now), Ok(()));
        // A newcomer waits two seconds at most.
        let newcomer = IpAddr::from([172, 16, 0, 1]);
        let wait = attempts.begin(newcomer, now).err().unwrap_or_default();
        assert!(wait <= s(2.0), "{wait:?}");
    }

    #[test]
    fn a_household_is_one_whatever_its_address() {
        let start = Instant::now();
        let mut attempts = Attempts::new(start);
        for n in 0..5 {
            attempts.begin(format!("2001:db8:1:2::{n}").parse().unwrap(), start).unwrap();
        }
        assert!(attempts.begin("2001:db8:1:2:ffff::1".parse().unwrap(), start).is_err());
        assert!(attempts.begin("2001:db8:1:3::1".parse().unwrap(), start).is_ok());
        for _ in 0..5 {
            attempts.begin("::ffff:192.0.2.1".parse().unwrap(), start).unwrap();
        }
        assert!(attempts.begin(ONE, start).is_err());
    }
}
