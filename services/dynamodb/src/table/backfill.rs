//! What becomes of indexes after `UpdateTable` has answered: a new one is filled with the items that are there already, one that is deleted goes.
//!
//! Both happen in steps of a bounded size, each in a timer of its own, so that nobody waits for them. A step takes the next items in the order in
//! which they lie. A change of an item that a step has passed is followed by the index as always; one of an item that lies ahead is not, as the index
//! will come to it ([`Index::follows`](crate::table::Index::follows)). So each item is taken once, as it is then.

use kumoi_core::{Cx, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::key::{KeyBytes, of_index};
use crate::table::schema::Backfill;
use crate::table::state::State;
use crate::table::{Located, TableRecord};
use crate::tables::{COUNTS, ENTRIES, ITEMS, SIZES, TABLES};
use crate::timer;
use crate::write::{count, projected_size};
use crate::{insights, scaling};

/// The kind of timer that fills an index.
pub(crate) const FILL: &str = "fill";

/// The kind of timer that removes the indexes of a table that are deleted by now.
pub(crate) const DELETE_INDEX: &str = "delete-index";

/// The kind of timer that clears away entries of an index that is gone.
pub(crate) const CLEAR_INDEX: &str = "clear-index";

/// Items or entries that one timer looks at.
const BATCH: usize = 100;

/// An index of the table is to be filled.
pub(crate) async fn begin(cx: &Cx, at: &Located, due: i64) -> Reply<()> {
    set(cx, &at.scope, FILL, &at.name, due).await
}

/// An index of the table is to go.
pub(crate) async fn set_delete(cx: &Cx, at: &Located, due: i64) -> Reply<()> {
    set(cx, &at.scope, DELETE_INDEX, &at.name, due).await
}

async fn set(cx: &Cx, scope: &Scope, kind: &str, payload: &str, due: i64) -> Reply<()> {
    timer::set(cx, scope, (kind, payload), due, payload).await
}

/// Takes the next items into the index that is being filled, and sets the timer again if there are more.
pub(crate) async fn fill(cx: &Cx, name: &str) -> Reply<()> {
    let Some(mut at) = located(cx, name).await? else { return Ok(()) };
    if step(cx, &mut at).await? {
        begin(cx, &at, cx.now().micros()).await?;
    }
    at.save(cx).await
}

async fn located(cx: &Cx, name: &str) -> Reply<Option<Located>> {
    let name = name.to_owned();
    let table = cx.tx().get_shared(cx.scope(), &TABLES, &name).await?;
    Ok(table.map(|table| Located { scope: cx.scope().clone(), name, table }))
}

/// One step; whether it is not the last.
pub(crate) async fn step(cx: &Cx, at: &mut Located) -> Reply<bool> {
    let filling = |table: &TableRecord| table.indexes.iter().position(|index| index.is_filling());
    let Some(place) = filling(&at.table) else { return Ok(false) };
    let Some(index) = at.table.indexes.get(place) else { return Ok(false) };
    let table = at.table.id;
    let range = match index.backfill.as_ref().and_then(|backfill| backfill.after.clone()) {
        Some((hash, partition, sort)) => KeyRange::prefix(&(table,)).after(&(table, hash, partition, sort)),
        None => KeyRange::prefix(&(table,)),
    };
    let items = cx.tx().range(&at.scope, &ITEMS, range, BATCH).await?;
    for ((_, hash, partition, sort), item) in &items {
        let Some(entry) = of_index(index, item) else { continue };
        let key = KeyBytes { hash: *hash, partition: partition.clone(), sort: sort.clone() };
        cx.tx().put(&at.scope, &ENTRIES, &entry.entry(table, index.id, key), &()).await?;
        count(cx, at, index.id, None, Some(projected_size(&at.table.key, index, item))).await?;
    }
    let more = items.len() == BATCH;
    let last = items.into_iter().next_back();
    if let Some(index) = at.table_mut().indexes.get_mut(place) {
        let after = last.map(|((_, hash, partition, sort), _)| (hash, partition, sort));
        index.backfill = more.then_some(Backfill { after });
    }
    Ok(more)
}

/// Removes the indexes of a table that are deleted by now.
pub(crate) async fn remove(cx: &Cx, name: &str) -> Reply<()> {
    let Some(mut at) = located(cx, name).await? else { return Ok(()) };
    remove_from(cx, &mut at).await?;
    at.save(cx).await
}

/// Removes the indexes of a table that are deleted by now, and the definitions that no key needs any more.
pub(crate) async fn remove_from(cx: &Cx, at: &mut Located) -> Reply<()> {
    let now = cx.now();
    let gone: Vec<_> = at.table.indexes.iter().filter(|index| index.state.is_gone(now)).collect();
    for index in &gone {
        insights::forget_index(cx, &at.scope, &at.name, &index.name).await?;
        scaling::forget_index(cx, at, &index.name).await?;
    }
    let gone: Vec<u64> = gone.into_iter().map(|index| index.id).collect();
    let table = at.table_mut();
    table.indexes_made = table.next_index().saturating_sub(1);
    table.indexes.retain(|index| !gone.contains(&index.id));
    let TableRecord { definitions, key, indexes, .. } = table;
    definitions.retain(|known| {
        key.has(&known.attribute_name) || indexes.iter().any(|index| index.key.has(&known.attribute_name))
    });
    for index in gone {
        set(cx, &at.scope, CLEAR_INDEX, &format!("{} {index}", at.table.id), now.micros()).await?;
    }
    Ok(())
}

/// Clears away a part of the entries of an index, and sets the timer again for the rest.
pub(crate) async fn clear(cx: &Cx, payload: &str) -> Reply<()> {
    let numbers = payload.split_once(' ').and_then(|(table, index)| Some((table.parse().ok()?, index.parse().ok()?)));
    let Some((table, index)): Option<(u64, u64)> = numbers else { return Ok(()) };
    let range = KeyRange::all().from(&((table, index, 0_u64),)).before(&((table, index.saturating_add(1), 0_u64),));
    let entries = cx.range(&ENTRIES, range, BATCH).await?;
    for (key, ()) in &entries {
        cx.delete(&ENTRIES, key).await?;
    }
    cx.tx().clear_counter(cx.scope(), &COUNTS, &(table, index)).await?;
    cx.tx().clear_counter(cx.scope(), &SIZES, &(table, index)).await?;
    if entries.len() == BATCH {
        set(cx, cx.scope(), CLEAR_INDEX, payload, cx.now().micros()).await?;
    }
    Ok(())
}

/// What takes no time is done in the transaction that asks for it, as far as one step goes; the timer does the rest.
pub(crate) async fn at_once(cx: &Cx, at: &mut Located, end: i64) -> Reply<()> {
    if end > cx.now().micros() {
        return Ok(());
    }
    if at.table.indexes.iter().any(|index| index.is_filling()) && !step(cx, at).await? {
        timer::cancel(cx, &at.scope, FILL, &at.name).await?;
    }
    if at.table.indexes.iter().any(|index| matches!(index.state, State::Deleting(_))) {
        remove_from(cx, at).await?;
        timer::cancel(cx, &at.scope, DELETE_INDEX, &at.name).await?;
    }
    Ok(())
}
