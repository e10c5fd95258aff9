//! Where rendered sound goes: nowhere at real speed, a WAV file at real speed, a sound device, or nowhere at all.
//!
//! Enters: stereo frames. Leaves: how many frames are wanted now. Fails: in words, when the file
//! cannot be written any more or the device is gone.

use std::time::{Duration, Instant};

use super::{RATE, speaker::Speaker, wav::WavFile};

/// See the module.
pub(super) enum Outlet {
    /// Silence at real speed.
    Null(Pace),
    /// A file, at real speed.
    Wav(Pace, WavFile),
    /// A sound device, at its own speed.
    Device(Box<dyn Speaker>),
    /// None, and time stands still.
    None,
}

impl Outlet {
    /// Frames wanted by `now`.
    pub fn wants(&mut self, now: Instant) -> Result<usize, String> {
        match self {
            Self::Null(pace) | Self::Wav(pace, _) => Ok(pace.due(now)),
            Self::Device(device) => device.wants(now),
            Self::None => Ok(0),
        }
    }

    /// Lets go of the device, or completes the file; more may be written later.
    pub fn rest(&mut self) {
        match self {
            Self::Null(pace) => *pace = Pace::default(),
            Self::Wav(pace, file) => {
                *pace = Pace::default();
                file.complete();
            }
            Self::Device(device) => {
                device.drain();
                *self = Self::None;
            }
            Self::None => {}
        }
    }

    /// Takes whole stereo frames, no more than it wants.
    pub fn write(&mut self, frames: &[f32]) -> Result<(), String> {
        match self {
            Self::Null(_) | Self::None => Ok(()),
            Self::Wav(_, file) => file.write(frames),
            Self::Device(device) => {
                device.write(frames);
                Ok(())
            }
        }
    }
}

/// Counts out frames at real speed.
#[derive(Debug, Default)]
pub(super) struct Pace {
    began: Option<Instant>,
    given: u64,
}

impl Pace {
    /// The frames that have come due since the last call. After a standstill of more than a
    /// second (the machine slept) it goes on from now, rather than rushing.
    pub fn due(&mut self, now: Instant) -> usize {
        let began = *self.began.get_or_insert(now);
        let all = (now.saturating_duration_since(began).as_secs_f64() * f64::from(RATE)) as u64;
        let due = all.saturating_sub(self.given);
        if due > u64::from(RATE) {
            *self = Self { began: Some(now), given: 0 };
            return 0;
        }
        self.given = all.max(self.given);
        due as usize
    }
}

/// When to look for a lost device again: soon at first, then seldom.
#[derive(Debug)]
pub(super) struct Retry {
    next: Instant,
    wait: Duration,
}

impl Retry {
    const FIRST: Duration = Duration::from_secs(2);
    const LONGEST: Duration = Duration::from_secs(30);

    /// Nothing was there at `now`.
    pub fn from(now: Instant) -> Self {
        Self { next: now + Self::FIRST, wait: Self::FIRST }
    }

    /// Whether to look at `now`; if so, the next look is put off.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let due = now >= self.next;
        if due {
            self.wait = (self.wait * 2).min(Self::LONGEST);
            self.next = now + self.wait;
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paces_at_real_speed_and_forgets_a_standstill() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::default();
        assert_eq!(pace.due(at(0)), 0);
        let frames: usize = (1..=500).map(|i| pace.due(at(20 * i))).sum();
        assert_eq!(frames, 10 * RATE as usize);
        assert_eq!(pace.due(at(10_000)), 0);
        assert_eq!(pace.due(at(3_600_000)), 0, "an hour asleep is not caught up");
        assert_eq!(pace.due(at(3_600_100)), RATE as usize / 10);
    }

    #[test]
    fn looks_for_a_device_soon_then_every_half_minute() {
        let start = Instant::now();
        let mut retry = Retry::from(start);
        let looks: Vec<u64> = (0..120).filter(|&s| retry.is_due(start + Duration::from_secs(s))).collect();
        assert_eq!(looks, [2, 6, 14, 30, 60, 90]);
    }
}
