//! Settings of auto scaling of tables, of their replicas and of their indexes.
//!
//! Follows "Managing throughput capacity automatically with DynamoDB auto scaling" of the Developer Guide. The settings are kept and told; a table whose
//! writes are scaled may have replicas though it is provisioned. Nothing scales by itself, as nothing is short of throughput.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use serde::{Deserialize, Serialize};

use crate::api::{
    AutoScalingPolicyDescription, AutoScalingSettingsDescription, AutoScalingSettingsUpdate,
    AutoScalingTargetTrackingScalingPolicyConfigurationDescription, DescribeTableReplicaAutoScalingInput,
    DescribeTableReplicaAutoScalingOutput, ReplicaAutoScalingDescription,
    ReplicaGlobalSecondaryIndexAutoScalingDescription, TableAutoScalingDescription, UpdateTableReplicaAutoScalingInput,
    UpdateTableReplicaAutoScalingOutput,
};
use crate::errors::{invalid, resource_not_found_exception, validation};
use crate::global;
use crate::table::{Located, TableRecord};
use crate::tables::SCALING;

/// Of a table in one Region.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Scaling {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) read: Option<AutoScalingSettingsDescription>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) write: Option<AutoScalingSettingsDescription>,
    /// By the index's name: reading and writing.
    #[serde(default)]
    pub(crate) indexes:
        BTreeMap<String, (Option<AutoScalingSettingsDescription>, Option<AutoScalingSettingsDescription>)>,
}

/// The settings of a table in its Region.
pub(crate) async fn of(cx: &Cx, at: &Located) -> Reply<Scaling> {
    Ok(cx.tx().get(&at.scope, &SCALING, &at.name).await?.unwrap_or_default())
}

pub(crate) async fn save(cx: &Cx, at: &Located, scaling: &Scaling) -> Reply<()> {
    Ok(cx.tx().put(&at.scope, &SCALING, &at.name, scaling).await?)
}

/// What settings become.
pub(crate) fn changed(
    before: Option<&AutoScalingSettingsDescription>,
    asked: &AutoScalingSettingsUpdate,
) -> Result<AutoScalingSettingsDescription, Fault> {
    let mut next = before.cloned().unwrap_or_default();
    next.minimum_units = asked.minimum_units.or(next.minimum_units);
    next.maximum_units = asked.maximum_units.or(next.maximum_units);
    next.auto_scaling_disabled = asked.auto_scaling_disabled.or(next.auto_scaling_disabled);
    next.auto_scaling_role_arn = asked.auto_scaling_role_arn.clone().or(next.auto_scaling_role_arn);
    if next.auto_scaling_disabled == Some(true) {
        return Ok(AutoScalingSettingsDescription {
            auto_scaling_disabled: Some(true),
            ..AutoScalingSettingsDescription::default()
        });
    }
    let (Some(minimum), Some(maximum)) = (next.minimum_units, next.maximum_units) else {
        return Err(invalid("MinimumUnits and MaximumUnits must both be specified to enable auto scaling"));
    };
    if minimum > maximum {
        return Err(invalid(format!("MinimumUnits {minimum} must not be greater than MaximumUnits {maximum}")));
    }
    if let Some(policy) = &asked.scaling_policy_update {
        let target = &policy.target_tracking_scaling_policy_configuration;
        let described = AutoScalingPolicyDescription {
            policy_name: policy.policy_name.clone(),
            target_tracking_scaling_policy_configuration: Some(
                AutoScalingTargetTrackingScalingPolicyConfigurationDescription {
                    disable_scale_in: target.disable_scale_in,
                    scale_in_cooldown: target.scale_in_cooldown,
                    scale_out_cooldown: target.scale_out_cooldown,
                    target_value: target.target_value,
                },
            ),
        };
        let mut policies = next.scaling_policies.take().unwrap_or_default();
        policies.retain(|policy| policy.policy_name != described.policy_name);
        policies.push(described);
        next.scaling_policies = Some(policies);
    }
    Ok(next)
}

pub(crate) fn is_on(settings: Option<&AutoScalingSettingsDescription>) -> bool {
    settings.is_some_and(|settings| settings.auto_scaling_disabled != Some(true))
}

/// What is set for an index that is gone.
pub(crate) async fn forget_index(cx: &Cx, at: &Located, index: &str) -> Reply<()> {
    let mut scaling = of(cx, at).await?;
    match scaling.indexes.remove(index) {
        Some(_) => save(cx, at, &scaling).await,
        None => Ok(()),
    }
}

/// The index of that name that an operation on auto scaling names.
fn check_index(table: &TableRecord, name: &str) -> Result<(), Fault> {
    if table.indexes.iter().any(|index| index.global && index.name == name) {
        return Ok(());
    }
    Err(resource_not_found_exception(format!("Requested resource not found: Index: {name} not found")))
}

