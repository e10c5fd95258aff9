//! What to search for, for each mood, in several languages: the defaults.
//!
//! Plain data. Recommendations and audio features are closed to new apps, so words and genres are
//! what there is. Search reads them in titles, artists, albums and genres alike.

/// The languages that there are words for.
pub const LANGUAGES: [&str; 6] = ["en", "de", "fr", "es", "it", "nl"];

/// Genres that fit a mood in any language, by the mood's word.
pub const GENRES: [(&str, &[&str]); 7] = [
    ("angry", &["genre:metal", "genre:hardcore", "genre:punk"]),
    ("disgust", &["genre:grunge", "genre:industrial"]),
    ("fear", &["genre:\"dark ambient\"", "genre:soundtrack tension"]),
    ("happy", &["genre:pop happy", "genre:disco", "genre:funk"]),
    ("sad", &["genre:acoustic sad", "genre:slowcore", "genre:blues"]),
    ("surprise", &["genre:\"electro swing\"", "genre:experimental pop"]),
    ("neutral", &["genre:chill", "genre:ambient", "genre:jazz calm"]),
];

/// What to search for, for each mood by its word.
type Terms = [(&'static str, &'static [&'static str]); 7];

/// Words for a mood, by language and the mood's word.
const WORDS: [(&str, Terms); 6] = [
    (
        "en",
        [
            ("angry", &["rage", "angry anthem"]),
            ("disgust", &["sick of it", "sarcastic"]),
            ("fear", &["haunted", "afraid of the dark"]),
            ("happy", &["feel good", "good mood", "sunshine"]),
            ("sad", &["heartbreak", "sad song", "missing you"]),
            ("surprise", &["unexpected", "wonder"]),
            ("neutral", &["calm", "easy afternoon"]),
        ],
    ),
    (
        "de",
        [
            ("angry", &["wut", "hass"]),
            ("disgust", &["ekelhaft", "satt davon"]),
            ("fear", &["angst", "unheimlich"]),
            ("happy", &["gute laune", "glücklich", "sommer"]),
            ("sad", &["traurig", "herzschmerz", "einsam"]),
            ("surprise", &["überraschung", "staunen"]),
            ("neutral", &["ruhe", "entspannt"]),
        ],
    ),
    (
        "fr",
        [
            ("angry", &["rage", "colère"]),
            ("disgust", &["dégoût", "ras le bol"]),
            ("fear", &["peur", "hanté"]),
            ("happy", &["bonne humeur", "heureux", "soleil"]),
            ("sad", &["triste", "chagrin", "seul"]),
            ("surprise", &["surprise", "étonnant"]),
            ("neutral", &["calme", "détente"]),
        ],
    ),
    (
        "es",
        [
            ("angry", &["rabia", "furia"]),
            ("disgust", &["asco", "harto"]),
            ("fear", &["miedo", "oscuridad"]),
            ("happy", &["feliz", "alegría", "fiesta"]),
            ("sad", &["triste", "llorar", "soledad"]),
            ("surprise", &["sorpresa", "asombro"]),
            ("neutral", &["calma", "tranquilo"]),
        ],
    ),
    (
        "it",
        [
            ("angry", &["rabbia", "furia"]),
            ("disgust", &["disgusto", "schifo"]),
            ("fear", &["paura", "buio"]),
            ("happy", &["felice", "allegria", "estate"]),
            ("sad", &["triste", "piangere", "solitudine"]),
            ("surprise", &["sorpresa", "meraviglia"]),
            ("neutral", &["calma", "sereno"]),
        ],
    ),
    (
        "nl",
        [
            ("angry", &["woede", "boos"]),
            ("disgust", &["walging", "zat"]),
            ("fear", &["angst", "bang"]),
            ("happy", &["blij", "gelukkig", "zomer"]),
            ("sad", &["verdrietig", "gemis", "eenzaam"]),
            ("surprise", &["verrassing", "wonder"]),
            ("neutral", &["rust", "kalm"]),
        ],
    ),
];

/// What to search for, for the mood of this word, in these languages; each once.
pub fn defaults(mood: &str, languages: &[String]) -> Vec<String> {
    let of = |table: &[(&'static str, &'static [&'static str])]| -> &'static [&'static str] {
        table.iter().find(|(word, _)| *word == mood).map_or(&[], |(_, terms)| *terms)
    };
    let spoken = WORDS.iter().filter(|(language, _)| languages.iter().any(|wanted| wanted == language));
    let mut terms: Vec<String> = Vec::new();
    for term in spoken.flat_map(|(_, moods)| of(moods)).chain(of(&GENRES)) {
        if !terms.iter().any(|known| known == term) {
            terms.push((*term).to_owned());
        }
    }
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_words_for_every_mood() {
        assert_eq!(WORDS.map(|(language, _)| language), LANGUAGES);
        for (mood, genres) in GENRES {
            assert!(!genres.is_empty());
            for language in LANGUAGES {
                assert!(defaults(mood, &[language.to_owned()]).len() > genres.len(), "{mood} in {language}");
            }
        }
        let both = defaults("angry", &["en".to_owned(), "fr".to_owned()]);
        assert_eq!(both[..3], ["rage", "angry anthem", "colère"], "each once");
        assert_eq!(defaults("unknown", &["en".to_owned()]), [""; 0]);
    }
}
