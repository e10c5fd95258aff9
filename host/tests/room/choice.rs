//! The choice, as it is asked about at the command line: why, a dry run, what was learnt, what learning is worth.

use moodring_host::steer::Steer;
use moodring_mood::Mood;

use crate::{
    program::says,
    support::{Device, Home, until},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learnt_is_told_exported_and_reset() {
    let home = Home::with(&[("happy/sun.wav", 60.0), ("happy/moon.wav", 60.0)]);
    let host = home.start_and_scan().await;
    let mut device = Device::connect("kitchen", &host.broker).await;
    device.mood(Mood::Happy).await;
    let first = until(&host.handle, "music plays", |s| s.playing.is_some()).await.playing.clone().unwrap();
    host.handle.carry_out(Steer::Skip).await.unwrap();
    let other = |s: &moodring_host::view::State| s.playing.as_ref().is_some_and(|now| now.title != first.title);
    until(&host.handle, "the other one plays", other).await;

    // The program runs meanwhile.
    let (well, told) = says(&home, &["why", "--last", "2"]);
    assert!(well && told.contains(&format!("{}  (skipped)", first.title)), "{told}");
    assert!(told.contains("happy: music that stays with it") || told.matches("not played").count() == 2, "{told}");
    let (well, told) = says(&home, &["taste", "export"]);
    assert!(well && told.contains(r#""room": "home""#) && told.contains(&format!(r#""title": "{}""#, first.title)));
    assert!(told.contains(r#""emotion": "happy""#) && told.contains(r#""bad": 1."#), "{told}");

    let (well, told) = says(&home, &["taste", "reset", "--mood", "sad"]);
    assert!(well && told.contains("what was learnt for sad in home is forgotten"), "{told}");
    assert!(!says(&home, &["taste", "export"]).1.contains(r#""learnt": []"#), "happy was not meant");
    assert!(says(&home, &["taste", "reset"]).0);
    assert!(says(&home, &["taste", "export"]).1.contains(r#""learnt": []"#));
    // The running program has taken it up: what it keeps next does not bring back what was forgotten.
    host.handle.carry_out(Steer::Skip).await.unwrap();
    until(&host.handle, "the first one plays", |s| s.playing.as_ref().is_some_and(|p| p.title == first.title)).await;
    let told = says(&home, &["taste", "export"]).1;
    assert!(!told.contains(&format!(r#""title": "{}""#, first.title)), "{told}");
    host.stop().await;

    for (arguments, says_why) in [
        (["taste", "reset", "--mood", "gloomy"], "\"gloomy\" is no mood to learn for; use angry"),
        (["taste", "export", "--room", "Attic"], "there is no room \"Attic\"; there is home"),
        (["simulate", "--moods", "day.txt", "--seed=1"], "cannot read day.txt"),
    ] {
        let (well, told) = says(&home, &arguments);
        assert!(!well && told.contains(says_why), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_is_rehearsed_and_the_listeners_are_simulated() {
    let home = Home::with(&[("happy/sun.wav", 1.0), ("sad/rain.wav", 1.0)]);
    home.start_and_scan().await.stop().await;
    let day = home.dir.path().join("day.txt");
    std::fs::write(&day, "07:30 happy\n07:31 sad\n07:32 end\n").unwrap();
    let (well, told) = says(&home, &["simulate", "--moods", day.to_str().unwrap()]);
    assert!(well && told.contains("07:30:00  sun: happy") && told.contains("rain: sad"), "{told}");
    assert!(says(&home, &["why"]).1.contains("nothing has been played yet"), "nothing was changed");
    let (well, told) = says(&home, &["regret", "--listeners", "2", "--plays", "20", "--tracks", "60"]);
    assert!(well && told.contains("2 listeners, 60 tracks each"), "{told}");
    let small = ["bench", "--tracks=60", "--history=90", "--messages=10", "--starts=1"];
    let (well, measured) = says(&home, &small);
    assert!(well && measured.contains("60 tracks, 90 plays of history"), "{measured}");
    for row in ["play command", "the choice alone", "first sound", "memory at the most"] {
        assert!(measured.contains(row), "{measured}\nshould have {row}");
    }
    for row in ["plays 1–20", "this program", "a fixed playlist", "by chance", "always the best", "less than fixed"] {
        assert!(told.contains(row), "{told}\nshould have {row}");
    }
}
