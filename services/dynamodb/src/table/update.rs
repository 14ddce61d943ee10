//! `UpdateTable`: billing, throughput, class, protection, stream, encryption and indexes.

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{StreamSpecification, UpdateTableInput, UpdateTableOutput};
use crate::errors::{in_use, invalid, validation};
use crate::global;
use crate::streams::state as streams;
use crate::table::state::State;
use crate::table::throughput::{Units, is_on_demand, limited};
use crate::table::warm::Warm;
use crate::table::{Class, Located, TableRecord, backfill, describe, index};

pub(crate) async fn update(cx: &Cx, input: UpdateTableInput) -> Reply<UpdateTableOutput> {
    let mut at = Located::to_change(cx, &input.table_name).await?;
    if asks_nothing(&input) {
        return Err(validation(
            "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates or SSESpecification or ReplicaUpdates is required",
        )
        .into());
    }
    let end = State::end(cx);
    if let Some(protected) = input.disassociation_protection_enabled {
        protect(&mut at, &input, protected)?;
    }
    apply(cx, &mut at, &input, end).await?;
    // Replicas have the same indexes, billing and writes.
    for mut other in global::followers(cx, &at).await? {
        if let Some(how) = other.table.state.changing(cx.now()) {
            return Err(in_use(how, &other.name).into());
        }
        apply(cx, &mut other, &input, end).await?;
        backfill::at_once(cx, &mut other, end).await?;
        other.save(cx).await?;
    }
    global::replicas::apply(cx, &mut at, &input, end).await?;
    if input.stream_specification.as_ref().is_some_and(|asked| !asked.stream_enabled) {
        global::check_stream(&at)?;
    }
    if let Some(asked) = &input.stream_specification {
        set_stream(cx, &mut at, asked.clone()).await?;
    }
    let table = at.table_mut();
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
    let description = describe::describe(cx, &at, describe::while_changing(cx)).await?;
    backfill::at_once(cx, &mut at, end).await?;
    at.save(cx).await?;
    if input.replica_updates.is_some() && end <= cx.now().micros() {
        global::copy::run(cx, &at.scope, &at.name).await?;
    }
    Ok(UpdateTableOutput { table_description: Some(description) })
}

/// What is the same in all replicas.
async fn apply(cx: &Cx, at: &mut Located, input: &UpdateTableInput, end: i64) -> Reply<()> {
    set_billing(cx, at.table_mut(), input)?;
    if let Some(updates) = &input.global_secondary_index_updates {
        index::apply(cx, at, updates, input.attribute_definitions.as_deref(), end).await?;
    }
    Ok(set_warm(at.table_mut(), input)?)
}

/// Whether a replica may leave its group is not changed together with anything else.
fn protect(at: &mut Located, input: &UpdateTableInput, protected: bool) -> Result<(), Fault> {
    let alone = UpdateTableInput {
        table_name: input.table_name.clone(),
        disassociation_protection_enabled: input.disassociation_protection_enabled,
        ..UpdateTableInput::default()
    };
    if *input != alone {
        return Err(invalid("DisassociationProtectionEnabled cannot be changed together with anything else"));
    }
    if at.table.global.as_ref().is_none_or(|global| global.strong || global.legacy) {
        return Err(invalid("The table is not a replica of a global table with multi-Region eventual consistency"));
    }
    at.table_mut().unprotected = !protected;
    Ok(())
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
        || input.global_table_witness_updates.is_some()
        || input.disassociation_protection_enabled.is_some()
        || input.warm_throughput.is_some()
        || input.global_secondary_index_updates.as_ref().is_some_and(|updates| !updates.is_empty());
    !asked
}

fn set_billing(cx: &Cx, table: &mut TableRecord, input: &UpdateTableInput) -> Result<(), Fault> {
    let now = cx.now().micros();
    let mode = input.billing_mode.as_deref();
    let on_demand = mode.map_or(table.billing.on_demand, |mode| is_on_demand(Some(mode)));
    let switched = on_demand != table.billing.on_demand;
    let asked = input.provisioned_throughput.as_ref();
    if switched && !on_demand {
        check_index_units(table, input)?;
    }
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
        table.billing.limits = Some(limited(table.billing.limits.as_ref(), limits));
    }
    Ok(())
}

/// Who leaves on-demand says what each global index is to have.
fn check_index_units(table: &TableRecord, input: &UpdateTableInput) -> Result<(), Fault> {
    let updates = || input.global_secondary_index_updates.iter().flatten().filter_map(|update| update.update.as_ref());
    let given =
        |name: &str| updates().any(|update| update.index_name == name && update.provisioned_throughput.is_some());
    match table.indexes.iter().find(|index| index.global && !given(&index.name)) {
        Some(index) => Err(invalid(format!("ProvisionedThroughput is not specified for index: {}", index.name))),
        None => Ok(()),
    }
}

fn set_warm(table: &mut TableRecord, input: &UpdateTableInput) -> Result<(), Fault> {
    let Some(asked) = &input.warm_throughput else { return Ok(()) };
    let now = Warm::of(table.warm, table.billing.on_demand, table.billing.units);
    table.warm = Some(Warm::raised(now, asked, None)?);
    Ok(())
}

fn asks_units_alone(input: &UpdateTableInput) -> bool {
    input.table_class.is_none()
        && input.deletion_protection_enabled.is_none()
        && input.stream_specification.is_none()
        && input.sse_specification.is_none()
        && input.global_secondary_index_updates.is_none()
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
