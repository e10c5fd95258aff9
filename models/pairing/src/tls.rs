//! TLS between a device and a host: a key that is remembered in the place of authorities.
//!
//! A host's certificate is self-signed; its key is what counts, by the SHA-256 of its public half
//! (SubjectPublicKeyInfo). Neither names nor dates in the certificate matter: a device without a clock
//! connects, and a host may renew its certificate. The handshake's signatures are verified in every case:
//! who shows the certificate has the key. Fails as rustls does.

use std::{fmt, str::FromStr, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};
use sha2::{Digest, Sha256};
use thiserror::Error as ThisError;

/// RFC 9266's label: what is exported under it is the same at both ends of one connection, and nowhere else.
const LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// A public key's SHA-256: a host's name for machines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint([u8; 32]);

/// What was read is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ThisError)]
#[error("a fingerprint has 64 hexadecimal digits")]
pub struct NoFingerprint;

impl Fingerprint {
    /// Of a digest.
    pub const fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Of the key in a certificate.
    ///
    /// # Errors
    /// The certificate cannot be read.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        let key = ParsedCertificate::try_from(certificate)?.subject_public_key_info();
        Ok(Self(Sha256::digest(&key).into()))
    }

    /// Its first eight digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    fn from_str(text: &str) -> Result<Self, NoFingerprint> {
        let bytes = crate::wire::from_hex(text).ok_or(NoFingerprint)?;
        bytes.try_into().map(Self).map_err(|_| NoFingerprint)
    }
}

/// Whose certificate is good enough.
#[derive(Debug)]
struct ByKey {
    /// `None`: anybody's, for what is proved afterwards.
    key: Option<Fingerprint>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ByKey {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let found = Fingerprint::of(certificate)?;
        match self.key {
            Some(key) if key != found => {
                Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// A client that talks to the owner of this key and to nobody else.
pub fn pinned(key: Fingerprint) -> ClientConfig {
    client(Some(key))
}

/// A client that talks to anybody, for pairing alone: TLS 1.3, and believes nothing until the code is proved.
pub fn unproved() -> ClientConfig {
    client(None)
}

fn client(key: Option<Fingerprint>) -> ClientConfig {
    let provider = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("ring has the ciphers of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(ByKey { key, provider }))
        .with_no_client_auth()
}

/// What both ends of a connection of TLS 1.3 know and nobody else does, for [`crate::pake::Parties`].
///
/// # Errors
/// The handshake is not done.
pub fn binding<Data>(connection: &rustls::ConnectionCommon<Data>) -> Result<[u8; 32], Error> {
    connection.export_keying_material([0; 32], LABEL, Some(&[]))
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use rustls::{ClientConnection, ServerConfig, ServerConnection, pki_types::PrivateKeyDer};

    use super::*;

    /// A host's certificate for a key, valid when nobody asks.
    fn certificate(key: &rcgen::KeyPair) -> CertificateDer<'static> {
        let mut params = rcgen::CertificateParams::new(vec!["another-name".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(1980, 1, 1);
        params.self_signed(key).unwrap().der().clone()
    }

    fn host(key: &rcgen::KeyPair) -> Arc<ServerConfig> {
        let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap();
        Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate(key)], der).unwrap())
    }

    fn meet(client: ClientConfig, host: Arc<ServerConfig>) -> Result<(ClientConnection, ServerConnection), Error> {
        let name = ServerName::try_from("192.0.2.1").unwrap();
        let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
        let mut server = ServerConnection::new(host).unwrap();
        while client.is_handshaking() || server.is_handshaking() {
            let mut wire = Vec::new();
            client.write_tls(&mut wire).unwrap();
            server.read_tls(&mut wire.as_slice()).unwrap();
            server.process_new_packets()?;
            let mut wire = Vec::new();
            server.write_tls(&mut wire).unwrap();
            let mut rest = wire.as_slice();
            while !rest.is_empty() {
                client.read_tls(&mut rest).unwrap();
                client.process_new_packets()?;
            }
        }
        Ok((client, server))
    }

    #[test]
    fn the_key_decides_and_neither_name_nor_date() {
        let (own, other) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let key = Fingerprint::of(&certificate(&own)).unwrap();
        assert!(meet(pinned(key), host(&own)).is_ok());
        let refused = meet(pinned(key), host(&other)).map(drop).unwrap_err();
        assert_eq!(refused, Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure));
        assert!(meet(unproved(), host(&other)).is_ok());
        assert_eq!(Fingerprint::of(&certificate(&own)), Ok(key), "a renewed certificate has the same key");
    }

    #[test]
    fn who_shows_a_certificate_without_its_key_is_refused() {
        let (own, thief) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let key = Fingerprint::of(&certificate(&own)).unwrap();
        // rustls would not let a server be set up like this, so the key is swapped below it.
        let der = PrivateKeyDer::try_from(thief.serialize_der()).unwrap();
        let signer = ring::sign::any_supported_type(&der).unwrap();
        let stolen = rustls::sign::CertifiedKey::new(vec![certificate(&own)], signer);
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(stolen)));
        let refused = meet(pinned(key), Arc::new(config)).map(drop).unwrap_err();
        assert_eq!(refused, Error::InvalidCertificate(CertificateError::BadSignature));
    }

    #[test]
    fn a_binding_is_of_one_connection() {
        let own = host(&rcgen::KeyPair::generate().unwrap());
        let (mut client, mut server) = meet(unproved(), Arc::clone(&own)).unwrap();
        let (first, same) = (binding(&client).unwrap(), binding(&server).unwrap());
        assert_eq!(first, same);
        let (other, _) = meet(unproved(), own).unwrap();
        assert_ne!(binding(&other).unwrap(), first);
        // And it is a connection that carries something.
        client.writer().write_all(b"hello").unwrap();
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets().unwrap();
        let mut read = [0; 5];
        server.reader().read_exact(&mut read).unwrap();
        assert_eq!(&read, b"hello");
    }

    #[test]
    fn a_fingerprint_reads_back() {
        let print = Fingerprint::new([0xab; 32]);
        assert_eq!(print.to_string().parse(), Ok(print));
        assert_eq!(print.short(), "abababab");
        for text in ["", "ab", "zz", &"é".repeat(32)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint));
        }
    }
}
