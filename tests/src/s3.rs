//! Requests to S3, as an AWS SDK sends them: signed with the key `test` and its secret `test`.
//!
//! Bodies go in two forms. Over plain HTTP, `boto3` sends a body as it is, with its SHA-256 and a CRC-32 in headers ([`put`]); over HTTPS it sends what the
//! SDK for JavaScript sends always, `aws-chunked` with the CRC-32 behind the body ([`put_chunked`]).

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use kumoi_model::Timestamp;
use kumoi_wire::sigv4::{Algorithm, Credentials, PathStyle, Signer};

use crate::Failure;
use crate::http::{Answer, Connection, Template};

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
    let mut all = HeaderMap::new();
    all.insert("host", HeaderValue::from_str(authority)?);
    for (name, value) in headers {
        all.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let signer = Signer {
        credentials: Credentials { access_key: "test", secret: "test", session_token: None },
        algorithm: Algorithm::Hmac,
        region: "us-east-1",
        service: "s3",
        style: PathStyle::S3,
        now: now()?,
    };
    signer.sign(method.as_str(), path, query, &mut all, payload).map_err(|error| format!("{error:?}"))?;
    // What SDKs send and do not sign.
    all.insert("accept-encoding", HeaderValue::from_static("identity"));
    let agent = "Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux#6.1 md/arch#x86_64 lang/python#3.11 md/pyimpl#CPython m/Z,b,e cfg/retry-mode#standard";
    all.insert("user-agent", HeaderValue::from_static(agent));
    all.insert("amz-sdk-invocation-id", HeaderValue::from_static("6d9f2f9e-8c0b-4b0e-9f0a-0a1b2c3d4e5f"));
    all.insert("amz-sdk-request", HeaderValue::from_static("attempt=1"));
    Ok(Template { method, target: target.parse::<Uri>()?, headers: all, body })
}

#[expect(clippy::disallowed_methods, reason = "a signature is of the moment at which it is made")]
fn now() -> Result<Timestamp, Failure> {
    Ok(Timestamp::from_seconds(i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs())?))
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
