//! Amazon DynamoDB Streams, a service of its own over the same tables: "Change data capture for DynamoDB Streams". It tells which streams there are; their
//! records are not kept yet.

use kumoi_core::{Cx, Descriptor, Future, Reply, Service};
use kumoi_model::Value;
use kumoi_store::KeyRange;

use crate::errors;
use crate::streams_api::{self as api, ListStreamsInput, ListStreamsOutput};
use crate::table::{arn_of, stream_arn};
use crate::tables::TABLES;

/// Streams on a page unless told otherwise, which is also the most.
const PAGE: usize = 100;

/// Tables that are read at a time.
const CHUNK: usize = 100;

pub(crate) struct Streams;

static DESCRIPTOR: Descriptor =
    Descriptor { model: api::MODEL, operations: api::OPERATIONS, validation: errors::STYLE };

impl Service for Streams {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn call<'a>(&'a self, cx: &'a Cx, operation: &'a str, input: &'a Value) -> Future<'a, Reply<Value>> {
        api::dispatch(self, cx, operation, input)
    }
}

impl api::Api for Streams {
    async fn list_streams(&self, cx: &Cx, input: ListStreamsInput) -> Reply<ListStreamsOutput> {
        list(cx, input).await
    }
}

/// `ListStreams`, in the order of the tables' names.
async fn list(cx: &Cx, input: ListStreamsInput) -> Reply<ListStreamsOutput> {
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(PAGE).min(PAGE);
    let mut streams = Vec::new();
    let mut last = input.exclusive_start_stream_arn.as_deref().and_then(table_of).map(str::to_owned);
    loop {
        let range = match &last {
            Some(last) => KeyRange::all().after(&last.as_str()),
            None => KeyRange::all(),
        };
        let found = cx.range(&TABLES, range, CHUNK).await?;
        let end = found.len() < CHUNK;
        for (name, table) in found {
            let wanted = input.table_name.as_ref().is_none_or(|wanted| *wanted == name);
            if let Some(stream) = table.stream.filter(|_| wanted && !table.state.is_gone(cx.now())) {
                streams.push(api::Stream {
                    stream_arn: Some(stream_arn(&arn_of(cx.scope(), &name), &stream.label)),
                    table_name: Some(name.clone()),
                    stream_label: Some(stream.label),
                });
            }
            last = Some(name);
        }
        if end || streams.len() > limit {
            break;
        }
    }
    let more = streams.len() > limit;
    streams.truncate(limit);
    let last_evaluated_stream_arn = streams.last().filter(|_| more).and_then(|stream| stream.stream_arn.clone());
    Ok(ListStreamsOutput { streams: Some(streams), last_evaluated_stream_arn })
}

/// The name of the table in the ARN of a stream: `….:table/NAME/stream/LABEL`.
fn table_of(arn: &str) -> Option<&str> {
    let (_, rest) = arn.split_once(":table/")?;
    rest.split_once("/stream/").map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_stream_names_its_table() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/abc/stream/2015-05-20T20:51:10.252";
        assert_eq!(super::table_of(arn), Some("abc"));
        assert_eq!(super::table_of("arn:aws:dynamodb:us-east-1:000000000000:table/abc"), None);
    }
}
