//! What is left after a crash, and what is refused.

use std::fs;
use std::path::{Path, PathBuf};

use kumoi_store::{Fsync, KeyRange, Store, StoreConfig, StoreError, Table, Tx, WorldId};

use crate::support::{item, notes, put, scope, world, write};

const COMMITS: u64 = 3;

fn config(dir: &Path) -> StoreConfig {
    StoreConfig::disk(dir, Fsync::Never)
}

fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

fn logs(dir: &Path) -> Vec<PathBuf> {
    let mut logs: Vec<PathBuf> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    logs.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("log-"));
    logs.sort();
    logs
}

/// Where each frame of a log begins, and the end.
fn frames(log: &[u8]) -> Vec<usize> {
    let (mut at, mut starts) = (24, Vec::new());
    while at < log.len() {
        assert_eq!(log[at..at + 4], *b"FRAM");
        starts.push(at);
        at += 12 + u32::from_le_bytes(log[at + 4..at + 8].try_into().unwrap()) as usize;
    }
    starts.push(log.len());
    starts
}

/// A directory as `kill -9` leaves it: some records in the base, the rest in the log, one frame each.
async fn killed(dir: &Path) {
    let store = Store::open(config(dir)).await.unwrap();
    put(&store, &WorldId::default(), "base", 0, &item(1, "base")).await;
    store.checkpoint().await.unwrap();
    for number in 0..COMMITS {
        put(&store, &WorldId::default(), "log", number, &item(1, &format!("log{number}"))).await;
    }
}

async fn reopened(dir: &Path) -> Result<Vec<String>, StoreError> {
    let store = Store::open(config(dir)).await?;
    Ok(notes(&store, &WorldId::default()).await)
}

fn expected(commits: usize) -> Vec<String> {
    std::iter::once("base".to_owned()).chain((0..commits).map(|number| format!("log{number}"))).collect()
}

#[tokio::test]
async fn a_log_cut_off_anywhere_gives_the_commits_before() {
    let root = tempfile::tempdir().unwrap();
    let (original, dir) = (root.path().join("original"), root.path().join("copy"));
    killed(&original).await;
    let log = logs(&original).pop().unwrap();
    let name = log.file_name().unwrap();
    let bytes = fs::read(&log).unwrap();
    let starts = frames(&bytes);
    assert_eq!(starts.len() as u64, COMMITS + 1);
    for length in 0..=bytes.len() {
        copy(&original, &dir);
        fs::write(dir.join(name), &bytes[..length]).unwrap();
        let whole = starts.iter().skip(1).filter(|end| **end <= length).count();
        assert_eq!(reopened(&dir).await.unwrap(), expected(whole), "cut off at byte {length}");
        // What was cut off does not come back, and new commits follow what was kept.
        if length % 32 == 0 {
            let store = Store::open(config(&dir)).await.unwrap();
            put(&store, &WorldId::default(), "new", 0, &item(1, "new")).await;
            drop(store);
            let mut after = expected(whole);
            after.push("new".into());
            assert_eq!(reopened(&dir).await.unwrap(), after);
        }
    }
}

#[tokio::test]
async fn damage_is_cut_off_at_the_tail_and_refused_before_it() {
    let root = tempfile::tempdir().unwrap();
    let (original, dir) = (root.path().join("original"), root.path().join("copy"));
    killed(&original).await;
    let log = logs(&original).pop().unwrap();
    let name = log.file_name().unwrap();
    let bytes = fs::read(&log).unwrap();
    let starts = frames(&bytes);
    let last = starts[starts.len() - 2];
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x41;
        copy(&original, &dir);
        fs::write(dir.join(name), &damaged).unwrap();
        let outcome = reopened(&dir).await;
        if at >= last {
            assert_eq!(outcome.unwrap(), expected(COMMITS as usize - 1), "damaged at byte {at}");
        } else {
            let refused = matches!(outcome, Err(StoreError::Corrupt { .. } | StoreError::TooNew { .. }));
            assert!(refused, "damaged at byte {at}: {outcome:?}");
            assert_eq!(fs::read(dir.join(name)).unwrap(), damaged, "the log is left as it is");
        }
    }
}

#[tokio::test]
async fn a_missing_segment_is_refused() {
    let root = tempfile::tempdir().unwrap();
    killed(root.path()).await;
    // Each start begins a segment.
    for number in 0..2 {
        let store = Store::open(config(root.path())).await.unwrap();
        put(&store, &WorldId::default(), "more", number, &item(1, "more")).await;
    }
    let segments = logs(root.path());
    assert_eq!(segments.len(), 3);
    let dir = tempfile::tempdir().unwrap();
    for missing in &segments[..2] {
        copy(root.path(), dir.path());
        fs::remove_file(dir.path().join(missing.file_name().unwrap())).unwrap();
        assert!(matches!(reopened(dir.path()).await, Err(StoreError::Corrupt { .. })));
    }
    // A torn end is only forgiven in the last one.
    copy(root.path(), dir.path());
    let middle = dir.path().join(segments[1].file_name().unwrap());
    let bytes = fs::read(&middle).unwrap();
    fs::write(&middle, &bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(reopened(dir.path()).await, Err(StoreError::Corrupt { .. })));
}

#[tokio::test]
async fn segments_that_the_base_has_are_skipped() {
    let root = tempfile::tempdir().unwrap();
    let dir = tempfile::tempdir().unwrap();
    killed(root.path()).await;
    // As after a crash between the base's commit and the deletion of the old segments.
    copy(root.path(), dir.path());
    let store = Store::open(config(root.path())).await.unwrap();
    store.checkpoint().await.unwrap();
    drop(store);
    for log in logs(dir.path()) {
        let target = root.path().join(log.file_name().unwrap());
        if !target.exists() {
            fs::copy(&log, target).unwrap();
        }
    }
    assert_eq!(reopened(root.path()).await.unwrap(), expected(COMMITS as usize));
}

