//! What goes wrong: what is said of it, and what is tried again and how often.

use super::*;

fn count(calls: &[String], what: &str) -> usize {
    calls.iter().filter(|call| call.starts_with(what)).count()
}

#[test]
fn calls_that_fail_are_no_limit() {
    let mut account = Account::playing();
    account.refuse = Some(Trouble::Later { until: jiff::Timestamp::MAX, why: Limit::Failing });
    account.pass(30);
    let said = account.said();
    let words = |words: &str| words.contains("cannot be reached") && words.contains("by itself");
    assert!(matches!(&said[..], [Said::Silent(Cause::Away, why)] if words(why)), "{said:?}");
}

#[test]
fn what_is_left_of_the_budget_is_for_playing() {
    let mut account = Account::new();
    account.frugal = true;
    account.order(Order::Play(piece(1)));
    account.order(Order::Next(piece(2)));
    account.pass(185);
    account.order(Order::Next(piece(3)));
    account.pass(180);
    let started = |tag| Said::Started(tag, Some(LENGTH));
    assert_eq!(account.said(), [started(1), Said::Ended(1), started(2), Said::Ended(2), started(3)]);
    let looks = count(&account.calls(), "look");
    assert!(looks < 6, "{looks} looks");
}

#[test]
fn after_a_stop_the_same_trouble_is_told_again() {
    let mut account = Account::new();
    account.device = None;
    for play in 1..3 {
        account.order(Order::Play(piece(play)));
        assert!(matches!(&account.said()[..], [Said::Silent(Cause::Device, _)]), "the {play}. time");
        account.order(Order::Stop);
    }
}

#[test]
fn a_track_that_may_lie_in_the_queue_is_not_put_there_twice() {
    for arrives in [true, false] {
        let mut account = Account::new();
        account.order(Order::Play(piece(1)));
        account.order(Order::Next(piece(2)));
        account.pass(3);
        account.cut_off = arrives;
        account.refuse = (!arrives).then(away);
        account.pass(2);
        account.cut_off = false;
        account.refuse = None;
        account.pass(180);
        assert_eq!(count(&account.calls(), "queue"), 1, "arrives: {arrives}");
        account.order(Order::Next(piece(3)));
        account.pass(180);
        let started = |tag| Said::Started(tag, Some(LENGTH));
        let all = [started(1), Said::Ended(1), started(2), Said::Ended(2), started(3)];
        assert_eq!(account.said(), all, "arrives: {arrives}");
        assert_eq!(account.plays, Some(uri(3)));
    }
}

#[test]
fn a_skip_that_may_have_arrived_is_not_made_twice() {
    for arrives in [true, false] {
        let mut account = Account::playing();
        account.cut_off = arrives;
        account.refuse = (!arrives).then(away);
        account.order(Order::Skip);
        account.cut_off = false;
        account.refuse = None;
        account.pass(4);
        assert_eq!(count(&account.calls(), "skip"), 1, "arrives: {arrives}");
        assert_eq!(account.plays, Some(uri(2)));
        let said = account.said();
        assert!(matches!(&said[..], [Said::Ended(1) | Said::Skipped(1), Said::Started(2, _)]), "{said:?}");
        account.order(Order::Next(piece(3)));
        account.pass(190);
        assert_eq!(account.plays, Some(uri(3)), "arrives: {arrives}");
    }
}

#[test]
fn a_device_that_stays_away_costs_ever_less_until_somebody_asks_for_it() {
    let mut account = Account::new();
    account.device = None;
    for play in 1..=90 {
        // As the app does by itself.
        account.order(Order::Play(piece(play)));
        account.pass(40);
    }
    let calls = account.calls().len();
    assert!(calls < 60, "{calls} calls in an hour");
    account.device = Some("Den");
    account.order(Order::Resume);
    assert_eq!(account.plays, Some(uri(90)));
}

#[test]
fn a_device_that_is_listed_and_takes_no_orders_is_not_asked_without_end() {
    let mut account = Account::playing();
    account.sleeps = true;
    account.order(Order::Play(piece(5)));
    account.pass(600);
    let calls = account.calls().len();
    assert!(calls < 120, "{calls} calls in ten minutes");
    account.sleeps = false;
    account.pass(121);
    assert_eq!(account.plays, Some(uri(5)));
}

#[test]
fn after_a_first_track_that_is_refused_the_next_begins() {
    let mut account = Account::new();
    account.closed = Some(uri(1));
    account.deck.order(Order::Play(piece(1)), account.now);
    account.order(Order::Next(piece(2)));
    account.pass(3);
    let said = account.said();
    assert!(matches!(&said[..], [Said::Failed(1, _), Said::Started(2, _)]), "{said:?}");
}

#[test]
fn the_pause_at_the_end_is_tried_for_a_minute_and_no_longer() {
    for (seconds, is_paused) in [(3, true), (90, false)] {
        let mut account = Account::playing();
        account.refuse = Some(away());
        account.order(Order::Stop);
        let wake = account.deck.wake(account.now).unwrap();
        assert!(wake <= account.now + S * 4);
        account.pass(seconds);
        account.refuse = None;
        account.pass(60);
        assert_eq!(account.runs, !is_paused, "after {seconds} s");
    }
    // One that was due before is not left.
    let mut account = Account::playing();
    account.deck.ended();
    account.deck.pause_due = true;
    account.order(Order::Stop);
    assert_eq!(account.calls(), ["pause"]);
}

#[test]
fn a_start_that_fails_is_tried_again_soon() {
    let mut account = Account::playing();
    account.order(Order::Stop);
    account.refuse = Some(away());
    account.order(Order::Play(piece(5)));
    let wake = account.deck.wake(account.now).unwrap();
    assert!(wake <= account.now + S * 4);
    account.refuse = None;
    account.pass(4);
    assert_eq!(account.plays, Some(uri(5)));
}
