//! System backups: a table with point-in-time recovery that is deleted can be restored for 35 days as it was at the end ("Delete a table with PITR
//! enabled" of the Developer Guide).

use kumoi_core::{Cx, Reply};

use crate::backup::{BackupRecord, Found, delete};
use crate::owned;
use crate::recovery::DAY;
use crate::table::Located;
use crate::table::describe::count_table;
use crate::tables::BACKUPS;
use crate::timer;

/// The kind of timer that ends a system backup.
pub(crate) const EXPIRE: &str = "expire-backup";

const KEPT: i64 = 35 * DAY;

/// Keeps what a table held that is deleted: its items stay where they are.
pub(crate) async fn keep(cx: &Cx, at: &Located) -> Reply<()> {
    let (items, bytes) = count_table(cx, at).await?;
    let now = cx.now().micros();
    let expires = now.saturating_add(KEPT);
    let backup = BackupRecord {
        name: format!("{}$DeletedTableBackup", at.name),
        created: now,
        ready: now,
        expires: Some(expires),
        id: at.table.id,
        table: (*at.table).clone(),
        items,
        bytes,
    };
    let key = (at.name.clone(), owned::new_id(cx));
    cx.tx().put(&at.scope, &BACKUPS, &key, &backup).await?;
    timer::set(cx, &at.scope, (EXPIRE, at.table.id), expires, owned::payload(&key)).await
}

/// Its time is over.
pub(crate) async fn expire(cx: &Cx, payload: &str) -> Reply<()> {
    let Some(key) = owned::key_of(payload) else { return Ok(()) };
    match cx.get(&BACKUPS, &key).await? {
        Some(backup) => delete::remove(cx, &Found { scope: cx.scope().clone(), key, backup }).await,
        None => Ok(()),
    }
}
