//! The local player from the outside: commands in, a WAV file and events out.

#![allow(clippy::unwrap_used)] // also in what the tests share

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use moodring_host::player::{
    Command, Event, Fault, Item, PlayId, Player, Source,
    local::{self, LocalPlayer, Output},
};

const RATE: usize = 44_100;

fn start(output: Output) -> (LocalPlayer, Receiver<Event>) {
    let (to, events) = mpsc::channel();
    let player = local::start(output, move |event| {
        let _ = to.send(event);
    });
    (player.unwrap(), events)
}

fn file(play: PlayId, path: &Path) -> Item {
    Item::plain(play, Source::File(path.to_owned()))
}

fn built_in(play: PlayId, name: &str) -> Item {
    Item::plain(play, Source::BuiltIn(name.to_owned()))
}

/// Events until one is `last`; positions are left out.
fn until(events: &Receiver<Event>, last: impl Fn(&Event) -> bool) -> Vec<Event> {
    let mut seen = Vec::new();
    loop {
        match events.recv_timeout(Duration::from_secs(20)) {
            Ok(Event::Position(..)) => {}
            Ok(event) => {
                let done = last(&event);
                seen.push(event);
                if done {
                    return seen;
                }
            }
            Err(RecvTimeoutError::Timeout) => panic!("nothing more after {seen:?}"),
            Err(RecvTimeoutError::Disconnected) => panic!("the player ended after {seen:?}"),
        }
    }
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The left channel of a 16-bit stereo WAV, checked against its header.
fn heard(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    assert_eq!((&bytes[..4], &bytes[8..16], &bytes[36..40]), (&b"RIFF"[..], &b"WAVEfmt "[..], &b"data"[..]));
    let size = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!((size(4), size(40)), (bytes.len() - 8, bytes.len() - 44), "the header states what is there");
    bytes[44..].chunks_exact(4).map(|f| f32::from(i16::from_le_bytes([f[0], f[1]])) / 32_767.0).collect()
}

/// Writes a 16-bit WAV at this rate, of what `at` gives for each frame.
fn write_wav(path: &Path, rate: u32, channels: u16, frames: usize, at: impl Fn(usize) -> f64) {
    let bytes = (frames * 2 * usize::from(channels)) as u32;
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + bytes).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0");
    wav.extend(channels.to_le_bytes());
    wav.extend(rate.to_le_bytes());
    wav.extend((rate * 2 * u32::from(channels)).to_le_bytes());
    wav.extend((2 * channels).to_le_bytes());
    wav.extend(b"\x10\0data");
    wav.extend(bytes.to_le_bytes());
    for frame in 0..frames {
        let sample = (at(frame) * 32_767.0).round() as i16;
        (0..channels).for_each(|_| wav.extend(sample.to_le_bytes()));
    }
    std::fs::write(path, wav).unwrap();
}

fn sine(hz: f64, rate: u32) -> impl Fn(usize) -> f64 {
    move |frame| 0.5 * (std::f64::consts::TAU * hz * frame as f64 / f64::from(rate)).sin()
}

/// What sounds, without the silence that a busy machine put in: the file is written in real time, and a
/// thread that gets no turn is heard. That tracks join to the frame is shown without a clock, in
/// `src/player/local/deck_tests.rs`.
fn without_dropouts(sound: &[f32]) -> Vec<f32> {
    let mut rest = Vec::with_capacity(sound.len());
    for run in sound.chunk_by(|a, b| (*a == 0.0) == (*b == 0.0)) {
        if run[0] != 0.0 || run.len() < 50 {
            rest.extend_from_slice(run);
        }
    }
    rest
}

/// The part that sounds, without the silence before and after.
fn sounding(heard: &[f32]) -> &[f32] {
    let first = heard.iter().position(|&s| s != 0.0).expect("something is heard");
    let last = heard.iter().rposition(|&s| s != 0.0).unwrap();
    &heard[first..=last]
}

