//! A conversation with a small stand-in for MPD, over a pipe.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex, split};

use super::*;

fn item(play: PlayId) -> Item {
    Item::plain(play, Source::File(format!("/srv/music/{play}.flac").into()))
}

/// A conversation in which play 1 is heard, as song 1 of MPD's queue, and play 2 follows, as song 2.
fn playing<E: FnMut(Event)>(events: E) -> Session<E> {
    let settings = Settings {
        address: "localhost".to_owned(),
        password: None,
        folder: "/srv/music".into(),
        crossfade: Duration::ZERO,
    };
    let track = |play, song, begun| Track { song: Some(SongId(song)), begun, ..Track::new(item(play)) };
    let mut session = Session::new(settings, events);
    session.current = Some(track(1, 1, true));
    session.next = Some(track(2, 2, false));
    session
}

/// An MPD with these songs in its queue that plays one, or none; and what it is told beside questions.
async fn standin(queue: &'static [u64], plays: Option<u64>) -> (Client, Arc<Mutex<Vec<String>>>) {
    let (ours, theirs) = duplex(4096);
    let told = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    tokio::spawn(async move {
        let (lines, mut answers) = split(theirs);
        let mut lines = BufReader::new(lines).lines();
        answers.write_all(b"OK MPD 0.23.12\n").await.unwrap();
        let options = "repeat: 0\nrandom: 0\nsingle: 0\nconsume: 0\n";
        while let Ok(Some(line)) = lines.next_line().await {
            let (command, song) = line.split_once(' ').unwrap_or((line.as_str(), ""));
            let there = song.parse().is_ok_and(|song: u64| queue.contains(&song));
            let answer = match (command, plays) {
                ("idle", _) => continue,
                ("noidle", _) => "OK\n".to_owned(),
                ("status", Some(song)) => format!("{options}state: play\nsong: 0\nsongid: {song}\nOK\n"),
                ("status", None) => format!("{options}state: stop\nOK\n"),
                ("currentsong", _) => "file: x.flac\nTitle: Theirs\nPos: 0\nId: 9\nOK\n".to_owned(),
                ("playlistid", _) if there => format!("file: y.flac\nPos: 0\nId: {song}\nOK\n"),
                ("playlistid", _) => "ACK [50@0] {playlistid} No such song\n".to_owned(),
                _ => {
                    keep.lock().unwrap().push(line.clone());
                    "OK\n".to_owned()
                }
            };
            answers.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (Client::connect(ours).await.unwrap().0, told)
}

#[tokio::test]
async fn somebody_elses_music_is_left_alone_and_ours_is_not_told_as_heard() {
    let cases: [(&'static [u64], Option<u64>, &str); 4] = [
        (&[9], Some(9), "somebody plays “Theirs” with MPD at localhost"),
        (&[1, 2, 9], Some(9), "somebody plays “Theirs” with MPD at localhost"),
        (&[], None, "somebody took the music out of the queue of MPD at localhost"),
        (&[9], None, "somebody took the music out of the queue of MPD at localhost"),
    ];
    for (queue, plays, says) in cases {
        let (client, told) = standin(queue, plays).await;
        let mut events = Vec::new();
        let mut session = playing(|event| events.push(event));
        assert!(session.look(&client).await.is_ok());
        // What was on its way when they began, and the next tick.
        let late = [Command::Next(item(3)), Command::Pause(Duration::ZERO), Command::Resume, Command::Volume(0.2)];
        for command in late {
            assert!(session.obey(command, &client).await.is_ok());
        }
        assert!(session.tick(&client).await.is_ok());
        assert!(session.current.is_none() && session.next.is_none());
        assert!(matches!(&events[..], [Event::GaveWay(words)] if words.starts_with(says)), "{events:?}");
        assert_eq!(*told.lock().unwrap(), ["deleteid 2"], "of {queue:?} only what is ours is taken out");
    }
}

#[tokio::test]
async fn what_ends_by_itself_is_told_so() {
    let cases: [(&'static [u64], Option<u64>, &[Event]); 2] =
        [(&[1, 2], Some(2), &[Event::Ended(1), Event::Started(2, None)]), (&[1], None, &[Event::Ended(1)])];
    for (queue, plays, says) in cases {
        let (client, told) = standin(queue, plays).await;
        let mut events = Vec::new();
        let mut session = playing(|event| events.push(event));
        if plays.is_none() {
            session.next = None;
        }
        assert!(session.look(&client).await.is_ok());
        assert_eq!(events, says);
        assert!(told.lock().unwrap().is_empty());
    }
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
