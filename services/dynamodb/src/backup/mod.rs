//! On-demand backups, and those that the system keeps of deleted tables.
//!
//! Follows "Backing up and restoring DynamoDB tables with DynamoDB: How it works" of the Developer Guide. A backup has the items as they were at the
//! moment of the request, exactly. Where they are few it is complete as soon as it is answered; for more, timers copy them part by part.
//!
//! | Module | What it is about |
//! |---|---|
//! | `create`, `delete`, `list`, `describe` | the operations |
//! | `system` | what is kept of a table with point-in-time recovery when it is deleted |

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod describe;
pub(crate) mod list;
pub(crate) mod system;

use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::errors::{backup_in_use_exception, backup_not_found_exception};
use crate::recovery::readers;
use crate::table::{TableRecord, arn_of};
use crate::tables::{BACKUPS, Owned};
use crate::{owned, table};

/// What ARNs of backups have between the table's and the backup's id.
pub(crate) const KIND: &str = "backup";

/// A backup.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BackupRecord {
    pub(crate) name: String,
    /// In microseconds since 1970.
    pub(crate) created: i64,
    /// Until when it is CREATING, in microseconds.
    pub(crate) ready: i64,
    /// When it expires, in microseconds: what the system keeps does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<i64>,
    /// The number under which its items lie.
    pub(crate) id: u64,
    /// The table as it was.
    pub(crate) table: TableRecord,
    pub(crate) items: i64,
    pub(crate) bytes: i64,
}

impl BackupRecord {
    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if now.micros() < self.ready { "CREATING" } else { "AVAILABLE" }
    }

    /// Who made it: only what the system keeps expires.
    pub(crate) fn kind(&self) -> &'static str {
        if self.expires.is_some() { "SYSTEM" } else { "USER" }
    }
}

/// A backup and where it is.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) scope: Scope,
    /// The table's name, and the id of the backup.
    pub(crate) key: Owned,
    pub(crate) backup: BackupRecord,
}

impl Found {
    /// The backup that an ARN names.
    pub(crate) async fn by_arn(cx: &Cx, arn: &str) -> Reply<Self> {
        let not_found = || backup_not_found_exception(format!("Backup not found: {arn}"));
        let (scope, key) = owned::parse_arn(cx, arn, KIND).ok_or_else(not_found)?;
        let backup = cx.tx().get(&scope, &BACKUPS, &key).await?;
        let backup = backup.filter(|backup| backup.expires.is_none_or(|expires| cx.now().micros() < expires));
        Ok(Self { scope, key, backup: backup.ok_or_else(not_found)? })
    }

    pub(crate) fn arn(&self) -> String {
        owned::arn(&self.scope, &self.key, KIND)
    }

    pub(crate) fn table_arn(&self) -> String {
        arn_of(&self.scope, &self.key.0)
    }

    /// Refuses while the backup is made or, if that is not wanted either, restored.
    async fn check_free(&self, cx: &Cx, restored: bool) -> Reply<()> {
        let arn = self.arn();
        if self.backup.status(cx.now()) == "CREATING" {
            return Err(backup_in_use_exception(format!("Backup is being created: {arn}")).into());
        }
        if !restored && readers::any(cx, &self.scope, self.backup.id).await? {
            return Err(backup_in_use_exception(format!("Backup is being restored: {arn}")).into());
        }
        Ok(())
    }

    /// Refuses while the backup is made.
    pub(crate) async fn check_complete(&self, cx: &Cx) -> Reply<()> {
        self.check_free(cx, true).await
    }
}

/// The copies are complete.
pub(crate) async fn complete(cx: &Cx, key: &Owned) -> Reply<()> {
    let Some(mut backup) = cx.get(&BACKUPS, key).await? else { return Ok(()) };
    backup.ready = table::state::State::end(cx);
    Ok(cx.put(&BACKUPS, key, &backup).await?)
}
