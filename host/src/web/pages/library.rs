//! The library: search, the tracks of each mood, and what can be done about each.

use axum::{
    extract::{Query, rejection::QueryRejection},
    http::HeaderMap,
    response::Html,
};
use maud::{Markup, html};
use moodring_mood::{Emotion, Mood, look::look};

use super::{
    super::{
        api::{InRoom, Wanted, understood},
        parts,
        refusal::Refusal,
        seen::Seen,
        words,
    },
    Page, beside, served,
};
use crate::{
    app::Handle,
    library::{Emotions, Track, TrackPage, TrackQuery},
};

/// How many tracks are shown at once.
const ROWS: u32 = 24;

/// `GET /library`; `q`, `mood` and `offset` choose what is shown.
pub async fn library(
    InRoom(handle): InRoom,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Html<String>, Refusal> {
    let written = async {
        let query = TrackQuery { limit: ROWS, ..understood(wanted)?.query()? };
        let (query, found) = on_a_page_that_exists(&handle, query).await?;
        let state = handle.state.borrow().clone();
        let seen = Seen { state: &state, room: handle.room() };
        Ok(beside(seen, Page::Library, &view(seen, &query, &found)).into_string())
    };
    served(written.await, &headers)
}

/// What the query finds; beyond the last page, the last page.
async fn on_a_page_that_exists(handle: &Handle, query: TrackQuery) -> Result<(TrackQuery, TrackPage), Refusal> {
    let found = handle.tracks(&query).await?;
    if u64::from(query.offset) < found.total.max(1) {
        return Ok((query, found));
    }
    let last = found.total.saturating_sub(1) / u64::from(ROWS) * u64::from(ROWS);
    let query = TrackQuery { offset: last.try_into().unwrap_or(0), ..query };
    let found = handle.tracks(&query).await?;
    Ok((query, found))
}

fn view(seen: Seen, query: &TrackQuery, found: &TrackPage) -> Markup {
    let chosen = query.emotion.map_or("", Emotion::word);
    html! {
        section #view.card aria-labelledby="view-head" {
            header { h2 #view-head tabindex="-1" { @if let Some(mood) = query.emotion { "Music for " (mood) } @else { "Library" } } }
            form.find-form role="search" method="get" action="/library" {
                (seen.field())
                div.find {
                    input #q type="search" name="q" value=(query.text) maxlength="200" autocomplete="off"
                        aria-label="Search title, artist or album" placeholder="Title, artist or album";
                    button name="mood" value=(chosen) { "Search" }
                }
                div.filter role="group" aria-label="Only tracks for" {
                    button.button.all name="mood" value="" aria-pressed=(query.emotion.is_none()) { "All" }
                    @for (emotion, n) in Emotion::ALL.into_iter().zip(seen.state.library.by_emotion) {
                        button.button name="mood" value=(emotion) aria-pressed=(query.emotion == Some(emotion)) {
                            (parts::face(emotion.into(), "face")) (look(emotion.into()).word)
                            span.soft.num { (n) span.sr { " tracks" } }
                        }
                    }
                }
            }
            (parts::shelf(seen.state))
            (tracks(seen, query, found))
        }
    }
}

fn tracks(seen: Seen, query: &TrackQuery, found: &TrackPage) -> Markup {
    html! {
        ul #tracks.rows aria-label="Tracks" { @for track in &found.tracks { (row(seen, track, query.emotion)) } }
        @if found.total == 0 && (query.emotion.is_some() || !query.text.is_empty()) {
            p { "No track is found by that. " a href=(seen.to("/library")) { "Show all" } }
        }
        @let last = u64::from(query.offset) + found.tracks.len() as u64;
        @if query.offset > 0 || last < found.total {
            form.pages method="get" action="/library" {
                (seen.field())
                input type="hidden" name="q" value=(query.text);
                input type="hidden" name="mood" value=(query.emotion.map_or("", Emotion::word));
                div.pager {
                    button #page-back name="offset" value=(query.offset.saturating_sub(ROWS))
                        aria-disabled=[(query.offset == 0).then_some("true")] { "Earlier" }
                    span.soft.small.num { (u64::from(query.offset) + 1) "–" (last) " of " (found.total) }
                    button #page-on name="offset" value=(query.offset.saturating_add(ROWS))
                        aria-disabled=[(last >= found.total).then_some("true")] { "More" }
                }
            }
        }
    }
}

fn row(seen: Seen, track: &Track, shown_for: Option<Emotion>) -> Markup {
    let length = track.length_s.map(words::clock);
    let about: Vec<_> = [Some(track.artist.clone()), Some(track.album.clone()), length]
        .into_iter()
        .flatten()
        .filter(|s| !s.is_empty())
        .collect();
    html! {
        li #{ "track-" (track.id) } {
            @if track.problem.is_none() { (parts::play_on_cover(seen, track.id, &track.title, &format!("play-{}", track.id))) }
            @else { span.broken { (parts::icon(parts::WARNING)) } }
            div.what {
                b { (track.title) }
                p { (about.join(" · ")) }
                @if let Some(problem) = &track.problem { p { "Cannot be played: " (problem) } }
                (chips(track))
            }
            (parts::like(seen, track.id, &track.title, track.liked, &format!("like-{}", track.id), "tiny round"))
            (parts::more(&format!("more-{}", track.id), &track.title, &deeds(seen, track, shown_for)))
        }
    }
}

