//! How many connections a door takes at once: in all, and from one household.
//!
//! In: who comes. Out: a seat, until it is dropped, or none. A door that counts only all of them can be held shut by
//! one machine that comes and says nothing.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The seats of one door.
#[derive(Clone, Debug)]
pub struct Seats {
    all: usize,
    of_one: usize,
    taken: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One connection's place, given back when dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Seats,
    who: IpAddr,
}

impl Seats {
    /// So many in all, and so many of one household.
    #[must_use]
    pub fn new(all: usize, of_one: usize) -> Self {
        Self { all, of_one, taken: Arc::default() }
    }

    /// A seat for whoever comes from there, if there is one.
    #[must_use]
    pub fn take(&self, who: IpAddr) -> Option<Seat> {
        let who = household(who);
        let mut taken = self.lock();
        let theirs = taken.get(&who).copied().unwrap_or_default();
        if theirs >= self.of_one || taken.values().sum::<usize>() >= self.all {
            return None;
        }
        taken.insert(who, theirs + 1);
        drop(taken);
        Some(Seat { seats: self.clone(), who })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(theirs) = taken.get_mut(&self.who) {
            *theirs -= 1;
            if *theirs == 0 {
                taken.remove(&self.who);
            }
        }
    }
}

/// A household's addresses count as one: of IPv6 it has 2⁶⁴ of them.
#[must_use]
pub fn household(who: IpAddr) -> IpAddr {
    match who.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_household_leaves_seats_for_others_and_gives_its_own_back() {
        let seats = Seats::new(3, 2);
        let (one, other) = ("2001:db8::1".parse().unwrap(), "192.168.1.2".parse().unwrap());
        let first = seats.take(one).unwrap();
        let second = seats.take("2001:db8::2".parse().unwrap()).unwrap();
        assert!(seats.take("2001:db8::3".parse().unwrap()).is_none(), "its household has two");
        let third = seats.take(other).unwrap();
        assert!(seats.take("::ffff:192.168.1.2".parse().unwrap()).is_none(), "there are three in all");
        drop(first);
        assert!(seats.take(other).is_some());
        drop((second, third));
        assert!(seats.lock().is_empty(), "nothing is remembered of who has gone");
    }
}
