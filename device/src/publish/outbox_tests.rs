//! The outbox with a broker that acknowledges, one that does not, and none.

use jiff::Timestamp;
use moodring_mood::{Confidence, Mood, Scores, Wish};

use super::*;

fn statement(mood: Mood) -> Statement {
    let at = "2026-11-22T20:00:00Z".parse().unwrap();
    Statement { at, mood, confidence: Confidence::ZERO, people: 1, scores: Scores::default() }
}

/// A broker that acknowledges all it gets, in order.
#[derive(Default)]
struct Broker {
    heard: Vec<String>,
    packet_id: u16,
}

impl Broker {
    fn serve(&mut self, outbox: &mut Outbox) {
        while let Some(parcel) = outbox.next_parcel() {
            self.hear(&parcel);
            self.write_and_acknowledge(outbox, &parcel);
        }
    }

    fn hear(&mut self, parcel: &Parcel) {
        self.heard.push(match parcel {
            Parcel::Status(status) => status.word().to_owned(),
            Parcel::Subscribe => "subscribe".to_owned(),
            Parcel::Mood(message) => format!("{} {}", message.seq, message.mood),
            Parcel::Health(_) => "health".to_owned(),
            Parcel::Screen(png) => format!("screen {}", png[0]),
            Parcel::Paused(paused) => format!("paused {}", paused.word()),
            Parcel::Wish(message) => format!("{:?}", message.wish),
            Parcel::Brightness(percent) => format!("brightness {percent}"),
            Parcel::Presentation(presentation) => presentation.topic.clone(),
            Parcel::Disconnect => "disconnect".to_owned(),
        });
    }

    fn write_and_acknowledge(&mut self, outbox: &mut Outbox, parcel: &Parcel) {
        match parcel {
            Parcel::Subscribe => {}
            Parcel::Disconnect => outbox.said_goodbye(),
            Parcel::Health(_) | Parcel::Screen(_) => outbox.written(0),
            _ => {
                self.packet_id += 1;
                outbox.written(self.packet_id);
                outbox.acknowledged(self.packet_id);
            }
        }
    }
}

fn outbox() -> (Outbox, Instant) {
    (Outbox::new(3, Duration::from_secs(30)), Instant::now())
}

#[test]
fn each_connection_begins_with_online_and_the_current_state() {
    let (mut outbox, now) = outbox();
    outbox.steady(statement(Mood::Nobody), now);
    outbox.health(b"{}".to_vec());
    outbox.screen(vec![7]);
    assert_eq!(outbox.next_parcel(), None, "nothing leaves without a broker");
    let mut broker = Broker::default();
    for _ in 0..2 {
        outbox.connected(now);
        broker.serve(&mut outbox);
        outbox.disconnected();
    }
    let first = ["online", "subscribe", "1 nobody", "health", "screen 7"];
    let second = ["online", "subscribe", "2 nobody", "health", "screen 7"];
    assert_eq!(broker.heard, [first, second].concat());
}

#[test]
fn changes_made_without_a_broker_arrive_in_order_and_the_oldest_of_too_many_are_counted() {
    let (mut outbox, now) = outbox();
    for mood in [Mood::Angry, Mood::Happy, Mood::Sad, Mood::Fear, Mood::Neutral] {
        outbox.changed(statement(mood), now);
    }
    assert_eq!((outbox.waiting(), outbox.dropped()), (3, 2));
    let mut broker = Broker::default();
    outbox.connected(now);
    broker.serve(&mut outbox);
    assert_eq!(broker.heard, ["online", "subscribe", "3 sad", "4 fear", "5 neutral"]);
    assert_eq!(outbox.waiting(), 0);
}

#[test]
fn a_change_without_its_acknowledgement_is_said_again_before_the_next() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    broker.serve(&mut outbox);
    outbox.changed(statement(Mood::Happy), now);
    outbox.changed(statement(Mood::Sad), now);
    let Some(Parcel::Mood(lost)) = outbox.next_parcel() else { panic!("the first change leaves") };
    outbox.written(9);
    assert_eq!(outbox.next_parcel(), None, "the second waits for the first's acknowledgement");
    outbox.disconnected();
    outbox.acknowledged(9);
    outbox.connected(now);
    broker.serve(&mut outbox);
    assert_eq!(lost.seq, 1);
    assert_eq!(broker.heard, ["online", "subscribe", "online", "subscribe", "1 happy", "2 sad"]);
}

#[test]
fn a_full_outbox_keeps_the_change_that_is_under_way() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    broker.serve(&mut outbox);
    outbox.changed(statement(Mood::Happy), now);
    let under_way = outbox.next_parcel().unwrap();
    for mood in [Mood::Sad, Mood::Fear, Mood::Angry] {
        outbox.changed(statement(mood), now);
    }
    assert_eq!(outbox.dropped(), 1);
    broker.heard.clear();
    broker.hear(&under_way);
    broker.write_and_acknowledge(&mut outbox, &under_way);
    broker.serve(&mut outbox);
    assert_eq!(broker.heard, ["1 happy", "3 fear", "4 angry"]);
}

#[test]
fn a_steady_mood_is_repeated_every_half_minute() {
    let (mut outbox, start) = outbox();
    let mut broker = Broker::default();
    outbox.connected(start);
    for tenths in 0..650 {
        outbox.steady(statement(Mood::Happy), start + Duration::from_millis(tenths * 100));
        broker.serve(&mut outbox);
    }
    assert_eq!(broker.heard, ["online", "subscribe", "1 happy", "2 happy", "3 happy"]);
}

