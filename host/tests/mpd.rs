//! The player that drives MPD, with the mpd of the system: run by `make mpd-test`, as it needs mpd.

#![allow(clippy::unwrap_used)] // also in what the tests share

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command as Process, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use moodring_host::player::{Command, Event, Fault, Item, PlayId, Player, Source, mpd};
use tempfile::TempDir;

/// Nothing here takes as long, even on a busy machine.
const LONG: Duration = Duration::from_secs(60);

/// An mpd with silence for an output, in a folder of its own.
struct Mpd {
    dir: TempDir,
    port: u16,
    running: Option<Child>,
}

impl Mpd {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let at = dir.path().display();
        std::fs::create_dir(dir.path().join("music")).unwrap();
        std::fs::create_dir(dir.path().join("lists")).unwrap();
        let config = format!(
            "music_directory \"{at}/music\"\nplaylist_directory \"{at}/lists\"\ndb_file \"{at}/db\"\n\
             state_file \"{at}/state\"\npid_file \"{at}/pid\"\nbind_to_address \"127.0.0.1\"\nport \"{port}\"\n\
             auto_update \"no\"\nzeroconf_enabled \"no\"\npassword \"open sesame@read,add,control,admin\"\n\
             default_permissions \"read\"\n\
             audio_output {{\n  type \"null\"\n  name \"nobody hears it\"\n  mixer_type \"null\"\n}}\n"
        );
        std::fs::write(dir.path().join("mpd.conf"), config).unwrap();
        Self { dir, port, running: None }
    }

    fn start(&mut self) {
        let log = std::fs::File::create(self.dir.path().join("log")).unwrap();
        let child = Process::new("mpd")
            .args(["--no-daemon", "--stderr"])
            .arg(self.dir.path().join("mpd.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("mpd is installed");
        self.running = Some(child);
    }

    fn stop(&mut self) {
        if let Some(mut child) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn music(&self) -> PathBuf {
        self.dir.path().join("music")
    }

    /// A tone of so many seconds in its folder.
    fn tone(&self, name: &str, seconds: u32) -> PathBuf {
        let path = self.music().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_wav(&path, seconds);
        path
    }

    fn player(&self) -> (mpd::MpdPlayer, Receiver<Event>) {
        let (to, events) = mpsc::channel();
        let settings = mpd::Settings {
            address: format!("127.0.0.1:{}", self.port),
            password: Some("open sesame".to_owned()),
            folder: self.music(),
            crossfade: Duration::ZERO,
        };
        let player = mpd::start(settings, move |event| drop(to.send(event))).unwrap();
        (player, events)
    }

    /// What another client sees.
    fn asks(&self, what: &str) -> String {
        let mut client = Process::new("mpc");
        client.args(["--host", "127.0.0.1", "--port", &self.port.to_string()]).args(what.split(' '));
        let output = client.output().expect("mpc is installed");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Another client tells it this.
    fn is_told(&self, what: &str) {
        let mut client = Process::new("mpc");
        client.args(["--host", "open sesame@127.0.0.1", "--port", &self.port.to_string()]).args(what.split(' '));
        let output = client.output().expect("mpc is installed");
        assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Mpd {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("mpd says:\n{}", std::fs::read_to_string(self.dir.path().join("log")).unwrap_or_default());
        }
        self.stop();
    }
}

/// 8 kHz, 16 bit, mono: a tone.
fn write_wav(path: &Path, seconds: u32) {
    let samples = 8_000 * seconds;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + 2 * samples).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(8_000_u32.to_le_bytes());
    wav.extend(16_000_u32.to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend((2 * samples).to_le_bytes());
    wav.extend((0..samples).flat_map(|n| (((n as f32 * 0.3).sin() * 3_000.0) as i16).to_le_bytes()));
    std::fs::write(path, wav).unwrap();
}

fn item(play: PlayId, file: &Path) -> Item {
    Item::plain(play, Source::File(file.to_owned()))
}

/// Events until one is `last`; positions are left out unless it is one.
fn until(events: &Receiver<Event>, last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut seen = Vec::new();
    let began = Instant::now();
    loop {
        match events.recv_timeout(LONG.saturating_sub(began.elapsed())) {
            Ok(event) => {
                let done = last(&event);
                if done || !matches!(event, Event::Position(..)) {
                    seen.push(event);
                }
                if done {
                    return seen;
                }
            }
            Err(RecvTimeoutError::Timeout) => panic!("nothing more after {seen:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the player ended after {seen:?}"),
        }
    }
}

fn wait(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < LONG, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
#[ignore = "needs mpd and mpc: make mpd-test"]
fn mpd_plays_one_track_after_the_other_and_does_what_it_is_told() {
    let mut mpd = Mpd::new();
    // Files that MPD has never seen: it is asked to look.
    let (a, b, c) = (mpd.tone("A/Björk's song.wav", 3), mpd.tone("b.wav", 60), mpd.tone("c.wav", 60));
    mpd.start();
    let (player, events) = mpd.player();
    player.send(Command::Volume(0.5));
    player.send(Command::Play(item(1, &a)));
    player.send(Command::Next(item(2, &b)));
    let order = until(&events, |e| matches!(e, Event::Started(2, _)));
    let order: Vec<_> = order.iter().filter(|e| !matches!(e, Event::Output(_) | Event::OutputBack(_))).collect();
    assert!(
        matches!(order[..], [Event::Started(1, Some(length)), Event::Ended(1), Event::Started(2, Some(_))] if length.as_secs() == 3),
        "{order:?}"
    );
    assert!(mpd.asks("status").contains("volume: 50%"), "{}", mpd.asks("status"));
    until(&events, |e| matches!(e, Event::Position(2, _)));

    player.send(Command::Next(item(3, &c)));
    player.send(Command::Next(item(4, &a)));
    wait("the earlier next is gone", || mpd.asks("playlist -f %file%").lines().filter(|l| *l == "c.wav").count() == 0);
    player.send(Command::Skip);
    let order = until(&events, |e| matches!(e, Event::Started(4, _)));
    assert_eq!(order[0], Event::Ended(2));

    player.send(Command::Play(item(5, &c)));
    let order = until(&events, |e| matches!(e, Event::Started(5, _)));
    assert_eq!(order[0], Event::Ended(4));
    player.send(Command::Pause(Duration::from_millis(800)));
    wait("it pauses", || mpd.asks("status").contains("[paused]"));
    wait("the volume is as it was", || mpd.asks("status").contains("volume: 50%"));
    player.send(Command::Resume);
    wait("it goes on", || mpd.asks("status").contains("[playing]"));
    player.send(Command::Stop);
    until(&events, |e| *e == Event::Ended(5));
    wait("it is silent", || mpd.asks("playlist").is_empty());
}

#[test]
#[ignore = "needs mpd and mpc: make mpd-test"]
fn without_mpd_it_says_so_once_and_goes_on_where_it_was_when_mpd_is_back() {
    let mut mpd = Mpd::new();
    let (a, b) = (mpd.tone("a.wav", 60), mpd.tone("b.wav", 60));
    let (player, events) = mpd.player();
    player.send(Command::Play(item(1, &a)));
    let told = until(&events, |e| matches!(e, Event::Output(_)));
    assert!(
        matches!(&told[..], [Event::Output(words)] if words.contains("does not answer") && words.contains("mpd.address")),
        "{told:?}"
    );
    mpd.start();
    let order = until(&events, |e| matches!(e, Event::Started(1, _)));
    assert!(
        matches!(order[..], [Event::OutputBack(_), Event::Started(1, _)]),
        "one line, however often it was tried: {order:?}"
    );
    player.send(Command::Next(item(2, &b)));
    until(&events, |e| matches!(e, Event::Position(1, at) if at.as_secs() >= 3));
    mpd.stop();
    until(&events, |e| matches!(e, Event::Output(_)));
    mpd.start();
    let order = until(&events, |e| matches!(e, Event::Position(1, at) if at.as_secs() >= 3));
    assert!(!order.iter().any(|e| matches!(e, Event::Ended(_) | Event::Started(..) | Event::Failed(..))), "{order:?}");
    player.send(Command::Skip);
    let order = until(&events, |e| matches!(e, Event::Started(2, _)));
    assert_eq!(order[0], Event::Ended(1), "the next one is known to it again");
    drop(player);
    wait("its end silences MPD", || mpd.asks("playlist").is_empty());
}

#[test]
#[ignore = "needs mpd and mpc: make mpd-test"]
fn music_that_somebody_else_plays_is_left_alone_until_it_is_told_to_play() {
    // Once our queue is cleared for it, as people do, and once it is put behind ours.
    for ours_is_cleared in [true, false] {
        let mut mpd = Mpd::new();
        let (a, b, c) = (mpd.tone("a.wav", 60), mpd.tone("b.wav", 60), mpd.tone("c.wav", 60));
        mpd.tone("theirs.wav", 60);
        mpd.start();
        let (player, events) = mpd.player();
        player.send(Command::Play(item(1, &a)));
        player.send(Command::Next(item(2, &b)));
        until(&events, |e| matches!(e, Event::Started(1, _)));
        wait("the next is known to it", || mpd.asks("playlist -f %file%").contains("b.wav"));

        mpd.is_told("--wait update");
        if ours_is_cleared {
            mpd.is_told("clear");
        }
        mpd.is_told("add theirs.wav");
        mpd.is_told(if ours_is_cleared { "play" } else { "play 3" });
        let told = until(&events, |e| matches!(e, Event::GaveWay(_)));
        assert!(
            matches!(&told[..], [Event::GaveWay(words)] if words.contains("press play here to take over")),
            "nothing is told as heard: {told:?}"
        );
        // On its way before that was heard.
        player.send(Command::Next(item(3, &c)));
        thread::sleep(Duration::from_secs(3));
        assert_eq!(mpd.asks("current -f %file%").trim(), "theirs.wav");
        assert!(mpd.asks("status").contains("[playing]"), "{}", mpd.asks("status"));
        let queue = mpd.asks("playlist -f %file%");
        assert!(!queue.contains("b.wav") && !queue.contains("c.wav"), "nothing of ours follows: {queue}");
        assert_eq!(events.try_iter().next(), None);

        player.send(Command::Resume);
        player.send(Command::Play(item(4, &c)));
        let told = until(&events, |e| matches!(e, Event::Started(4, _)));
        assert!(matches!(told[..], [Event::Started(4, _)]), "{told:?}");
        assert_eq!(mpd.asks("playlist -f %file%").trim(), "c.wav");
    }
}

#[test]
#[ignore = "needs mpd and mpc: make mpd-test"]
fn what_somebody_does_with_another_client_counts() {
    let mut mpd = Mpd::new();
    let (a, b) = (mpd.tone("a.wav", 60), mpd.tone("b.wav", 60));
    mpd.start();
    let (player, events) = mpd.player();
    player.send(Command::Play(item(1, &a)));
    player.send(Command::Next(item(2, &b)));
    until(&events, |e| matches!(e, Event::Position(1, at) if at.as_secs() >= 2));
    for pause in ["pause", "stop"] {
        mpd.is_told(pause);
        until(&events, |e| *e == Event::PausedThere);
        mpd.is_told("play");
        until(&events, |e| *e == Event::ResumedThere);
    }
    until(&events, |e| matches!(e, Event::Position(1, at) if at.as_secs() >= 2));
    mpd.is_told("stop");
    until(&events, |e| *e == Event::PausedThere);
    player.send(Command::Resume);
    let order = until(&events, |e| matches!(e, Event::Position(1, at) if at.as_secs() >= 3));
    assert!(matches!(order[..], [Event::Position(..)]), "it goes on where it was: {order:?}");
    mpd.is_told("next");
    let order = until(&events, |e| matches!(e, Event::Started(2, _)));
    assert_eq!(order[0], Event::Skipped(1));
    // And what is told here is no news.
    player.send(Command::Pause(Duration::ZERO));
    wait("it pauses", || mpd.asks("status").contains("[paused]"));
    player.send(Command::Resume);
    let order = until(&events, |e| matches!(e, Event::Position(2, at) if at.as_secs() >= 2));
    assert!(matches!(order[..], [Event::Position(..)]), "{order:?}");
}

#[test]
#[ignore = "needs mpd and mpc: make mpd-test"]
fn what_mpd_cannot_play_is_told_with_what_to_do() {
    let mut mpd = Mpd::new();
    let good = mpd.tone("good.wav", 60);
    let outside = tempfile::tempdir().unwrap();
    let elsewhere = outside.path().join("x.wav");
    write_wav(&elsewhere, 1);
    std::fs::write(mpd.music().join("broken.flac"), "fLaC and no more").unwrap();
    mpd.start();
    let (player, events) = mpd.player();
    player.send(Command::Play(item(1, &elsewhere)));
    player.send(Command::Next(item(2, &good)));
    let order = until(&events, |e| matches!(e, Event::Started(2, _)));
    let away = |fault: &Fault, says: &str| matches!(fault, Fault::Away(words) if words.contains(says));
    assert!(
        order.iter().any(|e| matches!(e, Event::Failed(1, why) if away(why, "lies outside of MPD's folder"))),
        "{order:?}"
    );
    player.send(Command::Play(item(3, &mpd.music().join("none.wav"))));
    let order = until(&events, |e| matches!(e, Event::Failed(3, _)));
    assert!(matches!(order.last(), Some(Event::Failed(3, why)) if away(why, "does not find none.wav")), "{order:?}");
    player.send(Command::Play(item(4, &mpd.music().join("broken.flac"))));
    until(&events, |e| matches!(e, Event::Failed(4, _)));
}
