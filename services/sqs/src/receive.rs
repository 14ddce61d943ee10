//! `ReceiveMessage`.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;

use crate::api::{self, ReceiveMessageInput, ReceiveMessageOutput};
use crate::attributes::{MAX_VISIBILITY_SECONDS, READ_ONLY, WRITABLE};
use crate::errors::{invalid_value, over_limit, unknown_attribute, wrong_queue_type};
use crate::message::{Message, check_id, sequence_number};
use crate::queue::Located;
use crate::receipt::Receipt;
use crate::tables::{MESSAGES, MessageKey};
use crate::{attempts, dead_letters, fifo, flight, md5, message_attributes, standard};

/// Names of the attributes that SQS gives a message.
const SYSTEM: [&str; 9] = [
    "SenderId",
    "SentTimestamp",
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SequenceNumber",
    "MessageDeduplicationId",
    "MessageGroupId",
    "AWSTraceHeader",
    "DeadLetterQueueSourceArn",
];

pub(crate) async fn receive(cx: &Cx, input: ReceiveMessageInput) -> Reply<ReceiveMessageOutput> {
    let at = Located::of(cx, &input.queue_url).await?;
    let asked = Asked::read(&at, input)?;
    let mut take = Take::new(cx, asked.max, asked.visibility);
    if let Some(attempt) = &asked.attempt
        && let Some(again) = attempts::repeat(cx, &at, attempt, take.timeout).await?
    {
        return Ok(asked.answer(&at, again));
    }
    let room = flight::room(cx, &at).await?;
    if room {
        match at.queue.is_fifo() {
            true => fifo::take(cx, &at, &mut take).await?,
            false => standard::take(cx, &at, &mut take).await?,
        }
    } else if !at.queue.is_fifo() && asked.wait == 0 {
        // Long polls and FIFO queues get no error, but nothing either.
        return Err(over_limit("The maximum number of in flight messages is reached.").into());
    }
    // A move to the dead-letter queue must be kept, so there is an answer even if it is empty.
    if take.taken.is_empty() && !take.moved && asked.wait > 0 {
        let next = match at.queue.is_fifo() {
            true => fifo::next_ready(cx, &at).await?,
            false => standard::next_visible(cx, &at).await?,
        };
        let wake = next.filter(|next| *next > take.now).map(Timestamp::from_micros);
        cx.wait(wake, cx.received().plus_seconds(asked.wait))?;
    }
    flight::taken(cx, &at, take.first).await?;
    if let (Some(attempt), false) = (&asked.attempt, take.taken.is_empty()) {
        attempts::note(cx, &at, attempt, &take.taken).await?;
    }
    Ok(asked.answer(&at, take.taken))
}

/// What a receiver asks for.
struct Asked {
    max: usize,
    /// Seconds.
    visibility: i64,
    /// Seconds.
    wait: i64,
    attempt: Option<String>,
    system: Vec<String>,
    attributes: Vec<String>,
}

impl Asked {
    fn read(at: &Located, input: ReceiveMessageInput) -> Result<Self, Fault> {
        let queue = &at.queue.attributes;
        let max = input.max_number_of_messages.unwrap_or(1);
        if !(1..=10).contains(&max) {
            return Err(invalid_value(max, "MaxNumberOfMessages", "Must be between 1 and 10, if provided."));
        }
        let wait = input.wait_time_seconds.map_or(i64::from(queue.wait), i64::from);
        if !(0..=20).contains(&wait) {
            return Err(invalid_value(wait, "WaitTimeSeconds", "Must be >= 0 and <= 20, if provided."));
        }
        let visibility = input.visibility_timeout.map_or(i64::from(queue.visibility), i64::from);
        if !(0..=i64::from(MAX_VISIBILITY_SECONDS)).contains(&visibility) {
            return Err(invalid_value(visibility, "VisibilityTimeout", "Must be between 0 and 43200, if provided."));
        }
        if let Some(attempt) = &input.receive_request_attempt_id {
            if !at.queue.is_fifo() {
                return Err(wrong_queue_type(attempt, "ReceiveRequestAttemptId"));
            }
            check_id(attempt, "ReceiveRequestAttemptId")?;
        }
        let mut system = input.message_system_attribute_names.unwrap_or_default();
        system.extend(input.attribute_names.unwrap_or_default());
        let known = |name: &str| {
            name == "All" || SYSTEM.contains(&name) || READ_ONLY.contains(&name) || WRITABLE.contains(&name)
        };
        if let Some(unknown) = system.iter().find(|name| !known(name)) {
            return Err(unknown_attribute(unknown));
        }
        Ok(Self {
            max: usize::try_from(max).unwrap_or(1),
            visibility,
            wait,
            attempt: input.receive_request_attempt_id,
            system,
            attributes: input.message_attribute_names.unwrap_or_default(),
        })
    }

    fn answer(&self, at: &Located, taken: Vec<(MessageKey, Message)>) -> ReceiveMessageOutput {
        let messages: Vec<_> = taken.into_iter().map(|(key, message)| self.written(at, &key, message)).collect();
        ReceiveMessageOutput { messages: (!messages.is_empty()).then_some(messages) }
    }

