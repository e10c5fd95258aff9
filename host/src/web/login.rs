//! Logging in and out, setting the password, ending sessions.
//!
//! Forms and the JSON of programs enter; a cookie leaves, or one sentence that says what was wrong. What counts is
//! decided by [`crate::access`].

use axum::{
    Extension, Json,
    extract::{Query, Request, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    Site,
    door::{Visitor, back_to, set_cookie},
    pages::{self, ACCOUNT},
    refusal::{Refusal, wants_page},
    steer::body,
};
use crate::access::{Asks, Pass};

/// What stands behind the `?` of the log-in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    next: String,
}

/// What is sent to log in, to set a password, or to change it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Sent {
    password: String,
    again: Option<String>,
    code: String,
    old: String,
    next: String,
}

/// Where to go on: to one of the pages, with what it showed, and nowhere else.
fn onwards(next: &str) -> &str {
    let path = next.split(['?', '#']).next().unwrap_or_default();
    if pages::paths().any(|page| page == path) { next } else { "/" }
}

fn agent(headers: &HeaderMap) -> String {
    headers.get(header::USER_AGENT).and_then(|a| a.to_str().ok()).unwrap_or_default().to_owned()
}

/// Whether somebody must send the setup code to set the first password.
fn needs_code(site: &Site, visitor: &Visitor) -> bool {
    !site.access.trusts(visitor.from)
}

/// `GET /login`: to log in, or, while there is no password, to set it.
pub async fn page(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    headers: HeaderMap,
) -> Response {
    let next = wanted.map(|Query(wanted)| wanted.next).unwrap_or_default();
    let next = onwards(&next);
    if visitor.session().is_some() {
        return back_to(next);
    }
    match page_of(&site, &visitor, next, None).await {
        Ok(page) => Html(page).into_response(),
        Err(refusal) => refusal.for_reader(&headers).into_response(),
    }
}

/// The page by which somebody comes in, with what was wrong last.
async fn page_of(site: &Site, visitor: &Visitor, next: &str, wrong: Option<&str>) -> Result<String, Refusal> {
    if site.access.is_set().await? || site.access.rules().asks == Asks::Never {
        return Ok(pages::log_in(next, wrong));
    }
    let needs_code = needs_code(site, visitor);
    if needs_code {
        site.access.tell_setup_code().await?;
    }
    Ok(pages::set_up(needs_code, wrong))
}

/// `POST /login` with `password`, and `next` for where to go on.
pub async fn log_in(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let sent = body::<Sent>(request).await;
    let next = sent.as_ref().map_or("/", |sent| onwards(&sent.next)).to_owned();
    let done = async { Ok(site.access.log_in(visitor.from, &sent?.password, &agent(&headers)).await?) };
    came_in(&site, &visitor, &headers, &next, done.await).await
}

/// `POST /login/first` with `password`, `again` and, beyond this machine, `code`: sets the first password.
pub async fn set_first(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let done = async {
        let Sent { password, again, code, .. } = body(request).await?;
        same(&password, again.as_deref())?;
        Ok(site.access.set_first(visitor.from, &code, &password, &agent(&headers)).await?)
    };
    came_in(&site, &visitor, &headers, "/", done.await).await
}

fn same(password: &str, again: Option<&str>) -> Result<(), Refusal> {
    if again.is_some_and(|again| again != password) {
        return Err(Refusal::bad("the two passwords are not the same; type both again"));
    }
    Ok(())
}

/// The cookie, and on to `next`; or the same page again, which says what was wrong.
async fn came_in(
    site: &Site,
    visitor: &Visitor,
    headers: &HeaderMap,
    next: &str,
    done: Result<String, Refusal>,
) -> Response {
    match done {
        Ok(secret) => {
            // Whoever was logged in here before is so no more.
            if let Some(before) = visitor.session() {
                let _ = site.access.end(before).await;
            }
            let answer = if wants_page(headers) { back_to(next) } else { Json(json!({ "ok": true })).into_response() };
            with_cookie(answer, visitor, &secret)
        }
        Err(refusal) if wants_page(headers) => match page_of(site, visitor, next, Some(refusal.message())).await {
            Ok(page) => refusal.with_page(page).into_response(),
            Err(refusal) => refusal.for_reader(headers).into_response(),
        },
        Err(refusal) => refusal.into_response(),
    }
}

fn with_cookie(mut answer: Response, visitor: &Visitor, secret: &str) -> Response {
    answer.headers_mut().insert(header::SET_COOKIE, set_cookie(secret, visitor.from.tls));
    answer
}

fn answer(headers: &HeaderMap, done: Result<(), Refusal>, next: &str) -> Response {
    match done {
        Err(refusal) => refusal.for_reader(headers).into_response(),
        Ok(()) if wants_page(headers) => back_to(next),
        Ok(()) => Json(json!({ "ok": true })).into_response(),
    }
}

/// `POST /logout`: ends this session.
pub async fn log_out(State(site): State<Site>, Extension(visitor): Extension<Visitor>, headers: HeaderMap) -> Response {
    let done = async {
        if let Some(session) = visitor.session() {
            site.access.end(session).await?;
        }
        Ok(())
    };
    let mut answer = with_cookie(answer(&headers, done.await, "/login"), &visitor, "");
    answer.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    answer
}

/// `POST /account/password` with `old`, `password` and `again`: sets another password; all other sessions end.
pub async fn change(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    let done = async {
        if matches!(visitor.pass, Some(Pass::Token { .. })) {
            let words = "a token is no person: the password is changed on the page, or with `moodring-host password`";
            return Err(Refusal::new(StatusCode::FORBIDDEN, words));
        }
        let Sent { password, again, old, .. } = body(request).await?;
        same(&password, again.as_deref())?;
        Ok(site.access.change(visitor.from, &old, &password, &agent(&headers)).await?)
    };
    match done.await {
        Ok(secret) => with_cookie(answer(&headers, Ok(()), ACCOUNT), &visitor, &secret),
        Err(refusal) => answer(&headers, Err(refusal), ACCOUNT),
    }
}

/// `POST /account/end` with `session`: a number, or `others` for all but this one.
pub async fn end(
    State(site): State<Site>,
    Extension(visitor): Extension<Visitor>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    #[derive(Deserialize)]
    struct End {
        session: serde_json::Value,
    }
    let done = async {
        let End { session } = body(request).await?;
        let number = session.as_i64().or_else(|| session.as_str()?.parse().ok());
        match number {
            Some(id) if site.access.end(id).await? => Ok(()),
            Some(id) => {
                Err(Refusal::new(StatusCode::NOT_FOUND, format!("there is no session {id}; it has ended already")))
            }
            None if session == "others" => {
                site.access.end_others(visitor.session()).await?;
                Ok(())
            }
            None => Err(Refusal::bad("session names none; use its number, or others")),
        }
    };
    answer(&headers, done.await, ACCOUNT)
}
