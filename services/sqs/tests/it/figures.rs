//! What takes long without optimisation: figures, and the limit of messages in flight. Run with
//! `cargo test -p kumoi-sqs --release -- --ignored --nocapture`.

use kumoi_core::Settings;
use kumoi_store::StoreConfig;
use serde_json::json;

use crate::house::House;

/// Through the kernel: validation, handler, commit and record, and JSON to and from the forms of the model besides.
#[tokio::test]
#[ignore = "figures, for optimised builds"]
async fn time_and_memory_of_an_operation() {
    const COUNT: u64 = 50_000;
    let house = House::open(StoreConfig::memory(), Settings::default()).await;
    let url = house.create("q", json!({})).await;
    let body = "x".repeat(100);
    for _ in 0..30_000 {
        house.send(&url, &body).await;
    }
    let (memory, bytes, time) = (resident_bytes(), house.kernel.store().stats().bytes, micros());
    for _ in 0..COUNT {
        house.send(&url, &body).await;
    }
    println!("send: {} µs", (micros() - time) / COUNT);
    println!("resident bytes a message over its body: {}", (resident_bytes() - memory) / COUNT - 100);
    println!("stored bytes a message over its body: {}", (house.kernel.store().stats().bytes - bytes) / 50_000 - 100);
    let (mut receive, mut delete) = (0, 0);
    for _ in 0..COUNT {
        let time = micros();
        let message = house.receive(&url, json!({"MaxNumberOfMessages": 1})).await.remove(0);
        let between = micros();
        house.delete(&url, &message).await;
        receive += between - time;
        delete += micros() - between;
    }
    println!("receive: {} µs, delete: {} µs", receive / COUNT, delete / COUNT);
}

fn resident_bytes() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Time that this thread was on a processor.
fn micros() -> u64 {
    let nanos = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    nanos.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1000
}

#[tokio::test]
#[ignore = "120,100 messages, for optimised builds"]
async fn at_most_120_000_messages_are_in_flight() {
    let house = House::frozen(StoreConfig::memory()).await;
    let url = house.create("q", json!({"VisibilityTimeout": "3600"})).await;
    let entries: Vec<_> = (0..10).map(|n| json!({"Id": n.to_string(), "MessageBody": "m"})).collect();
    for _ in 0..12_010 {
        house.ok("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
    }
    let mut last = Vec::new();
    for _ in 0..12_000 {
        last = house.receive(&url, json!({})).await;
        assert_eq!(last.len(), 10);
    }
    assert_eq!(house.counts(&url).await, (100, 120_000, 0));
    let fault = house.fails("ReceiveMessage", json!({"QueueUrl": url})).await;
    assert_eq!(fault, "OverLimit: The maximum number of in flight messages is reached.");
    house.delete(&url, &last[0]).await;
    assert_eq!(house.receive(&url, json!({"MaxNumberOfMessages": 1})).await.len(), 1);
    assert!(house.fails("ReceiveMessage", json!({"QueueUrl": url})).await.starts_with("OverLimit"));
    house.advance(3600).await;
    assert_eq!(house.receive(&url, json!({})).await.len(), 10);
}