    /// A message as the API has it.
    fn written(&self, at: &Located, key: &MessageKey, message: Message) -> api::Message {
        let system = self.system_attributes(key, &message);
        let wanted = message_attributes::wanted(&message.attributes, &self.attributes);
        let digest = md5::of_attributes(wanted.clone().map(|(name, attribute)| (name.as_str(), attribute)));
        let attributes: BTreeMap<_, _> =
            wanted.map(|(name, attribute)| (name.clone(), message_attributes::written(attribute))).collect();
        api::Message {
            receipt_handle: Some(Receipt { queue: at.queue.id, key: *key, received: message.received }.text()),
            md5_of_body: Some(md5::text(&message.digest)),
            md5_of_message_attributes: digest,
            message_id: Some(message.id),
            body: Some(message.body),
            attributes: (!system.is_empty()).then_some(system),
            message_attributes: (!attributes.is_empty()).then_some(attributes),
        }
    }

    fn system_attributes(&self, key: &MessageKey, message: &Message) -> BTreeMap<String, String> {
        if self.system.is_empty() {
            return BTreeMap::new();
        }
        let all = self.system.iter().any(|name| name == "All");
        let value = |name: &str| match name {
            "SenderId" => Some(message.sender.clone()),
            "SentTimestamp" => Some((key.1 / 1000).to_string()),
            "ApproximateReceiveCount" => Some(message.received.saturating_add(message.received_before).to_string()),
            "ApproximateFirstReceiveTimestamp" => message.first_received.map(|first| (first / 1000).to_string()),
            "SequenceNumber" => message.fifo.then(|| sequence_number(key.2)),
            "MessageDeduplicationId" => message.dedup.clone(),
            "MessageGroupId" => message.group.clone(),
            "AWSTraceHeader" => message.trace.clone(),
            "DeadLetterQueueSourceArn" => message.source.clone(),
            _ => None,
        };
        let wanted = SYSTEM.iter().filter(|name| all || self.system.iter().any(|asked| asked == *name));
        wanted.filter_map(|name| Some(((*name).to_owned(), value(name)?))).collect()
    }
}

/// Messages being taken by one receive.
pub(crate) struct Take {
    /// The moment of the receive, in microseconds.
    pub(crate) now: i64,
    /// The visibility timeout, in microseconds.
    pub(crate) timeout: i64,
    pub(crate) taken: Vec<(MessageKey, Message)>,
    /// Messages were moved to the dead-letter queue.
    pub(crate) moved: bool,
    /// How many of them are received for the first time.
    first: i64,
    max: usize,
    dead_letters: Option<dead_letters::Target>,
}

/// What becomes of a message that a receive comes across.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Deliver,
    /// It is taken already, past its retention, or now in the dead-letter queue.
    Skip,
}

impl Take {
    fn new(cx: &Cx, max: usize, visibility: i64) -> Self {
        let (now, timeout) = (cx.now().micros(), visibility * 1_000_000);
        Self { now, timeout, taken: Vec::new(), moved: false, first: 0, max, dead_letters: None }
    }

    /// How many more can be taken.
    pub(crate) fn room(&self) -> usize {
        self.max.saturating_sub(self.taken.len())
    }

    /// Decides about a message that could be delivered. One that was received as often as the redrive policy allows moves to the
    /// dead-letter queue here.
    pub(crate) async fn judge(&mut self, cx: &Cx, at: &Located, key: &MessageKey, message: &Message) -> Reply<Fate> {
        // With a visibility timeout of 0 a message that was just taken can be come across again.
        let again = self.taken.iter().any(|(taken, _)| taken == key);
        if again || key.1.saturating_add(at.queue.retention_micros()) <= self.now {
            return Ok(Fate::Skip);
        }
        let policy = at.queue.attributes.redrive.as_ref();
        let Some(policy) = policy.filter(|policy| message.received >= policy.max_receives) else {
            return Ok(Fate::Deliver);
        };
        let target = match self.dead_letters.take() {
            Some(target) => target,
            None => dead_letters::Target::of(cx, at, policy).await?,
        };
        let moved = target.bury(cx, at, key, message).await?;
        self.dead_letters = Some(target);
        self.moved |= moved;
        Ok(if moved { Fate::Skip } else { Fate::Deliver })
    }

    /// Takes a message; until when it is held, in microseconds.
    pub(crate) async fn deliver(&mut self, cx: &Cx, at: &Located, key: MessageKey, mut message: Message) -> Reply<i64> {
        self.first += i64::from(message.received == 0);
        let (now, until) = (self.now, self.now.saturating_add(self.timeout));
        let receive = |message: &mut Message| {
            message.received = message.received.saturating_add(1);
            message.first_received.get_or_insert(now);
            message.last_received = Some(now);
            message.visible_at = until;
        };
        cx.tx().modify(&at.scope, &MESSAGES, &key, &mut message, receive).await?;
        self.taken.push((key, message));
        Ok(until)
    }
}
