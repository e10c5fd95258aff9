//! The page from outside: a real listener, a simulated room, and a small HTTP client.
#![allow(clippy::unwrap_used)] // Here an unwrap is an assertion, in functions beside the tests too.

mod access;
mod client;
#[path = "../common/contract.rs"]
mod contract;
mod openapi;
mod room;
mod serving;

use std::{collections::HashSet, time::Duration};

use client::{Events, Page};
use moodring_host::{
    view::Paused,
    web::{self, BindError},
};
use moodring_mood::{Emotion, Mood, look::look};
use room::{HOSTILE, Scene};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    time::timeout,
};

#[tokio::test]
async fn the_state_has_the_promised_shape() {
    let page = Page::open(Scene::One).await;
    let state = page.state().await;
    let device = &state["devices"][0];
    assert_eq!(
        (&device["id"], &device["online"], &device["mood"]),
        (&json!("living-room"), &json!(true), &json!("happy"))
    );
    assert_eq!(device["confidence"], json!(0.83));
    assert!(device["since"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    for key in ["title", "artist", "mood", "reason"] {
        assert!(state["playing"][key].is_string(), "{key}");
        assert!(state["queue"][0][key].is_string(), "{key}");
    }
    let empty = Page::open(Scene::Empty).await.state().await;
    assert_eq!((&empty["devices"], &empty["playing"], &empty["queue"]), (&json!([]), &Value::Null, &json!([])));
}

#[tokio::test]
async fn the_page_reads_without_javascript() {
    let page = Page::open(Scene::One).await;
    let answer = page.get("/").await;
    assert_eq!(answer.status, 200);
    let now = answer.text().to_lowercase();
    for said in [
        "living-room",
        ">happy<",
        "83 % sure",
        "for 4 min",
        "2 people in view",
        "online",
        "10.0 frames/s",
        "4.1 ms",
        "Sunny Steps",
        "Marla Quint",
        "happy for 4 min; not played today",
        "3:24",
        "Kites over Brighton",
        "another artist than the last three",
        "Rain on the Tram",
        "action=\"/api/pause\"",
        "action=\"/api/queue/remove\"",
        "aria-live=\"polite\"",
    ] {
        assert!(now.contains(&said.to_lowercase()), "{said}");
    }
    let all = page.get("/library").await;
    for said in ["44 tracks", "the file ends in the middle of a frame", "Play next", "Never play it for"] {
        assert!(all.text().contains(said), "{said}");
    }
    let found = page.get("/library?q=breen&mood=sad").await;
    assert!(found.text().contains("Rain on the Tram") && !found.text().contains("id=\"track-6\""));
    assert!(found.text().contains("Music for sad") && found.text().contains("Move it from Sad to"));
    assert!(page.get("/library?offset=12").await.text().contains("13–36 of 44"));
    // Beyond the end is the last page, where nothing comes after.
    for beyond in ["44", "4294967295"] {
        let last = page.get(&format!("/library?offset={beyond}")).await;
        assert!(last.text().contains("25–44 of 44") && last.text().contains("name=\"offset\" value=\"0\""), "{beyond}");
    }
    let none = page.get("/library?q=zzz&offset=4294967295").await;
    assert!(none.status == 200 && none.text().contains("No track is found by that."));
    // Written with a capital umlaut, sought without.
    assert!(page.get("/library?q=%C3%BCbermorgen").await.text().contains("Übermorgen früh"));
    let paused = page.post("/api/pause", json!({})).await;
    assert_eq!(paused.status, 200);
    page.change(|s| s.playing = None);
    let idle = page.get("/").await;
    assert!(idle.text().contains("Paused. Press play to go on.") && !idle.text().contains("as soon as a mood"));
}

#[tokio::test]
async fn an_empty_room_is_told_what_to_do() {
    let page = Page::open(Scene::Empty).await;
    let answer = page.get("/").await;
    for said in ["No device yet", "moodring-device run", "Nothing plays yet"] {
        assert!(answer.text().contains(said), "{said}");
    }
    for (path, said) in [
        ("/library", ["built-in pieces", "[music]"]),
        ("/history", ["Nothing has been played yet", "newest first"]),
        ("/taste", ["Nothing yet", "what you skip counts"]),
    ] {
        let answer = page.get(path).await;
        assert!(said.iter().all(|said| answer.text().contains(said)), "{path}");
    }
}

#[tokio::test]
async fn what_comes_from_outside_is_shown_as_text() {
    let page = Page::open(Scene::Many).await;
    let answer = page.get("/").await;
    assert!(answer.text().contains("&lt;script&gt;alert"));
    assert!(!answer.text().contains("<script>alert"));
    for path in ["/library?q=alert", "/history", "/taste"] {
        let text = page.get(path).await;
        assert!(!text.text().contains("<script>alert") && !text.text().contains("<b>Mallory"), "{path}");
    }
    assert!(
        page.get("/library?q=%22%3E%3Cscript%3Ealert").await.text().contains("value=\"&quot;&gt;&lt;script&gt;alert\"")
    );

    // A line end within a title must not end a line of the stream.
    let mut events = Events::of(&page, "/events/parts").await;
    let parts = events.next("parts").await.unwrap();
    assert!(parts["parts"]["player"].as_str().unwrap().contains("&lt;script&gt;"));
    let mut events = Events::of(&page, "/events").await;
    assert_eq!(events.next("state").await.unwrap()["playing"]["title"], HOSTILE);
}

#[tokio::test]
async fn nothing_foreign_is_let_in() {
    let page = Page::open(Scene::One).await;
    for path in ["/", "/api/state", "/nowhere"] {
        let answer = page.get(path).await;
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    for path in ["/", "/library", "/history", "/taste"] {
        let html = page.get(path).await;
        assert!(!html.text().contains("style=") && !html.text().contains("onclick"), "{path}");
        assert!(!html.text().contains("http://") && !html.text().contains("https://"), "{path}");
    }

    for headers in [
        ["Sec-Fetch-Site: cross-site", "Origin: http://evil.example"],
        ["Sec-Fetch-Site: same-site", "Accept: */*"],
        ["Origin: http://evil.example", "Accept: */*"],
        ["Origin: null", "Accept: text/html"],
    ] {
        for path in web::paths().iter().filter(|path| path.starts_with("/api")) {
            let answer = page.ask(&format!("POST {}", path.replace("{id}", "1")), &headers, "").await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
        }
    }
    let bent = page.ask("GET /api/state", &["Host: evil.example"], "").await;
    assert_eq!(bent.status, 421);
    assert!(bent.json()["error"].as_str().unwrap().contains("evil.example"));
    assert_eq!(page.state().await["paused"], "no");
}

#[tokio::test]
async fn wishes_are_carried_out() {
    let page = Page::open(Scene::One).await;
    assert_eq!(page.post("/api/pause", json!({})).await.json(), json!({ "ok": true }));
    assert_eq!(page.state().await["paused"], "by_hand");
    assert_eq!(page.post("/api/play", json!({})).await.status, 200);
    assert_eq!(page.state().await["paused"], "no");

    assert_eq!(page.post("/api/skip", json!({})).await.status, 200);
    assert_eq!(page.state().await["playing"]["title"], "Kites over Brighton");
    assert_eq!(page.post("/api/tracks/4/play", json!({})).await.status, 200);
    assert_eq!(page.state().await["playing"]["title"], "Rain on the Tram");
    let history = page.get("/api/history?limit=2").await.json();
    assert_eq!((&history[0]["title"], &history[1]["ending"]), (&json!("Rain on the Tram"), &json!("skipped")));

    assert_eq!(page.get("/api/taste?mood=happy&limit=1").await.json()[0]["title"], "Sunny Steps");
    assert_eq!(page.post("/api/taste/forget", json!({ "mood": "happy" })).await.json(), json!({ "ok": true }));
    assert_eq!(page.get("/api/taste?mood=happy").await.json(), json!([]));

    let track = async |n: usize| page.get("/api/tracks?q=breen&limit=1").await.json()["tracks"][n].clone();
    let id = track(0).await["id"].clone();
    assert_eq!(
        page.post(&format!("/api/tracks/{id}/like"), json!({ "liked": true })).await.json(),
        json!({ "ok": true })
    );
    assert_eq!(track(0).await["liked"], true);
    let ban = json!({ "mood": "sad", "banned": true });
    assert_eq!(page.post(&format!("/api/tracks/{id}/not-for"), ban).await.json(), json!({ "ok": true }));
    assert_eq!(track(0).await["not_for"], json!(["sad"]));
}

#[tokio::test]
async fn what_comes_next_can_be_edited() {
    let page = Page::open(Scene::One).await;
    let queue = async || -> Vec<i64> {
        let state = page.state().await;
        state["queue"].as_array().unwrap().iter().map(|q| q["track"].as_i64().unwrap()).collect()
    };
    assert_eq!(queue().await, [2, 3, 9]);
    let ok = json!({ "ok": true });
    assert_eq!(page.post("/api/queue", json!({ "track": 4, "first": true })).await.json(), ok);
    assert_eq!(page.post("/api/queue", json!({ "track": 5 })).await.json(), ok);
    assert_eq!(queue().await, [4, 2, 3, 9, 5]);
    assert_eq!(page.post("/api/queue/move", json!({ "track": 3, "from": 2, "to": 1 })).await.json(), ok);
    assert_eq!(page.post("/api/queue/move", json!({ "track": 4, "from": 0, "to": 99 })).await.json(), ok);
    assert_eq!(queue().await, [3, 2, 9, 5, 4]);
    let answer = page.submit("/api/queue/remove", "track=9&at=2").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    assert_eq!(queue().await, [3, 2, 5, 4]);
}

#[tokio::test]
async fn a_track_is_put_to_a_mood_and_taken_out_of_another() {
    let page = Page::open(Scene::One).await;
    let moods = async || page.get("/api/tracks?q=sunny&limit=1").await.json()["tracks"][0]["moods"].clone();
    let id = page.get("/api/tracks?q=sunny&limit=1").await.json()["tracks"][0]["id"].clone();
    let path = format!("/api/tracks/{id}/moods");
    assert_eq!(page.post(&path, json!({ "add": "surprise" })).await.status, 200);
    assert_eq!(moods().await, json!(["happy", "surprise"]));
    assert_eq!(page.submit(&path, "add=neutral&remove=happy").await.status, 303);
    assert_eq!(moods().await, json!(["surprise", "neutral"]));
    assert!(page.get("/library?q=sunny&mood=neutral").await.text().contains(&format!("id=\"track-{id}\"")));
}

#[tokio::test]
async fn each_room_has_its_own_page_and_its_own_mode() {
    let page = Page::open(Scene::Many).await;
    let there = "/?room=the%20studio%20%26%20bar";
    let home = page.get("/").await;
    assert!(home.text().contains("the studio &amp; bar") && home.text().contains("id=\"device-hall\""));
    let studio = page.get(there).await;
    for said in [
        "Slow River",
        "A lift from sad to bright music",
        "Quiet hours",
        "Heard at 40 %",
        "fades out at",
        "id=\"device-studio\"",
    ] {
        assert!(studio.text().contains(said), "{said}");
    }
    assert!(!studio.text().contains("id=\"device-hall\"") && !studio.text().contains("<script>alert"));
    assert!(studio.text().contains("action=\"/api/mode?room=the%20studio%20%26%20bar\""));
    let mode = async |room: usize| page.state().await["rooms"][room]["mode"].clone();
    assert_eq!(page.post("/api/mode?room=the%20studio%20%26%20bar", json!({ "mode": "calm" })).await.status, 200);
    assert_eq!((mode(0).await, mode(1).await), (json!("match"), json!("calm")));
    let mut parts = Events::of(&page, "/events/parts?room=the%20studio%20%26%20bar").await;
    let manner = parts.next("parts").await.unwrap()["parts"]["manner"].as_str().unwrap().to_owned();
    assert!(manner.contains("id=\"mode-calm\" name=\"mode\" value=\"calm\" aria-pressed=\"true\""), "{manner}");
    let referer = format!("Referer: http://{}{there}", page.at);
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let path = "POST /api/sleep?room=the%20studio%20%26%20bar";
    let answer = page.ask(path, &["Accept: text/html", kind, &referer], "minutes=0").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some(there)));
    assert!(!page.get(there).await.text().contains("fades out at"));
    let refused = page.ask(path, &["Accept: text/html", kind, &referer], "minutes=x").await;
    assert!(refused.status == 400 && refused.text().contains(&format!("href=\"{there}\"")), "{}", refused.text());
    let nowhere = page.get("/library?room=cellar").await;
    assert!(nowhere.status == 404 && nowhere.text().contains("cellar"));
}

#[tokio::test]
async fn the_rooms_show_their_moods_of_now_and_lead_to_the_same_page_there() {
    let page = Page::open(Scene::Many).await;
    let library = page.get("/library?room=the%20studio%20%26%20bar").await;
    for link in ["href=\"?room=home\"", "href=\"?room=the%20studio%20%26%20bar\" aria-current=\"true\""] {
        assert!(library.text().contains(link), "{link}");
    }
    let mut parts = Events::of(&page, "/events/parts").await;
    let rooms = |parts: &Value| parts["parts"]["rooms"].as_str().map(str::to_owned);
    let first = rooms(&parts.next("parts").await.unwrap()).unwrap();
    assert!(first.contains("id=\"rooms\"") && first.contains("Sad") && !first.contains("Disgust"), "{first}");
    page.change(|s| s.rooms[1].mood = Some(Emotion::Disgust));
    let changed = loop {
        if let Some(rooms) = rooms(&parts.next("parts").await.unwrap()) {
            break rooms;
        }
    };
    assert!(changed.contains(look(Emotion::Disgust.into()).word) && !changed.contains("Sad"), "{changed}");
}

#[tokio::test]
async fn no_page_has_an_id_twice_and_every_heart_says_whose_it_is() {
    let page = Page::open(Scene::Many).await;
    for path in ["/", "/library", "/library?mood=happy", "/history", "/taste", "/spotify", "/account"] {
        let html = page.get(path).await;
        let mut ids = HashSet::new();
        for id in html.text().split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(ids.insert(id), "{path}: {id}");
        }
        assert!(!html.text().contains("aria-label=\"Like\""), "{path}");
    }
}

