//! The plane on which moods and tracks lie: how pleasant, and how excited.
//!
//! Pure. In: emotions, and what a file's tags say (words for a mood, a genre, a tempo). Out: points. Sound
//! itself is never analysed, Spotify's least of all.

use moodring_mood::Emotion;
use serde::{Deserialize, Serialize};

use crate::library::Emotions;

/// A place on the plane of valence and arousal (Russell, "A circumplex model of affect", 1980).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// From unpleasant, −1, to pleasant, 1.
    pub valence: f32,
    /// From calm, −1, to excited, 1.
    pub arousal: f32,
}

/// Where a lift ends: music for the happy.
pub const BRIGHT: Point = at(0.81, 0.51);

/// Where calming ends: pleasant enough, and quiet.
pub const CALM: Point = at(0.30, -0.55);

/// A tempo that neither excites nor calms, beats a minute.
const EASY_TEMPO: f32 = 105.0;

/// So many beats a minute away from it, the tempo is as exciting or as calming as it gets.
const TEMPO_RANGE: f32 = 60.0;

/// What the tempo alone says of arousal, at most. Tempo is the strongest single cue for it (Gabrielsson
/// and Lindström, 2010), and far from all of it.
const TEMPO_SAYS: f32 = 0.6;

/// How much of a track's place comes from its tags, where its moods are known as well.
const TAGS_SAY: f32 = 0.35;

const fn at(valence: f32, arousal: f32) -> Point {
    Point { valence, arousal }
}

impl Point {
    /// Where an emotion lies: pleasure and arousal as 300 people rated the words (Russell and Mehrabian,
    /// "Evidence for a three-factor theory of emotions", 1977): happy, sad, angry, fearful, disgusted,
    /// surprised; neutral is the middle.
    pub const fn of(emotion: Emotion) -> Self {
        match emotion {
            Emotion::Angry => at(-0.51, 0.59),
            Emotion::Disgust => at(-0.60, 0.35),
            Emotion::Fear => at(-0.64, 0.60),
            Emotion::Happy => BRIGHT,
            Emotion::Sad => at(-0.63, -0.27),
            Emotion::Surprise => at(0.40, 0.67),
            Emotion::Neutral => at(0.0, 0.0),
        }
    }

    /// The straight line's length to another point.
    pub fn distance(self, other: Self) -> f32 {
        // Both lie within -1..=1, so nothing overflows.
        let (valence, arousal) = (self.valence - other.valence, self.arousal - other.arousal);
        (valence * valence + arousal * arousal).sqrt()
    }

    /// The point after this share, 0..=1, of the way to another.
    #[must_use]
    pub fn towards(self, other: Self, share: f32) -> Self {
        at(self.valence + share * (other.valence - self.valence), self.arousal + share * (other.arousal - self.arousal))
    }

    /// Unpleasant and excited: nothing to calm or to lift somebody with.
    pub const fn is_tense(self) -> bool {
        self.valence < -0.25 && self.arousal > 0.05
    }

    /// What music there sounds like, in a word.
    pub fn word(self) -> &'static str {
        match (self.valence, self.arousal) {
            (..-0.45, 0.2..) => "fierce",
            (..-0.25, ..0.2) => "sad",
            (..-0.2, _) => "uneasy",
            (0.55.., 0.2..) => "happy",
            (_, 0.45..) => "lively",
            (_, ..-0.3) => "calm",
            (0.2.., _) => "friendly",
            _ => "quiet and plain",
        }
    }

    fn mean(points: impl IntoIterator<Item = Self>) -> Option<Self> {
        let (mut sum, mut count) = (at(0.0, 0.0), 0.0);
        for point in points {
            sum = at(sum.valence + point.valence, sum.arousal + point.arousal);
            count += 1.0;
        }
        (count > 0.0).then(|| at(sum.valence / count, sum.arousal / count))
    }
}

/// Where a track lies, of which the moods are known or its tags say something; else in the middle.
pub fn place(moods: Emotions, tags: Option<Point>) -> Point {
    match (Point::mean(moods.iter().map(Point::of)), tags) {
        (Some(moods), Some(tags)) => moods.towards(tags, TAGS_SAY),
        (Some(point), None) | (None, Some(point)) => point,
        (None, None) => Point::default(),
    }
}

