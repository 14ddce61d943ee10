//! What a hostile client can do: get errors. The server stays up, answers others, and does not grow.
//!
//! One server lives through all of it, so that what one attack leaves behind meets the next.

use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderValue;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Failure;
use crate::http::{Connection, Template};
use crate::process::{Server, binary, kumoi_command};
use crate::random::Random;
use crate::requests::{get_caller_identity, sqs};
use crate::s3;

const DEPTH: usize = 100_000;

/// Memory that the attacks may add, in KiB. A single body may have 64 MiB.
const ALLOWANCE: u64 = 160 * 1024;

/// How long a well-behaved client waits, whatever the others do.
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_hostile_client_gets_errors_and_no_more() {
    tokio::runtime::Runtime::new().unwrap().block_on(story()).unwrap();
}

/// Clients that a limit of open files lets in no more than these would leave out the rest of those that upload at once.
#[cfg(unix)]
#[test]
fn a_low_limit_of_open_files_is_raised() {
    const LIMIT: usize = 64;
    let story = async {
        let kumoi = kumoi_command(&binary()?, "127.0.0.1:0");
        let mut limited = std::process::Command::new("sh");
        limited.args(["-c", &format!("ulimit -S -n {LIMIT} && exec \"$0\" \"$@\"")]);
        limited.arg(kumoi.get_program()).args(kumoi.get_args());
        let server = Server::start(limited)?;
        let mut connections = Vec::new();
        for _ in 0..2 * LIMIT {
            connections.push(Connection::open(&server.authority).await?);
        }
        let first = connections.first_mut().ok_or("no connection")?;
        s3::create_bucket(first, &server.authority, "many-files").await?;
        for (number, connection) in connections.iter_mut().enumerate() {
            let body = Bytes::from(vec![b'm'; 100 << 10]);
            connection.repeat(&s3::put(&server.authority, &format!("/many-files/{number}"), body)?).await?;
        }
        Ok::<_, Failure>(())
    };
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { tokio::time::timeout(2 * PATIENCE, story).await }).unwrap().unwrap();
}

async fn story() -> Result<(), Failure> {
    let mut server = Server::kumoi(&binary()?)?;
    well(&mut server, "before").await?;
    let before = server.resident();

    deep_documents(&server).await?;
    well(&mut server, "deep documents").await?;
    declared_lengths(&server).await?;
    well(&mut server, "declared lengths").await?;
    endless_body(&server).await?;
    well(&mut server, "an endless body").await?;
    broken_framing(&server).await?;
    well(&mut server, "broken framing").await?;
    random_bytes(&server).await?;
    well(&mut server, "random bytes").await?;
    // These stay open while the server answers others.
    let held = held_connections(&server).await?;
    well(&mut server, "slow and half-open clients").await?;
    drop(held);

    let after = server.resident();
    println!("hostile: resident {before} KiB before, {after} KiB after");
    assert!(after <= before + ALLOWANCE, "the server grew from {before} to {after} KiB");
    Ok(())
}

/// The server is there and answers a well-behaved client in time.
async fn well(server: &mut Server, after: &str) -> Result<(), Failure> {
    assert!(server.alive(), "the server ended after {after}");
    let template = get_caller_identity(&server.authority)?;
    let asked = async { Connection::open(&server.authority).await?.repeat(&template).await };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map(drop).map_err(|error| format!("after {after}: {error}").into()),
        Err(_) => Err(format!("no answer after {after}").into()),
    }
}

fn nested(open: &str, middle: &str, close: &str) -> String {
    format!("{}{middle}{}", open.repeat(DEPTH), close.repeat(DEPTH))
}

/// Documents that are nested deeply, for each format, are refused as the client's mistake.
async fn deep_documents(server: &Server) -> Result<(), Failure> {
    let json = |body: String| -> Result<Template, Failure> {
        Ok(Template { body: Bytes::from(body), ..sqs(&server.authority, "SendMessage", &json!({}))? })
    };
    let form = |body: String| -> Result<Template, Failure> {
        Ok(Template { body: Bytes::from(body), ..get_caller_identity(&server.authority)? })
    };
    // The name of a list member in query form, one level for each segment.
    let path = format!("Action=AssumeRole&Version=2011-06-15&Tags.member.1{}=x", ".Key".repeat(DEPTH));
    let attacks = [
        ("JSON lists", json(nested("[", "", "]"))?),
        ("JSON objects", json(nested("{\"QueueUrl\":", "1", "}"))?),
        ("JSON objects within a member", json(format!("{{\"MessageAttributes\":{}}}", nested("{\"a\":", "1", "}")))?),
        ("JSON that only opens", json("[".repeat(DEPTH))?),
        ("query members", form(path)?),
        ("query parameters", form(format!("Action=GetCallerIdentity{}", "&a.b=c".repeat(DEPTH)))?),
    ];
    for (name, attack) in attacks {
        refused(server, name, &attack, "POST", "/").await?;
    }
    let scope = |service: &str| -> Result<HeaderValue, Failure> {
        let credential = format!("Credential=anyone/20261121/us-east-1/{service}/aws4_request");
        Ok(HeaderValue::from_str(&format!("AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=00"))?)
    };
    let mut xml = Template { body: Bytes::from(nested("<a>", "", "</a>")), ..get_caller_identity(&server.authority)? };
    xml.headers.insert("content-type", HeaderValue::from_static("application/xml"));
    xml.headers.insert("authorization", scope("s3")?);
    refused(server, "XML elements", &xml, "PUT", "/bucket?tagging").await?;
    let mut cbor = Template { body: Bytes::from(vec![0x81; DEPTH]), ..get_caller_identity(&server.authority)? };
    cbor.headers.insert("content-type", HeaderValue::from_static("application/cbor"));
    cbor.headers.insert("smithy-protocol", HeaderValue::from_static("rpc-v2-cbor"));
    cbor.headers.insert("authorization", scope("monitoring")?);
    let path = "/service/GraniteServiceVersion20100801/operation/PutMetricData";
    refused(server, "CBOR lists", &cbor, "POST", path).await
}

