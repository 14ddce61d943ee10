//! Many clients at once, and many messages.

use std::collections::BTreeSet;

use serde_json::json;

use crate::house::{House, engines};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_under_concurrency() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q", json!({})).await;
        let mut tasks = Vec::new();
        for sender in 0..4 {
            let (house, url) = (house.clone(), url.clone());
            tasks.push(tokio::spawn(async move {
                for n in 0..50 {
                    house.send(&url, &format!("{sender}-{n}")).await;
                }
                Vec::new()
            }));
        }
        for _ in 0..4 {
            let (house, url) = (house.clone(), url.clone());
            tasks.push(tokio::spawn(async move {
                let mut seen = Vec::new();
                while seen.len() < 50 {
                    let input = json!({"MaxNumberOfMessages": 5.min(50 - seen.len()), "WaitTimeSeconds": 20});
                    for message in house.receive(&url, input).await {
                        house.delete(&url, &message).await;
                        seen.push(message["Body"].as_str().unwrap().to_owned());
                    }
                }
                seen
            }));
        }
        let mut all = Vec::new();
        for task in tasks {
            all.extend(task.await.unwrap());
        }
        assert_eq!(all.len(), 200);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 200);
        assert_eq!(house.counts(&url).await, (0, 0, 0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_group_of_a_fifo_queue_stays_in_order_under_concurrency() {
    for engine in engines() {
        let house = House::frozen(engine).await;
        let url = house.create("q.fifo", json!({"FifoQueue": "true"})).await;
        let mut tasks = Vec::new();
        for group in ["A", "B", "C"] {
            let (house, url) = (house.clone(), url.clone());
            tasks.push(tokio::spawn(async move {
                for n in 10..40 {
                    house.send_to(&url, group, &format!("{group}{n}")).await;
                }
            }));
        }
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        for _ in 0..3 {
            let (house, url, seen) = (house.clone(), url.clone(), seen.clone());
            tasks.push(tokio::spawn(async move {
                while seen.lock().unwrap().len() < 90 {
                    let messages = house.receive(&url, json!({"MaxNumberOfMessages": 3})).await;
                    let bodies = messages.iter().map(|message| message["Body"].as_str().unwrap().to_owned());
                    seen.lock().unwrap().extend(bodies);
                    for message in &messages {
                        house.delete(&url, message).await;
                    }
                    tokio::task::yield_now().await;
                }
            }));
        }
        for task in tasks {
            task.await.unwrap();
        }
        let seen = seen.lock().unwrap().clone();
        for group in ["A", "B", "C"] {
            let own: Vec<_> = seen.iter().filter(|body| body.starts_with(group)).collect();
            assert_eq!(own.len(), 30);
            assert!(own.is_sorted(), "{own:?}");
        }
    }
}

#[tokio::test]
async fn a_large_queue_is_purged_in_parts() {
    let house = House::frozen(engines().remove(0)).await;
    let url = house.create("q", json!({})).await;
    let empty = house.entries();
    for start in 0..300 {
        let entries: Vec<_> =
            (0..10).map(|n| json!({"Id": n.to_string(), "MessageBody": format!("{start}-{n}")})).collect();
        house.ok("SendMessageBatch", json!({"QueueUrl": url, "Entries": entries})).await;
    }
    assert_eq!(house.counts(&url).await, (3000, 0, 0));
    house.ok("PurgeQueue", json!({"QueueUrl": url})).await;
    assert_eq!(house.counts(&url).await, (0, 0, 0));
    house.send(&url, "next").await;
    house.advance(0).await;
    assert_eq!(house.bodies(&url, json!({})).await, "next");
    assert!(house.entries() < empty + 20, "something is left: {} {empty}", house.entries());
    // What comes after a purge ends as well.
    house.advance(4 * 86_400).await;
    assert_eq!(house.counts(&url).await, (0, 0, 0));
}

#[tokio::test]
async fn hundreds_of_long_polls_wait_for_one_message_each() {
    let house = House::frozen(engines().remove(0)).await;
    let url = house.create("q", json!({})).await;
    let polls: Vec<_> = (0..300)
        .map(|_| {
            let (house, url) = (house.clone(), url.clone());
            tokio::spawn(
                async move { house.bodies(&url, json!({"MaxNumberOfMessages": 1, "WaitTimeSeconds": 20})).await },
            )
        })
        .collect();
    house.polls(300).await;
    for n in 0..300 {
        house.send(&url, &n.to_string()).await;
    }
    let mut bodies = BTreeSet::new();
    for poll in polls {
        bodies.insert(poll.await.unwrap());
    }
    assert_eq!(bodies.len(), 300);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_clients_share_a_queue() {
    let house = House::frozen(engines().remove(0)).await;
    let url = house.create("q", json!({})).await;
    let clients: Vec<_> = (0..64)
        .map(|client| {
            let (house, url) = (house.clone(), url.clone());
            tokio::spawn(async move {
                let mut deleted = 0;
                for n in 0..20 {
                    house.send(&url, &format!("{client}-{n}")).await;
                    for message in house.receive(&url, json!({"MaxNumberOfMessages": 2})).await {
                        house.delete(&url, &message).await;
                        deleted += 1;
                    }
                }
                deleted
            })
        })
        .collect();
    let mut deleted = 0;
    for client in clients {
        deleted += client.await.unwrap();
    }
    let left = house.counts(&url).await;
    assert_eq!((deleted + left.0, left.1), (64 * 20, 0));
}
