//! Many clients at once: no error, no standstill, and memory that follows the data.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::http::Connection;
use crate::process::{Server, binary};
use crate::random::Random;
use crate::requests::{call, create_queue};

const CLIENTS: usize = 64;
const QUEUES: usize = 8;

/// The longest that any call may take. A long poll waits for a second; nothing else waits.
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn mixed_calls_of_many_clients_all_succeed() {
    run(Duration::from_secs(10));
}

#[test]
#[ignore = "takes minutes; 'cargo test -p kumoi-tests -- --ignored' runs it"]
fn mixed_calls_of_many_clients_all_succeed_full() {
    run(Duration::from_secs(60));
}

fn run(time: Duration) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(story(time)).unwrap();
}

async fn story(time: Duration) -> Result<(), Failure> {
    let mut server = Server::kumoi(&binary()?)?;
    let address: Arc<str> = server.authority.as_str().into();
    let mut setup = Connection::open(&address).await?;
    let mut queues = Vec::new();
    for number in 0..QUEUES {
        queues.push(create_queue(&mut setup, &address, &format!("load-{number}")).await?);
    }
    let (queues, end) = (Arc::new(queues), Instant::now() + time);
    let mut random = Random::new("load");
    let clients: Vec<_> =
        (0..CLIENTS).map(|_| tokio::spawn(client(address.clone(), queues.clone(), random.split(), end))).collect();
    // The first third fills queues and caches; from then on, what is held stays the same.
    tokio::time::sleep(time / 3).await;
    let (early, mut highest) = (server.resident(), 0);
    while Instant::now() < end {
        highest = highest.max(server.resident());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut calls = 0;
    for client in clients {
        calls += client.await??;
    }
    assert!(server.alive(), "the server ended");
    println!("load: {calls} calls in {time:?}; resident {early} KiB after a third, at most {highest} KiB from then on");
    assert!(calls > CLIENTS * 10, "only {calls} calls");
    let allowed = early + early / 4 + 16 * 1024;
    assert!(highest <= allowed, "memory grows: {early} KiB, then {highest} KiB");
    Ok(())
}

/// Calls one operation after another; how many. A client deletes as much as it sends, so queues stay of a size.
async fn client(
    address: Arc<str>,
    queues: Arc<Vec<String>>,
    mut random: Random,
    end: Instant,
) -> Result<usize, Failure> {
    let mut connection = Connection::open(&address).await?;
    let (mut calls, mut surplus) = (0, 0_i64);
    while Instant::now() < end {
        let queue = &queues[random.below(queues.len())];
        let body = "m".repeat(random.below(2048) + 1);
        let sends = surplus < 20;
        let step = async {
            match random.below(10) {
                0..=3 if sends => {
                    call(&mut connection, &address, "SendMessage", &json!({ "QueueUrl": queue, "MessageBody": body }))
                        .await?;
                    Ok((1, 1))
                }
                4 if sends => {
                    let entries: Vec<Value> =
                        (0..5).map(|id| json!({ "Id": id.to_string(), "MessageBody": body })).collect();
                    let input = json!({ "QueueUrl": queue, "Entries": entries });
                    let answer = call(&mut connection, &address, "SendMessageBatch", &input).await?;
                    match answer["Successful"].as_array().map(Vec::len) {
                        Some(5) => Ok((1, 5)),
                        _ => Err(Failure::from(format!("a batch failed: {answer}"))),
                    }
                }
                5 => {
                    let input = json!({ "QueueUrl": queue, "AttributeNames": ["All"] });
                    call(&mut connection, &address, "GetQueueAttributes", &input).await?;
                    Ok((1, 0))
                }
                6 => consume(&mut connection, &address, queue, 1).await,
                _ => consume(&mut connection, &address, queue, 0).await,
            }
        };
        let (made, change) =
            tokio::time::timeout(PATIENCE, step).await.map_err(|_| "a call came to a standstill")??;
        calls += made;
        surplus += change;
    }
    Ok(calls)
}

/// Receives up to ten messages, hides one for longer and deletes all: the calls made, and the change in messages.
async fn consume(connection: &mut Connection, address: &str, queue: &str, wait: u32) -> Result<(usize, i64), Failure> {
    let input = json!({ "QueueUrl": queue, "MaxNumberOfMessages": 10, "WaitTimeSeconds": wait });
    let answer = call(connection, address, "ReceiveMessage", &input).await?;
    let messages = answer["Messages"].as_array().cloned().unwrap_or_default();
    let mut calls = 1;
    for (number, message) in messages.iter().enumerate() {
        let handle = &message["ReceiptHandle"];
        if number == 0 {
            let input = json!({ "QueueUrl": queue, "ReceiptHandle": handle, "VisibilityTimeout": 60 });
            call(connection, address, "ChangeMessageVisibility", &input).await?;
            calls += 1;
        }
        call(connection, address, "DeleteMessage", &json!({ "QueueUrl": queue, "ReceiptHandle": handle })).await?;
        calls += 1;
    }
    Ok((calls, -i64::try_from(messages.len())?))
}
