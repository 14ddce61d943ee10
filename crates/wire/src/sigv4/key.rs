//! Signing keys, and the hashes beneath them.

use std::sync::Arc;

use aws_lc_rs::{digest, hmac};

use super::v4a::EcdsaKey;
use super::{Algorithm, SigError, SignedRequest, TERMINATOR};

/// A key that makes and checks signatures. Dear to derive (four HMACs, or a curve multiplication) and cheap to keep:
/// callers may cache it under access key, algorithm and scope.
#[derive(Clone)]
pub enum SigningKey {
    /// SigV4's, good for one day, region and service.
    Hmac(Arc<hmac::Key>),
    /// SigV4A's, good for all of them.
    Ecdsa(EcdsaKey),
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Hmac(_) => "SigningKey::Hmac",
            Self::Ecdsa(_) => "SigningKey::Ecdsa",
        })
    }
}

impl SigningKey {
    /// SigV4's key: HMAC over day (`YYYYMMDD`), region, service and terminator in turn, beginning with `AWS4` and the
    /// secret.
    pub fn derive(secret: &str, date: &str, region: &str, service: &str) -> Self {
        let mut key = hmac::Key::new(hmac::HMAC_SHA256, format!("AWS4{secret}").as_bytes());
        for part in [date, region, service, TERMINATOR] {
            key = hmac::Key::new(hmac::HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref());
        }
        Self::Hmac(Arc::new(key))
    }

    /// SigV4A's key, which depends on the access key id as well.
    ///
    /// # Errors
    /// [`SigError::UnusableSecret`] when no key can be derived.
    pub fn derive_v4a(access_key: &str, secret: &str) -> Result<Self, SigError> {
        EcdsaKey::derive(access_key, secret).map(Self::Ecdsa)
    }

    /// The key that a request's signature must have been made with.
    ///
    /// # Errors
    /// [`SigError::UnusableSecret`] when no key can be derived.
    pub fn for_request(signed: &SignedRequest<'_>, secret: &str) -> Result<Self, SigError> {
        match signed.algorithm {
            Algorithm::Hmac => {
                let region = signed.scope.region.as_deref().unwrap_or_default();
                Ok(Self::derive(secret, &signed.scope.date, region, &signed.scope.service))
            }
            Algorithm::Ecdsa => Self::derive_v4a(&signed.access_key, secret),
        }
    }

    /// The algorithm that the key is for.
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Self::Hmac(_) => Algorithm::Hmac,
            Self::Ecdsa(_) => Algorithm::Ecdsa,
        }
    }

    /// Whether a signature, in hexadecimal digits, is this key's over a string. The comparison takes the same time
    /// wherever they differ.
    pub fn verifies(&self, string_to_sign: &[u8], signature: &str) -> bool {
        // Chunk signatures of SigV4A are padded to a fixed length with asterisks.
        let Ok(signature) = hex::decode(signature.trim_end_matches('*')) else { return false };
        match self {
            Self::Hmac(key) => hmac::verify(key, string_to_sign, &signature).is_ok(),
            Self::Ecdsa(key) => key.verifies(string_to_sign, &signature),
        }
    }

    /// The signature of a string, in hexadecimal digits.
    ///
    /// # Errors
    /// [`SigError::UnusableSecret`] when the platform's source of randomness fails, which ECDSA needs.
    pub fn sign(&self, string_to_sign: &[u8]) -> Result<String, SigError> {
        match self {
            Self::Hmac(key) => Ok(hex::encode(hmac::sign(key, string_to_sign))),
            Self::Ecdsa(key) => Ok(hex::encode(key.sign(string_to_sign)?)),
        }
    }
}

/// SHA-256.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.iter_mut().zip(digest::digest(&digest::SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// SHA-256, in lower-case hexadecimal digits.
pub(crate) fn hex_sha256(bytes: &[u8]) -> String {
    hex::encode(sha256(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derives_the_documented_key() {
        // General Reference, "Examples of how to derive a signing key for Signature Version 4".
        let SigningKey::Hmac(key) =
            SigningKey::derive("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
        else {
            panic!()
        };
        let expected = hex::decode("c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9").unwrap();
        let expected = hmac::Key::new(hmac::HMAC_SHA256, &expected);
        assert_eq!(hmac::sign(&key, b"x").as_ref(), hmac::sign(&expected, b"x").as_ref());
    }

    #[test]
    fn a_signature_that_is_no_hexadecimal_number_matches_nothing() {
        let key = SigningKey::derive("s", "20150830", "r", "v");
        for signature in ["", "*", "zz", "abc", "é"] {
            assert!(!key.verifies(b"text", signature), "{signature}");
        }
        assert!(key.verifies(b"text", &key.sign(b"text").unwrap()));
    }
}
