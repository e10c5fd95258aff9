//! Why there is no connection to the broker, in words that say what to do: a pure function.
//!
//! In: what rumqttc said, and what was asked for. Out: one sentence or two. Nothing here fails.

use std::{error::Error, io};

use jiff::{Timestamp, tz::TimeZone};
use rumqttc::{ConnectReturnCode, ConnectionError, StateError};
use rustls::{AlertDescription, CertificateError, InvalidMessage};

use super::settings::MqttSettings;

/// A clock before this moment (the year 2026) was never set: no Moodring is older.
const FIRST: i64 = 1_767_225_600;

/// Whether the clock was never set: a Raspberry Pi has no battery for one and starts somewhere in the past.
pub fn clock_is_unset(now: Timestamp) -> bool {
    now.as_second() < FIRST
}

/// Why the broker could not be reached, and what to do. `now` is what the device's clock says.
pub fn explain(error: &ConnectionError, settings: &MqttSettings, now: Timestamp) -> String {
    if let Some(tls) = find::<rustls::Error>(error) {
        return explain_tls(tls, settings, now);
    }
    if let ConnectionError::ConnectionRefused(code) = error {
        return refused(*code, settings);
    }
    if matches!(error, ConnectionError::NetworkTimeout | ConnectionError::FlushTimeout) && !settings.is_auto() {
        return format!("no answer within 5 s; is {} the right address, and is the broker running?", settings.broker());
    }
    match find::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) if settings.is_auto() => {
            "nobody listens there now; it is looked for, and tried again".to_owned()
        }
        Some(io::ErrorKind::ConnectionRefused) => {
            "nobody listens there; start the broker, or set mqtt.host and mqtt.port to where it is".to_owned()
        }
        Some(io::ErrorKind::NetworkUnreachable | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkDown) => {
            "there is no network, or no way to that address".to_owned()
        }
        Some(
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe,
        ) => ended(error, settings),
        // A failed look-up of a name has a kind of its own, which the standard library does not name.
        Some(_) if error.to_string().contains("failed to lookup address") => {
            format!("the name {:?} (mqtt.host) is not known here; check it, or use the address", settings.host)
        }
        _ => match error {
            ConnectionError::MqttState(StateError::ConnectionAborted) => ended(error, settings),
            ConnectionError::MqttState(StateError::AwaitPingResp) => {
                format!("the broker gave no sign of life for {} s (mqtt.keep_alive_s)", settings.keep_alive_s)
            }
            _ => error.to_string(),
        },
    }
}

/// Why a connection that was good came to its end: as [`explain`], which guesses at reasons why there
/// never was one.
pub fn explain_loss(error: &ConnectionError, settings: &MqttSettings, now: Timestamp) -> String {
    let gone = matches!(error, ConnectionError::MqttState(StateError::ConnectionAborted))
        || find::<io::Error>(error).is_some_and(|error| {
            use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
            matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
        });
    if gone { "the broker ended the connection".to_owned() } else { explain(error, settings, now) }
}

/// Whether this goes on until somebody mends it. A broker that is away comes back by itself.
pub fn needs_somebody(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::ConnectionRefused(code) if *code != ConnectReturnCode::ServiceUnavailable)
        || find::<rustls::Error>(error).is_some()
}

/// Whether the broker does not know this user name with this password. A host answers so to a device that was
/// revoked; it says `NotAuthorized` to one that it knows, whose client's name or last will is not what it may be.
pub fn is_wrong_login(error: &ConnectionError) -> bool {
    matches!(error, ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword))
}

fn ended(error: &ConnectionError, settings: &MqttSettings) -> String {
    match error {
        ConnectionError::Tls(_) => format!(
            "the broker ended the connection before TLS began: port {} may be one without (mqtt.port; 8883 in most \
             cases has it)",
            settings.port
        ),
        _ if settings.tls.enabled => "the broker ended the connection".to_owned(),
        _ => "the broker ended the connection; one that wants TLS does that (mqtt.tls.enabled)".to_owned(),
    }
}

fn refused(code: ConnectReturnCode, settings: &MqttSettings) -> String {
    let anonymous = settings.username.is_empty();
    match code {
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized if settings.is_auto() => {
            "it refuses what it gave this device when they were paired".to_owned()
        }
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized if anonymous => {
            "it wants to know who this is: set mqtt.username and mqtt.password_file".to_owned()
        }
        ConnectReturnCode::BadUserNamePassword | ConnectReturnCode::NotAuthorized => format!(
            "it refuses the user {:?} or the password: check mqtt.username, and the first line of {} (mqtt.password_file)",
            settings.username,
            settings.password_file.display()
        ),
        ConnectReturnCode::BadClientId => {
            "it refuses this device's name; set another id in the configuration".to_owned()
        }
        ConnectReturnCode::ServiceUnavailable => "it is there, but not ready yet".to_owned(),
        code => format!("it refuses the connection ({code:?})"),
    }
}

