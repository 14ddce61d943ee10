//! The same requests over HTTP/2 and TLS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{CALLER, Running, SOON, response, start, start_with};

/// Asks STS over HTTP/2, several times at once.
async fn speak_http2(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let calls = (0..8).map(|_| {
        let mut sender = sender.clone();
        async move {
            let request = http::Request::post("http://localhost/")
                .header("content-type", "application/x-www-form-urlencoded")
                .body(Full::new(Bytes::from_static(b"Action=GetCallerIdentity&Version=2011-06-15")))
                .unwrap();
            let response = sender.send_request(request).await.unwrap();
            assert_eq!(response.status(), 200);
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(body.windows(27).any(|part| part == b"arn:aws:iam::000000000000:r"));
        }
    });
    futures_util::future::join_all(calls).await;
}

/// Opens TLS as a client that trusts nothing but the certificate that the server hands out.
async fn open_tls(
    server: &Running,
    name: &'static str,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    let pem = server.ask("GET", "/_kumoi/ca.pem").await.body;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), server.connect().await).await
}

#[tokio::test]
async fn http2_with_prior_knowledge() {
    let server = start().await;
    speak_http2(server.connect().await).await;
}

#[tokio::test]
async fn an_idle_http2_connection_ends() {
    let server = start_with(|config| config.limits.head = Duration::from_millis(200)).await;
    let io = TokioIo::new(server.connect().await);
    let (_sender, connection) = http2::handshake::<_, _, Full<Bytes>>(TokioExecutor::new(), io).await.unwrap();
    let ended = tokio::time::timeout(SOON, connection).await;
    assert!(ended.is_ok(), "the server keeps a connection on which nothing is asked");
}

#[tokio::test]
async fn http2_over_tls() {
    let server = start().await;
    let stream = open_tls(&server, "localhost", &[b"h2", b"http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    speak_http2(stream).await;
}

#[tokio::test]
async fn http1_over_tls_under_any_name() {
    let server = start().await;
    for name in
        ["localhost", "sts.us-east-1.localhost.localstack.cloud", "sts.eu-west-1.amazonaws.com", "127.0.0.1", "::1"]
    {
        let mut stream = open_tls(&server, name, &[]).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        stream.write_all(CALLER.as_bytes()).await.unwrap();
        assert_eq!(response(&mut stream).await.status, 200, "{name}");
    }
    // Both kinds of connection are served on the one port, as long as either likes.
    assert_eq!(server.exchange(CALLER).await.status, 200);
}

#[tokio::test]
async fn the_authority_outlives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let ca = |dir: &tempfile::TempDir| Some(dir.path().join("ca"));
    let first = start_with(|config| config.ca_dir = ca(&dir)).await.ask("GET", "/_kumoi/ca.pem").await;
    let second = start_with(|config| config.ca_dir = ca(&dir)).await.ask("GET", "/_kumoi/ca.pem").await;
    assert!(first.text().starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(first.text(), second.text());
}

#[tokio::test]
async fn the_operators_own_certificate_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["kumoi.test".to_owned()]).unwrap();
    let file = dir.path().join("server.pem");
    std::fs::write(&file, own.signing_key.serialize_pem() + &own.cert.pem()).unwrap();
    let server = start_with(|config| config.tls_file = Some(file)).await;
    let error = open_tls(&server, "localhost", &[]).await.expect_err("kumoi's own authority signed it");
    assert!(error.to_string().contains("certificate"), "{error}");
}

#[tokio::test]
async fn a_failed_handshake_disturbs_nobody() {
    let server = start().await;
    let mut stream = server.connect().await;
    stream.write_all(b"\x16\x03\x01\x00\x05hello").await.unwrap();
    let mut rest = Vec::new();
    let _ = tokio::io::AsyncReadExt::read_to_end(&mut stream, &mut rest).await;
    assert_eq!(server.exchange(CALLER).await.status, 200);
}
