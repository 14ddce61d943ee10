//! `DeleteTable`, and clearing away what a table held.

use std::sync::Arc;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::api::{DeleteTableInput, DeleteTableOutput};
use crate::backup;
use crate::errors::{in_use, validation};
use crate::recovery::{history, readers};
use crate::streams::state as streams;
use crate::table::state::State;
use crate::table::{Located, describe};
use crate::tables::{COLLECTIONS, COUNTS, ENTRIES, ITEMS, SCALING, SIZES, TABLES, TAGS};
use crate::timer;
use crate::{global, insights, policy, throttle, time_to_live};

/// The kind of timer that ends a table's state of being deleted.
pub(crate) const DELETE: &str = "delete";

/// The kind of timer that clears away items and entries of a table that is gone.
pub(crate) const CLEAR: &str = "clear";

/// Microseconds until it is tried again when somebody still reads.
const AGAIN: i64 = 60_000_000;

/// Records removed by one timer.
const BATCH: usize = 100;

pub(crate) async fn delete(cx: &Cx, input: DeleteTableInput) -> Reply<DeleteTableOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    if at.table.deletion_protection {
        return Err(protected().into());
    }
    if at.table.recovery.is_backed_up() {
        return Err(in_use("backed up", &at.name).into());
    }
    global::check_delete(cx, &at)?;
    global::left(cx, &at, &at.scope.region).await?;
    let end = State::end(cx);
    at.table_mut().state = State::Deleting(end);
    let output = DeleteTableOutput { table_description: Some(describe::summary(cx, &at, cx.now()).await?) };
    if end > cx.now().micros() {
        at.save(cx).await?;
        set(cx, &at.scope, DELETE, &at.name, end).await?;
    } else {
        remove(cx, &mut at).await?;
    }
    Ok(output)
}

/// The table cannot be deleted as long as it is protected.
pub(crate) fn protected() -> Fault {
    validation(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
    )
}

/// The table is deleted.
pub(crate) async fn run(cx: &Cx, name: &str) -> Reply<()> {
    let name = name.to_owned();
    match cx.tx().get_shared(cx.scope(), &TABLES, &name).await? {
        Some(table) if table.state.is_gone(cx.now()) => {
            remove(cx, &mut Located { scope: cx.scope().clone(), name, table }).await
        }
        _ => Ok(()),
    }
}

/// Removes a table. What it holds is kept as its system backup if it had point-in-time recovery, and else cleared away.
pub(crate) async fn remove(cx: &Cx, at: &mut Located) -> Reply<()> {
    let Located { scope, name, table } = &mut *at;
    streams::disable(cx, scope, name, Arc::make_mut(table)).await?;
    if let Some(time_to_live) = &table.time_to_live {
        time_to_live::clear_later(cx, scope, time_to_live.generation).await?;
    }
    cx.tx().delete(scope, &TABLES, name).await?;
    cx.tx().delete(scope, &TAGS, name).await?;
    policy::forget(cx, scope, name).await?;
    insights::forget(cx, scope, name).await?;
    cx.tx().delete(scope, &SCALING, name).await?;
    if table.recovery.is_enabled() {
        return backup::system::keep(cx, at).await;
    }
    discard(cx, scope, table.id).await
}

/// Has all cleared away that a number names.
pub(crate) async fn discard(cx: &Cx, scope: &Scope, id: u64) -> Reply<()> {
    set(cx, scope, CLEAR, &id.to_string(), cx.now().micros()).await
}

async fn set(cx: &Cx, scope: &Scope, kind: &str, payload: &str, due: i64) -> Reply<()> {
    timer::set(cx, scope, (kind, payload), due, payload).await
}

/// Clears away a part of what a table held, and sets the timer again for the rest.
pub(crate) async fn clear(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(id) = payload.parse::<u64>() else { return Ok(()) };
    if readers::any(cx, cx.scope(), id).await? {
        return set(cx, cx.scope(), CLEAR, payload, cx.now().micros().saturating_add(AGAIN)).await;
    }
    let items = cx.range(&ITEMS, KeyRange::prefix(&(id,)), BATCH).await?;
    for (key, _) in &items {
        cx.delete(&ITEMS, key).await?;
        cx.tx().clear_counter(cx.scope(), &COLLECTIONS, &(id, key.2.clone())).await?;
    }
    let first = KeyRange::all().from(&((id, 0_u64, 0_u64),)).before(&((id.saturating_add(1), 0_u64, 0_u64),));
    let entries = cx.range(&ENTRIES, first, BATCH).await?;
    let changes = history::clear(cx, id, BATCH).await?;
    throttle::forget(cx, id).await?;
    let mut indexes: Vec<u64> = entries.iter().map(|(key, ())| key.0.1).collect();
    indexes.dedup();
    for (key, ()) in &entries {
        cx.delete(&ENTRIES, key).await?;
    }
    for index in std::iter::once(0).chain(indexes) {
        cx.tx().clear_counter(cx.scope(), &COUNTS, &(id, index)).await?;
        cx.tx().clear_counter(cx.scope(), &SIZES, &(id, index)).await?;
    }
    if changes == BATCH || items.len() == BATCH || entries.len() == BATCH {
        set(cx, cx.scope(), CLEAR, payload, cx.now().micros()).await?;
    }
    Ok(())
}
