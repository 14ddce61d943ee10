//! What a checkpoint writes into the base: changed entries, merged layers, and where every world stands. All in one transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use redb::{Database, ReadableTable, Table, WriteTransaction};

use super::base::{APPLIED, ENTRIES, LAYERS, NEXT_LAYER, STATE, WORLDS, encode_layers, entry_key, entry_value, failed};
use crate::StoreError;
use crate::engine::map::Map;

/// The worlds at one moment, for a checkpoint to write out.
#[derive(Debug)]
pub(crate) struct Cut {
    /// The number of the last record of the log that it has.
    pub applied: u64,
    pub next_layer: u64,
    pub worlds: Vec<CutWorld>,
}

#[derive(Debug)]
pub(crate) struct CutWorld {
    pub name: String,
    pub list: Arc<[u64]>,
    pub top: Option<u64>,
    /// What changed since the last checkpoint; it goes to the top layer.
    pub changes: Option<Map>,
}

/// Writes a cut; the layers that became part of their neighbours.
pub(super) fn fold(database: &Database, cut: &Cut) -> Result<Vec<u64>, StoreError> {
    let mut tx = database.begin_write().map_err(failed)?;
    // Costs a little with each checkpoint, and spares the next start after a crash from reading the whole file.
    tx.set_quick_repair(true);
    let merged = write(&tx, cut)?;
    tx.commit().map_err(failed)?;
    Ok(merged)
}

fn write(tx: &WriteTransaction, cut: &Cut) -> Result<Vec<u64>, StoreError> {
    let mut base =
        Base { entries: tx.open_table(ENTRIES).map_err(failed)?, sizes: tx.open_table(LAYERS).map_err(failed)? };
    for world in &cut.worlds {
        if let (Some(top), Some(changes)) = (world.top, &world.changes) {
            base.write_changes(top, changes, world.list.last() == Some(&top))?;
        }
    }
    base.delete_unlisted(cut)?;
    let mut merged = Vec::new();
    for (upper, lower, is_bottom) in neighbours(cut) {
        merged.push(base.merge(upper, lower, is_bottom)?);
    }
    let mut worlds = tx.open_table(WORLDS).map_err(failed)?;
    worlds.retain(|_, _| false).map_err(failed)?;
    for world in &cut.worlds {
        let list: Vec<u64> = world.list.iter().copied().filter(|layer| !merged.contains(layer)).collect();
        worlds.insert(world.name.as_str(), encode_layers(&list, world.top.is_some()).as_slice()).map_err(failed)?;
    }
    let mut state = tx.open_table(STATE).map_err(failed)?;
    state.insert(APPLIED, cut.applied).map_err(failed)?;
    state.insert(NEXT_LAYER, cut.next_layer).map_err(failed)?;
    Ok(merged)
}

/// Pairs of layers, the newer first, that occur only together and next to each other, with whether the older lies at the bottom. No layer
/// is in two pairs: longer runs take several checkpoints.
fn neighbours(cut: &Cut) -> Vec<(u64, u64, bool)> {
    let mut occurrences: BTreeMap<u64, usize> = BTreeMap::new();
    let mut pairs: BTreeMap<(u64, u64), (usize, bool)> = BTreeMap::new();
    for world in &cut.worlds {
        for (at, layer) in world.list.iter().enumerate() {
            *occurrences.entry(*layer).or_default() += 1;
            if let Some(lower) = world.list.get(at + 1) {
                pairs.entry((*layer, *lower)).or_insert((0, at + 2 == world.list.len())).0 += 1;
            }
        }
    }
    let mut taken = BTreeSet::new();
    let mut found = Vec::new();
    for ((upper, lower), (together, is_bottom)) in pairs {
        let only_together = occurrences.get(&upper) == Some(&together) && occurrences.get(&lower) == Some(&together);
        if only_together && !taken.contains(&upper) && !taken.contains(&lower) {
            taken.extend([upper, lower]);
            found.push((upper, lower, is_bottom));
        }
    }
    found
}

struct Base<'tx> {
    entries: Table<'tx, &'static [u8], &'static [u8]>,
    sizes: Table<'tx, u64, u64>,
}

/// The bounds of a layer.
fn bounds(layer: u64) -> (Vec<u8>, Vec<u8>) {
    (entry_key(layer, &[]), entry_key(layer.saturating_add(1), &[]))
}

