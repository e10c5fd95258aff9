//! Who may use the page: who is logged in, the password, the keys of programs.
//!
//! A request enters, HTML leaves; what it asks for is done by `web::login`.

use axum::{Extension, extract::State, http::HeaderMap, response::Html};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    super::{Site, api::InRoom, door::Visitor, refusal::Refusal, seen::Seen, words},
    around, served,
};
use crate::{
    access::{Asks, Pass},
    library::keys::{Session, Token},
};

/// Where the page is.
pub const ACCOUNT: &str = "/account";

/// `GET /account`.
pub async fn account(
    State(site): State<Site>,
    InRoom(handle): InRoom,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
) -> Result<Html<String>, Refusal> {
    let written = async {
        let is_set = site.access.is_set().await?;
        let (sessions, tokens) = (site.access.sessions().await?, site.access.tokens().await?);
        let now = Timestamp::now();
        let asks_old = !site.access.trusts(visitor.from);
        let lacks_one = !is_set && site.access.rules().asks != Asks::Never;
        let main = html! {
            div #view.access {
                (this_visit(&visitor, lacks_one))
                (logged_in(&sessions, visitor.session(), now))
                (programs(&tokens, now))
                @if is_set { (other_password(asks_old)) }
            }
        };
        let state = handle.state.borrow().clone();
        let seen = Seen { state: &state, room: handle.room() };
        Ok(around(seen, None, "Access", &main).into_string())
    };
    served(written.await, &headers)
}

/// As whom somebody is here; `lacks_one` where a password is asked for and there is none.
fn this_visit(visitor: &Visitor, lacks_one: bool) -> Markup {
    html! {
        section.card aria-labelledby="visit-head" {
            header { h2 #visit-head { "Access" } }
            @match &visitor.pass {
                Some(Pass::Session { .. }) => {
                    p { "You are logged in from " (visitor.from.address) "." }
                    form method="post" action="/logout" data-leave { button #log-out { "Log out" } }
                }
                Some(Pass::Token { token, .. }) => p { "You came in with the token “" (token.name) "”." },
                _ if visitor.from.here => p { "On this machine itself, Moodring asks for no password." },
                _ => p { "Moodring asks nobody for a password: its settings say so." },
            }
            @if lacks_one {
                p { "There is no password yet, so nobody comes in from elsewhere." }
                p { a.button #set-password href="/login" { "Set a password" } }
            }
        }
    }
}

fn logged_in(sessions: &[Session], mine: Option<i64>, now: Timestamp) -> Markup {
    let others = sessions.iter().any(|session| Some(session.id) != mine);
    html! {
        section.card aria-labelledby="sessions-head" {
            header { h2 #sessions-head tabindex="-1" { "Logged in" } }
            @if sessions.is_empty() { p.soft { "Nobody is logged in." } }
            ol.rows { @for session in sessions { li #{ "session-" (session.id) } {
                div.what {
                    b { (browser(&session.agent)) } @if Some(session.id) == mine { " · this one" }
                    p.small {
                        "from " (session.address) ", last used " (ago(session.seen, now)) ", logged in "
                        (ago(session.began, now))
                    }
                }
                @if Some(session.id) != mine {
                    form method="post" action="/account/end" data-said="That session has ended." {
                        input type="hidden" name="session" value=(session.id);
                        button.tiny { "End" span.sr { " the session in " (browser(&session.agent)) } }
                    }
                }
            } } }
            @if others {
                form method="post" action="/account/end" data-said="All other sessions have ended." {
                    input type="hidden" name="session" value="others";
                    button #end-others { "End all " @if mine.is_some() { "others" } }
                }
            }
        }
    }
}

fn programs(tokens: &[Token], now: Timestamp) -> Markup {
    html! {
        section.card aria-labelledby="tokens-head" {
            header { h2 #tokens-head { "Programs" } }
            @if tokens.is_empty() { p.soft { "No program has a token." } }
            ol.rows { @for token in tokens { li { div.what {
                b { (token.name) }
                p.small {
                    "made " (ago(token.made, now)) ", "
                    @match token.used { Some(used) => { "last used " (ago(used, now)) } None => "never used" }
                }
            } } } }
            p.soft.small {
                "On the machine that plays the music: " code { "moodring-host token add NAME" } ", and "
                code { "token remove NAME" } "."
            }
        }
    }
}

fn other_password(asks_old: bool) -> Markup {
    html! {
        section.card aria-labelledby="password-head" {
            header { h2 #password-head { "Another password" } }
            form.fields method="post" action="/account/password" data-leave {
                input type="text" name="username" value="moodring" autocomplete="username" hidden;
                @if asks_old {
                    label for="old" { "The password of today" }
                    input #old type="password" name="old" autocomplete="current-password" required;
                }
                label for="password" { "New password" }
                input #password type="password" name="password" autocomplete="new-password" required;
                label for="again" { "The same again" }
                input #again type="password" name="again" autocomplete="new-password" required;
                button { "Set it" }
            }
            p.soft.small { "Everybody else is logged out by that; the tokens of programs stay." }
        }
    }
}

/// How long ago, to about an hour, which is how exactly it is known.
fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.duration_since(at).as_secs() {
        ..5400 => "within the hour".to_owned(),
        s => format!("{} ago", words::span(s)),
    }
}

/// What a browser calls itself, in two words where they are known.
fn browser(agent: &str) -> String {
    let first =
        |known: &[(&str, &'static str)]| known.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    let name =
        first(&[("Firefox", "Firefox"), ("Edg", "Edge"), ("OPR", "Opera"), ("Chrome", "Chrome"), ("Safari", "Safari")]);
    let on = first(&[
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "a Mac"),
        ("Linux", "Linux"),
    ]);
    match (name, on) {
        (Some(name), Some(on)) => format!("{name} on {on}"),
        (Some(name), None) => name.to_owned(),
        _ if agent.is_empty() => "A program without a name".to_owned(),
        _ => agent.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_people_call_them() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
                "Safari on an iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.1", "curl/8.1"),
            ("", "A program without a name"),
        ] {
            assert_eq!(browser(agent), name);
        }
    }
}
