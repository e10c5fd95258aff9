//! The deck against a small account in virtual time: what is heard, and what is said of it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::*;
use crate::{
    reply::{Device, Piece as Seen, Playback},
    trouble::{Limit, Trouble},
};

mod app;
mod failing;

const S: Duration = Duration::from_secs(1);
const LENGTH: Duration = Duration::from_secs(180);

/// An account with one device; every track is three minutes long.
struct Account {
    deck: Deck,
    now: Instant,
    start: Instant,
    device: Option<&'static str>,
    /// Another device that it plays on.
    elsewhere: Option<&'static str>,
    plays: Option<String>,
    progress: Duration,
    runs: bool,
    queue: VecDeque<String>,
    /// What looks show in the place of what plays.
    shown: Option<String>,
    /// Somebody has the track repeated.
    repeats: bool,
    refuse: Option<Trouble>,
    /// No look may be made but for playing.
    frugal: bool,
    /// What is asked is done, and the answer is lost.
    cut_off: bool,
    /// The device is listed, and takes no orders.
    sleeps: bool,
    /// A track that is not to be had.
    closed: Option<String>,
    calls: Vec<String>,
    said: Vec<Said>,
}

impl Account {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            deck: Deck::new("", Duration::from_secs(10), now),
            now,
            start: now,
            device: Some("Den"),
            elsewhere: None,
            plays: None,
            progress: Duration::ZERO,
            runs: false,
            queue: VecDeque::new(),
            shown: None,
            repeats: false,
            refuse: None,
            frugal: false,
            cut_off: false,
            sleeps: false,
            closed: None,
            calls: Vec::new(),
            said: Vec::new(),
        }
    }

    fn order(&mut self, order: Order) {
        self.deck.order(order, self.now);
        self.settle();
    }

    /// Time goes by in steps of a tenth of a second.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds * 10 {
            self.now += S / 10;
            if self.runs {
                self.progress += S / 10;
                match self.progress >= LENGTH {
                    true if self.repeats => self.progress = Duration::ZERO,
                    true => self.next_track(),
                    false => {}
                }
            }
            self.settle();
        }
    }

    fn next_track(&mut self) {
        self.progress = Duration::ZERO;
        match self.queue.pop_front() {
            Some(uri) => {
                self.plays = Some(uri);
                self.runs = true;
            }
            None => self.runs = false,
        }
    }

    fn settle(&mut self) {
        self.deck.tick(self.now);
        for _ in 0..20 {
            let Some(act) = self.deck.act(self.now) else { break };
            let outcome = self.make(&act);
            self.deck.done(act, outcome, self.now);
        }
        assert!(self.deck.act(self.now).is_none(), "no end of calls: {:?}", self.calls);
        self.said.extend(self.deck.said().into_iter().filter(|said| !matches!(said, Said::Position(..))));
    }

    fn make(&mut self, act: &Act) -> Result<Saw, Trouble> {
        let outcome = self.carry_out(act);
        if self.cut_off { outcome.and(Err(away())) } else { outcome }
    }

    fn carry_out(&mut self, act: &Act) -> Result<Saw, Trouble> {
        if self.frugal && *act == Act::Look(Class::Look) {
            return Err(Trouble::Later { until: jiff::Timestamp::MAX, why: Limit::Budget });
        }
        let word = match act {
            Act::Look(_) => "look".to_owned(),
            Act::Devices => "devices".to_owned(),
            Act::Start(_, uri, from) => format!("start {uri} {from}"),
            Act::Pause(_) => "pause".to_owned(),
            Act::Resume(_) => "resume".to_owned(),
            Act::Skip(_) => "skip".to_owned(),
            Act::Enqueue(_, uri) => format!("queue {uri}"),
            Act::Volume(_, percent) => format!("volume {percent}"),
        };
        self.calls.push(word);
        if let Some(trouble) = self.refuse.clone() {
            return Err(trouble);
        }
        if *act == Act::Devices {
            return Ok(Saw::Devices(self.device.map(device).into_iter().collect()));
        }
        let looks = matches!(act, Act::Look(_));
        if self.device.is_none() || self.sleeps && !looks {
            return if looks { Ok(Saw::Playback(None)) } else { Err(Trouble::NoDevice) };
        }
        match act {
            Act::Look(_) => {
                let item = self.shown.as_ref().or(self.plays.as_ref()).map(|uri| Seen {
                    uri: uri.clone(),
                    name: uri.clone(),
                    duration_ms: LENGTH.as_millis() as u64,
                    ..Seen::default()
                });
                let device = self.elsewhere.or(self.device).map(device);
                let progress_ms = self.progress.as_millis() as u64;
                let playback = Playback { device, is_playing: self.runs, progress_ms, item };
                return Ok(Saw::Playback(self.plays.is_some().then_some(playback)));
            }
            Act::Start(_, uri, _) if self.closed.as_ref() == Some(uri) => {
                return Err(Trouble::Refused { what: "PUT".into(), status: 403, words: "not in your country".into() });
            }
            Act::Start(_, uri, from) => self.user_plays(uri, Duration::from_millis(*from)),
            Act::Pause(_) => self.runs = false,
            Act::Resume(_) => self.runs = true,
            Act::Skip(_) => self.next_track(),
            Act::Enqueue(_, uri) => self.queue.push_back(uri.clone()),
            _ => {}
        }
        Ok(Saw::Done)
    }

    fn user_plays(&mut self, uri: &str, from: Duration) {
        self.plays = Some(uri.to_owned());
        self.progress = from;
        self.runs = true;
    }

    fn said(&mut self) -> Vec<Said> {
        std::mem::take(&mut self.said)
    }

    fn calls(&mut self) -> Vec<String> {
        std::mem::take(&mut self.calls)
    }

    /// The first track plays, the second follows.
    fn playing() -> Self {
        let mut account = Self::new();
        account.order(Order::Play(piece(1)));
        account.order(Order::Next(piece(2)));
        account.pass(10);
        assert_eq!(account.said(), [Said::Started(1, Some(LENGTH))]);
        account.calls();
        account
    }
}

