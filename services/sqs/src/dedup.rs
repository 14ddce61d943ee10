//! Deduplication in FIFO queues.
//!
//! Follows "Exactly-once processing in Amazon SQS" of the Developer Guide: for five minutes after a message was sent, another with the same
//! deduplication id is accepted and not delivered, whether or not the first was received or deleted meanwhile. The id counts in the whole queue, or
//! in its message group when `DeduplicationScope` is `messageGroup`.

use aws_lc_rs::digest;
use kumoi_core::{Cx, Fault, Reply};

use crate::attributes::Fifo;
use crate::errors::invalid_parameter;
use crate::message::check_id;
use crate::queue::Located;
use crate::sweep;
use crate::tables::{DEDUP, Used};

/// The deduplication interval in microseconds.
const INTERVAL: i64 = 300 * 1_000_000;

/// The deduplication id of a message: the one that came with it, or the SHA-256 of its body where the queue is set so.
pub(crate) fn id_of(fifo: Fifo, given: Option<String>, body: &str) -> Result<String, Fault> {
    match given {
        Some(id) => check_id(&id, "MessageDeduplicationId").map(|()| id),
        None if fifo.by_content => Ok(hex::encode(digest::digest(&digest::SHA256, body.as_bytes()))),
        None => Err(invalid_parameter(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

fn key(at: &Located, fifo: Fifo, group: &str, id: &str) -> (u64, String, String) {
    let scope = if fifo.scope_is_group { group } else { "" };
    (at.queue.id, scope.to_owned(), id.to_owned())
}

/// The message that used the id in the last five minutes.
pub(crate) async fn find(cx: &Cx, at: &Located, fifo: Fifo, group: &str, id: &str) -> Reply<Option<Used>> {
    let used = cx.tx().get(&at.scope, &DEDUP, &key(at, fifo, group, id)).await?;
    Ok(used.filter(|used| used.until > cx.now().micros()))
}

/// Notes that a message uses the id.
pub(crate) async fn note(
    cx: &Cx,
    at: &Located,
    fifo: Fifo,
    group: &str,
    id: &str,
    message_id: String,
    sequence: u64,
) -> Reply<()> {
    let until = cx.now().micros().saturating_add(INTERVAL);
    cx.tx().put(&at.scope, &DEDUP, &key(at, fifo, group, id), &Used { until, message_id, sequence }).await?;
    sweep::ensure(cx, at, sweep::Kind::Dedup, until).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_given_or_made_of_the_body() {
        let by_content = Fifo { by_content: true, ..Fifo::default() };
        assert_eq!(id_of(by_content, Some("mine".into()), "body").unwrap(), "mine");
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(id_of(by_content, None, "abc").unwrap(), abc);
        assert!(id_of(Fifo::default(), None, "abc").unwrap_err().message().starts_with("The queue should either have"));
        assert!(id_of(by_content, Some("a b".into()), "body").is_err());
    }
}
