//! Compressed bodies, and what answers tell of theirs: SDKs compress larger requests of some operations, such as CloudWatch's `PutMetricData`, and say so in
//! `Content-Encoding` (Smithy, `requestCompression` trait; RFC 9110 section 8.4).

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, SERVER};
use http::{HeaderName, HeaderValue};
use kumoi_core::Front;
use kumoi_model::{Location, Operation, Service};
use kumoi_wire::Body;

use crate::accept::Head;
use crate::body::{BodyError, ReplyBody};
use crate::encode::Reply;

/// The CRC-32 of a body as it is sent, in decimal.
const CRC32: HeaderName = HeaderName::from_static("x-amz-crc32");

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

/// Gives an answer what the front of its service gives all: compressed where the client takes it and it is worth it, the CRC-32 of what is sent.
pub(crate) fn dress(head: &Head, front: &Front, mut reply: Reply) -> Reply {
    if let ReplyBody::Whole(Some(bytes)) = reply.body_mut() {
        let coding = accepted(head).filter(|_| bytes.len() >= front.compressed);
        if let Some((coding, name)) = coding
            && let Some(compressed) = deflate(coding, bytes)
        {
            *bytes = compressed;
            reply.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    let sum = match reply.body() {
        ReplyBody::Whole(Some(bytes)) => crc32fast::hash(bytes),
        _ => 0,
    };
    let headers = reply.headers_mut();
    headers.insert(SERVER, HeaderValue::from_static(front.server));
    headers.insert(CRC32, HeaderValue::from(sum));
    reply
}

/// The coding of those in `Accept-Encoding` that the client likes best (RFC 9110 section 12.5.3). Of those that it likes alike it is the one that it names
/// first; what `*` stands for comes last, gzip before deflate. What is no weight is taken for 1, as DynamoDB does.
fn accepted(head: &Head) -> Option<(Coding, &'static str)> {
    const CODINGS: [(Coding, &str); 2] = [(Coding::Gzip, "gzip"), (Coding::Deflate, "deflate")];
    // Of several such headers DynamoDB looks at the first.
    let offers: Vec<(&str, f32)> = head.header(ACCEPT_ENCODING)?.split(',').map(offer).collect();
    let named = |coding: &str| offers.iter().any(|(name, _)| name.eq_ignore_ascii_case(coding));
    let listed = offers.iter().filter_map(|(name, weight)| {
        CODINGS.iter().find(|(_, coding)| name.eq_ignore_ascii_case(coding)).map(|coding| (coding, *weight))
    });
    let any = offers.iter().find(|(name, _)| *name == "*").map_or(0.0, |(_, weight)| *weight);
    let others = CODINGS.iter().filter(|(_, coding)| !named(coding)).map(|coding| (coding, any));
    let best = listed.chain(others).filter(|(_, weight)| *weight > 0.0);
    best.reduce(|best, one| if one.1 > best.1 { one } else { best }).map(|(coding, _)| *coding)
}

/// A coding and how much it is liked, from 0 to 1.
fn offer(text: &str) -> (&str, f32) {
    let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
    let weight = parameters.split_once("q=").and_then(|(_, rest)| rest.split(';').next()?.trim().parse::<f32>().ok());
    (name.trim(), weight.unwrap_or(1.0).clamp(0.0, 1.0))
}

fn deflate(coding: Coding, bytes: &[u8]) -> Option<Bytes> {
    let level = Compression::fast();
    let compressed = match coding {
        Coding::Gzip => {
            let mut encoder = GzEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        Coding::Deflate => {
            let mut encoder = ZlibEncoder::new(Vec::new(), level);
            encoder.write_all(bytes).and_then(|()| encoder.finish())
        }
        Coding::Other => return None,
    };
    compressed.ok().map(Bytes::from)
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
    use super::*;

    fn head(encoding: &str) -> Head {
        headed(CONTENT_ENCODING, encoding)
    }

    fn headed(name: HeaderName, value: &str) -> Head {
        let request = http::Request::post("/").header(name, value).body(()).unwrap();
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
    fn answers_are_compressed_for_who_takes_it() {
        let front = Front { body: 0, head: 0, root_only: false, encoding: "", compressed: 100, server: "Server" };
        let answered = |accepts: &str, bytes: usize| {
            let reply = http::Response::new(ReplyBody::from(Bytes::from(vec![b'a'; bytes])));
            let reply = dress(&headed(ACCEPT_ENCODING, accepts), &front, reply);
            let ReplyBody::Whole(Some(body)) = reply.body() else { panic!("an answer has a body") };
            let told = reply.headers().get(CRC32).and_then(|sum| sum.to_str().ok()?.parse().ok());
            assert_eq!(told, Some(crc32fast::hash(body)));
            let coding = reply.headers().get(CONTENT_ENCODING).map(|name| name.to_str().unwrap().to_owned());
            let plain = coding.as_ref().map_or(Ok(body.clone()), |name| expand(&head(name), body.clone(), 1000));
            assert_eq!(plain, Ok(vec![b'a'; bytes].into()));
            coding
        };
        assert_eq!(answered("identity", 100), None);
        assert_eq!(answered("gzip", 99), None, "too short");
        assert_eq!(answered("gzip", 100).as_deref(), Some("gzip"));
        assert_eq!(answered("br, deflate, GZIP", 100).as_deref(), Some("deflate"), "the first of equals");
        assert_eq!(answered("*, deflate", 100).as_deref(), Some("deflate"), "what is named goes before what is not");
        assert_eq!(answered("*, gzip;q=0.5", 100).as_deref(), Some("deflate"));
        assert_eq!(answered("deflate;q=0.5, gzip;q=x", 100).as_deref(), Some("gzip"), "no weight is 1");
        assert_eq!(answered("deflate, gzip;q=0.5, br", 100).as_deref(), Some("deflate"));
        assert_eq!(answered("gzip;q=0, br", 100), None);
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
