//! Amazon DynamoDB Streams, a service of its own over the same tables.
//!
//! Follows "Change data capture for DynamoDB Streams" of the Developer Guide and the API Reference of DynamoDB Streams. A stream has one shard, as AWS's
//! have for tables that are not large. A record can be read as soon as the change that it tells of was answered.
//!
//! | Module | What it is about |
//! |---|---|
//! | `position` | sequence numbers, and why no reader misses a record |
//! | `change` | records: written with the change, and told |
//! | `state` | streams: enabled, disabled, found, listed, described |
//! | `iterator` | GetShardIterator, and what a shard iterator says |
//! | `records` | GetRecords |
//! | `trim` | records go after 24 hours, and disabled streams |

pub(crate) mod change;
pub(crate) mod iterator;
pub(crate) mod position;
pub(crate) mod records;
pub(crate) mod state;
pub(crate) mod trim;

use kumoi_core::{Cx, Descriptor, Future, Reply, Service};
use kumoi_model::Value;

use crate::errors;
use crate::streams_api as api;

pub(crate) use change::Change;
pub(crate) use position::Position;
pub(crate) use state::StreamRecord;

/// For how long a stream keeps its records, and for how long it can be read once it is disabled: 24 hours, in microseconds.
pub(crate) const RETENTION: i64 = 24 * 3600 * 1_000_000;

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
    async fn describe_stream(&self, cx: &Cx, input: api::DescribeStreamInput) -> Reply<api::DescribeStreamOutput> {
        state::describe(cx, input).await
    }

    async fn get_records(&self, cx: &Cx, input: api::GetRecordsInput) -> Reply<api::GetRecordsOutput> {
        records::get(cx, input).await
    }

    async fn get_shard_iterator(
        &self,
        cx: &Cx,
        input: api::GetShardIteratorInput,
    ) -> Reply<api::GetShardIteratorOutput> {
        iterator::get(cx, input).await
    }

    async fn list_streams(&self, cx: &Cx, input: api::ListStreamsInput) -> Reply<api::ListStreamsOutput> {
        state::list(cx, input).await
    }
}
