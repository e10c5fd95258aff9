//! Notices that a second device goes by the same name.
//!
//! A broker lets one client of a name in at a time: two devices of one name throw each other out, again
//! and again, and their moods are mixed. Each run of the program says an arbitrary word in its health
//! messages, and hears its own. In: the words heard. Out: whether they prove that somebody else speaks
//! under this name. Nothing fails. Pure.

use jiff::Timestamp;

use super::complaint::clock_is_unset;

/// What was heard of this device's own name.
#[derive(Debug)]
pub struct Twin {
    own: String,
    /// When this run last spoke, by its own clock.
    spoken: Option<Timestamp>,
    noticed: bool,
}

impl Twin {
    /// This run says `own`.
    pub const fn new(own: String) -> Self {
        Self { own, spoken: None, noticed: false }
    }

    /// The word of this run.
    pub fn own(&self) -> &str {
        &self.own
    }

    /// Whether the broker has given this run its own words back.
    pub const fn has_spoken(&self) -> bool {
        self.spoken.is_some()
    }

    /// Whether a second device has been noticed.
    pub const fn noticed(&self) -> bool {
        self.noticed
    }

    /// A health message of this name said `word` and was made `at`; `retained` when the broker had kept
    /// it from before. True the first time that this proves that there is another device.
    ///
    /// What an earlier run of this very device said stays with the broker and proves nothing; nor does
    /// it when a broker that lost power comes back with what it knew before. Said just now, or made
    /// after this run has spoken, it does.
    pub fn heard(&mut self, word: &str, at: Timestamp, retained: bool) -> bool {
        if word == self.own {
            self.spoken = Some(at);
            return false;
        }
        // A clock that was never set cannot tell what came after.
        let since = self.spoken.filter(|spoken| !clock_is_unset(*spoken));
        let proof = !retained || since.is_some_and(|spoken| at > spoken);
        // Devices of an earlier version say no word.
        proof && !word.is_empty() && !std::mem::replace(&mut self.noticed, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn twin() -> Twin {
        Twin::new("a".to_owned())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_earlier_run_is_no_second_device() {
        let mut twin = twin();
        assert!(!twin.heard("earlier", at(1), true), "retained by the run before");
        assert!(!twin.heard("a", at(2), false) && !twin.heard("a", at(2), true));
        assert!(!twin.heard("earlier", at(1), true), "from a broker that had forgotten what came after");
        assert!(!twin.noticed());
        let mut unset = self::twin();
        assert!(!unset.heard("a", Timestamp::UNIX_EPOCH, false));
        assert!(!unset.heard("earlier", at(1), true), "this run's clock was not set when it spoke");
    }

    #[test]
    fn somebody_who_speaks_at_the_same_time_is_one_and_is_told_once() {
        let mut twin = twin();
        assert!(twin.heard("b", at(1), false));
        assert!(!twin.heard("b", at(2), false) && twin.noticed());
    }

    #[test]
    fn what_replaced_our_own_words_while_we_were_thrown_out_is_one() {
        let mut twin = twin();
        assert!(!twin.heard("a", at(1), false));
        assert!(twin.heard("b", at(2), true));
    }
}
