//! Clients that are slow, silent, greedy or out of their minds: they get an error or an end, and nobody else notices.

use std::sync::Arc;
use std::time::Duration;

use kumoi_core::{Cx, Descriptor, Incoming, Reply, Service, ValidationStyle};
use kumoi_gateway::Limits;
use kumoi_model::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{CALLER, Running, is_closed, response, start, start_with, start_with_services, try_response};

/// A server whose patience is short.
async fn impatient() -> Running {
    start_with(|config| {
        config.limits = Limits {
            handshake: Duration::from_millis(200),
            head: Duration::from_millis(300),
            body_stall: Duration::from_millis(300),
            write_stall: Duration::from_millis(300),
            ..Limits::default()
        };
    })
    .await
}

#[tokio::test]
async fn a_connection_that_says_nothing_ends() {
    let server = impatient().await;
    let mut silent = server.connect().await;
    assert!(is_closed(&mut silent).await);
}

#[tokio::test]
async fn a_connection_that_leaves_its_protocol_open_ends() {
    let server = impatient().await;
    for start in [&b"P"[..], b"PRI * HTTP/2.0\r\n", b"\x16", b"\x16\x03\x01\x02"] {
        let mut stream = server.connect().await;
        stream.write_all(start).await.unwrap();
        assert!(is_closed(&mut stream).await, "{start:?}");
    }
}

#[tokio::test]
async fn a_head_that_trickles_in_ends() {
    let server = impatient().await;
    let mut stream = server.connect().await;
    stream.write_all(b"POST / HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
    let trickle = async {
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            if stream.write_all(b"X-A: b\r\n").await.is_err() {
                return;
            }
            let mut byte = [0; 64];
            // What the server says in parting counts as an end.
            if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte)).await {
                return;
            }
        }
    };
    tokio::time::timeout(crate::support::SOON, trickle).await.expect("the server took a trickle for a head");
}

#[tokio::test]
async fn an_idle_connection_ends_after_its_answer() {
    let server = impatient().await;
    let mut stream = server.connect().await;
    stream.write_all(CALLER.as_bytes()).await.unwrap();
    assert_eq!(response(&mut stream).await.status, 200);
    assert!(is_closed(&mut stream).await);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered() {
    let server = impatient().await;
    let mut stream = server.connect().await;
    stream.write_all(CALLER.get(..CALLER.len() - 5).unwrap().as_bytes()).await.unwrap();
    let response = response(&mut stream).await;
    assert_eq!((response.status, response.json()["__type"].as_str().unwrap()), (408, "RequestTimeout"));
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_unread() {
    let server = start().await;
    for length in ["10737418240", "18446744073709551613", "67108865"] {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
        );
        assert_eq!(server.exchange(&head).await.status, 413, "{length}");
    }
    // In the form of the service, once that is known.
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nContent-Length: 10737418240\r\n\r\n";
    let response = server.exchange(head).await;
    assert_eq!(
        (response.status, response.json()["__type"].as_str().unwrap()),
        (413, "com.amazon.coral.service#RequestEntityTooLarge")
    );
}

#[tokio::test]
async fn an_undeclared_length_is_held_to_the_limit() {
    let server = start_with(|config| config.limits.body = 10_000).await;
    let mut stream = server.connect().await;
    let head = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("1000\r\n{}\r\n", "x".repeat(0x1000));
    for _ in 0..3 {
        stream.write_all(chunk.as_bytes()).await.unwrap();
    }
    assert_eq!(response(&mut stream).await.status, 413);
}

#[tokio::test]
async fn a_client_that_waits_for_100_continue_gets_it_only_when_the_body_is_wanted() {
    let server = start().await;
    let mut stream = server.connect().await;
    let (head, body) = CALLER.split_once("\r\n\r\n").unwrap();
    stream.write_all(format!("{head}\r\nExpect: 100-continue\r\n\r\n").as_bytes()).await.unwrap();
    assert_eq!(response(&mut stream).await.status, 100);
    stream.write_all(body.as_bytes()).await.unwrap();
    assert_eq!(response(&mut stream).await.status, 200);

    let refused = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSQS.SendMessage\r\n\
                   Content-Length: 99999999999\r\nExpect: 100-continue\r\n\r\n";
    assert_eq!(server.exchange(refused).await.status, 413);
}

#[tokio::test]
async fn a_refused_request_leaves_its_connection_usable_or_says_that_it_does_not() {
    let server = start().await;
    let mut stream = server.connect().await;
    // The body comes after the refusal is decided, and must not be taken for the next request.
    let head = "PATCH /bucket HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.write_all(&[b'x'; 40]).await.unwrap();
    assert_eq!(response(&mut stream).await.status, 405);
    stream.write_all(CALLER.as_bytes()).await.unwrap();
    assert_eq!(response(&mut stream).await.status, 200);

    let long = head.replace("40", "1000000");
    let refused = server.exchange(&long).await;
    assert_eq!((refused.status, refused.header("connection")), (405, Some("close")));
}

/// A service with a mistake in it, on the way between wire and kernel.
struct Mistaken;

impl Service for Mistaken {
    fn descriptor(&self) -> &'static Descriptor {
        static DESCRIPTOR: Descriptor = Descriptor {
            model: "ssm",
            operations: &[],
            validation: ValidationStyle::Listed { code: "ValidationException" },
        };
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, _: &'a Cx, _: &'a str, _: &'a Value) -> kumoi_core::Future<'a, Reply<Value>> {
        panic!("never called")
    }

    fn adapt(&self, _: &str, _: Incoming<'_>, _: &mut Value) {
        panic!("a mistake")
    }
}

#[tokio::test]
async fn a_panic_costs_one_request_a_500() {
    let server = start_with_services(vec![kumoi_sts::service(), Arc::new(Mistaken)], |_| {}).await;
    let mut stream = server.connect().await;
    let request = "POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonSSM.DescribeParameters\r\nContent-Length: 2\r\n\r\n{}";
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(response(&mut stream).await.status, 500);
        stream.write_all(CALLER.as_bytes()).await.unwrap();
        assert_eq!(response(&mut stream).await.status, 200);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = start().await;
    let mut stream = server.connect().await;
    let health = "GET /_localstack/health HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(format!("{CALLER}{health}{CALLER}").as_bytes()).await.unwrap();
    let types: Vec<String> = [response(&mut stream).await, response(&mut stream).await, response(&mut stream).await]
        .iter()
        .map(|response| response.header("content-type").unwrap().to_owned())
        .collect();
    assert_eq!(types, ["text/xml", "application/json", "text/xml"]);
}

#[tokio::test]
async fn garbage_ends_its_own_connection_only() {
    let server = start().await;
    let mut bytes = [0_u8; 512];
    for round in 0_u32..64 {
        let mut state = round.wrapping_mul(2_654_435_761).wrapping_add(1);
        for byte in &mut bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (state >> 24) as u8;
        }
        let mut stream = server.connect().await;
        let _ = stream.write_all(&bytes).await;
        let _ = stream.shutdown().await;
        if let Some(response) = try_response(&mut stream).await {
            assert_eq!(response.status, 400);
        }
    }
    assert_eq!(server.exchange(CALLER).await.status, 200);
}

