//! The deck with voices made of numbers: every frame is known.

use super::*;

/// A voice of so many frames, all of one value; it may open late, starve or break.
#[derive(Clone)]
struct Tone {
    value: f32,
    left: usize,
    opening: Opening,
    starves: bool,
    breaks: bool,
}

fn torn() -> Fault {
    Fault::Broken("torn".to_owned())
}

fn tone(value: f32, frames: usize) -> Tone {
    let length = Duration::from_secs_f64(frames as f64 / f64::from(RATE));
    Tone { value, left: frames, opening: Opening::Ready(Some(length)), starves: false, breaks: false }
}

impl Voice for Tone {
    fn opening(&mut self) -> Opening {
        self.opening.clone()
    }

    fn read(&mut self, out: &mut [f32]) -> (usize, Shortfall) {
        let frames = self.left.min(out.len() / 2);
        out[..2 * frames].fill(self.value);
        self.left -= frames;
        let shortfall = match (self.starves, self.breaks) {
            (true, _) => Shortfall::NotYet,
            (_, true) => Shortfall::Broke(torn()),
            _ => Shortfall::Ended,
        };
        (2 * frames, shortfall)
    }
}

/// The left channel of so many frames.
fn hear(deck: &mut Deck, frames: usize) -> Vec<f32> {
    let mut heard = Vec::new();
    // In pieces of a length that divides nothing, as a device would ask.
    while heard.len() < frames {
        let mut out = vec![f32::NAN; 2 * (frames - heard.len()).min(777)];
        deck.render(&mut out);
        assert!(out.iter().all(|s| s.abs() <= 1.0), "silence is filled in, nothing clips");
        heard.extend(out.chunks_exact(2).map(|frame| frame[0]));
    }
    heard
}

fn largest_step(heard: &[f32]) -> f32 {
    heard.windows(2).map(|pair| (pair[1] - pair[0]).abs()).fold(0.0, f32::max)
}

const SECOND: usize = RATE as usize;

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn two_tracks_join_without_a_frame_between() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.25, 10_001)));
    deck.next(2, Box::new(tone(0.5, 5_003)));
    let heard = hear(&mut deck, 20_000);
    assert!(heard[..10_001].iter().all(|&s| s == 0.25));
    assert!(heard[10_001..15_004].iter().all(|&s| s == 0.5));
    assert!(heard[15_004..].iter().all(|&s| s == 0.0));
    let length = |frames: u32| Some(Duration::from_secs_f64(f64::from(frames) / f64::from(RATE)));
    let order = [Event::Started(1, length(10_001)), Event::Ended(1), Event::Started(2, length(5_003)), Event::Ended(2)];
    assert_eq!(deck.events(), order);
    assert!(deck.empty());
}

#[test]
fn tells_the_position_each_second_heard() {
    let mut deck = Deck::new();
    deck.play(7, Box::new(tone(0.1, 10 * SECOND)));
    hear(&mut deck, 3 * SECOND + 100);
    let positions: Vec<_> = deck.events().into_iter().skip(1).collect();
    assert_eq!(positions, [1, 2, 3].map(|s| Event::Position(7, seconds(s))));
}

#[test]
fn a_later_next_takes_the_place_of_an_earlier() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.1, 1_000)));
    deck.next(2, Box::new(tone(0.2, 1_000)));
    deck.next(3, Box::new(tone(0.3, 1_000)));
    assert_eq!(hear(&mut deck, 1_500)[1_200], 0.3);
    let order: Vec<_> = deck.events();
    assert!(matches!(order[..], [Event::Started(1, _), Event::Ended(1), Event::Started(3, _)]), "{order:?}");

    deck.next(4, Box::new(tone(0.4, 1_000)));
    deck.clear_next();
    assert_eq!(hear(&mut deck, 1_000).last(), Some(&0.0));
    assert_eq!(deck.events(), [Event::Ended(3)]);
}

#[test]
fn play_cuts_with_a_short_fade_and_not_before_the_new_one_is_open() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.5, 10 * SECOND)));
    hear(&mut deck, 1_000);
    deck.play(2, Box::new(Tone { opening: Opening::Pending, ..tone(0.0, SECOND) }));
    assert_eq!(hear(&mut deck, 1_000), [0.5; 1_000], "plays on while the new one opens");
    deck.play(3, Box::new(tone(0.0, SECOND)));
    let heard = hear(&mut deck, 2_000);
    assert!(largest_step(&heard) < 0.002, "a click of {}", largest_step(&heard));
    let order: Vec<_> = deck.events();
    assert!(matches!(order[..], [Event::Started(1, _), Event::Ended(1), Event::Started(3, _)]), "{order:?}");
}