fn explain_tls(error: &rustls::Error, settings: &MqttSettings, now: Timestamp) -> String {
    let clock = || now.to_zoned(TimeZone::UTC).date();
    let ca = if settings.tls.ca_file.as_os_str().is_empty() {
        "an authority that this system does not trust; name it in mqtt.tls.ca_file".to_owned()
    } else {
        format!("another authority than the one in {} (mqtt.tls.ca_file)", settings.tls.ca_file.display())
    };
    match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::ApplicationVerificationFailure => {
                "that is not the host that this device was paired with: its key is another; nothing was said to it. If \
                 the host was set up anew: moodring-device forget, and pair again"
                    .to_owned()
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } if clock_is_unset(now) => {
                format!(
                    "the broker's certificate is not valid yet, for this device's clock says {}: the clock is not \
                     set; it is tried again until the network has set it (timedatectl tells)",
                    clock()
                )
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => format!(
                "the broker's certificate is not valid yet, by this device's clock, which says {}; if that is wrong \
                 (timedatectl tells), the network will set it, and it is tried again",
                clock()
            ),
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => format!(
                "the broker's certificate has expired (this device's clock says {}): renew it on the broker",
                clock()
            ),
            CertificateError::UnknownIssuer => format!("the broker's certificate was signed by {ca}"),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => format!(
                "the broker's certificate is for another name than {:?}: set mqtt.host to a name in it, or make it \
                 anew with subjectAltName",
                settings.host
            ),
            CertificateError::BadSignature => {
                format!("the broker's certificate bears a wrong signature: it was signed by {ca}")
            }
            other => format!(
                "the broker's certificate will not do ({other}): it must be of X.509 version 3, signed by an authority \
                 and no authority itself, with the name {:?} as subjectAltName",
                settings.host
            ),
        },
        rustls::Error::AlertReceived(alert) => refused_by(*alert, settings),
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType | InvalidMessage::UnexpectedMessage(_)) => {
            format!(
                "port {} does not speak TLS: set mqtt.port (8883 in most cases), or mqtt.tls.enabled = false",
                settings.port
            )
        }
        other => format!("TLS failed: {other}"),
    }
}

/// The broker broke off: nearly always because of this device's own certificate.
fn refused_by(alert: AlertDescription, settings: &MqttSettings) -> String {
    let own = settings.tls.certificate.display();
    match alert {
        AlertDescription::CertificateRequired
        | AlertDescription::HandshakeFailure
        | AlertDescription::NoCertificate
            if settings.tls.certificate.as_os_str().is_empty() =>
        {
            "the broker wants to see a certificate: set mqtt.tls.certificate and mqtt.tls.key".to_owned()
        }
        AlertDescription::CertificateExpired => {
            format!("the broker says that this device's certificate has expired: renew {own}")
        }
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateRevoked
        | AlertDescription::DecryptError
        | AlertDescription::UnsupportedCertificate => {
            format!("the broker refuses this device's certificate {own} (mqtt.tls.certificate): {alert:?}")
        }
        alert => format!("the broker broke off the TLS handshake: {alert:?}"),
    }
}