#[test]
fn two_files_join_without_a_gap_and_are_heard_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    // One sine in two files: cut in the middle, heard as one.
    let whole = sine(441.0, 44_100);
    write_wav(&path("a.wav"), 44_100, 1, 30_011, &whole);
    write_wav(&path("b.wav"), 44_100, 2, 20_000, |frame| whole(frame + 30_011));
    let (player, events) = start(Output::Wav(path("heard.wav")));
    player.send(Command::Play(file(1, &path("a.wav"))));
    player.send(Command::Next(file(2, &path("b.wav"))));
    let order = until(&events, |e| *e == Event::Ended(2));
    let length = |frames: f64| Some(Duration::from_secs_f64(frames / 44_100.0));
    let [Event::Started(1, a), Event::Ended(1), Event::Started(2, b), Event::Ended(2)] = order[..] else {
        panic!("{order:?}")
    };
    for (told, frames) in [(a, 30_011.0), (b, 20_000.0)] {
        assert!(told.unwrap().abs_diff(length(frames).unwrap()) < Duration::from_millis(2), "{told:?}");
    }
    drop(player);
    let heard = heard(&path("heard.wav"));
    let sound = without_dropouts(sounding(&heard));
    assert!(sound.len().abs_diff(50_010) <= 500, "{} frames", sound.len());
    // Untouched: as loud as it was, and every step is one that the sine makes.
    let loudest = sound.iter().copied().fold(0.0_f32, |most, s| most.max(s.abs()));
    assert!((loudest - 0.5).abs() < 0.001, "{loudest}");
    let steps = sound.windows(2).filter(|pair| (pair[1] - pair[0]).abs() > 0.04).count();
    assert!(steps <= 20, "{steps} clicks in {} frames", sound.len());
}

#[test]
fn files_of_another_rate_join_without_a_gap_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let whole = sine(300.0, 48_000);
    write_wav(&path("a.wav"), 48_000, 2, 48_000, &whole);
    write_wav(&path("b.wav"), 22_050, 2, 22_050, sine(300.0, 22_050));
    let (player, events) = start(Output::Wav(path("heard.wav")));
    player.send(Command::Play(file(1, &path("a.wav"))));
    player.send(Command::Next(file(2, &path("b.wav"))));
    until(&events, |e| *e == Event::Ended(2));
    drop(player);
    let heard = heard(&path("heard.wav"));
    let sound = without_dropouts(sounding(&heard));
    assert!(sound.len().abs_diff(2 * RATE) < 500, "{} frames", sound.len());
    let parts = sound[1_000..sound.len() - 1_000].chunks(300);
    let quiet = parts.filter(|part| part.iter().all(|s| s.abs() < 0.45)).count();
    assert!(quiet <= 10, "{quiet} of some 287 parts are too quiet");
}

#[test]
fn every_common_format_is_heard() {
    // A 440 Hz tone of one second in each, made as tests/data/README.md says.
    let folder = tempfile::tempdir().unwrap();
    for name in ["tone.mp3", "unstated.mp3", "tone.flac", "tone.ogg", "tone.opus", "tone.m4a"] {
        let to = folder.path().join("heard.wav");
        let (player, events) = start(Output::Wav(to.clone()));
        player.send(Command::Play(file(1, &data(name))));
        let order = until(&events, |e| matches!(e, Event::Ended(1) | Event::Failed(..)));
        let [Event::Started(1, Some(length)), Event::Ended(1)] = order[..] else { panic!("{name}: {order:?}") };
        assert!((length.as_secs_f64() - 1.0).abs() < 0.1, "{name} lasts {length:?}");
        drop(player);
        let heard = heard(&to);
        let sound = sounding(&heard);
        assert!(sound.len().abs_diff(RATE) < 3_000, "{name}: {} frames", sound.len());
        // The middle: at both ends an encoder may add a little noise.
        let middle = &sound[5_000..35_000];
        let crossings = middle.windows(2).filter(|pair| pair[0] < 0.0 && pair[1] >= 0.0).count() as f64;
        let hz = crossings * RATE as f64 / middle.len() as f64;
        assert!((hz - 440.0).abs() < 15.0, "{name}: {hz} Hz");
        let loudest = sound.iter().copied().fold(0.0, f32::max);
        assert!((0.4..0.6).contains(&loudest), "{name}: {loudest}");
    }
}

