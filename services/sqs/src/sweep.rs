//! Clearing away what time has ended: messages past their retention, deduplication ids, receive attempts.
//!
//! There is one timer a queue and kind, set for the earliest end. Whoever adds something that ends earlier than that sets it anew;
//! the record in `sweeps`, or for messages the queue itself, tells without reading the timer, and as it seldom changes, senders do not conflict
//! over it. A sweep takes what has ended, a bounded number at a time, and sets the timer for what ends next.

use kumoi_core::timers::{self, Timer};
use kumoi_core::{Cx, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};

use crate::contents;
use crate::queue::Located;
use crate::tables::{ATTEMPTS, ATTEMPTS_END, DEDUP, DEDUP_END, MESSAGES, SWEEPS};

/// The kind of timer that sweeps.
pub(crate) const SWEEP: &str = "sweep";

/// Small records taken by one sweep.
const BATCH: usize = 500;

/// Messages taken by one sweep, and how many of them are in memory at once.
const MESSAGES_BATCH: usize = 256;
const MESSAGES_PAGE: usize = 16;

/// A sweep that is late by so many microseconds is set again: its timer was given up.
const OVERDUE: i64 = 60 * 1_000_000;

/// What is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Messages of a contents.
    Retention,
    /// Deduplication ids of a queue.
    Dedup,
    /// Receive attempts of a queue.
    Attempts,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Self::Retention => 0,
            Self::Dedup => 1,
            Self::Attempts => 2,
        }
    }

    fn of(number: u8) -> Option<Self> {
        [Self::Retention, Self::Dedup, Self::Attempts].into_iter().find(|kind| kind.number() == number)
    }

    fn id(self, at: &Located) -> u64 {
        match self {
            Self::Retention => at.queue.contents,
            Self::Dedup | Self::Attempts => at.queue.id,
        }
    }
}

fn timer_name(kind: Kind, id: u64) -> String {
    format!("{SWEEP}:{}:{id}", kind.number())
}

/// Makes sure that a sweep comes at that moment or before, in microseconds.
pub(crate) async fn ensure(cx: &Cx, at: &Located, kind: Kind, due: i64) -> Reply<()> {
    let late = cx.now().micros().saturating_sub(OVERDUE);
    let fits = |set: Option<i64>| set.is_some_and(|set| set <= due && set > late);
    if kind == Kind::Retention && fits(at.queue.swept) {
        return Ok(());
    }
    // What was set in this very transaction counts.
    if fits(when(cx, &at.scope, kind, kind.id(at), &at.name).await?) {
        return Ok(());
    }
    plan(cx, &at.scope, kind, kind.id(at), &at.name, due).await
}

/// For when a sweep is set, in microseconds.
async fn when(cx: &Cx, scope: &Scope, kind: Kind, id: u64, name: &str) -> Reply<Option<i64>> {
    Ok(match kind {
        Kind::Retention => Located::find(cx, scope.clone(), name).await?.and_then(|at| at.queue.swept),
        Kind::Dedup | Kind::Attempts => cx.tx().get(scope, &SWEEPS, &(kind.number(), id)).await?,
    })
}

/// Notes for when a sweep is set, in microseconds, or that none is.
async fn note(cx: &Cx, scope: &Scope, kind: Kind, id: u64, name: &str, due: Option<i64>) -> Reply<()> {
    match (kind, due) {
        (Kind::Retention, due) => {
            let found = Located::find(cx, scope.clone(), name).await?;
            if let Some(mut at) = found.filter(|at| at.queue.contents == id) {
                at.queue_mut().swept = due;
                at.save(cx).await?;
            }
        }
        (Kind::Dedup | Kind::Attempts, Some(due)) => cx.tx().put(scope, &SWEEPS, &(kind.number(), id), &due).await?,
        (Kind::Dedup | Kind::Attempts, None) => {
            cx.tx().delete(scope, &SWEEPS, &(kind.number(), id)).await?;
        }
    }
    Ok(())
}

