//! What a refresh looks through, step by step: pure.

use std::collections::BTreeSet;

use jiff::Timestamp;
use moodring_mood::Emotion;
use moodring_spotify::reply::Piece;
use serde::{Deserialize, Serialize};

use crate::{
    config::{Spotify, meant},
    library::{
        import::Wanted,
        matching::{Plain, SAME, Song, score},
        spotify::{List, Origin},
    },
};

/// One step: a few calls, whose result is written down as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A playlist, by id and name, for an emotion.
    Playlist(Emotion, String, String),
    /// A search for an emotion.
    Search(Emotion, String),
    /// The liked tracks.
    Liked,
    /// A song that an imported list wants.
    Wanted(Wanted),
}

impl Step {
    /// Its name among the steps that are done.
    pub fn key(&self) -> String {
        match self {
            Self::Playlist(emotion, id, _) => format!("playlist {emotion} {id}"),
            Self::Search(emotion, term) => format!("search {emotion} {term}"),
            Self::Liked => "liked".to_owned(),
            Self::Wanted(wanted) => format!("wanted {}", wanted.id),
        }
    }

    /// In words, for people.
    pub fn words(&self) -> String {
        match self {
            Self::Playlist(emotion, _, name) => format!("your playlist “{name}” for {emotion}"),
            Self::Search(emotion, term) => format!("“{term}” for {emotion}"),
            Self::Liked => "your liked tracks".to_owned(),
            Self::Wanted(Wanted { emotion, song, .. }) => format!("“{}” of an imported list for {emotion}", song.title),
        }
    }

    /// Where what it finds comes from.
    pub fn origin(&self) -> Origin {
        match self {
            Self::Playlist(emotion, id, _) => {
                Origin { source: "playlist", origin: id.clone(), emotion: Some(*emotion) }
            }
            Self::Search(emotion, term) => Origin { source: "search", origin: term.clone(), emotion: Some(*emotion) },
            Self::Liked => Origin { source: "liked", origin: String::new(), emotion: None },
            Self::Wanted(Wanted { id, emotion, .. }) => {
                Origin { source: "wanted", origin: id.to_string(), emotion: Some(*emotion) }
            }
        }
    }
}

/// A round of looking for music, as it is kept: it goes on after a restart where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// When it began: what was not seen since then is retired at its end.
    pub began: Timestamp,
    /// When it ended; `None`: it goes on.
    pub ended: Option<Timestamp>,
    /// When it was noticed that it claims to have ended later than that.
    #[serde(default)]
    pub noticed: Option<Timestamp>,
    /// The steps that are done.
    pub done: BTreeSet<String>,
    /// Steps in all.
    #[serde(default)]
    pub steps: usize,
    /// Tracks seen.
    #[serde(default)]
    pub found: u64,
    /// Those that are new.
    #[serde(default)]
    pub new: u64,
    /// Tracks retired.
    #[serde(default)]
    pub retired: u64,
    /// Songs of imported lists that Spotify does not have.
    #[serde(default)]
    pub missing: u64,
    /// What did not work, in words.
    #[serde(default)]
    pub complaints: Vec<String>,
}

impl Round {
    /// One that begins now.
    pub const fn begin(began: Timestamp) -> Self {
        Self {
            began,
            ended: None,
            noticed: None,
            done: BTreeSet::new(),
            steps: 0,
            found: 0,
            new: 0,
            retired: 0,
            missing: 0,
            complaints: Vec::new(),
        }
    }

    /// When it ended, as it counts when the clock shows `now`; `None`: it goes on. One that ended by a clock that was
    /// ahead counts as ended when that was noticed. That is to be kept: true if it is new.
    pub fn ended_by(&mut self, now: Timestamp) -> (Option<Timestamp>, bool) {
        let Some(claimed) = self.ended.filter(|ended| *ended > now) else { return (self.ended, false) };
        let counts = self.noticed.unwrap_or(claimed).min(now);
        let new = self.noticed.replace(counts) != Some(counts);
        (Some(counts), new)
    }
}

/// The steps, the playlists first, and what cannot be done, in words. `picks` were made on the page
/// and count before the settings; a playlist named `Moodring happy` needs neither.
pub fn plan(
    settings: &Spotify,
    picks: &[(Emotion, String, String)],
    lists: &[List],
    wanted: Vec<Wanted>,
) -> (Vec<Step>, Vec<String>) {
    let (mut steps, mut complaints) = (Vec::new(), Vec::new());
    for emotion in Emotion::ALL {
        let named = settings.playlists.of(emotion);
        if let Some((_, id, name)) = picks.iter().find(|(picked, ..)| *picked == emotion) {
            steps.push(Step::Playlist(emotion, id.clone(), name.clone()));
        } else if !named.is_empty() {
            match meant(named, lists) {
                Some(list) if list.own => steps.push(Step::Playlist(emotion, list.id.clone(), list.name.clone())),
                Some(list) => complaints.push(format!(
                    "spotify.playlists.{emotion}: “{}” is somebody else's playlist, which Spotify does not let read; \
                     copy its tracks into one of your own",
                    list.name
                )),
                None => complaints.push(format!(
                    "spotify.playlists.{emotion} = {named:?}: none of your playlists is called that; \
                     moodring-host spotify playlists lists them"
                )),
            }
        } else if let Some(list) = meant(&format!("moodring {emotion}"), lists).filter(|list| list.own) {
            steps.push(Step::Playlist(emotion, list.id.clone(), list.name.clone()));
        }
    }
    if settings.search_pages > 0 {
        // One term of each mood in turn: a refresh that is cut short has something for all.
        let terms = Emotion::ALL.map(|emotion| (emotion, settings.terms(emotion)));
        let most = terms.iter().map(|(_, terms)| terms.len()).max().unwrap_or(0);
        for n in 0..most {
            let nth = terms.iter().filter_map(|(emotion, terms)| Some(Step::Search(*emotion, terms.get(n)?.clone())));
            steps.extend(nth);
        }
    }
    if settings.liked {
        steps.push(Step::Liked);
    }
    steps.extend(wanted.into_iter().map(Step::Wanted));
    (steps, complaints)
}

