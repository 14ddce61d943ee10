//! Streamed bodies on their way to S3: taken out of `aws-chunked`, and compared with what the signature says of them.
//!
//! What is wrong with a body shows while it is read, so it breaks the stream off with the [`Fault`] that the client is to get.

use aws_lc_rs::digest;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use kumoi_core::Fault;
use kumoi_model::{ByteStream, StreamError};
use kumoi_wire::CONTENT_SHA256;
use kumoi_wire::chunked::{self, ChunkError, ChunkVerifier, Config, Decoder};
use kumoi_wire::sigv4::PayloadMarker;

use crate::accept::Head;
use crate::body::BodyError;

/// What the request says of its body.
pub(crate) fn marker(head: &Head) -> Option<PayloadMarker> {
    head.header(CONTENT_SHA256).and_then(PayloadMarker::from_value)
}

/// The body as the service is to see it. Signatures of chunks are checked where the key is known.
///
/// # Errors
/// A header that the encoding needs is not there.
pub(crate) fn open(sent: &ByteStream, head: &Head, verifier: Option<ChunkVerifier>) -> Result<ByteStream, ChunkError> {
    match marker(head) {
        Some(marker) if marker.is_chunked() => {
            let config = Config::from_headers(&head.headers, marker, verifier)?;
            let length = config.decoded_length;
            let decoded = chunked::decode(sent, Decoder::new(config), length);
            Ok(told(&decoded))
        }
        Some(PayloadMarker::Sha256(expected)) => Ok(told(&hashed(sent, expected))),
        _ => Ok(told(sent)),
    }
}

/// The same body, whose errors are those that the client gets.
pub(crate) fn told(body: &ByteStream) -> ByteStream {
    ByteStream::new(taken(body).map(|piece| piece.map_err(fault)), body.length()).with_trailers(body.trailers().clone())
}

fn taken(body: &ByteStream) -> impl Stream<Item = Result<Bytes, StreamError>> + Send + 'static {
    // Nobody has taken it: this comes first.
    futures_util::stream::iter(body.take()).flatten()
}

fn fault(error: StreamError) -> StreamError {
    let fault = match error.downcast_ref::<ChunkError>() {
        Some(error) => of_chunks(error),
        None => match error.downcast_ref::<BodyError>() {
            Some(BodyError::TooSlow) => Fault::new(
                "RequestTimeout",
                400,
                true,
                "Your socket connection to the server was not read from or written to within the timeout period.",
            ),
            Some(_) => Fault::new("IncompleteBody", 400, true, "The request body terminated unexpectedly"),
            None => return error,
        },
    };
    Box::new(fault)
}

fn of_chunks(error: &ChunkError) -> Fault {
    let parts = error.to_fault_parts();
    Fault::new(parts.code, parts.status, true, parts.message)
}

/// The same body, which fails at its end when it has another SHA-256.
fn hashed(body: &ByteStream, expected: [u8; 32]) -> ByteStream {
    let chunks = futures_util::stream::try_unfold(
        (Box::pin(taken(body)), digest::Context::new(&digest::SHA256)),
        move |(mut chunks, mut hash)| async move {
            if let Some(chunk) = chunks.next().await.transpose()? {
                hash.update(&chunk);
                return Ok(Some((chunk, (chunks, hash))));
            }
            if hash.finish().as_ref() == expected {
                return Ok(None);
            }
            let message = "The provided 'x-amz-content-sha256' header does not match what was computed.";
            Err(StreamError::from(Fault::new("XAmzContentSHA256Mismatch", 400, true, message)))
        },
    );
    ByteStream::new(chunks, body.length())
}