fn device(name: &str) -> Device {
    Device { id: Some(name.to_owned()), name: name.to_owned(), ..Device::default() }
}

fn away() -> Trouble {
    Trouble::Away("the connection broke off".to_owned())
}

fn piece(tag: Tag) -> Piece {
    Piece { tag, uri: uri(tag), length: Some(LENGTH) }
}

fn uri(tag: Tag) -> String {
    format!("spotify:track:{tag}")
}

#[test]
fn one_track_follows_the_other_and_few_lie_ahead() {
    let mut account = Account::new();
    account.order(Order::Play(piece(1)));
    assert_eq!(account.calls(), ["devices", "look", "start spotify:track:1 0"]);
    account.order(Order::Next(piece(2)));
    account.order(Order::Then((3..9).map(piece).collect()));
    assert!(account.queue.is_empty(), "what comes next may still change");
    account.pass(20);
    assert_eq!(account.queue, [uri(2), uri(3), uri(4)], "three ahead, no more");
    account.pass(161);
    assert_eq!(account.said(), [Said::Started(1, Some(LENGTH)), Said::Ended(1), Said::Started(2, Some(LENGTH))]);
    account.order(Order::Next(piece(3)));
    account.order(Order::Then((4..10).map(piece).collect()));
    account.pass(20);
    assert_eq!(account.queue, [uri(3), uri(4), uri(5)]);
    let looks = account.calls().iter().filter(|call| *call == "look").count();
    assert!((15..40).contains(&looks), "{looks} looks in 200 s");
}

#[test]
fn what_is_no_longer_wanted_is_passed_over_when_its_turn_comes() {
    let mut account = Account::playing();
    assert_eq!(account.queue, [uri(2)]);
    // The mood turns: others are to follow.
    account.order(Order::Next(piece(3)));
    account.pass(160);
    assert_eq!(account.queue, [uri(2), uri(3)]);
    account.pass(12);
    assert_eq!(account.plays, Some(uri(3)));
    assert!(account.progress < S * 3, "heard is the right one, after a blink");
    assert_eq!(account.said(), [Said::Ended(1), Said::Started(3, Some(LENGTH))]);
    assert!(account.queue.is_empty());
}

#[test]
fn a_track_that_is_played_at_once_is_not_heard_again_from_the_queue() {
    let mut account = Account::playing();
    account.order(Order::Play(piece(2)));
    account.order(Order::Next(piece(3)));
    assert_eq!(account.said(), [Said::Ended(1), Said::Started(2, Some(LENGTH))]);
    account.pass(182);
    assert_eq!(account.plays, Some(uri(3)));
    assert_eq!(account.said(), [Said::Ended(2), Said::Started(3, Some(LENGTH))]);
}

