//! Whether two descriptions mean the same song: titles and artists as people, shops and files write them.
//!
//! Pure. In: a song as a list names it, and songs that there are. Out: how well each fits, 0 to 1, and, where
//! none does, why. Case, accents, punctuation, "feat.", "The" and remasters make no difference; "live", "remix"
//! and the like do.

use std::collections::{BTreeSet, HashMap};

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// From this score on, two descriptions mean the same song.
pub const SAME: f64 = 0.85;

/// What a difference of version costs: a remix is another piece of music.
const OTHER_VERSION: f64 = 0.3;

/// What an unknown artist is worth: a title alone is a match, if it is the very same.
const UNKNOWN_ARTIST: f64 = 0.7;

/// Titles less alike than this have nothing to do with one another.
const UNLIKE: f64 = 0.8;

/// Words that make another piece of music of a song.
const VERSIONS: [&str; 11] =
    ["acoustic", "bootleg", "cover", "demo", "instrumental", "karaoke", "live", "mix", "remix", "reprise", "unplugged"];

/// Words in brackets or after a dash that say nothing about which song it is.
const DRESSING: [&str; 22] = [
    "album",
    "anniversary",
    "bonus",
    "clean",
    "deluxe",
    "digital",
    "edit",
    "edition",
    "explicit",
    "extended",
    "from",
    "mono",
    "original",
    "radio",
    "remaster",
    "remastered",
    "single",
    "soundtrack",
    "stereo",
    "track",
    "version",
    "video",
];

/// A song as somebody describes it; empty means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Song {
    /// Its title.
    pub title: String,
    /// Who made it.
    pub artist: String,
    /// The album.
    pub album: String,
}

/// A song with all that may differ taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plain {
    title: String,
    artists: BTreeSet<String>,
    album: String,
    versions: BTreeSet<&'static str>,
}

impl Plain {
    /// What is left of a description.
    pub fn of(song: &Song) -> Self {
        let (title, guests, versions) = undress(&song.title);
        let mut artists = artists(&song.artist);
        if !artists.is_empty() {
            artists.extend(guests);
        }
        Self { title, artists, album: undress(&song.album).0, versions }
    }

    /// One word for the song, the same for every way to write it.
    pub fn key(&self) -> String {
        let join = |words: Vec<&str>| words.join("+");
        let artists = join(self.artists.iter().map(String::as_str).collect());
        format!("{artists}/{}/{}", self.title, join(self.versions.iter().copied().collect()))
    }
}

/// How well `found` fits `wanted`, 0 to 1; from [`SAME`] on they are the same song.
pub fn score(wanted: &Plain, found: &Plain) -> f64 {
    let title = alike(&wanted.title, &found.title);
    if title < UNLIKE || wanted.title.is_empty() {
        return 0.0;
    }
    let artist = if wanted.artists.is_empty() || found.artists.is_empty() {
        UNKNOWN_ARTIST
    } else if wanted.artists.is_disjoint(&found.artists) {
        let pairs = wanted.artists.iter().flat_map(|a| found.artists.iter().map(move |b| alike(a, b)));
        let best = pairs.fold(0.0, f64::max);
        // "Beethoven" and "Ludwig van Beethoven"; "Queen" and "Queens of the Stone Age" are not alike.
        if best >= UNLIKE { best } else { 0.5 * best }
    } else {
        1.0
    };
    let version = if wanted.versions == found.versions { 0.0 } else { OTHER_VERSION };
    let album = if !wanted.album.is_empty() && wanted.album == found.album { 0.02 } else { 0.0 };
    (0.6 * title + 0.4 * artist + album - version).clamp(0.0, 1.0)
}

/// Why a song was not found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Miss {
    /// No title is like it.
    Title,
    /// The title is there, by others: one of them.
    Artist(String),
    /// The song is there in another version: its title.
    Version(String),
}

impl std::fmt::Display for Miss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Title => f.write_str("no such title in the library"),
            Self::Artist(artist) => write!(f, "the library has this title by {artist}"),
            Self::Version(title) => write!(f, "the library has another version: {title}"),
        }
    }
}

/// Songs that there are, by what is asked for.
#[derive(Debug, Default)]
pub struct Shelf {
    songs: Vec<(Song, Plain)>,
    by_title: HashMap<String, Vec<usize>>,
    by_artist: HashMap<String, Vec<usize>>,
}

impl Shelf {
    /// A shelf of these songs.
    pub fn new(songs: impl IntoIterator<Item = Song>) -> Self {
        let mut shelf = Self::default();
        for (at, song) in songs.into_iter().enumerate() {
            let plain = Plain::of(&song);
            shelf.by_title.entry(plain.title.clone()).or_default().push(at);
            for artist in &plain.artists {
                shelf.by_artist.entry(artist.clone()).or_default().push(at);
            }
            shelf.songs.push((song, plain));
        }
        shelf
    }

