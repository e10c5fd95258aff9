//! What was played, day by day, each with its reason.

use axum::{
    extract::{Query, rejection::QueryRejection},
    http::HeaderMap,
    response::Html,
};
use jiff::{Timestamp, Zoned, civil::Date, tz::TimeZone};
use maud::{Markup, html};

use super::{
    super::{
        api::{InRoom, MAX_TEXT, Wanted, understood},
        parts,
        refusal::Refusal,
        seen::{Seen, in_address},
    },
    Page, beside, served,
};
use crate::library::Play;

/// How many plays are shown at once.
const ROWS: u32 = 40;

/// `GET /history`; `before` (the number of a play) leaves out that one and the later ones.
pub async fn history(
    InRoom(handle): InRoom,
    headers: HeaderMap,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Html<String>, Refusal> {
    let written = async {
        let before = understood(wanted)?.before()?;
        let room = (handle.room_names().count() > 1).then(|| handle.room_name());
        let plays = handle.plays_before(room, before, ROWS).await?;
        let state = handle.state.borrow().clone();
        let seen = Seen { state: &state, room: handle.room() };
        Ok(beside(seen, Page::History, &list(seen, &plays, before.is_some(), Timestamp::now())).into_string())
    };
    served(written.await, &headers)
}

fn list(seen: Seen, plays: &[Play], later: bool, now: Timestamp) -> Markup {
    let zone = TimeZone::system();
    let day = |play: &Play| play.started.to_zoned(zone.clone()).date();
    let today = now.to_zoned(zone.clone());
    html! {
        section #view.card aria-labelledby="view-head" {
            header { h2 #view-head { "Played" } p.aside.soft.small { "Why each song was chosen, newest first." } }
            @if plays.is_empty() { p.soft { @if later { "Nothing was played before." } @else { "Nothing has been played yet." } } }
            @for of_a_day in plays.chunk_by(|a, b| day(a) == day(b)) {
                h3.day { (day_words(day(&of_a_day[0]), &today)) }
                ol.rows { @for play in of_a_day { li #{ "play-" (play.id) } { (row(seen, play, now, &zone)) } } }
            }
            div.pager {
                @if later { a.button href=(seen.to("/history")) { "Newest" } } @else { span {} }
                @if let (Some(last), true) = (plays.last(), plays.len() == ROWS as usize) {
                    a.button href=(seen.to(&format!("/history?before={}", last.id))) { "Earlier" }
                }
            }
        }
    }
}

fn row(seen: Seen, play: &Play, now: Timestamp, zone: &TimeZone) -> Markup {
    let id = format!("play-{}", play.id);
    let sought: String = play.title.chars().take(MAX_TEXT).collect();
    let deeds = html! {
        form method="post" action=(seen.to(&format!("/api/tracks/{}/play", play.track))) {
            button.tiny id={ (id) "-now" } { (parts::icon(parts::PLAY)) "Play now" }
        }
        (parts::enqueue(seen, play.track, &play.title, &id))
        a.button.tiny href=(seen.to(&format!("/library?q={}", in_address(&sought)))) {
            (parts::icon(parts::SHELF)) "In the library"
        }
    };
    html! {
        span.when.num { (play.started.to_zoned(zone.clone()).strftime("%H:%M")) }
        (parts::one_play(play, now))
        (parts::more(&format!("{id}-more"), &play.title, &deeds))
    }
}

fn day_words(day: Date, today: &Zoned) -> String {
    if day == today.date() {
        "Today".to_owned()
    } else if today.yesterday().is_ok_and(|yesterday| yesterday.date() == day) {
        "Yesterday".to_owned()
    } else {
        day.strftime("%A, %-d %B %Y").to_string()
    }
}

#[cfg(test)]
mod tests {
    use moodring_mood::Mood;

    use super::*;
    use crate::{library::TrackId, view::State};

    #[test]
    fn days_are_named_as_people_name_them() {
        let today: Zoned = "2026-11-23T01:00+01:00[+01:00]".parse().unwrap();
        for (day, said) in
            [("2026-11-23", "Today"), ("2026-11-22", "Yesterday"), ("2026-11-21", "Saturday, 21 November 2026")]
        {
            assert_eq!(day_words(day.parse().unwrap(), &today), said);
        }
    }

    #[test]
    fn a_long_title_is_sought_in_the_library_by_what_may_be_asked() {
        let now: Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let play = Play {
            id: 1,
            room: "home".to_owned(),
            track: TrackId(1),
            title: "x".repeat(300),
            artist: String::new(),
            mood: Mood::Happy,
            reason: String::new(),
            started: now,
            ended: None,
            ending: None,
        };
        let html = row(Seen { state: &State::default(), room: 0 }, &play, now, &TimeZone::UTC).into_string();
        assert!(html.contains(&format!("\"/library?q={}\"", "x".repeat(MAX_TEXT))), "{html}");
    }
}
