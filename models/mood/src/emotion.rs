//! The seven expressions a network tells apart, and the nine moods a room can be in.

use serde::{Deserialize, Serialize};

/// One of the seven basic expressions, in the class order of FER-2013 (Goodfellow et al., 2013).
///
/// The discriminant is the index of the class in the network's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Emotion {
    Angry,
    Disgust,
    Fear,
    Happy,
    Sad,
    Surprise,
    Neutral,
}

impl Emotion {
    /// All seven, in the order of the network's output.
    pub const ALL: [Self; 7] =
        [Self::Angry, Self::Disgust, Self::Fear, Self::Happy, Self::Sad, Self::Surprise, Self::Neutral];

    /// The lower-case word used on the wire, in folders of music and in configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Angry => "angry",
            Self::Disgust => "disgust",
            Self::Fear => "fear",
            Self::Happy => "happy",
            Self::Sad => "sad",
            Self::Surprise => "surprise",
            Self::Neutral => "neutral",
        }
    }

    /// The emotion a lower-case word names, if it names one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|e| e.word() == word)
    }
}

impl std::fmt::Display for Emotion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// What a room is said to feel: an [`Emotion`], or that none can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Mood {
    Angry,
    Disgust,
    Fear,
    Happy,
    Sad,
    Surprise,
    Neutral,
    /// Somebody is there, but the reading is not clear enough, or faces disagree.
    Unsure,
    /// No face has been seen for a while.
    Nobody,
}

impl Mood {
    /// All nine; the seven emotions first, in the network's order.
    pub const ALL: [Self; 9] = [
        Self::Angry,
        Self::Disgust,
        Self::Fear,
        Self::Happy,
        Self::Sad,
        Self::Surprise,
        Self::Neutral,
        Self::Unsure,
        Self::Nobody,
    ];

    /// The lower-case word used on the wire.
    pub const fn word(self) -> &'static str {
        match self.emotion() {
            Some(emotion) => emotion.word(),
            None if matches!(self, Self::Unsure) => "unsure",
            None => "nobody",
        }
    }

    /// The mood a lower-case word names, if it names one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.word() == word)
    }

    /// The emotion behind the mood; `None` for [`Mood::Unsure`] and [`Mood::Nobody`].
    pub const fn emotion(self) -> Option<Emotion> {
        Some(match self {
            Self::Angry => Emotion::Angry,
            Self::Disgust => Emotion::Disgust,
            Self::Fear => Emotion::Fear,
            Self::Happy => Emotion::Happy,
            Self::Sad => Emotion::Sad,
            Self::Surprise => Emotion::Surprise,
            Self::Neutral => Emotion::Neutral,
            Self::Unsure | Self::Nobody => return None,
        })
    }
}

impl From<Emotion> for Mood {
    fn from(emotion: Emotion) -> Self {
        Self::ALL[emotion as usize]
    }
}

impl std::fmt::Display for Mood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A probability: finite and within 0..=1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f32")]
pub struct Confidence(f32);

impl Confidence {
    /// Certainty that something is not so.
    pub const ZERO: Self = Self(0.0);

    /// Accepts 0..=1 and refuses everything else, NaN included.
    pub fn new(value: f32) -> Option<Self> {
        (0.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// The nearest probability to `value`; NaN becomes 0.
    pub fn saturating(value: f32) -> Self {
        Self(if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) })
    }

    /// The number itself, 0..=1.
    pub const fn get(self) -> f32 {
        self.0
    }

    /// Rounded to whole per cent, 0..=100: what a screen shows.
    pub fn percent(self) -> u8 {
        (self.0 * 100.0).round() as u8
    }
}

impl TryFrom<f32> for Confidence {
    type Error = String;

    fn try_from(value: f32) -> Result<Self, Self::Error> {
        Self::new(value).ok_or_else(|| format!("{value} is not a probability; it must lie within 0 and 1"))
    }
}

/// One probability for each [`Emotion`], on the wire an object with the seven words as keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Scores {
    pub angry: Confidence,
    pub disgust: Confidence,
    pub fear: Confidence,
    pub happy: Confidence,
    pub sad: Confidence,
    pub surprise: Confidence,
    pub neutral: Confidence,
}

impl Scores {
    /// From seven values in the network's order; each is brought into 0..=1.
    pub fn from_array(values: [f32; 7]) -> Self {
        let [angry, disgust, fear, happy, sad, surprise, neutral] = values.map(Confidence::saturating);
        Self { angry, disgust, fear, happy, sad, surprise, neutral }
    }

    /// Seven values in the network's order.
    pub fn to_array(self) -> [f32; 7] {
        [self.angry, self.disgust, self.fear, self.happy, self.sad, self.surprise, self.neutral].map(Confidence::get)
    }

    /// Softmax of seven logits, in the network's order. The result sums to 1.
    pub fn softmax(logits: [f32; 7]) -> Self {
        let max = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let exp = logits.map(|l| (l - max).exp());
        let sum: f32 = exp.iter().sum();
        Self::from_array(exp.map(|e| e / sum))
    }

    /// The most probable emotion and its probability; the first in the network's order on a tie.
    pub fn top(self) -> (Emotion, Confidence) {
        let values = self.to_array();
        let mut best = 0;
        for (i, &value) in values.iter().enumerate() {
            if value > values[best] {
                best = i;
            }
        }
        (Emotion::ALL[best], Confidence::saturating(values[best]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_agree_with_serde() {
        for mood in Mood::ALL {
            assert_eq!(Mood::from_word(mood.word()), Some(mood));
            assert_eq!(serde_json::to_value(mood).unwrap(), mood.word());
        }
        for emotion in Emotion::ALL {
            assert_eq!(Mood::from(emotion).emotion(), Some(emotion));
            assert_eq!(serde_json::to_value(emotion).unwrap(), emotion.word());
        }
        assert_eq!(Mood::from_word("Happy"), None);
    }

    #[test]
    fn a_confidence_is_a_probability() {
        for bad in [-0.01, 1.01, f32::NAN, f32::INFINITY] {
            assert!(Confidence::new(bad).is_none(), "{bad}");
        }
        assert_eq!(Confidence::saturating(f32::NAN), Confidence::ZERO);
        assert_eq!(Confidence::saturating(7.0).percent(), 100);
    }

    #[test]
    fn softmax_sums_to_one_even_for_extreme_logits() {
        let scores = Scores::softmax([1000.0, -1000.0, 0.0, 999.0, 0.0, 0.0, 0.0]);
        let sum: f32 = scores.to_array().iter().sum();
        assert!((sum - 1.0).abs() < 1e-6);
        assert_eq!(scores.top().0, Emotion::Angry);
    }
}
