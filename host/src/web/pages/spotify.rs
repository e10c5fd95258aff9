//! Spotify: log in, what plays where, a playlist for each mood, how the refresh goes.
//!
//! A view enters, HTML leaves; what it asks for is done by `web::spotify`.

use axum::{extract::State, http::HeaderMap, response::Html};
use maud::{Markup, html};
use moodring_mood::{Emotion, look::look};

use super::{
    super::{Site, api::InRoom, parts, refusal::Refusal, seen::Seen, words},
    Page, beside, served,
};
use crate::spotify::{View, serve::clock};

/// `GET /spotify`.
pub async fn spotify(
    State(site): State<Site>,
    InRoom(handle): InRoom,
    headers: HeaderMap,
) -> Result<Html<String>, Refusal> {
    let written = async {
        let main = match site.handle.spotify() {
            Some(service) => part(&service.view().await?),
            None => off(),
        };
        let state = handle.state.borrow().clone();
        let seen = Seen { state: &state, room: handle.room() };
        Ok(beside(seen, Page::Spotify, &main).into_string())
    };
    served(written.await, &headers)
}

/// All of it, which follows what happens.
pub fn part(view: &View) -> Markup {
    html! {
        div #spotify {
            (account(view))
            @if view.log_in == "in" {
                (devices(view))
                (lists(view))
                (found(view))
            }
        }
    }
}

/// Without an app there is nothing to log in to.
fn off() -> Markup {
    html! {
        section #spotify-account.card aria-labelledby="spotify-head" {
            header { h2 #spotify-head { "Spotify" } }
            p { "Spotify is off. With Premium, Moodring can play on any of your devices on which Spotify is open." }
            p { "Make an app of your own in Spotify's dashboard for developers, put its client id into "
                code { "spotify.client_id" } " of the settings, and start Moodring again; the README shows how." }
        }
    }
}

fn account(view: &View) -> Markup {
    html! {
        section #spotify-account.card aria-labelledby="spotify-head" {
            header { h2 #spotify-head tabindex="-1" { "Spotify" } }
            @if let Some(why) = &view.why { p role="status" { (why) } }
            @else { p role="status" { "Music comes from Spotify." } }
            @if view.why.is_some() && view.plays_from == "local" { p { "Local music plays meanwhile." } }
            @if let Some(trouble) = &view.log_in_trouble { p { "The log-in did not work: " (trouble) } }
            @if let Some(ends) = view.ends {
                p { strong { "The log-in ends on " (ends.strftime("%e %B %Y")) ". " } "Log in again before; it takes a minute." }
            }
            @if let Some(address) = &view.address {
                p { a.button #consent href=(address) rel="noreferrer" { "Consent at Spotify" } }
                p.small { "On this machine that is all. On another one the browser ends at an address that it cannot \
                           open: copy that address from its top line, and paste it here." }
                form method="post" action="/api/spotify/paste" {
                    label for="pasted" { "The address that the browser ended at" }
                    input #pasted type="text" name="address" autocomplete="off" required;
                    button { "Finish" }
                }
            }
            @if view.log_in != "in" || view.ends.is_some() {
                form method="post" action="/api/spotify/login" { button #log-in { "Log in to Spotify" } }
            }
            @if view.log_in == "in" {
                p.soft.small.num { (view.spent) " of " (view.budget) " calls used in the last 24 hours" }
                form method="post" action="/api/spotify/logout" { button.tiny { "Log out" } }
            }
        }
    }
}

fn devices(view: &View) -> Markup {
    let known = view.devices.contains(&view.device) || view.device.is_empty();
    html! {
        section #spotify-device.card aria-labelledby="device-head" {
            header { h2 #device-head { "Plays on" } }
            form method="post" action="/api/spotify/device" {
                label for="device-name" { "Device" }
                select #device-name name="name" {
                    option value="" selected[view.device.is_empty()] { "Whichever is active, or the only one" }
                    @if !known { option value=(view.device) selected { (view.device) " (not seen just now)" } }
                    @for name in &view.devices { option value=(name) selected[*name == view.device] { (name) } }
                }
                button { "Use" }
            }
            form method="post" action="/api/spotify/devices" { button.tiny { "Look for devices" } }
            @if view.devices.is_empty() {
                p.small { "A device is seen once Spotify is open on it." }
            }
        }
    }
}

fn lists(view: &View) -> Markup {
    let own = || view.lists.iter().filter(|list| list.own);
    html! {
        section #spotify-lists.card aria-labelledby="lists-head" {
            header { h2 #lists-head { "Your playlists for moods" } }
            p.small { "A mood plays its playlist, what is found by searching for it, and, where that is little, what you like." }
            @for emotion in Emotion::ALL {
                @let picked = view.picks.iter().find(|(mood, ..)| *mood == emotion);
                form.row method="post" action="/api/spotify/playlist" {
                    input type="hidden" name="mood" value=(emotion);
                    label for={ "list-" (emotion) } { (parts::face(emotion.into(), "face")) (look(emotion.into()).word) }
                    select id={ "list-" (emotion) } name="playlist" {
                        option value="" selected[picked.is_none()] { "None of its own" }
                        @for list in own() {
                            option value=(list.id) selected[picked.is_some_and(|(_, id, _)| *id == list.id)] { (list.name) }
                        }
                    }
                    button.tiny { "Use" span.sr { " for " (emotion) } }
                }
            }
        }
    }
}

fn found(view: &View) -> Markup {
    let refresh = &view.refresh;
    html! {
        section #spotify-found.card aria-labelledby="found-head" {
            header { h2 #found-head { "Music found" } }
            p.num { (words::count(view.stock.tracks, "track", "tracks")) @if view.stock.fillers > 0 { ", " (view.stock.fillers) " of them liked ones that fill gaps" } }
            ul.chips {
                @for (emotion, n) in Emotion::ALL.into_iter().zip(view.stock.by_emotion) {
                    li.chip { (parts::face(emotion.into(), "face")) (look(emotion.into()).word) " " span.num { (n) } }
                }
            }
            @if let Some((step, steps)) = refresh.steps {
                p role="status" { "Looking for music: " (refresh.doing) }
                progress max=(steps.max(1)) value=(step) aria-label="Looking for music" {}
            } @else {
                @if let Some(ended) = refresh.ended {
                    p { "Last looked at " (clock(ended)) ": " (refresh.new) " new, " (refresh.retired) " retired." }
                }
                @if let Some(next) = refresh.next { p.soft.small { "Next: " (clock(next)) } }
                form method="post" action="/api/spotify/refresh" { button #refresh { "Look for music now" } }
            }
            @if let Some(until) = refresh.waits { p { "It waits until " (clock(until)) ", as Spotify or the budget asks." } }
            @for complaint in &refresh.complaints { p.small { (complaint) } }
        }
    }
}
