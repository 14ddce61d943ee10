//! Compressed bodies: SDKs compress larger requests of some operations, such as CloudWatch's `PutMetricData`, and say so in
//! `Content-Encoding` (Smithy, `requestCompression` trait; RFC 9110 section 8.4).

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use kumoi_model::{Location, Operation, Service};
use kumoi_wire::Body;

use crate::accept::Head;
use crate::body::BodyError;

/// The content of a body that was sent as `bytes`, at most `limit` bytes of it; the bytes themselves when they are not compressed.
///
/// # Errors
/// The content is longer than `limit`, or the bytes are no gzip, or not all of it.
pub(crate) fn expand(head: &Head, bytes: Bytes, limit: u64) -> Result<Bytes, BodyError> {
    if bytes.is_empty() || !is_gzip(head) {
        return Ok(bytes);
    }
    let mut content = Vec::new();
    // It grows as content comes, so that what a client only claims costs nothing; one byte more than allowed tells a longer one.
    let mut decoder = MultiGzDecoder::new(&*bytes).take(limit.saturating_add(1));
    decoder.read_to_end(&mut content).map_err(|_| BodyError::Encoding)?;
    if content.len() as u64 > limit {
        return Err(BodyError::TooLarge(limit));
    }
    Ok(content.into())
}

/// The same for the body of an operation. What is streamed, or stored together with its encoding as S3's objects are, stays as it is.
///
/// # Errors
/// As [`expand`].
pub(crate) fn expand_for(
    head: &Head,
    model: &Service,
    operation: &Operation,
    body: Body,
    limit: u64,
) -> Result<Body, BodyError> {
    match body {
        Body::Bytes(bytes) if is_gzip(head) && !takes_encoding(model, operation) => {
            expand(head, bytes, limit).map(Body::Bytes)
        }
        body => Ok(body),
    }
}

fn is_gzip(head: &Head) -> bool {
    head.headers.get(CONTENT_ENCODING).is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"gzip"))
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
}
