//! Who is let in: the password, the setup code, sessions, tokens, and what somebody tries who is let in by none.
//!
//! Beyond this machine is whoever a proxy speaks for, which is how these tests come from elsewhere.

use std::time::Duration;

use moodring_host::{
    access::{Asks, Rules, password, secret},
    library::Store,
};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Events, Page, Scene, contract::Answer};

const FAR: &str = "X-Forwarded-For: 203.0.113.9";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const JSON: &str = "Content-Type: application/json";
const HTML: &str = "Accept: text/html";
const PASSWORD: &str = "nine wet umbrellas";

/// A page, its database as another process sees it, and whether there is a password.
async fn opened(asks: Asks, set: bool) -> (Page, Store) {
    let page = Page::open_to(Scene::One, Rules { asks, ..Rules::default() }).await;
    let store = Store::open(page.dir.path()).await.unwrap();
    if set {
        store.set_password(&password::hash(PASSWORD).await.unwrap(), jiff::Timestamp::now()).await.unwrap();
    }
    (page, store)
}

/// The cookie that an answer sets, as a browser sends it back.
fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", answer.head));
    assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
    format!("Cookie: {}", set.split(';').next().unwrap())
}

async fn log_in(page: &Page) -> String {
    let answer = page.ask("POST /login", &[FAR, JSON], &json!({ "password": PASSWORD }).to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    cookie(&answer)
}

/// What the forms of a page carry.
fn token_in(page: &Answer) -> String {
    page.text().split("name=\"csrf\" value=\"").nth(1).expect("a form").split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn nobody_beyond_this_machine_sees_or_steers_anything_without_the_password() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    let everything = moodring_host::web::paths();
    for path in &everything {
        let asked = path.replace("{id}", "1").replace("{version}", "x").replace("{name}", "page.js");
        for method in ["GET", "POST"] {
            let html = page.ask(&format!("{method} {asked}"), &[FAR, HTML, FORM], "").await;
            assert!(!html.text().contains("Sunny Steps"), "{path}");
            let answer = page.ask(&format!("{method} {asked}"), &[FAR, JSON], "{}").await;
            let open =
                ["/healthz", "/openapi.yaml", "/login", "/login/first"].contains(path) || path.starts_with("/assets/");
            if open {
                assert!(answer.status != 403 && (answer.status != 401 || *path == "/login"), "{method} {path}");
            } else {
                assert_eq!(answer.status, 401, "{method} {path}");
                assert!(answer.header("www-authenticate").unwrap().starts_with("Bearer"));
                assert!(answer.json()["error"].as_str().unwrap().contains("log in first"), "{path}");
            }
        }
    }
    let sent = page.ask("GET /library?q=tram&mood=sad", &[FAR, HTML], "").await;
    assert_eq!((sent.status, sent.header("location")), (303, Some("/login?next=%2Flibrary%3Fq%3Dtram%26mood%3Dsad")));
    // What is not there is nobody's business either.
    assert_eq!(page.ask("GET /metrics", &[FAR], "").await.status, 401);
    let sent = page.ask("GET /metrics", &[FAR, HTML], "").await;
    assert_eq!((sent.status, sent.header("location")), (303, Some("/login?next=%2Fmetrics")));
    // A page that shows nothing follows nothing: it would ask, be refused, and begin again.
    let refused = page.ask("POST /api/pause", &[FAR, HTML, FORM], "").await;
    assert!(refused.status == 401 && !refused.text().contains("<script"), "{}", refused.text());
    // On the machine itself everything is as ever.
    assert_eq!(page.get("/api/state").await.status, 200);
    assert_eq!(page.post("/api/pause", json!({})).await.status, 200);
}

#[tokio::test]
async fn a_proxy_on_this_machine_makes_nobody_a_local() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    for header in ["X-Forwarded-For: 127.0.0.1", "X-Real-IP: 127.0.0.1", "Forwarded: for=127.0.0.1", "Via: 1.1 caddy"] {
        assert_eq!(page.ask("GET /api/state", &[header], "").await.status, 401, "{header}");
    }
    let old = format!("GET /api/state HTTP/1.0\r\nHost: {}\r\nConnection: close", page.at);
    assert_eq!(page.raw(&old).await.status, 401, "nginx as it comes");
}

