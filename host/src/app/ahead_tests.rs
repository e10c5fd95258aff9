//! A player that looks ahead, as a Spotify device does: what is done at the device itself.

use std::sync::Mutex;

use moodring_mood::Mood;

use super::{tests::Stage, *};
use crate::{
    library::spotify::{Find, Origin},
    player::{Item, Kind, PlayId, pieces::ALL},
    steer::Steer,
};

/// A player with a queue of its own that only notes what it is told.
struct Ahead(Arc<Mutex<Vec<Command>>>);

impl Player for Ahead {
    fn send(&self, command: Command) {
        self.0.lock().unwrap().push(command);
    }

    fn looks_ahead(&self) -> bool {
        true
    }
}

/// The plays that were told to follow what plays, soonest first, as far as they were told.
fn follow(told: &Mutex<Vec<Command>>) -> (Vec<PlayId>, Vec<PlayId>) {
    let (mut next, mut then) = (Vec::new(), Vec::new());
    for command in std::mem::take(&mut *told.lock().unwrap()) {
        match command {
            Command::Next(Item { play, .. }) => next.push(play),
            Command::Then(items) => then = items.iter().map(|item| item.play).collect(),
            _ => {}
        }
    }
    (next, then)
}

#[tokio::test]
async fn what_was_skipped_twice_at_the_device_is_followed_by_what_comes_after_it() {
    let mut stage = Stage::with(&ALL).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    stage.app.player = Box::new(Ahead(Arc::clone(&told)));
    stage.mood(Mood::Happy).await;
    let first = stage.app.playback.starting().unwrap().play;
    stage.says(Event::Started(first, None)).await;
    let (next, then) = follow(&told);
    assert_eq!((next.len(), then.len()), (1, 2));
    let waiting: Vec<_> = stage.app.queue.iter().map(|choice| choice.track).collect();

    stage.says(Event::Skipped(first)).await;
    stage.says(Event::Started(then[0], None)).await;
    assert_eq!(stage.heard(), waiting[1]);
    assert_eq!(stage.app.queue.front().unwrap().track, waiting[2], "what was passed over is not told again");
    let (next, after) = follow(&told);
    assert_eq!(next, [then[1]], "the device has it already, under this name");
    assert!(!after.contains(&then[0]) && !after.contains(&next[0]), "{after:?}");
}

#[tokio::test]
async fn a_song_of_spotifys_is_refused_in_words_while_it_cannot_be_played() {
    let mut stage = Stage::with(&ALL).await;
    let find = Find {
        uri: "spotify:track:1".to_owned(),
        title: "One".to_owned(),
        artist: String::new(),
        album: String::new(),
        length_ms: None,
        explicit: false,
    };
    let from = Origin { source: "liked", origin: String::new(), emotion: None };
    stage.app.common.store.keep_finds(&[find], &from, stage.now.at).await.unwrap();
    let track = stage.app.common.store.candidates_of(Kind::Spotify).await.unwrap()[0].id;
    let (play, _) = stage.playing(Mood::Happy).await;
    let refused = stage.app.obey(Steer::PlayTrack(track), stage.now).await.unwrap_err();
    assert!(refused.starts_with("Spotify cannot be played just now"), "{refused}");
    assert_eq!(stage.app.playback.current.as_ref().unwrap().told.play, play);
    assert!(stage.app.playback.starting().is_none() && stage.news().is_empty());
}
