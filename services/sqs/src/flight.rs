//! The limit of messages in flight: 120,000 a queue.
//!
//! Counting them takes time, for the end of a visibility timeout writes nothing. So a number is kept that bounds the count from above: the messages
//! that were received at least once and are still in the queue. Receivers glance at it without conflict, as the limit is "approximately"
//! that many (Amazon SQS Developer Guide, "Amazon SQS message quotas"), and count only when the bound is reached.

use kumoi_core::{Cx, Reply};

use crate::queue::Located;
use crate::queue_attributes::Counts;
use crate::tables::RECEIVED;

/// The most messages in flight.
pub(crate) const LIMIT: i64 = 120_000;

/// Whether more messages can be received.
pub(crate) async fn room(cx: &Cx, at: &Located) -> Reply<bool> {
    let contents = at.queue.contents;
    if cx.tx().glance(&at.scope, &RECEIVED, &contents).await? < LIMIT {
        return Ok(true);
    }
    let bound = cx.tx().counter(&at.scope, &RECEIVED, &contents).await?;
    Ok(bound < LIMIT || Counts::of(cx, at).await?.in_flight < LIMIT)
}

/// Notes how many messages were received for the first time.
pub(crate) async fn taken(cx: &Cx, at: &Located, count: i64) -> Reply<()> {
    match count {
        0 => Ok(()),
        _ => Ok(cx.tx().add(&at.scope, &RECEIVED, &at.queue.contents, count).await?),
    }
}