#[tokio::test]
async fn the_past_is_told_play_by_play_with_reasons() {
    let page = Page::open(Scene::One).await;
    let all = page.get("/api/history").await.json();
    let ids: Vec<_> = all.as_array().unwrap().iter().map(|p| p["id"].as_i64().unwrap()).collect();
    assert!(ids.len() == 4 && ids.is_sorted_by(|a, b| a > b), "{ids:?}");
    let before = page.get(&format!("/api/history?before={}&limit=2", ids[1])).await.json();
    assert_eq!(before.as_array().unwrap().iter().map(|p| p["id"].as_i64().unwrap()).collect::<Vec<_>>(), ids[2..]);
    let html = page.get("/history").await;
    for said in ["Today", "Sad for 3 min; not played today", "plays now", "skipped", "Play next"] {
        assert!(html.text().contains(said), "{said}");
    }
    assert!(page.get("/history?before=1").await.text().contains("Nothing was played before"));
}

#[tokio::test]
async fn what_was_learnt_can_be_read_and_forgotten() {
    let page = Page::open(Scene::One).await;
    let html = page.get("/taste").await;
    for said in
        ["Sunny Steps", "a favourite", "welcome 9.3 times, unwelcome 0.4 times", "Forget what was learnt for sad"]
    {
        assert!(html.text().contains(said), "{said}");
    }
    let sad = page.get("/taste?mood=sad").await;
    assert!(sad.text().contains("Letters I Kept") && !sad.text().contains("id=\"learnt-happy"));
    assert_eq!(page.submit("/api/taste/forget", "mood=sad").await.status, 303);
    assert!(page.get("/taste?mood=sad").await.text().contains("Nothing yet for sad"));
}

