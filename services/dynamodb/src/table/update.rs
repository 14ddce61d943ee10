//! `UpdateTable`: billing, throughput, class, protection, stream and encryption. Indexes of live tables are not changed yet.

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{StreamSpecification, UpdateTableInput, UpdateTableOutput};
use crate::errors::{invalid, validation};
use crate::streams::state as streams;
use crate::table::state::State;
use crate::table::throughput::{Units, is_on_demand};
use crate::table::{Class, Located, TableRecord, describe};

pub(crate) async fn update(cx: &Cx, input: UpdateTableInput) -> Reply<UpdateTableOutput> {
    if input.global_secondary_index_updates.as_ref().is_some_and(|updates| !updates.is_empty()) {
        return Err(Fault::not_implemented("dynamodb", "UpdateTable with GlobalSecondaryIndexUpdates").into());
    }
    let mut at = Located::to_change(cx, &input.table_name).await?;
    if asks_nothing(&input) {
        return Err(validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        )
        .into());
    }
    let end = State::end(cx);
    if let Some(asked) = &input.stream_specification {
        set_stream(cx, &mut at, asked.clone()).await?;
    }
    let table = at.table_mut();
    set_billing(cx, table, &input)?;
    if let Some(name) = input.table_class {
        table.class = Some(Class { name, updated: Some(cx.now().micros()) });
    }
    if let Some(protected) = input.deletion_protection_enabled {
        table.deletion_protection = protected;
    }
    if let Some(asked) = input.sse_specification {
        table.encryption = (asked.enabled == Some(true)).then_some(asked);
    }
    table.state = State::Updating(end);
    at.save(cx).await?;
    let description = describe::describe(cx, &at, describe::while_changing(cx)).await?;
    Ok(UpdateTableOutput { table_description: Some(description) })
}

fn asks_nothing(input: &UpdateTableInput) -> bool {
    let asked = input.billing_mode.is_some()
        || input.provisioned_throughput.is_some()
        || input.table_class.is_some()
        || input.deletion_protection_enabled.is_some()
        || input.stream_specification.is_some()
        || input.sse_specification.is_some()
        || input.on_demand_throughput.is_some()
        || input.replica_updates.is_some()
        || input.warm_throughput.is_some();
    !asked
}

fn set_billing(cx: &Cx, table: &mut TableRecord, input: &UpdateTableInput) -> Result<(), Fault> {
    let now = cx.now().micros();
    let mode = input.billing_mode.as_deref();
    let on_demand = mode.map_or(table.billing.on_demand, |mode| is_on_demand(Some(mode)));
    let switched = on_demand != table.billing.on_demand;
    let asked = input.provisioned_throughput.as_ref();
    if asked.is_some() || (switched && !on_demand) {
        let units = Units::asked(on_demand, asked, None)?;
        let old = table.billing.units;
        if !switched && (units.read, units.write) == (old.read, old.write) && asks_units_alone(input) {
            return Err(unchanged(old));
        }
        table.billing.units = old.changed(units, now);
    } else if switched {
        table.billing.units = Units::default();
        table.billing.since = Some(now);
        for index in table.indexes.iter_mut().filter(|index| index.global) {
            index.units = Units::default();
        }
    }
    table.billing.on_demand = on_demand;
    if let Some(limits) = &input.on_demand_throughput {
        table.billing.limits = Some(limits.clone());
    }
    Ok(())
}

fn asks_units_alone(input: &UpdateTableInput) -> bool {
    input.table_class.is_none()
        && input.deletion_protection_enabled.is_none()
        && input.stream_specification.is_none()
        && input.sse_specification.is_none()
}

fn unchanged(units: Units) -> Fault {
    let Units { read, write, .. } = units;
    validation(format!(
        "The provisioned throughput for the table will not change. The requested value equals the current value. \
         Current ReadCapacityUnits provisioned for the table: {read}. Requested ReadCapacityUnits: {read}. \
         Current WriteCapacityUnits provisioned for the table: {write}. Requested WriteCapacityUnits: {write}. \
         Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    ))
}

/// A stream is enabled where there is none, and disabled where there is one.
async fn set_stream(cx: &Cx, at: &mut Located, asked: StreamSpecification) -> Reply<()> {
    let enabled = at.table.open_stream().is_some();
    let (scope, name) = (at.scope.clone(), at.name.clone());
    if !asked.stream_enabled && asked.stream_view_type.is_some() {
        return Err(invalid("If stream is being disabled, then UpdateViewType must not be specified").into());
    }
    match (enabled, asked.stream_enabled) {
        (true, true) => Err(validation(format!("Table already has an enabled stream: TableName: {name}")).into()),
        (false, false) => Err(validation(format!("Table has no stream to disable: TableName: {name}")).into()),
        (true, false) => streams::disable(cx, &scope, &name, at.table_mut()).await,
        (false, true) => {
            streams::check(&asked)?;
            let stream = streams::enable(cx, &scope, &name, &at.table.key, asked).await?;
            at.table_mut().stream = Some(stream);
            Ok(())
        }
    }
}
