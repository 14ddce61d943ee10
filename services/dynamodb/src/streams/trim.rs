//! Records are removed 24 hours after they were written, and a stream 24 hours after it was disabled.
//!
//! A stream has one timer. It falls due when the oldest record is a day old, to the next minute, so that a stream with much in it is not looked at for each
//! record; and a day later where there is no record, since what is written from then on stays for a day. So writers set none.

use kumoi_core::{Cx, Reply};
use kumoi_store::{KeyRange, Scope};

use crate::streams::state::Found;
use crate::streams::{Position, RETENTION};
use crate::table::{arn_of, stream_arn};
use crate::tables::{CHANGES, EPOCHS, POLICIES, STREAMS, TRIMMED};
use crate::timer;

/// The kind of timer.
pub(crate) const TRIM: &str = "trim";

/// Records removed by one timer.
const BATCH: usize = 100;

const MINUTE: i64 = 60 * 1_000_000;

/// Sets the timer of a stream to the minute that follows a moment.
pub(crate) async fn set(cx: &Cx, scope: &Scope, place: &(String, String), id: u64, due: i64) -> Reply<()> {
    let due = due.div_euclid(MINUTE).saturating_add(1).saturating_mul(MINUTE);
    set_at(cx, scope, place, id, due).await
}

async fn set_at(cx: &Cx, scope: &Scope, (table, label): &(String, String), id: u64, due: i64) -> Reply<()> {
    timer::set(cx, scope, (TRIM, id), due, format!("{table}/{label}")).await
}

/// The timer of a stream.
pub(crate) async fn run(cx: &Cx, payload: &str) -> Reply<()> {
    let Some((table, label)) = payload.split_once('/') else { return Ok(()) };
    let place = (table.to_owned(), label.to_owned());
    let Some(stream) = cx.get(&STREAMS, &place).await? else { return Ok(()) };
    let arn = stream_arn(&arn_of(cx.scope(), table), label);
    let found = Found { arn, scope: cx.scope().clone(), table: place.0.clone(), label: place.1.clone(), stream };
    let (id, now) = (found.stream.id, cx.now().micros());
    let gone = found.stream.closed.is_some_and(|closed| closed.at.saturating_add(RETENTION) <= now);
    let rows = cx.range(&CHANGES, KeyRange::prefix(&(id,)), BATCH).await?;
    let full = rows.len() == BATCH;
    let (mut last, mut next) = (None, None);
    for (key, change) in rows {
        let due = change.at.saturating_add(RETENTION);
        if due > now && !gone {
            next = Some(due);
            break;
        }
        cx.delete(&CHANGES, &key).await?;
        last = Some(Position { epoch: key.1, number: key.2 });
    }
    if gone && !full {
        cx.delete(&STREAMS, &place).await?;
        cx.delete(&POLICIES, &place).await?;
        cx.delete(&EPOCHS, &id).await?;
        cx.delete(&TRIMMED, &id).await?;
        return Ok(());
    }
    if let Some(last) = last {
        cx.put(&TRIMMED, &id, &last).await?;
        let open = found.epoch(cx).await?;
        // INVARIANT(told): see `position`.
        if found.stream.closed.is_none() && last.epoch == open {
            found.end_epoch(cx, open).await?;
        }
    }
    if full && next.is_none() {
        return set_at(cx, cx.scope(), &place, id, now).await;
    }
    let next = next.unwrap_or_else(|| now.saturating_add(RETENTION));
    let end = found.stream.closed.map_or(i64::MAX, |closed| closed.at.saturating_add(RETENTION));
    set(cx, cx.scope(), &place, id, next.min(end)).await
}
