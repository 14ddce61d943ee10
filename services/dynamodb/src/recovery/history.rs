//! What items were before each change. It is written with the change, while point-in-time recovery is enabled or somebody reads the table as of a
//! moment, and removed by a timer once nobody can ask for it any more.

use kumoi_core::{Cx, Reply};
use kumoi_expressions::Item;
use kumoi_store::KeyRange;
use serde::{Deserialize, Serialize};

use crate::key::KeyBytes;
use crate::table::Located;
use crate::tables::{CHANGED, HISTORY, TABLES};
use crate::timer;

/// The kind of timer that removes what is too old.
pub(crate) const TRIM: &str = "trim-history";

/// Changes removed by one timer.
const BATCH: usize = 100;

/// What an item was before a change; `None` if it was not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Change {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) old: Option<Item>,
}

/// Notes a change, where that is wanted.
pub(crate) async fn note(cx: &Cx, at: &Located, key: &KeyBytes, old: Option<&Item>) -> Reply<()> {
    if !at.table.recovery.keeps() {
        return Ok(());
    }
    let key = key.clone();
    let row = (at.table.id, key.hash, key.partition, key.sort, cx.now().micros(), cx.ids().sequence());
    Ok(cx.tx().put(&at.scope, &HISTORY, &row, &Change { old: old.cloned() }).await?)
}

/// Sets the timer that removes what is too old: now, for what a change of the settings has made so.
pub(crate) async fn plan(cx: &Cx, at: &Located) -> Reply<()> {
    set(cx, at, cx.now().micros()).await
}

async fn set(cx: &Cx, at: &Located, due: i64) -> Reply<()> {
    timer::set(cx, &at.scope, (TRIM, at.table.id), due, at.name.as_str()).await
}

/// Removes some of what is too old, and sets the timer again for the rest.
pub(crate) async fn trim(cx: &Cx, name: &str) -> Reply<()> {
    let name = name.to_owned();
    let Some(table) = cx.tx().get_shared(cx.scope(), &TABLES, &name).await? else { return Ok(()) };
    let at = Located { scope: cx.scope().clone(), name, table };
    let recovery = &at.table.recovery;
    if recovery.readers > 0 {
        // Whoever is the last of them plans anew.
        return Ok(());
    }
    let (id, now) = (at.table.id, cx.now().micros());
    let earliest = recovery.earliest(now).unwrap_or(i64::MAX);
    let old = KeyRange::prefix(&(id,)).before(&(id, earliest));
    let old = cx.index(&HISTORY, &CHANGED, old, BATCH).await?;
    for (_, row, _) in &old {
        cx.delete(&HISTORY, row).await?;
    }
    if old.len() == BATCH {
        return set(cx, &at, now).await;
    }
    if !recovery.is_enabled() {
        return Ok(());
    }
    let first = cx.index(&HISTORY, &CHANGED, KeyRange::prefix(&(id,)), 1).await?;
    let first = first.first().map_or(now, |((_, moment, _), _, _)| *moment);
    // Not more often than every hour.
    let due = first.saturating_add(recovery.period()).max(now.saturating_add(super::DAY / 24));
    set(cx, &at, due).await
}

/// Removes some of the changes of a table that is gone; how many.
pub(crate) async fn clear(cx: &Cx, id: u64, limit: usize) -> Reply<usize> {
    let changes = cx.range(&HISTORY, KeyRange::prefix(&(id,)), limit).await?;
    for (row, _) in &changes {
        cx.delete(&HISTORY, row).await?;
    }
    Ok(changes.len())
}
