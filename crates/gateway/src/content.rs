//! Compressed bodies: SDKs compress larger requests of some operations, such as CloudWatch's `PutMetricData`, and say so in
//! `Content-Encoding` (Smithy, `requestCompression` trait; RFC 9110 section 8.4).

use std::io::Read as _;

use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use http::header::CONTENT_ENCODING;
use kumoi_model::{Location, Operation, Service};
use kumoi_wire::Body;

use crate::accept::Head;
use crate::body::BodyError;

/// How a body is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    /// That is zlib's format, which HTTP calls so.
    Deflate,
    /// None, or one that nobody here reads.
    Other,
}

/// The content of a body that was sent as `bytes`, at most `limit` bytes of it; the bytes themselves when they are not compressed.
///
/// # Errors
/// The content is longer than `limit`, or the bytes are not what `Content-Encoding` says, or not all of it.
pub(crate) fn expand(head: &Head, bytes: Bytes, limit: u64) -> Result<Bytes, BodyError> {
    let coding = coding(head);
    if bytes.is_empty() || coding == Coding::Other {
        return Ok(bytes);
    }
    inflate(coding, &bytes, limit)
}

/// It grows as content comes, so that what a client only claims costs nothing; one byte more than allowed tells a longer one.
fn inflate(coding: Coding, bytes: &[u8], limit: u64) -> Result<Bytes, BodyError> {
    let (mut content, most) = (Vec::new(), limit.saturating_add(1));
    let whole = match coding {
        Coding::Gzip => MultiGzDecoder::new(bytes).take(most).read_to_end(&mut content).is_ok(),
        Coding::Deflate => {
            let mut decoder = ZlibDecoder::new(bytes);
            let read = decoder.by_ref().take(most).read_to_end(&mut content);
            // The format knows no second part behind the first.
            read.is_ok() && (content.len() as u64 > limit || decoder.total_in() == bytes.len() as u64)
        }
        Coding::Other => false,
    };
    match whole {
        false => Err(BodyError::Encoding),
        true if content.len() as u64 > limit => Err(BodyError::TooLarge(limit)),
        true => Ok(content.into()),
    }
}

/// The same for the body of an operation. What is streamed, or stored together with its encoding as S3's objects are, stays as it is. Where the front of a
/// service is `strict`, it takes no encoding that it does not know, and no compressed body that is empty.
///
/// # Errors
/// As [`expand`].
pub(crate) fn expand_for(
    head: &Head,
    (model, operation): (&Service, &Operation),
    body: Body,
    limit: u64,
    strict: bool,
) -> Result<Body, BodyError> {
    match body {
        Body::Bytes(bytes) if head.headers.contains_key(CONTENT_ENCODING) && !takes_encoding(model, operation) => {
            let content = if strict { inflate(coding(head), &bytes, limit) } else { expand(head, bytes, limit) };
            content.map(Body::Bytes)
        }
        body => Ok(body),
    }
}

fn coding(head: &Head) -> Coding {
    let named = head.headers.get(CONTENT_ENCODING).map(|value| value.as_bytes().trim_ascii());
    match named {
        Some(name) if name.eq_ignore_ascii_case(b"gzip") => Coding::Gzip,
        Some(name) if name.eq_ignore_ascii_case(b"deflate") => Coding::Deflate,
        _ => Coding::Other,
    }
}

/// Whether the encoding is a member of the input.
fn takes_encoding(model: &Service, operation: &Operation) -> bool {
    let input = operation.input.and_then(|shape| model.structure(shape));
    input.into_iter().flat_map(|input| &input.members).any(|member| {
        member.location == Location::Header && member.wire_name().eq_ignore_ascii_case(CONTENT_ENCODING.as_str())
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn head(encoding: &str) -> Head {
        let request = http::Request::post("/").header(CONTENT_ENCODING, encoding).body(()).unwrap();
        let wire = crate::accept::Wire { scheme: "http", peer: None, tls: None };
        Head::accept(request.into_parts().0, wire)
    }

    fn gzip(content: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn content_is_expanded() {
        let sent = gzip(b"content");
        assert_eq!(expand(&head("gzip"), sent.clone(), 7), Ok("content".into()));
        assert_eq!(expand(&head(" GZIP"), sent.clone(), 7), Ok("content".into()));
        assert_eq!(expand(&head("aws-chunked"), sent.clone(), 7), Ok(sent.clone()), "another encoding");
        let twice = [sent.clone(), sent].concat();
        assert_eq!(
            expand(&head("gzip"), twice.into(), 14),
            Ok("contentcontent".into()),
            "RFC 1952, 2.2: members follow"
        );
    }

    #[test]
    fn hostile_content_is_refused() {
        let bomb = gzip(&vec![0; 1 << 20]);
        assert!(bomb.len() < 2048);
        assert_eq!(expand(&head("gzip"), bomb.clone(), (1 << 20) - 1), Err(BodyError::TooLarge((1 << 20) - 1)));
        assert_eq!(expand(&head("gzip"), bomb.clone(), 1 << 20).unwrap().len(), 1 << 20);
        assert_eq!(expand(&head("gzip"), bomb.slice(..bomb.len() - 1), 1 << 20), Err(BodyError::Encoding), "cut");
        assert_eq!(expand(&head("gzip"), "plain text".into(), 1 << 20), Err(BodyError::Encoding));
    }

    #[test]
    fn deflate_is_one_stream_of_zlib() {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(b"content").unwrap();
        let sent = Bytes::from(encoder.finish().unwrap());
        assert_eq!(expand(&head("deflate"), sent.clone(), 7), Ok("content".into()));
        assert_eq!(expand(&head("deflate"), sent.clone(), 6), Err(BodyError::TooLarge(6)));
        assert_eq!(expand(&head("deflate"), sent.slice(..sent.len() - 1), 7), Err(BodyError::Encoding), "cut");
        let twice = [sent.clone(), sent].concat();
        assert_eq!(expand(&head("deflate"), twice.into(), 14), Err(BodyError::Encoding), "RFC 1950 has no members");
    }
}
