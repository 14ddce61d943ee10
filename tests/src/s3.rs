//! Requests to S3, as an AWS SDK sends them: signed with the key `test` and its secret `test`.
//!
//! Bodies go in two forms. Over plain HTTP, `boto3` sends a body as it is, with its SHA-256 and a CRC-32 in headers ([`put`]); over HTTPS it sends what the
//! SDK for JavaScript sends always, `aws-chunked` with the CRC-32 behind the body ([`put_chunked`]).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use hyper::Method;

use crate::http::{Answer, Connection, Template};
use crate::{Failure, signed};

/// Bytes of a chunk; what streams of Node.js come in.
const CHUNK: usize = 64 << 10;

/// A signed request. `payload` is the SHA-256 of its body, or a marker in its place.
fn signed(
    authority: &str,
    method: Method,
    target: &str,
    headers: &[(&'static str, &str)],
    body: Bytes,
    payload: &str,
) -> Result<Template, Failure> {
    signed::request("s3", authority, method, target, headers, body, payload)
}

/// A request; `target` is its path and query, encoded.
pub fn request(
    authority: &str,
    method: Method,
    target: &str,
    headers: &[(&'static str, &str)],
    body: Bytes,
) -> Result<Template, Failure> {
    let payload = hex::encode(digest(&SHA256, &body));
    signed(authority, method, target, headers, body, &payload)
}

/// `GetObject`, or whatever else has no body and only a target.
pub fn get(authority: &str, target: &str) -> Result<Template, Failure> {
    request(authority, Method::GET, target, &[("x-amz-checksum-mode", "ENABLED")], Bytes::new())
}

/// `PutObject` or `UploadPart` of a body as it is, with its CRC-32 and SHA-256 in headers.
pub fn put(authority: &str, target: &str, body: Bytes) -> Result<Template, Failure> {
    let headers = [("x-amz-checksum-crc32", &*crc32(&body)), ("x-amz-sdk-checksum-algorithm", "CRC32")];
    request(authority, Method::PUT, target, &headers, body)
}

/// The same in `aws-chunked`, not signed, with the CRC-32 behind it.
pub fn put_chunked(authority: &str, target: &str, body: &Bytes) -> Result<Template, Failure> {
    let mut chunked = BytesMut::with_capacity(body.len() + body.len() / 1024 + 128);
    for chunk in body.chunks(CHUNK) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(format!("0\r\nx-amz-checksum-crc32:{}\r\n\r\n", crc32(body)).as_bytes());
    let headers = [
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", &*body.len().to_string()),
        ("x-amz-sdk-checksum-algorithm", "CRC32"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
    ];
    signed(authority, Method::PUT, target, &headers, chunked.freeze(), "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
}

/// `PutObject` of a body that the signature does not cover and that is sent by other means.
pub fn put_unsigned(authority: &str, target: &str) -> Result<Template, Failure> {
    signed(authority, Method::PUT, target, &[], Bytes::new(), "UNSIGNED-PAYLOAD")
}

/// A CRC-32 as S3 writes it.
pub fn crc32(bytes: &[u8]) -> String {
    STANDARD.encode(crc32fast::hash(bytes).to_be_bytes())
}

/// Makes a bucket.
pub async fn create_bucket(connection: &mut Connection, authority: &str, bucket: &str) -> Result<(), Failure> {
    let template = request(authority, Method::PUT, &format!("/{bucket}"), &[], Bytes::new())?;
    connection.repeat(&template).await.map(drop)
}

/// The text of the first element of that name in a document.
pub fn element<'a>(document: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = document.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

impl Answer {
    /// The value of a header; empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The code of an error; empty when there is none.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.body).ok().and_then(|text| element(text, "Code")).unwrap_or_default()
    }
}
