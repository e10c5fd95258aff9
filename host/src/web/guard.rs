//! Who may ask: keeps other web sites from steering the music through a visitor's browser.
//!
//! A request enters and goes on, or is refused. Two ways in are closed: a foreign page that posts a
//! form here (told by `Sec-Fetch-Site` and `Origin`), and a foreign name that was bent to this
//! machine's address (told by `Host`). Every answer leaves with headers that forbid foreign content.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Site, refusal::Refusal};

/// Everything comes from here, nothing is inline, nobody may put the page into a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
                      connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the page may use of the machine that shows it: nothing. It watches nobody; that is the device's.
const NOTHING: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), geolocation=(), \
                       gyroscope=(), hid=(), idle-detection=(), magnetometer=(), microphone=(), midi=(), payment=(), \
                       screen-wake-lock=(), serial=(), usb=(), xr-spatial-tracking=()";

/// Endings of names that exist in local networks only.
const LOCAL: [&str; 5] = [".localhost", ".local", ".lan", ".home.arpa", ".internal"];

/// The host names that the page answers to.
#[derive(Debug)]
pub struct Hosts {
    loopback: bool,
    names: Vec<String>,
}

impl Hosts {
    /// For a page served at `ip`, which answers to `names` (in lower case) too.
    pub const fn new(ip: IpAddr, names: Vec<String>) -> Self {
        Self { loopback: ip.is_loopback(), names }
    }

    /// Whether a `Host` header, with or without a port, is one of ours.
    pub fn knows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().to_ascii_lowercase();
        if host.contains('@') || name.is_empty() {
            return false;
        }
        if let Ok(ip) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
            return !self.loopback || ip.is_loopback() || self.names.contains(&name);
        }
        let local = if self.loopback {
            name == "localhost" || name.ends_with(LOCAL[0])
        } else {
            !name.contains('.') || LOCAL.iter().any(|end| name.ends_with(end))
        };
        local || self.names.contains(&name)
    }
}

/// Lets a request through, or refuses it.
pub async fn check(State(site): State<Site>, request: Request, next: Next) -> Response {
    let mut response = match allow(&site.hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    for (name, value) in [
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("permissions-policy", NOTHING),
        ("x-permitted-cross-domain-policies", "none"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

fn allow(hosts: &Hosts, request: &Request) -> Result<(), Refusal> {
    let headers = request.headers();
    let host = text(headers, "host").or_else(|| request.uri().authority().map(|a| a.as_str()));
    let Some(host) = host else {
        return Err(Refusal::bad("the request names no host; send a Host header"));
    };
    if !hosts.knows(host) {
        let host: String = host.chars().take(80).collect();
        return Err(Refusal::new(
            StatusCode::MISDIRECTED_REQUEST,
            format!("this page does not answer to the name {host:?}; use its address, or add the name to its names"),
        ));
    }
    if request.method().is_safe() || same_site(headers, host) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "another web site sent this request, so it is not carried out"))
}

/// Whether a request that changes something comes from this very page, or from no page at all.
fn same_site(headers: &HeaderMap, host: &str) -> bool {
    if headers.contains_key("sec-fetch-site") {
        return matches!(text(headers, "sec-fetch-site"), Some("same-origin" | "none"));
    }
    if !headers.contains_key(header::ORIGIN) {
        return true; // Not a browser: those send at least one of the two with a POST.
    }
    let origin = text(headers, "origin").and_then(|o| o.split_once("://"));
    origin.is_some_and(|(_, from)| from.eq_ignore_ascii_case(host))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loopback_page_answers_to_loopback_names_only() {
        let hosts = Hosts::new([127, 0, 0, 1].into(), vec!["music.example.org".into()]);
        for host in
            ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "127.8.9.1", "[::1]:80", "a.localhost", "music.example.org"]
        {
            assert!(hosts.knows(host), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example", "192.168.1.2", "pi.local", "localhost@evil.example", "", "a b"]
        {
            assert!(!hosts.knows(host), "{host}");
        }
    }

    #[test]
    fn a_page_in_the_local_network_answers_to_local_names_and_addresses() {
        let hosts = Hosts::new([0, 0, 0, 0].into(), Vec::new());
        for host in ["192.168.1.2:8080", "[fe80::1]", "pi", "pi.local:80", "PI.LAN", "room.home.arpa", "localhost"] {
            assert!(hosts.knows(host), "{host}");
        }
        for host in ["evil.example", "local", "x.local.evil.example"].into_iter().filter(|h| h.contains('.')) {
            assert!(!hosts.knows(host), "{host}");
        }
    }

    #[test]
    fn only_this_page_and_programs_may_post() {
        let posts = |headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(k, v)| ((*k).parse().unwrap(), v.parse().unwrap())).collect();
            same_site(&headers, "localhost:8080")
        };
        assert!(posts(&[]));
        assert!(posts(&[("sec-fetch-site", "same-origin"), ("origin", "null")]));
        assert!(posts(&[("sec-fetch-site", "none")]));
        assert!(posts(&[("origin", "http://localhost:8080")]));
        assert!(!posts(&[("sec-fetch-site", "cross-site")]));
        assert!(!posts(&[("sec-fetch-site", "same-site"), ("origin", "http://localhost:8080")]));
        assert!(!posts(&[("origin", "http://evil.example")]));
        assert!(!posts(&[("origin", "http://localhost:8081")]));
        assert!(!posts(&[("origin", "null")]));
    }
}
