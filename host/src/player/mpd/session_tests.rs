//! A conversation with a small stand-in for MPD, over a pipe.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, duplex, split};

use super::*;
use crate::player::Source;

fn item(play: PlayId) -> Item {
    Item::plain(play, Source::File(format!("/srv/music/{play}.flac").into()))
}

/// A conversation in which play 1 is heard, a third of the way, as song 1 of MPD's queue, and play 2 follows, as song 2.
fn playing<E: FnMut(Event)>(events: E) -> Session<E> {
    let settings = Settings {
        address: "localhost".to_owned(),
        password: None,
        folder: "/srv/music".into(),
        crossfade: Duration::ZERO,
    };
    let (position, length) = (Duration::from_secs(30), Some(Duration::from_secs(90)));
    let track =
        |play, song, begun| Track { song: Some(SongId(song)), begun, position, length, ..Track::new(item(play)) };
    let mut session = Session::new(settings, events);
    session.current = Some(track(1, 1, true));
    session.next = Some(track(2, 2, false));
    session
}

const STOPPED: &str = "state: stop\n";
const THEIRS: &str = "state: play\nsong: 0\nsongid: 9\n";
const NEXT: &str = "state: play\nsong: 1\nsongid: 2\nelapsed: 0.5\nduration: 90\n";

/// An MPD with these songs in its queue and this to say of what it does; and what it is told beside questions.
async fn standin(queue: &'static [u64], status: &'static str) -> (Client, Arc<Mutex<Vec<String>>>) {
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
            let answer = match command {
                "idle" => continue,
                "noidle" => "OK\n".to_owned(),
                "status" => format!("{options}{status}OK\n"),
                "currentsong" => "file: x.flac\nTitle: Theirs\nPos: 0\nId: 9\nOK\n".to_owned(),
                "playlistid" if there => format!("file: y.flac\nPos: 0\nId: {song}\nOK\n"),
                "playlistid" => "ACK [50@0] {playlistid} No such song\n".to_owned(),
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
    let cases: [(&'static [u64], &str, &str); 4] = [
        (&[9], THEIRS, "somebody plays “Theirs” with MPD at localhost"),
        (&[1, 2, 9], THEIRS, "somebody plays “Theirs” with MPD at localhost"),
        (&[], STOPPED, "somebody took the music out of the queue of MPD at localhost"),
        (&[9], STOPPED, "somebody took the music out of the queue of MPD at localhost"),
    ];
    for (queue, status, says) in cases {
        let (client, told) = standin(queue, status).await;
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
async fn what_ends_by_itself_is_told_so_and_what_somebody_ends_there_is_told_as_theirs() {
    let (end, middle) = (Duration::from_secs(88), Duration::from_secs(30));
    let begins = || Event::Started(2, Some(Duration::from_secs(90)));
    let cases: [(&'static [u64], &str, Duration, Vec<Event>); 4] = [
        (&[1, 2], NEXT, end, vec![Event::Ended(1), begins()]),
        (&[1, 2], NEXT, middle, vec![Event::Skipped(1), begins()]),
        (&[1], STOPPED, end, vec![Event::Ended(1)]),
        (&[1], STOPPED, middle, vec![Event::PausedThere]),
    ];
    for (queue, status, position, says) in cases {
        let (client, told) = standin(queue, status).await;
        let mut events = Vec::new();
        let mut session = playing(|event| events.push(event));
        if status == STOPPED {
            session.next = None;
        }
        session.current.as_mut().unwrap().position = position;
        assert!(session.look(&client).await.is_ok());
        assert!(told.lock().unwrap().is_empty());
        let stopped = says == [Event::PausedThere];
        assert_eq!((session.paused, session.current.is_some()), (stopped, stopped || status == NEXT));
        assert!(session.tick(&client).await.is_ok());
        assert_eq!(events, says, "{status} after {position:?}");
    }
}

#[tokio::test]
async fn a_stop_there_is_a_pause_and_play_goes_on_where_it_was() {
    let (client, told) = standin(&[1, 2], STOPPED).await;
    let mut events = Vec::new();
    let mut session = playing(|event| events.push(event));
    for _ in 0..2 {
        assert!(session.look(&client).await.is_ok());
    }
    assert!(session.obey(Command::Resume, &client).await.is_ok());
    assert_eq!(*told.lock().unwrap(), ["playid 1", "seekid 1 30.000"]);
    assert!(!session.paused && session.current.is_some());
    assert_eq!(events, [Event::PausedThere]);
}

#[tokio::test]
async fn a_pause_there_is_noticed_and_so_is_an_output_that_fails() {
    const PAUSED: &str = "state: pause\nsong: 0\nsongid: 1\nelapsed: 30\nduration: 90\n";
    const PLAYS: &str = "state: play\nsong: 0\nsongid: 1\nelapsed: 31\nduration: 90\n";
    const FAILED: &str =
        "state: pause\nsong: 0\nsongid: 1\nelapsed: 30\nduration: 90\nerror: Failed to open \"USB\" (alsa)\n";
    let mut events = Vec::new();
    let mut session = playing(|event| events.push(event));
    for status in [PAUSED, PAUSED, PLAYS, FAILED, PLAYS] {
        let (client, _) = standin(&[1, 2], status).await;
        assert!(session.look(&client).await.is_ok());
    }
    let at = |s| Event::Position(1, Duration::from_secs(s));
    let words = "MPD at localhost paused: Failed to open \"USB\" (alsa); put that right there, then press play";
    let (ill, back) = (Event::Output(words.to_owned()), Event::OutputBack("MPD at localhost plays again".to_owned()));
    let (paused, resumed) = (Event::PausedThere, Event::ResumedThere);
    assert_eq!(events, [paused.clone(), at(31), resumed.clone(), at(30), paused, ill, back, at(31), resumed]);
}
