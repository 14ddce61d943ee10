//! The limit of messages in flight: 120,000 a queue.
//!
//! Counting them takes time, for the end of a visibility timeout writes nothing. So two numbers are kept that bound the count from above: how many
//! messages were received for the first time, which receivers write, and how many of those have left, which deletes add to a counter without
//! conflict. Receivers look at the counter only when their own number is high, and count only when the bound is reached.

use kumoi_core::{Cx, Reply};

use crate::queue::Located;
use crate::queue_attributes::Counts;
use crate::tables::{FLIGHT, Flight, GONE};

/// The most messages in flight.
pub(crate) const LIMIT: i64 = 120_000;

/// Whether more messages can be received, and the numbers for [`taken`].
pub(crate) async fn room(cx: &Cx, at: &Located) -> Reply<(bool, Flight)> {
    let contents = at.queue.contents;
    let mut flight = cx.tx().get(&at.scope, &FLIGHT, &contents).await?.unwrap_or_default();
    if flight.taken - flight.gone < LIMIT {
        return Ok((true, flight));
    }
    flight.gone = cx.tx().counter(&at.scope, &GONE, &contents).await?;
    cx.tx().put(&at.scope, &FLIGHT, &contents, &flight).await?;
    let room = flight.taken - flight.gone < LIMIT || Counts::of(cx, at).await?.in_flight < LIMIT;
    Ok((room, flight))
}

/// Notes how many messages were received for the first time.
pub(crate) async fn taken(cx: &Cx, at: &Located, mut flight: Flight, count: i64) -> Reply<()> {
    if count == 0 {
        return Ok(());
    }
    flight.taken += count;
    Ok(cx.tx().put(&at.scope, &FLIGHT, &at.queue.contents, &flight).await?)
}
