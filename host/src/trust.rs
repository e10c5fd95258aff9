//! Whom to trust at an external broker that speaks TLS.
//!
//! In: `[mqtt.tls]`. Out: rustls's configuration, with ring for the cryptography. Fails when a file cannot be
//! read or holds no certificate; the message names the key.

use std::{path::PathBuf, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use thiserror::Error;

use crate::config::Tls;

/// Nobody can be trusted.
#[derive(Debug, Error)]
pub enum TrustError {
    /// The file will not do.
    #[error("mqtt.tls.ca_file = {path}: {why}; it must hold the authority's certificate in PEM")]
    File {
        /// The file.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// The system trusts nobody.
    #[error("the system has no list of authorities to trust: install ca-certificates, or name one in mqtt.tls.ca_file")]
    Nobody,
}

/// What these settings mean for rustls; `None` without TLS.
///
/// # Errors
/// See [`TrustError`].
pub fn client(tls: &Tls) -> Result<Option<Arc<ClientConfig>>, TrustError> {
    if !tls.enabled {
        return Ok(None);
    }
    let mut store = RootCertStore::empty();
    if tls.ca_file.as_os_str().is_empty() {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(TrustError::Nobody);
        }
    } else {
        let file = |why: &dyn std::fmt::Display| TrustError::File { path: tls.ca_file.clone(), why: why.to_string() };
        let found = CertificateDer::pem_file_iter(&tls.ca_file).map_err(|e| file(&e))?;
        for certificate in found {
            store.add(certificate.map_err(|e| file(&e))?).map_err(|e| file(&e))?;
        }
        if store.is_empty() {
            return Err(file(&"it holds no certificate"));
        }
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| TrustError::File { path: tls.ca_file.clone(), why: e.to_string() })?;
    Ok(Some(Arc::new(config.with_root_certificates(store).with_no_client_auth())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_holds_no_authority_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let ca_file = folder.path().join("ca.pem");
        let tls = Tls { enabled: true, ca_file: ca_file.clone() };
        assert!(client(&tls).unwrap_err().to_string().contains("mqtt.tls.ca_file"));
        std::fs::write(&ca_file, "nothing").unwrap();
        assert!(client(&tls).unwrap_err().to_string().contains("holds no certificate"));
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = rcgen::CertificateParams::new(vec!["x".to_owned()]).unwrap().self_signed(&key).unwrap().pem();
        std::fs::write(&ca_file, pem).unwrap();
        assert!(client(&tls).unwrap().is_some());
        assert!(client(&Tls::default()).unwrap().is_none());
    }
}
