//! `RestoreTableFromBackup` and `RestoreTableToPointInTime`: a new table with the items and settings of another.
//!
//! Follows "Restoring a DynamoDB table from a backup" and "Restoring a DynamoDB table to a point in time" of the Developer Guide. The table is CREATING
//! until all items are there. Tags, stream, time to live, deletion protection and point-in-time recovery are not restored, and the class of the
//! table is always standard.
//!
//! | Module | What it is about |
//! |---|---|
//! | `design` | the new table: the settings of the old one, and what the request puts in their place |

mod design;

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::api::{
    RestoreSummary, RestoreTableFromBackupInput, RestoreTableFromBackupOutput, RestoreTableToPointInTimeInput,
    RestoreTableToPointInTimeOutput, TableDescription,
};
use crate::backup::Found;
use crate::copy::{self, Copy, From, To};
use crate::errors::{
    invalid_restore_time_exception, recovery_unavailable, table_already_exists_exception, table_in_use_exception,
    table_not_found, validation,
};
use crate::recovery::past::Past;
use crate::recovery::readers;
use crate::table::state::State;
use crate::table::{Located, Named, TableRecord, describe};
use crate::tables::TABLES;
use design::Overrides;

/// Where a table has its items from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Restored {
    /// The ARN of the backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    backup: Option<String>,
    /// The ARN of the table.
    table: String,
    /// The moment whose items it has, in microseconds.
    moment: i64,
}

impl Restored {
    pub(crate) fn describe(&self, in_progress: bool) -> RestoreSummary {
        RestoreSummary {
            source_backup_arn: self.backup.clone(),
            source_table_arn: Some(self.table.clone()),
            restore_date_time: Timestamp::from_micros(self.moment),
            restore_in_progress: in_progress,
        }
    }
}

pub(crate) async fn from_backup(cx: &Cx, input: RestoreTableFromBackupInput) -> Reply<RestoreTableFromBackupOutput> {
    let found = Found::by_arn(cx, &input.backup_arn).await?;
    check_target(cx, &input.target_table_name).await?;
    found.check_complete(cx).await?;
    let overrides = Overrides {
        billing_mode: input.billing_mode_override,
        globals: input.global_secondary_index_override,
        locals: input.local_secondary_index_override,
        throughput: input.provisioned_throughput_override,
        on_demand: input.on_demand_throughput_override,
        encryption: input.sse_specification_override,
    };
    let backup = &found.backup;
    overrides.check_region(cx, &found.scope)?;
    let table = overrides.design(cx, &backup.table)?;
    let restored = Restored { backup: Some(found.arn()), table: found.table_arn(), moment: backup.created };
    let reader = readers::begin(cx, &found.scope, backup.id).await?;
    let what = Past::new(&found.scope, backup.id, None);
    let description = begin(cx, input.target_table_name, table, restored, (what, From::Backup, reader)).await?;
    Ok(RestoreTableFromBackupOutput { table_description: Some(description) })
}