#[test]
fn skip_ends_the_track_and_begins_the_next_at_full_strength() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.5, 10 * SECOND)));
    deck.next(2, Box::new(tone(0.25, SECOND)));
    hear(&mut deck, 1_000);
    deck.skip();
    let heard = hear(&mut deck, 2_000);
    let fade = heard.iter().position(|&s| s == 0.25).expect("the next one is heard");
    assert!((800..1_000).contains(&fade), "cut within {fade} frames");
    assert!(heard[fade..].iter().all(|&s| s == 0.25));
    deck.skip();
    assert_eq!(hear(&mut deck, 2_000).last(), Some(&0.0), "nothing follows");
    let order: Vec<_> = deck.events();
    assert!(
        matches!(order[..], [Event::Started(1, _), Event::Ended(1), Event::Started(2, _), Event::Ended(2)]),
        "{order:?}"
    );
    deck.skip();
    hear(&mut deck, 100);
    assert_eq!(deck.events(), [], "there was nothing to skip");
}

#[test]
fn pause_fades_out_stands_still_and_resumes_where_it_was() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.5, 4 * SECOND)));
    hear(&mut deck, SECOND);
    deck.pause(seconds(1));
    let fading = hear(&mut deck, SECOND);
    assert!(largest_step(&fading) < 0.001);
    assert!(fading[SECOND / 2] > 0.1 && fading[SECOND / 2] < 0.25, "half as loud at half time: {}", fading[SECOND / 2]);
    assert_eq!(hear(&mut deck, 5 * SECOND)[100..], vec![0.0; 5 * SECOND - 100], "silence");
    assert!(deck.silent() && !deck.empty());
    deck.resume();
    let back = hear(&mut deck, 3 * SECOND);
    assert!(largest_step(&back[..2 * SECOND - 200]) < 0.001, "comes back softly");
    // Four seconds of sound in all: one before, one fading, two after.
    let sounding = back.iter().filter(|&&s| s != 0.0).count();
    assert!(sounding.abs_diff(2 * SECOND) < 100, "{sounding}");
}

#[test]
fn a_pause_turned_back_midway_is_smooth() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.5, 4 * SECOND)));
    hear(&mut deck, 1_000);
    deck.pause(seconds(1));
    let mut heard = hear(&mut deck, SECOND / 2);
    deck.resume();
    heard.extend(hear(&mut deck, SECOND));
    deck.pause(Duration::ZERO);
    heard.extend(hear(&mut deck, SECOND));
    assert!(largest_step(&heard) < 0.002, "{}", largest_step(&heard));
    assert_eq!(heard.last(), Some(&0.0));
}

#[test]
fn skip_while_paused_moves_on_in_silence_and_play_ends_the_pause() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.5, SECOND)));
    deck.next(2, Box::new(tone(0.25, SECOND)));
    deck.pause(Duration::ZERO);
    hear(&mut deck, 2_000);
    deck.skip();
    assert_eq!(hear(&mut deck, 1_000), [0.0; 1_000]);
    let order: Vec<_> = deck.events();
    assert!(matches!(order[..], [Event::Started(1, _), Event::Ended(1), Event::Started(2, _)]), "{order:?}");
    deck.play(3, Box::new(tone(0.75, SECOND)));
    assert_eq!(hear(&mut deck, 1_000), [0.75; 1_000]);
    assert!(matches!(deck.events()[..], [Event::Ended(2), Event::Started(3, _)]));
}

#[test]
fn volume_glides() {
    let mut deck = Deck::new();
    deck.volume(0.5);
    deck.play(1, Box::new(tone(1.0, 9 * SECOND)));
    let softer = hear(&mut deck, 10)[0];
    assert!((softer - 0.315).abs() < 0.001, "10 dB less from the first frame: {softer}");
    for wish in [1.0, 0.0, f32::NAN, 7.0, -1.0] {
        deck.volume(wish);
        assert!(largest_step(&hear(&mut deck, SECOND)) < 0.002, "{wish}");
    }
    assert_eq!(hear(&mut deck, 1), [0.0]);
}

#[test]
fn what_cannot_be_opened_is_told_at_once_and_does_not_stop_the_music() {
    let broken = Tone { opening: Opening::Failed(torn()), ..tone(0.0, 0) };
    let mut deck = Deck::new();
    deck.play(1, Box::new(broken.clone()));
    deck.next(2, Box::new(tone(0.5, SECOND)));
    assert_eq!(hear(&mut deck, 1_000), [0.5; 1_000], "the next one plays instead");
    deck.next(3, Box::new(broken.clone()));
    deck.play(4, Box::new(broken));
    assert_eq!(hear(&mut deck, 1_000), [0.5; 1_000], "the current one plays on");
    let order: Vec<_> = deck.events();
    let failed = |play| Event::Failed(play, torn());
    assert!(matches!(&order[..], [a, Event::Started(2, _), b, c] if [a, b, c] == [&failed(1), &failed(4), &failed(3)]));
}

