//! Reads rows until a page is full: after `Limit` items, or before one with which it would have more than 1 MB.

use kumoi_core::{Cx, Reply};
use kumoi_expressions::{Condition, Item, item_size};

use crate::capacity::partition;
use crate::key::KeyBytes;
use crate::read::range::Range;
use crate::table::{Index, Located};
use crate::tables::{ENTRIES, EntryRow, ITEMS};
use crate::write::projected_size;

/// The most bytes of a page: 1 MB, by the sizes of items before any filter.
pub(crate) const MAX_BYTES: usize = 1 << 20;

/// Rows that are read at a time.
const CHUNK: usize = 128;

/// The most items that a request wants to have read.
pub(crate) fn limit(asked: Option<i32>) -> usize {
    asked.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX)
}

/// A read of a table or index.
pub(crate) struct Reading<'a> {
    pub(crate) at: &'a Located,
    pub(crate) index: Option<&'a Index>,
    pub(crate) range: Range,
    pub(crate) forward: bool,
    /// The most items that are read.
    pub(crate) limit: usize,
    /// The row behind which it begins.
    pub(crate) after: Option<Start>,
}

/// A row, as `ExclusiveStartKey` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Start {
    /// The key of the item.
    pub(crate) item: KeyBytes,
    /// Its key in the index that is read.
    pub(crate) entry: Option<KeyBytes>,
}

/// What was read.
#[derive(Debug, Default)]
pub(crate) struct Page {
    /// Items as they are in the table, or in a global index.
    pub(crate) items: Vec<Item>,
    /// Items that were read.
    pub(crate) scanned: usize,
    /// Their bytes, by the partition in which they lie; `None` where the read did not come.
    pub(crate) bytes: [Option<usize>; 4],
    /// The last item that was read, if the read ended before the rows did.
    pub(crate) last: Option<Item>,
}

impl Page {
    /// Bytes that were read.
    pub(crate) fn size(&self) -> usize {
        self.bytes.iter().flatten().sum()
    }
}

impl Reading<'_> {
    /// Reads a page. The filter says which items are kept; all that are read count.
    pub(crate) async fn page(&self, cx: &Cx, filter: Option<&Condition>) -> Reply<Page> {
        let mut page = Page::default();
        let mut after = self.after.clone();
        let mut size = 0;
        // The item that was read last waits here, as the page may end behind it.
        let mut latest: Option<Item> = None;
        let keep = |page: &mut Page, item: Option<Item>| {
            page.items.extend(item.filter(|item| filter.is_none_or(|filter| filter.holds(item))))
        };
        loop {
            let wanted = CHUNK.min(self.limit - page.scanned);
            let rows = self.rows(cx, after.as_ref(), wanted).await?;
            let end = rows.len() < wanted;
            for (start, item) in rows {
                let bytes = match self.index {
                    Some(index) => projected_size(&self.at.table.key, index, &item),
                    None => item_size(&item),
                };
                size += bytes;
                if size > MAX_BYTES && latest.is_some() {
                    page.last.clone_from(&latest);
                    keep(&mut page, latest);
                    return Ok(page);
                }
                page.scanned += 1;
                page.count(partition(&self.at.table, start.key().hash), bytes);
                keep(&mut page, latest.replace(item));
                after = Some(start);
            }
            if page.scanned >= self.limit {
                page.last.clone_from(&latest);
                keep(&mut page, latest);
                return Ok(page);
            }
            if end {
                keep(&mut page, latest);
                page.visit_all(self);
                return Ok(page);
            }
        }
    }

    /// The next rows with their items, as far as a global index has them.
    async fn rows(&self, cx: &Cx, after: Option<&Start>, wanted: usize) -> Reply<Vec<(Start, Item)>> {
        let (scope, table) = (&self.at.scope, self.at.table.id);
        let Some(index) = self.index else {
            let range = self.range.items(table, after.map(|start| &start.item), self.forward);
            let rows = cx.tx().range(scope, &ITEMS, range, wanted).await?;
            let row = |((_, hash, partition, sort), item)| {
                (Start { item: KeyBytes { hash, partition, sort }, entry: None }, item)
            };
            return Ok(rows.into_iter().map(row).collect());
        };
        let row = after.and_then(|start| Some(start.entry.clone()?.entry(table, index.id, start.item.clone())));
        let range = self.range.entries(table, index.id, row.as_ref(), self.forward);
        let entries = cx.tx().range(scope, &ENTRIES, range, wanted).await?;
        // A page has many items that the index has little of. They may be large, and nobody asks for more of them.
        let lean = index.global && !index.projects_all();
        let mut rows = Vec::with_capacity(entries.len());
        for (entry, ()) in entries {
            let start = start_of(entry);
            // INVARIANT(entries): an entry goes in the transaction in which its item does.
            if let Some(mut item) = cx.tx().get(scope, &ITEMS, &start.item.clone().row(table)).await? {
                if lean {
                    item.retain(|name, _| index.projects(&self.at.table.key, name));
                }
                rows.push((start, item));
            }
        }
        Ok(rows)
    }
}

fn start_of(entry: EntryRow) -> Start {
    let ((_, _, hash), partition, sort, item) = entry;
    let entry = KeyBytes { hash, partition, sort };
    Start { item: KeyBytes { hash: item.0, partition: item.1, sort: item.2 }, entry: Some(entry) }
}

impl Page {
    fn count(&mut self, partition: usize, bytes: usize) {
        if let Some(slot) = self.bytes.get_mut(partition) {
            *slot = Some(slot.unwrap_or(0) + bytes);
        }
    }

    /// A read that came to its end was in every partition of its range.
    fn visit_all(&mut self, reading: &Reading<'_>) {
        let table = &reading.at.table;
        let (from, to) = match &reading.range {
            Range::Hashes(from, to) => {
                let from = reading.after.as_ref().map_or(*from, |start| start.key().hash);
                (from, to.map_or(u64::MAX, |to| to.saturating_sub(1)))
            }
            Range::Partition { hash, .. } => (*hash, *hash),
        };
        for slot in self.bytes.get_mut(partition(table, from)..=partition(table, to)).into_iter().flatten() {
            slot.get_or_insert(0);
        }
    }
}
