//! `openapi.yaml` as a contract: every answer that any of these tests gets is what it says, with no key that it
//! does not name.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

/// The file.
pub static FILE: LazyLock<Value> =
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
pub fn resolved(value: &Value) -> &Value {
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

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// Takes an answer apart.
    pub fn read(all: &[u8]) -> Self {
        let end = all.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8(all[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let mut body = all[end + 4..].to_vec();
        if head.to_lowercase().contains("transfer-encoding: chunked") {
            body = unchunked(&body);
        }
        Self { status, head, body }
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let line = self.head.lines().find(|l| l.to_lowercase().starts_with(&format!("{name}:")))?;
        Some(line[name.len() + 1..].trim())
    }
}

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        body.extend_from_slice(&rest[end + 2..end + 2 + size]);
        rest = &rest[end + 4 + size..];
    }
    body
}

/// Panics unless an answer to a request is one that the file promises.
pub fn holds(line: &str, answer: &Answer) {
    let (method, asked) = line.split_once(' ').expect("a method and a path");
    let response = path_of(asked).and_then(|(_, methods)| methods.get(&method.to_lowercase())).map_or_else(
        // Nothing is there: the answer is the one that all refusals have, or the way to the log-in.
        || &FILE["components"]["responses"][if answer.status == 303 { "LogIn" } else { "Refused" }],
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
