//! `GetRecords`: up to 1,000 records or 1 MB of them, from where an iterator points.

use kumoi_core::{Cx, Reply};
use kumoi_store::KeyRange;

use crate::streams::Position;
use crate::streams::iterator::{self, trimmed_data};
use crate::streams::state::{Found, page};
use crate::streams_api::{GetRecordsInput, GetRecordsOutput, Record};
use crate::tables::CHANGES;

/// The most records, and the most bytes of them, by their `SizeBytes`.
const MAX_RECORDS: usize = 1000;
const MAX_BYTES: usize = 1 << 20;

/// Records that are read at a time.
const CHUNK: usize = 64;

pub(crate) async fn get(cx: &Cx, input: GetRecordsInput) -> Reply<GetRecordsOutput> {
    let limit = page(input.limit, MAX_RECORDS)?;
    let (arn, from) = iterator::read(cx, &input.shard_iterator)?;
    let found = Found::of(cx, "GetRecords", arn).await?;
    if found.trimmed(cx).await?.is_some_and(|trimmed| from <= trimmed) {
        return Err(trimmed_data().into());
    }
    let open = found.epoch(cx).await?;
    let closed = found.stream.closed.map(|closed| closed.end);
    // Records with greater numbers are left for the next read. Without a bound, every writer that commits meanwhile would have this one run again.
    let bound = closed.unwrap_or_else(|| Position { epoch: open, number: cx.ids().sequence() });
    let read = read(cx, &found, from, bound, limit).await?;
    let next = match read.last {
        _ if read.end && closed.is_some() => None,
        _ if read.end && read.last.is_none_or(|last| last.epoch < open) => Some(from.max(Position::start(open))),
        _ if read.end => Some(bound),
        Some(last) => Some(last.next()),
        None => Some(from),
    };
    // INVARIANT(told): see `position`. What was read of the open epoch is told, so it ends.
    if closed.is_none() && read.last.is_some_and(|last| last.epoch == open) {
        found.end_epoch(cx, open).await?;
    }
    let next_shard_iterator = next.map(|position| iterator::token(cx, arn, position));
    Ok(GetRecordsOutput { records: Some(read.records), next_shard_iterator })
}

struct Read {
    records: Vec<Record>,
    /// The last of them.
    last: Option<Position>,
    /// There are no more before the bound.
    end: bool,
}

/// Reads records from one position up to another.
async fn read(cx: &Cx, found: &Found, from: Position, bound: Position, limit: usize) -> Reply<Read> {
    let id = found.stream.id;
    let mut read = Read { records: Vec::new(), last: None, end: false };
    let mut bytes = 0;
    let mut from = from;
    while read.records.len() < limit {
        let range = KeyRange::prefix(&(id,)).from(&(id, from.epoch, from.number));
        let range = range.before(&(id, bound.epoch, bound.number));
        let wanted = CHUNK.min(limit - read.records.len());
        let rows = cx.tx().range(&found.scope, &CHANGES, range, wanted).await?;
        let end = rows.len() < wanted;
        for ((_, epoch, number), change) in rows {
            bytes += change.size();
            if bytes > MAX_BYTES && !read.records.is_empty() {
                return Ok(read);
            }
            let position = Position { epoch, number };
            read.records.push(change.record(cx, id, &found.stream.view, position));
            read.last = Some(position);
            from = position.next();
        }
        if end {
            read.end = true;
            break;
        }
    }
    Ok(read)
}
