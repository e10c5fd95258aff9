//! The pages: the living parts in their places, and what is asked from the database.
//!
//! A request enters, HTML leaves. Every page reads and works without JavaScript; `page.js` only keeps
//! it up to date. Fails, as a page that says why, when the database cannot be read.

mod account;
mod entry;
mod history;
mod library;
mod now;
mod spotify;
mod taste;

use axum::http::HeaderMap;
use maud::{DOCTYPE, Markup, html};

use super::{assets, parts, refusal::Refusal, seen::Seen};

pub use account::{ACCOUNT, account};
pub use entry::{log_in, set_up};
pub use history::history;
pub use library::library;
pub use now::now;
pub use spotify::{part as spotify_part, spotify};
pub use taste::taste;

/// One of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Now,
    Library,
    History,
    Taste,
    Spotify,
}

impl Page {
    const ALL: [Self; 5] = [Self::Now, Self::Library, Self::History, Self::Taste, Self::Spotify];

    const fn path(self) -> &'static str {
        match self {
            Self::Now => "/",
            Self::Library => "/library",
            Self::History => "/history",
            Self::Taste => "/taste",
            Self::Spotify => "/spotify",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Library => "Library",
            Self::History => "History",
            Self::Taste => "Taste",
            Self::Spotify => "Spotify",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Now => parts::NOW,
            Self::Library => parts::SHELF,
            Self::History => parts::PAST,
            Self::Taste => parts::LEARNT,
            Self::Spotify => parts::WAVES,
        }
    }
}

/// Where the pages are, for the way back from a form.
pub fn paths() -> impl Iterator<Item = &'static str> {
    Page::ALL.into_iter().map(Page::path).chain([ACCOUNT])
}

/// A page that says only why something could not be done, and leads `back`.
pub fn sorry(message: &str, back: &str) -> String {
    let body = html! {
        main { div.card.empty { h2 { "That did not work" } p { (message) } a.button href=(back) { "Back" } } }
    };
    frame(None, "Moodring", &body, None).into_string()
}

/// A page beside the first: its name, what it shows, and the small player.
fn beside(seen: Seen, page: Page, main: &Markup) -> Markup {
    around(seen, Some(page), page.name(), main)
}

/// The same, also for one that the pages' list does not lead to.
fn around(seen: Seen, page: Option<Page>, name: &str, main: &Markup) -> Markup {
    let body = html! {
        (parts::told(seen))
        (parts::rooms(seen))
        main.one { (parts::notices(seen.state)) (main) }
        (parts::mini(seen))
    };
    frame(page, &format!("{name} · Moodring"), &body, Some(seen))
}

/// A page for those who are not let in yet: no list of pages, no script.
fn alone(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head { (head(title)) }
            body {
                header.top {
                    img.logo src=(assets::at("icon.svg")) alt="" width="40" height="40";
                    h1 { "Moodring" }
                }
                (body)
            }
        }
    }
}

fn head(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover";
        meta name="color-scheme" content="light dark";
        title { (title) }
        link rel="icon" href=(assets::at("icon.svg")) type="image/svg+xml";
        link rel="preload" href=(assets::at("nunito-latin.woff2")) as="font" type="font/woff2" crossorigin;
        @for sheet in assets::SHEETS { link rel="stylesheet" href=(assets::at(sheet)); }
    }
}

/// What all pages have around them. One that shows nothing of the state follows nothing either.
fn frame(page: Option<Page>, title: &str, body: &Markup, seen: Option<Seen>) -> Markup {
    let to = |path: &str| seen.map_or_else(|| path.to_owned(), |seen| seen.to(path));
    html! {
        (DOCTYPE)
        html lang="en" data-version=(*assets::VERSION) data-page=(page.map_or("", Page::name)) {
            head {
                (head(title))
                @if seen.is_some() { script type="module" src=(assets::at("page.js")) {} }
            }
            body {
                a.skip-link href="#main" { "To the content" }
                header.top {
                    img.logo src=(assets::at("icon.svg")) alt="" width="40" height="40";
                    h1 { "Moodring" }
                    nav aria-label="Pages" {
                        @for one in Page::ALL {
                            a href=(to(one.path())) aria-current=[(page == Some(one)).then_some("page")] {
                                (parts::icon(one.sign())) span { (one.name()) }
                            }
                        }
                    }
                    p #link.link-state { noscript { a href="" { "Look again" } } }
                }
                div #main tabindex="-1" { (body) }
                p #said role="status" {}
                footer {
                    "Moodring " (env!("CARGO_PKG_VERSION")) " · " a href=(to(ACCOUNT)) { "access" } " · for programs: "
                    a href="/openapi.yaml" { "how to ask" } ", " a href="/api/state" { "state" } ", "
                    a href="/api/tracks" { "tracks" } ", " a href="/api/history" { "history" }
                }
            }
        }
    }
}

/// A page, or the refusal as one.
fn served(written: Result<String, Refusal>, headers: &HeaderMap) -> Result<axum::response::Html<String>, Refusal> {
    written.map(axum::response::Html).map_err(|refusal| refusal.for_reader(headers))
}
