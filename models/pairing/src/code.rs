//! The six digits: drawn, shown for a while, guessed at a few times.
//!
//! In: the time, and each guess as it comes. Out: what to show, and whether a guess may be answered. Pure
//! but for the drawing, which takes the system's random numbers. Nothing here fails.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, Instant},
};

use rand::{Rng, rngs::OsRng};
use thiserror::Error;

/// A code is shown for so long; then another takes its place.
pub const SHOWN: Duration = Duration::from_secs(10 * 60);

/// So many wrong guesses, of one code or of several in a row, use up the one that is shown.
pub const GUESSES: u32 = 5;

/// After the first code that was used up there is none for so long; after each further one, twice as long.
pub const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest time without a code.
pub const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Six digits. Never written where a log could keep them but by [`Code::spoken`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Code(u32);

/// What was typed is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a code has six digits, as the device's screen shows them")]
pub struct NoCode;

impl Code {
    /// One that nobody can foresee.
    pub fn draw() -> Self {
        Self(OsRng.gen_range(0..1_000_000))
    }

    /// As a person reads it: `482 913`.
    pub fn spoken(self) -> String {
        format!("{:03} {:03}", self.0 / 1000, self.0 % 1000)
    }

    /// As it is proved.
    pub(crate) fn digits(self) -> String {
        format!("{:06}", self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

impl FromStr for Code {
    type Err = NoCode;

    /// As a person types it: spaces and dashes do not matter.
    fn from_str(text: &str) -> Result<Self, NoCode> {
        let digits: String = text.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
        let six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
        digits.parse().ok().filter(|_| six).map(Self).ok_or(NoCode)
    }
}

/// What a device has to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Showing {
    /// This code.
    Code(Code),
    /// None until then: too many wrong guesses.
    Nothing(Instant),
}

/// Why a guess is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// There is no code for so long: too many wrong guesses.
    Wait(Duration),
}

/// The codes of one device, one after another.
#[derive(Clone, Debug, Default)]
pub struct Codes {
    shown: Option<(Code, Instant)>,
    /// Wrong guesses since the last code that was used up; a code that expires does not forgive them.
    wrong: u32,
    /// Codes used up in a row.
    used_up: u32,
    /// No code before then.
    not_before: Option<Instant>,
}

impl Codes {
    /// What to show now; `draw` gives a code where a new one is due.
    pub fn look(&mut self, now: Instant, draw: impl FnOnce() -> Code) -> Showing {
        if let Some(until) = self.not_before.filter(|until| now < *until) {
            return Showing::Nothing(until);
        }
        self.not_before = None;
        let fresh = self.shown.filter(|(_, since)| now.saturating_duration_since(*since) < SHOWN);
        let (code, since) = fresh.unwrap_or_else(|| (draw(), now));
        self.shown = Some((code, since));
        Showing::Code(code)
    }

    /// Somebody guesses. Counts as wrong until [`Self::right`]; gives the code that it is held against.
    ///
    /// # Errors
    /// There is no code now.
    pub fn guess(&mut self, now: Instant, draw: impl FnOnce() -> Code) -> Result<Code, Refused> {
        let code = match self.look(now, draw) {
            Showing::Code(code) => code,
            Showing::Nothing(until) => return Err(Refused::Wait(until.saturating_duration_since(now))),
        };
        self.wrong += 1;
        if self.wrong >= GUESSES {
            let wait = FIRST_WAIT.saturating_mul(1 << self.used_up.min(16)).min(LONGEST_WAIT);
            (self.shown, self.wrong) = (None, 0);
            self.used_up = self.used_up.saturating_add(1);
            self.not_before = Some(now + wait);
        }
        Ok(code)
    }

    /// A guess was right: all is forgiven, and the code is not used again.
    pub fn right(&mut self) {
        *self = Self::default();
    }

    /// Guesses that are left before the code is used up, 1..=5.
    pub const fn guesses_left(&self) -> u32 {
        GUESSES - self.wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(n: u32) -> impl Fn() -> Code {
        move || Code(n)
    }

    #[test]
    fn a_code_is_read_as_people_type_it() {
        for text in ["482913", "482 913", " 482-913 "] {
            assert_eq!(text.parse(), Ok(Code(482_913)), "{text}");
        }
        for text in ["", "48291", "4829131", "48291a", "+48291", "٤٨٢٩١٣"] {
            assert_eq!(text.parse::<Code>(), Err(NoCode), "{text}");
        }
        assert_eq!(Code(7).spoken(), "000 007");
        assert_eq!(format!("{:?}", Code(7)), "Code(…)");
    }

    #[test]
    fn drawn_codes_differ_and_have_six_digits() {
        let drawn: Vec<Code> = (0..64).map(|_| Code::draw()).collect();
        assert!(drawn.iter().all(|code| code.digits().len() == 6));
        assert!(drawn.iter().any(|code| *code != drawn[0]));
    }

    #[test]
    fn a_code_stays_for_ten_minutes_and_then_another_comes() {
        let (mut codes, start) = (Codes::default(), Instant::now());
        assert_eq!(codes.look(start, code(1)), Showing::Code(Code(1)));
        assert_eq!(codes.look(start + Duration::from_secs(599), code(2)), Showing::Code(Code(1)));
        assert_eq!(codes.look(start + SHOWN, code(2)), Showing::Code(Code(2)));
    }

    #[test]
    fn five_wrong_guesses_use_a_code_up_and_each_further_one_takes_longer() {
        let (mut codes, mut now) = (Codes::default(), Instant::now());
        for wait in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            for left in [4, 3, 2, 1, 5] {
                assert!(codes.guess(now, code(1)).is_ok());
                assert_eq!(codes.guesses_left(), left);
            }
            let wait = Duration::from_secs(wait);
            assert_eq!(codes.guess(now, code(2)), Err(Refused::Wait(wait)));
            assert_eq!(codes.look(now, code(2)), Showing::Nothing(now + wait));
            now += wait;
        }
        assert_eq!(codes.look(now, code(3)), Showing::Code(Code(3)));
    }

    #[test]
    fn a_code_that_expires_forgives_no_wrong_guess() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        for _ in 0..4 {
            codes.guess(now, code(1)).unwrap();
        }
        assert_eq!(codes.guess(now + SHOWN, code(2)), Ok(Code(2)));
        assert!(matches!(codes.look(now + SHOWN, code(3)), Showing::Nothing(_)));
    }

    #[test]
    fn a_right_guess_forgives_everything_and_ends_the_code() {
        let (mut codes, now) = (Codes::default(), Instant::now());
        codes.guess(now, code(1)).unwrap();
        codes.right();
        assert_eq!(codes.guesses_left(), GUESSES);
        assert_eq!(codes.look(now, code(2)), Showing::Code(Code(2)), "never the same again");
    }
}
