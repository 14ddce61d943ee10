//! Putting messages into a queue and taking them out: the one place that keeps counts, groups and sweeps in step.

use kumoi_core::{Cx, Reply};

use crate::message::{Message, new_key};
use crate::queue::Located;
use crate::tables::{MESSAGES, MessageKey, RECEIVED, TOTAL};
use crate::{fifo, sweep};

/// Puts a message at the end of a queue; `sent` is the moment from which it ages, in microseconds.
pub(crate) async fn arrive(cx: &Cx, at: &Located, message: &Message, sent: i64) -> Reply<MessageKey> {
    let contents = at.queue.contents;
    let key = new_key(cx, contents, sent);
    cx.tx().insert(&at.scope, &MESSAGES, &key, message).await?;
    cx.tx().add(&at.scope, &TOTAL, &contents, 1).await?;
    if let (true, Some(group)) = (message.fifo, &message.group) {
        fifo::arrived(cx, at, group, &key, message).await?;
    }
    sweep::ensure(cx, at, sweep::Kind::Retention, sent.saturating_add(at.queue.retention_micros())).await?;
    Ok(key)
}

/// Takes a message, as it was read, out for good.
pub(crate) async fn remove(cx: &Cx, at: &Located, key: &MessageKey, message: &Message) -> Reply<()> {
    cx.tx().remove(&at.scope, &MESSAGES, key, message).await?;
    cx.tx().add(&at.scope, &TOTAL, &key.0, -1).await?;
    if message.received > 0 {
        cx.tx().add(&at.scope, &RECEIVED, &key.0, -1).await?;
    }
    match (message.fifo, &message.group) {
        (true, Some(group)) => fifo::left(cx, at, group, key).await,
        _ => Ok(()),
    }
}

/// Changes from when on a message can be seen, in microseconds.
pub(crate) async fn show_at(cx: &Cx, at: &Located, key: &MessageKey, message: &mut Message, moment: i64) -> Reply<()> {
    cx.tx().modify(&at.scope, &MESSAGES, key, message, |message| message.visible_at = moment).await?;
    match (message.fifo, &message.group) {
        (true, Some(group)) => fifo::held(cx, at, group, key, moment).await,
        _ => Ok(()),
    }
}
