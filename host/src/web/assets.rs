//! The files of the page, embedded in the program, and the two that are written from the moods'
//! looks: their colours as CSS and their faces as SVG.
//!
//! Addresses carry a version made from the contents, so browsers may keep them for a year and a
//! new program is never shown with an old page.

use std::{
    collections::HashMap,
    fmt::Write,
    hash::{DefaultHasher, Hash, Hasher},
    sync::LazyLock,
};

use axum::{
    extract::Path,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use moodring_mood::{
    Emotion, Mood,
    look::{Look, look, svg},
};

use super::refusal::Refusal;

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const FONT: &str = "font/woff2";

/// The style sheets, in their order.
pub const SHEETS: [&str; 7] =
    ["moods.css", "style.css", "parts.css", "manner.css", "lists.css", "sources.css", "access.css"];

type Files = HashMap<String, (&'static str, Bytes)>;

static FILES: LazyLock<Files> = LazyLock::new(|| {
    let mut files: Files = HashMap::new();
    for (name, kind, contents) in [
        ("style.css", CSS, &include_bytes!("../../page/style.css")[..]),
        ("parts.css", CSS, include_bytes!("../../page/parts.css")),
        ("lists.css", CSS, include_bytes!("../../page/lists.css")),
        ("manner.css", CSS, include_bytes!("../../page/manner.css")),
        ("sources.css", CSS, include_bytes!("../../page/sources.css")),
        ("access.css", CSS, include_bytes!("../../page/access.css")),
        ("page.js", SCRIPT, include_bytes!("../../page/page.js")),
        ("live.js", SCRIPT, include_bytes!("../../page/live.js")),
        ("morph.js", SCRIPT, include_bytes!("../../page/morph.js")),
        ("wishes.js", SCRIPT, include_bytes!("../../page/wishes.js")),
        ("nunito-latin.woff2", FONT, include_bytes!("../../page/fonts/nunito-latin.woff2")),
        ("nunito-latin-ext.woff2", FONT, include_bytes!("../../page/fonts/nunito-latin-ext.woff2")),
    ] {
        files.insert(name.to_owned(), (kind, Bytes::from_static(contents)));
    }
    files.insert("moods.css".to_owned(), (CSS, moods_css().into()));
    files.insert("icon.svg".to_owned(), (SVG, icon().into()));
    for mood in Mood::ALL {
        files.insert(format!("{mood}.svg"), (SVG, svg(mood).into()));
        files.insert(format!("sleeve-{mood}.svg"), (SVG, sleeve(mood).into()));
    }
    files
});

/// The version of all files together.
pub static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut names: Vec<_> = FILES.keys().collect();
    names.sort();
    let all: Vec<_> = names.into_iter().map(|n| (n, &FILES[n].1)).collect();
    digest(&all)
});

/// Where a file of the page is.
pub fn at(name: &str) -> String {
    format!("/assets/{}/{name}", *VERSION)
}

/// `GET /assets/{version}/{name}`.
pub async fn serve(Path((version, name)): Path<(String, String)>) -> Result<Response, Refusal> {
    let Some((kind, contents)) = FILES.get(&name) else {
        return Err(Refusal::new(StatusCode::NOT_FOUND, "the page has no such file"));
    };
    let caching = if version == *VERSION { "public, max-age=31536000, immutable" } else { "no-cache" };
    Ok(([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, caching)], contents.clone()).into_response())
}

/// A name for these very bytes, as an `ETag`.
pub fn etag(bytes: &[u8]) -> String {
    format!("\"{}\"", digest(bytes))
}

fn digest<T: Hash + ?Sized>(what: &T) -> String {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What stands for the cover of a track that has none: a record in the colours of a mood.
fn sleeve(mood: Mood) -> String {
    let Look { colour, shade, ink, .. } = look(mood);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\"><defs><linearGradient id=\"g\" x2=\"1\" y2=\"1\">\
         <stop stop-color=\"{colour}\"/><stop offset=\"1\" stop-color=\"{shade}\"/></linearGradient></defs>\
         <rect width=\"100\" height=\"100\" fill=\"url(#g)\"/><g fill=\"none\" stroke=\"{ink}\">\
         <circle cx=\"50\" cy=\"50\" r=\"33\" stroke-width=\"11\" stroke-opacity=\".82\"/>\
         <circle cx=\"50\" cy=\"50\" r=\"33\" stroke=\"{colour}\" stroke-width=\"1\" stroke-opacity=\".5\"/>\
         <circle cx=\"50\" cy=\"50\" r=\"20\" stroke-width=\"13\" stroke-opacity=\".82\"/></g>\
         <circle cx=\"50\" cy=\"50\" r=\"3.5\" fill=\"{ink}\"/></svg>"
    )
}

/// A class for each mood, which sets `--mood` (a surface), `--deep` (a line) and `--word` (text).
fn moods_css() -> String {
    let mut css = String::new();
    let mut dark = String::new();
    for mood in Mood::ALL {
        let look = look(mood);
        // Writing to a String cannot fail.
        let _ = writeln!(css, ".mood-{mood}{{--mood:{};--deep:{};--word:{}}}", look.colour, look.shade, look.ink);
        let _ = writeln!(dark, ".mood-{mood}{{--deep:{0};--word:{0}}}", look.colour);
    }
    let _ = writeln!(css, "@media (prefers-color-scheme:dark){{\n{dark}}}");
    css
}

/// The sign of the program: a ring of the seven emotions' colours.
fn icon() -> String {
    let mut svg =
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100"><g fill="none" stroke-width="20">"#.to_owned();
    let part = 100.0 / 7.0;
    for (i, emotion) in Emotion::ALL.into_iter().enumerate() {
        let _ = write!(
            svg,
            r#"<circle cx="50" cy="50" r="36" pathLength="100" stroke="{}" stroke-dasharray="{} 100" stroke-dashoffset="{}"/>"#,
            look(emotion.into()).colour,
            part + 0.4,
            -(i as f32) * part,
        );
    }
    svg + "</g></svg>"
}
