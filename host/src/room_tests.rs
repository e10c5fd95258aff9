use moodring_mood::{Confidence, Scores};

use super::*;

fn say(mood: Mood, at: Timestamp) -> MoodMessage {
    let confidence = Confidence::saturating(0.8);
    MoodMessage { v: 1, at, seq: 1, mood, confidence, people: 1, scores: Scores::default() }
}

fn later(start: Moment, s: u64) -> Moment {
    let gone = Duration::from_secs(s);
    Moment { at: start.at + gone, tick: start.tick + gone }
}

/// Three cameras tell this at these seconds, for so many people.
fn three(hear: Hear, people_max: Option<u32>, told: &[(&str, u64, Mood, u32)]) -> (Feeling, Moment) {
    let start = Moment::now();
    let mut room = Room::new(hear, people_max);
    for (device, s, mood, people) in told {
        let now = later(start, *s);
        room.mood(&id(device), MoodMessage { people: *people, ..say(*mood, now.at) }, false, now).unwrap();
    }
    (room.feels(later(start, 60)), start)
}

#[test]
fn where_the_majority_speaks_the_most_people_do() {
    use Mood::{Happy, Nobody, Sad, Unsure};
    let told = [("a", 0, Happy, 1), ("b", 5, Happy, 1), ("c", 10, Sad, 1)];
    let (feeling, start) = three(Hear::Majority, None, &told);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 5)), "two against one");
    let (feeling, start) = three(Hear::Freshest, None, &told);
    assert_eq!(feeling, Feeling::Feels(Emotion::Sad, later(start, 10)));
    let (feeling, _) = three(Hear::Majority, None, &[("a", 0, Happy, 1), ("b", 5, Happy, 1), ("c", 10, Sad, 3)]);
    assert!(matches!(feeling, Feeling::Feels(Emotion::Sad, _)), "three faces against two");
    let (feeling, _) = three(Hear::Majority, None, &[("a", 0, Happy, 1), ("c", 10, Sad, 1)]);
    assert!(matches!(feeling, Feeling::Feels(Emotion::Sad, _)), "of as many, the one told last");
    let (feeling, _) = three(Hear::Majority, None, &[("a", 0, Happy, 1), ("b", 5, Unsure, 2), ("c", 10, Nobody, 0)]);
    assert!(matches!(feeling, Feeling::Feels(Emotion::Happy, _)), "who is unsure has no vote");
}

#[test]
fn a_chosen_camera_speaks_and_the_others_only_say_that_somebody_is_there() {
    use Mood::{Happy, Nobody, Sad};
    let chosen = || Hear::Only(id("a"));
    let (feeling, start) = three(chosen(), None, &[("a", 0, Happy, 1), ("b", 10, Sad, 1)]);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, start));
    assert_eq!(three(chosen(), None, &[("a", 0, Nobody, 0), ("b", 10, Sad, 1)]).0, Feeling::Somebody);
    let (feeling, start) = three(chosen(), None, &[("a", 0, Nobody, 0), ("b", 10, Nobody, 0)]);
    assert_eq!(feeling, Feeling::Nobody(later(start, 10)));
}

#[test]
fn the_mood_of_a_crowd_can_be_passed_over() {
    use Mood::{Happy, Sad};
    assert_eq!(three(Hear::Freshest, Some(2), &[("a", 0, Happy, 3)]).0, Feeling::Somebody);
    let (feeling, _) = three(Hear::Freshest, Some(2), &[("a", 0, Happy, 3), ("a", 30, Happy, 2)]);
    assert!(matches!(feeling, Feeling::Feels(Emotion::Happy, _)), "one of them has left");
    let (feeling, _) = three(Hear::Freshest, Some(2), &[("a", 0, Sad, 1), ("b", 30, Happy, 9)]);
    assert!(matches!(feeling, Feeling::Feels(Emotion::Sad, _)), "the other camera sees one");
}

fn id(name: &str) -> DeviceId {
    name.parse().unwrap()
}

/// What the room feels after one device told these moods at these seconds.
fn told(moods: &[(u64, Mood)], ask: u64) -> (Feeling, Moment) {
    let start = Moment::now();
    let mut room = Room::default();
    for (s, mood) in moods {
        let now = later(start, *s);
        room.mood(&id("a"), say(*mood, now.at), false, now).unwrap();
    }
    (room.feels(later(start, ask)), start)
}

#[test]
fn unsure_keeps_the_last_mood_and_nobody_ends_it() {
    let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Unsure), (30, Mood::Happy)], 40);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, start));
    let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Unsure)], 40);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, start));
    let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Nobody), (50, Mood::Nobody)], 60);
    assert_eq!(feeling, Feeling::Nobody(later(start, 20)));
    // Back again: the mood counts from now on.
    let (feeling, start) = told(&[(0, Mood::Happy), (20, Mood::Nobody), (50, Mood::Happy)], 60);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 50)));
    assert_eq!(told(&[(0, Mood::Unsure)], 1).0, Feeling::Somebody);
    assert_eq!(told(&[], 1).0, Feeling::Unknown);
}

#[test]
fn a_device_that_falls_silent_or_offline_sees_nobody() {
    let (feeling, start) = told(&[(0, Mood::Happy), (30, Mood::Happy)], 30 + 121);
    assert_eq!(feeling, Feeling::Nobody(later(start, 30)));
    let now = Moment::now();
    let mut room = Room::default();
    room.mood(&id("a"), say(Mood::Happy, now.at), false, now).unwrap();
    room.status(&id("a"), Status::Offline).unwrap();
    assert_eq!(room.feels(now), Feeling::Nobody(now));
    room.status(&id("a"), Status::Online).unwrap();
    assert_eq!(room.feels(now), Feeling::Somebody, "who is there now has not been told");
}

