//! Which moods words speak of: folder names, tags, genres, and the lines of a `moods.toml`.
//!
//! Pure. A word that says nothing about a mood is no mistake; in a `moods.toml`, where moods are
//! all that can be meant, it is, and is named with its line.

use std::path::{Component, Path, PathBuf};

use moodring_mood::Emotion;
use serde::Deserialize;

use super::Emotions;

/// Words for moods, beside the seven of the wire, and the emotion each speaks of.
const WORDS: &[(Emotion, &[&str])] = &[
    (Emotion::Angry, &["aggressive", "anger", "furious", "fury", "rage", "raging"]),
    (Emotion::Disgust, &["disgusted", "disgusting", "disgusts", "gross", "grotesque", "sarcastic"]),
    (Emotion::Fear, &["afraid", "anxious", "creepy", "eerie", "fearful", "ominous", "scary", "spooky", "tense"]),
    (
        Emotion::Happy,
        &[
            "cheerful",
            "excited",
            "feelgood",
            "fun",
            "glad",
            "happiness",
            "joy",
            "joyful",
            "party",
            "upbeat",
            "uplifting",
        ],
    ),
    (
        Emotion::Sad,
        &["gloomy", "lonely", "melancholic", "melancholy", "mournful", "sadness", "sorrow", "tearful", "wistful"],
    ),
    (Emotion::Surprise, &["playful", "quirky", "surprised", "surprising", "whimsical"]),
    (Emotion::Neutral, &["calm", "chill", "mellow", "peaceful", "relaxed", "relaxing"]),
];

/// What genres are usually listened to for; the first that occurs in a genre's name counts.
const GENRES: &[(&str, Emotion)] = &[
    ("dark ambient", Emotion::Fear),
    ("horror", Emotion::Fear),
    ("ambient", Emotion::Neutral),
    ("chill", Emotion::Neutral),
    ("classical", Emotion::Neutral),
    ("easy listening", Emotion::Neutral),
    ("lounge", Emotion::Neutral),
    ("new age", Emotion::Neutral),
    ("metal", Emotion::Angry),
    ("hardcore", Emotion::Angry),
    ("punk", Emotion::Angry),
    ("grunge", Emotion::Disgust),
    ("industrial", Emotion::Disgust),
    ("noise", Emotion::Disgust),
    ("blues", Emotion::Sad),
    ("fado", Emotion::Sad),
    ("ballad", Emotion::Sad),
    ("slowcore", Emotion::Sad),
    ("experimental", Emotion::Surprise),
    ("avant", Emotion::Surprise),
    ("free jazz", Emotion::Surprise),
    ("dance", Emotion::Happy),
    ("disco", Emotion::Happy),
    ("funk", Emotion::Happy),
    ("pop", Emotion::Happy),
    ("reggae", Emotion::Happy),
    ("salsa", Emotion::Happy),
    ("samba", Emotion::Happy),
    ("ska", Emotion::Happy),
    ("swing", Emotion::Happy),
];

/// The emotion that one lower-case word speaks of.
fn emotion(word: &str) -> Option<Emotion> {
    Emotion::from_word(word).or_else(|| WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(e, _)| *e))
}

fn split(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}

/// The emotions of a text in which every word speaks of one ("Sad & neutral"), "and" aside.
fn only_moods(text: &str) -> Emotions {
    let words: Option<Emotions> = split(text).filter(|word| word != "and").map(|word| emotion(&word)).collect();
    words.unwrap_or_default()
}

/// The emotions among the words of a text.
fn any_moods(text: &str) -> Emotions {
    split(text).filter_map(|word| emotion(&word)).collect()
}

/// The moods that a name speaks of: "Late and sad".
pub fn name_moods(name: &str) -> Emotions {
    any_moods(name)
}

/// What a file's tags say of moods: a mood tag, else the comment, else the genre.
///
/// A comment counts where it consists of moods only, after `mood:` or `moods:`, and in `#words`.
pub fn tag_moods(mood: Option<&str>, comment: Option<&str>, genre: Option<&str>) -> Emotions {
    let comment = comment.unwrap_or_default().to_lowercase();
    let hashes: Emotions = comment
        .split_whitespace()
        .filter_map(|word| emotion(word.strip_prefix('#')?.trim_end_matches([',', ';'])))
        .collect();
    let after = ["mood:", "moods:"].iter().find_map(|key| comment.split_once(key)).map(|(_, rest)| rest);
    let line = after.map(|rest| any_moods(rest.lines().next().unwrap_or_default()));
    [any_moods(mood.unwrap_or_default()), line.unwrap_or_default(), hashes, only_moods(&comment), genre_moods(genre)]
        .into_iter()
        .find(|moods| !moods.is_empty())
        .unwrap_or_default()
}

fn genre_moods(genre: Option<&str>) -> Emotions {
    let genre = genre.unwrap_or_default().to_lowercase();
    let known = GENRES.iter().find(|(name, _)| genre.contains(name));
    known.map(|(_, emotion)| *emotion).into_iter().collect()
}

