//! The door: asks [`Access`](crate::access::Access) of each request whether it may go on, and as whom.
//!
//! A request enters with its peer's address and goes on with a [`Visitor`], or is sent to the log-in. What changes
//! something in a session must carry the token of that session's pages; it is put into every form here, in one
//! place, so that none can be without. Fails, and lets nobody in, when the database cannot be read.

use std::{fmt::Write, net::SocketAddr};

use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};

use super::{
    MAX_BODY, Site,
    refusal::{Refusal, too_long, wants_page},
    seen::in_address,
};
use crate::access::{
    Pass, Refused,
    origin::{self, Origin},
    secret,
};

/// What everybody may ask for: whether the program works, how to log in and what that page is made of, and what
/// programs may ask. Everything else, also what is added one day, is behind the door.
const OPEN: [&str; 4] = ["/healthz", "/openapi.yaml", "/login", "/login/first"];
const OPEN_BELOW: &str = "/assets/";

/// The name of the form field that carries the token of the session's pages.
const FIELD: &str = "csrf";

/// The header that carries it for scripts.
const HEADER: &str = "x-csrf-token";

/// The name of the cookie. Over TLS it begins with what browsers take from this very host only.
const COOKIE: &str = "moodring";
const COOKIE_OVER_TLS: &str = "__Host-moodring";

/// One year, in seconds.
const HSTS: &str = "max-age=31536000";

/// Who asks.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// From where.
    pub from: Origin,
    /// As whom; `None` at what everybody may ask for.
    pub pass: Option<Pass>,
}

impl Visitor {
    /// What the forms of their pages carry, in a session.
    pub fn form_token(&self) -> Option<String> {
        match &self.pass {
            Some(Pass::Session { secret, .. }) => Some(secret::form_token(secret)),
            _ => None,
        }
    }

    /// The number of their session.
    pub fn session(&self) -> Option<i64> {
        match &self.pass {
            Some(Pass::Session { session, .. }) => Some(session.id),
            _ => None,
        }
    }
}

/// Lets a request through, or sends it to the log-in.
pub async fn open(
    State(site): State<Site>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(header::HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let proxies = &site.access.rules().proxies;
    let from = origin::of(peer.ip(), request.version(), host, request.headers(), proxies);
    let headers = request.headers().clone();
    let mut response = match admitted(&site, from, request).await {
        Ok((visitor, mut request)) => {
            let token = visitor.form_token();
            request.extensions_mut().insert(visitor);
            let response = next.run(request).await;
            match token {
                Some(token) => with_tokens(response, &token).await,
                None => response,
            }
        }
        Err(refusal) => refusal.for_reader(&headers).into_response(),
    };
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"Moodring\""));
    }
    if from.tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    response
}

async fn admitted(site: &Site, from: Origin, request: Request) -> Result<(Visitor, Request), Refusal> {
    let (cookie, bearer) = (cookie(request.headers(), from.tls), bearer(request.headers()));
    let path = request.uri().path();
    let open = OPEN.contains(&path) || path.starts_with(OPEN_BELOW);
    let pass = match site.access.pass(from, cookie, bearer).await {
        Ok(pass) => Some(pass),
        Err(_) if open => None,
        Err(Refused::LogIn) if request.method() == Method::GET && wants_page(request.headers()) => {
            return Err(Refusal::go(&log_in_for(&request)));
        }
        Err(why) => return Err(why.into()),
    };
    let visitor = Visitor { from, pass };
    let request = match &visitor.pass {
        Some(Pass::Session { secret, .. }) if !request.method().is_safe() && !open => checked(request, secret).await?,
        _ => request,
    };
    Ok((visitor, request))
}

/// Where somebody logs in who wanted this page.
fn log_in_for(request: &Request) -> String {
    match request.uri().path_and_query() {
        Some(wanted) if wanted.as_str() != "/" => format!("/login?next={}", in_address(wanted.as_str())),
        _ => "/login".to_owned(),
    }
}

/// Lets a request of a session through that carries the token of its pages.
async fn checked(request: Request, secret: &str) -> Result<Request, Refusal> {
    let sent = request.headers().get(HEADER).and_then(|sent| sent.to_str().ok()).map(str::to_owned);
    let (request, sent) = match sent {
        Some(sent) => (request, Some(sent)),
        None => in_form(request).await?,
    };
    if sent.is_some_and(|sent| secret::is_form_token(&sent, secret)) {
        return Ok(request);
    }
    let words = "this form is from before the last log-in, or from elsewhere; load the page again (programs send a \
                 token instead of a cookie)";
    Err(Refusal::new(StatusCode::FORBIDDEN, words))
}

/// The token that stands in a form; the request goes on with its whole body.
async fn in_form(request: Request) -> Result<(Request, Option<String>), Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.trim_start().to_ascii_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Ok((request, None));
    }
    let (head, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| too_long())?;
    let sent = form_urlencoded::parse(&body).find(|(name, _)| name == FIELD).map(|(_, value)| value.into_owned());
    Ok((Request::from_parts(head, Body::from(body)), sent))
}