#[tokio::test]
async fn forms_work_without_javascript() {
    let page = Page::open(Scene::One).await;
    let answer = page.submit("/api/pause", "").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/")));
    assert!(page.get("/").await.text().contains("action=\"/api/play\""));

    let from = format!("Referer: http://{}/library?q=quint&mood=happy", page.at);
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let answer = page.ask("POST /api/tracks/1/like", &["Accept: text/html", kind, &from], "liked=true").await;
    assert_eq!((answer.status, answer.header("location")), (303, Some("/library?q=quint&mood=happy")));
    assert!(page.get("/library?q=sunny").await.text().contains("aria-pressed=\"true\""));

    let bent = format!("Referer: http://{}//evil.example/", page.at);
    for elsewhere in ["Referer: http://evil.example/library", &bent] {
        let answer = page.ask("POST /api/tracks/1/like", &["Accept: text/html", kind, elsewhere], "liked=false").await;
        assert_eq!(answer.header("location"), Some("/"), "{elsewhere}");
    }

    let wrong = page.submit("/api/tracks/1/not-for", "mood=cheerful&banned=true").await;
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("<!DOCTYPE html>") && wrong.text().contains("cheerful"));
}

#[tokio::test]
async fn a_change_reaches_every_reader() {
    let page = Page::open(Scene::One).await;
    let mut states = Events::of(&page, "/events").await;
    assert_eq!(states.next("state").await.unwrap()["devices"][0]["mood"], "happy");
    let mut parts = Events::of(&page, "/events/parts").await;
    let all = parts.next("parts").await.unwrap();
    for id in ["title", "told", "rooms", "notices", "devices", "player", "mini", "next", "manner", "shelf", "history"] {
        assert!(all["parts"][id].is_string(), "{id}");
    }

    page.change(|s| s.devices[0].mood = Mood::Sad);
    loop {
        if states.next("state").await.unwrap()["devices"][0]["mood"] == "sad" {
            break;
        }
    }
    loop {
        let changed = parts.next("parts").await.unwrap();
        assert!(changed["parts"]["next"].is_null(), "what did not change is not sent");
        if changed["parts"]["devices"].as_str().is_some_and(|d| d.contains("mood-sad")) {
            assert!(changed["parts"]["told"].as_str().unwrap().contains("Sad"));
            break;
        }
    }
}

