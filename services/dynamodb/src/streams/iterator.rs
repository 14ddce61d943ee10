//! `GetShardIterator`, and what a shard iterator says: which stream, where in it, and when it was given. It can be used for 15 minutes.

use kumoi_core::{Cx, Fault, Reply, paging};
use kumoi_model::Timestamp;
use kumoi_store::KeyRange;

use crate::errors::validation;
use crate::streams::Position;
use crate::streams::state::Found;
use crate::streams_api::errors::{
    expired_iterator_exception, resource_not_found_exception, trimmed_data_access_exception,
};
use crate::streams_api::{GetShardIteratorInput, GetShardIteratorOutput};
use crate::tables::CHANGES;

/// In microseconds.
const LIFETIME: i64 = 15 * 60 * 1_000_000;

pub(crate) async fn get(cx: &Cx, input: GetShardIteratorInput) -> Reply<GetShardIteratorOutput> {
    let wanted = Wanted::read(&input)?;
    let found = Found::of(cx, "GetShardIterator", &input.stream_arn).await?;
    if found.shard() != input.shard_id {
        return Err(resource_not_found_exception("Requested resource not found: Shard does not exist").into());
    }
    let open = found.epoch(cx).await?;
    let position = wanted.position(cx, &found, open).await?;
    if let Some(trimmed) = found.trimmed(cx).await?.filter(|trimmed| position <= *trimmed) {
        tracing::debug!(?trimmed, ?position, "an iterator was asked for records that are no more");
        return Err(trimmed_data().into());
    }
    // INVARIANT(told): see `position`.
    if found.stream.closed.is_none() && position.epoch == open && position.number > found.stream.id {
        found.end_epoch(cx, open).await?;
    }
    Ok(GetShardIteratorOutput { shard_iterator: Some(token(cx, &found.arn, position)) })
}

/// Where an iterator is to begin.
enum Wanted {
    Oldest,
    Latest,
    At(Position),
    /// The first record at that moment or later.
    Since(Timestamp),
}

impl Wanted {
    fn read(input: &GetShardIteratorInput) -> Result<Self, Fault> {
        let kind = input.shard_iterator_type.as_str();
        let sequence = match (kind, input.sequence_number.as_deref()) {
            ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", None) => {
                return Err(validation(format!("SequenceNumber must be specified for ShardIteratorType {kind}")));
            }
            ("AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER", Some(text)) => {
                Some(Position::parse(text).ok_or_else(|| validation(format!("Invalid SequenceNumber: {text}")))?)
            }
            (_, Some(_)) => {
                return Err(validation(format!("SequenceNumber must not be specified for ShardIteratorType {kind}")));
            }
            (_, None) => None,
        };
        match (kind, sequence, input.timestamp) {
            ("AT_TIMESTAMP", _, Some(moment)) => Ok(Self::Since(moment)),
            ("AT_TIMESTAMP", _, None) => {
                Err(validation("Timestamp must be specified for ShardIteratorType AT_TIMESTAMP"))
            }
            (_, _, Some(_)) => Err(validation(format!("Timestamp must not be specified for ShardIteratorType {kind}"))),
            ("AT_SEQUENCE_NUMBER", Some(position), None) => Ok(Self::At(position)),
            ("AFTER_SEQUENCE_NUMBER", Some(position), None) => Ok(Self::At(position.next())),
            ("TRIM_HORIZON", ..) => Ok(Self::Oldest),
            _ => Ok(Self::Latest),
        }
    }

    async fn position(self, cx: &Cx, found: &Found, open: u64) -> Reply<Position> {
        let first = match found.trimmed(cx).await? {
            Some(trimmed) => trimmed.next(),
            None => Position { epoch: 0, number: found.stream.id },
        };
        match self {
            Self::Oldest => Ok(first),
            Self::Latest => latest(cx, found, open).await,
            Self::At(position) => Ok(position),
            Self::Since(moment) => since(cx, found, open, moment).await,
        }
    }
}

/// Behind all that has committed: the beginning of an epoch in which nothing has been written yet.
async fn latest(cx: &Cx, found: &Found, open: u64) -> Reply<Position> {
    if let Some(closed) = found.stream.closed {
        return Ok(closed.end);
    }
    found.end_epoch(cx, open).await?;
    Ok(Position::start(open + 1))
}

/// The first record at a moment or later. Records lie in the order of their moments, as near as clocks tell, so few of them are looked at: the first of
/// some epochs, and then some of the last epoch that begins before the moment.
async fn since(cx: &Cx, found: &Found, open: u64, moment: Timestamp) -> Reply<Position> {
    let (mut low, mut high) = (0, open.saturating_add(1));
    while low < high {
        let middle = low + (high - low) / 2;
        match first(cx, found, Position::start(middle)).await? {
            Some((_, at)) if at < moment.micros() => low = middle.saturating_add(1),
            _ => high = middle,
        }
    }
    let epoch = low.saturating_sub(1);
    let (mut low, mut high) = (0, u64::MAX);
    while low < high {
        let middle = low + (high - low) / 2;
        match first(cx, found, Position { epoch, number: middle }).await? {
            Some((_, at)) if at < moment.micros() => low = middle.saturating_add(1),
            _ => high = middle,
        }
    }
    match first(cx, found, Position { epoch, number: low }).await? {
        Some((position, _)) => Ok(position),
        None => latest(cx, found, open).await,
    }
}

/// The first record at a position or behind it, and its moment in microseconds.
async fn first(cx: &Cx, found: &Found, from: Position) -> Reply<Option<(Position, i64)>> {
    let id = found.stream.id;
    let range = KeyRange::prefix(&(id,)).from(&(id, from.epoch, from.number));
    let records = cx.tx().range(&found.scope, &CHANGES, range, 1).await?;
    Ok(records.into_iter().next().map(|((_, epoch, number), change)| (Position { epoch, number }, change.at)))
}

/// A shard iterator.
pub(crate) fn token(cx: &Cx, arn: &str, position: Position) -> String {
    format!("{arn}|1|{}", paging::token(arn, &(position.epoch, position.number, cx.now().micros())))
}

/// The stream and the place that a shard iterator names, if it can still be used.
pub(crate) fn read<'a>(cx: &Cx, token: &'a str) -> Result<(&'a str, Position), Fault> {
    let parts = token.split_once("|1|");
    let parsed = parts.and_then(|(arn, token)| Some((arn, paging::key::<(u64, u64, i64)>(arn, token)?)));
    let Some((arn, (epoch, number, given))) = parsed else {
        return Err(validation("Invalid ShardIterator"));
    };
    if cx.now().micros().saturating_sub(given) > LIFETIME {
        return Err(expired_iterator_exception("Shard iterator is expired"));
    }
    Ok((arn, Position { epoch, number }))
}

pub(crate) fn trimmed_data() -> Fault {
    trimmed_data_access_exception("The data you are trying to access has been trimmed")
}