#[test]
fn a_skip_goes_to_the_next() {
    let mut account = Account::playing();
    account.order(Order::Skip);
    assert_eq!(account.plays, Some(uri(2)));
    assert_eq!(account.said(), [Said::Ended(1), Said::Started(2, Some(LENGTH))]);
    account.order(Order::Next(piece(3)));
    // Before it is handed over: it is started.
    account.order(Order::Skip);
    assert_eq!(account.plays, Some(uri(3)));
    assert_eq!(account.said(), [Said::Ended(2), Said::Started(3, Some(LENGTH))]);
}

#[test]
fn a_skip_in_the_app_is_noticed_as_one() {
    let mut account = Account::playing();
    account.next_track();
    account.pass(12);
    assert_eq!(account.said(), [Said::Skipped(1), Said::Started(2, Some(LENGTH))]);
}

#[test]
fn a_pause_in_the_app_is_a_pause_and_so_is_going_on() {
    let mut account = Account::playing();
    account.runs = false;
    account.pass(12);
    assert_eq!(account.said(), [Said::Paused]);
    account.pass(300);
    assert!(account.calls().iter().filter(|call| *call == "look").count() < 12, "looks become rare");
    assert!(!account.runs);
    account.runs = true;
    account.pass(125);
    assert_eq!(account.said(), [Said::Resumed]);
}

#[test]
fn to_other_music_it_gives_way_until_it_is_asked_again() {
    let mut account = Account::playing();
    account.user_plays("spotify:episode:talk", Duration::ZERO);
    account.pass(12);
    assert!(matches!(&account.said()[..], [Said::GaveWay(words)] if words.contains("“Den”")));
    account.calls();
    account.pass(3600);
    assert_eq!(account.calls(), [""; 0], "no call while somebody else listens");
    account.order(Order::Resume);
    account.order(Order::Play(piece(5)));
    assert_eq!(account.plays, Some(uri(5)));
    assert_eq!(account.said(), [Said::Started(5, Some(LENGTH))]);
}

#[test]
fn music_that_plays_already_is_not_cut_by_a_mood() {
    let mut account = Account::new();
    account.user_plays("spotify:track:theirs", Duration::ZERO);
    account.order(Order::Play(piece(1)));
    assert!(matches!(&account.said()[..], [Said::GaveWay(_)]));
    assert_eq!(account.plays.as_deref(), Some("spotify:track:theirs"));
}

#[test]
fn when_the_list_is_at_its_end_and_spotify_goes_on_by_itself_the_next_is_started() {
    let mut account = Account::playing();
    account.queue.clear();
    account.queue.push_back("spotify:track:similar".into());
    account.deck.handed.clear();
    account.deck.hand_not_before = account.now + LENGTH * 2;
    account.pass(172);
    assert_eq!(account.plays, Some(uri(2)));
    assert_eq!(account.said(), [Said::Ended(1), Said::Started(2, Some(LENGTH))]);
}

#[test]
fn a_device_that_vanishes_and_returns_goes_on_where_it_was() {
    let mut account = Account::playing();
    account.pass(50);
    account.device = None;
    account.plays = None;
    account.runs = false;
    account.queue.clear();
    account.pass(12);
    assert!(matches!(&account.said()[..], [Said::Silent(Cause::Device, words)] if words.contains("“Den” is gone")));
    account.pass(60);
    account.device = Some("Den");
    account.pass(11);
    assert_eq!(account.said(), [Said::Back]);
    assert_eq!(account.plays, Some(uri(1)));
    assert!((S * 58..S * 82).contains(&account.progress), "{:?}", account.progress);
    account.pass(125);
    assert_eq!(account.plays, Some(uri(2)), "and what was to follow follows");
}

#[test]
fn without_a_device_it_says_what_to_do_and_begins_when_one_is_there() {
    let mut account = Account::new();
    account.device = None;
    account.order(Order::Play(piece(1)));
    assert!(matches!(&account.said()[..], [Said::Silent(Cause::Device, words)] if words.contains("open Spotify")));
    account.pass(60);
    assert!(account.said().is_empty(), "once is enough");
    assert!(account.calls().len() < 10);
    account.device = Some("Den");
    account.pass(11);
    assert_eq!(account.said(), [Said::Back, Said::Started(1, Some(LENGTH))]);
}

