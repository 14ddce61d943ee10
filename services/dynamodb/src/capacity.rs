//! What operations consume: "DynamoDB read and write operations" (capacity unit consumption) of the Developer Guide.
//!
//! A read unit reads 4 KB strongly consistently, or 8 KB eventually; a write unit writes 1 KB. Transactions cost the double in the table. A write costs by the
//! larger of what the item was and is, at least one unit, whether or not it changes anything; and in each index that it changes one write for what
//! is taken out and one for what is put in.

use std::collections::BTreeMap;

use kumoi_expressions::{Item, item_size};

use crate::api::{Capacity, ConsumedCapacity};
use crate::table::{Index, Located, TableRecord};
use crate::write::{entry, projected_size};

/// Bytes of a unit.
const READ: usize = 4096;
const WRITE: usize = 1024;

/// On-demand tables begin with this many partitions. Scan reads them one by one, and rounds up in each.
const PARTITIONS: usize = 4;

/// How a read looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consistency {
    Eventual,
    Strong,
    Transactional,
}

impl Consistency {
    /// Of a request's `ConsistentRead`.
    pub(crate) fn of(consistent_read: Option<bool>) -> Self {
        if consistent_read == Some(true) { Self::Strong } else { Self::Eventual }
    }

    fn factor(self) -> f64 {
        match self {
            Self::Eventual => 0.5,
            Self::Strong => 1.0,
            Self::Transactional => 2.0,
        }
    }
}

/// Units of a read of that many bytes; nothing counts as something small.
pub(crate) fn read_units(bytes: usize, consistency: Consistency) -> f64 {
    blocks(bytes, READ) * consistency.factor()
}

/// Units of a write of that many bytes.
fn write_units(bytes: usize) -> f64 {
    blocks(bytes, WRITE)
}

fn blocks(bytes: usize, block: usize) -> f64 {
    bytes.div_ceil(block).max(1) as f64
}

/// The partition of a table in which a hash lies.
pub(crate) fn partition(table: &TableRecord, hash: u64) -> usize {
    if table.billing.on_demand { (hash >> 62) as usize } else { 0 }
}

/// Units of a page of Scan that read so many bytes in each partition; `None` where it did not come.
pub(crate) fn scan_units(bytes: &[Option<usize>; PARTITIONS], consistency: Consistency) -> f64 {
    bytes.iter().flatten().map(|bytes| read_units(*bytes, consistency)).sum()
}

/// Units that an operation consumed, in a table and in its indexes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Consumed {
    table: f64,
    local: BTreeMap<String, f64>,
    global: BTreeMap<String, f64>,
}

impl Consumed {
    /// A read of the table.
    pub(crate) fn table(units: f64) -> Self {
        Self { table: units, ..Self::default() }
    }

    /// A read of an index.
    pub(crate) fn index(index: &Index, units: f64) -> Self {
        let mut consumed = Self::default();
        consumed.add_index(index, units);
        consumed
    }

    /// A write that made of one item another. `factor` is 2 in a transaction: indexes follow it as they follow any other write.
    pub(crate) fn write(table: &TableRecord, old: Option<&Item>, new: Option<&Item>, factor: f64) -> Self {
        let size = |item: Option<&Item>| item.map_or(0, item_size);
        let mut consumed = Self::table(write_units(size(old).max(size(new))) * factor);
        for index in &table.indexes {
            let units = index_units(table, index, old, new);
            if units > 0.0 {
                consumed.add_index(index, units);
            }
        }
        consumed
    }

    fn add_index(&mut self, index: &Index, units: f64) {
        let list = if index.global { &mut self.global } else { &mut self.local };
        *list.entry(index.name.clone()).or_default() += units;
    }

    /// Adds what another operation on the same table consumed.
    pub(crate) fn add(&mut self, other: &Self) {
        self.table += other.table;
        for (list, others) in [(&mut self.local, &other.local), (&mut self.global, &other.global)] {
            for (name, units) in others {
                *list.entry(name.clone()).or_default() += units;
            }
        }
    }

