//! A new replica gets the items that are there already, in steps of a bounded size, each in a timer of its own.
//!
//! As with indexes ([`crate::table::backfill`]), a write of an item that the copy has passed is replicated, and one of an item ahead is not, as the copy
//! will come to it. The replica is CREATING, and takes no requests for items, until it has all.

use kumoi_core::{Cx, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::global::{in_region, members, put, save};
use crate::key::KeyBytes;
use crate::table::schema::Backfill;
use crate::table::state::State;
use crate::table::{Located, Named};
use crate::tables::ITEMS;
use crate::timer;

/// The kind of timer that copies items into new replicas.
pub(crate) const COPY: &str = "copy-replica";

/// Items that one timer copies.
const BATCH: usize = 100;

/// There is something to copy from this table, from `due` on.
pub(crate) async fn begin(cx: &Cx, at: &Located, due: i64) -> Reply<()> {
    timer::set(cx, &at.scope, (COPY, &at.name), due, at.name.as_str()).await
}

/// Copies the next items, and sets the timer again for the rest.
pub(crate) async fn run(cx: &Cx, scope: &Scope, name: &str) -> Reply<()> {
    let Some(at) = Located::find(cx, Named { scope: scope.clone(), name }).await? else { return Ok(()) };
    match step(cx, &at).await? {
        true => begin(cx, &at, cx.now().micros()).await,
        false => Ok(()),
    }
}

/// Copies the next items into one new replica; whether there is more to do.
pub(crate) async fn step(cx: &Cx, at: &Located) -> Reply<bool> {
    let Some(mut global) = at.table.global.clone() else { return Ok(false) };
    let copying =
        |(region, replica): (&String, &crate::global::Replica)| Some((region.clone(), replica.copying.clone()?));
    let Some((region, backfill)) = global.replicas.iter().find_map(copying) else { return Ok(false) };
    let Some(mut target) = in_region(cx, at, &region).await? else { return Ok(false) };
    let table = at.table.id;
    let range = match backfill.after {
        Some((hash, partition, sort)) => KeyRange::prefix(&(table,)).after(&(table, hash, partition, sort)),
        None => KeyRange::prefix(&(table,)),
    };
    let items = cx.tx().range(&at.scope, &ITEMS, range, BATCH).await?;
    let more = items.len() == BATCH;
    let mut last = None;
    for ((_, hash, partition, sort), item) in items {
        let key = KeyBytes { hash, partition, sort };
        put(cx, target.clone(), &key, Some(&item)).await?;
        last = Some((key.hash, key.partition, key.sort));
    }
    if let Some(replica) = global.replicas.get_mut(&region) {
        replica.copying = more.then_some(Backfill { after: last });
    }
    if !more {
        target.table_mut().state = State::Creating(cx.now().micros());
        target.save(cx).await?;
    }
    let unfinished = global.replicas.values().any(|replica| replica.copying.is_some());
    save(cx, &mut members(cx, at).await?, Some(&global)).await?;
    Ok(unfinished)
}
