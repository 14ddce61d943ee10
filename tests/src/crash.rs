//! The disk engine keeps its promise when the process is killed in the middle of writing.

use std::collections::{HashMap, HashSet};
use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::Failure;
use crate::http::Connection;
use crate::process::{Server, binary, kumoi_command};
use crate::random::Random;
use crate::requests::{call, create_queue};

/// Writers at a time, so that commits of several share a write to the log.
const WRITERS: usize = 8;

#[test]
fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    run(5_000, 4);
}

#[test]
#[ignore = "takes minutes; 'cargo test -p kumoi-tests -- --ignored' runs it"]
fn nothing_acknowledged_is_lost_when_the_process_is_killed_full() {
    run(50_000, 20);
}

fn run(messages: usize, kills: usize) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(story(messages, kills)).unwrap();
}

/// What the writers know.
#[derive(Default)]
struct Ledger {
    /// Message ids that were acknowledged, by the number that the message carries.
    acknowledged: HashMap<usize, String>,
    /// How often each number was sent, acknowledged or not.
    sent: HashMap<usize, usize>,
}

async fn story(messages: usize, kills: usize) -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let mut random = Random::new("crash");
    let mut moments: Vec<usize> = (0..kills).map(|_| random.below(messages)).collect();
    moments.sort_unstable();

    let mut server = start(&address, directory.path())?;
    let queue = create_queue(&mut Connection::open(&address).await?, &address, "crash").await?;
    let (ledger, next) = (Arc::new(Mutex::new(Ledger::default())), Arc::new(AtomicUsize::new(0)));
    let given_up = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS)
        .map(|_| {
            tokio::spawn(write(
                address.clone(),
                queue.clone(),
                messages,
                next.clone(),
                ledger.clone(),
                given_up.clone(),
            ))
        })
        .collect();
    for moment in moments {
        while ledger.lock().unwrap().acknowledged.len() < moment {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(server.alive(), "the server ended by itself");
            assert!(!given_up.load(Ordering::Relaxed), "a writer found no server any more");
        }
        server.kill()?;
        server = start(&address, directory.path())?;
    }
    for writer in writers {
        writer.await??;
    }
    // Once more, so that what the last writers were told is recovered from disk, too.
    server.kill()?;
    server = start(&address, directory.path())?;

    let found = drain(&address, &queue).await?;
    check(&std::mem::take(&mut *ledger.lock().unwrap()), &found, messages);

    server.kill()?;
    let _server = start(&address, directory.path())?;
    assert!(drain(&address, &queue).await?.is_empty(), "messages came back whose deletion was acknowledged");
    Ok(())
}

/// Holds what is there against what the writers know.
fn check(ledger: &Ledger, found: &HashMap<usize, HashSet<String>>, messages: usize) {
    assert_eq!(ledger.acknowledged.len(), messages);
    for (number, id) in &ledger.acknowledged {
        let ids = found.get(number).unwrap_or_else(|| panic!("message {number} was acknowledged and is gone"));
        assert!(ids.contains(id), "message {number} is there, but not under the id {id} that was acknowledged");
        let (times, sent) = (ids.len(), ledger.sent[number]);
        assert!(times <= sent, "message {number} was sent {sent} times and is there {times} times");
    }
    assert!(found.keys().all(|number| *number < messages), "a message is there that nobody sent");
}

fn start(address: &str, directory: &Path) -> Result<Server, Failure> {
    let mut command = kumoi_command(&binary()?, address);
    command.arg("--data").arg(directory).args(["--fsync", "always"]);
    Server::start(command)
}

/// Sends numbers until all are acknowledged; what was not is sent again.
async fn write(
    address: String,
    queue: String,
    messages: usize,
    next: Arc<AtomicUsize>,
    ledger: Arc<Mutex<Ledger>>,
    given_up: Arc<AtomicBool>,
) -> Result<(), Failure> {
    let mut connection = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= messages {
            return Ok(());
        }
        let mut failures = 0;
        let answer = loop {
            *ledger.lock().unwrap().sent.entry(number).or_default() += 1;
            match send(&mut connection, &address, &queue, number).await {
                Ok(answer) => break answer,
                Err(error) => {
                    connection = None;
                    failures += 1;
                    if failures > 2000 {
                        given_up.store(true, Ordering::Relaxed);
                        return Err(error);
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            }
        };
        let id = answer["MessageId"].as_str().ok_or("no MessageId")?.to_owned();
        ledger.lock().unwrap().acknowledged.insert(number, id);
    }
}

async fn send(
    connection: &mut Option<Connection>,
    address: &str,
    queue: &str,
    number: usize,
) -> Result<Value, Failure> {
    let open = match connection {
        Some(open) => open,
        None => connection.insert(Connection::open(address).await?),
    };
    call(open, address, "SendMessage", &json!({ "QueueUrl": queue, "MessageBody": number.to_string() })).await
}

/// Receives and deletes all messages: the ids under which each number is there.
async fn drain(address: &str, queue: &str) -> Result<HashMap<usize, HashSet<String>>, Failure> {
    let mut connection = Connection::open(address).await?;
    let mut found: HashMap<usize, HashSet<String>> = HashMap::new();
    loop {
        let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "VisibilityTimeout": 3600 });
        let answer = call(&mut connection, address, "ReceiveMessage", &input).await?;
        let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
        if messages.is_empty() {
            return Ok(found);
        }
        let mut entries = Vec::new();
        for (id, message) in messages.iter().enumerate() {
            let number = message["Body"].as_str().ok_or("no Body")?.parse()?;
            let new = found
                .entry(number)
                .or_default()
                .insert(message["MessageId"].as_str().ok_or("no MessageId")?.to_owned());
            assert!(new, "message {number} was delivered twice within its visibility timeout");
            entries.push(json!({ "Id": id.to_string(), "ReceiptHandle": message["ReceiptHandle"] }));
        }
        let answer =
            call(&mut connection, address, "DeleteMessageBatch", &json!({ "QueueUrl": queue, "Entries": entries }))
                .await?;
        assert_eq!(answer["Successful"].as_array().map(Vec::len), Some(messages.len()), "{answer}");
    }
}
