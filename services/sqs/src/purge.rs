//! `PurgeQueue`, and clearing away what a purged or deleted queue held.

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::api::PurgeQueueInput;
use crate::errors::purge_queue_in_progress;
use crate::queue::Located;
use crate::tables::{GROUPS, MESSAGES, READY, RECEIVED, TOTAL};
use crate::{enabled, sweep};

/// Microseconds between two purges of a queue.
const INTERVAL: i64 = 60 * 1_000_000;

/// The option that lets a queue be purged again at once.
pub(crate) const DELAY_RETRY: &str = "SQS_DELAY_PURGE_RETRY";

/// The kind of timer that clears away a contents.
pub(crate) const DROP: &str = "drop";

/// Records removed by one timer.
const BATCH: usize = 500;

pub(crate) async fn purge(cx: &Cx, input: PurgeQueueInput) -> Reply<()> {
    let mut at = Located::of(cx, &input.queue_url).await?;
    let now = cx.now().micros();
    let lately = at.queue.purged.is_some_and(|purged| purged.saturating_add(INTERVAL) > now);
    if lately && enabled(cx, DELAY_RETRY) {
        let message = format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", at.name);
        return Err(purge_queue_in_progress(message).into());
    }
    drop_contents(cx, &at.scope, at.queue.contents).await?;
    let queue = at.queue_mut();
    queue.contents = cx.ids().sequence();
    queue.purged = Some(now);
    queue.swept = None;
    at.save(cx).await
}

/// Has a contents that no queue names any more cleared away.
pub(crate) async fn drop_contents(cx: &Cx, scope: &Scope, contents: u64) -> Reply<()> {
    sweep::cancel_retention(cx, scope, contents).await?;
    let timer = Timer {
        name: format!("{DROP}:{contents}"),
        due: cx.now(),
        kind: DROP.to_owned(),
        payload: contents.to_string(),
    };
    Ok(timers::set(cx.tx(), "sqs", scope, &timer).await?)
}

/// Clears away a part of a contents, and sets the timer again for the rest.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Ok(contents) = payload.parse::<u64>() else { return Ok(()) };
    let all = || KeyRange::prefix(&(contents,));
    let messages = cx.tx().index_keys(cx.scope(), &MESSAGES, &READY, all(), BATCH).await?;
    for (_, key) in &messages {
        cx.delete(&MESSAGES, key).await?;
    }
    let groups = cx.range(&GROUPS, KeyRange::prefix(&(contents,)), BATCH).await?;
    for (key, _) in &groups {
        cx.delete(&GROUPS, key).await?;
    }
    if messages.len() == BATCH || groups.len() == BATCH {
        return drop_contents(cx, cx.scope(), contents).await;
    }
    cx.tx().clear_counter(cx.scope(), &TOTAL, &contents).await?;
    Ok(cx.tx().clear_counter(cx.scope(), &RECEIVED, &contents).await?)
}
