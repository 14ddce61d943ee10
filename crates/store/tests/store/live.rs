//! Transactions that read the present.

use std::pin::pin;
use std::task::Poll;

use kumoi_store::{KeyRange, Store, StoreConfig, StoreError, Tx, WorldId};

use crate::support::{COUNT, ITEMS, item, put, scope, world, write};

async fn memory() -> (Store, WorldId) {
    (Store::open(StoreConfig::memory()).await.unwrap(), WorldId::default())
}

async fn note(tx: &Tx, number: u64) -> Result<Option<String>, StoreError> {
    Ok(tx.get(&scope(), &ITEMS, &("a".into(), number)).await?.map(|item| item.note))
}

#[tokio::test]
async fn what_was_not_read_yet_is_read_as_it_is_now() {
    let (store, world) = memory().await;
    let (live, snapshot) = (store.begin_live(&world).unwrap(), store.begin(&world).unwrap());
    put(&store, &world, "a", 1, &item(0, "one")).await;
    assert_eq!(note(&live, 1).await.unwrap().as_deref(), Some("one"));
    put(&store, &world, "a", 2, &item(0, "two")).await;
    assert_eq!(note(&live, 2).await.unwrap().as_deref(), Some("two"));
    assert_eq!(note(&snapshot, 1).await.unwrap(), None);
    live.put(&scope(), &ITEMS, &("a".into(), 3), &item(0, "three")).await.unwrap();
    store.commit(live).await.unwrap();
}

#[tokio::test]
async fn a_change_of_what_was_read_is_noticed_at_the_next_read() {
    let (store, world) = memory().await;
    let point = store.begin_live(&world).unwrap();
    assert_eq!(note(&point, 1).await.unwrap(), None);
    let range = store.begin_live(&world).unwrap();
    assert_eq!(range.range(&scope(), &ITEMS, KeyRange::prefix(&("a",)), 10).await.unwrap(), []);
    put(&store, &world, "a", 1, &item(0, "one")).await;
    for tx in [point, range] {
        assert_eq!(note(&tx, 2).await, Err(StoreError::Conflict));
        let page = tx.range(&scope(), &ITEMS, KeyRange::all(), 1).await;
        assert_eq!(page.unwrap_err(), StoreError::Conflict);
        assert_eq!(tx.count_range(&scope(), &ITEMS, KeyRange::all()).await, Err(StoreError::Conflict));
        tx.add(&scope(), &COUNT, &"a".into(), 1).await.unwrap();
        assert_eq!(store.commit(tx).await, Err(StoreError::Conflict));
    }
}

#[tokio::test]
async fn a_long_read_holds_a_snapshot_from_then_on() {
    let (store, world) = memory().await;
    put(&store, &world, "a", 1, &item(0, "one")).await;
    let tx = store.begin_live(&world).unwrap();
    assert_eq!(tx.range(&scope(), &ITEMS, KeyRange::all(), usize::MAX).await.unwrap().len(), 1);
    put(&store, &world, "a", 2, &item(0, "two")).await;
    assert_eq!(note(&tx, 2).await.unwrap(), None, "that came later");
    tx.add(&scope(), &COUNT, &"a".into(), 1).await.unwrap();
    assert_eq!(store.commit(tx).await, Err(StoreError::Conflict), "and changes the range");
}

#[tokio::test]
async fn nothing_outlives_its_world() {
    let (store, default) = memory().await;
    for dropped in [false, true] {
        store.fork(&default, &world("fork")).await.unwrap();
        let (reader, writer) = (store.begin_live(&world("fork")).unwrap(), store.begin_live(&world("fork")).unwrap());
        assert_eq!(note(&reader, 1).await.unwrap(), None);
        writer.put(&scope(), &ITEMS, &("a".into(), 1), &item(0, "lost")).await.unwrap();
        match dropped {
            true => store.drop_world(&world("fork")).await.unwrap(),
            false => store.reset(&world("fork")).await.unwrap(),
        }
        assert_eq!(note(&reader, 2).await, Err(StoreError::Conflict));
        assert!(store.commit(writer).await.is_err(), "it has read nothing, and yet belongs to a world that is no more");
        if !dropped {
            assert_eq!(note(&store.begin(&world("fork")).unwrap(), 1).await.unwrap(), None);
            store.drop_world(&world("fork")).await.unwrap();
        }
    }
}

#[tokio::test]
async fn it_can_be_waited_on() {
    let (store, world) = memory().await;
    let tx = store.begin_live(&world).unwrap();
    assert_eq!(note(&tx, 1).await.unwrap(), None);
    let mut changed = pin!(store.changed(tx));
    let mut done =
        async || std::future::poll_fn(|context| Poll::Ready(changed.as_mut().poll(context).is_ready())).await;
    assert!(!done().await);
    write(&store, &world, async |tx: &Tx| tx.add(&scope(), &COUNT, &"a".into(), 1).await).await;
    assert!(!done().await);
    put(&store, &world, "a", 1, &item(0, "one")).await;
    assert!(done().await);
}
