//! Hosts that announce themselves in the local network: DNS-SD, `_moodring._tcp`.
//!
//! In: announcements. Out: who offers what, and at which addresses. A network that cannot be asked is said once,
//! and asked again later.

use std::{
    collections::HashMap,
    net::IpAddr,
    thread,
    time::{Duration, Instant},
};

use mdns_sd::{Receiver, ServiceDaemon, ServiceEvent};
use moodring_pairing::{
    Fingerprint,
    service::{Offer, SERVICE},
};
use tracing::{debug, warn};

/// A network that could not be asked is asked again after this time.
const AGAIN: Duration = Duration::from_secs(30);

/// So many hosts are told apart; more is somebody who makes them up.
const MOST: usize = 32;

/// What is heard of the network.
pub(super) struct Finder {
    listening: Option<(ServiceDaemon, Receiver<ServiceEvent>)>,
    again: Instant,
    said: bool,
    heard: HashMap<String, (Offer, Vec<IpAddr>)>,
}

impl Finder {
    pub(super) fn new() -> Self {
        Self { listening: None, again: Instant::now(), said: false, heard: HashMap::new() }
    }

    fn listen(&mut self) {
        if self.listening.is_some() || Instant::now() < self.again {
            return;
        }
        self.again = Instant::now() + AGAIN;
        let begun = ServiceDaemon::new().and_then(|daemon| {
            let events = daemon.browse(SERVICE)?;
            Ok((daemon, events))
        });
        match begun {
            Ok(listening) => self.listening = Some(listening),
            Err(why) if !self.said => {
                self.said = true;
                warn!("hosts that announce themselves cannot be heard: {why}; mqtt.pair_at can name one");
            }
            Err(why) => debug!("hosts that announce themselves cannot be heard: {why}"),
        }
    }

    /// Listens for so long; who offers what, by all that was heard so far.
    pub(super) fn look(&mut self, within: Duration) -> HashMap<Fingerprint, (Offer, Vec<IpAddr>)> {
        self.listen();
        let Some((_, events)) = &self.listening else {
            thread::sleep(within);
            return HashMap::new();
        };
        let until = Instant::now() + within;
        loop {
            match events.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(ServiceEvent::ServiceResolved(service)) => {
                    let properties = service.txt_properties.clone().into_property_map_str();
                    let addresses = in_order(service.addresses.iter().map(mdns_sd::ScopedIp::to_ip_addr).collect());
                    if let Some(offer) = Offer::read(&properties).filter(|_| !addresses.is_empty())
                        && (self.heard.len() < MOST || self.heard.contains_key(&service.fullname))
                    {
                        debug!("heard of {:?} at {addresses:?}", offer.name);
                        self.heard.insert(service.fullname.clone(), (offer, addresses));
                    }
                }
                Ok(ServiceEvent::ServiceRemoved(_, name)) => drop(self.heard.remove(&name)),
                Ok(_) => {}
                Err(_) if events.is_disconnected() => {
                    self.listening = None;
                    thread::sleep(within);
                    break;
                }
                Err(_) => break,
            }
        }
        // One host may be heard under two names for a moment, while it changes its own.
        self.heard.values().map(|(offer, addresses)| (offer.host, (offer.clone(), addresses.clone()))).collect()
    }
}

impl Drop for Finder {
    fn drop(&mut self) {
        if let Some((daemon, _)) = self.listening.take() {
            // Nobody waits for it.
            let _ = daemon.shutdown();
        }
    }
}

/// The addresses in the order in which they are tried; one of a single link needs its interface, and is left out.
fn in_order(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    addresses.retain(|address| match address {
        IpAddr::V4(_) => true,
        IpAddr::V6(address) => !address.is_unicast_link_local(),
    });
    addresses.sort_by_key(|address| (address.is_ipv6(), *address));
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_anybody_can_reach_come_first() {
        let all = ["fe80::1", "fd00::2", "192.168.1.9", "10.0.0.1"].map(|a| a.parse().unwrap()).to_vec();
        let order: Vec<String> = in_order(all).iter().map(IpAddr::to_string).collect();
        assert_eq!(order, ["10.0.0.1", "192.168.1.9", "fd00::2"]);
    }
}
