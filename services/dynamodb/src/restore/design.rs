//! The table that a restore makes.

use kumoi_core::{Cx, Fault};
use kumoi_store::Scope;

use crate::api::{
    CreateTableInput, GlobalSecondaryIndex, KeySchemaElement, LocalSecondaryIndex, OnDemandThroughput, Projection,
    ProvisionedThroughput, SSESpecification,
};
use crate::errors::invalid;
use crate::table::{Index, TableRecord, create};

/// What a request puts in the place of the old table's settings.
pub(super) struct Overrides {
    pub(super) billing_mode: Option<String>,
    /// The global indexes to restore; without it all.
    pub(super) globals: Option<Vec<GlobalSecondaryIndex>>,
    /// The local indexes to restore; without it all.
    pub(super) locals: Option<Vec<LocalSecondaryIndex>>,
    pub(super) throughput: Option<ProvisionedThroughput>,
    pub(super) on_demand: Option<OnDemandThroughput>,
    pub(super) encryption: Option<SSESpecification>,
}

impl Overrides {
    /// A restore from another region has to say how the table is encrypted.
    pub(super) fn check_region(&self, cx: &Cx, from: &Scope) -> Result<(), Fault> {
        if from.region != cx.scope().region && self.encryption.is_none() {
            return Err(invalid("SSESpecificationOverride is required for a restore from another Region"));
        }
        Ok(())
    }

    /// The new table.
    pub(super) fn design(self, cx: &Cx, old: &TableRecord) -> Result<TableRecord, Fault> {
        let mode = self.billing_mode.unwrap_or_else(|| old.billing.mode().to_owned());
        let provisioned = mode == "PROVISIONED";
        let units = |read: i64, write: i64| {
            let units = ProvisionedThroughput { read_capacity_units: read, write_capacity_units: write };
            Some(units).filter(|_| provisioned && !old.billing.on_demand)
        };
        let indexes = |global: bool| old.indexes.iter().filter(move |index| index.global == global);
        let globals = match self.globals {
            Some(asked) => {
                for index in &asked {
                    check_known(old, true, &index.index_name, &index.key_schema, &index.projection)?;
                }
                asked
            }
            None => indexes(true)
                .map(|index| GlobalSecondaryIndex {
                    provisioned_throughput: units(index.units.read, index.units.write),
                    on_demand_throughput: index.limits.clone().filter(|_| !provisioned),
                    index_name: index.name.clone(),
                    key_schema: index.key.elements(),
                    projection: index.projection.clone(),
                    ..GlobalSecondaryIndex::default()
                })
                .collect(),
        };
        let locals = match self.locals {
            Some(asked) => {
                for index in &asked {
                    check_known(old, false, &index.index_name, &index.key_schema, &index.projection)?;
                }
                asked
            }
            None => indexes(false)
                .map(|index| LocalSecondaryIndex {
                    index_name: index.name.clone(),
                    key_schema: index.key.elements(),
                    projection: index.projection.clone(),
                })
                .collect(),
        };
        let key = old.key.elements();
        let keys = globals.iter().map(|index| &index.key_schema).chain(locals.iter().map(|index| &index.key_schema));
        let used: Vec<&KeySchemaElement> = keys.flatten().chain(&key).collect();
        let mut definitions = old.definitions.clone();
        definitions.retain(|definition| used.iter().any(|part| part.attribute_name == definition.attribute_name));
        let own = units(old.billing.units.read, old.billing.units.write);
        let limits = self.on_demand.or_else(|| old.billing.limits.clone()).filter(|_| !provisioned);
        let input = CreateTableInput {
            attribute_definitions: Some(definitions),
            key_schema: Some(key),
            local_secondary_indexes: (!locals.is_empty()).then_some(locals),
            global_secondary_indexes: (!globals.is_empty()).then_some(globals),
            provisioned_throughput: self.throughput.or(own),
            billing_mode: Some(mode),
            sse_specification: self.encryption.or_else(|| old.encryption.clone()),
            on_demand_throughput: limits,
            ..CreateTableInput::default()
        };
        create::design(cx, &input)
    }
}

/// Indexes can be left out of a restore, but not made by one.
fn check_known(
    old: &TableRecord,
    global: bool,
    name: &str,
    key: &[KeySchemaElement],
    projection: &Projection,
) -> Result<(), Fault> {
    let same = |index: &Index| {
        index.global == global && index.key.elements() == key && same_projection(&index.projection, projection)
    };
    if old.index(name).is_some_and(same) {
        return Ok(());
    }
    Err(invalid(format!(
        "The index {name} does not match an index of the source table; a restore makes no new indexes"
    )))
}

/// Whether two projections are of the same attributes, in whichever order.
fn same_projection(one: &Projection, other: &Projection) -> bool {
    let names = |projection: &Projection| {
        let mut names = projection.non_key_attributes.clone().unwrap_or_default();
        names.sort();
        names
    };
    one.projection_type == other.projection_type && names(one) == names(other)
}
