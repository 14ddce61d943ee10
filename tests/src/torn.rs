//! Objects are never torn: whoever reads while others write, complete uploads, copy and delete gets exactly what somebody wrote, or nothing.
//!
//! S3 User Guide, "Amazon S3 data consistency model": updates to a single key are atomic.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::{Method, StatusCode};

use crate::Failure;
use crate::bodies::{Stamp, joined, tag, tag_of_parts};
use crate::http::{Answer, Connection, Template};
use crate::process::{Server, binary, blob_files, kumoi_command};
use crate::random::Random;
use crate::s3::{self, element};

const BUCKET: &str = "torn";

/// Few keys, so that many meet at each.
const KEYS: [&str; 2] = ["one", "other"];

/// Kept in a record, at the border, and kept as files.
const SIZES: [usize; 7] = [100, 4 << 10, (32 << 10) - 1, 32 << 10, (32 << 10) + 1, 200 << 10, 2 << 20];

/// The least that a part may have that is not the last.
const PART: usize = 5 << 20;

/// The longest that anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn no_object_is_torn() {
    run(&["--data"], Duration::from_secs(6));
}

#[test]
#[ignore = "takes minutes; 'cargo test -p kumoi-tests -- --ignored torn' runs it"]
fn no_object_is_torn_full() {
    run(&["--data"], Duration::from_secs(60));
    run(&["--store", "chaos"], Duration::from_secs(60));
    run(&[], Duration::from_secs(60));
}

fn run(store: &[&str], time: Duration) {
    tokio::runtime::Runtime::new().unwrap().block_on(story(store, time)).unwrap();
}

/// What everybody knows.
struct Common {
    address: String,
    end: Instant,
    /// What was sent, by its entity tag, whether it was acknowledged or not.
    sent: Mutex<HashMap<String, Vec<Stamp>>>,
    next: AtomicU64,
    writes: AtomicUsize,
    uploads: AtomicUsize,
    copies: AtomicUsize,
    deletes: AtomicUsize,
    whole: AtomicUsize,
    ranges: AtomicUsize,
    absent: AtomicUsize,
}

async fn story(store: &[&str], time: Duration) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let mut command = kumoi_command(&binary()?, "127.0.0.1:0");
    command.args(store);
    let kept = store.contains(&"--data");
    if kept {
        command.arg(directory.path());
    }
    let mut server = Server::start(command)?;
    let mut connection = Connection::open(&server.authority).await?;
    s3::create_bucket(&mut connection, &server.authority, BUCKET).await?;
    let common = Arc::new(Common {
        address: server.authority.clone(),
        end: Instant::now() + time,
        sent: Mutex::default(),
        next: AtomicU64::new(1),
        writes: AtomicUsize::new(0),
        uploads: AtomicUsize::new(0),
        copies: AtomicUsize::new(0),
        deletes: AtomicUsize::new(0),
        whole: AtomicUsize::new(0),
        ranges: AtomicUsize::new(0),
        absent: AtomicUsize::new(0),
    });
    let mut random = Random::new("torn");
    let mut tasks = Vec::new();
    for role in [Role::Write, Role::Write, Role::Write, Role::Upload, Role::Upload, Role::Copy, Role::Delete] {
        tasks.push(tokio::spawn(play(role, common.clone(), random.split())));
    }
    for _ in 0..4 {
        tasks.push(tokio::spawn(play(Role::Read, common.clone(), random.split())));
    }
    for task in tasks {
        task.await??;
    }
    assert!(server.alive(), "the server ended");
    let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
    println!(
        "torn {store:?}: {} writes, {} uploads in parts, {} copies, {} deletes; read {} whole, {} in part, {} absent",
        count(&common.writes),
        count(&common.uploads),
        count(&common.copies),
        count(&common.deletes),
        count(&common.whole),
        count(&common.ranges),
        count(&common.absent),
    );
    assert!(count(&common.whole) > 10, "hardly anything was read");
    clear(&mut connection, &common).await?;
    if kept {
        nothing_is_left(directory.path()).await?;
    }
    Ok(())
}

/// What one of the clients does.
#[derive(Clone, Copy)]
enum Role {
    Write,
    Upload,
    Copy,
    Delete,
    Read,
}

