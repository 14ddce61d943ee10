//! Waiting for a change.

use std::pin::pin;
use std::task::Poll;

use kumoi_store::{KeyRange, Store, StoreConfig, Tx, WorldId};

use crate::support::{BY_STATE, COUNT, ITEMS, engines, item, put, scope, world, write};

/// Lets a future run, without waiting for it; whether it is done.
async fn done(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    std::future::poll_fn(|context| Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())).await
}

async fn memory() -> (Store, WorldId) {
    (Store::open(StoreConfig::memory()).await.unwrap(), WorldId::default())
}

#[tokio::test]
async fn an_absent_key_appears() {
    let (store, world) = memory().await;
    let tx = store.begin(&world).unwrap();
    assert_eq!(tx.get(&scope(), &ITEMS, &("a".into(), 1)).await.unwrap(), None);
    let mut changed = pin!(store.changed(tx));
    assert!(!done(&mut changed).await);
    put(&store, &world, "a", 2, &item(1, "")).await;
    put(&store, &world, "b", 1, &item(1, "")).await;
    assert!(!done(&mut changed).await, "neither key was read");
    put(&store, &world, "a", 1, &item(1, "")).await;
    assert!(done(&mut changed).await);
}

#[tokio::test]
async fn a_range_of_an_index_gets_an_entry() {
    let (store, world) = memory().await;
    put(&store, &world, "a", 1, &item(0, "")).await;
    let tx = store.begin(&world).unwrap();
    let range = KeyRange::prefix(&("a", 1_u8));
    assert_eq!(tx.index_keys(&scope(), &ITEMS, &BY_STATE, range, 10).await.unwrap(), []);
    let mut changed = pin!(store.changed(tx));
    assert!(!done(&mut changed).await);
    put(&store, &world, "a", 1, &item(2, "")).await;
    put(&store, &world, "b", 1, &item(1, "")).await;
    assert!(!done(&mut changed).await, "other states and groups are outside of the range");
    put(&store, &world, "a", 1, &item(1, "")).await;
    assert!(done(&mut changed).await);
}

#[tokio::test]
async fn a_counter_moves() {
    let (store, world) = memory().await;
    let tx = store.begin(&world).unwrap();
    assert_eq!(tx.counter(&scope(), &COUNT, &"a".into()).await.unwrap(), 0);
    let mut changed = pin!(store.changed(tx));
    assert!(!done(&mut changed).await);
    write(&store, &world, async |tx: &Tx| tx.add(&scope(), &COUNT, &"b".into(), 1).await).await;
    assert!(!done(&mut changed).await);
    write(&store, &world, async |tx: &Tx| tx.add(&scope(), &COUNT, &"a".into(), 1).await).await;
    assert!(done(&mut changed).await);
}

#[tokio::test]
async fn a_change_before_the_wait_counts() {
    let (store, world) = memory().await;
    let tx = store.begin(&world).unwrap();
    tx.range(&scope(), &ITEMS, KeyRange::all(), 1).await.unwrap();
    put(&store, &world, "a", 1, &item(1, "")).await;
    assert!(done(&mut pin!(store.changed(tx))).await);
}

#[tokio::test]
async fn a_world_that_goes_away_wakes_its_waiters() {
    let (store, default) = memory().await;
    store.fork(&default, &world("fork")).await.unwrap();
    for drops in [false, true] {
        let tx = store.begin(&world("fork")).unwrap();
        tx.get(&scope(), &ITEMS, &("a".into(), 1)).await.unwrap();
        let other = store.begin(&default).unwrap();
        other.get(&scope(), &ITEMS, &("a".into(), 1)).await.unwrap();
        let (mut changed, mut unchanged) = (pin!(store.changed(tx)), pin!(store.changed(other)));
        assert!(!done(&mut changed).await && !done(&mut unchanged).await);
        if drops {
            store.drop_world(&world("fork")).await.unwrap();
        } else {
            store.reset(&world("fork")).await.unwrap();
        }
        assert!(done(&mut changed).await);
        assert!(!done(&mut unchanged).await);
    }
}

#[tokio::test]
async fn waiters_that_leave_leave_nothing() {
    let (store, world) = memory().await;
    for _ in 0..100 {
        let tx = store.begin(&world).unwrap();
        tx.range(&scope(), &ITEMS, KeyRange::all(), 1).await.unwrap();
        let mut changed = Box::pin(store.changed(tx));
        assert!(!done(&mut changed).await);
        assert_eq!(store.stats().waiters, 1);
    }
    assert_eq!(store.stats().waiters, 0);
    put(&store, &world, "a", 1, &item(1, "")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_wake_up_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    for config in engines(dir.path()) {
        let store = Store::open(config.clone()).await.unwrap();
        let world = WorldId::default();
        let mut consumers = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let (store, world) = (store.clone(), world.clone());
            consumers.spawn(async move { consume(&store, &world).await });
        }
        const SENT: u64 = 60;
        for number in 0..SENT {
            put(&store, &world, "queue", number, &item(1, "")).await;
        }
        for end in 0..3 {
            put(&store, &world, "queue", SENT + end, &item(1, "end")).await;
        }
        let all = async {
            let mut received = 0;
            while let Some(count) = consumers.join_next().await {
                received += count.unwrap();
            }
            received
        };
        let received = tokio::time::timeout(std::time::Duration::from_secs(60), all).await;
        assert_eq!(received.expect("a consumer sleeps on"), SENT, "{config:?}");
        store.close().await;
    }
}

/// Takes items until it gets one that says that it is the end.
async fn consume(store: &Store, world: &WorldId) -> u64 {
    let mut count = 0;
    loop {
        let tx = store.begin(world).unwrap();
        let found = tx.range(&scope(), &ITEMS, KeyRange::prefix(&("queue",)), 1).await.unwrap();
        let Some((key, item)) = found.into_iter().next() else {
            store.changed(tx).await;
            continue;
        };
        tx.delete(&scope(), &ITEMS, &key).await.unwrap();
        if store.commit(tx).await.is_ok() {
            if item.note == "end" {
                return count;
            }
            count += 1;
        }
    }
}
