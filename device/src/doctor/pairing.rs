//! The host that this device is paired with: who it is, and where it is now.
//!
//! In: `[mqtt]` and what is kept of the pairing. Out: a finding. It listens for announcements for a few seconds.

use std::{
    net::IpAddr,
    time::{Duration, Instant},
};

use moodring_mood::DeviceId;

use super::Finding;
use crate::{
    pairing::{Bond, Heard, Keep, hosts},
    publish::MqttSettings,
};

/// How long announcements are listened for.
const LISTEN: Duration = Duration::from_secs(4);

/// The finding, and the bond with what was heard, where there is one.
pub(super) fn examine(settings: &MqttSettings, device: &DeviceId) -> (Finding, Option<Bond>) {
    if !settings.is_auto() {
        let found = format!("not used: mqtt.host names {}", settings.host);
        return (Finding::skipped("pairing", found), None);
    }
    let keep = Keep::of_this_service();
    if let Err(why) = keep.check() {
        return (Finding::bad("pairing", "unknown", why.to_string()).with("sudo moodring-device doctor"), None);
    }
    let bond = Bond::new(settings, device, keep);
    let own = bond.host().map(|(key, _)| key);
    let heard = hosts(LISTEN, |heard| own.is_some_and(|own| heard.iter().any(|one| one.0.host == own)), Instant::now);
    bond.heard(&heard);
    (judge(&bond, &heard, settings), Some(bond))
}

fn judge(bond: &Bond, heard: &Heard, settings: &MqttSettings) -> Finding {
    let at = |addresses: &[IpAddr]| addresses.iter().map(IpAddr::to_string).collect::<Vec<_>>().join(", ");
    let Some((key, name)) = bond.host() else {
        let waiting = heard.iter().filter(|(offer, _)| offer.pairing > 0);
        let names: Vec<String> =
            waiting.map(|(offer, addresses)| format!("{:?} at {}", offer.name, at(addresses))).collect();
        return match names.as_slice() {
            [] => Finding::bad("pairing", "not paired", "no host announces itself in this network")
                .with("on the host: [pairing] enabled = true in its configuration, then restart it")
                .with("[mqtt] pair_at = \"ADDRESS OF THE HOST\" in the configuration, where announcements do not get through"),
            names => Finding::bad("pairing", format!("not paired; there is {}", names.join(", ")), "no host lets this device in yet")
                .with("on the host's page, \"Add a device\": the code that the screen shows while the device runs"),
        };
    };
    let found = format!("with {name:?} (key {})", key.short());
    if let Some((was, is)) = bond.renamed() {
        let problem = format!("this device is called {is:?} now, and its host knows it as {was:?} only");
        return Finding::bad("pairing", format!("{found}, as {was:?}"), problem)
            .with(format!("id = {was:?} in the configuration, at its top, then sudo systemctl restart moodring-device"))
            .with("or sudo moodring-device forget, and pair it anew");
    }
    match heard.iter().find(|(offer, _)| offer.host == key) {
        Some((_, addresses)) => Finding::good("pairing", format!("{found}, found at {}", at(addresses))),
        None => {
            let place = bond.way(0).map_or_else(|| settings.broker(), |way| format!("{}:{}", way.host, way.port));
            let problem = "it does not announce itself here; its last address is tried";
            Finding::note("pairing", format!("{found}, last at {place}"), problem)
                .with("if it was set up anew: moodring-device forget, and pair again")
        }
    }
}

#[cfg(test)]
mod tests {
    use moodring_pairing::{
        Fingerprint,
        service::Offer,
        wire::{Broker, Credentials, Kept},
    };

    use super::{super::Verdict, *};

    #[test]
    fn each_way_a_pairing_can_stand_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let settings = MqttSettings::default();
        let bond_of = |device: &str| Bond::new(&settings, &device.parse().unwrap(), Keep::within(folder.path()));
        let bond = || bond_of("hall");
        let offer = Offer { host: Fingerprint::new([1; 32]), name: "Küche".to_owned(), mqtt: 8883, pairing: 8884 };
        let heard = vec![(offer, vec!["192.0.2.7".parse().unwrap()])];
        let nobody = judge(&bond(), &Vec::new(), &settings);
        assert!(nobody.problem.unwrap().contains("no host announces itself") && nobody.remedy.len() == 2);
        let unpaired = judge(&bond(), &heard, &settings);
        assert!(
            unpaired.found.contains("there is \"Küche\" at 192.0.2.7") && unpaired.remedy[0].contains("Add a device")
        );
        let credentials =
            Credentials { username: "hall".to_owned(), password: "p".to_owned(), broker: Broker::Host { port: 8883 } };
        let (host, address) = (Fingerprint::new([1; 32]).to_string(), "192.0.2.1".parse().unwrap());
        let kept = Kept { v: 1, host, name: "Küche".to_owned(), address, credentials };
        Keep::within(folder.path()).write(&kept).unwrap();
        let good = judge(&bond(), &heard, &settings);
        assert_eq!(
            (good.verdict, good.found.as_str()),
            (Verdict::Good, "with \"Küche\" (key 01010101), found at 192.0.2.7")
        );
        let renamed = judge(&bond_of("attic"), &heard, &settings);
        assert_eq!(renamed.verdict, Verdict::Bad);
        assert!(renamed.remedy[0].starts_with("id = \"hall\" in the configuration"), "{renamed:?}");
        let away = judge(&bond(), &Vec::new(), &settings);
        assert_eq!(away.verdict, Verdict::Note);
        assert!(away.found.ends_with("last at 192.0.2.1:8883"), "{}", away.found);
    }
}
