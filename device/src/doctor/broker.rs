//! The broker: whether it lets this device in, and whether what is said arrives.
//!
//! In: `[mqtt]`. Out: a finding. It goes in under another name than the device, which may be running,
//! says one word on a topic of its own and waits for it to come back.

use std::time::Duration;

use jiff::Timestamp;
use moodring_mood::DeviceId;
use rumqttc::{AsyncClient, Event, EventLoop, Incoming, QoS};
use tokio::time::timeout;

use super::Finding;
use crate::{
    pairing::Bond,
    publish::{MqttSettings, access, complaint::explain, paired_access},
};

/// How long the broker may take for everything.
const PATIENCE: Duration = Duration::from_secs(8);

/// How far it went.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Visit {
    /// The word came back.
    Heard,
    /// It let us in, and the word did not come back.
    Deaf,
    /// Why it did not let us in.
    Refused(String),
    /// There was no answer.
    Silent,
}

pub(super) fn examine(settings: &MqttSettings, device: &DeviceId, bond: Option<&Bond>) -> Finding {
    let way = match (settings.is_auto(), bond.and_then(|bond| bond.way(0))) {
        (true, None) => return Finding::skipped("broker", "not looked at: the pairing says where it is"),
        (_, way) => way,
    };
    let named;
    let (settings, options) = match &way {
        None => (settings, access(settings, &client(device))),
        Some(way) => {
            let (host, username) = (way.host.clone(), way.username.clone());
            named = MqttSettings { host, port: way.port, username, ..settings.clone() };
            (&named, paired_access(settings, way, &client(device)))
        }
    };
    let options = match options {
        Ok(options) => options,
        Err(why) => return Finding::bad("broker", settings.broker(), why.to_string()),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(why) => return Finding::bad("broker", settings.broker(), why.to_string()),
    };
    let (client, events) = AsyncClient::new(options, 8);
    let visit = runtime.block_on(visit(client, events, settings, device));
    // A name look-up may still hang in the system; nobody waits for it.
    runtime.shutdown_background();
    judge(&visit, settings, device)
}

/// Its name there: a dot is in no device's id.
fn client(device: &DeviceId) -> String {
    format!("moodring-{device}.doctor")
}

async fn visit(client: AsyncClient, mut events: EventLoop, settings: &MqttSettings, device: &DeviceId) -> Visit {
    let topic = format!("moodring/{device}/doctor");
    let mut inside = false;
    let talk = async {
        loop {
            match events.poll().await {
                Ok(Event::Incoming(Incoming::ConnAck(_))) => {
                    inside = true;
                    // There is room in the client's queue for both.
                    let _ = client.try_subscribe(&topic, QoS::AtLeastOnce);
                    let _ = client.try_publish(&topic, QoS::AtLeastOnce, false, "?");
                }
                Ok(Event::Incoming(Incoming::Publish(publish))) if publish.topic == topic => return Visit::Heard,
                Ok(_) => {}
                Err(why) => return Visit::Refused(explain(&why, settings, Timestamp::now())),
            }
        }
    };
    match timeout(PATIENCE, talk).await {
        Ok(visit) => visit,
        Err(_) if inside => Visit::Deaf,
        Err(_) => Visit::Silent,
    }
}

fn judge(visit: &Visit, settings: &MqttSettings, device: &DeviceId) -> Finding {
    let user = match (settings.username.is_empty(), settings.tls.certificate.as_os_str().is_empty()) {
        (false, _) => format!(" as {:?}", settings.username),
        (true, false) => " with its certificate".to_owned(),
        (true, true) => String::new(),
    };
    let tls = if settings.tls.enabled { ", encrypted" } else { "" };
    let found = format!("{}{user}{tls}", settings.broker());
    let host = &settings.host;
    match visit {
        Visit::Heard => Finding::good("broker", format!("{found}; {device:?} may say and hear what it needs", device = device.as_str())),
        Visit::Deaf => Finding::bad("broker", found, "it lets the device in, and drops what it says")
            .with(format!("a line for this user in the broker's list of rights (Mosquitto: acl_file): topic readwrite moodring/{device}/#")),
        Visit::Refused(why) => Finding::bad("broker", found, why.clone())
            .with(format!("ping -c 3 {host}      # is it there?"))
            .with("[mqtt] in the configuration says where it is and who this is"),
        Visit::Silent => Finding::bad("broker", found, format!("no answer within {} s", PATIENCE.as_secs()))
            .with(format!("ping -c 3 {host}      # is it there?")),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Verdict, *};

    #[test]
    fn each_way_a_visit_can_end_is_told() {
        let (settings, hall) =
            (MqttSettings { host: "127.0.0.1".to_owned(), ..MqttSettings::default() }, "hall".parse().unwrap());
        let judge = |visit| judge(&visit, &settings, &hall);
        assert_eq!(judge(Visit::Heard).verdict, Verdict::Good);
        assert!(judge(Visit::Deaf).remedy[0].ends_with("topic readwrite moodring/hall/#"));
        assert_eq!(judge(Visit::Refused("the user is refused".to_owned())).problem.unwrap(), "the user is refused");
        assert!(judge(Visit::Silent).problem.unwrap().contains("no answer within 8 s"));
    }

    #[test]
    fn nobody_at_that_port_is_said_at_once() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let settings = MqttSettings { host: "127.0.0.1".to_owned(), port, ..MqttSettings::default() };
        let finding = examine(&settings, &"hall".parse().unwrap(), None);
        assert!(finding.problem.unwrap().contains("nobody listens there"));
    }
}
