//! `CreateBackup`.

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::api::{CreateBackupInput, CreateBackupOutput};
use crate::backup::{BackupRecord, Found, describe};
use crate::copy::{Copy, From, To};
use crate::errors::table_in_use_exception;
use crate::recovery::past::Past;
use crate::recovery::{self, readers};
use crate::table::describe::count_table;
use crate::tables::BACKUPS;
use crate::{copy, owned};

pub(crate) async fn create(cx: &Cx, input: CreateBackupInput) -> Reply<CreateBackupOutput> {
    let mut at = recovery::located(cx, &input.table_name).await?;
    if at.scope != *cx.scope() {
        return Err(Fault::not_implemented("dynamodb", "CreateBackup of another account's table").into());
    }
    if let Some(how @ ("created" | "deleted")) = at.table.state.changing(cx.now()) {
        let message = format!("Table is being {how}: {}", at.name);
        return Err(table_in_use_exception(message).into());
    }
    let (items, bytes) = count_table(cx, &at).await?;
    let backup = BackupRecord {
        name: input.backup_name,
        created: cx.now().micros(),
        ready: i64::MAX,
        expires: None,
        id: cx.ids().sequence(),
        table: (*at.table).clone(),
        items,
        bytes,
    };
    let key = (at.name.clone(), owned::new_id(cx));
    cx.put(&BACKUPS, &key, &backup).await?;
    let reader = readers::begin_table(cx, &mut at, true).await?;
    let copy = Copy {
        what: Past::present(cx, &at.scope, at.table.id),
        from: From::Table { name: at.name.clone(), backup: true },
        reader,
        to: To::Backup(key.clone(), backup.id),
        after: None,
    };
    copy::run(cx, copy).await?;
    let found = Found { scope: at.scope, key, backup };
    // The answer is about what begins, even where it is over at once.
    let details = describe::details(&found, Timestamp::from_micros(found.backup.created));
    Ok(CreateBackupOutput { backup_details: Some(details) })
}
