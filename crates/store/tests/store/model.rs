//! Random operations on the store and on a simple model must give the same.

use std::collections::BTreeMap;

use kumoi_store::{EngineConfig, Fsync, KeyRange, Store, StoreConfig, StoreError, Tx, WorldId};
use proptest::prelude::*;

use crate::support::{BY_NOTE, BY_STATE, COUNT, ITEMS, Item, PLAIN, chaos, scope, write};

type Key = (String, u64);

#[derive(Clone, Debug, Default, PartialEq)]
struct World {
    items: BTreeMap<Key, Item>,
    plain: BTreeMap<String, i64>,
    counts: BTreeMap<String, i64>,
}

#[derive(Clone, Debug)]
enum Change {
    Put(Key, Item),
    Plain(String, i64),
    Delete(Key),
    DeletePlain(String),
    DeleteGroup(String),
    Add(String, i64),
    Clear(String),
}

#[derive(Clone, Debug)]
enum Step {
    Commit(u8, Vec<Change>),
    Abandon(u8, Vec<Change>),
    Look(u8, Key, usize),
    Fork(u8, u8),
    Reset(u8),
    Drop(u8),
    SaveLoad(u8, u8),
    Checkpoint,
    Close,
    Kill,
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("a".into()), Just("a\0".into()), Just("ab".into()), Just("é".into())]
}

fn key() -> impl Strategy<Value = Key> {
    (text(), prop_oneof![0..4_u64, Just(255), Just(256), Just(u64::MAX)])
}

