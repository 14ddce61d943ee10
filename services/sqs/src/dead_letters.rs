//! Moving messages to the dead-letter queue.
//!
//! Follows "Using dead-letter queues in Amazon SQS" of the Developer Guide: in a standard queue the message keeps the moment of its sending, by which
//! it expires; in a FIFO queue that moment is reset, and the message's id becomes its deduplication id, lest two messages that shared one be
//! taken for the same.

use kumoi_core::{Cx, Reply};

use crate::contents;
use crate::message::Message;
use crate::queue::Located;
use crate::redrive::RedrivePolicy;
use crate::tables::MessageKey;

/// The dead-letter queue of a source, if it is still there.
pub(crate) struct Target(Option<Located>);

impl Target {
    /// The queue that a policy names.
    pub(crate) async fn of(cx: &Cx, at: &Located, policy: &RedrivePolicy) -> Reply<Self> {
        let found = Located::find(cx, at.scope.clone(), policy.target_name()).await?;
        Ok(Self(found.filter(|found| found.queue.is_fifo() == at.queue.is_fifo())))
    }

    /// Moves a message; false when there is nowhere to, and it stays where it is.
    pub(crate) async fn bury(&self, cx: &Cx, at: &Located, key: &MessageKey, message: &Message) -> Reply<bool> {
        let Some(target) = &self.0 else { return Ok(false) };
        contents::remove(cx, at, key, message).await?;
        let now = cx.now().micros();
        let sent = if message.fifo { now } else { key.1 };
        let dead = Message {
            visible_at: now,
            received: 0,
            received_before: message.received_before.saturating_add(message.received),
            last_received: None,
            dedup: if message.fifo { Some(message.id.clone()) } else { message.dedup.clone() },
            source: Some(at.arn()),
            ..message.clone()
        };
        contents::arrive(cx, target, &dead, sent).await?;
        Ok(true)
    }
}
