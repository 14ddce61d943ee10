//! Concurrent transactions come out as if they had run one after the other.

use std::sync::Arc;

use kumoi_store::{Counter, KeyRange, Store, StoreError, Table, Tx, WorldId};

use crate::support::{commit, engines, scope, write};

static ACCOUNTS: Table<u64, i64> = Table::region("bank", "accounts");
static TRANSFERS: Counter<()> = Counter::region("bank", "transfers");
static TICKETS: Table<u64, u64> = Table::region("bank", "tickets");

const ACCOUNT_COUNT: u64 = 5;
const EACH: i64 = 100;
const TASKS: u64 = 6;
const ROUNDS: u64 = 25;

/// All money there is, read account by account.
async fn total(store: &Store) -> i64 {
    commit!(store, &WorldId::default(), |tx| {
        let mut total = 0;
        for account in 0..ACCOUNT_COUNT {
            total += tx.get(&scope(), &ACCOUNTS, &account).await?.unwrap();
            tokio::task::yield_now().await;
        }
        Ok(total)
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn money_is_neither_made_nor_lost() {
    let dir = tempfile::tempdir().unwrap();
    for config in engines(dir.path()) {
        let store = Store::open(config.clone()).await.unwrap();
        let world = WorldId::default();
        write(&store, &world, async |tx: &Tx| {
            for account in 0..ACCOUNT_COUNT {
                tx.put(&scope(), &ACCOUNTS, &account, &EACH).await?;
            }
            Ok(())
        })
        .await;
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..TASKS {
            let (store, world) = (store.clone(), world.clone());
            tasks.spawn(async move {
                for round in 0..ROUNDS {
                    let (from, to) = ((task + round) % ACCOUNT_COUNT, (task * 3 + round * 2 + 1) % ACCOUNT_COUNT);
                    transfer(&store, &world, from, to, 7).await;
                    // A reader sees every transfer whole.
                    assert_eq!(total(&store).await, EACH * ACCOUNT_COUNT as i64);
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        let tx = store.begin(&world).unwrap();
        assert_eq!(tx.counter(&scope(), &TRANSFERS, &()).await.unwrap(), (TASKS * ROUNDS) as i64, "{config:?}");
        let tickets = tx.range(&scope(), &TICKETS, KeyRange::all(), usize::MAX).await.unwrap();
        // Each took the number after the last, so a lost update would leave a number out.
        assert_eq!(tickets.len() as u64, TASKS * ROUNDS);
        assert_eq!(tickets.last().unwrap().0, TASKS * ROUNDS);
        store.close().await;
    }
}

async fn transfer(store: &Store, world: &WorldId, from: u64, to: u64, amount: i64) {
    commit!(store, world, |tx| {
        let scope = scope();
        let last = tx.range(&scope, &TICKETS, KeyRange::all().reversed(), 1).await?;
        let ticket = last.first().map_or(1, |(ticket, _)| ticket + 1);
        let balance = tx.get(&scope, &ACCOUNTS, &from).await?.unwrap();
        tx.put(&scope, &ACCOUNTS, &from, &(balance - amount)).await?;
        let balance = tx.get(&scope, &ACCOUNTS, &to).await?.unwrap();
        tx.put(&scope, &ACCOUNTS, &to, &(balance + amount)).await?;
        tx.put(&scope, &TICKETS, &ticket, &from).await?;
        tx.add(&scope, &TRANSFERS, &(), 1).await
    });
}

#[tokio::test]
async fn write_skew_is_refused() {
    let store = Store::open(Default::default()).await.unwrap();
    let world = WorldId::default();
    let (one, two) = (store.begin(&world).unwrap(), store.begin(&world).unwrap());
    // Both find the range empty, and write what the other one looked for.
    for (tx, key) in [(&one, 1_u64), (&two, 2)] {
        assert_eq!(tx.count_range(&scope(), &TICKETS, KeyRange::all()).await.unwrap(), 0);
        tx.put(&scope(), &TICKETS, &key, &0).await.unwrap();
    }
    store.commit(one).await.unwrap();
    assert_eq!(store.commit(two).await, Err(StoreError::Conflict));
    assert_eq!(store.stats().conflicts, 1);
}

#[tokio::test]
async fn what_was_not_read_does_not_conflict() {
    let store = Store::open(Default::default()).await.unwrap();
    let world = WorldId::default();
    write(&store, &world, async |tx: &Tx| {
        for key in 0..10 {
            tx.put(&scope(), &TICKETS, &key, &0).await?;
        }
        Ok(())
    })
    .await;
    let (page, blind, adds) =
        (store.begin(&world).unwrap(), store.begin(&world).unwrap(), store.begin(&world).unwrap());
    // A page of the first three does not read the fourth.
    assert_eq!(page.range(&scope(), &TICKETS, KeyRange::all(), 3).await.unwrap().len(), 3);
    page.put(&scope(), &TICKETS, &100, &0).await.unwrap();
    blind.put(&scope(), &TICKETS, &3, &1).await.unwrap();
    adds.add(&scope(), &TRANSFERS, &(), 5).await.unwrap();
    write(&store, &world, async |tx: &Tx| {
        tx.put(&scope(), &TICKETS, &3, &9).await?;
        tx.put(&scope(), &TICKETS, &11, &9).await?;
        tx.add(&scope(), &TRANSFERS, &(), 2).await
    })
    .await;
    for tx in [page, blind, adds] {
        store.commit(tx).await.unwrap();
    }
    let tx = store.begin(&world).unwrap();
    assert_eq!(tx.get(&scope(), &TICKETS, &3).await.unwrap(), Some(1));
    assert_eq!(tx.counter(&scope(), &TRANSFERS, &()).await.unwrap(), 7);
    // From the other end the fourth from the last is out of sight, and the last is not.
    let (far, near) = (store.begin(&world).unwrap(), store.begin(&world).unwrap());
    for tx in [&far, &near] {
        tx.range(&scope(), &TICKETS, KeyRange::all().reversed(), 2).await.unwrap();
        tx.add(&scope(), &TRANSFERS, &(), 1).await.unwrap();
    }
    write(&store, &world, async |tx: &Tx| tx.put(&scope(), &TICKETS, &4, &1).await).await;
    store.commit(far).await.unwrap();
    write(&store, &world, async |tx: &Tx| tx.put(&scope(), &TICKETS, &100, &1).await).await;
    assert_eq!(store.commit(near).await, Err(StoreError::Conflict));
}

#[tokio::test]
async fn a_snapshot_too_old_to_check_conflicts() {
    let store = Arc::new(Store::open(Default::default()).await.unwrap());
    let world = WorldId::default();
    let old = store.begin(&world).unwrap();
    old.get(&scope(), &TICKETS, &u64::MAX).await.unwrap();
    old.put(&scope(), &TICKETS, &0, &0).await.unwrap();
    for _ in 0..70 {
        write(&store, &world, async |tx: &Tx| {
            for key in 0..1000 {
                tx.put(&scope(), &TICKETS, &key, &0).await?;
            }
            Ok(())
        })
        .await;
    }
    assert_eq!(store.commit(old).await, Err(StoreError::Conflict));
}