#[test]
fn what_cannot_be_heard_is_told_in_words_and_the_player_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("empty.mp3"), b"").unwrap();
    std::fs::write(path("letter.mp3"), "Dear diary, ".repeat(5_000)).unwrap();
    std::fs::write(
        path("noise.ogg"),
        (0..60_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect::<Vec<_>>(),
    )
    .unwrap();
    let flac = std::fs::read(data("tone.flac")).unwrap();
    std::fs::write(path("cut.flac"), &flac[..flac.len() / 2]).unwrap();
    let mp3 = std::fs::read(data("tone.mp3")).unwrap();
    std::fs::write(path("cut.mp3"), &mp3[..mp3.len() / 3]).unwrap();
    let m4a = std::fs::read(data("tone.m4a")).unwrap();
    std::fs::write(path("cut.m4a"), &m4a[..m4a.len() / 2]).unwrap();
    write_wav(&path("silent.wav"), 44_100, 2, 0, |_| 0.0);
    let (player, events) = start(Output::Null);
    for (play, (name, says)) in (1..).zip([
        ("nowhere.mp3", "is missing"),
        ("empty.mp3", "is empty"),
        ("letter.mp3", "format"),
        ("noise.ogg", "noise.ogg"),
        ("silent.wav", "silent.wav"),
        ("cut.flac", "cut short"),
        ("cut.mp3", "cut short"),
        ("cut.m4a", "cut.m4a"),
        (".", "not a file"),
    ]) {
        player.send(Command::Play(file(play, &path(name))));
        let order = until(&events, |e| matches!(e, Event::Failed(..) | Event::Ended(_)));
        let Some(Event::Failed(told, fault)) = order.last() else { panic!("{name}: {order:?}") };
        assert_eq!(matches!(fault, Fault::Away(_)), name == "nowhere.mp3", "{name}: {fault:?}");
        let why = fault.words();
        assert!(*told == play && why.contains(says) && !why.contains('\n'), "{name}: {why}");
    }
    player.send(Command::Play(built_in(90, "polka")));
    let order = until(&events, |e| matches!(e, Event::Failed(..)));
    assert!(
        matches!(&order[..], [Event::Failed(90, why)] if why.words().contains("no built-in piece named polka")),
        "{order:?}"
    );

    player.send(Command::Play(file(91, &data("tone.flac"))));
    let order = until(&events, |e| *e == Event::Ended(91));
    assert!(matches!(order[..], [Event::Started(91, Some(_)), Event::Ended(91)]), "{order:?}");
}

#[test]
fn a_broken_next_is_told_before_the_current_track_ends() {
    let folder = tempfile::tempdir().unwrap();
    let broken = folder.path().join("broken.mp3");
    std::fs::write(&broken, "no music").unwrap();
    let (player, events) = start(Output::Null);
    player.send(Command::Play(built_in(1, "neutral")));
    player.send(Command::Next(file(2, &broken)));
    let order = until(&events, |e| matches!(e, Event::Failed(..)));
    assert!(!order.contains(&Event::Ended(1)), "{order:?}");
}

#[test]
fn plays_at_real_speed_without_a_device_to_set_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("two.wav");
    write_wav(&path, 44_100, 2, 2 * RATE, sine(220.0, 44_100));
    let (player, events) = start(Output::Null);
    let began = Instant::now();
    player.send(Command::Play(file(1, &path)));
    until(&events, |e| *e == Event::Ended(1));
    let took = began.elapsed().as_secs_f64();
    assert!((1.9..20.0).contains(&took), "two seconds of sound took {took} s");
}

#[test]
fn commands_never_wait_and_the_last_one_wins() {
    let (player, events) = start(Output::Null);
    let began = Instant::now();
    for play in 0..50 {
        player.send(Command::Play(built_in(play, "happy")));
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let order = until(&events, |e| matches!(e, Event::Started(49, _)));
    player.send(Command::Stop);
    let end = until(&events, |e| *e == Event::Ended(49));
    assert!(order.len() < 20 && end.len() == 1, "{order:?} {end:?}");
    let began = Instant::now();
    drop(player);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_wav_file_that_cannot_be_written_is_refused_at_the_start() {
    let error = local::start(Output::Wav("/nowhere/heard.wav".into()), |_| ()).unwrap_err().to_string();
    assert!(error.contains("/nowhere/heard.wav") && error.contains("wav:FILE"), "{error}");
}

#[test]
#[ignore = "a process of its own, with no sound device: the test below starts it"]
fn in_a_process_without_a_sound_device() {
    let (player, events) = start(Output::Default);
    let began = Instant::now();
    player.send(Command::Play(file(1, &data("tone.flac"))));
    player.send(Command::Next(file(2, &data("tone.flac"))));
    let order = until(&events, |e| *e == Event::Ended(2));
    assert!(began.elapsed() >= Duration::from_millis(1_900), "rushed through in {:?}", began.elapsed());
    let told: Vec<_> =
        order.iter().filter_map(|e| if let Event::Output(words) = e { Some(words) } else { None }).collect();
    assert!(
        matches!(told[..], [words] if words.starts_with("no sound device") && words.contains("wav:FILE")),
        "{told:?}"
    );
    assert_eq!(order.len(), 5, "{order:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn without_a_sound_device_it_says_so_once_and_plays_on_at_real_speed() {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "in_a_process_without_a_sound_device"])
        .env("ALSA_CONFIG_PATH", "/dev/null")
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
    assert!(!told.contains("ALSA lib"), "the sound library's chatter gets through: {told}");
}
