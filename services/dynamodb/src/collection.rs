//! Item collections: all items of one partition key, in a table that has local indexes, and what those have of them.
//!
//! Follows "Item collections in Local Secondary Indexes" of the Developer Guide: a collection has at most 10 GB.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Reply};
use kumoi_expressions::{Item, item_size};
use kumoi_model::Value;

use crate::api::ItemCollectionMetrics;
use crate::attribute::value;
use crate::key::KeyBytes;
use crate::table::{Located, TableRecord};
use crate::tables::COLLECTIONS;
use crate::write::{entry, projected_size};

const GIGABYTE: i64 = 1 << 30;

/// The most bytes of a collection.
const MAX: i64 = 10 * GIGABYTE;

/// Whether the items of a table lie in collections.
fn any(table: &TableRecord) -> bool {
    table.indexes.iter().any(|index| !index.global)
}

/// Bytes that an item adds to its collection.
fn size(table: &TableRecord, item: Option<&Item>) -> i64 {
    let Some(item) = item else { return 0 };
    let local = table.indexes.iter().filter(|index| !index.global && entry(index, Some(item)).is_some());
    let bytes = item_size(item) + local.map(|index| projected_size(&table.key, index, item)).sum::<usize>();
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn grows(table: &TableRecord, old: Option<&Item>, new: Option<&Item>) -> i64 {
    size(table, new).saturating_sub(size(table, old))
}

/// Whether a collection has room for a change of an item. What others write at the same moment is not looked at.
pub(crate) async fn has_room(
    cx: &Cx,
    at: &Located,
    key: &KeyBytes,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Reply<bool> {
    if !any(&at.table) {
        return Ok(true);
    }
    let growth = grows(&at.table, old, new);
    Ok(growth <= 0 || fits(glance(cx, at, &key.partition).await?, growth))
}

fn fits(bytes: i64, growth: i64) -> bool {
    bytes.saturating_add(growth) <= MAX
}

async fn glance(cx: &Cx, at: &Located, partition: &[u8]) -> Reply<i64> {
    let key = (at.table.id, partition.to_vec());
    Ok(cx.tx().glance(&at.scope, &COLLECTIONS, &key).await?)
}

/// Counts a change of an item.
pub(crate) async fn count(cx: &Cx, at: &Located, key: &KeyBytes, old: Option<&Item>, new: Option<&Item>) -> Reply<()> {
    let growth = if any(&at.table) { grows(&at.table, old, new) } else { 0 };
    if growth != 0 {
        let key = (at.table.id, key.partition.clone());
        cx.tx().add(&at.scope, &COLLECTIONS, &key, growth).await?;
    }
    Ok(())
}

/// What a request is told of the collection of an item that it has written, as its `ReturnItemCollectionMetrics` asks. `item` is the item or its key.
pub(crate) async fn told(
    cx: &Cx,
    at: &Located,
    item: &Item,
    asked: Option<&str>,
) -> Reply<Option<ItemCollectionMetrics>> {
    let partition = at.table.key.partition.first().and_then(|attribute| Some((attribute, item.get(&attribute.name)?)));
    let (true, Some("SIZE"), Some((attribute, given))) = (any(&at.table), asked, partition) else { return Ok(None) };
    let bytes = glance(cx, at, &given.key_bytes().unwrap_or_default()).await?;
    Ok(Some(ItemCollectionMetrics {
        item_collection_key: Some([(attribute.name.clone(), value(given.clone()))].into()),
        size_estimate_range_gb: Some(range(bytes)),
    }))
}

/// The whole gigabytes between which a size lies.
fn range(bytes: i64) -> Vec<f64> {
    let low = (bytes / GIGABYTE) as f64;
    vec![low, low + 1.0]
}

/// The collections that several writes have changed, by the name that the request has for the table; each is told once.
#[derive(Default)]
pub(crate) struct Collections {
    told: BTreeMap<String, Vec<ItemCollectionMetrics>>,
}

impl Collections {
    /// Adds what [`told`] says.
    pub(crate) fn add(&mut self, table: &str, metrics: Option<ItemCollectionMetrics>) {
        let Some(metrics) = metrics else { return };
        let list = self.told.entry(table.to_owned()).or_default();
        let key = |metrics: &ItemCollectionMetrics| -> Option<BTreeMap<String, Value>> {
            metrics.item_collection_key.clone()
        };
        match list.iter_mut().find(|known| key(known) == key(&metrics)) {
            Some(known) => *known = metrics,
            None => list.push(metrics),
        }
    }

    /// All of them; `None` where no table has any.
    pub(crate) fn all(self) -> Option<BTreeMap<String, Vec<ItemCollectionMetrics>>> {
        (!self.told.is_empty()).then_some(self.told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_of_whole_gigabytes() {
        assert_eq!(range(0), [0.0, 1.0]);
        assert_eq!(range(GIGABYTE - 1), [0.0, 1.0]);
        assert_eq!(range(GIGABYTE), [1.0, 2.0]);
    }

    #[test]
    fn a_collection_has_ten_gigabytes() {
        assert!(fits(MAX - 1, 1));
        assert!(!fits(MAX, 1));
    }
}
