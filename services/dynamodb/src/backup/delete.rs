//! `DeleteBackup`.

use kumoi_core::{Cx, Reply};

use crate::api::{DeleteBackupInput, DeleteBackupOutput};
use crate::backup::{Found, describe};
use crate::table::delete::discard;
use crate::tables::BACKUPS;

pub(crate) async fn delete(cx: &Cx, input: DeleteBackupInput) -> Reply<DeleteBackupOutput> {
    let found = Found::by_arn(cx, &input.backup_arn).await?;
    found.check_free(cx, false).await?;
    remove(cx, &found).await?;
    let mut description = describe::describe(&found, cx.now());
    if let Some(details) = &mut description.backup_details {
        details.backup_status = "DELETED".to_owned();
    }
    Ok(DeleteBackupOutput { backup_description: Some(description) })
}

/// Removes a backup, and has its items cleared away.
pub(super) async fn remove(cx: &Cx, found: &Found) -> Reply<()> {
    cx.tx().delete(&found.scope, &BACKUPS, &found.key).await?;
    discard(cx, &found.scope, found.backup.id).await
}