#[tokio::test]
async fn heads_have_bounds() {
    let server = start().await;
    let long = "x".repeat(200 << 10);
    let many = "X-A: b\r\n".repeat(300);
    for (head, status) in [
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: {long}\r\n\r\n"), 431),
        (format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), 431),
        (format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(40_000)), 414),
    ] {
        let mut stream = server.connect().await;
        let _ = stream.write_all(head.as_bytes()).await;
        // A reset can overtake the answer, since the server does not read to the end.
        if let Some(response) = try_response(&mut stream).await {
            assert_eq!(response.status, status);
        }
    }
}

#[tokio::test]
async fn more_connections_than_places_wait_for_one() {
    let server = start_with(|config| config.limits.connections = 2).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut third = server.connect().await;
    third.write_all(CALLER.as_bytes()).await.unwrap();
    let mut byte = [0];
    let early = tokio::time::timeout(Duration::from_millis(200), third.read(&mut byte)).await;
    assert!(early.is_err(), "a third connection was served");
    drop(first);
    assert_eq!(response(&mut third).await.status, 200);
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_dropped() {
    let server = impatient().await;
    let mut stream = server.connect().await;
    // Far more answers than buffers hold, and none is read.
    let many = "GET /_kumoi/services HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(256);
    let flood = async {
        loop {
            if stream.write_all(many.as_bytes()).await.is_err() {
                return;
            }
        }
    };
    tokio::time::timeout(crate::support::SOON, flood).await.expect("the server waits for ever");
}

#[tokio::test]
async fn a_stop_finishes_what_is_under_way_and_accepts_nothing_more() {
    let server = start().await;
    let mut idle = server.connect().await;
    idle.write_all(CALLER.as_bytes()).await.unwrap();
    assert_eq!(response(&mut idle).await.status, 200);
    let mut busy = server.connect().await;
    let (start, end) = CALLER.split_at(CALLER.len() - 5);
    busy.write_all(start.as_bytes()).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    let address = server.address;
    let stopped = tokio::spawn(server.stop());
    assert!(is_closed(&mut idle).await, "an idle connection is no reason to wait");
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
    busy.write_all(end.as_bytes()).await.unwrap();
    assert_eq!(response(&mut busy).await.status, 200);
    stopped.await.unwrap();
}