/// The first error of this type on the way to the cause.
fn find<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // What an `io::Error` carries is not its source but itself.
        let carried = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = carried.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-23T06:00:00Z".parse().unwrap()
    }

    fn settings() -> MqttSettings {
        let mut settings = MqttSettings { host: "broker.local".to_owned(), port: 8883, ..MqttSettings::default() };
        settings.username = "hall".to_owned();
        settings.password_file = "/etc/moodring/password".into();
        settings.tls.ca_file = "/etc/moodring/ca.pem".into();
        settings
    }

    /// As it comes out of rumqttc while it connects.
    fn tls(error: rustls::Error) -> ConnectionError {
        ConnectionError::Tls(rumqttc::TlsError::Io(io::Error::new(io::ErrorKind::InvalidData, error)))
    }

    #[test]
    fn a_host_that_is_found_by_itself_is_not_to_be_configured() {
        let auto = MqttSettings::default();
        for error in [
            ConnectionError::Io(io::ErrorKind::ConnectionRefused.into()),
            ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized),
            ConnectionError::NetworkTimeout,
        ] {
            let said = explain(&error, &auto, now());
            assert!(!said.contains("mqtt."), "{said}");
        }
    }

    #[test]
    fn each_reason_says_what_to_do() {
        let certificate = |error| tls(rustls::Error::InvalidCertificate(error));
        let io = |kind: io::ErrorKind| ConnectionError::Io(kind.into());
        for (error, says) in [
            (
                ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword),
                "refuses the user \"hall\" or the password: check mqtt.username, and the first line of \
                 /etc/moodring/password (mqtt.password_file)",
            ),
            (ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized), "the user \"hall\""),
            (certificate(CertificateError::Expired), "has expired (this device's clock says 2026-11-23): renew it"),
            (
                certificate(CertificateError::UnknownIssuer),
                "another authority than the one in /etc/moodring/ca.pem (mqtt.tls.ca_file)",
            ),
            (certificate(CertificateError::NotValidForName), "for another name than \"broker.local\""),
            (tls(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)), "port 8883 does not speak TLS"),
            (tls(rustls::Error::AlertReceived(AlertDescription::CertificateRequired)), "set mqtt.tls.certificate"),
            (
                tls(rustls::Error::AlertReceived(AlertDescription::CertificateExpired)),
                "device's certificate has expired",
            ),
            (
                ConnectionError::Tls(rumqttc::TlsError::Io(io::ErrorKind::UnexpectedEof.into())),
                "before TLS began: port 8883 may be one without",
            ),
            (io(io::ErrorKind::ConnectionRefused), "nobody listens there"),
            (io(io::ErrorKind::UnexpectedEof), "mqtt.tls.enabled"),
            (ConnectionError::MqttState(StateError::AwaitPingResp), "no sign of life for 10 s"),
            (ConnectionError::NetworkTimeout, "is broker.local:8883 the right address"),
        ] {
            let text = explain(&error, &settings(), now());
            assert!(text.contains(says), "{text}\nshould say {says}");
        }
        let other = certificate(CertificateError::ApplicationVerificationFailure);
        assert!(explain(&other, &settings(), now()).contains("not the host that this device was paired with"));
        let anonymous = MqttSettings { host: "broker.local".to_owned(), ..MqttSettings::default() };
        let refused = ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized);
        assert!(explain(&refused, &anonymous, now()).contains("set mqtt.username and mqtt.password_file"));
    }

    #[test]
    fn a_clock_that_nobody_has_set_is_blamed_and_not_the_certificate() {
        let error = tls(rustls::Error::InvalidCertificate(CertificateError::NotValidYet));
        let later = explain(&error, &settings(), now());
        assert!(later.contains("by this device's clock, which says 2026-11-23; if that is wrong"), "{later}");
        let text = explain(&error, &settings(), Timestamp::from_second(60).unwrap());
        assert!(text.contains("this device's clock says 1970-01-01: the clock is not set"), "{text}");
        assert!(clock_is_unset(Timestamp::UNIX_EPOCH) && !clock_is_unset(now()));
    }

    #[test]
    fn a_broker_that_restarts_is_not_suspected_of_anything() {
        let plain = MqttSettings { host: "broker.local".to_owned(), ..MqttSettings::default() };
        for error in [
            ConnectionError::MqttState(StateError::ConnectionAborted),
            ConnectionError::MqttState(StateError::Io(io::ErrorKind::ConnectionReset.into())),
        ] {
            assert_eq!(explain_loss(&error, &plain, now()), "the broker ended the connection");
            assert!(explain(&error, &plain, now()).contains("mqtt.tls.enabled") && !needs_somebody(&error));
        }
        assert!(!needs_somebody(&ConnectionError::Io(io::ErrorKind::ConnectionRefused.into())));
        assert!(needs_somebody(&ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized)));
        assert!(needs_somebody(&tls(rustls::Error::InvalidCertificate(CertificateError::Expired))));
    }

    #[test]
    fn only_a_name_and_password_that_are_not_known_are_those_of_a_revoked_device() {
        let refused = ConnectionError::ConnectionRefused;
        assert!(is_wrong_login(&refused(ConnectReturnCode::BadUserNamePassword)));
        for other in
            [ConnectReturnCode::NotAuthorized, ConnectReturnCode::BadClientId, ConnectReturnCode::ServiceUnavailable]
        {
            assert!(!is_wrong_login(&refused(other)), "{other:?}");
        }
        assert!(!is_wrong_login(&ConnectionError::Io(io::ErrorKind::ConnectionRefused.into())));
    }

    #[test]
    fn the_reason_is_found_wherever_rumqttc_wraps_it() {
        let inner = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
        let late = ConnectionError::MqttState(StateError::Io(io::Error::new(io::ErrorKind::InvalidData, inner)));
        assert!(explain(&late, &settings(), now()).contains("wants to see a certificate"));
    }
}
