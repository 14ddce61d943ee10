//! Effects on other services.
//!
//! An effect is written in the transaction of the change that causes it and delivered afterwards through the public operation of
//! the service it is for, at least once, until it succeeds or its attempts are used up; then its dead letter, if it has one, is
//! delivered in its place. Effects of one lane are delivered in order, lanes side by side.

use std::collections::HashMap;
use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use kumoi_model::{Timestamp, Value};
use kumoi_store::{Index, KeyRange, Scope, StoreError, Table, Tx};
use serde::{Deserialize, Serialize};

use crate::{Call, CallInfo, Endpoint, Fault, Kernel, Principal, World, clock};

/// A call to make once the transaction has committed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// Effects of the same lane are delivered in order; an effect with an empty lane stands alone.
    pub lane: String,
    /// Model id of the service to call.
    pub service: String,
    /// The operation to call.
    pub operation: String,
    /// Its input.
    pub input: Value,
    /// The account to call in.
    pub account: String,
    /// The region to call in.
    pub region: String,
    /// Who calls.
    pub principal: Principal,
    /// The resource on whose behalf.
    pub source_arn: Option<String>,
    /// Deliveries to try before it is given up; at least one is made.
    pub attempts: u32,
    /// Seconds before the second attempt; doubles from one to the next, up to an hour.
    pub backoff_seconds: u32,
    /// What to deliver when all attempts have failed.
    pub dead_letter: Option<Box<Effect>>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Pending {
    effect: Effect,
    due: Timestamp,
    tried: u32,
}

/// The order in which effects were recorded: moment, then the world's sequence.
type EffectKey = (i64, u64);

static OUTBOX: Table<EffectKey, Pending> = Table::world("kumoi", "outbox").indexed(&[&DUE, &LANE]);
static DUE: Index<EffectKey, Pending, i64> = Index::new("due", |_, pending| Some(pending.due.micros()));
static LANE: Index<EffectKey, Pending, String> =
    Index::new("lane", |_, pending| Some(pending.effect.lane.clone()).filter(|lane| !lane.is_empty()));

/// Deliveries under way at once in a world.
const CONCURRENCY: usize = 16;

/// Effects looked at in one pass.
const BATCH: usize = 256;

/// Effects of one lane delivered in one pass.
const IN_A_ROW: usize = 64;

const MAX_BACKOFF_SECONDS: i64 = 3600;

/// Records an effect.
pub(crate) async fn push(tx: &Tx, call: &CallInfo, now: Timestamp, effect: &Effect) -> Result<(), StoreError> {
    let key = (now.micros(), call.world.ids.sequence());
    let pending = Pending { effect: effect.clone(), due: now, tried: 0 };
    tx.put(&Scope::world(), &OUTBOX, &key, &pending).await
}

/// The first effect of a lane.
async fn first_of(tx: &Tx, lane: &str) -> Result<Option<(EffectKey, Pending)>, StoreError> {
    let mut found = tx.index(&Scope::world(), &OUTBOX, &LANE, KeyRange::prefix(&lane), 1).await?;
    Ok(found.pop().map(|(_, key, pending)| (key, pending)))
}

/// Effects to deliver at `now`: those that stand alone, and the first of each lane.
///
/// An effect that is due behind one that is not is put off until that one is. So every pass gets on: what it looked at is delivered, or is
/// not due any more.
async fn ready(kernel: &Kernel, world: &World, now: Timestamp) -> Result<Vec<(EffectKey, Pending)>, StoreError> {
    loop {
        let tx = kernel.begin(world)?;
        let mut ready = Vec::new();
        // For each lane, when its first effect is due.
        let mut lanes: HashMap<String, Timestamp> = HashMap::new();
        let range = KeyRange::all().until(&now.micros());
        for (_, key, pending) in tx.index(&Scope::world(), &OUTBOX, &DUE, range, BATCH).await? {
            if pending.effect.lane.is_empty() {
                ready.push((key, pending));
                continue;
            }
            let first_due = match lanes.get(&pending.effect.lane) {
                Some(due) => *due,
                None => {
                    let lane = pending.effect.lane.clone();
                    let first = first_of(&tx, &lane).await?.unwrap_or_else(|| (key, pending.clone()));
                    let due = first.1.due;
                    lanes.insert(lane, due);
                    if due <= now {
                        ready.push(first);
                    }
                    due
                }
            };
            if first_due > now {
                tx.put(&Scope::world(), &OUTBOX, &key, &Pending { due: first_due, ..pending }).await?;
            }
        }
        match kernel.store().commit(tx).await {
            Err(StoreError::Conflict) => tokio::task::yield_now().await,
            other => return other.map(|()| ready),
        }
    }
}

