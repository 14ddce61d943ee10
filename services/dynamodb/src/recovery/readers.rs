//! Work that reads the items of a table or backup in steps. As long as there is any, they are not cleared away, and a table keeps what is changed.

use std::sync::Arc;

use kumoi_core::{Cx, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::recovery::history;
use crate::table::Located;
use crate::tables::{READERS, TABLES};

/// Begins to read what a number names; returns the reader's own number.
pub(crate) async fn begin(cx: &Cx, scope: &Scope, id: u64) -> Reply<u64> {
    let reader = cx.ids().sequence();
    cx.tx().put(scope, &READERS, &(id, reader), &()).await?;
    Ok(reader)
}

/// Begins to read a table, as the work that makes a backup or other work.
pub(crate) async fn begin_table(cx: &Cx, at: &mut Located, backup: bool) -> Reply<u64> {
    let recovery = &mut at.table_mut().recovery;
    recovery.readers = recovery.readers.saturating_add(1);
    recovery.backups = recovery.backups.saturating_add(u32::from(backup));
    at.save(cx).await?;
    begin(cx, &at.scope, at.table.id).await
}

/// Ends it.
pub(crate) async fn end(cx: &Cx, scope: &Scope, id: u64, reader: u64) -> Reply<()> {
    cx.tx().delete(scope, &READERS, &(id, reader)).await?;
    Ok(())
}

/// Ends to read a table, which may be gone.
pub(crate) async fn end_table(cx: &Cx, scope: &Scope, name: &str, id: u64, reader: u64, backup: bool) -> Reply<()> {
    end(cx, scope, id, reader).await?;
    let name = name.to_owned();
    let table = cx.tx().get_shared(scope, &TABLES, &name).await?;
    let Some(table) = table.filter(|table| table.id == id) else { return Ok(()) };
    let mut at = Located { scope: scope.clone(), name, table: Arc::clone(&table) };
    let recovery = &mut at.table_mut().recovery;
    recovery.readers = recovery.readers.saturating_sub(1);
    recovery.backups = recovery.backups.saturating_sub(u32::from(backup));
    let last = recovery.readers == 0;
    at.save(cx).await?;
    if last { history::plan(cx, &at).await } else { Ok(()) }
}

/// Whether anybody reads.
pub(crate) async fn any(cx: &Cx, scope: &Scope, id: u64) -> Reply<bool> {
    Ok(!cx.tx().range(scope, &READERS, KeyRange::prefix(&(id,)), 1).await?.is_empty())
}
