//! `SelectObjectContent`: a query over one object, answered as a stream of events.
//!
//! Follows the API Reference, "Appendix: SelectObjectContent Response".

mod events;
mod formats;

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt as _;
use kumoi_core::{Cx, Fault, Reply};
use kumoi_model::ByteStream;
use kumoi_select::{Format, ParquetFile, Query, Run, SelectError, scan_range};

use crate::tables::Object;
use crate::{api, attributes, bucket, content, versions};

/// Storage classes whose objects can be read at any time, and are not on their way out.
const QUERIED: [&str; 5] = ["STANDARD", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"];

pub(crate) async fn select(cx: &Cx, input: api::SelectObjectContentInput) -> Reply<api::SelectObjectContentOutput> {
    let bucket = bucket::find(cx, &input.bucket, input.expected_bucket_owner.as_deref()).await?;
    let object = versions::object(cx, &bucket, &input.key, None).await?;
    attributes::customer_key!(input).check(&object)?;
    if object.storage_class.as_deref().is_some_and(|class| !QUERIED.contains(&class)) {
        let message = "The storage class is not supported. Only STANDARD, STANDARD_IA, and ONEZONE_IA storage classes are supported.";
        return Err(refuse("UnsupportedStorageClass", message).into());
    }
    if input.expression_type != "SQL" {
        let message = "The ExpressionType value is not valid. Only SQL expressions are supported.";
        return Err(refuse("InvalidExpressionType", message).into());
    }
    let query = Query::parse(&input.expression).map_err(fault)?;
    let (mut source, output) =
        (formats::input(input.input_serialization)?, formats::output(input.output_serialization)?);
    if let Some(range) = input.scan_range {
        source.range = Some(scan_range(range.start, range.end, object.size).map_err(fault)?);
    }
    let (file, wanted) = match source.format {
        Format::Parquet => {
            let file = open(cx, &object, source.range.as_ref()).await?;
            let range = file.range();
            (Some(file), range)
        }
        _ => (None, source.first_byte().min(object.size)..object.size),
    };
    let now = i128::from(cx.now().micros()) * 1000;
    let run = Run::new(query, &source, file, output, now).map_err(fault)?;
    let bytes = read(cx, &object, &wanted).await?.take().ok_or_else(Fault::internal)?;
    let progress = input.request_progress.and_then(|wanted| wanted.enabled).unwrap_or(false);
    // What is wrong from the start is answered as an error, not as a stream that breaks off.
    let mut answer = events::Answer::new(run, bytes, progress)?;
    let first = answer.next().await?;
    let further = futures_util::stream::unfold(answer, async |mut answer| {
        let next = answer.next_or_error().await?;
        Some((Ok(next), answer))
    });
    let events = futures_util::stream::iter(first.map(Ok)).chain(further);
    Ok(api::SelectObjectContentOutput { payload: Some(ByteStream::new(events, None)) })
}

/// The one place that reads bytes of the object.
async fn read(cx: &Cx, object: &Object, range: &Range<u64>) -> Reply<ByteStream> {
    Ok(content::read(cx, object, range).await?)
}

/// Reads a few bytes whole.
async fn read_all(cx: &Cx, object: &Object, range: &Range<u64>) -> Reply<Bytes> {
    let mut pieces = read(cx, object, range).await?.take().ok_or_else(Fault::internal)?;
    let mut bytes = BytesMut::new();
    while let Some(piece) = pieces.next().await {
        bytes.extend_from_slice(&piece.map_err(|error| events::unreadable(error.as_ref()))?);
    }
    Ok(bytes.freeze())
}

/// The metadata of a Parquet file, which `ParquetFile` bounds.
async fn open(cx: &Cx, object: &Object, range: Option<&Range<u64>>) -> Reply<ParquetFile> {
    let size = object.size;
    let footer = read_all(cx, object, &ParquetFile::footer(size).map_err(fault)?).await?;
    let metadata = read_all(cx, object, &ParquetFile::metadata(size, &footer).map_err(fault)?).await?;
    let range = range.cloned();
    let file = kumoi_core::compute(move || ParquetFile::open(&metadata, size, range.as_ref())).await?;
    Ok(file.map_err(fault)?)
}

fn refuse(code: &'static str, message: &str) -> Fault {
    Fault::new(code, 400, true, message)
}

fn fault(error: SelectError) -> Fault {
    Fault::new(error.code(), 400, true, error.message())
}