/// Puts the token of a session into the forms of a page.
async fn with_tokens(response: Response, token: &str) -> Response {
    let is = |kind: &HeaderValue| kind.to_str().is_ok_and(|kind| kind.starts_with("text/html"));
    if !response.headers().get(header::CONTENT_TYPE).is_some_and(is) {
        return response;
    }
    let (mut head, body) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    // Pages are written whole, so this takes nothing that is not in memory already.
    match to_bytes(body, usize::MAX).await.map(|body| String::from_utf8(body.into())) {
        Ok(Ok(page)) => Response::from_parts(head, Body::from(in_forms(&page, token))),
        _ => Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the page could not be written").into_response(),
    }
}

/// The same HTML, with the token in each form that is posted. `maud` writes it, so that a `<form` is a form of ours:
/// in text and in attributes from elsewhere, `<` and `>` are escaped.
pub fn in_forms(html: &str, token: &str) -> String {
    let mut written = String::with_capacity(html.len() + 1024);
    let mut rest = html;
    while let Some(at) = rest.find("<form") {
        let Some(end) = rest[at..].find('>').map(|end| at + end + 1) else { break };
        written += &rest[..end];
        if rest[at..end].contains("method=\"post\"") {
            // Writing to a String cannot fail.
            let _ = write!(written, "<input type=\"hidden\" name=\"{FIELD}\" value=\"{token}\">");
        }
        rest = &rest[end..];
    }
    written + rest
}

const fn cookie_name(tls: bool) -> &'static str {
    if tls { COOKIE_OVER_TLS } else { COOKIE }
}

/// The secret in the cookie, if it looks like one.
fn cookie(headers: &HeaderMap, tls: bool) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut all = lines.flat_map(|line| line.split(';')).filter_map(|one| one.trim().split_once('='));
    let secret = all.find(|(name, _)| *name == cookie_name(tls))?.1;
    (secret.len() == 64 && secret.bytes().all(|b| b.is_ascii_hexdigit())).then_some(secret)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The cookie that keeps somebody logged in, or, with an empty secret, takes that back.
pub fn set_cookie(secret: &str, tls: bool) -> HeaderValue {
    let (name, secure) = (cookie_name(tls), if tls { "; Secure" } else { "" });
    let age = if secret.is_empty() { 0 } else { crate::access::ABSOLUTE.as_secs() };
    let cookie = format!("{name}={secret}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    // Hexadecimal digits and letters only, which every header takes.
    HeaderValue::try_from(cookie).unwrap_or(HeaderValue::from_static(""))
}

impl From<Refused> for Refusal {
    fn from(why: Refused) -> Self {
        let status = match &why {
            Refused::LogIn | Refused::Token | Refused::Wrong => StatusCode::UNAUTHORIZED,
            Refused::Code => StatusCode::FORBIDDEN,
            Refused::Unfit(_) => StatusCode::BAD_REQUEST,
            Refused::NoPassword | Refused::Set => StatusCode::CONFLICT,
            Refused::Wait(wait) => {
                return Self::new(StatusCode::TOO_MANY_REQUESTS, why.to_string()).retry_after(*wait);
            }
            Refused::Unhashed(crate::access::password::Unhashed::Busy) => StatusCode::SERVICE_UNAVAILABLE,
            Refused::Unhashed(_) | Refused::NoRandomness(_) | Refused::Store(_) => {
                tracing::warn!("somebody could not be let in: {why}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, why.to_string())
    }
}

/// Where a redirect leads that is an answer to a form.
pub fn back_to(path: &str) -> Response {
    Redirect::to(path).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_is_posted_carries_the_token() {
        let html = "<p>a</p><form method=\"post\" action=\"/x\"><button></button></form><form action=\"/library\">\
                    </form><form class=\"row\" method=\"post\" data-said=\"&gt;\"></form><form";
        let token = "<input type=\"hidden\" name=\"csrf\" value=\"00ff\">";
        assert_eq!(
            in_forms(html, "00ff"),
            format!(
                "<p>a</p><form method=\"post\" action=\"/x\">{token}<button></button></form><form \
                 action=\"/library\"></form><form class=\"row\" method=\"post\" data-said=\"&gt;\">{token}</form><form"
            )
        );
        assert_eq!(in_forms("", "00ff"), "");
    }

    #[test]
    fn a_cookie_is_taken_by_its_name_and_only_if_it_can_be_one() {
        let secret = "ab".repeat(32);
        let headers = |line: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::COOKIE, line.parse().unwrap());
            headers
        };
        let both = headers(&format!("a=b; moodring={secret}; __Host-moodring={}", "cd".repeat(32)));
        assert_eq!(cookie(&both, false), Some(&*secret));
        assert_eq!(cookie(&both, true), Some(&*"cd".repeat(32)));
        for none in ["moodring=", "moodring=short", "xmoodring=0", &format!("moodring={}", "zz".repeat(32)), "moodring"]
        {
            assert_eq!(cookie(&headers(none), false), None, "{none}");
        }
        assert!(set_cookie(&secret, true).to_str().unwrap().ends_with("; Secure"));
        assert!(set_cookie("", false).to_str().unwrap().contains("Max-Age=0"));
    }
}