/// What tags say of a track's place: words for its mood, else its genre; moved by its tempo, beats a minute.
pub fn of_tags(mood: Option<&str>, genre: Option<&str>, tempo: Option<f32>) -> Option<Point> {
    let mood = mood.unwrap_or_default().to_lowercase();
    let words = mood.split(|c: char| !c.is_alphanumeric()).filter_map(|word| find(WORDS, |known| known == word));
    let genre = genre.unwrap_or_default().to_lowercase();
    let said = Point::mean(words).or_else(|| find(GENRES, |known| genre.contains(known)));
    let tempo = tempo.filter(|tempo| (30.0..=300.0).contains(tempo)).map(|tempo| {
        let excited = ((tempo - EASY_TEMPO) / TEMPO_RANGE).clamp(-1.0, 1.0);
        TEMPO_SAYS * excited
    });
    match (said, tempo) {
        (Some(point), Some(tempo)) => Some(at(point.valence, (0.7 * point.arousal + 0.5 * tempo).clamp(-1.0, 1.0))),
        (None, Some(tempo)) => Some(at(0.0, tempo)),
        (said, None) => said,
    }
}

fn find(known: &[(&str, Point)], is: impl Fn(&str) -> bool) -> Option<Point> {
    known.iter().find(|(word, _)| is(word)).map(|(_, point)| *point)
}

/// Words for moods in tags, beside the seven. Placed by hand, by the nearest of Russell's 28 affect words.
const WORDS: &[(&str, Point)] = &[
    ("angry", Point::of(Emotion::Angry)),
    ("aggressive", at(-0.4, 0.8)),
    ("furious", at(-0.5, 0.8)),
    ("disgust", Point::of(Emotion::Disgust)),
    ("fear", Point::of(Emotion::Fear)),
    ("tense", at(-0.4, 0.6)),
    ("anxious", at(-0.5, 0.6)),
    ("dark", at(-0.5, 0.1)),
    ("creepy", at(-0.6, 0.4)),
    ("happy", Point::of(Emotion::Happy)),
    ("cheerful", at(0.75, 0.4)),
    ("joyful", at(0.8, 0.5)),
    ("uplifting", at(0.7, 0.4)),
    ("upbeat", at(0.7, 0.6)),
    ("energetic", at(0.5, 0.8)),
    ("excited", at(0.6, 0.75)),
    ("party", at(0.7, 0.75)),
    ("fun", at(0.7, 0.5)),
    ("sad", Point::of(Emotion::Sad)),
    ("melancholy", at(-0.5, -0.35)),
    ("melancholic", at(-0.5, -0.35)),
    ("gloomy", at(-0.6, -0.4)),
    ("wistful", at(-0.3, -0.3)),
    ("lonely", at(-0.6, -0.4)),
    ("nostalgic", at(0.0, -0.3)),
    ("romantic", at(0.5, -0.1)),
    ("tender", at(0.45, -0.4)),
    ("dreamy", at(0.3, -0.45)),
    ("surprise", Point::of(Emotion::Surprise)),
    ("playful", at(0.55, 0.4)),
    ("neutral", Point::of(Emotion::Neutral)),
    ("calm", at(0.35, -0.6)),
    ("chill", at(0.4, -0.45)),
    ("mellow", at(0.35, -0.4)),
    ("peaceful", at(0.5, -0.6)),
    ("relaxed", at(0.5, -0.55)),
    ("relaxing", at(0.5, -0.55)),
    ("sleepy", at(0.1, -0.8)),
];

