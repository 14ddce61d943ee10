//! `DescribeTable`, and what other operations tell of a table.

use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::Scope;

use crate::api::{
    DescribeTableInput, DescribeTableOutput, GlobalSecondaryIndexDescription, LocalSecondaryIndexDescription,
    SSEDescription, TableClassSummary, TableDescription,
};
use crate::global;
use crate::table::warm::Warm;
use crate::table::{Index, Located, TableRecord, stream_arn};
use crate::tables::{COUNTS, SIZES};

/// Number of the table itself among its indexes.
const ITSELF: u64 = 0;

pub(crate) async fn describe_table(cx: &Cx, input: DescribeTableInput) -> Reply<DescribeTableOutput> {
    let at = Located::of(cx, &input.table_name).await?;
    Ok(DescribeTableOutput { table: Some(describe(cx, &at, cx.now()).await?) })
}

/// The moment that the answer to a change is about: the change has begun, and lasts, even where it takes no time.
pub(crate) fn while_changing(cx: &Cx) -> Timestamp {
    Timestamp::from_micros(cx.now().micros().saturating_sub(1))
}

/// All that there is to tell of a table at a moment.
pub(crate) async fn describe(cx: &Cx, at: &Located, now: Timestamp) -> Reply<TableDescription> {
    let table = &*at.table;
    let (mut locals, mut globals) = (Vec::new(), Vec::new());
    for index in &table.indexes {
        let counted = count(cx, at, index.id).await?;
        if index.global {
            globals.push(global(at, index, now, counted));
        } else {
            locals.push(local(at, index, counted));
        }
    }
    let stream = table.stream.as_ref();
    let arn = at.arn();
    let mut told = TableDescription {
        attribute_definitions: Some(table.definitions.clone()),
        key_schema: Some(table.key.elements()),
        creation_date_time: Some(Timestamp::from_micros(table.created)),
        local_secondary_indexes: (!locals.is_empty()).then_some(locals),
        global_secondary_indexes: (!globals.is_empty()).then_some(globals),
        stream_specification: table.open_stream().map(|stream| stream.specification.clone()),
        latest_stream_label: stream.map(|stream| stream.label.clone()),
        latest_stream_arn: stream.map(|stream| stream_arn(&arn, &stream.label)),
        sse_description: encryption(&at.scope, table),
        ..summary(cx, at, now).await?
    };
    global::describe(at, now, &mut told);
    Ok(told)
}

/// What is told of a table that is deleted: neither schema nor indexes.
pub(super) async fn summary(cx: &Cx, at: &Located, now: Timestamp) -> Reply<TableDescription> {
    let table = &*at.table;
    let (items, bytes) = count(cx, at, ITSELF).await?;
    Ok(TableDescription {
        table_name: Some(at.name.clone()),
        table_status: Some(table.state.status(now).to_owned()),
        provisioned_throughput: Some(table.billing.units.describe(now)),
        billing_mode_summary: table.billing.summary(),
        on_demand_throughput: table.billing.limits.clone(),
        warm_throughput: Some(
            Warm::of(table.warm, table.billing.on_demand, table.billing.units).of_table(table.state, now),
        ),
        table_size_bytes: Some(bytes),
        item_count: Some(items),
        table_arn: Some(at.arn()),
        table_id: Some(table.table_id.clone()),
        table_class_summary: table.class.as_ref().map(|class| TableClassSummary {
            table_class: Some(class.name.clone()),
            last_update_date_time: class.updated.map(Timestamp::from_micros),
        }),
        deletion_protection_enabled: Some(table.deletion_protection),
        restore_summary: table.restored.as_ref().map(|restored| restored.describe(table.state.is_creating(now))),
        ..TableDescription::default()
    })
}

/// Items and bytes of the table.
pub(crate) async fn count_table(cx: &Cx, at: &Located) -> Reply<(i64, i64)> {
    count(cx, at, ITSELF).await
}

/// Items and bytes of the table or of one of its indexes.
async fn count(cx: &Cx, at: &Located, index: u64) -> Reply<(i64, i64)> {
    let key = (at.table.id, index);
    Ok((cx.tx().counter(&at.scope, &COUNTS, &key).await?, cx.tx().counter(&at.scope, &SIZES, &key).await?))
}

fn index_arn(at: &Located, index: &Index) -> String {
    format!("{}/index/{}", at.arn(), index.name)
}

fn local(at: &Located, index: &Index, (items, bytes): (i64, i64)) -> LocalSecondaryIndexDescription {
    LocalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(index.key.elements()),
        projection: Some(index.projection.clone()),
        index_size_bytes: Some(bytes),
        item_count: Some(items),
        index_arn: Some(index_arn(at, index)),
    }
}

/// Told of an index that is created: whether it takes in items already. Before that, while the table is UPDATING, it is given what it needs.
fn backfilling(at: &Located, index: &Index, now: Timestamp) -> Option<bool> {
    (index.is_filling() && index.status(now) == "CREATING").then(|| at.table.state.changing(now).is_none())
}

fn global(at: &Located, index: &Index, now: Timestamp, (items, bytes): (i64, i64)) -> GlobalSecondaryIndexDescription {
    let warm_status = if index.status(now) == "UPDATING" { "UPDATING" } else { "ACTIVE" };
    GlobalSecondaryIndexDescription {
        index_name: Some(index.name.clone()),
        key_schema: Some(index.key.elements()),
        projection: Some(index.projection.clone()),
        index_status: Some(index.status(now).to_owned()),
        backfilling: backfilling(at, index, now),
        warm_throughput: Some(Warm::of(index.warm, at.table.billing.on_demand, index.units).of_index(warm_status)),
        provisioned_throughput: Some(index.units.describe(now)),
        on_demand_throughput: index.limits.clone(),
        index_size_bytes: Some(bytes),
        item_count: Some(items),
        index_arn: Some(index_arn(at, index)),
    }
}

/// Told of tables whose key is not DynamoDB's own.
pub(crate) fn encryption(scope: &Scope, table: &TableRecord) -> Option<SSEDescription> {
    let asked = table.encryption.as_ref()?;
    let partition = kumoi_model::partitions::partition_of(&scope.region).id.as_str();
    let key = match asked.kms_master_key_id.as_deref() {
        Some(arn) if arn.starts_with("arn:") => arn.to_owned(),
        Some(alias) if alias.starts_with("alias/") => {
            format!("arn:{partition}:kms:{}:{}:{alias}", scope.region, scope.account)
        }
        other => {
            let id = other.unwrap_or(&table.table_id);
            format!("arn:{partition}:kms:{}:{}:key/{id}", scope.region, scope.account)
        }
    };
    Some(SSEDescription {
        status: Some("ENABLED".to_owned()),
        sse_type: Some("KMS".to_owned()),
        kms_master_key_arn: Some(key),
        ..SSEDescription::default()
    })
}