/// The moods that a track fits; what is known of none counts as neutral.
fn moods(track: &Track) -> Emotions {
    match track.moods {
        Emotions::NONE => [Emotion::Neutral].into_iter().collect(),
        moods => moods,
    }
}

fn chips(track: &Track) -> Markup {
    let fits = moods(track);
    html! {
        ul.chips aria-label="Moods" {
            @for emotion in Emotion::ALL {
                @let banned = track.not_for.contains(emotion);
                @if fits.contains(emotion) || banned {
                    li.chip.banned[banned] {
                        (parts::face(Mood::from(emotion), "face"))
                        @if banned { span.sr { "never for " } }
                        (look(emotion.into()).word)
                    }
                }
            }
        }
    }
}

/// What can be done about a track: when it comes, which moods it is for, and for which it never is.
fn deeds(seen: Seen, track: &Track, shown_for: Option<Emotion>) -> Markup {
    let (id, fits) = (track.id, moods(track));
    html! {
        @if track.problem.is_none() { (parts::enqueue(seen, id, &track.title, &format!("track-{id}"))) }
        @if let Some(address) = track.source.address() { (parts::at_spotify(&address, &track.title, "button tiny")) }
        @if let Some(from) = shown_for.filter(|from| fits.contains(*from)) { (elsewhere(seen, track, from)) }
        fieldset {
            legend { "Music for" }
            form method="post" action=(seen.to(&format!("/api/tracks/{id}/moods"))) {
                @for emotion in Emotion::ALL {
                    @let fits = fits.contains(emotion);
                    button.tiny.mood-button id={ "fits-" (id) "-" (emotion) } aria-pressed=(fits)
                        name=(if fits { "remove" } else { "add" }) value=(emotion) {
                        (parts::face(emotion.into(), "face")) (look(emotion.into()).word)
                    }
                }
            }
        }
        fieldset {
            legend { "Never play it for" }
            @for emotion in Emotion::ALL {
                @let banned = track.not_for.contains(emotion);
                form method="post" action=(seen.to(&format!("/api/tracks/{id}/not-for"))) {
                    input type="hidden" name="mood" value=(emotion);
                    input type="hidden" name="banned" value=(!banned);
                    button.tiny id={ "not-" (id) "-" (emotion) } aria-pressed=(banned) {
                        (parts::icon(parts::NOT)) (look(emotion.into()).word)
                    }
                }
            }
        }
    }
}

/// Moves a track from the mood whose tracks are shown to another.
fn elsewhere(seen: Seen, track: &Track, from: Emotion) -> Markup {
    let id = track.id;
    html! {
        form.move method="post" action=(seen.to(&format!("/api/tracks/{id}/moods")))
            data-said={ "“" (track.title) "” is no longer among the tracks for " (from) "." } {
            input type="hidden" name="remove" value=(from);
            label for={ "move-" (id) } { "Move it from " (look(from.into()).word) " to" }
            select id={ "move-" (id) } name="add" {
                @for emotion in Emotion::ALL.into_iter().filter(|e| *e != from) {
                    option value=(emotion) { (look(emotion.into()).word) }
                }
            }
            button.tiny id={ "moved-" (id) } { "Move" }
        }
    }
}
