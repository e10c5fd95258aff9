//! This host's key, by which devices know it again, and a certificate for it.
//!
//! In: the state directory. Out: `tls-key.pem`, made at the first start and never changed, for its owner alone;
//! `tls-cert.pem`, made anew at each start, since only the key counts. Fails when they cannot be read or written.

use std::{
    fs,
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use moodring_pairing::Fingerprint;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};
use thiserror::Error;
use tokio_rustls::TlsAcceptor;

/// Why there is no key.
#[derive(Debug, Error)]
#[error("the key by which devices know this host, {path}: {why}")]
pub struct KeyError {
    path: PathBuf,
    why: String,
}

/// This host's key and certificate.
#[derive(Debug)]
pub struct Key {
    /// The file with the key.
    pub key_file: PathBuf,
    /// The file with the certificate.
    pub certificate_file: PathBuf,
    /// What devices remember.
    pub fingerprint: Fingerprint,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Writes a file that only its owner reads, whole or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

impl Key {
    /// Reads the key, or makes one where there is none.
    ///
    /// # Errors
    /// It cannot be read, is none, or cannot be written.
    pub fn open(state_dir: &Path) -> Result<Self, KeyError> {
        let (key_file, certificate_file) = (state_dir.join("tls-key.pem"), state_dir.join("tls-cert.pem"));
        let failed =
            |path: &Path, why: &dyn std::fmt::Display| KeyError { path: path.to_owned(), why: why.to_string() };
        let pair = match fs::read_to_string(&key_file) {
            Ok(text) => KeyPair::from_pem(&text).map_err(|e| {
                failed(
                    &key_file,
                    &format!("is damaged ({e}): put it back from a backup; or remove it, and pair every device again"),
                )
            })?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                let made = KeyPair::generate().map_err(|e| failed(&key_file, &e))?;
                write(&key_file, &made.serialize_pem()).map_err(|e| failed(&key_file, &e))?;
                made
            }
            Err(e) => return Err(failed(&key_file, &e)),
        };
        let mut params =
            CertificateParams::new(vec!["moodring.local".to_owned()]).map_err(|e| failed(&certificate_file, &e))?;
        params.distinguished_name.push(DnType::CommonName, "Moodring host");
        let certificate = params.self_signed(&pair).map_err(|e| failed(&certificate_file, &e))?;
        write(&certificate_file, &certificate.pem()).map_err(|e| failed(&certificate_file, &e))?;
        let certificate = certificate.der().clone();
        let fingerprint = Fingerprint::of(&certificate).map_err(|e| failed(&certificate_file, &e))?;
        let key = PrivateKeyDer::try_from(pair.serialize_der()).map_err(|e| failed(&key_file, &e))?;
        Ok(Self { key_file, certificate_file, fingerprint, certificate, key })
    }

    /// It cannot be used, for another reason.
    pub(super) fn unusable(&self, why: &dyn std::fmt::Display) -> KeyError {
        KeyError { path: self.key_file.clone(), why: why.to_string() }
    }

    /// What answers devices that pair: TLS 1.3, to which the proof of the code is bound.
    ///
    /// # Errors
    /// The key will not do.
    pub(super) fn acceptor(&self) -> Result<TlsAcceptor, KeyError> {
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| self.unusable(&e))?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
            .map_err(|e| self.unusable(&e))?;
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let first = Key::open(folder.path()).unwrap();
        let mode = fs::metadata(&first.key_file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let certificate = fs::read(&first.certificate_file).unwrap();
        let second = Key::open(folder.path()).unwrap();
        assert_eq!(first.fingerprint, second.fingerprint, "devices know it again");
        assert_ne!(fs::read(&second.certificate_file).unwrap(), certificate, "and the certificate is renewed");
        assert!(second.acceptor().is_ok());
    }

    #[test]
    fn a_damaged_key_is_named_and_left_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tls-key.pem");
        fs::write(&file, "rubbish").unwrap();
        let error = Key::open(folder.path()).unwrap_err().to_string();
        assert!(error.contains("tls-key.pem: is damaged"), "{error}");
        assert_eq!(fs::read_to_string(&file).unwrap(), "rubbish");
        assert!(Key::open(Path::new("/nowhere/at/all")).is_err());
    }
}
