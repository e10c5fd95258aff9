//! TLS for the connection to the broker: whom to trust, and how to prove who this is.
//!
//! In: [`TlsSettings`]. Out: rustls's configuration, with ring for the cryptography. What fails is
//! a file that cannot be read or holds something else; the message names the key, what was found and
//! what to put there. What the broker's certificate is worth shows when it connects: see
//! [`super::complaint`].

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
};
use thiserror::Error;

use super::settings::{TlsSettings, secret};

/// Why no TLS connection can be tried.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path} (mqtt.tls.{key}): {why}")]
    Unreadable {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        why: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} (mqtt.tls.{key}) {found}; it must hold {wanted}")]
    Other {
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What was found.
        found: String,
        /// What would do.
        wanted: &'static str,
    },
    /// The system trusts nobody.
    #[error(
        "the system has no list of authorities to trust; install ca-certificates, or name the broker's in mqtt.tls.ca_file"
    )]
    NoAuthorities,
    /// Certificate and key do not fit each other.
    #[error("the certificate {certificate} and the key {key} (mqtt.tls) do not fit: {why}")]
    Identity {
        /// The certificate.
        certificate: PathBuf,
        /// The key.
        key: PathBuf,
        /// What rustls said.
        why: rustls::Error,
    },
}

const CERTIFICATE: &str = "a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----";
const KEY: &str = "a private key in PEM without a passphrase, which begins with -----BEGIN PRIVATE KEY-----";

/// What these settings mean for rustls.
///
/// # Errors
/// See [`TlsError`].
pub fn client_config(settings: &TlsSettings) -> Result<ClientConfig, TlsError> {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("ring has the ciphers of TLS 1.2 and 1.3")
        .with_root_certificates(authorities(&settings.ca_file)?);
    if settings.certificate.as_os_str().is_empty() {
        return Ok(config.with_no_client_auth());
    }
    let key_file = secret(&settings.key);
    let chain = certificates("certificate", &settings.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&key_file).map_err(|why| unusable("key", &key_file, KEY, why))?;
    config.with_client_auth_cert(chain, key).map_err(|why| TlsError::Identity {
        certificate: settings.certificate.clone(),
        key: key_file,
        why,
    })
}

/// TLS to a broker whose authority is given as PEM; `None`: those that the system trusts.
///
/// # Errors
/// It holds no certificate, or the system trusts nobody.
pub fn trusting(authority: Option<&str>) -> Result<ClientConfig, TlsError> {
    let mut store = RootCertStore::empty();
    match authority {
        Some(pem) => store.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).flatten()),
        None => store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs),
    };
    if store.is_empty() {
        return Err(TlsError::NoAuthorities);
    }
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .expect("ring has the ciphers of TLS 1.2 and 1.3");
    Ok(config.with_root_certificates(store).with_no_client_auth())
}

fn authorities(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    if file.as_os_str().is_empty() {
        // A certificate among the system's that cannot be read is passed over, as everywhere.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return if store.is_empty() { Err(TlsError::NoAuthorities) } else { Ok(store) };
    }
    for certificate in certificates("ca_file", file)? {
        let other = |why: rustls::Error| TlsError::Other {
            key: "ca_file",
            path: file.to_owned(),
            found: format!("holds a certificate that cannot be read ({why})"),
            wanted: CERTIFICATE,
        };
        store.add(certificate).map_err(other)?;
    }
    Ok(store)
}

fn certificates(key: &'static str, file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let unusable = |why| unusable(key, file, CERTIFICATE, why);
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(file).map_err(unusable)?.collect();
    let found = found.map_err(unusable)?;
    if found.is_empty() { Err(unusable(pem::Error::NoItemsFound)) } else { Ok(found) }
}

fn unusable(key: &'static str, path: &Path, wanted: &'static str, why: pem::Error) -> TlsError {
    let path = path.to_owned();
    let found = match why {
        pem::Error::Io(why) => return TlsError::Unreadable { key, path, why },
        pem::Error::NoItemsFound => "holds nothing of that kind".to_owned(),
        why => format!("is damaged ({why:?})"),
    };
    TlsError::Other { key, path, found, wanted }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaint(settings: &TlsSettings) -> String {
        client_config(settings).unwrap_err().to_string()
    }

    #[test]
    fn a_file_that_will_not_do_is_named_with_what_would() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let settings = TlsSettings { enabled: true, ca_file: file.clone(), ..TlsSettings::default() };
        let missing = complaint(&settings);
        assert!(missing.contains("(mqtt.tls.ca_file): No such file"), "{missing}");
        for (text, says) in [
            ("", "holds nothing of that kind"),
            ("no certificate", "holds nothing of that kind"),
            ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "holds nothing of that kind"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n", "is damaged"),
            ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "cannot be read"),
        ] {
            std::fs::write(&file, text).unwrap();
            let found = complaint(&settings);
            assert!(found.contains(says) && found.contains("-----BEGIN CERTIFICATE-----"), "{text:?}: {found}");
        }
    }
}
