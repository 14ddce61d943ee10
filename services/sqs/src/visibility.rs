//! `DeleteMessage` and `ChangeMessageVisibility`: what the holder of a receipt handle can do.

use kumoi_core::{Cx, Reply};

use crate::attributes::MAX_VISIBILITY_SECONDS;
use crate::contents;
use crate::errors::{invalid_value, message_not_inflight, missing_parameter};
use crate::queue::Located;
use crate::receipt::Receipt;
use crate::tables::MESSAGES;

/// Deletes a message.
///
/// A handle of an earlier receive succeeds and deletes nothing. In a FIFO queue it is refused, as is the latest one once its visibility timeout has
/// passed.
pub(crate) async fn delete(cx: &Cx, at: &Located, handle: &str) -> Reply<()> {
    if handle.is_empty() {
        return Err(missing_parameter("ReceiptHandle").into());
    }
    let receipt = Receipt::read(at, handle)?;
    if receipt.key.0 != at.queue.contents {
        return Ok(());
    }
    let Some(message) = cx.tx().get(&at.scope, &MESSAGES, &receipt.key).await? else { return Ok(()) };
    let latest = message.received == receipt.received;
    if message.fifo && !(latest && message.is_in_flight(cx.now().micros())) {
        return Err(invalid_value(handle, "ReceiptHandle", "The receipt handle has expired.").into());
    }
    if latest { contents::remove(cx, at, &receipt.key, &message).await } else { Ok(()) }
}

/// Changes for how long from now on a message is held, in seconds. 12 hours after its receive it is visible again at the latest.
pub(crate) async fn change(cx: &Cx, at: &Located, handle: &str, seconds: Option<i32>) -> Reply<()> {
    if handle.is_empty() {
        return Err(missing_parameter("ReceiptHandle").into());
    }
    let seconds = i64::from(seconds.ok_or_else(|| missing_parameter("VisibilityTimeout"))?);
    let most = i64::from(MAX_VISIBILITY_SECONDS);
    if !(0..=most).contains(&seconds) {
        let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
        return Err(invalid_value(seconds, "VisibilityTimeout", reason).into());
    }
    let receipt = Receipt::read(at, handle)?;
    let found = match receipt.key.0 == at.queue.contents {
        true => cx.tx().get(&at.scope, &MESSAGES, &receipt.key).await?,
        false => None,
    };
    let Some(mut message) = found.filter(|message| message.received == receipt.received) else {
        let reason = "Message does not exist or is not available for visibility timeout change.";
        return Err(invalid_value(handle, "ReceiptHandle", reason).into());
    };
    let now = cx.now().micros();
    if !message.is_in_flight(now) {
        return Err(message_not_inflight("The specified message isn't in flight.").into());
    }
    // Whole seconds count, so that the full 12 hours can be asked for right after the receive.
    let held = (now - message.last_received.unwrap_or(now)) / 1_000_000;
    if held + seconds > most {
        let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]";
        return Err(invalid_value(seconds, "VisibilityTimeout", reason).into());
    }
    contents::show_at(cx, at, &receipt.key, &mut message, now + seconds * 1_000_000).await
}