#[test]
fn a_track_that_breaks_off_fails_and_the_next_one_follows() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(Tone { breaks: true, ..tone(0.5, 1_000) }));
    deck.next(2, Box::new(tone(0.25, SECOND)));
    assert_eq!(hear(&mut deck, 1_500)[1_000..], [0.25; 500]);
    let order: Vec<_> = deck.events();
    assert!(
        matches!(&order[..], [Event::Started(1, _), Event::Failed(1, why), Event::Started(2, _)] if *why == torn()),
        "{order:?}"
    );
}

#[test]
fn a_disk_that_hangs_is_silence_for_a_while_and_then_given_up() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(Tone { starves: true, ..tone(0.5, 1_000) }));
    hear(&mut deck, 14 * SECOND);
    assert!(matches!(deck.events()[..], [Event::Started(1, _)]));
    deck.next(2, Box::new(tone(0.25, SECOND)));
    assert_eq!(hear(&mut deck, 3 * SECOND).iter().filter(|&&s| s == 0.25).count(), SECOND);
    assert!(matches!(&deck.events()[..], [Event::Failed(1, Fault::Away(why)), ..] if why.contains("15 s")));

    deck.play(3, Box::new(Tone { opening: Opening::Pending, ..tone(0.5, 1_000) }));
    hear(&mut deck, 16 * SECOND);
    assert!(matches!(&deck.events()[..], [Event::Failed(3, Fault::Away(why))] if why.contains("15 s")));
    assert!(deck.empty());
}

#[test]
fn stop_fades_and_forgets_everything() {
    let mut deck = Deck::new();
    deck.play(1, Box::new(tone(0.5, SECOND)));
    deck.next(2, Box::new(tone(0.5, SECOND)));
    hear(&mut deck, 1_000);
    deck.stop();
    assert!(largest_step(&hear(&mut deck, 2_000)) < 0.002);
    assert!(deck.empty());
    assert!(matches!(deck.events()[..], [Event::Started(1, _), Event::Ended(1)]));
}

#[test]
fn one_track_fades_into_the_next_and_never_clips() {
    let mut deck = Deck::with_crossfade(seconds(2));
    deck.play(1, Box::new(tone(0.9, 20 * SECOND)));
    deck.next(2, Box::new(tone(0.9, 20 * SECOND)));
    assert!(hear(&mut deck, 18 * SECOND).iter().all(|&s| s == 0.9), "untouched until then");
    deck.events();
    let fading = hear(&mut deck, 2 * SECOND);
    assert!(matches!(deck.events()[..], [Event::Ended(1), Event::Started(2, Some(_)), ..]));
    // Their peaks are unknown, so both sides together stay as loud as one.
    assert!(fading.iter().all(|s| (s - 0.9).abs() < 1e-4), "{:?}", fading.iter().copied().fold(0.0, f32::max));
    assert!(hear(&mut deck, 17 * SECOND).iter().all(|&s| s == 0.9));
    assert_eq!(hear(&mut deck, 2 * SECOND).iter().filter(|&&s| s != 0.0).count(), SECOND, "to its very end");
    assert!(deck.empty());
}

#[test]
fn a_fade_is_smooth_and_can_be_paused_skipped_and_stopped() {
    let begin = || {
        let mut deck = Deck::with_crossfade(seconds(2));
        deck.play(1, Box::new(tone(0.6, 10 * SECOND)));
        deck.next(2, Box::new(tone(-0.6, 10 * SECOND)));
        hear(&mut deck, 9 * SECOND);
        deck.events();
        deck
    };
    let mut deck = begin();
    let level = hear(&mut deck, 2)[0];
    assert!(level.abs() < 0.01, "half-way they cancel: {level}");
    deck.pause(Duration::ZERO);
    assert!(largest_step(&hear(&mut deck, SECOND)) < 0.002);
    deck.resume();
    let on = hear(&mut deck, 2 * SECOND);
    assert!(largest_step(&on) < 0.002 && *on.last().unwrap() == -0.6);

    let mut deck = begin();
    deck.next(3, Box::new(tone(0.3, SECOND)));
    deck.skip();
    let cut = hear(&mut deck, 2_000);
    assert!(largest_step(&cut[..800]) < 0.002 && cut[1_999] == 0.3);
    assert!(matches!(deck.events()[..], [Event::Ended(2), Event::Started(3, _)]));

    let mut deck = begin();
    deck.stop();
    assert!(largest_step(&hear(&mut deck, 2_000)) < 0.002);
    assert!(deck.empty());
}

#[test]
fn what_opens_too_late_to_fade_is_joined() {
    let mut deck = Deck::with_crossfade(seconds(2));
    deck.play(1, Box::new(tone(0.5, 10 * SECOND)));
    let late = Tone { opening: Opening::Pending, ..tone(0.25, 10 * SECOND) };
    deck.next(2, Box::new(late));
    hear(&mut deck, 9 * SECOND + 40_000);
    deck.next(3, Box::new(tone(0.25, 10 * SECOND)));
    let heard = hear(&mut deck, SECOND);
    assert!(heard[..4_100].iter().all(|&s| s == 0.5) && heard[4_100..].iter().all(|&s| s == 0.25));
}
