//! Version 2017.11.29 of global tables: empty tables of one name, in several Regions, are made one.
//!
//! Follows "Global tables version 2017.11.29 (Legacy)" of the Developer Guide.

use std::collections::{BTreeMap, BTreeSet};

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use crate::api::{
    CreateGlobalTableInput, CreateGlobalTableOutput, DescribeGlobalTableInput, DescribeGlobalTableOutput, GlobalTable,
    GlobalTableDescription, ListGlobalTablesInput, ListGlobalTablesOutput, Replica as RegionOf, UpdateGlobalTableInput,
    UpdateGlobalTableOutput,
};
use crate::errors::{
    global_table_already_exists_exception, global_table_not_found_exception, invalid, replica_already_exists_exception,
    replica_not_found_exception, table_not_found_exception, validation,
};
use crate::global::{Global, Replica, describe_replica, members, save};
use crate::table::schema::Index;
use crate::table::state::State;
use crate::table::{Located, Named};
use crate::tables::{COUNTS, GLOBALS};

/// Tables that an account can have in a Region, by "Quotas in Amazon DynamoDB" at the most.
const MAX_TABLES: usize = 10_000;

/// Global tables on a page.
const PAGE: usize = 100;

/// The table of that name in one of the caller's Regions.
async fn in_region(cx: &Cx, name: &str, region: &str) -> Reply<Located> {
    let found = Located::find(cx, Named { scope: Scope::new(cx.account(), region), name }).await?;
    found.ok_or_else(|| {
        table_not_found_exception(format!(
            "Table not found: Table with name: '{name}' does not exist in Region {region}."
        ))
        .into()
    })
}

fn not_found(name: &str) -> Fault {
    global_table_not_found_exception(format!(
        "Global table not found: Global table with name: '{name}' does not exist."
    ))
}

/// A member of the global table of that name.
pub(crate) async fn find(cx: &Cx, name: &str) -> Reply<Located> {
    lookup(cx, name).await?.ok_or_else(|| not_found(name).into())
}