#[test]
fn a_mood_that_became_surer_or_another_number_of_people_is_said_after_two_seconds() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    outbox.changed(statement(Mood::Sad), now);
    broker.serve(&mut outbox);
    let surer = |by| Statement { confidence: Confidence::saturating(by), ..statement(Mood::Sad) };
    let after = |ms| now + Duration::from_millis(ms);
    assert!(!outbox.steady(surer(0.5), after(1900)), "too soon");
    assert!(!outbox.steady(surer(0.05), after(2100)), "nobody cares");
    assert!(outbox.steady(surer(0.5), after(2200)));
    broker.serve(&mut outbox);
    assert!(!outbox.steady(Statement { people: 2, ..surer(0.5) }, after(4100)), "too soon again");
    assert!(outbox.steady(Statement { people: 2, ..surer(0.5) }, after(4300)));
}

#[test]
fn of_the_screens_drawn_while_one_is_being_written_only_the_last_is_sent() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    broker.serve(&mut outbox);
    outbox.screen(vec![1]);
    assert_eq!(outbox.next_parcel(), Some(Parcel::Screen(vec![1])));
    outbox.screen(vec![2]);
    outbox.screen(vec![3]);
    assert_eq!(outbox.next_parcel(), None);
    outbox.written(0);
    assert_eq!(outbox.next_parcel(), Some(Parcel::Screen(vec![3])));
}

#[test]
fn the_screen_is_said_again_with_each_health_message_for_whoever_came_since() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    outbox.health(b"{}".to_vec());
    outbox.screen(vec![7]);
    broker.serve(&mut outbox);
    outbox.health(b"{}".to_vec());
    broker.serve(&mut outbox);
    assert_eq!(broker.heard[2..], ["health", "screen 7", "health", "screen 7"]);
}

#[test]
fn whether_it_is_paused_is_said_on_every_change_and_connection() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.paused(Paused::Off);
    for paused in [Paused::Off, Paused::On, Paused::On] {
        outbox.connected(now);
        outbox.paused(paused);
        broker.serve(&mut outbox);
    }
    outbox.paused(Paused::Off);
    broker.serve(&mut outbox);
    let said: Vec<_> = broker.heard.iter().filter(|said| said.starts_with("paused")).collect();
    assert_eq!(said, ["paused off", "paused on", "paused on", "paused off"]);
}

#[test]
fn a_switch_thrown_again_and_again_on_a_slow_network_is_said_as_it_ends() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    broker.serve(&mut outbox);
    for round in 0..100 {
        outbox.paused((round % 2 == 0).into());
        outbox.brightness(round);
        let handed_over = std::iter::from_fn(|| outbox.next_parcel()).count();
        assert_eq!(handed_over, if round == 0 { 2 } else { 0 }, "one of a kind is under way");
    }
    for packet_id in [1, 2] {
        outbox.written(packet_id);
        outbox.acknowledged(packet_id);
    }
    broker.heard.clear();
    broker.serve(&mut outbox);
    assert_eq!(broker.heard, ["paused off", "brightness 99"]);
}

#[test]
fn the_presentation_is_said_on_each_connection_and_when_home_assistant_is_back() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.presentation(Presentation { topic: "ha".to_owned(), payload: vec![1] });
    outbox.connected(now);
    broker.serve(&mut outbox);
    outbox.present_again();
    broker.serve(&mut outbox);
    outbox.disconnected();
    outbox.connected(now);
    broker.serve(&mut outbox);
    assert_eq!(broker.heard, ["online", "subscribe", "ha", "ha", "online", "subscribe", "ha"]);
}

#[test]
fn a_wish_is_for_now() {
    let (mut outbox, now) = outbox();
    let wish = |wish| WishMessage { v: VERSION, at: Timestamp::UNIX_EPOCH, wish };
    assert!(!outbox.wish(wish(Wish::Skip)), "there is no broker");
    let mut broker = Broker::default();
    outbox.connected(now);
    assert!(outbox.wish(wish(Wish::Like)) && outbox.wish(wish(Wish::PauseMusic)));
    broker.serve(&mut outbox);
    assert_eq!(broker.heard[2..], ["Like", "PauseMusic"]);
    assert!(outbox.wish(wish(Wish::Skip)));
    outbox.disconnected();
    outbox.connected(now);
    broker.heard.clear();
    broker.serve(&mut outbox);
    assert_eq!(broker.heard, ["online", "subscribe"]);
}

#[test]
fn goodbye_comes_after_all_that_waits() {
    let (mut outbox, now) = outbox();
    let mut broker = Broker::default();
    outbox.connected(now);
    broker.serve(&mut outbox);
    outbox.changed(statement(Mood::Happy), now);
    outbox.screen(vec![1]);
    outbox.close();
    assert!(!outbox.closed());
    broker.heard.clear();
    broker.serve(&mut outbox);
    assert_eq!(broker.heard, ["1 happy", "screen 1", "offline", "disconnect"]);
    assert!(outbox.closed());
    assert_eq!(outbox.next_parcel(), None);
}

#[test]
fn goodbye_does_not_wait_for_an_absent_broker() {
    let (mut outbox, now) = outbox();
    outbox.changed(statement(Mood::Happy), now);
    outbox.close();
    assert!(outbox.closed());
}
