//! `openapi.yaml` describes every route and no other.

use std::collections::BTreeSet;

use moodring_host::web;
use serde_json::{Value, json};

use super::{
    Page, Scene,
    contract::{FILE, errors, resolved},
};

#[test]
fn it_describes_every_route_and_no_other() {
    let routes: BTreeSet<_> = web::paths().into_iter().collect();
    let paths: BTreeSet<_> = FILE["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(routes, paths);
    let mut ids = BTreeSet::new();
    for (path, methods) in FILE["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} has no name"));
            assert!(ids.insert(id), "{id} is there twice");
            assert!(operation["summary"].is_string() && operation["tags"].is_array(), "{method} {path}");
            let named: BTreeSet<_> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(resolved)
                .filter(|p| p["in"] == "path")
                .map(|p| format!("{{{}}}", p["name"].as_str().unwrap()))
                .collect();
            let braced: BTreeSet<_> = path
                .split('/')
                .filter(|p| p.starts_with('{'))
                .map(|p| p.split('.').next().unwrap().to_owned())
                .collect();
            assert_eq!(named, braced, "the parameters of {method} {path}");
        }
    }
}

#[tokio::test]
async fn it_names_the_methods_that_the_routes_take() {
    let page = Page::open(Scene::One).await;
    for (path, methods) in FILE["paths"].as_object().unwrap() {
        let asked = path.replace("{id}", "1").replace("{version}", "x").replace("{name}", "y");
        let answer = page.ask(&format!("PUT {asked}"), &[], "").await;
        assert_eq!(answer.status, 405, "{path}");
        let allowed: BTreeSet<_> = answer
            .header("allow")
            .expect("Allow")
            .split(',')
            .map(str::trim)
            .filter(|m| *m != "HEAD")
            .map(str::to_lowercase)
            .collect();
        let named: BTreeSet<_> = methods.as_object().unwrap().keys().cloned().collect();
        assert_eq!(allowed, named, "{path}");
    }
}

#[tokio::test]
async fn it_is_served_and_every_reference_leads_somewhere() {
    fn walk(value: &Value) -> usize {
        let here = usize::from(value["$ref"].is_string() && resolved(value).is_object());
        here + match value {
            Value::Object(keys) => keys.values().map(walk).sum(),
            Value::Array(several) => several.iter().map(walk).sum(),
            _ => 0_usize,
        }
    }
    let page = Page::open(Scene::Empty).await;
    let served = page.get("/openapi.yaml").await;
    assert_eq!(served.header("content-type"), Some("application/yaml"));
    let served: Value = serde_norway::from_str(served.text()).unwrap();
    assert_eq!(served, *FILE);
    assert!(walk(&FILE) > 50);
    assert!(FILE["openapi"].as_str().unwrap().starts_with("3.1."));
}

#[tokio::test]
async fn the_states_of_all_rooms_are_as_it_says() {
    for scene in [Scene::Empty, Scene::One, Scene::Many] {
        let page = Page::open(scene).await;
        for path in
            ["/api/state", "/api/tracks?limit=500", "/api/history", "/api/taste", "/healthz", "/history", "/taste"]
        {
            assert_eq!(page.get(path).await.status, 200, "{path}");
        }
    }
}

#[test]
fn what_it_does_not_say_is_noticed() {
    let playing = &FILE["components"]["schemas"]["Queued"];
    let right = json!({ "track": 1, "title": "a", "artist": "", "address": null, "mood": "happy", "reason": "liked" });
    assert_eq!(errors(playing, &right), [""; 0]);
    for wrong in [json!({ "mood": "cheerful" }), json!({ "track": "1" }), json!({ "news": 1 })] {
        let mut value = right.clone();
        value.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        assert!(!errors(playing, &value).is_empty(), "{wrong}");
    }
}