pub(crate) async fn to_point_in_time(
    cx: &Cx,
    input: RestoreTableToPointInTimeInput,
) -> Reply<RestoreTableToPointInTimeOutput> {
    let mut at = source(cx, input.source_table_arn.as_deref(), input.source_table_name.as_deref()).await?;
    check_target(cx, &input.target_table_name).await?;
    let (recovery, now) = (&at.table.recovery, cx.now().micros());
    if !recovery.is_enabled() {
        return Err(recovery_unavailable(&at.name).into());
    }
    let asked = input.restore_date_time.filter(|_| input.use_latest_restorable_time != Some(true));
    let moment = match (asked, input.use_latest_restorable_time) {
        (Some(asked), _) => recovery.reach(asked.micros(), now).ok_or_else(|| {
            invalid_restore_time_exception(
                "An invalid restore time was specified. RestoreDateTime must be between EarliestRestorableDateTime and LatestRestorableDateTime.",
            )
        })?,
        (None, Some(true)) => now,
        (None, _) => {
            return Err(validation("Either RestoreDateTime or UseLatestRestorableTime must be specified").into());
        }
    };
    let overrides = Overrides {
        billing_mode: input.billing_mode_override,
        globals: input.global_secondary_index_override,
        locals: input.local_secondary_index_override,
        throughput: input.provisioned_throughput_override,
        on_demand: input.on_demand_throughput_override,
        encryption: input.sse_specification_override,
    };
    overrides.check_region(cx, &at.scope)?;
    let table = overrides.design(cx, &at.table)?;
    let restored = Restored { backup: None, table: at.arn(), moment };
    let reader = readers::begin_table(cx, &mut at, false).await?;
    let last = if moment == now { cx.ids().sequence() } else { u64::MAX };
    let what = Past::new(&at.scope, at.table.id, Some((moment, last)));
    let from = From::Table { name: at.name, backup: false };
    let description = begin(cx, input.target_table_name, table, restored, (what, from, reader)).await?;
    Ok(RestoreTableToPointInTimeOutput { table_description: Some(description) })
}

/// The table that a request restores, which may be in another region, but not of another account.
async fn source(cx: &Cx, arn: Option<&str>, name: Option<&str>) -> Reply<Located> {
    let parsed = arn.and_then(|arn| Arn::parse(arn).filter(|arn| arn.service == "dynamodb"));
    let named = match (arn, name) {
        (Some(text), _) => {
            let name = parsed.as_ref().and_then(|arn| arn.resource.strip_prefix("table/"));
            let (Some(arn), Some(name)) = (&parsed, name) else {
                return Err(
                    validation(format!("Invalid TableArn: Invalid ResourceArn provided as input {text}")).into()
                );
            };
            if arn.account != cx.account() {
                let what = "RestoreTableToPointInTime of another account's table";
                return Err(Fault::not_implemented("dynamodb", what).into());
            }
            Named { scope: Scope::new(arn.account, arn.region), name }
        }
        (None, Some(name)) => Named::here(cx, name),
        (None, None) => {
            return Err(validation("Either SourceTableArn or SourceTableName must be specified").into());
        }
    };
    let told = arn.or(name).unwrap_or_default();
    Located::find(cx, named).await?.ok_or_else(|| table_not_found(told).into())
}

/// No table must have the name of the new one.
async fn check_target(cx: &Cx, name: &str) -> Reply<()> {
    match Located::find(cx, Named::here(cx, name)).await? {
        Some(at) if at.table.state.status(cx.now()) == "DELETING" => {
            Err(table_in_use_exception(format!("Table is being deleted: {name}")).into())
        }
        Some(_) => Err(table_already_exists_exception(format!("Table already exists: {name}")).into()),
        None => Ok(()),
    }
}

/// Makes the table, and begins to fill it.
async fn begin(
    cx: &Cx,
    name: String,
    mut table: TableRecord,
    restored: Restored,
    (what, from, reader): (Past, From, u64),
) -> Reply<TableDescription> {
    table.restored = Some(restored);
    table.set_state(State::Creating(i64::MAX));
    let at = Located { scope: cx.scope().clone(), name, table: table.into() };
    at.save(cx).await?;
    let description = describe::describe(cx, &at, describe::while_changing(cx)).await?;
    let to = To::Table(at.name, at.table.id);
    copy::run(cx, Copy { what, from, reader, to, after: None }).await?;
    Ok(description)
}

/// All items are there.
pub(crate) async fn complete(cx: &Cx, name: &str, id: u64) -> Reply<()> {
    let name = name.to_owned();
    let table = cx.tx().get_shared(cx.scope(), &TABLES, &name).await?;
    let Some(table) = table.filter(|table| table.id == id) else { return Ok(()) };
    let mut at = Located { scope: cx.scope().clone(), name, table };
    let state = State::Creating(State::end(cx));
    at.table_mut().set_state(state);
    at.save(cx).await
}
