//! Which rows a read is about: of a table or of one of its indexes, in their order or against it.

use std::ops::Bound;

use kumoi_store::KeyRange;

use crate::key::KeyBytes;
use crate::tables::{EntryRow, ItemRow};

/// What a read is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    /// All whose hash is at least the first and below the second: a segment of a scan, or all. `None` is the end of all hashes.
    Hashes(u64, Option<u64>),
    /// A partition, and of it the sort keys between two bounds.
    Partition { hash: u64, partition: Vec<u8>, from: Bound<Vec<u8>>, to: Bound<Vec<u8>> },
}

impl Range {
    /// The rows of a table, behind a key if there is one.
    pub(crate) fn items(&self, table: u64, after: Option<&KeyBytes>, forward: bool) -> KeyRange<ItemRow> {
        let range = match self {
            Self::Hashes(from, to) => {
                let range = KeyRange::prefix(&(table,)).from(&(table, *from));
                match to {
                    Some(to) => range.before(&(table, *to)),
                    None => range,
                }
            }
            Self::Partition { hash, partition, from, to } => {
                let start = (table, *hash, partition);
                let range = KeyRange::prefix(&start);
                let range = match from {
                    Bound::Included(from) => range.from(&(table, *hash, partition, from)),
                    Bound::Excluded(from) => range.after(&(table, *hash, partition, from)),
                    Bound::Unbounded => range,
                };
                match to {
                    Bound::Included(to) => range.until(&(table, *hash, partition, to)),
                    Bound::Excluded(to) => range.before(&(table, *hash, partition, to)),
                    Bound::Unbounded => range,
                }
            }
        };
        let after = after.map(|key| key.clone().row(table));
        behind(range, after.as_ref(), forward)
    }

    /// The rows of an index, behind one if there is one.
    pub(crate) fn entries(
        &self,
        table: u64,
        index: u64,
        after: Option<&EntryRow>,
        forward: bool,
    ) -> KeyRange<EntryRow> {
        let range = match self {
            Self::Hashes(from, to) => {
                let range = KeyRange::all().from(&((table, index, *from),));
                match to {
                    Some(to) => range.before(&((table, index, *to),)),
                    None => range.until(&((table, index, u64::MAX),)),
                }
            }
            Self::Partition { hash, partition, from, to } => {
                let first = (table, index, *hash);
                let range = KeyRange::prefix(&(first, partition));
                let range = match from {
                    Bound::Included(from) => range.from(&(first, partition, from)),
                    Bound::Excluded(from) => range.after(&(first, partition, from)),
                    Bound::Unbounded => range,
                };
                match to {
                    Bound::Included(to) => range.until(&(first, partition, to)),
                    Bound::Excluded(to) => range.before(&(first, partition, to)),
                    Bound::Unbounded => range,
                }
            }
        };
        behind(range, after, forward)
    }

    /// Whether a key lies in it.
    pub(crate) fn contains(&self, key: &KeyBytes) -> bool {
        match self {
            Self::Hashes(from, to) => key.hash >= *from && to.is_none_or(|to| key.hash < to),
            Self::Partition { partition, from, to, .. } => {
                let above = match from {
                    Bound::Included(from) => key.sort >= *from,
                    Bound::Excluded(from) => key.sort > *from,
                    Bound::Unbounded => true,
                };
                let below = match to {
                    Bound::Included(to) => key.sort <= *to,
                    Bound::Excluded(to) => key.sort < *to,
                    Bound::Unbounded => true,
                };
                key.partition == *partition && above && below
            }
        }
    }

    /// A segment of a scan. The segments of one total are ranges without gaps.
    pub(crate) fn segment(segment: u32, total: u32) -> Self {
        let bound = |segment: u32| ((u128::from(segment) << 64) / u128::from(total.max(1))) as u64;
        let next = segment.saturating_add(1);
        Self::Hashes(bound(segment), (next < total).then(|| bound(next)))
    }

    /// All there is.
    pub(crate) fn all() -> Self {
        Self::Hashes(0, None)
    }
}

fn behind<K: kumoi_store::Key + kumoi_store::StartOf<K>>(
    range: KeyRange<K>,
    after: Option<&K>,
    forward: bool,
) -> KeyRange<K> {
    match (after, forward) {
        (None, true) => range,
        (None, false) => range.reversed(),
        (Some(after), true) => range.after(after),
        (Some(after), false) => range.before(after).reversed(),
    }
}

/// What comes right behind all that begins with these bytes; `None` when nothing does.
pub(crate) fn past_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = prefix.to_vec();
    while let Some(last) = bytes.pop() {
        if let Some(next) = last.checked_add(1) {
            bytes.push(next);
            return Some(bytes);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_all_hashes_once() {
        for total in [1, 2, 3, 7, 1_000_000] {
            let mut end = Some(0);
            for segment in 0..total {
                let Range::Hashes(from, to) = Range::segment(segment, total) else {
                    panic!("a segment is a range of hashes")
                };
                assert_eq!(Some(from), end);
                end = to;
            }
            assert_eq!(end, None);
        }
    }

    #[test]
    fn the_end_of_a_prefix() {
        assert_eq!(past_prefix(b"ab"), Some(b"ac".to_vec()));
        assert_eq!(past_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(past_prefix(&[255]), None);
        assert_eq!(past_prefix(b""), None);
    }
}
