//! Message groups of FIFO queues.
//!
//! Follows "FIFO queue delivery logic" of the Developer Guide: within a group messages come in the order of sending, and while some of a group are
//! in flight no more of it are delivered. A receive takes as many as it can from one group before it goes on to the next. Among
//! groups that are ready, the one whose first message has waited longest comes first.

use std::collections::BTreeSet;

use kumoi_core::{Cx, Reply};
use kumoi_store::KeyRange;

use crate::message::Message;
use crate::queue::Located;
use crate::receive::{Fate, Take};
use crate::tables::{GROUPED, GROUPS, Group, MESSAGES, MessageKey, READY_GROUPS};

/// Groups that one receive looks into at most.
const MAX_GROUPS: usize = 1000;

/// Messages whose delay changes with that of the queue.
const MAX_DELAYED: usize = 20_000;

/// Messages of a group that are read at a time.
const PAGE: usize = 10;

/// A message arrived at the end of a group. The group's record is written even if nothing in it changes: two senders to one
/// group then conflict, so that the order of sequence numbers is the order in which messages become known.
pub(crate) async fn arrived(cx: &Cx, at: &Located, group: &str, key: &MessageKey, message: &Message) -> Reply<()> {
    let group_key = (key.0, group.to_owned());
    let known = cx.tx().get(&at.scope, &GROUPS, &group_key).await?;
    let record = known.unwrap_or(Group { ready_at: message.visible_at, head: key.2, in_flight: Vec::new() });
    Ok(cx.tx().put(&at.scope, &GROUPS, &group_key, &record).await?)
}

/// A message left its group.
pub(crate) async fn left(cx: &Cx, at: &Located, group: &str, key: &MessageKey) -> Reply<()> {
    update(cx, at, group, key.0, |in_flight| in_flight.retain(|(sequence, _)| *sequence != key.2)).await
}

/// A message that was received is held until that moment, in microseconds; one in the past gives it back.
pub(crate) async fn held(cx: &Cx, at: &Located, group: &str, key: &MessageKey, until: i64) -> Reply<()> {
    update(cx, at, group, key.0, |in_flight| {
        in_flight.retain(|(sequence, _)| *sequence != key.2);
        in_flight.push((key.2, until));
    })
    .await
}

/// Changes what is in flight of a group, and works out anew when it is ready.
async fn update(
    cx: &Cx,
    at: &Located,
    group: &str,
    contents: u64,
    change: impl FnOnce(&mut Vec<(u64, i64)>),
) -> Reply<()> {
    let group_key = (contents, group.to_owned());
    let now = cx.now().micros();
    let known = cx.tx().get(&at.scope, &GROUPS, &group_key).await?;
    let mut in_flight = known.map(|group| group.in_flight).unwrap_or_default();
    change(&mut in_flight);
    in_flight.retain(|(_, until)| *until > now);
    let range = KeyRange::prefix(&(contents, group));
    let Some((_, head, message)) = cx.tx().index(&at.scope, &MESSAGES, &GROUPED, range, 1).await?.pop() else {
        cx.tx().delete(&at.scope, &GROUPS, &group_key).await?;
        return Ok(());
    };
    let ready_at = in_flight.iter().map(|(_, until)| *until).max().unwrap_or(message.visible_at);
    Ok(cx.tx().put(&at.scope, &GROUPS, &group_key, &Group { ready_at, head: head.2, in_flight }).await?)
}

/// Takes messages from the groups that are ready.
pub(crate) async fn take(cx: &Cx, at: &Located, take: &mut Take) -> Reply<()> {
    let contents = at.queue.contents;
    let mut seen = BTreeSet::new();
    let mut range = KeyRange::prefix(&(contents,)).until(&(contents, take.now));
    while take.room() > 0 && seen.len() < MAX_GROUPS {
        let first = cx.tx().index_keys(&at.scope, &GROUPS, &READY_GROUPS, range.clone(), 1).await?.pop();
        let Some((entry, key)) = first else { break };
        range = range.after_entry(&entry, &key);
        // With a visibility timeout of 0 the group is at once ready again.
        if seen.insert(key.1.clone()) {
            take_group(cx, at, &key.1, take).await?;
        }
    }
    Ok(())
}

async fn take_group(cx: &Cx, at: &Located, group: &str, take: &mut Take) -> Reply<()> {
    let mut range = KeyRange::prefix(&(at.queue.contents, group));
    'pages: while take.room() > 0 {
        let page = cx.tx().index(&at.scope, &MESSAGES, &GROUPED, range.clone(), PAGE).await?;
        let Some((entry, key, _)) = page.last() else { break };
        range = range.after_entry(entry, key);
        for (_, key, message) in page {
            // What comes behind a message that is delayed, or in flight after all, waits for it.
            if take.room() == 0 || message.visible_at > take.now {
                break 'pages;
            }
            if take.judge(cx, at, &key, &message).await? == Fate::Deliver {
                let (sequence, until) = (key.2, take.deliver(cx, at, key, message).await?);
                update(cx, at, group, at.queue.contents, |in_flight| in_flight.push((sequence, until))).await?;
            }
        }
    }
    Ok(())
}

/// The queue's delay changed. In a FIFO queue that counts for messages that are in it and were not received ("Amazon SQS delay
/// queues" of the Developer Guide), of which only the latest can be concerned.
pub(crate) async fn delay_changed(cx: &Cx, at: &Located, old: u32) -> Reply<()> {
    let contents = at.queue.contents;
    let new = i64::from(at.queue.attributes.delay) * 1_000_000;
    let since = cx.now().micros() - new.max(i64::from(old) * 1_000_000);
    let mut range = KeyRange::prefix(&(contents,)).from(&(contents, since));
    for _ in 0..MAX_DELAYED / PAGE {
        let page = cx.tx().range(&at.scope, &MESSAGES, range.clone(), PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        range = range.after(last);
        for (key, mut message) in page {
            if let (0, Some(group)) = (message.received, message.group.clone()) {
                message.visible_at = key.1 + new;
                cx.tx().put(&at.scope, &MESSAGES, &key, &message).await?;
                update(cx, at, &group, contents, |_| {}).await?;
            }
        }
    }
    Ok(())
}

/// When the next group will be ready, in microseconds.
pub(crate) async fn next_ready(cx: &Cx, at: &Located) -> Reply<Option<i64>> {
    let range = KeyRange::prefix(&(at.queue.contents,));
    let first = cx.tx().index_keys(&at.scope, &GROUPS, &READY_GROUPS, range, 1).await?.pop();
    Ok(first.map(|((_, ready_at, _), _)| ready_at))
}
