//! What the tests share.

use std::path::Path;
use std::time::Duration;

use kumoi_store::{Counter, EngineConfig, Fsync, Index, Scope, Store, StoreConfig, StoreError, Table, Tx, WorldId};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Item {
    /// 0 is in no index.
    pub state: u8,
    pub note: String,
}

pub fn item(state: u8, note: &str) -> Item {
    Item { state, note: note.to_owned() }
}

pub static ITEMS: Table<(String, u64), Item> = Table::region("test", "items").indexed(&[&BY_STATE, &BY_NOTE]);
pub static BY_STATE: Index<(String, u64), Item, (String, u8)> =
    Index::new("state", |(group, _), item| (item.state > 0).then(|| (group.clone(), item.state)));
pub static BY_NOTE: Index<(String, u64), Item, String> = Index::new("note", |_, item| Some(item.note.clone()));
pub static PLAIN: Table<String, i64> = Table::account("test", "plain");
pub static COUNT: Counter<String> = Counter::region("test", "count");

pub fn scope() -> Scope {
    Scope::new("000000000000", "us-east-1")
}

pub fn world(name: &str) -> WorldId {
    WorldId::new(name).unwrap()
}

pub fn chaos(inner: EngineConfig, seed: u64) -> StoreConfig {
    let max_delay = Duration::from_micros(300);
    StoreConfig { engine: EngineConfig::Chaos { inner: Box::new(inner), seed, max_delay, conflict_rate: 0.2 } }
}

/// Every engine, the disk ones in this directory.
pub fn engines(dir: &Path) -> Vec<StoreConfig> {
    vec![
        StoreConfig::memory(),
        StoreConfig::disk(dir.join("never"), Fsync::Never),
        StoreConfig::disk(dir.join("interval"), Fsync::Interval(Duration::from_millis(5))),
        StoreConfig::disk(dir.join("always"), Fsync::Always),
        chaos(EngineConfig::Memory, 1),
        chaos(EngineConfig::Disk { dir: dir.join("chaos"), fsync: Fsync::Never }, 2),
    ]
}

/// Runs a transaction until it does not conflict, on the present and on snapshots in turn, within a spawned task: the future of an async
/// closure is not known to be `Send` for every lifetime.
macro_rules! commit {
    ($store:expr, $world:expr, |$tx:ident| $work:block) => {{
        let mut live = false;
        loop {
            live = !live;
            let $tx = if live { $store.begin_live($world).unwrap() } else { $store.begin($world).unwrap() };
            let outcome: Result<_, kumoi_store::StoreError> = async { $work }.await;
            let outcome = match outcome {
                Ok(value) => $store.commit($tx).await.map(|()| value),
                Err(error) => Err(error),
            };
            match outcome {
                Err(kumoi_store::StoreError::Conflict) => tokio::task::yield_now().await,
                outcome => break outcome.unwrap(),
            }
        }
    }};
}
pub(crate) use commit;

/// Runs a transaction until it does not conflict.
pub async fn write<T>(store: &Store, world: &WorldId, work: impl AsyncFn(&Tx) -> Result<T, StoreError>) -> T {
    loop {
        let tx = store.begin(world).unwrap();
        let value = work(&tx).await.unwrap();
        match store.commit(tx).await {
            Err(StoreError::Conflict) => tokio::task::yield_now().await,
            outcome => {
                outcome.unwrap();
                return value;
            }
        }
    }
}

pub async fn put(store: &Store, world: &WorldId, group: &str, number: u64, item: &Item) {
    write(store, world, async |tx: &Tx| tx.put(&scope(), &ITEMS, &(group.to_owned(), number), item).await).await;
}

pub async fn notes(store: &Store, world: &WorldId) -> Vec<String> {
    let tx = store.begin(world).unwrap();
    let found = tx.range(&scope(), &ITEMS, kumoi_store::KeyRange::all(), usize::MAX).await.unwrap();
    found.into_iter().map(|(_, item)| item.note).collect()
}
