//! The two pages before all others: to log in, and to set the first password. Pure.
//!
//! They need no script and show nothing of the household.

use maud::{Markup, html};

use super::alone;
use crate::access::password::SHORTEST;

/// To log in; `next` is where to go on, `wrong` what was wrong last.
pub fn log_in(next: &str, wrong: Option<&str>) -> String {
    let form = html! {
        form method="post" action="/login" {
            (name())
            input type="hidden" name="next" value=(next);
            (field("password", "Password", "password", "current-password", wrong.is_none()))
            button { "Log in" }
        }
        p.soft.small {
            "Forgotten? On the machine that plays the music, " code { "moodring-host password" } " sets another."
        }
    };
    page("Log in", None, wrong, &form)
}

/// To set the first password.
pub fn set_up(needs_code: bool, wrong: Option<&str>) -> String {
    let form = html! {
        form method="post" action="/login/first" {
            (name())
            @if needs_code {
                (field("code", "Setup code", "text", "one-time-code", wrong.is_none()))
                p #code-hint.soft.small {
                    "It stands in Moodring's log on the machine that plays the music; "
                    code { "moodring-host password --setup-code" } " shows it there."
                }
            }
            (field("password", "New password", "password", "new-password", !needs_code && wrong.is_none()))
            (field("again", "The same again", "password", "new-password", false))
            button { "Set the password" }
        }
        p.soft.small { (SHORTEST) " characters or more; a few words you can remember are best." }
    };
    let why = "Nobody has set a password for this page yet. Set one, and everybody in the household uses it.";
    page("Set a password", Some(why), wrong, &form)
}

fn page(title: &str, why: Option<&str>, wrong: Option<&str>, form: &Markup) -> String {
    let body = html! {
        main.entry {
            section.card aria-labelledby="entry-head" {
                header { h2 #entry-head { (title) } }
                @if let Some(why) = why { p.soft { (why) } }
                @if let Some(wrong) = wrong { p.wrong role="alert" { (super::super::words::capital(wrong)) "." } }
                (form)
            }
        }
    };
    alone(&format!("{title} · Moodring"), &body).into_string()
}

/// What password keepers file the password under; there is one for the whole household.
fn name() -> Markup {
    html! { input type="text" name="username" value="moodring" autocomplete="username" hidden; }
}

fn field(name: &str, label: &str, kind: &str, autocomplete: &str, first: bool) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) type=(kind) name=(name) autocomplete=(autocomplete) required autofocus[first]
            autocapitalize="none" spellcheck="false" aria-describedby=[(name == "code").then_some("code-hint")];
    }
}
