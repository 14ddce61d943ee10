//! Receive request attempt ids: a receive whose answer was lost can be repeated.
//!
//! Follows `ReceiveRequestAttemptId` of `ReceiveMessage` in the API Reference: for five minutes, and while their visibility timeout runs, the same id
//! returns the same messages under the same receipt handles and starts the timeout anew; unless one of them was deleted or had its visibility changed.

use kumoi_core::{Cx, Reply};

use crate::contents;
use crate::errors::invalid_value;
use crate::message::Message;
use crate::queue::Located;
use crate::sweep;
use crate::tables::{ATTEMPTS, Attempt, MESSAGES, MessageKey, Taken};

/// How long an attempt can be repeated, in microseconds.
const LIFE: i64 = 300 * 1_000_000;

/// The messages of an earlier receive with that id; `None` when there was none, or they are visible again.
pub(crate) async fn repeat(cx: &Cx, at: &Located, id: &str, timeout: i64) -> Reply<Option<Vec<(MessageKey, Message)>>> {
    let now = cx.now().micros();
    let key = (at.queue.id, id.to_owned());
    let known = cx.tx().get(&at.scope, &ATTEMPTS, &key).await?;
    let running = |attempt: &Attempt| attempt.messages.iter().all(|taken| taken.visible_at > now);
    let Some(attempt) = known.filter(|attempt| attempt.until > now && running(attempt)) else { return Ok(None) };
    let mut again = Vec::with_capacity(attempt.messages.len());
    for taken in &attempt.messages {
        let message = cx.tx().get(&at.scope, &MESSAGES, &taken.key).await?;
        let unchanged =
            |message: &Message| message.received == taken.received && message.visible_at == taken.visible_at;
        let Some(mut message) = message.filter(|message| taken.key.0 == at.queue.contents && unchanged(message)) else {
            let reason = "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.";
            return Err(invalid_value(id, "ReceiveRequestAttemptId", reason).into());
        };
        message.last_received = Some(now);
        contents::show_at(cx, at, &taken.key, &mut message, now.saturating_add(timeout)).await?;
        again.push((taken.key, message));
    }
    store(cx, at, key, attempt.until, &again).await?;
    Ok(Some(again))
}

/// Remembers what a receive with that id returned.
pub(crate) async fn note(cx: &Cx, at: &Located, id: &str, messages: &[(MessageKey, Message)]) -> Reply<()> {
    let until = cx.now().micros().saturating_add(LIFE);
    store(cx, at, (at.queue.id, id.to_owned()), until, messages).await?;
    sweep::ensure(cx, at, sweep::Kind::Attempts, until).await
}

async fn store(cx: &Cx, at: &Located, key: (u64, String), until: i64, messages: &[(MessageKey, Message)]) -> Reply<()> {
    let taken = |(key, message): &(MessageKey, Message)| Taken {
        key: *key,
        received: message.received,
        visible_at: message.visible_at,
    };
    let attempt = Attempt { until, messages: messages.iter().map(taken).collect() };
    Ok(cx.tx().put(&at.scope, &ATTEMPTS, &key, &attempt).await?)
}
