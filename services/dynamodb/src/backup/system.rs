//! System backups: a table with point-in-time recovery that is deleted can be restored for 35 days as it was at the end ("Delete a table with PITR
//! enabled" of the Developer Guide).

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;

use crate::backup::{BackupRecord, Found, delete};
use crate::owned;
use crate::recovery::DAY;
use crate::table::Located;
use crate::table::describe::count_table;
use crate::tables::{BACKUPS, Owned};

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
    let timer = Timer {
        name: format!("{EXPIRE}:{}", at.table.id),
        due: Timestamp::from_micros(expires),
        kind: EXPIRE.to_owned(),
        payload: [key.0.as_str(), "/", &key.1].concat(),
    };
    Ok(timers::set(cx.tx(), "dynamodb", &at.scope, &timer).await?)
}

/// Its time is over.
pub(crate) async fn expire(cx: &Cx, payload: &str) -> Reply<()> {
    let Some((table, id)) = payload.split_once('/') else { return Ok(()) };
    let key: Owned = (table.to_owned(), id.to_owned());
    match cx.get(&BACKUPS, &key).await? {
        Some(backup) => delete::remove(cx, &Found { scope: cx.scope().clone(), key, backup }).await,
        None => Ok(()),
    }
}
