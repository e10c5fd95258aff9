//! When a bouncing contact counts as pressed.
//!
//! Enters: edges, the level, and the time. Leaves: a press, once. Nothing fails. An edge only says that
//! something moved; what counts is the level once it was quiet for a while, so that neither a bounce
//! nor a lost edge nor a spike of interference is taken for a finger.

use std::time::{Duration, Instant};

/// One contact.
#[derive(Clone, Debug)]
pub struct Debounce {
    hold: Duration,
    /// What counts.
    pressed: bool,
    /// The last edge that has not been settled.
    moved: Option<Instant>,
}

impl Debounce {
    /// A contact that must be quiet for `hold` to count, and the level it has.
    pub const fn new(hold: Duration, pressed: bool) -> Self {
        Self { hold, pressed, moved: None }
    }

    /// The contact moved.
    pub const fn edge(&mut self, now: Instant) {
        self.moved = Some(now);
    }

    /// How long until [`Self::settle`] is to be called; `None` while the contact is at rest.
    pub fn due(&self, now: Instant) -> Option<Duration> {
        Some(self.hold.saturating_sub(now.saturating_duration_since(self.moved?)))
    }

    /// The contact was quiet long enough and has this level: whether it is pressed anew.
    pub fn settle(&mut self, pressed: bool, now: Instant) -> bool {
        if self.due(now).is_none_or(|due| !due.is_zero()) {
            return false;
        }
        self.moved = None;
        let before = std::mem::replace(&mut self.pressed, pressed);
        pressed && !before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays edges, in milliseconds and levels, on a contact; returns when it was pressed.
    fn presses(edges: &[(u64, bool)], until: u64) -> Vec<u64> {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut contact = Debounce::new(Duration::from_millis(30), false);
        let (mut level, mut told) = (false, Vec::new());
        for ms in 0..until {
            for (_, pressed) in edges.iter().filter(|(when, _)| *when == ms) {
                level = *pressed;
                contact.edge(at(ms));
            }
            if contact.settle(level, at(ms)) {
                told.push(ms);
            }
        }
        told
    }

    #[test]
    fn a_bouncing_press_counts_once() {
        let bouncing = [(100, true), (102, false), (103, true), (109, false), (110, true)];
        assert_eq!(presses(&bouncing, 500), [140]);
        // Held, let go with bounces, and pressed again.
        let again = [(100, true), (300, false), (303, true), (305, false), (400, true), (600, false)];
        assert_eq!(presses(&again, 900), [130, 430]);
    }

    #[test]
    fn a_spike_is_no_press() {
        assert_eq!(presses(&[(100, true), (101, false)], 500), [0; 0]);
        // Nor is one that interrupts a finger a second press.
        assert_eq!(presses(&[(100, true), (200, false), (201, true), (300, false)], 500), [130]);
    }

    #[test]
    fn an_edge_that_was_lost_does_not_leave_it_pressed() {
        // The edge of letting go is lost: the level tells at the next one.
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut contact = Debounce::new(Duration::from_millis(30), false);
        contact.edge(at(0));
        assert!(contact.settle(true, at(30)));
        contact.edge(at(500));
        assert!(!contact.settle(false, at(530)));
        contact.edge(at(600));
        assert!(contact.settle(true, at(630)));
    }

    #[test]
    fn what_is_held_at_the_start_is_no_press() {
        let start = Instant::now();
        let mut contact = Debounce::new(Duration::from_millis(30), true);
        assert_eq!(contact.due(start), None);
        contact.edge(start);
        assert_eq!(contact.due(start + Duration::from_millis(10)), Some(Duration::from_millis(20)));
        assert!(!contact.settle(true, start + Duration::from_millis(30)));
    }
}
