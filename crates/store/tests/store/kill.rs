//! A process that is killed while it writes: what it acknowledged is there afterwards, and nothing is half there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kumoi_store::{Counter, Fsync, KeyRange, Store, StoreConfig, Table, WorldId};

use crate::support::{commit, scope};

static WRITTEN: Table<(u64, u64), String> = Table::region("kill", "written");
static TOTAL: Counter<u64> = Counter::region("kill", "total");
const WRITERS: u64 = 8;
/// Tells the child where to write.
const DIR: &str = "KUMOI_STORE_TEST_KILL_DIR";

fn config(dir: &Path, fsync: Fsync) -> StoreConfig {
    StoreConfig::disk(dir, fsync)
}

/// The highest number of each writer; every one below must be there, and the counter must agree.
async fn check(store: &Store) -> BTreeMap<u64, u64> {
    let tx = store.begin(&WorldId::default()).unwrap();
    let mut counts = BTreeMap::new();
    for ((writer, number), text) in tx.range(&scope(), &WRITTEN, KeyRange::all(), usize::MAX).await.unwrap() {
        let count = counts.entry(writer).or_insert(0);
        assert_eq!(number, *count, "a commit of writer {writer} is missing");
        assert_eq!(text, number.to_string().repeat(20));
        *count += 1;
    }
    for (writer, count) in &counts {
        assert_eq!(tx.counter(&scope(), &TOTAL, writer).await.unwrap(), i64::try_from(*count).unwrap());
    }
    counts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the child of the test below"]
async fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let fsync = if dir.to_string_lossy().ends_with("always") { Fsync::Always } else { Fsync::Never };
    let store = Store::open(config(Path::new(&dir), fsync)).await.unwrap();
    let counts = check(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..WRITERS {
        let store = store.clone();
        let mut number = counts.get(&writer).copied().unwrap_or(0);
        tasks.spawn(async move {
            loop {
                commit!(store, &WorldId::default(), |tx| {
                    tx.put(&scope(), &WRITTEN, &(writer, number), &number.to_string().repeat(20)).await?;
                    tx.add(&scope(), &TOTAL, &writer, 1).await
                });
                println!("acknowledged {writer} {number}");
                number += 1;
            }
        });
    }
    // So that some are killed in the middle of a checkpoint.
    loop {
        tokio::time::sleep(Duration::from_millis(15)).await;
        store.checkpoint().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let root = tempfile::tempdir().unwrap();
    for policy in ["never", "always"] {
        let dir = root.path().join(policy);
        let mut acknowledged: BTreeMap<u64, u64> = BTreeMap::new();
        for round in 0..6_u64 {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "kill::child", "--ignored", "--nocapture"])
                .env(DIR, &dir)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let lines = BufReader::new(child.stdout.take().unwrap()).lines();
            let reader = std::thread::spawn(move || {
                let numbers = |line: String| {
                    let mut words = line.strip_prefix("acknowledged ")?.split(' ').map(str::parse::<u64>);
                    Some((words.next()?.ok()?, words.next()?.ok()?))
                };
                lines.map_while(Result::ok).filter_map(numbers).collect::<Vec<_>>()
            });
            tokio::time::sleep(Duration::from_millis(150 + round * 37)).await;
            child.kill().unwrap();
            child.wait().unwrap();
            for (writer, number) in reader.join().unwrap() {
                let count = acknowledged.entry(writer).or_default();
                *count = (*count).max(number + 1);
            }
            let store = Store::open(config(&dir, Fsync::Never)).await.unwrap();
            let counts = check(&store).await;
            for (writer, count) in &acknowledged {
                let kept = counts.get(writer).copied().unwrap_or(0);
                assert!(kept >= *count, "{policy}: writer {writer} was promised {count} and has {kept}");
            }
        }
        assert!(!acknowledged.is_empty(), "{policy}: nothing was written");
    }
}
