//! Transactions: isolation, scopes, limits.

use kumoi_store::{KeyRange, Scope, Store, StoreConfig, StoreError, Table, Tx, WorldId};
use serde::{Deserialize, Serialize};

use crate::support::{BY_NOTE, COUNT, ITEMS, PLAIN, item, put, scope, world, write};

async fn memory() -> (Store, WorldId) {
    (Store::open(StoreConfig::memory()).await.unwrap(), WorldId::default())
}

#[tokio::test]
async fn writes_are_seen_by_others_only_after_the_commit() {
    let (store, world) = memory().await;
    let (writer, reader) = (store.begin(&world).unwrap(), store.begin(&world).unwrap());
    let key = ("a".to_owned(), 1);
    writer.put(&scope(), &ITEMS, &key, &item(1, "x")).await.unwrap();
    assert!(writer.has_writes() && !reader.has_writes());
    assert_eq!(writer.get(&scope(), &ITEMS, &key).await.unwrap(), Some(item(1, "x")));
    assert_eq!(store.begin(&world).unwrap().get(&scope(), &ITEMS, &key).await.unwrap(), None);
    store.commit(writer).await.unwrap();
    assert_eq!(reader.get(&scope(), &ITEMS, &key).await.unwrap(), None, "a snapshot does not move");
    store.commit(reader).await.unwrap();
    assert_eq!(store.begin(&world).unwrap().get(&scope(), &ITEMS, &key).await.unwrap(), Some(item(1, "x")));
}

#[tokio::test]
async fn undo_takes_back_writes_and_keeps_reads() {
    let (store, world) = memory().await;
    let tx = store.begin(&world).unwrap();
    tx.get(&scope(), &ITEMS, &("a".into(), 1)).await.unwrap();
    tx.put(&scope(), &PLAIN, &"x".into(), &1).await.unwrap();
    tx.undo();
    assert!(!tx.has_writes());
    tx.put(&scope(), &PLAIN, &"y".into(), &1).await.unwrap();
    put(&store, &world, "a", 1, &item(1, "")).await;
    assert_eq!(store.commit(tx).await, Err(StoreError::Conflict));
}