#[tokio::test]
async fn a_checkpoint_and_a_close_empty_the_log() {
    let root = tempfile::tempdir().unwrap();
    killed(root.path()).await;
    for closes in [false, true] {
        // What a start has replayed counts, though nothing is written after it.
        let store = Store::open(config(root.path())).await.unwrap();
        assert_eq!(logs(root.path()).len(), 2);
        if closes {
            store.close().await;
        } else {
            store.checkpoint().await.unwrap();
            put(&store, &WorldId::default(), "log", COMMITS, &item(1, &format!("log{COMMITS}"))).await;
            drop(store);
        }
        let left = logs(root.path());
        assert_eq!(left.len(), 1);
        assert_eq!(fs::metadata(&left[0]).unwrap().len() == 24, closes, "only its header is left after a close");
    }
    assert_eq!(reopened(root.path()).await.unwrap(), expected(COMMITS as usize + 1));
}

#[tokio::test]
async fn a_newer_or_nameless_directory_is_refused() {
    let root = tempfile::tempdir().unwrap();
    killed(root.path()).await;
    let version = root.path().join("VERSION");
    fs::write(&version, "kumoi-data 2\n").unwrap();
    assert_eq!(reopened(root.path()).await, Err(StoreError::TooNew { found: 2, supported: 1 }));
    for nonsense in ["", "kumoi-data", "kumoi-data x", "something else 1"] {
        fs::write(&version, nonsense).unwrap();
        assert!(matches!(reopened(root.path()).await, Err(StoreError::Corrupt { .. })), "{nonsense:?}");
    }
    fs::remove_file(&version).unwrap();
    assert!(matches!(reopened(root.path()).await, Err(StoreError::Corrupt { .. })));
    fs::write(&version, "kumoi-data 1\n").unwrap();
    assert_eq!(reopened(root.path()).await.unwrap(), expected(COMMITS as usize));
}

#[tokio::test]
async fn a_second_store_on_a_directory_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(config(root.path())).await.unwrap();
    let refused = Store::open(config(root.path())).await.err().unwrap();
    assert_eq!(refused, StoreError::Locked { dir: root.path().into() });
    assert!(refused.to_string().contains("another process has"));
    store.close().await;
    Store::open(config(root.path())).await.unwrap();
}

static BLOBS: Table<u64, String> = Table::region("test", "blobs");

#[tokio::test]
async fn an_unfinished_load_leaves_no_world() {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(config(root.path())).await.unwrap();
    for number in 0..50 {
        let blob = "x".repeat(100_000);
        write(&store, &WorldId::default(), async |tx: &Tx| tx.put(&scope(), &BLOBS, &number, &blob).await).await;
    }
    let mut saved = Vec::new();
    store.save(&WorldId::default(), &mut saved).await.unwrap();
    saved.truncate(saved.len() - 1);
    let refused = store.load(&world("other"), &mut saved.as_slice()).await;
    assert!(matches!(refused, Err(StoreError::Corrupt { .. })));
    assert_eq!(store.worlds().len(), 1);
    assert_eq!(store.stats().worlds, 1);
    // Cut off in the middle, as if the process had ended while loading: recovered without the work that was under way.
    let log = logs(root.path()).pop().unwrap();
    drop(store);
    let bytes = fs::read(&log).unwrap();
    let starts = frames(&bytes);
    let dir = tempfile::tempdir().unwrap();
    copy(root.path(), dir.path());
    fs::write(dir.path().join(log.file_name().unwrap()), &bytes[..starts[starts.len() - 2]]).unwrap();
    for _ in 0..2 {
        let store = Store::open(config(dir.path())).await.unwrap();
        assert_eq!(store.stats().worlds, 1);
        let tx = store.begin(&WorldId::default()).unwrap();
        assert_eq!(tx.count_range(&scope(), &BLOBS, KeyRange::all()).await.unwrap(), 50);
        let mut whole = Vec::new();
        store.save(&WorldId::default(), &mut whole).await.unwrap();
        store.load(&world("other"), &mut whole.as_slice()).await.unwrap();
        store.drop_world(&world("other")).await.unwrap();
    }
}

#[tokio::test]
async fn interval_and_always_last_too() {
    for fsync in [Fsync::Always, Fsync::Interval(std::time::Duration::from_millis(1))] {
        let root = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::disk(root.path(), fsync)).await.unwrap();
        put(&store, &WorldId::default(), "a", 1, &item(1, "kept")).await;
        store.flush().await.unwrap();
        drop(store);
        assert_eq!(reopened(root.path()).await.unwrap(), ["kept"]);
    }
}

#[tokio::test]
async fn a_start_that_was_killed_is_started_again() {
    // The base was being made.
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("VERSION"), "kumoi-data 1\n").unwrap();
    fs::write(dir.path().join("base.new"), [0; 4096]).unwrap();
    killed(dir.path()).await;
    assert!(!dir.path().join("base.new").exists());
    // A segment was being made: its header is not on the medium, though its size is.
    let last = logs(dir.path()).pop().unwrap();
    let end = frames(&fs::read(&last).unwrap()).len() as u64 - 1;
    let first =
        u64::from_str_radix(last.file_name().unwrap().to_str().unwrap().trim_start_matches("log-"), 16).unwrap();
    fs::write(dir.path().join(format!("log-{:016x}", first + end)), [0; 24]).unwrap();
    assert_eq!(reopened(dir.path()).await.unwrap(), expected(COMMITS as usize));
    assert_eq!(reopened(dir.path()).await.unwrap(), expected(COMMITS as usize));
}