/// What to search for to find a song of a list.
pub fn asked(song: &Song) -> String {
    format!("{} {}", song.title, song.artist).trim().chars().take(200).collect()
}

/// The track that a song of a list means, and how well it fits, 0..=1; `None`: none of these.
pub fn same<'a>(wanted: &Wanted, found: &'a [Piece]) -> Option<(&'a Piece, f64)> {
    let plain = Plain::of(&wanted.song);
    let fit = |piece: &Piece| {
        let id = piece.uri.rsplit(':').next().unwrap_or_default();
        // The list may name the very track.
        if wanted.place.split(['/', ':', '?']).any(|part| !part.is_empty() && part == id) {
            return 1.0;
        }
        let song = Song { title: piece.name.clone(), artist: piece.artist(), album: piece.album.name.clone() };
        score(&plain, &Plain::of(&song))
    };
    let fits = found.iter().filter(|piece| piece.is_music()).map(|piece| (piece, fit(piece)));
    // Of several that fit as well, the first is what Spotify holds for the best.
    fits.filter(|(_, score)| *score >= SAME).fold(None, |best: Option<(&Piece, f64)>, next| match best {
        Some(best) if best.1 >= next.1 => Some(best),
        _ => Some(next),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(id: &str, name: &str, own: bool) -> List {
        List { id: id.into(), name: name.into(), own }
    }

    #[test]
    fn picks_come_before_names_and_names_before_searches() {
        let mut settings = Spotify { search_pages: 1, ..Spotify::default() };
        settings.playlists.happy = "sunny days".into();
        settings.playlists.sad = "Nowhere".into();
        settings.playlists.fear = "Theirs".into();
        let lists = [list("1", "Sunny days", true), list("2", "Theirs", false), list("3", "moodring Neutral", true)];
        let picks = [(Emotion::Angry, "9".to_owned(), "Loud".to_owned())];
        let (steps, complaints) = plan(&settings, &picks, &lists, Vec::new());
        let playlists: Vec<_> = steps.iter().filter(|s| matches!(s, Step::Playlist(..))).map(Step::key).collect();
        assert_eq!(playlists, ["playlist angry 9", "playlist happy 1", "playlist neutral 3"]);
        assert_eq!(complaints.len(), 2);
        assert!(
            complaints.iter().any(|c| c.contains("\"Nowhere\"")) && complaints.iter().any(|c| c.contains("else's"))
        );
        let searches: Vec<_> = steps.iter().filter(|s| matches!(s, Step::Search(..))).collect();
        let moods: BTreeSet<_> = searches[..7].iter().map(|s| s.origin().emotion).collect();
        assert_eq!(moods.len(), 7, "every mood in turn");
        assert_eq!(steps.last(), Some(&Step::Liked));
        let keys: BTreeSet<_> = steps.iter().map(Step::key).collect();
        assert_eq!(keys.len(), steps.len());
    }

    #[test]
    fn a_round_that_ended_by_a_clock_that_was_ahead_ended_when_that_was_noticed() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (now, later) = (at("2026-11-23T20:00:00Z"), at("2026-11-24T20:00:00Z"));
        let mut round = Round::begin(at("2061-05-01T12:00:00Z"));
        assert_eq!(round.ended_by(now), (None, false), "it goes on");
        round.ended = Some(at("2061-05-01T12:10:00Z"));
        assert_eq!(round.ended_by(now), (Some(now), true));
        assert_eq!(round.ended_by(later), (Some(now), false), "and not later and later");
        // A clock that is behind for a while takes nothing away from what is true.
        round.ended = Some(now);
        round.noticed = None;
        assert_eq!(round.ended_by(Timestamp::UNIX_EPOCH), (Some(Timestamp::UNIX_EPOCH), true));
        assert_eq!(round.ended_by(later), (Some(now), false));
    }

    fn piece(name: &str, artist: &str, id: &str) -> Piece {
        let json = format!(
            r#"{{"type": "track", "uri": "spotify:track:{id}", "name": {name:?}, "artists": [{{"name": {artist:?}}}]}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_song_of_a_list_is_the_same_song_and_no_other_version_of_it() {
        let song = Song { title: "Lemon Peel".into(), artist: "Marla Quint".into(), album: String::new() };
        let mut wanted = Wanted { id: 1, emotion: Emotion::Happy, song, place: String::new() };
        assert_eq!(asked(&wanted.song), "Lemon Peel Marla Quint");
        let found = [
            piece("Lemon Peel (Live)", "Marla Quint", "a"),
            piece("Lemon Peel", "Somebody Else", "b"),
            piece("Lemon Peel - Remastered 2011", "Marla Quint, Guest", "c"),
            piece("Lemon Peel", "Marla Quint", "d"),
        ];
        let (piece, score) = same(&wanted, &found).unwrap();
        assert_eq!(
            (piece.uri.as_str(), score >= SAME),
            ("spotify:track:c", true),
            "as good as the next, and before it"
        );
        assert_eq!(same(&wanted, &found[..2]), None);
        wanted.place = "https://open.spotify.com/track/b".to_owned();
        assert_eq!(same(&wanted, &found).unwrap().0.uri, "spotify:track:b", "the very track");
    }
}
