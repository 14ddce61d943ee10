//! `ReplicaUpdates` and `GlobalTableWitnessUpdates` of `UpdateTable`: version 2019.11.21 of global tables.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_store::Scope;

use crate::api::{
    CreateReplicationGroupMemberAction, ReplicaGlobalSecondaryIndex, ReplicationGroupUpdate, StreamSpecification,
    UpdateReplicationGroupMemberAction, UpdateTableInput,
};
use crate::errors::{invalid, validation};
use crate::global::{Global, Overrides, Replica, copy, in_region, others, save};
use crate::recovery::Recovery;
use crate::scaling;
use crate::streams::state as streams;
use crate::table::schema::Backfill;
use crate::table::state::State;
use crate::table::{Class, Located, TableRecord, delete};
use crate::tables::{COUNTS, SCALING};

const BOTH_IMAGES: &str = "NEW_AND_OLD_IMAGES";

/// Regions among which a table can be strongly consistent: "Multi-Region strong consistency" of the Developer Guide.
const STRONG_SETS: [&[&str]; 3] = [
    &["us-east-1", "us-east-2", "us-west-2"],
    &["eu-central-1", "eu-west-1", "eu-west-2", "eu-west-3"],
    &["ap-northeast-1", "ap-northeast-2", "ap-northeast-3"],
];

