//! Receiving from standard queues, and fairness between tenants.
//!
//! Messages come in the order in which they became visible. Those with a message group id belong to a tenant, and a tenant that keeps consumers
//! busy stands back, as "How Amazon SQS fair queues work" of the Developer Guide has it:
//!
//! * a tenant is noisy while it has at least 30 messages in flight and they are more than a tenth of all that are in flight;
//! * messages of quiet tenants come first, in their usual order, and each message without a group is a tenant of its own;
//! * then come messages of noisy tenants, those with the fewest in flight first.
//!
//! The guide's second measure, the share of recent processing time, is not taken. Looking past a noisy backlog is bounded by
//! [`MAX_TENANTS`] groups and [`LOOKAHEAD`] messages, so that no receive reads a whole queue.

use std::collections::BTreeMap;

use kumoi_core::{Cx, Reply};
use kumoi_store::KeyRange;

use crate::message::Message;
use crate::queue::Located;
use crate::receive::{Fate, Take};
use crate::tables::{GROUPED, MESSAGES, MessageKey, READY};

/// Messages in flight from which on a tenant can be noisy.
const NOISY: usize = 30;

/// Tenants that a receive looks at when one is noisy.
const MAX_TENANTS: usize = 256;

/// Messages without a group that a receive looks for behind a noisy backlog, among as many in front.
const LOOKAHEAD: usize = 50;

/// Pages that a receive reads while what it finds goes to the dead-letter queue.
const MAX_PAGES: usize = 100;

/// Takes messages that can be seen.
pub(crate) async fn take(cx: &Cx, at: &Located, take: &mut Take) -> Reply<()> {
    let mut range = KeyRange::prefix(&(at.queue.contents,)).until(&(at.queue.contents, take.now));
    for _ in 0..MAX_PAGES {
        if take.room() == 0 {
            break;
        }
        let page = cx.tx().index(&at.scope, &MESSAGES, &READY, range.clone(), take.room()).await?;
        let Some((entry, key, _)) = page.last() else { break };
        range = range.after_entry(entry, key);
        let page: Vec<_> = page.into_iter().map(|(_, key, message)| (key, message)).collect();
        let mut tenants = Tenants::new(cx, at, take.now);
        if tenants.any_noisy(&page).await? {
            for (key, message) in tenants.reordered(take.room()).await? {
                consider(cx, at, take, key, message).await?;
            }
            break;
        }
        for (key, message) in page {
            consider(cx, at, take, key, message).await?;
        }
    }
    Ok(())
}

async fn consider(cx: &Cx, at: &Located, take: &mut Take, key: MessageKey, message: Message) -> Reply<()> {
    if take.room() > 0 && take.judge(cx, at, &key, &message).await? == Fate::Deliver {
        take.deliver(cx, at, key, message).await?;
    }
    Ok(())
}

/// When the next message can be seen, in microseconds.
pub(crate) async fn next_visible(cx: &Cx, at: &Located) -> Reply<Option<i64>> {
    let range = KeyRange::prefix(&(at.queue.contents,));
    let first = cx.tx().index_keys(&at.scope, &MESSAGES, &READY, range, 1).await?.pop();
    Ok(first.map(|((_, visible_at, _), _)| visible_at))
}

/// What is in flight, by tenant, as far as it was asked for.
struct Tenants<'a> {
    cx: &'a Cx,
    at: &'a Located,
    now: i64,
    /// Messages in flight of noisy tenants; `None` for a quiet one.
    known: BTreeMap<String, Option<usize>>,
    total: Option<usize>,
}

impl<'a> Tenants<'a> {
    fn new(cx: &'a Cx, at: &'a Located, now: i64) -> Self {
        Self { cx, at, now, known: BTreeMap::new(), total: None }
    }

    async fn any_noisy(&mut self, page: &[(MessageKey, Message)]) -> Reply<bool> {
        for group in page.iter().filter_map(|(_, message)| message.group.as_deref()) {
            if self.noisy(group).await?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many messages of a tenant are in flight, when it is noisy.
    async fn noisy(&mut self, group: &str) -> Reply<Option<usize>> {
        if let Some(known) = self.known.get(group) {
            return Ok(*known);
        }
        // Most tenants are quiet, and then this reads few entries.
        let quiet = self.in_flight(group, NOISY).await? < NOISY;
        let noisy = if quiet {
            None
        } else {
            let own = self.in_flight(group, usize::MAX).await?;
            (own.saturating_mul(10) > self.total().await?).then_some(own)
        };
        self.known.insert(group.to_owned(), noisy);
        Ok(noisy)
    }

    /// Counts messages in flight of a tenant, looking at up to `limit` that cannot be seen.
    async fn in_flight(&self, group: &str, limit: usize) -> Reply<usize> {
        let contents = self.at.queue.contents;
        let range = KeyRange::prefix(&(contents, group)).after(&(contents, group, self.now));
        let hidden = self.cx.tx().index_keys(&self.at.scope, &MESSAGES, &GROUPED, range, limit).await?;
        Ok(hidden.iter().filter(|((_, _, _, received), _)| *received).count())
    }

    async fn total(&mut self) -> Reply<usize> {
        if let Some(total) = self.total {
            return Ok(total);
        }
        let contents = self.at.queue.contents;
        let range = KeyRange::prefix(&(contents,)).after(&(contents, self.now));
        let hidden = self.cx.tx().index_keys(&self.at.scope, &MESSAGES, &READY, range, usize::MAX).await?;
        let total = hidden.iter().filter(|((_, _, received), _)| *received).count();
        self.total = Some(total);
        Ok(total)
    }

    /// The messages to deliver first while a tenant is noisy.
    async fn reordered(&mut self, room: usize) -> Reply<Vec<(MessageKey, Message)>> {
        let Self { cx, at, now, .. } = *self;
        let contents = at.queue.contents;
        let mut found = Vec::new();
        let mut groups = KeyRange::prefix(&(contents,));
        for _ in 0..MAX_TENANTS {
            let first = cx.tx().index_keys(&at.scope, &MESSAGES, &GROUPED, groups.clone(), 1).await?.pop();
            let Some(((_, group, ..), _)) = first else { break };
            groups = groups.after(&(contents, group.as_str()));
            let own = KeyRange::prefix(&(contents, group.as_str())).until(&(contents, group.as_str(), now));
            let page = cx.tx().index(&at.scope, &MESSAGES, &GROUPED, own, room).await?;
            if !page.is_empty() {
                let in_flight = self.noisy(&group).await?.unwrap_or(0);
                found.extend(page.into_iter().map(|(_, key, message)| (in_flight, key, message)));
            }
        }
        let visible = KeyRange::prefix(&(contents,)).until(&(contents, now));
        let page = cx.tx().index(&at.scope, &MESSAGES, &READY, visible, LOOKAHEAD).await?;
        let alone = page.into_iter().filter(|(_, _, message)| message.group.is_none());
        found.extend(alone.map(|(_, key, message)| (0, key, message)));
        found.sort_by_key(|(in_flight, key, message)| (*in_flight, message.visible_at, *key));
        Ok(found.into_iter().take(room).map(|(_, key, message)| (key, message)).collect())
    }
}