/// What genres usually sound like; the first that occurs in a genre's name counts. Placed by hand.
const GENRES: &[(&str, Point)] = &[
    ("dark ambient", at(-0.5, -0.1)),
    ("horror", at(-0.6, 0.5)),
    ("ambient", at(0.2, -0.65)),
    ("new age", at(0.35, -0.6)),
    ("chill", at(0.4, -0.45)),
    ("lounge", at(0.4, -0.3)),
    ("easy listening", at(0.45, -0.3)),
    ("lullaby", at(0.4, -0.8)),
    ("acoustic", at(0.3, -0.3)),
    ("folk", at(0.25, -0.1)),
    ("classical", at(0.2, -0.25)),
    ("metal", at(-0.4, 0.8)),
    ("hardcore", at(-0.4, 0.8)),
    ("punk", at(-0.2, 0.8)),
    ("grunge", at(-0.4, 0.4)),
    ("industrial", at(-0.5, 0.6)),
    ("noise", at(-0.6, 0.6)),
    ("blues", at(-0.3, -0.1)),
    ("fado", at(-0.5, -0.3)),
    ("ballad", at(-0.1, -0.4)),
    ("slowcore", at(-0.5, -0.5)),
    ("free jazz", at(0.0, 0.6)),
    ("jazz", at(0.35, -0.05)),
    ("experimental", at(0.0, 0.3)),
    ("drum and bass", at(0.3, 0.8)),
    ("techno", at(0.2, 0.75)),
    ("house", at(0.5, 0.65)),
    ("dance", at(0.65, 0.7)),
    ("disco", at(0.75, 0.65)),
    ("funk", at(0.65, 0.5)),
    ("soul", at(0.4, 0.1)),
    ("reggae", at(0.6, 0.1)),
    ("salsa", at(0.7, 0.6)),
    ("samba", at(0.75, 0.6)),
    ("ska", at(0.65, 0.6)),
    ("swing", at(0.65, 0.4)),
    ("hip hop", at(0.1, 0.45)),
    ("pop", at(0.5, 0.35)),
    ("rock", at(0.1, 0.55)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seven_emotions_lie_where_people_say_they_do() {
        use Emotion::{Angry, Disgust, Fear, Happy, Sad, Surprise};
        for emotion in [Happy, Surprise] {
            assert!(Point::of(emotion).valence > 0.0 && Point::of(emotion).arousal > 0.0, "{emotion}");
        }
        for emotion in [Angry, Fear, Disgust] {
            assert!(Point::of(emotion).is_tense(), "{emotion}");
        }
        let sad = Point::of(Sad);
        assert!(sad.valence < 0.0 && sad.arousal < 0.0 && !sad.is_tense());
    }

    #[test]
    fn a_track_lies_where_its_moods_do_and_its_tags_move_it() {
        let happy: Emotions = [Emotion::Happy].into_iter().collect();
        assert_eq!(place(happy, None), BRIGHT);
        assert_eq!(place(Emotions::NONE, None), Point::default());
        let slow = of_tags(None, Some("Ambient"), Some(60.0));
        let fast = of_tags(None, Some("Drum and Bass"), Some(174.0));
        assert!(place(happy, slow).arousal < BRIGHT.arousal && BRIGHT.arousal < place(happy, fast).arousal);
        assert!(place(Emotions::NONE, slow).distance(CALM) < 0.3, "{slow:?}");
    }

    #[test]
    fn tags_speak_by_mood_before_genre_and_tempo_alone_says_how_excited() {
        assert_eq!(of_tags(None, None, None), None);
        assert_eq!(of_tags(None, Some("Speech"), None), None);
        let calm = of_tags(Some("Calm, peaceful"), Some("Metal"), None).unwrap();
        assert!(calm.arousal < -0.5 && calm.valence > 0.3, "{calm:?}");
        let (slow, fast) = (of_tags(None, None, Some(62.0)).unwrap(), of_tags(None, None, Some(170.0)).unwrap());
        assert!(slow.arousal < -0.3 && fast.arousal > 0.5 && slow.valence == 0.0, "{slow:?} {fast:?}");
        assert_eq!(of_tags(None, None, Some(0.0)), None, "a tempo that is none says nothing");
    }

    #[test]
    fn every_place_has_a_word() {
        assert_eq!([BRIGHT, CALM].map(Point::word), ["happy", "calm"]);
        assert_eq!([Emotion::Sad, Emotion::Angry].map(|e| Point::of(e).word()), ["sad", "fierce"]);
        let half_way = Point::of(Emotion::Sad).towards(BRIGHT, 0.5);
        assert_eq!(half_way.word(), "quiet and plain");
    }
}
