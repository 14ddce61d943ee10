//! Global tables: replicas of a table in several Regions, each of which takes writes.
//!
//! Follows "Global tables - multi-active, multi-Region replication" of the Developer Guide, and "Global tables version 2017.11.29 (Legacy)".
//!
//! | Module | What it is about |
//! |---|---|
//! | `replicas` | `ReplicaUpdates`: replicas and witnesses come and go |
//! | `copy` | a new replica gets the items that are there already |
//! | `legacy` | version 2017.11.29: tables that exist are made one |
//! | `settings` | its settings |
//!
//! **In step.** A write is made in all replicas in the transaction of the write itself, each time through [`write::write`], so that every Region has its
//! own indexes, stream records and counts. AWS replicates within a second or so, and settles conflicts by the last writer; here all Regions of a world
//! lie in one store, whose transactions are serializable, so there is nothing to settle, and a replica never shows what another does not. An outbox
//! would give weaker answers, deliver each write twice after a crash, and need rules for conflicts. Strong consistency (MRSC) comes for nothing.
//!
//! Each replica is a table of its own with a record of its own, and in it the same account of the group.

pub(crate) mod copy;
pub(crate) mod legacy;
pub(crate) mod replicas;
pub(crate) mod settings;

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_expressions::Item;
use kumoi_model::Timestamp;
use kumoi_store::Scope;
use serde::{Deserialize, Serialize};

use crate::api::{
    GlobalTableWitnessDescription, OnDemandThroughputOverride, ProvisionedThroughputOverride, ReplicaDescription,
    ReplicaGlobalSecondaryIndexDescription, TableClassSummary, TableDescription,
};
use crate::errors::{invalid, validation};
use crate::key::KeyBytes;
use crate::table::schema::Backfill;
use crate::table::state::State;
use crate::table::{Located, Named, arn_of};
use crate::write;

/// The group of replicas that a table belongs to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Global {
    /// Version 2017.11.29.
    pub(crate) legacy: bool,
    /// Multi-Region strong consistency.
    pub(crate) strong: bool,
    /// In microseconds.
    pub(crate) created: i64,
    /// By Region, that of this table included.
    pub(crate) replicas: BTreeMap<String, Replica>,
    /// The Region of the witness.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) witness: Option<String>,
}

/// A replica.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Replica {
    pub(crate) state: State,
    /// How far it has got the items that were there before it; `None` once it has all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) copying: Option<Backfill>,
    /// When it was last the source of a new replica, in microseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source: Option<i64>,
    #[serde(default)]
    pub(crate) overrides: Overrides,
}

/// What a replica has of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Overrides {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) class: Option<String>,
    /// Of the table itself, by an empty name, and of its indexes.
    #[serde(default)]
    pub(crate) reads: BTreeMap<String, i64>,
    /// The most read units on demand, likewise.
    #[serde(default)]
    pub(crate) most_reads: BTreeMap<String, i64>,
}

impl Replica {
    fn new(state: State) -> Self {
        Self { state, copying: None, source: None, overrides: Overrides::default() }
    }

    /// Whether it gets changes of the item of that key, or will come to it.
    fn follows(&self, key: &KeyBytes) -> bool {
        self.copying.as_ref().is_none_or(|copying| copying.covers(key))
    }

    pub(crate) fn status(&self, now: Timestamp) -> &'static str {
        if self.copying.is_some() { "CREATING" } else { self.state.status(now) }
    }
}

impl Global {
    pub(crate) fn version(&self) -> &'static str {
        if self.legacy { "2017.11.29" } else { "2019.11.21" }
    }
}

/// The table of that name in a Region of the table's account.
pub(crate) async fn in_region(cx: &Cx, at: &Located, region: &str) -> Reply<Option<Located>> {
    let scope = Scope::new(&at.scope.account, region);
    Located::find(cx, Named { scope, name: &at.name }).await
}

/// The other replicas of a table.
pub(crate) async fn others(cx: &Cx, at: &Located) -> Reply<Vec<Located>> {
    let Some(global) = &at.table.global else { return Ok(Vec::new()) };
    let mut others = Vec::new();
    for region in global.replicas.keys().filter(|region| **region != *at.scope.region) {
        others.extend(in_region(cx, at, region).await?);
    }
    Ok(others)
}

/// The other replicas, where what is set for one is set for all: not in version 2017.11.29.
pub(crate) async fn followers(cx: &Cx, at: &Located) -> Reply<Vec<Located>> {
    if at.table.global.as_ref().is_some_and(|global| global.legacy) {
        return Ok(Vec::new());
    }
    others(cx, at).await
}

/// The table and its other replicas.
pub(crate) async fn members(cx: &Cx, at: &Located) -> Reply<Vec<Located>> {
    let mut members = vec![at.clone()];
    members.extend(others(cx, at).await?);
    Ok(members)
}

/// Tells all replicas what the group is now.
pub(crate) async fn save(cx: &Cx, members: &mut [Located], global: Option<&Global>) -> Reply<()> {
    for member in members {
        member.table_mut().global = global.cloned();
        member.save(cx).await?;
    }
    Ok(())
}

