//! `aws-chunked`: bodies in chunks that may each be signed, with headers behind the last one.
//!
//! ```text
//! 10000;chunk-signature=ad80…\r\n      size in hexadecimal digits, the signature in the signed variants
//! <65536 bytes>\r\n
//! 0;chunk-signature=b6c6…\r\n
//! x-amz-checksum-crc32c:sOO8/Q==\r\n   in the variants with a trailer
//! x-amz-trailer-signature:d81f…\r\n    in the signed ones of those
//! \r\n
//! ```
//!
//! [`Decoder`] takes a body apart as it arrives, holds no more than a line of it, and checks everything that can be
//! checked: the signatures when it was given a [`ChunkVerifier`], the decoded length, the trailers that were announced.
//! [`decode`] puts it between two streams.
//!
//! A chunk's bytes are handed on before its signature has arrived whole: what was received is trustworthy only when the
//! end has been reached without an error.
//!
//! Sources: S3 API Reference, "Transferring Payload in Multiple Chunks" and "Including Trailing Headers"; the checks on
//! sizes are in its list of error codes.

mod decoder;
mod error;
mod signature;
mod stream;
#[cfg(test)]
mod tests;

use http::HeaderMap;

use crate::sigv4::PayloadMarker;

pub use decoder::Decoder;
pub use error::ChunkError;
pub use signature::ChunkVerifier;
pub use stream::decode;

/// Bytes that every chunk but the last must have at least.
pub const MIN_CHUNK: u64 = 8192;
/// Bytes that a chunk's first line may have.
pub const MAX_CHUNK_LINE: usize = 1024;
/// Bytes that the trailing headers may have together.
pub const MAX_TRAILER_BYTES: usize = 8192;

/// What a body promises to be.
#[derive(Debug)]
pub struct Config {
    /// The variant of the encoding.
    pub marker: PayloadMarker,
    /// Bytes that the chunks hold together.
    pub decoded_length: u64,
    /// Names of the headers that will follow, in lower case, each once.
    pub trailers: Vec<String>,
    /// What checks the signatures; without it they must be there but may be anything.
    pub verifier: Option<ChunkVerifier>,
}

impl Config {
    /// Reads `x-amz-decoded-content-length` and `x-amz-trailer`.
    ///
    /// # Errors
    /// [`ChunkError::MissingDecodedLength`] when the length is absent or no number.
    pub fn from_headers(
        headers: &HeaderMap,
        marker: PayloadMarker,
        verifier: Option<ChunkVerifier>,
    ) -> Result<Self, ChunkError> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let decoded_length = text("x-amz-decoded-content-length")
            .map(str::trim)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .ok_or(ChunkError::MissingDecodedLength)?;
        let trailers = headers.get_all("x-amz-trailer").into_iter().filter_map(|value| value.to_str().ok());
        let names = trailers
            .flat_map(|names| names.split(','))
            .map(|name| name.trim().to_ascii_lowercase())
            .filter(|name| !name.is_empty());
        let mut trailers: Vec<String> = names.collect();
        trailers.sort_unstable();
        trailers.dedup();
        Ok(Self { marker, decoded_length, trailers, verifier })
    }
}
