//! Large bodies pass through: a body of gigabytes costs no more memory than one of megabytes, either way.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, SizeHint};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::Failure;
use crate::bodies::Stamp;
use crate::http::{Connection, Template};
use crate::process::{Server, binary, kumoi_command};
use crate::s3;

const BUCKET: &str = "streams";

/// Bytes of a piece, of which a body is made by repetition.
const PIECE: usize = 1 << 20;

/// Memory that may be added, in KiB.
const ALLOWANCE: u64 = 32 << 10;

#[test]
fn a_body_passes_through() {
    run(192);
}

#[test]
#[ignore = "writes and reads 5 GiB; 'cargo test -p kumoi-tests -- --ignored streams' runs it"]
fn a_body_passes_through_full() {
    run(5 * 1024 - 1);
}

fn run(mebibytes: u64) {
    tokio::runtime::Runtime::new().unwrap().block_on(story(mebibytes)).unwrap();
}

/// A body of so many pieces, all the same.
struct Repeated {
    piece: Bytes,
    left: u64,
}

impl Body for Repeated {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(self.piece.clone()))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left * self.piece.len() as u64)
    }
}

async fn open(authority: &str) -> Result<SendRequest<Repeated>, Failure> {
    let stream = TcpStream::connect(authority).await?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn story(mebibytes: u64) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let mut command = kumoi_command(&binary()?, "127.0.0.1:0");
    command.arg("--data").arg(directory.path());
    let server = Server::start(command)?;
    let authority = &server.authority;
    let mut connection = Connection::open(authority).await?;
    s3::create_bucket(&mut connection, authority, BUCKET).await?;
    let target = format!("/{BUCKET}/large");
    let piece = Stamp { number: 7, size: PIECE }.bytes();
    // The first few megabytes bring whatever a first use brings.
    put(authority, &target, &piece, 16).await?;
    get(&mut connection, &s3::get(authority, &target)?, &piece, 16).await?;

    let before = server.resident();
    let (start, highest) = (Instant::now(), watched(&server, put(authority, &target, &piece, mebibytes)).await?);
    println!(
        "streams: {mebibytes} MiB in, {:.1} s; resident {before} KiB before, at most {highest} KiB",
        start.elapsed().as_secs_f64()
    );
    assert!(highest <= before + ALLOWANCE, "memory grew from {before} to {highest} KiB");
    let (start, template) = (Instant::now(), s3::get(authority, &target)?);
    let highest = watched(&server, get(&mut connection, &template, &piece, mebibytes)).await?;
    println!("streams: {mebibytes} MiB out, {:.1} s; at most {highest} KiB", start.elapsed().as_secs_f64());
    assert!(highest <= before + ALLOWANCE, "memory grew from {before} to {highest} KiB");
    Ok(())
}

/// The most memory of the server while something happens, in KiB.
async fn watched(server: &Server, work: impl Future<Output = Result<(), Failure>>) -> Result<u64, Failure> {
    let (mut work, mut highest) = (std::pin::pin!(work), 0);
    loop {
        highest = highest.max(server.resident());
        if let Ok(done) = tokio::time::timeout(Duration::from_millis(50), &mut work).await {
            return done.map(|()| highest.max(server.resident()));
        }
    }
}

async fn put(authority: &str, target: &str, piece: &Bytes, count: u64) -> Result<(), Failure> {
    let body = Repeated { piece: piece.clone(), left: count };
    let mut request = Request::new(body);
    let template = s3::put_unsigned(authority, target)?;
    (*request.method_mut(), *request.uri_mut()) = (template.method, template.target);
    *request.headers_mut() = template.headers;
    let response = open(authority).await?.send_request(request).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    if status == StatusCode::OK { Ok(()) } else { Err(format!("{status}: {body:?}").into()) }
}

async fn get(connection: &mut Connection, template: &Template, piece: &Bytes, count: u64) -> Result<(), Failure> {
    let mut body = connection.begin(template).await?.into_body();
    let mut at = 0_u64;
    while let Some(frame) = body.frame().await.transpose()? {
        let mut data = frame.into_data().unwrap_or_default();
        while !data.is_empty() {
            let offset = usize::try_from(at % PIECE as u64)?;
            let taken = data.split_to(data.len().min(PIECE - offset));
            assert!(taken == piece[offset..offset + taken.len()], "the bytes at {at} are others");
            at += taken.len() as u64;
        }
    }
    assert_eq!(at, count * PIECE as u64);
    Ok(())
}
