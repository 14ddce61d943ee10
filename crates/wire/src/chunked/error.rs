//! What can be wrong with a chunked body.

use crate::sigv4::FaultParts;

/// Why a chunked body is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkError {
    /// `x-amz-decoded-content-length` is absent or no number.
    MissingDecodedLength,
    /// A chunk's first line is not of the form `size[;chunk-signature=…]`, or no line end follows its data.
    MalformedChunk,
    /// A line exceeds [`MAX_CHUNK_LINE`](super::MAX_CHUNK_LINE).
    LineTooLong,
    /// A chunk, or the trailer, of a signed variant has no signature.
    MissingSignature,
    /// A chunk's signature, or the trailer's, is another than the one that the key makes.
    SignatureMismatch {
        /// The string to sign as the server sees it.
        string_to_sign: String,
        /// The signature of the chunk.
        provided: String,
    },
    /// A chunk that is not the last has fewer than [`MIN_CHUNK`](super::MIN_CHUNK) bytes.
    ChunkTooSmall {
        /// Its number, from 1.
        chunk: u64,
        /// Its size, in bytes.
        size: u64,
    },
    /// The chunks hold fewer or more bytes than was said.
    WrongLength,
    /// The body broke off.
    Incomplete,
    /// A trailing header is malformed, was not announced, was announced and is not there, or the headers exceed
    /// [`MAX_TRAILER_BYTES`](super::MAX_TRAILER_BYTES).
    MalformedTrailer,
    /// There is more behind the end.
    TrailingData,
}

impl ChunkError {
    /// S3's code, status and message.
    pub fn to_fault_parts(&self) -> FaultParts {
        let fault =
            |code, status, message: &str| FaultParts { code, status, message: message.to_owned(), details: Vec::new() };
        match self {
            Self::MissingDecodedLength => {
                fault("MissingContentLength", 411, "You must provide the Content-Length HTTP header.")
            }
            Self::MissingSignature | Self::SignatureMismatch { .. } => {
                let mut fault = fault(
                    "SignatureDoesNotMatch",
                    403,
                    "The request signature we calculated does not match the signature you provided. Check your key \
                     and signing method.",
                );
                if let Self::SignatureMismatch { string_to_sign, provided } = self {
                    fault.details =
                        vec![("StringToSign", string_to_sign.clone()), ("SignatureProvided", provided.clone())];
                }
                fault
            }
            Self::ChunkTooSmall { chunk, size } => {
                let mut fault = fault(
                    "InvalidChunkSizeError",
                    403,
                    "Only the last chunk is allowed to have a size less than 8192 bytes",
                );
                fault.details = vec![("Chunk", chunk.to_string()), ("BadChunkSize", size.to_string())];
                fault
            }
            Self::WrongLength => fault(
                "IncompleteBody",
                400,
                "You did not provide the number of bytes specified by the Content-Length HTTP header.",
            ),
            Self::MalformedChunk | Self::LineTooLong | Self::Incomplete | Self::TrailingData => {
                fault("IncompleteBody", 400, "The request body terminated unexpectedly")
            }
            Self::MalformedTrailer => fault(
                "MalformedTrailerError",
                400,
                "The request contained trailing data that was not well-formed or did not conform to our published \
                 schema.",
            ),
        }
    }
}

impl std::fmt::Display for ChunkError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.to_fault_parts().message)
    }
}

impl std::error::Error for ChunkError {}
