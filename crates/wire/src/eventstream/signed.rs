//! Signed streams: each message wraps another and carries a signature that covers the one before, and the first one the
//! request's own.

use bytes::Bytes;
use kumoi_model::Timestamp;

use super::message::encode_headers;
use super::{EventStreamError, Header, HeaderValue, Message};
use crate::sigv4::{Algorithm, SignedRequest, SigningKey, TERMINATOR, format_amz_date, hex_sha256};

const DATE: &str = ":date";
const SIGNATURE: &str = ":chunk-signature";

/// The chain of one stream's signatures.
struct Chain {
    secret: String,
    region: String,
    service: String,
    /// The key of the latest day, which a long stream may outlive.
    key: Option<(String, SigningKey)>,
    previous: String,
}

impl Chain {
    fn key(&mut self, day: &str) -> SigningKey {
        match &self.key {
            Some((of, key)) if of == day => key.clone(),
            _ => {
                let key = SigningKey::derive(&self.secret, day, &self.region, &self.service);
                self.key = Some((day.to_owned(), key.clone()));
                key
            }
        }
    }

    /// The string to sign of a message, and the key of its day.
    fn next(&mut self, date: Timestamp, payload: &[u8]) -> Result<(String, SigningKey), EventStreamError> {
        let headers = encode_headers(&[Header::new(DATE, HeaderValue::Timestamp(date))])?;
        let date = format_amz_date(date);
        let day = date.split('T').next().unwrap_or_default();
        let key = self.key(day);
        let string = format!(
            "{}-PAYLOAD\n{date}\n{day}/{}/{}/{TERMINATOR}\n{}\n{}\n{}",
            Algorithm::Hmac.name(),
            self.region,
            self.service,
            self.previous,
            hex_sha256(&headers),
            hex_sha256(payload)
        );
        Ok((string, key))
    }
}

/// Checks the messages of a stream whose request says `STREAMING-AWS4-HMAC-SHA256-EVENTS`.
pub struct EventVerifier(Chain);

impl std::fmt::Debug for EventVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventVerifier")
    }
}

impl EventVerifier {
    /// Begins the chain of a request whose own signature has been proven with `secret`.
    pub fn new(signed: &SignedRequest<'_>, secret: &str) -> Self {
        Self(chain(
            signed.scope.region.as_deref().unwrap_or_default(),
            &signed.scope.service,
            secret,
            &signed.signature,
        ))
    }

    /// Checks a message and takes the one that it wraps out of it, still encoded. An empty payload is the end of the
    /// stream.
    ///
    /// # Errors
    /// [`EventStreamError::NotSigned`] or [`EventStreamError::SignatureMismatch`].
    pub fn verify(&mut self, message: &Message) -> Result<Bytes, EventStreamError> {
        let (Some(HeaderValue::Timestamp(date)), Some(HeaderValue::Bytes(signature)), 2) =
            (message.header(DATE), message.header(SIGNATURE), message.headers.len())
        else {
            return Err(EventStreamError::NotSigned);
        };
        let signature = hex::encode(signature);
        let (string, key) = self.0.next(*date, &message.payload)?;
        if !key.verifies(string.as_bytes(), &signature) {
            return Err(EventStreamError::SignatureMismatch);
        }
        self.0.previous = signature;
        Ok(message.payload.clone())
    }
}

/// Signs the messages of a stream, as a client does.
pub struct EventSigner(Chain);

impl std::fmt::Debug for EventSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EventSigner")
    }
}

impl EventSigner {
    /// Begins the chain behind a request's signature, in hexadecimal digits.
    pub fn new(region: &str, service: &str, secret: &str, seed: &str) -> Self {
        Self(chain(region, service, secret, seed))
    }

    /// Wraps a message, already encoded, or nothing to end the stream.
    ///
    /// # Errors
    /// [`EventStreamError::SignatureMismatch`] when no signature can be made, which does not happen with HMAC.
    pub fn sign(&mut self, payload: Bytes, now: Timestamp) -> Result<Message, EventStreamError> {
        let (string, key) = self.0.next(now, &payload)?;
        let signature = key.sign(string.as_bytes()).map_err(|_| EventStreamError::SignatureMismatch)?;
        let bytes = hex::decode(&signature).map_err(|_| EventStreamError::SignatureMismatch)?;
        self.0.previous = signature;
        Ok(Message::new(payload)
            .with(DATE, HeaderValue::Timestamp(now))
            .with(SIGNATURE, HeaderValue::Bytes(bytes.into())))
    }
}

fn chain(region: &str, service: &str, secret: &str, seed: &str) -> Chain {
    Chain {
        secret: secret.to_owned(),
        region: region.to_owned(),
        service: service.to_owned(),
        key: None,
        previous: seed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that AWS's Rust and Kotlin SDKs test their signers with.
    #[test]
    fn the_string_to_sign_is_that_of_the_sdks() {
        let inner = Message::new(&b"test payload"[..]).with_string("some-header", "value").to_bytes().unwrap();
        let mut chain = chain("us-east-1", "testservice", "fake secret key", &hex_sha256(b"last message sts"));
        let (string, _) = chain.next(Timestamp { seconds: 123_456_789, nanos: 1234 }, &inner).unwrap();
        let expected = "AWS4-HMAC-SHA256-PAYLOAD\n\
                        19731129T213309Z\n\
                        19731129/us-east-1/testservice/aws4_request\n\
                        be1f8c7d79ef8e1abc5254a2c70e4da3bfaf4f07328f527444e1fc6ea67273e2\n\
                        0c0e3b3bf66b59b976181bd7d401927bbd624107303c713fd1e5f3d3c8dd1b1e\n\
                        f2eba0f2e95967ee9fbc6db5e678d2fd599229c0d04b11e4fc8e0f2a02a806c6";
        assert_eq!(string, expected);
    }

    #[test]
    fn signer_and_verifier_agree_across_midnight() {
        let mut signer = EventSigner::new("us-east-1", "transcribe", "secret", "00ff");
        let mut verifier = EventVerifier(chain("us-east-1", "transcribe", "secret", "00ff"));
        let before = Timestamp::from_seconds(1_440_979_199);
        for (payload, at) in [("a", before), ("b", before.plus_seconds(2)), ("", before.plus_seconds(3))] {
            let message = signer.sign(payload.into(), at).unwrap();
            assert_eq!(verifier.verify(&message).unwrap(), payload);
        }
        let message = signer.sign("c".into(), before).unwrap();
        let mut tampered = message.clone();
        tampered.payload = "d".into();
        assert_eq!(verifier.verify(&tampered), Err(EventStreamError::SignatureMismatch));
        assert_eq!(verifier.verify(&message.clone().with_string("x", "y")), Err(EventStreamError::NotSigned));
        assert_eq!(verifier.verify(&Message::new("c")), Err(EventStreamError::NotSigned));
        assert!(verifier.verify(&message).is_ok());
        assert_eq!(verifier.verify(&message), Err(EventStreamError::SignatureMismatch), "a message twice");
    }
}
