//! A track that MPD is to play: how MPD calls it, how far it has come, and so whose doing its end was. Pure.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use mpd_client::commands::SongId;

use crate::player::{Item, Source};

/// So near its end a track has ended by itself: MPD is looked at once a second, and may be slow.
const END: Duration = Duration::from_secs(3);

/// A track that MPD is to play.
pub(super) struct Track {
    pub item: Item,
    /// Its name in MPD's queue, once it is there.
    pub song: Option<SongId>,
    pub begun: bool,
    /// How far it had come when it was last seen, and how long it is, where MPD knows.
    pub position: Duration,
    pub length: Option<Duration>,
    pub seen: Instant,
}

impl Track {
    pub fn new(item: Item) -> Self {
        Self { item, song: None, begun: false, position: Duration::ZERO, length: None, seen: Instant::now() }
    }

    /// Whether it was heard, and was so far from its end that it did not end by itself; `crossfade`: what follows
    /// begins so long before that.
    pub fn cut_short(&self, paused: bool, crossfade: Duration, now: Instant) -> bool {
        let gone = if paused { Duration::ZERO } else { now.saturating_duration_since(self.seen) };
        self.begun && self.length.is_some_and(|length| self.position + gone + crossfade + END < length)
    }
}

/// How MPD calls a source: its path within the music directory.
pub(super) fn uri(source: &Source, folder: &Path) -> Result<String, String> {
    let path = match source {
        Source::File(path) => path,
        Source::BuiltIn(name) => {
            return Err(format!(
                "MPD plays files, and the built-in piece {name} is none; name a folder of music in music.folder"
            ));
        }
        Source::Spotify(_) => return Err("Spotify plays on its own devices".to_owned()),
    };
    let inside = path.strip_prefix(folder).ok().and_then(Path::to_str);
    inside.map(str::to_owned).ok_or_else(|| {
        format!(
            "{} lies outside of MPD's folder {}, so MPD cannot play it; set mpd.folder to MPD's music_directory as it \
             is seen from here",
            path.display(),
            folder.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_track_far_from_its_end_was_cut_short() {
        let now = Instant::now();
        let (s, file) = (Duration::from_secs, Source::File("/srv/music/a.flac".into()));
        let seen_at = |position, length: Option<u64>| Track {
            begun: true,
            position: s(position),
            length: length.map(s),
            seen: now,
            ..Track::new(Item::plain(1, file.clone()))
        };
        assert!(seen_at(10, Some(200)).cut_short(false, s(0), now));
        assert!(!seen_at(198, Some(200)).cut_short(false, s(0), now));
        assert!(!seen_at(191, Some(200)).cut_short(false, s(8), now), "the next begins during its end");
        assert!(!seen_at(10, None).cut_short(false, s(0), now), "nobody knows");
        assert!(!Track { begun: false, ..seen_at(0, Some(200)) }.cut_short(false, s(0), now));
        assert!(!seen_at(10, Some(200)).cut_short(false, s(0), now + s(190)), "it was not looked at for long");
        assert!(seen_at(10, Some(200)).cut_short(true, s(0), now + s(190)), "a pause takes it no further");
    }

    #[test]
    fn files_are_called_as_mpd_knows_them() {
        let file = |path: &str| Source::File(path.into());
        let folder = Path::new("/srv/music");
        assert_eq!(uri(&file("/srv/music/Björk/a b.mp3"), folder).unwrap(), "Björk/a b.mp3");
        let outside = uri(&file("/home/x/a.mp3"), folder).unwrap_err();
        assert!(outside.contains("/home/x/a.mp3 lies outside of MPD's folder /srv/music"), "{outside}");
        assert!(uri(&Source::BuiltIn("sad".to_owned()), folder).unwrap_err().contains("music.folder"));
    }
}
