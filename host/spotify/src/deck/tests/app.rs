//! What somebody does in Spotify's own app, told apart from what happens by itself.

use super::*;

const THEIRS: &str = "spotify:track:theirs";

#[test]
fn our_music_is_followed_to_another_device_and_that_of_others_is_not() {
    let mut account = Account::playing();
    account.elsewhere = Some("Phone");
    account.pass(12);
    assert_eq!(account.said(), []);
    assert_eq!(account.deck.device(), Some("Phone"));
    account.elsewhere = Some("Car");
    account.user_plays(THEIRS, Duration::ZERO);
    account.pass(12);
    assert!(matches!(&account.said()[..], [Said::GaveWay(words)] if words.contains("“Car”")));
    account.elsewhere = None;
    account.order(Order::Resume);
    account.order(Order::Play(piece(5)));
    assert_eq!(account.plays, Some(uri(5)));
    assert_eq!(account.deck.device(), Some("Den"), "and not where the others listen");
}

#[test]
fn going_on_is_with_ours_whatever_else_was_paused_meanwhile() {
    let mut account = Account::playing();
    account.order(Order::Pause(Duration::ZERO));
    account.user_plays(THEIRS, S * 33);
    account.runs = false;
    account.pass(30);
    account.order(Order::Resume);
    assert_eq!(account.plays, Some(uri(1)));
    assert_eq!(account.progress, S * 10);
    assert!(account.runs);
    assert_eq!(account.said(), []);
    account.user_plays(THEIRS, S * 33);
    account.runs = false;
    account.pass(12);
    assert_eq!(account.said(), [Said::Paused], "whoever paused that paused ours");
}

#[test]
fn a_pause_near_the_end_is_a_pause() {
    let mut account = Account::playing();
    account.pass(162);
    account.runs = false;
    account.pass(10);
    assert_eq!(account.said(), [Said::Paused]);
    assert!(!account.runs);
}

#[test]
fn other_music_near_the_end_is_somebody_s() {
    for handed_over in [true, false] {
        let mut account = Account::playing();
        if !handed_over {
            account.queue.clear();
            account.deck.handed.clear();
            account.deck.hand_not_before = account.now + LENGTH * 2;
        }
        account.pass(162);
        account.user_plays(THEIRS, Duration::ZERO);
        account.pass(10);
        assert!(matches!(&account.said()[..], [Said::GaveWay(_)]), "handed over: {handed_over}");
        assert_eq!(account.plays.as_deref(), Some(THEIRS));
    }
}

#[test]
fn a_track_that_is_repeated_has_ended_and_the_next_follows() {
    let mut account = Account::playing();
    account.repeats = true;
    account.pass(172);
    assert_eq!(account.plays, Some(uri(2)));
    assert_eq!(account.said(), [Said::Ended(1), Said::Started(2, Some(LENGTH))]);
    // Wound back by hand near its end, a track goes on.
    let mut account = Account::playing();
    account.pass(165);
    account.progress = S * 30;
    account.pass(20);
    assert_eq!(account.said(), []);
    assert_eq!(account.plays, Some(uri(1)));
}

#[test]
fn a_repeated_track_that_nothing_follows_ends_in_silence() {
    let mut account = Account::new();
    account.order(Order::Play(piece(1)));
    account.repeats = true;
    account.pass(185);
    assert_eq!(account.said(), [Said::Started(1, Some(LENGTH)), Said::Ended(1)]);
    assert!(!account.runs);
    account.pass(600);
    assert_eq!(account.said(), []);
    account.order(Order::Next(piece(2)));
    assert_eq!(account.said(), [Said::Started(2, Some(LENGTH))]);
    assert!(account.runs);
}

#[test]
fn with_nothing_wanted_any_more_looks_become_rare() {
    let mut account = Account::new();
    account.order(Order::Play(piece(1)));
    account.pass(185);
    assert_eq!(account.said(), [Said::Started(1, Some(LENGTH)), Said::Ended(1)]);
    account.calls();
    account.pass(3600);
    let calls = account.calls().len();
    assert!(calls < 50, "{calls} calls in an hour");
}

#[test]
fn the_same_song_twice_in_a_row_is_two_plays() {
    let mut account = Account::new();
    account.order(Order::Play(piece(1)));
    account.order(Order::Next(Piece { tag: 2, ..piece(1) }));
    account.pass(185);
    let started = |tag| Said::Started(tag, Some(LENGTH));
    assert_eq!(account.said(), [started(1), Said::Ended(1), started(2)]);
    assert_eq!(account.calls().iter().filter(|call| call.starts_with("start")).count(), 1);
}

#[test]
fn what_a_start_took_the_place_of_may_be_shown_for_a_while_yet() {
    let mut account = Account::playing();
    account.order(Order::Play(piece(5)));
    account.shown = Some(uri(1));
    account.pass(6);
    account.shown = None;
    account.pass(12);
    assert_eq!(account.said(), [Said::Ended(1), Said::Started(5, Some(LENGTH))]);
    // Later, somebody wants it.
    account.user_plays(&uri(1), Duration::ZERO);
    account.pass(12);
    assert!(matches!(&account.said()[..], [Said::GaveWay(_)]));

    // Music that was taken over.
    let mut account = Account::new();
    account.user_plays(THEIRS, Duration::ZERO);
    account.order(Order::Play(piece(1)));
    account.order(Order::Resume);
    account.order(Order::Play(piece(2)));
    account.shown = Some(THEIRS.to_owned());
    account.pass(6);
    account.shown = None;
    account.pass(6);
    assert!(matches!(&account.said()[..], [Said::GaveWay(_), Said::Started(2, _)]));
}

#[test]
fn a_pause_while_nothing_of_ours_plays_leaves_other_music_alone() {
    let mut account = Account::playing();
    account.order(Order::Stop);
    account.user_plays(THEIRS, Duration::ZERO);
    account.calls();
    account.deck.order(Order::Play(piece(5)), account.now);
    account.order(Order::Pause(Duration::ZERO));
    account.pass(5);
    assert_eq!(account.calls(), [""; 0]);
    assert!(account.runs);
}