fn change() -> impl Strategy<Value = Change> {
    let item = (0..3_u8, text()).prop_map(|(state, note)| Item { state, note });
    prop_oneof![
        4 => (key(), item).prop_map(|(key, item)| Change::Put(key, item)),
        2 => (text(), -3..3_i64).prop_map(|(key, value)| Change::Plain(key, value)),
        2 => key().prop_map(Change::Delete),
        1 => text().prop_map(Change::DeletePlain),
        1 => text().prop_map(Change::DeleteGroup),
        2 => (text(), -2..3_i64).prop_map(|(key, delta)| Change::Add(key, delta)),
        1 => text().prop_map(Change::Clear),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let changes = || proptest::collection::vec(change(), 0..6);
    prop_oneof![
        12 => (0..4_u8, changes()).prop_map(|(world, changes)| Step::Commit(world, changes)),
        2 => (0..4_u8, changes()).prop_map(|(world, changes)| Step::Abandon(world, changes)),
        5 => (0..4_u8, key(), 0..5_usize).prop_map(|(world, key, limit)| Step::Look(world, key, limit)),
        3 => (0..4_u8, 0..4_u8).prop_map(|(from, to)| Step::Fork(from, to)),
        1 => (0..4_u8).prop_map(Step::Reset),
        2 => (0..4_u8).prop_map(Step::Drop),
        1 => (0..4_u8, 0..4_u8).prop_map(|(from, to)| Step::SaveLoad(from, to)),
        3 => Just(Step::Checkpoint),
        1 => Just(Step::Close),
        1 => Just(Step::Kill),
    ]
}

fn id(world: u8) -> WorldId {
    if world == 0 { WorldId::default() } else { WorldId::new(&format!("w{world}")).unwrap() }
}

async fn change_store(tx: &Tx, change: &Change) -> Result<(), StoreError> {
    let scope = scope();
    match change {
        Change::Put(key, item) => tx.put(&scope, &ITEMS, key, item).await?,
        Change::Plain(key, value) => tx.put(&scope, &PLAIN, key, value).await?,
        Change::Delete(key) => {
            tx.delete(&scope, &ITEMS, key).await?;
        }
        Change::DeletePlain(key) => {
            tx.delete(&scope, &PLAIN, key).await?;
        }
        Change::DeleteGroup(group) => {
            tx.delete_range(&scope, &ITEMS, KeyRange::prefix(&(group.as_str(),))).await?;
        }
        Change::Add(key, delta) => tx.add(&scope, &COUNT, key, *delta).await?,
        Change::Clear(key) => tx.clear_counter(&scope, &COUNT, key).await?,
    }
    Ok(())
}

fn change_model(world: &mut World, change: &Change) {
    match change.clone() {
        Change::Put(key, item) => drop(world.items.insert(key, item)),
        Change::Plain(key, value) => drop(world.plain.insert(key, value)),
        Change::Delete(key) => drop(world.items.remove(&key)),
        Change::DeletePlain(key) => drop(world.plain.remove(&key)),
        Change::DeleteGroup(group) => world.items.retain(|key, _| key.0 != group),
        Change::Add(key, delta) => *world.counts.entry(key).or_default() += delta,
        Change::Clear(key) => drop(world.counts.remove(&key)),
    }
}

/// Everything that can be asked agrees.
async fn compare(tx: &Tx, world: &World, around: &Key, limit: usize) {
    let scope = scope();
    let all = tx.range(&scope, &ITEMS, KeyRange::all(), usize::MAX).await.unwrap();
    assert_eq!(all, world.items.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(tx.count_range(&scope, &ITEMS, KeyRange::all()).await.unwrap(), all.len());
    assert_eq!(tx.get(&scope, &ITEMS, around).await.unwrap(), world.items.get(around).cloned());
    let plain = tx.range(&scope, &PLAIN, KeyRange::all().reversed(), usize::MAX).await.unwrap();
    assert_eq!(plain, world.plain.clone().into_iter().rev().collect::<Vec<_>>());
    for key in ["", "a", "a\0", "ab", "é"] {
        let key = key.to_owned();
        let count = tx.counter(&scope, &COUNT, &key).await.unwrap();
        assert_eq!(count, world.counts.get(&key).copied().unwrap_or(0));
    }

    type Admits<'a> = &'a dyn Fn(&Key) -> bool;
    let ranges: [(KeyRange<Key>, Admits<'_>); 6] = [
        (KeyRange::prefix(&(around.0.as_str(),)), &|key| key.0 == around.0),
        (KeyRange::all().from(around), &|key| key >= around),
        (KeyRange::all().after(around), &|key| key > around),
        (KeyRange::all().before(around), &|key| key < around),
        (KeyRange::all().until(&(around.0.as_str(),)), &|key| key.0 <= around.0),
        (KeyRange::starts_with(&(), &around.0), &|key| key.0.starts_with(&around.0)),
    ];
    for (range, admits) in ranges {
        let mut expected: Vec<_> = all.iter().filter(|(key, _)| admits(key)).cloned().collect();
        assert_eq!(tx.count_range(&scope, &ITEMS, range.clone()).await.unwrap(), expected.len());
        let first = tx.range(&scope, &ITEMS, range.clone(), limit).await.unwrap();
        assert_eq!(first, expected.iter().take(limit).cloned().collect::<Vec<_>>());
        expected.reverse();
        let last = tx.range(&scope, &ITEMS, range.reversed(), limit).await.unwrap();
        assert_eq!(last, expected.into_iter().take(limit).collect::<Vec<_>>());
    }

    let mut by_state: Vec<_> = all
        .iter()
        .filter(|(_, item)| item.state > 0)
        .map(|(key, item)| ((key.0.clone(), item.state), key.clone(), item.clone()))
        .collect();
    by_state.sort();
    let found = tx.index(&scope, &ITEMS, &BY_STATE, KeyRange::all(), usize::MAX).await.unwrap();
    assert_eq!(found, by_state);
    let mut by_note: Vec<_> = all.iter().map(|(key, item)| (item.note.clone(), key.clone())).collect();
    by_note.sort();
    let found = tx.index_keys(&scope, &ITEMS, &BY_NOTE, KeyRange::all(), usize::MAX).await.unwrap();
    assert_eq!(found, by_note);
    let one = by_note.iter().filter(|(note, _)| *note == around.0).count();
    let counted = tx.count_index(&scope, &ITEMS, &BY_NOTE, KeyRange::prefix(&around.0.as_str())).await.unwrap();
    assert_eq!(counted, one);
}

async fn run(config: StoreConfig, steps: Vec<Step>) {
    let mut store = Store::open(config.clone()).await.unwrap();
    let mut model = BTreeMap::from([(id(0), World::default())]);
    let lasts = match &config.engine {
        EngineConfig::Disk { .. } => true,
        EngineConfig::Chaos { inner, .. } => **inner != EngineConfig::Memory,
        _ => false,
    };
    for step in steps {
        match step {
            Step::Commit(world, changes) => {
                let Some(expected) = model.get_mut(&id(world)) else {
                    assert_eq!(store.begin(&id(world)).err(), Some(StoreError::UnknownWorld(id(world))));
                    continue;
                };
                write(&store, &id(world), async |tx: &Tx| {
                    for change in &changes {
                        change_store(tx, change).await?;
                    }
                    Ok(())
                })
                .await;
                changes.iter().for_each(|change| change_model(expected, change));
            }
            Step::Abandon(world, changes) => {
                let Some(mut expected) = model.get(&id(world)).cloned() else { continue };
                let tx = store.begin(&id(world)).unwrap();
                for change in &changes {
                    change_store(&tx, change).await.unwrap();
                    change_model(&mut expected, change);
                }
                compare(&tx, &expected, &("a".into(), 1), 2).await;
            }
            Step::Look(world, key, limit) => {
                let Some(expected) = model.get(&id(world)) else { continue };
                compare(&store.begin(&id(world)).unwrap(), expected, &key, limit).await;
            }
            Step::Fork(from, to) => {
                let outcome = store.fork(&id(from), &id(to)).await;
                let expected = match (model.get(&id(from)).cloned(), model.get(&id(to))) {
                    (_, Some(_)) => Err(StoreError::WorldExists(id(to))),
                    (None, None) => Err(StoreError::UnknownWorld(id(from))),
                    (Some(world), None) => {
                        model.insert(id(to), world);
                        Ok(())
                    }
                };
                assert_eq!(outcome, expected);
            }
            Step::Reset(world) => {
                let outcome = store.reset(&id(world)).await;
                assert_eq!(outcome.is_ok(), model.get_mut(&id(world)).map(|world| *world = World::default()).is_some());
            }
            Step::Drop(world) => {
                let outcome = store.drop_world(&id(world)).await;
                if world == 0 {
                    assert_eq!(outcome, Err(StoreError::DefaultWorld));
                } else {
                    assert_eq!(outcome.is_ok(), model.remove(&id(world)).is_some());
                }
            }
            Step::SaveLoad(from, to) => {
                let Some(world) = model.get(&id(from)).cloned() else { continue };
                let mut bytes = Vec::new();
                let saved = store.save(&id(from), &mut bytes).await.unwrap();
                let loaded = store.load(&id(to), &mut bytes.as_slice()).await.unwrap();
                assert_eq!(saved, loaded);
                model.insert(id(to), world);
                assert_eq!(store.diff(&id(from), &id(to), 10).await.unwrap(), []);
            }
            Step::Checkpoint => store.checkpoint().await.unwrap(),
            Step::Close if lasts => {
                store.close().await;
                assert_eq!(store.begin(&id(0)).err(), Some(StoreError::Closed));
                store = Store::open(config.clone()).await.unwrap();
            }
            Step::Kill if lasts => {
                drop(store);
                store = Store::open(config.clone()).await.unwrap();
            }
            Step::Close | Step::Kill => {}
        }
    }
    let names: Vec<WorldId> = store.worlds().into_iter().map(|world| world.id).collect();
    assert_eq!(names, model.keys().cloned().collect::<Vec<_>>());
    for (world, expected) in &model {
        compare(&store.begin(world).unwrap(), expected, &("a".into(), 0), 3).await;
    }
    store.close().await;
}

fn block_on(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(150))]
    #[test]
    fn memory_agrees_with_the_model(steps in proptest::collection::vec(step(), 0..60)) {
        block_on(run(StoreConfig::memory(), steps));
    }
}

proptest! {
    #![proptest_config(cases(60))]
    #[test]
    fn disk_agrees_with_the_model(steps in proptest::collection::vec(step(), 0..60)) {
        let dir = tempfile::tempdir().unwrap();
        block_on(run(StoreConfig::disk(dir.path(), Fsync::Never), steps));
    }
}

proptest! {
    #![proptest_config(cases(8))]
    #[test]
    fn chaos_agrees_with_the_model(steps in proptest::collection::vec(step(), 0..25), seed: u64) {
        let dir = tempfile::tempdir().unwrap();
        let disk = EngineConfig::Disk { dir: dir.path().into(), fsync: Fsync::Never };
        block_on(run(chaos(disk, seed), steps.clone()));
        block_on(run(chaos(EngineConfig::Memory, seed), steps));
    }
}
