//! One side ends before the other begins.

use std::sync::{Arc, Mutex};

use moodring_spotify::connect::Recorded;

use super::*;

#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<&'static str>>>);

impl Player for Notes {
    fn send(&self, command: Command) {
        self.0.lock().unwrap().push(match command {
            Command::Play(_) => "play",
            Command::Next(_) => "next",
            Command::Stop => "stop",
            Command::ClearNext => "clear",
            Command::Skip => "skip",
            Command::Pause(_) => "pause",
            _ => "other",
        });
    }
}

struct Stage {
    switch: Switch,
    local: Notes,
    orders: Recorded,
    events: mpsc::UnboundedReceiver<Event>,
}

impl Stage {
    fn new() -> Self {
        let (connect, orders) = Connect::recorded();
        let (say, events) = mpsc::unbounded_channel();
        let local = Notes::default();
        let switch = Switch::new(Box::new(local.clone()), connect, say);
        Self { switch, local, orders, events }
    }

    fn local(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.local.0.lock().unwrap())
    }

    fn orders(&mut self) -> Vec<Order> {
        self.orders.by_ref().collect()
    }

    fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.events.try_recv().ok()).collect()
    }
}

fn item(play: PlayId, source: Source) -> Item {
    Item::plain(play, source)
}

fn spotify(play: PlayId) -> Item {
    item(play, Source::Spotify(format!("spotify:track:{play}")))
}

fn built_in(play: PlayId) -> Item {
    item(play, Source::BuiltIn("happy".into()))
}

fn is_play(order: &Order, tag: PlayId) -> bool {
    matches!(order, Order::Play(piece) if piece.tag == tag)
}

#[test]
fn one_side_ends_before_the_other_begins() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    assert_eq!(stage.local(), ["stop"]);
    assert!(is_play(&stage.orders()[0], 1));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    // The quota is spent: what follows is local, and waits for the end of the song.
    stage.switch.obey(Command::Next(built_in(2)));
    assert_eq!(stage.local(), [""; 0]);
    assert_eq!(stage.orders(), [Order::ClearNext]);
    stage.switch.heard(Kind::Spotify, Event::Ended(1));
    assert_eq!(stage.local(), ["play"]);
    assert_eq!(stage.orders(), [Order::Stop]);
    stage.switch.heard(Kind::Spotify, Event::Position(1, Duration::ZERO));
    assert_eq!(stage.events(), [Event::Started(1, None), Event::Ended(1)]);
}

#[test]
fn a_device_that_cannot_be_told_to_stop_is_waited_for_and_one_that_is_gone_is_not() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    stage.switch.silent = Some(Cause::Limit);
    stage.switch.turn(Kind::Local);
    stage.local();
    stage.switch.obey(Command::Play(built_in(2)));
    stage.switch.obey(Command::Skip);
    assert_eq!(stage.local(), [""; 0]);
    stage.switch.heard(Kind::Spotify, Event::Ended(1));
    assert_eq!(stage.local(), ["play"]);

    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    stage.switch.silent = Some(Cause::Device);
    stage.switch.obey(Command::Next(built_in(2)));
    stage.local();
    stage.switch.turn(Kind::Local);
    assert_eq!(stage.local(), ["play"]);
}

#[test]
fn a_skip_to_the_other_side_ends_this_one() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(built_in(1)));
    stage.switch.heard(Kind::Local, Event::Started(1, None));
    stage.switch.obey(Command::Next(spotify(2)));
    stage.local();
    stage.switch.obey(Command::Skip);
    assert_eq!(stage.local(), ["stop"]);
    assert!(is_play(stage.orders().last().unwrap(), 2));
    assert_eq!(stage.events(), [Event::Started(1, None), Event::Ended(1)]);
}

#[test]
fn with_nothing_playing_the_next_begins_on_its_own_side() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Next(spotify(1)));
    assert!(is_play(&stage.orders()[0], 1));
}

#[test]
fn a_pause_stays_a_pause_on_the_other_side() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    stage.switch.obey(Command::Next(built_in(2)));
    stage.switch.heard(Kind::Spotify, Event::PausedThere);
    stage.local();
    stage.switch.obey(Command::Skip);
    assert_eq!(stage.local(), ["play", "pause"]);
    stage.switch.obey(Command::Next(spotify(3)));
    stage.switch.obey(Command::Play(built_in(4)));
    assert_eq!(stage.local(), ["clear", "play"], "a pick ends it");
}

#[test]
fn a_pick_that_waits_is_not_lost_to_what_follows_it() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    stage.switch.silent = Some(Cause::Limit);
    stage.switch.obey(Command::Play(built_in(2)));
    stage.switch.obey(Command::Next(built_in(3)));
    stage.local();
    stage.switch.heard(Kind::Spotify, Event::Ended(1));
    assert_eq!(stage.local(), ["play", "next"]);
    assert_eq!(stage.switch.starting, Some(2));
    // Nor one that has not begun yet.
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(built_in(1)));
    stage.switch.obey(Command::Next(spotify(2)));
    assert_eq!(stage.local(), ["play", "clear"]);
    assert!(stage.orders().is_empty());
    stage.switch.heard(Kind::Local, Event::Failed(1, Fault::Away("it is gone".into())));
    assert!(is_play(stage.orders().last().unwrap(), 2), "with nothing to wait for it begins");
}

#[test]
fn a_pick_of_the_other_side_ends_this_one_and_what_was_to_follow_follows() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    stage.switch.obey(Command::Next(spotify(2)));
    stage.switch.obey(Command::Play(built_in(3)));
    assert_eq!(stage.events(), [Event::Started(1, None), Event::Ended(1)]);
    assert_eq!(stage.orders().last(), Some(&Order::Stop));
    stage.switch.heard(Kind::Local, Event::Started(3, None));
    stage.switch.heard(Kind::Local, Event::Ended(3));
    assert!(is_play(stage.orders().last().unwrap(), 2));
}

#[test]
fn what_follows_a_local_track_is_not_handed_to_the_device() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.heard(Kind::Spotify, Event::Started(1, None));
    stage.orders();
    stage.switch.obey(Command::Next(built_in(2)));
    stage.switch.obey(Command::Then(vec![spotify(3)]));
    assert_eq!(stage.orders(), [Order::ClearNext]);
}

#[test]
fn a_start_that_may_never_be_holds_nothing_up() {
    let mut stage = Stage::new();
    stage.switch.obey(Command::Play(spotify(1)));
    stage.switch.obey(Command::Next(built_in(2)));
    stage.local();
    stage.switch.silent = Some(Cause::Away);
    stage.switch.turn(Kind::Local);
    assert_eq!(stage.local(), ["play"]);
    assert_eq!(stage.switch.silent, None, "it is told anew when the device is wanted again");
}
