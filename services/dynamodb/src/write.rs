//! The one way in which items change: the item, its entries in the indexes, and the counts.
//!
//! Every operation that writes items comes here with what the item was and what it is to be. What else follows from a change (a record in the
//! table's stream, say) has its place here, too.

use kumoi_core::{Cx, Reply};
use kumoi_expressions::{Attribute, Item, item_size};

use crate::collection;
use crate::global;
use crate::key::{self, KeyBytes};
use crate::recovery::history;
use crate::streams::{Change, change};
use crate::table::{Index, KeySchema, Located};
use crate::tables::{COUNTS, ENTRIES, ITEMS, SIZES};
use crate::{kinesis, time_to_live};

/// Reads an item.
pub(crate) async fn read(cx: &Cx, at: &Located, key: &KeyBytes) -> Reply<Option<Item>> {
    Ok(cx.tx().get(&at.scope, &ITEMS, &key.clone().row(at.table.id)).await?)
}

/// Who changes an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A client.
    Request,
    /// DynamoDB itself, as the item has expired.
    TimeToLive,
}

/// Makes of the item of a key what it is to be. `None` is no item.
pub(crate) async fn write(cx: &Cx, at: &Located, key: &KeyBytes, old: Option<&Item>, new: Option<&Item>) -> Reply<()> {
    write_by(cx, at, key, (old, new), Origin::Request).await
}

/// The same, by whoever it is.
pub(crate) async fn write_by(
    cx: &Cx,
    at: &Located,
    key: &KeyBytes,
    (old, new): (Option<&Item>, Option<&Item>),
    origin: Origin,
) -> Reply<()> {
    if old == new {
        return Ok(());
    }
    let row = key.clone().row(at.table.id);
    match new {
        Some(item) => cx.tx().put(&at.scope, &ITEMS, &row, item).await?,
        None => {
            cx.tx().delete(&at.scope, &ITEMS, &row).await?;
        }
    }
    history::note(cx, at, key, old).await?;
    count(cx, at, 0, old.map(item_size), new.map(item_size)).await?;
    collection::count(cx, at, key, old, new).await?;
    for index in &at.table.indexes {
        write_entry(cx, at, index, key, old, new).await?;
    }
    time_to_live::note(cx, at, key, old, new).await?;
    record(cx, at, key, (old, new), origin).await?;
    global::replicate(cx, at, key, new).await
}

/// Tells a change to those who follow the table's.
async fn record(
    cx: &Cx,
    at: &Located,
    key: &KeyBytes,
    (old, new): (Option<&Item>, Option<&Item>),
    origin: Origin,
) -> Reply<()> {
    let (stream, destination) = (at.table.open_stream(), kinesis::active(&at.table));
    if stream.is_none() && destination.is_none() {
        return Ok(());
    }
    let Some(told) = Change::of(cx, &at.table.key, old, new, origin) else { return Ok(()) };
    if let Some(destination) = destination {
        kinesis::put(cx, at, key, destination, &told).await?;
    }
    match stream {
        Some(stream) => change::append(cx, at, stream, told).await,
        None => Ok(()),
    }
}

/// Keeps an index in step with a change.
async fn write_entry(
    cx: &Cx,
    at: &Located,
    index: &Index,
    key: &KeyBytes,
    old: Option<&Item>,
    new: Option<&Item>,
) -> Reply<()> {
    if !index.follows(key) {
        return Ok(());
    }
    let (was, is) = (entry(index, old), entry(index, new));
    let row = |entry: KeyBytes| entry.entry(at.table.id, index.id, key.clone());
    let size = |entry: &Option<KeyBytes>, item: Option<&Item>| {
        let item = item.filter(|_| entry.is_some());
        item.map(|item| projected_size(&at.table.key, index, item))
    };
    count(cx, at, index.id, size(&was, old), size(&is, new)).await?;
    if was == is {
        return Ok(());
    }
    if let Some(was) = was {
        cx.tx().delete(&at.scope, &ENTRIES, &row(was)).await?;
    }
    if let Some(is) = is {
        cx.tx().put(&at.scope, &ENTRIES, &row(is), &()).await?;
    }
    Ok(())
}

/// The key under which an index has an item; `None` when it has it not.
pub(crate) fn entry(index: &Index, item: Option<&Item>) -> Option<KeyBytes> {
    key::of_index(index, item?)
}

/// The attributes that an index has of an item.
pub(crate) fn projected<'a>(
    table: &KeySchema,
    index: &Index,
    item: &'a Item,
) -> impl Iterator<Item = (&'a String, &'a Attribute)> {
    item.iter().filter(move |(name, _)| index.projects(table, name))
}

/// Bytes of what an index has of an item.
pub(crate) fn projected_size(table: &KeySchema, index: &Index, item: &Item) -> usize {
    projected(table, index, item).map(|(name, value)| name.len() + value.size()).sum()
}

/// Counts a change of the table (0) or of an index.
pub(crate) async fn count(cx: &Cx, at: &Located, index: u64, old: Option<usize>, new: Option<usize>) -> Reply<()> {
    let bytes = |size: Option<usize>| size.map_or(0, |size| i64::try_from(size).unwrap_or(i64::MAX));
    let key = (at.table.id, index);
    let (items, bytes) = (i64::from(new.is_some()) - i64::from(old.is_some()), bytes(new) - bytes(old));
    if items != 0 {
        cx.tx().add(&at.scope, &COUNTS, &key, items).await?;
    }
    if bytes != 0 {
        cx.tx().add(&at.scope, &SIZES, &key, bytes).await?;
    }
    Ok(())
}