#[tokio::test]
async fn scopes_do_not_see_each_other() {
    let (store, world) = memory().await;
    write(&store, &world, async |tx: &Tx| {
        tx.put(&scope(), &ITEMS, &("a".into(), 1), &item(1, "")).await?;
        tx.put(&scope(), &PLAIN, &"a".into(), &1).await?;
        tx.add(&scope(), &COUNT, &"a".into(), 1).await
    })
    .await;
    let tx = store.begin(&world).unwrap();
    let (other_region, other_account) =
        (Scope::new("000000000000", "eu-west-1"), Scope::new("111111111111", "us-east-1"));
    for other in [&other_region, &other_account] {
        assert_eq!(tx.range(other, &ITEMS, KeyRange::all(), 10).await.unwrap(), []);
        assert_eq!(tx.index_keys(other, &ITEMS, &BY_NOTE, KeyRange::all(), 10).await.unwrap(), []);
        assert_eq!(tx.counter(other, &COUNT, &"a".into()).await.unwrap(), 0);
    }
    // This table is the account's, whatever the region.
    assert_eq!(tx.get(&other_region, &PLAIN, &"a".into()).await.unwrap(), Some(1));
    assert_eq!(tx.get(&other_account, &PLAIN, &"a".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_field_can_be_added() {
    #[derive(Serialize, Deserialize)]
    struct Old {
        name: String,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct New {
        #[serde(default)]
        age: u32,
        name: String,
    }
    static OLD: Table<u64, Old> = Table::world("test", "people");
    static NEW: Table<u64, New> = Table::world("test", "people");
    static WRONG: Table<u64, i64> = Table::world("test", "people");
    let (store, world) = memory().await;
    write(&store, &world, async |tx: &Tx| tx.put(&Scope::world(), &OLD, &1, &Old { name: "x".into() }).await).await;
    let tx = store.begin(&world).unwrap();
    assert_eq!(tx.get(&scope(), &NEW, &1).await.unwrap(), Some(New { age: 0, name: "x".into() }));
    assert!(matches!(tx.get(&scope(), &WRONG, &1).await, Err(StoreError::Record(_))));
}

#[tokio::test]
async fn sizes_are_bounded() {
    static BLOBS: Table<String, Vec<u8>> = Table::world("test", "blobs");
    let (store, world) = memory().await;
    let tx = store.begin(&world).unwrap();
    let long = "x".repeat(20_000);
    assert!(matches!(tx.get(&scope(), &PLAIN, &long).await, Err(StoreError::TooLarge { what: "a key", .. })));
    let large = vec![0_u8; kumoi_store::MAX_RECORD + 1];
    let refused = tx.put(&scope(), &BLOBS, &"a".into(), &large).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { what: "a record", .. })));
    let nul = Scope::new("a\0b", "");
    assert!(matches!(tx.get(&nul, &PLAIN, &"a".into()).await, Err(StoreError::InvalidKey(_))));
}

#[tokio::test]
async fn pages_of_an_index_go_on_between_equal_entries() {
    let (store, world) = memory().await;
    for number in 0..7 {
        put(&store, &world, "a", number, &item(1, "same")).await;
    }
    let tx = store.begin(&world).unwrap();
    let (mut seen, mut range) = (Vec::new(), KeyRange::all());
    loop {
        let page = tx.index_keys(&scope(), &ITEMS, &BY_NOTE, range.clone(), 3).await.unwrap();
        let Some((note, key)) = page.last() else { break };
        range = KeyRange::all().after_entry(note, key);
        seen.extend(page.into_iter().map(|(_, (_, number))| number));
    }
    assert_eq!(seen, (0..7).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_counter_stays_within_its_bounds() {
    let (store, world) = memory().await;
    for _ in 0..2 {
        write(&store, &world, async |tx: &Tx| tx.add(&scope(), &COUNT, &"a".into(), i64::MAX).await).await;
    }
    let tx = store.begin(&world).unwrap();
    assert_eq!(tx.counter(&scope(), &COUNT, &"a".into()).await.unwrap(), i64::MAX);
    tx.clear_counter(&scope(), &COUNT, &"a".into()).await.unwrap();
    tx.add(&scope(), &COUNT, &"a".into(), -2).await.unwrap();
    tx.add(&scope(), &COUNT, &"a".into(), 5).await.unwrap();
    assert_eq!(tx.counter(&scope(), &COUNT, &"a".into()).await.unwrap(), 3);
    store.commit(tx).await.unwrap();
    write(&store, &world, async |tx: &Tx| tx.add(&scope(), &COUNT, &"a".into(), -3).await).await;
    assert_eq!(store.stats().entries, 0, "a counter at 0 takes no space");
}

#[tokio::test]
async fn an_empty_range_is_empty() {
    let (store, world) = memory().await;
    put(&store, &world, "m", 1, &item(1, "")).await;
    let tx = store.begin(&world).unwrap();
    tx.put(&scope(), &ITEMS, &("n".into(), 1), &item(1, "")).await.unwrap();
    let backwards = KeyRange::all().from(&("z",)).before(&("a",));
    assert_eq!(tx.range(&scope(), &ITEMS, backwards.clone(), 10).await.unwrap(), []);
    assert_eq!(tx.count_range(&scope(), &ITEMS, backwards.clone()).await.unwrap(), 0);
    assert_eq!(tx.delete_range(&scope(), &ITEMS, backwards).await.unwrap(), 0);
}

#[tokio::test]
async fn who_began_before_a_reset_does_not_write_after_it() {
    let store = Store::open(StoreConfig::memory()).await.unwrap();
    let (default, other) = (WorldId::default(), world("other"));
    let incarnation = |world: &WorldId| store.begin(world).unwrap().incarnation();
    let (writer, waiter) = (store.begin(&default).unwrap(), store.begin(&default).unwrap());
    let before = writer.incarnation();
    // Reads nothing.
    writer.put(&scope(), &PLAIN, &"p".into(), &1).await.unwrap();
    assert_eq!(incarnation(&default), before);
    store.reset(&default).await.unwrap();
    assert_eq!(store.commit(writer).await, Err(StoreError::Conflict));
    store.changed(waiter).await;
    assert_ne!(incarnation(&default), before);
    store.create_world(&other).await.unwrap();
    let first = incarnation(&other);
    store.drop_world(&other).await.unwrap();
    store.fork(&default, &other).await.unwrap();
    assert_ne!(incarnation(&other), first);
}

#[test]
fn the_scope_of_the_world_is_shared() {
    let (a, b) = (Scope::world(), Scope::world());
    assert!(std::sync::Arc::ptr_eq(&a.account, &b.account) && a == Scope::new("", ""));
}

#[tokio::test]
async fn writes_that_know_the_record_keep_the_indexes() {
    let (store, world) = memory().await;
    let key = ("a".to_owned(), 1);
    let notes = async || {
        let tx = store.begin(&world).unwrap();
        let shared = tx.get_shared(&scope(), &ITEMS, &key).await.unwrap();
        let found = tx.index(&scope(), &ITEMS, &BY_NOTE, KeyRange::all(), 9).await.unwrap();
        assert_eq!(shared.as_deref(), found.first().map(|(_, _, item)| item), "shared or not, it is the record");
        found.into_iter().map(|(note, ..)| note).collect::<Vec<_>>()
    };
    write(&store, &world, async |tx: &Tx| tx.insert(&scope(), &ITEMS, &key, &item(1, "x")).await).await;
    assert_eq!(notes().await, ["x"]);
    write(&store, &world, async |tx: &Tx| {
        let mut read = tx.get(&scope(), &ITEMS, &key).await?.unwrap();
        tx.modify(&scope(), &ITEMS, &key, &mut read, |item| item.note = "y".into()).await
    })
    .await;
    assert_eq!(notes().await, ["y"]);
    write(&store, &world, async |tx: &Tx| {
        let read = tx.get(&scope(), &ITEMS, &key).await?.unwrap();
        tx.remove(&scope(), &ITEMS, &key, &read).await
    })
    .await;
    assert!(notes().await.is_empty());
}
