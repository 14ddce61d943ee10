//! Streams: enabled, disabled, found, listed and described.

use kumoi_core::arn::Arn;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::Timestamp;
use kumoi_store::{KeyRange, Scope};
use serde::{Deserialize, Serialize};

use crate::access;
use crate::api::StreamSpecification;
use crate::errors::validation;
use crate::streams::{Position, trim};
use crate::streams_api::errors::resource_not_found_exception;
use crate::streams_api::{
    DescribeStreamInput, DescribeStreamOutput, KeySchemaElement, ListStreamsInput, ListStreamsOutput,
    SequenceNumberRange, Shard, Stream as Listed, StreamDescription,
};
use crate::table::state::State;
use crate::table::{KeySchema, Stream, TableRecord, arn_of, stream_arn};
use crate::tables::{EPOCHS, STREAMS, TRIMMED};

/// Streams or shards on a page unless told otherwise, which is also the most.
const PAGE: usize = 100;

/// A stream, which outlives its table for a day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StreamRecord {
    /// Its number; every number drawn for a record of it is greater.
    pub(crate) id: u64,
    /// `StreamViewType`.
    pub(crate) view: String,
    /// When it was enabled, in microseconds.
    pub(crate) created: i64,
    /// Until when it is ENABLING, or DISABLING.
    pub(crate) changing: i64,
    pub(crate) key: KeySchema,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) closed: Option<Closed>,
}

/// The end of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    /// When, in microseconds.
    pub(crate) at: i64,
    /// Behind all its records.
    pub(crate) end: Position,
}

/// A stream, and what it is called.
pub(crate) struct Found {
    pub(crate) arn: String,
    pub(crate) scope: Scope,
    pub(crate) table: String,
    pub(crate) label: String,
    pub(crate) stream: StreamRecord,
}

impl Found {
    /// The stream of an ARN, for an operation that its policy does not refuse.
    pub(crate) async fn of(cx: &Cx, operation: &str, arn: &str) -> Reply<Self> {
        let (scope, table, label) = parse(cx, arn)?;
        access::check_stream(cx, operation, arn).await?;
        let key = (table.to_owned(), label.to_owned());
        let Some(stream) = cx.tx().get(&scope, &STREAMS, &key).await? else {
            let message = format!("Requested resource not found: Stream: {arn} not found");
            return Err(resource_not_found_exception(message).into());
        };
        let (table, label) = key;
        Ok(Self { arn: arn.to_owned(), scope, table, label, stream })
    }

    /// The id of its shard: when it was opened, and what tells it from others.
    pub(crate) fn shard(&self) -> String {
        let StreamRecord { id, created, .. } = self.stream;
        format!("shardId-{:020}-{:08x}", created.div_euclid(1000), id & 0xffff_ffff)
    }

    /// The epoch that writers write to.
    pub(crate) async fn epoch(&self, cx: &Cx) -> Reply<u64> {
        Ok(cx.tx().get(&self.scope, &EPOCHS, &self.stream.id).await?.unwrap_or(0))
    }

    /// Ends an epoch that is open.
    pub(crate) async fn end_epoch(&self, cx: &Cx, epoch: u64) -> Reply<()> {
        Ok(cx.tx().put(&self.scope, &EPOCHS, &self.stream.id, &(epoch + 1)).await?)
    }

    /// The last of the records that are no more.
    pub(crate) async fn trimmed(&self, cx: &Cx) -> Reply<Option<Position>> {
        Ok(cx.tx().get(&self.scope, &TRIMMED, &self.stream.id).await?)
    }

    fn status(&self, now: Timestamp) -> &'static str {
        match (self.stream.closed.is_some(), now.micros() < self.stream.changing) {
            (false, true) => "ENABLING",
            (false, false) => "ENABLED",
            (true, true) => "DISABLING",
            (true, false) => "DISABLED",
        }
    }
}

/// The place of a stream, its table's name and its label.
fn parse<'a>(cx: &Cx, text: &'a str) -> Result<(Scope, &'a str, &'a str), Fault> {
    let arn = Arn::parse(text).filter(|arn| arn.service == "dynamodb" && arn.region == cx.region());
    let parts = arn.and_then(|arn| {
        let (table, label) = arn.resource.strip_prefix("table/")?.split_once("/stream/")?;
        Some((Scope::new(arn.account, arn.region), table, label))
    });
    parts.ok_or_else(|| validation(format!("Invalid StreamArn: {text}")))
}

/// What can be wrong with a specification, whoever sends it.
pub(crate) fn check(specification: &StreamSpecification) -> Result<(), Fault> {
    let invalid = crate::errors::invalid;
    match (specification.stream_enabled, &specification.stream_view_type) {
        (true, None) => Err(invalid("StreamViewType is required when StreamEnabled is true")),
        _ => Ok(()),
    }
}

/// Enables a stream of a table, which has none that is enabled.
pub(crate) async fn enable(
    cx: &Cx,
    scope: &Scope,
    table: &str,
    key: &KeySchema,
    specification: StreamSpecification,
) -> Reply<Stream> {
    let created = cx.now().micros();
    let stream = StreamRecord {
        id: cx.ids().sequence(),
        view: specification.stream_view_type.clone().unwrap_or_default(),
        created,
        changing: State::end(cx),
        key: key.clone(),
        closed: None,
    };
    // Streams of a table are told apart by their labels, so one that is enabled in the same millisecond as another is dated a little later.
    let mut moment = created;
    let place = loop {
        let place = (table.to_owned(), label(moment));
        if cx.tx().get(scope, &STREAMS, &place).await?.is_none() {
            break place;
        }
        moment = moment.saturating_add(1000);
    };
    cx.tx().put(scope, &STREAMS, &place, &stream).await?;
    trim::set(cx, scope, &place, stream.id, created.saturating_add(super::RETENTION)).await?;
    Ok(Stream { specification, label: place.1, id: stream.id, disabled: false })
}