/// Delivers what is due at `now`; returns how many effects were settled (delivered, or given up).
pub(crate) async fn deliver_due(kernel: &Arc<Kernel>, world: &Arc<World>, now: Timestamp) -> Result<usize, StoreError> {
    let mut settled = 0;
    let mut queue = ready(kernel, world, now).await?.into_iter();
    let mut under_way: FuturesUnordered<_> =
        queue.by_ref().take(CONCURRENCY).map(|(key, pending)| deliver_lane(kernel, world, now, key, pending)).collect();
    while let Some(result) = under_way.next().await {
        settled += result?;
        if let Some((key, pending)) = queue.next() {
            under_way.push(deliver_lane(kernel, world, now, key, pending));
        }
    }
    Ok(settled)
}

/// Delivers an effect, and those behind it in its lane for as long as they are settled; how many were.
async fn deliver_lane(
    kernel: &Arc<Kernel>,
    world: &Arc<World>,
    now: Timestamp,
    mut key: EffectKey,
    mut pending: Pending,
) -> Result<usize, StoreError> {
    let lane = pending.effect.lane.clone();
    for settled in 0..IN_A_ROW {
        if !deliver(kernel, world, key, pending).await? {
            return Ok(settled);
        }
        let next = if lane.is_empty() { None } else { first_of(&kernel.begin(world)?, &lane).await? };
        match next.filter(|(_, next)| next.due <= now) {
            Some(next) => (key, pending) = next,
            None => return Ok(settled + 1),
        }
    }
    Ok(IN_A_ROW)
}

/// One attempt; true when the effect is settled.
async fn deliver(
    kernel: &Arc<Kernel>,
    world: &Arc<World>,
    key: EffectKey,
    pending: Pending,
) -> Result<bool, StoreError> {
    let effect = &pending.effect;
    let result = attempt(kernel, world, effect).await;
    let tried = pending.tried + 1;
    let (replacement, settled) = match result {
        Ok(_) => (None, true),
        Err(fault) => {
            tracing::warn!(service = %effect.service, operation = %effect.operation, tried, %fault, "a delivery failed");
            if tried < effect.attempts {
                let wait = i64::from(effect.backoff_seconds).saturating_mul(1 << (tried - 1).min(12));
                let due = world.clock.now().plus_seconds(wait.min(MAX_BACKOFF_SECONDS));
                (Some(Pending { due, tried, ..pending }), false)
            } else {
                let dead = pending.effect.dead_letter;
                (dead.map(|effect| Pending { effect: *effect, due: world.clock.now(), tried: 0 }), true)
            }
        }
    };
    settle(kernel, world, key, replacement).await?;
    Ok(settled)
}

async fn attempt(kernel: &Arc<Kernel>, world: &Arc<World>, effect: &Effect) -> Result<Value, Fault> {
    let (model, operation) = Kernel::operation(&effect.service, &effect.operation)
        .ok_or_else(|| Fault::not_implemented(&effect.service, &effect.operation))?;
    let call = Call {
        world: world.clone(),
        scope: Scope::new(&effect.account, &effect.region),
        principal: Arc::new(effect.principal.clone()),
        access_key: None,
        source_arn: effect.source_arn.clone(),
        request_id: world.ids.uuid(),
        endpoint: Endpoint { scheme: "http", host: Arc::from("localhost") },
        client: None,
        website: None,
        model,
        operation,
        input: effect.input.clone(),
    };
    kernel.clone().dispatch(call).await.result
}

/// Removes an effect, or puts another state in its place.
async fn settle(
    kernel: &Kernel,
    world: &World,
    key: EffectKey,
    replacement: Option<Pending>,
) -> Result<(), StoreError> {
    loop {
        let tx = kernel.begin(world)?;
        clock::keep(&tx, &world.clock).await?;
        match &replacement {
            None => {
                tx.delete(&Scope::world(), &OUTBOX, &key).await?;
            }
            Some(pending) => tx.put(&Scope::world(), &OUTBOX, &key, pending).await?,
        }
        match kernel.store().commit(tx).await {
            Err(StoreError::Conflict) => tokio::task::yield_now().await,
            other => return other,
        }
    }
}

/// The moment at which the next effect is due at or before `limit`.
pub(crate) async fn next_due(
    kernel: &Kernel,
    world: &World,
    limit: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let tx = kernel.begin(world)?;
    let first = tx.index_keys(&Scope::world(), &OUTBOX, &DUE, KeyRange::all(), 1).await?;
    Ok(first.first().map(|(due, _)| Timestamp::from_micros(*due)).filter(|due| *due <= limit))
}

/// Delivers what is due, or waits for the next effect to fall due.
pub(crate) async fn step(kernel: &Arc<Kernel>, world: &Arc<World>) -> Result<(), StoreError> {
    let tx = kernel.begin(world)?;
    let first = tx.index_keys(&Scope::world(), &OUTBOX, &DUE, KeyRange::all(), 1).await?;
    let Some((due, _)) = first.first() else {
        kernel.store().changed(tx).await;
        return Ok(());
    };
    let due = Timestamp::from_micros(*due);
    if due > world.clock.now() {
        tokio::select! {
            () = kernel.store().changed(tx) => {}
            () = world.clock.reached(due) => {}
        }
        return Ok(());
    }
    drop(tx);
    let _in_order = world.delivering.lock().await;
    deliver_due(kernel, world, world.clock.now()).await?;
    Ok(())
}