fn check_provisioned(table: &TableRecord) -> Result<(), Fault> {
    if table.billing.on_demand {
        return Err(validation(
            "Auto scaling settings cannot be changed for a table whose BillingMode is PAY_PER_REQUEST",
        ));
    }
    Ok(())
}

pub(crate) async fn describe(
    cx: &Cx,
    input: DescribeTableReplicaAutoScalingInput,
) -> Reply<DescribeTableReplicaAutoScalingOutput> {
    let at = Located::of(cx, &input.table_name).await?;
    let description = description(cx, &at, at.table.state.status(cx.now())).await?;
    Ok(DescribeTableReplicaAutoScalingOutput { table_auto_scaling_description: Some(description) })
}

async fn description(cx: &Cx, at: &Located, status: &str) -> Reply<TableAutoScalingDescription> {
    let mut replicas = Vec::new();
    for member in global::members(cx, at).await? {
        replicas.push(replica(cx, at, &member).await?);
    }
    Ok(TableAutoScalingDescription {
        table_name: Some(at.name.clone()),
        table_status: Some(status.to_owned()),
        replicas: Some(replicas),
    })
}

async fn replica(cx: &Cx, at: &Located, member: &Located) -> Reply<ReplicaAutoScalingDescription> {
    let scaling = of(cx, member).await?;
    let indexes = member.table.indexes.iter().filter(|index| index.global).map(|index| {
        let (read, write) = scaling.indexes.get(&index.name).cloned().unwrap_or_default();
        ReplicaGlobalSecondaryIndexAutoScalingDescription {
            index_name: Some(index.name.clone()),
            index_status: Some(index.status(cx.now()).to_owned()),
            provisioned_read_capacity_auto_scaling_settings: read,
            provisioned_write_capacity_auto_scaling_settings: write,
        }
    });
    let indexes: Vec<_> = indexes.collect();
    Ok(ReplicaAutoScalingDescription {
        region_name: Some(member.scope.region.to_string()),
        global_secondary_indexes: (!indexes.is_empty()).then_some(indexes),
        replica_provisioned_read_capacity_auto_scaling_settings: scaling.read,
        replica_provisioned_write_capacity_auto_scaling_settings: scaling.write,
        replica_status: Some(global::replica_status(cx, at, &member.scope.region).to_owned()),
    })
}

pub(crate) async fn update(
    cx: &Cx,
    input: UpdateTableReplicaAutoScalingInput,
) -> Reply<UpdateTableReplicaAutoScalingOutput> {
    let at = Located::to_change(cx, &input.table_name).await?;
    check_provisioned(&at.table)?;
    let members = global::members(cx, &at).await?;
    let mut updates = BTreeMap::new();
    for asked in input.replica_updates.iter().flatten() {
        if !members.iter().any(|member| *member.scope.region == asked.region_name) {
            let message = format!("Replica of table {} in Region {} does not exist", at.name, asked.region_name);
            return Err(validation(message).into());
        }
        updates.insert(asked.region_name.as_str(), asked);
    }
    for member in &members {
        let mut scaling = of(cx, member).await?;
        // Writes are the same in all replicas.
        if let Some(asked) = &input.provisioned_write_capacity_auto_scaling_update {
            scaling.write = Some(changed(scaling.write.as_ref(), asked)?);
        }
        for asked in input.global_secondary_index_updates.iter().flatten() {
            let Some(name) = &asked.index_name else { continue };
            check_index(&at.table, name)?;
            let Some(asked) = &asked.provisioned_write_capacity_auto_scaling_update else { continue };
            let settings = scaling.indexes.entry(name.clone()).or_default();
            settings.1 = Some(changed(settings.1.as_ref(), asked)?);
        }
        if let Some(asked) = updates.get(&*member.scope.region) {
            if let Some(asked) = &asked.replica_provisioned_read_capacity_auto_scaling_update {
                scaling.read = Some(changed(scaling.read.as_ref(), asked)?);
            }
            for asked in asked.replica_global_secondary_index_updates.iter().flatten() {
                let Some(name) = &asked.index_name else { continue };
                check_index(&at.table, name)?;
                let Some(asked) = &asked.provisioned_read_capacity_auto_scaling_update else { continue };
                let settings = scaling.indexes.entry(name.clone()).or_default();
                settings.0 = Some(changed(settings.0.as_ref(), asked)?);
            }
        }
        save(cx, member, &scaling).await?;
    }
    let description = description(cx, &at, "UPDATING").await?;
    Ok(UpdateTableReplicaAutoScalingOutput { table_auto_scaling_description: Some(description) })
}