/// The answer says that the client is wrong, or that nothing is built there; never that the server failed.
async fn refused(server: &Server, name: &str, attack: &Template, method: &str, path: &str) -> Result<(), Failure> {
    let mut request =
        format!("{method} {path} HTTP/1.1\r\ncontent-length: {}\r\nconnection: close\r\n", attack.body.len())
            .into_bytes();
    for (name, value) in &attack.headers {
        request.extend_from_slice(format!("{name}: ").as_bytes());
        request.extend_from_slice(value.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request.extend_from_slice(&attack.body);
    let answer = exchange(server, &request).await?;
    let status = status(&answer).ok_or_else(|| format!("{name}: no answer"))?;
    assert!((400..500).contains(&status), "{name}: {}", String::from_utf8_lossy(&answer));
    Ok(())
}

/// Sends bytes and reads until the server closes, or has nothing more to say.
async fn exchange(server: &Server, bytes: &[u8]) -> Result<Vec<u8>, Failure> {
    let mut stream = TcpStream::connect(&server.authority).await?;
    // The server may answer, or close, before it has read everything.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    Ok(answer)
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.strip_prefix(b"HTTP/1.1 ")?.get(..3)?;
    std::str::from_utf8(line).ok()?.parse().ok()
}

fn head(server: &Server, more: &str) -> String {
    let headers = "content-type: application/x-amz-json-1.0\r\nx-amz-target: AmazonSQS.ListQueues\r\n";
    format!("POST / HTTP/1.1\r\nhost: {}\r\n{headers}{more}\r\n", server.authority)
}

/// A body that is declared larger than any may be is refused before it is sent, and nothing is set aside for it.
async fn declared_lengths(server: &Server) -> Result<(), Failure> {
    let before = server.resident();
    for length in ["10737418240", "18446744073709551615", "99999999999999999999999", "-1", "1e9"] {
        let request = head(server, &format!("content-length: {length}\r\nconnection: close\r\n")) + "{";
        let answer = exchange(server, request.as_bytes()).await?;
        let status = status(&answer);
        assert!(
            status.is_none_or(|status| (400..500).contains(&status)),
            "{length}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    let grown = server.resident().saturating_sub(before);
    assert!(grown < 16 * 1024, "declared lengths cost {grown} KiB");
    Ok(())
}

/// A chunked body without an end is cut off.
async fn endless_body(server: &Server) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(&server.authority).await?;
    stream.write_all(head(server, "transfer-encoding: chunked\r\n").as_bytes()).await?;
    let chunk = [b"10000\r\n".as_slice(), &vec![b' '; 0x10000], b"\r\n"].concat();
    for _ in 0..16 * 1024 {
        // A gibibyte at most; the server must have ended it long before.
        if stream.write_all(&chunk).await.is_err() {
            return Ok(());
        }
    }
    Err("the server took a gibibyte of one body".into())
}

/// Framing that two servers could read in two ways is refused (RFC 9112, 6.3).
async fn broken_framing(server: &Server) -> Result<(), Failure> {
    let attacks = [
        head(server, "content-length: 2\r\ncontent-length: 3\r\n") + "{} ",
        head(server, "transfer-encoding: chunked\r\n") + "zz\r\n{}\r\n0\r\n\r\n",
        head(server, "transfer-encoding: chunked\r\n") + "fffffffffffffffff\r\n",
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\nhost: a\r\n\r\n", "a".repeat(1 << 20)),
        format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100_000)),
        "\0\0\0\0\r\n\r\n".to_owned(),
    ];
    for attack in attacks {
        let answer = exchange(server, attack.as_bytes()).await?;
        let status = status(&answer);
        assert!(status.is_none_or(|status| (400..500).contains(&status)), "{}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// Bytes of chance, some behind a plausible beginning of HTTP/1.1, HTTP/2 and TLS.
async fn random_bytes(server: &Server) -> Result<(), Failure> {
    let mut random = Random::new("hostile");
    let beginnings: [&[u8]; 5] = [
        b"",
        b"POST / HTTP/1.1\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"GET /_kumoi/health HTTP/1.1\r\nhost: ",
    ];
    for round in 0..500 {
        let count = random.below(2000) + 1;
        let bytes = [beginnings[round % beginnings.len()], &random.bytes(count)].concat();
        let mut stream = TcpStream::connect(&server.authority).await?;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(PATIENCE, (&mut stream).take(1 << 16).read_to_end(&mut answer)).await;
        assert_ne!(status(&answer), Some(500), "{}", String::from_utf8_lossy(&answer));
    }
    Ok(())
}

/// Clients that send nothing, half a request, or a byte now and then; they are left open.
async fn held_connections(server: &Server) -> Result<Vec<TcpStream>, Failure> {
    let mut held = Vec::new();
    let whole = head(server, "content-length: 1000\r\n");
    for number in 0..300 {
        let mut stream = TcpStream::connect(&server.authority).await?;
        match number % 3 {
            0 => {}
            1 => stream.write_all(&whole.as_bytes()[..whole.len() / 2]).await?,
            _ => stream.write_all(format!("{whole}{{").as_bytes()).await?,
        }
        held.push(stream);
    }
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(200)).await;
        for stream in held.iter_mut().skip(2).step_by(3) {
            stream.write_all(b" ").await?;
        }
    }
    Ok(held)
}