    /// The song that fits best, by its place among those given to [`Self::new`], and how well.
    ///
    /// # Errors
    /// None is the same song; why.
    pub fn find(&self, wanted: &Plain) -> Result<(usize, f64), Miss> {
        let titled = self.by_title.get(&wanted.title).into_iter().flatten();
        let by_them = wanted.artists.iter().filter_map(|artist| self.by_artist.get(artist)).flatten();
        let scored = titled.chain(by_them).map(|&at| (score(wanted, &self.songs[at].1), at));
        // Of equals the first, so that it is the same one every time.
        let best = scored.reduce(|best, next| if (next.0, best.1) > (best.0, next.1) { next } else { best });
        match best {
            Some((score, at)) if score >= SAME => Ok((at, score)),
            Some((score, at)) if score > 0.0 => {
                let (song, plain) = &self.songs[at];
                let stranger = plain.artists.is_disjoint(&wanted.artists) && !wanted.artists.is_empty();
                Err(if stranger { Miss::Artist(song.artist.clone()) } else { Miss::Version(song.title.clone()) })
            }
            _ => Err(Miss::Title),
        }
    }
}

/// How alike two plain texts are, 0 to 1.
fn alike(a: &str, b: &str) -> f64 {
    if a == b {
        return 1.0;
    }
    // A number makes another title: "Part 1" is not "Part 2".
    let numbers = |text: &str| {
        text.split(' ').filter(|word| word.chars().all(|c| c.is_ascii_digit())).map(str::to_owned).collect::<Vec<_>>()
    };
    if numbers(a) != numbers(b) {
        return 0.0;
    }
    // One name within the other, word by word: "beethoven" in "ludwig van beethoven".
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let within = short.chars().count() >= 5 && long.ends_with(short) && long[..long.len() - short.len()].ends_with(' ');
    strsim::normalized_damerau_levenshtein(a, b).max(if within { 0.9 } else { 0.0 })
}

/// A title without its dressing, the guests named in it, and its version.
fn undress(title: &str) -> (String, Vec<String>, BTreeSet<&'static str>) {
    let (mut main, mut guests, mut versions) = (String::new(), Vec::new(), BTreeSet::new());
    for (part, aside) in parts(title) {
        let plain_part = plain(&part);
        let words: Vec<&str> = plain_part.split(' ').collect();
        if let Some(at) = words.iter().position(|word| ["feat", "ft", "featuring"].contains(word)) {
            guests.extend(artists(&words[at + 1..].join(" ")));
            if !aside {
                push(&mut main, &words[..at].join(" "));
            }
            continue;
        }
        let version: Vec<_> = VERSIONS.iter().filter(|version| words.contains(version)).copied().collect();
        let dressing = words.iter().any(|word| DRESSING.contains(word));
        if aside && (!version.is_empty() || dressing || (words.len() == 1 && is_year(words[0]))) {
            // The original mix is no other version, and a remaster of 2011 is the same song.
            versions.extend(version.into_iter().filter(|_| !words.contains(&"original")));
        } else if aside && words.first() == Some(&"with") {
            guests.extend(artists(&words[1..].join(" ")));
        } else {
            push(&mut main, &plain_part);
        }
    }
    if main.is_empty() { (plain(title), guests, versions) } else { (main, guests, versions) }
}

fn push(main: &mut String, words: &str) {
    if !main.is_empty() && !words.is_empty() {
        main.push(' ');
    }
    main.push_str(words);
}

fn is_year(word: &str) -> bool {
    word.len() == 4 && word.parse().is_ok_and(|year: u32| (1900..2100).contains(&year))
}

/// A title's parts, and whether each stands aside: in brackets, or after a dash.
fn parts(title: &str) -> Vec<(String, bool)> {
    let mut parts = vec![(String::new(), false)];
    let mut dashes = title.replace(" – ", " - ").replace(" — ", " - ").replace(" / ", " ");
    if let Some((_, rest)) = dashes.split_once(" - ")
        && rest.trim().is_empty()
    {
        dashes = dashes.replace(" - ", "");
    }
    for (n, stretch) in dashes.split(" - ").enumerate() {
        parts.push((String::new(), n > 0));
        for c in stretch.chars() {
            match c {
                '(' | '[' | '{' => parts.push((String::new(), true)),
                ')' | ']' | '}' => parts.push((String::new(), n > 0)),
                c => parts.last_mut().into_iter().for_each(|(text, _)| text.push(c)),
            }
        }
    }
    parts.retain(|(text, _)| !text.trim().is_empty());
    parts
}

/// The artists of a line that may name several.
fn artists(line: &str) -> BTreeSet<String> {
    let mut line = format!(" {} ", line.to_lowercase());
    for between in [
        " feat. ",
        " feat ",
        " ft. ",
        " ft ",
        " featuring ",
        " vs. ",
        " vs ",
        " with ",
        " x ",
        " and ",
        " und ",
        "&",
        ",",
        ";",
        "/",
        "+",
        "(",
        ")",
    ] {
        line = line.replace(between, "\n");
    }
    let names = line.lines().map(plain).map(|name| name.strip_prefix("the ").map_or(name.clone(), str::to_owned));
    names.filter(|name| !name.is_empty()).collect()
}

