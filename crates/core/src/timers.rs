//! Work to do later.
//!
//! A timer is a record, written in the transaction that asks for it, so it commits, restarts and forks with everything else.
//! When its moment comes on the world's clock, [`Service::timer`](crate::Service::timer) runs in a transaction that also removes
//! it. Timers of a world fire one at a time in the order of their moments.

use std::sync::Arc;

use kumoi_model::Timestamp;
use kumoi_store::{Index, KeyRange, Scope, StoreError, Table, Tx};
use serde::{Deserialize, Serialize};

use crate::kernel::back_off;
use crate::{Fault, Halt, Kernel, World};

/// A timer of a service in one account and region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timer {
    /// Unique within service, account and region.
    pub name: String,
    /// When it fires, in virtual time.
    pub due: Timestamp,
    /// Tells the service what to do.
    pub kind: String,
    /// What to do it with.
    pub payload: String,
}

/// Service, account, region, name.
pub(crate) type TimerKey = (String, String, String, String);

static TIMERS: Table<TimerKey, Timer> = Table::world("kumoi", "timers").indexed(&[&DUE]);
static DUE: Index<TimerKey, Timer, i64> = Index::new("due", |_, timer| Some(timer.due.micros()));

fn key(service: &str, scope: &Scope, name: &str) -> TimerKey {
    (service.to_owned(), scope.account.to_string(), scope.region.to_string(), name.to_owned())
}

/// Sets a timer, replacing the one of its name.
pub async fn set(tx: &Tx, service: &str, scope: &Scope, timer: &Timer) -> Result<(), StoreError> {
    tx.put(&Scope::world(), &TIMERS, &key(service, scope, &timer.name), timer).await
}

/// Removes a timer; whether it was set.
pub async fn cancel(tx: &Tx, service: &str, scope: &Scope, name: &str) -> Result<bool, StoreError> {
    tx.delete(&Scope::world(), &TIMERS, &key(service, scope, name)).await
}

/// The earliest timer of a world.
async fn earliest(tx: &Tx) -> Result<Option<(TimerKey, Timer)>, StoreError> {
    let mut found = tx.index(&Scope::world(), &TIMERS, &DUE, KeyRange::all(), 1).await?;
    Ok(found.pop().map(|(_, key, timer)| (key, timer)))
}

/// How often a timer whose handler fails is tried again before it is given up.
const ATTEMPTS: u32 = 5;

/// Fires the earliest timer when it is due at `now`. Returns whether one fired.
pub(crate) async fn fire_next(kernel: &Arc<Kernel>, world: &Arc<World>, now: Timestamp) -> Result<bool, StoreError> {
    let Some((key, timer)) = next_due(kernel, world, now).await? else { return Ok(false) };
    fire(kernel, world, &key, &timer).await?;
    Ok(true)
}

/// Fires a timer that is due, unless it has been set anew or cancelled.
pub(crate) async fn fire(
    kernel: &Arc<Kernel>,
    world: &Arc<World>,
    key: &TimerKey,
    timer: &Timer,
) -> Result<(), StoreError> {
    let (mut failures, mut conflicts) = (0, 0_u32);
    loop {
        match kernel.run_timer(world, key, timer).await {
            Ok(()) => return Ok(()),
            Err(Halt::Store(StoreError::Conflict)) => {
                conflicts = conflicts.saturating_add(1);
                back_off(conflicts).await;
            }
            // Not the timer's failure: it stays set.
            Err(Halt::Store(error @ (StoreError::UnknownWorld(_) | StoreError::Closed | StoreError::Poisoned(_)))) => {
                return Err(error);
            }
            Err(halt) => {
                failures += 1;
                tracing::error!(service = %key.0, timer = %timer.name, failures, ?halt, "a timer failed");
                if failures >= ATTEMPTS {
                    return discard(kernel, world, key, timer).await;
                }
            }
        }
    }
}

async fn discard(kernel: &Kernel, world: &World, key: &TimerKey, timer: &Timer) -> Result<(), StoreError> {
    loop {
        let tx = kernel.begin(world)?;
        take(&tx, key, timer).await?;
        match kernel.store().commit(tx).await {
            Err(StoreError::Conflict) => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

/// Removes the timer inside the transaction that runs its handler; false when it is no longer set, or was set anew.
pub(crate) async fn take(tx: &Tx, key: &TimerKey, timer: &Timer) -> Result<bool, StoreError> {
    if tx.get(&Scope::world(), &TIMERS, key).await?.as_ref() != Some(timer) {
        return Ok(false);
    }
    tx.delete(&Scope::world(), &TIMERS, key).await
}

/// The earliest timer, if it is due at or before `limit`.
pub(crate) async fn next_due(
    kernel: &Kernel,
    world: &World,
    limit: Timestamp,
) -> Result<Option<(TimerKey, Timer)>, StoreError> {
    let tx = kernel.begin(world)?;
    Ok(earliest(&tx).await?.filter(|(_, timer)| timer.due <= limit))
}

/// Fires what is due, then waits for the next moment or for a change of what is next.
pub(crate) async fn step(kernel: &Arc<Kernel>, world: &Arc<World>) -> Result<(), StoreError> {
    let tx = kernel.begin(world)?;
    let Some((_, timer)) = earliest(&tx).await? else {
        kernel.store().changed(tx).await;
        return Ok(());
    };
    if timer.due <= world.clock.now() {
        drop(tx);
        let _one_at_a_time = world.firing.lock().await;
        fire_next(kernel, world, world.clock.now()).await?;
        return Ok(());
    }
    tokio::select! {
        () = kernel.store().changed(tx) => {}
        () = world.clock.reached(timer.due) => {}
    }
    Ok(())
}

/// The fault of a timer handler that wants to wait: timers are set again instead.
pub(crate) fn cannot_wait() -> Halt {
    tracing::error!("a timer handler asked to wait; it must set a timer instead");
    Halt::Fault(Fault::internal())
}
