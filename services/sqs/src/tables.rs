//! What the service stores, and in which order.
//!
//! | Table | Key | What |
//! |---|---|---|
//! | `queues` | name | the queue and its attributes |
//! | `deleted` | name | when a queue of that name was deleted |
//! | `tags` | name | the queue's tags |
//! | `messages` | contents, sent, sequence | messages, delayed, waiting or in flight |
//! | `groups` | contents, group | FIFO only: who holds a message group, and until when |
//! | `dedup` | queue, scope, deduplication id | FIFO only: what was sent in the last five minutes |
//! | `attempts` | queue, receive request attempt id | FIFO only: what was received in the last five minutes |
//! | `sources` | dead-letter queue, source queue | who names the queue in a redrive policy |
//! | `tasks` | source queue, sequence | message move tasks |
//! | `sweeps` | kind, id | when the next sweep of that kind is set |
//!
//! A queue has two numbers. `id` is the queue itself and stays. `contents` is what it holds and is drawn anew by a purge, so that all
//! messages are out of sight in one write however many there are; timers then clear away what the old number still names.
//!
//! A message is found by its key, which is in its receipt handle. Receiving reads the index `ready`, from the earliest moment
//! at which a message can be seen: messages that wait come first, and behind them those that are in flight or delayed. So a
//! receive reads as many entries as it returns, and a send, which adds at the end, conflicts with nobody.

use std::collections::BTreeMap;

use kumoi_store::{Counter, Index, Table};
use serde::{Deserialize, Serialize};

use crate::message::Message;
use crate::queue::Queue;

/// Contents, moment of sending in microseconds, and the world's sequence, which tells messages of one moment apart.
pub(crate) type MessageKey = (u64, i64, u64);

pub(crate) static QUEUES: Table<String, Queue> = Table::region("sqs", "queues");

/// When a queue was deleted, in microseconds. See [`crate::queue`] for the rule of 60 seconds.
pub(crate) static DELETED: Table<String, i64> = Table::region("sqs", "deleted");

pub(crate) static TAGS: Table<String, BTreeMap<String, String>> = Table::region("sqs", "tags");

pub(crate) static MESSAGES: Table<MessageKey, Message> = Table::region("sqs", "messages").indexed(&[&READY, &GROUPED]);

/// Contents, moment at which the message can be seen, and whether it was received before: what lies in the future is in flight
/// when it was, and delayed when not.
pub(crate) static READY: Index<MessageKey, Message, (u64, i64, bool)> =
    Index::new("r", |key, message| Some((key.0, message.visible_at, message.received > 0)));

/// Messages with a message group: contents, group, and the order within it. In a FIFO queue that is the order of sending, in a
/// standard queue that of becoming visible.
pub(crate) static GROUPED: Index<MessageKey, Message, (u64, String, i64, bool)> = Index::new("g", |key, message| {
    let order = if message.fifo { i64::try_from(key.2).unwrap_or(i64::MAX) } else { message.visible_at };
    message.group.clone().map(|group| (key.0, group, order, message.received > 0))
});

/// Messages in a contents, seen or not.
pub(crate) static TOTAL: Counter<u64> = Counter::region("sqs", "total");

/// Messages of a contents that were received at least once; see [`crate::flight`].
pub(crate) static RECEIVED: Counter<u64> = Counter::region("sqs", "received");

/// A message group of a FIFO queue that has messages.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Group {
    /// When its next message can be received, in microseconds: once all that are in flight are back or gone, and the delay of the
    /// first has passed.
    pub(crate) ready_at: i64,
    /// The sequence of its first message, so that among groups that are ready the one with the oldest message comes first.
    pub(crate) head: u64,
    /// Its messages that were received: sequence, and moment at which they are visible again. At most ten, as no more can be received
    /// at once and none while some are in flight.
    pub(crate) in_flight: Vec<(u64, i64)>,
}

pub(crate) static GROUPS: Table<(u64, String), Group> = Table::region("sqs", "groups").indexed(&[&READY_GROUPS]);

/// Contents, when the group is ready, and how old its first message is.
pub(crate) static READY_GROUPS: Index<(u64, String), Group, (u64, i64, u64)> =
    Index::new("r", |key, group| Some((key.0, group.ready_at, group.head)));

/// A deduplication id that was used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Used {
    /// When it can be used again, in microseconds.
    pub(crate) until: i64,
    /// The message that used it.
    pub(crate) message_id: String,
    /// Its sequence.
    pub(crate) sequence: u64,
}

pub(crate) static DEDUP: Table<(u64, String, String), Used> = Table::region("sqs", "dedup").indexed(&[&DEDUP_END]);

pub(crate) static DEDUP_END: Index<(u64, String, String), Used, (u64, i64)> =
    Index::new("e", |key, used| Some((key.0, used.until)));

/// What a receive with a receive request attempt id returned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// Until when it can be repeated, in microseconds.
    pub(crate) until: i64,
    /// The messages, in order.
    pub(crate) messages: Vec<Taken>,
}

/// A message as a receive left it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Taken {
    pub(crate) key: MessageKey,
    /// How often it had been received, this time included.
    pub(crate) received: u32,
    /// When it was to be visible again.
    pub(crate) visible_at: i64,
}

pub(crate) static ATTEMPTS: Table<(u64, String), Attempt> = Table::region("sqs", "attempts").indexed(&[&ATTEMPTS_END]);

pub(crate) static ATTEMPTS_END: Index<(u64, String), Attempt, (u64, i64)> =
    Index::new("e", |key, attempt| Some((key.0, attempt.until)));

/// The dead-letter queue's name, then the source's.
pub(crate) static SOURCES: Table<(String, String), ()> = Table::region("sqs", "sources");

pub(crate) static TASKS: Table<(String, u64), crate::move_task::Task> = Table::region("sqs", "tasks");

/// The moment of a sweep that is set, in microseconds, but for those of messages, which the queue notes. See [`crate::sweep`].
pub(crate) static SWEEPS: Table<(u8, u64), i64> = Table::region("sqs", "sweeps");
