//! `openapi.yaml` as a contract: it describes every route and no other, and every answer that any of
//! these tests gets is what it says, with no key that it does not name.

use std::{collections::BTreeSet, sync::LazyLock};

use moodring_host::web;
use serde_json::{Map, Value, json};

use super::{Answer, Page, Scene};

static FILE: LazyLock<Value> =
    LazyLock::new(|| serde_norway::from_str(include_str!("../../openapi.yaml")).expect("openapi.yaml is YAML"));

/// The schemas, closed: what they do not name is not allowed here, though readers must allow it.
static SCHEMAS: LazyLock<Value> = LazyLock::new(|| {
    let mut schemas = FILE["components"]["schemas"].clone();
    close(&mut schemas);
    schemas
});

fn close(schema: &mut Value) {
    match schema {
        Value::Object(keys) => {
            keys.values_mut().for_each(close);
            if keys.get("properties").is_some_and(Value::is_object) && !keys.contains_key("additionalProperties") {
                keys.insert("additionalProperties".to_owned(), json!(false));
            }
        }
        Value::Array(several) => several.iter_mut().for_each(close),
        _ => {}
    }
}

/// What stands behind a `$ref`, or the value itself.
fn resolved(value: &Value) -> &Value {
    match value["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        Some(place) => FILE.pointer(place).unwrap_or_else(|| panic!("{place} is not in openapi.yaml")),
        None => value,
    }
}

/// The path of the file that a request's path is one of.
fn path_of(asked: &str) -> Option<(&'static str, &'static Map<String, Value>)> {
    let asked: Vec<_> = asked.split(['?', ' ']).next()?.split('/').collect();
    let fits = |path: &str| {
        let parts: Vec<_> = path.split('/').collect();
        parts.len() == asked.len()
            && parts.iter().zip(&asked).all(|(part, asked)| part.starts_with('{') || part == asked)
    };
    let paths = FILE["paths"].as_object().expect("paths");
    // A path without a parameter goes first, as in the router.
    let mut found: Vec<_> = paths.iter().filter(|(path, _)| fits(path)).collect();
    found.sort_by_key(|(path, _)| path.matches('{').count());
    found.first().map(|(path, item)| (path.as_str(), item.as_object().expect("a path's methods")))
}

/// Panics unless an answer to a request is one that the file promises.
pub fn holds(line: &str, answer: &Answer) {
    let (method, asked) = line.split_once(' ').expect("a method and a path");
    let response = path_of(asked).and_then(|(_, methods)| methods.get(&method.to_lowercase())).map_or_else(
        // Nothing is there: the answer is the one that all refusals have.
        || &FILE["components"]["responses"]["Refused"],
        |operation| {
            let responses = &operation["responses"];
            let response = &responses[answer.status.to_string().as_str()];
            assert!(answer.status >= 400 || !response.is_null(), "{line}: {} is not in openapi.yaml", answer.status);
            if response.is_null() { &responses["default"] } else { response }
        },
    );
    let Some(content) = resolved(response)["content"].as_object() else {
        assert!(answer.body.is_empty(), "{line}: {} has no body in openapi.yaml", answer.status);
        return;
    };
    let kind = answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default();
    let media =
        content.get(kind).unwrap_or_else(|| panic!("{line}: {} as {kind:?} is not in openapi.yaml", answer.status));
    if kind == "application/json" {
        let errors = errors(&media["schema"], &answer.json());
        assert!(errors.is_empty(), "{line}: {}: {errors:#?}\n{}", answer.status, answer.text());
    }
}

/// What is wrong with a value by a schema of the file.
pub fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let mut whole = schema.clone();
    close(&mut whole);
    let whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "allOf": [whole],
        "components": { "schemas": *SCHEMAS },
    });
    let validator = jsonschema::options().should_validate_formats(true).build(&whole).expect("a schema");
    validator.iter_errors(value).map(|e| format!("{}: {e}", e.instance_path())).collect()
}

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