#[tokio::test]
async fn a_slow_reader_gets_the_newest_state_not_all_of_them() {
    let page = Page::open(Scene::One).await;
    let mut states = Events::of(&page, "/events").await;
    states.next("state").await.unwrap();
    for people in 1..=500 {
        page.change(|s| s.devices[0].people = people);
    }
    let mut told = 0;
    while states.next("state").await.unwrap()["devices"][0]["people"] != 500 {
        told += 1;
        assert!(told < 5, "old states are told one by one");
    }
}

#[tokio::test]
async fn a_panel_is_served_with_its_own_tag() {
    let page = Page::open(Scene::One).await;
    let path = "/api/devices/living-room/screen.png";
    assert_eq!(page.get(path).await.status, 404);
    let id = "living-room".parse().unwrap();
    page.room.screens.write().unwrap().insert(id, (1, bytes::Bytes::from_static(b"\x89PNG one")));
    let answer = page.get(path).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/png")));
    assert_eq!(answer.body, b"\x89PNG one");
    let tag = format!("If-None-Match: {}", answer.header("etag").unwrap());
    let again = page.ask(&format!("GET {path}"), &[&tag], "").await;
    assert_eq!((again.status, again.body.len()), (304, 0));
    let id = "living-room".parse().unwrap();
    page.room.screens.write().unwrap().insert(id, (2, bytes::Bytes::from_static(b"\x89PNG two")));
    assert_eq!(page.ask(&format!("GET {path}"), &[&tag], "").await.status, 200);
    page.change(|s| s.devices[0].screen = 2);
    assert!(page.get("/").await.text().contains("screen.png?n=2"));
}