async fn play(role: Role, common: Arc<Common>, mut random: Random) -> Result<(), Failure> {
    let mut connection = Connection::open(&common.address).await?;
    while Instant::now() < common.end {
        let key = KEYS[random.below(KEYS.len())];
        let step = async {
            match role {
                Role::Write => write(&mut connection, &common, &mut random, key).await,
                Role::Upload => upload(&mut connection, &common, &mut random, key).await,
                Role::Copy => copy(&mut connection, &common, &mut random, key).await,
                Role::Delete => delete(&mut connection, &common, &mut random, key).await,
                Role::Read => read(&mut connection, &common, &mut random, key).await,
            }
        };
        tokio::time::timeout(PATIENCE, step).await.map_err(|_| "a call came to a standstill")??;
    }
    Ok(())
}

impl Common {
    fn stamp(&self, size: usize) -> Stamp {
        Stamp { number: self.next.fetch_add(1, Ordering::Relaxed), size }
    }

    /// Must come before the request, since a reader may see what it wrote before it is answered.
    fn note(&self, tag: String, parts: &[Stamp]) {
        self.sent.lock().unwrap().insert(tag, parts.to_vec());
    }

    fn target(&self, key: &str) -> String {
        format!("/{BUCKET}/{key}")
    }
}

async fn write(connection: &mut Connection, common: &Common, random: &mut Random, key: &str) -> Result<(), Failure> {
    let stamp = common.stamp(SIZES[random.below(SIZES.len())]);
    let (bytes, target) = (stamp.bytes(), common.target(key));
    let expected = tag(&bytes);
    common.note(expected.clone(), &[stamp]);
    let template = match random.below(2) {
        0 => s3::put(&common.address, &target, bytes)?,
        _ => s3::put_chunked(&common.address, &target, &bytes)?,
    };
    let answer = succeeded(connection.exchange(&template).await?)?;
    assert_eq!(answer.header("etag"), expected);
    common.writes.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Uploads in parts, completed by two clients at a time, each with parts of its own choice.
async fn upload(connection: &mut Connection, common: &Common, random: &mut Random, key: &str) -> Result<(), Failure> {
    let (address, target) = (&common.address, common.target(key));
    let begin = [("x-amz-checksum-algorithm", "CRC32"), ("x-amz-checksum-type", "FULL_OBJECT")];
    let begun = s3::request(address, Method::POST, &format!("{target}?uploads"), &begin, Bytes::new())?;
    let begun = connection.repeat(&begun).await?;
    let id = element(std::str::from_utf8(&begun)?, "UploadId").ok_or("no UploadId")?.to_owned();
    let parts = [common.stamp(PART), common.stamp(SIZES[random.below(SIZES.len())])];
    for (number, part) in (1..).zip(parts) {
        let template = s3::put(address, &format!("{target}?partNumber={number}&uploadId={id}"), part.bytes())?;
        succeeded(connection.exchange(&template).await?)?;
    }
    for parts in [&parts[..], &parts[1..]] {
        common.note(tag_of_parts(parts), parts);
        // A copy of it is no longer in parts.
        common.note(tag(&joined(parts)), parts);
    }
    let all = completion(common, &target, &id, &[(1, parts[0]), (2, parts[1])])?;
    let last = completion(common, &target, &id, &[(2, parts[1])])?;
    let mut second = Connection::open(address).await?;
    let (all, last) = tokio::join!(connection.exchange(&all), second.exchange(&last));
    let outcomes = [all?, last?].map(|answer| {
        let tag = std::str::from_utf8(&answer.body).ok().and_then(|text| element(text, "ETag")).unwrap_or_default();
        (answer.status, answer.code().to_owned(), tag.to_owned())
    });
    let done: Vec<_> =
        outcomes.iter().filter(|(status, code, _)| *status == StatusCode::OK && code.is_empty()).collect();
    let late = outcomes.iter().filter(|(_, code, _)| code == "NoSuchUpload").count();
    // Who comes late is told of the object that there is, for as long as it is there.
    let same = done.windows(2).all(|pair| pair[0].2 == pair[1].2);
    assert!(!done.is_empty() && done.len() + late == 2 && same, "one completes the upload: {outcomes:?}");
    common.uploads.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

fn completion(common: &Common, target: &str, id: &str, parts: &[(usize, Stamp)]) -> Result<Template, Failure> {
    let mut document = String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (number, part) in parts {
        let tag = tag(&part.bytes());
        document.push_str(&format!("<Part><PartNumber>{number}</PartNumber><ETag>{tag}</ETag></Part>"));
    }
    document.push_str("</CompleteMultipartUpload>");
    s3::request(&common.address, Method::POST, &format!("{target}?uploadId={id}"), &[], document.into())
}

async fn copy(connection: &mut Connection, common: &Common, random: &mut Random, key: &str) -> Result<(), Failure> {
    let source = common.target(KEYS[usize::from(key == KEYS[0])]);
    let headers = [("x-amz-copy-source", &*source)];
    let template = s3::request(&common.address, Method::PUT, &common.target(key), &headers, Bytes::new())?;
    let answer = connection.exchange(&template).await?;
    // What failed behind the head of an answer has the status 200, too.
    match (answer.status, answer.code()) {
        (StatusCode::OK, "") => common.copies.fetch_add(1, Ordering::Relaxed),
        (StatusCode::NOT_FOUND, "NoSuchKey") => 0,
        _ => return Err(format!("a copy failed: {answer:?}").into()),
    };
    pause(random).await;
    Ok(())
}

async fn delete(connection: &mut Connection, common: &Common, random: &mut Random, key: &str) -> Result<(), Failure> {
    pause(random).await;
    let template = s3::request(&common.address, Method::DELETE, &common.target(key), &[], Bytes::new())?;
    let answer = connection.exchange(&template).await?;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{answer:?}");
    common.deletes.fetch_add(1, Ordering::Relaxed);
    Ok(())
}

/// Copies and deletes are quick; the others must have a chance.
async fn pause(random: &mut Random) {
    tokio::time::sleep(Duration::from_millis(random.below(60) as u64)).await;
}

async fn read(connection: &mut Connection, common: &Common, random: &mut Random, key: &str) -> Result<(), Failure> {
    let target = common.target(key);
    let (start, end) = (random.below(90), 90 + random.below(3 << 20));
    let range = format!("bytes={start}-{end}");
    let headers = [("x-amz-checksum-mode", "ENABLED"), ("range", &*range)];
    let partly = random.below(3) == 0;
    let headers = if partly { &headers[..] } else { &headers[..1] };
    let answer =
        connection.exchange(&s3::request(&common.address, Method::GET, &target, headers, Bytes::new())?).await?;
    if answer.status == StatusCode::NOT_FOUND {
        assert_eq!(answer.code(), "NoSuchKey");
        common.absent.fetch_add(1, Ordering::Relaxed);
        return Ok(());
    }
    let answer = succeeded(answer)?;
    let sent = common.sent.lock().unwrap().get(answer.header("etag")).cloned();
    let parts = sent.ok_or_else(|| format!("an entity tag that nobody was told: {:?}", answer.headers))?;
    let wanted = joined(&parts);
    if partly {
        let slice = wanted.slice(start..wanted.len().min(end + 1));
        assert!(answer.body == slice, "{range} of {parts:?} is torn: {:?}", answer.headers);
        let expected = format!("bytes {start}-{}/{}", start + slice.len() - 1, wanted.len());
        assert_eq!(answer.header("content-range"), expected);
        common.ranges.fetch_add(1, Ordering::Relaxed);
    } else {
        assert!(answer.body == wanted, "{parts:?} is torn: {:?}", answer.headers);
        assert_eq!(answer.header("x-amz-checksum-crc32"), s3::crc32(&wanted), "{:?}", answer.headers);
        common.whole.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

fn succeeded(answer: Answer) -> Result<Answer, Failure> {
    if answer.status.is_success() { Ok(answer) } else { Err(format!("{}: {}", answer.status, answer.code()).into()) }
}

/// Deletes the objects. No upload is left, since each was completed.
async fn clear(connection: &mut Connection, common: &Common) -> Result<(), Failure> {
    for key in KEYS {
        connection
            .exchange(&s3::request(&common.address, Method::DELETE, &common.target(key), &[], Bytes::new())?)
            .await?;
    }
    let uploads = connection.repeat(&s3::get(&common.address, &format!("/{BUCKET}?uploads"))?).await?;
    assert_eq!(element(std::str::from_utf8(&uploads)?, "UploadId"), None, "an upload was completed and is still there");
    Ok(())
}

/// Space is freed behind the answers.
async fn nothing_is_left(directory: &Path) -> Result<(), Failure> {
    let start = Instant::now();
    loop {
        let (files, unfinished) = blob_files(directory)?;
        if (files, unfinished) == (0, 0) {
            return Ok(());
        }
        assert!(start.elapsed() < PATIENCE, "{files} blobs that nothing names are left, and {unfinished} unfinished");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
