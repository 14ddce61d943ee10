//! Settings of global tables of version 2017.11.29: billing, throughput and auto scaling of all replicas, and of each.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{
    BillingModeSummary, DescribeGlobalTableSettingsInput, DescribeGlobalTableSettingsOutput,
    ReplicaGlobalSecondaryIndexSettingsDescription, ReplicaSettingsDescription, ReplicaSettingsUpdate,
    TableClassSummary, UpdateGlobalTableSettingsInput, UpdateGlobalTableSettingsOutput,
};
use crate::errors::{index_not_found_exception, invalid, replica_not_found_exception};
use crate::global::{legacy, members, replica_status};
use crate::scaling::{self, Scaling, changed};
use crate::table::throughput::{Units, is_on_demand};
use crate::table::{Class, Located, TableRecord};

pub(crate) async fn describe(
    cx: &Cx,
    input: DescribeGlobalTableSettingsInput,
) -> Reply<DescribeGlobalTableSettingsOutput> {
    let at = legacy::find(cx, &input.global_table_name).await?;
    let settings = described(cx, &at, &members(cx, &at).await?).await?;
    Ok(DescribeGlobalTableSettingsOutput {
        global_table_name: Some(input.global_table_name),
        replica_settings: Some(settings),
    })
}

async fn described(cx: &Cx, at: &Located, group: &[Located]) -> Reply<Vec<ReplicaSettingsDescription>> {
    let mut settings = BTreeMap::new();
    for member in group {
        let scaling = scaling::of(cx, member).await?;
        settings.insert(member.scope.region.to_string(), replica(cx, at, member, scaling));
    }
    Ok(settings.into_values().collect())
}

fn replica(cx: &Cx, at: &Located, member: &Located, mut scaling: Scaling) -> ReplicaSettingsDescription {
    let table = &member.table;
    let indexes: Vec<_> = table.indexes.iter().filter(|index| index.global).collect();
    let indexes = indexes.into_iter().map(|index| {
        let (read, write) = scaling.indexes.remove(&index.name).unwrap_or_default();
        let units = |units: i64| Some(units).filter(|units| *units > 0);
        ReplicaGlobalSecondaryIndexSettingsDescription {
            index_name: index.name.clone(),
            index_status: Some(index.status(cx.now()).to_owned()),
            provisioned_read_capacity_units: units(index.units.read),
            provisioned_read_capacity_auto_scaling_settings: read,
            provisioned_write_capacity_units: units(index.units.write),
            provisioned_write_capacity_auto_scaling_settings: write,
        }
    });
    let indexes: Vec<_> = indexes.collect();
    let mode = if table.billing.on_demand { "PAY_PER_REQUEST" } else { "PROVISIONED" };
    ReplicaSettingsDescription {
        region_name: member.scope.region.to_string(),
        replica_status: Some(replica_status(cx, at, &member.scope.region).to_owned()),
        replica_billing_mode_summary: Some(table.billing.summary().unwrap_or_else(|| BillingModeSummary {
            billing_mode: Some(mode.to_owned()),
            last_update_to_pay_per_request_date_time: None,
        })),
        replica_provisioned_read_capacity_units: Some(table.billing.units.read),
        replica_provisioned_read_capacity_auto_scaling_settings: scaling.read,
        replica_provisioned_write_capacity_units: Some(table.billing.units.write),
        replica_provisioned_write_capacity_auto_scaling_settings: scaling.write,
        replica_global_secondary_index_settings: (!indexes.is_empty()).then_some(indexes),
        replica_table_class_summary: table
            .class
            .as_ref()
            .map(|class| TableClassSummary { table_class: Some(class.name.clone()), last_update_date_time: None }),
    }
}

