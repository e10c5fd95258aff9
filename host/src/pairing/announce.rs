//! Says in the local network that this host is here: DNS-SD, `_moodring._tcp`.
//!
//! In: what is offered, and the address that is listened on. Out: announcements for as long as this is kept;
//! when it ends, that the host is gone. Fails when the network cannot be asked; devices then need an address.

use std::{net::IpAddr, time::Duration};

use mdns_sd::{IfKind, ServiceDaemon, ServiceInfo};
use moodring_pairing::service::{Offer, SERVICE};

/// The announcements, while they go on.
pub struct Announced {
    daemon: ServiceDaemon,
    name: String,
}

impl Announced {
    /// Begins. `at` is the address that is listened on; unspecified: all of this machine's, as they change.
    ///
    /// # Errors
    /// No socket can be had.
    pub fn begin(offer: &Offer, at: IpAddr) -> Result<Self, mdns_sd::Error> {
        let daemon = ServiceDaemon::new()?;
        let short = offer.host.short();
        let host = format!("moodring-{short}.local.");
        // A dot in a name would be read as a level of it.
        let name = format!("{} {short}", offer.name.replace('.', " "));
        let properties = offer.properties();
        let port = if offer.pairing == 0 { offer.mqtt } else { offer.pairing };
        let info = if at.is_unspecified() {
            daemon.disable_interface(vec![IfKind::LoopbackV4, IfKind::LoopbackV6])?;
            let v4_only = at.is_ipv4();
            if v4_only {
                daemon.disable_interface(IfKind::IPv6)?;
            }
            ServiceInfo::new(SERVICE, &name, &host, "", port, properties.as_slice())?.enable_addr_auto()
        } else {
            daemon.disable_interface(IfKind::All)?;
            daemon.enable_interface(IfKind::Addr(at))?;
            ServiceInfo::new(SERVICE, &name, &host, at, port, properties.as_slice())?
        };
        let name = info.get_fullname().to_owned();
        daemon.register(info)?;
        Ok(Self { daemon, name })
    }

    /// Says that the host is gone, and ends; half a second at most.
    pub fn end(self) {
        if let Ok(said) = self.daemon.unregister(&self.name) {
            let _ = said.recv_timeout(Duration::from_millis(300));
        }
        if let Ok(ended) = self.daemon.shutdown() {
            let _ = ended.recv_timeout(Duration::from_millis(200));
        }
    }
}
