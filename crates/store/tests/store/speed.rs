//! Figures, printed when asked for: `cargo test --release -p kumoi-store -- --ignored --nocapture --test-threads=1 figures`.

use std::time::{Duration, Instant};

use kumoi_store::{Fsync, KeyRange, Store, StoreConfig, Tx, WorldId};

use crate::support::{ITEMS, PLAIN, commit, item, scope, world, write};

async fn fill(store: &Store, records: u64) {
    for part in 0..records / 1000 {
        write(store, &WorldId::default(), async |tx: &Tx| {
            for number in part * 1000..(part + 1) * 1000 {
                tx.put(&scope(), &ITEMS, &("queue".into(), number), &item(1, "a message of some length")).await?;
            }
            Ok(())
        })
        .await;
    }
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

async fn commits(store: &Store, count: u64, concurrent_snapshot: bool) -> Duration {
    let default = WorldId::default();
    let started = Instant::now();
    let mut held = None;
    for number in 0..count {
        let tx = store.begin(&default).unwrap();
        let key = format!("key{}", number % 1000);
        tx.get(&scope(), &PLAIN, &key).await.unwrap();
        tx.put(&scope(), &PLAIN, &key, &1).await.unwrap();
        store.commit(tx).await.unwrap();
        held = concurrent_snapshot.then(|| store.begin(&default).unwrap());
    }
    drop(held);
    started.elapsed() / u32::try_from(count).unwrap()
}

#[tokio::test]
#[ignore = "figures of a release build"]
async fn figures_of_memory() {
    let before = resident();
    let store = Store::open(StoreConfig::memory()).await.unwrap();
    println!("memory, empty: get + put + commit {:?}", commits(&store, 200_000, false).await);
    let started = Instant::now();
    fill(&store, 1_000_000).await;
    let each = started.elapsed() / 1_000_000;
    println!("memory: put with two indexes, 1000 a commit: {each:?} each");
    println!("memory: 1,000,000 records with two index entries: {} MiB", (resident() - before) / 1024);
    println!("memory, full: get + put + commit {:?}", commits(&store, 200_000, false).await);
    println!("memory, full, beside a snapshot: get + put + commit {:?}", commits(&store, 200_000, true).await);
    let started = Instant::now();
    store.fork(&WorldId::default(), &world("fork")).await.unwrap();
    let fork = started.elapsed();
    println!("memory: fork of 1,000,000 records: {fork:?}");
    assert!(fork < Duration::from_millis(1));
    let started = Instant::now();
    for _ in 0..10_000 {
        let tx = store.begin(&WorldId::default()).unwrap();
        tx.range(&scope(), &ITEMS, KeyRange::prefix(&("queue",)), 10).await.unwrap();
    }
    println!("memory, full: range of 10 {:?}", started.elapsed() / 10_000);
    let started = Instant::now();
    store.reset(&WorldId::default()).await.unwrap();
    store.drop_world(&world("fork")).await.unwrap();
    println!("memory: reset and drop of 1,000,000 records: {:?}", started.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "figures of a release build"]
async fn figures_of_disk() {
    for (name, fsync) in [("never", Fsync::Never), ("always", Fsync::Always)] {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::disk(dir.path(), fsync)).await.unwrap();
        println!("disk {name}: get + put + commit, alone {:?}", commits(&store, 2_000, false).await);
        let started = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..64_i64 {
            let store = store.clone();
            tasks.spawn(async move {
                for number in 0..100_i64 {
                    let key = format!("{task}/{number}");
                    commit!(store, &WorldId::default(), |tx| { tx.put(&scope(), &PLAIN, &key, &1).await });
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        println!("disk {name}: put + commit, 64 at a time {:?} each", started.elapsed() / 6400);
        fill(&store, 100_000).await;
        let started = Instant::now();
        store.checkpoint().await.unwrap();
        println!("disk {name}: checkpoint of 100,000 records {:?}", started.elapsed());
        commits(&store, 100, false).await;
        let started = Instant::now();
        store.fork(&WorldId::default(), &world("fork")).await.unwrap();
        println!("disk {name}: fork {:?}", started.elapsed());
        println!("disk {name}: get + put + commit, from the base {:?}", commits(&store, 1_000, false).await);
        store.close().await;
    }
}
