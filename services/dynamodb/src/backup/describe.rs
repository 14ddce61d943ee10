//! `DescribeBackup`, and what else is told of a backup.

use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;

use crate::api::{
    BackupDescription, BackupDetails, BackupSummary, DescribeBackupInput, DescribeBackupOutput,
    GlobalSecondaryIndexInfo, LocalSecondaryIndexInfo, ProvisionedThroughput, SourceTableDetails,
    SourceTableFeatureDetails, TimeToLiveDescription,
};
use crate::backup::Found;
use crate::table::Index;
use crate::table::describe::encryption;
use crate::table::throughput::Units;

pub(crate) async fn describe_backup(cx: &Cx, input: DescribeBackupInput) -> Reply<DescribeBackupOutput> {
    let found = Found::by_arn(cx, &input.backup_arn).await?;
    Ok(DescribeBackupOutput { backup_description: Some(describe(&found, cx.now())) })
}

/// All that there is to tell at a moment.
pub(super) fn describe(found: &Found, now: Timestamp) -> BackupDescription {
    BackupDescription {
        backup_details: Some(details(found, now)),
        source_table_details: Some(source(found)),
        source_table_feature_details: Some(features(found)),
    }
}

pub(super) fn details(found: &Found, now: Timestamp) -> BackupDetails {
    let backup = &found.backup;
    BackupDetails {
        backup_arn: found.arn(),
        backup_name: backup.name.clone(),
        backup_size_bytes: Some(backup.bytes),
        backup_status: backup.status(now).to_owned(),
        backup_type: backup.kind().to_owned(),
        backup_creation_date_time: Timestamp::from_micros(backup.created),
        backup_expiry_date_time: backup.expires.map(Timestamp::from_micros),
    }
}

/// What lists tell.
pub(super) fn summary(found: &Found, now: Timestamp) -> BackupSummary {
    let backup = &found.backup;
    BackupSummary {
        table_name: Some(found.key.0.clone()),
        table_id: Some(backup.table.table_id.clone()),
        table_arn: Some(found.table_arn()),
        backup_arn: Some(found.arn()),
        backup_name: Some(backup.name.clone()),
        backup_creation_date_time: Some(Timestamp::from_micros(backup.created)),
        backup_expiry_date_time: backup.expires.map(Timestamp::from_micros),
        backup_status: Some(backup.status(now).to_owned()),
        backup_type: Some(backup.kind().to_owned()),
        backup_size_bytes: Some(backup.bytes),
    }
}

fn throughput(units: Units) -> ProvisionedThroughput {
    ProvisionedThroughput { read_capacity_units: units.read, write_capacity_units: units.write }
}

fn source(found: &Found) -> SourceTableDetails {
    let (backup, table) = (&found.backup, &found.backup.table);
    SourceTableDetails {
        table_name: found.key.0.clone(),
        table_id: table.table_id.clone(),
        table_arn: Some(found.table_arn()),
        table_size_bytes: Some(backup.bytes),
        key_schema: table.key.elements(),
        table_creation_date_time: Timestamp::from_micros(table.created),
        provisioned_throughput: throughput(table.billing.units),
        on_demand_throughput: table.billing.limits.clone(),
        item_count: Some(backup.items),
        billing_mode: Some(table.billing.mode().to_owned()),
    }
}

fn features(found: &Found) -> SourceTableFeatureDetails {
    let table = &found.backup.table;
    let indexes = |global: bool| table.indexes.iter().filter(move |index| index.global == global);
    let locals: Vec<_> = indexes(false).map(local).collect();
    let globals: Vec<_> = indexes(true).map(global).collect();
    SourceTableFeatureDetails {
        local_secondary_indexes: (!locals.is_empty()).then_some(locals),
        global_secondary_indexes: (!globals.is_empty()).then_some(globals),
        stream_description: table.stream.as_ref().map(|stream| stream.specification.clone()),
        time_to_live_description: table.time_to_live.as_ref().filter(|set| set.enabled).map(|set| {
            TimeToLiveDescription {
                time_to_live_status: Some("ENABLED".to_owned()),
                attribute_name: Some(set.attribute.clone()),
            }
        }),
        sse_description: encryption(&found.scope, table),
        ..SourceTableFeatureDetails::default()
    }
}

fn local(index: &Index) -> LocalSecondaryIndexInfo {
    LocalSecondaryIndexInfo {
        index_name: Some(index.name.clone()),
        key_schema: Some(index.key.elements()),
        projection: Some(index.projection.clone()),
    }
}

fn global(index: &Index) -> GlobalSecondaryIndexInfo {
    GlobalSecondaryIndexInfo {
        index_name: Some(index.name.clone()),
        key_schema: Some(index.key.elements()),
        projection: Some(index.projection.clone()),
        provisioned_throughput: Some(throughput(index.units)),
        on_demand_throughput: index.limits.clone(),
    }
}
