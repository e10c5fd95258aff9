//! From where a request comes: this machine or beyond, which address, over TLS or not. Pure.
//!
//! In: the peer's address and the request's head. A request counts as this machine's own only if everything about it
//! says so: the peer is loopback, it asks for a loopback name, and nothing tells of a proxy, as one on the same
//! machine makes everybody's requests look like the machine's own. What a header says of addresses and TLS is
//! believed from the proxies only that the settings name.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use axum::http::{HeaderMap, Version, uri::Authority};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Headers that a proxy adds. Whoever sends one is treated as coming from beyond.
const OF_PROXIES: [&str; 9] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-real-ip",
    "via",
    "true-client-ip",
    "cf-connecting-ip",
];

/// How many addresses of `X-Forwarded-For` are looked at, from the nearest on.
const HOPS: usize = 16;

/// An address, or a network such as `172.16.0.0/12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network(IpNet);

impl Network {
    /// The two addresses by which a machine speaks to itself.
    pub const LOOPBACK: [Self; 2] = [
        Self(IpNet::V4(ipnet::Ipv4Net::new_assert(Ipv4Addr::LOCALHOST, 32))),
        Self(IpNet::V6(ipnet::Ipv6Net::new_assert(Ipv6Addr::LOCALHOST, 128))),
    ];

    /// Whether the address is in it.
    pub fn contains(self, ip: IpAddr) -> bool {
        self.0.contains(&ip)
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let one = text.parse::<IpAddr>().map(|ip| IpNet::from(ip.to_canonical()));
        one.or_else(|_| text.parse())
            .map(Self)
            .map_err(|_| format!("{text:?} is neither an IP address nor a network such as 172.16.0.0/12"))
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.prefix_len() == self.0.max_prefix_len() { self.0.addr().fmt(f) } else { self.0.fmt(f) }
    }
}

/// From where a request comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// From this very machine, and through no proxy.
    pub here: bool,
    /// Whose request it is, as far as that can be told.
    pub address: IpAddr,
    /// Whether it came over TLS, to a proxy that the settings name.
    pub tls: bool,
}

/// What a request's head says of where it comes from.
///
/// `host` is the `Host` that it asks for; `proxies` are the ones that may say for whom they ask.
pub fn of(peer: IpAddr, version: Version, host: &str, headers: &HeaderMap, proxies: &[Network]) -> Origin {
    let peer = peer.to_canonical();
    // A proxy that is told nothing else speaks HTTP/1.0; no browser and hardly a program does.
    let proxied = version < Version::HTTP_11 || OF_PROXIES.iter().any(|name| headers.contains_key(*name));
    let trusted = |ip: IpAddr| proxies.iter().any(|network| network.contains(ip));
    let named = trusted(peer);
    Origin {
        here: !proxied && peer.is_loopback() && is_loopback_name(host),
        address: if named { behind(headers, trusted).unwrap_or(peer) } else { peer },
        tls: named && last(headers, "x-forwarded-proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https")),
    }
}

/// The nearest address that is no proxy of ours; whatever stands before it anybody may have written.
fn behind(headers: &HeaderMap, trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let mut nearest = None;
    for hop in lines.iter().rev().flat_map(|line| line.rsplit(',')).take(HOPS) {
        let Some(ip) = address(hop.trim()) else { break };
        nearest = Some(ip);
        if !trusted(ip) {
            break;
        }
    }
    nearest
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let ip = text.parse().or_else(|_| text.parse::<std::net::SocketAddr>().map(|socket| socket.ip()));
    ip.or_else(|_| text.trim_matches(['[', ']']).parse()).ok().map(|ip: IpAddr| ip.to_canonical())
}

fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// Whether a `Host` is a name that a machine gives itself.
fn is_loopback_name(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn seen(peer: &str, host: &str, headers: &[(&'static str, &str)], proxies: &[&str]) -> Origin {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let proxies: Vec<Network> = proxies.iter().map(|p| p.parse().unwrap()).collect();
        of(ip(peer), Version::HTTP_11, host, &map, &proxies)
    }

    #[test]
    fn only_what_looks_like_this_machine_in_every_way_is_this_machine() {
        for (peer, host) in [
            ("127.0.0.1", "localhost:8080"),
            ("127.0.0.1", "127.0.0.1:8080"),
            ("::1", "[::1]:8080"),
            ("::ffff:127.0.0.1", "LOCALHOST"),
            ("127.3.4.5", "moodring.localhost"),
        ] {
            assert!(seen(peer, host, &[], &[]).here, "{peer} {host}");
        }
        // Another machine, whatever name it asks for; and a name that only a proxy or a tunnel is asked for.
        for (peer, host) in [
            ("192.168.1.7", "localhost"),
            ("fe80::1", "localhost"),
            ("127.0.0.1", "music.example.org"),
            ("127.0.0.1", "192.168.1.2:8080"),
            ("127.0.0.1", "pi.local"),
            ("127.0.0.1", ""),
            ("127.0.0.1", "localhost.example.org"),
        ] {
            assert!(!seen(peer, host, &[], &[]).here, "{peer} {host}");
        }
        for header in OF_PROXIES {
            assert!(!seen("127.0.0.1", "localhost", &[(header, "x")], &[]).here, "{header}");
        }
        let old = of(ip("127.0.0.1"), Version::HTTP_10, "localhost", &HeaderMap::new(), &[]);
        assert!(!old.here, "nginx as it comes");
    }

    #[test]
    fn the_address_is_the_nearest_that_is_no_proxy_of_ours() {
        let ours = ["127.0.0.1", "10.0.0.0/8"];
        for (forwarded, address) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["203.0.113.9:4711"], "203.0.113.9"),
            (&["[2001:db8::9]:4711"], "2001:db8::9"),
            (&["2001:db8::9"], "2001:db8::9"),
            (&["::ffff:203.0.113.9"], "203.0.113.9"),
            // What stands before it, the other end may have written itself.
            (&["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            (&["203.0.113.9, 10.1.2.3"], "203.0.113.9"),
            (&["203.0.113.9", "10.1.2.3, 10.1.2.4"], "203.0.113.9"),
            (&["10.1.2.3"], "10.1.2.3"),
            (&["rubbish"], "127.0.0.1"),
            (&["203.0.113.9, unknown"], "127.0.0.1"),
            (&[""], "127.0.0.1"),
            (&[], "127.0.0.1"),
        ] {
            let headers: Vec<_> = forwarded.iter().map(|line| ("x-forwarded-for", *line)).collect();
            let seen = seen("127.0.0.1", "localhost", &headers, &ours);
            assert_eq!(seen.address, ip(address), "{forwarded:?}");
        }
        // Whoever is no proxy of ours may say what they like.
        let seen =
            seen("192.168.1.7", "pi", &[("x-forwarded-for", "127.0.0.1"), ("x-forwarded-proto", "https")], &ours);
        assert_eq!(seen, Origin { here: false, address: ip("192.168.1.7"), tls: false });
    }

    #[test]
    fn tls_is_what_our_proxy_says_last() {
        let tls = |headers: &[(&'static str, &str)]| seen("127.0.0.1", "pi", headers, &["127.0.0.1"]).tls;
        assert!(tls(&[("x-forwarded-proto", "https")]));
        assert!(tls(&[("x-forwarded-proto", "http, HTTPS")]));
        assert!(!tls(&[("x-forwarded-proto", "https, http")]));
        assert!(!tls(&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")]));
        assert!(!tls(&[]));
    }

    #[test]
    fn networks_are_written_as_people_write_them() {
        for (text, same) in [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("172.16.0.0/12", "172.16.0.0/12")] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), same);
        }
        assert!(Network::LOOPBACK[1].contains(ip("::1")) && !Network::LOOPBACK[0].contains(ip("127.0.0.2")));
        let error = "caddy".parse::<Network>().unwrap_err();
        assert!(error.contains("\"caddy\" is neither an IP address nor a network"), "{error}");
    }
}
