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

/// Records that are read at a time when one is looked for by its moment.
const CHUNK: usize = 100;

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

async fn since(cx: &Cx, found: &Found, open: u64, moment: Timestamp) -> Reply<Position> {
    let id = found.stream.id;
    let mut range = KeyRange::prefix(&(id,));
    loop {
        let records = cx.tx().range(&found.scope, &CHANGES, range.clone(), CHUNK).await?;
        let end = records.len() < CHUNK;
        for ((_, epoch, number), change) in records {
            if change.at >= moment.micros() {
                return Ok(Position { epoch, number });
            }
            range = range.after(&(id, epoch, number));
        }
        if end {
            return latest(cx, found, open).await;
        }
    }
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
