//! The songs of the stand-in: made up, the same each time.

/// A made-up song.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Song {
    /// 22 letters and digits.
    pub id: String,
    /// Its title.
    pub name: String,
    /// Who made it.
    pub artist: String,
    /// What it is on.
    pub album: String,
    /// Milliseconds.
    pub ms: u64,
    /// Whether its words are marked.
    pub explicit: bool,
    /// What a search finds it by, in lower case.
    pub about: String,
}

impl Song {
    /// Its address.
    pub fn uri(&self) -> String {
        format!("spotify:track:{}", self.id)
    }
}

const ADJECTIVES: [&str; 12] = [
    "Golden", "Quiet", "Electric", "Paper", "Distant", "Crooked", "Velvet", "Hollow", "Sudden", "Northern", "Little",
    "Last",
];
const NOUNS: [&str; 12] = [
    "Harbour", "Morning", "Engine", "Garden", "Signal", "Winter", "Balloon", "Corridor", "River", "Lantern", "Monday",
    "Machine",
];
const ARTISTS: [&str; 20] = [
    "The Tin Parade",
    "Marla Voss",
    "Low Tide Club",
    "Orchard Street",
    "Nils & the Nines",
    "Copper Kite",
    "Ada Quill",
    "Slow Elevator",
    "Brass Monday",
    "Fern Hollow",
    "Sister Atlas",
    "Rooftop Radio",
    "Ivo Lark",
    "Paper Lions",
    "Glasshouse",
    "Tram 9",
    "Holly Crane",
    "Night Bakery",
    "Oslo Rain",
    "Seven Lamps",
];
/// What a search may ask for, so that each mood finds songs.
const ABOUT: [&str; 7] = [
    "rage angry wut hass colère rabia metal hardcore punk anthem",
    "sick sarcastic ekelhaft satt grunge industrial",
    "haunted afraid angst unheimlich dark ambient soundtrack tension",
    "feel good mood sunshine gute laune glücklich sommer pop happy disco funk",
    "heartbreak sad song missing traurig herzschmerz acoustic slowcore blues",
    "unexpected wonder überraschung staunen electro swing experimental pop",
    "calm easy afternoon ruhe entspannt chill ambient jazz",
];

/// Songs by the hundred; each of the seven moods has its share.
pub fn songs(seconds: Option<u64>) -> Vec<Song> {
    (0..420_usize)
        .map(|n| {
            let name = format!("{} {}", ADJECTIVES[n % 12], NOUNS[(n / 12 + n * 5) % 12]);
            let artist = ARTISTS[(n * 7 + n / 20) % 20].to_owned();
            let ms = seconds.map_or(150_000 + (n as u64 * 7919) % 120_000, |s| s * 1000);
            Song {
                id: format!("{:0>22}", format!("Song{n}")),
                name: if n < 144 { name } else { format!("{name}, Part {}", n / 144 + 1) },
                album: format!("{} Sessions", NOUNS[n % 12]),
                artist,
                ms,
                explicit: n % 17 == 3,
                about: ABOUT[n % 7].to_owned(),
            }
        })
        .collect()
}