/// Makes in the other replicas what was made of an item here.
pub(crate) async fn replicate(cx: &Cx, at: &Located, key: &KeyBytes, new: Option<&Item>) -> Reply<()> {
    let Some(global) = &at.table.global else { return Ok(()) };
    for (region, replica) in &global.replicas {
        if **region == *at.scope.region || !replica.follows(key) {
            continue;
        }
        if let Some(other) = in_region(cx, at, region).await? {
            put(cx, other, key, new).await?;
        }
    }
    Ok(())
}

/// Makes of the item of one replica what it is to be.
async fn put(cx: &Cx, mut other: Located, key: &KeyBytes, new: Option<&Item>) -> Reply<()> {
    // What is replicated goes no further.
    other.table_mut().global = None;
    let old = write::read(cx, &other, key).await?;
    Box::pin(write::write(cx, &other, key, old.as_ref(), new)).await
}

/// `ReplicaStatus`; a table that is no global one is its own replica.
pub(crate) fn replica_status(cx: &Cx, at: &Located, region: &str) -> &'static str {
    let global = at.table.global.as_ref();
    let replica = global.and_then(|global| global.replicas.get(region));
    replica.map_or("ACTIVE", |replica| replica.status(cx.now()))
}

/// What is told of a replica.
pub(crate) fn describe_replica(at: &Located, region: &str, replica: &Replica, now: Timestamp) -> ReplicaDescription {
    let Overrides { key, class, reads, most_reads } = &replica.overrides;
    let read =
        |name: &str| reads.get(name).map(|units| ProvisionedThroughputOverride { read_capacity_units: Some(*units) });
    let most = |name: &str| {
        most_reads.get(name).map(|units| OnDemandThroughputOverride { max_read_request_units: Some(*units) })
    };
    let named = reads.keys().chain(most_reads.keys()).filter(|name| !name.is_empty());
    let named: std::collections::BTreeSet<_> = named.collect();
    let indexes = named.into_iter().map(|name| ReplicaGlobalSecondaryIndexDescription {
        index_name: Some(name.clone()),
        provisioned_throughput_override: read(name),
        on_demand_throughput_override: most(name),
        ..ReplicaGlobalSecondaryIndexDescription::default()
    });
    let indexes: Vec<_> = indexes.collect();
    ReplicaDescription {
        region_name: Some(region.to_owned()),
        replica_status: Some(replica.status(now).to_owned()),
        replica_arn: Some(arn_of(&Scope::new(&at.scope.account, region), &at.name)),
        kms_master_key_id: key.clone(),
        provisioned_throughput_override: read(""),
        on_demand_throughput_override: most(""),
        global_secondary_indexes: (!indexes.is_empty()).then_some(indexes),
        replica_table_class_summary: class
            .as_ref()
            .map(|class| TableClassSummary { table_class: Some(class.clone()), last_update_date_time: None }),
        ..ReplicaDescription::default()
    }
}

/// Adds to what is told of a table what is to be told of its other replicas.
pub(crate) fn describe(at: &Located, now: Timestamp, told: &mut TableDescription) {
    let Some(global) = &at.table.global else { return };
    told.global_table_version = Some(global.version().to_owned());
    // Of version 2017.11.29 DescribeGlobalTable tells.
    if global.legacy {
        return;
    }
    let others = global.replicas.iter().filter(|(region, _)| **region != *at.scope.region);
    told.replicas = Some(others.map(|(region, replica)| describe_replica(at, region, replica, now)).collect());
    told.multi_region_consistency = Some(if global.strong { "STRONG" } else { "EVENTUAL" }.to_owned());
    told.global_table_witnesses = global.witness.clone().map(|region| {
        vec![GlobalTableWitnessDescription { region_name: Some(region), witness_status: Some("ACTIVE".to_owned()) }]
    });
}

/// Hours for which a replica that was the source of a new one stays.
const SOURCE_HOURS: i64 = 24;

/// Whether a replica may be deleted as a table.
pub(crate) fn check_delete(cx: &Cx, at: &Located) -> Result<(), Fault> {
    let Some(global) = &at.table.global else { return Ok(()) };
    if global.strong {
        return Err(validation(
            "A replica of a global table with multi-Region strong consistency cannot be deleted by itself. Delete the other replicas first, through ReplicaUpdates",
        ));
    }
    let source = global.replicas.get(&*at.scope.region).and_then(|replica| replica.source);
    let hours = SOURCE_HOURS * 3600 * 1_000_000;
    if source.is_some_and(|source| cx.now().micros().saturating_sub(source) < hours) {
        return Err(validation(
            "Replica cannot be deleted because it has acted as a source region for new replica(s) being added to the table in the last 24 hours.",
        ));
    }
    Ok(())
}

/// A replica is gone: the others are told.
pub(crate) async fn left(cx: &Cx, at: &Located, region: &str) -> Reply<()> {
    let Some(mut global) = at.table.global.clone() else { return Ok(()) };
    let mut rest = others(cx, at).await?;
    global.replicas.remove(region);
    // A group of one is none, unless it was made by CreateGlobalTable.
    let alone = global.replicas.is_empty() || (global.replicas.len() == 1 && !global.legacy);
    save(cx, &mut rest, Some(&global).filter(|_| !alone)).await
}

/// A replica has a stream with both images for as long as it is one. With strong consistency it needs none.
pub(crate) fn check_stream(at: &Located) -> Result<(), Fault> {
    match &at.table.global {
        Some(global) if !global.strong => Err(invalid("Disabling Stream is not allowed for a Global Table replica.")),
        _ => Ok(()),
    }
}
