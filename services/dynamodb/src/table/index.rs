//! `GlobalSecondaryIndexUpdates`: indexes of tables that live.
//!
//! Follows "Managing Global Secondary Indexes in DynamoDB" of the Developer Guide. One index at a time is created or deleted; one that is created is
//! CREATING until all items that were there before have come into it ([`crate::table::backfill`]).

use std::collections::BTreeSet;

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, UpdateGlobalSecondaryIndexAction,
};
use crate::errors::{
    invalid, limit_exceeded_exception, resource_in_use_exception, resource_not_found_exception, validation,
};
use crate::table::schema::{
    Backfill, Definitions, Index, KeySchema, MAX_GLOBAL, check_parts, check_projection, check_together,
};
use crate::table::state::State;
use crate::table::throughput::{Units, limited};
use crate::table::warm::Warm;
use crate::table::{Located, TableRecord, backfill};

/// What a request wants of one index.
enum Action<'a> {
    Create(&'a CreateGlobalSecondaryIndexAction),
    Update(&'a UpdateGlobalSecondaryIndexAction),
    Delete(&'a str),
}

impl<'a> Action<'a> {
    fn read(update: &'a GlobalSecondaryIndexUpdate) -> Result<Self, Fault> {
        match (&update.create, &update.update, &update.delete) {
            (Some(create), None, None) => Ok(Self::Create(create)),
            (None, Some(update), None) => Ok(Self::Update(update)),
            (None, None, Some(delete)) => Ok(Self::Delete(&delete.index_name)),
            (None, None, None) => Err(invalid(
                "One of GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Delete must be specified",
            )),
            _ => Err(invalid(
                "Only one of GlobalSecondaryIndexUpdate.Create, GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Delete may be specified",
            )),
        }
    }

    fn name(&self) -> &'a str {
        match self {
            Self::Create(create) => &create.index_name,
            Self::Update(update) => &update.index_name,
            Self::Delete(name) => name,
        }
    }
}

/// Changes the indexes of a table as a request asks. `end` is when the change is over.
pub(crate) async fn apply(
    cx: &Cx,
    at: &mut Located,
    updates: &[GlobalSecondaryIndexUpdate],
    definitions: Option<&[AttributeDefinition]>,
    end: i64,
) -> Reply<()> {
    let actions = updates.iter().map(Action::read).collect::<Result<Vec<_>, _>>()?;
    check_actions(cx, &at.table, &actions)?;
    for action in actions {
        match action {
            Action::Create(asked) => create(cx, at, asked, definitions.unwrap_or_default(), end).await?,
            Action::Update(asked) => change(cx, at.table_mut(), asked, end)?,
            Action::Delete(name) => delete(cx, at, name, end).await?,
        }
    }
    Ok(())
}

/// One creation or deletion at a time, and each index once.
fn check_actions(cx: &Cx, table: &TableRecord, actions: &[Action<'_>]) -> Result<(), Fault> {
    let mut names = BTreeSet::new();
    if let Some(twice) = actions.iter().find(|action| !names.insert(action.name())) {
        return Err(invalid(format!(
            "Only one global secondary index update per index is allowed simultaneously. Index: {}",
            twice.name()
        )));
    }
    let asked = actions.iter().filter(|action| !matches!(action, Action::Update(_))).count();
    // An index that is filled can be deleted all the same.
    let stops =
        |index: &&Index| actions.iter().any(|action| matches!(action, Action::Delete(name) if *name == index.name));
    let under_way =
        table.indexes.iter().filter(|index| index.is_changing(cx.now())).filter(|index| !stops(index)).count();
    if asked > 0 && asked + under_way > 1 {
        return Err(limit_exceeded_exception(
            "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table",
        ));
    }
    Ok(())
}

async fn create(
    cx: &Cx,
    at: &mut Located,
    asked: &CreateGlobalSecondaryIndexAction,
    definitions: &[AttributeDefinition],
    end: i64,
) -> Reply<()> {
    let table = at.table_mut();
    let key = key(table, asked, definitions)?;
    if table.index(&asked.index_name).is_some() {
        return Err(validation("Attempting to create an index which already exists").into());
    }
    if table.indexes.iter().filter(|index| index.global).count() >= MAX_GLOBAL {
        return Err(limit_exceeded_exception(format!(
            "Subscriber limit exceeded: Number of global secondary indexes exceeds per-table limit of {MAX_GLOBAL}"
        ))
        .into());
    }
    check_projection(&asked.projection)?;
    let on_demand = table.billing.on_demand;
    let units = Units::asked(on_demand, asked.provisioned_throughput.as_ref(), Some(&asked.index_name))?;
    let index = Index {
        id: table.next_index(),
        name: asked.index_name.clone(),
        global: true,
        key,
        projection: asked.projection.clone(),
        state: State::Creating(end),
        units,
        limits: asked.on_demand_throughput.clone(),
        warm: raised(on_demand, units, None, asked.warm_throughput.as_ref(), &asked.index_name)?,
        backfill: Some(Backfill::default()),
    };
    let all = table.indexes.iter().chain([&index]);
    check_together(all.map(|index| (index.name.as_str(), &index.projection)))?;
    for attribute in index.key.attributes() {
        if !table.definitions.iter().any(|known| known.attribute_name == attribute.name) {
            table.definitions.extend(definitions.iter().find(|known| known.attribute_name == attribute.name).cloned());
        }
    }
    table.indexes_made = index.id;
    table.indexes.push(index);
    backfill::begin(cx, at, end).await
}

/// The key of a new index. Its attributes are defined in the request, and as they were before.
fn key(
    table: &TableRecord,
    asked: &CreateGlobalSecondaryIndexAction,
    definitions: &[AttributeDefinition],
) -> Result<KeySchema, Fault> {
    let key = Definitions::read(definitions)?.key(&asked.key_schema)?;
    check_parts(&key)?;
    let other_kind = |known: &KeySchema| {
        known.attributes().any(|known| key.attributes().any(|new| new.name == known.name && new.kind != known.kind))
    };
    let mut keys = std::iter::once(&table.key).chain(table.indexes.iter().map(|index| &index.key));
    match keys.find(|known| other_kind(known)) {
        Some(known) => Err(invalid(format!(
            "Attributes cannot be redefined. Please check that your attribute has the same type as previously defined. \
             Existing schema: {} New schema: {}",
            known.shown(),
            key.shown(),
        ))),
        None => Ok(key),
    }
}

/// Warm throughput that a request raises.
fn raised(
    on_demand: bool,
    units: Units,
    before: Option<Warm>,
    asked: Option<&crate::api::WarmThroughput>,
    index: &str,
) -> Result<Option<Warm>, Fault> {
    let Some(asked) = asked else { return Ok(before) };
    Warm::raised(Warm::of(before, on_demand, units), asked, Some(index)).map(Some)
}

fn change(cx: &Cx, table: &mut TableRecord, asked: &UpdateGlobalSecondaryIndexAction, end: i64) -> Result<(), Fault> {
    let (now, on_demand) = (cx.now(), table.billing.on_demand);
    let name = asked.index_name.as_str();
    let index = table.indexes.iter_mut().find(|index| index.global && index.name == name);
    let Some(index) = index else { return Err(no_such_index(name)) };
    if index.is_changing(now) {
        return Err(resource_in_use_exception(format!(
            "Attempt to change a resource which is still in use: Index is being {}: {name}",
            index.state.changing(now).unwrap_or("created")
        )));
    }
    if asked.provisioned_throughput.is_some()
        || (asked.on_demand_throughput.is_none() && asked.warm_throughput.is_none())
    {
        let units = Units::asked(on_demand, asked.provisioned_throughput.as_ref(), Some(name))?;
        if (units.read, units.write) == (index.units.read, index.units.write) {
            return Err(unchanged(name, units));
        }
        index.units = index.units.changed(units, now.micros());
    }
    if let Some(limits) = &asked.on_demand_throughput {
        index.limits = Some(limited(index.limits.as_ref(), limits));
    }
    index.warm = raised(on_demand, index.units, index.warm, asked.warm_throughput.as_ref(), name)?;
    index.state = State::Updating(end);
    Ok(())
}

fn unchanged(name: &str, units: Units) -> Fault {
    let Units { read, write, .. } = units;
    validation(format!(
        "The provisioned throughput for the index {name} will not change. The requested value equals the current value. \
         Current ReadCapacityUnits provisioned for the index: {read}. Requested ReadCapacityUnits: {read}. \
         Current WriteCapacityUnits provisioned for the index: {write}. Requested WriteCapacityUnits: {write}. \
         Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    ))
}

async fn delete(cx: &Cx, at: &mut Located, name: &str, end: i64) -> Reply<()> {
    let table = at.table_mut();
    match table.indexes.iter_mut().find(|index| index.name == name) {
        Some(index) if index.global => index.state = State::Deleting(end),
        Some(_) => {
            let message = format!("Index: {name} is a local secondary index, which cannot be deleted");
            return Err(invalid(message).into());
        }
        None => return Err(no_such_index(name).into()),
    }
    backfill::set_delete(cx, at, end).await
}

fn no_such_index(name: &str) -> Fault {
    resource_not_found_exception(format!("Requested resource not found: Index: {name} not found"))
}
