//! Uploads that end before their time: the client goes away, or the process is killed. What was acknowledged is whole, and nothing else is left.

use std::collections::HashSet;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::{Method, StatusCode};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::Failure;
use crate::bodies::{Stamp, tag, tag_of_parts};
use crate::http::Connection;
use crate::process::{Server, binary, blob_files, kumoi_command};
use crate::random::Random;
use crate::s3::{self, element};

const BUCKET: &str = "uploads";

/// The largest body that has no file of its own, in bytes.
const INLINE: usize = 32 << 10;

/// Around that border, and well above it.
const SIZES: [usize; 6] = [0, 700, INLINE, INLINE + 1, 100_000, 700_000];

/// How long space takes to be freed behind an answer.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn uploads_survive_when_the_process_is_killed() {
    run(150, 2);
}

#[test]
#[ignore = "takes minutes; 'cargo test -p kumoi-tests -- --ignored uploads' runs it"]
fn uploads_survive_when_the_process_is_killed_full() {
    run(1000, 5);
}

fn run(clients: usize, kills: usize) {
    tokio::runtime::Runtime::new().unwrap().block_on(story(clients, kills)).unwrap();
}

/// What a client knows of its key.
#[derive(Clone, Debug)]
struct Known {
    key: String,
    /// That may be there: what was acknowledged last, or nothing; then what was sent and not answered.
    possible: Vec<Option<Held>>,
}

/// An object: what its bytes are, and whether they came in parts.
#[derive(Clone, Copy, Debug)]
struct Held {
    stamp: Stamp,
    parts: bool,
}

async fn story(clients: usize, kills: usize) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut random = Random::new("uploads");
    let mut server = start(&address, directory.path())?;
    s3::create_bucket(&mut Connection::open(&address).await?, &address, BUCKET).await?;
    let mut all: Vec<Known> =
        (0..clients).map(|number| Known { key: format!("{number:04}"), possible: vec![None] }).collect();
    let numbers = Arc::new(AtomicUsize::new(0));
    for kill in 1..=kills {
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = all
            .drain(..)
            .map(|known| {
                tokio::spawn(client(address.clone(), known, random.split(), numbers.clone(), acknowledged.clone()))
            })
            .collect();
        // All are at it before the moment comes.
        let moment = clients + random.below(clients * 2);
        let begun = Instant::now();
        while acknowledged.load(Ordering::Relaxed) < moment {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(server.alive(), "the server ended by itself");
            assert!(begun.elapsed() < Duration::from_secs(300), "the uploads came to a standstill");
        }
        server.kill()?;
        for task in tasks {
            all.push(task.await??);
        }
        let (files, unfinished) = blob_files(directory.path())?;
        server = start(&address, directory.path())?;
        let (present, needed) = check(&address, &mut all).await?;
        println!(
            "uploads: kill {kill} after {} answers left {files} blobs and {unfinished} unfinished; {present} objects are whole and need {needed}",
            acknowledged.load(Ordering::Relaxed)
        );
        settles(directory.path(), needed).await?;
    }
    Ok(())
}

fn start(address: &str, directory: &Path) -> Result<Server, Failure> {
    let mut command = kumoi_command(&binary()?, address);
    command.arg("--data").arg(directory).args(["--fsync", "always"]);
    Server::start(command)
}

/// Writes and deletes its key until the server is gone; what may be there then.
async fn client(
    address: String,
    mut known: Known,
    mut random: Random,
    numbers: Arc<AtomicUsize>,
    acknowledged: Arc<AtomicUsize>,
) -> Result<Known, Failure> {
    let Ok(mut connection) = Connection::open(&address).await else { return Ok(known) };
    let target = format!("/{BUCKET}/{}", known.key);
    loop {
        let number = numbers.fetch_add(1, Ordering::Relaxed) as u64;
        let stamp = Stamp { number, size: SIZES[random.below(SIZES.len())] };
        let held = match random.below(8) {
            0 => None,
            1 => Some(Held { stamp, parts: true }),
            _ => Some(Held { stamp, parts: false }),
        };
        known.possible.push(held);
        let done = match held {
            None => {
                let template = s3::request(&address, Method::DELETE, &target, &[], Bytes::new())?;
                connection.exchange(&template).await.map(|answer| answer.status)
            }
            Some(Held { parts: false, .. }) => {
                let template = match random.below(2) {
                    0 => s3::put(&address, &target, stamp.bytes())?,
                    _ => s3::put_chunked(&address, &target, &stamp.bytes())?,
                };
                connection.exchange(&template).await.map(|answer| answer.status)
            }
            Some(Held { parts: true, .. }) => in_parts(&mut connection, &address, &target, stamp).await,
        };
        match done {
            Ok(status) if status.is_success() => {
                acknowledged.fetch_add(1, Ordering::Relaxed);
                known.possible = vec![held];
            }
            Ok(status) => return Err(format!("{target}: {status}").into()),
            Err(_) => return Ok(known),
        }
    }
}

/// An upload of one part.
async fn in_parts(
    connection: &mut Connection,
    address: &str,
    target: &str,
    stamp: Stamp,
) -> Result<StatusCode, Failure> {
    let begin = [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let begun = s3::request(address, Method::POST, &format!("{target}?uploads"), &begin, Bytes::new())?;
    let begun = connection.exchange(&begun).await?;
    let Some(id) =
        std::str::from_utf8(&begun.body)?.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once('<'))
    else {
        return Ok(begun.status);
    };
    let part = s3::put(address, &format!("{target}?partNumber=1&uploadId={}", id.0), stamp.bytes())?;
    let part = connection.exchange(&part).await?;
    if part.status != StatusCode::OK {
        return Ok(part.status);
    }
    let document = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        tag(&stamp.bytes())
    );
    let complete = s3::request(address, Method::POST, &format!("{target}?uploadId={}", id.0), &[], document.into())?;
    let answer = connection.exchange(&complete).await?;
    // What failed behind the head of an answer has the status 200, too.
    if answer.code().is_empty() { Ok(answer.status) } else { Err(format!("{target}: {}", answer.code()).into()) }
}