pub(crate) async fn update(cx: &Cx, input: UpdateGlobalTableSettingsInput) -> Reply<UpdateGlobalTableSettingsOutput> {
    let at = legacy::find(cx, &input.global_table_name).await?;
    let mut group = members(cx, &at).await?;
    let mut of_replica = BTreeMap::new();
    for asked in input.replica_settings_update.iter().flatten() {
        if !group.iter().any(|member| *member.scope.region == *asked.region_name) {
            return Err(replica_not_found_exception(format!(
                "Replica not found: Replica of global table '{}' in Region {} does not exist.",
                at.name, asked.region_name
            ))
            .into());
        }
        of_replica.insert(asked.region_name.as_str(), asked);
    }
    for member in &mut group {
        let mut scaling = scaling::of(cx, member).await?;
        let now = cx.now().micros();
        set_all(member.table_mut(), &mut scaling, &input, now)?;
        if let Some(asked) = of_replica.get(&*member.scope.region) {
            set_one(member.table_mut(), &mut scaling, asked, now)?;
        }
        member.save(cx).await?;
        scaling::save(cx, member, &scaling).await?;
    }
    let settings = described(cx, &at, &group).await?;
    Ok(UpdateGlobalTableSettingsOutput {
        global_table_name: Some(input.global_table_name),
        replica_settings: Some(settings),
    })
}

/// What is set for all replicas: billing, and what writes may take.
fn set_all(
    table: &mut TableRecord,
    scaling: &mut Scaling,
    input: &UpdateGlobalTableSettingsInput,
    now: i64,
) -> Result<(), Fault> {
    if let Some(mode) = input.global_table_billing_mode.as_deref() {
        let on_demand = is_on_demand(Some(mode));
        if on_demand && !table.billing.on_demand {
            table.billing.since = Some(now);
            table.billing.units = Units::default();
            table.indexes.iter_mut().for_each(|index| index.units = Units::default());
        }
        table.billing.on_demand = on_demand;
    }
    if let Some(write) = input.global_table_provisioned_write_capacity_units {
        check_provisioned(table)?;
        let units = table.billing.units;
        table.billing.units = units.changed(Units { write, read: units.read.max(1), ..units }, now);
    }
    if let Some(asked) = &input.global_table_provisioned_write_capacity_auto_scaling_settings_update {
        scaling.write = Some(changed(scaling.write.as_ref(), asked)?);
    }
    for asked in input.global_table_global_secondary_index_settings_update.iter().flatten() {
        let units = index_units(table, &asked.index_name)?;
        if let Some(write) = asked.provisioned_write_capacity_units {
            *units = units.changed(Units { write, ..*units }, now);
        }
        if let Some(asked_for) = &asked.provisioned_write_capacity_auto_scaling_settings_update {
            let settings = scaling.indexes.entry(asked.index_name.clone()).or_default();
            settings.1 = Some(changed(settings.1.as_ref(), asked_for)?);
        }
    }
    Ok(())
}

/// What is set for one: what reads may take, and its class.
fn set_one(
    table: &mut TableRecord,
    scaling: &mut Scaling,
    asked: &ReplicaSettingsUpdate,
    now: i64,
) -> Result<(), Fault> {
    if let Some(read) = asked.replica_provisioned_read_capacity_units {
        check_provisioned(table)?;
        let units = table.billing.units;
        table.billing.units = units.changed(Units { read, write: units.write.max(1), ..units }, now);
    }
    if let Some(asked) = &asked.replica_provisioned_read_capacity_auto_scaling_settings_update {
        scaling.read = Some(changed(scaling.read.as_ref(), asked)?);
    }
    for asked in asked.replica_global_secondary_index_settings_update.iter().flatten() {
        let units = index_units(table, &asked.index_name)?;
        if let Some(read) = asked.provisioned_read_capacity_units {
            *units = units.changed(Units { read, ..*units }, now);
        }
        if let Some(asked_for) = &asked.provisioned_read_capacity_auto_scaling_settings_update {
            let settings = scaling.indexes.entry(asked.index_name.clone()).or_default();
            settings.0 = Some(changed(settings.0.as_ref(), asked_for)?);
        }
    }
    if let Some(name) = &asked.replica_table_class {
        table.class = Some(Class { name: name.clone(), updated: Some(now) });
    }
    Ok(())
}

fn check_provisioned(table: &TableRecord) -> Result<(), Fault> {
    if table.billing.on_demand {
        return Err(invalid(
            "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
        ));
    }
    Ok(())
}

fn index_units<'a>(table: &'a mut TableRecord, name: &str) -> Result<&'a mut Units, Fault> {
    let index = table.indexes.iter_mut().find(|index| index.global && index.name == name);
    let index = index.ok_or_else(|| {
        index_not_found_exception(format!("Index not found: Index with name: '{name}' does not exist."))
    })?;
    Ok(&mut index.units)
}