    /// Units of the table, which pays for its local indexes.
    pub(crate) fn of_table(&self) -> f64 {
        self.table + self.local.values().sum::<f64>()
    }

    /// Units of global indexes, by their names.
    pub(crate) fn of_indexes(&self) -> &BTreeMap<String, f64> {
        &self.global
    }

    /// All of them.
    pub(crate) fn total(&self) -> f64 {
        self.table + self.local.values().chain(self.global.values()).sum::<f64>()
    }

    /// What a request is told, as its `ReturnConsumedCapacity` asks.
    pub(crate) fn told(&self, at: &Located, asked: Option<&str>) -> Option<ConsumedCapacity> {
        self.told_as(&at.name, asked, Units::Plain)
    }

    /// What a request is told of a table.
    pub(crate) fn told_as(&self, table: &str, asked: Option<&str>, kind: Units) -> Option<ConsumedCapacity> {
        let total = kind.capacity(self.total());
        let mut told = ConsumedCapacity {
            table_name: Some(table.to_owned()),
            capacity_units: total.capacity_units,
            read_capacity_units: total.read_capacity_units,
            write_capacity_units: total.write_capacity_units,
            ..ConsumedCapacity::default()
        };
        match asked {
            Some("TOTAL") => {}
            Some("INDEXES") => {
                told.table = Some(kind.capacity(self.table));
                told.local_secondary_indexes = kind.by_name(&self.local);
                told.global_secondary_indexes = kind.by_name(&self.global);
            }
            _ => return None,
        }
        Some(told)
    }
}

/// What units are told as. Transactions say what they are for; nobody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Units {
    Plain,
    Read,
    Write,
}

impl Units {
    fn capacity(self, units: f64) -> Capacity {
        Capacity {
            capacity_units: Some(units),
            read_capacity_units: (self == Self::Read).then_some(units),
            write_capacity_units: (self == Self::Write).then_some(units),
        }
    }

    fn by_name(self, list: &BTreeMap<String, f64>) -> Option<BTreeMap<String, Capacity>> {
        let named = || list.iter().map(|(name, units)| (name.clone(), self.capacity(*units))).collect();
        (!list.is_empty()).then(named)
    }
}

/// Units of what a change of an item changes in an index.
fn index_units(table: &TableRecord, index: &Index, old: Option<&Item>, new: Option<&Item>) -> f64 {
    let (was, is) = (entry(index, old), entry(index, new));
    let size = |item: Option<&Item>| item.map_or(0, |item| projected_size(&table.key, index, item));
    match (&was, &is) {
        (None, None) => 0.0,
        (Some(_), None) => write_units(size(old)),
        (None, Some(_)) => write_units(size(new)),
        (Some(was), Some(is)) if was != is => write_units(size(old)) + write_units(size(new)),
        (Some(_), Some(_)) => {
            let same = |(name, value): (&String, &kumoi_expressions::Attribute)| {
                new.and_then(|new| new.get(name)) == Some(value)
            };
            let kept = |item: &Item| crate::write::projected(&table.key, index, item).count();
            let unchanged = old.is_some_and(|old| crate::write::projected(&table.key, index, old).all(same))
                && old.map(kept) == new.map(kept);
            if unchanged { 0.0 } else { write_units(size(old).max(size(new))) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_rounded_up() {
        for (bytes, strong) in [(0, 1.0), (1, 1.0), (4096, 1.0), (4097, 2.0), (40_960, 10.0)] {
            assert_eq!(read_units(bytes, Consistency::Strong), strong);
            assert_eq!(read_units(bytes, Consistency::Eventual), strong / 2.0);
            assert_eq!(read_units(bytes, Consistency::Transactional), strong * 2.0);
        }
        assert_eq!([0, 1, 1024, 1025].map(write_units), [1.0, 1.0, 1.0, 2.0]);
    }

    #[test]
    fn a_scan_rounds_up_in_each_partition() {
        let all = [Some(0), Some(10), Some(0), Some(5000)];
        assert_eq!(scan_units(&all, Consistency::Strong), 5.0);
        assert_eq!(scan_units(&[Some(10), None, None, None], Consistency::Eventual), 0.5);
    }
}
