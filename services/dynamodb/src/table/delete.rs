//! `DeleteTable`, and clearing away what a table held.

use std::sync::Arc;

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use crate::api::{DeleteTableInput, DeleteTableOutput};
use crate::errors::validation;
use crate::streams::state as streams;
use crate::table::state::State;
use crate::table::{Located, TableRecord, describe};
use crate::tables::{COLLECTIONS, COUNTS, ENTRIES, ITEMS, SCALING, SIZES, TABLES, TAGS};
use crate::{global, insights, policy, time_to_live};

/// The kind of timer that ends a table's state of being deleted.
pub(crate) const DELETE: &str = "delete";

/// The kind of timer that clears away items and entries of a table that is gone.
pub(crate) const CLEAR: &str = "clear";

/// Records removed by one timer.
const BATCH: usize = 500;

pub(crate) async fn delete(cx: &Cx, input: DeleteTableInput) -> Reply<DeleteTableOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    if at.table.deletion_protection {
        return Err(protected().into());
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
        let Located { scope, name, table } = &mut at;
        remove(cx, scope, name, Arc::make_mut(table)).await?;
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
    match cx.get(&TABLES, &name).await? {
        Some(mut table) if table.state.is_gone(cx.now()) => remove(cx, cx.scope(), &name, &mut table).await,
        _ => Ok(()),
    }
}

/// Removes a table, and leaves what it held to a timer.
pub(crate) async fn remove(cx: &Cx, scope: &Scope, name: &str, table: &mut TableRecord) -> Reply<()> {
    let name = name.to_owned();
    streams::disable(cx, scope, &name, table).await?;
    if let Some(time_to_live) = &table.time_to_live {
        time_to_live::clear_later(cx, scope, time_to_live.generation).await?;
    }
    cx.tx().delete(scope, &TABLES, &name).await?;
    cx.tx().delete(scope, &TAGS, &name).await?;
    policy::forget(cx, scope, &name).await?;
    insights::forget(cx, scope, &name).await?;
    cx.tx().delete(scope, &SCALING, &name).await?;
    set(cx, scope, CLEAR, &table.id.to_string(), cx.now().micros()).await
}

async fn set(cx: &Cx, scope: &Scope, kind: &str, payload: &str, due: i64) -> Reply<()> {
    let timer = Timer {
        name: format!("{kind}:{payload}"),
        due: Timestamp::from_micros(due),
        kind: kind.to_owned(),
        payload: payload.to_owned(),
    };
    Ok(timers::set(cx.tx(), "dynamodb", scope, &timer).await?)
}

/// Clears away a part of what a table held, and sets the timer again for the rest.
pub(crate) async fn clear(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(id) = payload.parse::<u64>() else { return Ok(()) };
    let items = cx.range(&ITEMS, KeyRange::prefix(&(id,)), BATCH).await?;
    for (key, _) in &items {
        cx.delete(&ITEMS, key).await?;
        cx.tx().clear_counter(cx.scope(), &COLLECTIONS, &(id, key.2.clone())).await?;
    }
    let first = KeyRange::all().from(&((id, 0_u64, 0_u64),)).before(&((id.saturating_add(1), 0_u64, 0_u64),));
    let entries = cx.range(&ENTRIES, first, BATCH).await?;
    let mut indexes: Vec<u64> = entries.iter().map(|(key, ())| key.0.1).collect();
    indexes.dedup();
    for (key, ()) in &entries {
        cx.delete(&ENTRIES, key).await?;
    }
    for index in std::iter::once(0).chain(indexes) {
        cx.tx().clear_counter(cx.scope(), &COUNTS, &(id, index)).await?;
        cx.tx().clear_counter(cx.scope(), &SIZES, &(id, index)).await?;
    }
    if items.len() == BATCH || entries.len() == BATCH {
        set(cx, cx.scope(), CLEAR, payload, cx.now().micros()).await?;
    }
    Ok(())
}
