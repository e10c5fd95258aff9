//! The page as a whole: the living parts in their places, and the library with its search.
//!
//! It reads and works without JavaScript; `page.js` only keeps it up to date.

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::HeaderMap,
    response::Html,
};
use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};
use moodring_mood::{Emotion, Mood, look::look};

use super::{
    Site,
    api::{Wanted, understood},
    assets, parts,
    refusal::Refusal,
    words,
};
use crate::{
    library::{Emotions, Play, Track, TrackPage, TrackQuery},
    view,
};

/// How many tracks are shown at once.
const ROWS: u32 = 12;

/// `GET /`; `q`, `mood` and `offset` choose what the library shows.
pub async fn whole(
    State(site): State<Site>,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Html<String>, Refusal> {
    let written = async {
        let query = TrackQuery { limit: ROWS, ..understood(wanted)?.query()? };
        let (query, found) = on_a_page_that_exists(&site, query).await?;
        let plays = site.handle.history(parts::PLAYS).await?;
        let state = site.handle.state.borrow().clone();
        Ok(write(&state, &query, &found, &plays, Timestamp::now()).into_string())
    };
    written.await.map(Html).map_err(|r: Refusal| r.for_reader(&headers))
}

/// What the query finds; beyond the last page, the last page.
async fn on_a_page_that_exists(site: &Site, query: TrackQuery) -> Result<(TrackQuery, TrackPage), Refusal> {
    let found = site.handle.tracks(&query).await?;
    if u64::from(query.offset) < found.total.max(1) {
        return Ok((query, found));
    }
    let last = found.total.saturating_sub(1) / u64::from(ROWS) * u64::from(ROWS);
    let query = TrackQuery { offset: last.try_into().unwrap_or(0), ..query };
    let found = site.handle.tracks(&query).await?;
    Ok((query, found))
}

fn write(state: &view::State, query: &TrackQuery, found: &TrackPage, plays: &[Play], now: Timestamp) -> Markup {
    let body = html! {
        (parts::told(state))
        main {
            (parts::notices(state))
            (parts::devices(state, now))
            (parts::player(state))
            (parts::next(&state.queue))
            (library(state, query, found))
            (parts::history(plays, now))
        }
    };
    frame(&parts::title(state), &body)
}

/// A page that says only why something could not be done.
pub fn sorry(message: &str) -> String {
    let body =
        html! { main { div.card.empty { h2 { "That did not work" } p { (message) } a.button href="/" { "Back" } } } };
    frame("Moodring", &body).into_string()
}

fn frame(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" data-version=(*assets::VERSION) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href=(assets::at("icon.svg")) type="image/svg+xml";
                link rel="preload" href=(assets::at("nunito-latin.woff2")) as="font" type="font/woff2" crossorigin;
                link rel="stylesheet" href=(assets::at("moods.css"));
                link rel="stylesheet" href=(assets::at("style.css"));
                script type="module" src=(assets::at("page.js")) {}
            }
            body {
                a.skip-link href="#player" { "To the player" }
                header.top {
                    img.logo src=(assets::at("icon.svg")) alt="" width="40" height="40";
                    h1 { "Moodring" }
                    p #link.link-state { noscript { a href="/" { "Look again" } } }
                }
                (body)
                p #said role="status" {}
                footer {
                    "Moodring " (env!("CARGO_PKG_VERSION")) " · for programs: "
                    a href="/api/state" { "state" } ", " a href="/api/tracks" { "tracks" } ", " a href="/api/history" { "history" }
                }
            }
        }
    }
}