#[tokio::test]
async fn every_track_has_a_sleeve() {
    let page = Page::open(Scene::One).await;
    let answer = page.get("/api/tracks/4/sleeve").await;
    assert_eq!(answer.status, 307, "these tracks have no files");
    assert!(answer.header("location").unwrap().ends_with("/sleeve-sad.svg"));
    let drawn = page.get(answer.header("location").unwrap()).await;
    assert!(drawn.status == 200 && drawn.text().starts_with("<svg"));
    let asked = page.get("/api/tracks/4/sleeve?mood=nobody").await;
    assert!(asked.header("location").unwrap().ends_with("/sleeve-nobody.svg"));
    for (path, status) in [("/api/tracks/4/sleeve?mood=x", 400), ("/api/tracks/9999/sleeve", 404)] {
        assert_eq!(page.get(path).await.status, status, "{path}");
    }
    assert!(page.get("/").await.text().contains("/api/tracks/1/sleeve?mood=happy"));
}

#[tokio::test]
async fn each_bad_request_gets_one_clear_message() {
    let page = Page::open(Scene::One).await;
    let json = "Content-Type: application/json";
    let form = "Content-Type: application/x-www-form-urlencoded";
    let long = format!("GET /api/tracks?q={}", "x".repeat(300));
    let huge = format!("{{\"liked\":true,\"x\":\"{}\"}}", "x".repeat(5000));
    for (line, header, body, status, word) in [
        ("GET /nowhere", json, "", 404, "/nowhere"),
        ("GET /api/devices/no%20name/screen.png", json, "", 400, "no name"),
        ("GET /api/devices/cellar/screen.png", json, "", 404, "cellar"),
        ("GET /api/tracks?limit=many", json, "", 400, "many"),
        ("GET /api/tracks?limit=0", json, "", 400, "1 to 500"),
        ("GET /api/tracks?limit=501", json, "", 400, "501"),
        ("GET /api/tracks?offset=-1", json, "", 400, "-1"),
        ("GET /library?offset=-1", json, "", 400, "-1"),
        ("GET /library?offset=4294967296", json, "", 400, "4294967296"),
        ("GET /history?before=x", json, "", 400, "before"),
        ("GET /api/history?before=-1", json, "", 400, "-1"),
        ("GET /taste?mood=cheerful", json, "", 400, "cheerful"),
        ("POST /api/queue", json, r#"{"track":9999}"#, 404, "9999"),
        ("POST /api/queue", json, r#"{"track":8}"#, 409, "cannot be played"),
        ("POST /api/queue", form, "track=", 400, "track"),
        ("POST /api/queue/remove", json, r#"{"track":2,"at":1}"#, 409, "changed meanwhile"),
        ("POST /api/queue/remove", json, r#"{"track":2,"at":-1}"#, 400, "-1"),
        ("POST /api/queue/move", json, r#"{"track":2,"from":2,"to":0}"#, 409, "changed meanwhile"),
        ("POST /api/mode", json, r#"{"mode":"party"}"#, 400, "party"),
        ("POST /api/volume", json, r#"{"volume":1.5}"#, 400, "1.5"),
        ("POST /api/sleep", json, r#"{"minutes":721}"#, 400, "721"),
        ("POST /api/play?room=cellar", json, "", 404, "cellar"),
        ("GET /api/history?room=cellar", json, "", 404, "cellar"),
        ("POST /api/tracks/1/moods", json, "{}", 400, "name a mood"),
        ("POST /api/tracks/1/moods", json, r#"{"add":"cheerful"}"#, 400, "cheerful"),
        ("POST /api/tracks/1/moods", json, r#"{"remove":"happy"}"#, 409, "the only mood"),
        ("GET /api/tracks?mood=cheerful", json, "", 400, "surprise"),
        (&long, json, "", 400, "too long"),
        ("GET /library?mood=cheerful", json, "", 400, "cheerful"),
        ("GET /api/history?limit=x", json, "", 400, "limit"),
        ("GET /api/taste?mood=cheerful", json, "", 400, "cheerful"),
        ("POST /api/taste/forget", json, r#"{"mood":"cheerful"}"#, 400, "cheerful"),
        ("GET /api/play", json, "", 405, "POST"),
        ("POST /api/state", json, "", 405, "GET"),
        ("PUT /api/state", json, "", 405, "Allow"),
        ("DELETE /api/tracks/1/like", json, "", 405, "DELETE"),
        ("POST /api/tracks/9999/like", json, r#"{"liked":true}"#, 404, "9999"),
        ("POST /api/tracks/one/like", json, r#"{"liked":true}"#, 400, "one"),
        ("POST /api/tracks/1/like", json, "{", 400, "JSON"),
        ("POST /api/tracks/1/like", json, "{}", 400, "liked"),
        ("POST /api/tracks/1/like", json, r#"{"liked":"yes"}"#, 400, "boolean"),
        ("POST /api/tracks/1/like", form, "liked=perhaps", 400, "`true` or `false`"),
        ("POST /api/tracks/1/like", "Content-Type: text/plain", "liked", 415, "text/plain"),
        ("POST /api/tracks/1/like", json, &huge, 413, "4096"),
        ("POST /api/tracks/1/not-for", json, r#"{"mood":"nobody","banned":true}"#, 400, "nobody"),
        ("POST /api/tracks/8/play", json, "", 409, "cannot be played"),
        ("GET /assets/x/../../Cargo.toml", json, "", 404, "nothing"),
        ("GET /assets/x/Cargo.toml", json, "", 404, "no such file"),
    ] {
        let answer = page.ask(line, &[header], body).await;
        assert_eq!(answer.status, status, "{line}: {}", answer.text());
        let message = answer.json()["error"].as_str().unwrap_or_else(|| panic!("{line}")).to_owned();
        assert!(message.contains(word) && !message.contains('\n'), "{line}: {message}");
    }
    page.change(|s| s.playing = None);
    assert_eq!(page.post("/api/skip", json!({})).await.status, 409);
    assert_eq!(page.get("/healthz").await.status, 200);
}

#[tokio::test]
async fn the_files_of_the_page_may_be_kept() {
    let page = Page::open(Scene::Empty).await;
    let html = page.get("/").await;
    let script = html.text().split('"').find(|s| s.ends_with("page.js")).unwrap();
    for import in ["morph.js", "live.js", "wishes.js"] {
        assert_eq!(page.get(&script.replace("page.js", import)).await.status, 200, "{import}");
    }
    let mut seen = 0;
    for link in html.text().split('"').filter(|s| s.starts_with("/assets/")) {
        let answer = page.get(link).await;
        assert_eq!(answer.status, 200, "{link}");
        assert!(answer.header("cache-control").unwrap().contains("immutable"), "{link}");
        seen += 1;
    }
    assert!(seen > 8, "{seen}");
    let colours = page.get("/assets/x/moods.css").await;
    assert_eq!(colours.header("cache-control"), Some("no-cache"));
    for mood in Mood::ALL {
        assert!(colours.text().contains(&look(mood).colour.to_string()), "{mood}");
    }
}

#[tokio::test]
async fn too_many_streams_are_refused_and_a_closed_one_makes_room() {
    let page = Page::open(Scene::One).await;
    let mut open = Vec::new();
    for _ in 0..64 {
        // They take all seats of the address that they come from, so that it is not the one that asks below.
        let mut stream = page.neighbour().await;
        stream.write_all(format!("GET /events HTTP/1.1\r\nHost: {}\r\n\r\n", page.at).as_bytes()).await.unwrap();
        open.push(Events::over(stream).await);
    }
    assert_eq!(page.get("/events").await.status, 503);
    open.clear();
    page.change(|s| s.paused = Paused::ByHand);
    let room_again = async {
        loop {
            let head = format!("GET /events HTTP/1.1\r\nHost: {}", page.at);
            let mut answer = BufReader::new(page.connect(&head, "").await);
            let mut line = String::new();
            answer.read_line(&mut line).await.unwrap();
            if line.contains("200") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(5), room_again).await.expect("room again");
}

#[tokio::test]
async fn a_taken_port_is_one_clear_message() {
    let first = web::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let error = web::bind(first.local_addr()).await.unwrap_err();
    assert!(matches!(error, BindError::InUse(_)));
    assert!(error.to_string().contains(&first.local_addr().to_string()) && error.to_string().contains("another port"));
}

#[tokio::test]
async fn it_stops_while_streams_are_open() {
    let mut page = Page::open(Scene::One).await;
    let mut events = Events::of(&page, "/events").await;
    events.next("state").await.unwrap();
    page.stop.take().unwrap().send(()).unwrap();
    timeout(Duration::from_secs(3), &mut page.served).await.expect("it ends soon").unwrap().unwrap();
    let ended = async { while events.line().await.is_some() {} };
    timeout(Duration::from_secs(3), ended).await.expect("the stream ends");
}