async fn plan(cx: &Cx, scope: &Scope, kind: Kind, id: u64, name: &str, due: i64) -> Reply<()> {
    note(cx, scope, kind, id, name, Some(due)).await?;
    let timer = Timer {
        name: timer_name(kind, id),
        due: Timestamp::from_micros(due),
        kind: SWEEP.to_owned(),
        payload: format!("{}:{id}:{name}", kind.number()),
    };
    Ok(timers::set(cx.tx(), "sqs", scope, &timer).await?)
}

/// Ends the sweeps of a contents that is dropped.
pub(crate) async fn cancel_retention(cx: &Cx, scope: &Scope, contents: u64) -> Reply<()> {
    timers::cancel(cx.tx(), "sqs", scope, &timer_name(Kind::Retention, contents)).await?;
    Ok(())
}

/// The retention period of a queue became shorter: its oldest message may end earlier than thought, or have ended.
pub(crate) async fn retention_changed(cx: &Cx, at: &Located) -> Reply<()> {
    let oldest = cx.tx().range(&at.scope, &MESSAGES, KeyRange::prefix(&(at.queue.contents,)), 1).await?.pop();
    match oldest {
        None => Ok(()),
        Some(((_, sent, _), _)) => {
            let due = sent.saturating_add(at.queue.retention_micros()).max(cx.now().micros());
            ensure(cx, at, Kind::Retention, due).await
        }
    }
}

/// Runs the sweep of a timer's payload.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let mut parts = payload.splitn(3, ':');
    let kind = parts.next().and_then(|number| number.parse().ok()).and_then(Kind::of);
    let id = parts.next().and_then(|id| id.parse::<u64>().ok());
    let (Some(kind), Some(id), Some(name)) = (kind, id, parts.next()) else { return Ok(()) };
    let next = match kind {
        Kind::Retention => messages(cx, id, name).await?,
        Kind::Dedup => dedup(cx, id).await?,
        Kind::Attempts => attempts(cx, id).await?,
    };
    match next {
        Some(due) => plan(cx, cx.scope(), kind, id, name, due).await,
        None => note(cx, cx.scope(), kind, id, name, None).await,
    }
}

/// Deletes messages past their retention; when the next one ends.
async fn messages(cx: &Cx, contents: u64, name: &str) -> Reply<Option<i64>> {
    let Some(at) = Located::find(cx, cx.scope().clone(), name).await? else { return Ok(None) };
    if at.queue.contents != contents {
        return Ok(None);
    }
    let now = cx.now().micros();
    let mut taken = 0;
    while taken < MESSAGES_BATCH {
        let page = cx.range(&MESSAGES, KeyRange::prefix(&(contents,)), MESSAGES_PAGE).await?;
        if page.is_empty() {
            return Ok(None);
        }
        for (key, message) in page {
            let end = key.1.saturating_add(at.queue.retention_micros());
            if end > now {
                return Ok(Some(end));
            }
            contents::remove(cx, &at, &key, &message).await?;
            taken += 1;
        }
    }
    Ok(Some(now))
}

async fn dedup(cx: &Cx, id: u64) -> Reply<Option<i64>> {
    let now = cx.now().micros();
    let ended = KeyRange::prefix(&(id,)).until(&(id, now));
    for (_, key) in cx.tx().index_keys(cx.scope(), &DEDUP, &DEDUP_END, ended, BATCH).await? {
        cx.delete(&DEDUP, &key).await?;
    }
    let next = cx.tx().index_keys(cx.scope(), &DEDUP, &DEDUP_END, KeyRange::prefix(&(id,)), 1).await?.pop();
    Ok(next.map(|((_, until), _)| until.max(now)))
}

async fn attempts(cx: &Cx, id: u64) -> Reply<Option<i64>> {
    let now = cx.now().micros();
    let ended = KeyRange::prefix(&(id,)).until(&(id, now));
    for (_, key) in cx.tx().index_keys(cx.scope(), &ATTEMPTS, &ATTEMPTS_END, ended, BATCH).await? {
        cx.delete(&ATTEMPTS, &key).await?;
    }
    let next = cx.tx().index_keys(cx.scope(), &ATTEMPTS, &ATTEMPTS_END, KeyRange::prefix(&(id,)), 1).await?.pop();
    Ok(next.map(|((_, until), _)| until.max(now)))
}
