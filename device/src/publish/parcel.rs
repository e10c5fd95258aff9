//! What is put into the [`Outbox`](super::Outbox), and what comes out of it.

use jiff::Timestamp;
use moodring_mood::{Confidence, Mood, MoodMessage, Paused, Scores, Status, WishMessage};

/// A steady mood and the frame that decided it: a [`MoodMessage`] before it has a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Statement {
    /// When the deciding frame was captured, UTC.
    pub at: Timestamp,
    /// The steady mood.
    pub mood: Mood,
    /// How sure the device is of it.
    pub confidence: Confidence,
    /// Faces in view.
    pub people: u32,
    /// The averaged probabilities behind the mood.
    pub scores: Scores,
}

/// What may be handed to the MQTT client now.
#[derive(Clone, Debug, PartialEq)]
pub enum Parcel {
    /// Retained, QoS 1.
    Status(Status),
    /// Subscribe to what the host says to this device.
    Subscribe,
    /// Retained, QoS 1.
    Mood(MoodMessage),
    /// Retained, QoS 0: JSON.
    Health(Vec<u8>),
    /// Not retained, QoS 0: a PNG.
    Screen(Vec<u8>),
    /// Retained, QoS 1.
    Paused(Paused),
    /// Not retained, QoS 1.
    Wish(WishMessage),
    /// Retained, QoS 1: per cent.
    Brightness(u8),
    /// Retained, QoS 1: how the device presents itself.
    Presentation(Presentation),
    /// The end of a clean goodbye.
    Disconnect,
}

/// How the device presents itself to Home Assistant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presentation {
    /// Where to.
    pub topic: String,
    /// JSON.
    pub payload: Vec<u8>,
}

/// What a parcel is, while it is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Status,
    Mood,
    Health,
    Screen,
    Paused,
    Wish,
    Brightness,
    Presentation,
}

/// Something of which only the latest counts. At most one is under way.
#[derive(Debug)]
pub(super) struct Latest<T> {
    value: Option<T>,
    due: bool,
    under_way: bool,
}

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self { value: None, due: false, under_way: false }
    }
}

impl<T: Clone + PartialEq> Latest<T> {
    /// This is the latest now.
    pub(super) fn replace(&mut self, value: T) {
        self.value = Some(value);
        self.due = true;
    }

    /// This is the latest now; said only if it is another than before.
    pub(super) fn change(&mut self, value: T) {
        if self.value.as_ref() != Some(&value) {
            self.replace(value);
        }
    }

    /// To be said once more.
    pub(super) const fn again(&mut self) {
        self.due = self.value.is_some();
    }

    /// What is to be handed over now; from then on it is under way.
    pub(super) fn take(&mut self) -> Option<T> {
        if !self.due || self.under_way {
            return None;
        }
        self.due = false;
        self.under_way = true;
        self.value.clone()
    }

    /// Whether there is nothing left to say of it.
    pub(super) const fn is_said(&self) -> bool {
        self.value.is_some() && !self.due && !self.under_way
    }

    /// It arrived, or never will.
    pub(super) const fn settled(&mut self) {
        self.under_way = false;
    }
}