/// Lower case without accents and punctuation, single spaces.
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'œ' => plain.push_str("oe"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' | 'ð' => plain.push('d'),
            'þ' => plain.push_str("th"),
            'ı' => plain.push('i'),
            '&' => plain.push_str(" and "),
            // "Don't" and "Dont" are one word.
            '\'' | '’' | '`' | '´' => {}
            c if c.is_alphanumeric() => plain.push(c),
            _ => plain.push(' '),
        }
    }
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn song(title: &str, artist: &str) -> Song {
        Song { title: title.to_owned(), artist: artist.to_owned(), album: String::new() }
    }

    fn fit(a: (&str, &str), b: (&str, &str)) -> f64 {
        score(&Plain::of(&song(a.0, a.1)), &Plain::of(&song(b.0, b.1)))
    }

    #[test]
    fn one_song_written_in_many_ways_is_one_song() {
        for (a, b) in [
            (("Smells Like Teen Spirit", "Nirvana"), ("smells like teen spirit", "NIRVANA")),
            (("Déjà Vu", "Beyoncé"), ("Deja Vu (feat. Jay-Z)", "Beyonce")),
            (("Umbrella (feat. Jay-Z)", "Rihanna"), ("Umbrella", "Rihanna feat. JAY Z")),
            (("Here Comes the Sun - Remastered 2009", "The Beatles"), ("Here Comes The Sun", "Beatles")),
            (("Heroes (2017 Remaster)", "David Bowie"), ("“Heroes”", "David Bowie")),
            (("Don't Stop Me Now", "Queen"), ("Dont Stop Me Now [Remastered 2011]", "Queen")),
            (("Für Elise", "Beethoven"), ("Fur Elise", "Ludwig van Beethoven")),
            (("Umbrella", "Rihanna, JAY-Z"), ("Umbrella", "Rihanna & Jay-Z")),
            (("Bad Guy", "Billie Eilish"), ("bad guy - Single Version", "Billie Eilish")),
            (("Strasse", "Grönemeyer"), ("Straße", "Gronemeyer")),
            (("Jóga", "Björk"), ("Joga", "Bjork")),
            (("Mr. Brightside", "The Killers"), ("Mr Brightside", "Killers")),
            (("Bohemian Rapsody", "Queen"), ("Bohemian Rhapsody", "Queen")),
            (("1979", "The Smashing Pumpkins"), ("1979 - Remastered 2012", "Smashing Pumpkins")),
            (("Clocks", ""), ("Clocks", "Coldplay")),
            (
                ("(I Can't Get No) Satisfaction - Mono Version", "The Rolling Stones"),
                ("(I Can't Get No) Satisfaction", "Rolling Stones"),
            ),
        ] {
            assert!(fit(a, b) >= SAME && fit(b, a) >= SAME, "{a:?} and {b:?}: {} {}", fit(a, b), fit(b, a));
        }
    }

    #[test]
    fn what_is_another_song_is_not_taken_for_it() {
        for (a, b) in [
            (("Hello", "Adele"), ("Hello", "Lionel Richie")),
            (("Creep", "Radiohead"), ("Creep (Live)", "Radiohead")),
            (("Blue Monday", "New Order"), ("Blue Monday (Remix)", "New Order")),
            (("Another Brick in the Wall, Pt. 1", "Pink Floyd"), ("Another Brick in the Wall, Pt. 2", "Pink Floyd")),
            (("One", "U2"), ("One", "Metallica")),
            (("Sad Song", "Oasis"), ("Song", "Oasis")),
            (("Angel", "Massive Attack"), ("Angels", "Robbie Williams")),
            (("Clocks", ""), ("Clock", "Somebody")),
            (("", "Queen"), ("", "Queen")),
        ] {
            assert!(fit(a, b) < SAME, "{a:?} and {b:?}: {}", fit(a, b));
        }
    }

    #[test]
    fn the_best_is_found_and_a_miss_says_why() {
        let shelf = Shelf::new([
            song("Hello", "Lionel Richie"),
            song("Creep (Live)", "Radiohead"),
            song("Umbrella - Acoustic", "Rihanna"),
            song("Umbrella (Remastered)", "Rihanna feat. Jay-Z"),
            song("Umbrella", "Rihanna"),
        ]);
        let find = |title, artist| shelf.find(&Plain::of(&song(title, artist)));
        assert_eq!(find("Umbrella (feat. Jay-Z)", "Rihanna").map(|found| found.0), Ok(3));
        assert_eq!(find("Umbrella (Acoustic)", "Rihanna").map(|found| found.0), Ok(2));
        assert_eq!(find("Hello", "Adele"), Err(Miss::Artist("Lionel Richie".to_owned())));
        assert_eq!(find("Creep", "Radiohead"), Err(Miss::Version("Creep (Live)".to_owned())));
        assert_eq!(find("Yesterday", "The Beatles"), Err(Miss::Title));
    }

    #[test]
    fn one_song_has_one_key() {
        let key = |title, artist| Plain::of(&song(title, artist)).key();
        assert_eq!(key("Jóga - Remastered", "Björk"), key("joga", "The Bjork"));
        assert_ne!(key("Creep", "Radiohead"), key("Creep (Live)", "Radiohead"));
        assert_ne!(key("One", "U2"), key("One", "Metallica"));
    }
}