fn library(state: &view::State, query: &TrackQuery, found: &TrackPage) -> Markup {
    let chosen = query.emotion.map_or("", Emotion::word);
    html! {
        section #library.card aria-labelledby="library-head" {
            header { h2 #library-head { "Library" } }
            form.find-form role="search" method="get" action="/#library" {
                div.find {
                    input #q type="search" name="q" value=(query.text) maxlength="200" autocomplete="off"
                        aria-label="Search title, artist or album" placeholder="Title, artist or album";
                    button name="mood" value=(chosen) { "Search" }
                }
                div.filter role="group" aria-label="Only tracks for" {
                    button.button.all name="mood" value="" aria-pressed=(query.emotion.is_none()) { "All" }
                    @for (emotion, n) in Emotion::ALL.into_iter().zip(state.library.by_emotion) {
                        button.button name="mood" value=(emotion) aria-pressed=(query.emotion == Some(emotion)) {
                            (parts::face(emotion.into(), "face")) (look(emotion.into()).word)
                            span.soft.num { (n) span.sr { " tracks" } }
                        }
                    }
                }
            }
            (parts::shelf(state))
            (tracks(query, found))
        }
    }
}

fn tracks(query: &TrackQuery, found: &TrackPage) -> Markup {
    html! {
        ul #tracks.rows aria-label="Tracks" { @for track in &found.tracks { (row(track)) } }
        @if found.total == 0 && (query.emotion.is_some() || !query.text.is_empty()) {
            p { "No track is found by that. " a href="/#library" { "Show all" } }
        }
        @let last = u64::from(query.offset) + found.tracks.len() as u64;
        @if query.offset > 0 || last < found.total {
            form.pages method="get" action="/#library" {
                input type="hidden" name="q" value=(query.text);
                input type="hidden" name="mood" value=(query.emotion.map_or("", Emotion::word));
                div.pager {
                    button #page-back name="offset" value=(query.offset.saturating_sub(ROWS)) disabled[query.offset == 0] { "Earlier" }
                    span.soft.small.num { (u64::from(query.offset) + 1) "–" (last) " of " (found.total) }
                    button #page-on name="offset" value=(query.offset.saturating_add(ROWS)) disabled[last >= found.total] { "More" }
                }
            }
        }
    }
}

fn row(track: &Track) -> Markup {
    let length = track.length_s.map(words::clock);
    let about: Vec<_> = [Some(track.artist.clone()), Some(track.album.clone()), length]
        .into_iter()
        .flatten()
        .filter(|s| !s.is_empty())
        .collect();
    html! {
        li #{ "track-" (track.id) } {
            @if track.problem.is_none() { (parts::play_now(track.id, &track.title, &format!("play-{}", track.id))) }
            @else { span.broken { (parts::icon(parts::WARNING)) } }
            div.what {
                b { (track.title) }
                p { (about.join(" · ")) }
                @if let Some(problem) = &track.problem { p { "Cannot be played: " (problem) } }
                (fits(track))
            }
            div.acts { (parts::like(track.id, track.liked, &format!("like-{}", track.id), "tiny round")) }
        }
    }
}

/// The moods a track fits, and the buttons that say it does not.
fn fits(track: &Track) -> Markup {
    let fits: Emotions = match track.moods {
        Emotions::NONE => [Emotion::Neutral].into_iter().collect(),
        moods => moods,
    };
    let all: Vec<_> = Emotion::ALL.into_iter().filter(|e| fits.contains(*e) || track.not_for.contains(*e)).collect();
    html! {
        div.chips {
            @for emotion in &all {
                @let banned = track.not_for.contains(*emotion);
                span.chip.banned[banned] {
                    (parts::face(Mood::from(*emotion), "face"))
                    @if banned { span.sr { "not for " } }
                    (look((*emotion).into()).word)
                }
            }
            details.why {
                summary { "Not for …" }
                div.chips {
                    @for emotion in &all {
                        @let banned = track.not_for.contains(*emotion);
                        form method="post" action={ "/api/tracks/" (track.id) "/not-for" } {
                            input type="hidden" name="mood" value=(emotion);
                            input type="hidden" name="banned" value=(!banned);
                            button.tiny id={ "not-" (track.id) "-" (emotion) } aria-pressed=(banned) { "Not for " (emotion) }
                        }
                    }
                }
            }
        }
    }
}