#[tokio::test]
async fn whoever_knows_the_password_comes_in_and_goes_where_they_wanted() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    let form = page.ask("GET /login?next=%2Flibrary%3Fq%3Dtram", &[FAR, HTML], "").await;
    assert!(form.text().contains("value=\"/library?q=tram\"") && form.text().contains("current-password"));
    assert!(!form.text().contains("<script"));
    for (next, where_to) in [("/library?q=tram", "/library?q=tram"), ("//evil.example/", "/"), ("/api/state", "/")] {
        let body = format!("password=nine+wet+umbrellas&next={}", next.replace('/', "%2F"));
        let answer = page.ask("POST /login", &[FAR, HTML, FORM], &body).await;
        assert_eq!((answer.status, answer.header("location")), (303, Some(where_to)), "{next}");
        let cookie = cookie(&answer);
        assert_eq!(page.ask("GET /api/state", &[FAR, &cookie], "").await.status, 200);
    }
    let wrong = page.ask("POST /login", &[FAR, HTML, FORM], "password=nine+wet+walruses&next=%2Ftaste").await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text().contains("name=\"next\" value=\"/taste\""), "a slip of the hand leads nobody elsewhere");
    assert!(wrong.text().contains("This is not the password.") && wrong.text().contains("role=\"alert\""));
    assert!(wrong.header("set-cookie").is_none() && !wrong.text().contains("nine wet walruses"));
}

#[tokio::test]
async fn the_first_password_is_set_with_the_code_and_by_nobody_else() {
    let (page, store) = opened(Asks::BeyondLoopback, false).await;
    let form = page.ask("GET /login", &[FAR, HTML], "").await;
    assert!(form.text().contains("Set a password") && form.text().contains("name=\"code\""));
    let code = store.setup_code("never used").await.unwrap().unwrap();
    assert_ne!(code, "never used", "the page made one");
    let set = async |code: &str, password: &str, again: &str, from: &str| {
        let body = json!({ "code": code, "password": password, "again": again }).to_string();
        page.ask("POST /login/first", &[from, JSON], &body).await
    };
    for (answer, status, says) in [
        (set("", PASSWORD, PASSWORD, FAR).await, 403, "not the setup code"),
        (set("ABCD-EFGH", PASSWORD, PASSWORD, FAR).await, 403, "moodring-host password --setup-code"),
        (set(&code, "short", "short", FAR).await, 400, "8 or more"),
        (set(&code, PASSWORD, "nine wet walruses", FAR).await, 400, "not the same"),
        (set(&code, &"x".repeat(1100), &"x".repeat(1100), FAR).await, 400, "at most 1024"),
    ] {
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.json()["error"].as_str().unwrap().contains(says), "{says}: {}", answer.text());
    }
    assert!(store.password().await.unwrap().is_none());
    assert_eq!(page.ask("POST /login", &[FAR, JSON], "{\"password\":\"x\"}").await.status, 409);
    let done = set(&code.to_lowercase().replace('-', " "), PASSWORD, PASSWORD, FAR).await;
    assert_eq!(done.status, 200, "{}", done.text());
    assert_eq!(page.ask("GET /", &[FAR, &cookie(&done), HTML], "").await.status, 200);
    // The code is of no use any more, to anybody.
    assert_eq!(store.setup_code("another").await.unwrap(), None);
    assert_eq!(set(&code, "another one", "another one", FAR).await.status, 409);
    log_in(&page).await;
}

#[tokio::test]
async fn on_the_machine_itself_no_code_is_needed_unless_everybody_is_asked() {
    let (page, _store) = opened(Asks::BeyondLoopback, false).await;
    let form = page.ask("GET /login", &[HTML], "").await;
    assert!(form.text().contains("Set a password") && !form.text().contains("name=\"code\""));
    let done = page.post("/login/first", json!({ "password": PASSWORD })).await;
    assert_eq!(done.status, 200, "{}", done.text());
    log_in(&page).await;

    let (page, store) = opened(Asks::Always, false).await;
    assert_eq!(page.get("/api/state").await.status, 401);
    let refused = page.post("/login/first", json!({ "password": PASSWORD })).await;
    assert_eq!(refused.status, 403, "{}", refused.text());
    let code = store.setup_code("x").await.unwrap().unwrap();
    let done = page.post("/login/first", json!({ "password": PASSWORD, "code": code })).await;
    assert_eq!(page.ask("GET /api/state", &[&cookie(&done)], "").await.status, 200);

    let (page, _store) = opened(Asks::Never, false).await;
    assert_eq!(page.ask("GET /api/state", &[FAR], "").await.status, 200);
    let account = page.ask("GET /account", &[FAR, HTML], "").await;
    assert!(account.text().contains("asks nobody for a password") && !account.text().contains("Set a password"));
}