/// Reads all keys: how many are there, and how many blobs they and the parts of uploads need.
async fn check(address: &str, all: &mut [Known]) -> Result<(usize, usize), Failure> {
    let mut connection = Connection::open(address).await?;
    let (mut present, mut needed) = (0, 0);
    for known in all {
        let answer = connection.exchange(&s3::get(address, &format!("/{BUCKET}/{}", known.key))?).await?;
        let found = match answer.status {
            StatusCode::NOT_FOUND => None,
            StatusCode::OK => Some((answer.header("etag").to_owned(), answer.body.clone())),
            _ => return Err(format!("{}: {answer:?}", known.key).into()),
        };
        let is = |held: &Option<Held>| match (held, &found) {
            (None, None) => true,
            (Some(Held { stamp, parts }), Some((etag, bytes))) => {
                let wanted = stamp.bytes();
                let tag = if *parts { tag_of_parts(&[*stamp]) } else { tag(&wanted) };
                *etag == tag && *bytes == wanted && answer.header("x-amz-checksum-crc32") == s3::crc32(&wanted)
            }
            _ => false,
        };
        let held = known.possible.iter().find(|held| is(held)).copied();
        let Some(held) = held else {
            return Err(format!("{known:?} is neither as acknowledged nor as sent last: {:?}", answer.headers).into());
        };
        present += usize::from(held.is_some());
        needed += usize::from(held.is_some_and(|held| held.stamp.size > INLINE));
        known.possible = vec![held];
    }
    Ok((present, needed + parts(&mut connection, address).await?))
}

/// Parts of uploads under way that have blobs. The uploads are left as they are.
async fn parts(connection: &mut Connection, address: &str) -> Result<usize, Failure> {
    let (mut needed, mut after) = (0, String::new());
    let mut seen = HashSet::new();
    loop {
        let listing = connection.repeat(&s3::get(address, &format!("/{BUCKET}?{after}uploads="))?).await?;
        let listing = std::str::from_utf8(&listing)?;
        for upload in listing.split("<Upload>").skip(1) {
            let (key, id) =
                (element(upload, "Key").ok_or("no Key")?, element(upload, "UploadId").ok_or("no UploadId")?);
            assert!(seen.insert(id.to_owned()), "an upload is listed twice");
            let parts = connection.repeat(&s3::get(address, &format!("/{BUCKET}/{key}?uploadId={id}"))?).await?;
            for part in std::str::from_utf8(&parts)?.split("<Part>").skip(1) {
                let size: usize = element(part, "Size").ok_or("no Size")?.parse()?;
                needed += usize::from(size > INLINE);
            }
        }
        if element(listing, "IsTruncated") != Some("true") {
            return Ok(needed);
        }
        let (key, id) = (element(listing, "NextKeyMarker"), element(listing, "NextUploadIdMarker"));
        after = format!("key-marker={}&upload-id-marker={}&", key.unwrap_or_default(), id.unwrap_or_default());
    }
}

/// There are exactly so many blobs before long, and none that is unfinished.
async fn settles(directory: &Path, needed: usize) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let found = blob_files(directory)?;
        if found == (needed, 0) {
            return Ok(());
        }
        assert!(start.elapsed() < PATIENCE, "blobs and unfinished ones: {found:?}; {needed} are needed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[test]
fn uploads_that_break_off_leave_nothing() {
    tokio::runtime::Runtime::new().unwrap().block_on(broken_off()).unwrap();
}

async fn broken_off() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let mut command = kumoi_command(&binary()?, "127.0.0.1:0");
    command.arg("--data").arg(directory.path());
    let server = Server::start(command)?;
    let address = &server.authority;
    let mut connection = Connection::open(address).await?;
    s3::create_bucket(&mut connection, address, BUCKET).await?;
    let before = Stamp { number: 1, size: 100_000 };
    connection.repeat(&s3::put(address, "/uploads/key", before.bytes())?).await?;
    let mut open = Vec::new();
    for number in 2..22 {
        let template = s3::put(address, "/uploads/key", Stamp { number, size: 1 << 20 }.bytes())?;
        let mut head = format!("PUT /uploads/key HTTP/1.1\r\ncontent-length: {}\r\n", template.body.len());
        for (name, value) in &template.headers {
            head.push_str(&format!("{name}: {}\r\n", value.to_str()?));
        }
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("{head}\r\n").as_bytes()).await?;
        stream.write_all(&template.body[..template.body.len() * 3 / 4]).await?;
        open.push(stream);
    }
    let start = Instant::now();
    while blob_files(directory.path())?.1 < 20 {
        assert!(start.elapsed() < PATIENCE, "the uploads did not begin: {:?}", blob_files(directory.path())?);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(open);
    settles(directory.path(), 1).await?;
    let answer = connection.exchange(&s3::get(address, "/uploads/key")?).await?;
    assert!(answer.body == before.bytes(), "what was there has changed");
    // What is refused leaves nothing, either.
    let mut wrong = s3::put(address, "/uploads/wrong", Stamp { number: 30, size: 1 << 20 }.bytes())?;
    wrong.headers.insert("x-amz-checksum-crc32", "AAAAAA==".parse()?);
    let answer = connection.exchange(&wrong).await?;
    assert!(answer.status.is_client_error(), "{answer:?}");
    settles(directory.path(), 1).await
}