/// What the folders around a file say, the nearest that is named after moods. `path` is relative to
/// the folder of music.
pub fn folder_moods(path: &Path) -> Emotions {
    let folders = path.ancestors().skip(1).filter_map(|folder| folder.file_name()?.to_str());
    folders.map(only_moods).find(|moods| !moods.is_empty()).unwrap_or_default()
}

/// One `moods.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MoodsFile {
    /// Files and folders, relative to the file's own folder.
    entries: Vec<(PathBuf, Emotions)>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Words {
    One(String),
    Several(Vec<String>),
}

impl MoodsFile {
    /// Reads the text of a `moods.toml`.
    ///
    /// # Errors
    /// In words, with the line: not TOML, a value that is neither a word nor a list of words, or a
    /// word that is none of the seven.
    pub fn parse(text: &str) -> Result<Self, String> {
        let at = |place: usize| text[..place.min(text.len())].matches('\n').count() + 1;
        let read: std::collections::BTreeMap<toml::Spanned<String>, toml::Spanned<Words>> = toml::from_str(text)
            .map_err(|e| format!("line {}: {}", e.span().map_or(1, |s| at(s.start)), e.message().trim()))?;
        let mut entries = Vec::new();
        for (name, words) in read {
            let line = at(words.span().start);
            let words = match words.into_inner() {
                Words::One(word) => vec![word],
                Words::Several(words) => words,
            };
            let mut moods = Emotions::NONE;
            for word in words {
                let Some(emotion) = emotion(&word.to_lowercase()) else {
                    let known = Emotion::ALL.map(Emotion::word).join(", ");
                    return Err(format!("line {line}: {word:?} is no mood; known are {known}"));
                };
                moods.insert(emotion);
            }
            let name = Path::new(name.get_ref()).components().filter(|c| matches!(c, Component::Normal(_))).collect();
            entries.push((name, moods));
        }
        // The longest name first: it speaks of the fewest files.
        entries.sort_by_key(|(name, _): &(PathBuf, _)| std::cmp::Reverse(name.components().count()));
        Ok(Self { entries })
    }

    /// What it says of a file, given relative to its own folder; `None` if nothing.
    pub fn moods(&self, file: &Path) -> Option<Emotions> {
        self.entries.iter().find(|(name, _)| file.starts_with(name)).map(|(_, moods)| *moods)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(moods: Emotions) -> Vec<&'static str> {
        moods.iter().map(Emotion::word).collect()
    }

    #[test]
    fn folders_named_after_moods_speak_for_their_files() {
        for (path, moods) in [
            ("happy/a.mp3", vec!["happy"]),
            ("Sad & neutral/Artist/Album/a.mp3", vec!["sad", "neutral"]),
            ("sad/Calm/a.mp3", vec!["neutral"]),
            ("Joyful, upbeat/a.mp3", vec!["happy"]),
            ("Happy Mondays/a.mp3", vec![]),
            ("happy.mp3", vec![]),
            ("Rock/a.mp3", vec![]),
        ] {
            assert_eq!(words(folder_moods(Path::new(path))), moods, "{path}");
        }
    }

    #[test]
    fn a_mood_tag_counts_before_the_comment_and_that_before_the_genre() {
        for (mood, comment, genre, moods) in [
            (Some("Melancholy"), Some("mood: happy"), Some("Pop"), vec!["sad"]),
            (Some("Energetic"), Some("ripped; Mood: happy, calm\nangry"), None, vec!["happy", "neutral"]),
            (None, Some("bought in 2019 #sad, #live"), Some("Disco"), vec!["sad"]),
            (None, Some("sad and lonely"), Some("Disco"), vec!["sad"]),
            (None, Some("a sad story in a happy tune"), Some("Disco"), vec!["happy"]),
            (None, None, Some("Death Metal"), vec!["angry"]),
            (None, None, Some("Dark Ambient"), vec!["fear"]),
            (None, None, Some("Speech"), vec![]),
            (None, None, None, vec![]),
        ] {
            assert_eq!(words(tag_moods(mood, comment, genre)), moods, "{mood:?} {comment:?} {genre:?}");
        }
    }

    #[test]
    fn in_a_moods_file_the_longest_name_wins() {
        let text = "\"Late\" = [\"sad\", \"Neutral\"]\n\"Late/dance.mp3\" = \"happy\"\n\"x.ogg\" = \"fear\"\n";
        let file = MoodsFile::parse(text).unwrap();
        let moods = |path| file.moods(Path::new(path)).map(words);
        assert_eq!(moods("Late/a.mp3"), Some(vec!["sad", "neutral"]));
        assert_eq!(moods("Late/dance.mp3"), Some(vec!["happy"]));
        assert_eq!(moods("x.ogg"), Some(vec!["fear"]));
        assert_eq!(moods("Later/a.mp3"), None);
    }

    #[test]
    fn mistakes_in_a_moods_file_name_the_line() {
        for (text, says) in [
            ("\"a\" = \"happy\"\n\"b\" = \"hapy\"\n", "line 2: \"hapy\" is no mood; known are angry, "),
            ("\n\"a\" = 3\n", "line 2: "),
            ("a = = 3", "line 1: "),
        ] {
            let error = MoodsFile::parse(text).unwrap_err();
            assert!(error.starts_with(says), "{error}\nshould say {says}");
        }
    }
}