#[tokio::test]
async fn guessing_is_slowed_down_for_the_guesser_and_for_nobody_else() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    let guess = async |from: &str| page.ask("POST /login", &[from, JSON], "{\"password\":\"wrong wrong\"}").await;
    for _ in 0..5 {
        assert_eq!(guess(FAR).await.status, 401);
    }
    let refused = guess(FAR).await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=5).contains(&wait), "{wait}");
    assert!(refused.json()["error"].as_str().unwrap().contains("try again in"), "{}", refused.text());
    let right = json!({ "password": PASSWORD }).to_string();
    assert_eq!(page.ask("POST /login", &[FAR, JSON], &right).await.status, 429, "also with the right one");
    let html = page.ask("POST /login", &[FAR, HTML, FORM], "password=x").await;
    assert!(html.status == 429 && html.text().contains("Too many tries from your address; try again in"));
    // Somebody else, and whoever sits at the machine, are not in their way.
    assert_eq!(page.ask("POST /login", &["X-Forwarded-For: 198.51.100.2", JSON], &right).await.status, 200);
    for _ in 0..8 {
        assert_eq!(guess("Accept: */*").await.status, 401);
    }
    assert_eq!(page.ask("POST /login", &[JSON], &right).await.status, 200);
    // What the guesser writes before the address that the proxy saw is not believed.
    let bent = "X-Forwarded-For: 192.0.2.77, 203.0.113.9";
    assert_eq!(page.ask("POST /login", &[bent, JSON], &right).await.status, 429);
}

#[tokio::test]
async fn what_changes_something_carries_the_token_of_its_own_session() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    let (mine, other) = (log_in(&page).await, log_in(&page).await);
    for path in ["/", "/library", "/history", "/taste", "/account"] {
        let html = page.ask(&format!("GET {path}"), &[FAR, HTML, &mine], "").await;
        let posted = html.text().matches("method=\"post\"").count();
        assert!(posted > 0, "{path}");
        assert_eq!(html.text().matches("name=\"csrf\"").count(), posted, "{path}");
    }
    let mine_in_forms = token_in(&page.ask("GET /", &[FAR, HTML, &mine], "").await);
    let others = token_in(&page.ask("GET /", &[FAR, HTML, &other], "").await);
    assert_ne!(mine_in_forms, others);
    for (body, status) in [
        (String::new(), 403),
        ("csrf=".to_owned(), 403),
        (format!("csrf={others}"), 403),
        (format!("csrf={mine_in_forms}"), 303),
    ] {
        let answer = page.ask("POST /api/pause", &[FAR, HTML, FORM, &mine], &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(status != 403 || answer.text().contains("load the page again"), "{}", answer.text());
    }
    assert_eq!(page.state().await["paused"], "by_hand");
    let header = format!("X-CSRF-Token: {mine_in_forms}");
    assert_eq!(page.ask("POST /api/play", &[FAR, &mine, &header, JSON], "{}").await.status, 200);
    assert_eq!(page.ask("POST /api/play", &[FAR, &mine, JSON], "{}").await.status, 403);
    // The body still arrives whole, and one that is too long is refused as ever.
    let liked = format!("liked=true&csrf={mine_in_forms}");
    assert_eq!(page.ask("POST /api/tracks/1/like", &[FAR, &mine, FORM], &liked).await.status, 200);
    let long = format!("csrf={mine_in_forms}&x={}", "x".repeat(5000));
    assert_eq!(page.ask("POST /api/tracks/1/like", &[FAR, &mine, FORM], &long).await.status, 413);
    // What is sent while the page is open carries it too.
    let head = format!("GET /events/parts HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{FAR}\r\n{mine}", page.at);
    let mut parts = Events::asked(&page, &head).await;
    let player = parts.next("parts").await.unwrap()["parts"]["player"].as_str().unwrap().to_owned();
    assert!(player.contains(&mine_in_forms), "{player}");
}