/// What a request wants of a replica.
enum Action<'a> {
    Create(&'a CreateReplicationGroupMemberAction),
    Update(&'a UpdateReplicationGroupMemberAction),
    Delete(&'a str),
    /// The local replica leaves the group.
    Disassociate(&'a str),
}

impl<'a> Action<'a> {
    fn read(update: &'a ReplicationGroupUpdate) -> Result<Self, Fault> {
        match (&update.create, &update.update, &update.delete, &update.disassociate) {
            (Some(create), None, None, None) => Ok(Self::Create(create)),
            (None, Some(update), None, None) => Ok(Self::Update(update)),
            (None, None, Some(delete), None) => Ok(Self::Delete(&delete.region_name)),
            (None, None, None, Some(leave)) => Ok(Self::Disassociate(&leave.region_name)),
            _ => Err(invalid(
                "Each ReplicationGroupUpdate must contain exactly one of Create, Update, Delete, Disassociate",
            )),
        }
    }

    fn region(&self) -> &'a str {
        match self {
            Self::Create(create) => &create.region_name,
            Self::Update(update) => &update.region_name,
            Self::Delete(region) | Self::Disassociate(region) => region,
        }
    }
}

/// Changes the replicas of a table as a request asks. `end` is when the change is over.
pub(crate) async fn apply(cx: &Cx, at: &mut Located, input: &UpdateTableInput, end: i64) -> Reply<()> {
    let updates = input.replica_updates.iter().flatten();
    let actions = updates.map(Action::read).collect::<Result<Vec<_>, _>>()?;
    let (adds_witness, drops_witness) = witness(input)?;
    if actions.is_empty() && (adds_witness.is_some() || drops_witness.is_some()) {
        return Err(invalid("GlobalTableWitnessUpdates can only be specified together with ReplicaUpdates").into());
    }
    if at.table.global.as_ref().is_some_and(|global| global.legacy) && !actions.is_empty() {
        return Err(validation("ReplicaUpdates cannot be used with a global table of version 2017.11.29").into());
    }
    if let [Action::Disassociate(region)] = actions.as_slice() {
        return disassociate(cx, at, region).await;
    }
    for action in &actions {
        check_region(at, action)?;
    }
    let creates: Vec<_> = actions.iter().filter(|action| matches!(action, Action::Create(_))).collect();
    let strong = input.multi_region_consistency.as_deref() == Some("STRONG");
    if input.multi_region_consistency.is_some() && (creates.is_empty() || at.table.global.is_some()) {
        return Err(invalid("MultiRegionConsistency can only be specified when a new global table is created").into());
    }
    if actions.is_empty() {
        return Ok(());
    }
    if strong {
        let regions = creates.iter().map(|action| action.region()).chain(adds_witness);
        check_strong(cx, at, regions).await?;
    } else if adds_witness.is_some() {
        return Err(
            invalid("A witness requires MultiRegionConsistency STRONG, and replicas that are created with it").into()
        );
    }
    check_strong_group(at, &actions, drops_witness)?;
    for action in actions {
        match action {
            Action::Create(asked) => add(cx, at, asked, strong, end).await?,
            Action::Update(asked) => change(cx, at, asked, end).await?,
            Action::Delete(region) => remove(cx, at, region).await?,
            Action::Disassociate(_) => {
                return Err(invalid("A Disassociate action must be the only replica update in the request").into());
            }
        }
    }
    if let Some(global) = &mut at.table_mut().global {
        if let Some(region) = adds_witness {
            global.witness = Some(region.to_owned());
        }
        if drops_witness.is_some() {
            global.witness = None;
        }
    }
    let global = at.table.global.clone();
    save(cx, &mut others(cx, at).await?, global.as_ref()).await
}

/// The Regions of a witness that is to come, and of one that is to go.
fn witness(input: &UpdateTableInput) -> Result<(Option<&str>, Option<&str>), Fault> {
    let Some(update) = input.global_table_witness_updates.iter().flatten().next() else { return Ok((None, None)) };
    match (&update.create, &update.delete) {
        (Some(create), None) => Ok((Some(create.region_name.as_str()), None)),
        (None, Some(delete)) => Ok((None, Some(delete.region_name.as_str()))),
        _ => Err(invalid("Each GlobalTableWitnessGroupUpdate must contain exactly one of Create, Delete")),
    }
}

fn check_region(at: &Located, action: &Action<'_>) -> Result<(), Fault> {
    let region = action.region();
    if *region == *at.scope.region {
        return Err(validation(
            "Cannot add, delete, or update the local region through ReplicaUpdates. Use CreateTable, DeleteTable, or UpdateTable as required.",
        ));
    }
    let known = at.table.global.as_ref().is_some_and(|global| global.replicas.contains_key(region));
    match action {
        Action::Create(_) if known => Err(exists(at)),
        Action::Create(_) => check_partition(at, region),
        _ if known => Ok(()),
        _ => Err(invalid(format!("Replica of table {} does not exist in Region {region}", at.name))),
    }
}

/// Replicas lie in Regions of one partition.
fn check_partition(at: &Located, region: &str) -> Result<(), Fault> {
    let of = kumoi_model::partitions::partition_of;
    if kumoi_model::partitions::is_known_region(region) && of(region).id == of(&at.scope.region).id {
        return Ok(());
    }
    Err(invalid(format!("Region {region} is not a Region in which the table can have a replica")))
}

fn exists(at: &Located) -> Fault {
    validation(format!(
        "Failed to create a the new replica of table with name: '{}' because one or more replicas already existed as tables.",
        at.name
    ))
}

/// Three Regions of one set have replicas, or two and a witness; and the table is empty, without what they do not support.
async fn check_strong<'a>(cx: &Cx, at: &'a Located, regions: impl Iterator<Item = &'a str>) -> Reply<()> {
    let mut regions: Vec<_> = regions.chain([&*at.scope.region]).collect();
    regions.sort_unstable();
    regions.dedup();
    let together = STRONG_SETS.iter().any(|set| regions.iter().all(|region| set.contains(region)));
    let refused = if regions.len() != 3 {
        Some("it must have exactly three replicas, or two replicas and a witness, in different Regions")
    } else if !together {
        Some("all its Regions must be of the same Region set")
    } else if cx.tx().counter(&at.scope, &COUNTS, &(at.table.id, 0)).await? != 0 {
        Some("the table must be empty")
    } else if at.table.indexes.iter().any(|index| !index.global) {
        Some("it cannot have local secondary indexes")
    } else if at.table.time_to_live.as_ref().is_some_and(|set| set.enabled) {
        Some("it cannot have a time to live")
    } else {
        None
    };
    match refused {
        Some(why) => {
            Err(invalid(format!("A global table with multi-Region strong consistency cannot be created: {why}")).into())
        }
        None => Ok(()),
    }
}

/// A strongly consistent group is made at once, and ends at once.
fn check_strong_group(at: &Located, actions: &[Action<'_>], drops_witness: Option<&str>) -> Result<(), Fault> {
    let Some(global) = at.table.global.as_ref() else { return Ok(()) };
    if !global.strong {
        return match drops_witness {
            Some(_) => Err(invalid("The global table has no witness")),
            None => Ok(()),
        };
    }
    let deletes = actions.iter().filter(|action| matches!(action, Action::Delete(_))).count();
    let creates = actions.iter().filter(|action| matches!(action, Action::Create(_))).count();
    if creates > 0 {
        return Err(invalid("No replica can be added to a global table with multi-Region strong consistency"));
    }
    if drops_witness.is_some_and(|region| global.witness.as_deref() != Some(region)) {
        return Err(invalid("The global table has no witness in that Region"));
    }
    let all = deletes + 1 == global.replicas.len() && global.witness.is_some() == drops_witness.is_some();
    if (deletes > 0 || drops_witness.is_some()) && !all {
        return Err(invalid(
            "The replicas of a global table with multi-Region strong consistency, and its witness, can only be deleted together",
        ));
    }
    Ok(())
}

async fn add(
    cx: &Cx,
    at: &mut Located,
    asked: &CreateReplicationGroupMemberAction,
    strong: bool,
    end: i64,
) -> Reply<()> {
    let region = asked.region_name.as_str();
    if in_region(cx, at, region).await?.is_some() {
        return Err(exists(at).into());
    }
    let settings = scaling::of(cx, at).await?;
    if !at.table.billing.on_demand && !scaling::is_on(settings.write.as_ref()) {
        return Err(validation("Table write capacity should either be Pay-Per-Request or AutoScaled.").into());
    }
    if at.table.indexes.iter().any(|index| index.is_changing(cx.now())) {
        return Err(validation("A replica cannot be added while an index is created or deleted").into());
    }
    if !strong {
        enable_stream(cx, at).await?;
    }
    let overrides = Overrides {
        key: asked.kms_master_key_id.clone(),
        class: asked.table_class_override.clone(),
        ..overridden(
            at,
            asked.provisioned_throughput_override.as_ref().and_then(|units| units.read_capacity_units),
            asked.on_demand_throughput_override.as_ref().and_then(|most| most.max_read_request_units),
            asked.global_secondary_indexes.as_deref(),
        )?
    };
    let now = cx.now().micros();
    let mut global = at.table.global.clone().unwrap_or_else(|| Global {
        legacy: false,
        strong,
        created: now,
        replicas: BTreeMap::from([(at.scope.region.to_string(), Replica::new(State::Creating(now)))]),
        witness: None,
    });
    if let Some(source) = global.replicas.get_mut(&*at.scope.region) {
        source.source = Some(now);
    }
    let replica = Replica { copying: Some(Backfill::default()), overrides, ..Replica::new(State::Creating(end)) };
    let mut other =
        Located { scope: Scope::new(&at.scope.account, region), name: at.name.clone(), table: at.table.clone() };
    *other.table_mut() = made(cx, &at.table, &replica.overrides);
    if let Some(stream) = at.table.open_stream() {
        let asked = stream.specification.clone();
        other.table_mut().stream = Some(streams::enable(cx, &other.scope, &other.name, &at.table.key, asked).await?);
    }
    other.save(cx).await?;
    cx.tx().put(&other.scope, &SCALING, &other.name, &settings).await?;
    global.replicas.insert(region.to_owned(), replica);
    at.table_mut().global = Some(global);
    copy::begin(cx, at, end).await
}

/// Replication reads a stream, which is enabled where there is none.
async fn enable_stream(cx: &Cx, at: &mut Located) -> Reply<()> {
    match at.table.open_stream() {
        Some(stream) if stream.specification.stream_view_type.as_deref() == Some(BOTH_IMAGES) => Ok(()),
        Some(_) => {
            let message = format!("The stream of a global table replica must have the StreamViewType {BOTH_IMAGES}");
            Err(invalid(message).into())
        }
        None => {
            let stream = streams::enable(cx, &at.scope, &at.name, &at.table.key, both_images()).await?;
            at.table_mut().stream = Some(stream);
            Ok(())
        }
    }
}

fn both_images() -> StreamSpecification {
    StreamSpecification { stream_enabled: true, stream_view_type: Some(BOTH_IMAGES.to_owned()) }
}

/// The table of a new replica.
fn made(cx: &Cx, source: &TableRecord, overrides: &Overrides) -> TableRecord {
    let mut table = source.clone();
    table.id = cx.ids().sequence();
    table.table_id = cx.ids().uuid();
    table.created = cx.now().micros();
    // Until all items are copied.
    table.state = State::Creating(i64::MAX);
    table.deletion_protection = false;
    table.stream = None;
    table.kinesis = Vec::new();
    // Point-in-time recovery is each replica's own.
    table.recovery = Recovery::default();
    table.restored = None;
    override_in(&mut table, overrides);
    table
}

/// Gives a replica what it has of its own.
fn override_in(table: &mut TableRecord, overrides: &Overrides) {
    if let Some(name) = &overrides.class {
        table.class = Some(Class { name: name.clone(), updated: None });
    }
    if let (Some(key), Some(encryption)) = (&overrides.key, &mut table.encryption) {
        encryption.kms_master_key_id = Some(key.clone());
    }
    let (reads, most) = (&overrides.reads, &overrides.most_reads);
    table.billing.units.read = reads.get("").copied().unwrap_or(table.billing.units.read);
    if let (Some(most), Some(limits)) = (most.get(""), &mut table.billing.limits) {
        limits.max_read_request_units = Some(*most);
    }
    for index in table.indexes.iter_mut().filter(|index| index.global) {
        index.units.read = reads.get(&index.name).copied().unwrap_or(index.units.read);
        if let (Some(most), Some(limits)) = (most.get(&index.name), &mut index.limits) {
            limits.max_read_request_units = Some(*most);
        }
    }
}

fn overridden(
    at: &Located,
    read: Option<i64>,
    most: Option<i64>,
    indexes: Option<&[ReplicaGlobalSecondaryIndex]>,
) -> Result<Overrides, Fault> {
    let mut overrides = Overrides::default();
    let named = |name: &str| name.to_owned();
    overrides.reads.extend(read.map(|units| (named(""), units)));
    overrides.most_reads.extend(most.map(|units| (named(""), units)));
    for asked in indexes.unwrap_or_default() {
        if !at.table.indexes.iter().any(|index| index.global && index.name == asked.index_name) {
            return Err(invalid(format!("The table does not have the specified index: {}", asked.index_name)));
        }
        let read = asked.provisioned_throughput_override.as_ref().and_then(|units| units.read_capacity_units);
        let most = asked.on_demand_throughput_override.as_ref().and_then(|most| most.max_read_request_units);
        overrides.reads.extend(read.map(|units| (asked.index_name.clone(), units)));
        overrides.most_reads.extend(most.map(|units| (asked.index_name.clone(), units)));
    }
    if at.table.billing.on_demand && !overrides.reads.is_empty() {
        return Err(invalid("ProvisionedThroughputOverride cannot be specified when BillingMode is PAY_PER_REQUEST"));
    }
    Ok(overrides)
}

async fn change(cx: &Cx, at: &mut Located, asked: &UpdateReplicationGroupMemberAction, end: i64) -> Reply<()> {
    let asked_for = overridden(
        at,
        asked.provisioned_throughput_override.as_ref().and_then(|units| units.read_capacity_units),
        asked.on_demand_throughput_override.as_ref().and_then(|most| most.max_read_request_units),
        asked.global_secondary_indexes.as_deref(),
    )?;
    let region = asked.region_name.as_str();
    let Some(mut other) = in_region(cx, at, region).await? else { return Ok(()) };
    let Some(global) = &mut at.table_mut().global else { return Ok(()) };
    let Some(replica) = global.replicas.get_mut(region) else { return Ok(()) };
    let overrides = &mut replica.overrides;
    overrides.key = asked.kms_master_key_id.clone().or(overrides.key.take());
    overrides.class = asked.table_class_override.clone().or(overrides.class.take());
    overrides.reads.extend(asked_for.reads);
    overrides.most_reads.extend(asked_for.most_reads);
    replica.state = State::Updating(end);
    override_in(other.table_mut(), overrides);
    other.save(cx).await
}

async fn remove(cx: &Cx, at: &mut Located, region: &str) -> Reply<()> {
    if let Some(mut other) = in_region(cx, at, region).await? {
        if other.table.deletion_protection {
            return Err(delete::protected().into());
        }
        delete::remove(cx, &mut other).await?;
    }
    let table = at.table_mut();
    if let Some(global) = &mut table.global {
        global.replicas.remove(region);
        if global.replicas.len() <= 1 {
            table.global = None;
        }
    }
    Ok(())
}

/// The local replica leaves the group, and stays a table.
async fn disassociate(cx: &Cx, at: &mut Located, region: &str) -> Reply<()> {
    if *region != *at.scope.region {
        return Err(
            invalid("Disassociate is only possible in the Region of the replica that is to be disassociated").into()
        );
    }
    match &at.table.global {
        Some(global) if !global.strong => {}
        _ => {
            return Err(
                invalid("The table is not a replica of a global table with multi-Region eventual consistency").into()
            );
        }
    }
    if !at.table.unprotected {
        return Err(invalid(
            "The replica is protected against disassociation. Set DisassociationProtectionEnabled to false first",
        )
        .into());
    }
    super::left(cx, at, region).await?;
    at.table_mut().global = None;
    Ok(())
}