/// The label of a stream: when it was enabled, to the millisecond.
fn label(micros: i64) -> String {
    let moment = jiff::Timestamp::from_microsecond(micros).unwrap_or_default();
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string()
}

/// Disables the stream of a table, if there is one that is enabled. It can be read for a day.
pub(crate) async fn disable(cx: &Cx, scope: &Scope, name: &str, table: &mut TableRecord) -> Reply<()> {
    let Some(stream) = table.stream.as_mut().filter(|stream| !stream.disabled) else { return Ok(()) };
    stream.disabled = true;
    let place = (name.to_owned(), stream.label.clone());
    let Some(mut record) = cx.tx().get(scope, &STREAMS, &place).await? else { return Ok(()) };
    // INVARIANT(closed): who writes an item reads its table, so none that commits later writes to this stream. What committed before lies in this epoch or
    // in one before it, whatever its number.
    let epoch = cx.tx().get(scope, &EPOCHS, &record.id).await?.unwrap_or(0);
    record.closed = Some(Closed { at: cx.now().micros(), end: Position::start(epoch + 1) });
    record.changing = State::end(cx);
    cx.tx().put(scope, &STREAMS, &place, &record).await?;
    Ok(())
}

/// `ListStreams`, in the order of tables' names and of labels.
pub(crate) async fn list(cx: &Cx, input: ListStreamsInput) -> Reply<ListStreamsOutput> {
    let limit = page(input.limit, PAGE)?;
    let mut range = match &input.table_name {
        Some(name) => KeyRange::prefix(&(name.as_str(),)),
        None => KeyRange::all(),
    };
    if let Some(arn) = &input.exclusive_start_stream_arn {
        let (_, table, label) = parse(cx, arn)?;
        range = range.after(&(table, label));
    }
    let mut found = cx.range(&STREAMS, range, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let listed = |((table, label), _): ((String, String), StreamRecord)| Listed {
        stream_arn: Some(stream_arn(&arn_of(cx.scope(), &table), &label)),
        table_name: Some(table),
        stream_label: Some(label),
    };
    let streams: Vec<_> = found.into_iter().map(listed).collect();
    let last_evaluated_stream_arn = streams.last().filter(|_| more).and_then(|stream| stream.stream_arn.clone());
    Ok(ListStreamsOutput { streams: Some(streams), last_evaluated_stream_arn })
}

/// `DescribeStream`.
pub(crate) async fn describe(cx: &Cx, input: DescribeStreamInput) -> Reply<DescribeStreamOutput> {
    page(input.limit, PAGE)?;
    if let Some(filter) = &input.shard_filter {
        for (member, there) in [("type", filter.r#type.is_some()), ("shardId", filter.shard_id.is_some())] {
            if !there {
                return Err(validation(format!(
                    "1 validation error detected: Value null at 'shardFilter.{member}' failed to satisfy constraint: Member must not be null"
                ))
                .into());
            }
        }
    }
    let found = Found::of(cx, "DescribeStream", &input.stream_arn).await?;
    let shard = found.shard();
    // The one shard has no children, and none behind it.
    let listed = input.shard_filter.is_none() && input.exclusive_start_shard_id.is_none_or(|start| start < shard);
    let shards = if listed { vec![tell(cx, &found, shard).await?] } else { Vec::new() };
    let element = |element: crate::api::KeySchemaElement| KeySchemaElement {
        attribute_name: element.attribute_name,
        key_type: element.key_type,
    };
    Ok(DescribeStreamOutput {
        stream_description: Some(StreamDescription {
            stream_status: Some(found.status(cx.now()).to_owned()),
            stream_arn: Some(found.arn),
            stream_label: Some(found.label),
            stream_view_type: Some(found.stream.view),
            creation_request_date_time: Some(Timestamp::from_micros(found.stream.created)),
            table_name: Some(found.table),
            key_schema: Some(found.stream.key.elements().into_iter().map(element).collect()),
            shards: Some(shards),
            last_evaluated_shard_id: None,
        }),
    })
}

async fn tell(cx: &Cx, found: &Found, shard: String) -> Reply<Shard> {
    let first = match found.trimmed(cx).await? {
        Some(trimmed) => trimmed.next(),
        None => Position { epoch: 0, number: found.stream.id },
    };
    Ok(Shard {
        shard_id: Some(shard),
        sequence_number_range: Some(SequenceNumberRange {
            starting_sequence_number: Some(first.text()),
            ending_sequence_number: found.stream.closed.map(|closed| closed.end.text()),
        }),
        parent_shard_id: None,
    })
}

/// A `Limit`, which the model bounds on one side alone.
pub(crate) fn page(limit: Option<i32>, most: usize) -> Result<usize, Fault> {
    let Some(limit) = limit else { return Ok(most) };
    usize::try_from(limit).ok().filter(|limit| *limit <= most).ok_or_else(|| {
        validation(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {most}"
        ))
    })
}