#[test]
fn a_camera_closed_on_purpose_leaves_the_mood_as_it_was() {
    let (start, mut room) = (Moment::now(), Room::default());
    room.mood(&id("a"), say(Mood::Happy, start.at), false, start).unwrap();
    room.paused(&id("a"), Paused::On, start).unwrap();
    let hours = later(start, 7200);
    assert_eq!(room.feels(hours), Feeling::Feels(Emotion::Happy, start));
    assert_eq!(room.wake(hours), None);
    assert!(room.view()[0].paused);
    room.paused(&id("a"), Paused::Off, hours).unwrap();
    assert_eq!(room.feels(hours), Feeling::Feels(Emotion::Happy, start));
    assert!(matches!(room.feels(later(start, 7200 + 121)), Feeling::Nobody(_)), "it has not said anything since");
}

#[test]
fn after_an_absence_the_old_mood_is_over_and_its_age_too() {
    use Mood::{Happy, Nobody, Unsure};
    let (feeling, _) = told(&[(0, Happy), (20, Nobody), (50, Unsure)], 60);
    assert_eq!(feeling, Feeling::Somebody);
    let (feeling, start) = told(&[(0, Happy), (20, Nobody), (50, Unsure), (70, Happy)], 80);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 70)));
    // Not heard for hours.
    let (feeling, start) = told(&[(0, Happy), (9 * 3600, Happy)], 9 * 3600 + 1);
    assert_eq!(feeling, Feeling::Feels(Emotion::Happy, later(start, 9 * 3600)));
    assert_eq!(told(&[(0, Happy), (9 * 3600, Unsure)], 9 * 3600 + 1).0, Feeling::Somebody);
    // Offline for hours: what is shown begins anew, too.
    let (start, mut room) = (Moment::now(), Room::default());
    room.mood(&id("a"), say(Happy, start.at), false, start).unwrap();
    room.status(&id("a"), Status::Offline).unwrap();
    let back = later(start, 60);
    room.status(&id("a"), Status::Online).unwrap();
    room.mood(&id("a"), say(Happy, back.at), false, back).unwrap();
    assert_eq!(room.feels(back), Feeling::Feels(Emotion::Happy, back));
    assert_eq!(room.view()[0].since, back.at);
}

#[test]
fn a_change_is_dated_by_the_device_where_its_clock_is_plausible() {
    let (now, mut room) = (Moment::now(), Room::default());
    let mut tell = |mood, at| room.mood(&id("a"), say(mood, at), false, now).unwrap();
    let early = now.at - Duration::from_secs(3);
    assert_eq!(tell(Mood::Happy, early), Some(early));
    assert_eq!(tell(Mood::Happy, now.at), None, "a repetition is no change");
    assert_eq!(tell(Mood::Sad, now.at - Duration::from_secs(86_400)), Some(now.at));
}

#[test]
fn the_device_whose_mood_changed_last_speaks_for_the_room() {
    let start = Moment::now();
    let mut room = Room::default();
    let mut tell = |name: &str, s, mood| {
        let now = later(start, s);
        room.mood(&id(name), say(mood, now.at), false, now).unwrap();
        room.feels(now)
    };
    tell("kitchen", 0, Mood::Happy);
    assert_eq!(tell("hall", 10, Mood::Sad), Feeling::Feels(Emotion::Sad, later(start, 10)));
    // A mere repetition changes nothing.
    assert_eq!(tell("kitchen", 30, Mood::Happy), Feeling::Feels(Emotion::Sad, later(start, 10)));
    assert_eq!(tell("hall", 35, Mood::Nobody), Feeling::Feels(Emotion::Happy, start));
}

#[test]
fn old_retained_moods_are_shown_and_not_acted_upon() {
    let now = Moment::now();
    for (age, feels) in [(-600, false), (-60, true), (0, true), (60, true), (600, false)] {
        let mut room = Room::default();
        let at = now.at - jiff::SignedDuration::from_secs(age);
        room.mood(&id("a"), say(Mood::Happy, at), true, now).unwrap();
        assert_eq!(room.view()[0].mood, Mood::Happy);
        assert_eq!(room.feels(now) != Feeling::Unknown, feels, "{age} s old");
    }
    // Told just now by a device whose clock is a day off: acted upon, since now.
    let mut room = Room::default();
    let wrong = now.at + Duration::from_secs(86_400);
    room.mood(&id("a"), say(Mood::Happy, wrong), false, now).unwrap();
    assert_eq!(room.feels(now), Feeling::Feels(Emotion::Happy, now));
    assert_eq!(room.view()[0].since, now.at);
}

#[test]
fn a_crowd_of_invented_devices_is_refused() {
    let now = Moment::now();
    let mut room = Room::default();
    for n in 0..MAX_DEVICES {
        room.status(&id(&format!("d{n}")), Status::Online).unwrap();
    }
    assert_eq!(room.mood(&id("one-more"), say(Mood::Sad, now.at), false, now), Err(Full));
    assert!(room.mood(&id("d0"), say(Mood::Sad, now.at), false, now).is_ok());
}

#[test]
fn without_a_connection_silence_means_nothing() {
    let start = Moment::now();
    let mut room = Room::default();
    room.mood(&id("a"), say(Mood::Happy, start.at), false, start).unwrap();
    room.lost();
    let hour = later(start, 3600);
    assert_eq!(room.feels(hour), Feeling::Feels(Emotion::Happy, start), "what was said last stands");
    assert_eq!(room.wake(hour), None);
    room.connected(hour);
    assert_eq!(room.feels(later(start, 3600 + 119)), Feeling::Feels(Emotion::Happy, start));
    assert!(matches!(room.feels(later(start, 3600 + 121)), Feeling::Nobody(_)), "it has as long as ever to speak");
}