async fn lookup(cx: &Cx, name: &str) -> Reply<Option<Located>> {
    let regions = cx.get(&GLOBALS, &name.to_owned()).await?;
    for region in regions.into_iter().flatten() {
        let found = Located::find(cx, Named { scope: Scope::new(cx.account(), &region), name }).await?;
        if let Some(at) = found.filter(|at| at.table.global.as_ref().is_some_and(|global| global.legacy)) {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

pub(crate) async fn create(cx: &Cx, input: CreateGlobalTableInput) -> Reply<CreateGlobalTableOutput> {
    let name = &input.global_table_name;
    let regions: BTreeSet<_> =
        input.replication_group.iter().filter_map(|replica| replica.region_name.clone()).collect();
    if regions.is_empty() {
        return Err(invalid("ReplicationGroup must name at least one Region").into());
    }
    let mut tables = Vec::new();
    for region in &regions {
        let at = in_region(cx, name, region).await?;
        if at.table.global.is_some() {
            return Err(global_table_already_exists_exception(format!(
                "Global table already exists: Global table with name: '{name}' already exists."
            ))
            .into());
        }
        check_new(cx, &at).await?;
        tables.push(at);
    }
    if let [first, rest @ ..] = tables.as_slice() {
        rest.iter().try_for_each(|other| check_alike(first, other))?;
    }
    let now = cx.now().micros();
    let replica = || Replica::new(State::Creating(State::end(cx)));
    let global = Global {
        legacy: true,
        strong: false,
        created: now,
        replicas: regions.iter().map(|region| (region.clone(), replica())).collect::<BTreeMap<_, _>>(),
        witness: None,
    };
    save(cx, &mut tables, Some(&global)).await?;
    note(cx, name, &global).await?;
    let told = tables.first().map(|at| description(at, &global, Some("CREATING"), cx.now()));
    Ok(CreateGlobalTableOutput { global_table_description: told })
}

/// Where the replicas of a global table are.
async fn note(cx: &Cx, name: &str, global: &Global) -> Reply<()> {
    let name = name.to_owned();
    if global.replicas.is_empty() {
        cx.delete(&GLOBALS, &name).await?;
        return Ok(());
    }
    let regions: Vec<_> = global.replicas.keys().cloned().collect();
    Ok(cx.put(&GLOBALS, &name, &regions).await?)
}

/// A table that is to be a replica is empty, and has a stream with both images.
async fn check_new(cx: &Cx, at: &Located) -> Reply<()> {
    let region = &at.scope.region;
    if cx.tx().counter(&at.scope, &COUNTS, &(at.table.id, 0)).await? != 0 {
        return Err(validation(format!(
            "Table {} in Region {region} is not empty: a replica must not contain any data",
            at.name
        ))
        .into());
    }
    let view = at.table.open_stream().and_then(|stream| stream.specification.stream_view_type.as_deref());
    if view != Some("NEW_AND_OLD_IMAGES") {
        let message = format!(
            "Table {} in Region {region} must have DynamoDB Streams enabled with the StreamViewType NEW_AND_OLD_IMAGES",
            at.name
        );
        return Err(validation(message).into());
    }
    Ok(())
}

/// Replicas have the same key and the same indexes.
fn check_alike(first: &Located, other: &Located) -> Result<(), Fault> {
    let indexes = |at: &Located| {
        let named = |index: &Index| (index.name.clone(), (index.global, index.key.clone()));
        at.table.indexes.iter().map(named).collect::<BTreeMap<_, _>>()
    };
    let what = if first.table.key != other.table.key {
        "primary key"
    } else if indexes(first) != indexes(other) {
        "secondary indexes"
    } else {
        return Ok(());
    };
    Err(validation(format!(
        "Table {} in Region {} does not have the same {what} as in Region {}",
        other.name, other.scope.region, first.scope.region
    )))
}

pub(super) fn description(
    at: &Located,
    global: &Global,
    status: Option<&str>,
    now: Timestamp,
) -> GlobalTableDescription {
    let replicas = global.replicas.iter().map(|(region, replica)| describe_replica(at, region, replica, now));
    let creating = global.replicas.values().any(|replica| replica.status(now) == "CREATING");
    let partition = &kumoi_model::partitions::partition_of(&at.scope.region).id;
    GlobalTableDescription {
        replication_group: Some(replicas.collect()),
        global_table_arn: Some(format!("arn:{partition}:dynamodb::{}:global-table/{}", at.scope.account, at.name)),
        creation_date_time: Some(Timestamp::from_micros(global.created)),
        global_table_status: Some(status.unwrap_or(if creating { "UPDATING" } else { "ACTIVE" }).to_owned()),
        global_table_name: Some(at.name.clone()),
    }
}

pub(crate) async fn update(cx: &Cx, input: UpdateGlobalTableInput) -> Reply<UpdateGlobalTableOutput> {
    let name = &input.global_table_name;
    let at = find(cx, name).await?;
    let Some(mut global) = at.table.global.clone() else { return Err(not_found(name).into()) };
    let mut group = members(cx, &at).await?;
    for update in &input.replica_updates {
        match (&update.create, &update.delete) {
            (Some(create), None) => {
                let region = &create.region_name;
                if global.replicas.contains_key(region) {
                    return Err(replica_already_exists_exception(format!(
                        "Failed to create a the new replica of table with name: '{name}' because one or more replicas already existed as tables."
                    ))
                    .into());
                }
                let new = in_region(cx, name, region).await?;
                check_new(cx, &new).await?;
                check_alike(&at, &new)?;
                for member in &group {
                    check_new(cx, member).await?;
                }
                global.replicas.insert(region.clone(), Replica::new(State::Creating(State::end(cx))));
                group.push(new);
            }
            (None, Some(delete)) => {
                let region = &delete.region_name;
                if global.replicas.remove(region).is_none() {
                    return Err(replica_not_found_exception(format!(
                        "Replica not found: Replica of global table '{name}' in Region {region} does not exist."
                    ))
                    .into());
                }
                let gone = group.iter().position(|member| *member.scope.region == **region);
                if let Some(place) = gone {
                    save(cx, &mut [group.swap_remove(place)], None).await?;
                }
            }
            _ => return Err(invalid("Each ReplicaUpdate must contain exactly one of Create, Delete").into()),
        }
    }
    save(cx, &mut group, Some(&global)).await?;
    note(cx, name, &global).await?;
    let told = description(&at, &global, Some("UPDATING"), cx.now());
    Ok(UpdateGlobalTableOutput { global_table_description: Some(told) })
}

pub(crate) async fn describe(cx: &Cx, input: DescribeGlobalTableInput) -> Reply<DescribeGlobalTableOutput> {
    let at = find(cx, &input.global_table_name).await?;
    let global = at.table.global.as_ref().ok_or_else(|| not_found(&input.global_table_name))?;
    Ok(DescribeGlobalTableOutput { global_table_description: Some(description(&at, global, None, cx.now())) })
}

/// Global tables by name; with a Region, those that have a replica in it.
pub(crate) async fn list(cx: &Cx, input: ListGlobalTablesInput) -> Reply<ListGlobalTablesOutput> {
    let wanted = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE).min(PAGE);
    let mut range = KeyRange::all();
    if let Some(after) = &input.exclusive_start_global_table_name {
        range = range.after(after);
    }
    let (mut tables, mut last) = (Vec::new(), None);
    let all = cx.range(&GLOBALS, range, MAX_TABLES).await?;
    for (name, regions) in all {
        if input.region_name.as_ref().is_some_and(|region| !regions.contains(region)) {
            continue;
        }
        // A table that was deleted since is not one of them.
        if lookup(cx, &name).await?.is_none() {
            continue;
        }
        if tables.len() == wanted {
            last = tables.last().and_then(|table: &GlobalTable| table.global_table_name.clone());
            break;
        }
        let group = regions.into_iter().map(|region| RegionOf { region_name: Some(region) });
        tables.push(GlobalTable { global_table_name: Some(name), replication_group: Some(group.collect()) });
    }
    Ok(ListGlobalTablesOutput { global_tables: Some(tables), last_evaluated_global_table_name: last })
}
