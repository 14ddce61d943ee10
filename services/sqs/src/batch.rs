//! Batches: up to ten entries, each of which succeeds or fails by itself.

use std::collections::BTreeSet;

use kumoi_core::{Cx, Fault, Halt, Reply};

use crate::api::{
    BatchResultErrorEntry, ChangeMessageVisibilityBatchInput, ChangeMessageVisibilityBatchOutput,
    ChangeMessageVisibilityBatchResultEntry, DeleteMessageBatchInput, DeleteMessageBatchOutput,
    DeleteMessageBatchResultEntry, SendMessageBatchInput, SendMessageBatchOutput, SendMessageBatchResultEntry,
};
use crate::attributes::MAX_MESSAGE_BYTES;
use crate::errors::{
    batch_code, batch_entry_ids_not_distinct, batch_request_too_long, empty_batch_request, invalid_batch_entry_id,
    too_many_entries_in_batch_request,
};
use crate::message::sequence_number;
use crate::queue::Located;
use crate::send::{self, Draft};
use crate::visibility;

const MAX_ENTRIES: usize = 10;

pub(crate) async fn send(cx: &Cx, input: SendMessageBatchInput) -> Reply<SendMessageBatchOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    check(input.entries.iter().map(|entry| entry.id.as_str()), "SendMessageBatchRequestEntry")?;
    let drafts: Vec<_> = input.entries.into_iter().map(|entry| (entry.id.clone(), Draft::from(entry))).collect();
    let size: usize = drafts.iter().map(|(_, draft)| draft.size()).sum();
    if size > MAX_MESSAGE_BYTES as usize {
        let message =
            format!("Batch requests cannot be longer than {MAX_MESSAGE_BYTES} bytes. You have sent {size} bytes.");
        return Err(batch_request_too_long(message).into());
    }
    let mut output = SendMessageBatchOutput::default();
    for (id, draft) in drafts {
        match settle(send::accept(cx, &at, draft).await)? {
            Err(fault) => output.failed.push(failure(id, &fault)),
            Ok(sent) => output.successful.push(SendMessageBatchResultEntry {
                id,
                message_id: sent.id,
                md5_of_message_body: sent.md5_of_body,
                md5_of_message_attributes: sent.md5_of_attributes,
                md5_of_message_system_attributes: sent.md5_of_system_attributes,
                sequence_number: sent.sequence.map(sequence_number),
            }),
        }
    }
    Ok(output)
}

pub(crate) async fn delete(cx: &Cx, input: DeleteMessageBatchInput) -> Reply<DeleteMessageBatchOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    check(input.entries.iter().map(|entry| entry.id.as_str()), "DeleteMessageBatchRequestEntry")?;
    let mut output = DeleteMessageBatchOutput::default();
    for entry in input.entries {
        match settle(visibility::delete(cx, &at, &entry.receipt_handle).await)? {
            Err(fault) => output.failed.push(failure(entry.id, &fault)),
            Ok(()) => output.successful.push(DeleteMessageBatchResultEntry { id: entry.id }),
        }
    }
    Ok(output)
}

pub(crate) async fn change_visibility(
    cx: &Cx,
    input: ChangeMessageVisibilityBatchInput,
) -> Reply<ChangeMessageVisibilityBatchOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    check(input.entries.iter().map(|entry| entry.id.as_str()), "ChangeMessageVisibilityBatchRequestEntry")?;
    let mut output = ChangeMessageVisibilityBatchOutput::default();
    for entry in input.entries {
        match settle(visibility::change(cx, &at, &entry.receipt_handle, entry.visibility_timeout).await)? {
            Err(fault) => output.failed.push(failure(entry.id, &fault)),
            Ok(()) => output.successful.push(ChangeMessageVisibilityBatchResultEntry { id: entry.id }),
        }
    }
    Ok(output)
}

/// Checks number and ids of the entries of a batch; `kind` is the name of their shape.
fn check<'a>(ids: impl ExactSizeIterator<Item = &'a str>, kind: &str) -> Result<(), Fault> {
    let count = ids.len();
    if count == 0 {
        return Err(empty_batch_request(format!("There should be at least one {kind} in the request.")));
    }
    if count > MAX_ENTRIES {
        let message = format!("Maximum number of entries per request are {MAX_ENTRIES}. You have sent {count}.");
        return Err(too_many_entries_in_batch_request(message));
    }
    let mut known = BTreeSet::new();
    for id in ids {
        let valid = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if id.is_empty() || id.len() > 80 || !id.bytes().all(valid) {
            return Err(invalid_batch_entry_id(
                "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters \
                 long.",
            ));
        }
        if !known.insert(id) {
            return Err(batch_entry_ids_not_distinct(format!("Id {id} repeated.")));
        }
    }
    Ok(())
}

/// An entry's own fault apart from what stops the whole request. An entry that fails has written nothing: each checks before it
/// writes.
fn settle<T>(reply: Reply<T>) -> Reply<Result<T, Fault>> {
    match reply {
        Ok(done) => Ok(Ok(done)),
        Err(Halt::Fault(fault)) => Ok(Err(fault)),
        Err(halt) => Err(halt),
    }
}

fn failure(id: String, fault: &Fault) -> BatchResultErrorEntry {
    BatchResultErrorEntry {
        id,
        sender_fault: fault.sender(),
        code: batch_code(fault),
        message: Some(fault.message().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(ids: &[&str]) -> String {
        match check(ids.iter().copied(), "SendMessageBatchRequestEntry") {
            Ok(()) => "ok".into(),
            Err(fault) => format!("{} {}", fault.query_code().unwrap_or(fault.code()), fault.message()),
        }
    }

    #[test]
    fn entries_are_one_to_ten_with_distinct_ids() {
        let ids: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert_eq!(outcome(&ids[..10]), "ok");
        assert_eq!(outcome(&["a-_Z9"]), "ok");
        let code = "AWS.SimpleQueueService.";
        assert_eq!(
            outcome(&[]),
            format!(
                "{code}EmptyBatchRequest There should be at least one SendMessageBatchRequestEntry in the request."
            )
        );
        assert_eq!(
            outcome(&ids),
            format!(
                "{code}TooManyEntriesInBatchRequest Maximum number of entries per request are 10. You have sent 11."
            )
        );
        assert_eq!(outcome(&["a", "b", "a"]), format!("{code}BatchEntryIdsNotDistinct Id a repeated."));
        for id in ["", "a.b", "ü", &"x".repeat(81)] {
            assert!(
                outcome(&[id]).starts_with(&format!("{code}InvalidBatchEntryId A batch entry id can only")),
                "{id}"
            );
        }
    }
}
