//! Compressed requests: decoded within bounds, and signed as they were sent.

use flate2::Compression;
use flate2::write::GzEncoder;
use kumoi_core::clock::real_time;
use kumoi_wire::sigv4::{Algorithm, Credentials, PathStyle, Signer};
use std::fmt::Write as _;
use std::io::Write as _;
use tokio::io::AsyncWriteExt as _;

use crate::credentials::{KEY, issue};
use crate::support::{Response, Running, authorization, response, start, start_with};

/// `Action=GetCallerIdentity&Version=2011-06-15`.
const COMPRESSED: &[u8] =
    b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\x73\x4c\x2e\xc9\xcc\xcf\xb3\x75\x4f\x2d\x71\x4e\xcc\xc9\x49\x2d\xf2\x4c\
    \x49\xcd\x2b\xc9\x2c\xa9\x54\x0b\x4b\x2d\x2a\x06\xc9\x18\x19\x18\x1a\xea\x1a\x98\xe9\x1a\x9a\x02\x00\xfb\x44\x73\
    \xb1\x2b\x00\x00\x00";
/// Its SHA-256.
const COMPRESSED_HASH: &str = "eba67179854bceb3c0935460bd43b6efd684c4fae03dbb46be62c7916a9bb0c4";

const FORM: &str = "Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\n";

fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

async fn send(server: &Running, line: &str, headers: &str, body: &[u8]) -> Response {
    let head = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body).await.unwrap();
    response(&mut stream).await
}

#[tokio::test]
async fn a_compressed_form_is_read_and_verified() {
    let server = start().await;
    issue(&server, None, true).await;
    let mut headers = http::HeaderMap::new();
    headers.insert("host", "localhost".parse().unwrap());
    let signer = Signer {
        credentials: Credentials { access_key: KEY, secret: "secret", session_token: Some("token") },
        algorithm: Algorithm::Hmac,
        region: "us-east-1",
        service: "sts",
        style: PathStyle::Default,
        now: real_time(),
    };
    signer.sign("POST", "/", "", &mut headers, COMPRESSED_HASH).unwrap();
    headers.remove("host");
    let mut lines = FORM.to_owned();
    for (name, value) in &headers {
        write!(lines, "{name}: {}\r\n", value.to_str().unwrap()).unwrap();
    }
    let response = send(&server, "POST /", &lines, COMPRESSED).await;
    assert_eq!(response.status, 200, "{}", response.text());
    let response = send(&server, "POST /", &lines, &gzip(b"Action=GetCallerIdentity&Version=2011-06-15&Other=1")).await;
    assert_eq!(response.status, 403, "{}", response.text());
}

#[tokio::test]
async fn a_compressed_document_is_read() {
    let server = start().await;
    let headers = "X-Amz-Target: AmazonSQS.ListQueues\r\nContent-Encoding: gzip\r\n";
    let response = send(&server, "POST /", headers, &gzip(br#"{"MaxResults":7}"#)).await;
    assert_eq!(response.status, 501, "{}", response.text());
    let response = send(&server, "POST /", headers, &gzip(b"nonsense")).await;
    assert!(response.text().contains("SerializationException"), "{}", response.text());
}

#[tokio::test]
async fn content_has_the_bound_of_a_body() {
    let server = start_with(|config| config.limits.body = 1 << 20).await;
    let bomb = gzip(&vec![b'A'; 64 << 20]);
    assert!(bomb.len() < 1 << 20);
    assert_eq!(send(&server, "POST /", FORM, &bomb).await.status, 413);
    let headers = "X-Amz-Target: AmazonSQS.ListQueues\r\nContent-Encoding: gzip\r\n";
    assert_eq!(send(&server, "POST /", headers, &bomb).await.status, 413);
    let broken = send(&server, "POST /", FORM, b"Action=GetCallerIdentity&Version=2011-06-15").await;
    assert_eq!(broken.status, 400, "{}", broken.text());
}

/// The encoding of an object is stored with it (Amazon S3 API Reference, `PutObject`), so its bytes are not touched.
#[tokio::test]
async fn what_is_stored_stays_compressed() {
    let server = start_with(|config| config.limits.body = 16).await;
    let headers = format!("{}Content-Encoding: gzip\r\n", authorization("anyone", "us-east-1", "s3"));
    let response = send(&server, "PUT /bucket/key", &headers, &gzip(&[0; 100])).await;
    assert_eq!(response.status, 501, "{}", response.text());
}
