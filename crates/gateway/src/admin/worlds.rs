//! Worlds: listed, forked, emptied, dropped, compared.

use kumoi_store::WorldId;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, asked_world, clock, count, json_reply, ok, switch, world};
use crate::accept::Head;
use crate::gateway::Gateway;

/// What `POST /_kumoi/worlds/{name}` takes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fork {
    /// The world to copy; the default one when left out.
    from: Option<String>,
}

/// Most differences that are told at once.
const MOST_DIFFERENCES: usize = 100_000;

/// Tables of kumoi's own, with one record a world, that say nothing of what is in it: how often it was opened, and its clock, which is
/// told apart.
const BOOKKEEPING: [&str; 2] = ["clock", "opened"];

pub(super) fn list(gateway: &Gateway) -> super::Reply {
    let kernel = &gateway.config.kernel;
    let worlds: Vec<Value> = kernel
        .store()
        .worlds()
        .into_iter()
        .map(|info| {
            let open = kernel.worlds().get(&info.id);
            json!({
                "name": info.id.as_str(),
                "default": info.id == WorldId::default(),
                "commits": info.commits,
                "entries": info.entries,
                "clock": open.map(|world| clock::state(&world)),
            })
        })
        .collect();
    ok(&json!({ "worlds": worlds }))
}

/// Empties a world, or with `?all` every one; forks are then dropped, so that only an empty default world is left.
pub(super) async fn reset(gateway: &Gateway, head: &Head) -> Answer {
    let kernel = &gateway.config.kernel;
    if !switch(head, "all") {
        let world = asked_world(gateway, head)?;
        kernel.reset(&world.id).await?;
        return Ok(ok(&json!({ "reset": [world.id.as_str()] })));
    }
    let worlds = kernel.worlds().all();
    for world in &worlds {
        match world.id == WorldId::default() {
            true => kernel.reset(&world.id).await?,
            false => kernel.drop_world(&world.id).await?,
        }
    }
    kernel.recorder().clear();
    let names: Vec<&str> = worlds.iter().map(|world| world.id.as_str()).collect();
    Ok(ok(&json!({ "reset": names })))
}

pub(super) async fn fork(gateway: &Gateway, name: &str, fork: Fork) -> Answer {
    let from = world(gateway, fork.from.as_deref().unwrap_or(WorldId::DEFAULT))?;
    let made = gateway.config.kernel.fork(&from.id, &WorldId::new(name)?).await?;
    let document = json!({ "name": made.id.as_str(), "from": from.id.as_str(), "clock": clock::state(&made) });
    Ok(json_reply(http::StatusCode::CREATED, &document))
}

pub(super) async fn remove(gateway: &Gateway, name: &str) -> Answer {
    let world = world(gateway, name)?;
    if world.id == WorldId::default() {
        return Err(kumoi_store::StoreError::DefaultWorld.into());
    }
    gateway.config.kernel.drop_world(&world.id).await?;
    Ok(ok(&json!({ "dropped": world.id.as_str() })))
}

pub(super) async fn diff(gateway: &Gateway, head: &Head, a: &str, b: &str) -> Answer {
    let limit = count(head, "limit", 1000, MOST_DIFFERENCES)?;
    let (a, b) = (world(gateway, a)?, world(gateway, b)?);
    // One more than asked for tells whether there are more.
    let kernel = &gateway.config.kernel;
    let (store, before, after) = (kernel.store().clone(), a.id.clone(), b.id.clone());
    let most = limit + BOOKKEEPING.len() + 1;
    let mut found = kernel.aside(async move { store.diff(&before, &after, most).await }).await?;
    found.retain(|one| one.service != "kumoi" || !BOOKKEEPING.contains(&one.table.as_str()));
    let differences: Vec<Value> = found
        .iter()
        .take(limit)
        .map(|one| {
            json!({
                "account": one.account, "region": one.region, "service": one.service, "table": one.table,
                "key": one.key, "before": one.before, "after": one.after,
            })
        })
        .collect();
    let clocks = json!({ "before": clock::state(&a), "after": clock::state(&b) });
    Ok(ok(&json!({ "differences": differences, "truncated": found.len() > limit, "clocks": clocks })))
}