impl Base<'_> {
    fn write_changes(&mut self, layer: u64, changes: &Map, is_bottom: bool) -> Result<(), StoreError> {
        let mut size = self.size(layer)?;
        for (key, value) in changes.entries(None) {
            let key = entry_key(layer, key.bytes());
            let was = match value {
                None if is_bottom => {
                    if self.entries.remove(key.as_slice()).map_err(failed)?.is_some() {
                        size = size.saturating_sub(1);
                    }
                    continue;
                }
                value => {
                    let value = entry_value(value.as_ref());
                    self.entries.insert(key.as_slice(), value.as_slice()).map_err(failed)?.is_some()
                }
            };
            size += u64::from(!was);
        }
        self.sizes.insert(layer, size).map_err(failed)?;
        Ok(())
    }

    fn size(&self, layer: u64) -> Result<u64, StoreError> {
        Ok(self.sizes.get(layer).map_err(failed)?.map_or(0, |size| size.value()))
    }

    fn delete_unlisted(&mut self, cut: &Cut) -> Result<(), StoreError> {
        let listed: BTreeSet<u64> = cut.worlds.iter().flat_map(|world| world.list.iter().copied()).collect();
        let mut unlisted = Vec::new();
        for layer in self.sizes.iter().map_err(failed)? {
            let layer = layer.map_err(failed)?.0.value();
            if !listed.contains(&layer) {
                unlisted.push(layer);
            }
        }
        for layer in unlisted {
            self.delete(layer)?;
        }
        Ok(())
    }

    fn delete(&mut self, layer: u64) -> Result<(), StoreError> {
        let (from, to) = bounds(layer);
        self.entries.retain_in::<&[u8], _>(from.as_slice()..to.as_slice(), |_, _| false).map_err(failed)?;
        self.sizes.remove(layer).map_err(failed)?;
        Ok(())
    }

    /// Makes two neighbouring layers one, moving the entries of the smaller; the layer that is no more.
    fn merge(&mut self, upper: u64, lower: u64, is_bottom: bool) -> Result<u64, StoreError> {
        let down = self.size(upper)? <= self.size(lower)?;
        let (source, target) = if down { (upper, lower) } else { (lower, upper) };
        let (mut from, to) = bounds(source);
        let mut size = self.size(target)?;
        loop {
            // A part at a time: the table cannot be read and written at once.
            let mut part = Vec::new();
            for entry in self.entries.range::<&[u8]>(from.as_slice()..to.as_slice()).map_err(failed)?.take(1000) {
                let (key, value) = entry.map_err(failed)?;
                part.push((key.value().to_vec(), value.value().to_vec()));
            }
            let Some((last, _)) = part.last() else { break };
            from = [last.as_slice(), &[0]].concat();
            for (key, value) in part {
                let key = entry_key(target, key.get(8..).unwrap_or_default());
                let hides = value == entry_value(None);
                if down && hides && is_bottom {
                    let was = self.entries.remove(key.as_slice()).map_err(failed)?.is_some();
                    size = size.saturating_sub(u64::from(was));
                } else if down || self.entries.get(key.as_slice()).map_err(failed)?.is_none() {
                    let was = self.entries.insert(key.as_slice(), value.as_slice()).map_err(failed)?.is_some();
                    size += u64::from(!was);
                }
            }
        }
        self.sizes.insert(target, size).map_err(failed)?;
        self.delete(source)?;
        Ok(source)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use redb::{ReadableDatabase, ReadableTableMetadata};

    use super::*;
    use crate::engine::disk::{BASE_FILE, base};
    use crate::{Fsync, Scope, Store, StoreConfig, Table as Records, WorldId};

    static RECORDS: Records<u64, u64> = Records::world("test", "records");

    async fn put(store: &Store, world: &WorldId, keys: std::ops::Range<u64>) {
        let tx = store.begin(world).unwrap();
        for key in keys {
            tx.put(&Scope::world(), &RECORDS, &key, &key).await.unwrap();
        }
        store.commit(tx).await.unwrap();
    }

    /// How many layers and entries the base has.
    fn sizes(dir: &Path) -> (u64, u64) {
        let database = base::open(&dir.join(BASE_FILE)).unwrap();
        let tx = database.begin_read().unwrap();
        (tx.open_table(LAYERS).unwrap().len().unwrap(), tx.open_table(ENTRIES).unwrap().len().unwrap())
    }

    #[tokio::test]
    async fn what_no_world_reads_is_deleted_and_layers_grow_together() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Store::open(StoreConfig::disk(dir.path(), Fsync::Never));
        let (default, fork) = (WorldId::default(), WorldId::new("fork").unwrap());
        let store = open().await.unwrap();
        put(&store, &default, 0..10).await;
        store.checkpoint().await.unwrap();
        store.fork(&default, &fork).await.unwrap();
        put(&store, &default, 0..2).await;
        put(&store, &fork, 20..25).await;
        store.close().await;
        assert_eq!(sizes(dir.path()), (3, 10 + 2 + 5), "the shared layer, and one for each world");

        let store = open().await.unwrap();
        store.drop_world(&fork).await.unwrap();
        store.close().await;
        assert_eq!(sizes(dir.path()), (1, 10), "what two layers had lies in one");

        let store = open().await.unwrap();
        store.reset(&default).await.unwrap();
        store.close().await;
        assert_eq!(sizes(dir.path()), (0, 0));
    }

    #[tokio::test]
    async fn removals_leave_nothing_at_the_bottom() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(StoreConfig::disk(dir.path(), Fsync::Never)).await.unwrap();
        put(&store, &WorldId::default(), 0..10).await;
        store.checkpoint().await.unwrap();
        let tx = store.begin(&WorldId::default()).unwrap();
        tx.delete(&Scope::world(), &RECORDS, &3).await.unwrap();
        store.commit(tx).await.unwrap();
        store.close().await;
        assert_eq!(sizes(dir.path()), (1, 9));
    }
}