#[tokio::test]
async fn a_session_ends_everywhere_at_once() {
    let (page, store) = opened(Asks::BeyondLoopback, true).await;
    let (mine, other) = (log_in(&page).await, log_in(&page).await);
    let stream = async |cookie: &str| {
        let mut stream = Events::asked(
            &page,
            &format!("GET /events HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{FAR}\r\n{cookie}", page.at),
        )
        .await;
        stream.next("state").await.unwrap();
        stream
    };
    let over = async |mut stream: Events| {
        let end = async { while stream.line().await.is_some() {} };
        timeout(Duration::from_secs(20), end).await.expect("the stream ends with its session");
    };
    let (my_events, other_events) = (stream(&mine).await, stream(&other).await);
    let account = page.ask("GET /account", &[FAR, HTML, &mine], "").await;
    let csrf = token_in(&account);
    assert!(account.text().contains("this one") && account.text().contains("203.0.113.9"));
    let csrf_header = format!("X-CSRF-Token: {csrf}");
    let end = async |session: &str| {
        page.ask("POST /account/end", &[FAR, &mine, &csrf_header, FORM], &format!("session={session}")).await
    };
    assert_eq!((end("none").await.status, end("4711").await.status), (400, 404));
    assert_eq!(end("others").await.status, 200);
    over(other_events).await;
    assert_eq!(page.ask("GET /api/state", &[FAR, &other], "").await.status, 401);
    assert_eq!(page.ask("GET /api/state", &[FAR, &mine], "").await.status, 200);
    let out = page.ask("POST /logout", &[FAR, HTML, FORM, &mine], &format!("csrf={csrf}")).await;
    assert_eq!((out.status, out.header("location")), (303, Some("/login")));
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
    over(my_events).await;
    assert_eq!(page.ask("GET /api/state", &[FAR, &mine], "").await.status, 401);

    // Another process sets another password: `moodring-host password`.
    let again = log_in(&page).await;
    let events = stream(&again).await;
    store.set_password(&password::hash("another one").await.unwrap(), jiff::Timestamp::now()).await.unwrap();
    assert_eq!(page.ask("GET /api/state", &[FAR, &again], "").await.status, 401);
    over(events).await;
}

#[tokio::test]
async fn the_password_is_changed_by_whoever_knows_it() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    let (mine, other) = (log_in(&page).await, log_in(&page).await);
    let csrf = format!("X-CSRF-Token: {}", token_in(&page.ask("GET /", &[FAR, HTML, &mine], "").await));
    let change = async |old: &str, new: &str| {
        let body = json!({ "old": old, "password": new, "again": new }).to_string();
        page.ask("POST /account/password", &[FAR, &mine, &csrf, JSON], &body).await
    };
    assert_eq!(change("not it at all", "another one").await.status, 401);
    assert_eq!(change(PASSWORD, "short").await.status, 400);
    let changed = change(PASSWORD, "another one").await;
    assert_eq!(changed.status, 200, "{}", changed.text());
    for old in [&mine, &other] {
        assert_eq!(page.ask("GET /api/state", &[FAR, old], "").await.status, 401);
    }
    assert_eq!(page.ask("GET /api/state", &[FAR, &cookie(&changed)], "").await.status, 200);
}

#[tokio::test]
async fn a_program_comes_in_with_its_token_until_that_is_removed() {
    let (page, store) = opened(Asks::BeyondLoopback, true).await;
    let token = secret::token().unwrap();
    store.add_token("home-assistant", &secret::hash(&token), jiff::Timestamp::now()).await.unwrap();
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!(page.ask("GET /api/state", &[FAR, &bearer], "").await.status, 200);
    assert_eq!(page.ask("POST /api/pause", &[FAR, &bearer, JSON], "{}").await.status, 200);
    let mine = page.ask("GET /account", &[FAR, HTML, &bearer], "").await;
    assert!(mine.text().contains("home-assistant") && !mine.text().contains(&token));
    let change = page.ask("POST /account/password", &[FAR, &bearer, JSON], "{\"password\":\"another one\"}").await;
    assert_eq!(change.status, 403, "{}", change.text());
    let head = format!("GET /events HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{FAR}\r\n{bearer}", page.at);
    let mut events = Events::asked(&page, &head).await;
    events.next("state").await.unwrap();
    assert!(store.remove_token("home-assistant").await.unwrap());
    let end = async { while events.line().await.is_some() {} };
    timeout(Duration::from_secs(20), end).await.expect("the stream ends with its token");
    for wrong in [&bearer, "Authorization: Bearer x", "Authorization: Bearer"] {
        let answer = page.ask("GET /api/state", &[FAR, wrong], "").await;
        assert_eq!(answer.status, 401, "{wrong}");
    }
    // A mistyped one is noticed on the machine itself too.
    let here = page.ask("GET /api/state", &["Authorization: Bearer x"], "").await;
    assert!(here.status == 401 && here.json()["error"].as_str().unwrap().contains("token"));
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_this_host_and_for_tls_alone() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    let tls = "X-Forwarded-Proto: https";
    let body = json!({ "password": PASSWORD }).to_string();
    let answer = page.ask("POST /login", &[FAR, tls, JSON], &body).await;
    let set = answer.header("set-cookie").unwrap();
    assert!(set.starts_with("__Host-moodring=") && set.ends_with("; Secure"), "{set}");
    assert!(answer.header("strict-transport-security").unwrap().starts_with("max-age="));
    assert_eq!(page.ask("GET /api/state", &[FAR, tls, &cookie(&answer)], "").await.status, 200);
    let plain = page.ask("POST /login", &[FAR, JSON], &body).await;
    assert!(!plain.header("set-cookie").unwrap().contains("Secure"));
    assert!(plain.header("strict-transport-security").is_none());
    // A cookie that a neighbour's name could have set is not taken over TLS.
    assert_eq!(page.ask("GET /api/state", &[FAR, tls, &cookie(&plain)], "").await.status, 401);
}

