//! What was learnt of people's taste, to be read and to be forgotten.

use axum::{
    extract::{Query, rejection::QueryRejection},
    http::HeaderMap,
    response::Html,
};
use maud::{Markup, html};
use moodring_mood::{Emotion, look::look};

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
use crate::library::tastes::Learnt;

/// How many tracks are shown in all.
const ROWS: u32 = 200;

/// `GET /taste`; `mood` shows one emotion alone.
pub async fn taste(
    InRoom(handle): InRoom,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Html<String>, Refusal> {
    let written = async {
        let emotion = understood(wanted)?.query()?.emotion;
        let learnt = handle.learnt(emotion, ROWS).await?;
        let state = handle.state.borrow().clone();
        let seen = Seen { state: &state, room: handle.room() };
        Ok(beside(seen, Page::Taste, &list(seen, &learnt, emotion)).into_string())
    };
    served(written.await, &headers)
}

fn list(seen: Seen, learnt: &[Learnt], only: Option<Emotion>) -> Markup {
    html! {
        section #view.card aria-labelledby="view-head" {
            header { h2 #view-head { "What has been learnt" } }
            p.soft {
                "From what you hear to the end, skip, pick and like, Moodring learns what is welcome in which mood. "
                "It never stops trying something new now and then, and forgets slowly: after three months, half."
            }
            div.filter role="group" aria-label="Only for" {
                a.button.all href=(seen.to("/taste")) aria-current=[only.is_none().then_some("true")] { "All" }
                @for emotion in Emotion::ALL {
                    a.button href=(seen.to(&format!("/taste?mood={emotion}"))) aria-current=[(only == Some(emotion)).then_some("true")] {
                        (parts::face(emotion.into(), "face")) (look(emotion.into()).word)
                    }
                }
            }
            @if learnt.is_empty() {
                p { "Nothing yet" @if let Some(emotion) = only { " for " (emotion) } ". Listen for a while; what you skip counts as much as what you let play." }
            }
            @for of_a_mood in learnt.chunk_by(|a, b| a.emotion == b.emotion) {
                @let emotion = of_a_mood[0].emotion;
                section class={ "learnt mood-" (emotion) } aria-labelledby={ "learnt-" (emotion) } {
                    h3 id={ "learnt-" (emotion) } { (parts::face(emotion.into(), "face s")) (look(emotion.into()).word) }
                    ol.rows { @for one in of_a_mood { li #{ "learnt-" (emotion) "-" (one.track) } { (row(seen, one)) } } }
                    (forget(seen, Some(emotion)))
                }
            }
            @if !learnt.is_empty() && only.is_none() { (forget(seen, None)) }
            p.soft.small { "For programs, and to keep a copy: " a href=(seen.to("/api/taste?limit=500")) { "all of it as JSON" } "." }
        }
    }
}

fn row(seen: Seen, one: &Learnt) -> Markup {
    let percent = (one.welcome * 100.0).round().clamp(0.0, 100.0);
    let id = format!("learnt-{}-{}-play", one.emotion, one.track);
    html! {
        div.what {
            b { (one.title) } (parts::by(&one.artist))
            p { (verdict(one.welcome)) " · welcome " (tenths(one.sums.good)) ", unwelcome " (tenths(one.sums.bad)) }
            meter aria-label={ "How welcome “" (one.title) "” is" } min="0" max="100" value=(percent) { (percent) " %" }
        }
        (parts::play_now(seen, one.track, &one.title, &id))
    }
}

/// Plays, as a sum that fades: "3", "2.4".
fn tenths(sum: f64) -> String {
    let tenths = (sum * 10.0).round() / 10.0;
    format!("{tenths} {}", if tenths == 1.0 { "time" } else { "times" })
}

/// A share of welcome plays in words.
const fn verdict(welcome: f64) -> &'static str {
    if welcome >= 0.75 {
        "a favourite"
    } else if welcome >= 0.5 {
        "welcome"
    } else if welcome >= 0.25 {
        "mixed"
    } else {
        "mostly skipped"
    }
}

fn forget(seen: Seen, emotion: Option<Emotion>) -> Markup {
    let what = emotion.map_or_else(|| "everything".to_owned(), |e| format!("what was learnt for {e}"));
    html! {
        details.sure id={ "forget" @if let Some(e) = emotion { "-" (e) } } {
            summary { "Forget " (what) }
            form method="post" action=(seen.to("/api/taste/forget")) data-said={ (words::capital(&what)) " is forgotten." } {
                @if let Some(emotion) = emotion { input type="hidden" name="mood" value=(emotion); }
                p.small { "This cannot be taken back. Likes stay." }
                button.tiny id={ "forget-now" @if let Some(e) = emotion { "-" (e) } } { "Forget it" }
            }
        }
    }
}
