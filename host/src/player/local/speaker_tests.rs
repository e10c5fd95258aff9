//! A USB speaker that is unplugged and plugged in again, as far as the player can tell.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use super::{super::*, *};

/// Two devices, each plugged in or not; counts the frames that each was given.
#[derive(Default)]
struct Plugs {
    usb: Plug,
    built_in: Plug,
}

#[derive(Clone, Default)]
struct Plug {
    there: Arc<AtomicBool>,
    frames: Arc<AtomicUsize>,
}

impl Plug {
    fn set(&self, there: bool) {
        self.there.store(there, Ordering::SeqCst);
    }

    fn heard(&self) -> usize {
        self.frames.load(Ordering::SeqCst)
    }
}

struct Plugged(Plug, Pace);

impl Speaker for Plugged {
    fn wants(&mut self, now: Instant) -> Result<usize, String> {
        if self.0.there.load(Ordering::SeqCst) { Ok(self.1.due(now)) } else { Err("it was unplugged".to_owned()) }
    }

    fn write(&mut self, frames: &[f32]) {
        let sounding = frames.chunks_exact(2).filter(|frame| frame[0] != 0.0).count();
        self.0.frames.fetch_add(sounding, Ordering::SeqCst);
    }

    fn drain(&self) {}
}

impl Speakers for Plugs {
    fn open(&self, which: &Which) -> Result<Box<dyn Speaker>, String> {
        let plug = match which {
            Which::Named(_) => &self.usb,
            Which::Default => &self.built_in,
        };
        let there = plug.there.load(Ordering::SeqCst);
        there
            .then(|| Box::new(Plugged(plug.clone(), Pace::default())) as Box<dyn Speaker>)
            .ok_or("not connected".into())
    }
}

/// A player on these devices, which plays a piece for a minute and more; and what it says.
fn start(plugs: &Arc<Plugs>, on_loss: OnLoss) -> (LocalPlayer, Arc<Mutex<Vec<Event>>>) {
    let said = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&said);
    let settings = Settings { on_loss, ..Output::Device("usb".to_owned()).into() };
    let speakers: Arc<dyn Speakers> = Arc::clone(plugs) as _;
    let player = start_on(settings, speakers, move |event| hear.lock().unwrap().push(event)).unwrap();
    let source = Source::BuiltIn("neutral".to_owned());
    player.send(Command::Play(Item::plain(1, source)));
    (player, said)
}

fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(30), "waited in vain until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

fn says(said: &Mutex<Vec<Event>>, words: &str) -> bool {
    said.lock()
        .unwrap()
        .iter()
        .any(|event| matches!(event, Event::Output(told) | Event::OutputBack(told) if told.contains(words)))
}

#[test]
fn an_unplugged_speaker_is_replaced_by_another_and_taken_back() {
    let plugs = Arc::new(Plugs::default());
    plugs.usb.set(true);
    plugs.built_in.set(true);
    let (player, said) = start(&plugs, OnLoss::Elsewhere);
    until("it is heard on USB", || plugs.usb.heard() > 1_000);
    assert_eq!(plugs.built_in.heard(), 0);
    plugs.usb.set(false);
    until("it is heard elsewhere", || plugs.built_in.heard() > 1_000);
    assert!(says(&said, "the sound device \"usb\" is gone (it was unplugged)"), "{said:?}");
    let before = plugs.usb.heard();
    plugs.usb.set(true);
    until("it is back on USB", || plugs.usb.heard() > before + 1_000);
    assert!(says(&said, "is there now; playing on it"), "{said:?}");
    let elsewhere = plugs.built_in.heard();
    thread::sleep(Duration::from_millis(100));
    assert_eq!(plugs.built_in.heard(), elsewhere);
    drop(player);
    let said = said.lock().unwrap();
    let told = said.iter().filter(|event| matches!(event, Event::Output(_) | Event::OutputBack(_))).count();
    assert_eq!(told, 2, "one line when it goes and one when it is back: {said:?}");
}

#[test]
fn where_it_is_wished_the_music_waits_for_its_speaker() {
    let plugs = Arc::new(Plugs::default());
    plugs.built_in.set(true);
    let (player, said) = start(&plugs, OnLoss::Wait);
    until("it says that it waits", || says(&said, "the music waits until one is plugged in"));
    until("the track counts as begun", || {
        said.lock().unwrap().iter().any(|event| matches!(event, Event::Started(1, Some(_))))
    });
    thread::sleep(Duration::from_millis(100));
    plugs.usb.set(true);
    until("it is heard", || plugs.usb.heard() > 1_000);
    plugs.usb.set(false);
    until("it says so", || says(&said, "is gone (it was unplugged); the music waits until it is back"));
    let heard = plugs.usb.heard();
    thread::sleep(Duration::from_millis(500));
    plugs.usb.set(true);
    until("it goes on", || plugs.usb.heard() > heard + 1_000);
    assert_eq!(plugs.built_in.heard(), 0);
    let late = said.lock().unwrap().iter().any(|event| matches!(event, Event::Ended(_)));
    assert!(!late, "nothing was missed");
    drop(player);
}

#[test]
fn stop_ends_a_wait_too() {
    let plugs = Arc::new(Plugs::default());
    let (player, said) = start(&plugs, OnLoss::Wait);
    until("it waits", || says(&said, "the music waits"));
    let began = Instant::now();
    drop(player);
    assert!(began.elapsed() < Duration::from_secs(10));
}