#[test]
fn an_order_to_pause_waits_for_the_fade_and_a_track_that_follows_comes_first() {
    let mut account = Account::playing();
    account.order(Order::Pause(S * 4));
    account.pass(3);
    assert!(account.runs);
    account.order(Order::Play(piece(7)));
    account.pass(10);
    assert!(account.runs && account.plays == Some(uri(7)));
    account.order(Order::Pause(S * 4));
    account.pass(5);
    assert!(!account.runs);
    account.said();
    account.pass(30);
    account.order(Order::Resume);
    assert!(account.runs);
    assert_eq!(account.said(), [], "that was us");
}

#[test]
fn a_skip_during_a_pause_stays_silent_until_it_goes_on() {
    let mut account = Account::playing();
    account.order(Order::Pause(Duration::ZERO));
    account.order(Order::Skip);
    account.pass(5);
    assert!(!account.runs);
    account.order(Order::Resume);
    account.pass(2);
    assert_eq!(account.plays, Some(uri(2)));
    assert!(account.runs);
}

#[test]
fn trouble_is_said_once_tried_again_with_patience_and_over_by_itself() {
    let mut account = Account::new();
    account.refuse = Some(Trouble::NoPremium);
    account.order(Order::Play(piece(1)));
    account.pass(300);
    assert!(matches!(&account.said()[..], [Said::Silent(Cause::Premium, words)] if words.contains("Premium")));
    let calls = account.calls().len();
    assert!(calls < 20, "{calls} calls in five minutes");
    account.refuse = None;
    account.pass(40);
    assert_eq!(account.said(), [Said::Back, Said::Started(1, Some(LENGTH))]);
}

#[test]
fn while_nothing_may_be_asked_it_is_over_when_all_that_the_device_has_is_over() {
    let mut account = Account::playing();
    assert_eq!(account.queue.len(), 1);
    account.refuse = Some(Trouble::Later { until: jiff::Timestamp::MAX, why: Limit::Quota });
    account.pass(200);
    assert!(matches!(&account.said()[..], [Said::Silent(Cause::Limit, _)]), "the second plays on, unseen");
    account.pass(170);
    assert_eq!(account.said(), [Said::Ended(1)]);
    assert!(!account.runs);
}

#[test]
fn a_track_that_is_refused_is_left_and_the_next_one_tried() {
    let mut account = Account::new();
    account.order(Order::Play(piece(1)));
    account.said();
    account.refuse = Some(Trouble::Refused { what: "PUT".into(), status: 403, words: "not in your country".into() });
    account.order(Order::Play(piece(2)));
    assert!(matches!(&account.said()[..], [Said::Failed(2, words)] if words.contains("not in your country")));
    account.refuse = None;
    account.order(Order::Play(piece(3)));
    account.pass(4);
    assert_eq!(account.plays, Some(uri(3)));
}

#[test]
fn an_end_pauses_the_device_once() {
    let mut account = Account::playing();
    account.order(Order::Stop);
    account.pass(100);
    assert_eq!(account.calls(), ["pause"]);
    assert!(!account.runs);
}

#[test]
fn a_device_is_known_by_its_name_whatever_its_id() {
    let device = |id: Option<&str>, name: &str, active, restricted| Device {
        id: id.map(str::to_owned),
        name: name.to_owned(),
        is_active: active,
        is_restricted: restricted,
        ..Device::default()
    };
    let all = [
        device(Some("1"), "Kitchen", false, false),
        device(Some("2"), "Phone", true, false),
        device(None, "Old radio", false, false),
        device(Some("4"), "Car", false, true),
    ];
    let chosen = |devices: &[Device], name: &str| choose(devices, name).map(|d| d.name.clone());
    assert_eq!(chosen(&all, " kitchen ").unwrap(), "Kitchen");
    assert_eq!(chosen(&all, "").unwrap(), "Phone", "the active one");
    assert_eq!(chosen(&all[..1], "").unwrap(), "Kitchen", "the only one");
    let two = [all[0].clone(), device(Some("5"), "Bath", false, false)];
    assert!(chosen(&two, "").unwrap_err().contains("“Kitchen”, “Bath”"));
    assert!(chosen(&all, "Bath").unwrap_err().contains("“Kitchen”, “Phone”"));
    assert!(chosen(&all, "Car").unwrap_err().contains("takes no orders"));
    assert!(chosen(&[], "Bath").unwrap_err().contains("open Spotify on it"));
    assert!(chosen(&[], "").unwrap_err().contains("no Spotify device"));
    assert_eq!(account_start(), Duration::ZERO);
}

/// The virtual clock begins at nothing.
fn account_start() -> Duration {
    let account = Account::new();
    account.now - account.start
}
