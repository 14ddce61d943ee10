//! `SendMessage`.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};

use crate::api::{
    MessageAttributeValue, MessageSystemAttributeValue, SendMessageBatchRequestEntry, SendMessageInput,
    SendMessageOutput,
};
use crate::errors::{invalid_parameter, invalid_value, missing_parameter, wrong_queue_type};
use crate::message::{AttributeValue, Message, check_characters, check_id, sequence_number};
use crate::queue::Located;
use crate::{contents, dedup, md5, message_attributes};

/// The longest delay, in seconds.
const MAX_DELAY: i64 = 900;

/// A message that a client wants to send, alone or in a batch.
pub(crate) struct Draft {
    body: String,
    delay: Option<i32>,
    attributes: BTreeMap<String, MessageAttributeValue>,
    system: BTreeMap<String, MessageSystemAttributeValue>,
    dedup: Option<String>,
    group: Option<String>,
}

impl From<SendMessageInput> for Draft {
    fn from(input: SendMessageInput) -> Self {
        Self {
            body: input.message_body,
            delay: input.delay_seconds,
            attributes: input.message_attributes.unwrap_or_default(),
            system: input.message_system_attributes.unwrap_or_default(),
            dedup: input.message_deduplication_id,
            group: input.message_group_id,
        }
    }
}

impl From<SendMessageBatchRequestEntry> for Draft {
    fn from(entry: SendMessageBatchRequestEntry) -> Self {
        Self {
            body: entry.message_body,
            delay: entry.delay_seconds,
            attributes: entry.message_attributes.unwrap_or_default(),
            system: entry.message_system_attributes.unwrap_or_default(),
            dedup: entry.message_deduplication_id,
            group: entry.message_group_id,
        }
    }
}

impl Draft {
    /// Bytes that count: the body, and names, types and values of attributes. System attributes do not.
    pub(crate) fn size(&self) -> usize {
        let value = |value: &MessageAttributeValue| {
            value.string_value.as_ref().map_or(0, String::len)
                + value.binary_value.as_ref().map_or(0, |bytes| bytes.len())
        };
        let one = |(name, given): (&String, &MessageAttributeValue)| name.len() + given.data_type.len() + value(given);
        self.body.len() + self.attributes.iter().map(one).sum::<usize>()
    }
}

/// What the sender gets.
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) md5_of_body: String,
    pub(crate) md5_of_attributes: Option<String>,
    pub(crate) md5_of_system_attributes: Option<String>,
    pub(crate) sequence: Option<u64>,
}

pub(crate) async fn send(cx: &Cx, input: SendMessageInput) -> Reply<SendMessageOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    let sent = accept(cx, &at, Draft::from(input)).await?;
    Ok(SendMessageOutput {
        md5_of_message_body: Some(sent.md5_of_body),
        md5_of_message_attributes: sent.md5_of_attributes,
        md5_of_message_system_attributes: sent.md5_of_system_attributes,
        message_id: Some(sent.id),
        sequence_number: sent.sequence.map(sequence_number),
    })
}

/// Checks a message and puts it into the queue, unless it is a duplicate.
pub(crate) async fn accept(cx: &Cx, at: &Located, draft: Draft) -> Reply<Sent> {
    let delay = check(at, &draft)?;
    let attributes = message_attributes::read(draft.attributes)?;
    let trace = message_attributes::read_system(draft.system)?;
    let digest = md5::of_body(&draft.body);
    let mut sent = Sent {
        id: String::new(),
        md5_of_body: md5::text(&digest),
        md5_of_attributes: md5::of_attributes(attributes.iter().map(|(name, attribute)| (name.as_str(), attribute))),
        md5_of_system_attributes: md5::of_attributes(trace.iter().map(|trace| ("AWSTraceHeader", trace))),
        sequence: None,
    };
    let fifo = at.queue.attributes.fifo;
    let group = draft.group.as_deref().unwrap_or_default();
    let dedup = match fifo {
        None => None,
        Some(fifo) => {
            let id = dedup::id_of(fifo, draft.dedup, &draft.body)?;
            if let Some(first) = dedup::find(cx, at, fifo, group, &id).await? {
                return Ok(Sent { id: first.message_id, sequence: Some(first.sequence), ..sent });
            }
            Some(id)
        }
    };
    let now = cx.now().micros();
    let message = Message {
        id: cx.ids().uuid(),
        body: draft.body,
        digest,
        sender: cx.principal().user_id.clone(),
        visible_at: now + delay * 1_000_000,
        received: 0,
        received_before: 0,
        first_received: None,
        last_received: None,
        fifo: fifo.is_some(),
        group: draft.group.clone(),
        dedup: dedup.clone(),
        attributes,
        trace: trace.and_then(|trace| match trace.value {
            AttributeValue::Text(text) => Some(text),
            AttributeValue::Binary(_) => None,
        }),
        source: None,
    };
    let key = contents::arrive(cx, at, &message, now).await?;
    sent.id = message.id;
    if let (Some(fifo), Some(id)) = (fifo, &dedup) {
        dedup::note(cx, at, fifo, group, id, sent.id.clone(), key.2).await?;
        sent.sequence = Some(key.2);
    }
    Ok(sent)
}

/// Checks all but the attributes; the delay in seconds.
fn check(at: &Located, draft: &Draft) -> Result<i64, Fault> {
    let queue = &at.queue.attributes;
    if draft.body.is_empty() {
        return Err(missing_parameter("MessageBody"));
    }
    if draft.size() > queue.max_bytes as usize {
        let limit = queue.max_bytes;
        let message =
            format!("One or more parameters are invalid. Reason: Message must be shorter than {limit} bytes.");
        return Err(invalid_parameter(message));
    }
    check_characters(&draft.body, "the message body")?;
    let delay = draft.delay.map_or(i64::from(queue.delay), i64::from);
    if !(0..=MAX_DELAY).contains(&delay) {
        return Err(invalid_value(delay, "DelaySeconds", "DelaySeconds must be >= 0 and <= 900."));
    }
    if at.queue.is_fifo() {
        if draft.group.is_none() {
            return Err(missing_parameter("MessageGroupId"));
        }
        // In a FIFO queue the delay is the queue's, or the order within a group would be lost.
        if let Some(own) = draft.delay.filter(|own| *own != 0) {
            return Err(wrong_queue_type(own, "DelaySeconds"));
        }
    } else if let Some(dedup) = &draft.dedup {
        return Err(wrong_queue_type(dedup, "MessageDeduplicationId"));
    }
    if let Some(group) = &draft.group {
        check_id(group, "MessageGroupId")?;
    }
    Ok(if at.queue.is_fifo() { i64::from(queue.delay) } else { delay })
}
