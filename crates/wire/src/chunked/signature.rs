//! The chain of signatures: each chunk's covers the one before, and the first one the request's own.

use super::ChunkError;
use crate::sigv4::{SignedRequest, SigningKey, format_amz_date, hex_sha256};

/// Checks the signatures of one body's chunks in turn.
#[derive(Debug)]
pub struct ChunkVerifier {
    key: SigningKey,
    /// Date and scope, as they stand in every string to sign.
    context: String,
    previous: String,
}

impl ChunkVerifier {
    /// Begins the chain of a request whose own signature has been proven with `key`.
    pub fn new(signed: &SignedRequest<'_>, key: SigningKey) -> Self {
        Self {
            key,
            context: format!("{}\n{}", format_amz_date(signed.timestamp), signed.scope),
            previous: signed.signature.clone().into_owned(),
        }
    }

    /// What a chunk's signature covers; `hash` is the SHA-256 of its data in hexadecimal digits.
    pub(super) fn chunk_string(&self, hash: &str) -> String {
        format!(
            "{}-PAYLOAD\n{}\n{}\n{}\n{hash}",
            self.key.algorithm().name(),
            self.context,
            self.previous,
            hex_sha256(b"")
        )
    }

    /// What the trailer's signature covers; `canonical` holds its headers as `name:value` and a line feed each.
    pub(super) fn trailer_string(&self, canonical: &str) -> String {
        format!(
            "{}-TRAILER\n{}\n{}\n{}",
            self.key.algorithm().name(),
            self.context,
            self.previous,
            hex_sha256(canonical.as_bytes())
        )
    }

    /// Checks the chain's next signature.
    pub(super) fn check(&mut self, string_to_sign: String, provided: &str) -> Result<(), ChunkError> {
        if !self.key.verifies(string_to_sign.as_bytes(), provided) {
            return Err(ChunkError::SignatureMismatch { string_to_sign, provided: provided.to_owned() });
        }
        // SigV4A's signatures are padded with asterisks, which are no part of them.
        self.previous = provided.trim_end_matches('*').to_owned();
        Ok(())
    }
}