#[tokio::test]
async fn sessions_outlive_a_restart_and_end_in_their_time() {
    let (page, store) = opened(Asks::BeyondLoopback, true).await;
    let hours = |h: i64| jiff::Timestamp::now() - jiff::SignedDuration::from_hours(h);
    let mut cookies = Vec::new();
    for (began, seen, goes_on) in [
        (1, 1, true),
        (24 * 100, 24 * 29, true),
        (24 * 100, 24 * 31, false),
        (24 * 181, 1, false),
        // A calendar that went back makes nothing older than it is.
        (-1000, -1000, true),
    ] {
        let secret = secret::fresh().unwrap();
        let id = store.begin_session(&secret::hash(&secret), "::1", "curl", hours(began), 64).await.unwrap();
        store.session_used(id, "::1", hours(seen)).await.unwrap();
        cookies.push((format!("Cookie: moodring={secret}"), goes_on));
    }
    for (cookie, goes_on) in cookies {
        let status = page.ask("GET /api/state", &[FAR, &cookie], "").await.status;
        assert_eq!(status, if goes_on { 200 } else { 401 });
    }
    assert_eq!(store.sessions().await.unwrap().len(), 3, "what has ended is not kept");
    for n in 0..70 {
        let secret = secret::hash(&n.to_string());
        store.begin_session(&secret, "::1", "curl", hours(0), 64).await.unwrap();
    }
    assert!(store.sessions().await.unwrap().len() <= 65);
}

#[tokio::test]
async fn nothing_that_is_used_as_a_secret_is_kept() {
    let (page, store) = opened(Asks::BeyondLoopback, true).await;
    let cookie = log_in(&page).await;
    let token = secret::token().unwrap();
    store.add_token("x", &secret::hash(&token), jiff::Timestamp::now()).await.unwrap();
    store.close().await;
    let mut kept = Vec::new();
    for file in std::fs::read_dir(page.dir.path()).unwrap() {
        let file = file.unwrap().path();
        if file.is_file() {
            kept.extend(std::fs::read(file).unwrap());
        }
    }
    let session = cookie.split('=').nth(1).unwrap();
    for secret in [session, &token, PASSWORD] {
        assert!(!kept.windows(secret.len()).any(|w| w == secret.as_bytes()), "{secret}");
    }
    assert!(kept.windows(9).any(|w| w == b"$argon2id"), "this looked at the right files");
}

#[tokio::test]
async fn every_answer_says_what_the_page_may_do() {
    let (page, _store) = opened(Asks::BeyondLoopback, true).await;
    for (path, headers) in [("/", &[FAR, HTML][..]), ("/login", &[FAR, HTML]), ("/api/state", &[FAR]), ("/", &[HTML])] {
        let answer = page.ask(&format!("GET {path}"), headers, "").await;
        for (name, says) in [
            ("content-security-policy", "frame-ancestors 'none'"),
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("permissions-policy", "camera=()"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("x-permitted-cross-domain-policies", "none"),
            ("cache-control", "no-store"),
        ] {
            let found = answer.header(name).unwrap_or_default();
            assert!(found.contains(says), "{path}: {name}: {found:?}");
        }
    }
    let _: Value = page.get("/api/state").await.json();
}
