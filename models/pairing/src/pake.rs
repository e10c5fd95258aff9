//! The proof that both know the code: OPAQUE with ristretto255, by the crate `opaque-ke`.
//!
//! The device is OPAQUE's server: at each guess it registers its code with itself and answers. The host,
//! where the code was typed, is the client. Names of both and the TLS connection go into the proof: one
//! that was recorded, or comes through a man in the middle, is worth nothing. A code has twenty bits, so
//! what counts is that neither side learns more than whether one guess was right; it is not stretched
//! (`Identity`), since it lives for minutes and no file of it exists anywhere.
//! Fails, without saying more than that, when the code or anything else is not the same on both sides.

use moodring_mood::DeviceId;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration, ClientRegistrationFinishParameters,
    CredentialFinalization, CredentialRequest, CredentialResponse, Identifiers, ServerLogin, ServerLoginParameters,
    ServerRegistration, ServerSetup, errors::ProtocolError,
};
use rand::rngs::OsRng;
use thiserror::Error;

use crate::{code::Code, tls::Fingerprint};

/// RFC 9807's first recommended configuration, but for the stretching.
struct Suite;

impl CipherSuite for Suite {
    type OprfCs = opaque_ke::Ristretto255;
    type KeyExchange = opaque_ke::TripleDh<opaque_ke::Ristretto255, sha2::Sha512>;
    type Ksf = opaque_ke::ksf::Identity;
}

/// The proof failed: another code, another connection, or a message that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the code is not the same on both sides")]
pub struct Wrong;

impl From<ProtocolError> for Wrong {
    fn from(_: ProtocolError) -> Self {
        Self
    }
}

/// Who talks to whom, and over which connection.
#[derive(Clone, Debug)]
pub struct Parties {
    device: String,
    host: String,
    context: Vec<u8>,
}

impl Parties {
    /// `binding` is what both ends exported from their TLS connection: [`crate::tls::binding`].
    pub fn new(device: &DeviceId, host: &Fingerprint, binding: &[u8; 32]) -> Self {
        let context = [b"moodring pairing 1\0".as_slice(), binding].concat();
        Self { device: device.to_string(), host: host.to_string(), context }
    }

    fn identifiers(&self) -> Identifiers<'_> {
        Identifiers { client: Some(self.host.as_bytes()), server: Some(self.device.as_bytes()) }
    }

    fn of_server(&self) -> ServerLoginParameters<'_, '_> {
        ServerLoginParameters { context: Some(&self.context), identifiers: self.identifiers() }
    }
}

/// A device that has answered a guess and waits for its proof.
pub struct Answered(ServerLogin<Suite>);

/// The device's answer to a guess.
///
/// # Errors
/// The request is none.
pub fn answer(code: Code, parties: &Parties, request: &[u8]) -> Result<(Vec<u8>, Answered), Wrong> {
    let (setup, name) = (ServerSetup::<Suite>::new(&mut OsRng), parties.device.as_bytes());
    let digits = code.digits();
    let asked = ClientRegistration::<Suite>::start(&mut OsRng, digits.as_bytes())?;
    let told = ServerRegistration::start(&setup, asked.message, name)?;
    let known = ClientRegistrationFinishParameters::new(parties.identifiers(), None);
    let upload = asked.state.finish(&mut OsRng, digits.as_bytes(), told.message, known)?;
    let file = ServerRegistration::finish(upload.message);
    let request = CredentialRequest::deserialize(request)?;
    let login = ServerLogin::start(&mut OsRng, &setup, Some(file), request, name, parties.of_server())?;
    Ok((login.message.serialize().to_vec(), Answered(login.state)))
}

impl Answered {
    /// Whether the host knew the code.
    ///
    /// # Errors
    /// It did not.
    pub fn check(self, parties: &Parties, proof: &[u8]) -> Result<(), Wrong> {
        self.0.finish(CredentialFinalization::deserialize(proof)?, parties.of_server())?;
        Ok(())
    }
}

/// A host that tries a code.
pub struct Guess {
    state: ClientLogin<Suite>,
    digits: String,
}

impl Guess {
    /// Begins, with the first message to the device.
    ///
    /// # Errors
    /// Never with six digits.
    pub fn begin(code: Code) -> Result<(Self, Vec<u8>), Wrong> {
        let digits = code.digits();
        let begun = ClientLogin::<Suite>::start(&mut OsRng, digits.as_bytes())?;
        Ok((Self { state: begun.state, digits }, begun.message.serialize().to_vec()))
    }

    /// Whether the device knows the same code; then the proof for it that the host does.
    ///
    /// # Errors
    /// It does not.
    pub fn check(self, parties: &Parties, response: &[u8]) -> Result<Vec<u8>, Wrong> {
        let known = ClientLoginFinishParameters::new(Some(&parties.context), parties.identifiers(), None);
        let response = CredentialResponse::deserialize(response)?;
        let end = self.state.finish(&mut OsRng, self.digits.as_bytes(), response, known)?;
        Ok(end.message.serialize().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parties(device: &str, host: u8, connection: u8) -> Parties {
        Parties::new(&device.parse().unwrap(), &Fingerprint::new([host; 32]), &[connection; 32])
    }

    fn code(text: &str) -> Code {
        text.parse().unwrap()
    }

    /// What the host, then the device thinks of it.
    fn meet(on_device: (&str, &Parties), on_host: (&str, &Parties)) -> (bool, bool) {
        let (guess, request) = Guess::begin(code(on_host.0)).unwrap();
        let (response, answered) = answer(code(on_device.0), on_device.1, &request).unwrap();
        match guess.check(on_host.1, &response) {
            Ok(proof) => (true, answered.check(on_device.1, &proof).is_ok()),
            Err(Wrong) => (false, answered.check(on_device.1, &[7; 64]).is_ok()),
        }
    }

    #[test]
    fn both_believe_each_other_only_with_the_same_code_names_and_connection() {
        let hall = parties("hall", 1, 1);
        assert_eq!(meet(("482913", &hall), ("482 913", &hall)), (true, true));
        assert_eq!(meet(("482913", &hall), ("482914", &hall)), (false, false));
        for other in [parties("attic", 1, 1), parties("hall", 2, 1), parties("hall", 1, 2)] {
            assert_eq!(meet(("482913", &hall), ("482913", &other)), (false, false), "{other:?}");
        }
    }

    #[test]
    fn what_was_recorded_proves_nothing_later() {
        let hall = parties("hall", 1, 1);
        let (guess, request) = Guess::begin(code("482913")).unwrap();
        let (response, answered) = answer(code("482913"), &hall, &request).unwrap();
        let proof = guess.check(&hall, &response).unwrap();
        answered.check(&hall, &proof).unwrap();
        // The same messages again, to the same device, with the same code, even on the same connection.
        let (_, again) = answer(code("482913"), &hall, &request).unwrap();
        assert_eq!(again.check(&hall, &proof), Err(Wrong));
        // And to the host: an answer to another request.
        let (guess, _) = Guess::begin(code("482913")).unwrap();
        assert_eq!(guess.check(&hall, &response), Err(Wrong));
    }

    #[test]
    fn nonsense_is_wrong_and_nothing_worse() {
        let hall = parties("hall", 1, 1);
        for length in [0, 1, 31, 96, 320, 4096] {
            let noise = vec![0xff; length];
            assert!(answer(code("482913"), &hall, &noise).is_err());
            let (guess, _) = Guess::begin(code("482913")).unwrap();
            assert_eq!(guess.check(&hall, &noise), Err(Wrong));
        }
    }
}
