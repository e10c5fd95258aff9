//! Several rooms: each hears its own cameras, plays its own music and remembers for itself.

use moodring_host::{
    config::{Hear, Room},
    library::Store,
    player::local::Output,
    steer::Steer,
    view::{Paused, RoomView, State},
};
use moodring_mood::{Emotion, Mood};

use crate::{
    program::{get, post},
    support::{Device, Home, until},
};

fn room(name: &str, devices: &[&str]) -> Room {
    let devices = devices.iter().map(|id| id.parse().unwrap()).collect();
    Room { name: name.to_owned(), devices, ..Room::default() }
}

fn two_rooms(music: &[(&str, f32)]) -> Home {
    let mut home = Home::with(music);
    home.config.room = vec![room("Kitchen", &[]), room("Nursery", &["cot", "door"])];
    home
}

fn of<'a>(state: &'a State, name: &str) -> &'a RoomView {
    state.rooms.iter().find(|room| room.name == name).unwrap()
}

fn plays(state: &State, room: &str, title: &str) -> bool {
    of(state, room).playing.as_ref().is_some_and(|playing| playing.title == title)
}

#[tokio::test(flavor = "multi_thread")]
async fn each_room_plays_for_its_own_people() {
    let home = two_rooms(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let (mut hall, mut cot) = (Device::connect("hall", &host.broker).await, Device::connect("cot", &host.broker).await);
    hall.mood(Mood::Happy).await;
    cot.mood(Mood::Sad).await;
    let state =
        until(&host.handle, "each room has its music", |s| plays(s, "Kitchen", "sun") && plays(s, "Nursery", "rain"))
            .await;
    assert_eq!((of(&state, "Kitchen").mood, of(&state, "Nursery").mood), (Some(Emotion::Happy), Some(Emotion::Sad)));
    let devices: Vec<_> = state.devices.iter().map(|device| device.id.as_str()).collect();
    assert_eq!((devices, of(&state, "Nursery").devices.len()), (vec!["cot", "hall"], 1));
    assert_eq!(state.playing.as_ref().unwrap().title, "sun", "the first room is the one meant where none is named");
    assert_eq!(hall.told(|told| told.playing.is_some()).await.playing.unwrap().title, "sun");
    assert_eq!(cot.told(|told| told.playing.is_some()).await.playing.unwrap().title, "rain");

    // One is steered, the other plays on.
    let nursery = host.handle.of("Nursery").unwrap();
    nursery.steer(Steer::Pause).unwrap();
    let state = until(&host.handle, "the nursery is paused", |s| of(s, "Nursery").paused == Paused::ByHand).await;
    assert_eq!((state.paused, of(&state, "Kitchen").paused), (Paused::No, Paused::No));
    // What somebody likes is liked everywhere.
    let sun = state.playing.as_ref().unwrap().track;
    nursery.carry_out(Steer::Like { track: sun, liked: true }).await.unwrap();
    until(&host.handle, "it is liked", |s| s.playing.as_ref().is_some_and(|p| p.liked)).await;

    let page = host.page.to_string();
    assert!(post(&page, "/api/play?room=Nursery", "").starts_with("HTTP/1.1 200"));
    until(&host.handle, "the nursery goes on", |s| of(s, "Nursery").paused == Paused::No).await;
    let wrong = post(&page, "/api/pause?room=Attic", "");
    assert!(wrong.starts_with("HTTP/1.1 404") && wrong.contains("Kitchen"), "{wrong}");
    let history = get(&page, "/api/history?room=Nursery");
    assert!(history.contains("\"rain\"") && !history.contains("\"sun\""), "{history}");
    assert!(get(&page, "/api/taste?room=Nursery").starts_with("HTTP/1.1 200"));
    host.stop().await;

    let store = Store::open(&home.state()).await.unwrap();
    let rooms: Vec<_> = store.history(None, 10).await.unwrap().into_iter().map(|p| (p.room, p.title)).collect();
    assert!(rooms.contains(&("Kitchen".into(), "sun".into())) && rooms.contains(&("Nursery".into(), "rain".into())));
    for (room, emotion) in [("Kitchen", "happy"), ("Nursery", "sad")] {
        assert_eq!(store.kept(room, "mood").await.unwrap().as_deref(), Some(emotion));
        assert!(store.kept_queue(room).await.unwrap().iter().all(|choice| choice.mood.word() == emotion));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_cameras_share_a_speaker() {
    let mut home = Home::with(&[("happy/sun.wav", 60.0), ("sad/rain.wav", 60.0)]);
    home.config.room = vec![Room { hear: Hear::Majority, ..room("Kitchen", &[]) }];
    let host = home.start_and_scan().await;
    for (id, mood) in [("a", Mood::Sad), ("b", Mood::Sad), ("c", Mood::Happy)] {
        Device::connect(id, &host.broker).await.mood(mood).await;
    }
    let state = until(&host.handle, "all three are heard", |s| s.devices.len() == 3).await;
    assert_eq!(state.rooms.len(), 1);
    until(&host.handle, "two against one", |s| of(s, "Kitchen").mood == Some(Emotion::Sad)).await;
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_room_that_gets_a_name_goes_on_with_what_was_learnt_before() {
    let mut home = Home::with(&[("happy/sun.wav", 60.0), ("happy/moon.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut hall = Device::connect("hall", &host.broker).await;
    hall.mood(Mood::Happy).await;
    let state = until(&host.handle, "music plays", |s| s.playing.is_some() && !s.queue.is_empty()).await;
    let skipped = state.playing.as_ref().unwrap().track;
    host.handle.steer(Steer::Skip).unwrap();
    until(&host.handle, "the other plays", |s| s.playing.as_ref().is_some_and(|p| p.track != skipped)).await;
    host.stop().await;
    home.config.room = vec![room("Kitchen", &[]), Room { output: Some(Output::Null), ..room("Nursery", &["cot"]) }];
    let host = home.start_and_scan().await;
    let learnt = |room: &str| host.handle.of(room).unwrap();
    let kitchen = learnt("Kitchen").learnt(None, 10).await.unwrap();
    assert!(kitchen.iter().any(|of| of.track == skipped && of.sums.bad > 1.0), "{kitchen:?}");
    assert_eq!(learnt("Nursery").learnt(None, 10).await.unwrap(), []);
    host.stop().await;
}
